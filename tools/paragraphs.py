"""Paragraphs of Markdown, the numbers in their prose, and the comments that say where the numbers come from.

What counts as a number is decided here: not equations, code, addresses, years of citations, list numbers, names (M3,
H200, Python 3.11), nor references to sections and notebooks. How a comment is written: see tools/prose.py.
"""

import ast
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

MARKDOWN = MarkdownIt("commonmark").enable("table").use(dollarmath_plugin)
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
HIDDEN = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for each character that is no prose
PLAIN_NUMBER = re.compile(r"[-+]?[\d.,]*\d\s*(\\?%)?")  # mathematics that is nothing but a number

YEAR = r"(?:1[89]|20)\d\d[a-z]?"
VERSION = r"\d+(?:\.\d+)*"
VERSIONED = (
    "Python|Keras|TensorFlow|NumPy|numpy|pandas|SciPy|scipy|scikit-learn|statsmodels|matplotlib|JupyterLab|Jupyter|"
    "IPython|ipywidgets|Dask|PyTorch|CUDA|cuDNN|statsforecast|TimesFM|Moirai|GPT|FPP3|Windows|Ubuntu|Debian|CC BY|"
    "version"
)
QUANTITY = (
    r"(?![\d.,]*\d|\s*(?:%|per\b|times\b|of\b|out\b|seconds?\b|minutes?\b|hours?\b|ms\b|s\b))"  # no name after all
)
NOTEBOOK = r"0?\d(?!\d)"
EXEMPT = [
    r"https?://\S+|\b10\.\d{4,9}/\S+|\barXiv:? ?\d{4}\.\d{4,5}",  # addresses
    rf"\bet al\.,? \(?{YEAR}",  # years of citations
    rf"(?:\b[A-Z][\w'’-]+|\bal\.) \({YEAR}(?:[,;] {YEAR})*\)",
    rf"\b[A-Z][\w'’-]+(?: et al\.)?,? {YEAR}(?:[,;] {YEAR})*(?=[),;])(?=[^(]*\))",
    r"\b\d\d_\w+(?:\.\w+)?",  # files of the series
    r"\b[^\W\d]\w*\d\w*(?:\.\d+)*",  # names: M3, H200, float32, v1.2
    rf"\b[A-Z][A-Za-z]*[-‑]\d+{QUANTITY}",  # GPT-4, UTF-8
    r"\b[123](?:-| )?D\b",  # 2-D
    rf"\b(?:{VERSIONED}) {VERSION}{QUANTITY}(?:(?:, | or | and | to )\d+\.\d+{QUANTITY})*",
    r"\b\d+\.\d+\.\d+(?:\.\d+)*\b",  # a version, whatever of
    rf"(?i:\bnotebooks {NOTEBOOK}(?:(?:, | and | or | to |–){NOTEBOOK}{QUANTITY})*|\bnotebook {NOTEBOOK})",
    rf"(?i:\b(?:sections|chapters|exercises) {VERSION}(?:(?:, | and | or | to |–){VERSION}{QUANTITY})*)",
    rf"(?i:\b(?:section|chapter|ch\.|exercise|figure|table|equation|page|part) \(?{VERSION}\)?{QUANTITY})",
    # notebooks without the word: 02 to 04 (but no month, day, minute or exponent)
    r"(?<![\w.,:+])(?<!\d{4}-)(?<!\d{4}-\d\d-)(?<![eE][-+−])0\d(?![\w:]|[.,]\d|\s*%)",
]
EXEMPT = re.compile("|".join(f"(?:{each})" for each in EXEMPT))

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
DIGITS = r"(?:\d{1,3}(?:[,\u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
NUMBER = re.compile(
    r"(?P<date>(?<!\d)\d{4}-\d\d-\d\d(?!\d))|"
    r"(?P<sign>(?<![^\s(\[{\"“”'‘=:≈~<>≤≥|/,;])[-+−–‑](?=[.\d])|\bminus\s+(?=[.\d])|\bplus\s+(?=[.\d]))?"
    rf"(?:(?:(?P<mantissa>{DIGITS})\s?[×·]\s?)?10(?P<power>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    rf"|(?P<digits>{DIGITS})(?P<exponent>[eE][-+−]?\d+)?)",
)


