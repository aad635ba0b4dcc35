"""Every number and picture of a committed notebook once more, without training: from the tables in ``figures/``.

A cell tagged ``measures`` trains, takes long or looks at the clock, and keeps what it finds in tables, written by lines
such as ``memory.to_csv(run.output / "memory.csv", index=False)`` (or by ``save_results``). Here those tables are read
instead of running the cell. A cell tagged ``networks`` needs a trained network itself; it is left out. Neither kind may
print a number. All other cells run, and must give the committed outputs.

For a notebook executed elsewhere: ``PYTHONPATH=. python tests/test_recomputed.py EXECUTED.ipynb FOLDER_OF_ITS_TABLES``.
"""

import base64
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import PIL.Image
import pytest
from conftest import HAVE_PUBLISHED, PUBLISHED, ROOT
from nbclient import NotebookClient
from test_notebooks import IDS, NOTEBOOKS, code

from tools.run import cleaned, kernel_folder

WRITES = re.compile(r'^ *(\w+)\.to_csv\(run\.output / "([\w.]+)", index=False\)', re.MULTILINE)
# what is no finding and differs from run to run: the versions, how much the cache held, where an object lies
CHANCE = re.compile(r"(?<=^profile )(\w+) .*$|^\d+ runs: .* in the cache, .*$|0x[0-9a-f]+", re.MULTILINE)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def replay(executed, tables, folder):
    """Run an executed notebook again with the tables instead of its measurements; its cells, new outputs in them."""
    notebook = nbformat.from_dict(executed.copy())
    first = next(text for cell in code(executed) for text in texts(cell) if text.startswith("profile "))
    profile = first.split()[1]
    cells = []
    for old in code(executed):
        cell = nbformat.from_dict(dict(old))
        if "parameters" in tags(cell):
            cell.source += f"\nprofile, output_dir = {profile!r}, {str(folder)!r}"
        if "measures" in tags(cell):
            written = WRITES.findall(cell.source)
            read = 'pd.read_csv(run.output / "{}")'
            cell.source = "\n".join(f"{name} = {read.format(file)}" for name, file in written)
        if "networks" in tags(cell):
            cell.source = ""
        cell.outputs = []
        cells.append(cell)
    notebook.cells = cells
    for path in [*tables.glob("*.csv"), *tables.glob("*.npz")]:
        shutil.copy(path, folder)
    with kernel_folder() as (_, config):
        place = {"metadata": {"path": str(ROOT / "notebooks")}}
        NotebookClient(notebook, timeout=600, resources=place, config=config).execute()
    return cells


def texts(cell):
    """All texts that a cell's outputs show, in order."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield CHANCE.sub(r"\1", output.text)
        for kind in ("text/markdown", "text/html", "text/plain"):
            if kind in output.get("data", {}):
                yield CHANCE.sub(r"\1", output.data[kind])


def pictures(cell):
    """All pictures that a cell's outputs show, as arrays (rows, columns, 3)."""
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            picture = PIL.Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
            yield np.asarray(picture.convert("RGB"), dtype=int)


def differences(executed, tables):
    """What the replayed notebook shows otherwise than the executed one: a list of sentences, empty if all is equal."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        again = replay(executed, tables, Path(folder))
    for number, (old, new) in enumerate(zip(code(executed), again, strict=True)):
        place = f"code cell {number}: {old.source.splitlines()[0][:60]!r}"
        if tags(old) & {"measures", "networks"}:
            text = "".join(texts(old))
            if re.search(r"\d", text):
                found.append(f"{place}: a measuring cell prints a number: {text[:100]!r}")
            if "measures" in tags(old) and not (WRITES.search(old.source) or "save_results(" in old.source):
                found.append(f"{place}: a cell tagged measures writes no table")
            continue
        a, b = "".join(texts(old)), "".join(texts(new))
        if a != b:
            at = next((i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), min(len(a), len(b)))
            start = max(at - 40, 0)
            found.append(f"{place}: committed {a[start : at + 40]!r}, recomputed {b[start : at + 40]!r}")
        a, b = list(pictures(old)), list(pictures(new))
        if [each.shape for each in a] != [each.shape for each in b]:
            found.append(f"{place}: another size or number of pictures")
        elif any(np.mean(np.abs(x - y).max(axis=2) > 32) > 1e-3 for x, y in zip(a, b, strict=True)):
            found.append(f"{place}: another picture")
    return found


@pytest.mark.outputs  # make test-outputs: a minute that the README's suite has no room for
@pytest.mark.skipif(not HAVE_PUBLISHED, reason=f"the notebooks show the published data, which is not in {PUBLISHED}")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_committed_outputs_follow_from_the_tables(path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    assert differences(nbformat.read(path, as_version=4), ROOT / "figures") == []


if __name__ == "__main__":
    problems = differences(cleaned(Path(sys.argv[1])), Path(sys.argv[2]))
    print(*problems, sep="\n")
    sys.exit(bool(problems))
