"""A reader's own file: reading it, saying what is wrong with it, and giving verdicts that can be trusted."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from test_notebooks import assert_answers_are_judged, with_answers

from tools import reader

NOTEBOOK = ROOT / "notebooks" / "08_your_own_series.ipynb"
DAYS = 90


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    days = pd.date_range("2020-01-31", periods=DAYS, freq="D")
    return pd.DataFrame({"date": days, "a": rng.normal(100, 30, DAYS).round(3), "b": rng.integers(0, 9, DAYS)})


def long(frame, **names):
    return frame.melt("date", var_name="item", value_name="sales").replace({"item": names})


WAYS = {
    "comma.csv": lambda f, path: f.to_csv(path, index=False),
    "numbered rows.csv": lambda f, path: f.to_csv(path),
    "byte order mark.csv": lambda f, path: f.to_csv(path, index=False, encoding="utf-8-sig"),
    "semicolon.csv": lambda f, path: f.to_csv(path, index=False, sep=";", decimal=",", date_format="%d.%m.%Y"),
    "tab.tsv": lambda f, path: f.to_csv(path, index=False, sep="\t"),
    "american.csv": lambda f, path: f.to_csv(path, index=False, date_format="%m/%d/%Y"),
    "british.csv": lambda f, path: f.to_csv(path, index=False, date_format="%d/%m/%Y"),
    "digits.csv": lambda f, path: f.to_csv(path, index=False, date_format="%Y%m%d"),
    "newest first.csv": lambda f, path: f.iloc[::-1].to_csv(path, index=False),
    "c.csv.gz": lambda f, path: f.to_csv(path, index=False),
    "c.csv.zip": lambda f, path: f.to_csv(path, index=False),
    "c.csv.xz": lambda f, path: f.to_csv(path, index=False),
    "c.parquet": lambda f, path: f.to_parquet(path),
    "indexed.parquet": lambda f, path: f.set_index("date").to_parquet(path),
    "c.xlsx": lambda f, path: f.to_excel(path, index=False),
    "long.csv": lambda f, path: long(f).to_csv(path, index=False),
    "shuffled long.csv": lambda f, path: long(f).sample(frac=1, random_state=0).to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_write_a_table_is_read_as_the_same_table(name, frame, tmp_path):
    WAYS[name](frame, tmp_path / name)
    found = reader.read_series(name, folders=(tmp_path / "elsewhere", tmp_path))
    table = found.table
    expected = frame.set_index("date").astype(float)
    pd.testing.assert_frame_equal(table, expected, check_names=False, check_freq=False)
    assert table.index.freqstr == "D"
    assert any(note.startswith("long: ") for note in found.notes) == ("long" in name)
    assert any("newest first" in note for note in found.notes) == name.startswith("newest")


def test_series_named_by_numbers_and_chosen_columns(frame, tmp_path):
    long(frame, a=1, b=2).to_csv(tmp_path / "n.csv", index=False)
    assert list(reader.read_series(tmp_path / "n.csv").table) == ["1", "2"]
    frame.to_csv(tmp_path / "w.csv", index=False)
    assert list(reader.read_series(tmp_path / "w.csv", value_columns="b").table) == ["b"]
    table = reader.read_series(tmp_path / "w.csv", time_column="date", value_columns=["b", "a"]).table
    assert list(table) == ["b", "a"]


def test_no_time_column_and_no_line_of_names(frame, tmp_path):
    frame[["a", "b"]].to_csv(tmp_path / "n.csv", index=False, header=False)
    table = reader.read_series(tmp_path / "n.csv").table
    assert table.shape == (DAYS, 2)
    assert table.index.tolist() == list(range(1, DAYS + 1))
    assert "no column of times: the rows are numbered" in table.attrs["found"].values()


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (pd.date_range("2010-01-31", periods=80, freq="ME").strftime("%Y-%m-%d"), "ME"),
        (pd.date_range("2010-01-31", periods=80, freq="ME").strftime("%Y-%m"), "MS"),
        (pd.date_range("2010-01-31", periods=80, freq="ME").strftime("%b %Y"), "MS"),
        (pd.date_range("2010-01-31", periods=80, freq="ME").strftime("%Y%m").astype(int), "MS"),
        (pd.period_range("1990Q1", periods=80, freq="Q").astype(str), "3MS"),
        (pd.date_range("2020-01-01", periods=80, freq="15min"), "15min"),
        (pd.date_range("2020-01-04", periods=80, freq="W-SAT"), "7D"),
        (pd.date_range("2024-10-25", periods=80, freq="h", tz="Europe/Berlin"), "h"),  # offsets tell the hours apart
        (range(1900, 1980), None),
    ],
    ids=["month ends", "months", "named months", "month digits", "quarters", "minutes", "weeks", "offsets", "years"],
)
def test_frequencies(times, frequency, tmp_path):
    pd.DataFrame({"time": list(times), "x": np.arange(80.0)}).to_csv(tmp_path / "f.csv", index=False)
    table = reader.read_series(tmp_path / "f.csv").table
    assert len(table) == 80
    assert getattr(table.index, "freqstr", None) == frequency


def test_gaps_become_missing_values_that_are_told(tmp_path):
    days = pd.bdate_range("2020-01-01", periods=100).delete([5, 60, 61])  # two holidays on trading days
    pd.DataFrame({"day": days, "price": np.arange(97.0)}).to_csv(tmp_path / "b.csv", index=False)
    table = reader.read_series(tmp_path / "b.csv").table
    assert table.index.freqstr == "B"
    assert table["price"].isna().sum() == 3
    assert "gaps in time: 3 of 100 steps have no row" in table.attrs["found"].values()


def lines(*rows):
    return "\n".join(rows) + "\n"


def dated(values, start="2024-01-01", freq="D"):
    return [
        f"{day:%Y-%m-%d},{value}"
        for day, value in zip(pd.date_range(start, periods=len(values), freq=freq), values, strict=True)
    ]


MIXED = [*pd.date_range("2024-01-01", periods=40), *pd.date_range("2024-03-01", periods=40, freq="W")]
BAD = {
    "empty": ("", {}, r"csv must hold a line of names .*; x.csv is empty\."),
    "only names": ("date,a\n", {}, r"x.csv holds no row\."),
    "no number": (lines("date,a", *dated(["x"] * 60)), {}, r"csv must hold numbers; column 'a' holds 'x'"),
    "ragged": (
        lines("a,b", *["1,2"] * 30, "1,2,3,4", *["1,2"] * 30),
        {},
        r"x.csv can't \(.*line 32.*\): is it whole\?",
    ),
    "date": (
        lines("date,a", *dated(range(50)), "soon,1"),
        {},
        r"column 'date' must be dates .*; got 'soon' in row 51:",
    ),
    "no date": (lines("date,a", *[f"day {i},{i}" for i in range(60)]), {}, r"got 'day 0' in row 1:"),
    "mixed": (lines("t,a", *[f"{t},{i}" for i, t in enumerate(MIXED)]), {}, r"evenly spaced; most steps are 1 days"),
    "twice": (
        lines("t,a", *dated(range(60)), "2024-02-01,5"),
        {},
        r"comes again in row 61: decide which row counts, or.*\.",
    ),
    "20 rows": (lines("date,a", *dated(range(20))), {}, r"at least 50 rows in time; got 20: add history\."),
    "infinite": (lines("date,a", *dated([*range(60), "inf"])), {}, r"finite numbers; got 1 infinite"),
    "holes": (lines("date,a,b", *dated([f"{i},{i if i % 2 else ''}" for i in range(80)])), {}, r"'b' misses 4.%"),
    "time column": (
        lines("date,a", *dated(range(60))),
        {"time_column": "day"},
        r"file, which has date, a; got 'day'\.",
    ),
    "value column": (lines("date,a", *dated(range(60))), {"value_columns": ["c"]}, r"value_columns .* got 'c'\."),
    "text column": (
        lines("date,a,b", *dated([f"{i},{'closed' if i == 7 else i}" for i in range(60)])),
        {"value_columns": ["b"]},
        r"value_columns must hold numbers; column 'b' holds 'closed'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_with_a_way_out(case, tmp_path):
    text, options, sentence = BAD[case]
    (tmp_path / "x.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=sentence) as caught:
        reader.read_series("x.csv", folders=[tmp_path], **options)
    assert "\n" not in str(caught.value)
    assert re.search(r"[.?]$", str(caught.value))


def test_a_missing_file_is_told_with_the_places_where_it_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no .*one/x.csv nor .*two/x.csv"):
        reader.read_series("x.csv", folders=[tmp_path / "one", tmp_path / "two"])


@pytest.mark.parametrize("name", ["x.pkl", "x.npy", "x.csv.gz", "x.parquet", "x.xlsx", "x.parquet.gz"])
def test_another_format_and_a_damaged_file_are_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x80\x04N.")  # a pickle: it must not be opened as one
    with pytest.raises(ValueError, match=r"csv must be (a text file|a file that can be read).*: (save it|is it whole)"):
        reader.read_series(name, folders=[tmp_path])


def test_an_address_is_read_or_told_not_to_answer(frame, tmp_path):
    frame.to_csv(tmp_path / "sales.csv.gz", index=False)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert reader.read_series(f"{address}/sales.csv.gz?version=2").table.shape == (DAYS, 2)
        with pytest.raises(ConnectionError, match=r"x.csv does not \(.*(?i:not found).*\): open it in a browser"):
            reader.read_series(f"{address}/x.csv")
        server.shutdown()
    with pytest.raises(ConnectionError, match=r"csv must be an address that answers; .* does not \("):
        reader.read_series(f"{address}/sales.csv.gz")
    with pytest.raises(ValueError, match="csv must be an https address"):
        reader.read_series("http://example.org/sales.csv")
    asked = urllib.request.Request("https://example.org/sales.csv")
    with pytest.raises(ValueError, match="csv must be an https address all the way"):
        reader._StaysOnHttps().redirect_request(asked, None, 302, "Found", {}, "http://example.org/sales.csv")
    further = reader._StaysOnHttps().redirect_request(asked, None, 302, "Found", {}, "https://example.org/2.csv")
    assert further.full_url == "https://example.org/2.csv"
    with pytest.raises(ConnectionError, match="csv must be an address that answers"):
        reader.read_series("http://localhost/my file.csv")


@pytest.mark.parametrize("first", [100_000, 99_950, 10_000_000])
def test_a_counter_of_six_or_eight_digits_is_no_date(first, tmp_path):
    pd.DataFrame({"step": first + np.arange(100), "x": np.arange(100.0)}).to_csv(tmp_path / "a.csv", index=False)
    table = reader.read_series(tmp_path / "a.csv", time_column="step").table
    assert list(table.columns) == ["x"]
    assert list(table.index[[0, -1]]) == [first, first + 99]


def test_columns_may_be_called_by_numbers(tmp_path):
    days = pd.date_range("2024-01-01", periods=100).strftime("%Y-%m-%d")
    rows = "\n".join(f"{day},{i},{2 * i}" for i, day in enumerate(days))
    (tmp_path / "a.csv").write_text(rows)  # no line of names
    (tmp_path / "b.csv").write_text(f"date,2020,2021\n{rows}")
    for name, column in (("a.csv", "2"), ("b.csv", "2021")):
        table = reader.read_series(tmp_path / name, value_columns=[column]).table
        assert list(table.columns) == [column]
        assert table[column].iloc[-1] == 198


# ---- the whole notebook, from the command line


@pytest.mark.thorough  # its smaller twin: the command, in test_own_answer; the notebook itself runs in any case
def test_a_file_from_the_command_line(tmp_path):
    """As README has it, from the repository's root; the exercises are answered wrong and right on the way."""
    rng = np.random.default_rng(0)
    months = pd.date_range("2008-01-01", periods=180, freq="MS")
    sales = 100 + 20 * np.sin(2 * np.pi * np.arange(180) / 12) + rng.standard_normal(180)
    frame = pd.DataFrame({"Monat": months, "Umsatz": sales.round(2)})
    frame.to_csv(tmp_path / "sales.csv", index=False, sep=";", decimal=",", date_format="%d.%m.%Y", encoding="utf-8")
    output, relative = tmp_path / "out.ipynb", os.path.relpath(tmp_path / "sales.csv", ROOT)
    options = {"csv": relative, "horizon": 6, "profile": "smoke", "output_dir": str(tmp_path), "n_jobs": 1}
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(with_answers(NOTEBOOK, tmp_path)),
        str(output),
        "--no-progress-bar",
    ]
    command += [part for name, value in options.items() for part in ("-p", name, str(value))]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert_answers_are_judged(nbformat.read(output, as_version=4))
    forecast = pd.read_csv(tmp_path / "forecast.csv", parse_dates=["time"])
    assert list(forecast["time"]) == list(pd.date_range("2023-01-01", periods=6, freq="MS"))
    assert (forecast["low"] <= forecast["forecast"]).all() and (forecast["forecast"] <= forecast["high"]).all()
    answer = set(pd.read_csv(tmp_path / "verdict.csv")["answer"])
    assert answer == {json.loads((tmp_path / "own_series.json").read_text())["answer"]} == set(forecast["model"])
    assert (tmp_path / "own_series.keras").is_file()
