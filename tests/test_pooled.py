"""The study's tables over data sets: comparisons, features, what matters, and what is said where nothing differs."""

import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import pooling
from helpers.collections import Series, SeriesSet
from tools import pooled, run

sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
import pooling_simulations

MODELS = {name for _, first, second in pooled.QUESTIONS for name in (first, second)}
SETS = ("M1 toy", "M3 toy", "ETTh1")


def made_errors(seed=1, seeds=4, series=12):
    """Errors of all models on three sets; those of the GRU are 5 % below the LSTM's, seed by seed."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for metric in pooled.METRICS:
        for name in SETS:
            hard = rng.uniform(1, 3, series)
            for fit in (pooled.REFITTED, pooled.VALIDATED):
                for model in MODELS:
                    rows = (
                        1 if "ensemble" in model or model in ("theta", "damped", "theta_damped", "nlinear") else seeds
                    )
                    noise = rng.normal(0, 0.01, (rows, series))
                    arrays[f"{metric}|{name}|{model}|{fit}"] = hard * np.exp(noise - 0.05 * (model == "gru"))
    return arrays


def test_each_comparison_has_a_row_a_set_and_one_over_all(tmp_path):
    errors = made_errors()
    effects = pooled.effects_by_set(errors)
    assert len(effects) == 3 * len(pooled.PLANS)
    key = "mase|M3 toy|{}|refitted"
    own = pooling.set_effect(errors[key.format("gru")], errors[key.format("lstm")])
    row = effects[(effects["question"] == pooled.MAIN) & (effects["set"] == "M3 toy")].iloc[0]
    assert (row["measure"], row["fit"], row["family"]) == ("mase", "refitted", "M3")
    assert row["difference"] == own["difference"] and row["low"] < own["difference"] < row["high"]
    table = pooled.pooled(effects)
    assert len(table) == len(pooled.PLANS) and table["question"][0] == pooled.MAIN
    assert table["difference"][0] == pytest.approx(-5, abs=1)
    table.to_csv(tmp_path / "pooled.csv", index=False)
    assert f"the GRU's error is {table['difference'][0]:+.1f} % from the LSTM's" in run.answer(tmp_path)


def test_a_model_that_a_set_lacks_and_too_few_sets_are_left_out():
    errors = {key: values for key, values in made_errors().items() if "|ETTh1|lstm|" not in key}
    effects = pooled.effects_by_set(errors)
    assert effects[effects["question"] == pooled.MAIN]["set"].unique().tolist() == ["M1 toy", "M3 toy"]
    table = pooled.pooled(effects)
    assert pooled.MAIN not in table["question"].tolist() and "GRU against Theta" in table["question"].tolist()
    assert pooled.pooled(effects[effects["set"] == "M1 toy"]).empty


@pytest.mark.parametrize(
    ("name", "family"),
    [("M3 other", "M3"), ("ETTh2", "ETT"), ("Exchange rates", "Exchange rates"), ("Tourism yearly", "Tourism")],
)
def test_relatives_are_those_of_one_competition(name, family):
    assert pooled.family(name) == family


def test_strengths_of_trend_and_season():
    months, rng = np.arange(120), np.random.default_rng(1)
    noise = rng.normal(0, 1, 120)
    trend, season = pooled.strengths(10 * np.sin(2 * np.pi * months / 12) + noise, 12)
    assert trend < 0.6 < 0.95 < season
    trend, season = pooled.strengths(months + noise, 12)
    assert season < 0.6 < 0.95 < trend
    trend, season = pooled.strengths(months + noise, 1)
    assert trend > 0.95 and season == 0
    assert np.isnan(pooled.strengths(np.ones(50), 12)).all() and np.isnan(pooled.strengths(months[:24], 12)).all()


def test_features_are_medians_over_series():
    values = np.random.default_rng(2).normal(size=50).cumsum()
    series = [Series(f"s{n}", values[:n], values[n : n + 2], 4, 2, "toy", "made", 2) for n in (20, 30, 44)]
    row = pooled.features({"M1 toy": SeriesSet("M1 toy", tuple(series), "made")}).iloc[0]
    assert (row["series"], row["horizon"], row["period"], row["length"], row["mixed"]) == (3, 2, 4, 30, True)
    assert 0 <= row["season"] <= 1 and 0 <= row["trend"] <= 1


def test_what_matters_is_a_distance_whatever_its_direction():
    errors = made_errors()
    rows = [(name, "gru", rate, units, 1 + rate + units / 100, rate == 0.01 and units == 16) for name in SETS
            for rate in (0.01, 0.1) for units in (16, 48)]  # fmt: skip
    columns = ["set", "model", "learning_rate", "units", "validation", "chosen"]
    table = pooled.what_matters(errors, pooled.effects_by_set(errors), pd.DataFrame(rows, columns=columns))
    assert (table["size"] >= 0).all()
    sizes = table.groupby("choice")["size"].mean()
    assert sizes["GRU or LSTM"] == pytest.approx(5, abs=1)
    assert sizes["learning rate"] == pytest.approx(100 * np.log(1.26 / 1.17))
    assert sizes["width"] == pytest.approx(100 * np.log(1.49 / 1.17))
    logs = 100 * np.log(errors["mase|M1 toy|gru|refitted"]).mean(axis=1)
    apart = np.mean([abs(a - b) for i, a in enumerate(logs) for b in logs[:i]])
    assert table.query("choice == 'another seed' and set == 'M1 toy'")["size"].item() == pytest.approx(apart)


def test_a_folder_without_the_study_is_refused_in_one_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit):
        pooled.main([str(tmp_path)])
    assert "FOLDER must hold data_sets.npz, as python -m tools.many writes it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "columns", "sentence"),
    [
        ("mase|M1 toy", "set,model", r"must hold arrays \(seeds, series\) named metric\|set\|model\|fit; got 'mase"),
        ("mase|a|gru|refitted", "set,model,units", "lacks the column.s. learning_rate, validation, chosen; it must"),
    ],
)
def test_tables_with_other_columns_are_refused_in_one_sentence(name, columns, sentence, tmp_path):
    np.savez(tmp_path / "data_sets.npz", **{name: np.ones((2, 3))})
    (tmp_path / "data_sets_search.csv").write_text(columns + "\n")
    with pytest.raises(ValueError, match=sentence) as caught:
        pooled.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_two_labels_for_one_network_are_hardly_ever_called_different():
    """Forty tables of the benchmark that has a thousand: no difference planted, then one of 4 %."""
    rng = np.random.default_rng(3)
    sets = {}
    for name in map(str, range(9)):
        series, seeds = rng.normal(0, 0.4, (1, 30)), rng.normal(0, 0.02, (10, 1))
        sets[name] = np.exp(series + seeds + rng.normal(0, 0.03, (10, 30)))
    table = pooling_simulations.simulate({"toy": sets}, np.full(15, 1.0), np.full(15, 12.0), tables=40)
    null, calm = table.iloc[0], table.query("sets == 15 and spread == 2")
    assert null["better"] + null["worse"] <= 0.05 and null["mean_held"] >= 0.85
    assert calm[calm["planted"] == -4]["better"].item() >= 0.9
    assert calm[calm["planted"] == 0]["equivalent"].item() >= 0.7
    assert table["new_held"].between(0.8, 1).all()
