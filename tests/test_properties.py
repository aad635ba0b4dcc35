"""What must hold for any windows, splits, scales, scores, baselines and results tables: a thousand examples each."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from helpers import baselines, comparison, metrics, study, windows
from tools import results

thousand = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)
SEEDS = st.integers(0, 2**32 - 1)
SHAPE = {"window": st.integers(1, 12), "horizon": st.integers(1, 6)}


def walk(seed, length, scale=1.0, level=0.0):
    """A random walk: cheaper to draw than a list of floats, and as good where only shapes are searched."""
    return level + scale * np.random.default_rng(seed).normal(size=length).cumsum()


@thousand
@given(length=st.integers(1, 200), dtype=st.sampled_from(["f8", "f4", "i8", "i2"]), seed=SEEDS, **SHAPE)
def test_windows(length, dtype, seed, window, horizon):
    series = np.random.default_rng(seed).integers(-99, 99, length).astype(dtype)
    if window + horizon > length:
        with pytest.raises(ValueError, match=r"window \+ horizon must not exceed"):
            windows.make_windows(series, window, horizon)
        return
    X, y = windows.make_windows(series, window, horizon)
    n = length - window - horizon + 1
    assert (X.shape, y.shape, X.dtype) == ((n, window), (n, horizon), series.dtype)
    rows = np.arange(n)[:, None]
    assert np.array_equal(X, series[rows + np.arange(window)])
    assert np.array_equal(y, series[rows + window + np.arange(horizon)])
    assert np.shares_memory(X, series) and not X.flags.writeable


@thousand
@given(extra=st.integers(0, 80), test=st.integers(6, 40), validation=st.integers(6, 40), **SHAPE)
def test_splits(extra, test, validation, window, horizon):
    """Every target day of the series is in at most one part, in order of time, and the held-out parts are whole."""
    length = window + horizon + test + validation + extra
    parts = windows.chronological_split(length, window, horizon, test, validation)
    days = [set(range(part.start + window, part.stop - 1 + window + horizon)) for part in parts]
    border, start = length - test, length - test - validation
    assert days == [set(range(window, start)), set(range(start, border)), set(range(border, length))]
    train, held_out = windows.published_split(length, window, horizon, test)
    assert (train.start, train.stop, held_out.stop) == (0, held_out.start, length - window - horizon + 1)
    assert held_out.stop - held_out.start == test - horizon + 1


@thousand
@given(values=arrays(float, st.tuples(st.integers(2, 6), st.integers(1, 2)), elements=NUMBERS, fill=NUMBERS))
def test_min_max_there_and_back(values):
    assume((np.ptp(values, axis=0) > 0).all())
    low, span = windows.min_max(values)
    scaled = (values - low) / span
    assert scaled.min() == 0 and abs(scaled.max() - 1) < 1e-12
    np.testing.assert_allclose(scaled * span + low, values, rtol=1e-12, atol=1e-12 * np.abs(values).max())


@thousand
@given(
    X=arrays(float, st.tuples(st.integers(1, 3), st.integers(2, 6)), elements=NUMBERS, fill=NUMBERS),
    horizon=st.integers(1, 4),
    unit=st.floats(0.1, 1e3),
    level=st.floats(-1e3, 1e3),
)
def test_windows_normalised_there_and_back(X, horizon, unit, level):
    y = X[:, :1] + np.arange(horizon)
    new_X, new_y, (last, spread) = windows.normalise_windows(X, y)
    size = np.abs(X).max() + 10
    np.testing.assert_allclose(windows.undo_windows(new_X, last, spread), X, atol=1e-10 * size)
    np.testing.assert_allclose(windows.undo_windows(new_y, last, spread), y, atol=1e-10 * size)
    assert (new_X[:, -1] == 0).all() and (spread >= 1e-3).all()
    assume((X.std(axis=1) > 1e-2 * size).all())  # neither flat nor lost in rounding: then level and unit are forgotten
    moved = windows.normalise_windows(X * unit + level, y * unit + level, smallest_spread=1e-9)
    np.testing.assert_allclose(moved[0], new_X, atol=1e-6)


@thousand
@given(seed=SEEDS, protocol=st.sampled_from(list(study.PROTOCOLS)), scale=st.floats(1e-3, 1e4), **SHAPE)
def test_what_a_protocol_does_is_undone(seed, protocol, scale, window, horizon):
    window = window + 1
    values = walk(seed, window + horizon + 520, scale, level=scale)
    part = study.prepare(values, protocol, window, horizon)
    np.testing.assert_allclose(part.undo(part.test[1]), part.actual, atol=1e-9)
    np.testing.assert_allclose(part.undo(part.test[0][:, -1:]), part.last, atol=1e-9)
    low, span = windows.min_max(values)
    np.testing.assert_allclose(part.actual[-1] * span + low, values[-horizon:], rtol=1e-9, atol=1e-9 * scale)


@thousand
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 5)),
    seed=SEEDS,
    unit=st.floats(1e-3, 1e3),
    level=st.floats(-1e3, 1e3),
)
def test_scores(shape, seed, unit, level):
    rng = np.random.default_rng(seed)
    actual, predicted = rng.integers(-9, 9, (2, *shape)) * unit + level
    rmse, mae = metrics.rmse(actual, predicted), metrics.mae(actual, predicted)
    assert rmse == pytest.approx(root_mean_squared_error(actual.ravel(), predicted.ravel()))
    assert mae == pytest.approx(mean_absolute_error(actual.ravel(), predicted.ravel()))
    assert mae <= rmse * (1 + 1e-12) <= mae * np.sqrt(actual.size) * (1 + 1e-9)
    assert metrics.rmse(predicted, actual) == rmse
    assert metrics.rmse(-actual, -predicted) == rmse
    assert metrics.mase(actual, predicted, unit) == pytest.approx(mae / unit)
    assert metrics.skill(rmse, unit) <= 1
    order = rng.permutation(len(actual))
    assert metrics.mae(actual[order], predicted[order]) == pytest.approx(mae)
    last = actual[:, :1] - unit
    assert metrics.directional_accuracy(actual, actual, last) == 1
    if len(actual) > 1:
        assert metrics.published_directional_accuracy(actual, actual) == 1
        assert 0 <= metrics.published_directional_accuracy(actual, predicted) <= 1


@thousand
@given(
    seed=SEEDS,
    window=st.integers(7, 12),
    horizon=st.integers(1, 9),
    season=st.integers(1, 7),
    name=st.sampled_from(["last_value", "drift", "seasonal_naive", "nlinear"]),
)
def test_baselines(seed, window, horizon, season, name):
    X, y = windows.make_windows(walk(seed, 60), window, horizon)
    before = X.copy()
    model = baselines.make_baseline(name, season).fit(X[:30], y[:30])
    predicted = model.predict(X)
    assert predicted.shape == y.shape and np.isfinite(predicted).all()
    expected = {
        "last_value": lambda t: X[:, -1],
        "drift": lambda t: X[:, -1] + (t + 1) * (X[:, -1] - X[:, 0]) / (window - 1),
        "seasonal_naive": lambda t: X[:, window - season + t % season],
        "nlinear": lambda t: (
            X[:, -1] + LinearRegression().fit(X[:30] - X[:30, -1:], y[:30, t] - X[:30, -1]).predict(X - X[:, -1:])
        ),
    }[name]
    for t in {0, horizon - 1}:
        np.testing.assert_allclose(predicted[:, t], expected(t), atol=1e-6)
    np.testing.assert_allclose(model.predict(X[5:6]), predicted[5:6], atol=1e-9)
    assert np.array_equal(X, before)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8).filter(str.strip)
NAMES = st.one_of(WORDS, st.sampled_from(["NA", "nan", "None", "null", "007", "1.50", "True", "a,b", 'say "x"', "#1"]))


@st.composite
def tables(draw):
    """A results table as ``save_results`` writes it: any names, numbers of any size."""
    series = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    rng = np.random.default_rng(draw(SEEDS))
    models = rng.choice(study.MODELS, 2, replace=False)
    texts = {"protocol": "sound", "dataset": draw(NAMES), "source": "simulated", "device": "cpu"}
    rows = [
        texts | {"model": model, "seed": seed, "series": name, "units": 2, "params": 9, "horizon": 20, "epochs": 3}
        for model in models
        for seed in range(rng.integers(1, 3))
        for name in series
    ]
    table = pd.DataFrame(rows)
    for column in study.COLUMNS:
        if column not in table:
            table[column] = rng.uniform(size=len(rows)) * 10 ** rng.uniform(-12, 12)
    return table[study.COLUMNS]


@pytest.mark.long  # a thousand files
@thousand
@given(table=tables())
def test_a_results_table_is_read_as_it_was_written(table, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "results.csv"
    table.to_csv(path, index=False)
    # to the last bit but one: older pandas round so
    pd.testing.assert_frame_equal(results.read_results(path), table, rtol=1e-15)


@pytest.mark.long  # a thousand files
@thousand
@given(table=tables(), cut=st.floats(0, 1), noise=st.binary(max_size=6), swap=st.booleans())
def test_a_spoilt_results_table_is_refused_in_one_sentence_or_is_whole(table, cut, noise, swap, tmp_path_factory):
    """Cut anywhere, with other bytes put in: never an error of pandas, no run twice, no missing error."""
    path = tmp_path_factory.getbasetemp() / "spoilt.csv"
    whole = table.to_csv(index=False).encode()
    at = int(cut * len(whole))
    path.write_bytes(whole[:at] + noise + (whole[at:] if swap else b""))
    try:
        read = results.read_results(path)
    except ValueError as error:
        assert type(error) is ValueError and str(error).startswith(("results ", "rmse must hold"))
        return
    assert set(study.COLUMNS) <= set(read.columns)
    assert len(read) >= 1 and np.isfinite(read["rmse"]).all() and (read["rmse"] >= 0).all()
    assert not read.duplicated([*comparison.CASE, "model", "seed", "series"]).any()
