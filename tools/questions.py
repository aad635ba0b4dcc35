"""Measures for notebook 04 what practitioners ask: several inputs, dropout, longer windows, a state that is carried on.

One run is one network. But for the carried state it is trained on the first series under the sound protocol, and its
result is one row: errors are RMSE on the published scale, validation of the first series, test of the series named in
``scored``.
"""

import functools
import inspect
import time
from itertools import product

import numpy as np
import pandas as pd

from helpers import metrics, study, training, windows
from helpers.training import keras, tf
from tools.engine import fingerprint, run_grid

CELLS = ("gru", "lstm")
COLUMNS = ["question", "setting", "model", "seed", "dataset", "source", "horizon", "units", "scored", "validation"]
COLUMNS += ["test", "test_first", "epochs", "best_epoch", "seconds", "device"]
CASES = {"several inputs": [("bankex", 20)]}
CASES |= {question: [("bankex", 20), ("activities", 1)] for question in ("dropout", "longer windows")}
CASES |= {"carried state": [("activities", 1)]}
SETTINGS = {
    "several inputs": {"one": {}, "all ten": {"inputs": 10}},
    "dropout": {"0": {}, "0.2": {"dropout": 0.2}},
    "longer windows": {"60": {}, "250": {"window": 250}},
    "carried state": {
        name: {"state": name, "window": 10, "epochs": 20} for name in ("fresh", "carried", "carried, random order")
    },
}


def make_grid(seeds, *, units, questions=tuple(SETTINGS), **settings):
    """All runs as (question, setting, run); ``settings`` (epochs, patience, window) replace those of the sound
    protocol. A run that several questions share (one input, no dropout, windows of 60) stands in each of them."""
    grid = []
    for question in questions:
        for (dataset, horizon), (setting, changed) in product(CASES[question], SETTINGS[question].items()):
            for run in study.make_grid("sound", [dataset], [horizon], CELLS, seeds, units=units, **settings):
                grid.append((question, setting, run | changed))
    return grid


def measure(tables, grid, folder, n_jobs=-1):
    """Train what the cache does not hold; return the table with COLUMNS, a row a run."""
    uses = (study.fit_network, training.predict, windows.chronological_split, windows.normalise_windows)
    code = [fingerprint(*uses), *map(inspect.getsource, (run_question, cut, _trainer_in_pieces, run_carried))]
    distinct = []
    for _, _, run in grid:
        if run | {"code": code} not in distinct:
            distinct.append(run | {"code": code})
    distinct.sort(key=lambda run: run["seed"])  # stopped early, it has compared all settings with fewer seeds
    results = run_grid(tables, distinct, folder, n_jobs=n_jobs, function=run_question)
    rows = [
        {"question": question, "setting": setting} | results[distinct.index(run | {"code": code})]
        for question, setting, run in grid
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def cut(values, run):
    """The windows of one series (time,) under the sound protocol: X (n, window), y (n, horizon), the three parts as
    slices, and ``unit`` (n, 1), by which an error is multiplied to be on the published scale."""
    parts = windows.chronological_split(len(values), run["window"], run["horizon"])
    known = values[: parts[0].stop + run["window"] + run["horizon"] - 1]
    X, y = windows.make_windows((values - known.mean()) / known.std(), run["window"], run["horizon"])
    X, y, (_, spread) = windows.normalise_windows(X, y)
    return X, y, parts, spread * known.std() / np.ptp(values)


def run_question(table, run):
    """Train and score one network; return its row as a dict, without question and setting.

    ``run`` as from ``study.make_grid``, with dropout, with ``inputs`` (so many of the table's series are read, the
    first is forecast) or with ``state`` (see ``run_carried``).
    """
    facts = {name: run[name] for name in ("model", "seed", "dataset", "horizon", "units")}
    facts |= {"source": table.attrs["source"], "device": training.device()}
    if "state" in run:
        return facts | run_carried(table, run)
    inputs = run.get("inputs", 1)
    pieces = [cut(column, run) for column in table.to_numpy().T]
    X, y, (train, validation, test), unit = pieces[0]
    if inputs > 1:
        X = np.stack([piece[0] for piece in pieces[:inputs]], axis=2)  # (n, window, inputs)
    network, history = study.fit_network((X[train], y[train]), (X[validation], y[validation]), run)

    def error(X, y, unit, part):
        return metrics.rmse(y[part] * unit[part], training.predict(network, X[part]) * unit[part])

    first = error(X, y, unit, test)
    tests = [first] if inputs > 1 else [error(X, y, unit, test) for X, y, _, unit in pieces]
    facts |= {"scored": table.columns[0] if inputs > 1 else "all ten", "test": np.mean(tests), "test_first": first}
    facts |= {"validation": error(X, y, unit, validation), "epochs": len(history.loss)}
    return facts | {"best_epoch": history.best_epoch, "seconds": sum(history.seconds)}


@functools.cache
def _trainer_in_pieces(cell, units, shape, carries, rate):
    """A network that reads pieces of shape (series, length, 1) and says after each day what the next one brings; a
    function that starts a fit; one that trains through an epoch; and a reader with the same weights for any length."""
    layer = training.CELLS[cell](units, stateful=carries, return_sequences=True)
    model = keras.Sequential([keras.Input(batch_shape=shape), layer, keras.layers.Dense(1)])
    same = training.CELLS[cell](units, return_sequences=True)
    reader = keras.Sequential([keras.Input((None, 1)), same, keras.layers.Dense(1)])
    reader.compile(**training.compile_options())
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)
    fresh = [variable.numpy() for variable in optimizer.variables]

    def start(weights):
        model.set_weights(weights)
        for variable, value in zip(optimizer.variables, fresh, strict=True):
            variable.assign(value)

    @tf.function(**training.compile_options())
    def steps(X, y):
        piece = tf.constant(0)
        while piece < tf.shape(X)[0]:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(X[piece], training=True) - y[piece]))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            piece += 1
        return piece

    def epoch(X, y):
        if carries:
            layer.reset_state()
        steps(X, y)
        reader.set_weights(model.get_weights())

    return start, epoch, reader


