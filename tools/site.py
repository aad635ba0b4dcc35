"""The series as web pages, from notebooks that have been executed: ``python -m tools.site --output build/site``.

Executes nothing and needs nothing of the packages that the notebooks need, so that a page is there in seconds.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import nbformat
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
FIGURES = ROOT / "figures"
TEMPLATES = Path(__file__).parent / "pages"
# a copy of MathJax lies beside the pages, so that equations show offline too
MATHJAX = "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe"
BESIDE = ("search.js", "minisearch.js", "minisearch.LICENSE.txt", "explorer.js")  # what the pages' scripts are
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)\n*")
LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\(([^)\s]+)\)")
REPOSITORY = re.compile(r"https://github\.com/(?P<owner>[^/]+)/(?P<name>[^/]+)")
EXPLORER = '<div class="gate-explorer"></div><script src="explorer.js"></script>'


@dataclass(frozen=True)
class Card:
    """What the index shows of a notebook: a picture of ``figures/``, what is on it, and what a reader understands."""

    picture: str
    alt: str
    sentence: str


CARDS = {  # by the notebook's number
    "00": Card(
        "00_last_week",
        "A day of electricity demand that a small network has forecast, and the same day of last week beside it.",
        "Why a beautiful forecast proves nothing: your first network, and the one line of code that beats it.",
    ),
    "01": Card(
        "01_forget_bias",
        "Gradients over a hundred steps back: with its gate started open each network's hardly fades.",
        "How a recurrent network remembers, and why its memory is short before it has learned anything.",
    ),
    "02": Card(
        "02_lstm_f",
        "The LSTM's diagram with its forget gate marked, and that gate's values while the network reads real series.",
        "What each gate of a GRU and an LSTM decides, and what one of the two can do that the other cannot.",
    ),
    "03": Card(
        "03_windows",
        "Windows as rows of days, coloured by the part they belong to: some training windows reach into the test days.",
        "How a series becomes windows without a leak, and what the simplest forecasts already achieve.",
    ),
    "04": Card(
        "04_one_forecast",
        "Sixty days of a bank's share price, then what a GRU, an LSTM and the last value forecast, and what came.",
        "What a fair fight between two networks needs, and why a good forecast may be yesterday's price.",
    ),
    "05": Card(
        "05_margins",
        "Curves of how sure one can be that two networks are equal, against how far apart still counts as equal.",
        "When a difference is real, when two networks are equal, and when your experiment cannot tell.",
    ),
    "06": Card(
        "06_forest",
        "The difference between GRU and LSTM on each data set with its interval, and over all of them.",
        "Which of the two forecasts better over many data sets, and what to expect on the next one.",
    ),
    "07": Card(
        "07_scoreboard",
        "A list of what is said about GRUs and LSTMs, each sentence with a sign for its verdict.",
        "Which popular sentences about GRUs and LSTMs hold, which do not, and how one finds out.",
    ),
    "08": Card(
        "08_forecast",
        "Carbon dioxide in the air: the measured series, and a forecast with its interval that the series stays in.",
        "How to hand over a file of your own, and defend the answer: a GRU, an LSTM, or no network at all.",
    ),
}


def card(stem):
    """The card of the notebook with this file name.

    Raises
    ------
    ValueError: the notebook has no card, or its picture is not in ``figures/``.
    """
    if stem[:2] not in CARDS:
        raise ValueError(f"CARDS in tools/site.py has no picture and sentence for {stem}; it has {', '.join(CARDS)}.")
    found = CARDS[stem[:2]]
    if not (FIGURES / f"{found.picture}.png").is_file():
        raise ValueError(f"CARDS in tools/site.py wants {found.picture}.png for {stem}; there is none in {FIGURES}.")
    return found


def address():
    """The repository's address as ``make address`` wrote it into the notebooks; "" where it has not been written."""
    source = min(NOTEBOOKS.glob("[0-9]*.ipynb")).read_text(encoding="utf-8")
    found = re.search(r"repository = \\\"(https://github\.com/[^\"\\]+)\\\"", source)
    return found[1] if found else ""


def pages_address(repository):
    """Where GitHub publishes the pages of ``repository`` (its address); "" for none."""
    match = REPOSITORY.fullmatch(repository)
    if not match:
        return ""
    owner, name = match["owner"].lower(), match["name"]
    return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")


def cleaned(path):
    """The executed notebook at ``path``, made fit for publishing; see ``clean``."""
    return clean(nbformat.read(path, as_version=4))


