"""The pictures of notebook 04 on toy input: what is drawn, the finding in the title, the alternative text."""

import numpy as np
import pandas as pd

from helpers.pictures import training as pictures


def title(ax):
    return ax.get_title(loc="left") + ax.get_title()  # left in our style, else in the centre


def lines(ax):
    return {line.get_label(): list(line.get_ydata()) for line in ax.get_lines()}


def test_losses(shown):
    table = pd.DataFrame({"loss": [3.0, 2, 1], "val_loss": [3.0, 1, 2]})
    figure = pictures.draw_losses({("published + early stopping", "gru"): table, ("sound", "gru"): table[:1]})
    assert title(figure.axes[0]) == "published: lowest validation error\nat epoch GRU 2 of 3"
    assert title(figure.axes[1]) == "sound: lowest validation error\nat epoch GRU 1 of 1"
    drawn = lines(figure.axes[0])
    assert (drawn["GRU, training"], drawn["GRU, validation"]) == ([3, 2, 1], [3, 1, 2])
    assert list(figure.axes[0].get_lines()[2].get_xdata()) == [2]  # the dot
    assert "a dot at each lowest point" in shown[-1][1]


def test_ablation(shown):
    columns = pd.MultiIndex.from_product([["bankex", "activities"], ["gru", "lstm"]])
    effect = pd.DataFrame([[4.0, 5, 9, 9], [1, 2, 3, 3]], index=["published", "sound"], columns=columns)
    levels = ["dataset", "model", "protocol", "seed"]
    keys = [(name, m, p, s) for name, m in columns for p, s in (("published", 1), ("published", 2), ("sound", 1))]
    runs = pd.Series([7.0, 8, 9] * 4, index=pd.MultiIndex.from_tuples(keys, names=levels)).sort_index()
    figure = pictures.draw_ablation(effect, runs, {"bankex": 3.0, "activities": 8.0}, 20)
    assert title(figure.axes[0]) == "bankex: mean of GRU and LSTM\nlowest for sound (both)"
    gru, all_gru, lstm, all_lstm, last_value = figure.axes[0].get_lines()
    assert (list(gru.get_xdata()), list(lstm.get_xdata()), list(last_value.get_xdata())) == ([4, 1], [5, 2], [3, 3])
    assert list(all_gru.get_xdata()) == list(all_lstm.get_xdata()) == [7, 8, 9]
    assert [round(y) for y in all_gru.get_ydata()] == [0, 0, 1]  # in the rows of their protocols
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["published", "sound\n(both)"]
    assert figure.axes[0].get_xlim()[1] > 9
    assert "with early stopping, with window scaling, and with both" in shown[-1][1]


def test_forecasts(shown):
    actual = np.array([1.0, 2, 3, 5])
    figure = pictures.draw_first_days(actual, {"gru": actual, "lstm": -actual}, "Bank (INR)")
    assert title(figure.axes[0]) == "First 4 test days: correlation with the price GRU 1.00, LSTM -1.00"
    assert (lines(figure.axes[0])["actual"], figure.axes[0].get_ylabel()) == ([1, 2, 3, 5], "Bank (INR)")
    assert "thick grey line" in shown[-1][1]
    figure = pictures.draw_one_forecast(actual, np.array([5.0, 5]), {"last_value": np.array([5.0, 8])}, "Bank (INR)")
    assert title(figure.axes[0]) == "RMSE over these 2 days: last value 2.12"
    assert list(figure.axes[0].get_lines()[0].get_xdata()) == [-3, -2, -1, 0]  # the window ends today
    assert "A window of past values" in shown[-1][1]


def test_fan(shown):
    fan = np.arange(12.0).reshape(6, 2)
    figure = pictures.draw_fan(np.arange(7.0), fan, 3, "Bank (INR)")
    strokes = figure.axes[0].get_lines()[1:]
    assert [list(stroke.get_xdata()) for stroke in strokes] == [[0, 1], [3, 4]]
    assert [list(stroke.get_ydata()) for stroke in strokes] == [[0, 1], [6, 7]]
    assert title(figure.axes[0]) == "Forecasts 2 days ahead, one stroke for every 3 days"
    assert "short, nearly straight strokes" in shown[-1][1]


def test_yesterday(shown):
    actual, yesterday = np.array([2.0, 3, 5]), np.array([1.0, 2, 3])
    correlation = pd.Series([0.1, 0.9], index=[0, 1])
    figure = pictures.draw_yesterday(np.array([1.1, 2.1, 3.2]), actual, yesterday, correlation, "INR")
    assert [title(ax) for ax in figure.axes] == ["Prices: r = 0.99", "Changes: r = 1.00", "Changes fit best at lag 1"]
    assert [bar.get_height() for bar in figure.axes[2].patches] == [0.1, 0.9]
    assert "one tall" in shown[-1][1]


def test_fight(shown):
    runs = {("gru", 1): 1.0, ("gru", 2): 3.0, ("lstm", 1): 4.0, ("last_value", 0): 2.0, ("seasonal_naive", 0): 9.0}
    scores = pd.Series({("bankex", 1, *run): error for run, error in runs.items()})
    scores.index.names = ["dataset", "horizon", "model", "seed"]
    figure = pictures.draw_fight(scores, ["gru", "lstm"], ["last_value", "seasonal_naive"])
    (ax,) = figure.axes
    assert title(ax) == "bankex, 1 ahead:\nGRU +0.0 % from last value"
    assert [list(line.get_ydata()) for line in ax.get_lines()] == [[1, 3], [4], [2, 2]]  # the worst line is left out
    assert "baselines as lines" in shown[-1][1]


def test_question(shown):
    rows = [("0", "gru", 1.0), ("0", "gru", 3.0), ("0", "lstm", 2.0), ("0.2", "gru", 1.0), ("0.2", "lstm", np.e)]
    rows = pd.DataFrame(rows, columns=["setting", "model", "test"])
    rows = rows.assign(question="dropout", dataset="bankex", horizon=20, source="published")
    figure = pictures.draw_question(rows)
    (ax,) = figure.axes
    assert title(ax) == "bankex, 20 ahead: GRU from LSTM\n+0.0, -100.0 %"
    assert [list(line.get_ydata()) for line in ax.get_lines()[:2]] == [[1, 3], [2, 2]]  # two seeds and their mean
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "0.2"]
    assert ax.get_xlabel() == "dropout (published data)"
    assert shown[-1][1].endswith("for each setting of: dropout.")


def test_steps(shown):
    table = pd.DataFrame({"gru": [1.0, 1], "lstm": [1.0, 3]}, index=[1, 2])
    figure = pictures.draw_steps({"bankex": table})
    assert title(figure.axes[0]) == "bankex: the LSTM's last step has\n3.0 times the error of its first"
    assert lines(figure.axes[0]) == {"GRU": [1, 1], "LSTM": [1, 3]}
    assert "Error at each step" in shown[-1][1]
