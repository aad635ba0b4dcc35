"""The baselines: the published numbers, known answers, and what any of them must do."""

import numpy as np
import pytest
from conftest import taught
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import detrend
from statsmodels.tsa.stattools import acf

from helpers.baselines import Drift, LastValue, NLinear, SeasonalNaive, make_baseline
from helpers.data import DATASETS, cache_folder, load, simulate_activities, simulate_bankex
from helpers.metrics import published_directional_accuracy, rmse
from helpers.windows import make_windows, min_max, published_split

NAMES = ("last_value", "drift", "seasonal_naive", "nlinear")
# of single precision: where all changes are below 1e-300, scikit-learn's least squares, and so NLinear, gives NaN
NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)


def published_scores(name, horizon, model, window=60):
    """RMSE and directional accuracy of each series under the published protocol; trained on series 0."""
    if not (cache_folder() / DATASETS[name].file).is_file():
        pytest.skip(f"no {DATASETS[name].file} in {cache_folder()}: set GRU_VS_LSTM_DATA to the folder that holds it")
    values = load(name, "published").to_numpy()
    low, span = min_max(values)
    pairs = [make_windows(series, window, horizon) for series in ((values - low) / span).T]
    train, test = published_split(len(values), window, horizon)
    model = make_baseline(model, season=7).fit(pairs[0][0][train], pairs[0][1][train])
    forecasts = [(y[test], model.predict(X[test])) for X, y in pairs]
    return np.array([[rmse(*pair), published_directional_accuracy(*pair)] for pair in forecasts])


# Velarde et al. (2022), output cells of the study's notebook, to the eight digits printed there
def test_the_study_s_own_baseline_to_eight_digits():
    scores = published_scores("bankex", 20, "last_value")
    assert scores[:, 0].mean() == pytest.approx(0.04279911, abs=1e-8)
    assert scores[:, 0].std() == pytest.approx(0.01130637, abs=1e-8)
    assert scores[:, 1].mean() == pytest.approx(0.49690476, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "horizon", "mean", "mean_digits", "spread", "accuracy"),
    [
        ("bankex", 1, 0.016133, 6, 0.0056, 0.4880),
        ("activities", 1, 0.3731, 4, 0.0534, 0.4212),
        ("activities", 20, 0.4552, 4, 0.0679, 0.4806),
    ],
)
def test_the_last_value_on_the_published_protocol(name, horizon, mean, mean_digits, spread, accuracy):
    scores = published_scores(name, horizon, "last_value")
    assert scores[:, 0].mean() == pytest.approx(mean, abs=0.51 * 10**-mean_digits)  # to the last digit given
    assert scores[:, 0].std() == pytest.approx(spread, abs=0.51e-4)
    assert scores[:, 1].mean() == pytest.approx(accuracy, abs=0.51e-4)


@pytest.mark.parametrize(
    ("name", "horizon", "model", "expected"),
    [
        ("bankex", 1, "seasonal_naive", 0.0422),
        ("bankex", 20, "seasonal_naive", 0.0482),
        ("activities", 1, "seasonal_naive", 0.0411),
        ("activities", 20, "seasonal_naive", 0.0412),
        ("bankex", 1, "nlinear", 0.0164),
        ("bankex", 20, "nlinear", 0.0423),
        ("activities", 1, "nlinear", 0.0316),
        ("activities", 20, "nlinear", 0.0316),
    ],
)
def test_stronger_baselines_on_the_published_protocol(name, horizon, model, expected):
    assert published_scores(name, horizon, model)[:, 0].mean() == pytest.approx(expected, abs=0.5e-4)


def test_forecasts_of_six_numbers():
    X, y = make_windows(np.array([1.0, 2, 4, 1, 2, 4, 1, 2, 4]), window=4, horizon=4)
    assert X[0].tolist() == [1, 2, 4, 1]
    assert LastValue().fit(X, y).predict(X)[0].tolist() == [1, 1, 1, 1]
    assert Drift().fit(X, y).predict(X[1:])[0].tolist() == [2, 2, 2, 2]
    assert Drift().fit(X, y).predict(np.array([[0.0, 5, 2, 3]]))[0].tolist() == [4, 5, 6, 7]
    assert SeasonalNaive(3).fit(X, y).predict(X)[0].tolist() == [2, 4, 1, 2]


