"""Simple forecasts of the study's test days, scored as its networks are: the table ``03_baselines.csv`` of notebook 03.

Smoothing, Theta and the regression on weekdays see all of a series up to each day of forecast, where NLinear and the
networks see the last window. All are fitted before the first test day; later days only move their states.
"""

from itertools import product

import numpy as np
import pandas as pd
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from helpers import metrics, study
from helpers.baselines import make_baseline
from helpers.windows import min_max

PROTOCOLS = ("published", "sound")
TEST_DAYS = 251  # Velarde et al. (2022)
RATES = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")


def theta(values, origins, horizon, season):
    """Theta forecasts (origins, horizon) of a series (time,) from the days ``origins`` (Assimakopoulos & Nikolopoulos
    2000): simple smoothing, plus half the slope of a line through all that is known.

    Its rate and its additive ``season`` (in steps; 1: none) are those that statsmodels finds before the first origin.
    """
    options = {"period": season, "deseasonalize": season > 1, "use_test": False, "method": "additive"}
    fitted = ThetaModel(values[: origins[0]], **options).fit()
    cycle = fitted.forecast_components(season).seasonal.to_numpy()  # of the days from the first origin on
    seasons = cycle[(np.arange(len(values) + horizon) - origins[0]) % season]
    rate, adjusted = fitted.params["alpha"], values - seasons[: len(values)]
    smoothing = ExponentialSmoothing(adjusted, initialization_method="known", initial_level=adjusted[0])
    level = smoothing.fit(smoothing_level=rate, optimized=False).level
    ahead, forecasts = np.arange(horizon), []
    for day in origins:
        slope = np.polyfit(np.arange(day), adjusted[:day], 1)[0]
        line = slope * (ahead + (1 - (1 - rate) ** day) / rate)
        forecasts.append(level[day - 1] + line / 2 + seasons[day + ahead])
    return np.array(forecasts)


def damped(values, origins, horizon, season):
    """Forecasts (origins, horizon) by exponential smoothing with a damped trend and an additive ``season`` (1: none).

    Its rates and first states are those that statsmodels finds before the first origin.
    """
    options = {"trend": "add", "damped_trend": True}
    if season > 1:
        options |= {"seasonal": "add", "seasonal_periods": season}
    fitted = ExponentialSmoothing(values[: origins[0]], initialization_method="estimated", **options).fit()
    start = {"initial_level": fitted.params["initial_level"], "initial_trend": fitted.params["initial_trend"]}
    start |= {"initial_seasonal": fitted.params["initial_seasons"]} if season > 1 else {}
    rates = {name: fitted.params[name] for name in RATES if name != "smoothing_seasonal" or season > 1}
    smoothing = ExponentialSmoothing(values, initialization_method="known", **start, **options)
    states = smoothing.fit(**rates, optimized=False)
    steps = np.cumsum(rates["damping_trend"] ** np.arange(1, horizon + 1))
    last, ahead = np.asarray(origins)[:, None] - 1, np.arange(horizon)
    forecasts = states.level[last] + states.trend[last] * steps
    return forecasts + (states.season[last + 1 - season + ahead % season] if season > 1 else 0)


def weekdays(values, origins, horizon, season):
    """Forecasts (origins, horizon) by least squares on a line and the day of the ``season``, on all that is known."""
    days = np.arange(len(values) + horizon)
    design = np.column_stack([days[:, None] % season == np.arange(season), days / len(values)]).astype(float)
    solved = (design[day : day + horizon] @ np.linalg.lstsq(design[:day], values[:day])[0] for day in origins)
    return np.array(list(solved))


def measure(tables, seasons, horizons=(1, 20), window=60):
    """RMSE of each simple forecast on the study's test windows, on the published scale, a row for each series.

    ``tables`` is a dict of tables as from ``load``; ``seasons`` holds, for each, the period in steps that smoothing,
    Theta and the regression on weekdays use (1: none, and no regression). The seasonal naive forecast repeats the
    table's own ``season``, here as everywhere. NLinear is fitted on the first series (``nlinear``), as the networks
    are, and on all (``nlinear_all``).

    Returns a DataFrame with the columns protocol, dataset, source, horizon, model, series, rmse.
    """
    rows = []
    for name, table in tables.items():
        from_all = _from_all_the_past(table, seasons[name], max(horizons))
        for horizon, protocol in product(horizons, PROTOCOLS):
            parts = [study.prepare(table[column].to_numpy(), protocol, window, horizon) for column in table]
            case = {"protocol": protocol, "dataset": name, "source": table.attrs["source"], "horizon": horizon}
            for model, forecasts in (_from_windows(parts, table.attrs["season"]) | from_all).items():
                for column, part, forecast in zip(table, parts, forecasts, strict=True):
                    forecast = forecast[: len(part.actual), :horizon]
                    rows.append(case | {"model": model, "series": column, "rmse": metrics.rmse(part.actual, forecast)})
    return pd.DataFrame(rows)


def _from_windows(parts, season):
    """Each model's forecasts of the test windows, a list of arrays (origins, horizon) on the published scale."""
    forecasts = {}
    for model in ("last_value", "seasonal_naive", "nlinear", "nlinear_all"):
        seen = parts if model == "nlinear_all" else parts[:1]
        X, y = (np.concatenate([part.train[k] for part in seen]) for k in (0, 1))
        fitted = make_baseline(model.removesuffix("_all"), season).fit(X, y)
        forecasts[model] = [part.undo(fitted.predict(part.test[0])) for part in parts]
    return forecasts


def _from_all_the_past(table, season, horizon):
    """The same of the models that see all the past, from each of the test days on."""
    origins = np.arange(len(table) - TEST_DAYS, len(table))
    low, span = min_max(table)  # looks ahead, and changes nothing: these forecasts move with level and unit
    scaled = ((table.to_numpy() - low) / span).T
    rules = (theta, damped, weekdays) if season > 1 else (theta, damped)
    return {rule.__name__: [rule(values, origins, horizon, season) for values in scaled] for rule in rules}
