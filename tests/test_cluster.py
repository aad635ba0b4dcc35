"""The same study on a real Dask cluster: a scheduler and two worker processes, on this machine's loopback address."""

import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from conftest import ROOT
from small_many import made_set

from helpers import ragged, study
from tools import many
from tools.engine import run_grid


@pytest.fixture
def cluster():
    """The address of a scheduler, and it and two workers as processes, started as a reader would start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    dask = [sys.executable, "-m", "dask"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    port = address.rsplit(":", 1)[1]
    started = [subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"], **quiet)]
    for _ in range(2):
        started.append(subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **quiet))
    yield address, started
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=30)


def table_of_two():
    """Two simulated random walks."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.standard_normal(640).cumsum(), "b": rng.standard_normal(640).cumsum()})
    table.attrs = {"source": "simulated", "season": 7}
    return table


@pytest.mark.thorough
def test_a_cluster_that_loses_a_worker_gives_the_same_bits(cluster, tmp_path):
    """One of the two workers, and what would start it again, is killed as soon as the first network is stored."""
    address, processes = cluster
    table = table_of_two()
    shape = {"window": 8, "units": 2, "epochs": 2, "patience": 1}
    grid = study.make_grid("sound", ["toy"], [1], ["nlinear", "gru"], range(1, 7), **shape)
    cache = tmp_path / "there" / "cache"
    killed_after = []

    def kill():
        while len(list(cache.glob("*.joblib"))) < 2:  # the baseline, and a network
            time.sleep(0.02)
        killed_after.append(len(list(cache.glob("*.joblib"))))
        for process in [*psutil.Process(processes[1].pid).children(recursive=True), processes[1]]:
            process.kill()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    there = run_grid({"toy": table}, grid, tmp_path / "there", scheduler=address, progress=False)
    killer.join(timeout=60)
    assert killed_after[0] < len(grid)  # it was in the middle
    here = run_grid({"toy": table}, grid, tmp_path / "here", n_jobs=1, progress=False)
    for a, b in zip(there, here, strict=True):
        np.testing.assert_array_equal(a["forecasts"], b["forecasts"])
    assert len(list(cache.iterdir())) == len(grid)  # stored here: no shared disk is needed

    # a set of ragged series, on the worker that is left
    run = {"protocol": "global", "dataset": "set", "horizon": 3, "window": 5, "seed": 1, "refit": True, "units": 2}
    run |= many.BUDGET | {"epochs": 2, "learning_rate": 0.01, "windows_per_epoch": 16}
    sets, grid = {"set": made_set()}, [run | {"model": model} for model in ("lstm", "theta", "nlinear")]
    options = {"progress": False, "function": ragged.run_set}
    there = run_grid(sets, grid, tmp_path / "there", scheduler=address, **options)
    here = run_grid(sets, grid, tmp_path / "here", n_jobs=1, **options)
    for a, b in zip(there, here, strict=True):
        for fit in ("validated", "refitted"):
            assert (fit in a) == (fit in b) and (fit not in a or a[fit].tobytes() == b[fit].tobytes())
