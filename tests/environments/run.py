"""The series in other environments than the lock's: ``python tests/environments/run.py [colab lowest lock]``.

colab   Python 3.13 and exactly the versions of colab.txt: one notebook in an empty folder, a stand-in for google.colab,
        the repository as a local git address; each notebook runs from its first cell at `smoke`; no package changes.
        Then the tests below, but for the notebooks.
lowest  Python 3.11 and the lowest versions that pyproject.toml allows; the tests below.
lock    Python 3.12, a fresh venv from the lock by pip, as the README says; of the tests below those of the notebooks.

The tests: those of the helpers, every notebook at `smoke` on simulated data, every solution. Not the browser, the
kills, the house (formatting, texts) and the runs on published data: they depend less on versions, and take long.
Needs uv and the Pythons named; environments and logs go to build/environments.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import papermill

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "environments"
COLAB = ROOT / "tests" / "environments" / "colab.txt"
EXTRAS = ["lab", "cluster", "files", "dev"]
HELPERS = ["data", "metrics", "baselines", "cells", "comparison", "training", "gpu", "study"]
TESTS = [f"tests/test_{name}.py" for name in HELPERS] + ["tests/test_notebooks.py"]
CHOSEN = "not test_notebooks or runs_at_smoke or solutions_run"
NO_NOTEBOOKS = "not test_notebooks or solutions_run"
STAND_IN = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n"


def stop(sentence):
    sys.exit(f"make test-environments: {sentence}")


def call(*command, cwd=ROOT, **options):
    print("$", *command, flush=True)
    return subprocess.run([str(part) for part in command], check=True, cwd=cwd, **options)


def find_python(version):
    """The path of a Python of this version ("3.12"): on the path, of pyenv, or known to uv."""
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(installed.glob(f"{version}.*/bin/python"))]
    known = subprocess.run(["uv", "python", "find", "--no-python-downloads", version], capture_output=True, text=True)
    for path in [*found, known.stdout.strip()]:
        if path:
            test = "import sys; print('{}.{}'.format(*sys.version_info))"
            asked = subprocess.run([path, "-c", test], capture_output=True, text=True)
            if asked.stdout.strip() == version:  # pyenv's stand-ins exist for versions that are not chosen, too
                return path
    return stop(f"Python {version} was not found on the path, in pyenv or by uv: install it and run this again.")


def environment(name, version):
    """A fresh, empty virtual environment; return the path of its Python."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    call("uv", "venv", "--quiet", "--python", find_python(version), folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python, *what):
    call("uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *what)


def suite(python, tests=TESTS, chosen=CHOSEN):
    """The part of the suite that the top of this file names, in this environment, on both cores."""
    options = ["-q", "-n", "3", "--dist", "worksteal", *tests, "-k", chosen]
    call(python, "-m", "pytest", *options, env=os.environ | {"XLA_FLAGS": ""})  # networks compiled as a reader's are


def frozen(python):
    listed = call("uv", "pip", "freeze", "--quiet", "--python", python, capture_output=True, text=True).stdout
    return dict(line.split("==") for line in listed.splitlines() if "==" in line)


def tracked_files(target):
    """A copy of the repository as it stands in the working tree, without what git ignores."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in call(*listed, capture_output=True, text=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def colab():
    python = environment("colab", "3.13")
    install(python, "-r", COLAB, "ipykernel", "pip")
    walk = Path(tempfile.mkdtemp())  # not in build/: a notebook there would find helpers/ in a folder above it
    origin, addressed = walk / "origin", walk / "addressed"
    tracked_files(origin)
    git = ["git", "-C", origin, "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "the series"]):
        call(*git, *command)
    tracked_files(addressed)
    call(sys.executable, "-m", "tools.colab", "--address", origin.as_uri(), cwd=addressed)
    kernel, startup = walk / "jupyter" / "kernels" / "python3", walk / "ipython" / "profile_default" / "startup"
    for folder in (kernel, startup):
        folder.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}))
    (startup / "colab.py").write_text(STAND_IN)
    os.environ |= {"JUPYTER_PATH": str(walk / "jupyter"), "IPYTHONDIR": str(walk / "ipython")}
    before = frozen(python)
    for path in sorted((addressed / "notebooks").glob("[0-9]*.ipynb")):
        folder = walk / "content" / path.stem
        folder.mkdir(parents=True)
        shutil.copy(path, folder)
        started = time.perf_counter()
        parameters = {"profile": "smoke"} | ({"n_jobs": 1} if "n_jobs = " in path.read_text(encoding="utf-8") else {})
        quiet = {"progress_bar": False, "extra_arguments": ["--log-level=40"]}
        papermill.execute_notebook(folder / path.name, walk / path.name, parameters, cwd=folder, **quiet)
        assert sorted(entry.name for entry in folder.iterdir()) == sorted([path.name, "gru-vs-lstm"])
        print(f"{path.stem}: {time.perf_counter() - started:.0f} s", flush=True)
    after = frozen(python)
    assert {name: after.get(name) for name in before} == before, "the first cell changed a package that Colab has"
    shutil.rmtree(walk)
    print("installed by the first cell:", ", ".join(sorted(set(after) - set(before))) or "nothing", flush=True)
    install(python, "--constraint", COLAB, "-r", "pyproject.toml", *(f"--extra={name}" for name in EXTRAS))
    suite(python, chosen=NO_NOTEBOOKS)  # they have run, from their first cell


def lowest():
    python = environment("lowest", "3.11")
    install(python, "--resolution", "lowest-direct", "-r", "pyproject.toml", "--all-extras")
    suite(python)


def lock():
    python = environment("lock", "3.12")
    install(python, "pip")
    call(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements.txt")
    suite(python, TESTS[-1:])


def main(names):
    known = {"colab": colab, "lowest": lowest, "lock": lock}
    for name in names:
        if name not in known:
            stop(f"there is no environment {name!r}; there are {', '.join(known)}.")
    if not shutil.which("uv"):
        stop("uv is needed to build environments: python -m pip install uv.")
    for name in names or known:
        started = time.perf_counter()
        print(f"== {name}", flush=True)
        known[name]()
        print(f"== {name}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        stop(f"this command failed with exit code {error.returncode}: {' '.join(map(str, error.cmd))}")
