"""Google Colab: what a notebook's first cell runs there; and the repository's address, which it needs.

``python -m tools.colab`` installs what is missing; ``python -m tools.colab --address https://github.com/OWNER/NAME``
writes that address with Colab's badges into all notebooks, both with the address of the pages into README, and all
into CITATION.cff (``--address ""`` takes them out again). The pages take their links from the notebooks.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLAB = "https://colab.research.google.com"
BADGE = f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({COLAB}/github/{{name}}/blob/main/notebooks/{{path}})"
ANY_BADGE = r"\n\n\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)"
ADDRESS = re.compile(r"(https://github\.com/(?P<name>[\w.-]+/[\w-][\w.-]*?)(\.git)?/?|file:///\S+)?")
FORM_TITLE = re.compile(r"(# @title .*\n)?")  # a folded cell's first line
UNKNOWN = "This copy does not know its own address yet; `make address REPO=https://github.com/OWNER/NAME` writes it in."
READ_ONLINE = "Read it online, with search and without installing anything: <{pages}>."


def install_missing():
    """Install those of the project's packages that are not there, without dependencies: nothing present changes."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    present = {found.name.lower().replace("_", "-") for found in distributions()}
    missing = [need for need in needed if re.match(r"[\w-]+", need)[0] not in present]
    if missing:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing], check=True)


def write_address(address, root=ROOT):
    """Write the repository's ``address``, and what follows from it, into notebooks, README and CITATION.cff.

    Badges of Colab and the address of the pages follow from it; "" takes all out. The cell that holds it is copied
    from the first notebook to all others, below the title that folds it in Colab.

    Raises
    ------
    ValueError: ``address`` is neither https://github.com/OWNER/NAME, nor file:///... (for tests), nor empty.
    """
    import nbformat

    from tools.site import pages_address, source_hash

    match = ADDRESS.fullmatch(address)
    if not match:
        raise ValueError(f"REPO must be https://github.com/OWNER/NAME, or empty; got {address!r}.")
    name = match["name"]
    address = f"https://github.com/{name}" if name else address
    rows, first_cell = [], None
    folder = root / "notebooks"  # not what Jupyter keeps in .ipynb_checkpoints
    for path in sorted([*folder.glob("[0-9]*.ipynb"), *folder.glob("solutions/[0-9]*.ipynb")]):
        notebook = nbformat.read(path, as_version=4)
        up_to_date = notebook.metadata.get("executed_source") == source_hash(notebook)
        bootstrap = next(cell for cell in notebook.cells if "bootstrap" in cell.metadata.get("tags", []))
        if first_cell is None:  # the same in all notebooks: that of 01
            first_cell = re.sub(r'(?m)^repository = ".*?"', f'repository = "{address}"', bootstrap.source)
            first_cell = first_cell.removeprefix(FORM_TITLE.match(first_cell)[0])
        bootstrap.source = FORM_TITLE.match(bootstrap.source)[0] + first_cell
        title, text = re.sub(ANY_BADGE, "", notebook.cells[0].source).split("\n", 1)
        badge = name and BADGE.format(name=name, path=path.relative_to(folder).as_posix())
        notebook.cells[0].source = "\n".join([title, *(["", badge] if badge else []), text])
        if up_to_date:  # an address changes no output
            notebook.metadata["executed_source"] = source_hash(notebook)
        nbformat.write(notebook, path)
        if badge and path.parent == root / "notebooks":
            rows.append(f"| {title.removeprefix('# ')} | {badge} |")
    replace_between(root / "README.md", "colab", "\n".join(["| notebook | |", "|---|---|", *rows]) if rows else UNKNOWN)
    pages = pages_address(address)
    replace_between(root / "README.md", "pages", READ_ONLINE.format(pages=pages) if pages else UNKNOWN)
    citation = root / "CITATION.cff"
    kept = re.sub(r"^(repository-code|url): .*\n", "", citation.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = f"repository-code: {address}\nurl: {pages}\n" if pages else ""
    citation.write_text(kept.replace("license: MIT\n", f"license: MIT\n{lines}"), encoding="utf-8")


def replace_between(path, name, new):
    """Replace what stands between the comments ``<!-- name -->`` and ``<!-- /name -->`` of the file at ``path``."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
    if not found:
        raise ValueError(f"{path.name} must hold the comments <!-- {name} --> and <!-- /{name} -->; one is missing.")
    path.write_text(f"{text[: found.start()]}{new}\n{text[found.end() :]}", encoding="utf-8")


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.colab", description=__doc__.splitlines()[0])
    parser.add_argument("--address", metavar="REPO", help='https://github.com/OWNER/NAME, or "" for none')
    options = parser.parse_args(arguments)
    try:
        install_missing() if options.address is None else write_address(options.address)
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
