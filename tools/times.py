"""How people write times: a column of text -> times. Used by tools/reader.py.

pandas and dateutil know neither 2000M01, 2015-W02 nor 24:00, and choose between day and month by themselves: hence
FORMS, a table of patterns. Each that fits a whole column is a reading of it; where two differ, evenness decides.
"""

import re

import numpy as np
import pandas as pd
from pandas.api import types

from tools.grid import SHORTEST, grid_of

WORDS = ". .. ... ? - -- – — : * x na n/a #n/a nan null none (null) <na> missing k.a. n.d. #value! #div/0!"
MARKS = {"", *re.findall(r"\S+", WORDS)}  # what people write where a value is missing
MONTHS = "jan ene gen|feb fév|mar mär mrz mrt|apr avr abr|may mai mei mag|jun juin giu|jul juil lug|aug aoû ago|sep set"
MONTHS = [tuple(words.split()) for words in (MONTHS + "|oct okt ott out|nov|dec dez déc dic").split("|")]
CLOCK = (
    r"(?:[T,\s]+(?P<H>\d{1,2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2}(?:[.,]\d+)?))?)?\s*(?:(?P<p>[ap])\.?m\.?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?(?:\s*[-–]\s.*)?)?"
)
Y, M, D, YY = r"(?P<y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})", r"'?(?P<y>\d{4}|\d\d)"
B = rf"(?P<b>(?:{'|'.join(sum(MONTHS, ()))})[^\W\d_]*)\.?"
DAY = r"(?:[^\W\d]+\.?,?\s+)?"  # a weekday's name
YMD, DMY, MDY = "year, month, day", "day, month, year", "month, day, year"
FORMS = {
    YMD: rf"{Y}[-/. ]{M}[-/. ]{D}{CLOCK}",
    DMY: rf"{DAY}{D}[-/. ]{M}[-/. ]{YY}{CLOCK}",
    MDY: rf"{DAY}{M}[-/]{D}[-/]{YY}{CLOCK}",
    "two digits of the year, month, day": rf"(?P<y>\d\d)[-/]{M}[-/]{D}{CLOCK}",
    "day, name of the month, year": rf"{DAY}{D}(?:st|[nr]d|th)?[-/. ]*{B}[-/., ]*{YY}{CLOCK}",
    "name of the month, day, year": rf"{DAY}{B}[-/. ]*{D}(?:st|[nr]d|th)?[-/, ]+{Y}{CLOCK}",
    "year and month": rf"{Y}(?:[-/ :]?M|[-/ :]){M}",
    "month and year": rf"M?{M}[-/. ](?P<y>1[6-9]\d\d|20\d\d)",
    "name of the month and year": rf"{B}[-/., ]*{YY}",
    "year and name of the month": rf"{YY}[-/., ]*{B}",
    "year and quarter": rf"{Y}[-/: ]*[QT](?P<q>[1-4])",
    "quarter and year": rf"(?:[QT](?P<q>[1-4])|(?P<q2>[1-4])\.? ?(?:Q|quarter|quartal))[-/. ']*{YY}",
    "year and half": rf"{Y}[- ]*[HS](?P<h>[12])",
    "year and week": rf"{Y}[-/ ]*(?:W|KW|week)[-/ ]*(?P<w>\d{{1,2}})(?:-?(?P<wd>[1-7]))?",
    "week and year": rf"(?:W|KW|week)[-/ ]*(?P<w>\d{{1,2}})[-/., ]+{Y}",
}
DIGITS = {  # digits alone are times only where a name says so, or where nothing else can be
    "digits of year, month, day": rf"{Y}(?P<m>\d\d)(?P<d>\d\d)"
    r"(?:[T_ ]?(?P<H>\d\d)(?::?(?P<M>\d\d)(?::?(?P<S>\d\d))?)?)?Z?",
    "digits of year and month": rf"{Y}(?P<m>\d\d)",
    "digits of year and week": r"(?P<y>(?:19|20)\d\d)(?P<w>[0-5]\d)",
    "year.month": rf"{Y}\.(?P<m>0[1-9]|1[0-2])",
    "seconds (milli-, micro-, nano-) since 1970": r"(?P<since>\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(?:\.0*)?",
    "year": r"(?P<y>1[6-9]\d\d|20\d\d)(?:\.0)?",
    "days since 1900, as Excel counts": r"(?P<serial>[2-6]\d{4}(?:\.\d+)?)",
    "year with a fraction": r"(?P<y>1[6-9]\d\d|20\d\d)(?P<part>\.\d+)",
}
TIMES = (
    r"date|dates|datum|fecha|data|time|timestamp|datetime|zeit|year|jahr|month|monat|mes|week|day|period|"
    r"ds|t|tarih|year_?week|year_?month|yyyymm|yyyyww"
)
PARTS = {  # of a date in several columns
    "year": r"year|yr|yyyy|jahr|año|ano|année|anno",
    "month": r"month|mo|mm|monat|mes|mois|mese|period",
    "day": r"day|dd|tag|dia|jour",
    "quarter": r"quarter|qtr|q|quartal",
    "week": r"week|wk|kw|woche",
    "clock": r"time|hour|hr|he|zeit|uhrzeit|stunde|hora|heure|saat|hours?.ending",
}


