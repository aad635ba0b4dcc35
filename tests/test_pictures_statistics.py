"""The pictures of notebook 05 on toy input: what they draw is what they were given, in the models' colours."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_texts import drawn_texts, faults
from matplotlib.colors import to_hex

from helpers import plots
from helpers.pictures import statistics

pytestmark = pytest.mark.usefixtures("shown")


def title(ax):
    """An axes' title, left in our style, else in the centre."""
    return ax.get_title(loc="left") + ax.get_title()


def test_pairs():
    figure = statistics.draw_pairs(np.array([1.0, 2, 5]), np.array([2.0, 3, 4]))
    assert "on 2 of 3 banks" in title(figure.axes[0])
    dots = figure.axes[0].collections
    assert [to_hex(dot.get_facecolor()[0]).upper() for dot in dots] == [plots.COLOURS["lstm"], plots.COLOURS["gru"]]
    assert [list(dot.get_offsets()[:, 1]) for dot in dots] == [[1, 2, 5], [2, 3, 4]]


def test_differences_have_a_panel_a_case():
    tables = {"first": np.array([[1.0, -2], [3, 4]]), "second": np.zeros((2, 2))}
    figure = statistics.draw_differences(tables)
    images = [image for ax in figure.axes for image in ax.get_images()]
    for image, table in zip(images, tables.values(), strict=True):
        np.testing.assert_array_equal(image.get_array(), table)
    assert [image.norm.vmax for image in images] == [4, 1]


@pytest.mark.parametrize("cases", [1, 2, 5])
def test_the_title_of_the_differences_is_whole(cases):
    with plt.rc_context(plots.STYLE):
        figure = statistics.draw_differences({f"Activities, {days} days": np.ones((2, 2)) for days in range(cases)})
        boxes, size = drawn_texts(figure, lambda: figure.savefig(io.BytesIO()))
    assert faults(boxes, *size) == []


def test_false_alarms_are_shares_of_the_two_tests():
    figure = statistics.draw_false_alarms([1, 2, 3], [0.4, 0.3, 0.2], [np.nan, 0.05, 0.04])
    assert "in 40%" in title(figure.axes[0])
    assert next(list(line.get_ydata()) for line in figure.axes[0].get_lines()) == [0.4, 0.3, 0.2]


def test_intervals_count_what_lies_within_the_margin():
    rows = pd.DataFrame({"name": ["a", "b"], "difference": [0, 3], "low": [-1, 1], "high": [1, 5]})
    ax = statistics.draw_intervals(rows, 2).axes[0]
    assert "1 of 2 intervals" in title(ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]


def test_margins_count_the_curves_below_the_level():
    margins = np.array([0.5, 1, 2, 5])
    curves = {"a": np.array([0.5, 0.3, 0.04, 0.01]), "b": np.array([0.9, 0.8, 0.6, 0.3])}
    assert "1 of 2 curves" in title(statistics.draw_margins(margins, curves, 2).axes[0])


def test_power_has_a_curve_a_size():
    numbers = np.arange(3, 6)
    curves = {1: np.array([0.1, 0.2, 0.3]), 5: np.array([0.5, 0.7, 0.9])}
    figure = statistics.draw_power(numbers, curves, numbers, curves, "a case")
    assert figure.get_suptitle().startswith("a case")
    assert [list(line.get_ydata()) for line in figure.axes[0].get_lines()][:2] == [[0.1, 0.2, 0.3], [0.5, 0.7, 0.9]]


def test_ladder_marks_the_best_simple_forecast():
    errors = pd.DataFrame({"case": [3.0, 2.0, 1.5]}, index=["last_value", "theta", "gru"])
    ax = statistics.draw_ladder(errors).axes[0]
    assert list(ax.get_lines()[0].get_xdata()) == [2.0, 2.0]
    colours = [to_hex(colour).upper() for colour in ax.collections[0].get_facecolor()]
    assert colours == ["#000000", "#000000", plots.COLOURS["gru"]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["last value", "Theta", "GRU"]


def test_bootstrap_has_a_panel_a_way():
    ways = {name: (np.random.default_rng(1).normal(size=50), -1.0, 1.0) for name in ("one", "two")}
    figure = statistics.draw_bootstrap(ways)
    assert [title(ax) for ax in figure.axes] == [f"{name}: 95 % from -1.0 to 1.0" for name in ways]


def test_ranks():
    ranks = pd.Series({"gru": 1.0, "lstm": 2.0})
    ax = statistics.draw_ranks({"a case": (ranks, 1, 1)}).axes[0]
    assert title(ax) == "a case: 1 of 1 pairs differ"
    assert [to_hex(c).upper() for c in ax.collections[1].get_facecolor()] == [plots.COLOURS[m] for m in ranks.index]


def test_reproduction_is_on_a_logarithmic_scale_and_claims_nothing():
    runs = {"case": {"last_value": (np.array([0.04]), 0.04, 0.04, 0.04), "gru": (np.array([0.05, 0.06]), 0.05, 0, 0.1)}}
    figure = statistics.draw_reproduction(runs)
    assert "cannot be refuted" in figure.get_suptitle()
    assert figure.axes[0].get_xscale() == "log"
