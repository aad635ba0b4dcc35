"""The pictures of notebook 01: a network unrolled, gradients over distance, clipping, recall over lags, a window."""

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

LOOKS = {  # the kinds of network that learn to recall: whose colour, and the line
    "RNN": ("rnn", "o-"),
    "GRU": ("gru", "o-"),
    "LSTM": ("lstm", "o-"),
    "RNN, Glorot": ("rnn", "s--"),
    "GRU, gates open": ("gru", "s--"),
    "LSTM, gates open": ("lstm", "s--"),
}
BIAS_LINES = (":", "--", "-")  # from the smallest bias to the largest


def draw_unrolled(x, h):
    """A recurrent network of two units drawn along time.

    ``x`` (time,) are the values it reads, ``h`` (time + 1, 2) its states, the one before the first step included.
    """
    fig, ax = plt.subplots(figsize=(9, 2.6))
    for t, state in enumerate(h):
        colour = "#F9E3B4" if t else "0.93"
        _draw_box(ax, (t, 1), f"$h_{t}$\n" + "\n".join(f"{unit:.2f}" for unit in state), colour)
    for t, value in enumerate(x, start=1):
        _draw_box(ax, (t, 0), f"$x_{t}$ = {value:.1f}", "0.93")
        _draw_arrow(ax, (t - 0.74, 1), (t - 0.26, 1), "$U$", (0, 0.14))
        _draw_arrow(ax, (t, 0.2), (t, 0.66), "$W$", (0.13, 0))
    ax.set(xlim=(-0.4, len(x) + 0.5), ylim=(-0.25, 1.45))
    ax.set_title(f"{len(x)} values, {len(x)} states, one set of weights: the network unrolled in time")
    ax.axis("off")
    alt = (
        f"A row of boxes, the states h0 to h{len(x)}, each joined to the next by an arrow U; below them the values x1 "
        f"to x{len(x)}, each with an arrow W to its state."
    )
    plots.show(fig, "01_unrolled", alt)
    return fig


def _draw_box(ax, place, text, colour):
    box = {"boxstyle": "round,pad=0.45", "facecolor": colour, "edgecolor": "0.3", "alpha": 0.9}
    ax.text(*place, text, ha="center", va="center", fontsize=8.5, bbox=box)


def _draw_arrow(ax, start, end, label, offset):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "0.3"})
    ax.text(*(np.mean([start, end], axis=0) + offset), label, ha="center", va="center", fontsize=9)


def _draw_band(ax, values, style, colour, label):
    """Median as a line and smallest to largest as a band, of values grouped by what the x axis shows."""
    low = values.min()
    ax.plot(values.median(), style, color=colour, label=label)
    ax.fill_between(low.index, low, values.max(), color=colour, alpha=0.2, linewidth=0)


def draw_norms(table):
    """How much of a gradient is left k steps back, for each cell; a panel for each scale of the recurrent weights.

    ``table`` has the columns name ("rnn", "gru", "lstm"), gain, seed, k and norm.
    """
    gains, steps = sorted(table["gain"].unique()), table["k"].max()
    fig, axes = plt.subplots(1, len(gains), figsize=(10, 3.6), sharey=True)
    for ax, gain in zip(axes, gains, strict=True):
        for name in ("rnn", "lstm", "gru"):
            part = table[(table["gain"] == gain) & (table["name"] == name)]
            _draw_band(ax, part.groupby("k")["norm"], "-", plots.COLOURS[name], plots.NAMES[name])
        ax.set(yscale="log", title=f"gain {gain:g}" + (" (as Keras makes them)" if gain == 1 else ""))
        ax.set(xlabel="k (steps back)")
        ax.axhline(1, color="0.5", linewidth=0.8)
    axes[0].set_ylabel(r"norm of $\partial h_T / \partial h_{T-k}$")
    axes[0].legend(loc="lower left")
    ends = table[(table["k"] == steps) & (table["gain"] == 1)].groupby("name")["norm"].median()
    kept = ", ".join(f"{plots.NAMES[name]} {ends[name]:.0e}" for name in ("rnn", "lstm", "gru"))
    fig.suptitle(f"What is left of a gradient after {steps} steps, before training (gain 1): {kept}", x=0.01, ha="left")
    alt = (
        "Three panels with falling lines on an axis of powers of ten. At gain 0.5 the RNN's falls fastest and the "
        "LSTM's slowest; at gain 1 those of RNN and LSTM lie on each other, high above the GRU's; at gain 2 the RNN's "
        "rises."
    )
    plots.show(fig, "01_gradient_norms", alt)
    return fig


