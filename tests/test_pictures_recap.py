"""Notebook 01's pictures on toy input: what is drawn, which finding the title states, words for who can't see it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from helpers import plots
from helpers.pictures import recap


def drawn(ax):
    """The lines of a panel that have a label, by it."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_the_unrolled_network_has_a_box_a_state_and_the_same_letters_at_every_step(shown):
    ax = recap.draw_unrolled(np.array([0.5, -0.3]), np.array([[0, 0], [0.25, -1], [1, 0.5]])).axes[0]
    texts = [text.get_text() for text in ax.texts]
    assert {"$h_1$\n0.25\n-1.00", "$h_2$\n1.00\n0.50", "$x_1$ = 0.5", "$x_2$ = -0.3"} <= set(texts)
    assert texts.count("$U$") == texts.count("$W$") == 2
    assert ax.get_title(loc="left").startswith("2 values, 2 states, one set of weights")
    assert [name for name, _ in shown] == ["01_unrolled"]


def norms(column, settings):
    """Two seeds that keep a half and an eighth at each of three steps, for each name and setting."""
    rows = [
        (name, value, seed, k, factor**k)
        for name, value in settings
        for seed, factor in ((1, 0.5), (2, 0.125))
        for k in range(3)
    ]
    return pd.DataFrame(rows, columns=["name", column, "seed", "k", "norm"])


def test_gradients_are_drawn_as_medians_with_a_band(shown):
    settings = [(name, gain) for name in ("rnn", "gru", "lstm") for gain in (0.5, 1.0, 2.0)]
    fig = recap.draw_norms(norms("gain", settings))
    for ax in fig.axes:
        assert set(drawn(ax)) == {"RNN", "GRU", "LSTM"}
        np.testing.assert_allclose(drawn(ax)["GRU"].get_ydata(), [1, (0.5 + 0.125) / 2, (0.25 + 0.125**2) / 2])
        assert len(ax.collections) == 3  # the bands
    assert "after 2 steps" in fig.get_suptitle()
    assert fig.get_suptitle().endswith("RNN 1e-01, LSTM 1e-01, GRU 1e-01")
    assert [name for name, _ in shown] == ["01_gradient_norms"]


def test_each_bias_has_a_line_and_the_largest_the_title(shown):
    fig = recap.draw_gate_bias(norms("gate_bias", [(name, bias) for name in ("lstm", "gru") for bias in (0.0, 1, 4)]))
    for ax in fig.axes:
        assert {label: line.get_linestyle() for label, line in drawn(ax).items()} == {
            "bias 0": ":",
            "bias 1": "--",
            "bias 4": "-",
        }
    assert "(bias 4)" in fig.get_suptitle()
    assert fig.get_suptitle().endswith("LSTM 0.13, GRU 0.13")
    assert [name for name, _ in shown] == ["01_forget_bias"]


def test_clipping_is_compared_at_the_last_update(shown):
    rows = [
        (clipped, 1, update, loss)
        for clipped, losses in ((False, [1, 8]), (True, [1, 0]))
        for update, loss in enumerate(losses)
    ]
    ax = recap.draw_clipping(pd.DataFrame(rows, columns=["clipped", "seed", "update", "loss"])).axes[0]
    np.testing.assert_array_equal(drawn(ax)["not clipped"].get_ydata(), [1, 8])
    np.testing.assert_array_equal(drawn(ax)["clipped to length 1"].get_ydata(), [1, 0])
    assert ax.get_title(loc="left").endswith("after 2 updates: median loss 0.00 with clipping, 8.00 without")
    assert [name for name, _ in shown] == ["01_clipping"]


RECALL = pd.DataFrame(
    [(kind, lag, seed, 0.5 if lag > reach else 0.95 + seed / 100)
     for kind, reach in (("RNN", 40), ("GRU", 0), ("GRU, gates open", 100))
     for lag in (20, 40, 100)
     for seed in (1, 2, 3)],
    columns=["setting", "lag", "seed", "accuracy"],
)  # fmt: skip


def test_recall_says_how_far_each_kind_comes(shown):
    ax = recap.draw_recall(RECALL, ("RNN", "GRU")).axes[0]
    np.testing.assert_allclose(drawn(ax)["RNN"].get_ydata(), [0.97, 0.97, 0.5])
    np.testing.assert_allclose(drawn(ax)["GRU"].get_ydata(), [0.5] * 3)
    assert ax.get_title(loc="left") == "Longest lag with 95 % right (median): RNN 40, GRU 0"
    both = recap.draw_recall(RECALL, ("RNN", "GRU", "GRU, gates open")).axes[0]
    assert both.get_title(loc="left").endswith("RNN 40, GRU 0, open GRU 100")
    assert [name for name, _ in shown] == ["01_recall", "01_open_gates"]
    assert "open gates" not in shown[0][1]
    assert shown[1][1].endswith("the GRU with open gates is right at all lags.")


def test_the_readers_own_networks_are_crosses_beside_the_published_ones(shown):
    own = RECALL[(RECALL["seed"] == 1) & (RECALL["lag"] == 40)].assign(accuracy=0.75)
    ax = recap.draw_recall(RECALL, ("RNN", "GRU"), own).axes[0]
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert [line.get_ydata().tolist() for line in crosses] == [[0.75], [0.75]]
    assert "your own" in drawn(ax)


def test_each_network_is_a_dot_filled_where_it_is_as_keras_makes_it(shown):
    table = RECALL.assign(first_norm=10.0 ** -RECALL["lag"])
    ax = recap.draw_gradient_and_recall(table, 0.654).axes[0]
    assert [len(dots.get_offsets()) for dots in ax.collections] == [9, 9, 9]
    assert [len(dots.get_facecolors()) for dots in ax.collections] == [1, 1, 0]
    assert to_hex(ax.collections[2].get_edgecolors()[0]).upper() == plots.COLOURS["gru"]
    assert ax.get_title(loc="left").endswith("rank correlation 0.65 (27 networks)")
    assert [name for name, _ in shown] == ["01_gradient_and_recall"]


@pytest.mark.parametrize("source", ["published", "simulated"])
def test_a_window_ends_all_lines(shown, source):
    ax = recap.draw_window({"RNN": np.array([1.0, 0.5, 0, 0])}, 2, "Axis Bank", source).axes[0]
    np.testing.assert_array_equal(drawn(ax)["RNN"].get_ydata(), [1, 0.5, np.nan, np.nan])
    assert ax.get_title(loc="left").startswith(f"Axis Bank ({source}): a day older than 2 days")
    assert [name for name, _ in shown] == ["01_window"]
