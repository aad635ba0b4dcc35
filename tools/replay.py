"""A committed notebook once more, without training: ``python -m tools.replay [NOTEBOOK ...] [--tables FOLDER]``.

A cell tagged ``measures`` trains, takes long or looks at the clock, and keeps what it finds in tables, written by lines
such as ``memory.to_csv(run.output / "memory.csv", index=False)`` (or by ``save_results``). Here those tables are read
instead of running the cell. A cell tagged ``networks`` needs a trained network itself; it is left out. Neither kind may
print a number. All other cells run, and must give the committed outputs. With ``--publish`` what they give, pictures
too, takes the place of these: so a changed figure or sentence is published without training.
"""

import argparse
import base64
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import PIL.Image
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from helpers.notebook import NOTEBOOKS
from tools.run import IN_ONE_PIECE, cleaned, kernel_folder
from tools.site import clean

TABLES = NOTEBOOKS.parent / "figures"
WRITES = re.compile(r'^ *(\w+)\.to_csv\(run\.output / "([\w.]+)", index=False\)', re.MULTILINE)
WRITES_ARRAYS = re.compile(r'^ *np\.savez_compressed\(run\.output / "([\w.]+)", \*\*(\w+)\)', re.MULTILINE)
# what is no finding and differs from run to run: the versions, where an object lies
CHANCE = re.compile(r"(?<=^profile )(\w+) .*$|0x[0-9a-f]+", re.MULTILINE)


class ReplayError(Exception):
    """A cell fails when the notebook is run from its tables; the message names the cell and its error."""


def tags(cell):
    """The tags of a cell, as a set."""
    return set(cell.metadata.get("tags", []))


def code(notebook):
    """The code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def replay(notebook, tables=TABLES, pictures=None):
    """Run a notebook again with the tables of a folder instead of its measurements.

    Its profile is the one it was executed at; that of a notebook without outputs is ``full``. Pictures that it saves go
    to the folder ``pictures``, if one is given.

    Returns the code cells, with new outputs in them. Raises ReplayError where a cell fails.
    """
    shown = (text for cell in code(notebook) for text in texts(cell) if text.startswith("profile "))
    profile = next(shown, "profile full").split()[1]
    with tempfile.TemporaryDirectory() as folder, kernel_folder() as (_, config):
        for path in [*Path(tables).glob("*.csv"), *Path(tables).glob("*.npz")]:
            shutil.copy(path, folder)
        again = nbformat.from_dict(notebook.copy())
        again.cells = [_from_tables(cell, profile, folder) for cell in code(notebook)]
        place = {"metadata": {"path": str(NOTEBOOKS)}}
        try:
            NotebookClient(again, timeout=600, resources=place, config=config, **IN_ONE_PIECE).execute()
        except CellExecutionError as error:
            failed = next(cell for cell in again.cells if any(output.output_type == "error" for output in cell.outputs))
            first_line = failed.source.strip().split("\n")[0]
            raise ReplayError(
                f"run from its tables, the code cell {first_line!r} fails: {error.ename}: {error.evalue}"
            ) from error
        if pictures and (Path(folder) / "figures").is_dir():
            shutil.copytree(Path(folder) / "figures", pictures, dirs_exist_ok=True)
    return again.cells


def _from_tables(cell, profile, folder):
    """A copy of a code cell, without outputs: reading tables where it measured, with the parameters of the replay."""
    cell = nbformat.from_dict(dict(cell))
    cell.outputs = []
    if "parameters" in tags(cell):
        cell.source += f"\nprofile, output_dir = {profile!r}, {str(folder)!r}"
    if "measures" in tags(cell):
        read = [f'{name} = pd.read_csv(run.output / "{file}")' for name, file in WRITES.findall(cell.source)]
        read += [f'{name} = dict(np.load(run.output / "{file}"))' for file, name in WRITES_ARRAYS.findall(cell.source)]
        cell.source = "\n".join(read)
    if "networks" in tags(cell):
        cell.source = ""
    return cell


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


def differences(executed, again):
    """What the replayed code cells ``again`` show otherwise than the executed notebook: sentences."""
    found = []
    for number, (old, new) in enumerate(zip(code(executed), again, strict=True)):
        place = f"code cell {number}: {old.source.splitlines()[0][:60]!r}"
        if tags(old) & {"measures", "networks"}:
            text = "".join(texts(old))
            if re.search(r"\d", text):
                found.append(f"{place}: a measuring cell prints a number: {text[:100]!r}")
            writes = (WRITES.search(old.source), WRITES_ARRAYS.search(old.source), "save_results(" in old.source)
            if "measures" in tags(old) and not any(writes):
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


def publish(path, again):
    """Put the outputs of replayed code cells into a notebook; those of cells that measure or train stay as they are."""
    notebook = nbformat.read(path, as_version=4)
    for old, new in zip(code(notebook), again, strict=True):
        if not tags(old) & {"measures", "networks"}:
            old.outputs = new.outputs
    nbformat.write(clean(notebook), path)


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.replay", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", type=Path, help="executed; default: all committed")
    parser.add_argument("--tables", type=Path, default=TABLES, help="folder of their tables (default: figures)")
    parser.add_argument("--publish", action="store_true", help="put what comes out in place, with the pictures")
    options = parser.parse_args(arguments)
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")  # else Jupyter warns
    problems = []
    for path in options.notebooks or sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        notebook = cleaned(path)
        try:
            again = replay(notebook, options.tables, options.tables if options.publish else None)
            if options.publish:
                publish(path, again)
            found = differences(cleaned(path), again)
        except ReplayError as error:
            found = [str(error)]
        problems += [f"{path.stem}: {problem}" for problem in found]
    print(*problems, sep="\n", end="\n" if problems else "")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
