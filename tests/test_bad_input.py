"""Bad input to every public helper and every notebook's parameters: one sentence of ours, at once, nothing written.

Each row of the tables is a function, arguments with which it works, and for an argument the values that it must refuse.
What the sentence says of the value is held mechanically: the argument's name, what came, and what is allowed.
"""

import ast
import contextlib
import re
import time
import traceback
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import baselines, cells, comparison, data, metrics, notebook, plots, study

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
OURS = (ValueError, TypeError, FileNotFoundError)
SERIES = np.sin(np.arange(40.0))
X, Y = data.make_windows(SERIES, 8, 2)  # (31, 8), (31, 2)
RNG = np.random.default_rng(0)
PAIRS = RNG.normal(size=(3, 4))  # (seeds, series)


class Came:
    """A bad value, and the words in which a sentence may say what came."""

    def __init__(self, value, *words):
        self.value, self.words = value, words


def bad(value):
    """A value with its possible descriptions: itself or its one item, its type, its shape."""
    if isinstance(value, Came):
        return value
    words = [repr(value), type(value).__name__]
    if isinstance(value, list) and value and not isinstance(value[0], list):
        words.append(repr(value[0]))
    with contextlib.suppress(ValueError):  # a ragged list has no shape
        words.append(str(np.shape(value)))
    return Came(value, *words)


def holes(array, value=np.nan):
    """A copy of ``array`` with two bad numbers."""
    array = np.array(array, dtype=float)
    array.flat[[1, 3]] = value
    return Came(array, "2")


INTEGER = [0, -1, 1.5, "3", None, True, [1]]
SEED = [-1, 1.5, "1", None, False, 2**32]
CHOICE = ["nope", "", None, 3, ["gru"]]
NO_ARRAY = ["text", None, [["a", "b"], ["c", "d"]], [[1, 2], [3]]]
MATRIX = [*NO_ARRAY, np.zeros(3), np.zeros((2, 2, 2)), np.zeros((0, 2)), 5]
VECTOR = [*NO_ARRAY, np.zeros((2, 2, 2)), Came(np.zeros(0), "(0,)", "0 values"), 5]
GRID = {"protocol": "sound", "datasets": ["toy"], "horizons": [1], "models": ["gru"], "seeds": [1]}
WEIGHTS = [np.zeros((1, 6)), np.zeros((2, 6)), np.zeros((2, 6))]
CELL = np.zeros((2, 5, 1))


def table(rows=640):
    """A simulated table of two series."""
    made = pd.DataFrame(RNG.normal(size=(rows, 2)).cumsum(axis=0), columns=["a", "b"])
    made.attrs = {"source": "simulated", "season": 7}
    return made


def fitted(kind, **windows):
    return kind(7).fit(**windows) if kind is baselines.SeasonalNaive else kind().fit(**windows)


FITS = {"X": [*MATRIX, holes(X)], "y": [*MATRIX, holes(Y), Came(Y[:5], "5")]}
PAIR = {"actual": [*MATRIX, holes(Y), Y[:, 0]], "predicted": [*MATRIX, holes(Y, np.inf), Came(Y[:5], "(5, 2)")]}
DIFFERENCES = [*VECTOR, np.zeros((2, 2)), holes(PAIRS[0])]
TABLES = [[1, 2], None, "bankex", Came(pd.DataFrame(), "(0, 0)")]
# what a sentence may call an argument beside its own name, or its name less the s of a list
ALIASES = {"name": "dataset", "length": "series"}

