"""What comes from outside is checked before it is used: downloads, networks, the cache; and what README says."""

import ast
import http.server
import os
import pickle
import re
import stat
import threading

import joblib
import nbformat
import pandas as pd
import pytest
from conftest import ROOT

from helpers import data, study
from tools.engine import run_grid

NOTEBOOKS = [*(ROOT / "notebooks").glob("[0-9]*.ipynb"), *(ROOT / "notebooks" / "solutions").glob("*.ipynb")]


def sources():
    """All code of helpers, tools and notebooks: (name, syntax tree)."""
    for path in [*(ROOT / "helpers").glob("*.py"), *(ROOT / "tools").glob("*.py")]:
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield path.name, ast.parse(re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE))


def calls():
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, ast.unparse(node.func), ast.unparse(node)


# ---- downloads


def test_downloads_are_https_at_a_fixed_commit_with_a_hash():
    assert data.STUDY_URL.startswith("https://")
    assert re.fullmatch(r"[0-9a-f]{40}", data.STUDY_COMMIT) and data.STUDY_COMMIT in data.STUDY_URL
    for facts in data.DATASETS.values():
        assert re.fullmatch(r"[0-9a-f]{64}", facts.sha256)


@pytest.fixture
def server():
    """A web server on the loopback address that answers every request with a table that is not the study's."""

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"1,2,3\n")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.mark.parametrize("name", data.DATASETS)
def test_a_download_with_another_hash_is_refused_and_not_kept(name, server, tmp_path, monkeypatch):
    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(data, "STUDY_URL", server)
    with pytest.raises(FileNotFoundError, match="could not be downloaded") as caught:
        data.load(name, "published")
    assert "hash" in str(caught.value.__cause__)
    assert not list((tmp_path / "cache").rglob("*.csv"))
    assert data.load(name, "auto").attrs["source"] == "simulated"


# ---- what could run code


def test_no_code_evaluates_text_or_unpickles_what_may_be_foreign():
    found = {(name, function) for name, function, _ in calls()}
    names = {function for _, function in found}
    forbidden = (
        r"(eval|exec|compile|os\.system|os\.popen|.*\.(eval|loads)|pickle\.\w+|(pd|pandas)\.read_pickle|yaml\.load)"
    )
    assert {name for name in names if re.fullmatch(forbidden, name)} <= {"eval", "json.loads"}  # JSON holds no code
    # the checks behind our own sentences are Python, as the notebooks are; nothing that a reader hands over gets there
    assert {name for name, function in found if function == "eval"} == {"prose.py"}
    assert {name for name, function in found if function == "joblib.load"} == {"engine.py"}
    assert not [text for *_, text in calls() if re.search(r"allow_pickle=True|shell=True|safe_mode=False", text)]
    assert all("allow_pickle=False" in text for _, function, text in calls() if function in ("np.load", "numpy.load"))
    assert all("safe_mode=True" in text for _, function, text in calls() if function.endswith("models.load_model"))


class Bomb:
    """What an attacker would put into a cache: a file that runs code when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def planted(tmp_path):
    """A study with a finished run in whose place such a file lies: (call, cache folder, mark of the code that ran)."""
    table = pd.DataFrame({"a": [float(day * day % 97) for day in range(560)]})
    table.attrs = {"source": "simulated", "season": 7}
    grid = study.make_grid("sound", ["toy"], [1], ["last_value"], [1], window=8)
    run_grid({"toy": table}, grid, tmp_path, progress=False)
    (path,) = (tmp_path / "cache").glob("*.joblib")
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    return lambda: run_grid({"toy": table}, grid, tmp_path, progress=False), tmp_path / "cache", tmp_path / "ran"


posix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions as on Linux and macOS")


@posix
def test_the_cache_is_its_owners_alone(planted):
    _, cache, _ = planted
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_cache_that_others_can_write_is_not_read(planted, mode):
    call, cache, mark = planted
    cache.chmod(mode)
    with pytest.raises(ValueError, match=r"folder must .* only you can write; got .*, mode 7"):
        call()
    assert not mark.exists()


@posix
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_cache_of_another_user_is_not_read(planted):
    call, cache, mark = planted
    os.chown(cache, 12345, 12345)
    with pytest.raises(ValueError, match=r"folder must .* only you can write; got .*, owner 12345"):
        call()
    assert not mark.exists()


def test_what_is_stored_is_what_joblib_reads(planted):
    """The file above would have run: the folder's permissions are what stands between."""
    _, cache, mark = planted
    (path,) = cache.glob("*.joblib")
    joblib.load(path)
    assert mark.exists()


# ---- what the reader is told to run


def commands():
    texts = [
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md", "Makefile", ".ci/run")
    ]
    return "\n".join([*texts, *((path.read_text(encoding="utf-8")) for path in (ROOT / ".github").rglob("*.yml"))])


def test_jupyterlab_keeps_its_token_and_its_address():
    lines = [line for line in commands().splitlines() if re.search(r"jupyter[- ]lab|jupyter notebook", line)]
    assert lines
    assert not re.search(r"token|password|--ip|0\.0\.0\.0|allow.root|allow_origin|disable_check_xsrf", "\n".join(lines))


def test_packages_are_installed_by_hash_only():
    installs = [line for line in commands().splitlines() if "pip install" in line and "requirements.txt" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
    assert "http://" not in commands()


def test_it_is_said_how_to_report_a_problem_and_that_a_cluster_needs_a_trusted_network():
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert re.search(r"report (a|any) (problem|security)", readme)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").lower()
    assert "trust" in contributing and "dask" in contributing
