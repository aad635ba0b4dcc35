"""The grid of runs: protocols, pairing, resuming, the tidy table."""

import ast
import inspect
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import metrics, study, windows
from helpers.checks import check_integer
from tools.engine import _Computation, fingerprint, run_grid
from tools.results import save_results

TINY = {"window": 10, "units": 3}


@pytest.fixture(scope="module")
def table():
    """A short simulated table: three noisy weekly series of 640 days."""
    rng = np.random.default_rng(0)
    week = np.tile([1.0, 1, 1, 1, 1, 0, 0], 92)[:640]
    columns = {name: (week + 0.1 * rng.standard_normal(640)) * (scale + 1) for scale, name in enumerate("abc")}
    simulated = pd.DataFrame(columns)
    simulated.attrs = {"source": "simulated", "season": 7}
    return simulated


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    """A small study of both protocols with all models, and its folder."""
    folder = tmp_path_factory.mktemp("study")
    grid = study.make_grid("published", ["toy"], [2], ["last_value", "gru"], [1], epochs=2, **TINY)
    grid += study.make_grid(
        "sound", ["toy"], [2], [*study.BASELINES, "gru", "lstm", "gru_matched"], [1, 2], epochs=2, patience=1, **TINY
    )
    return grid, run_grid({"toy": table}, grid, folder, n_jobs=2, progress=False), folder


def test_every_run_gives_one_row_for_each_series(finished):
    grid, results, _ = finished
    tidy = study.tidy(results)
    assert list(tidy.columns) == study.COLUMNS
    assert len(grid) == 2 + 3 + 3 * 2
    assert len(tidy) == 3 * len(grid)
    assert not tidy.isna().any().any()
    assert not tidy.duplicated([*study.KEYS, "series"]).any()
    assert set(tidy.source) == {"simulated"}


def test_baselines_go_through_the_same_scoring(table, finished):
    grid, results, _ = finished
    index = next(i for i, run in enumerate(grid) if run["model"] == "last_value" and run["protocol"] == "sound")
    low, span = windows.min_max(table["b"].to_numpy())
    X, y = windows.make_windows((table["b"].to_numpy() - low) / span, 10, 2)
    test = windows.chronological_split(640, 10, 2)[2]
    expected = metrics.rmse(y[test], np.repeat(X[test][:, -1:], 2, axis=1))
    assert results[index]["rows"][1]["rmse"] == pytest.approx(expected, abs=1e-12)


def test_stored_losses_are_those_of_the_table(finished):
    _, results, _ = finished
    for result in results:
        for row, loss in zip(result["rows"], result["loss"], strict=True):
            assert np.sqrt(loss.mean()) == pytest.approx(row["rmse"], rel=1e-5)


def test_last_value_scores_one_in_sample(table):
    values = table["a"].to_numpy()
    for protocol in study.PROTOCOLS:
        part = study.prepare(values, protocol, 10, 4)
        low, span = windows.min_max(values)
        train = slice(0, len(part.train[0]))
        X, y = windows.make_windows((values - low) / span, 10, 4)
        forecast = np.repeat(X[train][:, -1:], 4, axis=1)
        assert metrics.mase(y[train], forecast, part.naive_error) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("protocol", list(study.PROTOCOLS))
def test_what_a_protocol_does_to_the_windows_is_undone(table, protocol):
    part = study.prepare(table["c"].to_numpy(), protocol, 10, 4)
    np.testing.assert_allclose(part.undo(part.test[1]), part.actual, atol=1e-12)
    np.testing.assert_allclose(part.undo(part.test[0][:, -1:]), part.last, atol=1e-12)


def test_the_sound_protocol_sees_nothing_of_the_test_part(table):
    values = table["a"].to_numpy()
    changed = values.copy()
    changed[-251:] = 1000 + np.arange(251) ** 2
    before, after = (study.prepare(series, "sound", 10, 4) for series in (values, changed))
    for part in ("train", "validation"):
        for a, b in zip(getattr(before, part), getattr(after, part), strict=True):
            np.testing.assert_array_equal(a, b)
    before, after = (study.prepare(series, "published", 10, 4) for series in (values, changed))
    assert not np.array_equal(before.train[0], after.train[0])  # the published one does


def test_a_second_call_computes_nothing_and_one_more_seed_only_itself(table, finished):
    grid, results, folder = finished
    stored = {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}
    assert len(stored) == len(grid)
    again = run_grid({"toy": table}, grid, folder, n_jobs=1, progress=False)
    assert study.tidy(again).equals(study.tidy(results))
    more = study.make_grid("sound", ["toy"], [2], ["gru"], [1, 2, 3], epochs=2, patience=1, **TINY)
    run_grid({"toy": table}, more, folder, n_jobs=1, progress=False)
    after = {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}
    assert stored.items() <= after.items()
    assert len(after) == len(stored) + 1


def test_a_damaged_entry_is_said_so_and_computed_again(table, tmp_path, capsys):
    grid = study.make_grid("sound", ["toy"], [2], ["nlinear", "last_value"], [1], **TINY)
    before = run_grid({"toy": table}, grid, tmp_path, progress=False)
    damaged = next((tmp_path / "cache").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:100])
    after = run_grid({"toy": table}, grid, tmp_path, progress=False)
    assert study.tidy(after).equals(study.tidy(before))
    printed = capsys.readouterr().out
    assert f"{damaged.name} in the cache is damaged" in printed
    assert "2 runs: 1 found in the cache, 1 to compute (0 entries" in printed


