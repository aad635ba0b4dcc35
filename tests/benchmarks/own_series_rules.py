"""Which rule should recommend a simple forecast? ``python tests/benchmarks/own_series_rules.py FOLDER [series]``.

On all series of M1, M3 and Tourism, monthly and quarterly, with at least 60 values before the official holdout, each
rung of the ladder forecasts the holdout once, and three validation origins before it (kept in FOLDER: rules can then be
compared in seconds). A rule sees the validation errors alone. Development and report are two halves, drawn by seed 1.
Prints mean MASE relative to the mean of Theta and damped smoothing, and writes ``own_series_rules.csv`` into FOLDER.
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
from helpers.collections import load_set
from helpers.windows import make_windows, normalise_windows, undo_windows
from tools import rungs

SETS = [f"{name} {kind}" for name in ("M1", "M3", "Tourism") for kind in ("monthly", "quarterly")]
LEAST = 60


def series():
    """All series that count: (set, Series), in an order drawn by seed 1."""
    found = [(name, each) for name in SETS for each in load_set(name).series if len(each.training) >= LEAST]
    return [found[i] for i in np.random.default_rng(1).permutation(len(found))]


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


def collect(folder, most=None):
    """Forecasts of the first ``most`` series, computed where FOLDER does not have them yet: (set, name) -> dict."""
    file = Path(folder) / "forecasts.pkl"
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = pickle.loads(file.read_bytes()) if file.exists() else {}
    chosen = series()[:most]
    for number, (name, each) in enumerate(chosen):
        if (name, each.name) not in kept:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                kept[name, each.name] = forecasts(each)
        if number % 50 == 49 or number == len(chosen) - 1:
            part = file.with_suffix(".part")
            part.write_bytes(pickle.dumps(kept))
            part.replace(file)
    return {key: kept[key] for key in ((name, each.name) for name, each in chosen) if key in kept}


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
    best = min(means, key=means.get)
    found = {
        "the weighted mean (ours)": rungs.combined(made, rungs.weights_of(losses)),
        "the mean of the four best": np.mean([made[rung] for rung in order[:4]], axis=0),
        "mean of Theta and damped smoothing": made["both"],
        "that mean, unless another is 20 % better": made[best if means[best] < 0.8 * means["both"] else "both"],
        "the lowest error": made[best],
        "the first edition's rule": first_edition(item),
    }
    return found | {f"always {name}": made[rung] for rung, name in (("theta", "Theta"), ("damped", "damped smoothing"))}


def main(folder, most=None):
    found = collect(folder, int(most) if most else None)
    errors = pd.DataFrame([{r: mase(item, f) for r, f in recommended(item).items()} for item in found.values()])
    development = np.arange(len(errors)) % 2 == 0  # the order was drawn by seed
    table = pd.DataFrame({
        "all": errors.mean(), "development": errors[development].mean(), "report": errors[~development].mean(),
    })  # fmt: skip
    table = table / table.loc["mean of Theta and damped smoothing"]
    table["series"] = len(errors)
    print(table.round(4).to_string())
    table.rename_axis("rule").to_csv(Path(folder) / "own_series_rules.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
