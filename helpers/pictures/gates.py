"""The pictures of notebook 02: cells as diagrams, gates over days, keeping against writing, counters, one step."""

import base64
import io
from types import SimpleNamespace

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from helpers import plots

LSTM_NODES = {  # name: column, row, text
    "c_before": (0, 4, "$c_{t-1}$"),
    "keep": (1.2, 4, "×"),
    "add": (3.3, 4, "+"),
    "c": (7, 4, "$c_t$"),
    "f": (1.2, 2, "$f$\nforget"),
    "i": (2.6, 2, "$i$\ninput"),
    "candidate": (4.2, 2, r"$\tilde{c}$" + "\ncandidate"),
    "write": (3.3, 3.1, "×"),
    "o": (5.8, 2, "$o$\noutput"),
    "show": (5.8, 3.1, "× tanh"),
    "tanh": (5.8, 4, ""),  # where c turns down to be shown
    "h": (7, 3.1, "$h_t$"),
}
LSTM_ARROWS = "c_before-keep keep-add add-c f-keep i-write candidate-write write-add tanh-show o-show show-h"
GRU_NODES = {
    "h_before": (0, 4, "$h_{t-1}$"),
    "keep": (1.4, 4, "×"),
    "add": (5.4, 4, "+"),
    "h": (7, 4, "$h_t$"),
    "z": (1.4, 2, "$z$\nupdate"),
    "r": (3.2, 2, "$r$\nreset"),
    "candidate": (5.4, 2, r"$\tilde{h}$" + "\ncandidate"),
    "write": (5.4, 3.1, "× (1 − z)"),
}
GRU_ARROWS = "h_before-keep keep-add add-h z-keep z-write candidate-write write-add r-candidate"
DIAGRAMS = {"lstm": (LSTM_NODES, LSTM_ARROWS), "gru": (GRU_NODES, GRU_ARROWS)}
PARTS = {  # (cell, part): its name in a title, and what the diagram and the panels show
    ("lstm", "f"): ("Forget gate f", "the forget gate, which multiplies the old memory"),
    ("lstm", "i"): ("Input gate i", "the input gate, which multiplies the candidate before it is added"),
    ("lstm", "candidate"): ("LSTM candidate", "the candidate, which the input gate lets into the memory"),
    ("lstm", "o"): ("Output gate o", "the output gate, which multiplies the tanh of the new memory"),
    ("gru", "z"): ("Update gate z", "the update gate, which feeds both the keeping and the writing"),
    ("gru", "r"): ("Reset gate r", "the reset gate, which leads only into the candidate"),
    ("gru", "candidate"): ("GRU candidate", "the candidate, which is written with weight 1 - z"),
}
SLIDERS = {  # start position and label
    "x": (0.5, "input x"),
    "state": (1.5, "state before"),
    "keep_bias": (1.0, "bias of f and z"),
    "write_bias": (0.0, "bias of i"),
    "show_bias": (0.0, "bias of o"),
}
START = {name: start for name, (start, _) in SLIDERS.items()}


def _draw_cell(ax, cell, highlight):
    """The cell as boxes and arrows; the node ``highlight`` in the cell's colour."""
    nodes, arrows = DIAGRAMS[cell]
    parts = [node for node, (_, row, _) in nodes.items() if row == 2]
    nodes = nodes | {f"{node} in": (nodes[node][0], 0.9, "") for node in parts}  # all of them read x_t and h_(t-1)
    for arrow in [*arrows.split(), *(f"{node} in-{node}" for node in parts)]:
        start, end = (nodes[node][:2] for node in arrow.split("-"))
        gap = 28 if start[1] == end[1] == 2 else 15 if end[1] == 2 else 11  # a box is wider than high
        style = {"arrowstyle": "->", "color": "0.5", "shrinkA": 0 if " in" in arrow else 10, "shrinkB": gap}
        ax.annotate("", end, start, arrowprops=style)
    ax.plot([0, nodes[parts[-1]][0]], [0.9, 0.9], color="0.5", linewidth=1)
    for node, (column, row, text) in (nodes | {"in": (0, 0.9, "$x_t, h_{t-1}$")}).items():
        inside = plots.COLOURS[cell] if node == highlight else "0.95"
        box = {"boxstyle": "round,pad=0.3", "edgecolor": "0.4", "facecolor": inside}
        ink = "white" if node == highlight else "black"
        if text:
            ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=ink, bbox=box)
    ax.set(xlim=(-0.8, 7.5), ylim=(0.5, 4.4))
    ax.axis("off")


