"""The ladder of simple forecasts: equal to statsmodels' own, without a look ahead, and the committed table."""

import numpy as np
import pandas as pd
import pytest
from conftest import HAVE_PUBLISHED, ROOT
from numpy.testing import assert_allclose
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from helpers.data import load
from tools import ladder

RULES = [ladder.theta, ladder.damped, ladder.weekdays]
KEYS = ["protocol", "dataset", "horizon", "model"]


def wave(season, length=120):
    rng = np.random.default_rng(1)
    pattern = np.array([0.0, 3, 1, 2])[np.arange(length) % 4] * (season > 1)
    return pattern + 0.02 * np.arange(length) + rng.normal(0, 0.1, length).cumsum() * 0.3


@pytest.mark.parametrize("season", [1, 4])
def test_from_the_first_origin_the_forecast_is_that_of_statsmodels(season):
    values, origins = wave(season), np.arange(80, 90)
    seasonal = {"seasonal": "add", "seasonal_periods": season} if season > 1 else {}
    options = {"trend": "add", "damped_trend": True, "initialization_method": "estimated"} | seasonal
    smoothing = ExponentialSmoothing(values[:80], **options).fit().forecast(6)
    assert_allclose(ladder.damped(values, origins, 6, season)[0], smoothing, atol=1e-9)
    model = ThetaModel(values[:80], period=season, deseasonalize=season > 1, use_test=False, method="additive")
    assert_allclose(ladder.theta(values, origins, 6, season)[0], model.fit().forecast(6), atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_no_forecast_sees_its_own_future_and_later_ones_see_more(rule):
    values, origins = wave(4), np.arange(80, 110)
    changed = values.copy()
    changed[100:] += 5
    before, after = (rule(each, origins, 6, 4) for each in (values, changed))
    assert before.shape == (30, 6)
    assert_allclose(before[:21], after[:21], atol=1e-12)  # from day 100 all values up to 99 are known
    assert (np.abs(before[21:] - after[21:]) > 1e-3).any(axis=1).all()


@pytest.mark.parametrize("rule", RULES)
def test_forecasts_move_with_level_and_unit(rule):
    values, origins = wave(4), np.arange(80, 90)
    plain, moved = rule(values, origins, 6, 4), rule(10 * values - 300, origins, 6, 4)
    assert_allclose((moved + 300) / 10, plain, atol=1e-3)


def test_measure_scores_each_series_and_a_regression_where_there_is_a_season():
    tables = {name: load(name, "simulated").iloc[-700:, :2] for name in ("bankex", "activities")}
    for name, table in tables.items():
        table.attrs = load(name, "simulated").attrs
    found = ladder.measure(tables, {"bankex": 1, "activities": 7}, horizons=(1, 3), window=14)
    assert list(found) == ["protocol", "dataset", "source", "horizon", "model", "series", "rmse"]
    assert (found.groupby(KEYS).size() == 2).all()
    models = found.groupby("dataset")["model"].unique().map(set)
    assert models["activities"] - models["bankex"] == {"weekdays"} and len(models["bankex"]) == 6
    errors = found.groupby(["dataset", "horizon", "model"])["rmse"].mean()
    for horizon in (1, 3):
        assert errors["activities", horizon, "weekdays"] < errors["activities", horizon, "seasonal_naive"]


def test_the_committed_table_has_the_study_s_errors_and_the_study_s_rows():
    table = pd.read_csv(ROOT / "figures" / "03_baselines.csv")
    runs = pd.read_csv(ROOT / "figures" / "results.csv")
    shared = runs.merge(table, on=[*KEYS, "series"], suffixes=("_study", "_ladder"))
    assert len(shared) == 2 * 2 * 2 * 3 * 10  # protocols, data sets, horizons, rules, series
    assert_allclose(shared["rmse_ladder"], shared["rmse_study"], rtol=1e-9)
    assert set(table["source"]) == {"published"}
    assert (table.groupby(KEYS).size() == 10).all()


@pytest.mark.skipif(not HAVE_PUBLISHED, reason="the published CSVs are not there")
def test_some_rows_of_the_committed_table_again():
    table = load("activities", "published")
    series = table["Activity 0"]
    scaled = (series / np.ptp(series)).to_numpy()  # its minimum is 0
    origins = np.arange(len(scaled) - 251, len(scaled))
    committed = pd.read_csv(ROOT / "figures" / "03_baselines.csv").query("series == 'Activity 0' and horizon == 1")
    for rule in RULES:
        errors = scaled[-251:] - rule(scaled, origins, 1, 7)[:, 0]
        expected = committed.query(f"model == '{rule.__name__}'")["rmse"]
        assert_allclose(np.sqrt(np.mean(errors**2)), expected, rtol=1e-3)
