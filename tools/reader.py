"""A file as people have it -> a table (time, series): finds text, header, times and layout, and says what it did.

How the separator is found: csv's reader with each of four, and the one by which most lines have the same number of
cells. On 40 shapes of text this found 39, clevercsv 39, csv.Sniffer 38, DuckDB's sniffer 33 (semicolons with "?" for
missing, or a source line below the table, misled it). charset-normalizer was wrong on most tables whose only foreign
letters stand in the line of names, which is the case met here: so UTF-8 (or 16, by its mark), else Windows-1252 or -1251.
"""

import csv
import http.client
import io
import re
import tempfile
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd
from pandas.api import types

from tools.cells import DMY, MARKS, MDY, decimal_of, is_data, numbers, offsets, readings

TEXT = ("", ".csv", ".tsv", ".txt")
COMPRESSED = (".gz", ".zip", ".xz", ".bz2")
CALENDARS = ("B", "MS", "3MS", "6MS", "12MS", "ME", "3ME", "6ME", "12ME")  # starts or ends of months, quarters, years
FILLED = 0.2  # at most this share of a series, or of the time grid, may be missing
SHORTEST = 50  # rows: fewer leave nothing to learn from once validation and test part are held out
# names of columns, by what they tell
TIMES = r"date|dates|datum|fecha|data|time|timestamp|datetime|zeit|year|jahr|month|monat|mes|week|day|period|ds|t"
PARTS = {  # of a date in several columns
    "year": r"year|yr|yyyy|jahr|año|ano|année|anno",
    "month": r"month|mo|mm|monat|mes|mois|mese|period",
    "day": r"day|dd|tag|dia|jour",
    "quarter": r"quarter|qtr|q|quartal",
    "week": r"week|wk|kw|woche",
    "clock": r"time|hour|hr|he|zeit|uhrzeit|stunde|hora|heure|hours?.ending",
}
INPUT = (
    r"price|preis|promo|discount|rabatt|holiday|feiertag|ferien|temp|weather|rain|snow|wind|humid|advert|spend|budget"
)
TARGET = r"sales|umsatz|demand|load|revenue|units|quantity|qty|visits|visitors|customers|turnover|consumption|value"
MARKET = r"open|high|low|close"
BELOW = r"(total|sum|summe|gesamt|average|mean|source|quelle|notes?|footnote|\*|©|updated|copyright)\b.*|\*.*|©.*"
SENTINEL = r"-?9{2,6}(\.[09]+)?"


@dataclass
class Found:
    """What was read: ``table`` (time, series), ``inputs`` and ``future_inputs`` (series -> (time, inputs)), ``notes``."""

    table: pd.DataFrame
    notes: list = field(default_factory=list)
    inputs: dict | None = None
    future_inputs: dict | None = None
    source: str = ""


