"""The pictures of notebook 08, each drawn on toy input."""

import numpy as np
import pandas as pd
import pytest

from helpers.pictures import own

pytestmark = pytest.mark.usefixtures("shown")


def title(ax):
    """The title, wherever the style puts it."""
    return ax.get_title(loc="left") or ax.get_title()


TABLE = pd.DataFrame({"sales": np.arange(100.0)}, index=pd.date_range("2020-01-01", periods=100))


def test_parts(shown):
    fig = own.draw_parts(TABLE, (65, 80), 7)
    assert title(fig.axes[0]) == "100 rows, a season of 7 steps; the last 20 judge"
    assert [len(line.get_xdata()) for line in fig.axes[0].lines] == [65, 15, 20]
    assert "three greys" in shown[-1][1]
    assert "no season" in title(own.draw_parts(TABLE, (65, 80), 1).axes[0])


@pytest.mark.parametrize(("worst", "scale"), [(2.0, "linear"), (90.0, "log")])
def test_ladder(worst, scale, shown):
    rows = [("mean", worst, worst), ("theta", 1.0, 0.9), ("weighted", 0.95, 1.0), ("gru", 1.3, 1.2)]
    scores = pd.DataFrame(
        [{"model": m, "part": p, "rmsse": e} for m, v, t in rows for p, e in (("validation", v), ("test", t))]
    ).assign(chosen="weighted", network="gru")
    ax = own.draw_ladder(scores).axes[0]
    assert title(ax) == "Chosen: weighted mean; lowest error on the test part: Theta"
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "historical mean", "GRU (network)", "weighted mean (chosen)", "Theta",
    ]  # fmt: skip
    assert ax.get_xscale() == scale
    assert "best on top" in shown[-1][1]


def test_forecast(shown):
    times = pd.date_range("2020-04-10", periods=3)
    low, high = np.full(3, 98.0), np.full(3, 102.0)
    forecast = pd.DataFrame({"series": "sales", "time": times, "forecast": 100.0, "low": low, "high": high})
    forecast = forecast.assign(path_low=97.0, path_high=103.0, model="theta")
    earlier = pd.DataFrame({"end": 90, "step": [1, 2, 3], "forecast": [90.0, 90, 90]})
    intervals = pd.DataFrame({"series": "sales", "step": [1, 2, 3], "half": 2.0, "path": 3.0})
    fig = own.draw_forecast(TABLE, forecast, earlier, intervals)
    assert title(fig.axes[0]) == "Theta, 3 ahead: 100 (98 to 102)"
    assert len(fig.axes[0].lines) == 3  # measured, one earlier forecast, this one
    assert "two bands" in shown[-1][1]


def test_planted(shown):
    outcome = pd.DataFrame({
        "planted": ["walk", "walk", "input"], "answer": ["last_value", "nlinear", "regression"],
        "right": [True, False, True],
    })  # fmt: skip
    ax = own.draw_planted(outcome).axes[0]
    assert title(ax) == "2 of 3 planted answers are found (hatched: not)"
    assert [bar.get_hatch() for bar in ax.patches].count("//") == 1
    assert "hatched" in shown[-1][1]
