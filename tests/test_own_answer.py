"""From a table to a forecast and a verdict: the ladder and its rule, the test, intervals, inputs, networks, words."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers.windows import normalise_windows, undo_windows
from tools import own_networks, own_plan, own_planted, own_series, own_words, rungs
from tools.reader import Found

sys.path.append(str(ROOT / "tests" / "benchmarks"))
import own_promises

# ---- seasons, plans, rungs


def test_seasons_are_found_and_wandering_is_none():
    rng, t = np.random.default_rng(0), np.arange(600)
    for period in (4, 7, 12, 52):
        noisy = np.sin(2 * np.pi * t / period) + 0.3 * rng.standard_normal(600)
        assert rungs.find_season(noisy) == rungs.find_season(noisy, (period,)) == period
        on_a_curve = rungs.find_season(5 * noisy + 0.01 * t**1.5)
        assert abs(on_a_curve - period) <= period // 50
    none = [rungs.find_season(rng.standard_normal(600).cumsum()) for _ in range(50)]
    none += [rungs.find_season(rng.standard_normal(600)) for _ in range(50)]
    assert none.count(1) >= 97
    week_in_hours = np.tile(np.repeat([3.0] * 5 + [0.0] * 2, 24), 6) + np.tile(np.sin(np.arange(24) / 4), 42)
    assert rungs.find_season(week_in_hours, rungs.CALENDAR["h"]) == 168


@pytest.mark.parametrize(("freq", "steps"), [("MS", (12,)), ("7D", (52,)), ("W-SAT", (52,)), ("h", (24, 168))])
def test_times_suggest_a_season(freq, steps):
    assert rungs.suggested(pd.date_range("2020-01-01", periods=9, freq=freq)) == steps
    assert rungs.suggested(pd.RangeIndex(9)) == ()


def test_a_horizon_too_long_is_told_with_the_longest():
    table = pd.DataFrame({"x": np.random.default_rng(0).standard_normal(200).cumsum()})
    with pytest.raises(ValueError, match=r"horizon must be at most 30 for 200 rows"):
        own_plan.make_plan(table, 60)
    plan = own_plan.make_plan(table, 30)
    assert len(plan.test) and len(plan.validation)
    with pytest.raises(ValueError, match="at most 30"):
        own_plan.make_plan(table, 31)


@pytest.mark.parametrize(
    ("rows", "part"), [(slice(None), "training"), (slice(130, 160), "validation"), (slice(160, None), "test")]
)
def test_a_series_that_stands_still_or_ends_early_is_named(rows, part):
    table = pd.DataFrame({"good": np.arange(200.0), "bad": np.arange(200.0)})
    table.iloc[rows, 1] = 5 if part == "training" else np.nan
    with pytest.raises(ValueError, match=f"'bad' does not in the {part} part .*: leave it out by value_columns"):
        own_plan.make_plan(table, 5)


def test_a_series_that_starts_too_late_is_named():
    table = pd.DataFrame({"old": np.arange(200.0), "new": np.arange(200.0)})
    table.iloc[:126, 1] = np.nan
    with pytest.raises(ValueError, match="'new' starts at 126: leave it out"):
        own_plan.make_plan(table, 5)


def test_parts_share_no_target():
    plan = own_plan.make_plan(pd.DataFrame({"x": np.random.default_rng(0).standard_normal(400).cumsum()}), 7)
    last_of = {"training": plan.first[0] - 1, "validation": plan.validation[-1] + 6, "test": plan.test[-1] + 6}
    assert last_of["validation"] < plan.test[0] and last_of["test"] == 399
    assert plan.validation[0] >= 260 and plan.test[0] >= 320


def test_no_rung_sees_what_comes_after_its_origin():
    rng = np.random.default_rng(0)
    values = 10 + np.sin(2 * np.pi * np.arange(120) / 12) + 0.1 * rng.standard_normal(120)
    inputs = rng.standard_normal((126, 1))
    origins = np.array([90, 100])
    known = rungs.all_rungs(values, origins, 6, 12)
    known["regression"] = rungs.regression(values, inputs, origins, 6, 12)
    changed = np.where(np.arange(120) >= 100, 1e6, values)
    again = rungs.all_rungs(changed, origins, 6, 12)
    again["regression"] = rungs.regression(changed, inputs, origins, 6, 12)
    assert set(known) == {*rungs.RUNGS, "regression"}
    for name, forecasts in known.items():
        assert forecasts.shape == (2, 6)
        np.testing.assert_allclose(again[name], forecasts, err_msg=name)


def test_plain_forecasts_by_hand():
    made = rungs.plain(np.array([4.0, 1, 5, 2, 6, 3]), [6], 3, 2)
    expected = {"mean": [3.5] * 3, "last_value": [3] * 3, "drift": [2.8, 2.6, 2.4], "seasonal_naive": [6, 3, 6]}
    for name, values in expected.items():
        np.testing.assert_allclose(made[name], [values], err_msg=name)


def test_weights_fall_with_the_square_of_the_error():
    weights = rungs.weights_of({"theta": np.full(3, 1.0), "damped": np.full(3, 4.0), "mean": np.zeros(3)})
    assert weights == pytest.approx({"theta": 0.8, "damped": 0.2})
    assert rungs.combined({"theta": np.array([20.0]), "damped": np.array([0.0])}, weights) == pytest.approx([16])


def test_the_choice_needs_time_and_prefers_the_plain_among_equals():
    rng = np.random.default_rng(0)
    noise = 1 + 0.1 * rng.standard_normal(100)
    losses = {"last_value": 1.02 * noise, "nlinear": noise, "weighted": 1.5 * noise}
    assert rungs.choose(losses, np.arange(100), 5) == "last_value"
    assert rungs.choose(losses | {"last_value": 1.4 * noise}, np.arange(100), 5) == "nlinear"
    assert rungs.choose(losses, np.arange(100), 20) == "weighted"


# ---- the statistics


def test_blocks_share_no_target():
    for n, horizon in [(100, 1), (100, 7), (40, 20), (23, 20), (15, 20)]:
        rows = np.arange(50, 50 + n)
        days = {}
        for row in rows:
            member = np.flatnonzero(rungs.block_means(1.0 * (rows == row), rows, horizon))
            for day in range(row, row + horizon) if len(member) else ():
                days.setdefault(day, set()).add(int(member[0]))
        assert days and all(len(blocks) == 1 for blocks in days.values())


@pytest.mark.parametrize(("n_origins", "horizon"), [(200, 1), (200, 13), (60, 5)])
def test_false_alarms_stay_below_their_level(n_origins, horizon):
    share, _ = own_promises.false_alarms(600, n_origins, horizon, np.random.default_rng(3))
    assert 0.005 < share < 0.08  # of 600; figures/own_promises.csv has the counts of 2,000


def test_the_stored_promises_are_kept():
    table = pd.read_csv(ROOT / "figures" / "own_promises.csv")
    alarms = table[table["promise"] == "false alarms"]
    recommended = table[table["promise"] == "network recommended"]
    assert recommended["share"].max() <= 0.04 and alarms["share"].max() <= 0.06
    assert table.drop([*alarms.index, *recommended.index])["share"].between(0.86, 0.94).all()


def test_the_stored_comparison_of_rules_is_what_the_notebook_says():
    table = pd.read_csv(ROOT / "figures" / "own_series_rules.csv").set_index("rule")
    assert table["all"].idxmin() == table["report"].idxmin() == "the weighted mean (ours)"
    for column in ("all", "report", "other"):
        ours = table.loc["the weighted mean (ours)", column]
        assert ours <= 1.0
        assert ours <= 0.97 * table.loc["always damped smoothing", column]
        assert ours <= 0.99 * table.loc["always Theta", column]
        assert ours <= 0.95 * table.loc["the first edition's rule", column]
    assert table["series"].iloc[0] > 2000 and table["other_series"].iloc[0] > 200


def test_over_rolling_origins_the_recommended_is_near_the_better_of_two():
    ratios = pd.read_csv(ROOT / "figures" / "own_series_rolling.csv").set_index(["set", "series"])
    assert len(ratios) == 40 and np.allclose(ratios[["theta", "damped"]].min(axis=1), 1)
    assert ratios["weighted"].mean() <= 1.03 and ratios["weighted"].max() <= 1.5


def test_beside_statsforecast_the_table_is_of_the_same_series():
    ratios = pd.read_csv(ROOT / "figures" / "own_series_rolling.csv").set_index(["set", "series"])
    beside = pd.read_csv(ROOT / "figures" / "beside_statsforecast.csv").set_index("forecast")
    assert set(beside.index) >= {"AutoETS", "AutoTheta", "AutoARIMA", *rungs.PLAIN, "weighted"}
    np.testing.assert_allclose(beside["mean"], ratios[beside.index].mean(), atol=1e-3)
    assert beside.loc["weighted", "mean"] == beside["mean"].min() and beside.loc["weighted", "series"] == 40


def test_the_stored_answers_with_and_without_networks():
    table = pd.read_csv(ROOT / "figures" / "own_series_networks.csv")
    assert len(table) == 100 and table["series"].is_unique
    same = ~table["answer"].isin(own_plan.NETWORKS)
    assert (table.loc[same, "with networks"] == table.loc[same, "without networks"]).all()
    assert (table["answer"] == table["rung"])[same].all()


def test_a_real_difference_is_seen_and_equals_are_equivalent():
    rng = np.random.default_rng(0)
    first, second = own_promises.simulate_equals(100, 200, 5, rng).swapaxes(0, 1)
    blocks = [rungs.block_means(losses, np.arange(200), 5) for losses in (0.3 * first, second)]
    words = [own_plan.compare(*pair)["verdict"] for pair in zip(*blocks, strict=True)]
    assert words.count("better") > 85
    same = rng.uniform(1, 2, 6)
    assert own_plan.compare(same, same * rng.uniform(0.999, 1.001, 6))["verdict"] == "equivalent"


def test_too_little_time_is_undecided_and_the_simple_forecast_stays():
    blocks = pd.DataFrame({"model": ["last_value", "theta", "gru", "lstm"], "block": 1, "loss": [1.0, 1, 0.1, 0.2]})
    table = own_plan.verdict_table(blocks, "gru")
    assert set(table["verdict"]) == {"undecided"}
    assert own_plan.name_answer(table, "theta") == "theta"


def test_a_network_must_beat_the_chosen_rung_and_no_other_may_be_ahead():
    def rows(*words, differences=(-9, -9, -9, 1)):
        table = {"first": "gru", "second": [*"abc", "lstm"], "verdict": [*words, "undecided"]}
        return pd.DataFrame(table | {"difference": differences})

    assert own_plan.name_answer(rows("better", "better", "better"), "a") == "gru"
    assert own_plan.name_answer(rows("better", "undecided", "better"), "a") == "gru"
    assert own_plan.name_answer(rows("better", "undecided", "better"), "b") == "b"
    assert own_plan.name_answer(rows("better", "undecided", "better", differences=(-9, 1, -9, 1)), "a") == "a"
    assert own_plan.name_answer(rows("better", "better", "equivalent"), "c") == "c"


def test_intervals_hold_what_comes_step_by_step_and_as_a_path():
    steps, paths = own_promises.coverage("random walk", 5, 150, np.random.default_rng(2))
    assert 0.84 < steps < 0.96 and 0.84 < paths < 0.97


def test_forty_origins_in_a_row_are_worth_few():
    assert rungs.independent(np.arange(100, 140), 1) == 40
    assert rungs.independent(np.arange(100, 140), 13) == 4
    share, low, high = own_words.held(36, 40, np.arange(100, 140), 13)
    assert share == 0.9 and low < 0.6 and high > 0.98


def test_what_is_not_known_is_not_scored_but_a_missing_forecast_is_no_good_forecast():
    actual = np.array([[[1.0, np.nan], [2.0, 4.0]]])  # (1 series, 2 origins, 2 steps)
    assert own_plan.loss(actual, np.zeros((1, 2, 2)), np.ones(1)).tolist() == [1, 10]
    assert np.isnan(own_plan.loss(actual, np.full((1, 2, 2), np.nan), np.ones(1))).all()


# ---- inputs, networks, words


def test_inputs_must_reach_as_far_as_the_horizon():
    found = own_planted.plant("an input", 200, np.random.default_rng(0))
    plan = own_plan.make_plan(found.table, 6, inputs=True)
    made = own_plan.known_inputs(found, plan, [])["an input"]
    assert made.shape == (206, 1)
    assert made[: plan.first[0]].mean() == pytest.approx(0) and made[: plan.first[0]].std() == pytest.approx(1)
    found.future_inputs = {"an input": found.future_inputs["an input"].iloc[:4]}
    with pytest.raises(
        ValueError, match="inputs must be known for the 6 steps of the horizon; the file has them for 4"
    ):
        own_plan.known_inputs(found, plan, [])


def test_a_network_reads_the_inputs_of_the_future_and_no_value_of_it():
    values, inputs = np.arange(50.0), np.arange(55.0)[:, None]
    X, (last, _) = own_networks.look_back(values, inputs, [30], 10, 5, 1.0)
    assert X.shape == (1, 10, 3)
    assert X[0, :, 1].tolist() == list(range(20, 30)) and X[0, :, 2].tolist() == list(range(25, 35))
    changed, _ = own_networks.look_back(np.where(values >= 30, 1e6, values), inputs, [30], 10, 5, 1.0)
    np.testing.assert_array_equal(changed, X)
    assert last == 29


@pytest.mark.parametrize("kind", ["rare sales", pytest.param("an input", marks=pytest.mark.thorough)])
def test_planted_answers_are_found(kind, tmp_path):
    found = own_planted.answers([kind], [1], tmp_path, n=500, seeds=(1,), epochs=2, n_jobs=1, progress=False)
    assert found["right"].all(), found


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Two series of other scales, the second of which starts later: found, plan, result, folder."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("own")
    x = rng.standard_normal(240).cumsum() + 3 * np.sin(2 * np.pi * np.arange(240) / 12)
    table = pd.DataFrame({"a": x, "b": 1000 * x + 7}, index=pd.date_range("2001-01-01", periods=240, freq="MS"))
    table.iloc[:40, 1] = np.nan
    found = Found(table, ["made up"], source="a.csv")
    plan = own_plan.make_plan(table, 6, window=24, profile="smoke")
    result = own_series.find_answer(found, plan, folder, (1, 2), 2, options={"n_jobs": 1, "progress": False}, units=4)
    own_series.save(result, found, plan, folder)
    return found, plan, result, folder


def test_the_saved_networks_forecast_the_same_numbers(answered):
    from helpers import training

    found, _, result, folder = answered
    kept = json.loads((folder / "own_series.json").read_text())
    past = own_plan.fill(found.table).to_numpy()[-kept["window"] :].T
    X, _, undo = normalise_windows(past, None, np.c_[kept["smallest_spread"]])
    network = training.load(folder / "own_series.keras")
    again = undo_windows(training.predict(network, X - X.mean(axis=1, keepdims=True)), *undo)
    np.testing.assert_allclose(again, result["ahead"][result["network"]][:, 0], rtol=1e-4)


def test_the_tables_of_an_answer(answered):
    found, plan, result, _ = answered
    assert plan.season == 12
    forecast = result["forecast"]
    assert len(forecast) == 12 and forecast["time"].iloc[0] == pd.Timestamp("2021-01-01")
    inner = forecast["low"].ge(forecast["path_low"]) & forecast["high"].le(forecast["path_high"])
    assert inner.all() and forecast["forecast"].between(forecast["low"], forecast["high"]).all()
    assert set(result["scores"]["model"]) == {*rungs.RUNGS, "weighted", "gru", "lstm"}
    assert set(result["networks"]["device"]) <= {"cpu", "gpu"} and len(result["networks"]) == 4
    words = own_words.in_words(result["verdicts"], result["intervals"], plan, "smoke")
    assert words.startswith("**Use ") and words.count("**") == 2 and "profile smoke" in words
    facts = own_words.found_table(found, plan)["found"]
    assert facts["read (1)"] == "made up" and facts["season"] == "12 steps" and facts["frequency"] == "MS"


WORDS = {
    "network": (
        "gru",
        ["better", "better", "better"],
        "Use the GRU",
        "better than the one that would be used without it",
    ),
    "rung": ("theta", ["worse", "undecided", "worse"], "Use Theta", "No network is shown to be better: on the test"),
}


@pytest.mark.parametrize("case", WORDS)
def test_the_answer_in_whole_sentences(case):
    answer, words, start, sentence = WORDS[case]
    d = {"better": -20.0, "worse": 20.0, "undecided": 1.0}
    rows = [
        {"first": "gru", "second": second, "verdict": word, "difference": d[word]}
        for second, word in zip(["last_value", "theta", "lstm"], words, strict=True)
    ]
    verdicts = pd.DataFrame(rows).assign(n_blocks=4, answer=answer, p=0.01)
    verdicts = verdicts.assign(low=verdicts["difference"] - 5, high=verdicts["difference"] + 5)
    plan = own_plan.Plan(200, 2, 1, 24, np.arange(130, 159), np.arange(160, 199))
    intervals = pd.DataFrame(
        {"series": "x", "step": [1, 2], "known": 39, "inside": 35, "paths": 39, "paths_inside": 34}
    )
    text = own_words.in_words(verdicts, intervals, plan)
    assert text.startswith(f"**{start}.**") and sentence in text and text.endswith(".")
    assert "87" in text and "only four blocks of time" in text and "nan" not in text


# ---- the command


def test_the_command_says_the_answer_or_one_sentence(tmp_path, capsys):
    months = pd.date_range("2008-01-01", periods=120, freq="MS")
    values = np.random.default_rng(0).standard_normal(120).cumsum().round(3)
    pd.DataFrame({"month": months, "x": values}).to_csv(tmp_path / "x.csv", index=False)
    options = [str(tmp_path / "x.csv"), "--output", str(tmp_path / "out"), "--profile", "smoke", "--n-jobs", "1"]
    assert own_series.main([*options, "--horizon", "6"]) == 0
    printed = capsys.readouterr().out
    assert "Use " in printed and "forecast.csv" in printed and "image/png" not in printed
    for name in ("forecast.csv", "verdict.csv", "figures/08_forecast.png", "own_series.keras"):
        assert (tmp_path / "out" / name).is_file()
    command = [sys.executable, "-m", "tools.own_series", *options, "--horizon", "60"]
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert failed.returncode == 1 and failed.stderr.startswith("horizon must be at most")
    assert failed.stderr.count("\n") == 1
