"""Memory of a worker over many small runs: ``python tests/benchmarks/memory_of_runs.py [runs] [models]``.

One process makes all runs of a grid, as a worker of a full study does: two data sets, two horizons, the models (rnn gru
lstm gru_matched), then seed after seed. After the first seed every shape has been compiled: memory must stand still.
"""

import sys
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from helpers import data, study

MIB = 2**20


def measure(runs, models):
    """Resident memory in MiB after each of ``runs`` runs, and how many runs it takes until all shapes are compiled."""
    tables = {"bankex": data.simulate_bankex(1200), "activities": data.simulate_activities(170)}
    for table in tables.values():
        table.attrs = {"source": "simulated", "season": 7}
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


def main(runs, models):
    used, shapes = measure(runs, models)
    settled = used[2 * shapes :]  # the second seed still fills pools
    estimate, low, high = slope(settled)
    print(
        f"{len(used)} runs: {used[0]:.0f} MiB after the first, {used[shapes - 1]:.0f} with all {shapes} shapes compiled"
    )
    print(f"then {settled[0]:.0f} to {settled[-1]:.0f} MiB, at most {used.max():.0f}")
    print(f"slope {estimate:+.3f} MiB a run (95 % interval {low:+.3f} to {high:+.3f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2:] or ["rnn", "gru", "lstm", "gru_matched"])
