"""One seed, one result, to the last bit: in another process, in another order, with other threads and hash seeds."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import study
from tools.engine import run_grid

SHAPE = {"window": 8, "units": 3, "epochs": 2}
ARRAYS = ("forecasts", "loss", "direction", "actual", "weights")


def make(n_jobs=1, reverse=False, folder=None):
    """Results of a few runs of both protocols: (protocol, model, seed) -> result."""
    walks = np.random.default_rng(0).normal(size=(620, 3)).cumsum(axis=0)
    table = pd.DataFrame(walks, columns=["a", "b", "c"])
    table.attrs = {"source": "simulated", "season": 7}
    grid = []
    for protocol in ("published", "sound"):
        models = ["nlinear", "gru", "lstm"] if protocol == "sound" else ["nlinear", "gru"]
        grid += study.make_grid(protocol, ["toy"], [3], models, [1, 2], **SHAPE)
    grid = grid[::-1] if reverse else grid
    results = run_grid({"toy": table}, grid, folder, n_jobs=n_jobs, progress=False)
    keys = [(run["protocol"], run["model"], run["seed"]) for run in grid]
    return dict(zip(keys, results, strict=True))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return make(folder=tmp_path_factory.mktemp("here"))


def elsewhere(tmp_path, **arguments):
    """The same results, made by another Python in another folder, with another hash seed, locale and thread count."""
    code = f"""
import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
if __name__ == "__main__":
    import joblib, test_same_bits
    joblib.dump(test_same_bits.make(folder={str(tmp_path / "study")!r}, **{arguments!r}), {str(tmp_path / "made")!r})
"""
    other = {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2", "LC_ALL": "C", "TZ": "Asia/Kolkata", "PYTHONPATH": ""}
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "script.py")]
    subprocess.run(command, cwd=tmp_path, env=os.environ | other, check=True, stdout=subprocess.DEVNULL)
    return joblib.load(tmp_path / "made")


@pytest.mark.thorough  # its smaller twin: one and two workers, in test_global_networks
def test_another_process_with_two_workers_in_reverse_order_gives_the_same_bits(here, tmp_path):
    there = elsewhere(tmp_path, n_jobs=2, reverse=True)
    assert there.keys() == here.keys() and len(here) == 8
    for key, result in here.items():
        for name in ARRAYS:
            for a, b in zip(result.get(name, []), there[key].get(name, []), strict=True):
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes(), (key, name)
    columns = [column for column in study.COLUMNS if not column.endswith("seconds")]
    tables = [study.tidy(list(results[key] for key in here))[columns] for results in (here, there)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_two_seeds_are_two_results(here):
    for model in ("gru", "lstm"):
        assert not np.array_equal(here["sound", model, 1]["forecasts"], here["sound", model, 2]["forecasts"])
