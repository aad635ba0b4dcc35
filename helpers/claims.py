"""The rules of notebook 07: from a table of evidence to one verdict on a claim.

Each row of evidence is one number with its standard error, and the range in which it must lie for the claim to be true.
Its word is "for" where a 95 % interval lies wholly inside the range, "against" where it lies wholly outside, "open"
where it does neither: one side of an interval misses in 2.5 % of all tables, and Holm (1979) sees to it that this is
so of all rows of a claim together. ``made`` marks the settings that the claim is about as it is made (Keras' own cells,
the study's size); ``condition`` those in which the condition named beside the claim is met.

All rules were changed last on 2026-11-26 (``DATED`` says before which data). Those of the first edition had been
changed, too, after its first verdicts on published data.
"""

import numpy as np
import pandas as pd
from scipy import stats

from helpers.comparison import holm

SCALE = ("holds", "true only if", "contradicted as made", "not tested well enough", "a fact of construction")
DATED = {
    "seen": "2026-11-26, chosen after seeing the tables that it judges (of the first edition, or of notebook 05)",
    "sets": "2026-11-26, before the run on fifteen sets, after a trial on nine; the mean changed later, no verdict did",
    "fresh": "2026-11-26, after six seeds were seen, before the twelve others that it judges were trained",
    "counted": "nothing was measured",
}
SMALL = 0.025  # of either side of an interval


def evidence(setting, values, least=-np.inf, most=np.inf, *, made=True, condition=False):
    """A row from independent repetitions: their mean, its standard error, and its degrees of freedom.

    The claim is true of this setting where the mean lies between ``least`` and ``most``, in the unit of the values.
    Raises ValueError where fewer than two values are finite.
    """
    values = np.ravel(np.asarray(values, dtype=float))
    values = values[np.isfinite(values)]
    if len(values) < 2:
        raise ValueError(f"values must hold two numbers or more to have a spread; {setting!r} has {len(values)}.")
    se, dof = values.std(ddof=1) / len(values) ** 0.5, len(values) - 1
    return estimate(setting, values.mean(), se, dof, least, most, made=made, condition=condition)


def estimate(setting, number, se, dof, least=-np.inf, most=np.inf, *, made=True, condition=False):
    """A row from a number whose standard error and degrees of freedom are known, such as a pooled one."""
    row = {"setting": setting, "number": float(number), "se": float(se), "dof": float(dof)}
    return row | {"least": least, "most": most, "made": made, "condition": condition}


def judge(rows):
    """The table of evidence with each row's 95 % interval (of that row alone), p for and against, and word after Holm.

    A p is one-sided: for, the larger of the two ends of the range (Schuirmann 1987); against, the smaller. Raises
    ValueError for no rows, and for a standard error below zero.
    """
    table = pd.DataFrame(list(rows))
    if table.empty or not (table["se"] >= 0).all():
        raise ValueError("rows must hold at least one row of evidence, and no standard error below zero.")
    half = stats.t.ppf(1 - SMALL, table["dof"]) * table["se"]
    table["low"], table["high"] = table["number"] - half, table["number"] + half
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [(table["number"] - table["least"]) / table["se"], (table["most"] - table["number"]) / table["se"]]
    nearest = np.minimum(*ends)  # in standard errors: how far inside the range; below zero outside
    for name, distance in (("p_for", nearest), ("p_against", -nearest)):
        table[name] = holm(np.nan_to_num(stats.t.sf(distance, table["dof"]), nan=1.0))
    table["word"] = np.select([table["p_for"] < SMALL, table["p_against"] < SMALL], ["for", "against"], "open")
    return table


def verdict(judged):
    """A word of SCALE for a judged table of evidence, and whether the condition is met wherever it was tried.

    contradicted as made: a setting as the claim is made says the opposite. holds: every row is for. true only if: all
    rows that meet the condition are for. Everything else was not tested well enough to say.
    """
    met = judged["condition"].any() and bool((judged.loc[judged["condition"], "word"] == "for").all())
    if (judged.loc[judged["made"], "word"] == "against").any():
        return "contradicted as made", met
    holds = (judged["word"] == "for").all()
    return ("holds" if holds else "true only if" if met else "not tested well enough"), met


def counted(claimed, found):
    """The verdict on what can be counted: true by construction, or contradicted; nothing is measured."""
    return "a fact of construction" if claimed == found else "contradicted as made"
