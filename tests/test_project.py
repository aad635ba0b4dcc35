"""The house: lint, format, spelling, one lock, no TensorFlow on import, one-way imports."""

import ast
import re
import subprocess
import sys
import time
import tomllib

import pytest
import yaml
from conftest import ROOT

HELPERS = ["data", "metrics", "baselines", "cells", "training", "study", "comparison", "plots", "notebook", "run"]


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


@pytest.mark.parametrize("name", [name for name in HELPERS if name not in ("training", "run")])
def test_importing_a_helper_does_not_import_tensorflow(name):
    code = f"import sys, helpers.{name}; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_import_helpers_is_immediate():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import helpers"], cwd=ROOT, check=True)
    print(f"import helpers, interpreter start included: {time.perf_counter() - started:.3f} s")
    assert not _imports("__init__")  # it imports nothing, so it takes no time


def _imports(name):
    tree = ast.parse((ROOT / "helpers" / f"{name}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules = [node.module] if node.module != "helpers" else [f"helpers.{alias.name}" for alias in node.names]
            found |= {module.split(".")[1] for module in modules if module.startswith("helpers.")}
    return found


@pytest.mark.parametrize("name", HELPERS)
def test_helpers_import_one_way(name):
    order = ["data", "metrics", "baselines", "cells", "training", "study", "comparison", "plots", "notebook", "run"]
    assert _imports(name) <= set(order[: order.index(name)])


def test_every_helper_is_in_the_list():
    assert sorted(HELPERS) == sorted(path.stem for path in (ROOT / "helpers").glob("[a-z]*.py"))


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


def test_the_top_of_the_house_holds_nothing_else():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {line.split("/")[0] for line in listed if line}
    allowed = {"README.md", "environment.yml", "pyproject.toml", "requirements.txt", "Makefile", "LICENSE"}
    allowed |= {"notebooks", "helpers", "figures", "tests", ".ci", ".github", ".gitignore", "CONTRIBUTING.md"}
    assert top == allowed


def test_ci_runs_the_commands_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make test" in readme
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "python -m pytest -n 2 --dist worksteal" in readme
    assert "python -m pytest -n 2 --dist worksteal" in makefile


def test_links_in_the_readme_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{page}: {target}"
