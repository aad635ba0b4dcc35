"""How often notebook 08 finds a planted answer: run ``python tests/benchmarks/planted_winners.py [draws]``.

Simulated series of 1,000 steps with known answers (random walk: the last value; wandering season: seasonal naive or
NLinear; Mackey-Glass: a network), forecast 5 steps ahead with the notebook's own functions and its ``quick`` budget.
"""

import collections
import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from test_own_series import definitions

os.environ["PYTHONPATH"] = sys.path[1]  # the worker processes need the package too


def main(draws):
    notebook = definitions()
    for kind, expected in notebook["PLANTED"].items():
        started, answers = time.perf_counter(), collections.Counter()
        for draw in range(draws):
            table = notebook["plant"](kind, 1000, np.random.default_rng(draw))
            plan = notebook["make_plan"](table, 5)
            grid = notebook["make_grid"](plan, range(1, 4), epochs=40)
            with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
                found = notebook["find_answer"](table, plan, grid, folder, progress=False)
            answers[found["answer"]] += 1
        right = sum(answers[name] for name in expected)
        seconds = (time.perf_counter() - started) / draws
        print(f"{kind:>14}: {right} of {draws} right {dict(answers)}, {seconds:.1f} s each", flush=True)
        assert right >= 0.9 * draws


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
