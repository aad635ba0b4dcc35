"""One style for all figures, and the pictures that more than one notebook draws."""

import base64
import io
from pathlib import Path

import matplotlib.pyplot as plt
import PIL.Image
from IPython.display import display

# A model has the same colour in every figure of the series. Networks and baselines after Okabe & Ito's palette; a test
# simulates the three common kinds of colour blindness and holds any two colours apart.
COLOURS = {
    "last_value": "#757575",
    "drift": "#997744",
    "seasonal_naive": "#000000",
    "nlinear": "#00B080",
    "rnn": "#E69F00",
    "gru": "#D55E00",
    "lstm": "#0072B2",
    "gru_matched": "#CC79A7",
    "lstm_matched": "#40D0F5",
    "lstm_no_bias": "#B8B860",
    "gru_gru": "#772211",
    "lstm_lstm": "#000099",
    "lstm_gru": "#9900FF",
    "gru_lstm": "#552255",
}
NAMES = {
    "last_value": "last value",
    "drift": "drift",
    "seasonal_naive": "seasonal naive",
    "nlinear": "NLinear",
    "rnn": "RNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "gru_matched": "GRU, LSTM's size",
    "lstm_matched": "LSTM, GRU's size",
    "lstm_no_bias": "LSTM, no forget bias",
    "gru_gru": "GRU-GRU",
    "lstm_lstm": "LSTM-LSTM",
    "lstm_gru": "LSTM-GRU",
    "gru_lstm": "GRU-LSTM",
}
STYLE = {
    "figure.figsize": (8, 3.6),
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "font.size": 10,
}
_folder = None


def use_folder(folder):
    """Apply the style, and have ``show`` save its figures in ``folder``."""
    global _folder
    _folder = Path(folder)
    plt.rcParams.update(STYLE)


def show(fig, name, alt):
    """Save ``fig`` as ``name``.png in the folder of figures, display it with alternative text ``alt``, and close it."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt must describe figure {name!r} in words for readers who can't see it; got {alt!r}.")
    drawn, buffer = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=110)
    plt.close(fig)
    PIL.Image.open(drawn).convert("RGB").quantize(256).save(buffer, "PNG", optimize=True)  # a third of the bytes
    if _folder is not None:
        (_folder / f"{name}.png").write_bytes(buffer.getvalue())
    png = base64.b64encode(buffer.getvalue()).decode()
    display({"image/png": png, "text/plain": alt}, raw=True, metadata={"image/png": {"alt": alt}})
