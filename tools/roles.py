"""What each column is for: names of series, series to forecast, inputs; one row a time. Used by tools/reader.py."""

import re
from itertools import combinations

import numpy as np
import pandas as pd

from tools.grid import FILLED
from tools.times import named

INPUT = (
    r"price|preis|promo|discount|rabatt|holiday|feiertag|ferien|temp|weather|rain|snow|wind|humid|advert|spend|budget"
)
TARGET = (
    r"sales|umsatz|demand|load|revenue|units|quantity|qty|visits|visitors|customers|turnover|consumption|value|"
    r"count|cnt"
)
MARKET = r"open|high|low|close"
COUNTER = r"|index|id|row|no\.?|nr\.?|#|unnamed.*|level_0|record"


def drop_twins(frame, times, values, notes):
    """Rows that stand in the file twice, word for word, count once."""
    twins = frame.assign(**{" time": times}).duplicated()
    if not twins.any() or not isinstance(times.iloc[0], pd.Timestamp):
        return frame, times, values
    notes.append(f"{twins.sum()} rows stand in the file twice, word for word: each counts once")
    return tuple(part[~twins].reset_index(drop=True) for part in (frame, times, values))


def _doubled(times, keys):
    """Whether each row is of the hour that comes twice when clocks go back (all False where that explains nothing)."""
    pairs = keys.assign(time=times)
    again = pairs.duplicated(keep=False)
    if not again.any() or not isinstance(times.iloc[0], pd.Timestamp) or (times == times.dt.normalize()).all():
        return again & False
    hours = pd.DatetimeIndex(times[again]).floor("h").unique()
    one_a_year = pd.Series(hours.year).is_unique and (hours.hour < 4).all() and (hours.day_of_week >= 4).all()
    return again if one_a_year and pairs[again].value_counts().eq(2).all() else again & False


def find_keys(frame, times, used, values, chosen, notes):
    """The columns that name the series of a row; [] where each time occurs once."""
    if (times.duplicated(keep=False) == _doubled(times, frame[[]])).all():
        return []
    kind = (
        r"id|nbr|no|code|store|shop|item|sku|product|region|country|state|city|category|family|dept|series|ticker|"
        r"symbol"
    )
    text = [c for c in frame if c not in values and c not in used]
    whole = [c for c in values if c not in chosen and (values[c] % 1 == 0).all() and values[c].notna().all()]
    order = text + sorted(whole, key=lambda c: not named(c, kind + "|name|type|sensor|station|meter|unique_id"))
    order = [c for c in order if 1 < frame[c].nunique() <= len(frame) / 10]
    for size in (1, 2, 3):
        for keys in combinations(order[:12], size):
            pairs = frame[list(keys)].assign(time=times)
            again = pairs.duplicated(keep=False)
            if not again.any() or (again == _doubled(times, frame[list(keys)])).all():
                keys = sorted(keys, key=list(frame).index)
                notes.append(f"long: {' and '.join(map(repr, keys))} name{'s' * (size == 1)} the series of a row")
                return keys
    row = int(times.duplicated().to_numpy().argmax())
    clocks = isinstance(times.iloc[0], pd.Timestamp) and times.iloc[row] != times.iloc[row].normalize()
    hour = "the hour in which clocks go back is told apart by UTC or an offset (02:00+01:00)" if clocks else ""
    raise ValueError(
        f"each time must occur once, or once for each series; {times.iloc[row]} comes again in row {row + 1}: "
        f"{hour or 'decide which row counts, or name in key_columns what tells series apart'}."
    )


def _calendar(values, times):
    """What a column repeats of the calendar ("weekday", ...), or ""."""
    if not isinstance(times.iloc[0], pd.Timestamp) or values.isna().any() or values.nunique() < 2:
        return ""
    stamp = times.dt
    sunday = (stamp.day_of_week + 1) % 7
    units = {
        "weekday": (stamp.day_of_week, stamp.day_of_week + 1, sunday, sunday + 1),
        "month": (stamp.month,), "hour": (stamp.hour, stamp.hour + 1), "quarter": (stamp.quarter,),
        "year": (stamp.year,),
        "week": (stamp.isocalendar().week,), "day of the month": (stamp.day,), "day of the year": (stamp.day_of_year,),
    }  # fmt: skip
    return next((u for u, all_ in units.items() if any((values == each.astype(float)).all() for each in all_)), "")


