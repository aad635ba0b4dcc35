"""GRU against LSTM on a GPU: ``python tests/benchmarks/gpu_speed.py torch`` (or ``keras``). Writes build/gpu_speed.csv.

Seconds of one training step (forward, backward, Adam) of one layer with one input a step and a read-out of 20, float32
without TF32, the two cells in turn. ``way`` is eager, as one writes it, or graph: with PyTorch a replayed CUDA graph,
with Keras a TensorFlow graph that runs all steps in one call. The rows have the columns of figures/gpu_speed.csv, which
was measured so with PyTorch 2.11 and cuDNN 9.19 on an NVIDIA H200. Where there is no GPU, one sentence and failure.
"""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
STUDY = (128, 60, 32)  # units, window, batch
SWEEP = ((16, 32, 64, 256, 512, 1024), (20, 120, 200, 1000), (64, 128, 256, 512, 1024, 4096))
SIZES = [STUDY] + [(*STUDY[:at], value, *STUDY[at + 1 :]) for at, values in enumerate(SWEEP) for value in values]
NO_GPU = "gpu_speed: {} finds no GPU on this machine, and this measurement needs one."


def make_torch(cell, units, window, batch, way, device):
    """A function that runs n steps and waits for them."""
    import torch

    layer = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](1, units, batch_first=True).to(device)
    read_out = torch.nn.Linear(units, 20).to(device)
    optimizer = torch.optim.Adam([*layer.parameters(), *read_out.parameters()], capturable=way == "graph")
    X, y = torch.randn(batch, window, 1, device=device), torch.randn(batch, 20, device=device)

    def step():
        optimizer.zero_grad(set_to_none=way == "eager")
        torch.nn.functional.mse_loss(read_out(layer(X)[0][:, -1]), y).backward()
        optimizer.step()

    if way == "graph":
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()

    def run(n):
        for _ in range(n):
            step() if way == "eager" else graph.replay()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


def make_keras(cell, units, window, batch, way, device):
    sys.path.insert(0, str(ROOT))
    from helpers import training

    tf = training.tf
    model = training.build_model(cell, units, window, 20, seed=1)
    X, y = tf.random.normal((batch, window, 1)), tf.random.normal((batch, 20))
    optimizer = training.keras.optimizers.Adam()
    variables = model.trainable_variables
    optimizer.build(variables)

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=True) - y))
        optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function(**training.compile_options())
    def many(n):
        number = tf.constant(0)
        while number < n:
            step()
            number += 1
        return variables[-1] + 0.0

    def run(n):
        if way == "graph":
            return many(tf.constant(n)).numpy()
        for _ in range(n):
            step()
        return variables[-1].numpy()

    return run


def versions(library):
    """(device, library with its version, cuDNN's version), or an end with one sentence where there is no GPU."""
    if library == "torch":
        import torch

        if not torch.cuda.is_available():
            sys.exit(NO_GPU.format("PyTorch"))
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        return torch.cuda.get_device_name(), torch.__version__, torch.backends.cudnn.version()
    sys.path.insert(0, str(ROOT))
    from helpers import training

    if not training.on_gpu():
        sys.exit(NO_GPU.format("TensorFlow"))
    tf = training.tf
    tf.config.experimental.enable_tensor_float_32_execution(False)
    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    build = tf.sysconfig.get_build_info()
    return details.get("device_name", "GPU"), f"tensorflow {tf.__version__}", build.get("cudnn_version", "")


def measure(make, sizes, repetitions, steps, device="cuda"):
    """Rows of way, cell, units, window, batch, repetition, seconds_per_step: the cells in turn, in changing order."""
    rows = []
    for size in sizes:
        runs = {(way, cell): make(cell, *size, way, device) for way in ("graph", "eager") for cell in ("gru", "lstm")}
        for run in runs.values():
            run(5)  # to warm up
        for repetition in range(repetitions):
            for way, cell in list(runs)[:: 1 if repetition % 2 else -1]:
                started = time.perf_counter()
                runs[way, cell](steps)
                seconds = (time.perf_counter() - started) / steps
                rows.append([way, cell, *size, repetition, seconds])
    return pd.DataFrame(rows, columns=["way", "cell", "units", "window", "batch", "repetition", "seconds_per_step"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=["torch", "keras"])
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    device, library, cudnn = versions(options.library)
    make = {"torch": make_torch, "keras": make_keras}[options.library]
    table = measure(make, SIZES, options.repetitions, options.steps)
    for at, (name, value) in enumerate({"device": device, "torch": library, "cudnn": cudnn}.items()):
        table.insert(at, name, value)
    target = ROOT / "build" / "gpu_speed.csv"
    target.parent.mkdir(exist_ok=True)
    table.to_csv(target, index=False)
    size = ["way", "units", "window", "batch"]
    medians = table.pivot_table(index=size, columns="cell", values="seconds_per_step", aggfunc="median")
    print(medians.assign(ratio=medians["gru"] / medians["lstm"]).to_string(float_format="{:.3g}".format))
    print(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
