"""The picture that GitHub and messengers show beside a link to the series: ``python -m tools.preview`` draws it."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from helpers import plots

FIGURES = Path(__file__).resolve().parents[1] / "figures"
SIZE = (1280, 640)  # pixels, as GitHub asks for
CASES = [("bankex", 1), ("bankex", 20), ("activities", 1), ("activities", 20)]


def draw(results, path):
    """Draw the name of the series, and each seed's error of GRU and LSTM, into a PNG at ``path``.

    ``results`` is the table of notebook 04 (``results.csv``); errors are RMSE over a case's series, sound protocol,
    in standard deviations from the mean over both networks.
    """
    sound = results[(results.protocol == "sound") & results.model.isin(["gru", "lstm"])]
    errors = sound.groupby(["dataset", "horizon", "model", "seed"]).rmse.mean()
    fig = plt.figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), facecolor="white")
    fig.text(0.06, 0.80, "GRU vs LSTM, measured", fontsize=52, fontweight="bold", color="#222222")
    fig.text(0.06, 0.69, "Notebooks from the first gate to a verdict on your own series", fontsize=23, color="#444444")
    ax = fig.add_axes((0.06, 0.16, 0.88, 0.42))
    for column, case in enumerate(CASES):
        both = errors.loc[case]
        for place, model in enumerate(("gru", "lstm")):
            found = (both[model] - both.mean()) / both.std()
            looks = {"color": plots.COLOURS[model], "markersize": 13, "alpha": 0.6, "markeredgewidth": 0}
            ax.plot([column + (place - 0.5) * 0.3] * len(found), found, "o", **looks)
    for x, model in ((0.62, "gru"), (0.80, "lstm")):
        fig.text(x, 0.06, f"● {plots.NAMES[model]}", fontsize=22, color=plots.COLOURS[model])
    fig.text(0.06, 0.06, "one dot: one seed's error on unseen days", fontsize=18, color="#444444")
    ax.set(xlim=(-0.5, len(CASES) - 0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.axhline(0, color="#999999", linewidth=1, zorder=0)
    fig.savefig(path, dpi=100)
    plt.close(fig)


if __name__ == "__main__":
    draw(pd.read_csv(FIGURES / "results.csv"), FIGURES / "social_preview.png")
