"""The pictures of notebook 06: the sets, the ladder, the forest, what matters more than the cell, and M3's table."""

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

GRU, LSTM, RNN = (plots.COLOURS[name] for name in ("gru", "lstm", "rnn"))
PURPLE, GREY, MARGIN = "#7B3294", "#757575", "#D9EAD3"
NAMES = plots.NAMES | {
    "theta": "Theta",
    "damped": "damped smoothing",
    "theta_damped": "mean of Theta and damped",
    "gru_ensemble": "median of the GRUs",
    "lstm_ensemble": "median of the LSTMs",
    "both_ensemble": "median of GRUs and LSTMs",
    "gru_default": "GRU, untuned",
    "lstm_default": "LSTM, untuned",
}
SHADES = {"gru": GRU, "lstm": LSTM, "rnn": RNN, "gru_ensemble": GRU, "lstm_ensemble": LSTM, "both_ensemble": PURPLE}


def draw_sets(examples):
    """One series of each set: ``examples`` has set, holdout (bool) and value, in order of time."""
    groups = dict(list(examples.groupby("set", sort=False)))
    rows = -(-len(groups) // 5)
    fig, axes = plt.subplots(rows, 5, figsize=(9, 1.45 * rows), squeeze=False)
    for ax in axes.flat[len(groups) :]:
        ax.set_axis_off()
    for ax, (name, group) in zip(axes.flat, groups.items(), strict=False):
        values, n = group["value"].to_numpy(), int((~group["holdout"]).sum())
        ax.plot(np.arange(n), values[:n], color="black", lw=0.8)
        ax.plot(np.arange(n - 1, len(values)), values[n - 1 :], color=PURPLE, lw=1.2)
        ax.set_title(name, fontsize=9)
        ax.set(xticks=[], yticks=[])
    alt = "A small panel for each data set: one of its series in black, and in purple the end that has to be forecast."
    plots.show(fig, "06_sets", alt)
    return fig


def draw_ladder(relative):
    """``relative`` (a row a model, a column a set): error over the seasonal naive forecast's; sorted by its mean."""
    order = np.log(relative).mean(axis=1).sort_values(ascending=False).index
    fig, ax = plt.subplots(figsize=(7.5, 0.34 * len(order) + 1.2))
    for height, model in enumerate(order):
        values, colour = relative.loc[model], SHADES.get(model, GREY)
        ax.scatter(values, np.full(len(values), height), color=colour, s=14, alpha=0.35, lw=0)
        ax.scatter(np.exp(np.log(values).mean()), height, color=colour, s=75, marker="D", zorder=3)
    ax.axvline(1, color="black", lw=0.8, ls=":")
    ticks = [tick for tick in (0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if tick < 1.2 * relative.to_numpy().max()]
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set(yticks=range(len(order)), yticklabels=[NAMES.get(model, model) for model in order])
    ax.set(xlabel="error (MASE), over the seasonal naive forecast's; further left is better")
    best = NAMES.get(order[-1], order[-1])
    ax.set_title(f"Lowest error on average over {relative.shape[1]} data sets: {best}")
    alt = "A row for each way to forecast, best on top: a small dot for each data set, a diamond for the mean over all."
    plots.show(fig, "06_ladder", alt)
    return fig


def draw_forest(effects, pooled, margin):
    """Each set's difference with its interval, the mean over sets, and what to expect on a new set.

    ``effects``: a row a set with set, difference, low, high; ``pooled``: difference, low, high, prediction_low and
    prediction_high (a row or dict); all in per cent (100 log), and ``margin`` too.
    """
    effects = effects.sort_values("difference", ascending=False)
    fig, ax = plt.subplots(figsize=(6, 0.33 * len(effects) + 2.6))
    ax.axvspan(-margin, margin, color=MARGIN, zorder=0)
    ax.axvline(0, color="black", lw=0.8)
    heights = np.arange(len(effects)) + 3
    ax.hlines(heights, effects["low"], effects["high"], color=GREY, lw=2)
    ax.scatter(effects["difference"], heights, color="black", s=28, zorder=3)
    low, mean, high = (pooled[name] for name in ("low", "difference", "high"))
    ax.fill([low, mean, high, mean], [1.3, 1.65, 1.3, 0.95], color=PURPLE, zorder=3)
    ax.hlines(0.2, pooled["prediction_low"], pooled["prediction_high"], color=PURPLE, lw=5)
    ax.set_yticks([*heights, 1.3, 0.2], [*effects["set"], f"all {len(effects)} sets", "a new set"], fontsize=12)
    for label in ax.get_yticklabels()[-2:]:
        label.set(color=PURPLE, fontweight="bold")
    reach = 1.08 * np.abs([effects["low"], effects["high"]]).max()
    reach = max(reach, 1.08 * abs(pooled["prediction_low"]), 1.08 * abs(pooled["prediction_high"]), 2 * margin)
    ax.set(ylim=(-0.5, heights[-1] + 0.7), xlim=(-reach, reach))
    ax.tick_params(axis="x", labelsize=12)
    ax.set_xlabel("$\\leftarrow$ GRU better      %      LSTM better $\\rightarrow$", fontsize=13)
    ax.set_title(f"GRU against LSTM: {mean:+.1f} % ({low:+.1f} to {high:+.1f})", fontsize=14, loc="right")
    alt = (
        "A row for each data set: a dot for the difference between GRU and LSTM, with its interval. Below, in purple, "
        f"the mean over all sets at {mean:+.1f} per cent and a bar for what to expect on a new set; the band within "
        f"{margin:g} per cent either way is shaded."
    )
    plots.show(fig, "06_forest", alt)
    return fig


def draw_matters(table):
    """How far each choice moves the error: ``table`` has choice, set, size (per cent); a dot a set, a bar the mean."""
    means = table.groupby("choice")["size"].mean().sort_values()
    fig, ax = plt.subplots(figsize=(7, 0.5 * len(means) + 1.2))
    for height, (choice, mean) in enumerate(means.items()):
        colour = PURPLE if choice == "GRU or LSTM" else GREY
        own = table.loc[table["choice"] == choice, "size"]
        ax.barh(height, mean, color=colour, alpha=0.45, height=0.7)
        ax.scatter(own, np.full(len(own), height), color=colour, s=16, zorder=3)
    ax.set_yticks(range(len(means)), list(means.index), fontsize=12)
    ax.set_xlabel("how far the choice moves the error (%)", fontsize=12)
    place = len(means) - list(means.index).index("GRU or LSTM")
    ax.set_title(f"Of {len(means)} choices, the cell comes in place {place}", fontsize=13)
    alt = (
        "A bar for each choice, as long as it moves the error on average, and a dot for each data set; longest on top."
    )
    plots.show(fig, "06_matters", alt)
    return fig


def draw_moderators(effects, features):
    """Each set's difference against each of its features: ``features`` is indexed by set, a column a question."""
    effects = effects.set_index("set")
    fig, axes = plt.subplots(1, features.shape[1], figsize=(9.5, 2.6), sharey=True)
    for ax, name in zip(axes, features, strict=True):
        x = features.loc[effects.index, name]
        ax.axhline(0, color="black", lw=0.8)
        ax.errorbar(x, effects["difference"], 1.96 * effects["se"], fmt="o", ms=4, color=GREY, ecolor="#CCCCCC")
        ax.set_title(name, fontsize=9)
    axes[0].set_ylabel("GRU $-$ LSTM (%)")
    alt = "A panel for each feature of a data set; dots with intervals, one a set, of the difference of the two cells."
    plots.show(fig, "06_moderators", alt)
    return fig


def draw_m3(table):
    """The table of the M3 competition with ours in it: ``table`` has who, smape and ours (bool)."""
    table = table.sort_values("smape", ascending=False)
    fig, ax = plt.subplots(figsize=(7, 0.3 * len(table) + 1.1))
    colours = [PURPLE if ours else GREY for ours in table["ours"]]
    ax.hlines(range(len(table)), 12, table["smape"], color=colours, lw=2, alpha=0.5)
    ax.scatter(table["smape"], range(len(table)), color=colours, s=40, zorder=3)
    ax.set(yticks=range(len(table)), yticklabels=list(table["who"]))
    for label, ours in zip(ax.get_yticklabels(), table["ours"], strict=True):
        label.set_color(PURPLE if ours else "black")
    ax.set(xlabel="sMAPE on M3's series (%), smaller is better", xlim=(min(12, table["smape"].min() - 0.3), None))
    ax.set_title("The M3 competition, with ours (purple) in it", loc="right")
    alt = "A row for each method with a dot at its error on the M3 series, smallest on top; ours are purple."
    plots.show(fig, "06_m3", alt)
    return fig
