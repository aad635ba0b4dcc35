"""The pictures of notebook 08: a series and its parts, the ladder, the forecast with its intervals, planted answers."""

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

NAMES = plots.NAMES | {
    "mean": "historical mean",
    "theta": "Theta",
    "damped": "damped smoothing",
    "both": "Theta and damped, mean",
    "weighted": "weighted mean",
    "regression": "regression on inputs",
}
COLOURS = plots.COLOURS | {
    "mean": "#B0B0B0",
    "theta": "#7A4FA3",
    "damped": "#B5651D",
    "both": "#5B6C2F",
    "weighted": "#8C1C13",
    "regression": "#AA3377",
}
PARTS = (("training", "0.7"), ("validation", "0.45"), ("test", "black"))


def draw_parts(table, first, season):
    """The first series of a table (time, series), cut at the rows ``first`` into training, validation and test part."""
    fig, ax = plt.subplots(figsize=(9, 3.2))
    every = max(1, len(table) // 5000)  # more points than that can't be seen
    borders = [0, *first, len(table)]
    for (name, colour), start, stop in zip(PARTS, borders, borders[1:], strict=False):
        ax.plot(table.iloc[start:stop:every, 0], color=colour, linewidth=0.8, label=name)
    found = f"a season of {season} steps" if season > 1 else "no season"
    ax.set(title=f"{len(table):,} rows, {found}; the last {len(table) - first[1]:,} judge", xlabel="time")
    ax.set_ylabel(str(table.columns[0]))
    ax.legend(loc="upper left")
    plots.show(fig, "08_series", "The first series with its training, validation and test part in three greys.")
    return fig


def draw_ladder(scores):
    """Error of each model on validation and test part, from rows of model, part, rmsse, chosen, network."""
    table = scores.pivot_table(index="model", columns="part", values="rmsse", sort=False)
    table = table.sort_values("test", ascending=False)
    chosen, network = scores["chosen"].iloc[0], scores["network"].iloc[0]
    fig, ax = plt.subplots(figsize=(9, 0.36 * len(table) + 1.2))
    rows = np.arange(len(table))
    ax.hlines(rows, table.min(axis=1), table.max(axis=1), color="0.8", linewidth=3)
    ax.scatter(table["validation"], rows, s=40, facecolors="white", edgecolors="black", label="validation: chooses")
    ax.scatter(table["test"], rows, s=46, color=[COLOURS[model] for model in table.index], zorder=3)
    ax.scatter([], [], s=46, color="0.3", label="test: judges")
    labels = [NAMES[m] + " (chosen)" * (m == chosen) + " (network)" * (m == network) for m in table.index]
    ax.set_yticks(rows, labels)
    largest = table.to_numpy().max()
    if largest > 4 * np.median(table["test"]):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
    ax.set(xlabel="error (RMSSE): 1 is a plain copy in the training part")
    ax.set_title(f"Chosen: {NAMES[chosen]}; lowest error on the test part: {NAMES[table.index[-1]]}")
    ax.legend(loc="best")
    alt = "A row for each forecast, the best on top: a ring for its error on the validation part, a dot for the test."
    plots.show(fig, "08_ladder", alt)
    return fig


def draw_forecast(table, forecast, earlier, intervals):
    """The end of the first series, earlier forecasts of it, and the forecast of what comes, with 90 % intervals."""
    name, model = table.columns[0], forecast["model"].iloc[0]
    ours = forecast[forecast["series"].astype(str) == str(name)]
    mine = intervals[intervals["series"].astype(str) == str(name)]
    horizon, colour = len(ours), COLOURS[model]
    recent = table.iloc[-max(4 * horizon, 60) :, 0]
    fig, ax = plt.subplots(figsize=(9, 3.6))
    ax.plot(recent.index, recent, color="black", linewidth=0.9, label="measured")
    for end, each in earlier.groupby("end"):
        times, values = table.index[end : end + horizon], each["forecast"].to_numpy()
        if times[0] >= recent.index[0]:
            ax.plot(times, values[: len(times)], color=colour, linewidth=1, alpha=0.6)
            low, high = (values + sign * mine["half"].to_numpy() for sign in (-1, 1))
            ax.fill_between(times, low[: len(times)], high[: len(times)], color=colour, alpha=0.3)  # for each step, too
    times = ours["time"].to_numpy()
    times = times.astype("datetime64[ns]") if hasattr(table.index, "year") else times
    ax.fill_between(times, ours["path_low"], ours["path_high"], color=colour, alpha=0.15, label="90 %: the whole path")
    ax.fill_between(times, ours["low"], ours["high"], color=colour, alpha=0.3, label="90 %: each step")
    ax.plot(times, ours["forecast"], color=colour, linewidth=1.8, label=NAMES[model])
    last = ours.iloc[-1]
    ax.set_title(f"{NAMES[model]}, {horizon} ahead: {last['forecast']:.4g} ({last['low']:.4g} to {last['high']:.4g})")
    ax.set(xlabel="time", ylabel=str(name))
    fig.legend(loc="outside lower center", ncols=4)
    alt = "The end of the series, earlier forecasts laid over it, and the forecast of what comes with two bands."
    plots.show(fig, "08_forecast", alt)
    return fig


def draw_planted(outcome):
    """How often each planted answer was found, from rows of planted, answer, right."""
    counts = outcome.groupby(["planted", "answer", "right"], sort=False).size().reset_index(name="draws")
    kinds = list(dict.fromkeys(outcome["planted"]))
    fig, ax = plt.subplots(figsize=(9, 0.5 * len(kinds) + 1.2))
    left = dict.fromkeys(kinds, 0)
    for row in counts.itertuples():
        style = {"edgecolor": "white"} if row.right else {"edgecolor": "black", "hatch": "//"}
        ax.barh(kinds.index(row.planted), row.draws, left=left[row.planted], color=COLOURS[row.answer], **style)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
        place = left[row.planted] + row.draws / 2, kinds.index(row.planted)
        ax.text(*place, NAMES[row.answer], ha="center", va="center", fontsize=8, bbox=box)
        left[row.planted] += row.draws
    ax.set_yticks(range(len(kinds)), kinds)
    ax.invert_yaxis()
    ax.xaxis.get_major_locator().set_params(integer=True)
    right = int(outcome["right"].sum())
    ax.set(xlabel="simulated series", title=f"{right} of {len(outcome)} planted answers are found (hatched: not)")
    alt = "A bar for each kind of planted series, cut by the answers that were given; wrong answers are hatched."
    plots.show(fig, "08_planted", alt)
    return fig
