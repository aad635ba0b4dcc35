"""The statistics of notebook 05: known values, coverage and false positives by simulation, bad input."""

import numpy as np
import pandas as pd
import pytest

from helpers import comparison
from helpers.data import DATASETS

LAST_VALUE = {("bankex", 1): 0.0161, ("bankex", 20): 0.0428, ("activities", 1): 0.3731, ("activities", 20): 0.4552}
LEVEL = {  # RMSE of a planted table in units of the last value's
    "bankex": dict(last_value=1, seasonal_naive=1.3, nlinear=1, rnn=1.06, gru=1.01, lstm=1, gru_matched=1.01),
    "activities": dict(last_value=1, seasonal_naive=0.1, nlinear=0.08, rnn=0.12, gru=0.09, lstm=0.1, gru_matched=0.09),
}
SECONDS = dict(last_value=0, seasonal_naive=0, nlinear=0.01, rnn=6, gru=20, lstm=26, gru_matched=27)
PARAMS = dict(last_value=0, seasonal_naive=0, nlinear=1220, rnn=16640, gru=50304, lstm=66560, gru_matched=66150)


def simulated_table(n_seeds=5, published_seeds=2, spread=0.02, seed=1, source="simulated"):
    """A table and losses in the format of notebook 04, with planted levels and spreads by series, seed and both."""
    rng = np.random.default_rng(seed)
    rows, losses = [], {}
    for protocol, seeds in (("published", published_seeds), ("sound", n_seeds)):
        for (dataset, horizon), scale in LAST_VALUE.items():
            names = DATASETS[dataset].columns
            cell = f"{dataset}|{source}|{horizon}"
            origins = 252 - horizon
            days = rng.gamma(2, 0.5, (10, origins))  # the same hard and easy days for all models
            actual = rng.choice([-1, 1], (10, origins)).astype(np.int8)
            losses.setdefault(f"actual/{cell}", actual)
            base = scale * rng.uniform(0.7, 1.3, 10)
            models = LEVEL[dataset] if protocol == "sound" else (*comparison.BASELINES, "gru", "lstm")
            for model in models:
                by_series = spread * rng.standard_normal(10)
                for run in [0] if model in comparison.BASELINES else range(1, seeds + 1):
                    luck = 0 if run == 0 else spread * (rng.standard_normal() + rng.standard_normal(10))
                    rmse = base * LEVEL[dataset][model] * np.exp(by_series + luck)
                    if model == "last_value":
                        rmse = base
                    loss = rmse[:, None] ** 2 * days * rng.gamma(8, 1 / 8, days.shape)
                    key = f"{protocol}|{cell}|{model}|{run}"
                    losses[f"loss/{key}"] = loss.astype(np.float32)
                    hit = rng.random(actual.shape) < 0.55
                    losses[f"direction/{key}"] = np.where(hit, losses[f"actual/{cell}"], -actual).astype(np.int8)
                    seconds = SECONDS[model] * rng.lognormal(0, 0.1)
                    for name, error in zip(names, rmse, strict=True):
                        row = [protocol, dataset, source, horizon, model, 128 if run else 0, PARAMS[model], run, name]
                        row += [
                            error,
                            0.8 * error,
                            error / scale,
                            rng.uniform(0.4, 0.6),
                            40 if run else 0,
                            seconds,
                            3.0,
                        ]
                        rows.append(row)
    return pd.DataFrame(rows, columns=comparison.COLUMNS), losses


def write(folder, **settings):
    table, losses = simulated_table(**settings)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "results.csv", index=False)
    np.savez_compressed(folder / "losses.npz", **losses)
    return folder / "results.csv"
