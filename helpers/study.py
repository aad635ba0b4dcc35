"""A grid of runs, and what one run is. Only a run of a network imports TensorFlow, importing this does not.

A run is one (protocol, dataset, horizon, model, seed): a model is fitted on one series and forecasts all of them.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from helpers import baselines, metrics, windows
from helpers.checks import check_choice, check_integer, check_list, check_positive, check_text

# protocol -> (early stopping on a validation part, each window relative to its own last value and spread)
PROTOCOLS = {
    "published": (False, False),
    "published + early stopping": (True, False),
    "published + window scaling": (False, True),
    "sound": (True, True),
}
BASELINES = ("last_value", "seasonal_naive", "nlinear")
MATCHED = {"gru_matched": "gru", "lstm_matched": "lstm"}  # as many weights as the other cell has at the run's units
STACKS = ("lstm_lstm", "gru_gru", "lstm_gru", "gru_lstm")  # two layers, the lower one named first
NETWORKS = ("rnn", "gru", "lstm", "lstm_no_bias", *MATCHED, *STACKS)
MODELS = BASELINES + NETWORKS
KEYS = ["protocol", "dataset", "source", "horizon", "model", "seed"]
COLUMNS = [
    *["protocol", "dataset", "source", "horizon", "model", "units", "params", "seed", "series"],
    *["rmse", "mae", "mase", "da", "epochs", "train_seconds", "compile_seconds", "device"],
]
# Budgets with and without early stopping, the same for all networks; 200 epochs are those of Velarde et al. (2022).
SETTINGS = {
    True: {"epochs": 100, "patience": 10, "batch_size": 32, "learning_rate": 1e-3},
    False: {"epochs": 200, "patience": None, "batch_size": 32, "learning_rate": 1e-3},
}
MORE_SETTINGS = {"dropout": 0.0, "loss": "mse", "clip": None, "windows_per_epoch": None}  # of a run that has none


def make_grid(protocol, datasets, horizons, models, seeds, *, window=60, units=128, **settings):
    """All combinations as a list of runs (dicts), baselines once (seed 0), networks once for each seed.

    ``settings`` (epochs, patience, batch_size, learning_rate) replace those of SETTINGS.

    Raises ValueError or TypeError for an unknown protocol, model or setting, an empty list, a number out of range.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    check_list("datasets", datasets, check_text)
    check_list("horizons", horizons, check_integer)
    check_list("models", models, lambda name, value: check_choice(name, value, MODELS))
    check_list("seeds", seeds, lambda name, value: check_integer(name, value, 0, 2**32 - 1))
    for name, value in {"window": window, "units": units, **settings}.items():
        check_choice("settings", name, ["window", "units", *SETTINGS[True]])
        if name == "learning_rate":
            check_positive(name, value)
        elif value is not None or name != "patience":
            check_integer(name, value)
    grid = []
    for dataset, horizon, model in product(datasets, horizons, models):
        run = {"protocol": protocol, "dataset": dataset, "horizon": int(horizon), "model": model, "window": window}
        if model in BASELINES:
            grid.append(run | {"seed": 0})
        else:
            budget = SETTINGS[PROTOCOLS[protocol][0]] | settings | {"units": units}
            grid += [run | budget | {"seed": int(seed)} for seed in seeds]
    return grid


@dataclass
class Prepared:
    """Windows of one series on the scale that the models see (``train``, ``validation`` or None, ``test``: pairs X, y),
    and on the published scale (whole-series min-max) what scoring needs: ``actual`` test targets (n, horizon), the
    ``last`` known values (n, 1), the last value's mean absolute ``naive_error`` on the training windows, and ``undo``,
    which puts forecasts for the test windows on that scale."""

    train: tuple
    validation: tuple | None
    test: tuple
    actual: np.ndarray
    last: np.ndarray
    naive_error: float
    undo: Callable