@dataclass
class Number:
    """A number as printed in a sentence: its text, value, and the unit of its last digit (a date has neither)."""

    text: str
    sentence: str
    value: Decimal | None = None
    unit: Decimal | None = None
    sign: int = 0

    def is_(self, found):
        """Whether what an expression gave (Decimal, or a date as text) is this number at the precision printed here."""
        if self.value is None or isinstance(found, str):
            return self.value is None and self.text == found
        if not found.is_finite() or self.sign * found < 0:
            return False
        return abs(found - self.value) <= self.unit / 2 * (1 + Decimal("1e-9"))


@dataclass
class Paragraph:
    """Prose up to a comment or the end of its block; ``check`` is the comment's text, None where there is none."""

    text: str
    numbers: list
    check: str | None = None
    problems: list = field(default_factory=list)

    @property
    def expressions(self):
        """The comment's expressions, as (source on one line, code to evaluate, whether it is starred)."""
        listed = f"[\n{self.check}\n]"
        body = ast.parse(listed, mode="eval").body
        parts = body.elts if isinstance(body, ast.List) else [body]
        starred = [isinstance(part, ast.Starred) for part in parts]
        parts = [part.value if star else part for part, star in zip(parts, starred, strict=True)]
        text = [" ".join(ast.get_source_segment(listed, part).split()) for part in parts]
        return list(zip(text, map(ast.unparse, parts), starred, strict=True))


def paragraphs(markdown):
    """All paragraphs of a Markdown text that hold a number or a check, in order.

    A block of text, list or table ends at a blank line; a check covers what stands before it in its block, up to the
    check before.
    """
    lines = markdown.split("\n")
    found, pieces, checked, before = [], [], False, None  # pieces: (shown, masked), of equal length
    for token in MARKDOWN.parse(markdown):
        if token.level == 0 and token.map and (token.map[0] == 0 or not lines[token.map[0] - 1].strip()):
            found, pieces, checked = [*found, *_paragraph(pieces)], [], False
        for kind, text in _events(token, is_title=before == "h1"):
            if kind == "prose":
                pieces.append((text, text))
            elif kind == "hidden":
                pieces.append((text, HIDDEN * len(text)))
            elif re.match(r"(check|setting)s?\b", text, re.IGNORECASE):
                if pieces:
                    found += _paragraph(pieces, comment=text)
                else:
                    why = (
                        "has no text before it that is not checked yet"
                        if checked
                        else "has no paragraph directly above"
                    )
                    found.append(Paragraph("", [], problems=[f"<!-- {short(text)} --> {why}."]))
                pieces, checked = [], True
        before = token.tag
    return [*found, *_paragraph(pieces)]


def plain(markdown):
    """The prose of a Markdown text alone: without headings, code, equations and comments."""
    tokens, text = MARKDOWN.parse(markdown), []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is None or before.type != "heading_open":
            text += [text for kind, text in _events(token, is_title=False) if kind == "prose"]
    return "".join(text)


def _events(token, is_title):
    """What a token of Markdown holds, in order: pairs of "prose", "hidden" or "comment" and a text."""
    if token.type == "html_block":
        for number, part in enumerate(COMMENT.split(token.content)):
            text = re.sub(r"</?[A-Za-z][^>]*>", " ", part).strip()
            if number % 2 or text:
                yield ("comment", part.strip()) if number % 2 else ("prose", f"{text}\n")
    for number, child in enumerate(token.children or []):
        text = child.content.replace("\\%", "%")
        if child.type == "html_inline" and COMMENT.fullmatch(text):
            yield "comment", COMMENT.fullmatch(text)[1].strip()
        elif child.type in ("softbreak", "hardbreak"):
            yield "prose", " "
        elif child.type in ("text", "image") or (child.type != "code_inline" and PLAIN_NUMBER.fullmatch(text)):
            order = re.match(r"\d+\. |", text)[0] if is_title and number == 0 else ""  # "# 2. Inside the gates"
            yield "hidden", order
            yield "prose", text.removeprefix(order)
        elif child.type == "code_inline" or child.type.startswith("math"):
            yield "hidden", text
    if token.children and token.children[-1].type != "html_inline":
        yield "prose", "\n"


