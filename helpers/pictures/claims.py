"""The pictures of notebook 07, the claims on trial."""

import matplotlib.pyplot as plt

from helpers import plots

STUDY = {"units": 128, "window": 60, "batch": 32}  # Velarde et al. (2022)


def draw_gpu_speed(steps):
    """Seconds of a GRU's training step over the LSTM's on a graphics card, against units, window and batch.

    ``steps`` is a table as ``figures/gpu_speed.csv``: columns way ("eager" or "graph"), cell ("gru", "lstm"), units,
    window (steps), batch (windows), repetition, seconds_per_step. Points are medians of the ratios of one repetition,
    lines reach from the smallest to the largest. Returns the figure.
    """
    size = ["way", *STUDY]
    seconds = steps.pivot_table(index=[*size, "repetition"], columns="cell", values="seconds_per_step")
    ratios = (seconds["gru"] / seconds["lstm"]).groupby(size).agg(["median", "min", "max"]).reset_index()
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True)
    for ax, along in zip(axes, ("batch", "units", "window"), strict=True):
        others = [name for name in STUDY if name != along]
        same = ratios[(ratios[others] == [STUDY[name] for name in others]).all(axis=1)].sort_values(along)
        for way, style, face in (("eager", "s--", "white"), ("graph", "o-", "black")):
            line = same[same["way"] == way]
            ax.vlines(line[along], line["min"], line["max"], color="black", linewidth=1)
            ax.plot(line[along], line["median"], style, color="black", mfc=face, label=way)
        ax.axhline(1, color="0.4", linewidth=0.8)
        ax.axhline(0.75, color="0.4", linestyle=":", label="3/4, by arithmetic")
        ax.set(xscale="log", xlabel={"batch": "batch (windows)", "window": "window (steps)"}.get(along, along))
        ax.set_xticks(list(same[along]), labels=list(same[along]), rotation=45)
        ax.xaxis.set_minor_formatter(plt.NullFormatter())
    axes[0].set(ylabel="seconds of a step, GRU / LSTM")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    largest = ratios[ratios["way"] == "eager"].nlargest(1, "batch").iloc[0]
    title = f"On a graphics card the GRU takes {largest['median']:.2f} times the LSTM's seconds with "
    fig.suptitle(title + f"{largest['batch']:.0f} windows a batch", x=0.01, ha="left", fontsize=11)
    plots.show(
        fig,
        "07_gpu_speed",
        alt="Seconds of a training step on a graphics card, GRU over LSTM, in three panels. Against the batch both "
        "lines climb: above one with 256 windows as a graph, with 1024 also eager. Against units and window the eager "
        "ratio stays a little below one but for the longest window; the graph's is lowest, near three fifths, at the "
        "study's size and at windows of some hundred steps.",
    )
    return fig
