"""How often each test that decides a verdict raises a false alarm: ``python tests/benchmarks/false_alarms.py``.

Simulates 4,000 tables each without a difference, shaped like ours: of each sound case as many seeds and independent
series, with the variances that ``results.csv`` shows (by series, by seed, and of both together). A good test of a
difference at 5 % alarms in about 5 % of them, before Holm. Where the true difference sits *at* the margin, equivalence
may be declared in at most 5 %. Forecasts of many steps overlap: the test on days is tried on sums of so many errors.
Prints, writes ``figures/false_alarms.csv``, asserts nothing; a minute.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers import comparison  # noqa: E402
from tools.results import read_results  # noqa: E402

TABLES, MARGIN, LEVEL = 4000, 2.0, 0.05
DAYS = {1: 251, 20: 232}  # horizon -> origins of the study's test part


def simulated(rng, shape, variances, mean):
    """Tables (TABLES, n_seeds, n_series) of differences around ``mean``."""
    n, m = shape
    parts = {"series": (TABLES, 1, m), "seed": (TABLES, n, 1), "interaction": (TABLES, n, m)}
    return mean + sum(np.sqrt(variances[name]) * rng.normal(size=size) for name, size in parts.items())


def judged(d):
    """Shares of tables in which a difference is found, and in which equivalence is declared."""
    found = comparison.crossed_effects(d)
    p = 2 * stats.t.sf(np.abs(found["mean"]) / found["se"], found["dof"])
    equivalent = comparison.equivalence_p(found["mean"], found["se"], found["dof"], MARGIN)
    return float((p < LEVEL).mean()), float((equivalent < LEVEL).mean())


def of_cases(rng):
    """One row for each sound case of the study: the crossed test."""
    rows = read_results(ROOT / "figures" / "results.csv")
    for (dataset, horizon), case in rows[rows["protocol"] == "sound"].groupby(["dataset", "horizon"]):
        d = comparison.merge_copies(comparison.log_ratios(case, "gru", "lstm"), dataset)
        effects = comparison.crossed_effects(d.to_numpy())
        variances = {name: float(effects[name]) for name in ("series", "seed", "interaction")}
        alarms, _ = judged(simulated(rng, d.shape, variances, 0.0))
        _, declared = judged(simulated(rng, d.shape, variances, MARGIN))
        facts = {"test": "seeds and series", "case": f"{dataset}, {horizon} days", "seeds": d.shape[0]}
        yield facts | {"series": d.shape[1]} | variances | {"alarms": alarms, "equivalent_at_margin": declared}


def of_days(rng):
    """One row for each horizon: the test on days, with fixed smoothing, on squares of sums of ``horizon`` errors."""
    for horizon, n in DAYS.items():
        errors = rng.normal(size=(2, TABLES, n + horizon - 1))
        first, second = np.lib.stride_tricks.sliding_window_view(errors, horizon, axis=2).sum(axis=-1) ** 2
        alarms = float((comparison.fixed_smoothing(first, second)[1] < LEVEL).mean())
        yield {"test": "days", "case": f"{n} days, forecasts of {horizon}", "alarms": alarms}


def main():
    rng = np.random.default_rng(1)
    table = pd.DataFrame([*of_cases(rng), *of_days(rng)]).assign(tables=TABLES)
    print(table.round(3).to_string(index=False))
    table.to_csv(ROOT / "figures" / "false_alarms.csv", index=False)


if __name__ == "__main__":
    main()
