"""How often notebook 08 finds a planted answer: run ``python tests/benchmarks/planted_winners.py [draws]``.

Simulated series with known answers (tools/own_planted.py says which), forecast 6 steps ahead by all the machinery of
the notebook, networks included, as the notebook does it at `full`; each kind must be found in 9 of 10 draws. Writes
``build/own_planted.csv``, and ``own_planted_longer.csv``: three draws on which the GRU leads, with more epochs.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["PYTHONPATH"] = sys.path[0]  # the worker processes need the package too

import pandas as pd

from tools import own_planted

ROOT = Path(__file__).resolve().parents[2]


def main(draws=10):
    tables, missed = [], []
    for kind in own_planted.PLANTED:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = own_planted.answers([kind], range(1, draws + 1), folder, n_jobs=1, progress=False)
        right, seconds = int(found["right"].sum()), (time.perf_counter() - started) / draws
        given = dict(found["answer"].value_counts())
        print(f"{kind:>14}: {right} of {draws} right {given}, {seconds:.1f} s each", flush=True)
        missed += [kind] * (right < 0.9 * draws)
        tables.append(found)
        (ROOT / "build").mkdir(exist_ok=True)
        pd.concat(tables).to_csv(ROOT / "build" / "own_planted.csv", index=False)
    with tempfile.TemporaryDirectory() as folder:
        longer = own_planted.answers(["Mackey-Glass"], (1, 3, 4), folder, epochs=60, n_jobs=1, progress=False)
    longer.assign(epochs=60).to_csv(ROOT / "build" / "own_planted_longer.csv", index=False)
    print(longer.to_string())
    assert not missed, missed


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
