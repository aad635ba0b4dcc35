"""How people write numbers: a column of text -> floats, and what was read. Used by tools/reader.py."""

import re
from collections import Counter

import numpy as np
import pandas as pd
from pandas.api import types

from tools.times import FORMS, MARKS

NUMBER = (
    r"(?P<cmp>[<>≤≥~]?)\s*"
    r"(?P<open>\(?)(?P<s>[-+−]?)\s*(?P<cur>(?:[$€£¥₹₩₽]|[A-Z]{1,2}\$|USD|EUR|GBP|CHF|Rs\.?|kr\.?)?)\s*(?P<s2>[-+−]?)"
    r"(?P<num>(?=[.,]?\d)(?:\d{1,3}(?:[\s'’]\d{3})+|\d*)(?:[.,]\d+)*)(?P<e>(?:[eE][-+]?\d+)?)"
    r"(?P<unit>\s*[%‰€$£¥°]?[^\W\d_]{0,5}\.?)(?P<tail>[)-]?)"
)
SCALES = dict(k=1e3, K=1e3, M=1e6, m=1e6, mn=1e6, Mio=1e6, B=1e9, b=1e9, bn=1e9, Mrd=1e9, T=1e12)
SENTINEL = r"-?9{2,6}(\.[09]+)?"
ROUND = r"-[1-9]0{2,4}"  # -200: a mark where it comes three times and more, far from all others
_plain = [re.sub(r"\?P<\w+>", "?:", form) for form in [NUMBER, *FORMS.values()]]
is_data = re.compile("|".join(_plain), re.IGNORECASE).fullmatch  # is a cell a number or a time?


def numbers(column, decimal, marks):
    """(floats, the cells that are no number, {what was read: an example}) of a column; ``marks`` mean missing."""
    values = (
        column.astype(float)
        if not _is_text(column)
        else pd.to_numeric(column.str.strip(), errors="coerce").astype(float)
    )
    said, read = {}, {}
    if _is_text(column):
        values = values if decimal == "." else values * np.nan
        rest = column[values.isna()].fillna("").str.strip()
        cells = pd.Series(rest.unique(), dtype=object)
        empty = cells.str.lower().isin({str(m).lower() for m in marks} | MARKS)
        missing = [cell for cell in cells[empty] if cell]
        if missing:
            said[f"{rest.isin(missing).sum()} x missing, written {' or '.join(map(repr, missing[:4]))}"] = ""
        cells = cells[~empty].reset_index(drop=True)
        for start in range(0, len(cells), 100_000):  # in pieces: the parts of a million cells would fill the memory
            found, what = _read_cells(cells[start : start + 100_000], decimal)
            read |= found
            said = what | said
        if read:
            values = values.fillna(rest.map(read).astype(float))
    meant = values.isin([float(m) for m in marks if not isinstance(m, str)])
    if meant.any():
        said[f"{meant.sum()} x missing, written {' or '.join(f'{v:g}' for v in values[meant].unique())}"] = ""
    return values.mask(meant), [cell for cell, value in read.items() if np.isnan(value)], said


def _is_text(column):
    return not (types.is_numeric_dtype(column) or types.is_bool_dtype(column) or types.is_datetime64_any_dtype(column))


def _read_cells(cells, decimal):
    """({cell: float, NaN for none}, {what was read: an example}) of some cells of text."""
    parts = cells.str.extract(rf"^{NUMBER}$").fillna("")
    thousand = "," if decimal == "." else "."
    digits = parts["num"].str.replace(r"[\s'’]", "", regex=True)
    strict = digits.str.fullmatch(rf"(?:\d{{1,3}}(?:\{thousand}\d{{3}})+|\d*)(?:\{decimal}\d+)?") & (digits != "")
    unit = parts["unit"]  # M and K stand close to their number
    per_cent, scaled = unit.str.strip().isin(["%", "‰"]), unit.isin(list(SCALES))
    others = sorted({u.strip() for u in unit[~per_cent & ~scaled]} - {""})
    strict &= len(others) <= 4  # more are words of all kinds
    plain = digits.str.replace(thousand, "", regex=False).str.replace(decimal, ".", regex=False) + parts["e"]
    read = pd.to_numeric(plain.where(strict), errors="coerce") * unit.map(lambda u: SCALES.get(u, 1.0)).astype(float)
    minus = (parts["s"] + parts["s2"] + parts["tail"]).str.contains("[-−]")
    read = read.mask(minus | ((parts["open"] == "(") & (parts["tail"] == ")")), -read)
    seen = {
        "decimal comma": digits.str.contains(",", regex=False) & (decimal == ","),
        f"thousands separated by {thousand!r}": digits.str.contains(thousand, regex=False),
        "thousands separated by spaces or apostrophes": parts["num"].str.contains(r"[\s'’]"),
        "K, M, B as thousands, millions, billions": scaled,
        "per cent without the sign %": per_cent,
        "currency left out": parts["cur"] != "",
        "the sign of more or less left out": parts["cmp"] != "",
        f"what follows the number left out, {', '.join(others)}": unit.str.strip().isin(others),
    }
    said = {what: cells[rows & strict].iloc[0] for what, rows in seen.items() if (rows & strict).any()}
    return dict(zip(cells, read, strict=True)), said


