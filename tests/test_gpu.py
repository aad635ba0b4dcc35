"""A graphics card, pretended: what Keras asks ("is there a GPU?") is answered with yes on a machine that has none.

Keras then puts cuDNN's kernel ``CudnnRNNV3`` in place of its GRU and LSTM. It can't run here, but the graph that would
run can be looked at. On a machine that has a GPU, ``make test-gpu`` runs it.
"""

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import checks, comparison, notebook, training
from tools import engine

keras, tf = training.keras, training.tf
KERAS_RNN = sys.modules["keras.src.backend.tensorflow.rnn"]
CELLS = ["gru", "lstm", "lstm_gru"]
X = np.random.default_rng(0).standard_normal((70, 12)).astype("float32")
Y = X[:, :3]


@pytest.fixture
def pretended(monkeypatch):
    """Keras sees a GPU; its cuDNN is not tried."""
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: True)
    monkeypatch.setattr(training, "_cudnn_works", lambda: True)


@pytest.fixture
def gpu_without_cudnn(monkeypatch):
    """Keras sees a GPU, but there is no kernel: as it is with a driver that does not fit."""
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: True)
    training._say_no_cudnn.cache_clear()


def compiled_by_xla(concrete):
    return concrete.function_def.attr["_XlaMustCompile"].b


def operations(concrete):
    graph = concrete.graph.as_graph_def()
    inner = [node.op for function in graph.library.function for node in function.node_def]
    return [node.op for node in graph.node] + inner


def training_graph(model):
    trainer = training.Trainer(model)
    X_call, y_call = trainer._call_arrays()
    weight = np.ones(X_call.shape[:2], "float32")
    return trainer._run_steps.get_concrete_function(X_call, y_call, weight, tf.constant(0))


def forecast_graph(model):
    forward = training._forward(model, **training.compile_options())
    return forward.get_concrete_function(tf.zeros((training.ROWS_PER_CALL, 12, 1)))


def test_the_name_that_keras_asks_by_is_there():
    """``on_gpu`` asks this private function of Keras; where a new Keras renames it, it falls back on TensorFlow's."""
    assert KERAS_RNN._is_gpu_available() == bool(tf.config.list_logical_devices("GPU"))


@pytest.mark.parametrize("cell", CELLS)
def test_xla_around_cudnns_kernel_fails_as_in_the_first_edition(pretended, cell):
    model = training.build_model(cell, 4, 12, 3, seed=1)
    forward = tf.function(lambda X: model(X, training=False), jit_compile=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)unsupported operations.*CudnnRNNV3"):
        forward(tf.constant(X[..., None]))


@pytest.mark.parametrize("make_graph", [training_graph, forecast_graph])
@pytest.mark.parametrize("cell", CELLS)
def test_on_a_gpu_the_graph_holds_cudnns_kernel_and_xla_does_not_compile_it(pretended, cell, make_graph):
    graph = make_graph(training.build_model(cell, 4, 12, 3, seed=1, dropout=0.2))
    assert not compiled_by_xla(graph)
    layers = cell.count("_") + 1
    assert operations(graph).count("CudnnRNNV3") == layers
    assert operations(graph).count("CudnnRNNBackpropV3") == (layers if make_graph is training_graph else 0)
    if make_graph is training_graph:  # many steps a call
        assert {"While", "StatelessWhile"} & set(operations(graph))


@pytest.mark.parametrize("make_graph", [training_graph, forecast_graph])
@pytest.mark.parametrize("cell", ["rnn", *CELLS])
def test_without_a_gpu_xla_compiles_and_cudnn_is_not_there(monkeypatch, cell, make_graph):
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: False)
    graph = make_graph(training.build_model(cell, 4, 12, 3, seed=1))
    assert compiled_by_xla(graph)
    assert not any("Cudnn" in operation for operation in operations(graph))


