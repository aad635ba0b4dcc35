"""A reader's own file as a table (time, series): finds format, time column, layout and frequency, for notebook 08."""

import csv
import http.client
import re
import tempfile
import urllib.request
import warnings
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd
from pandas.api import types

TEXT = ("", ".csv", ".tsv", ".txt")
COMPRESSED = (".gz", ".zip", ".xz", ".bz2")
READERS = {".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
TIME_NAMES = r"date|dat|datum|fecha|time|timestamp|datetime|zeit|year|jahr|month|monat|week|day|period|ds|t"
CALENDARS = ("B", "MS", "3MS", "12MS", "ME", "3ME", "12ME")  # business days; starts or ends of months, quarters, years
FILLED = 0.2  # at most this share of a series, or of the time grid, may be missing
SHORTEST = 50  # rows: fewer leave nothing to learn from once validation and test part are held out


def read_series(path, time_column=None, value_columns=None, folders=(".",)):
    """Read a file as a table (time, series) of floats, NaN where a value is missing, in order of time on an even grid.

    Parameters
    ----------
    path : CSV (comma, semicolon or tab; decimal comma; .gz, .zip, .xz, .bz2), .parquet or .xlsx (first sheet); or an
        https address of one. Nothing in it is executed.
    time_column, value_columns : names; None finds the time column (none: rows are numbered) and takes all numbers
    folders : where a relative path is looked for, in this order

    Returns
    -------
    DataFrame whose ``attrs["found"]`` is a dict for the reader: what was found, and what was done about it.

    Raises
    ------
    ValueError, FileNotFoundError or ConnectionError: one sentence with what to change.
    """
    frame, found = _read(str(path), folders)
    if value_columns is not None:
        value_columns = [value_columns] if isinstance(value_columns, str) else list(value_columns)
    for name, column in [("time_column", time_column)] + [("value_columns", c) for c in value_columns or []]:
        if column is not None and column not in frame.columns:
            raise ValueError(
                f"{name} must be in the file, which has {', '.join(map(str, frame.columns))}; got {column!r}."
            )
    time_column, times = _find_times(frame, time_column)
    names = _find_values(frame, time_column, value_columns)
    table, key, found["layout"] = _one_row_a_time(frame, times, names)
    table = table.astype(float)
    infinite = np.isinf(table.to_numpy()).sum()
    if infinite:
        raise ValueError(f"csv must hold finite numbers; got {infinite} infinite ones: correct or empty those cells.")
    known = len(table)
    table = _on_an_even_grid(table)
    if known < SHORTEST:
        raise ValueError(f"csv must hold at least {SHORTEST} rows in time; got {known}: add history.")
    share = table.isna().mean()
    if share.max() > FILLED:
        raise ValueError(
            f"a series may miss at most {FILLED:.0%} of its values between {table.index[0]} and {table.index[-1]}; "
            f"{share.idxmax()!r} misses {share.max():.0%}: leave it out, or cut the file to the time that it covers."
        )
    left_out = [str(c) for c in frame.columns if c not in [time_column, key, *names]]
    found |= {
        "time column": "none: the rows are numbered" if time_column is None else str(time_column),
        "columns left out": ", ".join(left_out) or "none",
        "gaps in time": f"{len(table) - known} of {len(table)} steps" if len(table) > known else "none",
    }
    table.attrs = {"found": found}
    return table


def _read(path, folders):
    """The file as it is, and the format."""
    if path.startswith("http://") and urlparse(path).hostname not in ("localhost", "127.0.0.1"):
        raise ValueError(f"csv must be an https address, whose answer nobody can change on the way; got {path!r}.")
    if path.startswith(("http://", "https://")):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, Path(urlparse(path).path).name or "data.csv")
            try:
                with urllib.request.build_opener(_StaysOnHttps).open(path, timeout=10) as answer:
                    target.write_bytes(answer.read())
            except (OSError, http.client.HTTPException) as error:
                raise ConnectionError(
                    f"csv must be an address that answers; {path} does not ({getattr(error, 'reason', error)}): open "
                    "it in a browser, or download the file and give its path."
                ) from error
            return _read(str(target), [folder])
    candidates = [Path(folder, path).resolve() for folder in folders]
    file = next((each for each in candidates if each.is_file()), None)
    if file is None:
        looked = " nor ".join(dict.fromkeys(str(each) for each in candidates))
        raise FileNotFoundError(f"csv must be the path of a file or an https address; there is no {looked}.")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    compressed = bool(suffixes) and suffixes[-1] in COMPRESSED
    kind = ["", *suffixes[: -1 if compressed else None]][-1]
    if kind not in TEXT and (compressed or kind not in READERS):
        raise ValueError(
            f"csv must be a text file ({', '.join(TEXT[1:])}, also as {', '.join(COMPRESSED)}), .parquet or .xlsx; got "
            f"{file.name!r}: save it as one of these."
        )
    try:
        frame, found = _read_text(file) if kind in TEXT else (READERS[kind](file), {"format": kind[1:]})
    except UnicodeDecodeError as error:
        raise ValueError(
            f"csv must be encoded in UTF-8; {file.name} is not ({error.reason}): save it as UTF-8."
        ) from error
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"csv must hold a line of names and rows of numbers; {file.name} is empty.") from error
    except Exception as error:  # whatever a damaged file makes its reader raise
        if str(error).startswith("csv must"):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"csv must be a file that can be read; {file.name} can't ({reason}): is it whole?") from error
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.reset_index()
    if frame.empty:
        raise ValueError(f"csv must hold a line of names and rows of numbers; {file.name} holds no row.")
    return frame.rename(columns=str), {"file": file.name} | found  # a name may be a number, as in a file without names


