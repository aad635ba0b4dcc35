"""GRU and LSTM on a reader's own series: one network for all series of a table, inputs known in advance beside them.

Each window is on its own scale. What a network reads at a step is the series; and of each input its value at that step
and the one ``horizon`` steps later, so that after the last step it has seen the inputs of all that it forecasts.
"""

import numpy as np

from helpers import ragged, study, windows

KINDS = ("gru", "lstm")
BUDGET = {"units": 32, "batch_size": 32, "learning_rate": 1e-2, "patience": 8}


def look_back(values, inputs, ends, window, horizon, floor):
    """Windows that end before the rows ``ends`` of values (n,): X (ends, w, 1 + 2k), and the undo.

    Each is around its own mean, in units of its own spread, at least ``floor``. ``inputs`` (n + horizon, k), scaled.
    """
    X, _, undo = windows.normalise_windows(ragged.windows_at(values, ends, window), None, floor)
    X = (X - X.mean(axis=1, keepdims=True))[..., None]
    rows = np.maximum(np.asarray(ends)[:, None] + np.arange(-window, 0), 0)
    beside = [inputs[rows], inputs[rows + horizon]] if inputs.shape[1] else []
    return np.concatenate([X, *beside], axis=2).astype("float32"), undo


def _parts(table, run, stop):
    """(training windows X, y of all series up to row ``stop``, and what forecasts (series, origins, horizon) from given
    origins by a function of X)."""
    n, horizon, window = run["known"], run["horizon"], run["window"]
    values = table.to_numpy()[:n, : run["n_series"]].T
    inputs = table.to_numpy()[:, run["n_series"] :].reshape(len(table), run["n_series"], -1).swapaxes(0, 1)
    steps, X, y = np.arange(horizon), [], []
    most = max(1, run["most"] // len(values))
    for series, beside, start, floor in zip(values, inputs, run["starts"], run["floors"], strict=True):
        ends = start + ragged.training_origins(stop - start, window, horizon)
        ends = ends[:: -max(1, -(-len(ends) // most))][::-1]
        seen, (last, spread) = look_back(series, beside, ends, window, horizon, floor)
        moves = np.ptp(seen[..., 0], axis=1) > 0  # a window that stands still teaches nothing
        X.append(seen[moves])
        y.append(((series[ends[:, None] + steps] - last) / spread).astype("float32")[moves])

    def asked(origins):
        """Inputs and scaled targets of all series at the origins; and what puts forecasts back on their scale."""
        found = [look_back(*each, np.asarray(origins), window, horizon, f) for each, f in pairs]
        X = np.concatenate([seen for seen, _ in found])
        last, spread = (np.concatenate(part) for part in zip(*(undo for _, undo in found), strict=True))
        targets = np.concatenate([each[0][np.minimum(np.add.outer(origins, steps), n - 1)] for each, _ in pairs])
        shape = (len(values), len(origins), horizon)
        return (X, (targets - last) / spread), lambda y: windows.undo_windows(y, last, spread).reshape(shape)

    pairs = list(zip(zip(values, inputs, strict=True), run["floors"], strict=True))
    return (np.concatenate(X), np.concatenate(y)), asked


def run_network(table, run):
    """Train the network of one run, for ``tools.engine.run_grid``; ``table`` (time, series + inputs) has no gaps.

    Without ``final``: trained on the training part with early stopping on the ``validation`` origins; then trained
    anew on all before the test part, for the epochs that were best, to forecast from the ``test`` origins. With
    ``final``: trained for ``epochs`` on all that is known, to forecast what comes.

    Returns a dict: run, params, epochs, seconds, compile_seconds, device, and forecasts (series, origins, horizon)
    ``validation`` and ``test``, or (series, 1, horizon) ``ahead`` with the network's ``weights``.
    """
    from helpers import training

    def forecast(network, asked, origins):
        (X, _), undo = asked(origins)
        return undo(training.predict(network, X)).astype("float32")

    if run["final"]:
        train, asked = _parts(table, run, run["known"])
        network, history = study.fit_network(train, None, run | {"patience": None})
        found = {"weights": network.get_weights(), "ahead": forecast(network, asked, [run["known"]])}
    else:
        train, asked = _parts(table, run, run["validation"][0])
        (X, y), _ = asked(run["validation"])
        network, history = study.fit_network(train, (X, y.astype("float32")), run)
        found = {"validation": forecast(network, asked, run["validation"])}
        train, asked = _parts(table, run, run["test"][0])
        network, _ = study.fit_network(train, None, run | {"epochs": history.best_epoch, "patience": None})
        found["test"] = forecast(network, asked, run["test"])
    epochs = len(history.loss) if run["final"] else history.best_epoch
    facts = {"params": network.count_params(), "epochs": epochs, "device": history.device}
    return {"run": run, "seconds": sum(history.seconds), **facts, **found}


def combine(results):
    """One Keras model that gives the mean forecast of the networks of several finished runs; one file holds it."""
    from helpers import training

    keras = training.keras
    members = [study.rebuild(result) for result in results]
    if len(members) == 1:
        return members[0]
    for number, member in enumerate(members, start=1):
        member.name = f"{member.name}_{number}"
    steps = keras.Input(members[0].input_shape[1:])
    return keras.Model(steps, keras.layers.Average()([member(steps) for member in members]), name="ensemble")