def decimal_of(column, english):
    """ "." or "," where the cells settle it; None where 1,234 can be both; "" where neither occurs."""
    if not _is_text(column):
        return ""
    if english:  # what pandas reads needs no thought: 1.234 has a decimal point
        number = pd.to_numeric(column.str.strip(), errors="coerce")
        column = column[number.isna() | (number >= 1000) | (number % 1 == 0)]
    cells = pd.Series(column.dropna().unique()[:50_000], dtype=object).astype(str).str.strip()
    cells = cells[cells.str.contains("[.,]")]
    cells = cells.str.extract(rf"^{NUMBER}$")["num"].dropna().str.replace(r"[\s'’]", "", regex=True)
    comma, dot = cells.str.contains(",", regex=False), cells.str.contains(".", regex=False)
    if (comma & dot).any():
        first = cells[comma & dot].iloc[0]
        return first[max(first.rfind(","), first.rfind("."))]
    groups = cells.str.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+")
    for mark, has, other in ((",", comma, "."), (".", dot, ",")):
        if (cells[has].str.count(re.escape(mark)) > 1).any():
            return other
        if (has & ~groups).any():
            return mark
    if not (comma | dot).any():
        return ""
    if comma.any() and not dot.any():
        whole = pd.to_numeric(column, errors="coerce").abs()
        if (whole >= 1000).any():
            return ","
        if english or (whole < 1000).any():
            return "."
        return None
    return "." if english else None


def all_numbers(frame, separator, decimal, missing, chosen, notes):
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
                f"{'value_columns' if c in chosen else 'csv'} must hold numbers; column {c!r} holds {bad[0]!r}: "
                "correct it, name it in missing if it marks a missing value, or choose other value_columns."
            )
        if bad or not values[c].notna().any():
            del values[c]
            continue
        if unsure:
            raise ValueError(
                f"csv must tell thousands from decimals; column {c!r} holds {frame[c].iloc[0]!r}, which can be both: "
                'set decimal to "." or ",".'
            )
        for each, example in what.items():
            said.setdefault(each, [example, []])[1].append(c)
    for what, (example, columns) in said.items():
        names = ", ".join(map(repr, columns[:6])) + (f" and {len(columns) - 6} more" if len(columns) > 6 else "")
        notes.append(what + (f" ({example})" if example else "") + f": in {names}")
    return pd.DataFrame(values, index=frame.index)


def check_sentinels(values, missing):
    """ValueError for a number such as -999 far from all others: only the file's owner knows what it means."""
    for c in values if missing is None else ():
        column = values[c].dropna()
        for end in (column.min(), column.max()) if len(column) else ():
            others = column[column != end]
            times = len(column) - len(others)
            nines, rounded = (re.fullmatch(form, f"{end:g}") for form in (SENTINEL, ROUND))
            if len(others) > 1 and (nines or (rounded and times > 2)):
                gap = others.min() - end if end < others.min() else end - others.max()
                if gap > 2 * np.ptp(others) or (nines and end < 0 <= others.min()):
                    raise ValueError(
                        f"column {c!r} holds {end:g} in {times} rows, far from its other values "
                        f"({others.min():g} to {others.max():g}): set missing=[{end:g}] if it marks a missing value, "
                        "or missing=[] if it is a number."
                    )