def clean(notebook):
    """Take from an executed notebook what papermill added: parameters cell, timings, paths; let counts run from 1."""
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)  # no kernel behind a page: what stands beside a widget is shown in its place
    count = 0
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = [output for output in cell.outputs if not _is_bare_widget(output)]
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    notebook.metadata["executed_source"] = source_hash(notebook)
    return notebook


def _is_bare_widget(output):
    """Take the widget out of an output; whether nothing but its textual stand-in is left (a finished progress bar)."""
    widget = output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return widget is not None and set(output.data) <= {"text/plain"}


def source_hash(notebook):
    """A hash of all cells' sources: a test holds a committed notebook's outputs to its text by it."""
    return hashlib.sha256("\0".join(cell.source for cell in notebook.cells).encode()).hexdigest()


def write_pages(notebooks, folder):
    """Write the pages of executed ``notebooks`` (paths), their solutions, the glossary and an index; return the index.

    Pictures on the index come from ``figures/``, so that it is the same whatever this run had at hand.

    Raises
    ------
    ValueError: a notebook has no card (see ``card``) or no title.
    """
    cards = [card(path.stem) for path in notebooks]
    for part in ("solutions", "pictures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    shutil.copytree(str(files("jupyter_server_mathjax") / "static"), folder / "mathjax", dirs_exist_ok=True)
    for name in BESIDE:
        shutil.copy(TEMPLATES / name, folder / name)
    repository, documents, entries = address(), [], []
    titles = {path.stem: _title(nbformat.read(path, as_version=4)) for path in notebooks}
    for number, (path, found) in enumerate(zip(notebooks, cards, strict=True)):
        shutil.copy(FIGURES / f"{found.picture}.png", folder / "pictures")
        notebook = cleaned(path)
        beside = {
            "before": _named(titles, notebooks[number - 1].stem if number else None),
            "after": _named(titles, notebooks[number + 1].stem if number + 1 < len(notebooks) else None),
            "description": found.sentence,
            "picture": f"pictures/{found.picture}.png",
        }
        entries.append({"stem": path.stem, "title": titles[path.stem], "time": _time(notebook), "card": found})
        documents += _write_page(notebook, f"notebooks/{path.name}", folder, repository, beside)
        solutions = NOTEBOOKS / "solutions" / path.name
        if solutions.is_file():
            entries[-1]["solutions"] = f"solutions/{path.stem}.html"
            beside = {"before": _named(titles, path.stem), "description": f"Solutions to {titles[path.stem]}"}
            documents += _write_page(cleaned(solutions), f"notebooks/solutions/{path.name}", folder, repository, beside)
    words = nbformat.v4.new_markdown_cell((ROOT / "GLOSSARY.md").read_text(encoding="utf-8"))
    glossary = nbformat.v4.new_notebook(cells=[words])
    beside = {"description": "Every term and symbol of the series, once."}
    documents += _write_page(glossary, "GLOSSARY.md", folder, repository, beside)
    environment = jinja2.Environment(autoescape=True, loader=jinja2.FileSystemLoader(TEMPLATES))
    page = environment.get_template("index.html.j2")
    index = page.render(entries=entries, repository=repository, site=pages_address(repository))
    (folder / "index.html").write_text(index, encoding="utf-8")
    # a script and not a file to fetch, which browsers refuse where the pages are opened from a folder
    (folder / "search_documents.js").write_text(f"SEARCH_DOCUMENTS = {json.dumps(documents)};\n", encoding="utf-8")
    shutil.copy(FIGURES / "social_preview.png", folder)
    return folder / "index.html"


def _named(titles, stem):
    return stem and {"href": f"{stem}.html", "title": titles[stem]}


def _title(notebook):
    """A notebook's first heading."""
    found = re.search(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE)
    if not found:
        raise ValueError(f"A notebook must begin with its title (# ...); one begins {notebook.cells[0].source[:40]!r}.")
    return found[1]


def _time(notebook):
    """The sentence that a notebook's first cell says of its minutes, without marks of Markdown ("" for none)."""
    found = re.search(r"\*\*Time:?\*\*:?\s*(.*?)(?=\s*\*\*Needs|\n\s*\n|\Z)", notebook.cells[0].source, re.DOTALL)
    text = re.sub(r"[`*]", "", " ".join(found[1].split())) if found else ""
    return text[:1].upper() + text[1:]


def _page(path):
    """The page, seen from the site's folder, that a file of the repository is shown on; None where it has none."""
    if path == "GLOSSARY.md":
        return "glossary.html"
    match = re.fullmatch(r"notebooks/((?:solutions/)?[^/]+)\.ipynb", path)
    return match and f"{match[1]}.html"


def _linked(text, path, up, repository):
    """Markdown with links to files turned into links to their pages, to GitHub, or (without an address) into words."""

    def replaced(match):
        words, (target, *fragment) = match[1], match[2].split("#")
        inside = os.path.normpath(os.path.join(os.path.dirname(path), target)).replace(os.sep, "/")
        if "://" in target or not target or not (ROOT / inside).exists():
            return match[0]
        page = _page(inside)
        if page:
            return f"[{words}]({'#'.join([up + page, *fragment])})"
        return f"[{words}]({repository}/blob/main/{inside})" if repository else words

    return LINK.sub(replaced, text)


def _write_page(notebook, path, folder, repository, beside):
    """Write the page of the file at ``path`` in the repository; return its sections, for the search."""
    title, name = _title(notebook), _page(path)
    up = "../" * name.count("/")
    notebook.cells[0].source = BADGE.sub("", notebook.cells[0].source)  # no badges from the net
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source, path, up, repository)
    _add_explorer(notebook)
    exporter = HTMLExporter(
        template_file="notebook.html.j2", extra_template_paths=[str(TEMPLATES)], mathjax_url=up + MATHJAX
    )
    colab = repository.replace("https://github.com", "https://colab.research.google.com/github")
    resources = {
        "metadata": {"name": f"{title} | GRU vs LSTM, measured"},
        "up": up,
        "source": repository and f"{repository}/blob/main/{path}",
        "colab": repository and path.endswith(".ipynb") and f"{colab}/blob/main/{path}",
        "site": pages_address(repository),
        "name": name,
        **{"before": None, "after": None, "picture": "social_preview.png", **beside},
    }
    page, _ = exporter.from_notebook_node(notebook, resources)
    parts, items = re.split(r'(?=<h[23] id=")', page), []
    for number, part in enumerate(parts[1:], start=1):  # two sections may have the same heading, but not the same place
        level, text = re.match(r"<h([23]).*?>(.*?)<a class", part, re.DOTALL).groups()
        parts[number] = re.sub('(?<= id=").*?(?=")', f"section-{number}", part, count=1)
        items.append(f'<li class="h{level}"><a href="#section-{number}">{text}</a></li>')
    page = "".join(parts).replace("<!-- contents -->", f"<ul>{''.join(items)}</ul>", 1)
    (folder / name).write_text(page, encoding="utf-8")
    sections = _sections(notebook)
    if len(sections) != len(parts):
        raise ValueError(f"{path}: {len(sections) - 1} headings in the text, {len(parts) - 1} on the page.")
    return [
        {"id": url, "url": url, "title": heading or title, "page": title, "text": text}
        for number, (heading, text) in enumerate(sections)
        for url in [f"{name}#section-{number}" if number else name]
    ]


