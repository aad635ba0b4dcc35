"""What a run leaves behind: nothing outside output, environment and cache folder; two at once don't meet."""

import os
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from conftest import NO_NETWORK, ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def status(clone):
    return subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def place(tmp_path):
    """A clone with today's files, a home folder, a folder for temporary files, and an environment that is this one."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "venv" / "ready").touch()
    for name in ("home", "temporary", "cache"):
        (tmp_path / name).mkdir()
    return tmp_path


def runs_side_by_side(place):
    """Two smoke runs at once by make; returns what each printed."""
    env = {"HOME": place / "home", "TMPDIR": place / "temporary", "GRU_VS_LSTM_DATA": place / "cache"}
    drop = ("XDG_", "JUPYTER", "IPYTHON", "MPL", "KERAS_HOME", "PYTEST")
    env = {key: value for key, value in os.environ.items() if not key.startswith(drop)} | {
        k: str(v) for k, v in (env | NO_NETWORK).items()
    }
    started = [
        subprocess.Popen(
            ["make", "run", "PROFILE=smoke", f"OUTPUT=build/{name}", f"VENV={place / 'venv'}"],
            cwd=place / "clone",
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("one", "two")
    ]
    printed = [process.communicate(timeout=1800)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], printed
    return printed


def assert_nothing_is_left(place, before_files, before_status):
    assert status(place / "clone") == before_status
    assert not files(place / "home")
    assert not files(place / "temporary")
    assert not files(place / "cache")
    added = files(place / "clone") - before_files
    assert all(name.startswith(("build/", ".git/")) or "__pycache__" in name for name in added), added


BY_THE_CLOCK = {  # rows that tell seconds, in tables of other things
    "verdicts.csv": lambda table: table["family"] == "speed",
}


def without_seconds(path):
    table = pd.read_csv(path)
    if path.name in BY_THE_CLOCK:
        table = table[~BY_THE_CLOCK[path.name](table)]
    return table.drop(columns=[column for column in table if "second" in column])


def assert_the_same_tables(place):
    """Both runs have the same tables, but for the seconds."""
    one, two = (place / "clone" / "build" / name for name in ("one", "two"))
    tables = [path.name for path in one.glob("*.csv")]
    assert "verdicts.csv" in tables and sorted(tables) == sorted(path.name for path in two.glob("*.csv"))
    for name in tables:
        pd.testing.assert_frame_equal(without_seconds(one / name), without_seconds(two / name), check_exact=True)


SMALL = [
    "# # 9. A small notebook",
    "import sys\nsys.path.insert(0, '..')",
    "import pandas as pd\nimport matplotlib.pyplot as plt\nfrom helpers import plots",
    "profile = 'quick'\noutput_dir = '../build'\nseed = 1",
    "from helpers.notebook import setup\nrun = setup(profile=profile, output_dir=output_dir, seed=seed)",
    "row = {'protocol': 'sound', 'question': 'GRU against LSTM: RMSE', 'difference': 1, 'low': -1, 'high': 3}\n"
    "table = pd.DataFrame([row]).assign(family='equal width')\n"
    "table.to_csv(run.output / 'verdicts.csv', index=False)",
    "fig, ax = plt.subplots()\nax.plot([1, 2])\nplots.show(fig, 'line', alt='A line that rises from one to two.')",
]


@pytest.mark.long
def test_two_runs_side_by_side_leave_nothing_else(place):
    """One small notebook, which is soon run; the next test does it with all of the series."""
    notebooks = place / "clone" / "notebooks"
    small = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in SMALL])
    small.cells[3].metadata["tags"] = ["parameters"]
    small.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for path in notebooks.glob("**/0*.ipynb"):
        path.unlink()
    for folder in (notebooks, notebooks / "solutions"):
        nbformat.write(small, folder / "05_small.ipynb")
    before = files(place / "clone"), status(place / "clone")
    runs_side_by_side(place)
    assert_nothing_is_left(place, *before)
    assert_the_same_tables(place)


@pytest.mark.long
def test_two_whole_runs_side_by_side_leave_nothing_else(place):
    before = files(place / "clone"), status(place / "clone")
    runs_side_by_side(place)
    assert_nothing_is_left(place, *before)
    assert_the_same_tables(place)
