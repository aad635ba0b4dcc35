"""Forecasts of one series without a network, from the plainest up, and the rule that recommends one of them.

All forecasts are made from rolling origins: what is known at an origin is what lies before it, nothing else.
"""

import warnings
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from scipy.signal import detrend
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.tsa.forecasting.stl import STLForecast
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.stattools import acf

from helpers import ragged

PLAIN = ("mean", "last_value", "drift", "seasonal_naive")
RUNGS = (*PLAIN, "nlinear", "theta", "damped", "both")
MIXED = ("nlinear", "theta", "damped", "regression")  # in the weighted mean
ENOUGH, NEAR = 8, (0.03, 0.12)  # independent stretches of time for a choice; how near the plainest must be to the best
APART = 5  # steps between two blocks of time: without, 6 % of equals were called different, with it 5 % (own_promises)
RECENT, PENALTIES = 5_000, np.logspace(-2, 4, 13)  # windows that a regression learns from, and its penalties
LONG_SEASON = 24  # above it smoothing gets the series without its season: a state for each step is too many
CALENDAR = {  # steps of a season that a frequency suggests
    **dict.fromkeys(("MS", "ME", "BMS", "BME"), (12,)), **dict.fromkeys(("QS", "QE", "3MS", "3ME"), (4,)),
    **dict.fromkeys(("W", "7D"), (52,)), "B": (5,), "D": (7,), "h": (24, 168), "30min": (48, 336), "15min": (96, 672),
}  # fmt: skip


def correlation(values, lag):
    """Autocorrelation of values (n,) at one lag."""
    centred = values - values.mean()
    return np.mean(centred[lag:] * centred[:-lag]) / max(centred.var(), 1e-300)