def draw_part(cell, part, looks, days):
    """A cell's diagram with one part in colour, beside that part's values on the price and on the activities.

    The activities must have high days, above 0.5, and low ones.

    Parameters
    ----------
    cell, part : "lstm" or "gru", and one of its gates or "candidate"
    looks : dict (cell, data set) -> dict part -> values (days, units)
    days : dict "bankex", "activities" -> the values that were read, a pandas Series with its unit as name (days,)
    """
    low = -1 if part == "candidate" else 0
    fig, axes = plt.subplot_mosaic("abc;ade", figsize=(10, 3.5), width_ratios=(1.6, 1.3, 1), height_ratios=(1, 1.7))
    _draw_cell(axes["a"], cell, part)
    for name, label, top, bottom in (("bankex", "price", "b", "d"), ("activities", "activities", "c", "e")):
        values = np.asarray(days[name])
        axes[top].plot(values, color="0.2", linewidth=1)
        axes[top].set(xlim=(-0.5, len(values) - 0.5), ylabel=days[name].name)
        axes[top].set_title(label, fontsize=9)
        axes[top].tick_params(labelbottom=False)
        units = looks[cell, name][part].T  # (units, days)
        image = axes[bottom].imshow(units, aspect="auto", cmap="cividis", vmin=low, vmax=1, interpolation="none")
        axes[bottom].set(xlabel="days", ylabel="units", yticks=[])
        axes[bottom].grid(False)
    fig.colorbar(image, ax=[axes["c"], axes["e"]], label=f"{part}, from {low} to 1")
    high, values = np.asarray(days["activities"]) > 0.5, looks[cell, "activities"][part]
    title, role = PARTS[cell, part]
    if part == "candidate":
        swing = np.abs(values[high].mean(axis=0) - values[~high].mean(axis=0))
        found = f"{(swing > 1).sum()} of {len(swing)} units differ by more than 1 between high and low days"
    else:
        price = looks[cell, "bankex"][part].mean()
        found = f"mean of the units {price:.2f} on the price; activities: {values[high].mean():.2f} on high days, "
        found += f"{values[~high].mean():.2f} on low days"
    fig.suptitle(f"{title}: {found}", x=0.01, ha="left", fontsize=11)
    alt = (
        f"Left, a diagram of the {cell.upper()}; in colour, {role}. Middle and right, the price and the activities "
        "over days, and below each a row of colour for every unit: on the price the rows hardly change from day to "
        "day, on the activities many change with the weekend."
    )
    plots.show(fig, f"02_{cell}_{part}", alt)
    return fig


def draw_states(lstm, gru):
    """One unit's c and h of the LSTM, and one unit's h of the GRU, over the days; the units that move most.

    Parameters
    ----------
    lstm, gru : dicts part -> values (days, units)
    """
    unit, gru_unit = (int(values.std(axis=0).argmax()) for values in (lstm["c"], gru["h"]))
    c, h = lstm["c"][:, unit], lstm["h"][:, unit]
    fig, ax = plt.subplots()
    ax.plot(c, color=plots.COLOURS["lstm"], label="LSTM: memory c")
    ax.plot(h, "--", color=plots.COLOURS["lstm"], label="LSTM: what it shows, h")
    ax.plot(gru["h"][:, gru_unit], color=plots.COLOURS["gru"], label="GRU: its only state h")
    ax.axhspan(-1, 1, color="0.95", zorder=0)
    ax.set(xlabel="days", ylabel="value of one unit (no unit)")
    ax.set_title(f"A year of the price: c moves over {np.ptp(c):.2f}, the h that is shown of it over {np.ptp(h):.2f}")
    fig.legend(loc="outside lower center", ncols=3)
    alt = "Three lines over a year of days: an LSTM unit's c, its h, and a GRU unit's h; both h stay within ±1."
    plots.show(fig, "02_states_over_a_year", alt)
    return fig


