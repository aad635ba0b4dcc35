"""Which rule should recommend a simple forecast? ``python tests/benchmarks/own_series_rules.py FOLDER [OTHER]``.

On all series of M1, M3 and Tourism, monthly and quarterly, with at least 60 values before the official holdout, each
rung of the ladder forecasts the holdout once, and three validation origins before it (kept in FOLDER: rules can then be
compared in seconds). A rule sees the validation errors alone. Prints mean MASE relative to the mean of Theta and damped
smoothing, and writes ``own_series_rules.csv`` into FOLDER.

What was seen when: the series are cut in two halves by seed 1. The first rule of this edition (weights of 1 / squared
error^2; NLinear by least squares) was formed when both halves had been seen. Today's (weights of 1 / squared error of
three rungs; NLinear by ridge) was formed on the half *development* alone; the half *report*, though nothing was chosen
on it this time, had been looked at before. (That NLinear's window grows on series above 280 values was settled with
notebook 08's CO2 before our eyes, its test part included.) So a third column: OTHER, a file of NumPy (npz: name ->
values of a monthly series, the last 18 are its holdout), is of series that no rule had seen. Ours held 75 series each,
drawn by seed 4, of the data sets ``aus_retail`` and ``PBS`` of the R package tsibbledata (a9c811a) and ``hospital`` of
expsmooth (c19f978), and the 54 of ``aus_livestock`` of tsibbledata; they were forecast once, after the rule was
settled.
"""

import os
import pickle
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

from helpers.baselines import make_baseline
from helpers.collections import Series, load_set
from helpers.windows import make_windows, normalise_windows, undo_windows
from tools import rungs

SETS = [f"{name} {kind}" for name in ("M1", "M3", "Tourism") for kind in ("monthly", "quarterly")]
LEAST, MONTHS = 60, 18  # values before the holdout; steps ahead of other monthly series


def series():
    """All series that count: (set, Series), in an order drawn by seed 1."""
    found = [(name, each) for name in SETS for each in load_set(name).series if len(each.training) >= LEAST]
    return [found[i] for i in np.random.default_rng(1).permutation(len(found))]


def other_series(file):
    """The series of a file of NumPy that count, as ``series`` gives them."""
    found = []
    with np.load(file) as table:
        for name in table:
            training, holdout = table[name][:-MONTHS].astype(float), table[name][-MONTHS:].astype(float)
            if len(training) >= LEAST and np.abs(training[12:] - training[:-12]).max() > 0:
                found.append(("other", Series(name, training, holdout, 12, MONTHS, "", str(file), MONTHS)))
    return found


