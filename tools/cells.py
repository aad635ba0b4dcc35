"""How people write times and numbers: text of one column -> times, or floats. Used by tools/reader.py.

pandas and dateutil know neither 2000M01, 2015-W02 nor 24:00, and choose between day and month by themselves: hence FORMS,
a table of patterns; a column is read by a pattern that fits *all* its cells, and each pattern that does is a reading.
"""

import re

import numpy as np
import pandas as pd
from pandas.api import types

MARKS = {
    "",
    *". .. ... ? - -- – — : * x na n/a #n/a nan null none (null) <na> missing k.a. n.d. #value! #div/0!".split(),
}
MONTHS = "jan ene gen|feb fév|mar mär mrz mrt|apr avr abr|may mai mei mag|jun juin giu|jul juil lug|aug aoû ago|sep set"
MONTHS = [tuple(words.split()) for words in (MONTHS + "|oct okt ott out|nov|dec dez déc dic").split("|")]
NUMBER = (
    r"(?P<open>\(?)(?P<s>[-+−]?)\s*(?P<cur>(?:[$€£¥₹₩₽]|[A-Z]{1,2}\$|USD|EUR|GBP|CHF|Rs\.?|kr\.?)?)\s*(?P<s2>[-+−]?)"
    r"(?P<num>(?=[.,]?\d)(?:\d{1,3}(?:[\s'’]\d{3})+|\d*)(?:[.,]\d+)*)(?P<e>(?:[eE][-+]?\d+)?)"
    r"(?P<unit>\s*[%‰€$£¥°]?[^\W\d_]{0,5}\.?)(?P<tail>[)-]?)"
)
SCALES = dict(k=1e3, K=1e3, M=1e6, m=1e6, mn=1e6, Mio=1e6, B=1e9, b=1e9, bn=1e9, Mrd=1e9, T=1e12)
CLOCK = (
    r"(?:[T,\s]+(?P<H>\d{1,2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2}(?:[.,]\d+)?))?)?\s*(?:(?P<p>[ap])\.?m\.?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?(?:\s*[-–]\s.*)?)?"
)
Y, M, D, B, YY = (
    r"(?P<y>\d{4})",
    r"(?P<m>\d{1,2})",
    r"(?P<d>\d{1,2})",
    r"(?P<b>[^\W\d_]{3,})\.?",
    r"'?(?P<y>\d{4}|\d\d)",
)
DAY = r"(?:[^\W\d]+\.?,?\s+)?"  # a weekday's name
DMY, MDY = "day, month, year", "month, day, year"
FORMS = {
    "year, month, day": rf"{Y}[-/. ]{M}[-/. ]{D}{CLOCK}",
    DMY: rf"{DAY}{D}[-/. ]{M}[-/. ]{YY}{CLOCK}",
    MDY: rf"{DAY}{M}[-/]{D}[-/]{YY}{CLOCK}",
    "two digits of the year, month, day": rf"(?P<y>\d\d)[-/]{M}[-/]{D}{CLOCK}",
    "day, name of the month, year": rf"{DAY}{D}(?:st|nd|rd|th)?[-/. ]*{B}[-/., ]*{YY}{CLOCK}",
    "name of the month, day, year": rf"{DAY}{B}[-/. ]*{D}(?:st|nd|rd|th)?[-/, ]+{Y}{CLOCK}",
    "year and month": rf"{Y}(?:[-/ :]?M|[-/ :]){M}",
    "year.month": rf"{Y}\.(?P<m>0[1-9]|1[0-2])",
    "month and year": rf"M?{M}[-/. ]{Y}",
    "name of the month and year": rf"{B}[-/., ]*{YY}",
    "year and name of the month": rf"{YY}[-/., ]*{B}",
    "year and quarter": rf"{Y}[-/: ]*Q(?P<q>[1-4])",
    "quarter and year": rf"(?:Q(?P<q>[1-4])|(?P<q2>[1-4])\.? ?(?:Q|quarter|quartal))[-/. ']*{YY}",
    "year and half": rf"{Y}[- ]*[HS](?P<h>[12])",
    "year and week": rf"{Y}[-/ ]*(?:W|KW|week)[-/ ]*(?P<w>\d{{1,2}})(?:-?(?P<wd>[1-7]))?",
    "week and year": rf"(?:W|KW|week)[-/ ]*(?P<w>\d{{1,2}})[-/., ]+{Y}",
}
DIGITS = {  # digits alone are times only where a name says so, or where nothing else can be
    "digits of year, month, day": rf"{Y}(?P<m>\d\d)(?P<d>\d\d)(?:[T_ ]?(?P<H>\d\d)(?::?(?P<M>\d\d)(?::?(?P<S>\d\d))?)?)?Z?",
    "digits of year and month": rf"{Y}(?P<m>\d\d)",
    "seconds (or milli-, micro-, nanoseconds) since 1970": r"(?P<since>\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(?:\.0*)?",
    "year": r"(?P<y>1[6-9]\d\d|20\d\d)(?:\.0)?",
    "days since 1900, as Excel counts": r"(?P<serial>[2-6]\d{4}(?:\.\d+)?)",
    "year with a fraction": r"(?P<y>1[6-9]\d\d|20\d\d)(?P<part>\.\d+)",
}
_plain = [re.sub(r"\?P<\w+>", "?:", form) for form in [NUMBER, *FORMS.values()]]
is_data = re.compile("|".join(_plain), re.IGNORECASE).fullmatch  # is a cell a number or a time?


