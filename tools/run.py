"""Execute all notebooks in order: ``python -m tools.run quick`` (or ``smoke``, ``full``).

Leaves executed notebooks, HTML pages with an index, figures and tables under ``build/``. With ``--publish`` executed
notebooks replace those in ``notebooks/``, and figures and tables go to ``figures/``. ``--only 02 04`` runs, and
publishes, just these notebooks with what they write.
"""

import argparse
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from unittest.mock import patch

import jinja2
import nbformat
import pandas as pd
import papermill
from nbclient.exceptions import DeadKernelError
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from helpers.notebook import NOTEBOOKS, PROFILES
from tools.readme import answer, replace_between

ROOT = NOTEBOOKS.parent
TEMPLATES = Path(__file__).parent / "pages"
# a copy of MathJax lies beside the pages, so that equations show offline too
MATHJAX = "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe"
VERDICT_COLUMNS = ["dataset", "horizon", "protocol", "question", "verdict", "difference", "low", "high"]


def execute(path, profile, output):
    """Run one notebook under papermill into ``output``/notebooks; return the executed notebook's path and seconds.

    A notebook that fails is kept as far as it came; the error is raised again.
    """
    target = output / "notebooks" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    under_papermill(path, target, {"profile": profile, "output_dir": str(output)}, NOTEBOOKS)
    return target, time.perf_counter() - started


def under_papermill(path, target, parameters, cwd):
    """Run one notebook in folder ``cwd`` and write it to ``target``; its temporary files go when it ends."""
    with kernel_folder() as (folder, config), patch.dict(os.environ, TMPDIR=folder, TEMP=folder, TMP=folder):
        quiet = {"progress_bar": False, "extra_arguments": ["--log-level=40"]}  # over TCP, newer kernels warn of it
        papermill.execute_notebook(path, target, parameters, cwd=cwd, config=config, **quiet)


@contextmanager
def kernel_folder():
    """A temporary folder for one kernel, and Jupyter's settings by which they talk through sockets in there.

    Over TCP, which is usual, ports are looked for a second or two before the kernel opens them: another process may
    take one meanwhile ("Address already in use"), and every user of the machine can connect to them. Where there
    are no such sockets (Windows), or their path (at most 104 characters) is too long, it stays TCP.
    """
    # TensorFlow leaves temporary files when its process is ended from outside, as worker processes are
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sockets = {"transport": "ipc", "ip": os.path.join(folder, "kernel")}
        fits = os.name == "posix" and len(sockets["ip"]) < 100
        yield folder, Config(KernelManager=sockets if fits else {})


def cleaned(path):
    """An executed notebook without what papermill added: parameters cell, timings, paths; counts run from 1."""
    notebook = nbformat.read(path, as_version=4)
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
    """Write an HTML page for each executed notebook, one for its solutions, and an index with a thumbnail for each."""
    (folder / "solutions").mkdir(parents=True, exist_ok=True)
    shutil.copytree(str(files("jupyter_server_mathjax") / "static"), folder / "mathjax", dirs_exist_ok=True)
    pages = []
    for path in notebooks:
        notebook = cleaned(path)
        title = _write_page(notebook, folder / f"{path.stem}.html", "")
        pages.append({"stem": path.stem, "title": title, **_thumbnail(notebook)})
        _write_page(cleaned(NOTEBOOKS / "solutions" / path.name), folder / "solutions" / f"{path.stem}.html", "../")
    template = (TEMPLATES / "index.html.j2").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True).from_string(template).render(pages=pages)
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def _write_page(notebook, target, up):
    """Write one HTML page with a table of contents, links to notebooks made links to pages; return its title."""
    title = re.search(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE)[1]
    notebook.cells[0].source = re.sub(
        r"\[!\[(.*?)\]\(.*?\)\]", r"[\1]", notebook.cells[0].source
    )  # no badges from the net
    exporter = HTMLExporter(
        template_file="notebook.html.j2", extra_template_paths=[str(TEMPLATES)], mathjax_url=up + MATHJAX
    )
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}, "home": f"{up}index.html"})
    parts, items = re.split(r'(?=<h[23] id=")', page), []
    for number, part in enumerate(parts[1:], start=1):  # two sections may have the same heading, but not the same place
        level, text = re.match(r"<h([23]).*?>(.*?)<a class", part, re.DOTALL).groups()
        parts[number] = re.sub('(?<= id=").*?(?=")', f"section-{number}", part, count=1)
        items.append(f'<li class="h{level}"><a href="#section-{number}">{text}</a></li>')
    page = "".join(parts)
    page = page.replace("<!-- contents -->", f"<ul>{''.join(items)}</ul>", 1)
    target.write_text(page.replace('.ipynb"', '.html"'), encoding="utf-8")
    return title


def _thumbnail(notebook):
    """A notebook's last figure as base64, with its alternative text (nothing where no figure was drawn)."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    for output in reversed(outputs):
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            return {"png": "".join(output.data["image/png"].split()), "alt": alt}  # base64 comes in lines
    return {}


def publish(notebooks, output, since=0):
    """Put the executed notebooks in place of the sources, and figures and tables into ``figures/``.

    ``since``: leave out what was written before this time (seconds since the epoch), by other notebooks or runs.
    """
    for path in notebooks:
        nbformat.write(cleaned(path), NOTEBOOKS / path.name)
    folder = ROOT / "figures"
    folder.mkdir(exist_ok=True)
    for path in [*(output / "figures").glob("*.png"), *output.glob("*.csv"), *output.glob("*.npz")]:
        if path.stat().st_mtime >= since:
            shutil.copy(path, folder / path.name)
    replace_between(ROOT / "README.md", "answer", answer())


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.run", description=__doc__.splitlines()[0])
    parser.add_argument("profile", choices=PROFILES, nargs="?", default="quick")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="folder for all results (default: build)")
    parser.add_argument("--publish", action="store_true", help="also renew notebooks/ and figures/ from this run")
    parser.add_argument("--only", nargs="+", metavar="NUMBER", help="run just these notebooks, by number: 02 04")
    options = parser.parse_args(arguments)
    output = options.output.resolve()
    paths = {path.stem[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))}
    if unknown := sorted(set(options.only or []) - set(paths)):
        parser.error(f"--only must be numbers of notebooks ({', '.join(paths)}); got {', '.join(unknown)}.")
    paths = [path for number, path in paths.items() if not options.only or number in options.only]
    executed, started = [], time.time()
    for number, path in enumerate(paths, start=1):
        print(f"{number}/{len(paths)} {path.stem} ...", end=" ", flush=True)
        try:
            target, seconds = execute(path, options.profile, output)
        except PapermillExecutionError as error:
            print(
                f"failed\n{error.ename}: {error.evalue}\nThe notebook up to there: {output / 'notebooks' / path.name}"
            )
            return 1
        except DeadKernelError:
            print(
                "failed\nIts process was ended from outside, as happens when memory is short. Finished runs are kept.\n"
                f"The notebook up to there: {output / 'notebooks' / path.name}"
            )
            return 1
        executed.append(target)
        print(f"{seconds:.0f} s", flush=True)
    index = write_pages(executed, output / "html")
    if options.publish:
        publish(executed, output, since=started if options.only else 0)
    if not options.only:
        verdicts = pd.read_csv(output / "verdicts.csv")
        print("\n" + verdicts[VERDICT_COLUMNS].to_string(index=False, float_format="{:.2f}".format, na_rep="-"))
    print(f"\npages      {index}\nnotebooks  {output / 'notebooks'}\nfigures    {output / 'figures'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
