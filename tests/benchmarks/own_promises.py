"""What notebook 08 promises, counted on simulated series: ``python tests/benchmarks/own_promises.py [draws]``.

False alarms: a network and a rule that are equally good by construction; "better" or "worse" is a false alarm.
Coverage: 90 % intervals from rolling residuals, for each step and for the whole path that comes next. Prints the
counts and writes figures/own_promises.csv.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from tools import own_plan, own_series, rungs

ROOT = Path(__file__).resolve().parents[2]
HORIZONS = (1, 5, 13)
SERIES = ("random walk", "noise", "noise with heavy tails", "AR(1), .8")


def simulate_equals(draws, n_origins, horizon, rng):
    """Losses (draws, 2, origins) of two forecasters that are equally good: both miss the shocks of the next steps, and
    each adds errors of its own that last (autocorrelation .9 from one origin to the next)."""
    shocks = rng.standard_normal((draws, 1, n_origins + horizon)).cumsum(axis=-1)
    future = shocks[..., horizon:] - shocks[..., :-horizon]
    own = lfilter([np.sqrt(0.19)], [1, -0.9], rng.standard_normal((draws, 2, n_origins + 50)))[..., 50:]
    return (future - own) ** 2


def false_alarms(draws, n_origins, horizon, rng):
    """Shares of draws that call the two unequal, and that call the first better (and so would recommend a network)."""
    blocks = rungs.block_means(simulate_equals(draws, n_origins, horizon, rng), np.arange(n_origins), horizon)
    words = [own_plan.compare(*pair)["verdict"] for pair in blocks]
    return np.mean([word in ("better", "worse") for word in words]), np.mean([word == "better" for word in words])


def draw(kind, n, rng):
    """A simulated series (n,) and the share of its last value that the best forecast keeps, step by step."""
    noise = rng.standard_t(4, n) if kind == "noise with heavy tails" else rng.standard_normal(n)
    keep = {"random walk": 1.0, "AR(1), .8": 0.8}.get(kind, 0.0)
    return lfilter([1], [1, -keep], noise), keep


def coverage(kind, horizon, draws, rng, n=400):
    """(share of next values inside their intervals, share of whole next paths) over simulated series."""
    first, inside, paths = round(0.65 * n), 0, 0
    origins = rungs.rolling_origins(n, horizon, first, 80)
    for _ in range(draws):
        values, keep = draw(kind, n + horizon, rng)
        factor = keep ** np.arange(1, horizon + 1)
        steps = np.arange(horizon)
        residuals = values[np.add.outer(origins, steps)] - np.outer(values[origins - 1], factor)
        half, path = own_series.half_widths(residuals[None], origins, draws=2000)
        error = np.abs(values[n + steps] - values[n - 1] * factor)
        inside += np.mean(error <= half[0]) / draws
        paths += np.all(error <= path[0]) / draws
    return inside, paths


def main(draws=4_000):
    rng, rows = np.random.default_rng(1), []
    for horizon in HORIZONS:
        for n_origins in (60, 200):
            shares = false_alarms(draws, n_origins, horizon, rng)
            case = {"case": f"{n_origins} origins", "horizon": horizon, "draws": draws}
            names = ("false alarms", "network recommended")
            rows += [{"promise": name, "share": s} | case for name, s in zip(names, shares, strict=True)]
    for kind in SERIES:
        for horizon in HORIZONS:
            case = {"case": kind, "horizon": horizon, "draws": draws // 8}
            shares = coverage(kind, horizon, draws // 8, rng)
            names = ("coverage, step", "coverage, path")
            rows += [{"promise": name, "share": s} | case for name, s in zip(names, shares, strict=True)]
    table = pd.DataFrame(rows, columns=["promise", "case", "horizon", "share", "draws"])
    print(table.to_string(index=False))
    table.to_csv(ROOT / "figures" / "own_promises.csv", index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
