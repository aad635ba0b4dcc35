"""The pictures of notebook 07, the claims on trial."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

STUDY = {"units": 128, "window": 60, "batch": 32}  # Velarde et al. (2022)
AXES = {"batch": "batch (windows)", "units": "units", "window": "window (steps)"}
MARKS = {"for": "o", "against": "X", "open": "|"}
LOOKS = {  # dark or light enough, and with a sign each: readable without colour
    "holds": ("#117733", "white", "✓"),
    "true only if": ("#88CCEE", "black", "(✓)"),
    "not tested well enough": ("#E0E0E0", "black", "?"),
    "contradicted as made": ("#882255", "white", "✗"),
    "a fact of construction": ("#DDCC77", "black", "≡"),
}


def draw_evidence(judged, name, title, unit, alt, limits=None):
    """One row for each piece of evidence: its interval, and in grey where it must lie for the claim to be true.

    ``judged`` is a table of ``claims.judge``; ``limits`` are those of the axis. Returns the figure.
    """
    fig, ax = plt.subplots(figsize=(8, 1.5 + 0.42 * len(judged)))
    limits = limits or (judged["low"].min(), judged["high"].max())
    room = 0.06 * (limits[1] - limits[0])
    ends = limits[0] - room, limits[1] + room
    for y, row in enumerate(judged.itertuples()):
        ax.fill_betweenx([y - 0.4, y + 0.4], max(row.least, ends[0]), min(row.most, ends[1]), color="0.88", zorder=0)
        ax.plot([row.low, row.high], [y, y], color="black", linewidth=2)
        ax.plot(row.number, y, MARKS[row.word], color="black", markersize=10, markeredgewidth=2)
    labels = [textwrap.fill(text, 34) for text in judged["setting"]]
    ax.set(yticks=range(len(judged)), yticklabels=labels, ylim=(len(judged) - 0.4, -0.6), xlim=ends, title=title)
    for text, made in zip(ax.get_yticklabels(), judged["made"], strict=True):
        text.set_fontweight("bold" if made else "normal")
    key = "grey: where the claim is true; bold: as it is made\ndot: for it, cross: against, bar: open"
    ax.set_xlabel(f"{unit}, 95 %\n{key}")
    plots.show(fig, name, alt=alt)
    return fig


def draw_gradients(judged):
    """What is left of the gradient after 60 steps (powers of ten); a table of ``claims.judge``."""
    left = judged.set_index("setting")["number"]
    return draw_evidence(
        judged,
        "07_gradients",
        f"Of a GRU's gradient 1e{left['GRU as made']:.0f} is left, with open gates {10 ** left['GRU, gates open']:.2f}",
        "powers of ten of the gradient left after 60 steps",
        "Intervals for GRU and LSTM. As made both lie far to the left of the grey range, the GRU furthest, near minus "
        "twelve; with gates that start open both lie inside it, near zero. With large weights neither explodes.",
    )


def draw_errors(judged):
    """The GRU's error against the LSTM's over many data sets (100 log ratio); a table of ``claims.judge``."""
    inside = (judged["word"] == "for").sum()
    return draw_evidence(
        judged,
        "07_errors",
        f"GRU against LSTM over many sets: {inside} of {len(judged)} surely within ±2 %",
        "error of the GRU against the LSTM's (100 log ratio, %)",
        "Intervals around zero, with a grey band from minus two to plus two per cent: the average over the sets, the "
        "same with equal weights and with untuned networks, and, wider, what to expect on a set of your own.",
    )


def draw_stacks(judged):
    """Mixed stacks against pure ones (100 log ratio); a table of ``claims.judge``."""
    surely = (judged["word"] == "for").sum()
    return draw_evidence(
        judged,
        "07_stacks",
        f"Does mixing bring nothing? Surely so in {surely} of {len(judged)} comparisons",
        "error of the mixed stack against the pure one (100 log ratio, %)",
        "Eight intervals, mixed stacks against pure ones. Those on BANKEX are short, around zero and within the grey "
        "range; those on Activities are many times as wide.",
    )


def draw_memory(shares):
    """Recall against lag; ``shares`` has columns setting, lag, number, low, high. Returns the figure."""
    fig, ax = plt.subplots(figsize=(8, 4))
    for place, (label, part) in enumerate(shares.groupby("setting", sort=False)):
        cell, *gates = label.split(", ")
        spread = np.clip([part["number"] - part["low"], part["high"].clip(upper=1) - part["number"]], 0, None)
        style = {"": "o-", "gates open": "s--", "no forget bias": "^:"}["".join(gates)]
        x = part["lag"] + 0.6 * (place - 2.5)
        ax.errorbar(x, part["number"], spread, fmt=style, color=plots.COLOURS[cell.lower()], label=label, capsize=2)
    ax.axhline(0.5, color="0.4", linewidth=0.8)
    ax.set(
        xlabel="lag (steps between the symbol and the answer)", ylabel="share of right answers, 95 %", ylim=(0.3, 1.05)
    )
    ax.set_xticks(sorted(shares["lag"].unique()))
    far = shares[shares["lag"] == shares["lag"].max()].set_index("setting")["number"]
    ax.set_title(
        f"{shares['lag'].max()} steps on, as made: RNN {far['RNN']:.2f}, GRU {far['GRU']:.2f}, LSTM {far['LSTM']:.2f}"
    )
    fig.legend(loc="outside lower center", ncols=3, fontsize=9)
    plots.show(
        fig,
        "07_memory",
        alt="Share of right answers against the lag. The plain RNN stays high; GRU and LSTM as made fall to chance, "
        "one half, at forty steps; with gates that start open both stay near one.",
    )
    return fig


def _panels(ratios, styles, along, ylabel):
    """Ratios with intervals against batch, units and window, a panel each; others as in the study. Figure and axes."""
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.8), sharey=True)
    for ax, name in zip(axes, along, strict=True):
        others = [other for other in STUDY if other != name]
        same = ratios[(ratios[others] == [STUDY[other] for other in others]).all(axis=1)].sort_values(name)
        for way, (style, face) in styles.items():
            line = same[same["way"] == way]
            ax.vlines(line[name], line["low"], line["high"], color="black", linewidth=1)
            ax.plot(line[name], line["ratio"], style, color="black", mfc=face, label=way)
        ax.axhline(1, color="0.4", linewidth=0.8)
        ax.axhline(0.75, color="0.4", linestyle=":", label="3/4, by arithmetic")
        ax.set(xscale="log", xlabel=AXES[name])
        ax.set_xticks(sorted(same[name].unique()), labels=sorted(same[name].unique()), rotation=45)
        ax.minorticks_off()
    axes[0].set(ylabel=ylabel)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _at_study(ratios, way, **other):
    size = STUDY | other
    return ratios.loc[(ratios[["way", *size]] == [way, *size.values()]).all(axis=1), "ratio"].iloc[0]


def draw_speed(ratios):
    """Seconds of a GRU's epoch over the LSTM's on a processor, plain Keras and XLA; with 95 % intervals.

    ``ratios`` has columns way ("plain", "XLA"), units, window, batch, ratio, low, high. Returns the figure.
    """
    styles = {"plain": ("s--", "white"), "XLA": ("o-", "black")}
    fig = _panels(ratios, styles, ("units", "window", "batch"), "seconds, GRU / LSTM (95 %)")
    plain, compiled = (_at_study(ratios, way) for way in styles)
    title = f"On a processor the GRU takes {plain:.2f} times the LSTM's seconds as Keras comes, {compiled:.2f} with XLA"
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    plots.show(
        fig,
        "07_speed",
        alt="Seconds of an epoch on a processor, GRU over LSTM, in three panels: against units, window and batch. The "
        "line of plain Keras lies above one but for the two widest networks; that of XLA below one but for one size.",
    )
    return fig


def draw_gpu_speed(ratios):
    """Seconds of a GRU's training step over the LSTM's on a graphics card, against batch, units and window.

    ``ratios`` has columns way ("eager", "graph"), units, window, batch, ratio (the median of the repetitions), low and
    high (the smallest and the largest). Returns the figure.
    """
    fig = _panels(
        ratios, {"eager": ("s--", "white"), "graph": ("o-", "black")}, ("batch", "units", "window"),
        "seconds of a step, GRU / LSTM",
    )  # fmt: skip
    most = ratios["batch"].max()
    title = (
        f"On a graphics card the GRU takes {_at_study(ratios, 'eager', batch=most):.2f} times the LSTM's seconds with "
    )
    fig.suptitle(title + f"{most:.0f} windows a batch", x=0.01, ha="left", fontsize=11)
    plots.show(
        fig,
        "07_gpu_speed",
        alt="Seconds of a training step on a graphics card, GRU over LSTM, in three panels. Against the batch both "
        "lines climb: above one with 256 windows as a graph, with 1024 also eager. Against units and window the eager "
        "ratio stays a little below one but for the longest window; the graph's is lowest, near three fifths, at the "
        "study's size and at windows of some hundred steps.",
    )
    return fig


def draw_scoreboard(claims):
    """All claims with their verdicts, narrow enough for a phone; ``claims`` has columns id, claim, verdict."""
    fig, ax = plt.subplots(figsize=(4.6, 0.34 * len(claims) + 0.7))
    for y, row in enumerate(claims.itertuples()):
        colour, ink, sign = LOOKS[row.verdict]
        ax.text(0, y, row.id, va="center", fontsize=9, fontweight="bold")
        ax.text(0.33, y, textwrap.shorten(row.claim, 38, placeholder=" ..."), va="center", fontsize=8)
        box = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "0.4"}
        ax.text(1, y, sign, va="center", ha="right", fontsize=9, color=ink, bbox=box)
        ax.axhline(y + 0.5, color="0.85", linewidth=0.6)
    ax.set(xlim=(0, 1.02), ylim=(len(claims) - 0.4, -0.6))
    ax.axis("off")
    counts = claims["verdict"].value_counts()
    said = [f"{LOOKS[word][2]} {counts[word]} {word}" for word in LOOKS if word in counts]
    ax.set_title(f"{len(claims)} claims on trial\n" + "\n".join(said), fontsize=9)
    plots.show(
        fig,
        "07_scoreboard",
        alt="A row for each claim: its name, its text, and a coloured sign for its verdict; the list "
        "under The scoreboard says each verdict in a sentence.",
    )
    return fig


def draw_changes(gaps):
    """How far an LSTM is from a GRU after each change: ``gaps`` {change: largest difference}. Returns the figure."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    drawn = ax.barh(list(gaps), list(gaps.values()), color=plots.COLOURS["lstm"])
    ax.bar_label(drawn, [f"{gap:.2f}" if gap > 1e-9 else "0: a GRU" for gap in gaps.values()], padding=3)
    ax.set(xlabel="largest difference of the outputs from a GRU's", xlim=(0, 1.25 * max(gaps.values())))
    needed = next((n for n, gap in enumerate(gaps.values(), 1) if gap < 1e-9), None)
    ax.set_title(f"An LSTM becomes a GRU after {needed or 'more than ' + str(len(gaps))} changes")
    ax.invert_yaxis()
    plots.show(
        fig, "07_from_lstm_to_gru", alt="Bars: distance of an LSTM from a GRU after each change; the last is zero."
    )
    return fig


