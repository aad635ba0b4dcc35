"""How a notebook reads, in numbers, and its limits: ``python -m tools.reading [NOTEBOOK ...]`` (path or number, 02)."""

import argparse
import ast
import base64
import re
import sys
from dataclasses import dataclass, field
from math import ceil

import nbformat

from helpers.notebook import NOTEBOOKS
from tools.paragraphs import plain
from tools.prose import path_of
from tools.replay import tags

WORD = re.compile(r"[^\W\d_]['’\w-]*")
TITLE = re.compile(r"# @title \S")
DRAWS = {"plt", "fig", "ax", "axes"}
DRAWING = {
    "plot",
    "imshow",
    "subplots",
    "bar",
    "barh",
    "hist",
    "scatter",
    "savefig",
    "set_title",
    "set_xlabel",
    "set_ylabel",
}
WORDS_TO_BUILD, WORDS_TO_CHOOSE = 12, 6  # of a sentence that code puts together; of one with "if ... else" in it
SENTENCE = 5  # words of prose at least
PAGE = 100  # characters of text a line, and
PIXELS = 20  # of a picture, on GitHub's page
TOP = r"numbers in the text are the published run['’]s.*\byours\b.*\boutputs\b"
LIMITS = {"words": 6, "run": 20, "cell": 20, "main": 69, "drawing": 0.03, "folded": 0.1}
OWN_LIMITS = {"00": {"main": 27}, "02": {"words": 7}}


@dataclass
class Reading:
    """What is measured of a notebook; lines of code are those that are neither empty nor comments.

    ``words``: words of prose for each visible line of code; ``run``: most visible lines without a sentence between, and
    ``run_ends``, the cell where they end; ``cell``: lines of the longest visible code cell; ``main``: cells before the
    heading *Deeper*; ``drawing``: share of the visible lines that draw; ``folded``: share of what GitHub, which folds
    nothing, shows of folded code; ``built``: cells that put a sentence together.
    """

    words: float = 0
    run: int = 0
    run_ends: int = 0
    cell: int = 0
    main: int = 0
    drawing: float = 0
    folded: float = 0
    built: list = field(default_factory=list)
    top: bool = False


def is_folded(cell):
    """Whether a cell has the tag by which our pages fold it."""
    return "hide-input" in tags(cell)


def marks(cell):
    """Which marks of a folded cell a cell has: for our pages, for JupyterLab, for Colab, and the title shown there."""
    return {
        "tag hide-input": is_folded(cell),
        "jupyter.source_hidden": cell.metadata.get("jupyter", {}).get("source_hidden") is True,
        "cellView form": cell.metadata.get("cellView") == "form",
        "# @title": bool(TITLE.match(cell.source)),
    }


def measure(notebook):
    """The Reading of a notebook."""
    found = Reading(main=len(notebook.cells), top=bool(re.search(TOP, notebook.cells[0].source, re.I | re.S)))
    words = lines = drawing = folded = page = run = 0
    for number, cell in enumerate(notebook.cells):
        page += _height(cell)
        if cell.cell_type == "markdown":
            words += len(WORD.findall(plain(cell.source)))
            run = 0 if len(WORD.findall(plain(cell.source))) >= SENTENCE else run
            if re.search(r"^#+ .*\bDeeper\b", cell.source, re.MULTILINE):
                found.main = min(found.main, number)
        elif is_folded(cell):
            folded += len(_code_lines(cell.source))
        elif cell.cell_type == "code":
            count = len(_code_lines(cell.source))
            lines, run, found.cell = lines + count, run + count, max(found.cell, count)
            if run > found.run:
                found.run, found.run_ends = run, number
            drawing += len(_drawing_lines(cell.source))
            found.built += [number] if builds_a_sentence(cell.source) else []
    found.words, found.drawing, found.folded = words / max(lines, 1), drawing / max(lines, 1), folded / max(page, 1)
    return found


def _code_lines(source):
    return {n for n, line in enumerate(source.splitlines(), 1) if line.strip() and not line.strip().startswith("#")}


