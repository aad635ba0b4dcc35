"""Windows of all series of a table, and one network trained on all of them."""

from dataclasses import dataclass

import numpy as np

from helpers import study, windows


@dataclass(frozen=True)
class Part:
    """Windows: numbers ``rows`` (origins,), inputs ``X`` (series, origins, w), targets ``y`` (series, origins, f)."""

    rows: np.ndarray
    X: np.ndarray
    y: np.ndarray


def cut(table, run):
    """Training, validation and test part of a table, as a tuple of three ``Part``.

    ``run`` holds window, horizon, the lengths of the ``validation`` and ``test`` part in steps, and ``most``: a part
    with more windows (of all series) than that keeps so many, evenly spaced; but a held-out part, in which time is what
    counts, 50 origins at least. All are views: nothing is copied.
    """
    w, f = run["window"], run["horizon"]
    views = np.lib.stride_tricks.sliding_window_view(table.to_numpy(), w + f, axis=0)  # (windows, series, w + f)
    slices = windows.chronological_split(len(table), w, f, test=run["test"], validation=run["validation"])
    parts = []
    for part, least in zip(slices, (1, 50, 50), strict=True):
        n = part.stop - part.start
        stride = max(1, min(-(-n * table.shape[1] // run["most"]), n // least))
        both = views[part.start : part.stop : stride].swapaxes(0, 1)
        parts.append(Part(np.arange(part.start, part.stop, stride), both[..., :w], both[..., w:]))
    return tuple(parts)


def smallest_spread(train):
    """A tenth of the mean spread of a series' training windows (series,): what a flat window is divided by."""
    floor = 0.1 * train.X.std(axis=2).mean(axis=1)
    return np.where(floor > 0, floor, 1.0)


def scale(part, floor):
    """All series' windows in one list, each relative to its last value and spread: X (n, w), y (n, f), and the undo."""
    X, y = (values.reshape(-1, values.shape[2]) for values in (part.X, part.y))
    return windows.normalise_windows(X, y, np.repeat(floor, part.X.shape[1])[:, None])


def forecast(predict, part, floor):
    """Forecasts (series, origins, horizon) in the unit of the data by ``predict``: scaled X (n, w) -> (n, horizon)."""
    X, _, undo = scale(part, floor)
    return windows.undo_windows(predict(X), *undo).reshape(part.y.shape)


def centre(X):
    """What a network sees: each window (n, w) around its own mean, as in RevIN; targets stay relative to the last."""
    return X - X.mean(axis=1, keepdims=True)


def run_global(table, run):
    """Train one network on the windows of all series (a "global" model) and forecast the validation and test part.

    For ``study.study``; ``run`` as for ``cut`` and ``study.fit_network``. Windows whose inputs do not move teach
    nothing and are left out. Returns a dict: run, history, weights, params, and the forecasts ``validation`` and
    ``test``, float32 (series, origins, horizon).
    """
    from helpers import training

    train, validation, test = cut(table, run)
    floor = smallest_spread(train)
    X, y, _ = scale(train, floor)
    X_validation, y_validation, _ = scale(validation, floor)
    moves = np.ptp(X, axis=1) > 0
    network, history = study.fit_network((centre(X[moves]), y[moves]), (centre(X_validation), y_validation), run)
    result = {"run": run, "history": history, "weights": network.get_weights(), "params": network.count_params()}
    for name, part in {"validation": validation, "test": test}.items():
        result[name] = forecast(lambda X: training.predict(network, centre(X)), part, floor).astype("float32")
    return result
