"""``make test-gpu``: on a machine with a GPU, that the series runs there. Where there is none, it says so and fails.

1. Networks (GRU, LSTM, a stack) forecast and train as on the CPU, to 1e-4, with TF32 off.
2. All notebooks run at `smoke`.
3. Throughput beside plain ``compile`` + ``fit``, printed; nothing of it is asserted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the path comes first

from helpers import training  # noqa: E402

keras, tf = training.keras, training.tf
TOLERANCE = 1e-4
# what the other process computes: the same networks, without the GPU
REFERENCE = "import sys; sys.path[:0] = {paths!r}; import gpu; gpu.store({target!r})"


def networks():
    """name -> array: forecasts before training, after it, and its losses."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((500, 30)), rng.standard_normal((500, 5))
    found = {}
    for cell in ("gru", "lstm", "lstm_gru"):
        model = training.build_model(cell, 32, 30, 5, seed=1)
        found[f"{cell} first forecasts"] = training.predict(model, X)
        history = training.fit(model, X, y, epochs=3, seed=1)
        found |= {f"{cell} losses": np.array(history.loss), f"{cell} forecasts": training.predict(model, X)}
    return found


def store(target):
    np.savez(target, **networks())


def compare():
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder, "cpu.npz"))
        code = REFERENCE.format(paths=[str(ROOT), str(ROOT / "tests")], target=target)
        subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"})
        with np.load(target) as arrays:
            expected = {name: arrays[name] for name in arrays.files}
    for name, values in networks().items():
        apart = np.abs(values - expected[name]).max()
        print(f"{name}: at most {apart:.1e} from the CPU's", flush=True)
        if not apart <= TOLERANCE:
            sys.exit(f"make test-gpu: {name} on the GPU must be within {TOLERANCE:g} of the CPU's; got {apart:g}.")


def throughput(units=128, window=60, batch=32, repetitions=5):
    rng = np.random.default_rng(0)
    X, y = (rng.standard_normal((2720, size)).astype("float32") for size in (window, 20))
    for cell in ("gru", "lstm"):
        plain = training.build_model(cell, units, window, 20, seed=1)
        plain.compile("adam", "mse")
        trainer = training.Trainer(training.build_model(cell, units, window, 20, seed=1), batch)
        ways = {
            "plain": lambda plain=plain: plain.fit(X[..., None], y, batch_size=batch, verbose=0),
            "ours": lambda trainer=trainer: trainer.fit(X, y, epochs=1),
        }
        seconds = {way: [] for way in ways}
        for _ in range(repetitions + 1):
            for way, epoch in ways.items():
                started = time.perf_counter()
                epoch()
                seconds[way].append(time.perf_counter() - started)
        plain, ours = (statistics.median(values[1:]) for values in seconds.values())
        print(f"{cell}: plain {plain:.3f} s an epoch, ours {ours:.3f} s, {plain / ours:.1f} x", flush=True)


def main():
    if not tf.config.list_physical_devices("GPU"):
        sys.exit("make test-gpu: TensorFlow finds no GPU on this machine, and this test needs one.")
    if not training.on_gpu():
        sys.exit("make test-gpu: TensorFlow finds a GPU, but can't use it; the sentence above says why.")
    tf.config.experimental.enable_tensor_float_32_execution(False)
    compare()
    throughput()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "tools.run", "smoke", "--output", folder], check=True, cwd=ROOT)
    print("make test-gpu: all notebooks ran at smoke, networks are the CPU's.")


if __name__ == "__main__":
    main()
