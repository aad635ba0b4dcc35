"""A study that is killed, or loses its disk, in the middle: finished runs are kept, and are not made again."""

import collections
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import pandas as pd
import psutil

SCRIPT = Path(__file__).parent / "interrupted.py"
SECONDS = ["train_seconds", "compile_seconds"]
RUNS = 40


def start(folder, seconds=0.1, n_jobs=2, log="out"):
    """The script in a process of its own; what it prints goes to ``folder``.``log``."""
    with open(f"{folder}.{log}", "a") as printed:
        command = [sys.executable, str(SCRIPT), str(folder), str(RUNS), str(seconds), str(n_jobs)]
        return subprocess.Popen(command, stdout=printed, stderr=printed)


def workers(process):
    """joblib's worker processes of ``process``."""
    children = psutil.Process(process.pid).children()
    return [child for child in children if "popen_loky" in " ".join(child.cmdline())]


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def stored(folder):
    """Finished runs: file -> (inode, time of writing). All of them can be read."""
    files = list((folder / "cache").glob("*.joblib"))
    assert all(len(joblib.load(file)["rows"]) == 2 for file in files)
    return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def times_made(folder):
    """(model, seed) -> how often that run was made."""
    return collections.Counter((folder / "log").read_text().split("\n")) if (folder / "log").exists() else {}


def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path):
    assert start(tmp_path / "calm", seconds=0, n_jobs=1).wait(60) == 0
    seed = random.randrange(10**6)
    print(f"seed of the moments: {seed}")
    moments, folder = random.Random(seed), tmp_path / "killed"
    process, kept, made = start(folder), {}, {}
    for target in sorted(moments.randrange(RUNS) for _ in range(20)):
        wait_until(lambda at=target: len(list(folder.glob("cache/*.joblib"))) >= at and workers(process))
        time.sleep(moments.uniform(0, 0.3))
        now, count = stored(folder), times_made(folder)
        assert kept.items() <= now.items()
        for file in now.keys() - kept.keys():
            row = joblib.load(file)["rows"][0]
            made[f"{row['model']} {row['seed']}"] = count[f"{row['model']} {row['seed']}"]
        kept, alive = now, workers(process)
        if alive and moments.random() < 0.5:
            moments.choice(alive).kill()
            wait_until(lambda old=alive: not any(worker.is_running() for worker in old))
        else:
            process.send_signal(signal.SIGKILL)
            process.wait()
            psutil.wait_procs(alive, timeout=10)
            assert not any(worker.is_running() for worker in alive), "a worker outlives its study"
            process = start(folder)
    assert process.wait(60) == 0
    assert kept.items() <= stored(folder).items()
    assert made.items() <= times_made(folder).items()
    calm, killed = (pd.read_csv(place / "results.csv") for place in (tmp_path / "calm", folder))
    pd.testing.assert_frame_equal(calm.drop(columns=SECONDS), killed.drop(columns=SECONDS), check_exact=True)
    assert (folder / "losses.npz").read_bytes() == (tmp_path / "calm" / "losses.npz").read_bytes()
