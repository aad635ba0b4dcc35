"""The HTML pages in a browser (phone, desk, paper), their search and explorer, and the figures' colours and texts."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, SCREENSHOTS
from figure_texts import drawn_texts, faults
from playwright.sync_api import expect
from test_notebooks import NOTEBOOKS, SOLUTIONS

from helpers import cells, plots, study
from tools import preview, site


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html")
    site.write_pages(NOTEBOOKS, folder)
    return folder


def pages(folder):
    found = sorted(folder.rglob("*.html"))
    assert len(found) == 2 + len(NOTEBOOKS) + len(SOLUTIONS)  # an index and the glossary
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
    contents = page[page.index('<nav aria-label="Contents"') :].split("</nav>")[0]
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


def test_the_index_has_a_chosen_picture_and_a_sentence_for_each_notebook(folder):
    index = (folder / "index.html").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        card = site.card(path.stem)
        assert card.picture.startswith(path.stem[:2]) and (folder / "pictures" / f"{card.picture}.png").is_file()
        assert index.count(f"pictures/{card.picture}.png") == 1
        assert card.sentence.replace("'", "&#39;") in index
        time = site._time(nbformat.read(path, as_version=4))
        assert re.search(r"minute|second|hour", time) and time in index.replace("&#39;", "'")
    assert "base64" not in index


@pytest.mark.parametrize(
    ("stem", "sentence"),
    [("99_new", "has no picture and sentence for 99_new"), ("01_new", "wants nowhere.png for 01_new; there is none")],
)
def test_a_notebook_without_a_card_or_a_picture_is_refused(stem, sentence, monkeypatch):
    monkeypatch.setitem(site.CARDS, "01", site.Card("nowhere", "Nothing to be seen here.", "Nothing."))
    with pytest.raises(ValueError, match=sentence):
        site.card(stem)


def test_each_page_leads_to_those_before_and_after_it(folder):
    for number, path in enumerate(NOTEBOOKS):
        page = (folder / f"{path.stem}.html").read_text(encoding="utf-8")
        before = re.findall(r'href="([^"]*)" rel="prev"', page)
        after = re.findall(r'href="([^"]*)" rel="next"', page)
        assert before == ([f"{NOTEBOOKS[number - 1].stem}.html"] * 2 if number else [])
        assert after == ([f"{NOTEBOOKS[number + 1].stem}.html"] * 2 if number + 1 < len(NOTEBOOKS) else [])
        assert site.CARDS[path.stem[:2]].sentence in page


def test_the_pages_are_written_from_the_command_line_without_tensorflow_or_matplotlib(tmp_path):
    code = (
        "import sys; from tools import site; site.NOTEBOOKS = site.NOTEBOOKS / 'none'\n"
        "site.address = lambda: ''; print(site.main(['--output', sys.argv[1]]))\n"
        "print([name for name in ('tensorflow', 'matplotlib', 'pandas', 'papermill') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == [str(tmp_path / "index.html"), "0", "[]"], done.stderr


def test_links_lead_to_pages_to_github_or_become_words():
    text = "See [02](02_gate_mechanics.ipynb#x), [words](../GLOSSARY.md), [code](../helpers/cells.py), [q](nowhere.py)."
    with_address = site._linked(text, "notebooks/01_rnn_recap.ipynb", "", "https://github.com/a/b")
    assert with_address == (
        "See [02](02_gate_mechanics.html#x), [words](glossary.html), "
        "[code](https://github.com/a/b/blob/main/helpers/cells.py), [q](nowhere.py)."
    )
    assert "[words](../glossary.html), code," in site._linked(
        "[words](../../GLOSSARY.md), [code](../../helpers/cells.py),",
        "notebooks/solutions/01_rnn_recap.ipynb",
        "../",
        "",
    )


@pytest.mark.parametrize(
    ("repository", "pages"),
    [
        ("https://github.com/Some-One/name", "https://some-one.github.io/name/"),
        ("https://github.com/someone/someone.github.io", "https://someone.github.io/"),
        ("file:///tmp/x", ""),
        ("", ""),
    ],
)
def test_the_address_of_the_pages_follows_from_that_of_the_repository(repository, pages):
    assert site.pages_address(repository) == pages


def test_a_page_links_to_colab_and_its_source_where_the_address_is_known(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("# Toy\n\n[![Open in Colab](https://c/a.svg)](https://c/toy)\n\nA text.")]
    page = toy_page(tmp_path, cells, "https://github.com/a/b").read_text(encoding="utf-8")
    assert 'href="https://colab.research.google.com/github/a/b/blob/main/notebooks/toy.ipynb">Open in Colab<' in page
    assert 'href="https://github.com/a/b/blob/main/notebooks/toy.ipynb">Source on GitHub<' in page
    assert 'href="https://a.github.io/b/toy.html" rel="canonical"' in page
    assert "a.svg" not in page
    assert "Colab" not in toy_page(tmp_path, cells).read_text(encoding="utf-8")


def test_the_search_is_the_library_as_it_was_published():
    """MiniSearch 7.2.0, dist/umd/index.js of the package on npm."""
    library = (site.TEMPLATES / "minisearch.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == "03c27931eb603af1d3358579e9885eafdb6a2f5fa9929557b3e77d7e99d06d03"
    assert "Permission is hereby granted" in (site.TEMPLATES / "minisearch.LICENSE.txt").read_text(encoding="utf-8")


def test_the_search_knows_every_section_and_nothing_of_checks_and_outputs(folder):
    text = (folder / "search_documents.js").read_text(encoding="utf-8")
    documents = json.loads(text.removeprefix("SEARCH_DOCUMENTS = ").rstrip(";\n"))
    assert len({document["id"] for document in documents}) == len(documents)
    for document in documents:
        name, *section = document["url"].split("#")
        assert not section or f'id="{section[0]}"' in (folder / name).read_text(encoding="utf-8"), document["url"]
        assert "<!--" not in document["text"]
    assert {document["url"].split("#")[0] for document in documents} == {
        path.relative_to(folder).as_posix() for path in pages(folder) if path.name != "index.html"
    }


SEARCHED = (
    "# Toy\n\nIt begins.\n\n## About camels\n\nA camel keeps its water for <b>days</b> `[*]<`.\n\n## Else\n\nRain."
)


@pytest.mark.browser
def test_the_search_finds_by_beginnings_and_with_a_slip_and_by_keyboard(tmp_path, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(toy_page(tmp_path, [nbformat.v4.new_markdown_cell(SEARCHED)]).as_uri())
    field = tab.get_by_role("searchbox", name="Search all notebooks")
    for query in ("came", "Camal", "water days"):
        field.fill(query)
        expect(tab.get_by_role("status")).to_have_text("1 section found")
        expect(tab.locator("form li a")).to_have_text("About camels (Toy)")
    expect(tab.locator("form mark").first).to_have_text("water")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    field.press("Enter")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/toy.html#section-1")
    field.fill("zebra")
    expect(tab.get_by_role("status")).to_have_text("No sections found")
    field.press("Escape")
    expect(tab.get_by_role("status")).to_have_text("")


@pytest.mark.browser
def test_the_search_of_all_pages_finds_what_is_said_in_one_of_them(folder, browser):
    tab = browser.new_page()
    tab.goto((folder / "solutions" / f"{SOLUTIONS[0].stem}.html").as_uri())
    tab.get_by_role("searchbox").fill("forget gate")
    expect(tab.locator("form li a").first).to_be_visible(timeout=20_000)
    link = tab.locator("form li a", has_text="Inside the gates").first
    link.click()
    tab.wait_for_url("**/02_gate_mechanics.html*")


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def explorer_page(tmp_path):
    """A page with a picture of the start position, as notebook 02 has it."""
    cells = [nbformat.v4.new_markdown_cell("# Toy"), nbformat.v4.new_code_cell("sliders")]
    cells[1].metadata["tags"] = ["explorer"]
    picture = nbformat.v4.new_output("display_data", {"image/png": PIXEL, "text/plain": "The start position, as bars."})
    picture.metadata = {"image/png": {"alt": "The start position, as bars."}}
    cells[1].outputs = [picture]
    return toy_page(tmp_path, cells)


def one_step(x, state, keep_bias, write_bias, show_bias):
    """The explorer's step by helpers.cells: all weights 1, the GRU's reset gate held open by a large bias."""
    x, c, h = np.array([[[x]]]), np.array([[state]]), np.tanh([[state]])
    lstm = cells.lstm(x, [np.ones((1, 4)), np.ones((1, 4)), np.array([write_bias, keep_bias, 0.0, show_bias])], h, c)
    gru = cells.gru(x, [np.ones((1, 3)), np.ones((1, 3)), np.array([keep_bias, 50.0, 0.0])], h)
    lstm, gru = ({name: array.item() for name, array in trace.items()} for trace in (lstm, gru))
    return {
        "LSTM": lstm | {"kept": lstm["f"] * state, "written": lstm["i"] * lstm["candidate"]},
        "GRU": {name: gru[name] for name in ("z", "candidate", "h")}
        | {"1 − z": 1 - gru["z"], "kept": gru["z"] * h.item(), "written": (1 - gru["z"]) * gru["candidate"]},
    }


@pytest.mark.browser
def test_the_explorer_takes_the_same_step_as_the_helpers(explorer_page, browser):
    tab = browser.new_page()
    tab.goto(explorer_page.as_uri())
    rng = np.random.default_rng(1)
    places = [[0.5, 1.5, 1.0, 0.0, 0.0], *rng.uniform(-3, 3, (200, 5)).tolist(), [3.0] * 5, [-3.0] * 5]
    steps = tab.evaluate("places => places.map(place => GateExplorer.step(...place))", places)
    for place, step in zip(places, steps, strict=True):
        ours = one_step(*place)
        for name, parts in step.items():
            assert set(parts) == set(ours[name])
            for part, value in parts.items():
                assert value == pytest.approx(ours[name][part], abs=1e-6), (place, name, part)


@pytest.mark.browser
def test_the_explorer_moves_by_keyboard_on_a_phone(explorer_page, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(explorer_page.as_uri())
    assert not tab.locator("main img").is_visible()  # the live one has taken its place
    slider = tab.get_by_role("slider", name="state before")
    assert tab.get_by_role("slider").count() == 5
    slider.focus()
    tab.keyboard.press("ArrowRight")
    expect(slider).to_have_value("1.6")
    values = tab.locator("td.value").evaluate_all("all => all.map(cell => Number(cell.dataset.value))")
    expected = one_step(0.5, 1.6, 1.0, 0.0, 0.0)
    names = {"LSTM": ("f", "i", "o", "candidate", "kept", "written", "c", "h")}
    names["GRU"] = ("z", "1 − z", "candidate", "kept", "written", "h")
    np.testing.assert_allclose(values, [expected[cell][part] for cell in names for part in names[cell]], atol=1e-6)
    assert f"{expected['GRU']['h']:.2f}" in tab.locator(".gate-explorer [role=status]").text_content()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.get_by_role("button", name="Back to the start").click()
    expect(slider).to_have_value("1.5")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=SCREENSHOTS / "explorer_phone.png", full_page=True)


@pytest.mark.browser
def test_without_javascript_a_page_is_whole_and_the_explorers_picture_stands(explorer_page, browser):
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(explorer_page.as_uri())
    assert tab.locator("main img").is_visible()
    assert not tab.locator("form").is_visible()
    assert tab.locator("nav").first.is_visible()


def test_the_published_notebook_02_has_the_explorer_behind_its_picture(folder):
    page = (folder / "02_gate_mechanics.html").read_text(encoding="utf-8")
    assert page.count('class="gate-explorer"') == 1
    before = page[: page.index('class="gate-explorer"')]
    assert "data:image/png" in before[before.rindex("jp-OutputArea-child", 0, before.rindex("jp-OutputArea-child")) :]


def test_the_social_preview_is_of_the_size_that_github_asks_for(tmp_path):
    table = pd.read_csv(ROOT / "figures" / "results.csv")
    preview.draw(table, tmp_path / "drawn.png")
    for path in (tmp_path / "drawn.png", ROOT / "figures" / "social_preview.png"):
        height, width, _ = plt.imread(path).shape
        assert (width, height) == preview.SIZE == (1280, 640)
        assert path.stat().st_size < 1_000_000


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
            assert tab.locator("nav:visible").count() == (0 if kind == "paper" or name == "index" else 3)
            assert tab.locator("form:visible").count() == (kind != "paper")
            tab.screenshot(path=SCREENSHOTS / f"{name}_{kind}.png")
        assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        levels = [
            int(level) for level in tab.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => h.tagName[1])")
        ]
        assert levels.count(1) == 1 and levels[0] == 1, f"{name}: {levels}"
        assert all(below <= above + 1 for above, below in pairwise(levels)), f"{name}: {levels}"
        if name != "index":
            tab.wait_for_function("window.MathJax && MathJax.isReady && MathJax.Hub.queue.pending === 0")
            assert tab.locator(".MathJax_Error, .merror").count() == 0, name
    assert missing == []


def toy_page(folder, cells, repository=""):
    """The page of a notebook with these cells; what lies beside all pages is beside it."""
    beside = {"description": "A toy.", "after": {"href": "next.html", "title": "2. Next"}}
    notebook = nbformat.v4.new_notebook(cells=cells)
    documents = site._write_page(notebook, "notebooks/toy.ipynb", folder, repository, beside)
    (folder / "search_documents.js").write_text(f"SEARCH_DOCUMENTS = {json.dumps(documents)};")
    for name in site.BESIDE:
        shutil.copy(site.TEMPLATES / name, folder)
    return folder / "toy.html"


@pytest.fixture
def folded_page(tmp_path):
    """A page with one cell that is folded and one that is not."""
    cells = [nbformat.v4.new_markdown_cell("# Toy\n\nIt is 8.\n<!-- check: a > b -->\n\n- 9\n<!-- settings -->")]
    cells += [nbformat.v4.new_code_cell(source) for source in ("# @title Imports & set-up\nfolded = 2", "shown = 1")]
    cells[1].metadata = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form"}
    cells[1].outputs = [nbformat.v4.new_output("stream", text="an output\n")]
    toy_page(tmp_path, cells)
    return tmp_path / "toy.html"


def test_a_page_folds_what_is_marked_and_shows_no_check(folded_page):
    text = folded_page.read_text(encoding="utf-8")
    body = text[text.index("<main ") :]
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
