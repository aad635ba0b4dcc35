"""The HTML pages in a browser (phone, desk, paper), and the figures' colours and texts."""

import re
from itertools import combinations

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from conftest import SCREENSHOTS
from figure_texts import drawn_texts, faults
from test_notebooks import NOTEBOOKS, SOLUTIONS

from helpers import plots, study
from tools import site


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html")
    site.write_pages(NOTEBOOKS, folder)
    return folder


def pages(folder):
    found = sorted(folder.rglob("*.html"))
    assert len(found) == 1 + len(NOTEBOOKS) + len(SOLUTIONS)
    return found


def test_every_link_between_pages_leads_to_a_page(folder):
    for page in pages(folder):
        links = set(re.findall(r'href="([^"#:]+\.html)"', page.read_text(encoding="utf-8")))
        assert all((page.parent / link).is_file() for link in links), f"{page.name}: {links}"
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert all(f"{path.stem}.html" in index for path in NOTEBOOKS)


def test_pages_load_nothing_from_the_net(folder):
    for page in pages(folder):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|link)[^>]*(?:src|href)="https?:[^"]*"|from "https?:[^"]*"', text), page.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_contents_lead_to_every_section(path, folder):
    page = (folder / f"{path.stem}.html").read_text(encoding="utf-8")
    contents = page[page.index("<nav") : page.index("</nav>")]
    markdown = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    sections = re.findall(r"^## ", re.sub(r"```.*?```", "", "\n".join(markdown), flags=re.DOTALL), re.MULTILINE)
    assert contents.count('class="h2"') == len(sections) >= 4
    for target in re.findall(r'href="#([^"]+)"', contents):
        assert page.count(f'id="{target}"') == 1, target


def test_every_picture_of_a_page_has_words(folder):
    for page in pages(folder):
        for image in re.findall(r"<img[^>]*>", page.read_text(encoding="utf-8")):
            alt = re.search(r'alt="([^"]*)"', image)
            assert alt, f"{page.name}: {image[-200:]}"
            assert len(alt[1]) > 20, f"{page.name}: {alt[1]}"


WINDOWS = {"phone": (390, 844, "screen"), "desk": (1600, 1000, "screen"), "paper": (700, 1000, "print")}  # A4's text


@pytest.mark.browser
def test_pages_fit_a_phone_a_desk_and_paper(folder, browser):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    tab, missing = browser.new_page(), []
    # (for the few signs that its one font lacks, MathJax tries another first)
    ours = re.compile("file:(?!.*/fonts/HTML-CSS/TeX/)")
    tab.on("requestfailed", lambda request: missing.append(request.url) if ours.match(request.url) else None)
    for page in pages(folder):
        name = "_".join(page.relative_to(folder).with_suffix("").parts)
        tab.goto(page.as_uri())
        for kind, (width, height, medium) in WINDOWS.items():
            tab.emulate_media(media=medium)
            tab.set_viewport_size({"width": width, "height": height})
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide on a {kind} of {width}"
            assert tab.locator("nav:visible").count() == (kind != "paper" and name != "index")
            tab.screenshot(path=SCREENSHOTS / f"{name}_{kind}.png")
        assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        if name != "index":
            tab.wait_for_function("window.MathJax && MathJax.isReady && MathJax.Hub.queue.pending === 0")
            assert tab.locator(".MathJax_Error, .merror").count() == 0, name
    assert missing == []


@pytest.fixture
def folded_page(tmp_path):
    """A page with one cell that is folded and one that is not."""
    cells = [nbformat.v4.new_markdown_cell("# Toy\n\nIt is 8.\n<!-- check: a > b -->\n\n- 9\n<!-- settings -->")]
    cells += [nbformat.v4.new_code_cell(source) for source in ("# @title Imports & set-up\nfolded = 2", "shown = 1")]
    cells[1].metadata = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    cells[1].outputs = [nbformat.v4.new_output("stream", text="an output\n")]
    runner._write_page(nbformat.v4.new_notebook(cells=cells), tmp_path / "toy.html", "")
    return tmp_path / "toy.html"


def test_a_page_folds_what_is_marked_and_shows_no_check(folded_page):
    text = folded_page.read_text(encoding="utf-8")
    body = text[text.index("<main>") :]
    assert body.count("<details") == body.count("</details>") == 1
    inside = body[body.index("<details") : body.index("</details>")]
    assert "<summary>Imports &amp; set-up</summary>" in inside
    assert "folded" in inside.split("</summary>")[1]
    assert "shown" not in inside and "an output" not in inside
    visible = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    assert "check:" not in visible and "settings" not in visible


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False])
def test_a_folded_cell_opens_with_a_click_and_for_print(javascript, folded_page, browser):
    tab = browser.new_context(java_script_enabled=javascript).new_page()
    tab.goto(folded_page.as_uri())
    code = tab.locator("main details pre")
    assert not code.is_visible()
    assert tab.get_by_text("an output").is_visible()
    tab.locator("summary", has_text="Imports").click()
    assert code.is_visible()
    tab.locator("summary", has_text="Imports").click()
    assert not code.is_visible()
    tab.emulate_media(media="print")
    assert code.is_visible()


