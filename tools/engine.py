"""Runs a grid on all cores, each run kept in a cache: what was finished, and did not change, is never computed again.

What a run is, ``helpers.study`` says; importing this does not import TensorFlow.
"""

import ast
import contextlib
import functools
import inspect
import os
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import joblib
from tqdm.auto import tqdm

from helpers import windows
from helpers.checks import check_choice, check_integer
from helpers.collections import SeriesSet
from helpers.ragged import STATISTICAL
from helpers.study import BASELINES, KEYS, NETWORKS, PROTOCOLS, run_one
from tools.results import GO_ON, storing
from tools.tables import check_table


def run_grid(tables, grid, folder, n_jobs=-1, scheduler=None, progress=True, function=run_one):
    """Run a grid on all cores; what was finished before, by this or an earlier call, is read from the cache.

    Parameters
    ----------
    tables : dict, data set -> table (time, series) as from ``load`` (``attrs`` hold "source" and "season"), or a
        ``SeriesSet``, whose series may have different lengths (for ``function=ragged.run_set``)
    grid : list of runs, as from ``make_grid``
    folder : where ``cache`` lies; each finished run is stored there at once, so a killed study resumes where it stood
    n_jobs : worker processes, -1 for one a core; on a GPU -1 is one, as each process takes its own part of its memory
    scheduler : address of a Dask scheduler ("tcp://host:8786"), to use its workers instead of this machine's cores
    function : what makes one run, called with (table, run) and living in ``helpers``; its result is what is stored

    Returns
    -------
    list of results in the order of the grid, each as from ``function``. ``tidy`` makes one table of them.

    A changed run, changed data, changed code or another version of Keras recomputes what it touches, nothing else.

    Raises
    ------
    ValueError for an empty grid, a data set without a table, a series too short for a run, n_jobs 0 or a cache that
    others can write; ConnectionError where no scheduler answers; OSError for a full disk or a read-only folder;
    RuntimeError where a worker is killed, or where a GPU's memory is too small for the processes.
    """
    if not grid:
        raise ValueError("grid must hold at least one run; got an empty list.")
    if check_integer("n_jobs", n_jobs, -1) == 0:
        raise ValueError("n_jobs must be -1 (all cores) or at least 1; got 0.")
    for run in grid:
        check_choice("dataset", run["dataset"], list(tables))
        if function is run_one:  # before anything is trained
            split = windows.chronological_split if PROTOCOLS[run["protocol"]][0] else windows.published_split
            split(len(tables[run["dataset"]]), run["window"], run["horizon"])
    for name, table in tables.items():
        if isinstance(table, SeriesSet):  # checked as it was made
            continue
        check_table(table)
        if not {"source", "season"} <= set(table.attrs):
            raise ValueError(f"tables[{name!r}] must have attrs 'source' and 'season'; got {list(table.attrs)}.")
    cache = Path(folder) / "cache"
    _check_own(cache)
    paths = _cache_paths(tables, grid, cache, function)
    results = [_read(path) for path in paths]
    missing = [number for number, result in enumerate(results) if result is None]
    others = len(set(cache.glob("*.joblib")) - set(paths))
    print(
        f"{len(grid)} runs: {len(grid) - len(missing)} found in the cache, {len(missing)} to compute"
        f" ({others} entries of other runs, data, code or versions left alone)."
    )
    # networks (and what is fitted to each series) in the workers, long runs first; baselines here: each takes less
    # than a second
    networks = [number for number in missing if grid[number]["model"] in (*NETWORKS, *STATISTICAL)]
    networks.sort(key=lambda number: -grid[number].get("epochs", 0))
    own = os.getpid() if scheduler is None else None  # Dask's workers see for themselves that nobody waits
    arguments = {n: (n, own, function, tables[grid[n]["dataset"]], grid[n]) for n in missing}
    calls = [joblib.delayed(_numbered_run)(*arguments.pop(n)) for n in networks]
    with _workers(_processes(n_jobs, len(calls)), scheduler) as parallel:
        with storing(folder):
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        here = (_numbered_run(*rest) for rest in arguments.values())
        finished = chain(here, parallel(calls))
        started = time.perf_counter()
        bar = tqdm(finished, total=len(missing), desc="runs", leave=False, disable=not progress, unit="run")
        for done, (number, result) in enumerate(bar, start=1):
            results[number] = result
            part = paths[number].with_suffix(f".{os.getpid()}.part")
            minutes_left = (time.perf_counter() - started) / done * (len(missing) - done) / 60
            with storing(folder, part):
                joblib.dump(result, part)
                part.replace(paths[number])  # at once or not at all: no half-written file is ever read
                with open(Path(folder) / "study.log", "a", encoding="utf-8") as log:
                    name = " ".join(str(grid[number][key]) for key in KEYS if key in grid[number])
                    print(f"{time.ctime()} {done}/{len(missing)} {name}, about {minutes_left:.0f} min left", file=log)
    return results


def fingerprint(*functions, packages=(), leaving_out=None):
    """A hash of the code of ``functions`` and of all that they use from ``helpers``, and of the packages' versions.

    Comments, docstrings, layout and refusals of bad arguments do not count: a run is computed again for another
    computation, not for another word. Code of the module ``leaving_out`` does not count either.
    """
    waiting, found = [inspect.unwrap(function) for function in functions], {}
    while waiting:
        code = waiting.pop()
        if isinstance(code, int | float | str | tuple | dict):
            found[repr(code)] = repr(code)
            continue
        is_code = (inspect.isclass(code) or inspect.isfunction(code)) and code.__module__.startswith(
            ("helpers.", "tools.")
        )
        if is_code and code.__module__ != leaving_out and code not in found:
            tree = _Computation().visit(ast.parse(textwrap.dedent(inspect.getsource(code))))
            found[code] = ast.dump(tree)
            used = _used(tree, sys.modules[code.__module__])
            waiting += [inspect.unwrap(item) if callable(item) else item for item in used]
    return joblib.hash(sorted(found.values()) + [version(package) for package in packages])


