"""One answer from many data sets: an interval for the mean over sets, and one for the next data set.

Each data set is one observation of 100 log(error of the first model / error of the second), with a standard error over
new seeds and new series. How much the sets truly differ is estimated by statsmodels' ``combine_effects``.
"""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from helpers.checks import check_array
from helpers.comparison import crossed_effects, equivalence_p, verdict


def set_effect(first, second):
    """The effect in one set, from errors (n_seeds, n_series) of two models: a dict of numbers.

    Seeds are paired in order; a model with one row (a simple forecast, an ensemble) is paired with every seed of the
    other. ``left_out`` series, where one of the two errors is 0 or not defined (no scale), have no ratio.
    """
    first, second = (np.asarray(values, float) for values in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"first and second must have shape (n_seeds, n_series), of the same series; got {first.shape} and "
            f"{second.shape}."
        )
    n = max(len(first), len(second)) if 1 in (len(first), len(second)) else min(len(first), len(second))
    first, second = first[:n], second[:n]
    known = ((first > 0) & np.isfinite(first)).all(axis=0) & ((second > 0) & np.isfinite(second)).all(axis=0)
    effect = crossed_effects(100 * np.log(first[:, known] / second[:, known]))
    row = {"difference": effect["mean"], "se": effect["se"], "dof": effect["dof"]}
    return {name: float(value) for name, value in row.items()} | {"series": known.sum(), "left_out": (~known).sum()}


def pool(effects, margin=2.0):
    """The mean over data sets and their spread, from a table with ``difference`` and ``se``, a row a set: a dict.

    ``difference`` is the mean in which each set counts once, with the interval ``low`` .. ``high`` of the one-sample t
    test: it keeps its promise also where sets are measured with unequal precision (Ibragimov & Müller 2010). Weights by
    precision would need the spread between sets to be known; estimated too small, it hands the mean to the one set that
    is measured best. ``tau`` is that spread (random effects; Paule & Mandel 1982); ``prediction_low`` ..
    ``prediction_high`` is where the true effect of a new set lies with 95 % confidence: mean +- t(k - 2) sqrt(tau^2 +
    se^2) (Higgins, Thompson & Spiegelhalter 2009). ``p_equivalence`` is that of the two one-sided tests at ``margin``;
    ``p_wilcoxon`` is the signed-rank test's over sets.

    Raises ValueError for fewer than three sets, or a standard error that is not positive.
    """
    differences, errors = (check_array(name, effects[name], "k") for name in ("difference", "se"))
    k = len(differences)
    if k < 3:
        raise ValueError(f"effects must hold at least 3 data sets to speak of new ones; got {k}.")
    if not (errors > 0).all():
        raise ValueError("effects must have positive standard errors in every set.")
    tau2 = float(combine_effects(differences, errors**2, method_re="iterated").tau2)
    mean, se = float(differences.mean()), float(stats.sem(differences))
    half, reach = stats.t.ppf(0.975, k - 1) * se, stats.t.ppf(0.975, k - 2) * np.sqrt(tau2 + se**2)
    p, p_equivalence = 2 * stats.t.sf(abs(mean) / se, k - 1), equivalence_p(mean, se, k - 1, margin)
    return {
        **{"k": k, "difference": mean, "se": se, "low": mean - half, "high": mean + half, "p": float(p)},
        **{"p_equivalence": float(p_equivalence), "verdict": verdict(mean, p, p_equivalence), "tau": np.sqrt(tau2)},
        **{"prediction_low": mean - reach, "prediction_high": mean + reach},
        "p_wilcoxon": float(stats.wilcoxon(differences).pvalue),
    }


def relatives(effects, family):
    """One row for each family of sets (``family``: set -> its name): means of the effects, taken as independent."""
    groups = effects.groupby(effects["set"].map(family), sort=False)
    table = groups["difference"].mean().to_frame()
    table["se"] = groups["se"].agg(lambda errors: np.sqrt((errors**2).sum()) / len(errors))
    return table.rename_axis("set").reset_index()


def leave_one_out(effects, margin=2.0):
    """``pool`` with each set left out once: a table, a row a set that is missing."""
    return pd.DataFrame([{"without": name} | pool(effects[effects["set"] != name], margin) for name in effects["set"]])
