"""Memory that windows of ten million points take: run ``python tests/benchmarks/window_memory.py [points]``.

Windows are views, so that only the series itself and the batch in hand take room, at ten points as at ten million.
"""

import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from helpers.windows import chronological_split, make_windows

WINDOW, HORIZON, BATCH = 60, 20, 256
MIB = 2**20


def measure(points, n_batches=1000):
    """Peak bytes beyond a float32 series of ``points`` values: (for the windows, for streaming shuffled batches)."""
    rng = np.random.default_rng(1)
    series = rng.standard_normal(points, dtype="float32")
    tracemalloc.start()
    X, y = make_windows(series, WINDOW, HORIZON)
    train, _, _ = chronological_split(points, WINDOW, HORIZON)
    windows_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    for _ in range(n_batches):
        rows = rng.integers(train.start, train.stop, BATCH)  # random rows: a permutation would cost 8 bytes a window
        inputs, targets = X[rows, :, None], y[rows]  # (256, 60, 1), (256, 20): here, and only here, values are copied
    stream_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert inputs.shape == (BATCH, WINDOW, 1) and targets.shape == (BATCH, HORIZON)
    return X.nbytes + y.nbytes, series.nbytes, windows_peak, stream_peak


def main(points):
    start = time.perf_counter()
    print(f"{'points':>12} {'as copies':>12} {'series':>10} {'windows add':>14} {'1000 batches add':>18}")
    for n in (1_000, points):
        copies, series, windows, stream = measure(n)
        print(
            f"{n:>12,} {copies / MIB:>8,.1f} MiB {series / MIB:>6,.1f} MiB "
            f"{windows / MIB:>10.3f} MiB {stream / MIB:>14.3f} MiB"
        )
    try:
        import resource  # not on Windows
    except ImportError:
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(f"peak memory of the whole process: {peak / MIB:,.0f} MiB; {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
