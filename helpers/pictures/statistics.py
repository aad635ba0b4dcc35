"""The pictures of notebook 05: pairs, seeds and series, intervals, margins, power, and what lies deeper."""

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

GRU, LSTM = plots.COLOURS["gru"], plots.COLOURS["lstm"]


def _rows(names, width=8):
    """A figure with one horizontal row for each name, the first on top."""
    fig, ax = plt.subplots(figsize=(width, 1.3 + 0.4 * len(names)))
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(max(1, len(names)) - 0.5, -0.5))
    return fig, ax


def draw_pairs(lstm, gru):
    """Errors of two networks on the same series, arrays (n_series,), each pair joined by a line."""
    fig, ax = plt.subplots(figsize=(6, 3.6))
    ax.plot([0, 1], [lstm, gru], color="0.6", linewidth=1)
    ax.scatter(np.zeros(len(lstm)), lstm, color=LSTM, zorder=3)
    ax.scatter(np.ones(len(gru)), gru, color=GRU, zorder=3)
    ax.set(xticks=[0, 1], xticklabels=["LSTM", "GRU"], xlim=(-0.4, 1.4), ylabel="RMSE (% of the range of prices)")
    ax.set_title(f"The LSTM's error is the lower one on {np.sum(lstm < gru)} of {len(lstm)} banks")
    plots.show(fig, "05_ten_pairs", "Ten rising lines, one for each bank, from the LSTM's error to the GRU's.")
    return fig


