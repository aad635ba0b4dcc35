"""The pictures of notebook 06, on toy input: shown once, with words, and true to what they got."""

import numpy as np
import pandas as pd

from helpers.pictures import many

EFFECTS = pd.DataFrame(
    {"set": list("abc"), "difference": [1.0, -2, 0], "low": [0.0, -5, -1], "high": [2.0, 1, 1], "se": [0.5, 1.5, 0.5]}
)
POOLED = {"difference": -0.2, "low": -1.1, "high": 0.7, "prediction_low": -4.0, "prediction_high": 3.6}


def labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_a_series_of_each_set_has_a_panel(shown):
    one = pd.DataFrame({"holdout": [False] * 9 + [True] * 3, "value": np.r_[np.arange(9.0), np.arange(3.0)]})
    fig = many.draw_sets(pd.concat([one.assign(set=name) for name in "abcdef"]))
    titles = [ax.get_title(loc="left") for ax in fig.axes if ax.lines]
    assert titles == list("abcdef")
    np.testing.assert_array_equal(fig.axes[0].lines[1].get_ydata(), [8, 0, 1, 2])
    assert shown[0][0] == "06_sets" and len(shown[0][1]) > 40


def test_the_ladder_has_its_best_on_top(shown):
    relative = pd.DataFrame({"x": [1.0, 0.5, 0.9], "y": [1.0, 0.7, 0.7]}, index=["seasonal_naive", "gru", "lstm"])
    ax = many.draw_ladder(relative).axes[0]
    assert labels(ax) == ["seasonal naive", "LSTM", "GRU"]
    assert ax.get_title(loc="left").endswith("over 2 data sets: GRU")
    diamonds = [points.get_offsets()[0] for points in ax.collections[1::2]]
    np.testing.assert_allclose([x for x, _ in diamonds], [1, np.sqrt(0.63), np.sqrt(0.35)])
    assert shown[0][0] == "06_ladder"


def test_the_forest_shows_sets_mean_and_new_set(shown):
    ax = many.draw_forest(EFFECTS, POOLED, 2.0).axes[0]
    assert labels(ax) == ["a", "c", "b", "all 3 sets", "a new set"]
    dots = ax.collections[1].get_offsets()
    np.testing.assert_array_equal(dots[:, 0], [1, 0, -2])
    bar = ax.collections[-1].get_segments()[0]
    np.testing.assert_allclose(bar[:, 0], [-4, 3.6])
    low, high = ax.get_xlim()
    assert low < -5 and high > 3.6  # nothing is cut off
    assert ax.get_title(loc="right") == "GRU against LSTM: -0.2 % (-1.1 to +0.7)"
    assert shown[0][0] == "06_forest" and "-0.2" in shown[0][1]


def test_the_choices_are_sorted_and_the_cell_finds_its_place(shown):
    table = pd.DataFrame({"choice": ["GRU or LSTM", "seed", "seed", "rate"], "set": "abab", "size": [1.0, 2, 4, 0.5]})
    table["set"] = list("aaba")
    ax = many.draw_matters(table).axes[0]
    assert labels(ax) == ["rate", "GRU or LSTM", "seed"]
    assert [bar.get_width() for bar in ax.patches] == [0.5, 1, 3]
    assert ax.get_title(loc="left") == "Of 3 choices, the cell comes in place 2"
    assert shown[0][0] == "06_matters"


def test_moderators_have_a_panel_each(shown):
    features = pd.DataFrame({"length": [1.0, 2, 3], "season": [0.0, 0, 1]}, index=list("cba"))
    fig = many.draw_moderators(EFFECTS, features)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["length", "season"]
    np.testing.assert_array_equal(fig.axes[0].lines[1].get_xdata(), [3, 2, 1])  # by name of the set, not by place
    assert shown[0][0] == "06_moderators"


def test_m3_puts_ours_among_the_others(shown):
    table = pd.DataFrame({"who": ["Theta", "ours", "last"], "smape": [12.8, 13.0, 16.0], "ours": [False, True, False]})
    ax = many.draw_m3(table).axes[0]
    assert labels(ax) == ["last", "ours", "Theta"]
    np.testing.assert_array_equal(ax.collections[1].get_offsets()[:, 0], [16, 13, 12.8])
    assert shown[0][0] == "06_m3"