class _Computation(ast.NodeTransformer):
    """Leaves out what computes nothing: docstrings, mere checks (``check_...(...)``) and ``if ...: raise ...``."""

    def visit_Expr(self, node):
        is_check = isinstance(node.value, ast.Call) and ast.unparse(node.value.func).lstrip("_").startswith("check_")
        return None if is_check or isinstance(node.value, ast.Constant) else node

    def visit_If(self, node):
        refuses = all(isinstance(statement, ast.Raise) for statement in node.body) and not node.orelse
        return None if refuses else self.generic_visit(node)


def _used(tree, module):
    """What the code uses of its own module, or of another module of ``helpers`` as ``module.name``."""
    for node in ast.walk(tree):
        scope, name = None, None
        if isinstance(node, ast.Name):
            scope, name = module, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            scope, name = sys.modules.get(f"helpers.{node.value.id}"), node.attr
        if scope and name in vars(scope) and not name.lstrip("_").startswith("check_"):
            yield vars(scope)[name]


def _numbered_run(number, study_process, function, table, run):
    if study_process not in (None, os.getpid()):
        _end_with(study_process)
    try:
        return number, function(table, run)
    except Exception as error:
        if not _is_full_gpu(error):
            raise
        raise RuntimeError(
            "the GPU's memory is too small for these processes: lower n_jobs (on a GPU 1 is the rule) or the batch "
            f"size; {GO_ON}."
        ) from error


def _is_full_gpu(error):
    full = type(error).__name__ == "ResourceExhaustedError" or "CUDA_ERROR_OUT_OF_MEMORY" in str(error)
    return full and type(error).__module__.startswith("tensorflow")


def _processes(n_jobs, calls):
    """How many worker processes for so many networks: -1 is one a core on a CPU, and one on a GPU."""
    if not calls:
        return 1
    if n_jobs == -1:
        from helpers import training

        return 1 if training.on_gpu() else -1
    return min(n_jobs, calls)


@functools.cache
def _end_with(study_process):
    """Have this worker end when the process of the study is killed, rather than train on for nobody."""

    def watch():
        while os.getppid() == study_process:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _check_own(cache):
    """Refuse a cache that is not this user's alone: what lies there is unpickled, and a foreign pickle runs code."""
    if not (cache.exists() and hasattr(os, "getuid")):  # Windows has no such numbers
        return
    status = cache.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise ValueError(
            f"folder must hold a cache that you own and only you can write; got {str(cache)!r}, owner {status.st_uid}, "
            f"mode {status.st_mode & 0o777:o}: delete it, or name another folder."
        )


def _cache_paths(tables, grid, folder, function):
    """The file of each run: its name tells the data, the run and the code that it depends on."""
    code = fingerprint(function, leaving_out="helpers.training")
    codes = dict.fromkeys(BASELINES, code)
    if any(run["model"] in STATISTICAL for run in grid):
        code = fingerprint(function, packages=("statsmodels",), leaving_out="helpers.training")
        codes |= dict.fromkeys(STATISTICAL, code)
    if any(run["model"] in NETWORKS for run in grid):
        from helpers import training  # also so that its code is there to be hashed

        code = fingerprint(function, packages=("keras", "tensorflow"), leaving_out="helpers.baselines")
        if training.device() != "cpu":  # a GPU's runs are other runs
            code = joblib.hash([code, training.device()])
        codes |= dict.fromkeys(NETWORKS, code)
    facts = {name: _facts(table) for name, table in tables.items()}
    return [folder / f"{joblib.hash([facts[run['dataset']], run, codes[run['model']]])}.joblib" for run in grid]


def _facts(table):
    """All of the data that a run can depend on."""
    if isinstance(table, SeriesSet):
        series = [(each.training, each.holdout, each.validation, each.name) for each in table.series]
        return [series, table.period, table.horizon]
    return [table.to_numpy(), list(table.columns), table.attrs["source"], table.attrs["season"]]


def _read(path):
    """A stored result, or None where there is none; a damaged file is said so and computed again."""
    if not path.exists():
        return None
    try:
        return joblib.load(path)
    except Exception as error:  # whatever unpickling a damaged file raises
        print(f"{path.name} in the cache is damaged ({type(error).__name__}): that run is computed again.")
        return None


@contextlib.contextmanager
def _workers(n_jobs, scheduler):
    """joblib's parallel call, on this machine's processes or on the workers of a Dask scheduler."""
    # batch_size=1: joblib would else hand several runs of minutes to one worker after a few fast ones
    options = {"n_jobs": n_jobs, "batch_size": 1, "return_as": "generator_unordered"}
    if scheduler is None:
        with warnings.catch_warnings():
            # a worker that has grown by 300 MB (XLA keeps what it compiled) is replaced by a fresh one: no run is lost
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
            try:
                yield joblib.Parallel(**options)
            except BrokenProcessPool as error:
                raise RuntimeError(
                    f"a worker process was killed from outside: where memory is short, lower n_jobs; {GO_ON}."
                ) from error
        return
    from distributed import Client

    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler must be the address of a running Dask scheduler; none answers at {scheduler!r}."
        ) from error
    with client, joblib.parallel_config(backend="dask", client=client):
        yield joblib.Parallel(**options | {"n_jobs": -1})
