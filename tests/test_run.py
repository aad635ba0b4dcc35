"""What a run says while it goes on and at its end, and that no library speaks between its lines."""

import io
import re
import subprocess
import sys
import time

import nbformat
import pandas as pd
import pytest
from conftest import ROOT
from papermill.exceptions import PapermillExecutionError

from helpers.data import DATASETS
from tools import run


def notebook(*sources):
    cells = [nbformat.v4.new_markdown_cell("# 1. Toy\n\n**Time:** a second. **Needs:** nothing.")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_one_line_moves_and_says_what_it_cost():
    out = Terminal()
    with run.Ticker("1/9 01_toy", 30, out) as ticker:
        ticker.on_cell(4, 7)
        time.sleep(1.3)
        ticker.end("2 s")
    lines = re.split(r"\r\x1b\[K", out.getvalue())
    assert lines[0] == "1/9 01_toy"
    assert lines[1] == "1/9 01_toy  code cell 4 of 7, 1 s so far, about 30 s left"
    assert lines[-1] == "1/9 01_toy  2 s\n"


def test_elsewhere_there_are_plain_lines():
    out = io.StringIO()
    with run.Ticker("1/9 01_toy", None, out) as ticker:
        ticker.on_cell(4, 7)
        ticker.end("2 s")
    assert out.getvalue() == "1/9 01_toy (not run here before) ... 2 s\n"


def test_an_interrupted_run_says_so():
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt), run.Ticker("1/9 01_toy", 3, out):
        raise KeyboardInterrupt
    assert out.getvalue() == "1/9 01_toy (a few seconds) ... stopped\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3, "a few seconds"), (12, "about 10 s"), (99, "about 100 s"), (200, "about 3 min")]
)
def test_times_to_come_are_rounded(seconds, words):
    assert run.about(seconds) == words


