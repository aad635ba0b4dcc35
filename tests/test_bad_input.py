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
from papermill.exceptions import PapermillExecutionError

from helpers import baselines, cells, comparison, data, metrics, notebook, plots, study, windows
from tools import results, tables
from tools.run import under_papermill

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
OURS = (ValueError, TypeError, FileNotFoundError)
SERIES = np.sin(np.arange(40.0))
X, Y = windows.make_windows(SERIES, 8, 2)  # (31, 8), (31, 2)
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
VECTOR = [*NO_ARRAY, np.zeros((2, 2, 2)), np.zeros(0), 5]
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
ALIASES = {"name": "dataset", "length": "series", "X": "part", "y": "part", "epoch": "settings"}

# function -> (the call, arguments that work, argument -> values to refuse)
HELPERS = {
    "tables.check_table": (tables.check_table, {"table": table()}, {"table": TABLES}),
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
    "windows.make_windows": (
        windows.make_windows,
        {"series": SERIES, "window": 8, "horizon": 2},
        {
            "series": [
                Came("text", "type <U4"),
                Came(None, "type object"),
                Came([["a"]], "type <U1"),
                np.zeros((3, 3)),
                Came(np.zeros(0), "8 + 2"),
                5,
            ],
            "window": [*INTEGER, 40, 10**30],
            "horizon": [*INTEGER, 40],
        },
    ),
    "windows.published_split": (
        windows.published_split,
        {"length": 100, "window": 8, "horizon": 2, "test": 30},
        {"length": [*INTEGER, 20], "window": [*INTEGER, 99], "horizon": [*INTEGER, 31], "test": [*INTEGER, 99]},
    ),
    "windows.chronological_split": (
        windows.chronological_split,
        {"length": 100, "window": 8, "horizon": 2, "test": 30, "validation": 30},
        {
            "length": [*INTEGER, 69],
            "window": [*INTEGER, 99],
            "horizon": [*INTEGER, 31],
            "test": [*INTEGER, 99],
            "validation": [*INTEGER, 99],
        },
    ),
    "windows.min_max": (
        windows.min_max,
        {"values": SERIES},
        {"values": [*NO_ARRAY[:3], np.zeros((2, 2, 2)), np.zeros(0), 5, holes(SERIES)]},
    ),
    "windows.normalise_windows": (
        windows.normalise_windows,
        {"X": X, "y": Y, "smallest_spread": 1e-3},
        {
            "X": [*MATRIX[:3], *MATRIX[4:]],
            "y": [MATRIX[0], MATRIX[2], *MATRIX[4:], Came(Y[:5], "5", "(5, 2)")],
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
        {"reference": [0, -1.0, Came(np.nan, "nan"), "1", None, Came(np.array([1.0, 0.0]), "[1.0, 0.0]")]},
    ),
    **{
        f"cells.{cell.__name__}": (
            cell,
            {"x": CELL, "weights": weights},
            {
                "x": ["text", np.zeros(3), np.zeros((2, 5)), np.zeros((2, 0, 1)), holes(CELL)],
                "weights": [None, "abc", Came([], "0 arrays"), Came(weights[:2], "2 arrays"), np.zeros(3)],
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
            "epoch": [Came(3, "'epoch'")],
        },
    ),
    "study.prepare": (
        study.prepare,
        {"values": table()["a"].to_numpy(), "protocol": "sound", "window": 8, "horizon": 2},
        {
            "values": [None, "text", holes(table()["a"]), Came(np.arange(100.0), "100")],
            "protocol": CHOICE,
            "window": [*INTEGER, 600],
            "horizon": [*INTEGER, 252],
        },
    ),
    "results.find_results": (
        results.find_results,
        {"results": None, "output": "."},
        {"results": ["nowhere.csv", 5, "", ["a.csv"], ".", True]},
    ),
    "comparison.crossed_effects": (
        comparison.crossed_effects,
        {"d": PAIRS},
        {"d": [*NO_ARRAY, np.zeros(3), holes(PAIRS)]},
    ),
    "comparison.judge": (
        comparison.judge,
        {"d": PAIRS, "margin": 0.5},
        {"d": [*NO_ARRAY, np.zeros(3), holes(PAIRS)], "margin": [0, -1, np.nan, "1", None]},
    ),
    "comparison.fixed_smoothing": (
        comparison.fixed_smoothing,
        {"first": RNG.uniform(size=30), "second": RNG.uniform(size=30)},
        {
            "first": [*NO_ARRAY, np.zeros(0), holes(SERIES[:30]), np.zeros(7)],
            "second": [*NO_ARRAY, np.zeros(0), holes(SERIES[:30])],
        },
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
    monkeypatch.setattr(results, "PUBLISHED_RESULTS", tmp_path / "figures" / "results.csv")
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
    said = re.split("got |there is no", sentence, maxsplit=1)[-1]
    assert caught.type in OURS, f"{caught.type.__name__}: {sentence}"
    source = traceback.extract_tb(caught.tb)[-1].filename
    assert Path(source).parent in (ROOT / "helpers", ROOT / "tools"), f"raised in {source}: {sentence}"
    problems = {
        "one line": "\n" not in sentence and sentence.endswith("."),
        f"names {argument}": re.search(rf"\b({argument}|{argument.rstrip('s')}|{ALIASES.get(argument)})\b", sentence),
        f"says what came, one of {words}": any(word in said for word in words),
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
    if name != "results.find_results":
        call(**good)


# ---- what a network is given


@pytest.fixture(scope="module")
def training():
    from helpers import training

    return training


MODEL = {"cell": "gru", "units": 2, "window": 8, "horizon": 2, "seed": 1}
FIT = {"X": X, "y": Y, "epochs": 1, "batch_size": 32, "learning_rate": 1e-3, "seed": 1}
NETWORKS = [
    pytest.param(function, good, argument, bad(value), id=f"{function}-{argument}-{number}")
    for function, good, refused in (
        (
            "build_model",
            MODEL,
            {"cell": CHOICE, "units": INTEGER, "window": INTEGER, "horizon": INTEGER, "seed": [-1, 1.5, "1"]},
        ),
        ("matched_units", {"units": 3}, {"units": INTEGER}),
        (
            "fit",
            FIT,
            {
                "X": [
                    Came(X[:, 1:], "(31, 7)"),
                    Came(X[:, 0], "(31,)"),
                    Came(X[:5], "(5, 8)"),
                    Came(holes(X).value, "missing"),
                ],
                "y": [Came(Y[:, 1:], "(31, 1)"), Came(Y[:5], "(5, 2)"), Came(holes(Y, np.inf).value, "infinite")],
                "epochs": INTEGER,
                "batch_size": INTEGER,
                "learning_rate": [0, -1.0, "fast", None, np.nan, np.inf],
                "seed": [-1, 1.5, "1", None],
                "patience": [0, -1, 1.5, "3", Came(2, "patience=None")],
            },
        ),
        ("load", {}, {"path": ["nowhere.keras", "results.csv", "", None, 3]}),
    )
    for argument, values in refused.items()
    for number, value in enumerate(values)
]


@pytest.mark.parametrize(("function", "good", "argument", "value"), NETWORKS)
def test_a_bad_argument_of_a_network(function, good, argument, value, training, bare_folder):
    def call():
        arguments = good | {argument: value.value}
        if function == "fit":
            arguments = {"model": network} | arguments
        getattr(training, function)(**arguments)

    network = training.build_model(**MODEL) if function == "fit" else None
    refuse(call, argument, value.value, value.words)


# ---- the parameters of all notebooks


TEXT = ["", " ", 3, True, ["a"]]
WHOLE = [0, -1, 1.5, "3", True, [1]]
PARAMETERS = {
    "profile": ["slow", "", None, 3, ["quick"], "Quick"],
    "output_dir": ["", "  ", None, 3, ["build"], "/dev/null/build", "zero\0byte"],
    "seed": SEED,
    "source": CHOICE,
    "dataset": CHOICE,
    "datasets": [[], "bankex", None, 3, ["nasdaq"], [None], ["bankex", "bankex"]],
    "horizon": [*WHOLE, None],
    "horizons": [[], 1, "1", None, [0], [1.5], ["1"], [True], [1, 1]],
    "window": WHOLE,
    "units": WHOLE,
    "n_seeds": WHOLE,
    "n_jobs": [0, -2, 1.5, "2", None, True, -1.0],
    "results": ["nowhere.csv", "", ".", 3, True, ["a.csv"]],
    "csv": ["", 3, ["a.csv"], "http://example.org/a.csv", "ftp://example.org/a.csv"],
    "time_column": TEXT,
    "value_columns": [[], "", 3, [3], ["a", "a"]],
    "inputs": [[], "", 3, [3], ["a", "a"]],
    "key_columns": [[], "", 3, [3], ["a", "a"]],
    "day_first": ["yes", "first"],
    "decimal": ["", ";", 3],
    "missing": ["NA", 3, [-999, -999]],
    "encoding": TEXT,
    "season": WHOLE,
    "scheduler": ["", 3, ["tcp://a:1"]],
}


def parameters(path):
    """The parameters of a notebook with their values, read from its cell tagged ``parameters``."""
    for cell in nbformat.read(path, as_version=4).cells:
        if "parameters" in cell.metadata.get("tags", []):
            nodes = ast.parse(cell.source).body
            return {node.targets[0].id: ast.literal_eval(node.value) for node in nodes}
    raise LookupError(path.name)


IN_NOTEBOOKS = [
    pytest.param(path, name, bad(value), id=f"{path.stem[:2]}-{name}-{number}")
    for path in NOTEBOOKS
    for name in parameters(path)
    for number, value in enumerate(PARAMETERS[name])
]


@pytest.mark.parametrize(("path", "name", "value"), IN_NOTEBOOKS)
def test_a_bad_parameter_of_a_notebook(path, name, value, bare_folder):
    given = parameters(path) | {"output_dir": str(bare_folder / "build")} | {name: value.value}
    refuse(lambda: notebook.setup(**given), name, value.value, value.words)


def test_there_are_hundreds_of_bad_inputs():
    assert len(CASES) + len(NETWORKS) >= 400
    assert len(IN_NOTEBOOKS) >= 150


WALKED = [("05", "results", "nowhere.csv"), pytest.param("08", "csv", "nowhere.csv", marks=pytest.mark.thorough)]


@pytest.mark.parametrize(("number", "name", "value"), WALKED)
def test_papermill_shows_the_sentence_and_nothing_is_written(number, name, value, tmp_path):
    path = next((path for path in NOTEBOOKS if path.stem.startswith(number)), None)
    if path is None:
        pytest.skip(f"there is no notebook {number}")
    with pytest.raises(PapermillExecutionError, match=rf"{name} must be .*{value}"):
        parameters = {name: value, "profile": "smoke", "output_dir": str(tmp_path / "build")}
        under_papermill(path, tmp_path / path.name, parameters, cwd=path.parent)
    # papermill's own copy, with the error in it; 07 looks for its file when the folder for figures is there
    assert [entry.name for entry in tmp_path.rglob("*") if entry.is_file()] == [path.name]
