"""Measures what notebook 07 judges the claims by, and writes its tables: ``python -m tools.measures full``.

A task of recall or spelling is learnt by a ``Learner``: a recurrent layer with a read-out that answers once, at the
step ``at``. Tables have one row a network (or a repetition of the clock), and no verdict. Each number is stored as soon
as it is there; a run that was stopped goes on where it stood.
"""

import argparse
import inspect
import json
import os
import platform
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from helpers import cells, data, study, training, windows
from helpers.training import keras, tf
from tools.engine import run_grid

LAYERS = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
FORWARD = {"rnn": cells.simple_rnn, "gru": cells.gru, "lstm": cells.lstm}
SIZES = {"rnn": 33, "gru": 18, "lstm": 16}  # units at which all three have as many weights: 1,155, 1,134, 1,152
# of the recall task: label -> cell, and the bias of its keeping gate (f or z) at the start; None: as Keras makes it
SETTINGS = {"RNN": ("rnn", None), "GRU": ("gru", None), "LSTM": ("lstm", None)}
SETTINGS |= {"GRU, gates open": ("gru", 4.0), "LSTM, gates open": ("lstm", 4.0), "LSTM, no forget bias": ("lstm", 0.0)}
BATCHES = 50  # of 32 sequences, seen again and again
EPOCH = 2721  # windows of the study's epoch


class Learner:
    """A layer, its read-out, their optimiser, and a compiled function that trains them; one compilation for all runs.

    Cross-entropy, Adam (gradients clipped to length 1); training ends after ``updates``, or where a running mean of the
    loss falls below 0.01.
    """

    def __init__(self, name, inputs, classes, compiled=True):
        self.name, self.inputs = name, inputs
        self.layer, self.readout = LAYERS[name](SIZES[name], return_sequences=True), keras.layers.Dense(classes)
        model = keras.Sequential([keras.Input((None, inputs)), self.layer, self.readout])
        self.adam = keras.optimizers.Adam(0.01, global_clipnorm=1.0)
        self.adam.build(model.trainable_variables)

        @tf.function(jit_compile=compiled and not training.on_gpu())
        def train(X, y, at, updates):  # X (batches, 32, time, inputs), y (batches, 32)
            step, running = tf.constant(0), tf.constant(1.0)
            while step < updates and running > 0.01:
                number = step % X.shape[0]
                with tf.GradientTape() as tape:
                    answers = model(X[number])[:, at]
                    errors = tf.nn.sparse_softmax_cross_entropy_with_logits(y[number], answers)
                    loss = tf.reduce_mean(errors)
                self.adam.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
                running, step = 0.9 * running + 0.1 * loss, step + 1
            return step

        self._train = train

    def teach(self, X, y, at, seed, updates, bias=None, learning_rate=0.01):
        """Train from fresh weights; return a function from sequences (n, time, inputs) to answers (n,) at their end."""
        keras.utils.set_random_seed(seed)
        fresh = type(self.layer)(self.layer.units), keras.layers.Dense(self.readout.units)
        for mine, new_one, width in zip(
            (self.layer, self.readout), fresh, (self.inputs, self.layer.units), strict=True
        ):
            new_one.build((None, None, width))
            mine.set_weights(new_one.get_weights())
        if bias is not None:
            W, U, b = self.layer.get_weights()
            keeping = (0, slice(0, self.layer.units)) if b.ndim == 2 else slice(self.layer.units, 2 * self.layer.units)
            b[keeping] = bias  # GRU: z is first, in the first of two rows; LSTM: f is second
            self.layer.set_weights([W, U, b])
        for variable in [self.adam.iterations, *self.adam.variables[2:]]:  # a fresh Adam: all but its learning rate
            variable.assign(tf.zeros_like(variable))
        self.adam.learning_rate.assign(learning_rate)
        self._train(X, y, tf.constant(at), tf.constant(updates)).numpy()
        weights, (V, d) = self.layer.get_weights(), self.readout.get_weights()
        return lambda X: (FORWARD[self.name](X, weights)["h"][:, -1] @ V + d).argmax(axis=1)