def readings(column, digits):
    """All ways to read a column as times: {form: datetimes, NaT where a cell is none}, the best first.

    ``digits``: whether digits alone may be times. A form is tried where it fits most of the first cells.
    """
    if types.is_datetime64_any_dtype(column):
        stamps = column.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(column.dt, "tz", None) else column
        return {"dates": stamps.astype("datetime64[us]")}
    if types.is_bool_dtype(column) or (types.is_numeric_dtype(column) and not digits):
        return {}
    codes, cells = pd.factorize(column.astype(str).str.strip())  # a date is read once, however often it stands there
    cells, found = pd.Series(cells, dtype=object), {}
    some = [c for c in cells[:200] if c.lower() not in MARKS]
    for name, form in (FORMS | (DIGITS if digits else {})).items():
        fits = re.compile(form, re.IGNORECASE).fullmatch
        if some and sum(bool(fits(cell)) for cell in some) > 0.5 * len(some):
            stamps = _stamps(cells.str.extract(rf"^{form}$", flags=re.IGNORECASE)).to_numpy()
            if pd.notna(stamps).mean() > 0.5:
                found[name] = pd.Series(stamps[codes], index=column.index)
    return dict(sorted(found.items(), key=lambda item: item[1].isna().sum()))


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


def numbers(column, decimal, marks):
    """(floats, the cells that are no number, {what was read: an example}) of a column; ``marks`` mean missing."""
    if types.is_bool_dtype(column) or types.is_numeric_dtype(column):
        values = column.astype(float)
        return values.mask(values.isin([m for m in marks if not isinstance(m, str)])), [], {}
    text = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    values = pd.to_numeric(text, errors="coerce") if decimal == "." else pd.Series(np.nan, index=column.index)
    cells = pd.Series(text[values.isna()].unique(), dtype=object)
    empty = cells.str.lower().isin({str(m).lower() for m in marks} | MARKS)
    missing, said = cells[empty & (cells != "")], {}
    if len(missing):
        count = int(text.isin(missing).sum())
        said[f"{count} x missing, written {' or '.join(map(repr, missing[:4]))}"] = ""
    cells = cells[~empty]
    parts = cells.str.extract(rf"^{NUMBER}$").fillna("")
    thousand = "," if decimal == "." else "."
    digits = parts["num"].str.replace(r"[\s'’]", "", regex=True)
    strict = digits.str.fullmatch(rf"(?:\d{{1,3}}(?:\{thousand}\d{{3}})+|\d*)(?:\{decimal}\d+)?") & (digits != "")
    unit = parts["unit"].where(~parts["unit"].str.startswith(" ") | parts["unit"].str.strip().isin(list("%‰")), "")
    dropped = sorted(set(parts["unit"]) - {"", *SCALES})
    strict &= len({u.strip() for u in dropped}) <= 4
    as_float = digits.str.replace(thousand, "", regex=False).str.replace(decimal, ".", regex=False) + parts["e"]
    read = pd.to_numeric(as_float.where(strict), errors="coerce") * unit.map(lambda u: SCALES.get(u, 1.0))
    minus = (parts["s"] + parts["s2"] + parts["tail"]).str.contains("[-−]") | (
        (parts["open"] == "(") & (parts["tail"] == ")")
    )
    read = read.mask(minus, -read)
    if len(cells):
        values = values.fillna(text.map(dict(zip(cells, read, strict=True))).astype(float))
    seen = {
        "decimal comma": digits.str.contains(",") if decimal == "," else None,
        f"thousands separated by {thousand!r}": digits.str.contains(thousand, regex=False),
        "thousands separated by spaces or apostrophes": parts["num"].str.contains(r"[\s'’]"),
        "K, M, B as thousands, millions, billions": unit.isin(list(SCALES)),
        "per cent without the sign %": unit.str.strip() == "%",
        "currency left out": parts["cur"] != "",
        f"what follows the number left out ({', '.join(u.strip() for u in dropped)})": unit.isin(dropped)
        | parts["unit"].isin(dropped),
    }
    said |= {
        what: cells[rows & strict].iloc[0] for what, rows in seen.items() if rows is not None and (rows & strict).any()
    }
    if any("%" in what for what in said):
        said = {w: e for w, e in said.items() if not w.startswith("what follows") or len(dropped) > 1}
    return values, list(cells[read.isna()]), said


def decimal_of(column, english):
    """ "." or "," where the cells settle it; None where 1,234 can be both; "" where neither occurs."""
    if not isinstance(column.dtype, pd.StringDtype) and column.dtype != object:
        return ""
    cells = pd.Series(column.dropna().unique(), dtype=object).astype(str)
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
