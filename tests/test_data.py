"""Loading, simulating, splitting, scaling and windowing, and the sentences that bad input gets."""

import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kurtosis

from helpers import data
from helpers.data import DATASETS, cache_folder, load, simulate_activities, simulate_bankex
from helpers.windows import chronological_split, make_windows, min_max, normalise_windows, published_split, undo_windows
from tools.tables import check_table

SIZES = {"length": st.integers(12, 400), "window": st.integers(1, 40), "horizon": st.integers(1, 25)}
FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def published(name):
    if not (cache_folder() / DATASETS[name].file).is_file():
        pytest.skip(f"no {DATASETS[name].file} in {cache_folder()}: set GRU_VS_LSTM_DATA to the folder that holds it")
    return load(name, "published")


# ---- the published files


@pytest.mark.parametrize(("name", "shape"), [("bankex", (3032, 10)), ("activities", (3584, 10))])
def test_published_file_has_the_published_shape_and_says_so(name, shape):
    table = published(name)
    assert table.shape == shape
    assert table.attrs["source"] == "published"
    assert "PUBLISHED" in table.attrs["note"]
    assert load(name, "auto").equals(table)


def test_published_bankex_has_the_published_statistics():
    table = published("bankex")
    returns = np.diff(np.log(table.to_numpy()), axis=0)
    correlation = np.corrcoef(returns.T)[np.triu_indices(10, 1)]
    assert np.allclose(table.iloc[0], data.FIRST_PRICE, atol=0.005)
    assert np.allclose(returns.mean(axis=0), data.DRIFT, atol=5e-8)
    assert np.allclose(returns.std(axis=0), data.VOLATILITY, atol=6e-6)
    assert np.allclose([correlation.mean(), correlation.min(), correlation.max()], [0.464, 0.264, 0.726], atol=5e-4)


@pytest.mark.parametrize("row", [5, 7, 9])
def test_rows_5_7_and_9_of_the_published_activities_are_row_0(row):
    table = published("activities").to_numpy()
    copy = row * (np.roll(table[:, 0], 2 * row) + 1e-4 * np.arange(1, len(table) + 1))
    assert np.abs(table[:, row] - copy).max() < 1e-9


def test_published_activities_follow_the_recipe_of_the_simulator():
    table = published("activities").to_numpy()
    line = 1e-4 * np.arange(1, len(table) + 1)
    noise = 100 * (table[:, 0] - np.tile([1, 1, 1, 1, 1, 0, 0], 512))
    assert set(np.round(noise).astype(int)) == set(range(5)) and np.abs(noise - np.round(noise)).max() < 1e-9
    for row, k in {1: 9, 2: 15, 3: 50, 4: 20, 5: 1, 6: 5, 7: 1, 8: 40, 9: 1}.items():
        extra = 100 * (table[:, row] / row - line - np.roll(table[:, 0], 2 * row))
        assert set(np.round(extra).astype(int)) == set(range(k))
        assert np.abs(extra - np.round(extra)).max() < 1e-9


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path))
    (tmp_path / "BANKEX.csv").write_text("1,2,3\n")
    for source in ("published", "auto"):
        with pytest.raises(ValueError, match="is not the published file: its SHA-256 is"):
            load("bankex", source)