def _repeats(values, s):
    """Whether the changes over a quarter of s steps, at least one, repeat after s steps beyond chance."""
    k = max(1, s // 4)
    return correlation(values[k:] - values[:-k], s) > 4 * np.sqrt((1 + 2 * k / 3) / len(values))


def suggested(index):
    """Periods in steps that the frequency of an index of times suggests; () for none."""
    return CALENDAR.get((getattr(index, "freqstr", None) or "").split("-")[0], ())


def find_season(values, calendar=(), longest=200):
    """The period of values (n,) in steps, 1 for none.

    One that the ``calendar`` suggests (12 for months) counts if the autocorrelation of the changes there is beyond
    chance (90 %, Bartlett's formula, as in the M competitions); of several, the one that copies best. Else it is the
    highest peak of the autocorrelation at which the *changes* over a quarter of the period repeat, too (a series that
    merely wanders has slow waves that look like seasons), or a divisor of it.
    """
    n, found = len(values), {}
    if np.ptp(values) == 0:
        return 1
    for s in calendar:
        changes = np.diff(values)
        if n > 2 * s + 2 and np.ptp(changes) > 0:
            rho = acf(changes, nlags=s)[1:]
            if rho[-1] > 1.645 * np.sqrt((1 + 2 * (rho[:-1] ** 2).sum()) / n):
                found[s] = np.abs(values[s:] - values[:-s]).mean()
    if found:
        return min(found, key=found.get)
    longest = min(longest, n // 3)
    rho = acf(detrend(values), nlags=longest + 1, adjusted=True)
    peaks = [s for s in range(2, longest + 1) if rho[s] >= max(rho[s - 1], rho[s + 1], 4 / np.sqrt(n))]
    seasons = [s for s in peaks if _repeats(values, s)]
    best = max(seasons, key=lambda s: rho[s], default=1)
    for s in seasons:  # is the best a multiple of this one, give or take the step by which noise shifts a peak?
        times = round(best / s)
        if abs(best / times - s) <= 1 and rho[s] >= 0.9 * rho[best]:
            return round(best / times)
    return 1


def window_for(n, horizon, season):
    """Input steps of a network for n known values: three seasons, 24 steps and a horizon, as far as 60
    steps and a quarter of the values allow; always one season."""
    return max(season, 2, min(max(3 * season, horizon, 24), n // 4, 60))


def damped(values, origins, horizon, season):
    """Forecasts (origins, horizon) by exponential smoothing with a damped trend, its rates fitted at the first origin.

    A season above 24 steps is taken out by STL (Cleveland et al. 1990), and put back.
    """
    if season <= LONG_SEASON or origins[0] <= 2 * season:
        season = season if season <= LONG_SEASON else 1
        return ragged.damped(SimpleNamespace(values=values, origins=origins, horizon=horizon, period=season))
    forecasts, options = [], {"trend": "add", "damped_trend": True, "initialization_method": "estimated"}
    for origin in origins:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = values[max(0, origin - max(ragged.LONGEST, 4 * season)) : origin]
            model = STLForecast(known, ExponentialSmoothing, model_kwargs=options, period=season)
            forecasts.append(np.asarray(model.fit().forecast(horizon)))
    return np.array(forecasts)


def theta(values, origins, horizon, season):
    """Theta forecasts (origins, horizon), fitted at each origin (Assimakopoulos & Nikolopoulos 2000)."""
    return ragged.theta(SimpleNamespace(values=values, origins=origins, horizon=horizon, period=season))


def nlinear(values, origins, horizon, season):
    """NLinear's forecasts (origins, horizon), fitted on the windows before the first origin (Zeng et al. 2023).

    A window holds the last season and one step, 13 steps at least, and up to 60 where there are twenty values a step.
    Its weights are kept small by ridge regression, how small leaving one window out decides: by plain least squares, a
    hundred windows are learnt by heart.
    """
    window = max(season + 1, 13, min(origins[0] // 20, 60))
    ends = ragged.training_origins(origins[0], window, horizon)[-RECENT:]
    if not len(ends):
        return np.repeat(values[np.asarray(origins) - 1][:, None], horizon, axis=1)
    X, asked = (ragged.windows_at(values, at, window) for at in (ends, origins))
    changes = values[ends[:, None] + np.arange(horizon)] - X[:, -1:]
    model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(X - X[:, -1:], changes)
    return model.predict(asked - asked[:, -1:]) + asked[:, -1:]


def plain(values, origins, horizon, season):
    """The forecasts that need no fit: name -> (origins, horizon). Drift as in Hyndman & Athanasopoulos 2021, 5.2."""
    origins, steps = np.asarray(origins), np.arange(1, horizon + 1)
    last = values[origins - 1][:, None]
    slope = (last - values[0]) / np.maximum(origins - 1, 1)[:, None]
    means = (np.cumsum(values)[origins - 1] / origins)[:, None]
    found = {"mean": means + 0 * steps, "last_value": last + 0 * steps, "drift": last + slope * steps}
    if season > 1:
        found["seasonal_naive"] = values[origins[:, None] - season + (steps - 1) % season]
    return found


def all_rungs(values, origins, horizon, season):
    """The whole ladder of one series (n,) without gaps from its ``origins``: name -> forecasts (origins, horizon)."""
    origins = np.asarray(origins)
    found = plain(values, origins, horizon, season)
    found["nlinear"] = nlinear(values, origins, horizon, season)
    found["theta"] = theta(values, origins, horizon, season)
    found["damped"] = damped(values, origins, horizon, season)
    found["both"] = (found["theta"] + found["damped"]) / 2
    return found


def rolling_origins(n, horizon, start, most=24):
    """At most ``most`` origins from ``start`` on, evenly spaced, each with a whole horizon before n."""
    return np.arange(start, n - horizon + 1)[:: -max(1, -(-(n - horizon + 1 - start) // most))][::-1]


def regression(values, inputs, origins, horizon, season):
    """Forecasts (origins, horizon) by ridge regression on the last season (at least 12 steps) and on the inputs of that
    time and of the step itself, one for each step, fitted before the first origin. ``inputs`` (n + horizon, k), scaled.
    """
    lags = max(min(season, 60), 12)
    train = np.arange(lags, origins[0] - horizon + 1)[-RECENT:]
    if len(train) < 10:
        return np.repeat(values[np.asarray(origins) - 1][:, None], horizon, axis=1)
    back = np.arange(-lags, 0)

    def features(ends, step):
        rows = np.asarray(ends)[:, None] + back
        seen = values[rows] - values[rows[:, -1:]]
        now = inputs[rows[:, -1]]
        past = (inputs[rows] - now[:, None]).reshape(len(rows), -1)
        return np.concatenate([seen, past, now, inputs[np.asarray(ends) + step]], axis=1)

    found = []
    for step in range(horizon):
        model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES))
        model.fit(features(train, step), values[train + step] - values[train - 1])
        found.append(model.predict(features(origins, step)) + values[np.asarray(origins) - 1])
    return np.stack(found, axis=1)


def independent(origins, step):
    """How many of the origins have no target in common, ``step`` steps ahead: what an average over them rests on."""
    return min(len(origins), (origins[-1] - origins[0]) / step + 1)


def weights_of(losses):
    """Weights of a combined forecast, from the losses (origins,) of each rung: name -> weight, 1 in all.

    Each in proportion to 1 / (mean squared error) on the validation origins (Bates & Granger 1969): what was twice as
    far off counts a quarter. Only rungs that can follow a series take part.
    """
    means = {name: max(np.nanmean(losses[name]), 1e-12) for name in MIXED if name in losses}
    least = min(means.values())
    raw = {name: least / mean for name, mean in means.items()}
    return {name: value / sum(raw.values()) for name, value in raw.items()}


def combined(forecasts, weights):
    """The weighted mean of forecasts (name -> array)."""
    return sum(weight * forecasts[name] for name, weight in weights.items())


def block_means(losses, rows, horizon, most=6, shortest=20):
    """Mean losses (..., blocks) of up to ``most`` blocks of origins, ``shortest`` rows or a horizon at least; no target
    lies in two blocks, and ``APART`` steps lie between two, so that one says little about the next."""
    span = rows[-1] - rows[0] + 1
    n_blocks = max(1, min(most, span // max(horizon, shortest)))
    borders = rows[0] + span * np.arange(n_blocks + 1) // n_blocks
    blocks = [(rows >= start) & (rows <= max(stop - max(horizon, APART), start)) for start, stop in pairwise(borders)]
    return np.stack([np.nanmean(losses[..., b], axis=-1) for b in blocks if b.any()], axis=-1)


def choose(losses, origins, horizon):
    """The rung that is recommended, from the losses (origins,) of each on the validation origins, "weighted" included.

    On less than eight stretches of time the lowest error is luck: then it is the weighted mean. Else it is the plainest
    of the plain forecasts whose mean squared error is within two standard errors of the lowest, over blocks of time,
    and within 12 % of it (or within 3 %, however sure the difference); and if none is, the lowest.
    """
    blocks = {name: block_means(each, origins, horizon) for name, each in losses.items()}
    if independent(origins, horizon) < ENOUGH:
        return "weighted"
    best = min(blocks.values(), key=np.mean)
    for name in PLAIN:
        if name in blocks:
            worse, lowest = blocks[name] - best, best.mean()
            error = worse.std(ddof=1) / np.sqrt(len(best))
            if worse.mean() <= max(NEAR[0] * lowest, min(2 * error, NEAR[1] * lowest)):
                return name
    return min(blocks, key=lambda name: blocks[name].mean())
