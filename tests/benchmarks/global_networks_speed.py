"""Throughput of global networks beside PyTorch's: 64 units, windows of 36, 18 steps ahead, batch 256, one thread.

``python tests/benchmarks/global_networks_speed.py --torch PYTHON``. Both train in turn, each in
a process of its own; prints windows a second, writes ``build/global_networks_speed.json``, asserts nothing.
"""

import argparse
import json
import statistics
import sys
from importlib.util import find_spec

import training_speed as speed

WINDOWS = 8192
SETUP = (
    speed.SETUP.replace("import os, sys, time", 'import os, sys, time\nos.environ["OMP_NUM_THREADS"] = "1"')
    .replace("(2721, 60)", f"({WINDOWS}, 36)")
    .replace("(2721, 20)", f"({WINDOWS}, 18)")
)
OURS = """
from helpers import training
trainer = training.Trainer(training.build_model(CELL, 64, 36, 18, seed=1), batch_size=256, loss="mae", clip=1.0)
measure(lambda: trainer.fit(X, y, epochs=1))
"""
TORCH = (
    speed.TORCH.replace("THREADS", "1")
    .replace("128", "64")
    .replace("Linear(64, 20)", "Linear(64, 18)")
    .replace("split(32)", "split(256)")
    .replace("mse_loss", "l1_loss")
    .replace(
        "error.backward()\n",
        "error.backward()\n        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]['params'], 1.0)\n",
    )
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--torch", metavar="PYTHON", help="a Python that has PyTorch, if this one has not")
    options = parser.parse_args()
    if not options.torch and not find_spec("torch"):
        parser.error("--torch must name a Python that has PyTorch: this one has not.")
    speed.SETUP = SETUP
    speed.VARIANTS.clear()
    speed.VARIANTS.update({"ours": OURS, "torch": TORCH})
    speed.interpreters["torch"] = options.torch or sys.executable
    report = {}
    for cell in ("gru", "lstm"):
        _, seconds = speed.one_process(cell, options.repetitions)
        rates = {variant: WINDOWS / statistics.median(values) for variant, values in seconds.items()}
        ratio = statistics.median(t / o for t, o in zip(seconds["torch"], seconds["ours"], strict=True))
        report[cell] = {"windows_a_second": rates, "ours_over_torch": ratio, "all": seconds}
        print(f"{cell:5} ours {rates['ours']:,.0f}, PyTorch {rates['torch']:,.0f} windows a second: {ratio:.2f} x")
    target = speed.ROOT / "build" / "global_networks_speed.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