def _paragraph(pieces, comment=None):
    """A list of the one paragraph that the pieces make; of none, where it holds neither number nor check."""
    shown, masked = ("".join(part) for part in zip(*pieces, strict=True)) if pieces else ("", "")
    paragraph = Paragraph(" ".join(shown.split()), [])
    masked = _masked(masked, EXEMPT.finditer(re.sub(r"\s", " ", masked)))
    matches = list(NUMBER.finditer(masked))
    paragraph.numbers = [_number(match, _sentence(shown, match.start())) for match in matches]
    rest = _masked(masked, matches)
    for at, sign in enumerate(rest):
        if unicodedata.numeric(sign, None) is not None and not (at and rest[at - 1].isalpha()):
            paragraph.problems.append(f"{_sentence(shown, at)!r}: write the number {sign!r} with the digits 0 to 9.")
    if "<!--" in masked:
        paragraph.problems.append(f"{short(paragraph.text)!r}: a comment in it is not closed.")
    if comment is not None:
        _understand(paragraph, comment)
    else:
        paragraph.problems += [f"{each.sentence!r}: no check covers {each.text}." for each in paragraph.numbers]
    return [paragraph] if paragraph.numbers or paragraph.problems or comment is not None else []


def _masked(text, matches):
    for each in matches:
        text = text[: each.start()] + HIDDEN * len(each[0]) + text[each.end() :]
    return text


def _sentence(text, at):
    """The sentence of a text, or line of its list or table, that holds the character at a position."""
    ends = [match.end() for match in re.finditer(r"[.!?]\s+(?=[^\s\da-z])|\n", text)]
    start, end = (
        max([0, *(each for each in ends if each <= at)]),
        min([len(text), *(each for each in ends if each > at)]),
    )
    return " ".join(text[start:end].split())


def _number(match, sentence):
    """The Number of a match of NUMBER."""
    if match["date"]:
        return Number(match["date"], sentence)
    digits = re.sub(r"[^\d.]", "", match["digits"] or match["mantissa"] or "1")
    power = match["power"].translate(SUPERSCRIPTS) if match["power"] else (match["exponent"] or "e0")[1:]
    exponent = int(power.replace("−", "-"))
    sign = 0 if not match["sign"] else 1 if match["sign"].strip() in ("+", "plus") else -1
    value = Decimal(digits).scaleb(exponent) * (sign or 1)
    return Number(match[0], sentence, value, Decimal(1).scaleb(exponent - len(digits.partition(".")[2])), sign)


def _understand(paragraph, comment):
    """Read a paragraph's comment: give it its check, or say what is wrong before anything is evaluated."""
    place = repr(short(paragraph.text))
    name, _, check = (part.strip() for part in comment.partition(":"))
    if comment == "settings":
        return
    if name != "check" or not check:
        allowed = "<!-- check: expressions --> or <!-- settings -->"
        paragraph.problems.append(f"{place}: the comment must be {allowed}; got <!-- {short(comment)} -->.")
        return
    paragraph.check = check
    try:
        expressions = paragraph.expressions
    except (SyntaxError, ValueError) as error:
        paragraph.check = None
        reason = getattr(error, "msg", error)
        paragraph.problems.append(f"{place}: the check {check!r} is not a list of Python expressions ({reason}).")
        return
    for source, expression, _ in expressions:
        node = ast.parse(expression, mode="eval").body
        node = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(node, ast.Constant):
            paragraph.problems.append(
                f"{place}: the check {source} only repeats the text; write where it comes from, or setting({source}) "
                "for a number that was chosen."
            )


def short(text):
    """A text on one line, of a hundred characters at most."""
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:97]}..."