def readings(column, digits):
    """All ways to read a column as times: {form: datetimes, NaT where a cell is none}, the best first.

    ``digits``: whether digits alone may be times. A form is tried where it fits most of the first cells.
    """
    if types.is_datetime64_any_dtype(column):
        stamps = column.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(column.dt, "tz", None) else column
        return {"dates": stamps.astype("datetime64[us]")}
    if types.is_bool_dtype(column) or (types.is_numeric_dtype(column) and not digits):
        return {}
    some = [c for c in column.dropna().head(300).astype(str).str.strip() if c.lower() not in MARKS]
    fitting, found = {}, {}
    for name, form in (FORMS | (DIGITS if digits else {})).items():
        fits = re.compile(form, re.IGNORECASE).fullmatch
        if sum(bool(fits(cell)) for cell in some) > 0.5 * len(some):
            fitting[name] = form
    if fitting:
        codes, cells = pd.factorize(column.astype(str).str.strip())  # a date is read once, however often it is there
        cells = pd.Series(cells, dtype=object)
        for name, form in fitting.items():
            stamps = _iso(cells) if name == YMD else None
            if stamps is None:  # in pieces: the parts of a million times would fill the memory
                pieces = (cells[i : i + 100_000] for i in range(0, len(cells), 100_000))
                read = [_stamps(piece.str.extract(rf"^{form}$", flags=re.IGNORECASE)) for piece in pieces]
                stamps = np.concatenate([piece.to_numpy() for piece in read])
            if pd.notna(stamps).mean() > 0.5:
                found[name] = pd.Series(stamps[codes], index=column.index)
    return dict(sorted(found.items(), key=lambda item: item[1].isna().sum()))


def _iso(cells):
    """The same by pandas, quickly, where all cells are ISO dates that it knows (it does not know 24:00); else None."""
    stamps = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
    return None if stamps.isna().any() else stamps.to_numpy().astype("datetime64[us]")


def offsets(column):
    """Whether the first times of a column carry an offset from UTC."""
    return column.head(50).astype(str).str.contains(r":\d\d\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)$").any()