def draw_differences(tables):
    """Differences by seed (rows) and independent series (columns): ``tables`` is a dict name -> (seeds, series)."""
    fig, axes = plt.subplots(1, max(1, len(tables)), figsize=(max(7, 2.4 * len(tables)), 2.9), squeeze=False)
    for ax, (name, d) in zip(axes.flat, tables.items(), strict=False):
        limit = np.abs(d).max() or 1
        image = ax.imshow(d, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        fig.colorbar(image, ax=ax, location="bottom", label="100 log(GRU / LSTM)")
        ax.set(title=name, xticks=[], yticks=[], xlabel="series", ylabel="seeds")
        ax.grid(False)
    fig.suptitle("Violet: the GRU is better. Luck colours whole rows and whole columns", x=0.01, ha="left")
    alt = (
        "One panel a case, a square for each seed (row) and series (column), violet where the GRU has the lower error."
    )
    plots.show(fig, "05_differences", alt)
    return fig


def draw_false_alarms(seeds, over_series, over_both):
    """Shares of false alarms at p < 0.05 against the number of seeds: Wilcoxon over series, and the crossed test."""
    fig, ax = plt.subplots()
    ax.plot(seeds, over_series, "s--", color="0.5", label="Wilcoxon over ten series")
    ax.plot(seeds, over_both, "o-", color="black", label="both sources: series and seeds")
    ax.axhline(0.05, color="0.5", linewidth=0.8, linestyle=":")
    ax.set(xlabel="seeds of each network", ylabel="share of false alarms", xticks=seeds, ylim=(0, None))
    ax.set_title(f"Nothing differs, yet with one seed Wilcoxon finds a difference in {over_series[0]:.0%} (simulated)")
    ax.legend()
    alt = "False alarms against the number of seeds: Wilcoxon starts high and stays above 5 %, the other test holds it."
    plots.show(fig, "05_false_alarms", alt)
    return fig


def draw_intervals(rows, margin):
    """Differences with their intervals, a row each: ``rows`` has the columns name, difference, low, high."""
    fig, ax = _rows(rows["name"])
    ax.axvspan(-margin, margin, color="0.88", zorder=0)
    ax.axvline(0, color="0.5", linewidth=0.8)
    ax.hlines(range(len(rows)), rows["low"], rows["high"], color="black")
    ax.plot(rows["difference"], range(len(rows)), "o", color="black")
    inside = ((rows["low"] > -margin) & (rows["high"] < margin)).sum()
    ax.set_xlabel("100 log(GRU's error / LSTM's), 95 % interval; left: the GRU is better")
    ax.set_title(f"Wholly within {margin:g} per cent (grey): {inside} of {len(rows)} intervals")
    plots.show(
        fig, "05_intervals", "A dot and an interval for each case; a grey band marks differences that don't matter."
    )
    return fig


def draw_margins(margins, curves, margin):
    """p of equivalence against the margin: ``curves`` is a dict name -> p (len(margins),)."""
    fig, ax = plt.subplots()
    for (name, p), style in zip(curves.items(), ("-", "--", "-.", ":"), strict=False):
        ax.plot(margins, p, style, color="black", label=name)
    ax.axhline(0.05, color="0.5", linewidth=0.8)
    ax.axvline(margin, color="0.5", linewidth=0.8)
    ax.set(xscale="log", xlabel="margin, in 100 log (about % of the LSTM's error)")
    ax.set(ylabel="p of equivalence", ylim=(0, 1.02))
    ticks = [0.1, 0.5, 1, 2, 5, 10, 20]
    ax.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    equal = sum(p[np.searchsorted(margins, margin)] < 0.05 for p in curves.values())
    ax.set_title(f"At a margin of {margin:g} (vertical line) {equal} of {len(curves)} curves lie below 0.05: equal")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plots.show(fig, "05_margins", "One falling curve for each case: p of the test of equality against the margin.")
    return fig


def draw_power(seeds, by_seeds, series, by_series, name):
    """Chance to find a true difference: dicts size (%) -> power, against numbers of seeds and of series."""
    fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.4), sharey=True)
    for ax, numbers, curves, what in ((axes[0], seeds, by_seeds, "seeds"), (axes[1], series, by_series, "series")):
        for (size, power), style in zip(curves.items(), (":", "--", "-"), strict=False):
            ax.plot(numbers, power, style, color="black", label=f"{size} %")
        ax.axhline(0.8, color="0.5", linewidth=0.8)
        ax.set(xlabel=f"number of {what}", ylim=(0, 1.03))
        if any(np.isfinite(power).any() for power in curves.values()):  # an empty axis can't be logarithmic
            ax.set_xscale("log")
            ax.set_xticks([3, 10, 30, 100], labels=["3", "10", "30", "100"])
            ax.xaxis.set_minor_formatter(plt.NullFormatter())
    axes[0].set_ylabel("chance to find it")
    axes[1].legend(title="true difference", loc="center left", bbox_to_anchor=(1, 0.5))
    fig.suptitle(f"{name}: what more seeds (left) and more series (right) would buy", x=0.01, ha="left")
    plots.show(
        fig, "05_power", "Rising curves of the chance to find a difference, against numbers of seeds and of series."
    )
    return fig


def draw_ladder(errors):
    """RMSE of networks and simple forecasts: ``errors`` is a table (model x case); a dot each, one panel a case."""
    fig, axes = plt.subplots(1, errors.shape[1], figsize=(2.6 * errors.shape[1], 3.4), sharey=True, squeeze=False)
    for ax, (name, values) in zip(axes.flat, errors.items(), strict=True):
        networks = [model in ("gru", "lstm", "rnn") for model in errors.index]
        colours = [plots.COLOURS[model] if net else "black" for model, net in zip(errors.index, networks, strict=True)]
        ax.scatter(values, range(len(values)), c=colours, marker="o", zorder=3)
        ax.axvline(values[[not net for net in networks]].min(), color="0.5", linestyle=":")
        ax.set(title=name, xlabel="RMSE")
        if not np.isfinite(values).any():
            continue
        ax.set_xscale("log")
        ax.xaxis.set_minor_formatter(plt.NullFormatter())
        ticks = [values.min(), values.max()]
        ax.set_xticks(ticks, labels=[f"{tick:.3f}" for tick in ticks])
    axes[0, 0].set(yticks=range(len(errors)), yticklabels=[NAMES.get(model, model) for model in errors.index])
    axes[0, 0].invert_yaxis()
    fig.suptitle("The best simple forecast (dotted line) and the networks (in colour)", x=0.01, ha="left")
    plots.show(
        fig, "05_ladder", "Dots of the RMSE of each model, one panel a case; a dotted line at the best simple forecast."
    )
    return fig


