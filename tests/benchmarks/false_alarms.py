"""How often each test that decides a verdict raises a false alarm: ``python tests/benchmarks/false_alarms.py``.

Simulates 4,000 tables each without a difference, shaped like ours, and counts in how many a test at 5 % finds one,
before Holm. Where the true difference sits *at* the margin, equivalence may be declared in at most 5 %.

- The crossed test of notebooks 05 and 07: each comparison of errors in ``results.csv`` and ``stacks.csv``, as many
  seeds and independent series, with the variances that the table shows (by series, by seed, and of both together).
- The test of one sample: training times by seed (05); ratios of two clocks (07), drawn from what the repetitions of all
  sizes were off by; and normal samples of the sizes that the other claims of 07 have.
- The test on days: forecasts of many steps overlap, so it is tried on sums of so many errors.
- The test over data sets (06, 07): each comparison with the standard errors of its own sets and its own spread between
  them; the first one with other spreads, too. Beside it weights by precision, as they are common in meta-analysis.

Prints, writes ``figures/false_alarms.csv``; half a minute.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.tsa.stattools import diebold_mariano_test

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers import comparison, pooling  # noqa: E402
from tools.results import read_results  # noqa: E402
from tools.verdicts import MARGIN, QUESTIONS, SPEED_MARGIN, label, log_ratios  # noqa: E402

FIGURES = ROOT / "figures"
TABLES, LEVEL = 4000, 0.05
SPREADS = (0, 0.5, 1, 2, 4)  # between data sets, in per cent
STACKS = [("lstm_gru", "lstm_lstm"), ("lstm_gru", "gru_gru"), ("gru_lstm", "lstm_lstm"), ("gru_lstm", "gru_gru")]
STACKS += [("gru", "lstm_no_bias"), ("lstm_no_bias", "lstm"), ("lstm_matched", "lstm")]
DAYS = {1: 251, 20: 232}  # horizon -> origins of the study's test part


def simulated(rng, shape, variances, mean):
    """Tables (TABLES, n_seeds, n_series) of differences around ``mean``."""
    n, m = shape
    parts = {"series": (TABLES, 1, m), "seed": (TABLES, n, 1), "interaction": (TABLES, n, m)}
    return mean + sum(np.sqrt(variances[name]) * rng.normal(size=size) for name, size in parts.items())


def judged(d, margin=MARGIN):
    """Shares of tables in which a difference is found, and in which equivalence is declared."""
    found = comparison.crossed_effects(d)
    p = 2 * stats.t.sf(np.abs(found["mean"]) / found["se"], found["dof"])
    equivalent = comparison.equivalence_p(found["mean"], found["se"], found["dof"], margin)
    return float((p < LEVEL).mean()), float((equivalent < LEVEL).mean())


def crossed(rng, rows, dataset, first, second):
    """A row of the result for one comparison of errors: its shape, its variances, both shares."""
    d = log_ratios(rows, dataset, first, second)
    effects = comparison.crossed_effects(d.to_numpy())
    variances = {name: float(effects[name]) for name in ("series", "seed", "interaction")}
    alarms, _ = judged(simulated(rng, d.shape, variances, 0.0))
    _, declared = judged(simulated(rng, d.shape, variances, MARGIN))
    facts = {"first": first, "second": second, "seeds": d.shape[0], "independent": d.shape[1]}
    return facts | variances | {"alarms": alarms, "equivalent_at_margin": declared}


def of_cases(rng):
    """One row for each comparison of errors that gets a verdict: the crossed test."""
    pairs = [(first, second) for family, first, second in QUESTIONS if family != "speed"]
    for case, rows in read_results(FIGURES / "results.csv").groupby(comparison.CASE, sort=False):
        for pair in pairs:
            if set(pair) <= set(rows["model"]):  # the published protocol has no equal-sized GRU
                facts = {"test": f"seeds and series, {case[0]}", "case": label(case)}
                yield facts | crossed(rng, rows, case[1], *pair)
    for (group, dataset), rows in pd.read_csv(FIGURES / "stacks.csv").groupby(["group", "dataset"]):
        for pair in STACKS:
            if set(pair) <= set(rows["model"]):
                facts = {"test": "seeds and series, stacks", "case": f"{dataset}, {group}"}
                yield facts | crossed(rng, rows, dataset, *pair)


def of_samples(rng):
    """One row for each size of a sample that a test of one sample meets."""
    for case, rows in read_results(FIGURES / "results.csv").groupby(comparison.CASE, sort=False):
        a, b = (comparison.errors(rows, model, "train_seconds").iloc[:, 0] for model in ("gru", "lstm"))
        spread = np.log(a / b).std()
        d = 100 * spread * rng.normal(size=(2, TABLES, 1, len(a)))
        shares = judged(d[0], SPEED_MARGIN)[0], judged(d[1] + SPEED_MARGIN, SPEED_MARGIN)[1]
        row = {"test": "times of training, by seed", "case": label(case), "seeds": len(a)}
        yield row | dict(zip(("alarms", "equivalent_at_margin"), shares, strict=True))
    for name, column in (("speed.csv", "seconds"), ("gpu_speed.csv", "seconds_per_step")):
        size = ["way", "units", "window", "batch"]
        both = pd.read_csv(FIGURES / name).pivot_table(index=[*size, "repetition"], columns="cell", values=column)
        logs = 100 * np.log(both["gru"] / both["lstm"])
        n = logs.groupby(size).size().iloc[0]
        off = (logs - logs.groupby(size).transform("mean")) * np.sqrt(n / (n - 1))
        for way, each in off.groupby("way"):
            alarms, _ = judged(rng.choice(each.to_numpy(), (TABLES, 1, n)))
            yield {"test": "ratios of two clocks", "case": f"{name}, {way}", "seeds": n, "alarms": alarms}
    evidence = pd.read_csv(FIGURES / "claims_evidence.csv")
    evidence = evidence[(evidence["dof"] % 1 == 0) & ~evidence["setting"].str.contains("over the sets|of your own")]
    evidence = evidence[~evidence["id"].isin(["C12", "Greff 2017", "Velarde 2022", "Zeng 2023"])]  # seeds x series
    for dof, rows in evidence.groupby("dof"):
        alarms, _ = judged(rng.normal(size=(TABLES, 1, int(dof) + 1)))
        row = {"test": "one sample", "case": ", ".join(rows["id"].unique()), "seeds": int(dof) + 1}
        yield row | {"alarms": alarms}


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
    """One row for each comparison over data sets at its own spread between them; of the first at other spreads, too."""
    effects = pd.read_csv(FIGURES / "effects_by_set.csv")
    asked = ["question", "first", "second", "measure", "fit"]
    for number, ((question, first, second, *measured), group) in enumerate(effects.groupby(asked, sort=False)):
        facts = {"case": ", ".join([question, *measured]), "first": first, "second": second}
        for spread in (round(pooling.pool(group)["tau"], 2), *(SPREADS if number == 0 else ())):
            yield over_sets(rng, group, spread) | facts
        if number == 0:
            row = {"test": "data sets, weighed by precision", "independent": len(group), "spread": 0.5} | facts
            yield row | {"alarms": weighed(rng, group["se"].to_numpy(), 0.5)}


def over_sets(rng, group, spread):
    """The shares for sets with the standard errors of these, and this true spread between them."""
    se = group["se"].to_numpy()
    none, margin = (
        mean + spread * rng.normal(size=(TABLES, len(se))) + se * rng.normal(size=(TABLES, len(se)))
        for mean in (0.0, MARGIN)
    )
    p = stats.ttest_1samp(none, 0, axis=1).pvalue  # all tables at once what pooling.pool says of one, as is checked:
    equivalent = comparison.equivalence_p(margin.mean(axis=1), stats.sem(margin, axis=1), len(se) - 1, MARGIN)
    one, other = (pooling.pool(pd.DataFrame({"difference": table[0], "se": se})) for table in (none, margin))
    assert np.allclose([p[0], equivalent[0]], [one["p"], other["p_equivalence"]])
    row = {"test": "data sets", "independent": len(se), "spread": spread, "alarms": float((p < LEVEL).mean())}
    return row | {"equivalent_at_margin": float((equivalent < LEVEL).mean())}


def weighed(rng, se, spread):
    """The share of alarms of the random-effects mean with weights by precision and the standard error of Hartung &
    Knapp (2001), which decides nothing here."""
    tables = spread * rng.normal(size=(TABLES, len(se))) + se * rng.normal(size=(TABLES, len(se)))
    found = [combine_effects(d, se**2, method_re="iterated", use_t=True) for d in tables]
    t = [each.mean_effect_re / max(each.sd_eff_w_re_hksj, each.sd_eff_w_re) for each in found]
    return float((2 * stats.t.sf(np.abs(t), len(se) - 1) < LEVEL).mean())


def main():
    parts = enumerate((of_cases, of_samples, of_days, of_sets))  # each with numbers of its own: they change apart
    rows = [row for number, part in parts for row in part(np.random.default_rng([1, number]))]
    table = pd.DataFrame(rows).assign(tables=TABLES)
    print(table.round(3).to_string(index=False))
    table.to_csv(FIGURES / "false_alarms.csv", index=False)


if __name__ == "__main__":
    main()
