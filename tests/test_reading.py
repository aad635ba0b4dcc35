"""How a notebook reads: the limits of the design, and that what only serves is folded, for every way of reading it."""

import nbformat
import pytest
from test_notebooks import IDS, NOTEBOOKS, SOLUTIONS

from tools import reading
from tools.replay import code, tags

SERVES = ("bootstrap", "check-")  # tags of cells that are folded in any case


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_notebook_keeps_the_limits(path):
    assert reading.problems(path.stem[:2], reading.measure(nbformat.read(path, as_version=4))) == []


@pytest.mark.parametrize("path", [*NOTEBOOKS, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_only_serves_is_folded(path):
    for cell in code(nbformat.read(path, as_version=4)):
        serves = any(tag.startswith(SERVES) for tag in tags(cell)) or "setup(profile" in cell.source
        assert reading.is_folded(cell) or not serves, cell.source[:60]


@pytest.mark.parametrize("path", [*NOTEBOOKS, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_marks_of_folding_come_together(path):
    for cell in code(nbformat.read(path, as_version=4)):
        marks = reading.marks(cell)
        assert len(set(marks.values())) == 1, f"{cell.source[:60]!r}: {marks}"


TITLE = "# 2. Toy\n\nNumbers in the text are the published run's; yours stand in the outputs."
FIVE = "This is a whole sentence."
FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}


def toy(*sources):
    """A notebook of Markdown ("m ..."), code ("c ...") and folded cells ("f ..."), behind its title."""
    cells = [nbformat.v4.new_markdown_cell(TITLE)]
    for source in sources:
        kind, text = source.split(" ", 1)
        new = nbformat.v4.new_markdown_cell if kind == "m" else nbformat.v4.new_code_cell
        cells.append(new(text, metadata=FOLDED if kind == "f" else {}))
    return reading.measure(nbformat.v4.new_notebook(cells=cells))


LINES = "\n".join(["x = 1"] * 11)


@pytest.mark.parametrize(
    ("sources", "run"),
    [
        (["c " + LINES, "c " + LINES], 22),
        (["c " + LINES, "m " + FIVE, "c " + LINES], 11),
        (["c " + LINES, "m ## Not a sentence but a heading", "c " + LINES], 22),
        (["c " + LINES, "m $$a = b + c + d + e + f$$", "c " + LINES], 22),
        (["c " + LINES, "m <!-- check: one, two, three, four, five -->", "c " + LINES], 22),
        (["c " + LINES, "f # @title Folded\n" + LINES], 11),
        (["c # a comment\n\n" + LINES], 11),
    ],
)
def test_code_without_a_sentence_between_is_counted(sources, run):
    assert toy(*sources).run == run


def test_words_cells_and_lines_are_counted():
    found = toy("c x = 1\ny = 2", "m one two `three = 3` $four$ <!-- five -->\n\n## Deeper", "c z = 3")
    assert found.words == (len(reading.WORD.findall(TITLE)) - 1 + 2) / 3  # the title's own words are a heading
    assert (found.main, found.cell, found.top) == (2, 2, True)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("fig, ax = plt.subplots()\nax.plot(x)\ny = 1", 2),
        ("for ax in axes:\n    ax.plot(x)\n    y = 1", 2),
        ("import matplotlib.pyplot as plt", 0),
        ("gates.draw_forget(traces)", 0),
        ("fig = gates.draw_forget(traces)", 0),
        ("axes[0].set(\n    title='a'\n)", 3),
        ("table.plot()", 1),
    ],
)
def test_lines_that_draw_are_counted(source, lines):
    assert toy("c " + source).drawing == lines / len(source.splitlines())


@pytest.mark.parametrize(
    ("source", "built"),
    [
        ("display(Markdown(text))", True),
        ("print(f'On the share the units keep from {a} to {b} a day on average, as it seems to us')", True),
        ("text = 'The GRU of this notebook is by some ' + word + ' than the LSTM of the other one'", True),
        ("text = 'The {} of this notebook is by far and away the very best one of them'.format(x)", True),
        ('print(f\'The GRU is {"faster than" if a < b else "as slow as"} the LSTM\')', True),
        ("print(f'published 7e-21, your run {kept:.0e}')", False),
        ("print(f'{name} on {data}: mean squared error {start:.4f} in epoch 1, {end:.4f} at the end')", False),
        ("x = a + b % c", False),
    ],
)
def test_sentences_that_code_puts_together_are_found(source, built):
    assert toy("c " + source).built == ([1] if built else [])


def test_each_limit_is_named_in_one_sentence():
    worst = reading.Reading(words=1, run=21, run_ends=7, cell=21, main=70, drawing=0.03, folded=0.1, built=[3, 5])
    found = reading.problems("02", worst)
    assert len(found) == 8
    assert found[:2] == [
        "1.0 words of prose a line of code; at least 7 are wanted.",
        "21 lines of code without a sentence between end in cell 7; at most 20 are allowed.",
    ]
    best = reading.Reading(words=7, run=20, cell=20, main=69, drawing=0.029, folded=0.09, top=True)
    assert reading.problems("02", best) == []
    assert len(reading.problems("00", best)) == 1  # ten minutes are shorter


def test_the_command_measures_a_notebook(tmp_path, capsys):
    cells = [nbformat.v4.new_markdown_cell(TITLE + f" {FIVE}"), nbformat.v4.new_code_cell("x = 1")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "02_toy.ipynb")
    assert reading.main([str(tmp_path / "02_toy.ipynb")]) == 0
    assert capsys.readouterr().out.startswith("02_toy: 18.0 words a line, longest run 1, ")