def test_no_line_of_a_library_stands_between_the_lines_of_a_run(tmp_path):
    """Also what a kernel writes to the error stream of its process, as it does when it is interrupted at its end."""
    source = "profile, output_dir = 'smoke', 'build'"
    noise = "import os\nos.write(2, b'from inside\\n')\nprint('one', flush=True)\nprint('two', flush=True)"
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook(source, noise), tmp_path / "notebooks" / "01_toy.ipynb")
    code = (
        "import os, sys, pathlib; from tools import run; place = pathlib.Path(sys.argv[1])\n"
        "run.NOTEBOOKS = place / 'notebooks'; taken = run.execute\n"
        "run.execute = lambda *a: (os.system('echo a library >&2'), taken(*a))[1]\n"
        "run.write_pages = lambda paths, folder: place / 'index.html'\n"
        "sys.exit(run.main(['smoke', '--output', str(place / 'build')]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    first, toy, whole, *_, last = done.stdout.splitlines()
    assert first == "GRU vs LSTM, measured: 1 notebook at `smoke` (not run here before)"
    assert re.fullmatch(r"1/1 01_toy \(not run here before\) \.\.\. \d+ s", toy)
    assert whole.startswith("All in ")
    assert last == f"Read on: {(tmp_path / 'index.html').as_uri()}"
    assert "a library" in (tmp_path / "build" / "log.txt").read_text()
    executed = nbformat.read(tmp_path / "build" / "notebooks" / "01_toy.ipynb", as_version=4)
    assert [output.text for output in executed.cells[-1].outputs] == ["one\ntwo\n"]  # however the kernel sent them
    again = run.expected_seconds(tmp_path / "01_toy.ipynb", "smoke", tmp_path / "build")
    assert 0 < again < 120
    assert run.expected_seconds(tmp_path / "01_toy.ipynb", "full", tmp_path / "build") is None


def test_the_answer_has_the_numbers_of_the_tables(tmp_path):
    assert run.answer(tmp_path) == ""
    rows = [("sound", "GRU against LSTM: RMSE", -1.04, -3.0, 1.0), ("sound", "GRU against LSTM: RMSE", 0.2, -1.0, 2.26)]
    rows += [("published", "GRU against LSTM: RMSE", 90.0, -99.0, 99.0), ("sound", "GRU against LSTM: time", 7, 7, 7)]
    table = pd.DataFrame(rows, columns=["protocol", "question", "difference", "low", "high"])
    table.to_csv(tmp_path / "verdicts.csv", index=False)
    assert "is -0.4 % from the LSTM's on average (the 95 % intervals reach from -3.0 to +2.3)." in run.answer(tmp_path)
    assert run.answer(tmp_path).count(".\n") == 1 and run.answer(tmp_path).endswith("06.")
    table[2:].to_csv(tmp_path / "verdicts.csv", index=False)
    assert run.answer(tmp_path) == ""
    pooled = pd.DataFrame({"question": ["GRU against LSTM"], "difference": [-0.32], "low": [-0.9], "high": [0.31]})
    pooled.to_csv(tmp_path / "pooled.csv", index=False)
    assert "the GRU's error is -0.3 % from the LSTM's (95 %: -0.9 to +0.3)." in run.answer(tmp_path)


WRITES = """profile, output_dir = "smoke", "build"
from pathlib import Path
(Path(output_dir) / "{0}.csv").write_text("{0} {1}")
with open(Path(output_dir) / "study.log", "a") as log:
    print("{0}", file=log)"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Three notebooks that write a table each, and what a run of them says: notebook -> "executed" or "stands"."""
    for folder in ("notebooks", "tools", "figures"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tools" / "code.py").write_text("answer = 1")
    monkeypatch.setattr(run, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "write_pages", lambda paths, folder: folder / f"index of {len(paths)}.html")
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path / "data"))

    def execute(path, profile, output, on_cell):
        """In this process, as a kernel takes a second to start."""
        made, target = nbformat.read(path, as_version=4), output / "notebooks" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(made, target)
        time.sleep(0.05)  # the clock of a disk is coarse
        space = {}
        for number, cell in enumerate(made.cells[1:], start=1):
            try:
                exec(cell.source.replace('"build"', repr(str(output))), space)
            except ZeroDivisionError as error:
                raise PapermillExecutionError(
                    number, number, cell.source, type(error).__name__, str(error), []
                ) from error
        return target, 0.1

    monkeypatch.setattr(run, "execute", execute)

    def write(number, text="old"):
        first, *rest = WRITES.format(number, text).split("\n")
        nbformat.write(notebook(first, "\n".join(rest)), tmp_path / "notebooks" / f"{number}_toy.ipynb")

    def executed(capsys, *options):
        assert run.main(["smoke", "--output", str(tmp_path / "build"), *options]) == 0
        said = capsys.readouterr().out
        assert "index%20of%203.html" in said or "--only" in options
        lines = [line for line in said.splitlines() if "_toy" in line]
        return [line[4:6] for line in lines if "stands: it has been executed" not in line]

    for number in ("01", "02", "03"):
        write(number)
    return tmp_path, write, executed


def test_a_second_run_executes_what_has_changed_and_what_follows_from_it(toys, capsys):
    place, write, executed = toys
    assert executed(capsys) == ["01", "02", "03"]
    assert executed(capsys) == []
    write("02", "new")
    assert executed(capsys) == ["02", "03"]  # 03 may read the table of 02
    (place / "build" / "03.csv").unlink()
    assert executed(capsys) == ["03"]
    (place / "build" / "01.csv").write_text("another run's")
    assert executed(capsys) == ["01"]  # its table is what it was, so the others stand
    (place / "tools" / "code.py").write_text("answer = 2")
    assert executed(capsys) == ["01", "02", "03"]
    assert executed(capsys, "--only", "02") == ["02"]
    assert executed(capsys) == []
    assert executed(capsys, "--anew") == ["01", "02", "03"]


def test_other_data_and_a_run_that_failed_stand_for_nothing(toys, capsys):
    place, _, executed = toys
    assert executed(capsys) == ["01", "02", "03"]
    (place / "data").mkdir()
    (place / "data" / DATASETS["bankex"].file).write_text("published")
    assert executed(capsys) == ["01", "02", "03"]
    working = (place / "notebooks" / "02_toy.ipynb").read_text()
    nbformat.write(notebook("profile, output_dir = 'smoke', 'build'", "1 / 0"), place / "notebooks" / "02_toy.ipynb")
    assert run.main(["smoke", "--output", str(place / "build")]) == 1
    capsys.readouterr()
    (place / "notebooks" / "02_toy.ipynb").write_text(working)
    assert executed(capsys) == ["02"]