@pytest.mark.parametrize("name", NAMES)
@given(series=arrays(float, st.integers(30, 60), elements=NUMBERS), horizon=st.integers(1, 5))
def test_all_share_one_interface_and_leave_their_input_alone(name, series, horizon):
    X, y = make_windows(series, 8, horizon)
    model = make_baseline(name, season=7).fit(X[:10], y[:10])
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert np.isfinite(predicted).all()
    assert model.params == (horizon * 9 if name == "nlinear" else 0)
    # a forecast of one row does not depend on the rows beside it
    assert np.allclose(model.predict(X[3:4]), predicted[3:4], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@given(
    series=arrays(float, st.integers(30, 60), elements=st.integers(-100, 100).map(float)),
    level=st.integers(-100, 100),
    unit=st.integers(1, 8),
)
def test_forecasts_move_with_level_and_unit(name, series, level, unit):
    """Why min-max scaling neither helps nor harms these when each series has its own forecaster."""
    series = series + np.sin(np.arange(len(series)) ** 2)  # so that least squares has one answer
    X, y = make_windows(series, 5, 2)
    plain = make_baseline(name, season=3).fit(X, y).predict(X)
    moved = make_baseline(name, season=3).fit(X * unit + level, y * unit + level).predict(X * unit + level)
    assert np.allclose(moved, plain * unit + level, atol=1e-4)


def test_the_seasonal_naive_is_perfect_on_a_season():
    X, y = make_windows(np.tile([1.0, 5, 2, 8, 3], 20), 10, 7)
    assert np.array_equal(SeasonalNaive(5).fit(X, y).predict(X), y)


def test_drift_is_perfect_on_a_line():
    X, y = make_windows(3 + 0.5 * np.arange(40), 10, 7)
    assert np.allclose(Drift().fit(X, y).predict(X), y)


def test_nlinear_finds_a_linear_rule():
    rng = np.random.default_rng(1)
    series = rng.normal(size=300).cumsum()
    X, _ = make_windows(series, 6, 1)
    y = X[:, -1:] + 0.5 * (X[:, -1:] - X[:, :1]) + 2  # relative to the last value, a rule that it can hold
    model = NLinear().fit(X[:200], y[:200])
    assert np.allclose(model.predict(X[200:]), y[200:])
    assert model.params == 7


def test_nothing_beats_the_last_value_on_a_random_walk():
    """The error at step h is sqrt(h), to within the noise of 60 walks; a drift or a season only adds to it."""
    walks = np.random.default_rng(7).normal(size=(60, 1200)).cumsum(axis=1)
    errors = {name: [] for name in NAMES}
    for walk in walks:
        X, y = make_windows(walk, 20, 10)
        for name in NAMES:
            errors[name].append((make_baseline(name, 7).fit(X[:600], y[:600]).predict(X[700:]) - y[700:]) ** 2)
    by_step = {name: np.sqrt(np.mean(np.vstack(errors[name]), axis=0)) for name in NAMES}
    assert np.allclose(by_step["last_value"], np.sqrt(np.arange(1, 11)), rtol=0.03)
    for name in ("drift", "nlinear"):
        assert np.all(by_step[name] > by_step["last_value"])
    # seven steps ahead, the value one season of seven earlier *is* the last value
    assert np.array_equal(by_step["seasonal_naive"] > by_step["last_value"], np.arange(1, 11) != 7)
    assert by_step["seasonal_naive"][6] == pytest.approx(by_step["last_value"][6], rel=1e-9)


# ---- the season, as notebook 03 finds it

find_season = taught("03", "find_season", np=np, acf=acf, detrend=detrend)


@pytest.mark.parametrize("row", range(10))
def test_the_week_of_the_activities_is_found(row):
    assert find_season(simulate_activities(seed=3).to_numpy()[:, row]) == 7


@pytest.mark.parametrize("column", range(10))
def test_banks_have_no_season(column):
    assert find_season(simulate_bankex(seed=3).to_numpy()[:, column]) == 1


@pytest.mark.parametrize("length", [60, 200, 3000])
def test_neither_noise_nor_a_random_walk_has_a_season(length):
    noise = np.random.default_rng(1).normal(size=(200, length))
    assert np.mean([find_season(series) > 1 for series in noise]) < 0.02
    assert not any(find_season(series) > 1 for series in noise.cumsum(axis=1))


@pytest.mark.parametrize("name", DATASETS)
def test_published_data_have_the_season_of_the_simulated(name):
    if not (cache_folder() / DATASETS[name].file).is_file():
        pytest.skip(f"no {DATASETS[name].file} in {cache_folder()}: set GRU_VS_LSTM_DATA to the folder that holds it")
    found = {find_season(series) for series in load(name, "published").to_numpy().T}
    assert found == ({7} if name == "activities" else {1})


@given(period=st.integers(4, 48), phase=st.floats(0, 6))
def test_a_sine_s_period_is_found_under_noise_and_trend(period, phase):
    t = np.arange(60 * period)
    noise = np.random.default_rng(period).normal(scale=0.3, size=len(t))
    series = np.sin(2 * np.pi * t / period + phase) + np.sin(4 * np.pi * t / period) / 2 + 0.01 * t + noise
    assert find_season(series) in {period - 1, period, period + 1}


def test_a_season_longer_than_allowed_is_not_claimed_to_be_found():
    assert find_season(np.sin(2 * np.pi * np.arange(4000) / 300), longest=60) == 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: make_baseline("arima", 7), "name must be one of 'last_value', .*; got 'arima'"),
        (lambda: SeasonalNaive(0), "season must be at least 1; got 0"),
        (lambda: SeasonalNaive(9).fit(np.zeros((3, 8)), np.zeros((3, 1))), "exceed the window of 8 steps; got 9"),
        (lambda: Drift().fit(np.zeros((3, 1)), np.zeros((3, 1))), "window must be at least 2 for a line; got 1"),
    ],
)
def test_baselines_name_the_bad_argument(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