def read_series(
    path,
    time_column=None,
    value_columns=None,
    inputs=None,
    *,
    key_columns=None,
    day_first=None,
    decimal=None,
    missing=None,
    encoding=None,
    folders=(".",),
):
    """Read a file as a table (time, series) of floats in order of time on an even grid, NaN where a value is missing.

    Parameters
    ----------
    path : text (comma, semicolon, tab, bar; .gz, .zip, .xz, .bz2), .parquet or .xlsx; or an https address of one.
        Nothing in it is executed.
    time_column, value_columns, inputs, key_columns : names; None finds the times, the numbers to forecast, and the
        columns that name the series of a row. ``inputs`` are known in advance; text among them becomes columns of 0, 1.
    day_first, decimal ("." or ","), encoding : settle what a file leaves open; None: found, or asked for
    missing : numbers or words that mark a missing value, beside the usual; []: none, -999 is a number
    folders : where a relative path is looked for, in this order

    Returns
    -------
    Found. Missing values stay NaN and are counted in ``notes``. A series may start later than others. Rows after the
    last value of all series are the future: ``future_inputs`` has their inputs.

    Raises
    ------
    ValueError, FileNotFoundError or ConnectionError: one sentence with what to change, also where a file can be read in
    two ways.
    """
    notes = []
    frame, source, separator = _read(str(path), folders, encoding, notes)
    value_columns, inputs, key_columns = (
        [given] if isinstance(given, str) else list(given or []) for given in (value_columns, inputs, key_columns)
    )
    frame, turned = _columns_to_rows(frame, time_column, notes)
    for name, given in (
        ("time_column", [time_column] * (time_column is not None)),
        ("value_columns", value_columns),
        ("inputs", inputs),
        ("key_columns", key_columns),
    ):
        for column in given:
            if column not in frame.columns:
                has = ", ".join(map(str, frame.columns))
                raise ValueError(f"{name} must be in the file, which has {has}; got {column!r}.")
    used, times = _find_times(frame, time_column, day_first, notes)
    if used is None and frame.shape[1] >= SHORTEST and not value_columns:
        values = _rows_as_series(_all_numbers, frame, separator, decimal, missing, notes)
        frame, keys, names = values, [], list(values)
        times = pd.Series(np.arange(1, len(values) + 1))
    else:
        notes += [] if used else ["no column of times: the rows are numbered"]
        used = used or []
        values = _all_numbers(frame.drop(columns=used), separator, decimal, missing, value_columns, notes)
        frame, times, values = _drop_twins(frame, times, values, notes)
        keys = key_columns or _find_keys(frame, times, used, values, [*value_columns, *inputs], notes)
        names = value_columns or _targets(frame, times, values, [*used, *keys, *inputs], notes)
    _check_sentinels(values[names], missing)
    table = _arrange(values[names], frame, times, keys, notes)
    whole = _on_an_even_grid(table, notes)
    filled = whole.index[whole.notna().any(axis=1)]
    if len(filled) < SHORTEST:
        raise ValueError(f"csv must hold at least {SHORTEST} rows in time; got {len(filled)}: add history.")
    known = whole.loc[filled[0] : filled[-1]]
    _check_gaps(known, notes)
    found = Found(known.rename(columns=str), notes, source=source)
    ahead = whole.index[whole.index > filled[-1]]
    notes += [f"the last {len(ahead)} times have no value: they are the future"] if len(ahead) else []
    if inputs:
        made = pd.concat([_as_input(frame[c], c, values) for c in inputs], axis=1)
        wide = _on_an_even_grid(_arrange(made, frame, times, keys, []), [])
        wide = wide.set_axis(whole.index) if len(wide) == len(whole) else wide.reindex(whole.index)
        ends = [f" {c}" if keys and made.shape[1] > 1 else "" for c in made]
        sides = {}
        for series in found.table:
            key = next((k for k in _labels(frame, keys) if series in (k, *(f"{k} {n}" for n in names))), "")
            columns = [f"{key}{end}" for end in ends] if keys else list(made)
            sides[series] = wide[columns].set_axis(list(made), axis=1)
        found.inputs = {series: side.loc[known.index] for series, side in sides.items()}
        found.future_inputs = {series: side.loc[ahead] for series, side in sides.items()} if len(ahead) else None
        holes = sum(int(side.isna().sum().sum()) for side in found.inputs.values())
        notes.append(
            f"inputs known in advance: {', '.join(map(repr, made))}" + f"; they miss {holes} values" * (holes > 0)
        )
    told = " ".join(notes)
    rest = (
        [c for c in frame if c not in [*used, *keys, *names, *inputs] and f"{c!r} (" not in told]
        if used is not None
        else []
    )
    notes += ["columns left out: " + ", ".join(map(repr, rest))] if rest else []
    found.table.attrs["found"] = {"file": source} | {f"read ({i})": note for i, note in enumerate(notes, 1)}
    return found


def _labels(frame, keys):
    """The name of each row's series: the cells of the key columns."""
    label = frame[keys[0]].astype(str).str.strip() if keys else pd.Series(dtype=str)
    for key in keys[1:]:
        label = label + " " + frame[key].astype(str).str.strip()
    return list(dict.fromkeys(label)) if keys else []


def _read(path, folders, encoding, notes):
    """(columns of the file, its name, the separator of a text)."""
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
            return _read(str(target), [folder], encoding, notes)
    candidates = [Path(folder, path).resolve() for folder in folders]
    file = next((each for each in candidates if each.is_file()), None)
    if file is None:
        looked = " nor ".join(dict.fromkeys(str(each) for each in candidates))
        raise FileNotFoundError(f"csv must be the path of a file or an https address; there is no {looked}.")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    compressed = bool(suffixes) and suffixes[-1] in COMPRESSED
    kind = ["", *suffixes[: -1 if compressed else None]][-1]
    if kind not in TEXT and (compressed or kind not in (".parquet", ".xlsx")):
        raise ValueError(
            f"csv must be a text file ({', '.join(TEXT[1:])}, also as {', '.join(COMPRESSED)}), .parquet or .xlsx; got "
            f"{file.name!r}: save it as one of these."
        )
    separator = ""
    try:
        if kind == ".parquet":
            frame = pd.read_parquet(file)
            frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
        elif kind == ".xlsx":
            sheets = pd.read_excel(file, sheet_name=None, header=None, dtype=object)
            name = next((name for name, sheet in sheets.items() if len(sheet) > 1), next(iter(sheets)))
            notes += [f"sheet {name!r}, one of {len(sheets)}"] if len(sheets) > 1 else []
            frame = _cut(sheets[name].astype(object).where(sheets[name].notna(), "").astype(str), notes)
        else:
            grid, separator = _read_text(file, encoding, notes)
            frame = _cut(grid, notes)
    except Exception as error:  # whatever a damaged file makes its reader raise
        if str(error).startswith("csv must"):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"csv must be a file that can be read; {file.name} can't ({reason}): is it whole?") from error
    if frame.empty:
        raise ValueError(f"csv must hold a line of names and rows of numbers; {file.name} holds no row.")
    return frame.rename(columns=str), file.name, separator


