"""Build, train, save and load one recurrent network (Keras 3 on TensorFlow).

Importing this module imports TensorFlow: import it only where networks are trained.
"""

import contextlib
import functools
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from helpers.checks import check_choice, check_integer, check_positive, check_text


@contextlib.contextmanager
def _silent_stderr():
    """Send what C++ code writes to stderr nowhere: TensorFlow 2.19 and newer greet with log lines that no setting
    silences (tensorflow issue 100442). Python's exceptions are not touched."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with _silent_stderr():
    import keras
    import tensorflow as tf

    # One thread for each process: a step of these small networks gains nothing from a second one (make bench shows
    # it), a second process does, and the same seed then gives the same bits on every machine of a kind.
    # TensorFlow refuses the change once it has computed something; it is then left as it is.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.constant(0.0)
    tf.get_logger().setLevel("ERROR")  # it takes networks of many shapes, each compiled once, for one compiled anew

if keras.backend.backend() != "tensorflow":
    raise ValueError(f"KERAS_BACKEND must be 'tensorflow' for this series; got {keras.backend.backend()!r}.")

CELLS = {
    "rnn": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
    "lstm_no_bias": functools.partial(keras.layers.LSTM, unit_forget_bias=False),
}
STEPS_PER_CALL = 64
ROWS_PER_CALL = 256  # of forecasts


def build_model(cell, units, window, horizon, seed=None):
    """One recurrent layer and a linear read-out (Velarde et al. 2022): inputs (n, window, 1), outputs (n, horizon).

    ``cell`` is one of CELLS ("lstm_no_bias": its forget gate starts half open), or several joined by "_" for a stack of
    layers of ``units`` each, lowest first: "lstm_gru". A ``seed`` fixes the first weights, which are drawn as Keras
    does by default (Glorot, orthogonal), but each from a generator of its own: the global one that Keras would ask
    belongs to all threads of the process, and on a Dask worker others ask it too.
    """
    check_text("cell", cell)
    kinds = [cell] if cell in CELLS else str(cell).split("_")
    for kind in kinds:
        check_choice("cell", kind, CELLS)
    check_integer("units", units)
    check_integer("window", window)
    check_integer("horizon", horizon)
    rng = random.Random(None if seed is None else check_integer("seed", seed, 0))

    def drawn(initializer):
        return initializer(seed=rng.randrange(2**31))

    glorot, orthogonal = keras.initializers.GlorotUniform, keras.initializers.Orthogonal
    layers = [
        CELLS[kind](
            units,
            kernel_initializer=drawn(glorot),
            recurrent_initializer=drawn(orthogonal),
            return_sequences=number < len(kinds) - 1,
        )
        for number, kind in enumerate(kinds)
    ]
    read_out = keras.layers.Dense(horizon, kernel_initializer=drawn(glorot))
    return keras.Sequential([keras.Input((window, 1)), *layers, read_out], name=cell)


def matched_units(units, cell="gru"):
    """The width at which a ``cell`` has about as many weights as the other cell with ``units``, one input each.

    A GRU the size of an LSTM of 128 has 147, an LSTM the size of a GRU of 128 has 111. Counts as in Keras: LSTM
    4u(u + 2), GRU with ``reset_after`` 3u(u + 3).
    """
    counts = {"gru": lambda u: 3 * u * (u + 3), "lstm": lambda u: 4 * u * (u + 2)}
    check_choice("cell", cell, counts)
    other = "lstm" if cell == "gru" else "gru"
    widths = np.arange(1, 2 * check_integer("units", units) + 1)
    return int(widths[np.argmin(np.abs(counts[cell](widths) - counts[other](units)))])


@dataclass
class History:
    """What a training run leaves: mean squared errors and seconds, one value an epoch, and the seconds of compiling."""

    loss: list = field(default_factory=list)
    val_loss: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    compile_seconds: float = 0.0

    @property
    def best_epoch(self):
        """The epoch (from 1) with the lowest validation loss, or the last one where there is no validation part."""
        return int(np.argmin(self.val_loss)) + 1 if self.val_loss else len(self.loss)


class Trainer:
    """A network with its optimiser (Adam) and its training step, compiled by XLA, many steps a call.

    Keras' own ``fit`` calls XLA once for each batch; here one call runs up to 64 batches, which for networks this small
    is what makes it fast. Numbers are Keras': same layers, same optimiser, same loss (mean squared error), same batches
    with a smaller last one. A trainer can fit again and again: each ``fit`` starts with a fresh optimiser, and sets the
    weights to ``weights`` where they are given, so a study compiles each shape only once.
    """

    def __init__(self, model, batch_size=32, learning_rate=1e-3):
        self.model = model
        self.batch_size = check_integer("batch_size", batch_size)
        check_positive("learning_rate", learning_rate)
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(model.trainable_variables)
        self._fresh_optimizer = [variable.numpy() for variable in self.optimizer.variables]
        self._run_steps = tf.function(self._steps, jit_compile=True)

    def _steps(self, X, y, weight, n_steps):
        total, step = tf.constant(0.0), tf.constant(0)
        while step < n_steps:  # not `for step in tf.range(n_steps)`: XLA would compile anew for each n_steps
            with tf.GradientTape() as tape:
                # the weight of a padded row is 0, so that a smaller last batch needs no second compilation
                errors = tf.reduce_mean(tf.square(self.model(X[step], training=True) - y[step]), axis=1)
                error = tf.reduce_sum(weight[step] * errors)
                loss = error / tf.reduce_sum(weight[step])
            variables = self.model.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            total, step = total + error, step + 1
        return total

    def _call_shapes(self, X, y):
        shape = (STEPS_PER_CALL, self.batch_size)
        return [np.zeros((*shape, X.shape[1], 1), "float32"), np.zeros((*shape, y.shape[1]), "float32"), shape]

    def _epoch(self, X, y, order):
        """Run one epoch over the rows ``order``; batches are copied from X and y only here."""
        X_call, y_call, shape = self._call_shapes(X, y)
        total, rows_per_call = 0.0, STEPS_PER_CALL * self.batch_size
        for start in range(0, len(order), rows_per_call):
            rows = order[start : start + rows_per_call]
            weight = np.zeros(rows_per_call, "float32")
            weight[: len(rows)] = 1
            X_call.reshape(rows_per_call, -1)[: len(rows)] = X[rows]
            y_call.reshape(rows_per_call, -1)[: len(rows)] = y[rows]
            n_steps = -(-len(rows) // self.batch_size)
            total += float(self._run_steps(X_call, y_call, weight.reshape(shape), tf.constant(n_steps)))
        return total / len(order)

    def mean_squared_error(self, X, y):
        """Mean squared error of the network on X (n, window), y (n, horizon), without training."""
        return float(np.mean((predict(self.model, X) - y) ** 2))

    def fit(self, X, y, *, epochs, validation=None, patience=None, seed=1, weights=None, progress=False):
        """Train by Adam on the mean squared error; return a History.

        Parameters
        ----------
        X : inputs (n, window); y : targets (n, horizon). Views are fine: only batches are copied.
        epochs : how many at the most
        validation : (X, y) held out, or None
        patience : stop when the validation loss has not fallen for so many epochs, and put the best weights back;
            None trains through all epochs
        seed : of the order of the rows, reshuffled every epoch: two networks with one seed see the same batches
        weights : the first weights (as from ``model.get_weights()``); None goes on from the present ones
        progress : show a bar that leaves nothing behind

        Raises
        ------
        ValueError for shapes that do not fit the network, patience without a validation part, or NaN (looked for in
        the first window and in the last value of each: that is all there is in windows that slide by one).
        """
        check_integer("epochs", epochs)
        check_integer("seed", seed, 0)
        for name, (inputs, targets) in {"training": (X, y), "validation": validation or (X, y)}.items():
            self._check(name, inputs, targets)
        if patience is not None and (check_integer("patience", patience) and validation is None):
            raise ValueError("patience needs a validation part: give validation=(X, y), or patience=None.")
        if weights is not None:
            self.model.set_weights(weights)
        for variable, value in zip(self.optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        history = History(compile_seconds=self._compile(X, y))
        rng = np.random.default_rng(seed)
        best = None
        with tqdm(total=epochs, desc=self.model.name, leave=False, disable=not progress, unit="epoch") as bar:
            for _ in range(epochs):
                started = time.perf_counter()
                history.loss.append(self._epoch(X, y, rng.permutation(len(X))))
                if validation is not None:
                    history.val_loss.append(self.mean_squared_error(*validation))
                history.seconds.append(time.perf_counter() - started)
                bar.update()
                if patience is not None:
                    if history.best_epoch == len(history.loss):
                        best = self.model.get_weights()
                    elif len(history.loss) - history.best_epoch >= patience:
                        break
        if best is not None:
            self.model.set_weights(best)
        return history

    def _compile(self, X, y):
        """Compile by running zero steps; the seconds it took (next to nothing when this shape was compiled before)."""
        started = time.perf_counter()
        X_call, y_call, shape = self._call_shapes(X, y)
        self._run_steps(X_call, y_call, np.ones(shape, "float32"), tf.constant(0))
        predict(self.model, X[:1])
        return time.perf_counter() - started

    def _check(self, name, X, y):
        window, horizon = self.model.input_shape[1], self.model.output_shape[1]
        if np.ndim(X) != 2 or np.ndim(y) != 2 or len(X) != len(y) or not len(X):
            raise ValueError(
                f"the {name} part must be X (n, window), y (n, horizon), n >= 1; got {X.shape}, {y.shape}."
            )
        if X.shape[1] != window or y.shape[1] != horizon:
            raise ValueError(
                f"the network takes windows of {window} and forecasts {horizon}; the {name} part has shapes "
                f"{X.shape} and {y.shape}."
            )
        if not (np.isfinite(X[0]).all() and np.isfinite(X[:, -1]).all() and np.isfinite(y).all()):
            raise ValueError(f"the {name} part must hold finite numbers; it has missing or infinite ones.")


def fit(model, X, y, *, batch_size=32, learning_rate=1e-3, **options):
    """Train ``model`` once: ``Trainer(model, batch_size, learning_rate).fit(X, y, **options)``."""
    return Trainer(model, batch_size, learning_rate).fit(X, y, **options)


@functools.lru_cache(maxsize=16)
def _forward(model):
    return tf.function(lambda X: model(X, training=False), jit_compile=True)


def predict(model, X):
    """Forecasts (n, horizon) in float64 from windows X (n, window), compiled by XLA.

    Rows are padded to whole calls: a matrix product of another shape may round another way, and a forecast must not
    depend on how many others are made with it.
    """
    padding = -len(X) % ROWS_PER_CALL
    padded = np.pad(np.asarray(X, "float32"), ((0, padding), (0, 0)))[..., None]
    calls = np.split(padded, len(padded) // ROWS_PER_CALL)
    return np.concatenate([_forward(model)(call) for call in calls])[: len(X)].astype(float)


def model_name(cell, dataset, horizon):
    """The walk-through's pattern: cell, first letter of the data set, horizon: ``GRU_B20``, ``LSTM_A1``."""
    return f"{cell.upper()}_{dataset[0].upper()}{horizon}"


def save(model, folder, dataset, horizon):
    """Save a network as ``folder/GRU_B20.keras`` (named by ``model_name``) and return the path."""
    path = Path(folder) / f"{model_name(model.name, dataset, horizon)}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path


def load(path):
    """Load a saved ``.keras`` network in safe mode: a file can bring weights and layers, but no code to run."""
    if not isinstance(path, str | Path) or not Path(path).is_file() or Path(path).suffix != ".keras":
        raise FileNotFoundError(f"path must be a .keras file that exists; got {path!r}.")
    return keras.models.load_model(path, safe_mode=True)
