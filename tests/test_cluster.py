"""The same study on a real Dask cluster: a scheduler and two worker processes, on this machine's loopback address."""

import os
import socket
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from helpers import study


@pytest.fixture
def scheduler():
    """The address of a scheduler with two workers, started as a reader would start them."""
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
    yield address
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=30)


def test_a_cluster_gives_the_same_bits(scheduler, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.standard_normal(640).cumsum(), "b": rng.standard_normal(640).cumsum()})
    table.attrs = {"source": "simulated", "season": 7}
    shape = {"window": 8, "units": 2, "epochs": 2, "patience": 1}
    grid = study.make_grid("sound", ["toy"], [1], ["nlinear", "gru"], [1, 2], **shape)
    there = study.study({"toy": table}, grid, tmp_path / "there", scheduler=scheduler, progress=False)
    here = study.study({"toy": table}, grid, tmp_path / "here", n_jobs=1, progress=False)
    for a, b in zip(there, here, strict=True):
        np.testing.assert_array_equal(a["forecasts"], b["forecasts"])
    assert len(list((tmp_path / "there" / "cache").iterdir())) == len(grid)  # stored here: no shared disk is needed
