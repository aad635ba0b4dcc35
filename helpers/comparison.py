"""Is one model better than another, equal to it, or can't we tell? Thin over scipy.

Differences ``d`` are arrays (n_seeds, n_series): 100 log(error of the first model / error of the second), so that a
negative number speaks for the first. Every network is trained once a seed and then forecasts all series: rows and
columns both vary by chance, and both must be in the standard error.
"""

import gc

import numpy as np
from scipy import stats

from helpers.checks import check_array, check_one_device, check_positive
from helpers.study import BASELINES

CASE = ["protocol", "dataset", "source", "horizon"]  # a case: what one comparison is made in
# Rows 5, 7 and 9 of Activities are row 0 rolled, plus a line, times a constant; row 6 adds hardly any noise to it.
COPIES = {"activities": tuple(f"Activity {row}" for row in (0, 5, 6, 7, 9))}
SCALE = ("better", "equivalent", "undecided", "worse")  # of a verdict on the first of two models


def errors(rows, model, measure="rmse"):
    """A model's ``measure`` in the rows of one case, as a table (seed x series) in the order of the file.

    Raises ValueError where the model has no run or lacks some, and for seconds where networks ran on two devices.
    """
    if measure.endswith("seconds"):
        check_one_device("results", rows[rows["params"] > 0] if "params" in rows else rows)
    chosen = rows[rows["model"] == model]
    if chosen.empty:
        raise ValueError(f"the table has no run of {model}")
    table = chosen.pivot(index="seed", columns="series", values=measure)  # pivot_table would average doubles
    table = table[chosen["series"].unique()]
    if table.isna().any(axis=None):
        raise ValueError(f"{model} lacks {int(table.isna().sum().sum())} of its {table.size} seeds x series")
    return table


def log_ratios(rows, first, second, least_series=2):
    """100 log(RMSE of ``first`` / RMSE of ``second``), pair by pair: a table (seed x series). -2 is 2 % lower.

    ``rows`` are those of one case. Networks are paired by seed; a baseline's one run is paired with every seed. A
    ratio of own errors means the same on every series, however hard the series is to forecast. Raises ValueError where
    the pairs are not complete, a network has one seed, there are too few series, or a model makes no error at all.
    """
    a, b = (errors(rows, model) for model in (first, second))
    if set(a.columns) != set(b.columns):
        raise ValueError(f"{first} and {second} were not run on the same series")
    b = b[a.columns]
    if first in BASELINES and second not in BASELINES:
        a = a.iloc[[0] * len(b)].set_axis(b.index)
    elif second in BASELINES and first not in BASELINES:
        b = b.iloc[[0] * len(a)].set_axis(a.index)
    if set(a.index) != set(b.index):
        raise ValueError(f"{first} has the seeds {list(a.index)}, {second} has {list(b.index)}: no pairs")
    if len(a) < 2 and not {first, second} <= set(BASELINES):
        raise ValueError("one seed only, two are needed to tell luck from skill")
    if a.shape[1] < least_series:
        raise ValueError(f"{a.shape[1]} series only, {least_series} are needed to speak of other series")
    for model, error in ((first, a), (second, b)):
        if not (error > 0).all(axis=None):
            raise ValueError(f"{model} makes no error at all on a series, so there is no ratio")
    return 100 * np.log(a / b)


def merge_copies(d, dataset):
    """Average the columns of a table (seed x series) that are copies of one series: (seed x independent series)."""
    copies = [name for name in d.columns if name in COPIES.get(dataset, ())]
    labels = [" = ".join(copies) if name in copies else name for name in d.columns]
    return d.T.groupby(labels, sort=False).mean().T


def crossed_effects(d):
    """Mean of ``d`` (..., n_seeds, n_series), its standard error over new seeds *and* new series, and the sources.

    Two-way layout without replication: d = mean + series + seed + interaction. With the mean squares of the three,
    se^2 = (MS_series + MS_seed - MS_interaction) / (n_seeds n_series): the quasi-F of Clark (1973). Nothing is cut off
    where a source seems to have no variance, so that it is right on average; it is never below the smallest of the
    three. The degrees of freedom are Satterthwaite's (1946), and no fewer than the smaller sample has. With one seed
    (or one series) it is the usual one-sample t. Two seeds say next to nothing about their own spread: then there is 1
    degree of freedom.

    Returns a dict of arrays (...): mean, se, dof, and the variances of ``series``, ``seed`` and ``interaction``.
    """
    d = check_array("d", d, "tables, " * (getattr(d, "ndim", 2) - 2) + "n_seeds, n_series")
    n, m = d.shape[-2:]
    if n * m < 2:
        raise ValueError("one difference alone has no spread")
    mean = d.mean(axis=(-2, -1))
    seed = d.mean(axis=-1, keepdims=True) - mean[..., None, None]
    series = d.mean(axis=-2, keepdims=True) - mean[..., None, None]
    rest = d - mean[..., None, None] - seed - series
    ms_seed = m * (seed**2).sum(axis=(-2, -1)) / max(n - 1, 1)
    ms_series = n * (series**2).sum(axis=(-2, -1)) / max(m - 1, 1)
    ms_rest = (rest**2).sum(axis=(-2, -1)) / max((n - 1) * (m - 1), 1)
    total = np.maximum(ms_series + ms_seed - ms_rest, np.minimum(np.minimum(ms_series, ms_seed), ms_rest))
    parts = ms_series**2 / max(m - 1, 1) + ms_seed**2 / max(n - 1, 1) + ms_rest**2 / max((n - 1) * (m - 1), 1)
    dof = np.divide(total**2, parts, out=np.ones_like(total), where=parts > 0)
    return {
        "mean": mean,
        "se": np.sqrt(total / (n * m)),
        "dof": np.ones_like(dof) if n == 2 else np.maximum(dof, min(n, m) - 1),
        "series": np.maximum(ms_series - ms_rest, 0) / n,
        "seed": np.maximum(ms_seed - ms_rest, 0) / m,
        "interaction": ms_rest,
    }


