"""Files as people have them: every kind is written here in several shapes, read, and compared with what was meant."""

import datetime
import re
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import cells
from tools import times as tools_times
from tools.reader import read_series

N = 120
RNG = np.random.default_rng(7)
VALUES = np.round(1000 + 300 * RNG.standard_normal(N), 2)  # of 1 to 4 digits before the point
DAYS = pd.date_range("2021-03-01", periods=N)
MONTHS = pd.date_range("2005-01-01", periods=N, freq="MS")
HOURS = pd.date_range("2023-01-01", periods=N, freq="h")


def dates(times, form):
    """Times in a form of strftime, without the leading zeros that "%-d" would ask for."""
    return [time.strftime(form) for time in times]


def lines(*rows):
    return "\n".join(rows) + "\n"


def two(times, values=VALUES, names="date,x", separator=","):
    return lines(
        names.replace(",", separator),
        *(f"{time}{separator}{value}" for time, value in zip(times, values, strict=True)),
    )


def read(tmp_path, content, name="x.csv", encoding="utf-8", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_series(path, **options)


def assert_is(found, index, values=VALUES, tolerance=1e-9):
    """One series with these times and values."""
    assert found.table.shape[1] == 1
    assert list(found.table.index) == list(index)
    np.testing.assert_allclose(found.table.iloc[:, 0], values, rtol=tolerance)


# ---- times

QUARTERS = pd.date_range("1990-01-01", periods=N, freq="QS")
WEEKS = pd.date_range("2015-01-05", periods=N, freq="7D")  # Mondays
YEARS = pd.date_range("1850-01-01", periods=N, freq="YS", unit="s")
HALVES = pd.date_range("1950-01-01", periods=N, freq="6MS")
GERMAN = ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
FRENCH = re.findall(r"\w+", "janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
ISO = [f"{t.isocalendar().year}-W{t.isocalendar().week:02d}" for t in WEEKS]
SECONDS = [int(t.timestamp()) for t in HOURS]

TIMES = {  # what stands in the column -> what it means
    "iso": (dates(DAYS, "%Y-%m-%d"), DAYS),
    "iso T Z": (dates(HOURS, "%Y-%m-%dT%H:%M:%SZ"), HOURS),
    "iso milliseconds": (dates(HOURS, "%Y-%m-%d %H:%M:%S.000"), HOURS),
    "slashes, year first": (dates(DAYS, "%Y/%m/%d"), DAYS),
    "dots, year first": (dates(DAYS, "%Y.%m.%d"), DAYS),
    "german": (dates(DAYS, "%d.%m.%Y"), DAYS),
    "german, two digits": (dates(DAYS, "%d.%m.%y"), DAYS),
    "german, no zeros": ([f"{t.day}.{t.month}.{t.year}" for t in DAYS], DAYS),
    "british": (dates(DAYS, "%d/%m/%Y"), DAYS),
    "british, dashes": (dates(DAYS, "%d-%m-%Y"), DAYS),
    "american": (dates(DAYS, "%m/%d/%Y"), DAYS),
    "american, two digits": (dates(DAYS, "%m/%d/%y"), DAYS),
    "american, am and pm": (dates(HOURS, "%m/%d/%Y %I:%M:%S %p"), HOURS),
    "british with clock": (dates(HOURS, "%d/%m/%Y %H:%M"), HOURS),
    "two digits, year first": (dates(DAYS, "%y-%m-%d"), DAYS),
    "months, day first": (dates(MONTHS, "%d/%m/%Y"), MONTHS),
    "months, month first": (dates(MONTHS, "%m/%d/%Y"), MONTHS),
    "03-Mar-2021": (dates(DAYS, "%d-%b-%Y"), DAYS),
    "03-Mar-21": (dates(DAYS, "%d-%b-%y"), DAYS),
    "3 March 2021": (dates(DAYS, "%d %B %Y"), DAYS),
    "Mar 03, 2021": ([f'"{d}"' for d in dates(DAYS, "%b %d, %Y")], DAYS),
    "Monday, March 03, 2021": ([f'"{d}"' for d in dates(DAYS, "%A, %B %d, %Y")], DAYS),
    "Mon 03 Mar 2021": (dates(DAYS, "%a %d %b %Y"), DAYS),
    "3. Mär 2021": ([f"{t.day}. {GERMAN[t.month - 1]} {t.year}" for t in DAYS], DAYS),
    "20210303": (dates(DAYS, "%Y%m%d"), DAYS),
    "20210303T05": (dates(HOURS, "%Y%m%dT%H%M"), HOURS),
    "2021030305": (dates(HOURS, "%Y%m%d%H"), HOURS),
    "202103030500": (dates(HOURS, "%Y%m%d%H%M"), HOURS),
    "2000M01": (dates(MONTHS, "%YM%m"), MONTHS),
    "2000-M01": (dates(MONTHS, "%Y-M%m"), MONTHS),
    "2000-01": (dates(MONTHS, "%Y-%m"), MONTHS),
    "2000/1": ([f"{t.year}/{t.month}" for t in MONTHS], MONTHS),
    "2000.01": (dates(MONTHS, "%Y.%m"), MONTHS),
    "01/2000": (dates(MONTHS, "%m/%Y"), MONTHS),
    "01.2000": (dates(MONTHS, "%m.%Y"), MONTHS),
    "200001": (dates(MONTHS, "%Y%m"), MONTHS),
    "Jan-05": (dates(MONTHS, "%b-%y"), MONTHS),
    "Jan 2005": (dates(MONTHS, "%b %Y"), MONTHS),
    "January 2005": (dates(MONTHS, "%B %Y"), MONTHS),
    "05-Jan": (dates(MONTHS, "%y-%b"), MONTHS),
    "2005 Jan": (dates(MONTHS, "%Y %b"), MONTHS),
    "Jan'05": (dates(MONTHS, "%b'%y"), MONTHS),
    "Mär 2005": ([f"{GERMAN[t.month - 1]} {t.year}" for t in MONTHS], MONTHS),
    "janvier 2005": ([f"{FRENCH[t.month - 1]} {t.year}" for t in MONTHS], MONTHS),
    "1990Q1": ([f"{t.year}Q{t.quarter}" for t in QUARTERS], QUARTERS),
    "1990-Q1": ([f"{t.year}-Q{t.quarter}" for t in QUARTERS], QUARTERS),
    "Q1 1990": ([f"Q{t.quarter} {t.year}" for t in QUARTERS], QUARTERS),
    "Q1/90": ([f"Q{t.quarter}/{t:%y}" for t in QUARTERS[:100]], QUARTERS[:100]),
    "1. Quartal 1990": ([f"{t.quarter}. Quartal {t.year}" for t in QUARTERS], QUARTERS),
    "1990 H1": ([f"{t.year}-S{1 + t.month // 7}" for t in HALVES], HALVES),
    "2015-W02": (ISO, WEEKS),
    "2015W02": ([w.replace("-", "") for w in ISO], WEEKS),
    "2015-W02-1": ([f"{w}-1" for w in ISO], WEEKS),
    "KW 02/2015": ([f"KW {w[-2:]}/{w[:4]}" for w in ISO], WEEKS),
    "seconds": (SECONDS, HOURS),
    "seconds.0": ([f"{s}.0" for s in SECONDS], HOURS),
    "milliseconds": ([s * 1000 for s in SECONDS], HOURS),
    "microseconds": ([s * 10**6 for s in SECONDS], HOURS),
    "nanoseconds": ([s * 10**9 for s in SECONDS], HOURS),
    "Excel's days": ([(t - pd.Timestamp("1899-12-30")).days for t in DAYS], DAYS),
    "years": (list(range(1850, 1850 + N)), YEARS),
    "years with a fraction": ([f"{t.year + (t.month - 0.5) / 12:.4f}" for t in MONTHS], MONTHS),
    "24:00": (
        [f"{t - pd.Timedelta(hours=1):%Y-%m-%d} 24:00" if t.hour == 0 else f"{t:%Y-%m-%d %H:%M}" for t in HOURS],
        HOURS,
    ),
    "hours 1 to 24": ([f"{t - pd.Timedelta(hours=1):%d.%m.%Y} {t.hour or 24:02d}:00" for t in HOURS], HOURS),
    "midnight without a clock": ([f"{t:%Y-%m-%d}" if t.hour == 0 else f"{t:%Y-%m-%d %H:%M:%S}" for t in HOURS], HOURS),
    "from - to": ([f"{t:%d.%m.%Y %H:%M} - {t + pd.Timedelta(hours=1):%d.%m.%Y %H:%M}" for t in HOURS], HOURS),
    "offset": (dates(HOURS, "%Y-%m-%dT%H:%M+00:00"), HOURS),
    "offset -05:00": (dates(HOURS - pd.Timedelta(hours=5), "%Y-%m-%d %H:%M:%S-05:00"), HOURS),
}


@pytest.mark.parametrize("form", TIMES)
def test_every_way_to_write_a_time(form, tmp_path):
    texts, times = TIMES[form]
    found = read(tmp_path, two(texts, VALUES[: len(texts)]))
    assert_is(found, times, VALUES[: len(texts)])
    assert found.table.index.freqstr


COLUMNS = {  # names, the cells of each row, the times they mean
    "Date, Time": (HOURS, lambda t: f"{t:%d/%m/%Y},{t:%H:%M:%S}"),
    "date,hour": (HOURS, lambda t: f"{t:%Y-%m-%d},{t.hour}"),
    "Date,HE": (HOURS, lambda t: f"{t - pd.Timedelta(hours=1):%Y-%m-%d},{t.hour or 24}"),
    "date,Hour Ending": (HOURS, lambda t: f"{t - pd.Timedelta(hours=1):%Y-%m-%d},{100 * (t.hour or 24)}"),
    "date,time": (HOURS, lambda t: f"{t:%m/%d/%Y},{t:%I:%M %p}"),
    "Datum,Uhrzeit": (HOURS, lambda t: f"{t:%d.%m.%Y},{t:%H:%M}"),
    "year,month": (MONTHS, lambda t: f"{t.year},{t.month}"),
    "Month,Year": (MONTHS, lambda t: f"{t.month},{t.year}"),
    "Year,Month ": (MONTHS, lambda t: f"{t.year},{t:%b}"),
    "Jahr,Monat": (MONTHS, lambda t: f"{t.year},{GERMAN[t.month - 1]}"),
    "Year,Period": (MONTHS, lambda t: f"{t.year},M{t:%m}"),
    "year,quarter": (QUARTERS, lambda t: f"{t.year},{t.quarter}"),
    "year,qtr": (QUARTERS, lambda t: f"{t.year},Q{t.quarter}"),
    "year,week": (WEEKS, lambda t: f"{t.isocalendar().year},{t.isocalendar().week}"),
    "year,month,day": (DAYS, lambda t: f"{t.year},{t.month},{t.day}"),
    "YYYY,MM,DD,hour": (HOURS, lambda t: f"{t.year},{t.month},{t.day},{t.hour}"),
}


@pytest.mark.parametrize("names", COLUMNS)
def test_a_time_in_several_columns(names, tmp_path):
    times, write = COLUMNS[names]
    found = read(tmp_path, two(map(write, times), names=f"{names},x"))
    assert_is(found, times)
    assert any("joined from" in note for note in found.notes)


def test_year_and_month_in_columns_without_names(tmp_path):
    rows = [
        f"{t.year};{t.month:02d};{t.year + (t.month - 0.5) / 12:.3f};{v}" for t, v in zip(MONTHS, VALUES, strict=True)
    ]
    found = read(tmp_path, lines(*rows), value_columns="3")
    assert_is(found, MONTHS)


def test_day_or_month_first_is_asked_for_where_neither_is_settled(tmp_path):
    text = two([f"05/04/{year}" for year in range(1950, 1950 + N)])
    with pytest.raises(ValueError, match=r"'05/04/1950' can be day, month, year .* or month, day.*day_first"):
        read(tmp_path, text)
    for day_first, meant in ((True, "day, month, year"), (False, "month, day, year")):
        found = read(tmp_path, text, day_first=day_first)
        assert f"times in 'date' are read as {meant}" in found.notes
        assert found.table.index.freqstr.startswith("YS")


@pytest.mark.parametrize("bad", ["soon", "2021-02-30", "2021-13-01", "0"])
def test_a_time_that_is_none_is_named_and_no_index_made_up(bad, tmp_path):
    times = dates(DAYS, "%Y-%m-%d")
    times[60] = bad
    with pytest.raises(ValueError, match=rf"the times in column 'date' .* got '{bad}' in row 61"):
        read(tmp_path, two(times))


@pytest.mark.parametrize("times", [[f"day {i}" for i in range(N)], [f"{t:%d-%b}" for t in DAYS], ["2021-03-01"] * N])
def test_times_that_cannot_be_read_stop_the_run(times, tmp_path):
    with pytest.raises(ValueError, match=r"times in column|time must occur once|without a year"):
        read(tmp_path, two(times))


@given(
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]),
)
@settings(max_examples=60, deadline=None)
def test_any_time_is_read_as_what_strftime_wrote(moment, form):
    found = tools_times.readings(pd.Series([moment.strftime(form)]), digits=False)
    assert next(iter(found.values())).iloc[0] == pd.Timestamp(moment).floor("us" if "%f" in form else "s")


