"""Build, train, save and load one recurrent network (Keras 3 on TensorFlow).

Importing this module imports TensorFlow: import it only where networks are trained.
"""

import contextlib
import functools
import os
import random
import sys
import time
from dataclasses import dataclass, field
from numbers import Real
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


def _start_gpus():
    """Let a GPU's memory grow with need, so that several processes can share it; hide a GPU that can't be used here.

    Hiding works only before TensorFlow has computed something. A hidden GPU is said so in one sentence.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return
    build = tf.sysconfig.get_build_info()
    if not (build.get("is_cuda_build") or build.get("is_rocm_build")):  # Apple's and other plug-ins
        _hide_gpus("this build of TensorFlow has no cuDNN for it")
        return
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    try:
        tf.constant(0.0)
    except (tf.errors.OpError, SystemError) as error:  # a driver that does not fit
        _hide_gpus(f"TensorFlow can't start it ({type(error).__name__})")


def _hide_gpus(reason):
    tf.config.set_visible_devices([], "GPU")
    print(f"The GPU of this machine is not used, as {reason}: everything runs on the CPU.")


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
        _start_gpus()
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
LOSSES = ("mse", "mae")
STEPS_PER_CALL = 64
ROWS_PER_CALL = 256  # of forecasts


def on_gpu():
    """Whether Keras sends GRU and LSTM layers to a GPU here: the one question that decides how functions are compiled.

    It asks what Keras itself asks, at each call, so that the two never differ (Keras has no public name for it).
    """
    keras_asks = getattr(sys.modules.get("keras.src.backend.tensorflow.rnn"), "_is_gpu_available", None)
    return bool(keras_asks() if keras_asks else tf.config.list_logical_devices("GPU"))


def compile_options():
    """How to compile a function that holds a recurrent layer: ``@tf.function(**compile_options())``.

    On a CPU by XLA. On a GPU not: there Keras' GRU and LSTM are one kernel of cuDNN, ``CudnnRNNV3``, which XLA does
    not have (keras-team/keras issue 18456); TensorFlow's own graph still runs many steps a call.
    """
    return {"jit_compile": not on_gpu()}


def device():
    """Where networks are trained and forecast here: "gpu" or "cpu"."""
    return "gpu" if on_gpu() else "cpu"


def _cudnn_works():
    """Whether cuDNN's kernel runs; where a GPU is there and it does not, one sentence says so (once a process)."""
    try:
        layer = keras.layers.GRU(1, use_cudnn=True)
        return bool(np.isfinite(layer(np.zeros((1, 1, 1), "float32")).numpy()).all())
    except (tf.errors.OpError, ValueError, RuntimeError) as error:  # ValueError: Keras, of use_cudnn=True
        _say_no_cudnn(type(error).__name__)
        return False


@functools.cache
def _say_no_cudnn(error):
    print(
        f"The GPU can't run cuDNN's recurrent layers ({error}): Keras' generic ones run in their place, slowly; with "
        "CUDA_VISIBLE_DEVICES=-1 set before the start, everything runs on the CPU."
    )


def _set_kernels(model):
    """Let a network's recurrent layers run also on a GPU without cuDNN; elsewhere Keras' own choice is right."""
    if on_gpu() and not _cudnn_works():
        for layer in model.layers:
            if hasattr(layer, "use_cudnn"):
                layer.use_cudnn = False
    return model