class _StaysOnHttps(urllib.request.HTTPRedirectHandler):
    """Refuses to be led from an https address to another kind."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.full_url.startswith("https://") and not newurl.startswith("https://"):
            raise ValueError(
                f"csv must be an https address all the way; {req.full_url} leads to {newurl!r}: download the file and "
                "give its path."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read_text(file):
    """Text with the separator that most lines share; numbers with a decimal comma where those are more."""
    lines = pd.read_csv(file, sep="\x01", header=None, nrows=200, dtype=str, quoting=csv.QUOTE_NONE)[0]
    counts = {separator: lines.str.count(separator) for separator in ";\t,"}
    shared = [s for s, count in counts.items() if (count == count.mode()[0]).mean() > 0.9 and count.mode()[0] > 0]
    if not shared and re.search(r"\w\s*[|:&~ ]+\s*\w", str(lines.iloc[-1])):
        raise ValueError(f"csv must be separated by commas, semicolons or tabs; its first line is {lines[0]!r}.")
    separator = shared[0] if shared else ","
    cells = lines.str.split(separator).explode().str.strip(' "')
    comma = (
        separator != "," and cells.str.fullmatch(r"[-+]?\d+,\d+").sum() > cells.str.fullmatch(r"[-+]?\d+\.\d+").sum()
    )
    names = [name.strip(' "') for name in lines[0].split(separator)]
    headless = all(re.fullmatch(r"[-+]?\d[\d.,:/TZ+ -]*", name) for name in names)
    frame = pd.read_csv(
        file,
        sep=separator,
        decimal="," if comma else ".",
        header=None if headless else 0,
        skipinitialspace=True,
        low_memory=False,
    )
    unnamed = [c for c in frame.columns if str(c).startswith("Unnamed") and types.is_integer_dtype(frame[c])]
    words = {";": "semicolon", "\t": "tab", ",": "comma"}[separator] + (", decimal comma" if comma else "")
    return frame.drop(columns=unnamed), {"format": f"text ({words}{', no line of names' if headless else ''})"}


def _find_times(frame, time_column):
    """The name of the time column, or None, and the times (rows,): dates, or numbers where a column of them is one."""
    named = [c for c in frame if re.fullmatch(TIME_NAMES, str(c).strip().lower())]
    candidates = sorted(frame.columns, key=lambda c: c not in named) if time_column is None else [time_column]
    for name in candidates:
        readings = _readings(frame[name], name in named or name == time_column)
        known = max((times.notna().mean() for times in readings), default=0)
        if known == 1:
            readings = [times for times in readings if times.notna().all()]
            # 01/02/2024 is a day in January or in February: the reading that makes an even grid
            return name, next((each for each in readings if _grid(each) is not None), readings[0])
        if known > 0.5 or (name in [time_column, *named] and not types.is_numeric_dtype(frame[name])):
            best = max(readings, key=lambda times: times.notna().mean(), default=pd.Series([pd.NaT]))
            row = int(best.isna().to_numpy().argmax())
            raise ValueError(
                f"the times in column {name!r} must be dates such as 2024-12-31 or 2024-12-31 23:00; got "
                f"{str(frame[name].iloc[row])!r} in row {row + 1}: correct it, or name another time_column."
            )
    return None, pd.Series(np.arange(1, len(frame) + 1))


def _readings(column, is_time):
    """All ways to read a column as times: text with month or day first; numbers such as 20241231, or as they are."""
    if types.is_datetime64_any_dtype(column):
        return [pd.to_datetime(column, utc=True).dt.tz_localize(None)]
    if types.is_bool_dtype(column) or (types.is_numeric_dtype(column) and not is_time):
        return []
    if types.is_numeric_dtype(column):
        digits = {len(str(end)) for end in (column.min(), column.max())} if types.is_integer_dtype(column) else set()
        way = {(8,): "%Y%m%d", (6,): "%Y%m"}.get(tuple(digits))
        dates = pd.to_datetime(column.astype(str), format=way, errors="coerce") if way else column
        return [dates if dates.notna().mean() > 0.5 else column]  # a counter of steps may have as many digits
    quarters = r"^(\d{4})[ -]?Q([1-4])$"
    text = column.astype(str).str.replace(quarters, lambda q: f"{q[1]}-{3 * int(q[2]) - 2:02d}-01", regex=True)
    ways = ({}, {"dayfirst": True}, {"format": "%b %Y"})
    return [_to_times(text, **way) for way in ways if _to_times(text.head(50), **way) is not None]


def _to_times(text, **way):
    """Text as times, NaT where it is none; None where the rows have no format in common."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        times = pd.to_datetime(text, errors="coerce", utc=True, **way).dt.tz_localize(None)
    guessed = any("infer format" in str(warning.message) for warning in caught)  # each row by itself
    return None if guessed or times.isna().all() else times