def run_carried(table, run):
    """Train one network on all series side by side, each a row of every batch, in pieces of ``window`` days, to say
    after each day what the next one brings.

    ``state``: "fresh" starts each piece from zero; "carried" goes on from the state in which the piece before it ended;
    "carried, random order" does so though another piece came before it. The last two are tested in order of time.
    """
    held_out, length, carries = 251, run["window"], run["state"] != "fresh"
    values = table.to_numpy()
    known = values[: -2 * held_out]
    unit = (known.std(axis=0) / np.ptp(values, axis=0))[:, None]
    scaled = ((values - known.mean(axis=0)) / known.std(axis=0)).T.astype("float32")  # (series, time)
    n_pieces = (len(known) - 1) // length
    X, y = (
        part.reshape(len(scaled), n_pieces, length, 1).swapaxes(0, 1)  # (pieces, series, length, 1)
        for part in (scaled[:, : n_pieces * length], scaled[:, 1 : n_pieces * length + 1])
    )
    start, epoch, reader = _trainer_in_pieces(run["model"], run["units"], X.shape[1:], carries, run["learning_rate"])
    start(training.build_model(run["model"], run["units"], length, 1, seed=run["seed"]).get_weights())
    inputs, actual = scaled[:, -601:-1], scaled[:, -600:]  # the first 98 of these days are there to warm up

    def errors():
        """RMSE on the validation and on the test days, mean of the series."""
        pieces = inputs if carries else inputs.reshape(-1, length)
        off = (reader.predict_on_batch(pieces[..., None]).reshape(inputs.shape) - actual) * unit
        parts = off[:, -2 * held_out : -held_out], off[:, -held_out:]
        return [np.sqrt(np.mean(part**2, axis=1)).mean() for part in parts]

    rng, found, seconds = np.random.default_rng(run["seed"]), [], 0.0
    for _ in range(run["epochs"]):
        started = time.perf_counter()
        order = np.arange(n_pieces) if run["state"] == "carried" else rng.permutation(n_pieces)
        epoch(X[order], y[order])
        seconds += time.perf_counter() - started
        found.append(errors())
        best = int(np.argmin([validation for validation, _ in found]))
        if len(found) - 1 - best >= run["patience"]:
            break
    facts = {"scored": "all ten", "validation": found[best][0], "test": found[best][1], "test_first": np.nan}
    return facts | {"epochs": len(found), "best_epoch": best + 1, "seconds": seconds}