def stored(folder, function, *key, uses=(), **options):
    """function(**options), read from ``folder`` where it was measured with this key, this code and this machine."""
    code = [inspect.getsource(each) for each in (function, *uses)]
    machine = [platform.node(), platform.machine(), os.cpu_count(), tf.__version__, keras.__version__]
    folder = folder / "cache" / "claims"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{joblib.hash([key, code, machine, training.device()])}.json"
    if not place.exists():
        part = place.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(function(**options)))
        part.replace(place)  # at once or not at all
    with place.open() as file:
        return json.load(file)


# --- memory


def recall(learner, lag, longest, seed, bias, updates):
    """Share of right answers, on 1000 fresh sequences, to: was the value ``lag`` steps ago +1 or -1?"""
    rng = np.random.default_rng(seed)
    X, symbol = rng.standard_normal((2600, longest + 1, 1)).astype("float32"), rng.integers(0, 2, 2600)
    X[:, 0, 0] = 2 * symbol - 1
    seen = X[:1600].reshape(BATCHES, 32, -1, 1), symbol[:1600].reshape(BATCHES, 32)
    answer = learner.teach(*seen, lag, seed, updates, bias)
    return np.mean(answer(X[1600:, : lag + 1]) == symbol[1600:])


def memory(folder, settings, lags, seeds, updates, compiled=True):
    """Recall of each setting at each lag and seed: a table (setting, lag, seed, accuracy)."""
    learners = {name: Learner(name, 1, 2, compiled) for name in {SETTINGS[label][0] for label in settings}}
    rows = []
    for label in settings:
        name, bias = SETTINGS[label]
        for lag in lags:
            for seed in seeds:
                key = (label, lag, seed, max(lags), updates, compiled)
                options = {"lag": lag, "longest": max(lags), "seed": seed, "bias": bias, "updates": updates}
                share = stored(folder, recall, *key, uses=(Learner,), learner=learners[name], **options)
                rows.append((label, lag, seed, share))
    return pd.DataFrame(rows, columns=["setting", "lag", "seed", "accuracy"])


# --- strings


def make_string(period, seed):
    """A random block of ``period`` letters 0..3 that has no shorter period itself, repeated to 400 letters."""
    rng = np.random.default_rng(seed)
    while True:
        block = rng.integers(0, 4, period)
        if not any(period % p == 0 and (block == np.roll(block, p)).all() for p in range(1, period)):
            return np.resize(block, 400)


def phrases(string):
    """How many phrases the parse of Lempel & Ziv (1978) needs: each is the shortest not seen before."""
    seen, phrase = set(), ()
    for letter in string.tolist():
        phrase += (letter,)
        if phrase not in seen:
            seen.add(phrase)
            phrase = ()
    return len(seen)


def continue_string(learner, period, seed, updates, learning_rate):
    """Share of right letters when a trained network continues the string from 32 places, 100 letters each."""
    string = make_string(period, seed)
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, 250, BATCHES * 32)
    letters = np.eye(4, dtype="float32")
    X = letters[string[starts[:, None] + np.arange(20)]]  # (1600, 20, 4)
    seen = X.reshape(BATCHES, 32, 20, 4), string[starts + 20].reshape(BATCHES, 32)
    answer = learner.teach(*seen, 19, seed, updates, learning_rate=learning_rate)
    places = rng.integers(0, 250, 32)
    written, right = string[places[:, None] + np.arange(20)], []  # (32, 20)
    for step in range(100):
        following = answer(letters[written[:, -20:]])
        right.append(following == string[places + 20 + step])
        written = np.column_stack([written, following])
    return np.mean(right)


