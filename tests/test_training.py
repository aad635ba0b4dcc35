"""One network: the same numbers as Keras, the same bits twice, early stopping, saving and loading."""

import os
import random
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest import ROOT

from helpers import training
from helpers.windows import make_windows

keras = training.keras


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(0)
    X, y = make_windows(np.sin(np.arange(400) / 5) + 0.1 * rng.standard_normal(400), 12, 3)
    return X, y  # (386, 12), (386, 3): twelve batches of 32 and one of 2


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_fit_gives_the_numbers_of_keras(windows, cell):
    X, y = windows
    ours = training.build_model(cell, 8, 12, 3, seed=1)
    theirs = training.build_model(cell, 8, 12, 3, seed=1)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    history = training.fit(ours, X, y, epochs=3, seed=5)
    theirs.compile(optimizer="adam", loss="mse")
    rng = np.random.default_rng(5)
    losses = []
    for _ in range(3):
        order = rng.permutation(len(X))
        losses += theirs.fit(X[order][..., None], y[order], batch_size=32, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(history.loss, losses, rtol=1e-4)
    np.testing.assert_allclose(training.predict(ours, X), training.predict(theirs, X), atol=1e-5)


def test_an_epoch_of_more_than_one_call_visits_every_row_once(windows):
    X, y = windows
    many_X, many_y = np.tile(X, (7, 1)), np.tile(y, (7, 1))  # 2702 rows: two calls of 64 batches of 32
    model = training.build_model("gru", 4, 12, 3, seed=1)
    trainer = training.Trainer(model, learning_rate=1e-12)  # does not move: the loss is that of the first weights
    history = trainer.fit(many_X, many_y, epochs=1)
    assert history.loss[0] == pytest.approx(trainer.mean_squared_error(X, y), rel=1e-5)


def test_a_seed_gives_the_same_bits_twice_also_with_a_used_trainer(windows):
    X, y = windows
    fresh = training.build_model("lstm", 8, 12, 3, seed=3)
    training.fit(fresh, X, y, epochs=2, seed=3)
    used = training.Trainer(training.build_model("lstm", 8, 12, 3, seed=9))
    used.fit(X, y, epochs=1, seed=9)
    weights = training.build_model("lstm", 8, 12, 3, seed=3).get_weights()
    used.fit(X, y, epochs=2, seed=3, weights=weights)
    np.testing.assert_array_equal(training.predict(fresh, X), training.predict(used.model, X))


def test_another_seed_gives_other_forecasts(windows):
    X, _ = windows
    models = [training.build_model("gru", 8, 12, 3, seed=seed) for seed in (1, 2)]
    assert not np.array_equal(training.predict(models[0], X), training.predict(models[1], X))


def test_early_stopping_puts_the_best_weights_back(windows):
    X, y = windows
    model = training.build_model("gru", 16, 12, 3, seed=1)
    noise = np.random.default_rng(1).standard_normal(y.shape)  # nothing to learn: validation soon rises
    trainer = training.Trainer(model, learning_rate=0.02)
    history = trainer.fit(X[:200], noise[:200], epochs=60, validation=(X[200:], noise[200:]), patience=4)
    assert len(history.loss) == history.best_epoch + 4 < 60
    assert trainer.mean_squared_error(X[200:], noise[200:]) == pytest.approx(min(history.val_loss), rel=1e-6)


def test_mean_squared_error_is_numpys(windows):
    X, y = windows
    model = training.build_model("rnn", 4, 12, 3, seed=1)
    expected = np.mean((training.predict(model, X) - y) ** 2)
    assert training.Trainer(model).mean_squared_error(X, y) == pytest.approx(expected, rel=1e-5)


def test_a_forecast_does_not_depend_on_its_neighbours(windows):
    X, _ = windows
    model = training.build_model("gru", 16, 12, 3, seed=1)
    np.testing.assert_array_equal(training.predict(model, X)[100:107], training.predict(model, X[100:107]))


def test_one_compilation_serves_every_number_of_rows(windows):
    X, y = windows
    trainer = training.Trainer(training.build_model("gru", 4, 12, 3, seed=1))
    first = trainer.fit(X, y, epochs=1)
    assert trainer._run_steps.experimental_get_tracing_count() == 1
    trainer.fit(X[:50], y[:50], epochs=1)
    assert trainer._run_steps.experimental_get_tracing_count() == 1
    assert first.compile_seconds > 0


@pytest.mark.parametrize(("cell", "expected"), [("rnn", 16_640), ("lstm", 66_560), ("gru", 50_304)])
def test_published_sizes(cell, expected):
    assert training.build_model(cell, 128, 60, 20).layers[0].count_params() == expected


def test_matched_units():
    assert training.matched_units(128) == 147
    assert training.matched_units(128, "lstm") == 111
    assert training.build_model("lstm", 111, 60, 1).layers[0].count_params() == 50_172
    assert training.build_model("gru", 147, 60, 1).layers[0].count_params() == 66_150


def test_saved_and_loaded_under_the_walk_throughs_name_it_forecasts_the_same_bits(windows, tmp_path):
    X, _ = windows
    model = training.build_model("gru", 8, 12, 3, seed=1)
    path = training.save(model, tmp_path, "bankex", 20)
    assert path.name == "GRU_B20.keras"
    np.testing.assert_array_equal(training.predict(training.load(path), X), training.predict(model, X))
    assert training.model_name("lstm", "activities", 1) == "LSTM_A1"


def test_loading_runs_no_code_from_the_file(tmp_path):
    layers = [keras.Input((12, 1)), keras.layers.Lambda(lambda x: x * 2), keras.layers.GRU(2)]
    keras.Sequential(layers).save(tmp_path / "evil.keras")
    with pytest.raises(ValueError, match=r"safe|lambda"):
        training.load(tmp_path / "evil.keras")


BAD_FITS = [
    ({"epochs": 0}, ValueError, "epochs must be at least 1; got 0"),
    ({"epochs": 1.5}, TypeError, "epochs must be a whole number; got 1.5"),
    ({"epochs": 1, "patience": 2}, ValueError, "patience needs a validation part"),
    ({"epochs": 1, "seed": -1}, ValueError, "seed must be at least 0"),
]


@pytest.mark.parametrize(("options", "error", "sentence"), BAD_FITS)
def test_bad_options_are_refused_before_training(windows, options, error, sentence):
    X, y = windows
    with pytest.raises(error, match=sentence):
        training.fit(training.build_model("gru", 2, 12, 3), X, y, **options)


def test_bad_windows_are_refused(windows):
    X, y = windows
    model = training.build_model("gru", 2, 12, 3)
    with pytest.raises(ValueError, match="the network takes windows of 12 and forecasts 3"):
        training.fit(model, X[:, 1:], y, epochs=1)
    with pytest.raises(ValueError, match="training part must hold finite numbers"):
        training.fit(model, X, np.where(y > 0.9, np.nan, y), epochs=1)
    with pytest.raises(ValueError, match=r"cell must be one of 'rnn', 'gru', 'lstm', .*; got 'transformer'"):
        training.build_model("transformer", 2, 12, 3)
    with pytest.raises(FileNotFoundError, match=r"path must be a \.keras file that exists"):
        training.load("nowhere.keras")


def test_stacks_are_keras_stacks():
    model = training.build_model("lstm_gru", 8, 12, 3, seed=1)
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM", "GRU", "Dense"]
    assert model.layers[0].output.shape == (None, 12, 8)  # the lower layer hands on every step
    assert model.count_params() == 4 * 8 * 10 + 3 * 8 * 18 + 27


@pytest.mark.parametrize(("cell", "forget_bias"), [("lstm", 1), ("lstm_no_bias", 0)])
def test_forget_bias(cell, forget_bias):
    bias = training.build_model(cell, 8, 12, 3).layers[0].get_weights()[2]
    np.testing.assert_array_equal(bias, np.repeat([0, forget_bias, 0, 0], 8))


def test_forecasts_are_keras_own(windows):
    X, _ = windows
    model = training.build_model("gru", 8, 12, 3, seed=1)
    theirs = model.predict(X.astype("float32")[..., None], verbose=0)
    np.testing.assert_allclose(training.predict(model, X), theirs, atol=1e-6)


def test_first_weights_are_the_seeds_also_where_another_thread_draws_random_numbers():
    expected = training.build_model("gru", 4, 12, 3, seed=1).get_weights()
    stop = threading.Event()

    def draw():
        while not stop.wait(0.002):
            random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        models = [training.build_model("gru", 4, 12, 3, seed=1) for _ in range(10)]
    finally:
        stop.set()
        thread.join()
    for model in models:
        for a, b in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(a, b)


class FirstEdition(training.Trainer):
    """The training step as the first edition had it: one input, mean squared error, no clipping."""

    def _steps(self, X, y, weight, n_steps):
        tf = training.tf
        total, step = tf.constant(0.0), tf.constant(0)
        while step < n_steps:
            with tf.GradientTape() as tape:
                errors = tf.reduce_mean(tf.square(self.model(X[step], training=True) - y[step]), axis=1)
                error = tf.reduce_sum(weight[step] * errors)
                loss = error / tf.reduce_sum(weight[step])
            variables = self.model.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            total, step = total + error, step + 1
        return total

    def fit(self, X, y, epochs, seed):
        rng, losses = np.random.default_rng(seed), []
        for _ in range(epochs):
            rows, total = rng.permutation(len(X)), 0.0
            X_call, y_call = np.zeros((64, 32, 12, 1), "float32"), np.zeros((64, 32, 3), "float32")
            weight = np.arange(64 * 32) < len(X)
            X_call.reshape(-1, 12)[: len(X)], y_call.reshape(-1, 3)[: len(X)] = X[rows], y[rows]
            steps = training.tf.constant(-(-len(X) // 32))
            total = self._run_steps(X_call, y_call, weight.astype("float32").reshape(64, 32), steps)
            losses.append(float(total) / len(X))
        return losses


@pytest.mark.parametrize(
    "cell", ["rnn", "lstm_gru", *(pytest.param(cell, marks=pytest.mark.thorough) for cell in ("gru", "lstm"))]
)
def test_without_new_options_the_bits_are_those_of_the_first_edition(windows, cell):
    X, y = windows
    ours, theirs = (training.build_model(cell, 8, 12, 3, seed=2) for _ in range(2))
    history = training.fit(ours, X, y, epochs=3, seed=6)
    assert history.loss == FirstEdition(theirs).fit(X, y, epochs=3, seed=6)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def keras_losses(model, X, y, epochs, seed, **options):
    model.compile(**options)
    rng, losses = np.random.default_rng(seed), []
    for _ in range(epochs):
        order = rng.permutation(len(X))
        losses += model.fit(X[order], y[order], batch_size=32, shuffle=False, verbose=0).history["loss"]
    return losses


def test_several_inputs_absolute_errors_and_clipping_give_the_numbers_of_keras(windows):
    X, y = windows
    X = np.stack([X, X**2, np.roll(X, 1, axis=0)], axis=2)  # (386, 12, 3)
    ours, theirs = (training.build_model("gru", 8, 12, 3, seed=1, inputs=3) for _ in range(2))
    trainer = training.Trainer(ours, loss="mae", clip=0.05)
    history = trainer.fit(X[:300], y[:300], epochs=3, seed=5, validation=(X[300:], y[300:]))
    clipped = keras.optimizers.Adam(global_clipnorm=0.05)
    np.testing.assert_allclose(
        history.loss, keras_losses(theirs, X[:300], y[:300], 3, 5, optimizer=clipped, loss="mae"), rtol=1e-4
    )
    np.testing.assert_allclose(training.predict(ours, X), theirs.predict(X, verbose=0), atol=1e-5)
    expected = np.mean(np.abs(theirs.predict(X[300:], verbose=0) - y[300:]))
    assert history.val_loss[-1] == pytest.approx(expected, rel=1e-4)
    free = training.fit(training.build_model("gru", 8, 12, 3, seed=1, inputs=3), X[:300], y[:300], epochs=3, seed=5)
    assert free.loss[1:] != history.loss[1:]


def test_one_input_with_or_without_its_axis_gives_the_same_bits(windows):
    X, y = windows
    models = [training.build_model("lstm", 4, 12, 3, seed=1) for _ in range(2)]
    losses = [training.fit(m, x, y, epochs=2).loss for m, x in zip(models, (X, X[..., None]), strict=True)]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(training.predict(models[0], X), training.predict(models[1], X[..., None]))


def test_dropout_is_of_the_fits_seed_and_sets_its_share_to_zero(windows):
    X, y = windows
    plain = training.build_model("gru", 8, 12, 3, seed=1)
    model = training.build_model("gru", 8, 12, 3, seed=1, dropout=0.4)
    assert [type(layer).__name__ for layer in model.layers] == ["GRU", "Dropout", "Dense"]
    weights = model.get_weights()
    for a, b in zip(weights, plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(training.predict(model, X), training.predict(plain, X))  # nothing is dropped here
    dropped = model.layers[1](np.ones((1000, 8), "float32"), training=True).numpy()
    assert (dropped == 0).mean() == pytest.approx(0.4, abs=0.03)
    trainer, runs = training.Trainer(model), []
    for seed in (1, 1, 2):
        history = trainer.fit(X, y, epochs=2, seed=seed, weights=weights)
        runs.append((history.loss, model.get_weights()[0].tobytes()))
    other = training.build_model("gru", 8, 12, 3, seed=1, dropout=0.4)
    losses = training.fit(other, X, y, epochs=2, seed=1).loss
    assert runs[0] == runs[1] == (losses, other.get_weights()[0].tobytes())
    assert runs[0] != runs[2]
    assert losses != training.fit(plain, X, y, epochs=2, seed=1).loss


def test_a_stack_drops_after_each_layer_and_not_the_same_units():
    model = training.build_model("lstm_gru", 8, 12, 3, seed=1, dropout=0.5)
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM", "Dropout", "GRU", "Dropout", "Dense"]
    training.Trainer(model)._start(1, None, None)
    states = [tuple(np.asarray(model.layers[at].seed_generator.state)) for at in (1, 3)]
    assert states[0] != states[1]


def test_another_learning_rate_compiles_nothing_anew_and_gives_its_own_bits(windows):
    X, y = windows
    trainer = training.Trainer(training.build_model("gru", 8, 12, 3, seed=1))
    weights = trainer.model.get_weights()
    fast = trainer.fit(X, y, epochs=2, weights=weights, learning_rate=0.01)
    slow = trainer.fit(X, y, epochs=2, weights=weights)
    assert trainer._run_steps.experimental_get_tracing_count() == 1
    for history, options in ((fast, {"learning_rate": 0.01}), (slow, {})):
        fresh = training.build_model("gru", 8, 12, 3, seed=1)
        assert history.loss == training.fit(fresh, X, y, epochs=2, **options).loss
    assert fast.loss != slow.loss


def test_an_epoch_can_be_a_part_of_the_windows_drawn_anew_each_time(windows, monkeypatch):
    X, y = windows
    trainer, orders = training.Trainer(training.build_model("rnn", 2, 12, 3, seed=1)), []
    epoch = trainer._epoch
    monkeypatch.setattr(trainer, "_epoch", lambda X, y, order: orders.append(order) or epoch(X, y, order))
    trainer.fit(X, y, epochs=3, windows_per_epoch=100)
    assert [len(order) for order in orders] == [len(set(order)) for order in orders] == [100] * 3
    assert len(set(np.concatenate(orders))) > 200
    orders.clear()
    trainer.fit(X, y, epochs=1, windows_per_epoch=10_000)
    assert sorted(orders[0]) == list(range(len(X)))


def test_a_refit_for_the_epochs_that_validation_found_is_the_same_path(windows):
    X, y = windows
    first, again = (training.build_model("gru", 16, 12, 3, seed=1) for _ in range(2))
    noise = np.random.default_rng(1).standard_normal(y.shape)
    options = {"seed": 3, "learning_rate": 0.02}
    history = training.fit(
        first, X[:200], noise[:200], epochs=60, validation=(X[200:], noise[200:]), patience=4, **options
    )
    refitted = training.fit(again, X[:200], noise[:200], epochs=history.best_epoch, **options)
    assert refitted.loss == history.loss[: history.best_epoch] and refitted.val_loss == []
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


BAD_OPTIONS = [
    (lambda X, y: training.build_model("gru", 2, 12, 3, dropout=1.0), "dropout must be a number from 0 to below 1"),
    (lambda X, y: training.build_model("gru", 2, 12, 3, inputs=0), "inputs must be at least 1; got 0"),
    (lambda X, y: training.Trainer(training.build_model("gru", 2, 12, 3), loss="huber"), "loss must be one of 'mse'"),
    (lambda X, y: training.Trainer(training.build_model("gru", 2, 12, 3), clip=0), "clip must be a positive number"),
    (
        lambda X, y: training.fit(training.build_model("gru", 2, 12, 3, inputs=2), X, y, epochs=1),
        r"the network reads 2 value\(s\) a step; X has 1",
    ),
    (
        lambda X, y: training.predict(training.build_model("gru", 2, 12, 3), np.stack([X, X], axis=2)),
        r"the network reads 1 value\(s\) a step; X has 2",
    ),
    (
        lambda X, y: training.fit(training.build_model("gru", 2, 12, 3), X, y, epochs=1, windows_per_epoch=0),
        "windows_per_epoch must be at least 1; got 0",
    ),
    (
        lambda X, y: training.Trainer(training.build_model("gru", 2, 12, 3)).fit(X, y, epochs=1, learning_rate=0),
        "learning_rate must be a positive number; got 0",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), BAD_OPTIONS)
def test_options_that_make_no_sense_are_refused_in_one_sentence(windows, call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(*windows)


def test_a_missing_number_in_the_middle_of_separate_windows_is_found(windows):
    X, y = np.array(windows[0]), windows[1]  # a copy: its windows need not slide by one
    X[200, 5] = np.nan
    with pytest.raises(ValueError, match="training part must hold finite numbers"):
        training.fit(training.build_model("gru", 2, 12, 3), X, y, epochs=1)


@pytest.mark.thorough
def test_the_tests_of_networks_hold_where_xla_compiles_them_as_a_readers():
    """The suite lets XLA compile quickly (conftest); here without that."""
    files = [f"tests/test_{name}.py" for name in ("training", "cells", "questions", "study", "global_networks")]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"XLA_FLAGS": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