NAMES = {**plots.NAMES, "nlinear_all": "NLinear, all series", "theta": "Theta", "damped": "damped smoothing"}
NAMES |= {"weekdays": "weekdays and a line"}


def draw_bootstrap(ways):
    """Histograms of bootstrap means: ``ways`` is a dict name -> (means (draws,), low, high)."""
    fig, axes = plt.subplots(max(1, len(ways)), 1, figsize=(8, 4.4), sharex=True, squeeze=False)
    for ax, (name, (means, low, high)) in zip(axes.flat, ways.items(), strict=False):
        ax.hist(means, bins=60, color="0.75")
        ax.axvspan(low, high, color="0.5", alpha=0.2)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set(yticks=[], title=f"{name}: 95 % from {low:.1f} to {high:.1f}")
    axes[-1, 0].set_xlabel("mean of 100 log(GRU / LSTM)")
    plots.show(
        fig, "05_bootstrap", "Three histograms of bootstrap means with their intervals shaded, one below the other."
    )
    return fig


def draw_ranks(cases):
    """Average ranks: ``cases`` is a dict name -> (ranks, a Series best first; pairs told apart; pairs in all)."""
    fig, axes = plt.subplots(-(-max(1, len(cases)) // 2), 2, figsize=(9, 5.4), squeeze=False)
    for ax in axes.flat[len(cases) :]:
        ax.set_axis_off()
    for ax, (name, (ranks, apart, pairs)) in zip(axes.flat, cases.items(), strict=False):
        colours = [plots.COLOURS[model] for model in ranks.index]
        ax.hlines(range(len(ranks)), 1, ranks, color=colours)
        ax.scatter(ranks, range(len(ranks)), color=colours, zorder=3)
        ax.set(yticks=range(len(ranks)), yticklabels=[plots.NAMES[model] for model in ranks.index])
        ax.set(xticks=range(1, len(ranks) + 1), xlabel="average rank (1: best)")
        ax.set_title(f"{name}: {apart} of {pairs} pairs differ")
        ax.invert_yaxis()
    plots.show(
        fig, "05_ranks", "Average rank of each model over the independent series, one panel a case, the best on top."
    )
    return fig


def draw_reproduction(runs):
    """Printed errors beside our runs: ``runs`` is a dict panel -> {model: (ours (n,), printed, low, high)}."""
    fig, axes = plt.subplots(1, max(1, len(runs)), figsize=(8.5, 3.2), squeeze=False)
    for ax, (name, models) in zip(axes.flat, runs.items(), strict=False):
        for height, (model, (ours, printed, low, high)) in enumerate(models.items()):
            colour = plots.COLOURS[model]
            if len(ours) > 1:
                lowest = max(low, min(ours) / 10)  # a logarithmic axis has no place for 0
                ax.plot([lowest, high], [height, height], color=colour, alpha=0.4, label="band of a new run")
            ax.plot(ours, [height] * len(ours), "o", color=colour, alpha=0.7, label="one of our runs")
            ax.plot(printed, height, "kx", markersize=9, label="printed")
        ax.set(title=name, xlabel="RMSE (published scale)", xscale="log", ylim=(-0.5, len(models) - 0.5))
        ax.set_yticks(range(len(models)), [plots.NAMES[model] for model in models])
        ticks = [0.01, 0.02, 0.05, 0.1, 0.2]
        ax.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        ax.xaxis.set_minor_formatter(plt.NullFormatter())
    if runs:
        kinds = dict(zip(*reversed(axes[0, 0].get_legend_handles_labels()), strict=True))  # the last of each
        fig.legend(kinds.values(), kinds.keys(), loc="outside lower center", ncols=3)
    fig.suptitle("Bands of three runs are so wide that the printed numbers cannot be refuted", x=0.01, ha="left")
    plots.show(
        fig, "05_reproduction", "Our runs as dots, their band as a line, the printed error as a cross, on a log scale."
    )
    return fig
