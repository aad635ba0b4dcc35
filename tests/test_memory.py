"""Memory grows neither with the number of runs nor beyond reason with the length of a file."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT


def printed(name, *arguments):
    """What a benchmark prints, from a process of its own: memory that other tests took would count in ours."""
    command = [sys.executable, str(ROOT / "tests" / "benchmarks" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return done.stdout


@pytest.mark.parametrize(
    "arguments", [pytest.param((40, "gru"), marks=pytest.mark.thorough), pytest.param((130,), marks=pytest.mark.long)]
)
def test_memory_stands_still_from_run_to_run(arguments):
    text = printed("memory_of_runs.py", *arguments)
    first, last, most = map(int, re.search(r"then (\d+) to (\d+) MiB, at most (\d+)", text).groups())
    slope, low, _ = map(float, re.search(r"slope (\S+) MiB a run \(95 % interval (\S+) to (\S+)\)", text).groups())
    assert most < 4096
    assert last - first < 10
    assert slope < 0.1 and low < 0.05  # MiB a run: a thousand runs are less than a compiled shape


@pytest.mark.long
def test_a_file_of_a_million_rows_takes_less_than_two_gigabytes():
    text = printed("million_rows.py", 1_000_000)
    assert int(re.search(r"([\d,]+) MiB at most", text)[1].replace(",", "")) < 2048
