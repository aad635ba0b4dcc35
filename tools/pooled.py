"""The errors of the study of many data sets (notebook 06), pooled over the sets: ``python -m tools.pooled FOLDER``.

Reads ``data_sets.npz`` and ``data_sets_search.csv`` of a folder and writes beside them ``effects_by_set.csv`` (a row
each set and comparison), ``pooled.csv`` (a row each comparison, over all sets), ``set_features.csv`` (what the sets are
like) and ``what_matters.csv`` (how far a choice moves the error of each set).

Written down before the run that is published was there: its first comparison is MASE, of networks whose rate and width
were chosen on validation parts, refitted on all data before the holdout; everything else is shown beside it.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from helpers import collections, pooling
from tools.results import storing

MAIN = "GRU against LSTM"
REFITTED, VALIDATED = "refitted", "validated"
METRICS = ("mase", "smape", "rmsse")
QUESTIONS = [  # question, the two models
    (MAIN, "gru", "lstm"),
    ("GRU against LSTM, untuned", "gru_default", "lstm_default"),
    ("GRU against LSTM, equal weights", "gru_matched", "lstm"),
    ("GRUs against LSTMs, ensembles", "gru_ensemble", "lstm_ensemble"),
    ("GRU against plain RNN", "gru", "rnn"),
    ("LSTM against plain RNN", "lstm", "rnn"),
    ("GRUs' ensemble against one GRU", "gru_ensemble", "gru"),
    ("LSTMs' ensemble against one LSTM", "lstm_ensemble", "lstm"),
    ("GRU tuned against untuned", "gru", "gru_default"),
    ("LSTM tuned against untuned", "lstm", "lstm_default"),
    ("GRU against seasonal naive", "gru", "seasonal_naive"),
    ("GRU against NLinear", "gru", "nlinear"),
    ("GRU against Theta", "gru", "theta"),
    ("LSTM against Theta", "lstm", "theta"),
    ("GRU against damped smoothing", "gru", "damped"),
    ("GRU against Theta and damped", "gru", "theta_damped"),
    ("LSTM against Theta and damped", "lstm", "theta_damped"),
    ("Ensemble of both against Theta", "both_ensemble", "theta"),
    ("Ensemble of both against Theta and damped", "both_ensemble", "theta_damped"),
]
PLANS = [(MAIN, "gru", "lstm", metric, fit) for fit in (REFITTED, VALIDATED) for metric in METRICS]
PLANS += [(*question, "mase", REFITTED) for question in QUESTIONS[1:]]
# MASE of the three scales of a window that were tried on validation parts before the run (BUDGET in tools/many.py)
SCALES_TRIED = {"M3 quarterly": (1.220, 1.201, 1.220), "M3 monthly": (0.951, 0.954, 0.992)}
TRIED = ("set", "model", "learning_rate", "units", "validation", "chosen")  # columns of data_sets_search.csv
STRENGTH_FROM = 1000  # of a long series the last values only, as Theta sees them


def family(name):
    """The relatives of a set: those of one competition, and the two transformers of ETT."""
    return "ETT" if name.startswith("ETT") else name if name.startswith("Exchange") else name.split()[0]


def effects_by_set(errors):
    """A row for each comparison of ``PLANS`` and each set that has both models.

    ``errors``: "metric|set|model|fit" -> (seeds, series), as in ``data_sets.npz``. Where a model of the comparison has
    one row only (a simple forecast, an ensemble) it is paired with each seed of the other. ``low`` .. ``high`` holds
    the effect over new seeds and new series of that set with 95 %.
    """
    rows = []
    for question, first, second, metric, fit in PLANS:
        for name in dict.fromkeys(key.split("|")[1] for key in errors):
            # simple forecasts are fitted on all data: they are called refitted
            pair = [errors.get(f"{metric}|{name}|{model}|{fit}") for model in (first, second)]
            if any(values is None for values in pair):
                continue
            found = pooling.set_effect(*pair)
            half = stats.t.ppf(0.975, found["dof"]) * found["se"]
            bounds = {"low": found["difference"] - half, "high": found["difference"] + half}
            asked = {"question": question, "first": first, "second": second, "measure": metric, "fit": fit}
            rows.append(asked | {"set": name, "family": family(name)} | found | bounds)
    return pd.DataFrame(rows)


def pooled(effects):
    """``effects_by_set`` over the sets: a row for each comparison that three sets or more have, the first one first."""
    asked = ["question", "first", "second", "measure", "fit"]
    rows = [
        dict(zip(asked, key, strict=True)) | pooling.pool(group)
        for key, group in effects.groupby(asked, sort=False)
        if len(group) >= 3
    ]
    return pd.DataFrame(rows, columns=None if rows else [*asked, "k", "difference", "low", "high"])


def strengths(values, period):
    """How strong trend and season of a series are, from 0 to 1 (Wang, Smith & Hyndman 2006; Hyndman & Athanasopoulos
    2021, section 4.3): (trend, season).

    The share of the spread of trend and rest (season and rest) that is not the rest's. Trend and season come from
    STL; without a period the trend is a smooth line (lowess) and the season 0. NaN for a series shorter than two
    periods and a value more, and for one that never changes.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess
    from statsmodels.tsa.seasonal import STL

    values = np.asarray(values, float)[-STRENGTH_FROM:]
    if len(values) <= max(2 * period, 4) or np.ptp(values) == 0:
        return np.nan, np.nan
    if period == 1:
        trend = lowess(values, np.arange(len(values)), frac=0.5, it=0, return_sorted=False)
        season, rest = np.zeros(len(values)), values - trend
    else:
        parts = STL(values, period=period).fit()
        trend, season, rest = parts.trend, parts.seasonal, parts.resid
    found = [1 - rest.var() / max((part + rest).var(), 1e-300) for part in (trend, season)]
    return tuple(max(0.0, share) for share in found[: 1 + (period > 1)]) + (0.0,) * (period == 1)


