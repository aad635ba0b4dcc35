"""Every notebook runs at `smoke` under papermill, with its exercises answered: not at all, wrong, and right."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import COMPILED_QUICKLY, HAVE_PUBLISHED, NO_NETWORK, PUBLISHED, ROOT

from helpers import study
from helpers.baselines import make_baseline
from tools import run as runner
from tools.engine import run_grid
from tools.results import save_results

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("[0-9]*.ipynb"))
WITHOUT_TENSORFLOW = ("03", "05")
BOOTSTRAP = nbformat.read(NOTEBOOKS[0], as_version=4)
IDS = [path.stem for path in NOTEBOOKS]
# where a notebook's networks are compiled for longer than they run; 04 and 08 train more
UNOPTIMISED = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
EXERCISES = {"00": 1}  # at least so many; the others 3


def tagged(notebook, tag):
    """The one cell with a tag."""
    (cell,) = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    return cell


def bootstrap(notebook):
    """The code of the first cell, the same everywhere; a folded one has a title above it."""
    return re.sub(r"\A# @title .*\n", "", tagged(notebook, "bootstrap").source)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code(notebook) for output in cell.outputs]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def execute(path, folder, data_folder, monkeypatch, **parameters):
    """Run one notebook at smoke; the kernel sees only this data folder."""
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(data_folder))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    if data_folder != PUBLISHED:
        for name, value in NO_NETWORK.items():
            monkeypatch.setenv(name, value)
    if os.environ.get("XLA_FLAGS") == COMPILED_QUICKLY and not path.stem.startswith(("04", "08")):
        monkeypatch.setenv("XLA_FLAGS", f"{COMPILED_QUICKLY} {UNOPTIMISED}")
    target = folder / path.name
    parameters = {"profile": "smoke", "output_dir": str(folder), **parameters}
    runner.under_papermill(path, target, parameters, cwd=ROOT / "notebooks")
    return nbformat.read(target, as_version=4)


def with_answers(path, folder):
    """A copy of the notebook whose exercises are checked unanswered, then answered wrong, checked, right, checked."""
    notebook, solutions = (nbformat.read(file, as_version=4) for file in (path, path.parent / "solutions" / path.name))
    cells = []
    for cell in notebook.cells:
        number = next((tag[9:] for tag in cell.metadata.get("tags", []) if tag.startswith("exercise-")), None)
        if number is None:
            cells.append(cell)
            continue
        check = tagged(notebook, f"check-{number}")
        unanswered = nbformat.from_dict(dict(check))
        unanswered.metadata = nbformat.from_dict({"tags": ["unanswered"]})
        cells += [cell, unanswered]
        for kind in ("wrong", "exercise"):
            answer, verdict = tagged(solutions, f"{kind}-{number}"), nbformat.from_dict(dict(check))
            verdict.metadata = nbformat.from_dict({"tags": [f"{kind}-verdict"]})
            cells += [answer, verdict]
    notebook.cells = cells
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    target = folder / "sources" / path.name
    target.parent.mkdir()
    nbformat.write(notebook, target)
    return target


def assert_answers_are_judged(notebook, at_least=3):
    """Hold that an executed notebook from ``with_answers`` says what is wrong, and that what is right is right."""
    verdicts = {kind: [] for kind in ("wrong", "exercise")}
    for cell in code(notebook):
        for kind, texts in verdicts.items():
            if f"{kind}-verdict" in cell.metadata.get("tags", []):
                texts.append(printed(cell))
    assert len(verdicts["wrong"]) == len(verdicts["exercise"]) >= at_least
    for text in verdicts["wrong"]:
        assert text.startswith("Not yet: ")
        assert len(text) > 30  # it says what is wrong
    for text in verdicts["exercise"]:
        assert text == "Right.\n"


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory):
    """A small simulated results table, so that 05 can run without waiting for 04."""
    from helpers.data import load

    folder = tmp_path_factory.mktemp("results")
    tables = {name: load(name, "simulated") for name in ("bankex", "activities")}
    grid = []
    for protocol, seeds in (("published", [1]), ("sound", [1, 2])):
        models = [*study.BASELINES, "gru", "lstm"]
        settings = {"epochs": 1, "window": 14, "units": 2}
        grid += study.make_grid(protocol, list(tables), [1], models, seeds, **settings)
    save_results(run_grid(tables, grid, folder, n_jobs=1, progress=False), folder)
    return folder


def extra_parameters(path, request):
    """What a notebook needs beside the profile: a table for 05; one process where it could have more."""
    if path.stem.startswith("05"):
        return {"results": str(request.getfixturevalue("results_folder") / "results.csv")}
    return {"n_jobs": 1} if path.stem.startswith(("04", "06", "08")) else {}


def assert_runs(path, data_folder, tmp_path, monkeypatch, request, **parameters):
    """Run a notebook at smoke with its exercises unanswered, wrong and right; hold what holds on any data."""
    source = with_answers(path, tmp_path)
    sources = nbformat.read(source, as_version=4)
    sources.cells.append(nbformat.v4.new_code_cell("import sys\nprint('tensorflow' in sys.modules)"))
    nbformat.write(sources, source)
    parameters = extra_parameters(path, request) | parameters
    notebook = execute(source, tmp_path, data_folder, monkeypatch, **parameters)
    assert printed(notebook.cells[-1]) == f"{path.stem[:2] not in WITHOUT_TENSORFLOW}\n"
    problems = [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not problems, "".join(output.text for output in problems)[:500]
    figures = [output for output in outputs(notebook) if "image/png" in output.get("data", {})]
    assert len(figures) >= 2
    for figure in figures:
        assert len(figure.metadata["image/png"]["alt"]) > 20
    checks = [cell for cell in code(notebook) if "unanswered" in cell.metadata.get("tags", [])]
    assert len(checks) >= EXERCISES.get(path.stem[:2], 3)
    for cell in checks:
        assert "Not answered yet" in printed(cell)
    assert_answers_are_judged(notebook, EXERCISES.get(path.stem[:2], 3))
    return str(outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_notebook_runs_at_smoke(path, tmp_path, monkeypatch, request):
    """Without published data: what a reader without a network has. 04 forecasts one number of days, not two."""
    one_horizon = {"horizons": [5]} if path.stem.startswith("04") else {}
    text = assert_runs(path, tmp_path / "no-data", tmp_path, monkeypatch, request, **one_horizon)
    if path.stem[:2] in ("03", "04"):
        assert "SIMULATED" in text
        assert "PUBLISHED" not in text


@pytest.mark.thorough  # the replay of the outputs runs the same code cells on the same data, but trains nothing
@pytest.mark.skipif(not HAVE_PUBLISHED, reason=f"the published data is not in {PUBLISHED}")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_notebook_runs_at_smoke_on_published_data(path, tmp_path, monkeypatch, request):
    assert_runs(path, PUBLISHED, tmp_path, monkeypatch, request)


EVERY_DAY = "(rows[:, None] + w + np.arange(h)).ravel() for rows in (test, train)"  # a day as often as it is a target
TEMPTING = [  # answers that are nearly right
    ("02", 2, "6.6"),
    ("03", 3, "lambda h, w: h + h**2 / w"),
    ("03", 4, f"lambda train, test, w, h: np.isin(*({EVERY_DAY})).mean()"),
    ("07", 3, "64 * 0.75**0.5"),
    ("07", 3, "-58"),
]


@pytest.mark.parametrize(("number", "exercise", "answer"), TEMPTING)
def test_an_exercise_does_not_accept_what_is_nearly_right(number, exercise, answer):
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(number))
    body = ast.parse(tagged(nbformat.read(path, as_version=4), f"check-{exercise}").source).body
    judges = ast.Module([part for part in body if isinstance(part, ast.FunctionDef)], [])
    space = {"np": np, "make_baseline": make_baseline}
    exec(compile(judges, path.name, "exec"), space)
    assert isinstance(space[f"test_{exercise}"](eval(answer, space)), str)  # what is wrong; None is right


def test_solutions_run_on_their_own(tmp_path, monkeypatch):
    """Each in an empty namespace, one after the other in one kernel, which loads the libraries once."""
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path / "no-data"))
    notebooks = [nbformat.read(path, as_version=4) for path in SOLUTIONS]
    whole = nbformat.v4.new_notebook(metadata=notebooks[0].metadata)
    for path, notebook in zip(SOLUTIONS, notebooks, strict=True):
        start = nbformat.v4.new_code_cell(f"%reset -f\nprint({path.stem!r})")
        whole.cells += [start, *code(notebook)]
    for number, cell in enumerate(whole.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(whole, tmp_path / "solutions.ipynb")
    runner.under_papermill(tmp_path / "solutions.ipynb", tmp_path / "done.ipynb", {}, cwd=SOLUTIONS[0].parent)
    notebook = nbformat.read(tmp_path / "done.ipynb", as_version=4)
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]


def test_every_notebook_has_solutions():
    assert [path.name for path in NOTEBOOKS] == [path.name for path in SOLUTIONS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_anatomy(path):
    notebook = nbformat.read(path, as_version=4)
    cells = code(notebook)
    if path.stem.startswith("00"):
        assert 15 <= len(notebook.cells) <= 27
    lengths = sorted(len(cell.source.splitlines()) for cell in cells)
    assert lengths[len(lengths) // 2] <= 8
    assert bootstrap(notebook) == bootstrap(BOOTSTRAP)
    for line in ("You will learn", "Time:", "Needs:"):
        assert line in notebook.cells[0].source
    assert "What you have seen" in "".join(cell.source for cell in notebook.cells)
    in_markdown = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    in_markdown = re.sub(r"```.*?```", "", in_markdown, flags=re.DOTALL)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", in_markdown, re.MULTILINE)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    parameters = ast.parse(tagged(notebook, "parameters").source)
    given = {node.targets[0].id: ast.literal_eval(node.value) for node in parameters.body}
    assert given["profile"] == "quick"
    assert given["output_dir"] == "../build"
    assert given["seed"] == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_committed_outputs_belong_to_the_committed_text(path):
    notebook = nbformat.read(path, as_version=4)
    assert path.stat().st_size < 1_000_000
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert notebook.metadata["executed_source"] == runner.source_hash(notebook)
    text = path.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert not re.search(r"\d%\|", text)  # what a progress bar leaves behind
    assert str(ROOT) not in text
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]


BAD_PARAMETERS = [
    ("04", "profile", "slow", "profile must be one of 'smoke', 'quick', 'full'; got 'slow'."),
    ("04", "source", "internet", "source must be one of 'auto', 'published', 'simulated'; got 'internet'."),
    ("04", "datasets", ["nasdaq"], "datasets must be one of 'bankex', 'activities'; got 'nasdaq'."),
    ("04", "horizons", [0], "horizons must be at least 1; got 0."),
    ("04", "horizon", 5, "horizon is not a parameter of this notebook; it has profile,"),
    ("03", "horizon", 0, "horizon must be at least 1; got 0."),
    ("03", "window", "long", "window must be a whole number; got 'long'."),
    ("03", "output_dir", "/dev/null/build", "output_dir must be a folder that can be written; got '/dev/null/build'"),
    ("05", "results", "nowhere.csv", "results must be the path of a file (or None); there is no file 'nowhere.csv'."),
]


@pytest.mark.parametrize("number", sorted({number for number, *_ in BAD_PARAMETERS}))
def test_a_bad_parameter_stops_the_run_with_one_sentence(number, tmp_path):
    """The cells up to set-up, in a bare IPython shell: that is all that runs, so nothing is trained."""
    path = next(path for path in NOTEBOOKS if path.stem.startswith(number))
    cells = code(nbformat.read(path, as_version=4))
    parameters = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", []))
    sources = [cell.source for cell in cells[: parameters + 2]]
    assert "setup(" in sources[-1]
    cases = [(name, value, sentence) for case_number, name, value, sentence in BAD_PARAMETERS if case_number == number]
    injected = [
        f"# Parameters\noutput_dir = {str(tmp_path)!r}\n{name} = {value!r}\n" for name, value, _ in cases
    ]  # as papermill writes them
    script = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for source in {sources[:-2]!r}:
    shell.run_cell(source, store_history=True).raise_error()
for injected in {injected!r}:
    shell.user_ns["In"][:] = [""]
    shell.run_cell({sources[-2]!r}, store_history=True).raise_error()
    shell.run_cell(injected, store_history=True).raise_error()
    print("SENTENCE", shell.run_cell({sources[-1]!r}, store_history=True).error_in_exec)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT / "notebooks", capture_output=True, text=True, check=True)
    sentences = [line for line in done.stdout.splitlines() if line.startswith("SENTENCE")]
    assert len(sentences) == len(cases)
    for line, (_, _, sentence) in zip(sentences, cases, strict=True):
        assert line.startswith(f"SENTENCE {sentence}")


def test_a_failing_cell_makes_the_run_fail_and_keeps_the_partial_notebook(tmp_path, monkeypatch, capsys):
    cells = ["# %% parameters", "print('before')", "raise RuntimeError('on purpose')", "print('after')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "01_fails.ipynb")
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path / "notebooks")
    assert runner.main(["smoke", "--output", str(tmp_path / "build")]) == 1
    assert "RuntimeError: on purpose" in capsys.readouterr().out
    kept = nbformat.read(tmp_path / "build" / "notebooks" / "01_fails.ipynb", as_version=4)
    assert "before" in str(kept.cells)
    assert "after\\n" not in str([cell.get("outputs") for cell in kept.cells])


WRITES = """output_dir = "build"
from pathlib import Path
(Path(output_dir) / "figures").mkdir(parents=True, exist_ok=True)
(Path(output_dir) / "figures" / "{0}.png").write_bytes(b"new")
(Path(output_dir) / "{0}.csv").write_text("new")"""


@pytest.fixture
def two_notebooks(tmp_path, monkeypatch):
    """A series of two notebooks that write a figure and a table each, of an earlier run so far."""
    for number in ("02", "04"):
        cells = [nbformat.v4.new_markdown_cell(f"# {number}\n\nA notebook.")]
        cells.append(nbformat.v4.new_code_cell(WRITES.format(number), metadata={"tags": ["parameters"]}))
        cells[1].source, rest = cells[1].source.split("\n", 1)
        cells.append(nbformat.v4.new_code_cell(rest))
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for folder in ("notebooks", "notebooks/solutions"):
            (tmp_path / folder).mkdir(exist_ok=True)
            nbformat.write(notebook, tmp_path / folder / f"{number}_toy.ipynb")
        for folder, name in (
            ("build/figures", f"{number}.png"),
            ("build", f"{number}.csv"),
            ("figures", f"{number}.csv"),
        ):
            (tmp_path / folder).mkdir(exist_ok=True, parents=True)
            (tmp_path / folder / name).write_text("old")
            os.utime(tmp_path / folder / name, (0, 0))
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return tmp_path


def test_one_notebook_alone_is_run_and_published_with_what_it_wrote(two_notebooks, capsys):
    output = two_notebooks / "build"
    assert runner.main(["smoke", "--output", str(output), "--only", "04", "--publish"]) == 0
    assert "1/1 04_toy (not run here before) ... " in capsys.readouterr().out
    published = {path.name: path.read_text() for path in (two_notebooks / "figures").iterdir()}
    assert published == {"04.png": "new", "04.csv": "new", "02.csv": "old"}
    executed = {
        path.name: "executed_source" in path.read_text() for path in (two_notebooks / "notebooks").glob("*.ipynb")
    }
    assert executed == {"02_toy.ipynb": False, "04_toy.ipynb": True}
    runner.publish([], output)  # a whole run publishes all that is there
    assert {path.name for path in (two_notebooks / "figures").iterdir()} == {"02.csv", "02.png", "04.csv", "04.png"}


def test_an_unknown_number_is_refused_in_one_sentence(two_notebooks, capsys):
    with pytest.raises(SystemExit):
        runner.main(["smoke", "--only", "04", "9"])
    assert "--only must be numbers of notebooks (02, 04); got 9." in capsys.readouterr().err


def test_a_kernel_that_is_killed_makes_the_run_fail_in_one_sentence(tmp_path, monkeypatch, capsys):
    cells = ["# %% parameters", "print('before')", "import os\nos.kill(os.getpid(), 9)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "01_fails.ipynb")
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path / "notebooks")
    assert runner.main(["smoke", "--output", str(tmp_path / "build")]) == 1
    assert "was ended from outside" in capsys.readouterr().out
    kept = nbformat.read(tmp_path / "build" / "notebooks" / "01_fails.ipynb", as_version=4)
    assert "before" in str(kept.cells)


def test_the_table_of_notebook_04_follows_the_contract(results_folder):
    table = pd.read_csv(results_folder / "results.csv")
    assert list(table.columns) == study.COLUMNS
    assert set(table.protocol) == {"published", "sound"}
    assert set(table.source) == {"simulated"}
    assert (table.groupby(study.KEYS).series.nunique() == 10).all()


@pytest.mark.skipif(os.name != "posix", reason="there are no such sockets elsewhere")
@pytest.mark.parametrize(("length", "transport"), [(0, "ipc"), (120, "tcp")])
def test_kernels_talk_through_sockets_in_a_folder_that_goes(length, transport, tmp_path, monkeypatch):
    """A port of TCP that was free when the kernel was started may be taken when it opens it: that failed runs of CI."""
    with tempfile.TemporaryDirectory() as short:
        folder = Path(short) / ("x" * length)
        folder.mkdir(exist_ok=True)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        asks = "import ipykernel.connect\nprint(ipykernel.connect.get_connection_info())"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(asks)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / "asks.ipynb")
        runner.under_papermill(tmp_path / "asks.ipynb", tmp_path / "asked.ipynb", {}, cwd=tmp_path)
        told = json.loads(printed(nbformat.read(tmp_path / "asked.ipynb", as_version=4).cells[0]))
        assert told["transport"] == transport
        assert told["ip"].startswith(str(folder)) == (transport == "ipc")
        assert not list(folder.iterdir())