# function -> (the call, arguments that work, argument -> values to refuse)
HELPERS = {
    "data.check_table": (data.check_table, {"table": table()}, {"table": TABLES}),
    "data.load": (
        lambda name, **rest: data.load(name, **rest),
        {"name": "bankex", "source": "simulated", "seed": 1},
        {"name": CHOICE, "source": CHOICE, "seed": SEED[:-1]},
    ),
    "data.simulate_bankex": (
        data.simulate_bankex,
        {"n_days": 20, "seed": 1},
        {"n_days": [1, *INTEGER, 10**12], "seed": SEED[:-1]},
    ),
    "data.simulate_activities": (
        data.simulate_activities,
        {"n_weeks": 3, "seed": 1},
        {"n_weeks": [*INTEGER, 10**12], "seed": SEED[:-1]},
    ),
    "data.make_windows": (
        data.make_windows,
        {"series": SERIES, "window": 8, "horizon": 2},
        {
            "series": [*VECTOR, np.zeros((3, 3))],
            "window": [*INTEGER, 40, 10**30],
            "horizon": [*INTEGER, 40],
        },
    ),
    "data.published_split": (
        data.published_split,
        {"length": 100, "window": 8, "horizon": 2, "test": 30},
        {"length": [*INTEGER, 20], "window": [*INTEGER, 99], "horizon": [*INTEGER, 31], "test": [*INTEGER, 99]},
    ),
    "data.chronological_split": (
        data.chronological_split,
        {"length": 100, "window": 8, "horizon": 2, "test": 30, "validation": 30},
        {
            "length": [*INTEGER, 69],
            "window": [*INTEGER, 99],
            "horizon": [*INTEGER, 31],
            "test": [*INTEGER, 99],
            "validation": [*INTEGER, 99],
        },
    ),
    "data.min_max": (data.min_max, {"values": SERIES}, {"values": [*VECTOR, holes(SERIES)]}),
    "data.normalise_windows": (
        data.normalise_windows,
        {"X": X, "y": Y, "smallest_spread": 1e-3},
        {
            "X": MATRIX,
            "y": [MATRIX[0], *MATRIX[2:], Came(Y[:5], "5", "(5, 2)")],
            "smallest_spread": [0, -1, "1", np.nan, None],
        },
    ),
    "baselines.make_baseline": (
        baselines.make_baseline,
        {"name": "seasonal_naive", "season": 7},
        {"name": CHOICE, "season": INTEGER},
    ),
    "baselines.SeasonalNaive": (baselines.SeasonalNaive, {"season": 7}, {"season": INTEGER}),
    "baselines.SeasonalNaive().fit": (
        lambda season: baselines.SeasonalNaive(season).fit(X, Y),
        {"season": 7},
        {"season": [9, 100]},
    ),
    "baselines.find_season": (
        baselines.find_season,
        {"series": SERIES, "longest": 10},
        {"series": [*VECTOR, holes(SERIES), Came(np.zeros(5), "5")], "longest": [1, *INTEGER]},
    ),
    **{
        f"baselines.{kind.__name__}.fit": (
            lambda kind=kind, **windows: fitted(kind, **windows),
            {"X": X, "y": Y},
            FITS,
        )
        for kind in (baselines.LastValue, baselines.Drift, baselines.SeasonalNaive, baselines.NLinear)
    },
    **{
        f"metrics.{score.__name__}": (score, {"actual": Y, "predicted": Y + 1}, PAIR)
        for score in (metrics.rmse, metrics.mae, metrics.published_directional_accuracy)
    },
    "metrics.mase": (
        metrics.mase,
        {"actual": Y, "predicted": Y + 1, "naive_error": 0.5},
        PAIR | {"naive_error": [0, -1, np.nan, np.inf, "1", None]},
    ),
    "metrics.directional_accuracy": (
        metrics.directional_accuracy,
        {"actual": Y, "predicted": Y + 1, "last": X[:, -1:]},
        PAIR | {"last": [X[:, -1], np.zeros((3, 1)), None, "text", holes(X[:, -1:])]},
    ),
    "metrics.skill": (
        metrics.skill,
        {"error": 0.5, "reference": 1.0},
        {"reference": [0, -1.0, np.nan, "1", None]},
    ),
    **{
        f"cells.{cell.__name__}": (
            cell,
            {"x": CELL, "weights": weights},
            {
                "x": ["text", np.zeros(3), np.zeros((2, 5)), np.zeros((2, 0, 1)), holes(CELL)],
                "weights": [None, "abc", [], weights[:2], np.zeros(3)],
                "h": [np.zeros(3), "text", holes(np.zeros((2, 2)))],
            },
        )
        for cell, weights in (
            (cells.simple_rnn, [np.zeros((1, 2)), np.zeros((2, 2)), np.zeros(2)]),
            (cells.lstm, [np.zeros((1, 8)), np.zeros((2, 8)), np.zeros(8)]),
            (cells.gru, WEIGHTS),
        )
    },
    "study.make_grid": (
        study.make_grid,
        GRID | {"window": 8, "units": 2},
        {
            "protocol": CHOICE,
            "datasets": [[], "toy", None, 3, ["toy", "toy"], [3]],
            "horizons": [[], [0], [1.5], ["1"], [None], 3, None, [1, 1]],
            "models": [[], ["transformer"], [None], "gru", 3, None, ["gru", "gru"]],
            "seeds": [[], [-1], [1.5], ["1"], 3, None, [1, 1]],
            "window": INTEGER,
            "units": INTEGER,
        },
    ),
    "study.make_grid settings": (
        study.make_grid,
        GRID | {"epochs": 2, "patience": 1, "batch_size": 32, "learning_rate": 1e-3},
        {
            "epochs": INTEGER,
            "patience": [0, -1, 1.5, "3"],
            "batch_size": INTEGER,
            "learning_rate": [0, -1.0, "fast", None, np.nan],
            "epoch": [3],
        },
    ),
    "study.prepare": (
        study.prepare,
        {"values": table()["a"].to_numpy(), "protocol": "sound", "window": 8, "horizon": 2},
        {
            "values": [None, "text", np.zeros((9, 9)), holes(table()["a"]), Came(np.arange(100.0), "100")],
            "protocol": CHOICE,
            "window": [*INTEGER, 600],
            "horizon": [*INTEGER, 252],
        },
    ),
    "comparison.find_results": (
        comparison.find_results,
        {"results": None, "output": "."},
        {"results": ["nowhere.csv", 5, "", ["a.csv"], ".", True]},
    ),
    **{
        f"comparison.{test.__name__}": (test, {"d": PAIRS.ravel()}, {"d": DIFFERENCES})
        for test in (
            comparison.wilcoxon,
            comparison.sign_flip,
            comparison.hodges_lehmann,
            comparison.rank_biserial,
        )
    },
    "comparison.crossed_effects": (
        comparison.crossed_effects,
        {"d": PAIRS},
        {"d": [*NO_ARRAY, np.zeros(3), np.zeros((1, 1)), holes(PAIRS)]},
    ),
    **{
        f"comparison.{test.__name__}": (
            test,
            {"d": PAIRS, "margin": 0.5},
            {"d": [*NO_ARRAY, np.zeros(3), holes(PAIRS)], "margin": [0, -1, np.nan, "1", None]},
        )
        for test in (comparison.bayesian_signed_rank, comparison.judge)
    },
    "comparison.diebold_mariano": (
        comparison.diebold_mariano,
        {"first": RNG.uniform(size=30), "second": RNG.uniform(size=30), "horizon": 2},
        {
            "first": [*NO_ARRAY, np.zeros(0), holes(SERIES[:30]), np.zeros(7)],
            "second": [*NO_ARRAY, np.zeros(0), holes(SERIES[:30])],
            "horizon": [*INTEGER, 31],
        },
    ),
    "comparison.pesaran_timmermann": (
        comparison.pesaran_timmermann,
        {"actual": SERIES, "predicted": SERIES},
        {"actual": [*NO_ARRAY, holes(SERIES), np.ones(40), np.zeros(3)], "predicted": [*NO_ARRAY, -np.ones(40)]},
    ),
    "plots.show": (
        lambda alt: plots.show(plt.figure(), "name", alt),
        {"alt": "A picture of nothing at all."},
        {"alt": ["", " ", None, 3]},
    ),
    "notebook.Run.pick": (
        lambda profile: notebook.Run(profile, Path(), Path()).pick(smoke=1, quick=2, full=3),
        {"profile": "quick"},
        {},
    ),
}
CASES = [
    pytest.param(call, good, argument, bad(value), id=f"{name}-{argument}-{number}")
    for name, (call, good, refused) in HELPERS.items()
    for argument, values in refused.items()
    for number, value in enumerate(values)
]