def test_when_the_gpu_is_gone_the_choice_is_xla_again(monkeypatch):
    model = training.build_model("gru", 4, 12, 3, seed=1)
    expected = training.predict(model, X)
    with monkeypatch.context() as while_there:
        while_there.setattr(KERAS_RNN, "_is_gpu_available", lambda: True)
        assert (training.on_gpu(), training.device(), training.compile_options()["jit_compile"]) == (True, "gpu", False)
        with pytest.raises(tf.errors.InvalidArgumentError, match="CudnnRNNV3"):
            training.predict(model, X)
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: False)
    assert (training.on_gpu(), training.device(), training.compile_options()["jit_compile"]) == (False, "cpu", True)
    np.testing.assert_array_equal(training.predict(model, X), expected)
    assert training.fit(model, X, Y, epochs=1).device == "cpu"


def test_layers_that_return_sequences_in_a_readers_own_function_run_on_cudnn(pretended):
    layer = keras.layers.LSTM(4, return_sequences=True)
    layer.build((None, None, 2))
    function = tf.function(layer.call, **training.compile_options())
    graph = function.get_concrete_function(tf.zeros((5, 9, 2)))
    assert "CudnnRNNV3" in operations(graph) and not compiled_by_xla(graph)


def test_no_notebook_and_no_helper_compiles_by_xla_without_asking():
    sources = [*(ROOT / "notebooks").glob("**/*.ipynb"), *ROOT.glob("helpers/**/*.py"), *ROOT.glob("tools/*.py")]
    fixed = [path.name for path in sources if re.search(r"jit_compile=(True|\\?\")", path.read_text(encoding="utf-8"))]
    assert fixed == []


@pytest.mark.parametrize("cell", CELLS)
def test_a_gpu_without_cudnn_is_said_once_and_generic_kernels_train(gpu_without_cudnn, capsys, cell):
    model = training.build_model(cell, 4, 12, 3, seed=1)
    training.build_model(cell, 4, 12, 3, seed=2)
    said = capsys.readouterr().out
    assert said.count("The GPU can't run cuDNN's recurrent layers") == 1 and said.count("\n") == 1
    assert [layer.use_cudnn for layer in model.layers[:-1]] == [False] * (cell.count("_") + 1)
    history = training.fit(model, X, Y, epochs=2)
    assert np.isfinite(history.loss).all() and history.device == "gpu"
    assert np.isfinite(training.predict(model, X)).all()


def test_a_network_made_on_a_gpu_loads_everywhere(monkeypatch, pretended, tmp_path):
    path = training.save(training.build_model("gru", 4, 12, 3, seed=1), tmp_path, "bankex", 1)
    expected = training.build_model("gru", 4, 12, 3, seed=1).get_weights()
    for gpu, cudnn in ((False, False), (True, False), (True, True)):
        monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda gpu=gpu: gpu)
        monkeypatch.setattr(training, "_cudnn_works", lambda cudnn=cudnn: cudnn)
        loaded = training.load(path)
        assert loaded.layers[0].use_cudnn == ("auto" if cudnn or not gpu else False)
        for a, b in zip(loaded.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(a, b)
        if not cudnn:
            assert np.isfinite(training.predict(loaded, X)).all()


class OtherTensorFlow:
    """tf.config and tf.sysconfig of another machine; what is done to its GPU is noted."""

    def __init__(self, monkeypatch, gpus=("GPU:0",), fails=False, **build):
        self.done = []
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(gpus))
        monkeypatch.setattr(tf.sysconfig, "get_build_info", lambda: build)
        monkeypatch.setattr(tf.config, "set_visible_devices", lambda devices, kind: self.done.append(("see", devices)))
        growth = tf.config.experimental
        monkeypatch.setattr(growth, "set_memory_growth", lambda gpu, on: self.done.append(("grow", gpu, on)))
        if fails:
            monkeypatch.setattr(tf, "constant", self.fail)

    def fail(self, value):
        raise tf.errors.InternalError(None, None, "CUDA driver version is insufficient for CUDA runtime version")


def test_memory_of_each_gpu_grows_with_need(monkeypatch, capsys):
    machine = OtherTensorFlow(monkeypatch, ("GPU:0", "GPU:1"), is_cuda_build=True)
    training._start_gpus()
    assert machine.done == [("grow", "GPU:0", True), ("grow", "GPU:1", True)]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"is_cuda_build": False}, "this build of TensorFlow has no cuDNN for it"),
        ({"is_cuda_build": True, "fails": True}, r"TensorFlow can't start it \(InternalError\)"),
    ],
)
def test_a_gpu_that_cannot_be_used_is_hidden_and_said_in_one_sentence(monkeypatch, capsys, options, reason):
    machine = OtherTensorFlow(monkeypatch, **options)
    training._start_gpus()
    assert machine.done[-1] == ("see", [])
    said = capsys.readouterr().out
    assert re.fullmatch(f"The GPU of this machine is not used, as {reason}: everything runs on the CPU.\n", said)


