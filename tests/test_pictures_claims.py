"""Each picture is drawn on toy input: what is drawn, that it has alternative text, and that the figure comes back."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers import claims
from helpers.pictures import claims as pictures


def title(figure, number=0):
    axes = figure.axes[number]
    return axes.get_title(loc="left") or axes.get_title()  # wherever the style puts it


def lines(axes):
    return {line.get_label(): line.get_xydata() for line in axes.get_lines()}


# --- notebook 07, the claims on trial


def judged(*settings, least=0.0):
    return claims.judge([claims.estimate(text, number, 0.1, 9, least=least) for text, number in settings])


def test_evidence_has_a_row_a_setting_and_a_mark_for_each_word(shown):
    table = judged(("good", 1.0), ("bad", -1.0), ("unclear", 0.05))
    figure = pictures.draw_evidence(table, "07_toy", "A title", "apples", "An interval for each of three toy settings.")
    (axes,) = figure.axes
    assert shown == [("07_toy", "An interval for each of three toy settings.")] and title(figure) == "A title"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["good", "bad", "unclear"]
    assert [line.get_marker() for line in axes.get_lines()][1::2] == ["o", "X", "|"]
    assert "apples" in axes.get_xlabel()
    ranges = [band.get_paths()[0].get_extents() for band in axes.collections]
    assert [band.x0 for band in ranges] == [0, 0, 0]  # the claim is true from 0 on


def test_gradients_errors_stacks_and_counting_say_the_finding(shown):
    gradients = judged(("GRU as made", -11.9), ("GRU, gates open", -0.3), least=-1)
    assert "1e-12 is left, with open gates 0.50" in title(pictures.draw_gradients(gradients))
    assert "minus twelve" in shown[-1][1]
    table = judged(("one", 1.0), ("two", 0.01))
    assert "1 of 2 surely within" in title(pictures.draw_errors(table))
    assert "1 of 2 comparisons" in title(pictures.draw_stacks(table))
    assert isinstance(pictures.draw_counting(table).axes[0], Axes)


def test_memory(shown):
    settings = ["RNN", "GRU", "LSTM", "GRU, gates open", "LSTM, no forget bias"]
    rows = [(name, lag, 0.9 - n / 10) for n, name in enumerate(settings) for lag in (20, 60)]
    shares = pd.DataFrame(rows, columns=["setting", "lag", "number"]).assign(low=0.4, high=0.95)
    figure = pictures.draw_memory(shares)
    assert "RNN 0.90, GRU 0.80, LSTM 0.70" in title(figure)
    assert len(figure.axes[0].containers) == 5
    assert "plain RNN" in shown[-1][1]


def speeds(ways):
    sizes = [(128, 60, 32), (128, 60, 4096), (16, 60, 32), (128, 20, 32)]
    rows = [(way, *size, 1.5 - n / 4 + k / 10) for n, way in enumerate(ways) for k, size in enumerate(sizes)]
    table = pd.DataFrame(rows, columns=["way", "units", "window", "batch", "ratio"])
    return table.assign(low=table["ratio"] - 0.1, high=table["ratio"] + 0.1)


def test_speed_on_a_processor(shown):
    figure = pictures.draw_speed(speeds(("plain", "XLA")))
    assert "1.50 times the LSTM's seconds as Keras comes, 1.25 with XLA" in figure.get_suptitle()
    assert [axes.get_xlabel() for axes in figure.axes] == ["units", "window (steps)", "batch (windows)"]
    np.testing.assert_allclose(lines(figure.axes[0])["plain"], [[16, 1.7], [128, 1.5]])
    assert "three panels" in shown[-1][1]


def test_speed_on_a_graphics_card(shown):
    figure = pictures.draw_gpu_speed(speeds(("eager", "graph")))
    assert "1.60 times the LSTM's seconds with 4096 windows" in figure.get_suptitle()
    np.testing.assert_allclose(lines(figure.axes[0])["graph"], [[32, 1.25], [4096, 1.35]])
    assert "three panels" in shown[-1][1]


def test_scoreboard_has_a_row_for_each_claim_and_counts_them(shown):
    rows = [(f"C{n}", f"claim {n}", word) for n, word in enumerate(claims.SCALE)]
    figure = pictures.draw_scoreboard(pd.DataFrame(rows, columns=["id", "claim", "verdict"]))
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"C0", "claim 4", "✗", "(✓)", "≡"} <= written
    assert "5 claims on trial" in title(figure) and "1 contradicted as made" in title(figure)
    assert set(pictures.LOOKS) == set(claims.SCALE)
    assert figure.get_figwidth() < 5  # inches: a phone is 390 pixels wide


def test_changes_coupling_strings_and_products(shown):
    assert "after 2 changes" in title(pictures.draw_changes({"one": 0.4, "two": 0.0}))
    assert "more than 1 changes" in title(pictures.draw_changes({"one": 0.4}))
    pairs = pd.DataFrame({"model": ["gru", "lstm"], "kept": [0.2, 0.7], "written": [0.8, 0.6]})
    assert "+0.25" in title(pictures.draw_coupling(pairs, 0.25))
    rows = [(cell, 4 * n, updates, 0.9) for cell in ("gru", "lstm") for n in (1, 2) for updates in (100, 400)]
    shares = pd.DataFrame(rows, columns=["cell", "period", "updates", "number"]).assign(low=0.8, high=1.0)
    figure = pictures.draw_strings(shares)
    assert [title(figure, number) for number in (0, 1)] == ["100 updates", "400 updates"]
    shares = pd.DataFrame({"gru": [30.0, 90.0], "lstm": [34.0, 92.0]}, index=[16, 512])
    assert "32 % of an update at 16 units, 91 % at 512" in title(pictures.draw_products(shares))