def equivalence_p(mean, se, dof, margin):
    """p of the two one-sided t tests of |difference| >= ``margin`` (Schuirmann 1987): small means equivalent."""
    return stats.t.sf((margin - np.abs(mean)) / se, dof)


def fixed_smoothing(first, second):
    """Diebold & Mariano's test with fixed-smoothing critical values (Coroneo & Iacone 2020): (statistic, two-sided p).

    ``first`` and ``second`` are losses (..., n_origins) in order of time. The long-run variance is the mean of the
    periodogram of their difference at its m = n^(1/3) lowest frequencies; against Student's t with 2m degrees of
    freedom the test keeps its size also where forecasts of many steps overlap. Raises ValueError where the losses
    always differ by the same amount.
    """
    first, second = (
        check_array(name, losses, "n_series, " * (getattr(losses, "ndim", 1) - 1) + "n_origins")
        for name, losses in {"first": first, "second": second}.items()
    )
    if first.shape != second.shape:
        raise ValueError(f"first and second must have one shape; got {first.shape} and {second.shape}.")
    d = first - second
    if (np.ptp(d, axis=-1) == 0).any():
        raise ValueError("the losses differ by a constant: there is no spread to test against")
    n = d.shape[-1]
    m = int(np.cbrt(n) + 1e-9)
    variance = (np.abs(np.fft.rfft(d, axis=-1)[..., 1 : m + 1]) ** 2).mean(axis=-1) / n
    statistic = d.mean(axis=-1) / np.sqrt(variance / n)
    return statistic, 2 * stats.t.sf(np.abs(statistic), 2 * m)


def judge(d, margin, confidence=0.95):
    """All that a verdict needs of the differences ``d`` (n_seeds, n_series), in their unit; as a dict.

    ``difference`` with interval ``low`` .. ``high`` and two-sided ``p`` (crossed_effects); ``p_equivalence`` at
    ``margin`` and ``equivalent_from``, the smallest margin at which it is 1 - confidence. Raises ValueError where all
    differences are the same number.
    """
    d = check_array("d", d, "n_seeds, n_series")
    check_positive("margin", margin)
    effects = crossed_effects(d)
    mean, se, dof = (float(effects[name]) for name in ("mean", "se", "dof"))
    if not se > 1e-12 * max(1, abs(mean)):
        raise ValueError(f"all differences are {mean:.3g}, so there is no spread to test against")
    half = stats.t.ppf((1 + confidence) / 2, dof) * se
    return {
        "difference": mean,
        "se": se,
        "dof": dof,
        "low": mean - half,
        "high": mean + half,
        "p": float(2 * stats.t.sf(abs(mean) / se, dof)),
        "p_equivalence": float(equivalence_p(mean, se, dof, margin)),
        "equivalent_from": float(abs(mean) + stats.t.ppf(confidence, dof) * se),
        "n_seeds": d.shape[0],
        "n_independent": d.shape[1],
    }


def verdict(difference, p, p_equivalence, alpha=0.05):
    """One word of ``SCALE`` for the first model; both p adjusted for the family of tests where there is one."""
    if p_equivalence < alpha:
        return "equivalent"
    if p < alpha:
        return "better" if difference < 0 else "worse"
    return "undecided"


def holm(p):
    """The p values (n,) of one family after Holm's (1979) correction, by statsmodels."""
    from statsmodels.stats.multitest import multipletests  # only here: it takes a second to import

    gc.freeze()  # it collects garbage at each call, which takes a quarter of a second where TensorFlow is loaded
    try:
        return multipletests(p, method="holm")[1]
    finally:
        gc.unfreeze()


def decide(table, family, alpha=0.05):
    """Holm's correction within each ``family`` (columns of ``table``, say ["protocol"]), then a word for each row.

    ``table`` holds difference, p and p_equivalence, a row each comparison; returns it with p_holm,
    p_equivalence_holm and verdict, a word of ``SCALE``.
    """
    found = table.copy()
    for name in ("p", "p_equivalence"):
        found[f"{name}_holm"] = found.groupby(family, sort=False)[name].transform(holm)
    words = zip(found["difference"], found["p_holm"], found["p_equivalence_holm"], strict=True)
    found["verdict"] = [verdict(*row, alpha) for row in words]
    return found