def test_without_file_and_network_auto_simulates_and_says_why(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path))
    monkeypatch.setattr(data.pooch, "retrieve", no_network)
    table = load("activities", "auto", seed=3)
    assert table.attrs["source"] == "simulated"
    assert "SIMULATED" in table.attrs["note"] and "could not be downloaded: OSError" in table.attrs["note"]
    assert str(tmp_path) not in table.attrs["note"]
    assert table.equals(simulate_activities(seed=3))
    with pytest.raises(FileNotFoundError, match=r"activities\.csv is not in the cache folder"):
        load("activities", "published")


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("shares",), ValueError, "dataset must be one of 'bankex', 'activities'; got 'shares'"),
        (("bankex", "web"), ValueError, "source must be one of 'auto', 'published', 'simulated'; got 'web'"),
        (("bankex", "simulated", -1), ValueError, "seed must be at least 0; got -1"),
        (("bankex", "simulated", 1.5), TypeError, "seed must be a whole number; got 1.5"),
    ],
)
def test_load_names_the_bad_argument(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        load(*arguments)


# ---- the simulators


@pytest.mark.parametrize("simulate", [simulate_bankex, simulate_activities])
def test_same_seed_same_numbers(simulate):
    assert simulate(seed=4).equals(simulate(seed=4))
    assert not simulate(seed=4).equals(simulate(seed=5))


def test_simulated_bankex_shares_the_statistics_of_the_published():
    returns = np.diff(np.log(simulate_bankex(n_days=60_000, seed=1).to_numpy()), axis=0)
    correlation = np.corrcoef(returns.T)[np.triu_indices(10, 1)]
    standard_error = data.VOLATILITY / np.sqrt(len(returns))
    assert np.all(np.abs(returns.mean(axis=0) - data.DRIFT) < 4 * standard_error)
    assert np.allclose(returns.std(axis=0), data.VOLATILITY, rtol=0.05)
    assert correlation.mean() == pytest.approx(0.464, abs=0.02)
    assert correlation.min() > 0.2 and correlation.max() < 0.78
    assert np.all(kurtosis(returns, fisher=False) > 5)  # heavy tails; the normal distribution has 3
    lag_1 = [np.corrcoef(r[1:], r[:-1])[0, 1] for r in returns.T]
    assert np.abs(lag_1).max() < 0.02  # nothing to forecast: the published banks have .04 to .13


def test_simulated_bankex_starts_where_the_published_does():
    table = simulate_bankex(seed=9)
    assert table.shape == (3032, 10)
    assert np.allclose(table.iloc[0], data.FIRST_PRICE)
    assert table.index[0] == pd.Timestamp("2005-07-12") and table.index.freqstr == "B"
    assert (table > 0).all(axis=None)


def test_simulated_activities_are_built_as_described():
    table = simulate_activities(seed=2).to_numpy()
    noise = table[:, 0] - np.tile([1, 1, 1, 1, 1, 0, 0], 512)
    assert table.shape == (3584, 10)
    assert set(np.round(noise, 10)) == {0.0, 0.01, 0.02, 0.03, 0.04}
    line = 1e-4 * np.arange(1, 3585)
    levels = {1: 9, 2: 15, 3: 50, 4: 20, 5: 1, 6: 5, 7: 1, 8: 40, 9: 1}
    for row, k in levels.items():
        extra = table[:, row] / row - line - np.roll(table[:, 0], 2 * row)
        assert set(np.round(100 * extra).astype(int)) == set(range(k))


# ---- windows


def test_windows_of_ten_numbers():
    X, y = make_windows(np.arange(10), window=4, horizon=2)
    assert X.tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6], [4, 5, 6, 7]]
    assert y.tolist() == [[4, 5], [5, 6], [6, 7], [7, 8], [8, 9]]


