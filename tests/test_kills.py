"""A study that is killed, or loses its disk, in the middle: finished runs are kept, and are not made again."""

import collections
import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest

from helpers import study
from tools.engine import run_grid
from tools.results import save_results

SCRIPT = Path(__file__).parent / "interrupted.py"
SECONDS = ["train_seconds", "compile_seconds"]
RUNS = 40
PATIENCE = 300  # seconds: a busy machine is no failure


def start(folder, kind="short", seconds=0.1, n_jobs=2):
    """The script in a process of its own; what it prints goes to ``folder``.out."""
    with open(f"{folder}.out", "a") as printed:
        command = [sys.executable, str(SCRIPT), str(folder), str(RUNS), str(seconds), str(n_jobs), kind]
        return subprocess.Popen(command, stdout=printed, stderr=printed)


def workers(process):
    """joblib's worker processes of ``process``."""
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        return [child for child in children if "popen_loky" in " ".join(child.cmdline())]
    return []


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
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


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("short", 6),
        pytest.param("short", 20, marks=pytest.mark.thorough),
        pytest.param("networks", 20, marks=pytest.mark.long),
    ],
)
def test_kills_lose_nothing_and_repeat_nothing(kind, kills, tmp_path):
    """SIGKILL to the study or to one of its workers, then the study again: the table is that of a calm study."""
    assert start(tmp_path / "calm", kind, seconds=0, n_jobs=1).wait(PATIENCE) == 0
    seed = random.randrange(10**6)
    print(f"seed of the moments: {seed}")
    moments, folder = random.Random(seed), tmp_path / "killed"
    process, kept, made, orphans = start(folder, kind), {}, {}, []
    for target in sorted(moments.randrange(RUNS - 8) for _ in range(kills)):
        wait_until(lambda at=target, of=process: len(list(folder.glob("cache/*.joblib"))) >= at and workers(of))
        time.sleep(moments.uniform(0, 0.3))
        now, count = stored(folder), times_made(folder)
        assert kept.items() <= now.items()
        for file in now.keys() - kept.keys():
            row = joblib.load(file)["rows"][0]
            run = f"{row['model']} {row['seed']}"
            made[run] = count.get(run, 0)
        kept, alive = now, workers(process)
        if alive and moments.random() < 0.5:
            with contextlib.suppress(psutil.NoSuchProcess):
                moments.choice(alive).kill()
            wait_until(lambda old=alive: not any(worker.is_running() for worker in old))
        else:
            process.send_signal(signal.SIGKILL)
            process.wait()
            orphans += alive
            process = start(folder, kind)
    assert process.wait(PATIENCE) == 0
    for orphan in orphans:  # those that had no run yet would end after five idle minutes
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.kill()
    assert kept.items() <= stored(folder).items()
    made_in_all = times_made(folder)
    assert all(made_in_all.get(run, 0) == count for run, count in made.items())
    calm, killed = (pd.read_csv(place / "results.csv") for place in (tmp_path / "calm", folder))
    pd.testing.assert_frame_equal(calm.drop(columns=SECONDS), killed.drop(columns=SECONDS), check_exact=True)
    assert (folder / "losses.npz").read_bytes() == (tmp_path / "calm" / "losses.npz").read_bytes()


def test_workers_end_in_the_middle_of_a_run_when_their_study_is_killed(tmp_path):
    process = start(tmp_path / "killed", seconds=1000)
    wait_until(lambda: len(list(tmp_path.glob("killed/begun *"))) == 2)
    alive = workers(process)
    process.kill()
    process.wait()
    assert len(alive) == 2
    assert not psutil.wait_procs(alive, timeout=30)[1]


# ---- disks


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 200 kB in memory, where the machine lets us have one; its folder and a call that makes it read-only."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if sys.platform != "linux" or os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be made by root on Linux")
    yield place, lambda mode: subprocess.run(["mount", "-o", f"remount,{mode}", str(place)], check=True)
    subprocess.run(["umount", str(place)], check=True)


def table():
    """Two simulated random walks."""
    walks = np.random.default_rng(0).normal(size=(560, 2)).cumsum(axis=0)
    made = pd.DataFrame(walks, columns=["a", "b"])
    made.attrs = {"source": "simulated", "season": 7}
    return made


GRID = study.make_grid("sound", ["toy"], range(1, 21), ["last_value"], [1], window=8)  # twenty runs, no TensorFlow


def run(folder, before=lambda run: None):
    """The study's table; ``before`` is called with each run."""

    def function(seen, asked):
        before(asked)
        return study.run_one(seen, asked)

    return study.tidy(run_grid({"toy": table()}, GRID, folder, progress=False, function=function))


def assert_goes_on(folder, calm, mend, before=lambda run: None):
    """Hold that a stopped study names its trouble, keeps what is finished, and goes on when the disk is mended."""
    with pytest.raises(OSError, match=r"^folder must have room and be writable; got '.*start again, and it goes on"):
        run(folder, before)
    kept = stored(folder)
    assert 0 < len(kept) < len(GRID)
    mend()
    assert run(folder).equals(run(calm))
    assert kept.items() <= stored(folder).items()
    assert not list(folder.rglob("*.part"))


def test_a_full_disk(small_disk, tmp_path):
    folder, remount = small_disk
    assert_goes_on(folder, tmp_path / "calm", lambda: remount("size=20m"))


def test_a_disk_that_turns_read_only(small_disk, tmp_path):
    folder, remount = small_disk
    remount("size=20m")
    assert_goes_on(
        folder,
        tmp_path / "calm",
        lambda: remount("rw"),
        lambda run: remount("ro") if run["horizon"] == 5 else None,
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_what_a_full_or_read_only_disk_says_where_we_may_not_make_one(number, tmp_path, monkeypatch):
    """Half of the sixth file is written, then the error comes that such a disk gives."""
    dump, calls = joblib.dump, []

    def failing(result, path):
        calls.append(path)
        if len(calls) == 6:
            Path(path).write_bytes(b"half of")
            raise OSError(number, os.strerror(number))
        return dump(result, path)

    monkeypatch.setattr(joblib, "dump", failing)
    assert_goes_on(tmp_path / "disk", tmp_path / "calm", lambda: monkeypatch.setattr(joblib, "dump", dump))


def test_a_table_is_there_whole_or_as_it_was(tmp_path, monkeypatch):
    """Where the arrays beside it can't be written, the old table stays."""
    results = run_grid({"toy": table()}, GRID[:3], tmp_path, progress=False)
    save_results(results[:1], tmp_path)
    before = [(tmp_path / name).read_bytes() for name in ("results.csv", "losses.npz")]

    def failing(file, **arrays):
        file.write(b"half of")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", failing)
    with pytest.raises(OSError, match=r"^folder must have room and be writable; got 'No space left"):
        save_results(results, tmp_path)
    assert [(tmp_path / name).read_bytes() for name in ("results.csv", "losses.npz")] == before
    assert not list(tmp_path.rglob("*.part"))
