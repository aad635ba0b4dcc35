"""Forecasts of whole sets: windows of ragged series, scales, errors, ensembles, the run and its tables."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from helpers import ragged
from helpers.collections import Series, SeriesSet
from tools import many
from tools.engine import run_grid


def make_set(lengths=(9, 30, 41), period=4, horizon=3, origins=1, positive=True):
    rng = np.random.default_rng(3)
    series = []
    for number, n in enumerate(lengths):
        total = n + horizon * origins
        values = np.sin(np.arange(total) * 2 * np.pi / period) + rng.normal(0, 0.1, total) + (5 if positive else 0)
        parts = values[:n], values[n:]
        series.append(Series(f"s{number}", *parts, period, horizon, "toy", "made", horizon))
    return SeriesSet("toy", tuple(series), "made")


GROUP = make_set()
RUN = {"protocol": "global", "dataset": "toy", "horizon": 3, "window": 5, "seed": 1, "scaling": "spread"}
NETWORK = RUN | {"model": "gru", "units": 3, "epochs": 2, "patience": 2, "batch_size": 8, "learning_rate": 0.01}
NETWORK |= {"loss": "mae", "clip": 1.0, "windows_per_epoch": 16, "refit": True}


def test_short_series_are_filled_on_the_left_with_their_first_value():
    windows = ragged.windows_at(np.array([1.0, 2, 3]), [1, 3], 4)
    assert_array_equal(windows, [[1, 1, 1, 1], [1, 1, 2, 3]])


def test_no_target_of_training_is_a_validation_or_test_target():
    n = 20
    values = np.arange(n + 2.0)
    group = SeriesSet("toy", (Series("a", values[:n], values[n:], 1, 2, "toy", "made", 4),), "made")
    (X, y), (X_held, y_held) = ragged.cut(group, 4, "validation")
    assert y.max() == n - 5 and y_held.tolist() == [[16, 17], [18, 19]] and X_held[:, -1].tolist() == [15, 17]
    assert X[-1].tolist() == [10, 11, 12, 13]
    (X, y), (X_held, y_held) = ragged.cut(group, 4, "test")
    assert y.max() == n - 1 and y_held.tolist() == [[20, 21]] and X_held.tolist() == [[16, 17, 18, 19]]


def test_a_series_without_room_for_validation_is_tested_all_the_same():
    group = make_set(lengths=(3, 30))
    (_, _), (X_held, _) = ragged.cut(group, 5, "validation")
    assert len(X_held) == 1
    assert len(ragged.cut(group, 5, "test")[1][0]) == 2


@pytest.mark.parametrize("scaling", ragged.SCALINGS)
def test_the_forecast_of_a_network_does_not_depend_on_the_unit(scaling):
    X, y = ragged.cut(GROUP, 5, "test")[0]
    for once, again in zip(ragged.scaled(X, y, scaling, 4), ragged.scaled(1000 * X, 1000 * y, scaling, 4), strict=True):
        assert_allclose(once, again, rtol=1e-4, atol=1e-5)
    assert np.isfinite(ragged.scaled(np.zeros((1, 5)), np.zeros((1, 3)), scaling, 4)[0]).all()


def test_simple_forecasts():
    last = ragged.run_set(GROUP, RUN | {"model": "last_value"})["validated"]
    season = ragged.run_set(GROUP, RUN | {"model": "seasonal_naive"})["validated"]
    for number, series in enumerate(GROUP.series):
        assert_allclose(last[number, 0], np.repeat(series.training[-1], 3), rtol=1e-6)
        assert_allclose(season[number, 0], series.training[-4:-1], rtol=1e-6)


@pytest.mark.parametrize("model", ["nlinear", "theta", "damped"])
def test_fitted_forecasts_beat_the_last_value_on_a_season(model):
    group = make_set(lengths=(40, 50, 60), origins=2)
    fitted, last = (ragged.run_set(group, RUN | {"model": name})["validated"] for name in (model, "last_value"))
    assert fitted.shape == (3, 2, 3)
    errors = [ragged.errors(group, forecasts)["mase"].mean() for forecasts in (fitted, last)]
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize("model", ["theta", "damped"])
def test_a_constant_series_is_carried_on_and_a_negative_one_is_no_obstacle(model):
    flat = Series("flat", np.ones(20), np.ones(3), 4, 3, "toy", "made", 3)
    assert_array_equal(getattr(ragged, model)(flat), np.ones((1, 3)))
    (series,) = make_set(lengths=(40,), positive=False).series
    assert np.abs(getattr(ragged, model)(series) - series.actual).max() < 0.6


def test_errors_by_hand():
    series = Series("a", np.array([1.0, 2, 4, 3]), np.array([5.0, 1]), 1, 2, "toy", "made", 2)
    found = ragged.errors(SeriesSet("toy", (series,), "made"), np.array([[[3.0, 1]]]))
    assert_allclose(found["mase"], 1 / (4 / 3))
    assert_allclose(found["smape"], 200 * (2 / 8) / 2)
    assert_allclose(found["rmsse"], np.sqrt(2) / np.sqrt(6 / 3))
    flat = Series("flat", np.ones(4), np.ones(2), 1, 2, "toy", "made", 2)
    found = ragged.errors(SeriesSet("toy", (flat,), "made"), np.ones((1, 1, 2)))
    assert np.isnan(found["mase"]).all() and found["smape"] == 0


def test_the_ensemble_is_the_median():
    assert_array_equal(ragged.ensemble([[1.0, 5], [2, 6], [9, 7]]), [2, 6])


def test_a_network_run_keeps_both_fits(tmp_path):
    (result,) = run_grid({"toy": GROUP}, [NETWORK], tmp_path, n_jobs=1, progress=False, function=ragged.run_set)
    assert result["validated"].shape == result["refitted"].shape == (3, 1, 3)
    assert result["validated"].dtype == "float32" and not np.array_equal(result["validated"], result["refitted"])
    assert result["epochs"] in (1, 2) and result["units"] == 3 and result["params"] == 3 * 3 * 6 + 4 * 3


def test_one_and_two_workers_give_the_same_bits_and_the_cache_is_used(tmp_path, capsys):
    grid = [NETWORK | {"model": model, "seed": seed} for model in ("gru", "lstm") for seed in (1, 2)]
    grid += [RUN | {"model": model} for model in ("theta", "nlinear")]
    options = {"progress": False, "function": ragged.run_set}
    one, two = (run_grid({"toy": GROUP}, grid, tmp_path / str(n), n_jobs=n, **options) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        for fit in ("validated", "refitted"):
            assert (fit in a) == (fit in b) and (fit not in a or a[fit].tobytes() == b[fit].tobytes())
    assert one[0]["validated"].tobytes() != one[1]["validated"].tobytes()
    run_grid({"toy": GROUP}, grid, tmp_path / "1", n_jobs=1, **options)
    assert "6 found in the cache, 0 to compute" in capsys.readouterr().out
    run_grid({"toy": make_set(lengths=(9, 30, 42))}, grid[-1:], tmp_path / "1", n_jobs=1, **options)
    assert "0 found in the cache, 1 to compute" in capsys.readouterr().out


def test_the_run_writes_its_tables_and_goes_on_from_the_cache(tmp_path, monkeypatch, capsys):
    tries = [{"learning_rate": rate, "units": 3} for rate in (0.01, 0.001)]
    monkeypatch.setattr(many, "SEARCH", tries)
    monkeypatch.setattr(many, "DEFAULT", tries[1])
    monkeypatch.setattr(many, "BUDGET", many.BUDGET | {"batch_size": 8})
    monkeypatch.setattr(many.collections, "load_sets", lambda names: ({"toy": make_set()}, {"M4 hourly": "no file"}))
    table = many.run_many("smoke", tmp_path, n_jobs=1)
    stored = pd.read_csv(tmp_path / "data_sets.csv")
    assert len(table) == len(stored) and list(stored) == many.COLUMNS
    assert stored[stored["source"] == "left out"]["set"].tolist() == ["M4 hourly"]
    seeds = stored[stored["fit"] == "refitted"].groupby("model")["seed"].apply(list).to_dict()
    companions = ("rnn", "gru_matched", "gru_default", "lstm_default")
    assert {model: seeds[model] for model in ("gru", "lstm", *companions)} == {
        **{"gru": [1, 2], "lstm": [1, 2]},
        **{model: [1] for model in companions},
    }
    assert {model for model in seeds if seeds[model] == [0]} == {
        *ragged.SIMPLE,
        *("theta_damped", "gru_ensemble", "lstm_ensemble", "both_ensemble"),
    }
    with np.load(tmp_path / "data_sets.npz") as arrays:
        assert arrays["mase|toy|gru|refitted"].shape == (2, 3) and arrays["mase|toy|gru|refitted"].dtype == "float32"
        row = stored[(stored["model"] == "gru") & (stored["fit"] == "refitted") & (stored["seed"] == 2)]
        assert_allclose(arrays["mase|toy|gru|refitted"][1].mean(), row["mase"].item(), rtol=1e-5)
    search = pd.read_csv(tmp_path / "data_sets_search.csv")
    assert search.groupby("model")["chosen"].agg(["size", "sum"]).to_numpy().tolist() == [[1, 1]] * 3
    capsys.readouterr()
    pd.testing.assert_frame_equal(many.run_many("smoke", tmp_path, n_jobs=1), table)
    assert " 0 to compute" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ragged.cut(GROUP, 5, "train"), "held_out must be one of 'validation', 'test'; got 'train'"),
        (lambda: ragged.scale_of(np.ones((1, 5)), "log", 1), "scaling must be one of 'spread', 'level', 'naive'"),
        (lambda: ragged.errors(GROUP, np.ones((3, 3))), r"forecasts must have shape \(3, 1, 3\)"),
        (lambda: many.run_many("huge", "."), "profile must be one of 'full', 'quick', 'smoke'; got 'huge'"),
        (lambda: many.run_many("smoke", ".", ["M5"]), "sets must be one of 'M1 yearly', .*; got 'M5'"),
    ],
)
def test_bad_input_is_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