class _StaysOnHttps(urllib.request.HTTPRedirectHandler):
    """Refuses to be led from an https address to another kind."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.full_url.startswith("https://") and not newurl.startswith("https://"):
            raise ValueError(
                f"csv must be an https address all the way; {req.full_url} leads to {newurl!r}: download the file and "
                "give its path."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read_text(file, encoding, notes):
    """(cells as text, the separator) of a text file."""
    raw = pd.io.common.get_handle(file, "rb", compression="infer", is_text=False).handle.read()
    if not raw.strip():
        raise ValueError(f"csv must hold a line of names and rows of numbers; {file.name} is empty.")
    if encoding is None:
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            runs = re.findall(rb"[\x80-\xff]+", raw)
            encoding = (
                "cp1251"
                if all(re.fullmatch(rb"[\xa8\xb8\xc0-\xff]+", r) for r in runs) and len(max(runs, key=len)) > 3
                else "cp1252"
            )
            text = raw.decode(encoding, errors="replace")
            notes.append(f"encoding: not UTF-8, read as Windows-{encoding[2:]} (another: set encoding)")
        else:
            notes += ["encoding: UTF-16"] if encoding == "utf-16" else []
    else:
        text = raw.decode(encoding)
    del raw
    lines = [line for line in text[:200_000].splitlines()[: 400 if len(text) > 200_000 else None] if line.strip()][:400]
    best = (0, ",", 1, 0)
    for separator in ",;\t|":
        rows = list(csv.reader(lines, delimiter=separator))
        width, count = Counter(map(len, rows)).most_common(1)[0]
        first = next(i for i, row in enumerate(rows) if len(row) == width)
        share = np.mean(
            [bool(is_data(c.strip())) or c.strip().lower() in MARKS for row in rows[first:] for c in row[:50]]
        )
        if width > 1 and count * share > best[0]:
            best = (count * share, separator, width, first)
    _, separator, width, first = best
    if best[0] == 0 and re.search(r"\S\s*[:&~ ]+\s*\S", lines[-1]) and not is_data(lines[-1].strip()):
        if len({len(line.split()) for line in lines}) > 1:
            raise ValueError(
                f"csv must be separated by commas, semicolons, tabs or bars; its first line is {lines[0]!r}."
            )
        separator, width = r"\s+", len(lines[0].split())
    if separator != ",":
        notes.append("separator: " + {";": "semicolon", "\t": "tab", "|": "bar"}.get(separator, "spaces"))
    head = text.splitlines()[:200] if first else []
    skip = head.index(next(line for line in head if line == lines[first])) if first else 0
    tail = text[-5000:].rstrip().splitlines()[-10:]
    cut = 0  # lines below the table may have more cells than it
    while (
        separator != r"\s+"
        and cut < len(tail) - 1
        and len(next(csv.reader([tail[-1 - cut]], delimiter=separator), [])) > width
    ):
        cut += 1
    if cut and re.fullmatch(BELOW, tail[-cut].strip('" ').lower()):
        notes.append(f"{cut} lines below the table left out: {tail[-cut]!r}")
        text = text[: text.rindex(tail[-cut])]
    if first:
        notes.append(f"{first} lines above the header left out: {lines[0][:60]!r}")
    grid = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=None,
        names=range(width),
        skiprows=skip,
        dtype=str,
        na_filter=False,
        skipinitialspace=True,
        index_col=False if separator == r"\s+" else None,
    )
    return grid.fillna(""), separator


def _cut(grid, notes):
    """The table's rows under its names: what stands above or below it is left out."""
    blank = grid.eq("").all(axis=1)
    grid = grid[~blank].reset_index(drop=True)
    grid = grid.loc[:, grid.ne("").any()]
    some = grid.iloc[: max(12, min(200, 20_000 // max(1, grid.shape[1])))]
    data = some.map(lambda cell: bool(is_data(cell.strip())))
    word = ~data & ~some.map(lambda cell: cell.strip().lower() in MARKS)
    late = slice(len(some) // 3, None)
    columns = data.iloc[late].sum() > 4 * word.iloc[late].sum()
    body = (~word.loc[:, columns].any(axis=1) & data.loc[:, columns].any(axis=1)).to_numpy()
    start = next((i for i in range(len(body)) if body[i] and body[i : i + 5].mean() >= 0.6), 0)
    cells = some.loc[start, columns]
    if columns.sum() >= 8 and start < len(some) and not some.loc[start, ~columns].isin(["1"]).any():
        for times in readings(cells.iloc[-8:], digits=True).values():
            if times.notna().all() and _grid(times) is not None and times.nunique() == 8:
                start += 1  # times in the line of names
                break
    top = start - 1
    while top > 0 and columns.any():
        taken = some.iloc[top:start]
        bottom = taken.apply(lambda c: " ".join(filter(None, c)))
        if (
            (bottom.iloc[1:] != "").all()
            and bottom.is_unique
            and not (len(bottom) > 2 and some.iloc[top - 1].ne("").all() and word.iloc[top - 1].all())
        ):
            break
        if (some.iloc[top - 1] != "").sum() < 2:
            break
        top -= 1
    if start:
        named = some.iloc[top:start].copy()
        for row in named.index[:-1]:  # a name over several columns
            named.loc[row] = named.loc[row].replace("", np.nan).ffill().fillna("")
        varied = [row for row in named.index if named.shape[1] < 3 or named.loc[row].iloc[1:].nunique() > 1]
        names = [
            " ".join(dict.fromkeys(n.strip() for n in named.loc[varied or named.index, c] if n.strip())) for c in named
        ]
        names[0] = next((n.strip() for n in named.iloc[::-1, 0] if n.strip()), "")
        notes += [f"{start - top} lines of names joined: {', '.join(names[:4])}"] if start - top > 1 else []
        notes += [f"{top} lines above the header left out: {' '.join(some.iloc[0])[:60].strip()!r}"] if top > 0 else []
    else:
        names = [str(i) for i in range(grid.shape[1])]
        notes.append("no line of names: columns are numbered")
    counts = Counter()
    for i, name in enumerate(names):
        counts[name] += 1
        names[i] = name if counts[name] == 1 else f"{name} {counts[name]}"
    end = len(grid)
    while end > start + 1:
        row = [cell.strip() for cell in grid.iloc[end - 1]]
        filled = [cell for cell in row if cell]
        if not (
            re.fullmatch(BELOW, filled[0].lower()) or (len(filled) == 1 and len(row) > 1 and not is_data(filled[0]))
        ):
            break
        end -= 1
    if end < len(grid):
        notes.append(f"{len(grid) - end} lines below the table left out: {' '.join(grid.iloc[end]).strip()[:60]!r}")
    frame = grid.iloc[start:end].set_axis(names, axis=1)
    again = frame.eq(pd.Series(names, index=names)).all(axis=1) if start else pd.Series(False, index=frame.index)
    notes += [f"{again.sum()} more lines of names between the rows left out"] if again.any() else []
    return frame[~again].reset_index(drop=True)


def _named(column, pattern):
    return re.search(rf"(?<![^\W\d_])({pattern})(?![^\W\d_])", str(column).strip().lower()) is not None


def _columns_to_rows(frame, time_column, notes):
    """(frame, whether it was turned): a column a time, or a column a month beside a column of years, becomes rows."""
    if time_column is not None:
        return frame, False
    names = pd.Series(frame.columns, index=frame.columns).astype(str)
    months = [
        c for c in frame if re.fullmatch(r"(?i)[a-zé]{3,9}\.?|q[1-4]", c) and readings(pd.Series([f"{c} 2001"]), False)
    ]
    years = [c for c in frame if _named(c, PARTS["year"])]
    if years and len(months) in (4, 12):
        rest = [c for c in frame if c not in months]
        made = frame.melt(rest, months, var_name="month ", value_name="value")
        made.insert(0, "time", made.pop("month ") + " " + made.pop(years[0]).str.strip())
        notes.append(f"a row a year, a column each for {months[0]} to {months[-1]}: put below one another")
        return made, True
    for times in readings(names, digits=True).values():
        dated = times.notna() & (times.index != "")
        rest = list(times.index[~dated])
        if dated.sum() >= 12 and dated.sum() > 2 * len(rest) and _grid(times[dated]) is not None:
            made = frame.melt(rest, list(times.index[dated]), var_name="time", value_name="value")
            notes.append(f"a series in each row, a column each for {names[dated].iloc[0]} to {names[dated].iloc[-1]}")
            return made, True
    return frame, False


def _rows_as_series(read, frame, separator, decimal, missing, notes):
    """A series in each row, no times: (numbers (steps, series)) with their ends in one row."""
    values = read(frame, separator, decimal, missing, [], [])
    words = frame.columns[0] not in values and frame.iloc[:, 0].is_unique
    table = values.T.set_axis(frame.iloc[:, 0] if words else [f"row {i + 1}" for i in range(len(frame))], axis=1)
    last = table.apply(lambda s: s.last_valid_index() and table.index.get_loc(s.last_valid_index()))
    notes.append(f"a series in each of {table.shape[1]} rows, no times: steps are numbered")
    if last.nunique() > 1:
        notes.append("series of different lengths are put with their last values in one row")
    return table.reset_index(drop=True).apply(lambda s: s.shift(len(table) - 1 - int(last[s.name])))


def _find_times(frame, time_column, day_first, notes):
    """(the columns that hold the time, or None; the times (rows,): dates, or numbers where a column of them is one)."""
    columns = list(frame) if time_column is None else [time_column]
    hinted = [c for c in columns if _named(c, TIMES) or c in ("", time_column) or (c == frame.columns[0] == "0")]
    joined = _joined(frame, columns, day_first) if time_column is None else None
    if joined:
        used, times, form = joined
        notes.append(f"the time is joined from the columns {', '.join(map(repr, used))} ({form})")
        return used, times
    for name in sorted(columns, key=lambda c: c not in hinted):
        found = readings(frame[name], name in hinted)
        if not found:
            continue
        form, times = _choose(found, name, day_first, notes)
        bad = times.isna()
        if bad.mean() > 0.5:
            continue
        if bad.any():
            raise _no_times(frame[name], bad, name)
        if re.fullmatch("year", form) and re.fullmatch("time|t|step|index", name.lower()):
            return [name], pd.to_numeric(frame[name])
        if form not in ("dates", "year, month, day") or offsets(frame[name]):
            notes.append(f"times in {name!r} are read as {form}" + (", in UTC" if offsets(frame[name]) else ""))
        clock = (
            next((c for c in columns if c != name and _named(c, PARTS["clock"])), None) if time_column is None else None
        )
        if clock and (times == times.dt.normalize()).all():
            joined = _with_clock(frame, name, clock, times)
            if joined is not None:
                notes.append(f"the time is joined from the columns {name!r} and {clock!r}")
                return [name, clock], joined
        if form == MDY and _named(name, "nothing"):
            notes.append("")
        return [name], times
    for name in hinted:
        values = pd.to_numeric(frame[name], errors="coerce")
        if values.notna().all() and (name == time_column or (values.is_unique and _grid(values) is not None)):
            return [name], values
        if values.isna().any() and (name == time_column or _named(name, TIMES)) and frame[name].nunique() > 2:
            raise _no_times(frame[name], values.isna(), name)
    return None, pd.Series(np.arange(1, len(frame) + 1))


def _choose(found, name, day_first, notes):
    """The reading of ``found`` that is meant; ValueError where two remain that differ."""
    least = min(times.isna().sum() for times in found.values())
    found = {form: times for form, times in found.items() if times.isna().sum() == least}
    if day_first is not None and {DMY, MDY} <= set(found):
        found = {DMY if day_first else MDY: found[DMY if day_first else MDY]}
    form = next(iter(found))
    different = {f: t for f, t in found.items() if not t.equals(found[form])}
    if different:
        even = {f: t for f, t in found.items() if f in (form, *different) and _grid(t) is not None}
        if len(even) > 1 and not all(t.equals(next(iter(even.values()))) for t in even.values()):
            firsts = " or ".join(f"{f} ({t.iloc[0]:%Y-%m-%d})" for f, t in even.items())
            raise ValueError(
                f"the times in column {name!r} can be read as {firsts}, both evenly spaced: set day_first to True or "
                "False, or write them as 2024-12-31."
            )
        form = next(iter(even), form)
        if len(even) == 1:
            notes.append(f"{name!r} is {form}: no other reading is evenly spaced")
    return form, found[form]


def _no_times(column, bad, name):
    row = int(np.asarray(bad).argmax())
    return ValueError(
        f"the times in column {name!r} must be dates such as 2024-12-31 or 2024-12-31 23:00; got "
        f"{str(column.iloc[row])!r} in row {row + 1}: correct it, or name another time_column."
    )


def _joined(frame, columns, day_first):
    """(columns, times, form) where year and month (or quarter, week, day) stand in columns of their own, else None."""
    part = {p: next((c for c in columns if _named(c, words)), None) for p, words in PARTS.items()}
    if any(_named(c, "date|datum|fecha|timestamp|ds") and readings(frame[c], True) for c in columns):
        return None
    if part["year"] is None and columns[0] == "0" and len(columns) > 2:  # no names: 1749;1;...
        first, second = (pd.to_numeric(frame[c], errors="coerce") for c in columns[:2])
        if first.between(1600, 2200).all() and second.between(1, 12).all() and second.nunique() == 12:
            part |= {"year": "0", "month": "1"}
    year, second = (
        part["year"],
        next((p for p in ("month", "quarter", "week") if part[p] not in (None, part["year"])), None),
    )
    if year is None or second is None or len(set(frame[year])) < 2:
        return None
    cell = [frame[part[p]].astype(str).str.strip().str.replace(r"\.0$", "", regex=True) for p in ("year", second)]
    used, text = (
        [year, part[second]],
        cell[0] + {"month": "-", "quarter": "Q", "week": "W"}[second] + cell[1].str.lstrip("QWqw"),
    )
    if second == "month" and part["day"]:
        used, text = (
            [*used, part["day"]],
            text + "-" + frame[part["day"]].astype(str).str.strip().str.replace(r"\.0$", "", regex=True),
        )
    if second == "month" and not cell[1].str.isdigit().all():
        text = cell[0] + cell[1] if cell[1].str.match(r"M\d\d").all() else cell[1] + " " + cell[0]
    if part["day"] in used and part["clock"]:
        used, text = [*used, part["clock"]], text + " " + _clock(frame[part["clock"]])
    found = {form: times for form, times in readings(text, False).items() if times.notna().all()}
    return (used, found[next(iter(found))], next(iter(found))) if found else None


def _clock(column):
    """Hours (0 to 24), or clock times as digits (0 to 2400), as text 05:00."""
    text = column.astype(str).str.strip().str.replace(r"\.0$", "", regex=True)
    if not text.str.isdigit().all():
        return text
    long = pd.to_numeric(text).max() > 24
    text = text.str.zfill(4) if long else text.str.zfill(2) + "00"
    return text.str[:-2] + ":" + text.str[-2:]


def _with_clock(frame, name, clock, times):
    text = times.dt.strftime("%Y-%m-%d") + " " + _clock(frame[clock])
    found = readings(text, False)
    joined = next(iter(found.values()), pd.Series([pd.NaT]))
    return None if joined.isna().any() else joined


def _all_numbers(frame, separator, decimal, missing, chosen, notes):
    """All columns of numbers: DataFrame of floats. ValueError where a chosen column, or most of one, is none."""
    english = separator in ("", ",")
    found = {c: decimal or decimal_of(frame[c], english) for c in frame}
    sure = Counter(d for d in found.values() if d)
    values, said = {}, {}
    for c in frame:
        if len(sure) and found[c] is None:
            found[c] = sure.most_common(1)[0][0]
        unsure = found[c] is None
        values[c], bad, what = numbers(frame[c], found[c] or ".", missing or [])
        share = values[c].notna().sum() / max(1, values[c].notna().sum() + frame[c].isin(bad).sum())
        if bad and (c in chosen or share > 0.8):
            raise ValueError(
                f"{'value_columns' if c in chosen else 'csv'} must hold numbers; column {c!r} holds {bad[0]!r}: correct it, "
                "name it in missing if it marks a missing value, or choose other value_columns."
            )
        if bad or not values[c].notna().any():
            del values[c]
            continue
        if unsure:
            raise ValueError(
                f"csv must tell thousands from decimals; column {c!r} holds {frame[c].iloc[0]!r}, which can be both: set "
                'decimal to "." or ",".'
            )
        for each, example in what.items():
            said.setdefault(each, [example, []])[1].append(c)
    for what, (example, columns) in said.items():
        names = ", ".join(map(repr, columns[:6])) + (f" and {len(columns) - 6} more" if len(columns) > 6 else "")
        notes.append(what + (f" ({example})" if example else "") + f": in {names}")
    return pd.DataFrame(values, index=frame.index)


def _check_sentinels(values, missing):
    """ValueError for a number such as -999 far from all others: only the file's owner knows what it means."""
    for c in values if missing is None else ():
        column = values[c].dropna()
        for end in (column.min(), column.max()) if len(column) else ():
            others = column[column != end]
            if re.fullmatch(SENTINEL, f"{end:g}") and len(others) > 1:
                gap = others.min() - end if end < others.min() else end - others.max()
                if gap > 2 * np.ptp(others) or (end < 0 <= others.min()):
                    raise ValueError(
                        f"column {c!r} holds {end:g} in {len(column) - len(others)} rows, far from its other values "
                        f"({others.min():g} to {others.max():g}): set missing=[{end:g}] if it marks a missing value, or "
                        "missing=[] if it is a number."
                    )


def _drop_twins(frame, times, values, notes):
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
    if not again.any() or not isinstance(times.iloc[0], pd.Timestamp):
        return again
    hours = pd.DatetimeIndex(times[again]).floor("h").unique()
    one_a_year = pd.Series(hours.year).is_unique and (hours.hour < 4).all() and (hours.day_of_week >= 4).all()
    return again if one_a_year and pairs[again].value_counts().eq(2).all() else again & False


def _find_keys(frame, times, used, values, chosen, notes):
    """The columns that name the series of a row; [] where each time occurs once."""
    if (times.duplicated(keep=False) == _doubled(times, frame[[]])).all():
        return []
    kind = r"id|nbr|no|code|store|shop|item|sku|product|region|country|state|city|category|family|dept|series|ticker|symbol"
    text = [c for c in frame if c not in values and c not in used]
    whole = [c for c in values if c not in chosen and (values[c] % 1 == 0).all() and values[c].notna().all()]
    order = text + sorted(whole, key=lambda c: not _named(c, kind + "|name|type|sensor|station|meter|unique_id"))
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
        f"{hour or 'decide which row counts'}."
    )


def _calendar(values, times):
    """What a column repeats of the calendar ("weekday", ...), or ""."""
    if not isinstance(times.iloc[0], pd.Timestamp) or values.isna().any() or values.nunique() < 2:
        return ""
    stamp = times.dt
    units = {
        "weekday": (stamp.day_of_week, stamp.day_of_week + 1, (stamp.day_of_week + 1) % 7, (stamp.day_of_week + 1) % 7 + 1),
        "month": (stamp.month,), "hour": (stamp.hour, stamp.hour + 1), "quarter": (stamp.quarter,), "year": (stamp.year,),
        "week": (stamp.isocalendar().week,), "day of the month": (stamp.day,), "day of the year": (stamp.day_of_year,),
    }  # fmt: skip
    return next((u for u, all_ in units.items() if any((values == each.astype(float)).all() for each in all_)), "")


def _targets(frame, times, values, taken, notes):
    """The columns to forecast, where none was chosen; what looks like an input is left out and named."""
    left, names = {}, [c for c in values if c not in taken]
    for c in names:
        column, calendar = values[c], _calendar(values[c], times)
        if calendar:
            left[c] = f"the {calendar}"
        elif column.nunique() <= 2:
            left[c] = "only " + " and ".join(f"{v:g}" for v in sorted(column.dropna().unique()))
        elif (
            re.fullmatch(r"|index|id|row|no\.?|nr\.?|#|unnamed.*|level_0|record", c.lower())
            and abs(column.diff()[1:]).eq(1).all()
        ):
            left[c] = "a counter"
    names = [c for c in names if c not in left]
    market = any(_named(c, MARKET) for c in names)
    like_input = [c for c in names if re.search(INPUT, c.lower()) and not (market and _named(c, "price"))]
    target = [c for c in names if _named(c, TARGET) and c not in like_input]
    exact = [c for c in names if re.fullmatch(r"y|target|obs_?value", c.lower())]
    others = [c for c in names if c not in [*like_input, *target]]
    if exact and len(names) > 1:
        left |= {c: f"{exact[0]!r} is the target" for c in names if c not in exact}
        names = exact
    elif like_input and target and not others:
        left |= {c: "its name is that of an input" for c in like_input}
        names = target
    long = len(frame) > times.nunique() + _doubled(times, frame[[]]).sum()
    ambiguous = len(names) > 1 and not market and (long or (not exact and (like_input and others or target and others)))
    if ambiguous and not (exact and len(exact) == 1):
        raise ValueError(
            f"csv must tell which column to forecast; {', '.join(map(repr, names))} hold numbers: choose by value_columns "
            f"(such as [{(target or names)[0]!r}]), and name in inputs those that are known in advance."
        )
    if left:
        notes.append(
            "left out, not forecast: " + ", ".join(f"{c!r} ({why})" for c, why in left.items()) +
            "; those known in advance can be named in inputs"
        )  # fmt: skip
    if not names:
        texts = [c for c in frame if c not in values and c not in taken]
        got = (
            "there is none beside the time column"
            if not texts
            else f"column {texts[0]!r} holds {frame[texts[0]].iloc[0]!r}"
        )
        raise ValueError(f"csv must hold numbers; {got}: write numbers, or choose other value_columns.")
    return names


def _arrange(values, frame, times, keys, notes):
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
    label = frame[keys[0]].astype(str).str.strip()
    for key in keys[1:]:
        label = label + " " + frame[key].astype(str).str.strip()
    table = values.assign(**{" t": times, " k": label}).groupby([" t", " k"], sort=True).mean().unstack()  # noqa: PD010
    order = list(dict.fromkeys(label))
    table = table[[(c, k) for c in values for k in sorted(order)]].rename_axis("time")
    return table.set_axis([k if values.shape[1] == 1 else f"{k} {c}" for c, k in table.columns], axis=1)


def _as_input(column, name, values):
    """A column of inputs as numbers; text as columns of 0 and 1."""
    if name in values:
        return values[[name]]
    return pd.get_dummies(column.astype(str).str.strip(), prefix=name, dtype=float)


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
        return pd.date_range(times[0], times[-1], freq=f"{step.days}D" if whole_days else step, unit=times.unit)
    for frequency in CALENDARS if isinstance(times, pd.DatetimeIndex) else ():
        grid = pd.date_range(times[0], times[-1], freq=frequency, unit=times.unit)
        if len(grid) <= most and times.isin(grid).all():
            return grid
    return None


def _periods(times):
    """(one time in each week, month, quarter or year: these periods' starts, their word), or None."""
    for word, code, frequency in (
        ("week", "W", "7D"),
        ("month", "M", "MS"),
        ("quarter", "Q", "QS"),
        ("year", "Y", "YS"),
    ):
        starts = times.to_period(code).start_time.as_unit(times.unit)
        grid = pd.date_range(starts[0], starts[-1], freq=frequency, unit=times.unit)
        if starts.is_unique and len(grid) * (1 - FILLED) <= len(times):
            return starts, grid, word
    return None


def _on_an_even_grid(table, notes):
    """The table with a row for every step of its grid, NaN where the file has none."""
    grid = _grid(table.index)
    if grid is None and isinstance(table.index, pd.DatetimeIndex) and len(table) >= 3:
        periods = _periods(table.index)
        if periods:
            notes.append(f"one time in each {periods[2]}, on different days: the {periods[2]}s are the steps")
            table, grid = table.set_axis(periods[0]), periods[1]
    if grid is None and len(table) >= SHORTEST:
        steps = pd.Series(table.index).diff()
        usual = steps.mode()[0]
        row = int((steps[1:] != usual).to_numpy().argmax()) + 1
        raise ValueError(
            f"times must be evenly spaced; most steps are {usual}, but {table.index[row]} comes {steps[row]} after "
            f"{table.index[row - 1]}: bring all rows to one frequency, or drop the times if only the order counts."
        )
    if grid is None or len(grid) == len(table):
        return table if grid is None else table.set_axis(grid)
    notes.append(f"gaps in time: {len(grid) - len(table)} of {len(grid)} steps have no row")
    return table.reindex(grid)


def _check_gaps(table, notes):
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
            f"a series may miss at most {FILLED:.0%} of its values between {first[name]} and {last[name]}; {name!r} misses "
            f"{share.max():.0%}: leave it out, or cut the file to the time that it covers."
        )
    for what, at, end in (("start later", first, table.index[0]), ("end earlier", last, table.index[-1])):
        some = [f"{name} ({at[name]})" for name in table.columns if at[name] != end]
        if some:
            more = f" and {len(some) - 5} more" if len(some) > 5 else ""
            notes.append(f"{len(some)} series {what}, which is no gap: {', '.join(some[:5])}{more}")
    inside = int(spans.sum() - table.notna().sum().sum())
    notes.append(f"missing values: {inside} of {int(spans.sum())}" if inside else "missing values: none")