def build_model(cell, units, window, horizon, seed=None, *, inputs=1, dropout=0.0):
    """One recurrent layer and a linear read-out (Velarde et al. 2022): (n, window, inputs) in, (n, horizon) out.

    ``cell`` is one of CELLS ("lstm_no_bias": its forget gate starts half open), or several joined by "_" for a stack of
    layers of ``units`` each, lowest first: "lstm_gru". ``inputs`` is the number of values that the network reads at
    each step. ``dropout`` is the share of each recurrent layer's outputs that a training step sets to 0 (not of what a
    layer hands to itself: cuDNN has no such kernel).

    A ``seed`` fixes the first weights, which are drawn as Keras does by default (Glorot, orthogonal), but each from a
    generator of its own: the global one that Keras would ask belongs to all threads of the process, and on a Dask
    worker others ask it too. Dropout does not change them.

    Raises ValueError or TypeError for an unknown cell, a number out of range.
    """
    check_text("cell", cell)
    kinds = [cell] if cell in CELLS else str(cell).split("_")
    for kind in kinds:
        check_choice("cell", kind, CELLS)
    check_integer("units", units)
    check_integer("window", window)
    check_integer("horizon", horizon)
    check_integer("inputs", inputs)
    if isinstance(dropout, bool) or not isinstance(dropout, Real) or not 0 <= dropout < 1:
        raise ValueError(f"dropout must be a number from 0 to below 1; got {dropout!r}.")
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
    if dropout:
        pairs = [(layer, keras.layers.Dropout(dropout, seed=rng.randrange(2**31))) for layer in layers]
        layers = [layer for pair in pairs for layer in pair]
    return _set_kernels(keras.Sequential([keras.Input((window, inputs)), *layers, read_out], name=cell))


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
    """What a training run leaves: mean errors (squared or absolute, as trained) and seconds, one value an epoch; the
    seconds of compiling; and the device, "cpu" or "gpu", on which these seconds were measured."""

    loss: list = field(default_factory=list)
    val_loss: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    compile_seconds: float = 0.0
    device: str = "cpu"

    @property
    def best_epoch(self):
        """The epoch (from 1) with the lowest validation loss, or the last one where there is no validation part."""
        return int(np.argmin(self.val_loss)) + 1 if self.val_loss else len(self.loss)


