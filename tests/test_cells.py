"""The NumPy cells against Keras: random shapes and weights, states, both kinds of GRU; what 02 teaches; bad input."""

import ast

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from helpers import cells
from helpers.pictures import gates
from helpers.training import keras

KINDS = {
    "simple_rnn": (cells.simple_rnn, keras.layers.SimpleRNN, {}, 1, ()),
    "lstm": (cells.lstm, keras.layers.LSTM, {}, 4, ()),
    "gru_after": (cells.gru, keras.layers.GRU, {"reset_after": True}, 3, (2,)),
    "gru_before": (cells.gru, keras.layers.GRU, {"reset_after": False}, 3, ()),
}
SMALL = {
    "units": st.integers(1, 9),
    "inputs": st.integers(1, 4),
    "batch": st.integers(1, 5),
    "time": st.integers(1, 20),
}


def draw(kind, units, inputs, seed, scale=1.0):
    """Random weights of the shapes that Keras has."""
    _, _, _, blocks, bias_rows = KINDS[kind]
    rng = np.random.default_rng(seed)
    shapes = (inputs, blocks * units), (units, blocks * units), (*bias_rows, blocks * units)
    return [(scale * rng.standard_normal(shape)).astype("float32") for shape in shapes], rng


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(**SMALL, seed=st.integers(0, 10_000), scale=st.sampled_from([0.1, 0.5, 1.0]))
def test_numpy_equals_keras(kind, units, inputs, batch, time, seed, scale):
    ours, layer_class, options, _, _ = KINDS[kind]
    weights, rng = draw(kind, units, inputs, seed, scale / units**0.5)
    x = rng.standard_normal((batch, time, inputs)).astype("float32")
    layer = layer_class(units, return_sequences=True, return_state=True, **options)
    layer.build(x.shape)
    layer.set_weights(weights)
    names = ("h", "c") if kind == "lstm" else ("h",)
    start = {name: rng.standard_normal((batch, units)).astype("float32") for name in names}
    sequence, *last = layer(x, initial_state=list(start.values()))
    trace = ours(x, weights, **start)
    np.testing.assert_allclose(trace["h"], sequence, atol=1e-5)
    for name, state in zip(names, last, strict=True):
        np.testing.assert_allclose(trace[name][:, -1], state, atol=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(**SMALL, seed=st.integers(0, 10_000))
def test_gates_obey_their_equations(units, inputs, batch, time, seed):
    weights, rng = draw("lstm", units, inputs, seed)
    x = rng.standard_normal((batch, time, inputs))
    t = cells.lstm(x, weights)
    before = np.concatenate([np.zeros((batch, 1, units)), t["c"][:, :-1]], axis=1)
    assert set(t) == {"i", "f", "candidate", "o", "c", "h"}
    np.testing.assert_allclose(t["c"], t["f"] * before + t["i"] * t["candidate"], atol=1e-12)
    np.testing.assert_allclose(t["h"], t["o"] * np.tanh(t["c"]), atol=1e-12)
    for kind in ("gru_after", "gru_before"):
        weights, _ = draw(kind, units, inputs, seed)
        t = cells.gru(x, weights)
        before = np.concatenate([np.zeros((batch, 1, units)), t["h"][:, :-1]], axis=1)
        assert set(t) == {"z", "r", "candidate", "h"}
        np.testing.assert_allclose(t["h"], t["z"] * before + (1 - t["z"]) * t["candidate"], atol=1e-12)
        assert np.abs(t["h"]).max() <= 1  # a mean of zeros and candidates
    assert all(array.shape == (batch, time, units) for array in t.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_can_be_read_in_two_parts(kind):
    ours = KINDS[kind][0]
    weights, rng = draw(kind, 4, 2, 1)
    x = rng.standard_normal((3, 10, 2))
    whole, first = ours(x, weights), ours(x[:, :6], weights)
    states = {name: first[name][:, -1] for name in ("h", "c") if name in first}
    np.testing.assert_allclose(ours(x[:, 6:], weights, **states)["h"], whole["h"][:, 6:], atol=1e-12)


def test_one_step_by_hand():
    x = np.array([[[2.0]]])
    assert cells.simple_rnn(x, [[[0.5]], [[9.0]], [0.1]])["h"].item() == pytest.approx(np.tanh(1.1))
    trace = cells.lstm(x, [[[0.1, 0.2, 0.3, 0.4]], np.zeros((1, 4)), [0, 1, 0, 0]], c=[[3.0]])
    c = expit(1.4) * 3 + expit(0.2) * np.tanh(0.6)
    assert trace["c"].item() == pytest.approx(c)
    assert trace["h"].item() == pytest.approx(expit(0.8) * np.tanh(c))
    weights = [[[0.1, 0.2, 0.3]], [[0.4, 0.5, 0.6]]]
    z, r = expit(0.2 + 0.4 * 0.5), expit(0.4 + 0.5 * 0.5)
    after = z * 0.5 + (1 - z) * np.tanh(0.6 + r * (0.6 * 0.5 + 0.7))
    before = z * 0.5 + (1 - z) * np.tanh(0.6 + 0.6 * r * 0.5 + 0.7)
    assert cells.gru(x, [*weights, [[0, 0, 0], [0, 0, 0.7]]], h=[[0.5]])["h"].item() == pytest.approx(after)
    assert cells.gru(x, [*weights, [0, 0, 0.7]], h=[[0.5]])["h"].item() == pytest.approx(before)


def taught(number):
    """The functions that a notebook defines in cells tagged ``teaches-NAME``, by that name."""
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    space, found = {"np": np, "sigmoid": expit}, {}
    for cell in nbformat.read(path, as_version=4).cells:
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("teaches-"):
                assert all(isinstance(node, ast.FunctionDef) for node in ast.parse(cell.source).body)
                exec(cell.source, space)
                found[tag[8:]] = space[tag[8:]]
    return found


TAUGHT = taught("01") | taught("02")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(**SMALL, seed=st.integers(0, 10_000))
def test_the_notebooks_teach_what_the_helper_computes(units, inputs, batch, time, seed):
    assert set(TAUGHT) == {"simple_rnn", "lstm", "gru"}
    for kind, (ours, *_) in KINDS.items():
        weights, rng = draw(kind, units, inputs, seed)
        x = rng.standard_normal((batch, time, inputs))
        result = TAUGHT[kind.split("_")[0] if "gru" in kind else kind](x, *weights)
        trace = ours(x, weights)
        result = dict(zip(trace, result, strict=True)) if isinstance(result, list) else {"h": result}
        for name in trace:
            np.testing.assert_allclose(result[name], trace[name], atol=1e-12)


@pytest.fixture
def one_step():
    """The function behind the explorer, from the one code cell of notebook 02 tagged ``explorer``."""
    notebook = nbformat.read(ROOT / "notebooks" / "02_gate_mechanics.ipynb", as_version=4)
    (cell,) = [cell for cell in notebook.cells if "explorer" in cell.metadata.get("tags", [])]
    assert cell.outputs[0].data["image/png"]  # a page without Python has its start position
    space = {"np": np, "sigmoid": expit}
    (function,) = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
    exec(ast.unparse(function), space)
    return space["one_step"]


def test_the_explorer_redraws_the_step(one_step):
    explorer = gates.make_explorer(one_step)
    first = bytes(explorer.picture.value)
    assert first.startswith(b"\x89PNG")
    explorer.sliders["keep_bias"].value = -2.0
    moved = bytes(explorer.picture.value)
    assert moved.startswith(b"\x89PNG")
    assert moved != first
    explorer.sliders["keep_bias"].value = gates.START["keep_bias"]
    assert bytes(explorer.picture.value) == first


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(-3, 3), min_size=5, max_size=5))
def test_the_explorer_shows_the_cells_step(one_step, values):
    x, state, keep, write, show = values
    ones = [np.ones((1, 4)), np.ones((1, 4)), [write, keep, 0, show]]
    lstm = cells.lstm([[[x]]], ones, h=[[np.tanh(state)]], c=[[state]])
    # with r open wide the GRU's candidate is tanh(x + h)
    gru = cells.gru([[[x]]], [np.ones((1, 3)), np.ones((1, 3)), [keep, 1000, 0]], h=[[np.tanh(state)]])
    shown = one_step(*values)
    for parts, trace in zip(shown, (lstm, gru), strict=True):
        for name, array in trace.items():
            if name in parts:
                assert parts[name] == pytest.approx(array.item(), abs=1e-12)


