"""Numbers in sentences, held to what was measured: ``python -m tools.prose [NOTEBOOK ...]`` (or ``README.md``).

A comment directly below a paragraph of Markdown says where its numbers come from::

    After 100 steps the plain RNN has kept 5e-08 of its gradient, the GRU only 7e-21.
    <!-- check: distance, kept["rnn"], kept["gru"], kept["gru"] < kept["rnn"] -->

It holds Python expressions, separated by commas. One that gives a number must equal the paragraph's next number at the
precision printed there; one that gives a bool must be true; ``*values`` stands for as many numbers as there are in it.
Expressions of a notebook are evaluated in its own kernel, at that place, while it is replayed from its tables; those of
README see each table ``figures/NAME.csv`` as NAME. ``setting(95)`` is a number that was chosen, not found, and
``<!-- settings -->`` says this of a whole paragraph. What no comment covers fails, but for equations, code, addresses,
years of citations, list numbers, names (M3, H200, Python 3.11) and references to sections and notebooks.
"""

import argparse
import inspect
import os
import re
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

from helpers.notebook import NOTEBOOKS
from tools.paragraphs import paragraphs, short
from tools.replay import TABLES, ReplayError, replay, tags
from tools.run import ROOT


def evaluated(expressions, space):
    """What expressions give, as a list of dictionaries for JSON; it runs in a notebook's kernel, by its source alone.

    ``expressions``: pairs of code and whether it is starred; ``space``: the variables it sees.
    """
    import datetime
    import numbers

    import numpy as np

    def told(value):
        if getattr(value, "size", None) == 1 and hasattr(value, "item"):
            value = value.item() if not isinstance(value, np.datetime64) else value
        if isinstance(value, (bool, np.bool_)):
            return {"bool": bool(value)}
        if isinstance(value, numbers.Integral):
            return {"number": str(int(value))}
        if isinstance(value, numbers.Real) or type(value).__name__ == "Decimal":
            return {"number": repr(float(value))}
        if isinstance(value, (datetime.date, np.datetime64)):
            return {"date": str(value)[:10]}
        return {"other": f"{type(value).__name__} ({str(value)[:60]!r})"}

    found = []
    for expression, starred in expressions:
        try:
            value = eval(expression, {**space, "setting": lambda number: number})
            found.append({"star": [told(each) for each in value]} if starred else told(value))
        except Exception as error:
            found.append({"error": f"{type(error).__name__}: {error}"})
    return found


def with_checks(notebook):
    """A copy of a notebook in which a code cell tagged ``prose`` behind each Markdown cell evaluates its checks."""
    copy = nbformat.from_dict(notebook.copy())
    copy.cells = []
    for number, cell in enumerate(notebook.cells):
        copy.cells.append(cell)
        if cell.cell_type != "markdown":
            continue
        checks = [paragraph.expressions for paragraph in paragraphs(cell.source) if paragraph.check is not None]
        if checks:
            asked = [[part[1:] for part in expressions] for expressions in checks]
            source = (
                f"{inspect.getsource(evaluated)}\nget_ipython().display_pub.publish("
                f'{{"application/json": [evaluated(each, globals()) for each in {asked!r}]}})\ndel evaluated'
            )
            asks = nbformat.v4.new_code_cell(source, metadata={"tags": ["prose"], "of": number})
            copy.cells.append(asks)
    return copy


def judged(paragraph, found):
    """What is wrong with a paragraph whose expressions gave ``found`` (of ``evaluated``): a list of sentences."""
    problems, numbers = list(paragraph.problems), iter(paragraph.numbers)
    place = repr(short(paragraph.text))
    for (source, _, _), told in zip(paragraph.expressions, found, strict=True):
        for each in told.get("star", [told]):
            if "error" in each:
                problems.append(f"{place}: {source} can't be evaluated here: {each['error']}.")
            elif "other" in each:
                problems.append(f"{place}: {source} must give a number or a bool; it gives {each['other']}.")
            if "bool" in each:
                if not each["bool"]:
                    problems.append(f"{place}: {source} is false.")
                continue
            number = next(numbers, None)
            value = each.get("number", each.get("date"))
            if number is None and value is not None:
                problems.append(f"{place}: {source} gives {value}, but the paragraph has no number left for it.")
            elif value is not None and not number.is_(Decimal(value) if "number" in each else value):
                problems.append(f"{number.sentence!r}: it says {number.text}, but {source} gives {value}.")
    problems += [f"{number.sentence!r}: no expression of its check covers {number.text}." for number in numbers]
    return problems


