"""A file as people have it -> a table (time, series) on an even grid; says each thing that it did.

sheet.py finds the table in a file, times.py and cells.py read times and numbers, roles.py tells series from inputs.
"""

import http.client
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd

from tools.cells import all_numbers, check_sentinels
from tools.grid import SHORTEST, on_an_even_grid
from tools.roles import arrange, as_input, check_gaps, drop_twins, find_keys, labels, targets
from tools.sheet import columns_to_rows, cut, read_text, rows_as_series
from tools.times import find_times

TEXT = ("", ".csv", ".tsv", ".txt")
COMPRESSED = (".gz", ".zip", ".xz", ".bz2")


@dataclass
class Found:
    """What was read: ``table`` (time, series), ``inputs``, ``future_inputs`` (series -> (time, inputs)), ``notes``."""

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
    frame = columns_to_rows(frame, time_column, notes)
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
    used, times = find_times(frame, time_column, day_first, notes)
    if used is None and frame.shape[1] >= SHORTEST and not value_columns:
        values = rows_as_series(frame, separator, decimal, missing, notes)
        frame, keys, names = values, [], list(values)
        times = pd.Series(np.arange(1, len(values) + 1))
    else:
        notes += [] if used else ["no column of times: the rows are numbered"]
        used = used or []
        values = all_numbers(frame.drop(columns=used), separator, decimal, missing, value_columns, notes)
        frame, times, values = drop_twins(frame, times, values, notes)
        keys = key_columns or find_keys(frame, times, used, values, [*value_columns, *inputs], notes)
        names = value_columns or targets(frame, times, values, keys, [*used, *keys, *inputs], notes)
    check_sentinels(values[names], missing)
    table = arrange(values[names], frame, times, keys, notes)
    whole = on_an_even_grid(table, notes)
    filled = whole.index[whole.notna().any(axis=1)]
    if len(filled) < SHORTEST:
        raise ValueError(f"csv must hold at least {SHORTEST} rows in time; got {len(filled)}: add history.")
    known = whole.loc[filled[0] : filled[-1]]
    check_gaps(known, notes)
    found = Found(known.rename(columns=str), notes, source=source)
    ahead = whole.index[whole.index > filled[-1]]
    notes += [f"the last {len(ahead)} times have no value: they are the future"] if len(ahead) else []
    if inputs:
        made = pd.concat([as_input(frame[c], c, values) for c in inputs], axis=1)
        wide = on_an_even_grid(arrange(made, frame, times, keys, []), [])
        wide = wide.set_axis(whole.index) if len(wide) == len(whole) else wide.reindex(whole.index)
        ends = [f" {c}" if keys and made.shape[1] > 1 else "" for c in made]
        sides = {}
        for series in found.table:
            key = next((k for k in labels(frame, keys).unique() if series in (k, *(f"{k} {n}" for n in names))), "")
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
            frame = cut(sheets[name].astype(object).where(sheets[name].notna(), "").astype(str), notes)
        else:
            grid, separator = read_text(file, encoding, notes)
            frame = cut(grid, notes)
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
