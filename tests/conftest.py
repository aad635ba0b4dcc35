"""What tests share: where the repository and the published CSVs are, what pictures show, and a browser."""

# ruff: noqa: E402
import ast
import gc
import os
import shutil
import sys
from pathlib import Path

gc.disable()  # until all tests are read: libraries bring no garbage, and to look for it takes half of the time
sys.modules["rfc3987_syntax"] = None  # grammars of addresses, a second to build; no schema of a notebook asks for them

import nbformat
import pytest
from hypothesis import settings

from helpers.data import DATASETS, cache_folder

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = cache_folder()  # what a run has downloaded serves as well as GRU_VS_LSTM_DATA
HAVE_PUBLISHED = all((PUBLISHED / facts.file).is_file() for facts in DATASETS.values())

SCREENSHOTS = ROOT / "build" / "screenshots"
# for a process that shall find no data to download: a proxy that nobody listens at
NO_NETWORK = {"https_proxy": "http://127.0.0.1:9", "no_proxy": "", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

settings.register_profile("series", deadline=None)  # on a busy machine a limit per example fails for nothing
settings.load_profile("series")


# Half of what the suite's networks cost is compiling them. Here XLA compiles quickly rather than well; what is slow and
# rare (`make test-thorough`) is compiled as a reader's networks are, and runs the tests of the networks once more so.
COMPILED_QUICKLY = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"


def pytest_configure(config):
    if "not thorough" in config.option.markexpr:
        os.environ.setdefault("XLA_FLAGS", COMPILED_QUICKLY)


LONG = (
    "test_notebook_runs",
    "test_a_file_from_the_command_line",
    "test_kills",
    "test_solutions_run",
    "test_another_process_with",
)


@pytest.hookimpl(trylast=True)  # when those of other marks have been left out
def pytest_collection_modifyitems(items):
    """The long tests first, dealt to three workers (each is given a third of the list), so that none comes last."""
    long = [item for item in items if item.name.startswith(LONG)]
    short = [item for item in items if not item.name.startswith(LONG)]
    ends = [len(short) * part // 3 for part in range(4)]
    items[:] = [item for part in range(3) for item in long[part::3] + short[ends[part] : ends[part + 1]]]


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def taught(number, name, **space):
    """A function that notebook ``number`` defines, in the cell that begins with it; ``space`` is what it uses."""
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.source.startswith(f"def {name}(")]
    functions = [part for part in ast.parse(source).body if isinstance(part, ast.FunctionDef)]
    exec(compile(ast.Module(functions, []), path.name, "exec"), space)
    return space[name]


@pytest.fixture
def shown(monkeypatch):
    """What is shown while a test draws, in the notebooks' style: a list of (name, alternative text), never empty."""
    import matplotlib.pyplot as plt  # only where a test draws

    from helpers import plots

    found = []
    monkeypatch.setattr(plots, "show", lambda fig, name, alt: found.append((name, alt)))
    with plt.rc_context(plots.STYLE):
        yield found
    plt.close("all")
    assert found and all(len(alt) > 40 for _, alt in found)


def find_browser(playwright):
    """The path of Debian's (or another) Chromium, else of the one that `playwright install chromium` brings."""
    path = next(filter(None, map(shutil.which, BROWSERS)), playwright.chromium.executable_path)
    if not Path(path).exists():
        pytest.fail(
            "This test needs a browser: install Chromium (Debian, Ubuntu: apt-get install chromium; elsewhere: "
            "python -m playwright install chromium)."
        )
    return path


@pytest.fixture
def browser(tmp_path):
    from playwright.sync_api import sync_playwright  # only where a test opens a page

    options = ["--no-sandbox", "--no-proxy-server", "--disable-background-networking", "--disable-gpu"]
    own = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(tmp_path))  # not the reader's home folder
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=options, env={**os.environ, **own})
        yield browser
        browser.close()