def problems(notebook, replayed):
    """What is wrong with the prose of a notebook, as sentences that begin with the number of the cell (from 0).

    ``replayed``: the code cells of ``with_checks(notebook)``, run.
    """
    answers = {}
    for cell in replayed:
        if "prose" in tags(cell):
            answers[cell.metadata["of"]] = next(
                output.data["application/json"]
                for output in cell.outputs
                if "application/json" in output.get("data", {})
            )
    return [
        f"cell {number}, {problem}"
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        for problem in _of_text(cell.source, iter(answers.get(number, [])))
    ]


def _of_text(markdown, answers):
    for paragraph in paragraphs(markdown):
        yield from paragraph.problems if paragraph.check is None else judged(paragraph, next(answers))


def check_notebook(notebook, tables=TABLES):
    """Replay a notebook from a folder of tables and return what is wrong with its prose."""
    try:
        return problems(notebook, replay(with_checks(notebook), tables))
    except ReplayError as error:
        return [str(error)]


def check_readme(text, tables=TABLES):
    """What is wrong with a page of Markdown whose checks see the tables: each by its name, all also in ``tables``."""
    space = {"np": np, "pd": pd, "tables": _Tables(tables)}
    for paragraph in paragraphs(text):
        used = " ".join(part[1] for part in paragraph.expressions) if paragraph.check is not None else ""
        for name in set(re.findall(r"\w+", used)) & set(space["tables"].names()):
            space[name] = space["tables"][name]
    answers = [
        evaluated([part[1:] for part in paragraph.expressions], space)
        for paragraph in paragraphs(text)
        if paragraph.check is not None
    ]
    return list(_of_text(text, iter(answers)))


class _Tables(dict):
    """The tables of a folder by name without ending, read when asked for: CSV as DataFrame, NPZ as dict of arrays."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def names(self):
        return [path.stem for ending in ("csv", "npz") for path in self.folder.glob(f"*.{ending}")]

    def __missing__(self, name):
        csv, npz = self.folder / f"{name}.csv", self.folder / f"{name}.npz"
        self[name] = pd.read_csv(csv) if csv.is_file() else dict(np.load(npz, allow_pickle=False))
        return self[name]


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.prose", description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="path, number (02) or README.md; default: all and README.md"
    )
    parser.add_argument("--tables", type=Path, default=TABLES, help="folder of the tables (default: figures)")
    options = parser.parse_args(arguments)
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")  # else Jupyter warns
    wrong = 0
    for path in map(path_of, options.notebooks or [*sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), ROOT / "README.md"]):
        if not path.is_file():
            parser.error(f"NOTEBOOK must be a path, a notebook's number or README.md; got {str(path)!r}.")
        if path.suffix == ".ipynb":
            notebook = nbformat.read(path, as_version=4)
            texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
            found = check_notebook(notebook, options.tables)
        else:
            texts = [path.read_text(encoding="utf-8")]
            found = check_readme(texts[0], options.tables)
        wrong += len(found)
        held = [paragraph for text in texts for paragraph in paragraphs(text)]
        numbers = sum(len(paragraph.numbers) for paragraph in held)
        checks = sum(len(paragraph.expressions) for paragraph in held if paragraph.check is not None)
        print(f"{path.stem}: {numbers} numbers in the text, {checks} expressions, {len(found) or 'no'} problems")
        print(*(f"  {problem}" for problem in found), sep="\n", end="\n" if found else "", flush=True)
    return int(wrong > 0)


def path_of(name):
    """The path of a notebook given by its number ("02"), else the path itself."""
    numbered = sorted(NOTEBOOKS.glob(f"{name}_*.ipynb")) if re.fullmatch(r"\d\d", str(name)) else []
    return numbered[0] if numbered else Path(name)


if __name__ == "__main__":
    sys.exit(main())