def draw_gate_bias(table):
    """How much of a gradient is left k steps back when the gate that keeps starts with another bias.

    ``table`` has the columns name ("lstm", "gru"), gate_bias, seed, k and norm.
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for ax, name, gate in zip(axes, ("lstm", "gru"), ("forget gate", "update gate"), strict=True):
        for bias, style in zip(sorted(table["gate_bias"].unique()), BIAS_LINES, strict=True):
            part = table[(table["gate_bias"] == bias) & (table["name"] == name)]
            _draw_band(ax, part.groupby("k")["norm"], style, plots.COLOURS[name], f"bias {bias:g}")
        ax.set(yscale="log", title=f"{plots.NAMES[name]}: bias of its {gate}", xlabel="k (steps back)")
        ax.legend(loc="lower left")
    axes[0].set_ylabel(r"norm of $\partial h_T / \partial h_{T-k}$")
    bias, steps = table["gate_bias"].max(), table["k"].max()
    ends = table[(table["gate_bias"] == bias) & (table["k"] == steps)].groupby("name")["norm"].median()
    fig.suptitle(
        f"Started open (bias {bias:g}), the gate lets the gradient through: after {steps} steps LSTM "
        f"{ends['lstm']:.2g}, GRU {ends['gru']:.2g}",
        x=0.01,
        ha="left",
    )
    alt = (
        "Two panels, LSTM and GRU, each with three lines over the steps back: with a bias of 0 the gradient falls by "
        "twenty powers of ten, with 1 by half of that, and with 4 it stays level."
    )
    plots.show(fig, "01_forget_bias", alt)
    return fig


def draw_clipping(table):
    """The loss along gradient descent, with gradients clipped and not; table: clipped, seed, update, loss."""
    fig, ax = plt.subplots()
    for clipped, label, style in ((False, "not clipped", ":"), (True, "clipped to length 1", "-")):
        loss = table[table["clipped"] == clipped].groupby("update")["loss"]
        _draw_band(ax, loss, style, plots.COLOURS["rnn"], label)
    last = table[table["update"] == table["update"].max()].groupby("clipped")["loss"].median()
    ax.set(xlabel="updates of U", ylabel=r"loss $L = |h_T|^2 / 2$", ylim=(0, None))
    ax.set_title(
        f"An RNN that explodes, after {table['update'].max() + 1} updates: "
        f"median loss {last[True]:.2f} with clipping, {last[False]:.2f} without"
    )
    ax.legend(loc="center right")
    alt = (
        "The loss over updates. Without clipping it jumps up at once and stays high; with clipping it falls to zero "
        "within some sixty updates."
    )
    plots.show(fig, "01_clipping", alt)
    return fig


def draw_recall(table, kinds, own=None):
    """The share of right answers against the lag, for some kinds of network (keys of LOOKS).

    ``table`` and ``own`` have the columns setting, lag, seed and accuracy; of ``table`` medians are drawn as points and
    worst to best as thin lines, of ``own`` (None: nothing) each network as a black cross.
    """
    fig, ax = plt.subplots(figsize=(8, 4))
    lags = np.array(sorted(table["lag"].unique()))
    for number, kind in enumerate(kinds):
        name, style = LOOKS[kind]
        shift = 0.4 * (number - (len(kinds) - 1) / 2)  # side by side, so that none hides another
        accuracy = table[table["setting"] == kind].groupby("lag")["accuracy"]
        ax.plot(lags + shift, accuracy.median(), style, markersize=5, color=plots.COLOURS[name], label=kind)
        ax.vlines(lags + shift, accuracy.min(), accuracy.max(), color=plots.COLOURS[name], linewidth=1)
        if own is not None:
            mine = own[own["setting"] == kind]
            label = "your own" if number == 0 else None
            ax.plot(mine["lag"] + shift, mine["accuracy"], "x", color="black", markersize=8, zorder=3, label=label)
    ax.axhline(0.5, color="0.4", linewidth=0.8)
    ax.set(xlabel="lag (steps between the symbol and the answer)", ylabel="share of right answers", ylim=(0.4, 1.03))
    longest = {kind: max((lag for lag in lags if _median(table, kind, lag) > 0.95), default=0) for kind in kinds}
    named = {kind: f"open {kind.split(',')[0]}" if kind.endswith("open") else kind for kind in kinds}
    reach = ", ".join(f"{named[kind]} {lag}" for kind, lag in longest.items())
    ax.set_title(f"Longest lag with 95 % right (median): {reach}", fontsize=10)
    fig.legend(loc="outside lower center", ncols=3, fontsize=9)
    opened = any(kind.endswith("open") for kind in kinds)
    alt = "Share of right answers against the lag, with chance as a line at 0.5. The GRU as Keras makes it falls to "
    alt += "chance first, then the LSTM, and the plain RNN last" + ("; " if opened else ".")
    alt += "the LSTM with open gates holds out longer, and the GRU with open gates is right at all lags." * opened
    plots.show(fig, "01_open_gates" if opened else "01_recall", alt)
    return fig


def _median(table, kind, lag):
    return table.loc[(table["setting"] == kind) & (table["lag"] == lag), "accuracy"].median()


def draw_gradient_and_recall(table, order):
    """Accuracy after training against the gradient before it, a dot for each network.

    ``table`` has the columns setting, first_norm and accuracy; ``order`` is their rank correlation.
    """
    fig, ax = plt.subplots()
    for kind, part in table.groupby("setting", sort=False):
        name, style = LOOKS[kind]
        colour = plots.COLOURS[name]
        face = colour if style == "o-" else "none"
        ax.scatter(part["first_norm"], part["accuracy"], facecolors=face, edgecolors=colour, label=kind)
    ax.set(xscale="log", xlabel="gradient that reaches the symbol before training (norm)")
    ax.set_ylabel("share of right answers after training")
    ax.set_title(
        f"Gradient at the start against memory at the end: rank correlation {order:.2f} ({len(table)} networks)"
    )
    fig.legend(loc="outside right center")
    alt = (
        "A cloud of dots. On the left, where hardly any gradient arrives, all lie at chance; on the right nearly all "
        "lie at the top; in the middle there are both."
    )
    plots.show(fig, "01_gradient_and_recall", alt)
    return fig


def draw_window(responses, window, name, source):
    """How far the last state moves when one day's price is raised.

    ``responses``: dict kind -> movements (days,) for the days 0, 1, ... before the end; ``name`` of the series and its
    ``source`` ("published" or "simulated") stand in the title.
    """
    fig, ax = plt.subplots(figsize=(8, 4))
    for kind, moved in responses.items():
        colour, style = LOOKS[kind]
        drawn = np.where(moved > 0, moved, np.nan)  # a zero has no place on an axis of powers of ten
        ax.plot(drawn, style[1:], color=plots.COLOURS[colour], label=kind)
    days = len(next(iter(responses.values())))
    ax.axvspan(window - 0.5, days, color="0.9")
    ax.text((window + days) / 2, 0.03, "outside the window:\nexactly no influence", ha="center")
    ax.set(yscale="log", xlim=(0, days), xlabel="days before the end", ylabel="movement of the last state")
    ax.set_title(f"{name} ({source}): a day older than {window} days has no influence, whatever the network")
    fig.legend(loc="outside lower center", ncols=3, fontsize=9)
    alt = (
        f"Influence of a day against its age. The lines of the cells with open gates stay level, the others fall, the "
        f"GRU's deepest; at {window} days all of them end."
    )
    plots.show(fig, "01_window", alt)
    return fig
