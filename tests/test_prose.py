"""Numbers in sentences: what is found in a text, what is held to an expression, and that what is invented is caught."""

from decimal import Decimal

import nbformat
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tools import prose


def printed(text):
    """The numbers that the checker sees in a text, as printed there."""
    return [number.text for paragraph in prose.paragraphs(text) for number in paragraph.numbers]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5e-08, then 7e−21, at last 7 × 10⁻²¹ and 10⁻³", ["5e-08", "7e−21", "7 × 10⁻²¹", "10⁻³"]),
        ("32 % or 32\u00a0% or 32%, 1.27 times, p = .036.", ["32", "32", "32", "1.27", ".036"]),
        ("from -0.6 to 0.5, −2\u202f%, (–3), minus 4, p=-5, +6", ["-0.6", "0.5", "−2", "–3", "minus 4", "-5", "+6"]),
        ("3-5, 1–2, a 7-fold gain, 16GB", ["3", "5", "1", "2", "7", "16"]),
        (
            "5,315 of 1,234,567.8, 5\u202f315, 5\u00a0315; 1, 234",
            ["5,315", "1,234,567.8", "5\u202f315", "5\u00a0315", "1", "234"],
        ),
        ("**5** % of *6*, <b>7</b> and &minus;8", ["5", "6", "7", "−8"]),
        ("in 2020, on 2026-08-19", ["2020", "2026-08-19"]),
        ("## Heading of 7\n\n- item 8\n  - nested 9\n\n1. first\n2. second 10", ["7", "8", "9", "10"]),
        ("| a | 1 |\n|---|---|\n| b | 2 |", ["1", "2"]),
        ("![A line that rises by 3](picture.png) [by 4 %](page5.html)", ["3", "4"]),
        ("<details><summary>Why 7</summary>\n\ninner 8\n\n</details>\n\n<p class='9'>ten 10</p>", ["7", "8", "10"]),
        ("> quoted 3\n> and 4", ["3", "4"]),
        ("just $-0.3$ or $32\\%$", ["-0.3", "32"]),
        (
            "Keras 1.27 times slower, Python 2 %, notebook 05 and 12 % of 3 (we used all 2000)",
            ["1.27", "2", "12", "3", "2000"],
        ),
    ],
)
def test_numbers_are_found(text, numbers):
    assert printed(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "$t = 5$ and $$x_1 = 0.5$$",
        "$$\nf = 1 - z\n$$",
        "`x = 5` and ``6``",
        "```\nx = 5\n```",
        "[here](https://example.org/5), <https://example.org/6>, doi 10.3390/engproc2022018030, arXiv:1412.3555",
        "Cho et al. (2014), Okabe & Ito (2008), Mahy et al. 1994",
        "(Gers & Cummins 2000, after Hochreiter & Schmidhuber, 1997; Graves, 2013)",
        "M3, C4, H200, float32, GPT-4, UTF-8, v1.2, 02_gates.png, a 2-D array",
        "Python 3.11, 3.12 or 3.13, Keras 3, pandas 2.2 and 2.20.0",
        "notebook 5, Notebooks 04 to 07, 02 and 03; section 3.2, Sections 3.1 and 3.2, figure 2, exercise 1",
        "1. first\n2. second",
        "# 2. Inside the gates",
        "<!-- a remark of 5 -->",
        "m², R², and a footnote¹",
    ],
)
def test_what_is_no_result_needs_no_check(text):
    assert prose.paragraphs(text) == []


def found(printed, value):
    """Whether an expression that gives ``value`` is accepted for a number as printed."""
    (paragraph,) = prose.paragraphs(f"It was {printed} then.\n<!-- check: x -->")
    return prose.judged(paragraph, prose.evaluated([("x", False)], {"x": value})) == []


@pytest.mark.parametrize(
    ("printed", "right", "wrong"),
    [
        ("7e-21", 7.4e-21, 7.6e-21),
        ("7e-21", 6.6e-21, 0.0),
        ("32 %", 31.6, 32.6),
        ("1.27", 1.2749, 1.276),
        ("1.270", 1.2701, 1.2749),
        ("-0.6", -0.64, 0.6),
        ("0.6", 0.6, -0.6),
        ("+0.0", 0.04, -0.04),
        ("-0.0", -0.04, 0.04),
        ("5,315", 5315, 5316),
        (".036", 0.0361, 0.0366),
        ("minus 2", -2, 2),
        ("10⁻³", 1e-3, 1e-4),
        ("3", 3, float("nan")),
        ("3", 3.2, float("inf")),
        ("2008-10-24", pd.Timestamp("2008-10-24"), pd.Timestamp("2008-10-25")),
        ("2008-10-24", pd.Timestamp("2008-10-24").to_datetime64(), 2008),
        ("4", pd.Series([4.0]), pd.Series([5.0])),
    ],
)
def test_a_number_is_compared_at_its_printed_precision(printed, right, wrong):
    assert found(printed, right)
    assert not found(printed, wrong)


