"""A reader's own series: how its table is cut, what each simple forecast misses, and when one model is better.

What notebook 08 measures; tools/own_series.py makes an answer of it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.datasets import co2

from helpers.comparison import verdict
from helpers.notebook import NOTEBOOKS
from tools import rungs
from tools.reader import Found, read_series
from tools.tables import check_table

NETWORKS = ("gru", "lstm")
MARGIN = 2.0  # per cent of the rival's own error: closer than that, two forecasts are equivalent
LEVEL = 0.9  # of the intervals
ORIGINS = {"smoke": 12, "quick": 40, "full": 40}  # in a held-out part, at most
FORECASTS = 2_000  # of all series together in a part: each costs a fit
SHARES = {"validation": 0.15, "test": 0.2}


@dataclass(frozen=True)
class Plan:
    """How a table of ``known`` rows is cut: the first row of the ``validation`` and of the ``test`` part, and the
    origins of the forecasts in each; ``window`` input steps, ``horizon`` steps ahead, ``season`` (1: none)."""

    known: int
    horizon: int
    season: int
    window: int
    validation: np.ndarray = field(repr=False)
    test: np.ndarray = field(repr=False)

    @property
    def first(self):
        """First row of the validation and of the test part."""
        return int(self.validation[0]), int(self.test[0])


def find(csv=None, *options, **more):
    """What a file holds (``read_series``); without one, the weekly CO2 on Mauna Loa that comes with statsmodels."""
    if csv is not None:
        return read_series(csv, *options, folders=(Path.cwd(), NOTEBOOKS), **more)
    name = "CO2 on Mauna Loa, parts per million, 1958 to 2001 (Keeling & Whorf 2004; statsmodels)"
    table = co2.load_pandas().data
    missing = int(table.isna().sum().sum())
    return Found(table, [f"missing values: {missing} of {table.size}"], source=name)


def fill(table):
    """Gaps take the last value before them; before its first value a series stands still at it."""
    return check_table(table.ffill().bfill())


def make_plan(table, horizon, season=None, window=None, profile="quick", inputs=False):
    """Cut a table (time, series) in order of time; a ValueError says where the horizon is too long for it."""
    n = len(table)
    test, validation = round(SHARES["test"] * n), round(SHARES["validation"] * n)
    first = n - test - validation
    _check_parts(table, [0, first, n - test])
    if season is None:
        calendar = rungs.suggested(table.index)
        training = [column.iloc[:first].dropna().to_numpy() for _, column in table.iloc[:, :20].items()]
        seasons = [rungs.find_season(values, calendar) for values in training]
        season = max(set(seasons), key=seasons.count)
    window = window or rungs.window_for(first, horizon, season)
    window = max(window, horizon) if inputs else window  # so that a network sees all inputs of what it forecasts
    longest = min(validation, test, first - window - 20)  # leaves at least 20 windows to learn from
    if horizon > longest or window < season:
        raise ValueError(
            f"horizon must be at most {max(longest, 0)} for {n} rows and windows of {window}, which must hold the "
            f"season of {season}; got {horizon}: change one of the three, or add history."
        )
    starts = [table.index.get_loc(column.first_valid_index()) for _, column in table.items()]
    for name, start in zip(table, starts, strict=True):
        if first - start < max(2 * season, 8):
            raise ValueError(
                f"each series must have {max(2 * season, 8)} values before the held-out parts, which begin at "
                f"{table.index[first]}; {name!r} starts at {table.index[start]}: leave it out by value_columns."
            )
    most = max(6, min(ORIGINS[profile], FORECASTS // table.shape[1]))
    origins = [rungs.rolling_origins(stop, horizon, start, most) for start, stop in ((first, n - test), (n - test, n))]
    return Plan(n, horizon, season, window, *origins)


def _check_parts(table, borders):
    for name, start, stop in zip(("training", "validation", "test"), borders, [*borders[1:], None], strict=False):
        part = table.iloc[start:stop]
        bad = part.columns[part.nunique() < (2 if name == "training" else 1)]
        if len(bad):
            raise ValueError(
                f"each series must move in the training part and have values in the others; {bad[0]!r} does not in the "
                f"{name} part ({part.index[0]} to {part.index[-1]}): leave it out by value_columns."
            )


def known_inputs(found, plan, notes):
    """{series: inputs (known + horizon, k)}, scaled by the training part; each (n, 0) where none were named.

    Missing ones take the value before; a ValueError says where those of the time to be forecast are not in the file.
    """
    rows = plan.known + plan.horizon
    if not found.inputs:
        return {name: np.zeros((rows, 0)) for name in found.table}
    made, still = {}, set()
    for name, past in found.inputs.items():
        future = None if found.future_inputs is None else found.future_inputs[name]
        ahead = 0 if future is None else len(future)
        if ahead < plan.horizon:
            raise ValueError(
                f"inputs must be known for the {plan.horizon} steps of the horizon; the file has them for {ahead}: add "
                "rows with the times to come, their inputs, and nothing in the columns to forecast."
            )
        both = pd.concat([past, future.iloc[: plan.horizon]]).ffill().bfill().to_numpy(float)
        training = both[: plan.first[0]]
        moves = training.std(axis=0) > 0
        still |= set(past.columns[~moves])
        made[name] = (both - training.mean(axis=0)) / np.where(moves, training.std(axis=0), np.inf)
    notes += [f"inputs that never change before the held-out parts: {', '.join(sorted(still))}"] if still else []
    return made


def simple_forecasts(table, plan, inputs, origins):
    """Every rung of the ladder: name -> forecasts (series, origins, horizon)."""
    filled, found = fill(table).to_numpy().T, {}
    for values, name in zip(filled, table, strict=True):
        start = table.index.get_loc(table[name].first_valid_index())
        at, beside = np.asarray(origins) - start, inputs[name][start:]
        made = rungs.all_rungs(values[start:], at, plan.horizon, plan.season)
        if beside.shape[1]:
            made["regression"] = rungs.regression(values[start:], beside, at, plan.horizon, plan.season)
        for rung, forecast in made.items():
            found.setdefault(rung, []).append(forecast)
    return {rung: np.array(each) for rung, each in found.items()}


def actual_at(table, plan, origins):
    """What came after each origin: (series, origins, horizon), NaN where nothing was measured."""
    values = table.to_numpy(float)
    return np.moveaxis(values[np.add.outer(np.asarray(origins), np.arange(plan.horizon))], 2, 0)


def unit_of(table, plan):
    """Root mean squared error of the (seasonal) naive forecast in each series' training part, (series,)."""
    training = table.iloc[: plan.first[0]]
    return np.sqrt((training.diff(plan.season) ** 2).mean()).to_numpy()