def test_no_gpu_is_nothing_to_speak_of(monkeypatch, capsys):
    machine = OtherTensorFlow(monkeypatch, ())
    training._start_gpus()
    assert machine.done == [] and capsys.readouterr().out == ""


def test_on_a_gpu_one_process_unless_asked_otherwise(pretended, monkeypatch):
    assert [engine._processes(-1, 5), engine._processes(3, 5), engine._processes(3, 2), engine._processes(3, 0)] == [
        *(1, 3, 2, 1)
    ]
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: False)
    assert engine._processes(-1, 5) == -1


def full(table, run):
    raise tf.errors.ResourceExhaustedError(None, None, "failed to allocate memory")


def wrong(table, run):
    raise ValueError("something else")


def test_a_gpu_too_small_for_its_processes_is_one_sentence():
    with pytest.raises(RuntimeError, match=r"the GPU's memory is too small for these processes: lower n_jobs .*1"):
        engine._numbered_run(0, None, full, None, {})
    with pytest.raises(ValueError, match="something else"):
        engine._numbered_run(0, None, wrong, None, {})


def test_a_stored_run_belongs_to_its_device(pretended, monkeypatch, tmp_path):
    table = pd.DataFrame({"a": np.arange(400.0)})
    table.attrs = {"source": "simulated", "season": 7}
    runs = [{"dataset": "toy", "model": model} for model in ("gru", "nlinear")]
    on_gpu = engine._cache_paths({"toy": table}, runs, tmp_path, engine.run_one)
    monkeypatch.setattr(KERAS_RNN, "_is_gpu_available", lambda: False)
    on_cpu = engine._cache_paths({"toy": table}, runs, tmp_path, engine.run_one)
    assert on_gpu[0] != on_cpu[0] and on_gpu[1] == on_cpu[1]


def test_seconds_of_two_devices_make_no_ratio():
    times = pd.DataFrame({"model": ["gru", "lstm"], "seed": 1, "series": "a", "params": 9, "train_seconds": [1.0, 2.0]})
    assert comparison.errors(times, "gru", "train_seconds").to_numpy() == [[1.0]]  # no column: all of them "cpu"
    both = times.assign(device=["cpu", "gpu"], rmse=0.1)
    with pytest.raises(ValueError, match=r"results holds seconds of cpu and gpu, which can't be put in one ratio"):
        comparison.errors(both, "gru", "train_seconds")
    assert comparison.errors(both, "gru").to_numpy() == [[0.1]]  # errors have no device
    baselines = both.assign(params=[9, 0])
    assert comparison.errors(baselines, "gru", "train_seconds").to_numpy() == [[1.0]]
    checks.check_one_device("speed.csv", times)
    with pytest.raises(ValueError, match=r"speed\.csv holds seconds of cpu and gpu"):
        checks.check_one_device("speed.csv", both)


def test_the_first_line_of_a_notebook_says_the_device(pretended, capsys, tmp_path, monkeypatch):
    notebook.setup(profile="smoke", output_dir=str(tmp_path), seed=1)
    assert capsys.readouterr().out.endswith(" | device gpu\n")
    monkeypatch.delitem(sys.modules, "helpers.training")  # notebooks 03 and 05 do not import TensorFlow for it
    notebook.setup(profile="smoke", output_dir=str(tmp_path), seed=1)
    assert "device" not in capsys.readouterr().out


def test_make_test_gpu_says_where_there_is_none_and_fails():
    if tf.config.list_physical_devices("GPU"):
        pytest.fail("This machine has a GPU: run make test-gpu.")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "gpu.py")], cwd=ROOT, env=os.environ, capture_output=True, text=True
    )
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr == "make test-gpu: TensorFlow finds no GPU on this machine, and this test needs one.\n"
