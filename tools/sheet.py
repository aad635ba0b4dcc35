"""A file of text, or a sheet -> columns of text under their names: separator, lines above and below, layout.

How the separator is found: csv's reader with each of four, and the one by which most lines have the same number of
cells. On 40 shapes of text this found 39, clevercsv 39, csv.Sniffer 38, DuckDB's sniffer 33 (semicolons with "?" for
missing, or a source line below the table, misled it). charset-normalizer was wrong on most tables whose only foreign
letters stand in the line of names, which is the case met here: so UTF-8 (16 by its mark), else Windows-1252 or 1251.
"""

import csv
import io
import re
from collections import Counter

import numpy as np
import pandas as pd

from tools.cells import all_numbers, is_data
from tools.grid import grid_of
from tools.times import MARKS, PARTS, named, readings

BELOW = r"(total|sum|summe|gesamt|average|mean|source|quelle|notes?|footnote|\*|©|updated|copyright)\b.*|\*.*|©.*"


def read_text(file, encoding, notes):
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
        if width > 50 and count < len(rows) / 2:  # series in rows, of different lengths
            width, count = max(map(len, rows)), len(rows)
        first = next(i for i, row in enumerate(rows) if len(row) == width)
        share = np.mean(
            [bool(is_data(c.strip())) or c.strip().lower() in MARKS for row in rows[first:] for c in row[:50]]
        )
        if width > 1 and count * share > best[0]:
            best = (count * share, separator, width, first)
    _, separator, width, first = best
    if (
        separator == ","
        and width == 2
        and first
        and all(re.fullmatch(r"-?\d+,\d+", line.strip()) for line in lines[first:])
    ):
        separator, width, first = ";", 1, 0  # one column, decimal comma
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


def cut(grid, notes):
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
            if times.notna().all() and grid_of(times) is not None and times.nunique() == 8:
                start += 1  # times in the line of names
                break
    start = start if columns.any() else 1
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
        varied = [row for row in named.index if named.shape[1] < 3 or len(set(named.loc[row].iloc[1:])) > 1]
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


def columns_to_rows(frame, time_column, notes):
    """A column a time, or a column a month beside a column of years, becomes rows."""
    if time_column is not None:
        return frame
    names = pd.Series(frame.columns, index=frame.columns).astype(str)
    months = [
        c for c in frame if re.fullmatch(r"(?i)[a-zé]{3,9}\.?|q[1-4]", c) and readings(pd.Series([f"{c} 2001"]), False)
    ]
    years = [c for c in frame if named(c, PARTS["year"])]
    if years and len(months) in (4, 12):
        rest = [c for c in frame if c not in months]
        made = frame.melt(rest, months, var_name="month ", value_name="value")
        made.insert(0, "date", made.pop("month ") + " " + made.pop(years[0]).str.strip())
        notes.append(f"a row a year, a column each for {months[0]} to {months[-1]}: put below one another")
        return made
    for times in readings(names, digits=True).values():
        dated = times.notna() & (times.index != "")
        rest = list(times.index[~dated])
        if dated.sum() >= 12 and dated.sum() > 2 * len(rest) and grid_of(times[dated]) is not None:
            made = frame.melt(rest, list(times.index[dated]), var_name="date", value_name="value")
            notes.append(f"a series in each row, a column each for {names[dated].iloc[0]} to {names[dated].iloc[-1]}")
            return made
    return frame


def rows_as_series(frame, separator, decimal, missing, notes):
    """A series in each row, no times: (numbers (steps, series)) with their ends in one row."""
    values = all_numbers(frame, separator, decimal, missing, [], [])
    words = frame.columns[0] not in values and frame.iloc[:, 0].is_unique
    table = values.T.set_axis(frame.iloc[:, 0] if words else [f"row {i + 1}" for i in range(len(frame))], axis=1)
    last = table.apply(lambda s: s.last_valid_index() and table.index.get_loc(s.last_valid_index()))
    notes.append(f"a series in each of {table.shape[1]} rows, no times: steps are numbered")
    if len(set(last)) > 1:
        notes.append("series of different lengths are put with their last values in one row")
    return table.reset_index(drop=True).apply(lambda s: s.shift(len(table) - 1 - int(last[s.name])))