def _sections(notebook):
    """Heading ("" before the first) and words of each section: text and code, without equations and outputs."""
    found = [["", ""]]
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            found[-1][1] += f" {cell.source}"
            continue
        text = re.sub(r"<!--.*?-->|\$\$.*?\$\$", " ", cell.source, flags=re.DOTALL)
        for part in re.split(r"(```.*?```|^#{2,3} [^\n]*$)", text, flags=re.DOTALL | re.MULTILINE):
            if part.startswith("##"):
                found.append([_words(part), ""])
            else:
                found[-1][1] += f" {_words(part)}"
    return [(heading, " ".join(text.split())) for heading, text in found]


def _words(text):
    """Markdown as words: links become their text, marks, tags and inline equations go."""
    text = re.sub(r"\$[^$\n]+\$|</?[a-z][^>\n]*>", " ", LINK.sub(r"\1", text))
    return re.sub(r"[*`|]|^#+ ", "", text, flags=re.MULTILINE).strip()


def _add_explorer(notebook):
    """Put the gate explorer behind the picture of the code cells tagged ``explorer``, or behind the last of them."""
    tagged = [index for index, cell in enumerate(notebook.cells) if "explorer" in cell.metadata.get("tags", [])]
    if not tagged:
        return
    place = notebook.cells[tagged[-1]]
    for cell in notebook.cells[tagged[-1] :]:
        if cell.cell_type != "code":
            break
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            place = cell
            break
    place.outputs.append(nbformat.v4.new_output("display_data", {"text/html": EXPLORER}))


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "site", help="folder (default: build/site)")
    options = parser.parse_args(arguments)
    try:
        print(write_pages(sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), options.output.resolve()))
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
