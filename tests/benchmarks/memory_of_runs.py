"""Memory of a worker over many small runs: ``python tests/benchmarks/memory_of_runs.py [runs] [table]``.

One process makes all runs of a grid, as a worker of a full study does: two data sets, two horizons, four networks, then
seed after seed. After the first seed every shape has been compiled, and memory must stand still. With ``table`` the
whole series of measurements is printed.
"""

import sys
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from helpers import data, study

MIB = 2**20


def measure(runs):
    """Resident memory in MiB after each of ``runs`` runs, and how many runs it takes until all shapes are compiled."""
    tables = {"bankex": data.simulate_bankex(1200), "activities": data.simulate_activities(170)}
    for table in tables.values():
        table.attrs = {"source": "simulated", "season": 7}
    models = ["rnn", "gru", "lstm", "gru_matched"]
    shapes = len(tables) * 2 * len(models)
    seeds = range(1, -(-runs // shapes) + 1)
    grid = study.make_grid("sound", list(tables), [1, 20], models, seeds, window=14, units=8, epochs=1)
    grid.sort(key=lambda run: run["seed"])
    process, used = psutil.Process(), []
    for run in grid[:runs]:
        study.run_one(tables[run["dataset"]], run)
        used.append(process.memory_info().rss / MIB)
    return np.array(used), shapes


def slope(used):
    """Growth in MiB a run (Theil and Sen: the median of all slopes), with its 95 % interval."""
    from scipy.stats import theilslopes

    estimate, _, low, high = theilslopes(used)
    return estimate, low, high


def main(runs, show=False):
    used, shapes = measure(runs)
    if show:
        print("\n".join(f"{number:>5} {value:8.1f} MiB" for number, value in enumerate(used, start=1)))
    settled = used[2 * shapes :]  # the second seed still fills pools
    estimate, low, high = slope(settled)
    print(
        f"{len(used)} runs: {used[0]:.0f} MiB after the first, {used[shapes - 1]:.0f} with all {shapes} shapes compiled"
    )
    print(f"then {settled[0]:.0f} to {settled[-1]:.0f} MiB, at most {used.max():.0f}")
    print(f"slope {estimate:+.3f} MiB a run (95 % interval {low:+.3f} to {high:+.3f})")
    return settled, (estimate, low, high)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, show="table" in sys.argv)