def strings(folder, periods, budgets, rates, seeds, compiled=True):
    """A table (cell, period, phrases, updates, learning_rate, seed, right) of letters told rightly."""
    rows = []
    spellers = {name: Learner(name, 4, 4, compiled) for name in ("gru", "lstm")}
    for seed in seeds:
        for updates in budgets:
            for rate in rates:
                for period in periods:
                    for name, learner in spellers.items():
                        options = {"period": period, "seed": seed, "updates": updates, "learning_rate": rate}
                        key = (name, *options.values(), compiled)
                        share = stored(folder, continue_string, *key, uses=(Learner,), learner=learner, **options)
                        found = phrases(make_string(period, seed))
                        rows.append((name, period, found, updates, rate, seed, share))
    columns = ["cell", "period", "phrases", "updates", "learning_rate", "seed", "right"]
    return pd.DataFrame(rows, columns=columns)


# --- seconds


def plain_keras(model, X, y, batch):
    """A function that runs an epoch of Keras' fit and returns its seconds; and the seconds until it first ran."""
    model.compile("adam", "mse", jit_compile=False)
    ends = []
    note = lambda *_: ends.append(time.perf_counter())  # noqa: E731 - the same at both ends
    clock = keras.callbacks.LambdaCallback(on_epoch_begin=note, on_epoch_end=note)

    def epoch(n=None):
        model.fit(X[:n, :, None], y[:n], batch_size=batch, callbacks=[clock], verbose=0)
        return ends[-1] - ends[-2]

    return epoch, epoch(batch)


def with_xla(model, X, y, batch):
    """The same with the Trainer of this series."""
    trainer = training.Trainer(model, batch)
    compiled = trainer.fit(X[:batch], y[:batch], epochs=1).compile_seconds
    return lambda: trainer.fit(X, y, epochs=1).seconds[0], compiled


WAYS = {"plain": plain_keras, "XLA": with_xla}


def time_pair(series, units, window, batch, way, repetitions, most):
    """Seconds of the study's epoch of GRU and LSTM in turn, at most ``most`` windows timed: a list of dicts.

    The two change who goes first; compiling is timed apart; a first epoch warms up.
    """
    n = int(max(4 * batch, most / max((units / 128) ** 2 * window / 60, 1)))  # windows that are timed
    X, y = (part[:n].astype("float32") for part in windows.make_windows(series / series.max(), window, 20))
    epochs = {}
    for cell in ("gru", "lstm"):
        epochs[cell] = WAYS[way](training.build_model(cell, units, window, 20, seed=1), X, y, batch)
        epochs[cell][0]()
    size = {"units": units, "window": window, "batch": batch, "way": way, "device": training.device()}
    rows = []
    for repetition in range(repetitions):
        for cell in ("gru", "lstm")[:: 1 if repetition % 2 else -1]:
            seconds, compiling = epochs[cell][0]() * EPOCH / len(X), epochs[cell][1]
            row = {"cell": cell, "repetition": repetition, "seconds": seconds, "compile_seconds": compiling}
            rows.append(size | row)
    return rows


def speed(folder, series, sizes, repetitions, most):
    """``time_pair`` for each size (units, window, batch) and both ways; a table."""
    rows = []
    for size in sizes:
        for way in WAYS:
            options = dict(zip(("units", "window", "batch"), size, strict=True)) | {"way": way, "most": most}
            options["repetitions"] = repetitions
            rows += stored(folder, time_pair, options, uses=tuple(WAYS.values()), series=series, **options)
    return pd.DataFrame(rows)