X = np.zeros((2, 5, 1))
GRU_WEIGHTS = [np.zeros((1, 9)), np.zeros((3, 9)), np.zeros((2, 9))]
LSTM_WEIGHTS = [np.zeros((1, 12)), np.zeros((3, 12)), np.zeros(12)]


def replaced(weights, number, array):
    return [array if index == number else old for index, old in enumerate(weights)]


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: cells.gru(X[0], GRU_WEIGHTS), ValueError, r"GRU: x must have shape \(batch, time, inputs\).*\(5, 1\)"),
        (lambda: cells.gru(X[:, :0], GRU_WEIGHTS), ValueError, r"each at least 1; got \(2, 0, 1\)"),
        (
            lambda: cells.gru(np.zeros((2, 5, 4)), GRU_WEIGHTS),
            ValueError,
            r"kernel must have shape \(4, 9\); got \(1, 9\)",
        ),
        (lambda: cells.gru(X, GRU_WEIGHTS[:2]), ValueError, "weights must be a list of .* got 2 arrays"),
        (lambda: cells.gru(X, np.zeros(3)), ValueError, "weights must be a list of .* got ndarray"),
        (lambda: cells.gru(X, LSTM_WEIGHTS), ValueError, r"recurrent_kernel must have shape \(3, 9\); got \(3, 12\)"),
        (
            lambda: cells.gru(X, replaced(GRU_WEIGHTS, 2, np.zeros(8))),
            ValueError,
            r"GRU: bias must have shape \(9,\) or \(2, 9\); got \(8,\)",
        ),
        (
            lambda: cells.lstm(X, replaced(LSTM_WEIGHTS, 1, np.zeros((4, 12)))),
            ValueError,
            r"LSTM: recurrent_kernel must have shape \(4, 16\); got \(4, 12\)",
        ),
        (
            lambda: cells.lstm(X, replaced(LSTM_WEIGHTS, 2, np.zeros((2, 12)))),
            ValueError,
            r"LSTM: bias must have shape \(12,\); got \(2, 12\)",
        ),
        (
            lambda: cells.lstm(X, replaced(LSTM_WEIGHTS, 1, np.zeros(12))),
            ValueError,
            r"LSTM: recurrent_kernel must have shape \(3, 12\); got \(12,\)",
        ),
        (lambda: cells.lstm(X, LSTM_WEIGHTS, c=np.zeros((2, 4))), ValueError, r"LSTM: c must have shape \(2, 3\)"),
        (
            lambda: cells.lstm(X, LSTM_WEIGHTS, h=np.zeros(3)),
            ValueError,
            r"LSTM: h must have shape \(2, 3\); got \(3,\)",
        ),
        (lambda: cells.simple_rnn(X + np.nan, LSTM_WEIGHTS), ValueError, "x must hold finite numbers; got 10 that"),
        (
            lambda: cells.gru(X, replaced(GRU_WEIGHTS, 0, np.full((1, 9), np.inf))),
            ValueError,
            "GRU: kernel must hold finite numbers; got 9 that",
        ),
        (
            lambda: cells.gru(X, replaced(GRU_WEIGHTS, 0, [["a"] * 9])),
            TypeError,
            "GRU: kernel must be an array of numbers; got list",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