@given(**SIZES)
def test_windows_are_views_of_every_position(length, window, horizon):
    series = np.arange(length, dtype=float)
    if window + horizon > length:
        with pytest.raises(ValueError, match=r"window \+ horizon must not exceed"):
            make_windows(series, window, horizon)
        return
    X, y = make_windows(series, window, horizon)
    n = length - window - horizon + 1
    assert X.shape == (n, window) and y.shape == (n, horizon)
    assert np.shares_memory(X, series) and np.shares_memory(y, series)
    assert not X.flags.writeable and not y.flags.writeable
    for i in {0, n // 2, n - 1}:
        assert np.array_equal(np.concatenate([X[i], y[i]]), series[i : i + window + horizon])


def test_a_million_points_cost_no_memory():
    series = np.zeros(1_000_000, dtype="float32")
    tracemalloc.start()
    X, _ = make_windows(series, 60, 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X.shape == (999_921, 60)
    assert peak < 100_000  # bytes; a copy would take 240 million


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((np.zeros((5, 2)), 2, 1), ValueError, r"series must have one dimension \(time,\); got shape \(5, 2\)"),
        ((np.zeros(5), 0, 1), ValueError, "window must be at least 1; got 0"),
        ((np.zeros(5), 2, 1.0), TypeError, "horizon must be a whole number; got 1.0"),
        ((np.zeros(5), True, 1), TypeError, "window must be a whole number; got True"),
        ((np.zeros(5), 4, 2), ValueError, r"must not exceed the 5 values of the series; got 4 \+ 2"),
    ],
)
def test_windows_name_the_bad_argument(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        make_windows(*arguments)


def test_the_memory_benchmark_prints_a_peak_that_does_not_grow():
    script = Path(__file__).parent / "benchmarks" / "window_memory.py"
    run = subprocess.run([sys.executable, script, "300000"], capture_output=True, text=True, timeout=60)
    rows = [line.split() for line in run.stdout.splitlines() if "MiB" in line and not line.startswith("peak")]
    assert [row[0] for row in rows] == ["1,000", "300,000"], run.stderr
    short, long = ([float(row[k]) for k in (5, 7)] for row in rows)  # MiB that windows and batches add
    assert short[0] < 0.05 and long[0] < 0.05
    assert abs(long[1] - short[1]) < 0.05


def test_batches_stream_from_the_views_through_tensorflow():
    """tf.data, keras.utils.PyDataset and Keras' own utility give the views' batches, at ten points and ten thousand."""
    program = """
        import os
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import keras, numpy as np, tensorflow as tf
        from helpers.windows import make_windows

        class Windows(keras.utils.PyDataset):
            def __len__(self):
                return -(-len(X) // 32)

            def __getitem__(self, i):
                rows = slice(32 * i, 32 * i + 32)
                return X[rows, :, None], y[rows]

        def batches(X, y, size):
            for start in range(0, len(X), size):
                yield X[start : start + size, :, None], y[start : start + size]

        for length, window, horizon in [(10, 4, 2), (10_000, 60, 20)]:
            series = np.sin(np.arange(length)).astype("float32")
            X, y = make_windows(series, window, horizon)
            signature = (tf.TensorSpec((None, window, 1), "float32"), tf.TensorSpec((None, horizon), "float32"))
            stream = tf.data.Dataset.from_generator(lambda: batches(X, y, 32), output_signature=signature)
            stream_X, stream_y = map(np.concatenate, zip(*stream.as_numpy_iterator()))
            assert np.array_equal(stream_X[:, :, 0], X) and np.array_equal(stream_y, y)
            keras_X, keras_y = map(np.concatenate, zip(*(Windows()[i] for i in range(len(Windows())))))
            assert np.array_equal(keras_X, stream_X) and np.array_equal(keras_y, y)
            model = keras.Sequential([keras.Input((window, 1)), keras.layers.Flatten(), keras.layers.Dense(horizon)])
            model.compile(loss="mse")
            model.fit(Windows(), verbose=0)
            pairs = keras.utils.timeseries_dataset_from_array(series, None, window + horizon, batch_size=32)
            both = np.concatenate(list(pairs.as_numpy_iterator()))
            assert np.array_equal(both[:, :window], X) and np.array_equal(both[:, window:], y)
        print("equal")
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "equal", run.stderr


# ---- splits


def test_the_counts_of_the_published_protocol():
    X, _ = make_windows(np.zeros(3032), 60, 20)
    assert len(X) == 2953
    for horizon, n_test in [(1, 251), (20, 232)]:
        train, test = published_split(3032, 60, horizon)
        assert (train.start, train.stop) == (0, 2721)
        assert test.stop - test.start == n_test


def target_days(part, window, horizon):
    return {i + window + step for i in range(part.start, part.stop) for step in range(horizon)}


@given(**SIZES, test=st.integers(1, 60), validation=st.integers(1, 60))
def test_chronological_parts_share_no_target_day(length, window, horizon, test, validation):
    try:
        parts = chronological_split(length, window, horizon, test, validation)
    except ValueError as error:
        expected = "horizon must not exceed" if horizon > min(test, validation) else "the series is too short"
        assert str(error).startswith(expected)
        assert length < window + horizon + test + validation or horizon > min(test, validation)
        return
    train, valid, held_out = (target_days(part, window, horizon) for part in parts)
    assert train and max(train) == length - test - validation - 1
    assert valid == set(range(length - test - validation, length - test))
    assert held_out == set(range(length - test, length))
    assert max(part.stop for part in parts) == len(make_windows(np.zeros(length), window, horizon)[0])


@given(**SIZES, test=st.integers(1, 60))
def test_published_training_targets_overlap_the_test_days_by_horizon_less_one(length, window, horizon, test):
    try:
        train, held_out = published_split(length, window, horizon, test)
    except ValueError as error:
        assert str(error).startswith("horizon must not exceed" if horizon > test else "the series is too short")
        assert length <= window + test or horizon > test
        return
    overlap = target_days(train, window, horizon) & set(range(length - test, length))
    assert len(overlap) == horizon - 1
    assert train.stop == held_out.start
    assert held_out.stop - held_out.start == test - horizon + 1


def test_splits_name_what_is_too_short():
    sentence = (
        r"too short: got 100 values, but window 60, horizon 20 and .* \(test 251 \+ validation 251\) need at least 582"
    )
    with pytest.raises(ValueError, match=sentence):
        chronological_split(100, 60, 20)
    with pytest.raises(ValueError, match="horizon must not exceed the shortest held-out part, 251; got 252"):
        chronological_split(3000, 60, 252)
    with pytest.raises(ValueError, match="validation must be at least 1; got 0"):
        chronological_split(1000, 60, 20, validation=0)
    with pytest.raises(TypeError, match=r"test must be a whole number; got 0\.2"):
        published_split(1000, 60, 20, test=0.2)


# ---- scaling


@given(arrays(float, st.tuples(st.integers(2, 30), st.integers(1, 5)), elements=FINITE))
def test_min_max_round_trip(values):
    if np.any(np.ptp(values, axis=0) == 0):
        with pytest.raises(ValueError, match=r"series \d+ is constant"):
            min_max(values)
        return
    low, span = min_max(values)
    scaled = (values - low) / span
    assert np.allclose(scaled.min(axis=0), 0) and np.allclose(scaled.max(axis=0), 1)
    assert np.allclose(scaled * span + low, values, atol=1e-8)


@given(arrays(float, st.tuples(st.integers(1, 10), st.integers(2, 12)), elements=FINITE), st.integers(1, 5))
def test_normalised_windows_round_trip(X, horizon):
    y = X[:, :1] + np.arange(horizon)
    new_X, new_y, (last, spread) = normalise_windows(X, y)
    assert np.all(new_X[:, -1] == 0)
    assert np.all(spread >= 1e-3)
    assert np.allclose(undo_windows(new_X, last, spread), X, atol=1e-6)
    assert np.allclose(undo_windows(new_y, last, spread), y, atol=1e-6)
    assert normalise_windows(X)[1] is None


@given(arrays(float, (5, 8), elements=st.floats(-100, 100)), st.floats(-50, 50), st.floats(0.5, 20))
def test_normalised_windows_know_neither_level_nor_unit(X, level, unit):
    X = X + np.arange(8) * 10.0  # so that no window is flat
    assert np.allclose(normalise_windows(X)[0], normalise_windows(X * unit + level)[0], atol=1e-6)


# ---- tables: what is taken, and the sentence for what is not


def table_of(values=(1.0, 2.0, 4.0, 3.0), index=None):
    return pd.DataFrame({"a": list(values)}, index=index)


DAYS = pd.date_range("2024-01-01", periods=4)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (table_of(("1", "2", "x", "4")), "series 'a' must hold numbers; got values of type"),
        (table_of((True, False, True, True)), "series 'a' must hold numbers; got values of type bool"),
        (table_of((1j, 2, 3, 4)), "series 'a' must hold numbers; got values of type complex128"),
        (
            table_of((1.0, np.nan, np.nan, 3.0), DAYS),
            r"got 2 missing of 4 values, the first in row 1 \(index 2024-01-02 .*ffill\(\)\), or keep an unbroken",
        ),
        (table_of((1.0, 2.0, -np.inf, 3.0)), r"got 1 infinite of 4 values, the first in row 2 \(index 2\)"),
        (table_of((5.0, 5.0, 5.0, 5.0)), r"series 'a' is constant \(5 throughout\)"),
        (table_of(index=DAYS[[0, 1, 1, 2]]), "each time must occur once; got 1 repeated, the first 2024-01-02"),
        (table_of(index=DAYS[[0, 2, 1, 3]]), r"times must rise; got 2024-01-02 .* in row 2 after 2024-01-03"),
        (table_of(index=[3, 2, 1, 0]), "times must rise; got 2 in row 1 after 3"),
        (table_of(index=[0, 1, 2, 9]), "times must be evenly spaced .* got 9 in row 3 after 2"),
        (
            table_of(index=pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-06"])),
            "times must be evenly spaced .* got 2024-01-06 .* in row 3 after 2024-01-03",
        ),
        (table_of(index=["d1", "d2", "d3", "d4"]), "index must hold times or numbers; got .* pd.to_datetime"),
        (table_of(index=[*DAYS[:3], pd.NaT]), "each row must have a time; got none in row 3"),
        (pd.concat([table_of(), table_of()], axis=1), "name of its own; got 'a' more than once"),
        (pd.DataFrame(), r"at least one value; got shape \(0, 0\)"),
    ],
)
def test_a_bad_table_gets_one_sentence_and_is_left_as_it_was(table, sentence):
    before = table.copy(deep=True)
    with pytest.raises(ValueError, match=sentence):
        check_table(table)
    pd.testing.assert_frame_equal(table, before)


def test_what_is_no_table_is_refused():
    with pytest.raises(TypeError, match=r"must be a pandas DataFrame or Series .* got list"):
        check_table([1, 2, 3])


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(4),
        pd.Index([0.0, 0.5, 1.0, 1.5]),
        DAYS,
        pd.bdate_range("2024-01-04", periods=4),  # over a week-end
        pd.date_range("2024-01-31", periods=4, freq="ME"),
        pd.period_range("2024-01", periods=4, freq="M"),
        pd.date_range("2024-03-30", periods=4, tz="Europe/Berlin"),  # over the change to summer time
        pd.timedelta_range("0h", periods=4, freq="h"),
    ],
)
def test_even_spacing_is_taken_as_it_is(index):
    table = table_of(index=index)
    assert check_table(table).equals(table)


def test_integers_one_column_or_a_thousand_are_taken():
    assert check_table(pd.Series([3, 1, 2], name="a"))["a"].tolist() == [3.0, 1.0, 2.0]
    assert check_table(pd.DataFrame({"a": pd.array([3, 1, 2], dtype="Int64")}))["a"].dtype == float
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 1000)))
    assert check_table(wide).equals(wide)
    assert check_table(table_of((7,), [0])).shape == (1, 1)


@pytest.mark.parametrize("name", DATASETS)
def test_the_series_own_tables_pass(name):
    table = load(name, "simulated")
    assert check_table(table).equals(table)
