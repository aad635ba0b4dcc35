"""The pictures of notebook 02 on toy input: what is drawn, its alternative text, and that the figure comes back."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from helpers import plots

LOW = np.array([0, 0, 1, 1, 1, 1, 1, 0, 0, 1]) == 0
DAYS = {"bankex": pd.Series(np.arange(12.0), name="INR"), "activities": pd.Series(~LOW * 1.0, name="activity")}


def look(value):
    """Three units over the days of both series: on low days their values are turned round."""
    week = np.where(LOW[:, None], -1, 1) * np.full((10, 3), value)
    return {"bankex": np.full((12, 3), value), "activities": week}


@pytest.mark.parametrize(
    ("cell", "part", "title"),
    [
        (
            "lstm",
            "f",
            "Forget gate f: mean of the units 0.75 on the price; activities: 0.75 on high days, -0.75 on low",
        ),
        ("lstm", "i", "Input gate i: mean"),
        ("lstm", "o", "Output gate o: mean"),
        ("gru", "z", "Update gate z: mean"),
        ("gru", "r", "Reset gate r: mean"),
        ("lstm", "candidate", "LSTM candidate: 3 of 3 units differ by more than 1 between high and low days"),
        ("gru", "candidate", "GRU candidate: 3 of 3 units"),
    ],
)
def test_part(cell, part, title, shown):
    from helpers.pictures import gates

    looks = {(cell, name): {part: values} for name, values in look(0.75).items()}
    figure = gates.draw_part(cell, part, looks, DAYS)
    assert figure.get_suptitle().startswith(title)
    assert shown[-1][1].startswith(f"Left, a diagram of the {cell.upper()}; in colour, the ")
    images = [image for ax in figure.axes for image in ax.get_images()]
    np.testing.assert_array_equal(images[0].get_array(), look(0.75)["bankex"].T)
    np.testing.assert_array_equal(images[1].get_array(), look(0.75)["activities"].T)
    assert {image.norm.vmin for image in images} == {-1 if part == "candidate" else 0}
    boxes = [text.get_bbox_patch() for text in figure.axes[0].texts if text.get_bbox_patch()]
    assert [to_hex(box.get_facecolor()).upper() for box in boxes].count(plots.COLOURS[cell]) == 1


def test_states(shown):
    from helpers.pictures import gates

    c = np.array([[0.0, 0], [0, 2], [0, 3]])
    figure = gates.draw_states({"c": c, "h": c / 10}, {"h": np.array([[0.0, 0.1], [0.5, 0.1], [0.25, 0.1]])})
    lines = [list(line.get_ydata()) for line in figure.axes[0].get_lines()]
    assert lines == [[0, 2, 3], [0, 0.2, pytest.approx(0.3)], [0, 0.5, 0.25]]  # of each the unit that moves most
    title = figure.axes[0].get_title(loc="left") + figure.axes[0].get_title()  # left in our style, else in the centre
    assert "c moves over 3.00, the h that is shown of it over 0.30" in title
    assert "Three lines" in shown[-1][1]


def test_erased(shown):
    from helpers.pictures import gates

    keys = [(name, *which) for name in DAYS for which in (("lstm", "c"), ("lstm", "h"), ("gru", "h"))]
    traces = {key: np.full(5, height) for key, height in zip(keys, (4.0, 2, 1, 9, 3, 1), strict=True)}
    figure = gates.draw_erased(traces, days=3)
    assert "2.0 times (price) and 3.0 times (activities)" in figure.get_suptitle()
    drawn = [(line.get_label(), list(line.get_ydata())) for line in figure.axes[1].get_lines()]
    expected = {"LSTM, c erased": [9] * 3, "LSTM, h erased": [3] * 3, "GRU, h erased": [1] * 3}
    assert dict(drawn) == expected
    assert {line.get_color() for line in figure.axes[0].get_lines()} == {plots.COLOURS["lstm"], plots.COLOURS["gru"]}
    assert "lines that fall" in shown[-1][1]


def test_coupling(shown):
    from helpers.pictures import gates

    f, i, z = np.array([0.9, 0.8, 0.2, 0.3]), np.array([0.9, 0.8, 0.9, 0.3]), np.array([0.25, 0.5])
    figure = gates.draw_coupling(f, i, z)
    points = [ax.collections[0].get_offsets() for ax in figure.axes]
    np.testing.assert_allclose(points[0], np.column_stack([f, i]))
    np.testing.assert_allclose(points[1], [[0.25, 0.75], [0.5, 0.5]])
    assert figure.axes[0].get_title(loc="left") + figure.axes[0].get_title() == "LSTM: 75% of points above the line"
    assert "nearly all points lie above" in shown[-1][1]


def test_precision(shown):
    from helpers.pictures import gates

    rows = [(m, s, grid, right) for m, top in (("lstm", 1), ("gru", 0.5)) for s in (1, 2)
            for grid, right in ((0, 1), (0.05, top))]  # fmt: skip
    figure = gates.draw_precision(pd.DataFrame(rows, columns=["model", "seed", "grid", "right"]), 20)
    (ax,) = figure.axes
    assert {line.get_label(): list(line.get_ydata()) for line in ax.get_lines()} == {"LSTM": [1, 1], "GRU": [1, 0.5]}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["exact", "0.05"]
    assert "LSTM 100% of words right, GRU 50%" in ax.get_title(loc="left") + ax.get_title()
    assert "rounding" in shown[-1][1]


def test_counters(shown):
    from helpers.pictures import gates

    up = np.array([1.0, 2, 1, 0])
    figure = gates.draw_counters((-up, 0.99), (up / 4, 0.5))
    assert figure.get_suptitle() == "The best counter reaches 2.0 in the LSTM and 0.50 in the GRU"
    assert [list(ax.get_lines()[0].get_ydata()) for ax in figure.axes] == [list(-up), list(up / 4)]
    assert [ax.get_lines()[0].get_color() for ax in figure.axes] == [plots.COLOURS["lstm"], plots.COLOURS["gru"]]
    assert "LSTM left, GRU right" in shown[-1][1]


def test_the_explorer_has_a_picture_where_no_widget_runs(monkeypatch):
    from helpers.pictures import gates

    shown = []
    monkeypatch.setattr(gates, "display", lambda data, raw, metadata: shown.append((data, metadata)))
    gates.show_explorer(gates.make_explorer(lambda x, state, **biases: ({"c": state}, {"h": x})))
    ((data, metadata),) = shown
    assert data["image/png"].startswith("iVBORw0KGgo")
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "Bars of the gates" in metadata["image/png"]["alt"]