# Machado, Oliveira & Fernandes (2009), A physiologically-based model for simulation of color vision deficiency, their
# matrices of severity 1.0; on linear RGB
VISION = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 15  # CIE 1976 distance in Lab; about 2.3 is just noticeable side by side (Mahy et al. 1994)


def linear(colour):
    """Linear RGB of "#RRGGBB" (IEC 61966-2-1)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE Lab (D65) of linear RGB."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_lab_of_known_colours():
    np.testing.assert_allclose(lab(linear("#FFFFFF")), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab(linear("#FF0000")), [53.24, 80.09, 67.20], atol=0.02)  # sRGB's red, D65


@pytest.mark.parametrize("kind", VISION)
def test_any_two_models_can_be_told_apart(kind):
    seen = {name: lab(np.array(VISION[kind]) @ linear(colour)) for name, colour in plots.COLOURS.items()}
    for one, other in combinations(seen, 2):
        distance = np.linalg.norm(seen[one] - seen[other])
        assert distance > APART, f"{one} and {other}: {distance:.1f}"
    if kind == "usual":
        for name, found in seen.items():
            assert found[0] < 80, f"{name} is too light on white: {found[0]:.1f}"


def test_every_model_has_a_colour_and_a_name_of_its_own():
    assert set(study.MODELS) <= set(plots.MODELS)
    assert len(set(plots.NAMES.values())) == len(plots.NAMES)


def test_figures_have_a_white_face_of_their_own(tmp_path, monkeypatch):
    """So that they are readable in a dark JupyterLab: no transparent pixel."""
    plots.use_folder(tmp_path)
    monkeypatch.setattr(plots, "display", lambda *_, **__: None)
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    plots.show(fig, "line", alt="A rising line.")
    picture = plt.imread(tmp_path / "line.png")
    assert picture.shape[2] == 3 or picture[..., 3].min() == 1
    assert picture[0, 0, :3].min() == 1


def test_overlapping_and_cut_off_texts_are_found(tmp_path):
    fig, ax = plt.subplots(figsize=(4, 3), layout="constrained")
    ax.set(title="fine", xlabel="days", ylabel="price")
    save = lambda: fig.savefig(tmp_path / "figure.png")  # noqa: E731
    boxes, size = drawn_texts(fig, save)
    assert faults(boxes, *size) == []
    ax.text(0.5, 0.5, "one")
    ax.text(0.51, 0.5, "two")
    fig.text(0.98, 0.2, "out")
    boxes, size = drawn_texts(fig, save)
    assert sorted(faults(boxes, *size)) == ["'one' overlaps 'two'", "'out' is cut off"]
    plt.close(fig)