def _find_values(frame, time_column, value_columns):
    """The names of the columns to forecast."""
    numeric = {c: types.is_numeric_dtype(frame[c]) and not types.is_bool_dtype(frame[c]) for c in frame}
    names = value_columns or [c for c, is_number in numeric.items() if is_number and c != time_column]
    texts = [c for c in (value_columns or frame.columns) if not numeric[c] and c != time_column]
    if not names or (value_columns and texts):
        got = "there is none beside the time column"
        if texts:
            bad = (each for each in frame[texts[0]] if pd.isna(pd.to_numeric(each, errors="coerce")))
            got = f"column {texts[0]!r} holds {str(next(bad, ''))!r}"
        raise ValueError(
            f"{'value_columns' if value_columns else 'csv'} must hold numbers; {got}: write numbers without units or "
            "thousands separators, or choose other value_columns."
        )
    return names


def _one_row_a_time(frame, times, names):
    """The table in order of time, the column that names the series of a row (None where each has a column), a word."""
    times = times.rename("time")
    if times.is_unique:
        table = frame[names].set_axis(pd.Index(times)).sort_index()
        order = "" if times.is_monotonic_increasing else "; rows were put in order of time"
        return table.rename(columns=str), None, f"wide: one column a series{order}"
    n_times = times.nunique()
    for key in sorted(frame.columns.difference([times.name]), key=lambda c: types.is_numeric_dtype(frame[c])):
        pairs = pd.DataFrame({"time": times, "key": frame[key]})
        full_enough = len(frame) >= 0.6 * n_times * pairs["key"].nunique()
        if not types.is_float_dtype(frame[key]) and full_enough and not pairs.duplicated().any():
            values = frame[[name for name in names if name != key]].assign(time=times, **{"series ": frame[key]})
            table = values.set_index(["time", "series "]).unstack().swaplevel(axis=1).sort_index()  # noqa: PD010
            one = len(table.columns.unique(1)) == 1
            table.columns = [str(a) if one else f"{a} {b}" for a, b in table.columns]
            return table, key, f"long: column {str(key)!r} names the series"
    row = int(times.duplicated().to_numpy().argmax())
    clocks = isinstance(times.iloc[0], pd.Timestamp) and times.iloc[row] != times.iloc[row].normalize()
    hour = "the hour in which clocks go back is told apart by UTC or an offset (02:00+01:00)" if clocks else ""
    raise ValueError(
        f"each time must occur once, or once for each series; {times.iloc[row]} comes again in row {row + 1}: "
        f"{hour or 'decide which row counts'}."
    )


def _grid(times):
    """The even grid on which all ``times`` lie and fill 4 of 5 places; None where there is none."""
    times = pd.Index(times).unique().sort_values()
    if len(times) < 3:
        return None
    step = pd.Series(times).diff().mode()[0]
    places = (times - times[0]) / step
    most = len(times) / (1 - FILLED)
    if places[-1] < most and np.allclose(places, np.round(places)):
        if not isinstance(times, pd.DatetimeIndex):
            return pd.Index(times[0] + step * np.arange(round(places[-1]) + 1)).astype(times.dtype)
        whole_days = step == pd.Timedelta(days=step.days)
        return pd.date_range(times[0], times[-1], freq=f"{step.days}D" if whole_days else step)
    for frequency in CALENDARS if isinstance(times, pd.DatetimeIndex) else ():
        grid = pd.date_range(times[0], times[-1], freq=frequency)
        if len(grid) <= most and times.isin(grid).all():
            return grid
    return None


def _on_an_even_grid(table):
    """The table with a row for every step of its grid, NaN where the file has none."""
    grid = _grid(table.index)
    if grid is None and len(table) >= SHORTEST:
        steps = pd.Series(table.index).diff()
        usual = steps.mode()[0]
        row = int((steps[1:] != usual).to_numpy().argmax()) + 1
        raise ValueError(
            f"times must be evenly spaced; most steps are {usual}, but {table.index[row]} comes {steps[row]} after "
            f"{table.index[row - 1]}: bring all rows to one frequency, or drop the times if only the order counts."
        )
    return table if grid is None else table.reindex(grid)