def features(sets):
    """What sets (name -> SeriesSet) are like: a row each, with medians over the series.

    ``mixed`` says whether a set mixes fields of business (M1, M3, M4 weekly) or comes from one field.
    """
    rows = []
    for name, group in sets.items():
        found = np.array([strengths(series.training, group.period) for series in group.series])
        trend, season = np.nanmedian(found, axis=0)
        length = float(np.median([len(series.training) for series in group.series]))
        rows.append(
            {"set": name, "family": family(name), "series": len(group.series), "horizon": group.horizon}
            | {"period": group.period, "length": length, "trend": trend, "season": season}
            | {"mixed": name.startswith(("M1", "M3", "M4 weekly"))}
        )
    return pd.DataFrame(rows)


def what_matters(errors, effects, tries):
    """How far one choice moves a set's error, in 100 log units whatever the direction: a table choice, set, size.

    Of the GRU where it is a matter of the network. Seeds: the mean distance between two of them, of means over series.
    Rate and width: the best against the worst of what the search tried, the other as chosen, on the validation parts.
    """
    rows = [("window's scale", name, 100 * np.log(max(mase) / min(mase))) for name, mase in SCALES_TRIED.items()]
    choices = {"GRU or LSTM": MAIN, "ten networks or one": "GRUs' ensemble against one GRU"}
    choices |= {"searched or default": "GRU tuned against untuned"}
    choices |= {"network or Theta and damped": "GRU against Theta and damped"}
    main = effects[(effects["measure"] == "mase") & (effects["fit"] == REFITTED)]
    for choice, question in choices.items():
        own = main[main["question"] == question]
        rows += [(choice, *row) for row in zip(own["set"], own["difference"].abs(), strict=True)]
    for name in tries["set"].unique():
        logs = 100 * np.log(errors[f"mase|{name}|gru|{REFITTED}"])
        seeds = np.nanmean(np.where(np.isfinite(logs), logs, np.nan), axis=1)
        apart = np.abs(seeds[:, None] - seeds)[np.triu_indices(len(seeds), 1)]
        rows.append(("another seed", name, apart.mean()))
        own = tries[(tries["set"] == name) & (tries["model"] == "gru")]
        chosen = own[own["chosen"]].iloc[0]
        for choice, kept in (("learning rate", "units"), ("width", "learning_rate")):
            tried = own.loc[own[kept] == chosen[kept], "validation"]
            rows += [(choice, name, 100 * np.log(tried.max() / tried.min()))] * (len(tried) > 1)
    return pd.DataFrame(rows, columns=["choice", "set", "size"])


def write(folder, errors, tries, sets):
    """Write the four tables of these errors, tries and sets into ``folder``; return them as name -> table."""
    effects = effects_by_set(errors)
    tables = {"effects_by_set.csv": effects, "pooled.csv": pooled(effects), "set_features.csv": features(sets)}
    tables["what_matters.csv"] = what_matters(errors, effects, tries)
    for name, table in tables.items():
        part = Path(folder) / f"{name}.part"
        with storing(folder, part):
            table.to_csv(part, index=False)
            part.replace(Path(folder) / name)
    return tables


def read(folder):
    """The arrays of ``data_sets.npz`` and the table ``data_sets_search.csv`` of a folder: (errors, tries).

    Raises ValueError in one sentence where they are not as ``tools.many`` writes them.
    """
    errors = dict(np.load(folder / "data_sets.npz", allow_pickle=False))
    strange = [key for key in errors if key.count("|") != 3 or np.ndim(errors[key]) != 2]
    if strange or not errors:
        raise ValueError(
            "data_sets.npz must hold arrays (seeds, series) named metric|set|model|fit; got "
            f"{strange[0] if strange else 'none'!r}."
        )
    tries = pd.read_csv(folder / "data_sets_search.csv")
    if missing := [name for name in TRIED if name not in tries]:
        raise ValueError(
            f"data_sets_search.csv lacks the column(s) {', '.join(missing)}; it must have {', '.join(TRIED)}."
        )
    return errors, tries


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Pool the errors of the study of many data sets over the sets.")
    parser.add_argument("folder", type=Path, help="where data_sets.npz lies, and where the tables go")
    folder = parser.parse_args(arguments).folder
    if not (folder / "data_sets.npz").is_file():
        parser.error(f"FOLDER must hold data_sets.npz, as python -m tools.many writes it; got {str(folder)!r}.")
    try:
        errors, tries = read(folder)
    except ValueError as error:
        parser.error(str(error))
    sets, _ = collections.load_sets(list(dict.fromkeys(key.split("|")[1] for key in errors)))
    table = write(folder, errors, tries, sets)["pooled.csv"]
    print(table[["question", "measure", "fit", "k", "difference", "low", "high"]].round(2).to_string(index=False))


if __name__ == "__main__":
    main()