class Trainer:
    """A network with its optimiser (Adam) and its training step, compiled, many steps a call.

    Keras' own ``fit`` calls XLA once for each batch; here one call runs up to 64 batches, which for networks this small
    is what makes it fast (on a GPU without XLA, see ``compile_options``). Numbers are Keras': same layers, same
    optimiser, same loss, same batches with a smaller last one. A trainer can fit again and again: each ``fit`` starts
    with a fresh optimiser, and sets the weights to ``weights`` and the learning rate to ``learning_rate`` where they
    are given, so a study compiles each shape only once.

    ``loss`` is "mse" (mean squared error) or "mae" (mean absolute error). ``clip`` is the length to which the gradient
    of all weights together is cut where it is longer (Pascanu, Mikolov & Bengio 2013); None leaves it as it is.
    """

    def __init__(self, model, batch_size=32, learning_rate=1e-3, loss="mse", clip=None):
        self.model = model
        self.batch_size = check_integer("batch_size", batch_size)
        check_positive("learning_rate", learning_rate)
        check_choice("loss", loss, LOSSES)
        self.loss, self.clip = loss, clip if clip is None else check_positive("clip", clip)
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(model.trainable_variables)
        self._fresh_optimizer = [variable.numpy() for variable in self.optimizer.variables]
        self._dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
        self._run_steps = tf.function(self._steps, **compile_options())

    def _steps(self, X, y, weight, n_steps):
        total, step = tf.constant(0.0), tf.constant(0)
        while step < n_steps:  # not `for step in tf.range(n_steps)`: XLA would compile anew for each n_steps
            with tf.GradientTape() as tape:
                # the weight of a padded row is 0, so that a smaller last batch needs no second compilation
                difference = self.model(X[step], training=True) - y[step]
                errors = tf.reduce_mean(tf.square(difference) if self.loss == "mse" else tf.abs(difference), axis=1)
                error = tf.reduce_sum(weight[step] * errors)
                loss = error / tf.reduce_sum(weight[step])
            variables = self.model.trainable_variables
            gradients = tape.gradient(loss, variables)
            if self.clip is not None:
                gradients, _ = tf.clip_by_global_norm(gradients, self.clip)
            self.optimizer.apply(gradients, variables)
            total, step = total + error, step + 1
        return total

    def _call_arrays(self):
        """Empty arrays for the batches of one call: X (steps, batch, window, inputs), y (steps, batch, horizon)."""
        shape = (STEPS_PER_CALL, self.batch_size)
        return [np.zeros((*shape, *of[1:]), "float32") for of in (self.model.input_shape, self.model.output_shape)]

    def _epoch(self, X, y, order):
        """Run one epoch over the rows ``order``; batches are copied from X and y only here."""
        X_call, y_call = self._call_arrays()
        total, rows_per_call = 0.0, STEPS_PER_CALL * self.batch_size
        X_rows, y_rows = (array.reshape(rows_per_call, *array.shape[2:]) for array in (X_call, y_call))
        for start in range(0, len(order), rows_per_call):
            rows = order[start : start + rows_per_call]
            weight = np.zeros(rows_per_call, "float32")
            weight[: len(rows)] = 1
            X_rows[: len(rows)] = _with_inputs(X[rows])
            y_rows[: len(rows)] = y[rows]
            n_steps = -(-len(rows) // self.batch_size)
            total += float(self._run_steps(X_call, y_call, weight.reshape(X_call.shape[:2]), tf.constant(n_steps)))
        return total / len(order)

    def mean_squared_error(self, X, y):
        """Mean squared error of the network on X (n, window) or (n, window, inputs), y (n, horizon)."""
        return float(np.mean((predict(self.model, X) - y) ** 2))

    def mean_error(self, X, y):
        """The mean error that this trainer trains on, squared or absolute, of the network on X and y as in ``fit``."""
        if self.loss == "mse":
            return self.mean_squared_error(X, y)
        return float(np.mean(np.abs(predict(self.model, X) - y)))

    def fit(
        self,
        X,
        y,
        *,
        epochs,
        validation=None,
        patience=None,
        seed=1,
        weights=None,
        learning_rate=None,
        windows_per_epoch=None,
        progress=False,
    ):
        """Train by Adam on the mean error; return a History.

        Parameters
        ----------
        X : inputs (n, window), or (n, window, inputs) for several values a step; y : targets (n, horizon). Views are
            fine: only batches are copied.
        epochs : how many at the most; with ``validation=None`` exactly so many, as for a refit on all data
        validation : (X, y) held out, or None
        patience : stop when the validation loss has not fallen for so many epochs, and put the best weights back;
            None trains through all epochs
        seed : of the order of the rows, reshuffled every epoch, and of dropout: two networks with one seed see the
            same batches
        weights : the first weights (as from ``model.get_weights()``); None goes on from the present ones
        learning_rate : of this fit; None takes the trainer's. Another one compiles nothing anew.
        windows_per_epoch : train each epoch on so many rows, drawn anew by the seed; None, or more than n: on all
        progress : show a bar that leaves nothing behind

        Raises
        ------
        ValueError for shapes that do not fit the network, patience without a validation part, or missing or infinite
        numbers (in a view of windows that slide by one looked for in the first window and in the last value of each).
        """
        check_integer("epochs", epochs)
        check_integer("seed", seed, 0)
        if learning_rate is not None:
            check_positive("learning_rate", learning_rate)
        if windows_per_epoch is not None:
            check_integer("windows_per_epoch", windows_per_epoch)
        for name, (inputs, targets) in {"training": (X, y), "validation": validation or (X, y)}.items():
            self._check(name, inputs, targets)
        if patience is not None and (check_integer("patience", patience) and validation is None):
            raise ValueError("patience needs a validation part: give validation=(X, y), or patience=None.")
        self._start(seed, weights, learning_rate)
        history = History(compile_seconds=self._compile(X), device=device())
        rng = np.random.default_rng(seed)
        best = None
        with tqdm(total=epochs, desc=self.model.name, leave=False, disable=not progress, unit="epoch") as bar:
            for _ in range(epochs):
                started = time.perf_counter()
                history.loss.append(self._epoch(X, y, rng.permutation(len(X))[:windows_per_epoch]))
                if validation is not None:
                    history.val_loss.append(self.mean_error(*validation))
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

    def _start(self, seed, weights, learning_rate):
        """Set weights, optimiser and the generators of dropout to what this fit starts from."""
        if weights is not None:
            self.model.set_weights(weights)
        for variable, value in zip(self.optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        if learning_rate is not None:
            self.optimizer.learning_rate.assign(learning_rate)
        states = np.random.SeedSequence(seed).generate_state(len(self._dropouts))
        for layer, state in zip(self._dropouts, states, strict=True):
            layer.seed_generator.state.assign([state, 0])

    def _compile(self, X):
        """Compile by running zero steps; the seconds it took (next to nothing when this shape was compiled before)."""
        started = time.perf_counter()
        X_call, y_call = self._call_arrays()
        self._run_steps(X_call, y_call, np.ones(X_call.shape[:2], "float32"), tf.constant(0))
        predict(self.model, X[:1])
        return time.perf_counter() - started

    def _check(self, name, X, y):
        window, horizon = self.model.input_shape[1], self.model.output_shape[1]
        if np.ndim(X) not in (2, 3) or np.ndim(y) != 2 or len(X) != len(y) or not len(X):
            raise ValueError(
                f"the {name} part must be X (n, window) or (n, window, inputs), y (n, horizon), n >= 1; got "
                f"{np.shape(X)}, {np.shape(y)}."
            )
        if X.shape[1] != window or y.shape[1] != horizon:
            raise ValueError(
                f"the network takes windows of {window} and forecasts {horizon}; the {name} part has shapes "
                f"{X.shape} and {y.shape}."
            )
        _check_inputs(self.model, X)
        parts = [X] if X.flags.c_contiguous else [X[0], X[:, -1]]  # of a view: what windows that slide by one hold
        if not all(np.isfinite(part).all() for part in [*parts, y]):
            raise ValueError(f"the {name} part must hold finite numbers; it has missing or infinite ones.")


def fit(model, X, y, *, batch_size=32, learning_rate=1e-3, loss="mse", clip=None, **options):
    """Train ``model`` once: ``Trainer(model, batch_size, learning_rate, loss, clip).fit(X, y, **options)``."""
    return Trainer(model, batch_size, learning_rate, loss, clip).fit(X, y, **options)


def _with_inputs(X):
    """Windows (n, window) as a network takes them, (n, window, 1); (n, window, inputs) as they are."""
    return X[..., None] if X.ndim == 2 else X


def _check_inputs(model, X):
    inputs = X.shape[2] if X.ndim == 3 else 1
    if inputs != model.input_shape[2]:
        raise ValueError(
            f"the network reads {model.input_shape[2]} value(s) a step; X has {inputs}, its shape is {X.shape}."
        )


@functools.lru_cache(maxsize=16)
def _forward(model, jit_compile):
    return tf.function(lambda X: model(X, training=False), jit_compile=jit_compile)


def predict(model, X):
    """Forecasts (n, horizon) in float64 from windows X (n, window) or (n, window, inputs), compiled.

    Rows are padded to whole calls: a matrix product of another shape may round another way, and a forecast must not
    depend on how many others are made with it. Raises ValueError for another number of inputs than the network's.
    """
    X = np.asarray(X, "float32")
    _check_inputs(model, X)
    padding = -len(X) % ROWS_PER_CALL
    padded = _with_inputs(np.pad(X, ((0, padding), *[(0, 0)] * (X.ndim - 1))))
    forward = _forward(model, **compile_options())
    calls = np.split(padded, len(padded) // ROWS_PER_CALL)
    return np.concatenate([forward(call) for call in calls])[: len(X)].astype(float)


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
    return _set_kernels(keras.models.load_model(path, safe_mode=True))