def prepare(values, protocol, window, horizon):
    """Cut and scale one series (time,) as a protocol says; see ``Prepared``.

    Without early stopping there is no validation part, and the split is the published one; with it, the parts share no
    target day. Window scaling comes with a scaler fitted on the training part; else the whole series is min-max scaled,
    as published.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    stops_early, scales_windows = PROTOCOLS[protocol]
    low, span = windows.min_max(values)
    scaled = (values - low) / span
    X, y = windows.make_windows(scaled, window, horizon)
    if stops_early:
        train, validation, test = windows.chronological_split(len(values), window, horizon)
    else:
        (train, test), validation = windows.published_split(len(values), window, horizon), None
    undo = np.asarray
    if scales_windows:
        known = values[: train.stop + window + horizon - 1, None]  # the training part: all that a scaler may see
        scaler = StandardScaler().fit(known)
        X, y = windows.make_windows(scaler.transform(values[:, None])[:, 0], window, horizon)
        last, spread = windows.normalise_windows(X[test])[2]
        X, y, _ = windows.normalise_windows(X, y)

        def undo(forecast):
            on_data_scale = windows.undo_windows(forecast, last, spread) * scaler.scale_ + scaler.mean_
            return (on_data_scale - low) / span

    pairs = [part and (X[part], y[part]) for part in (train, validation, test)]
    X_scaled, y_scaled = windows.make_windows(scaled, window, horizon)
    naive_error = float(np.mean(np.abs(y_scaled[train] - X_scaled[train][:, -1:])))
    return Prepared(*pairs, y_scaled[test], X_scaled[test][:, -1:], naive_error, undo)


@functools.lru_cache(maxsize=32)
def _trainer(shape, inputs, dropout, batch_size, loss, clip):
    """A compiled trainer of this shape, kept by each worker process for the next seed or learning rate."""
    from helpers import training

    model = training.build_model(*shape, inputs=inputs, dropout=dropout)
    return training.Trainer(model, batch_size, loss=loss, clip=clip)


def cell_and_units(run):
    """The cell and its width: a ``gru_matched`` is a GRU with the weights of an LSTM of ``units``."""
    from helpers import training

    if run["model"] in MATCHED:
        cell = MATCHED[run["model"]]
        return cell, training.matched_units(run["units"], cell)
    return run["model"], run["units"]


def fit_network(train, validation, run, progress=False):
    """Train the network of one run (as from ``make_grid``) on the pair ``train``; return (model, History).

    ``train`` and ``validation`` (or None, as for a refit of ``epochs``) are pairs X (n, window) or (n, window, inputs),
    y (n, horizon). The run may also hold dropout, loss, clip and windows_per_epoch; see ``training``. The network is
    used again by the next run of its shape: take its weights before.
    """
    from helpers import training

    X, y = train
    settings = MORE_SETTINGS | run
    shape = (*cell_and_units(run), X.shape[1], y.shape[1])
    inputs = X.shape[2] if X.ndim == 3 else 1
    trainer = _trainer(shape, inputs, *(settings[name] for name in ("dropout", "batch_size", "loss", "clip")))
    history = trainer.fit(
        *train,
        epochs=run["epochs"],
        validation=validation,
        patience=run["patience"],
        seed=run["seed"],
        weights=training.build_model(*shape, seed=run["seed"], inputs=inputs).get_weights(),
        learning_rate=run["learning_rate"],
        windows_per_epoch=settings["windows_per_epoch"],
        progress=progress,
    )
    return trainer.model, history


def run_one(table, run):
    """Fit the model of ``run`` on the first series of ``table`` (time, series) and score it on all of them.

    Returns
    -------
    dict: ``rows``, a list of dicts, one a series; ``forecasts`` on the published scale, float32 (series, origins,
    horizon); ``loss``, their squared error averaged over the steps, float32 (series, origins); ``direction`` and
    ``actual``, the signs of the forecast and of the true change from the last known value to the last step, int8
    (series, origins); and for a network its ``run``, ``history`` and ``weights``.
    """
    series = {name: prepare(table[name].to_numpy(), run["protocol"], run["window"], run["horizon"]) for name in table}
    first = next(iter(series.values()))
    inputs = np.concatenate([part.test[0] for part in series.values()])
    facts = {"units": 0, "params": 0, "epochs": 0, "train_seconds": 0.0, "compile_seconds": 0.0, "device": "cpu"}
    result = {"rows": [], "forecasts": [], "loss": [], "direction": [], "actual": []}
    if run["model"] in BASELINES:
        model = baselines.make_baseline(run["model"], table.attrs["season"]).fit(*first.train)
        forecasts = model.predict(inputs)
        facts |= {"params": model.params}
    else:
        from helpers import training

        network, history = fit_network(first.train, first.validation, run)
        forecasts = training.predict(network, inputs)
        facts |= {"units": network.layers[0].units, "params": network.count_params(), "epochs": len(history.loss)}
        facts |= {"train_seconds": sum(history.seconds), "compile_seconds": history.compile_seconds}
        facts |= {"device": history.device}
        result |= {"run": run, "history": history, "weights": network.get_weights()}
    for (name, part), forecast in zip(series.items(), np.split(forecasts, len(series)), strict=True):
        predicted = part.undo(forecast)
        scores = {
            "rmse": metrics.rmse(part.actual, predicted),
            "mae": metrics.mae(part.actual, predicted),
            "mase": metrics.mase(part.actual, predicted, part.naive_error),
            "da": metrics.published_directional_accuracy(part.actual, predicted),
        }
        row = {**run, "source": table.attrs["source"], "series": name, **facts, **scores}
        result["rows"].append({column: row[column] for column in COLUMNS})
        result["forecasts"].append(predicted)
        result["loss"].append(np.mean((part.actual - predicted) ** 2, axis=1))
        result["direction"].append(np.sign(predicted[:, -1] - part.last[:, 0]))
        result["actual"].append(np.sign(part.actual[:, -1] - part.last[:, 0]))
    kinds = {"forecasts": "float32", "loss": "float32", "direction": "int8", "actual": "int8"}
    return result | {name: np.array(result[name], kind) for name, kind in kinds.items()}


def tidy(results):
    """The results of a study as one table, a row for each run and series, with the columns of COLUMNS."""
    return pd.DataFrame([row for result in results for row in result["rows"]], columns=COLUMNS)


def find(grid, results, **wanted):
    """The one result whose run has these values, say ``find(grid, results, model="gru", seed=1, ...)``.

    Raises LookupError that says what was asked for where there is none, or more than one.
    """
    found = [result for run, result in zip(grid, results, strict=True) if wanted.items() <= run.items()]
    if len(found) != 1:
        asked = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
        raise LookupError(f"{len(found)} of the {len(grid)} runs have {asked}; ask for one that the grid holds once.")
    return found[0]


def rebuild(result):
    """The trained network of one run, from the weights that ``run_one`` kept (dropout has none)."""
    from helpers import training

    run, weights = result["run"], result["weights"]
    cell, units = cell_and_units(run)
    model = training.build_model(cell, units, run["window"], run["horizon"], inputs=len(weights[0]))
    model.set_weights(weights)
    return model