def product_seconds(gates, units, window, batch, repetitions):
    """Seconds of the recurrent products of one update, forwards and backwards; best of the repetitions."""

    @tf.function(**training.compile_options())
    def products(h, U, n):
        step, dU = tf.constant(0), tf.zeros_like(U)
        while step < n:
            blocks = h @ U  # (batch, gates units): forwards
            dU += tf.linalg.matmul(h, blocks, transpose_a=True)  # the gradient of U
            h = tf.linalg.matmul(blocks, U, transpose_b=True)  # the gradient of h; U is such that h stays as it is
            step += 1
        return tf.reduce_sum(h) + tf.reduce_sum(dU)

    h, U = tf.ones((batch, units)), tf.fill((units, gates * units), 1 / (units * gates**0.5))
    n, seconds = max(window, 10 * window * 32**2 // units**2), []
    for _ in range(repetitions + 1):
        started = time.perf_counter()
        products(h, U, tf.constant(n)).numpy()
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:]) * window / n


def products(folder, all_units, window, batch, repetitions):
    """Milliseconds of an update that go into the recurrent products: a table (units, cell, ms in products)."""
    rows = []
    for units in all_units:
        for cell, blocks in (("gru", 3), ("lstm", 4)):
            options = {"gates": blocks, "units": units, "window": window, "batch": batch, "repetitions": repetitions}
            rows.append((units, cell, 1000 * stored(folder, product_seconds, options, **options)))
    return pd.DataFrame(rows, columns=["units", "cell", "ms in products"])


def operations(cell, *state):
    """How many operations TensorFlow's graph of one step of a Keras cell and of its gradient holds."""
    cell.build((None, 1))

    def step(x, *state):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(cell(x, list(state))[0])
        return tape.gradient(total, cell.trainable_variables)

    graph = tf.function(step).get_concrete_function(tf.zeros((32, 1)), *state).graph
    return sum(each.type not in ("Placeholder", "Const", "NoOp", "Identity") for each in graph.get_operations())


# --- networks on the study's series


def stacks(folder, tables, widths, seeds, budget, n_jobs=-1):
    """Stacks, equal weights, an LSTM without forget bias; ``sound``, 20 days ahead: (scores, gates' coupling, pairs).

    ``widths`` {"narrow": 32, "wide": 128}: the narrow group holds all four stacks, both single layers and the LSTM
    without forget bias, the wide one the LSTM that has the GRU's weights.
    """
    members = {"narrow": [*study.STACKS, "lstm_no_bias"], "wide": ["lstm_matched"]}
    grid, groups = [], []
    for group, models in members.items():
        wanted = ["last_value", "gru", "lstm", *models]
        runs = study.make_grid("sound", list(tables), [20], wanted, seeds, units=widths[group], **budget)
        grid, groups = grid + runs, groups + [group] * len(runs)
    outcome = run_grid(tables, grid, folder, n_jobs=n_jobs)
    scores = {
        group: study.tidy([result for own, result in zip(groups, outcome, strict=True) if own == group])
        for group in members
    }
    traces = [
        (run["model"], run["dataset"], run["seed"], gates_of(run, result, tables[run["dataset"]]))
        for group, run, result in zip(groups, grid, outcome, strict=True)
        if group == "wide" and run["model"] in ("gru", "lstm")
    ]
    rows = [(*network, coupling(trace)) for *network, trace in traces]
    drawn = {network[0]: (network, trace) for *network, trace in reversed(traces)}  # the first network of each cell
    return (
        pd.concat(scores, names=["group"]).reset_index("group"),
        pd.DataFrame(rows, columns=["model", "dataset", "seed", "value"]),
        pd.concat([pairs_of(*each) for each in drawn.values()]),
    )


def gates_of(run, result, table):
    """All gates of a trained network on test windows of the series that it was trained on."""
    X = study.prepare(table.iloc[:, 0].to_numpy(), "sound", 60, 20).test[0][::25]
    return FORWARD[run["model"]](X[:, :, None], result["weights"][:3])  # X (windows, 60)


def coupling(trace):
    """Of an LSTM, the correlation of i and f; of a GRU, the largest distance of what it writes from 1 - z."""
    if "i" in trace:
        return np.corrcoef(trace["i"].ravel(), trace["f"].ravel())[0, 1]
    z, before = trace["z"][:, 1:], trace["h"][:, :-1]
    after, candidate = trace["h"][:, 1:], trace["candidate"][:, 1:]
    clear = np.abs(candidate) > 0.01  # what is written can only be read off where the candidate is not near zero
    written = (after - z * before)[clear] / candidate[clear]
    return np.abs(written - (1 - z[clear])).max()