# ---- numbers

NUMBERS = {  # how a number is written, in a file separated by this
    "english": (",", lambda v: f'"{v:,.2f}"', "thousands"),
    "english ;": (";", lambda v: f"{v:,.2f}", "thousands"),
    "german": (";", lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")), "decimal comma"),
    "decimal comma": (";", lambda v: f"{v:.2f}".replace(".", ","), "decimal comma"),
    "decimal comma, quoted": (",", lambda v: '"' + f"{v:.2f}".replace(".", ",") + '"', "decimal comma"),
    "decimal comma, tab": ("\t", lambda v: f"{v:.2f}".replace(".", ","), "decimal comma"),
    "french": (";", lambda v: f"{v:,.2f}".replace(",", "\u202f").replace(".", ","), "spaces"),
    "french nbsp": (";", lambda v: f"{v:,.2f}".replace(",", "\xa0").replace(".", ","), "spaces"),
    "swiss": (";", lambda v: f"{v:,.2f}".replace(",", "'"), "apostrophes"),
    "$": (",", lambda v: f'"${v:,.2f}"', "currency"),
    "USD": (",", lambda v: f'"USD {v:,.2f}"', "currency"),
    "€ behind": (";", lambda v: f"{v:.2f} €".replace(".", ","), "€"),
    "£": (",", lambda v: f"£{v:.2f}", "currency"),
    "kWh": (",", lambda v: f"{v:.2f} kWh", "kWh"),
    "flags": (",", lambda v: f"{v:.2f}" + (" p" if v > 1400 else ""), "left out"),
    "%": (",", lambda v: f"{v:.2f}%", "per cent"),
    "space %": (";", lambda v: f"{v:.2f} %".replace(".", ","), "per cent"),
    "K": (",", lambda v: f"{v / 1000:.5f}K", "thousands"),
    "M": (",", lambda v: f"{v / 1e6:.8f}M", "millions"),
    "plus": (",", lambda v: f"+{v:.2f}", ""),
    "exponent": (",", lambda v: f"{v:.6e}", ""),
    "quoted": (",", lambda v: f'"{v:.2f}"', ""),
    "spaces around": (",", lambda v: f"  {v:.2f} ", ""),
    "bar": ("|", lambda v: f"{v:.2f}", "bar"),
}


@pytest.mark.parametrize("way", NUMBERS)
def test_every_way_to_write_a_number(way, tmp_path):
    separator, write, said = NUMBERS[way]
    found = read(tmp_path, two(dates(DAYS, "%Y-%m-%d"), map(write, VALUES), separator=separator))
    assert_is(found, DAYS)
    assert said in " ".join(found.notes)


def test_negative_numbers(tmp_path):
    values = VALUES - 1000
    for write in ("({:.2f})", "{:.2f}-", "−{:.2f}", "-${:.2f}", "$-{:.2f}"):
        texts = [write.format(-v) if v < 0 else f"{v:.2f}" for v in values]
        assert_is(read(tmp_path, two(dates(DAYS, "%Y-%m-%d"), texts)), DAYS, values)


def test_thousands_or_decimals_is_settled_by_other_cells_or_asked_for(tmp_path):
    days, whole = dates(DAYS, "%Y-%m-%d"), [f"{1000 + 7 * i:,}" for i in range(N)]
    with pytest.raises(
        ValueError, match=r"thousands from decimals; column 'x' holds '1,000', which can be both: set decimal"
    ):
        read(tmp_path, two(days, whole, separator=";"))
    assert read(tmp_path, two(days, whole, separator=";"), decimal=",").table["x"].iloc[1] == 1.007
    assert read(tmp_path, two(days, whole, separator=";"), decimal=".").table["x"].iloc[1] == 1007
    assert read(tmp_path, two(days, [f'"{w}"' for w in whole])).table["x"].iloc[1] == 1007  # a comma between cells
    assert read(tmp_path, two(days, [*whole[:-1], "17"], separator=";")).table["x"].iloc[1] == 1007
    assert read(tmp_path, two(days, [*whole[:-1], "17,5"], separator=";")).table["x"].iloc[1] == 1.007
    dots = [w.replace(",", ".") for w in whole]
    assert read(tmp_path, two(days, dots)).table["x"].iloc[1] == 1.007
    with pytest.raises(ValueError, match="which can be both"):
        read(tmp_path, two(days, dots, separator=";"))


@pytest.mark.parametrize("mark", [".", "?", "NA", "n/a", "-", "--", "null", "", "#N/A", ":", "..", "NaN", "None"])
def test_marks_of_missing_values_are_named(mark, tmp_path):
    texts = [mark if i % 20 == 3 else v for i, v in enumerate(VALUES)]
    found = read(tmp_path, two(dates(DAYS, "%Y-%m-%d"), texts))
    assert found.table["x"].isna().sum() == 6
    assert "missing values: 6 of 120" in found.notes
    assert mark == "" or f"6 x missing, written {mark!r}: in 'x'" in found.notes


@pytest.mark.parametrize("mark", [-999, -9999, -99, 99999, "-999.0", "-99.9"])
def test_a_number_that_may_mark_missing_values_is_asked_for(mark, tmp_path):
    text = two(dates(DAYS, "%Y-%m-%d"), [mark if i % 20 == 3 else abs(v) / 100 for i, v in enumerate(VALUES)])
    with pytest.raises(
        ValueError, match=rf"'x' holds {float(mark):g} in 6 rows, far .* set missing=\[{float(mark):g}\] if"
    ):
        read(tmp_path, text)
    found = read(tmp_path, text, missing=[float(mark)])
    assert found.table["x"].isna().sum() == 6
    assert any(re.match("6 x missing", note) for note in found.notes)
    assert read(tmp_path, text, missing=[]).table["x"].iloc[3] == float(mark)


def test_nothing_is_asked_where_such_a_number_lies_among_the_others(tmp_path):
    values = np.round(np.linspace(-3000, 3000, N))
    values[40] = -999
    assert_is(read(tmp_path, two(dates(DAYS, "%Y-%m-%d"), values)), DAYS, values)


@given(st.lists(st.floats(-1e9, 1e9), min_size=60, max_size=60), st.sampled_from([".", ","]))
@settings(max_examples=40, deadline=None)
def test_numbers_come_back_from_any_thousands_and_decimals(values, decimal):
    texts = pd.Series(
        [f"{v:,.2f}" if decimal == "." else f"{v:,.2f}".translate(str.maketrans(",.", ".,")) for v in values]
    )
    read_back, bad, _ = cells.numbers(texts, cells.decimal_of(texts, english=False), [])
    assert not bad
    np.testing.assert_allclose(read_back, [float(f"{v:.2f}") for v in values])


# ---- text, header, what stands around

ROWS = dates(DAYS, "%Y-%m-%d")
BODY = [f"{d},{v}" for d, v in zip(ROWS, VALUES, strict=True)]
AROUND = {
    "title": lines("Sales of our shop", "date,x", *BODY),
    "title and blank": lines("Sales of our shop, all of it, in euro", "", "date,x", *BODY),
    "facts above": lines("Series,ABC", "Unit,EUR", "Updated,2024-05-01", "", "date,x", *BODY),
    "comment": lines("# made by a tool", "# version 2", "date,x", *BODY),
    "source below": lines("date,x", *BODY, "", "Source: ECB, see https://ecb.example, 2024"),
    "total below": lines("date,x", *BODY, f"Total,{VALUES.sum()}"),
    "notes below": lines("date,x", *BODY, "* provisional", "Notes: none"),
    "blank rows": lines("date,x", *BODY[:50], ",", "", *BODY[50:], ",,"[:1]),
    "names again": lines("date,x", *BODY[:50], "date,x", *BODY[50:]),
    "units": lines("date,x", "[-],[MW]", *BODY),
    "above and below": lines("Report", "", "date,x", *BODY, "", "Total,5"),
    "no names": lines(*BODY),
    "windows line ends": lines("date,x", *BODY).replace("\n", "\r\n"),
    "trailing separator": lines("date,x,", *(row + "," for row in BODY)),
    "numbered rows": lines(",date,x", *(f"{i},{row}" for i, row in enumerate(BODY))),
    "quoted": lines('"date","x"', *(f'"{d}","{v}"' for d, v in zip(ROWS, VALUES, strict=True))),
    "spaces": lines("date x", *(f"{d}   {v}" for d, v in zip(ROWS, VALUES, strict=True))),
    "a constant beside": lines("ticker,date,x", *(f"ACME,{row}" for row in BODY)),
    "rows twice": lines("date,x", *BODY, *BODY[-3:]),
}


@pytest.mark.parametrize("shape", AROUND)
def test_what_stands_around_a_table_is_left_out(shape, tmp_path):
    found = read(tmp_path, AROUND[shape])
    assert_is(found, DAYS)
    silent = ("windows line ends", "quoted", "blank rows", "trailing separator")
    assert len(found.notes) > 1 or shape in silent


ENCODED = {
    "utf-8-sig": "größe",
    "utf-16": "größe",
    "cp1252": "Umsatz in €",
    "latin-1": "größe",
    "cp1251": "Продажи",
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_encodings(encoding, tmp_path):
    name = ENCODED[encoding]
    found = read(tmp_path, two(ROWS, names=f"date,{name}"), encoding=encoding)
    assert_is(found, DAYS)
    assert list(found.table) == [name]
    assert encoding == "utf-8-sig" or found.notes[0].startswith("encoding: ")


HEADERS = {
    "yfinance, one": (["Price,Close,Volume", "Ticker,ACME,ACME", "Date,,"], ["Close", "Volume"]),
    "yfinance, two": (
        ["Price,Close,Close,Open,Open", "Ticker,ACME,XYZ,ACME,XYZ", "Date,,,,"],
        ["Close ACME", "Close XYZ", "Open ACME", "Open XYZ"],
    ),
    "merged": ([",North,", "date,a,b"], ["a", "b"]),
    "groups": ([",North,,South,", "date,a,b,a,b"], ["North a", "North b", "South a", "South b"]),
    "units": (["date,north,south", ",MW,GW"], ["north MW", "south GW"]),
}


@pytest.mark.parametrize("shape", HEADERS)
def test_several_lines_of_names(shape, tmp_path):
    head, names = HEADERS[shape]
    rows = [f"{d}," + ",".join(f"{v + i}" for i in range(len(names))) for d, v in zip(ROWS, VALUES, strict=True)]
    found = read(tmp_path, lines(*head, *rows))
    assert [name.split(" ")[-1] for name in found.table] == [name.split(" ")[-1] for name in names]
    assert shape == "merged" or list(found.table) == names
    np.testing.assert_allclose(found.table.to_numpy()[:, -1], VALUES + len(names) - 1)


def test_excel_with_empty_rows_columns_and_a_second_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "read me"
    sheet = book.create_sheet("data")
    for row in (["Visits to our shop"], [], [None, "Date", "Visits"]):
        sheet.append(row)
    for day, value in zip(DAYS, VALUES, strict=True):
        sheet.append([None, day.to_pydatetime(), float(value)])
    sheet.append([None, "Total", float(VALUES.sum())])
    book.save(tmp_path / "x.xlsx")
    found = read_series(tmp_path / "x.xlsx")
    assert_is(found, DAYS)
    assert "sheet 'data', one of 2" in found.notes


# ---- layouts


def wide(n=4, times=ROWS):
    return pd.DataFrame({f"s{i}": VALUES[: len(times)] + i for i in range(n)}, index=pd.Index(times, name="date"))


def check_four(found, index):
    assert found.table.shape == (len(index), 4)
    assert list(found.table.index) == list(index)
    np.testing.assert_allclose(np.sort(found.table.iloc[5]), VALUES[5] + np.arange(4))


def test_series_in_rows_with_dates_as_names(tmp_path):
    for times, index in (
        (dates(MONTHS, "%Y-%m"), MONTHS),
        (dates(DAYS, "%m/%d/%Y"), DAYS),
        (list(range(1850, 1970)), YEARS),
    ):
        table = wide(times=times).T
        table.insert(0, "Code", list("abcd"))
        table.rename_axis("Country").to_csv(tmp_path / "x.csv")
        found = read_series(tmp_path / "x.csv")
        check_four(found, index)
        assert any("series in each row" in note for note in found.notes)


def test_series_in_rows_without_dates_of_different_lengths(tmp_path):
    table = wide().reset_index(drop=True).T
    table.columns = [f"V{i + 2}" for i in range(N)]
    table.rename_axis("V1").to_csv(tmp_path / "x.csv")
    check_four(read_series(tmp_path / "x.csv"), range(1, N + 1))
    table.iloc[1, 100:] = np.nan
    table.rename_axis("V1").to_csv(tmp_path / "x.csv")
    found = read_series(tmp_path / "x.csv")
    assert found.table["s1"].isna().sum() == 20
    assert found.table["s1"].iloc[-1] == VALUES[99] + 1
    assert any("last values in one row" in note for note in found.notes)


def test_a_row_a_year_and_a_column_a_month(tmp_path):
    table = pd.DataFrame(
        VALUES.reshape(10, 12), columns=dates(MONTHS[:12], "%b"), index=pd.Index(range(2005, 2015), name="Year")
    )
    table.assign(Annual=table.sum(axis=1)).to_csv(tmp_path / "x.csv")
    found = read_series(tmp_path / "x.csv", value_columns="value")
    assert_is(found, MONTHS)


def long(keys=("item",), **more):
    parts = [pd.DataFrame({"date": ROWS, "item": f"i{i // 2}", "shop": i % 2, "sales": VALUES + i}) for i in range(4)]
    return pd.concat(parts).assign(**more)


LONG = {
    "two keys": lambda f: f,
    "two keys, by date": lambda f: f.sort_values("date", kind="stable"),
    "newest first": lambda f: f.iloc[::-1],
    "shuffled": lambda f: f.sample(frac=1, random_state=1),
    "one key": lambda f: f.assign(item=f["item"] + f["shop"].astype(str)).drop(columns="shop"),
    "a number as key": lambda f: f.assign(item=2 * f["item"].str[1].astype(int) + f["shop"]).drop(columns="shop"),
    "id": lambda f: f.assign(id=range(len(f))),
    "weekday": lambda f: f.assign(dow=pd.to_datetime(f["date"]).dt.day_of_week + 1),
    "weekday from Sunday": lambda f: f.assign(weekday=(pd.to_datetime(f["date"]).dt.day_of_week + 1) % 7),
    "promotion": lambda f: f.assign(promo=(np.arange(len(f)) % 5 == 0).astype(int)),
    "price": lambda f: f.assign(price=np.round(5 + np.arange(len(f)) % 7 / 10, 2)),
    "constant": lambda f: f.assign(currency="EUR", version=3),
}


@pytest.mark.parametrize("shape", LONG)
def test_long_tables(shape, tmp_path):
    LONG[shape](long()).to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv")
    check_four(found, DAYS)
    assert any(note.startswith("long: ") for note in found.notes)
    extra = {"id": "id", "weekday": "dow", "promotion": "promo", "price": "price", "constant": "version"}.get(shape)
    assert extra is None or f"{extra!r}" in " ".join(found.notes)


def test_two_columns_to_forecast_are_asked_for(tmp_path):
    long(customers=np.tile(VALUES.round(), 4)).to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(
        ValueError, match=r"which column to forecast; 'sales', 'customers' hold numbers: choose by value_columns"
    ):
        read_series(tmp_path / "x.csv")
    check_four(read_series(tmp_path / "x.csv", value_columns="sales"), DAYS)
    check_four(read_series(tmp_path / "x.csv", inputs=["customers"]), DAYS)


def test_a_weather_column_beside_one_of_no_telling_name_is_asked_for(tmp_path):
    frame = pd.DataFrame({"date": ROWS, "x": VALUES, "temperature": VALUES[::-1]})
    frame.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(ValueError, match="which column to forecast; 'x', 'temperature' hold numbers"):
        read_series(tmp_path / "x.csv")
    frame.rename(columns={"x": "load"}).to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv")
    assert list(found.table) == ["load"]
    assert any("'temperature' (its name is that of an input)" in note for note in found.notes)


def test_inputs_and_the_future_of_them(tmp_path):
    frame = pd.DataFrame({"date": ROWS, "sales": VALUES, "price": VALUES[::-1], "holiday": ["no", "yes", "no"] * 40})
    frame.loc[frame.index[-10:], "sales"] = np.nan
    frame.to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv", inputs=["price", "holiday"])
    assert list(found.table) == ["sales"] and len(found.table) == N - 10
    assert list(found.inputs["sales"]) == ["price", "holiday_no", "holiday_yes"]
    assert list(found.inputs["sales"].index) == list(DAYS[:-10])
    assert list(found.future_inputs["sales"].index) == list(DAYS[-10:])
    np.testing.assert_allclose(found.future_inputs["sales"]["price"], VALUES[::-1][-10:])
    assert "the last 10 times have no value: they are the future" in found.notes


def test_inputs_of_a_long_table_belong_to_their_series(tmp_path):
    frame = long()
    frame["price"] = np.round(frame["sales"] / 10, 3)
    frame.to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv", value_columns=["sales"], inputs="price")
    assert set(found.inputs) == set(found.table) == {"i0 0", "i0 1", "i1 0", "i1 1"}
    for name, side in found.inputs.items():
        np.testing.assert_allclose(side["price"], found.table[name] / 10, atol=1e-3)
    assert found.future_inputs is None


def test_a_series_may_start_later_or_end_earlier(tmp_path):
    frame = long()
    late = frame[(frame["item"] != "i1") | (frame["date"] > "2021-04-15")]
    late = late[(late["shop"] == 0) | (late["item"] == "i1") | (late["date"] < "2021-06-15")]
    late.to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv")
    assert found.table["i1 0"].first_valid_index() == pd.Timestamp("2021-04-16")
    notes = " ".join(found.notes)
    assert "2 series start later" in notes and "1 series end earlier" in notes and "missing values: none" in notes


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Europe/London"])
@pytest.mark.parametrize("step", ["h", "15min"])
@pytest.mark.parametrize("keyed", [False, True])
def test_the_doubled_hour_of_local_time(zone, step, keyed, tmp_path):
    times = pd.date_range("2023-02-01", "2023-12-01", freq=step, tz=zone)
    frame = pd.DataFrame({"time": times.strftime("%Y-%m-%d %H:%M"), "load": np.arange(len(times)) % 97.0})
    frame = pd.concat([frame.assign(area=a) for a in "ab"]) if keyed else frame
    frame.to_csv(tmp_path / "x.csv", index=False)
    found = read_series(tmp_path / "x.csv")
    assert found.table.index.freqstr == step
    assert any(note.startswith("clocks go back: 2023-1") for note in found.notes)
    lost = 1 if step == "h" else 4  # in spring
    assert found.table.isna().sum().tolist() == [lost] * (1 + keyed)


def test_one_time_a_month_on_different_days(tmp_path):
    last = pd.date_range("2000-01-01", periods=N, freq="BME")
    found = read(tmp_path, two(dates(last, "%Y-%m-%d")))
    assert_is(found, pd.date_range("2000-01-01", periods=N, freq="MS"))
    assert any("one time in each month" in note for note in found.notes)


# ---- shapes of public files, written here


def rows_of(times, write):
    return [write(time, value) for time, value in zip(times, VALUES, strict=True)]


PUBLIC = {  # lines of the file; names of its series; the times
    "World Bank": (
        [
            '"Data Source","World Development Indicators",',
            '"Last Updated Date","2024-05-30",',
            "Country Name,Country Code,Indicator," + ",".join(map(str, range(1850, 1970))) + ",",
            *(f"{c},{c[:3].upper()},GDP," + ",".join(map(str, VALUES)) + "," for c in ("France", "Germany")),
        ],
        ["France", "Germany"],
        YEARS,
    ),
    "Zillow": (
        [
            "RegionID,SizeRank,RegionName,StateName," + ",".join(dates(MONTHS, "%Y-%m-%d")),
            *(f"{100 + i},{i},City {i},TX," + ",".join(map(str, VALUES)) for i in range(3)),
        ],
        ["City 0", "City 1", "City 2"],
        MONTHS,
    ),
    "CO2 on Mauna Loa": (
        [
            "# a comment, with commas",
            "year,month,decimal date,average,ndays",
            *rows_of(MONTHS, lambda t, v: f"{t.year},{t.month},{t.year + (t.month - 0.5) / 12:.4f},{v},-1"),
        ],
        None,
        MONTHS,
    ),
    "BLS": (
        [
            "Series ID,Year,Period,Label,Value",
            *rows_of(MONTHS, lambda t, v: f"CES01,{t.year},M{t.month:02d},{t.year} {t:%b},{v}"),
        ],
        ["Value"],
        MONTHS,
    ),
    "ENTSO-E": (
        [
            "MTU (CET/CEST);Load [MW]",
            *rows_of(HOURS, lambda t, v: f"{t:%d.%m.%Y %H:%M} - {t + pd.Timedelta(hours=1):%d.%m.%Y %H:%M};{v}"),
        ],
        ["Load [MW]"],
        HOURS,
    ),
    "Bundesbank": (
        ["\ufeff;BBK01;BBK01_FLAGS", ";Index;", "Dimension;Prozent;", *rows_of(MONTHS, lambda t, v: f"{t:%Y-%m};{v};")],
        ["Prozent"],
        MONTHS,
    ),
    "Our World in Data": (
        [
            "Entity,Code,Year,Value",
            *(f"{c},{c[:3]},{1850 + i},{v}" for c in ("France", "Germany") for i, v in enumerate(VALUES)),
        ],
        ["France", "Germany"],
        YEARS,
    ),
    "INSEE": (
        ["Trimestre;Valeur", *rows_of(QUARTERS, lambda t, v: f"{t.year}-T{t.quarter};{v}")],
        ["Valeur"],
        QUARTERS,
    ),
    "one column, decimal comma": (["x", *(str(v).replace(".", ",") for v in VALUES)], ["x"], range(1, N + 1)),
    "rows of different lengths": (
        [f"Y{i}," + ",".join(map(str, VALUES[i:])) for i in range(4)],
        ["Y0", "Y1", "Y2", "Y3"],
        range(1, N + 1),
    ),
}


@pytest.mark.parametrize("shape", PUBLIC)
def test_shapes_of_public_files(shape, tmp_path):
    rows, names, index = PUBLIC[shape]
    found = read(tmp_path, lines(*rows), **({"value_columns": "average"} if names is None else {}))
    assert list(found.table) == (names or ["average"])
    assert list(found.table.index) == list(index)
    np.testing.assert_allclose(found.table.iloc[-1], VALUES[-1])


def test_a_column_of_flags_alone_is_not_forecast(tmp_path):
    with pytest.raises(ValueError, match="'open' is only 0 and 1: write numbers, or choose other value_columns"):
        read(tmp_path, two(dates(DAYS, "%Y-%m-%d"), [i % 2 for i in range(N)], names="date,open"))
    found = read(
        tmp_path, two(dates(DAYS, "%Y-%m-%d"), [i % 2 for i in range(N)], names="date,open"), value_columns="open"
    )
    assert found.table["open"].sum() == N // 2


def test_dates_of_no_known_form_are_never_replaced_by_numbers(tmp_path):
    with pytest.raises(ValueError, match="the times in column 'when' must be dates"):
        read(tmp_path, two([f"{t.year} sol {i}" for i, t in enumerate(DAYS)], names="when,x"))


# ---- fourteen files in the shape of well-known public ones (their numbers are made up)

CASES = {  # shape, the first series and time, frequency, words that the notes have
    "01_yfinance.csv": ((157, 5), "Close", "2023-01-02", "B", "lines of names joined"),
    "02_investing.csv": ((159, 6), "Price", "2023-12-05", "B", "thousands K, M, B per cent newest first"),
    "03_fred.csv": ((400, 1), "DEXUSEU", "2023-01-02", "B", "missing, written '.' values: 9 of 400"),
    "04_uci_power.txt": ((400, 1), "Global_active_power", "2006-12-16 17:24", "min", "'Date' and 'Time' written '?'"),
    "07_m4_rows.csv": ((118, 5), "H1", 1, None, "5 rows steps are numbered"),
    "08_unix.csv": ((159, 3), "Open", "2023-01-01", "h", "since 1970"),
    "10_eurostat.csv": ((220, 1), "OBS_VALUE", "2000-01-01", "MS", "year and month"),
    "13_german.csv": ((159, 1), "Umsatz in €", "2021-01-01", "D", "Windows-1252 decimal comma thousands semicolon"),
    "15_rossmann.csv": ((300, 4), "1", "2014-01-01", "D", "'Store' 'DayOfWeek' (the weekday) 'Promo' order of time"),
    "16_favorita.csv": ((200, 4), "1 BEVERAGES", "2016-01-01", "D", "'store_nbr' and 'family' 'id' 'onpromotion'"),
    "22_mon_yy.csv": ((180, 1), "Sales", "2005-01-01", "MS", "name of the month"),
    "24_local_dst.csv": ((1499, 1), "load", "2023-10-01", "h", "2023-10-29 02:00 comes twice averaged"),
    "30_title.xlsx": ((400, 1), "Visits", "2023-01-02", "B", ""),
    "32_nixtla_ragged.csv": ((300, 3), "a", "2022-01-01", "D", "2 series start later values: none"),
}


@pytest.mark.parametrize("name", CASES)
def test_files_as_people_have_them(name):
    shape, series, first, frequency, words = CASES[name]
    found = read_series(Path(__file__).parent / "cases" / name)
    assert found.table.shape == shape
    assert found.table.columns[0] == series
    assert found.table.index[0] == (first if isinstance(first, int) else pd.Timestamp(first))
    assert getattr(found.table.index, "freqstr", None) == frequency
    notes = " ".join(found.notes)
    assert all(word in notes for word in words.split(" "))
    assert all(re.search(r"[\d.]", str(value)) for value in found.table.iloc[-1])


# ---- what further public files have


def test_clock_with_dots_and_a_mark_below_numbers_that_are_never_negative(tmp_path):
    """As the air quality of an Italian city is written (UCI 360)."""
    values = [-200 if i % 20 == 3 else v for i, v in enumerate(VALUES / 500)]
    rows = [f"{t:%d/%m/%Y};{t:%H.%M.%S};{v:.2f};;".replace(".", ",") for t, v in zip(HOURS, values, strict=True)]
    rows = [re.sub(r";(\d\d),(\d\d),(\d\d);", r";\1.\2.\3;", row) for row in rows]
    text = lines("Date;Time;CO(GT);;", *rows)
    with pytest.raises(ValueError, match=r"'CO\(GT\)' holds -200 in 6 rows, far .* set missing=\[-200\] if"):
        read(tmp_path, text)
    found = read(tmp_path, text, missing=[-200])
    assert list(found.table.index) == list(HOURS) and found.table.isna().sum().sum() == 6


def test_a_clock_is_known_by_its_cells_in_any_language(tmp_path):
    assert_is(read(tmp_path, two([f"{t:%d.%m.%Y},{t:%H:%M}" for t in HOURS], names="Päivä,Kello,x")), HOURS)


def test_week_numbers_in_digits(tmp_path):
    texts = [iso.replace("-W", "") for iso in ISO]
    assert_is(read(tmp_path, two(texts, names="yearweek,sales")), WEEKS)


def test_less_than_one_is_read_as_one_and_said(tmp_path):
    found = read(tmp_path, two(ROWS, ["<1" if i == 7 else v for i, v in enumerate(VALUES)]))
    assert found.table["x"].iloc[7] == 1 and any("more or less left out (<1)" in note for note in found.notes)


def test_a_counter_before_the_dates_is_not_forecast(tmp_path):
    rows = [f"{i},{day},{v}" for i, (day, v) in enumerate(zip(ROWS, VALUES, strict=True), start=1)]
    found = read(tmp_path, lines("instant,dteday,x", *rows))
    assert_is(found, DAYS)
    assert any("'instant' (a counter)" in note for note in found.notes)