def draw_erased(traces, days=21):
    """How long an erased state is missed: change of the output, by days, on a logarithmic scale.

    Parameters
    ----------
    traces : dict (data set, cell, erased state) -> size of the change of h (days,)
    days : how many to draw
    """
    titles = {"bankex": "price", "activities": "activities"}
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for (name, cell, state), trace in traces.items():
        ax = axes[list(titles).index(name)]
        style = "--" if (cell, state) == ("lstm", "h") else "-"
        label = f"{plots.NAMES[cell]}, {state} erased"
        ax.plot(np.arange(1, days + 1), trace[:days], style, color=plots.COLOURS[cell], label=label)
        ax.set(yscale="log", xlabel="days after the state was erased", title=titles[name])
    axes[0].set_ylabel("change of the output h")
    total = {key: trace.sum() for key, trace in traces.items()}
    price, week = (total[name, "lstm", "c"] / total[name, "lstm", "h"] for name in titles)
    fig.suptitle(
        f"Erasing c changes the LSTM's output {price:.1f} times (price) and {week:.1f} times (activities) as much as h",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    alt = "Change of the output after c or h of the LSTM, or h of the GRU, was set to zero: lines that fall over days."
    plots.show(fig, "02_erased_states", alt)
    return fig


def draw_coupling(f, i, z):
    """What is kept against what is written, a point for each unit on each day; the GRU's by definition on a line.

    Parameters
    ----------
    f, i, z : values of the gates (n,), f and i in the same order
    """
    fig, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True)
    for ax, kept, written, cell in ((axes[0], f, i, "lstm"), (axes[1], z, 1 - z, "gru")):
        ax.plot([0, 1], [1, 0], color="0.5", linewidth=1)
        ax.scatter(kept, written, s=4, alpha=0.3, color=plots.COLOURS[cell])
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes[0].set(xlabel="kept: forget gate f", ylabel="written: i, or 1 − z")
    axes[0].set_title(f"LSTM: {np.mean(f + i > 1):.0%} of points above the line")
    axes[1].set(xlabel="kept: update gate z", title="GRU: on the line, by definition")
    alt = (
        "Left, the LSTM's f and i: nearly all points lie above the falling diagonal, many far above it. "
        "Right, the GRU's z and 1 - z: all lie on the diagonal."
    )
    plots.show(fig, "02_coupling", alt)
    return fig


def draw_precision(counting, longest):
    """Share of right words against the grid to which states are rounded: median and range over the seeds.

    Parameters
    ----------
    counting : table with columns model, grid (0: exact) and right (share of words), a row for each seed
    longest : the longest n trained on
    """
    fig, ax = plt.subplots()
    medians = {}
    for name, part in counting.groupby("model"):
        right = part.groupby("grid")["right"]
        medians[name], place = right.median(), np.arange(right.ngroups)
        ax.plot(place, medians[name], "o-", color=plots.COLOURS[name], label=plots.NAMES[name])
        ax.fill_between(place, right.min(), right.max(), color=plots.COLOURS[name], alpha=0.15, linewidth=0)
    ax.set_xticks(place, [grid or "exact" for grid in medians[name].index])
    ax.set(xlabel="states rounded to multiples of", ylabel=f"share of words right, n = 1 .. {longest}")
    ax.set_ylim(-0.03, 1.05)
    lstm, gru = medians["lstm"][0.05], medians["gru"][0.05]
    ax.set_title(f"States rounded to 0.05: LSTM {lstm:.0%} of words right, GRU {gru:.0%} (medians)")
    fig.legend(loc="outside right center")
    alt = "Share of right words against the grid of rounding: the LSTM's line stays up longer than the GRU's."
    plots.show(fig, "02_counting_precision", alt)
    return fig