@pytest.fixture
def bare_folder(tmp_path, monkeypatch):
    """An empty working folder, which must stay empty; and a cache folder without data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "PUBLISHED_RESULTS", tmp_path / "figures" / "results.csv")
    monkeypatch.setattr(plots, "_folder", None)
    yield tmp_path
    assert not list(tmp_path.iterdir())


def refuse(call, argument, value, words):
    """Hold that ``call()`` raises a good sentence about ``argument`` within two seconds."""
    started = time.perf_counter()
    with pytest.raises(Exception) as caught:
        call()
    seconds = time.perf_counter() - started
    sentence = str(caught.value)
    assert caught.type in OURS, f"{caught.type.__name__}: {sentence}"
    source = traceback.extract_tb(caught.tb)[-1].filename
    assert Path(source).parent == ROOT / "helpers", f"raised in {source}: {sentence}"
    problems = {
        "one line": "\n" not in sentence and sentence.endswith("."),
        f"names {argument}": re.search(rf"\b({argument}|{argument.rstrip('s')}|{ALIASES.get(argument)})\b", sentence),
        f"says what came, one of {words}": any(
            word in sentence.partition("got ")[2] or word in sentence.partition("no file ")[2] for word in words
        ),
        "says what is allowed": re.search(r"\b(must|needs?|allowed|has|enough)\b", sentence),
        "is short": len(sentence) < 400,
    }
    assert all(problems.values()), f"{[name for name, good in problems.items() if not good]}: {sentence}"
    assert seconds < 2


@pytest.mark.parametrize(("call", "good", "argument", "value"), CASES)
def test_a_bad_argument_of_a_helper(call, good, argument, value, bare_folder):
    refuse(lambda: call(**good | {argument: value.value}), argument, value.value, value.words)


@pytest.mark.parametrize("name", HELPERS)
def test_the_other_arguments_are_good(name, bare_folder):
    """So that a refusal above is of the one bad value."""
    call, good, _ = HELPERS[name]
    if name != "comparison.find_results":
        call(**good)
