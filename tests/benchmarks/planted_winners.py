"""How often notebook 08 finds a planted answer: run ``python tests/benchmarks/planted_winners.py [draws]``.

Simulated series of 1,000 steps with known answers (tools/own_planted.py says which), forecast 6 steps ahead by all the
machinery of the notebook, networks included; each kind must be found in 9 of 10 draws.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["PYTHONPATH"] = sys.path[0]  # the worker processes need the package too

from tools import own_planted


def main(draws=10):
    missed = []
    for kind in own_planted.PLANTED:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = own_planted.answers([kind], range(draws), folder, n=1000, epochs=25, progress=False)
        right, seconds = int(found["right"].sum()), (time.perf_counter() - started) / draws
        given = dict(found["answer"].value_counts())
        print(f"{kind:>14}: {right} of {draws} right {given}, {seconds:.1f} s each", flush=True)
        missed += [kind] * (right < 0.9 * draws)
    assert not missed, missed


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