def validation_origins(n, horizon):
    """Three origins in the last two horizons before n, as far as half of the values stay before them."""
    start = min(max(n - horizon - max(horizon, 6), n // 2), n - horizon)
    return np.unique(np.linspace(start, n - horizon, 3).round().astype(int))


def forecasts(each):
    """All that a rule may see of one series, and what it may recommend."""
    n, horizon = len(each.training), each.horizon
    season = rungs.find_season(each.training, (each.period,))
    origins = validation_origins(n, horizon)
    ahead = rungs.all_rungs(each.values, [n], horizon, season)
    return {
        "season": season, "period": each.period, "origins": origins, "training": each.training, "actual": each.holdout,
        "val": rungs.all_rungs(each.training, origins, horizon, season), "fin": {r: f[0] for r, f in ahead.items()},
    }  # fmt: skip


def collect(file, chosen):
    """Forecasts of the ``chosen`` series, computed where the file does not have them yet: (set, name) -> dict."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = pickle.loads(file.read_bytes()) if file.exists() else {}
    missing = [(name, each) for name, each in chosen if (name, each.name) not in kept]
    for number, (name, each) in enumerate(missing, start=1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept[name, each.name] = forecasts(each)
        if number % 50 == 0 or number == len(missing):
            part = file.with_suffix(".part")
            part.write_bytes(pickle.dumps(kept))
            part.replace(file)
    return [kept[name, each.name] for name, each in chosen]


def first_edition(item):
    """What the first edition recommends: the simplest of its rungs within two standard errors of the lowest error on
    the last 15 % (a horizon at least), each fitted once on what lies before, and so without those values in the fit."""
    values, horizon = item["training"], len(item["actual"])
    n, season = len(values), rungs.find_season(values)
    first = n - max(round(0.15 * n), horizon + 3)
    window = max(season, 2, min(max(3 * season, horizon, 24), first // 4, 104))
    X, y = make_windows(np.concatenate([values, np.full(horizon, np.nan)]), window, horizon)
    ends = np.arange(len(X)) + window
    floor = 0.1 * max(X[: first - window].std(axis=1).mean(), 1e-9)
    X_scaled, y_scaled, undo = normalise_windows(X, y, floor)
    train, held = ends + horizon <= first, (ends >= first) & (ends + horizon <= n)
    losses, made = {}, {}
    for name in ("last_value", "drift", *["seasonal_naive"] * (season > 1), "nlinear"):
        model = make_baseline(name, season).fit(X_scaled[train], y_scaled[train])
        made[name] = undo_windows(model.predict(X_scaled), *undo)
        losses[name] = ((made[name] - y)[held] ** 2).mean(axis=1)
    best = min(losses, key=lambda name: losses[name].mean())
    blocks = max(1, min(10, held.sum() // horizon))
    for name, each in losses.items():
        spread = min(x.std() for x in (each - losses[best], losses[best]))
        if (each - losses[best]).mean() <= 2 * spread / np.sqrt(blocks):
            return made[name][-1]


def validation_losses(item):
    """Squared errors (origins,) of each rung on the validation origins."""
    steps = np.add.outer(item["origins"], np.arange(len(item["actual"])))
    return {rung: ((f - item["training"][steps]) ** 2).mean(axis=1) for rung, f in item["val"].items()}


def mase(item, forecast):
    """Mean absolute error over that of the seasonal naive forecast within the training part, of the official period."""
    values, period = item["training"], item["period"]
    return np.abs(forecast - item["actual"]).mean() / np.abs(values[period:] - values[:-period]).mean()


def recommended(item):
    """What each rule recommends for one series: name of the rule -> forecast (horizon,)."""
    losses, made = validation_losses(item), item["fin"]
    means = {rung: each.mean() for rung, each in losses.items()}
    order = sorted((rung for rung in means if rung != "both"), key=means.get)
    best, three = min(means, key=means.get), [made[rung] for rung in ("nlinear", "theta", "damped")]
    weights = rungs.weights_of(losses)
    steeper = {rung: weight**2 / sum(w**2 for w in weights.values()) for rung, weight in weights.items()}
    found = {
        "the weighted mean (ours)": rungs.combined(made, weights),
        "the weighted mean, weights squared": rungs.combined(made, steeper),
        "the plain mean of the same three": np.mean(three, axis=0),
        "the median of the same three": np.median(three, axis=0),
        "the mean of the four best": np.mean([made[rung] for rung in order[:4]], axis=0),
        "mean of Theta and damped smoothing": made["both"],
        "that mean, unless another is 20 % better": made[best if means[best] < 0.8 * means["both"] else "both"],
        "the lowest error": made[best],
        "the first edition's rule": first_edition(item),
    }
    names = {"theta": "Theta", "damped": "damped smoothing", "nlinear": "NLinear"}
    return found | {f"always {name}": made[rung] for rung, name in names.items()}


def compared(items):
    """Mean MASE of each rule (columns) for each series (rows)."""
    return pd.DataFrame([{r: mase(item, f) for r, f in recommended(item).items()} for item in items])


def main(folder, other=None):
    errors = compared(collect(Path(folder) / "forecasts.pkl", series()))
    development = np.arange(len(errors)) % 2 == 0  # the order was drawn by seed
    parts = {"all": errors, "development": errors[development], "report": errors[~development]}
    if other:
        parts["other"] = compared(collect(Path(folder) / "other.pkl", other_series(other)))
    table = pd.DataFrame({name: part.mean() for name, part in parts.items()})
    table = table / table.loc["mean of Theta and damped smoothing"]
    table["series"] = len(errors)
    table["other_series"] = len(parts.get("other", ()))
    print(table.round(4).to_string())
    table.rename_axis("rule").to_csv(Path(folder) / "own_series_rules.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