def draw_coupling(pairs, correlation):
    """What two trained networks keep and write (columns model, kept, written), and the LSTM's correlation."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.8), sharey=True)
    for ax, name in zip(axes, ("lstm", "gru"), strict=True):
        part = pairs[pairs["model"] == name]
        ax.plot([0, 1], [1, 0], color="0.5", linewidth=1)
        ax.scatter(part["kept"], part["written"], s=4, alpha=0.3, color=plots.COLOURS[name])
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes[0].set(xlabel="forget gate f", ylabel="input gate i, or 1 − z", title=f"LSTM: correlation {correlation:+.2f}")
    axes[1].set(xlabel="update gate z", title="GRU: one line, by construction")
    plots.show(
        fig,
        "07_coupling",
        alt="Left, the input gate against the forget gate of a trained LSTM: a cloud in the upper right, nearly all of "
        "it above the falling diagonal. Right, a GRU: all points on the falling diagonal.",
    )
    return fig


def draw_counting(judged):
    """Words a^n b^n told rightly, LSTM minus GRU, by how coarsely states are rounded; a table of ``claims.judge``."""
    return draw_evidence(
        judged,
        "07_counting",
        "The LSTM leads where states are rounded to a hundredth or coarser",
        "share of words told rightly, LSTM minus GRU",
        "Intervals of the LSTM's lead: none with exact states and a rounding to a thousandth, then growing to more "
        "than half of the words with states rounded to a twentieth.",
    )


def draw_strings(shares):
    """Letters told rightly against the period, a panel for each budget of updates.

    ``shares`` has columns cell, period, updates, number, low, high. Returns the figure.
    """
    budgets = sorted(shares["updates"].unique())
    fig, axes = plt.subplots(1, len(budgets), figsize=(3.3 * len(budgets), 3.6), sharey=True, squeeze=False)
    for ax, budget in zip(axes[0], budgets, strict=True):
        for name in ("gru", "lstm"):
            line = shares[(shares["cell"] == name) & (shares["updates"] == budget)]
            spread = np.clip([line["number"] - line["low"], line["high"] - line["number"]], 0, None)
            ax.errorbar(
                line["period"],
                line["number"],
                spread,
                fmt="o-",
                color=plots.COLOURS[name],
                label=plots.NAMES[name],
                capsize=2,
            )
        periods = sorted(shares["period"].unique())
        ax.set(xscale="log", xlabel="period of the string (letters)", title=f"{budget} updates", ylim=(0, 1.05))
        ax.set_xticks(periods, labels=periods)
        ax.minorticks_off()
    axes[0, 0].set(ylabel="share of right letters (95 %)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    plots.show(
        fig,
        "07_strings",
        alt="Share of right letters against the period of the string, for GRU and LSTM, one panel for each number of "
        "updates. Both are perfect on short periods and fall on long ones; more updates move the fall to the right.",
    )
    return fig


def draw_products(shares):
    """Per cent of an update that is matrix products; ``shares`` has a row a width (units), columns gru, lstm."""
    fig, ax = plt.subplots(figsize=(8, 3.4))
    for cell in ("gru", "lstm"):
        ax.plot(shares.index, shares[cell], "o-", color=plots.COLOURS[cell], label=plots.NAMES[cell])
    ax.set(
        xscale="log", xlabel="units", ylabel="matrix products (% of an update)", ylim=(0, 1.15 * shares.max(axis=None))
    )
    ax.set_xticks(list(shares.index), labels=list(shares.index))
    ax.minorticks_off()
    first, last = shares.mean(axis=1).iloc[[0, -1]]
    ax.set_title(
        f"Products take {first:.0f} % of an update at {shares.index[0]} units, {last:.0f} % at {shares.index[-1]}"
    )
    ax.legend()
    plots.show(
        fig, "07_products", alt="Share of an update's time in matrix products against units: it climbs for both cells."
    )
    return fig
