"""One style for all figures, and the pictures that more than one notebook draws."""

import base64
import io
from pathlib import Path

import matplotlib.pyplot as plt
import PIL.Image
from IPython.display import display

# A model has the same colour in every figure of the series. Networks and baselines after Okabe & Ito's palette; a test
# simulates the three common kinds of colour blindness and holds any two colours apart.
MODELS = {  # name, colour
    "last_value": ("last value", "#757575"),
    "drift": ("drift", "#997744"),
    "seasonal_naive": ("seasonal naive", "#000000"),
    "nlinear": ("NLinear", "#00B080"),
    "rnn": ("RNN", "#E69F00"),
    "gru": ("GRU", "#D55E00"),
    "lstm": ("LSTM", "#0072B2"),
    "gru_matched": ("GRU, LSTM's size", "#CC79A7"),
    "lstm_matched": ("LSTM, GRU's size", "#40D0F5"),
    "lstm_no_bias": ("LSTM, no forget bias", "#B8B860"),
    "gru_gru": ("GRU-GRU", "#772211"),
    "lstm_lstm": ("LSTM-LSTM", "#000099"),
    "lstm_gru": ("LSTM-GRU", "#9900FF"),
    "gru_lstm": ("GRU-LSTM", "#552255"),
}
NAMES = {model: name for model, (name, _) in MODELS.items()}
COLOURS = {model: colour for model, (_, colour) in MODELS.items()}
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
