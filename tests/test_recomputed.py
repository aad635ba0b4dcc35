"""Every number and picture of a committed notebook once more, and every number in its text, from ``figures/`` alone."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import HAVE_PUBLISHED, PUBLISHED, ROOT
from test_notebooks import IDS, NOTEBOOKS

from tools import prose, replay


@pytest.mark.outputs  # make test-outputs: a minute that the README's suite has no room for
@pytest.mark.skipif(not HAVE_PUBLISHED, reason=f"the notebooks show the published data, which is not in {PUBLISHED}")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_outputs_and_sentences_follow_from_the_tables(path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    executed = nbformat.read(path, as_version=4)
    again = replay.replay(prose.with_checks(executed))
    shown = [cell for cell in again if "prose" not in replay.tags(cell)]
    assert replay.differences(executed, shown) + prose.problems(executed, again) == []


def test_the_readme_follows_from_the_tables():
    assert prose.check_readme((ROOT / "README.md").read_text(encoding="utf-8")) == []


MEASURES = """grades = pd.DataFrame({"grade": [1.5, 2.5]})
grades.to_csv(run.output / "grades.csv", index=False)
np.savez_compressed(run.output / "losses.npz", **losses)"""
CELLS = [
    (
        'import types, pathlib\nimport numpy as np\nimport pandas as pd\nprofile, output_dir = "quick", "."',
        "parameters",
    ),
    ("run = types.SimpleNamespace(output=pathlib.Path(output_dir))\nprint('profile', profile, '| numpy 1.0')", None),
    (MEASURES, "measures"),
    ("raise RuntimeError('this trains')", "networks"),
    ("print(grades.grade.mean(), losses['a'].sum())", None),
]


def toy(printed="2.0 3\n", more=()):
    """An executed notebook that measures: its cells, with the outputs of the last."""
    cells = []
    for source, tag in [*CELLS, *more]:
        cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [tag] if tag else []}))
    cells[1].outputs = [nbformat.v4.new_output("stream", text="profile full | numpy 9.9\n")]
    cells[4].outputs = [nbformat.v4.new_output("stream", text=printed)]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    pd.DataFrame({"grade": [1.0, 3.0]}).to_csv(tmp_path / "grades.csv", index=False)
    np.savez_compressed(tmp_path / "losses.npz", a=np.array([1, 2]))
    return tmp_path


def test_a_replay_reads_tables_and_arrays_and_trains_nothing(tables):
    assert replay.differences(toy(), replay.replay(toy(), tables)) == []


@pytest.mark.parametrize(
    ("notebook", "problem"),
    [
        (toy("2.5 3\n"), "committed '2.5 3\\n', recomputed '2.0 3\\n'"),
        (toy(more=[("grades = 1", "measures")]), "a cell tagged measures writes no table"),
    ],
)
def test_what_does_not_follow_from_the_tables_is_found(notebook, problem, tables):
    (found,) = replay.differences(notebook, replay.replay(notebook, tables))
    assert problem in found


def test_a_cell_that_fails_is_named(tables):
    notebook = toy(more=[("1 / 0", None)])
    sentence = "run from its tables, the code cell '1 / 0' fails: ZeroDivisionError: division by zero"
    with pytest.raises(replay.ReplayError, match=sentence):
        replay.replay(notebook, tables)


def test_the_command_names_notebook_and_cell(tables, capsys):
    path = tables / "09_toy.ipynb"
    nbformat.write(toy("2.0 4\n"), path)
    assert replay.main([str(path), "--tables", str(tables)]) == 1
    assert capsys.readouterr().out.startswith('09_toy: code cell 4: "print(grades')
    assert json.loads(path.read_text(encoding="utf-8"))["cells"][4]["outputs"][0]["text"] == ["2.0 4\n"]


def test_what_is_published_is_what_came_out_with_its_pictures(tables, monkeypatch):
    draws = "(run.output / 'figures').mkdir()\n(run.output / 'figures' / 'toy.png').write_text('a picture');"
    in_two_pieces = "print('one', flush=True)\nprint('two', flush=True)"
    path = tables / "09_toy.ipynb"
    nbformat.write(toy("2.0 4\n", more=[(draws, None), (in_two_pieces, None)]), path)
    write, written = nbformat.write, []
    monkeypatch.setattr(nbformat, "write", lambda notebook, to: written.append(to) or write(notebook, to))
    assert replay.main([str(path), "--tables", str(tables), "--publish"]) == 0
    assert written == [path]  # a run that is stopped between two writings would leave half of it
    published = nbformat.read(path, as_version=4)
    assert [output.text for output in published.cells[6].outputs] == ["one\ntwo\n"]
    assert published.cells[4].outputs[0].text == "2.0 3\n"
    assert [cell.source for cell in published.cells[:5]] == [source for source, _ in CELLS]
    assert [cell.execution_count for cell in published.cells] == [1, 2, 3, 4, 5, 6, 7]
    assert (tables / "toy.png").read_text(encoding="utf-8") == "a picture"
