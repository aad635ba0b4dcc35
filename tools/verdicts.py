"""From the table of runs to the table of verdicts (notebook 05): every pair of models, case by case, in one unit.

A case is a protocol, data set, source and horizon. Differences of errors are 100 log(RMSE of the first / RMSE of the
second), of times 100 log(seconds / seconds); what can't be compared gets a sentence that says why.
"""

from itertools import product

import numpy as np
import pandas as pd

from helpers import comparison, plots
from helpers.comparison import CASE
from helpers.study import BASELINES
from tools.results import mean_loss

MARGIN = 2.0  # of 100 log(A / B): 2 per cent of the rival's own error
SPEED_MARGIN = 100 * np.log(1.05)  # 5 per cent of the rival's time
QUESTIONS = [("GRU or LSTM", "gru", "lstm"), ("equal weights", "gru_matched", "lstm")]
QUESTIONS += [("network or simple forecast", *pair) for pair in product(("gru", "lstm"), BASELINES)]
QUESTIONS += [("speed", first, "lstm") for first in ("gru", "gru_matched")]
NUMBERS = ["difference", "low", "high", "p", "p_holm", "p_equivalence", "p_equivalence_holm", "p_days"]
NUMBERS += ["equivalent_from", "n_series", "n_independent", "n_seeds"]
COLUMNS = [*CASE, "case", "family", "question", "verdict", "unit", *NUMBERS]


def label(case):
    """A case in words: data set, days ahead, protocol; simulated data is called so."""
    protocol, dataset, source, horizon = case
    name = {"bankex": "BANKEX", "activities": "Activities"}.get(dataset, dataset)
    simulated = ", SIMULATED data" if source == "simulated" else ""
    return f"{name}, {horizon} day{'s' * (horizon > 1)}, {protocol} protocol{simulated}"


def attempt(function, *arguments):
    """The result, or a sentence that says why there is none."""
    try:
        return function(*arguments)
    except (ValueError, KeyError) as error:
        return f"not possible: {error}"


def possible(found):
    """Those of a dict of attempts that gave a result."""
    return {key: each for key, each in found.items() if not isinstance(each, str)}


def log_ratios(rows, dataset, first="gru", second="lstm"):
    """``comparison.log_ratios`` of one case's rows, copies of a series averaged: (seeds x independent series)."""
    return comparison.merge_copies(comparison.log_ratios(rows, first, second), dataset)


def judge_speed(rows, first, second):
    """All that a verdict needs of the training times of two networks: 100 log ratio, paired by seed."""
    a, b = (comparison.errors(rows, model, "train_seconds").iloc[:, :1] for model in (first, second))
    if not a.index.equals(b.index) or len(a) < 2 or not (min(a.min().iloc[0], b.min().iloc[0]) > 0):
        raise ValueError("fewer than two paired runs with a training time")
    judged = comparison.judge(100 * np.log(a / b).T.to_numpy(), SPEED_MARGIN)  # here the runs are the sample
    return judged | {"n_seeds": len(a), "n_independent": 1}


def loss_by_day(losses, case, series, first="gru", second="lstm"):
    """Day by day, the mean over independent series of the difference of two losses, as a share of the second's mean.

    ``losses`` is what ``read_losses`` gives, ``series`` the names in order. Returns a table (days x series).
    """
    a, b = (mean_loss(losses, case, model) for model in (first, second))
    shares = pd.DataFrame(((a - b) / b.mean(axis=1, keepdims=True)).T, columns=series)
    return comparison.merge_copies(shares, case[1])


def p_of_days(losses, case, series, first="gru", second="lstm"):
    """p of the test on days (``comparison.fixed_smoothing``) of the mean over independent series."""
    line = loss_by_day(losses, case, series, first, second).mean(axis=1).to_numpy()
    return float(comparison.fixed_smoothing(line, np.zeros(len(line)))[1])


def make_verdicts(table, losses, questions=QUESTIONS):
    """The table of verdicts, a row for each case and question (``COLUMNS``), from runs and their losses.

    Holm's correction is made within each family of questions of one protocol, so that three seeds of the published
    protocol do not blunt what ten seeds of the sound one can say.
    """
    rows = []
    for case, runs in table.groupby(CASE, sort=False):
        series = list(runs["series"].unique())
        for family, first, second in questions:
            if first == "gru_matched" and first not in set(runs["model"]):
                continue  # the published protocol has no equal-sized GRU
            kind = "time" if family == "speed" else "RMSE"
            row = {**dict(zip(CASE, case, strict=True)), "case": label(case), "family": family}
            row["question"] = f"{plots.NAMES[first]} against {plots.NAMES[second]}: {kind}"
            row |= {"unit": f"100 log ratio of {kind}", "n_series": len(series)}
            if family == "speed":
                found = attempt(judge_speed, runs, first, second)
            else:
                found = attempt(
                    lambda *pair: comparison.judge(log_ratios(*pair).to_numpy(), MARGIN), runs, case[1], first, second
                )
                days = attempt(p_of_days, losses, case, series, first, second)
                row["p_days"] = np.nan if isinstance(days, str) else days
            rows.append(row | ({"verdict": found} if isinstance(found, str) else {"verdict": "", **found}))
    verdicts = pd.DataFrame(rows).reindex(columns=COLUMNS)
    made = verdicts["p"].notna()
    if made.any():
        decided = comparison.decide(verdicts[made], ["protocol", "family"])
        verdicts[["p_holm", "p_equivalence_holm"]] = decided[["p_holm", "p_equivalence_holm"]]
        verdicts.loc[made, "verdict"] = decided["verdict"]
    return verdicts
