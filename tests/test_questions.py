"""What practitioners ask of notebook 04: a run is the study's run with one thing changed, and a state is carried."""

import numpy as np
import pytest

from helpers import data, study
from tools import questions


@pytest.fixture(scope="module")
def table():
    table = data.load("activities", "simulated").iloc[:, :3]
    table.attrs |= {"source": "simulated", "season": 7}
    return table


SMALL = {"units": 2, "epochs": 2, "patience": 1, "batch_size": 256, "window": 14}


def run_of(question, setting, **changed):
    grid = questions.make_grid([3], questions=[question], **SMALL)
    run = next(run for asked, value, run in grid if (asked, value, run["model"]) == (question, setting, "gru"))
    return run | {"dataset": "activities", "horizon": 1} | changed


def test_with_nothing_changed_it_is_the_run_of_the_study(table):
    run = run_of("dropout", "0")
    row, of_study = questions.run_question(table, run), study.run_one(table, run)
    tests = [each["rmse"] for each in of_study["rows"]]
    np.testing.assert_allclose([row["test"], row["test_first"]], [np.mean(tests), tests[0]], rtol=1e-6)
    assert row["epochs"] == len(of_study["history"].loss)
    assert row["best_epoch"] == of_study["history"].best_epoch
    more = questions.run_question(table, run_of("several inputs", "all ten", inputs=3))
    assert more["test"] == more["test_first"] != row["test_first"]
    assert more["scored"] == "Activity 0"


def test_a_state_that_is_carried_knows_the_week(table):
    rows = {}
    for state in questions.SETTINGS["carried state"]:
        run = run_of("carried state", state) | {"units": 4, "epochs": 3, "window": 4, "learning_rate": 0.01}
        rows[state] = questions.run_question(table, run)
    assert rows["carried"]["validation"] < 0.7 * rows["fresh"]["validation"]  # four days do not tell the weekday
    assert rows["carried"]["test"] < 0.7 * rows["fresh"]["test"]
    assert rows["carried"]["test"] < rows["carried, random order"]["test"]


def test_the_grid_asks_each_question_with_the_same_seeds():
    grid = questions.make_grid([1, 2], units=2)
    assert {question for question, _, _ in grid} == set(questions.SETTINGS)
    for question, settings in questions.SETTINGS.items():
        for setting in settings:
            seeds = [run["seed"] for asked, value, run in grid if (asked, value) == (question, setting)]
            assert sorted(set(seeds)) == [1, 2]
            assert len(seeds) == 2 * 2 * len(questions.CASES[question])


def test_a_run_that_two_questions_share_is_trained_once(table, tmp_path, monkeypatch):
    counted = []

    def count(tables, grid, folder, n_jobs, function):
        counted.extend(grid)
        return [{column: run.get(column) for column in questions.COLUMNS[2:]} for run in grid]

    monkeypatch.setattr(questions, "run_grid", count)
    grid = questions.make_grid([1], units=2, questions=["dropout", "longer windows"])
    rows = questions.measure({"bankex": table, "activities": table}, grid, tmp_path)
    assert len(rows) == len(grid) == 16
    assert len(counted) == 12
    assert list(rows.columns) == questions.COLUMNS