def targets(frame, times, values, keys, taken, notes):
    """The columns to forecast, where none was chosen; what looks like an input is left out and named."""
    left, names = {}, [c for c in values if c not in taken]
    for c in names:
        column, calendar = values[c], _calendar(values[c], times)
        if keys and column.groupby([frame[key] for key in keys]).nunique().max() == 1:
            left[c] = "one number a series"
        elif calendar:
            left[c] = f"the {calendar}"
        elif column.nunique() <= 2:
            left[c] = "only " + " and ".join(f"{v:g}" for v in sorted(column.dropna().unique()))
        elif column.diff()[1:].unique().tolist() in ([1], [-1]) and (
            re.fullmatch(COUNTER, c.lower()) or (c == frame.columns[0] and len(names) > 1)
        ):
            left[c] = "a counter"
    names = [c for c in names if c not in left]
    market = any(named(c, MARKET) for c in names)
    like_input = [c for c in names if re.search(INPUT, c.lower()) and not (market and named(c, "price"))]
    target = [c for c in names if named(c, TARGET) and c not in like_input]
    exact = [c for c in names if re.fullmatch(r"y|target|obs_?value", c.lower())]
    others = [c for c in names if c not in [*like_input, *target]]
    if exact and len(names) > 1:
        left |= {c: f"{exact[0]!r} is the target" for c in names if c not in exact}
        names = exact
    elif like_input and target and not others:
        left |= {c: "its name is that of an input" for c in like_input}
        names = target
    long = len(frame) > times.nunique() + _doubled(times, frame[[]]).sum()
    ambiguous = (
        len(names) > 1 and not market and (long or (not exact and ((like_input and others) or (target and others))))
    )
    if ambiguous and not (exact and len(exact) == 1):
        raise ValueError(
            f"csv must tell which column to forecast; {', '.join(map(repr, names))} hold numbers: choose by "
            f"value_columns (such as [{(target or names)[0]!r}]), and name in inputs those that are known in advance."
        )
    if left:
        notes.append(
            "left out, not forecast: " + ", ".join(f"{c!r} ({why})" for c, why in left.items()) +
            "; those known in advance can be named in inputs"
        )  # fmt: skip
    if not names:
        texts = [c for c in frame if c not in values and c not in taken]
        got = ", ".join(f"{c!r} is {why}" for c, why in left.items()) or "there is none beside the time column"
        got = f"column {texts[0]!r} holds {frame[texts[0]].iloc[0]!r}" if texts and not left else got
        raise ValueError(f"csv must hold numbers; {got}: write numbers, or choose other value_columns.")
    return names


def labels(frame, keys):
    """The name of each row's series: the cells of the key columns."""
    label = pd.Series("", index=frame.index)
    for key in keys:
        label = (label + " " + frame[key].astype(str).str.strip()).str.strip()
    return label


def arrange(values, frame, times, keys, notes):
    """The table (time, series) of some columns, in order of time; the doubled hour of autumn is averaged."""
    doubled = _doubled(times, frame[keys])
    if doubled.any():
        hours = ", ".join(f"{h:%Y-%m-%d %H:00}" for h in pd.DatetimeIndex(times[doubled]).floor("h").unique()[:5])
        notes.append(f"clocks go back: {hours} comes twice, its two values are averaged; local time is kept")
    if not keys:
        table = values.set_axis(pd.Index(times, name="time"))
        table = table.groupby(level=0).mean() if doubled.any() else table
        if not table.index.is_monotonic_increasing:
            notes.append(
                "rows were put in order of time" + (" (newest first)" if table.index.is_monotonic_decreasing else "")
            )
            table = table.sort_index()
        return table
    if not times.is_monotonic_increasing:
        notes.append("rows were put in order of time")
    label = labels(frame, keys)
    table = values.assign(**{" t": times, " k": label}).groupby([" t", " k"], sort=True).mean().unstack()  # noqa: PD010
    table = table[[(c, k) for c in values for k in sorted(label.unique())]].rename_axis("time")
    return table.set_axis([k if values.shape[1] == 1 else f"{k} {c}" for c, k in table.columns], axis=1)


def as_input(column, name, values):
    """A column of inputs as numbers; text as columns of 0 and 1."""
    if name in values:
        return values[[name]]
    return pd.get_dummies(column.astype(str).str.strip(), prefix=name, dtype=float)


def check_gaps(table, notes):
    """Names series that start later or end earlier, counts what is missing inside; too much of it is refused."""
    infinite = np.isinf(table.to_numpy()).sum()
    if infinite:
        raise ValueError(f"csv must hold finite numbers; got {infinite} infinite ones: correct or empty those cells.")
    first, last = table.apply(pd.Series.first_valid_index), table.apply(pd.Series.last_valid_index)
    if first.isna().any():
        raise ValueError(f"each series must have values; {first.index[first.isna()][0]!r} has none: leave it out.")
    place = pd.Series(np.arange(len(table)), index=table.index)
    spans = place[last].to_numpy() - place[first].to_numpy() + 1
    share = 1 - table.notna().sum() / spans
    if share.max() > FILLED:
        name = share.idxmax()
        raise ValueError(
            f"a series may miss at most {FILLED:.0%} of its values between {first[name]} and {last[name]}; {name!r} "
            f"misses {share.max():.0%}: leave it out, or cut the file to the time that it covers."
        )
    for what, at, end in (("start later", first, table.index[0]), ("end earlier", last, table.index[-1])):
        some = [f"{name} ({at[name]})" for name in table.columns if at[name] != end]
        if some:
            more = f" and {len(some) - 5} more" if len(some) > 5 else ""
            notes.append(f"{len(some)} series {what}, which is no gap: {', '.join(some[:5])}{more}")
    inside = int(spans.sum() - table.notna().sum().sum())
    notes.append(f"missing values: {inside} of {int(spans.sum())}" if inside else "missing values: none")
