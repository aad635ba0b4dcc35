"""Training speed: ``make bench``. Prints ratios and writes ``build/benchmark.json``; asserts nothing.

Measured in one run, interleaved, with the published model (128 units, windows of 60, 20 steps ahead, batches of 32):

1. seconds an epoch of plain ``compile`` + ``fit``, of Keras with XLA, and of this series' ``fit``, in one process each;
2. throughput of the whole machine: as many worker processes as cores, each with one thread;
3. PyTorch's ``nn.GRU`` and ``nn.LSTM``, where PyTorch is installed; ``--torch PYTHON`` names another environment's
   Python that has it, as PyTorch is no dependency of this project.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP = """
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal((2721, 60)).astype("float32")
y = rng.standard_normal((2721, 20)).astype("float32")
def measure(epoch):
    epoch()  # compiles
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter(); epoch(); print(time.perf_counter() - started, flush=True)
"""
KERAS = """
import keras
layer = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[CELL]
model = keras.Sequential([keras.Input((60, 1)), layer(128), keras.layers.Dense(20)])
model.compile("adam", "mse", OPTIONS)
measure(lambda: model.fit(X[..., None], y, epochs=1, verbose=0))
"""
OURS = """
from helpers import training
trainer = training.Trainer(training.build_model(CELL, 128, 60, 20, seed=1))
measure(lambda: trainer.fit(X, y, epochs=1))
"""
TWO_THREADS = """
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.constant(0.0)
"""
ON_DEVICE = """
from helpers import training
tf = training.tf
trainer = training.Trainer(training.build_model(CELL, 128, 60, 20, seed=1))
X_all, y_all = tf.constant(X[..., None]), tf.constant(y)
@tf.function(jit_compile=True)
def whole_epoch(rows):
    step = tf.constant(0)
    while step < 85:
        with tf.GradientTape() as tape:
            forecast = trainer.model(tf.gather(X_all, rows[step]), training=True)
            loss = tf.reduce_mean(tf.square(forecast - tf.gather(y_all, rows[step])))
        variables = trainer.model.trainable_variables
        trainer.optimizer.apply(tape.gradient(loss, variables), variables)
        step += 1
    return loss
measure(lambda: whole_epoch(rng.permutation(2720).reshape(85, 32).astype("int32")).numpy())
"""
FAST_MATH = 'os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=true"\n'
FUSED = """
from helpers import training
tf, keras = training.tf, training.keras
w = keras.Variable(keras.initializers.GlorotUniform(seed=1)((1 + 128, 4 * 128)))  # inputs and state in one product
b, peephole, read_out = keras.Variable(tf.zeros(4 * 128)), tf.zeros(128), keras.layers.Dense(20)
read_out.build((None, 128))
variables = [w, b, *read_out.trainable_variables]
optimizer = keras.optimizers.Adam()
optimizer.build(variables)
X_all, y_all = tf.constant(X[..., None]), tf.constant(y)
@tf.function
def whole_epoch(rows):  # XLA has no such kernel: plain TensorFlow, all steps of an epoch in one call
    loss = tf.constant(0.0)
    for step in tf.range(85):
        x = tf.transpose(tf.gather(X_all, rows[step]), (1, 0, 2))  # (time, batch, 1)
        zeros = tf.zeros((32, 128))
        with tf.GradientTape() as tape:
            h = tf.raw_ops.BlockLSTMV2(
                seq_len_max=60, x=x, cs_prev=zeros, h_prev=zeros, w=w.value, wci=peephole, wcf=peephole, wco=peephole,
                b=b.value, cell_clip=0.0, use_peephole=False,
            ).h
            loss = tf.reduce_mean(tf.square(read_out(h[-1]) - tf.gather(y_all, rows[step])))
        optimizer.apply(tape.gradient(loss, [each.value for each in variables]), variables)
    return loss
measure(lambda: whole_epoch(rng.permutation(2720).reshape(85, 32).astype("int32")).numpy())
"""
TORCH = """
import torch
torch.set_num_threads(THREADS)
layer = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[CELL](1, 128, batch_first=True)
read_out = torch.nn.Linear(128, 20)
optimizer = torch.optim.Adam([*layer.parameters(), *read_out.parameters()])
inputs, targets = torch.from_numpy(X[..., None]), torch.from_numpy(y)
def epoch():
    for rows in torch.randperm(len(inputs)).split(32):
        optimizer.zero_grad()
        error = torch.nn.functional.mse_loss(read_out(layer(inputs[rows])[0][:, -1]), targets[rows])
        error.backward()
        optimizer.step()
