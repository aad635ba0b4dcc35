"""Every notebook in JupyterLab, in a real browser: *Run All Cells* at `smoke`, and a look at every output."""

import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import PIL.Image
import pytest
from conftest import ROOT, SCREENSHOTS
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect
from test_notebooks import IDS, NOTEBOOKS, tagged

pytestmark = pytest.mark.browser  # make test-browser: three minutes that the README's suite has no room for
# smaller than smoke, where the time goes into training that the runs under papermill test
SMALLER = {"04": {"horizons": [20], "datasets": ["activities"]}}
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells on the page, not only those in sight
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# what JupyterLab itself reports when it is not on the internet or a file of its own is optional
NOT_OURS = re.compile(r"favicon|net::ERR_|Failed to load resource")

PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent)"
STARTED = f"() => {PROMPTS}.some(text => /[*\\d]/.test(text))"
FINISHED = f"() => !{PROMPTS}.some(text => text.includes('*'))"  # what is still to run has a star
FAULTS = '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'


def copy_of_the_series(folder):
    """Notebooks at smoke, without outputs, helpers and tables: a clone in small, so that no file of ours is touched."""
    for name in ("helpers", "tools", "figures", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.png", "*.py[co]", "solutions"))
    for path in (folder / "notebooks").glob("[0-9]*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
                cell.metadata.pop("jupyter", None)  # what is folded has no prompt to watch (folding has a test below)
        smaller = {"profile": "smoke", **SMALLER.get(path.stem[:2], {})}
        parameters = tagged(notebook, "parameters")
        if "n_jobs = " in parameters.source:
            smaller["n_jobs"] = 1  # the suite uses all cores already
        parameters.source += "".join(f"\n{name} = {value!r}" for name, value in smaller.items())
        nbformat.write(notebook, path)


class Lab:
    """JupyterLab on a copy of the series: token on, this machine only, settings and caches of its own."""

    def __init__(self, folder):
        self.folder = folder
        copy_of_the_series(folder / "series")
        for name, setting in SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(setting), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address, self.token = f"http://127.0.0.1:{port}", secrets.token_hex(16)
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        shutil.copy(ROOT / "tests" / "figure_texts.py", startup)
        self.texts = folder / "texts"
        own = {"IPYTHONDIR": str(folder / "ipython"), "GRU_VS_LSTM_TEXTS": str(self.texts)}
        own |= {"npm_config_cache": str(folder / "npm")}  # JupyterLab asks npm, which keeps a log of it
        own |= {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        options = [f"--ServerApp.port={port}", f"--IdentityProvider.token={self.token}", "--ServerApp.ip=127.0.0.1"]
        options += [
            "--no-browser",
            "--expose-app-in-browser",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={folder / 'series'}",
        ]
        options += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        self.log = folder / "log"
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "jupyterlab", *options]
            self.process = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
        self._wait()

    def _wait(self, seconds=90):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return self.ask("status")
            except OSError:
                time.sleep(0.5)
        self.close()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")

    def ask(self, path, method="GET"):
        """The server's answer to a request of its REST interface."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}/api/{path}", headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of a proxy
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def session(self, path):
        """What the server knows of a notebook's kernel; None where it has none yet."""
        return next((found for found in self.ask("sessions") if found["path"] == f"notebooks/{path.name}"), None)

    def wait_for_kernel(self, path, seconds=120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            session = self.session(path)
            if session and session["kernel"]["execution_state"] == "idle":
                return
            time.sleep(0.5)
        raise RuntimeError(f"{path.name}: the kernel did not start.")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


def run_all(page, lab, path):
    """Open a notebook, choose Run > Run All Cells in the menu, and wait until every cell is done or one has failed."""
    page.goto(f"{lab.address}/lab/workspaces/{path.stem}/tree/notebooks/{path.name}?token={lab.token}&reset")
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    codes = sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    expect(prompts).to_have_count(codes, timeout=60_000)
    lab.wait_for_kernel(path)
    for _ in range(3):  # a click that comes too early, before the page knows the kernel, is without effect
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            page.wait_for_function(STARTED, timeout=15_000)
            break
        except PlaywrightTimeout:
            continue
    page.wait_for_function(FINISHED, timeout=400_000, polling=500)
    return prompts.all_text_contents()


def screenshot(page, name):
    """The whole notebook in one picture: the window is made as high as the notebook is."""
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": 1300, "height": height + 150})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size({"width": 1300, "height": 900})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_run_all_in_jupyterlab(path, lab, browser):
    page = browser.new_page(viewport={"width": 1300, "height": 900}, device_scale_factor=0.5)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    prompts = run_all(page, lab, path)
    faults = page.locator(FAULTS).all_text_contents()  # errors, and anything written to stderr
    assert not faults, faults[0][-1000:]
    assert [text.strip() for text in prompts] == [f"[{number}]:" for number in range(1, len(prompts) + 1)]
    widths = page.locator(".jp-RenderedImage img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert len(widths) >= 2
    assert min(widths) > 0
    if path.stem.startswith("02"):
        move_a_slider(page)
    screenshot(page, path.stem)
    if path.stem.startswith("03"):
        look_in_the_dark(page, path.stem)
    assert [text for text in complaints if not NOT_OURS.search(text)] == []
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    # JupyterLab 4 keeps alternative text in the file only, not on the page (jupyter/enhancement-proposals#120)
    alts = saved_alts(lab.folder / "series" / "notebooks" / path.name)
    assert len(alts) >= len(widths)
    assert all(len(alt) > 20 for alt in alts)
    kernel = lab.session(path)["kernel"]
    assert kernel["execution_state"] == "idle"
    lab.ask(f"kernels/{kernel['id']}", method="DELETE")
    faulty = lab.texts.read_text(encoding="utf-8")  # every figure that was drawn has added its own
    lab.texts.unlink()
    assert not faulty, f"texts in figures:\n{faulty}"


def test_a_failing_cell_would_be_seen(lab, browser):
    late = "import time\ntime.sleep(1)\n1 / 0"  # by then the kernel has all three, and drops the last
    cells = [nbformat.v4.new_code_cell(source) for source in ("1", late, "2")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = lab.folder / "series" / "notebooks" / "fails.ipynb"
    nbformat.write(notebook, path)
    page = browser.new_page()
    assert [text.strip() for text in run_all(page, lab, path)] == ["[1]:", "[2]:", "[ ]:"]
    assert "ZeroDivisionError" in page.locator(FAULTS).text_content()


def test_jupyterlab_folds_what_is_marked_and_opens_it_with_a_click(lab, browser):
    cells = [nbformat.v4.new_code_cell(source) for source in ("shown = 1", "# @title Imports\nfolded = 2")]
    cells[1].metadata = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = lab.folder / "series" / "notebooks" / "folds.ipynb"
    nbformat.write(notebook, path)
    page = browser.new_page()
    page.goto(f"{lab.address}/lab/workspaces/folds/tree/notebooks/{path.name}?token={lab.token}&reset")
    expect(page.get_by_text("shown = 1")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("folded = 2")).to_have_count(0)
    page.locator(".jp-CodeCell .jp-Placeholder").click()
    expect(page.get_by_text("folded = 2")).to_be_visible()


def saved_alts(path, seconds=30):
    """The alternative texts of all figures in a notebook, once JupyterLab has saved it with its outputs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        if cells[-1].execution_count:
            outputs = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
            return [output.metadata["image/png"]["alt"] for output in outputs]
        time.sleep(0.5)
    raise TimeoutError(f"{path.name} was not saved within {seconds} s.")


def look_in_the_dark(page, name):
    """JupyterLab's dark theme: light text on dark ground, while figures keep a light ground of their own."""
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    screenshot(page, f"{name}_dark")
    image = page.locator(".jp-RenderedImage img").first
    image.scroll_into_view_if_needed()
    pixels = PIL.Image.open(io.BytesIO(image.screenshot())).convert("L")
    assert pixels.getpixel((2, 2)) > 240
    text = "getComputedStyle(document.querySelector('.jp-RenderedMarkdown p')).color.match(/\\d+/g).map(Number)"
    assert min(page.evaluate(text)[:3]) > 180
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true")


def move_a_slider(page):
    """The explorer's picture follows its slider, and so does the number beside it."""
    picture, readout = page.locator("img.widget-image"), page.locator(".widget-readout").first
    before, number = picture.get_attribute("src"), readout.text_content()
    page.locator(".widget-slider .noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before, timeout=20_000)
    expect(readout).not_to_have_text(number)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