def test_a_network_can_be_rebuilt_from_its_run(table, finished):
    from helpers import training

    grid, results, _ = finished
    for run, result in zip(grid, results, strict=True):
        if run["model"] in ("lstm", "gru_matched") and run["seed"] == 1:
            part = study.prepare(table["a"].to_numpy(), run["protocol"], 10, 2)
            forecast = part.undo(training.predict(study.rebuild(result), part.test[0]))
            np.testing.assert_array_equal(forecast.astype("float32"), result["forecasts"][0])


def test_other_data_and_other_code_are_other_runs(table, tmp_path, capsys):
    before = fingerprint(study.run_one)
    assert before == fingerprint(study.run_one)
    assert before != fingerprint(study.run_one, packages=("numpy",))
    assert fingerprint(metrics.rmse) != fingerprint(metrics.mae)
    grid, other = study.make_grid("sound", ["toy"], [2], ["last_value"], [1], **TINY), table.copy()
    other.iloc[0, 0] += 1
    for each, found in ((table, 0), (table.copy(), 1), (other, 0)):
        run_grid({"toy": each}, grid, tmp_path, progress=False)
        assert f"1 runs: {found} found in the cache" in capsys.readouterr().out


def test_entries_of_other_code_are_not_used_and_said_so(table, tmp_path, monkeypatch, capsys):
    grid = study.make_grid("sound", ["toy"], [2], ["last_value"], [1], **TINY)
    run_grid({"toy": table}, grid, tmp_path, progress=False)
    monkeypatch.setattr(metrics, "rmse", lambda actual, predicted: 0.0)  # the code of another version
    after = study.tidy(run_grid({"toy": table}, grid, tmp_path, progress=False))
    assert (after.rmse == 0).all()
    assert "0 found in the cache, 1 to compute (1 entries of other runs" in capsys.readouterr().out


def test_a_run_that_is_not_there_is_named(finished):
    grid, results, _ = finished
    with pytest.raises(LookupError, match="0 of the 11 runs have model='gru', seed=7"):
        study.find(grid, results, model="gru", seed=7)
    with pytest.raises(LookupError, match="3 of the 11 runs have model='gru'"):
        study.find(grid, results, model="gru")


def test_saved_results_hold_a_loss_for_every_forecast(finished, tmp_path):
    _, results, _ = finished
    path = save_results(results, tmp_path)
    tidy = pd.read_csv(path)
    arrays = np.load(tmp_path / "losses.npz", allow_pickle=False)
    for keys, rows in tidy.groupby(study.KEYS, sort=False):
        loss = arrays["loss/" + "|".join(map(str, keys))]
        np.testing.assert_allclose(np.sqrt(loss.mean(axis=1)), rows.rmse, rtol=1e-5)
    assert arrays["actual/toy|simulated|2"].shape == loss.shape
    assert sorted(file.name for file in tmp_path.iterdir()) == ["losses.npz", "results.csv"]


BAD_GRIDS = [
    ({"protocol": "unsound"}, "protocol must be one of"),
    ({"models": ["transformer"]}, "models must be one of"),
    ({"models": []}, "models must be a list of at least one"),
    ({"seeds": [-1]}, "seeds must be from 0 to 4294967295; got -1"),
    ({"horizons": [0]}, "horizons must be at least 1; got 0"),
    ({"window": 0}, "window must be at least 1; got 0"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_GRIDS)
def test_a_bad_grid_is_refused(change, sentence):
    good = {"protocol": "sound", "datasets": ["toy"], "horizons": [1], "models": ["gru"], "seeds": [1]}
    with pytest.raises(ValueError, match=sentence):
        study.make_grid(**(good | change))


def test_a_bad_study_is_refused(table, tmp_path):
    grid = study.make_grid("sound", ["other"], [1], ["gru"], [1])
    with pytest.raises(ValueError, match="grid must hold at least one run"):
        run_grid({"toy": table}, [], tmp_path)
    with pytest.raises(ValueError, match="dataset must be one of 'toy'; got 'other'"):
        run_grid({"toy": table}, grid, tmp_path)
    with pytest.raises(ValueError, match="n_jobs must be"):
        run_grid({"other": table}, grid, tmp_path, n_jobs=0)
    with pytest.raises(ConnectionError, match=r"none answers at 'tcp://127\.0\.0\.1:9'"):
        run_grid({"other": table}, grid, tmp_path, scheduler="tcp://127.0.0.1:9", progress=False)
    assert not list(tmp_path.iterdir())


def test_fingerprint_does_not_depend_on_what_else_is_imported():
    script = """
from helpers import study{}
from tools.engine import fingerprint
print(fingerprint(study.run_one, leaving_out="helpers.training"))"""
    found = {
        subprocess.run([sys.executable, "-c", script.format(more)], cwd=ROOT, capture_output=True, text=True).stdout
        for more in ("", ", plots, notebook, comparison, cells")
    }
    assert len(found) == 1
    assert len(found.pop()) == 33  # a hash and the end of the line


def test_fingerprint_leaves_out_refusals_and_words():
    def short(x):
        return x + 1

    def long(x):
        """The same computation."""
        check_integer("x", x)
        if x > 3:
            raise ValueError("too much")
        return x + 1

    trees = [ast.parse(textwrap.dedent(inspect.getsource(function))).body[0] for function in (short, long)]
    dumps = {str([ast.dump(line) for line in _Computation().visit(tree).body]) for tree in trees}
    assert len(dumps) == 1
