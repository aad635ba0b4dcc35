"""The answer of notebook 08 in words: few whole sentences, chosen by its tables, and what was found in a file."""

import numpy as np
import pandas as pd
from scipy import stats

from tools.own_plan import LEVEL, NETWORKS
from tools.rungs import independent

THE = {
    "mean": "the mean of all past values",
    "last_value": "the last value",
    "drift": "the line from the first value to the last",
    "seasonal_naive": "a copy of the last season",
    "nlinear": "NLinear",
    "theta": "Theta",
    "damped": "damped smoothing",
    "both": "the mean of Theta and damped smoothing",
    "weighted": "the weighted mean of the simple forecasts",
    "regression": "the regression on your inputs",
    "gru": "the GRU",
    "lstm": "the LSTM",
}
BETWEEN = {
    "better": "Of the two networks the GRU is better here",
    "worse": "Of the two networks the LSTM is better here",
    "equivalent": "GRU and LSTM are as good as each other here",
    "undecided": "Which of the two networks is better, your data do not decide",
}
FEW = 5  # blocks of the test part


def as_change(row):
    """A row's difference as a change of the RMSE in words, with its 95 % interval where it has one."""
    change, low, high = (100 * np.expm1(row[name] / 100) for name in ("difference", "low", "high"))
    if change > 900:
        return "more than ten times"
    words = f"{abs(change):.1f} % {'below' if change < 0 else 'above'}"
    return words if np.isnan(low) else f"{words} (95 %: {low:+.1f} to {min(high, 999):+.1f} %)"


def held(inside, known, origins, step):
    """(share inside, low, high): with a 95 % interval that counts only origins without a common target."""
    n, share = independent(origins, step), inside / known
    k = share * n
    return share, *stats.beta.ppf([0.025, 0.975], [k + 0.5, k + 0.5], [n - k + 0.5, n - k + 0.5])


def coverage(intervals, plan):
    """How many of the test part's values lay inside their 90 % intervals, and of its whole paths, as a table with
    share, low, high (95 %, by the number of ``independent`` origins)."""
    steps = intervals.groupby("step")[["known", "inside"]].sum()
    rows = {
        f"{step} ahead": (*held(*steps.loc[step, ["inside", "known"]], plan.test, step), independent(plan.test, step))
        for step in sorted({1, plan.horizon})
    }
    middle = (plan.horizon + 1) / 2
    every = held(steps["inside"].sum(), steps["known"].sum(), plan.test, middle)
    rows["all steps"] = (*every, independent(plan.test, middle))
    first = intervals[intervals["step"] == 1]
    paths = held(first["paths_inside"].sum(), first["paths"].sum(), plan.test, plan.horizon)
    rows["whole paths"] = (*paths, independent(plan.test, plan.horizon))
    return pd.DataFrame(rows, index=["share", "low", "high", "independent"]).T


def in_words(verdicts, intervals, plan, profile="quick"):
    """The answer as a paragraph, from the tables of ``own_series.find_answer``."""
    rungs = verdicts[~verdicts["second"].isin(NETWORKS)]
    answer, network = verdicts["answer"].iloc[0], rungs["first"].iloc[0]
    if answer in NETWORKS:
        row = rungs.loc[rungs["difference"].idxmax()]
        words = [
            f"**Use {THE[answer]}.** On the test part, which nothing had seen, its error is {as_change(row)} that of "
            f"the best simple forecast there, {THE[row['second']]}, and it is shown to be better than the one "
            "that would be used without it."
        ]
    else:
        row = rungs[rungs["second"] == answer].iloc[0]
        words = [
            f"**Use {THE[answer]}.** No network is shown to be better: on the test part the error of the better one, "
            f"{THE[network]}, is {as_change(row)} that of {THE[answer]}."
        ]
    words.append(f"{BETWEEN[verdicts['verdict'].iloc[-1]]}: its error is {as_change(verdicts.iloc[-1])} the LSTM's.")
    words[-1] = words[-1].replace(": its error", ": the GRU's error")
    share, low, high, n = coverage(intervals, plan).loc["whole paths"] * [100, 100, 100, 1]
    words.append(
        f"Of the whole paths of the test part, {share:.0f} % lay inside their {100 * LEVEL:.0f} % intervals; with "
        f"{n:.0f} independent stretches of time, the true share lies anywhere from {low:.0f} to {high:.0f} %."
    )
    if verdicts["n_blocks"].min() < FEW:
        blocks = ("only one block", "only two blocks", "only three blocks", "only four blocks")
        words.append(
            f"Whether forecasts differ rests on {blocks[verdicts['n_blocks'].min() - 1]} of time in the test part: "
            "more history tells more."
        )
    if profile == "smoke":
        words.append("These networks have hardly been trained (profile smoke).")
    return " ".join(words).replace(" %", "\N{NO-BREAK SPACE}%")


def found_table(found, plan):
    """What was found in the file, and what is done with it: a line each."""
    table, index = found.table, found.table.index
    shown = [str(index[row]).removesuffix(" 00:00:00") for row in (0, *plan.first, -1)]
    names = ", ".join(map(str, table.columns[:5])) + ", ..." * (table.shape[1] > 5)
    facts = {"file": found.source} | {f"read ({number})": note for number, note in enumerate(found.notes, start=1)}
    facts |= {
        "series": f"{table.shape[1]}: {names}",
        "rows": f"{len(table):,}, from {shown[0]} to {shown[3]}",
        "frequency": getattr(index, "freqstr", None) or "1 step",
        "gaps": "filled from the past, never scored",
        "season": f"{plan.season} steps" if plan.season > 1 else "none found",
        "a forecast": f"{plan.window} steps in for networks, {plan.horizon} out",
        "validation part": f"from {shown[1]}: chooses; {len(plan.validation)} origins",
        "test part": f"from {shown[2]}: judges; {len(plan.test)} origins",
    }
    return pd.DataFrame({"found": facts})