SIZES = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-200)  # below, floats lose their digits


@given(SIZES, st.integers(0, 5), st.sampled_from(["{:.{}f}", "{:,.{}f}", "{:.{}e}", "{:+.{}f}"]))
@example(0.285, 2, "{:.{}f}")
@example(2.5, 0, "{:.{}f}")
@example(-0.3, 0, "{:.{}f}")
def test_what_python_prints_is_accepted_and_the_next_number_is_not(value, digits, form):
    text = form.format(value, digits)
    assert found(text, value)
    assert found(text.replace("-", "−"), value)
    unit = Decimal(1).scaleb(Decimal(text.replace(",", "")).as_tuple().exponent)
    assert not found(text, float(Decimal(text.replace(",", "")) + unit * Decimal("0.6")))
    assert not found(text, float(Decimal(text.replace(",", "")) - unit * Decimal("0.6")))


KERNEL = "kept = {'gru': 7.1e-21, 'lstm': 4.2e-8}\nshare = 0.32\nwindow = 60\nerrors = [0.5, 1.5]"
GOOD = """The GRU kept 7e-21, the LSTM 4e-08, with windows of 60 and a margin of 2 %.
<!-- check: kept["gru"], kept["lstm"], kept["gru"] < kept["lstm"], window, setting(2) -->

- errors of 0.5
- and 1.5
<!-- check: *errors -->

Half an hour, 30 minutes.
<!-- settings -->"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """What is wrong with one Markdown cell behind KERNEL, all given at once: a list for each text."""
    folder = tmp_path_factory.mktemp("tables")
    texts = [GOOD, *(text for text, _ in FAULTS)]
    cells = [nbformat.v4.new_code_cell(KERNEL), *map(nbformat.v4.new_markdown_cell, texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        problems = prose.check_notebook(nbformat.v4.new_notebook(cells=cells), folder)
    return {
        text: [problem for problem in problems if problem.startswith(f"cell {number}, ")]
        for number, text in enumerate(texts, start=1)
    }


FAULTS = [
    ("It kept 8e-21.\n<!-- check: kept['gru'] -->", "'It kept 8e-21.': it says 8e-21, but kept['gru'] gives 7.1e-21."),
    ("It kept 7.0e-21.\n<!-- check: kept['gru'] -->", "it says 7.0e-21, but kept['gru'] gives 7.1e-21."),
    ("Good. By -0.32, that is.\n<!-- check: share -->", "'By -0.32, that is.': it says -0.32, but share gives 0.32."),
    ("It kept 32 %.\n<!-- check: share -->", "it says 32, but share gives 0.32."),
    ("It kept 32 %.", "'It kept 32 %.': no check covers 32."),
    ("It kept 32 % of 60.\n<!-- check: 100 * share -->", "no expression of its check covers 60."),
    (
        "It kept 32 %.\n<!-- check: 100 * share, window -->",
        "window gives 60, but the paragraph has no number left for it.",
    ),
    ("It grew.\n<!-- check: share > 0.5 -->", "'It grew.': share > 0.5 is false."),
    (
        "It kept 32 %.\n<!-- check: 100 * shares -->",
        "can't be evaluated here: NameError: name 'shares' is not defined.",
    ),
    (
        "It kept 32 %.\n<!-- check: 100 * share; window -->",
        "'100 * share; window' is not a list of Python expressions (",
    ),
    ("It kept 32 %.\n<!-- check: share = 5 -->", "'share = 5' is not a list of Python expressions ("),
    (
        "It kept 32 %.\n<!-- check: -->",
        "must be <!-- check: expressions --> or <!-- settings -->; got <!-- check: -->.",
    ),
    ("It kept 32 %.\n<!-- checks: share -->", "or <!-- settings -->; got <!-- checks: share -->."),
    ("It kept 32 %.\n<!-- setting -->", "or <!-- settings -->; got <!-- setting -->."),
    (
        "It kept 32 %.\n<!-- check: 32 -->",
        "the check 32 only repeats the text; write where it comes from, or setting(32)",
    ),
    ("It grew.\n<!-- check: True -->", "the check True only repeats the text"),
    ("It kept a lot.\n<!-- check: kept -->", "kept must give a number or a bool; it gives dict ("),
    ("It kept a lot.\n\n<!-- check: share > 0 -->", "<!-- check: share > 0 --> has no paragraph directly above."),
    ("<!-- settings -->\nBelow.", "<!-- settings --> has no paragraph directly above."),
    ("A 60.\n<!-- settings -->\n<!-- check: window -->", "has no text before it that is not checked yet."),
    ("It kept 32 %.\n<!-- check: 100 * share", "a comment in it is not closed."),
    ("It grew 2⁸-fold.\n<!-- settings -->", "write the number '⁸' with the digits 0 to 9."),
    ("It grew by ½.", "write the number '½' with the digits 0 to 9."),
    ("## 32 units are enough", "no check covers 32."),
    (
        "| kept | 33 |\n|---|---|\n| of | 60 |\n<!-- check: 100 * share, window -->",
        "it says 33, but 100 * share gives 32.0.",
    ),
    ("- kept 32 %\n- of 61\n<!-- check: 100 * share, window -->", "'of 61': it says 61, but window gives 60."),
    ("![Of 61 units 32 % kept.](a.png)\n<!-- check: window, 100 * share -->", "it says 61, but window gives 60."),
    (
        "<details><summary>Of 61</summary>\n<!-- check: window -->\n\nAll.\n\n</details>",
        "it says 61, but window gives 60.",
    ),
]


@pytest.mark.parametrize(("text", "problem"), FAULTS)
def test_a_planted_fault_is_named_in_one_sentence(text, problem, check):
    assert len(check[text]) >= 1
    assert problem in check[text][0]
    assert "\n" not in check[text][0]


def test_what_is_right_passes_with_the_same_machine(check):
    assert check[GOOD] == []


@given(st.integers(0, 3), st.integers(1, 9))
def test_any_digit_changed_is_caught(place, change):
    """One digit of a paragraph that passes becomes another one: it is never accepted."""
    values = [0.32, -1.27, 5315, 7e-21]
    text = ["0.32", "-1.27", "5,315", "7e-21"]
    at = next(i for i in reversed(range(len(text[place]))) if text[place][i].isdigit())
    text[place] = f"{text[place][:at]}{(int(text[place][at]) + change) % 10}{text[place][at + 1 :]}"
    (paragraph,) = prose.paragraphs(f"From {text[0]} % to {text[1]}, with {text[2]} and {text[3]}.\n<!-- check: *x -->")
    assert len(prose.judged(paragraph, prose.evaluated([("x", True)], {"x": values}))) == 1


@given(st.text(alphabet="ab 0123456789.,-−%$`*_|<>!-\n#[]()²½eé", max_size=80))
def test_any_text_can_be_read(text):
    """No text stops the checker, and every digit outside equations, code, addresses and markup is looked at."""
    for paragraph in prose.paragraphs(text):
        assert paragraph.numbers or paragraph.problems or paragraph.check is not None


def test_checks_see_the_notebook_at_their_place_and_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    texts = [
        "It is 1.\n<!-- check: x, (y := 5) == 5, all(x == each for each in [1]) -->",
        "It is 2.\n<!-- check: x -->",
    ]
    cells = ["x = 1", texts[0], "x = 2", texts[1], "assert 'y' not in globals() and 'evaluated' not in globals()"]
    new = (nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell)
    cells = [new[number % 2](source) for number, source in enumerate(cells)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert prose.check_notebook(notebook, tmp_path) == []
    assert len(notebook.cells) == 5  # the notebook itself is left as it was


README = """Of 3 series, the worst error is 2.5, from 2 nights of 7.
<!-- check: len(errors), errors.error.max(), tables["03_nights"].night.nunique(), losses["week"].size -->"""


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (README, []),
        (README.replace("2.5", "2.4"), ["it says 2.4, but errors.error.max() gives 2.5."]),
        (README.replace("errors.error", "error.error"), ["can't be evaluated here: NameError: name 'error'"]),
        ("It is 5.", ["no check covers 5."]),
    ],
)
def test_the_readme_is_held_to_tables(text, problems, tmp_path):
    import numpy as np

    pd.DataFrame({"error": [1.0, 2.5, 2.0]}).to_csv(tmp_path / "errors.csv", index=False)
    pd.DataFrame({"night": [1, 2, 2]}).to_csv(tmp_path / "03_nights.csv", index=False)
    np.savez_compressed(tmp_path / "losses.npz", week=np.arange(7))
    told = prose.check_readme(text, tmp_path)
    assert len(told) == len(problems)
    for sentence, problem in zip(told, problems, strict=True):
        assert problem in sentence


def test_the_command_names_notebook_cell_sentence_expression_and_value(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    cells = [nbformat.v4.new_code_cell("n = 8"), nbformat.v4.new_markdown_cell("It has 9 units.\n<!-- check: n -->")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "09_toy.ipynb")
    assert prose.main([str(tmp_path / "09_toy.ipynb"), "--tables", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "09_toy: 1 numbers in the text, 1 expressions, 1 problems",
        "  cell 1, 'It has 9 units.': it says 9, but n gives 8.",
    ]
    (tmp_path / "page.md").write_text("It has 2 rows.\n<!-- check: len(a) -->", encoding="utf-8")
    pd.DataFrame({"x": [1, 2]}).to_csv(tmp_path / "a.csv", index=False)
    assert prose.main([str(tmp_path / "page.md"), "--tables", str(tmp_path)]) == 0
    with pytest.raises(SystemExit):
        prose.main(["nowhere"])
    assert "NOTEBOOK must be a path, a notebook's number or README.md; got 'nowhere'." in capsys.readouterr().err