def draw_counters(lstm, gru):
    """The unit of each network that follows the count best, while a's and then as many b's are read.

    Parameters
    ----------
    lstm, gru : (values of the unit (letters,), R squared with the count)
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
    for ax, name, (values, squared) in zip(axes, ("lstm", "gru"), (lstm, gru), strict=True):
        ax.plot(np.arange(1, len(values) + 1), values, color=plots.COLOURS[name])
        ax.axvline(len(values) / 2 + 0.5, color="0.5", linewidth=0.8)
        ax.set(xlabel="letters read", title=f"{plots.NAMES[name]}: R² with the count {squared:.3f}")
    axes[0].set_ylabel("value of the unit: c, or h")
    fig.suptitle(
        f"The best counter reaches {np.abs(lstm[0]).max():.1f} in the LSTM and {np.abs(gru[0]).max():.2f} in the GRU",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    alt = "A unit's value while a's and then b's are read, LSTM left, GRU right: away from its start, then back."
    plots.show(fig, "02_counter_cells", alt)
    return fig


def draw_step(lstm, gru, before):
    """One step of a one-unit LSTM and GRU as bars; returns the figure without showing it.

    Parameters
    ----------
    lstm, gru : dicts name of a part -> its value
    before : (c of the LSTM, h of the GRU) before the step
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
    for ax, name, parts, state in zip(axes, ("lstm", "gru"), (lstm, gru), before, strict=True):
        bars = ax.bar(list(parts), list(parts.values()), color=plots.COLOURS[name])
        ax.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
        ax.axhline(0, color="0.3", linewidth=0.8)
        ax.set(ylim=(-4.4, 4.4), title=f"{plots.NAMES[name]}: state before = {state:.2f}")
        plt.setp(ax.get_xticklabels(), rotation=30, ha="right", rotation_mode="anchor")
    axes[0].set_ylabel("value")
    return fig


def make_explorer(one_step):
    """Sliders for the inputs of ``one_step`` and a picture that follows them: object with ``sliders``, ``picture``.

    ``one_step(x, state, keep_bias, write_bias, show_bias)`` returns the parts of the LSTM and of the GRU, two dicts.
    """

    def png(values):
        buffer = io.BytesIO()
        fig = draw_step(*one_step(**values), before=(values["state"], np.tanh(values["state"])))
        fig.savefig(buffer, format="png", dpi=90)
        plt.close(fig)
        return buffer.getvalue()

    look = {"style": {"description_width": "110px"}, "continuous_update": False, "step": 0.1, "min": -3, "max": 3}
    sliders = {
        name: widgets.FloatSlider(value=start, description=label, **look) for name, (start, label) in SLIDERS.items()
    }
    picture = widgets.Image(value=png(START), format="png")
    for slider in sliders.values():
        slider.observe(
            lambda _: setattr(picture, "value", png({name: each.value for name, each in sliders.items()})),
            names="value",
        )
    return SimpleNamespace(sliders=sliders, picture=picture, box=widgets.VBox([*sliders.values(), picture]))


def show_explorer(explorer):
    """Display the sliders; where a page can't run widgets, the picture of the start position stands in their place."""
    view = {"version_major": 2, "version_minor": 0, "model_id": explorer.box.model_id}
    png = base64.b64encode(explorer.picture.value).decode()
    alt = "Bars of the gates, of what is kept and written and of the new states of an LSTM and a GRU after one step."
    bundle = {"application/vnd.jupyter.widget-view+json": view, "image/png": png, "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})