def loss(actual, forecasts, unit):
    """Mean squared scaled error (..., origins) of forecasts (..., series, origins, f); NaN in actual does not count."""
    squared = ((forecasts - actual) / np.where(unit > 0, unit, 1)[:, None, None]) ** 2
    scored = np.broadcast_to(~np.isnan(actual), squared.shape)
    with np.errstate(invalid="ignore"):  # an origin of which no target is known: 0 / 0 = NaN
        return np.where(scored, squared, 0).sum(axis=(-3, -1)) / scored.sum(axis=(-3, -1))


def compare(first, second):
    """One row of the verdict table for the block means (blocks,) of two models: 100 log(RMSE / RMSE) over the blocks.

    A t test on a few means of time hardly depends on what they are correlated by (Ibragimov & Mueller 2010).
    """
    floor = 1e-12 * max(first.max(), second.max(), 1e-300)
    d = 50 * np.log(np.maximum(first, floor) / np.maximum(second, floor))
    row = {"difference": d.mean(), "low": np.nan, "high": np.nan, "p": np.nan, "p_equivalence": np.nan}
    if len(d) > 1 and np.ptp(d) > 0:  # one stretch of time says nothing about another
        test = stats.ttest_1samp(d, 0)
        row["low"], row["high"] = test.confidence_interval(0.95)
        row["p"] = test.pvalue
        row["p_equivalence"] = stats.ttest_1samp(np.abs(d.mean()) + d - d.mean(), MARGIN, alternative="less").pvalue
    return row | {"verdict": verdict(row["difference"], row["p"], row["p_equivalence"]), "n_blocks": len(d)}


def verdict_table(blocks, network):
    """The network against each rung, and GRU against LSTM, from the table of block means (model, block, loss)."""
    means = {model: each["loss"].to_numpy() for model, each in blocks.groupby("model", sort=False)}
    pairs = [(network, model) for model in means if model not in NETWORKS] + [NETWORKS]
    return pd.DataFrame([{"first": a, "second": b} | compare(means[a], means[b]) for a, b in pairs])


def name_answer(verdicts, rung):
    """What to use: the network if it is better than the ``rung`` that the validation part chose, else that rung.

    The rung was chosen before the test part was looked at, so that one test is enough; and as a guard against a rung
    chosen badly, the network's error must be below that of every other rung, too.
    """
    against = verdicts[~verdicts["second"].isin(NETWORKS)].set_index("second")
    wins = against.loc[rung, "verdict"] == "better" and (against["difference"] < 0).all()
    return against["first"].iloc[0] if wins else rung
