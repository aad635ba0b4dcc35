"""How often each test that decides a verdict raises a false alarm: ``python tests/benchmarks/false_alarms.py``.

Simulates 4,000 tables each without a difference, shaped like ours: of each comparison of errors in notebook 05 (every
case of both protocols) as many seeds and independent series, with the variances that ``results.csv`` shows (by series,
by seed, and of both together). A good test of a difference at 5 % alarms in about 5 % of them, before Holm. Where the
true difference sits *at* the margin, equivalence may be declared in at most 5 %. Forecasts of many steps overlap: the
test on days is tried on sums of so many errors. The test that pools data sets is tried with the standard errors of
those of notebook 06. Prints, writes ``figures/false_alarms.csv``, asserts nothing; two minutes.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.tsa.stattools import diebold_mariano_test

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers import comparison, pooling  # noqa: E402
from tools.results import read_results  # noqa: E402
from tools.verdicts import MARGIN, QUESTIONS, label, log_ratios  # noqa: E402

TABLES, LEVEL = 4000, 0.05
SPREADS = (0, 1, 2, 4)  # between data sets, in per cent
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
    """One row for each comparison of errors that gets a verdict: the crossed test."""
    pairs = [(first, second) for family, first, second in QUESTIONS if family != "speed"]
    for case, rows in read_results(ROOT / "figures" / "results.csv").groupby(comparison.CELL, sort=False):
        for first, second in pairs:
            if not {first, second} <= set(rows["model"]):
                continue  # the published protocol has no equal-sized GRU
            d = log_ratios(rows, case[1], first, second)
            effects = comparison.crossed_effects(d.to_numpy())
            variances = {name: float(effects[name]) for name in ("series", "seed", "interaction")}
            alarms, _ = judged(simulated(rng, d.shape, variances, 0.0))
            _, declared = judged(simulated(rng, d.shape, variances, MARGIN))
            facts = {"test": f"seeds and series, {case[0]}", "case": label(case), "first": first, "second": second}
            facts |= {"seeds": d.shape[0], "independent": d.shape[1]} | variances
            yield facts | {"alarms": alarms, "equivalent_at_margin": declared}


def of_days(rng):
    """For each horizon the test on days, with fixed smoothing, on squares of sums of ``horizon`` errors, and beside it
    the classic one of Diebold and Mariano (1995; corrected by Harvey, Leybourne & Newbold 1997), which decides nothing.
    """
    for horizon, n in DAYS.items():
        errors = rng.normal(size=(2, TABLES, n + horizon - 1))
        first, second = np.lib.stride_tricks.sliding_window_view(errors, horizon, axis=2).sum(axis=-1) ** 2
        facts = {"case": f"{n} days, forecasts of {horizon}"}
        p = comparison.fixed_smoothing(first, second)[1]
        yield {"test": "days"} | facts | {"alarms": float((p < LEVEL).mean())}
    found = [
        diebold_mariano_test(0 * a, a, b, criterion=lambda _, loss: loss, harvey_adj=True, horizon=horizon).pvalue
        for a, b in zip(first, second, strict=True)
    ]
    yield {"test": "days, the classic test"} | facts | {"alarms": float((np.array(found) < LEVEL).mean())}


def of_sets(rng):
    """For some true spreads between data sets the test that pools them, with the standard errors of notebook 06's sets,
    which are themselves seen with as little certainty as their degrees of freedom say."""
    arrays = np.load(ROOT / "figures" / "data_sets.npz")
    names = dict.fromkeys(key.split("|")[1] for key in arrays.files)
    pairs = [[arrays[f"mase|{name}|{cell}|refitted"] for cell in ("gru", "lstm")] for name in names]
    effects = pd.DataFrame([pooling.set_effect(*pair) for pair in pairs])
    se, dof = effects["se"].to_numpy(), effects["dof"].to_numpy()
    for spread in SPREADS:
        shares = {}
        for name, column, mean in (("alarms", "p", 0.0), ("equivalent_at_margin", "p_equivalence", MARGIN)):
            seen = mean + spread * rng.normal(size=(TABLES, len(se))) + se * rng.normal(size=(TABLES, len(se)))
            known = se * np.sqrt(rng.chisquare(dof, size=seen.shape) / dof)
            tables = (pd.DataFrame({"difference": d, "se": e}) for d, e in zip(seen, known, strict=True))
            shares[name] = float(np.mean([pooling.pool(table)[column] < LEVEL for table in tables]))
        yield {"test": "data sets", "case": f"{len(se)} sets, spread between them {spread} %"} | shares


def main():
    rng = np.random.default_rng(1)
    table = pd.DataFrame([*of_cases(rng), *of_days(rng), *of_sets(rng)]).assign(tables=TABLES)
    print(table.round(3).to_string(index=False))
    table.to_csv(ROOT / "figures" / "false_alarms.csv", index=False)


if __name__ == "__main__":
    main()