def pairs_of(network, trace):
    """What a network keeps and what it writes, some thousand pairs of numbers."""
    kept = trace["z" if network[0] == "gru" else "f"].ravel()
    written = 1 - kept if network[0] == "gru" else trace["i"].ravel()
    table = pd.DataFrame({"kept": kept.round(4), "written": written.round(4)})[:: max(1, kept.size // 3000)]
    return table.assign(**dict(zip(("model", "dataset", "seed"), network, strict=True)))


PROFILES = {
    "full": {
        "memory": (list(SETTINGS), (20, 40, 60), range(1, 9), 400),
        "strings": ((4, 8, 16, 32, 64, 128, 256), (100, 400, 1600), (0.01,), range(1, 19)),  # judged: 7 to 18
        "speed": ({"units": (16, 32, 64, 256, 512), "window": (20, 120, 200), "batch": (16, 64, 128, 256)}, 5, 1000),
        "stacks": ({"narrow": 32, "wide": 128}, range(1, 6), {"epochs": 100, "patience": 10}),
    },
    "smoke": {
        "memory": (["RNN", "GRU"], (5,), range(1, 3), 20),
        "strings": ((3, 30), (20,), (0.01,), range(1, 3)),
        "speed": ({}, 2, 128),
        "stacks": ({"narrow": 2, "wide": 3}, range(1, 3), {"epochs": 1, "patience": 1}),
    },
}
STUDY = {"units": 128, "window": 60, "batch": 32}  # Velarde et al. (2022)


def sizes(axes):
    """The study's size, and all that differ from it in one of units, window and batch."""
    return [tuple((STUDY | changed).values()) for changed in [{}, *({k: v} for k in axes for v in axes[k])]]


def measure(folder, profile="full", only=("memory", "strings", "speed", "stacks"), n_jobs=-1):
    """Measure and write memory.csv, strings.csv, speed.csv, operations.csv, products.csv, stacks.csv, couplings.csv and
    gate_pairs.csv."""
    options, compiled = PROFILES[profile], profile != "smoke"
    tables = {name: data.load(name) for name in ("bankex", "activities")}
    written = {}
    if "memory" in only:
        written["memory"] = memory(folder, *options["memory"], compiled)
    if "strings" in only:
        written["strings"] = strings(folder, *options["strings"], compiled)
    if "speed" in only:
        axes, repetitions, most = options["speed"]
        timed = sizes(axes)
        written["speed"] = speed(folder, tables["bankex"].iloc[:, 0].to_numpy(), timed, repetitions, most)
        state = tf.zeros((32, 8))
        counted = [("gru", operations(keras.layers.GRUCell(8), state))]
        counted.append(("lstm", operations(keras.layers.LSTMCell(8), state, state)))
        written["operations"] = pd.DataFrame(counted, columns=["cell", "operations"])
        units = sorted({size[0] for size in timed})
        written["products"] = products(folder, units, STUDY["window"], STUDY["batch"], repetitions)
    if "stacks" in only:
        found = stacks(folder, tables, *options["stacks"], n_jobs)
        written |= dict(zip(("stacks", "couplings", "gate_pairs"), found, strict=True))
    for name, table in written.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.measures", description=__doc__.splitlines()[0])
    parser.add_argument("profile", choices=list(PROFILES))
    parser.add_argument("--output", type=Path, default=Path("build"), help="folder of the tables (default: build)")
    parser.add_argument("--only", nargs="+", choices=list(PROFILES["full"]), default=list(PROFILES["full"]))
    options = parser.parse_args(arguments)
    measure(options.output, options.profile, options.only)


if __name__ == "__main__":
    main()
