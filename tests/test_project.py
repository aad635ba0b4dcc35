"""The house: lint, format, words, links, one lock, no TensorFlow on import, one-way imports, what commands write."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from itertools import product

import nbformat
import pandas as pd
import pytest
import yaml
from conftest import ROOT

from tools import colab
from tools.site import source_hash

HELPERS = ["checks", "data", "windows", "collections", "metrics", "baselines", "cells", "training", "study"]
HELPERS += ["ragged", "comparison", "pooling", "claims", "plots", "notebook"]
MODULES = [f"helpers.{name}" for name in HELPERS]  # each may import those before it
MODULES += [
    "tools.results",
    "tools.tables",
    "tools.engine",
    "tools.pooled",
    "tools.many",
    "tools.grid",
    "tools.times",
    "tools.cells",
]
MODULES += ["tools.sheet", "tools.measures"]
MODULES += ["tools.roles", "tools.ladder", "tools.reader", "tools.rungs", "tools.own_plan", "tools.own_words"]
MODULES += ["tools.own_networks", "tools.own_series", "tools.own_planted", "tools.preview", "tools.site", "tools.kept"]
MODULES += ["tools.run", "tools.colab"]
MODULES += ["tools.replay", "tools.paragraphs", "tools.prose", "tools.reading", "tools.verdicts", "tools.questions"]
WITH_TENSORFLOW = ("helpers.training", "tools.measures", "tools.run", "tools.colab", "tools.questions")
NOTEBOOKS = sorted(path for part in ("", "solutions/") for path in (ROOT / "notebooks").glob(f"{part}[0-9]*.ipynb"))
PAGES = ["README.md", "CONTRIBUTING.md", "GLOSSARY.md"]
ADDRESS = "https://github.com/someone/some-name"


def sources(path, kind="markdown"):
    """The text of a notebook's cells of one kind."""
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind)


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["codespell"]],
    ids=["lint", "format", "words"],
)
def test_style(command):
    done = subprocess.run([sys.executable, "-m", *_module(command)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _module(command):
    return ["codespell_lib", *command[1:]] if command[0] == "codespell" else command


def test_importing_a_module_does_not_import_tensorflow():
    """One process imports them one after the other: the first that brings TensorFlow along is named."""
    names = [name for name in MODULES if name not in WITH_TENSORFLOW]
    code = f"""import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
    assert not {{"tensorflow", "keras"}} & set(sys.modules), name
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_import_helpers_is_immediate():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import helpers"], cwd=ROOT, check=True)
    print(f"import helpers, interpreter start included: {time.perf_counter() - started:.3f} s")
    assert not _imports("helpers.__init__")  # it imports nothing, so it takes no time


def _imports(name):
    tree = ast.parse((ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = node.module in ("helpers", "tools")
            modules = [f"{node.module}.{alias.name}" for alias in node.names] if package else [node.module]
            found |= {module for module in modules if module.startswith(("helpers.", "tools."))}
    return found


@pytest.mark.parametrize("name", MODULES)
def test_modules_import_one_way(name):
    draws = {"helpers.pictures"} if name == "tools.own_series" else set()  # a command with a picture
    assert _imports(name) - draws <= set(MODULES[: MODULES.index(name)])


def test_every_module_is_in_the_list():
    paths = [path for package in ("helpers", "tools") for path in (ROOT / package).glob("[a-z]*.py")]
    assert sorted(MODULES) == sorted(f"{path.parent.name}.{path.stem}" for path in paths)


def test_contributing_names_the_helpers_in_their_order():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.search(r"import one way \(([^)]*)\)", text)[1].split() == ", ".join(HELPERS).split()


@pytest.mark.parametrize(
    "path", [p for part in ("helpers", "tools", "tests") for p in sorted((ROOT / part).rglob("*.py"))]
)
def test_the_first_line_of_a_module_says_its_purpose(path):
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert words and len(words.split("\n\n")[0].split()) >= 6, path


def code_lines(path):
    """How many lines of a module hold code: not empty, no comment, no docstring."""
    text = path.read_text(encoding="utf-8")
    documented = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    )
    words = [node.body[0] for node in documented if node.body and ast.get_docstring(node)]
    left_out = {number for node in words for number in range(node.lineno, node.end_lineno + 1)}
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in left_out
        for number, line in enumerate(text.splitlines(), start=1)
    )


@pytest.mark.parametrize("path", sorted(path for part in ("helpers", "tools") for path in (ROOT / part).rglob("*.py")))
def test_no_module_is_over_300_lines(path):
    assert code_lines(path) <= 300


def test_the_helpers_stay_small():
    assert (
        sum(map(code_lines, (ROOT / "helpers").glob("*.py"))) <= 1500
    )  # helpers/pictures apart: merge or delete first


def test_the_lock_has_hashes_covers_the_project_and_names_no_address():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in lock
    packages = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in package for package in packages)
    locked = {re.match(r"[a-z0-9._-]+", package)[0] for package in packages}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(need for extra in extras for need in extra)]
    assert {re.match(r"[a-z0-9._-]+", need)[0] for need in needed} <= locked


def test_conda_uses_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == "gru-vs-lstm"
    python, pip, packages = environment["dependencies"]
    assert (python.startswith("python=3.1"), pip, packages) == (True, "pip", {"pip": ["-r requirements.txt"]})


def test_contributing_says_where_to_change_what():
    """Each path of the table exists, and defines the names said to be in it; each picture's file names its notebook."""
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Where to change what")[1].split("\n## ")[0]
    paths = set(re.findall(r"`([\w/]+/[\w.]*|[\w/]+\.(?:py|md))`", table))
    assert len(paths) > 15
    for path in paths:
        assert (ROOT / path).exists(), path
    named = re.findall(r"((?:`\w+`, )*`\w+`) in `([\w/]+\.py)`", table)
    assert len(named) >= 10
    for names, path in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assigned = {
            t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if hasattr(t, "id")
        }
        defined = assigned | {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert set(re.findall(r"`(\w+)`", names)) <= defined, path
    for path in (ROOT / "helpers" / "pictures").glob("[a-z]*.py"):
        assert re.match(r'"""The (pictures|figures) of notebook 0\d\b', path.read_text(encoding="utf-8")), path.name


def test_contributing_names_the_kernel_for_other_jupyterlabs(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^python (-m ipykernel install .*)$", text, re.MULTILINE)
    arguments = shlex.split(command.replace("--user", f"--prefix {tmp_path}"))
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    kernel = json.loads((tmp_path / "share/jupyter/kernels/gru-vs-lstm/kernel.json").read_text(encoding="utf-8"))
    assert kernel["display_name"] == "GRU vs LSTM"


def test_the_top_of_the_house_holds_nothing_else():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {line.split("/")[0] for line in listed if line}
    allowed = {"README.md", "environment.yml", "pyproject.toml", "requirements.txt", "Makefile", "LICENSE"}
    allowed |= {"notebooks", "helpers", "tools", "figures", "tests", ".ci", ".github", ".gitignore"}
    allowed |= {"CONTRIBUTING.md", "GLOSSARY.md", "CITATION.cff"}
    assert top == allowed


def test_ci_runs_the_commands_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make test" in readme
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "python -m pytest -n 3 --dist worksteal" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "python -m pytest -n 3 --dist worksteal" in makefile


def test_a_fresh_clone_runs_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.index("make test\n") < script.index("make test-environments")
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_follow_the_published_schema(path):
    """check-jsonschema brings GitHub's schema along: no network."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_cover_every_python_and_weekly_news():
    text = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["locked"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "make test" in str(jobs["locked"])
    assert "make test-environments" in str(jobs["colab-and-lowest"])
    assert "--upgrade" in str(jobs["newest"])


def test_pages_are_published_on_each_push_without_executing_anything():
    text = (ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}  # YAML 1.1 reads "on" as true
    steps = workflow["jobs"]["publish"]["steps"]
    (install,) = [step["run"] for step in steps if "--require-hashes" in step.get("run", "")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.match(r"[\w-]+", need)[0] for need in project["optional-dependencies"]["pages"]}
    assert set(re.search(r"\^\((.*)\)==", install)[1].split("|")) == needed
    (built,) = [step["run"] for step in steps if "tools.site" in step.get("run", "")]
    (uploaded,) = [step["with"]["path"] for step in steps if "upload-pages" in step.get("uses", "")]
    assert built == f"python -m tools.site --output {uploaded}"
    assert set(workflow["permissions"]) == {"contents", "pages", "id-token"}


def test_words_in_notebooks(tmp_path):
    """Spelling of what we wrote there, not of what was printed."""
    for path in NOTEBOOKS:
        name = "_".join(path.relative_to(ROOT / "notebooks").with_suffix(".txt").parts)
        (tmp_path / name).write_text(sources(path) + "\n\n" + sources(path, "code"), encoding="utf-8")
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def links(text):
    """The targets of all Markdown links in ``text``."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`|\$[^$]*\$", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda path: "/".join(str(path).split("/")[-2:]))
def test_links_are_well_formed_and_lead_somewhere(path):
    path = ROOT / path
    text = sources(path) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    for target in links(text):
        if "://" in target:
            assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+(/[^\s<>\"]*)?", target), f"{path.name}: {target}"
            assert not target.endswith((".", ",", ";")), f"{path.name}: {target}"
        else:
            assert (path.parent / target.split("#")[0]).exists(), f"{path.name}: {target}"
    bare = re.findall(r"(?<![(<\"`])https?://\S+", re.sub(r"\]\([^)]*\)", "", text))
    assert [address for address in bare if "OWNER" not in address] == []


def glossary():
    """The first columns of the glossary's two tables."""
    tables = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").split("## Symbols")
    return [
        [row.split("|")[1].strip() for row in re.findall(r"^\| (?!term|symbol).*", t, re.MULTILINE)] for t in tables
    ]


def test_the_glossary_has_each_entry_once_in_order_and_all_are_used():
    terms, symbols = glossary()
    assert len(terms) == len({term.casefold() for term in terms}) > 30
    assert terms == sorted(terms, key=str.casefold)
    assert len(symbols) == len(set(symbols)) > 20
    text = "\n".join(sources(path) + sources(path, "code") for path in NOTEBOOKS)
    readme_text = (ROOT / "README.md").read_text(encoding="utf-8")
    words = re.sub(r"[\s-]+", " ", text + readme_text).casefold()
    for term in terms:
        assert re.sub(r"[\s-]+", " ", term).casefold() in words, term
    mathematics = "".join(re.findall(r"\$+[^$]+\$+", text))
    for symbol in symbols:
        assert symbol.strip("$") in mathematics, symbol


def test_the_glossary_names_the_notebook():
    rows = re.findall(r"^\| (?!term|symbol|-).*", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8"), re.MULTILINE)
    numbers = {path.stem[:2] for path in NOTEBOOKS}
    assert {row.split("|")[3].strip() for row in rows} <= numbers


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


def test_the_readme_maps_every_notebook():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        assert text.count(f"](notebooks/{path.name})") == 1


def test_the_published_edition_is_the_full_run():
    for path in NOTEBOOKS:
        if path.parent.name == "notebooks":
            assert '"profile full | seed 1 ' in path.read_text(encoding="utf-8"), path.name
    assert sum(path.stat().st_size for path in (ROOT / "figures").iterdir()) < 30_000_000
    runs = pd.read_csv(ROOT / "figures" / "results.csv")
    assert set(runs["source"]) == {"published"}
    seeds = runs.groupby(["protocol", "dataset", "horizon", "model"])["seed"].nunique()
    for dataset, horizon in product(("bankex", "activities"), (1, 20)):
        assert (seeds["published", dataset, horizon][["gru", "lstm"]] >= 3).all()
        networks = seeds["sound", dataset, horizon].drop(["last_value", "seasonal_naive", "nlinear"])
        assert set(networks.index) == {"rnn", "gru", "lstm", "gru_matched"}
        assert (networks >= 10).all()
    as_printed = runs[(runs["protocol"] == "published") & runs["model"].isin(["gru", "lstm"])]
    assert set(as_printed["epochs"]) == {200} and set(as_printed["units"]) == {128}
    stacks = set(pd.read_csv(ROOT / "figures" / "stacks.csv")["model"])
    assert stacks >= {"gru_gru", "lstm_lstm", "gru_lstm", "lstm_gru", "lstm_no_bias", "lstm_matched"}


def test_citation_names_the_version_and_the_study():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
    assert citation["references"][0]["doi"] == "10.3390/engproc2022018030"


@pytest.fixture
def series(tmp_path):
    """A copy of what an address is written into, and its content."""
    for path in [ROOT / "README.md", ROOT / "CITATION.cff", *NOTEBOOKS]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    colab.write_address("", tmp_path)
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def outputs_belong(folder):
    """For each notebook, whether its outputs are of its present text."""
    notebooks = [nbformat.read(path, as_version=4) for path in sorted(folder.glob("notebooks/**/*.ipynb"))]
    return [notebook.metadata.get("executed_source") == source_hash(notebook) for notebook in notebooks]


def test_an_address_is_written_once_and_can_be_taken_out(series):
    without, up_to_date = contents(series), outputs_belong(series)
    colab.write_address(ADDRESS + ".git", series)
    written = contents(series)
    colab.write_address(ADDRESS, series)
    assert contents(series) == written
    for path in series.glob("notebooks/**/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        assert f'\nrepository = "{ADDRESS}"  #' in sources(path, "code")
        page = f"someone/some-name/blob/main/{path.relative_to(series).as_posix()}"
        assert notebook.cells[0].source.count(f"(https://colab.research.google.com/github/{page})") == 1
    assert outputs_belong(series) == up_to_date
    assert (series / "README.md").read_text(encoding="utf-8").count("colab-badge.svg") == len(
        list((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    )
    assert "<https://someone.github.io/some-name/>" in (series / "README.md").read_text(encoding="utf-8")
    citation = yaml.safe_load((series / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == ADDRESS
    assert citation["url"] == "https://someone.github.io/some-name/"
    colab.write_address("https://github.com/another/name", series)
    assert b"some-name" not in b"".join(contents(series).values())
    colab.write_address("", series)
    assert contents(series) == without


@pytest.mark.parametrize("address", ["github.com/a/b", "https://github.com/a", "https://example.org/a/b", "main"])
def test_a_bad_address_is_refused_and_nothing_is_written(series, address):
    before = contents(series)
    with pytest.raises(ValueError, match=r"REPO must be https://github.com/OWNER/NAME, or empty; got '.*'\."):
        colab.write_address(address, series)
    assert contents(series) == before


def test_without_an_address_colab_gets_one_sentence_and_no_badge(series, tmp_path_factory):
    path = next(series.glob("notebooks/[0-9]*.ipynb"))
    assert "badge" not in sources(path)
    (cell,) = [c for c in nbformat.read(path, as_version=4).cells if "bootstrap" in c.metadata.get("tags", [])]
    empty = tmp_path_factory.mktemp("content")
    script = f"import sys, types\nsys.modules['google.colab'] = types.ModuleType('colab')\nexec({cell.source!r})"
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=empty, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: The folder helpers/ was not found: start Jupyter inside a clone of this repository; "
        "on Colab, write its address into `repository` above (now '')."
    )
    assert not list(empty.iterdir())


def test_only_what_is_missing_is_installed_and_without_dependencies(monkeypatch):
    commands = []
    monkeypatch.setattr(colab.subprocess, "run", lambda command, check: commands.append(command))
    colab.install_missing()
    assert commands == []
    present = [found for found in colab.distributions() if found.name.lower() not in ("pooch", "tqdm")]
    monkeypatch.setattr(colab, "distributions", lambda: present)
    colab.install_missing()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    missing = [need for need in project["dependencies"] if need.startswith(("pooch", "tqdm"))]
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing]]