def _height(cell):
    """About how many lines a cell takes on GitHub's page: text wraps, and a picture is as high as it is."""
    if cell.cell_type == "markdown":
        text = re.sub(r"<!--.*?-->\n?", "", cell.source, flags=re.DOTALL)
        return sum(max(1, ceil(len(line) / PAGE)) for line in text.split("\n"))
    height = len(cell.source.splitlines())
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            height += int.from_bytes(base64.b64decode(data["image/png"])[20:24], "big") / PIXELS  # PNG's header
        elif "text/html" in data:
            height += data["text/html"].count("<tr")
        else:
            height += len((output.get("text") or data.get("text/plain", "")).splitlines())
    return height


def _drawing_lines(source):
    """The lines of code that draw: statements that use matplotlib's things, or call what draws."""
    lines = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        inner = [each for name in ("body", "orelse", "finalbody") for each in getattr(node, name, [])]
        end = min((each.lineno for each in inner), default=node.end_lineno + 1) - 1
        within = {id(part) for each in inner for part in ast.walk(each)}
        parts = [part for part in ast.walk(node) if id(part) not in within]
        if any(
            (isinstance(part, ast.Name) and part.id in DRAWS and isinstance(part.ctx, ast.Load))
            or (isinstance(part, ast.Attribute) and part.attr in DRAWING)
            for part in parts
        ):
            lines |= set(range(node.lineno, max(end, node.lineno) + 1))
    return lines & _code_lines(source)


def builds_a_sentence(source):
    """Whether code shows Markdown, or puts a sentence together from parts (an f-string, +, %, format)."""
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "func", None)
        if isinstance(name, ast.Name | ast.Attribute) and getattr(name, "id", getattr(name, "attr", "")) == "Markdown":
            return True
        joins = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod)
        formats = isinstance(name, ast.Attribute) and name.attr == "format"
        if isinstance(node, ast.JoinedStr) or joins or formats:
            parts = list(ast.walk(node))
            texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            chooses = any(isinstance(part, ast.IfExp) for part in parts)
            if sum(len(WORD.findall(text)) for text in texts) >= (WORDS_TO_CHOOSE if chooses else WORDS_TO_BUILD):
                return True
    return False


def problems(number, found):
    """Which limits a Reading breaks, as sentences; some notebooks ("02") have limits of their own."""
    limits = LIMITS | OWN_LIMITS.get(number, {})
    broken = []
    if found.words < limits["words"]:
        broken.append(f"{found.words:.1f} words of prose a line of code; at least {limits['words']} are wanted.")
    if found.run > limits["run"]:
        broken.append(
            f"{found.run} lines of code without a sentence between end in cell {found.run_ends}; "
            f"at most {limits['run']} are allowed."
        )
    if found.cell > limits["cell"]:
        broken.append(f"the longest code cell has {found.cell} lines; at most {limits['cell']} are allowed.")
    if found.main > limits["main"]:
        broken.append(f"the main path has {found.main} cells before Deeper; at most {limits['main']} are allowed.")
    if found.drawing >= limits["drawing"]:
        broken.append(f"{found.drawing:.1%} of the lines draw; less than {limits['drawing']:.0%} are allowed.")
    if found.folded >= limits["folded"]:
        broken.append(f"{found.folded:.1%} of the page is folded code; less than {limits['folded']:.0%} are allowed.")
    if found.built:
        broken.append(f"code puts sentences together in cell {', '.join(map(str, found.built))}; people write them.")
    if not found.top:
        broken.append(
            "the first cell must say: numbers in the text are the published run's; yours stand in the outputs."
        )
    return broken


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.reading", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="path or number (02); default: all")
    options = parser.parse_args(arguments)
    broken = []
    for path in map(path_of, options.notebooks or sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))):
        if not path.is_file():
            parser.error(f"NOTEBOOK must be a path or a notebook's number; got {str(path)!r}.")
        found = measure(nbformat.read(path, as_version=4))
        print(
            f"{path.stem}: {found.words:.1f} words a line, longest run {found.run}, longest cell {found.cell}, "
            f"main path {found.main} cells, drawing {found.drawing:.1%}, folded {found.folded:.1%}, "
            f"sentences built {len(found.built)}"
        )
        broken += problems(path.stem[:2], found)
        print(*(f"  {each}" for each in problems(path.stem[:2], found)), sep="\n", end="\n" if broken else "")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