def _stamps(parts):
    """The parts of times as datetime64[us], NaT where they name no day."""

    def number(key, default):
        value = pd.to_numeric(parts[key].str.replace(",", "."), errors="coerce") if key in parts else default
        return pd.Series(value, index=parts.index, dtype=float).fillna(default)

    if "since" in parts:
        text = parts["since"].fillna("")
        power = ((text.str.len().max() - 8) // 3) * 3 if len(text) else 0
        return _microseconds(pd.to_numeric(text, errors="coerce") * 10.0 ** (6 - power), text != "")
    if "serial" in parts:
        days = pd.to_numeric(parts["serial"], errors="coerce")
        return _microseconds((days - 25569).mul(86400).round() * 1e6, days.notna())
    year, known = number("y", np.nan), parts["y"].notna()
    year += np.where(parts["y"].str.len() == 2, np.where(year < 69, 2000, 1900), 0)
    month = number("m", 1)
    if "b" in parts:
        order = {b: _month(b) for b in parts["b"].dropna().unique()}
        month = parts["b"].map(order).astype(float)
    if "part" in parts:  # 1958.2027: a month where a year has twelve of them
        month = np.floor(number("part", 0) * 12 + 1e-2) + 1
    quarter = number("q", np.nan).fillna(number("q2", np.nan)).fillna(number("h", np.nan) * 2 - 1)
    month = month.where(quarter.isna(), 3 * quarter - 2)
    known &= month.between(1, 12) & year.notna()
    months = np.where(known, (year - 1970) * 12 + month - 1, 0).astype("int64").astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (number("d", 1).to_numpy() - 1).astype("int64")
    known &= (days.astype("datetime64[M]") == months) & (number("d", 1) >= 1)
    if "w" in parts:  # ISO: week 1 holds January 4th
        fourth = months.astype("datetime64[D]") + 3
        monday = fourth - ((fourth.astype("int64") + 3) % 7)
        days = monday + (7 * (number("w", 1) - 1) + number("wd", 1) - 1).astype("int64").to_numpy()
        known &= number("w", 1).between(1, 53)
    hour, minute, second = number("H", 0), number("M", 0), number("S", 0)
    if "p" in parts:
        half = parts["p"].str.lower()
        hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    known &= (hour + minute / 60 + second / 3600 <= 24) & (minute < 60) & (second < 61)
    seconds = days.astype("datetime64[s]").astype("int64") + hour * 3600 + minute * 60 + second
    if "z" in parts:
        offset = parts["z"].str.extract(r"([+-])(\d\d):?(\d\d)?")
        minutes = pd.to_numeric(offset[1]) * 60 + pd.to_numeric(offset[2]).fillna(0)
        seconds -= (minutes * np.where(offset[0] == "-", -60, 60)).fillna(0)
    return _microseconds(seconds * 1e6, known)


def _microseconds(values, known):
    filled = np.where(known, values, 0).round().astype("int64").astype("datetime64[us]")
    return pd.Series(np.where(known, filled, np.datetime64("NaT", "us")))


def _month(name):
    return next((i for i, names in enumerate(MONTHS, 1) if name.lower().startswith(names)), 0)


def named(column, pattern):
    return re.search(rf"(?<![^\W\d_])({pattern})(?![^\W\d_])", str(column).strip().lower()) is not None


def find_times(frame, time_column, day_first, notes):
    """(the columns that hold the time, or None; the times (rows,): dates, or numbers where a column of them is one)."""
    columns = list(frame) if time_column is None else [time_column]
    hinted = [c for c in columns if named(c, TIMES) or c in ("", time_column) or (c == frame.columns[0] == "0")]
    joined = _joined(frame, columns, day_first) if time_column is None else None
    if joined:
        used, times, form = joined
        notes.append(f"the time is joined from the columns {', '.join(map(repr, used))} ({form})")
        return used, times
    years = None
    for name in sorted(columns, key=lambda c: c not in hinted):
        found = readings(frame[name], name in hinted)
        if not found:
            continue
        others = [c for c in columns if c != name]
        clock = next((c for c in others if named(c, PARTS["clock"])), None)
        clock = clock or next(
            (c for c in others if frame[c].astype(str).str.fullmatch(r" *\d\d?:\d\d(:\d\d)? *").all()), None
        )
        if clock and all((times.dropna() == times.dropna().dt.normalize()).all() for times in found.values()):
            day = next(iter(found.values())).dt.strftime("%Y-%m-%d") if "dates" in found else frame[name].astype(str)
            both = readings(day.str.replace(" 00:00:00", "").str.strip() + " " + _clock(frame[clock]), name in hinted)
            both = {form: times for form, times in both.items() if not times.isna().any()}
            if both:
                form, times = _choose(both, frame[name], name, day_first, notes)
                notes.append(f"the time is joined from the columns {name!r} and {clock!r}, {form}")
                return [name, clock], times
        form, times = _choose(found, frame[name], name, day_first, notes)
        bad = times.isna()
        if bad.mean() > 0.5:
            continue
        if bad.any():
            raise _no_times(frame[name], bad, name)
        if form == "year" and times.duplicated().any() and years is None:
            years = [name], times  # unless a finer time is found
            continue
        if form == "year" and re.fullmatch("time|t|step|index", name.lower()):
            return [name], pd.to_numeric(frame[name])
        utc = ", in UTC" if offsets(frame[name]) else ""
        notes += [f"times in {name!r} are read as {form}{utc}"] if utc or form not in ("dates", YMD) else []
        return [name], times
    if years:
        notes.append(f"times in {years[0][0]!r} are read as year")
        return years
    for name in hinted:
        values = pd.to_numeric(frame[name], errors="coerce")
        if values.notna().all() and (name == time_column or (values.is_unique and grid_of(values) is not None)):
            notes.append(f"times in {name!r} are numbers, taken as they are")
            return [name], values
        if values.isna().any() and (name == time_column or named(name, TIMES)) and frame[name].nunique() > 2:
            raise _no_times(frame[name], values.isna(), name)
    for name in columns:  # dates that cannot be read are not replaced by numbers
        cells = frame[name].astype(str).str.strip()
        dated = cells.str.contains(r"(?<!\d)(?:1[6-9]|20)\d\d(?!\d)") & cells.str.contains(r"[^\d.]")
        if len(cells) >= SHORTEST and dated.mean() > 0.9 and cells.nunique() > len(cells) / 20:
            raise _no_times(cells, dated, name)
    return None, pd.Series(np.arange(1, len(frame) + 1))


def _choose(found, column, name, day_first, notes):
    """The reading of ``found`` that is meant; ValueError where two remain that differ."""
    least = min(times.isna().sum() for times in found.values())
    found = {form: times for form, times in found.items() if times.isna().sum() == least}
    if day_first is not None and {DMY, MDY} <= set(found):
        found = {DMY if day_first else MDY: found[DMY if day_first else MDY]}
    form = next(iter(found))
    if "name of the month" in form and len(set(found[form].dt.month.dropna())) > 1:
        steps = found[form].diff().dt.days.abs()
        if column.astype(str).str.len().max() < 7 and (steps[steps > 0] > 300).mean() > 0.5:  # 01-Mar, 02-Mar: days
            raise ValueError(
                f"the times in column {name!r} must have a year; got {column.iloc[0]!r} without a year: add it."
            )
    different = {f: t for f, t in found.items() if not t.equals(found[form])}
    if different:
        even = {f: t for f, t in found.items() if grid_of(t) is not None} or found
        first = next(iter(even.values()))
        if not all(t.equals(first) for t in even.values()):
            other = next(t for t in even.values() if not t.equals(first))
            row = int((first != other).to_numpy().argmax())
            ways = " or ".join(f"{f} ({t.iloc[row]:%Y-%m-%d})" for f, t in even.items())
            raise ValueError(
                f"the times in column {name!r} must have one meaning; {str(column.iloc[row])!r} can be {ways}: set "
                "day_first to True or False, or write them as 2024-12-31."
            )
        form = next(iter(even))
        notes.append(f"{name!r} is {form}: read otherwise it is not evenly spaced")
    return form, found[form]


def _no_times(column, bad, name):
    row = int(np.asarray(bad).argmax())
    return ValueError(
        f"the times in column {name!r} must be dates such as 2024-12-31 or 2024-12-31 23:00; got "
        f"{str(column.iloc[row])!r} in row {row + 1}: correct it, or name another time_column."
    )


def _joined(frame, columns, day_first):
    """(columns, times, form) where year and month (or quarter, week, day) stand in columns of their own, else None."""
    part = {p: next((c for c in columns if named(c, words)), None) for p, words in PARTS.items()}
    if part["year"] is None and columns[0] == "0" and len(columns) > 2:  # no names: 1749;1;...
        first, second = (pd.to_numeric(frame[c], errors="coerce") for c in columns[:2])
        if first.between(1600, 2200).all() and second.between(1, 12).all() and second.nunique() == 12:
            part |= {"year": "0", "month": "1"}
    year, second = (
        part["year"],
        next((p for p in ("month", "quarter", "week") if part[p] not in (None, part["year"])), None),
    )
    if year is None or second is None:
        return None
    whole = [c for c in columns if c not in part.values() or named(c, "date|datum|fecha|timestamp|ds")]
    if any(readings(frame[c], named(c, "date|datum|fecha|timestamp|ds")) for c in whole):
        return None
    cell = [_text(frame[part[p]]) for p in ("year", second)]
    used, text = (
        [year, part[second]],
        cell[0] + {"month": "-", "quarter": "Q", "week": "W"}[second] + cell[1].str.lstrip("QWqw"),
    )
    if second == "month" and part["day"]:
        used, text = [*used, part["day"]], text + "-" + _text(frame[part["day"]])
    if second == "month" and not cell[1].str.isdigit().all():
        text = cell[0] + cell[1] if cell[1].str.match(r"M\d\d").all() else cell[1] + " " + cell[0]
    if part["day"] in used and part["clock"]:
        used, text = [*used, part["clock"]], text + " " + _clock(frame[part["clock"]])
    found = {form: times for form, times in readings(text, False).items() if times.notna().all()}
    return (used, found[next(iter(found))], next(iter(found))) if found else None


def _text(column):
    return column.astype(str).str.strip().str.replace(r"\.0$", "", regex=True)


def _clock(column):
    """Hours (0 to 24), clock times as digits (0 to 2400) or with dots (18.00.00), as text 05:00."""
    text = _text(column)
    if not text.str.isdigit().all():
        return text.str.replace(".", ":") if text.str.fullmatch(r"\d\d?\.\d\d(\.\d\d)?").all() else text
    long = pd.to_numeric(text).max() > 24
    text = text.str.zfill(4) if long else text.str.zfill(2) + "00"
    return text.str[:-2] + ":" + text.str[-2:]
