"""Forecasts of a whole set of series, of whatever lengths: one global network, or a simple forecast of each series.

Each window is on its own scale, so that one network can learn from all of them.
"""

import time
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression

from helpers import study
from helpers.checks import check_choice

SCALINGS = ("spread", "level", "naive")
STATISTICAL = ("theta", "damped")  # fitted to each series at each origin
SIMPLE = ("last_value", "seasonal_naive", "nlinear", *STATISTICAL)
LONGEST = 1000  # of a long series Theta and smoothing see its last values only


def window_length(group):
    """Inputs of a window: 1.25 times the horizon or the period, whichever is longer (Hewamalage et al. 2021)."""
    return int(np.ceil(1.25 * max(group.horizon, group.period)))


def windows_at(values, origins, window):
    """The last ``window`` values before each of ``origins``, (origins, window); what a short series lacks on the left
    is filled with its first value."""
    padded = np.concatenate([np.full(window, values[0]), values])
    return padded[np.asarray(origins)[:, None] + np.arange(window)]


def training_origins(n, window, horizon):
    """Where windows of a training part of ``n`` values may end: at least half a window (and one value) lies before, a
    whole horizon after. Where a series is too short for that there is none: it is forecast, but teaches nothing."""
    return np.arange(max(1, window // 2), n - horizon + 1)


def cut(group, window, held_out):
    """Windows X (n, window) and targets y (n, horizon) of the training parts of all series, and of the parts that
    ``held_out`` says: "validation" or "test" (where the network then trains on the validation part, too).

    Returns two pairs (X, y), training and held out. Validation origins come every horizon, as those of the test.
    """
    check_choice("held_out", held_out, ("validation", "test"))
    steps = np.arange(group.horizon)
    parts = [], []
    for series in group.series:
        values, n = series.values, len(series.training)
        if held_out == "validation":
            # a series shorter than its horizon and one value more has no validation part, and serves the test alone
            first = n - series.validation
            origins = np.arange(first, n - group.horizon + 1, group.horizon) if first > 0 else np.arange(0)
            n = max(first, 0)
        else:
            origins = series.origins
        for part, ends in zip(parts, (training_origins(n, window, group.horizon), origins), strict=True):
            part.append((windows_at(values, ends, window), values[ends[:, None] + steps]))
    return [tuple(np.concatenate(arrays) for arrays in zip(*part, strict=True)) for part in parts]


def scale_of(X, scaling, period):
    """What each window (n, w) is divided by, (n, 1): the standard deviation of its values ("spread"), their mean size
    ("level"), or the mean error of the seasonal naive forecast within the window ("naive"); never nothing."""
    check_choice("scaling", scaling, SCALINGS)
    level = np.abs(X).mean(axis=1, keepdims=True)
    if scaling == "spread":
        scale = X.std(axis=1, keepdims=True)
    elif scaling == "naive":
        scale = np.abs(X[:, period:] - X[:, :-period]).mean(axis=1, keepdims=True)
    else:
        scale = level
    # a window that hardly moves would blow up what follows it
    floor = np.where(level > 0, 0.01 * level, 1.0)
    return np.maximum(scale, floor)


def scaled(X, y, scaling, period):
    """Windows as a network sees them: inputs around their mean, targets from the last value, both over the scale."""
    scale = scale_of(X, scaling, period)
    return ((X - X.mean(axis=1, keepdims=True)) / scale).astype("float32"), ((y - X[:, -1:]) / scale).astype("float32")


def run_set(group, run):
    """Fit the model of ``run`` on a ``SeriesSet`` and forecast every series from every origin of its holdout.

    ``run`` holds model, window and seed; a network's also units, epochs, patience, batch_size, learning_rate, loss,
    clip, windows_per_epoch, scaling and ``refit``. Trained with early stopping on the validation parts, the network
    gives the forecasts ``validated``; then, if ``refit``, the same first weights are trained on all windows before the
    holdout for the epochs that were best, and give ``refitted``.

    Returns
    -------
    dict: run, params, units, epochs (the best), seconds, device, ``validation`` (lowest mean error there, on the
    windows' scale), and forecasts in the unit of the data, float32 (series, origins, horizon).
    """
    started = time.process_time()
    result = {"run": run, "params": 0, "units": 0, "epochs": 0, "device": "cpu", "validation": float("nan")}
    shape = (len(group.series), -1, group.horizon)
    if run["model"] in SIMPLE:
        forecasts = _simple(group, run)
        result |= {"validated": forecasts.reshape(shape).astype("float32")}
        return result | {"seconds": time.process_time() - started}
    from helpers import training

    def forecast(network, X):
        inputs, _ = scaled(X, X[:, : group.horizon], run["scaling"], group.period)
        forecasts = training.predict(network, inputs) * scale_of(X, run["scaling"], group.period) + X[:, -1:]
        return forecasts.reshape(shape).astype("float32")

    train, validation = (
        scaled(*part, run["scaling"], group.period) for part in cut(group, run["window"], "validation")
    )
    network, history = study.fit_network(train, validation, run)
    (X, y), (X_test, _) = cut(group, run["window"], "test")
    result |= {"epochs": history.best_epoch, "validation": min(history.val_loss), "device": history.device}
    result |= {"params": network.count_params(), "units": network.layers[0].units}
    result |= {"validated": forecast(network, X_test)}
    if run["refit"]:
        again = run | {"epochs": history.best_epoch, "patience": None}
        network, _ = study.fit_network(scaled(X, y, run["scaling"], group.period), None, again)
        result |= {"refitted": forecast(network, X_test)}
    return result | {"seconds": time.process_time() - started}


def _simple(group, run):
    if run["model"] in STATISTICAL:
        forecast = {"theta": theta, "damped": damped}[run["model"]]
        return np.concatenate([forecast(series) for series in group.series])
    (X, y), (X_test, _) = cut(group, run["window"], "test")
    if run["model"] == "nlinear":  # Zeng et al. 2023, one map for all series
        scale = scale_of(X_test, run["scaling"], group.period)
        model = LinearRegression().fit(*_from_last(X, y, run["scaling"], group.period))
        changes = model.predict(_from_last(X_test, X_test, run["scaling"], group.period)[0])
        return changes * scale + X_test[:, -1:]
    steps = np.arange(group.horizon)
    if run["model"] == "last_value":
        return np.repeat(X_test[:, -1:], group.horizon, axis=1)
    return X_test[:, run["window"] - group.period + steps % group.period]


def _from_last(X, y, scaling, period):
    scale = scale_of(X, scaling, period)
    return (X - X[:, -1:]) / scale, (y - X[:, -1:]) / scale


def _known(series):
    """What Theta and smoothing see at each origin, and whether it has a season and is positive throughout."""
    parts = [series.values[max(0, origin - LONGEST) : origin] for origin in series.origins]
    seasonal = series.period > 1 and len(parts[0]) > 2 * series.period
    return parts, seasonal, "mul" if min(part.min() for part in parts) > 0 else "add"


def theta(series):
    """Theta forecasts (origins, horizon) of one series (Assimakopoulos & Nikolopoulos 2000), by statsmodels.

    Fitted at each origin on the last 1,000 values; the season, where a test finds one, is multiplicative if all values
    are positive. A training part that never changes is carried on.
    """
    from statsmodels.tsa.forecasting.theta import ThetaModel

    parts, seasonal, kind = _known(series)
    forecasts = []
    for values in parts:
        if np.ptp(values) == 0:
            forecasts.append(np.full(series.horizon, values[-1]))
            continue
        model = ThetaModel(values, period=series.period, deseasonalize=seasonal, method=kind)
        forecasts.append(np.asarray(model.fit().forecast(series.horizon)))
    return np.array(forecasts)


def damped(series):
    """Forecasts (origins, horizon) of one series by exponential smoothing with a damped trend, by statsmodels.

    Fitted, as a network is, at the first origin (on the last 1,000 values); its four rates then stay, and later
    origins only move its states. The season is multiplicative if all values are positive.
    """
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    parts, seasonal, kind = _known(series)
    if np.ptp(parts[0]) == 0 or len(parts[0]) < 4:
        return np.array([np.full(series.horizon, values[-1]) for values in parts])
    options = {"trend": "add", "damped_trend": True}
    options |= {"seasonal": kind, "seasonal_periods": series.period} if seasonal else {}
    rates, forecasts = {"optimized": True}, []
    for values in parts:
        with warnings.catch_warnings():  # an optimiser that stopped early: its rates are still the best that it met
            warnings.simplefilter("ignore")
            smoothing = ExponentialSmoothing(values, initialization_method="estimated", **options)
            fitted = smoothing.fit(**rates)
        names = ["smoothing_level", "smoothing_trend", "damping_trend", *["smoothing_seasonal"][: int(seasonal)]]
        rates = {name: fitted.params[name] for name in names} | {"optimized": False}
        forecasts.append(np.asarray(fitted.forecast(series.horizon)))
    return np.array(forecasts)


def errors(group, forecasts):
    """MASE, sMAPE and RMSSE of each series, a dict of arrays (series,), from forecasts (series, origins, horizon).

    MASE and RMSSE (Hyndman & Koehler 2006; M5) are relative to the seasonal naive forecast's error within the training
    part, mean absolute or root mean squared; a series where that is 0 has neither (NaN). sMAPE, in per cent, is
    200 |y - f| / (|y| + |f|), averaged over steps and origins, as in the table of the M3 competition.
    """
    actual = group.actual
    forecasts = np.asarray(forecasts, float)
    if forecasts.shape != actual.shape:
        raise ValueError(f"forecasts must have shape {actual.shape} (series, origins, horizon); got {forecasts.shape}.")
    absolute = np.abs(actual - forecasts)
    steps = [series.training[group.period :] - series.training[: -group.period] for series in group.series]
    scales = np.array([[np.abs(step).mean(), np.sqrt((step**2).mean())] if len(step) else [0, 0] for step in steps])
    scales = np.where(scales > 0, scales, np.nan)
    size = np.abs(actual) + np.abs(forecasts)
    return {
        "mase": absolute.mean(axis=(1, 2)) / scales[:, 0],
        "smape": np.where(size > 0, 200 * absolute / np.where(size > 0, size, 1), 0).mean(axis=(1, 2)),
        "rmsse": np.sqrt((absolute**2).mean(axis=(1, 2))) / scales[:, 1],
    }


def ensemble(forecasts):
    """The median of several networks' forecasts, value by value."""
    return np.median(np.asarray(forecasts), axis=0)