measure(epoch)
"""
VARIANTS = {
    "plain": KERAS.replace("OPTIONS", ""),
    "keras_xla": KERAS.replace("OPTIONS", "jit_compile=True, steps_per_execution=86"),
    "ours": OURS,
    # trials: what else could make an epoch shorter
    "two_threads": TWO_THREADS + OURS,
    "batches_of_128": OURS.replace("seed=1)", "seed=1), batch_size=128"),
    "data_on_device": ON_DEVICE,
    "xla_fast_math": FAST_MATH + OURS,
    "fused_kernel": FUSED,
}
LSTM_ONLY = {"fused_kernel"}  # TensorFlow's block kernel of a GRU is one step without a gradient
TORCH_VARIANTS = {
    "torch": TORCH.replace("THREADS", str(os.cpu_count())),
    "torch_one_thread": TORCH.replace("THREADS", "1"),
}
interpreters = {}  # variant -> the Python that runs it, where it is not this one


class Process:
    """A variant in a process of its own, compiled and waiting for the word to run an epoch."""

    def __init__(self, variant, cell):
        self.folder = tempfile.TemporaryDirectory()
        script = Path(self.folder.name) / "variant.py"  # a file: TensorFlow's autograph reads the source
        script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{SETUP}CELL = {cell!r}\n{VARIANTS[variant]}")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        python = interpreters.get(variant, sys.executable)
        self.process = subprocess.Popen([python, str(script)], text=True, **pipes)
        assert self.process.stdout.readline() == "ready\n", f"{variant} {cell} did not start"

    def start(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def seconds(self):
        return float(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def one_process(cell, repetitions):
    """Median seconds an epoch of each variant, one at a time, in turn."""
    chosen = [variant for variant in VARIANTS if cell == "lstm" or variant not in LSTM_ONLY]
    processes = {variant: Process(variant, cell) for variant in chosen}
    seconds = {variant: [] for variant in processes}
    for _ in range(repetitions):
        for variant, process in processes.items():
            process.start()
            seconds[variant].append(process.seconds())
    for process in processes.values():
        process.stop()
    return {variant: statistics.median(values) for variant, values in seconds.items()}, seconds


def whole_machine(variant, cell, workers, repetitions):
    """Median seconds an epoch when so many workers train side by side, divided by their number."""
    processes = [Process(variant, cell) for _ in range(workers)]
    rounds = []
    for _ in range(repetitions):
        for process in processes:
            process.start()
        rounds.append(statistics.mean(process.seconds() for process in processes) / workers)
    for process in processes:
        process.stop()
    return statistics.median(rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--torch", metavar="PYTHON", help="a Python that has PyTorch, if this one has not")
    options = parser.parse_args()
    repetitions = options.repetitions
    if options.torch or find_spec("torch"):
        VARIANTS.update(TORCH_VARIANTS)
        interpreters.update(dict.fromkeys(TORCH_VARIANTS, options.torch or sys.executable))
    cores = os.cpu_count()
    report = {"cores": cores, "repetitions": repetitions}
    for cell in ("gru", "lstm"):
        medians, every = one_process(cell, repetitions)
        report[cell] = {"seconds_an_epoch": medians, "all": every}
        for variant in medians:
            print(
                f"{cell:5} {variant:17} {medians[variant]:6.3f} s   {medians['plain'] / medians[variant]:.2f} x plain"
            )
        machine = {"ours": whole_machine("ours", cell, cores, repetitions)}
        if "torch" in VARIANTS:
            machine["torch"] = min(medians["torch"], whole_machine("torch_one_thread", cell, cores, repetitions))
        for variant, seconds in machine.items():
            print(
                f"{cell:5} {variant}, {cores} cores: {seconds:.3f} s an epoch, {medians['plain'] / seconds:.2f} x plain"
            )
        report[cell]["whole_machine"] = machine
        report[cell]["two_workers_over_one"] = medians["ours"] / machine["ours"]
    target = ROOT / "build" / "benchmark.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=1))
    print(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
