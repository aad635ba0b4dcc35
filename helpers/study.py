"""A grid of runs -> one tidy table of results. Only a run of a network imports TensorFlow, importing this does not.

A run is one (protocol, dataset, horizon, model, seed): a model is fitted on one series and forecasts all of them.
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
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from tqdm.auto import tqdm

from helpers import baselines, data, metrics
from helpers.data import check_choice, check_integer, check_list, check_positive, check_text

# protocol -> (early stopping on a validation part, each window relative to its own last value and spread)
PROTOCOLS = {
    "published": (False, False),
    "published + early stopping": (True, False),
    "published + window scaling": (False, True),
    "sound": (True, True),
}
BASELINES = ("last_value", "seasonal_naive", "nlinear")
MATCHED = {"gru_matched": "gru", "lstm_matched": "lstm"}  # as many weights as the other cell has at the run's units
STACKS = ("lstm_lstm", "gru_gru", "lstm_gru", "gru_lstm")  # two layers, the lower one named first
NETWORKS = ("rnn", "gru", "lstm", "lstm_no_bias", *MATCHED, *STACKS)
MODELS = BASELINES + NETWORKS
KEYS = ["protocol", "dataset", "source", "horizon", "model", "seed"]
COLUMNS = [
    *["protocol", "dataset", "source", "horizon", "model", "units", "params", "seed", "series"],
    *["rmse", "mae", "mase", "da", "epochs", "train_seconds", "compile_seconds"],
]
# Budgets with and without early stopping, the same for all networks; 200 epochs are those of Velarde et al. (2022).
SETTINGS = {
    True: {"epochs": 100, "patience": 10, "batch_size": 32, "learning_rate": 1e-3},
    False: {"epochs": 200, "patience": None, "batch_size": 32, "learning_rate": 1e-3},
}


def make_grid(protocol, datasets, horizons, models, seeds, *, window=60, units=128, **settings):
    """All combinations as a list of runs (dicts), baselines once (seed 0), networks once for each seed.

    ``settings`` (epochs, patience, batch_size, learning_rate) replace those of SETTINGS.

    Raises ValueError or TypeError for an unknown protocol, model or setting, an empty list, a number out of range.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    check_list("datasets", datasets, check_text)
    check_list("horizons", horizons, check_integer)
    check_list("models", models, lambda name, value: check_choice(name, value, MODELS))
    check_list("seeds", seeds, lambda name, value: check_integer(name, value, 0, 2**32 - 1))
    for name, value in {"window": window, "units": units, **settings}.items():
        check_choice("settings", name, ["window", "units", *SETTINGS[True]])
        if name == "learning_rate":
            check_positive(name, value)
        elif value is not None or name != "patience":
            check_integer(name, value)
    grid = []
    for dataset, horizon, model in product(datasets, horizons, models):
        run = {"protocol": protocol, "dataset": dataset, "horizon": int(horizon), "model": model, "window": window}
        if model in BASELINES:
            grid.append(run | {"seed": 0})
        else:
            budget = SETTINGS[PROTOCOLS[protocol][0]] | settings | {"units": units}
            grid += [run | budget | {"seed": int(seed)} for seed in seeds]
    return grid


@dataclass
class Prepared:
    """Windows of one series on the scale that the models see (``train``, ``validation`` or None, ``test``: pairs X, y),
    and on the published scale (whole-series min-max) what scoring needs: ``actual`` test targets (n, horizon), the
    ``last`` known values (n, 1), the last value's mean absolute ``naive_error`` on the training windows, and ``undo``,
    which puts forecasts for the test windows on that scale."""

    train: tuple
    validation: tuple | None
    test: tuple
    actual: np.ndarray
    last: np.ndarray
    naive_error: float
    undo: Callable


def prepare(values, protocol, window, horizon):
    """Cut and scale one series (time,) as a protocol says; see ``Prepared``.

    Without early stopping there is no validation part, and the split is the published one; with it, the parts share no
    target day. Window scaling comes with a scaler fitted on the training part; else the whole series is min-max scaled,
    as published.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    stops_early, scales_windows = PROTOCOLS[protocol]
    low, span = data.min_max(values)
    scaled = (values - low) / span
    X, y = data.make_windows(scaled, window, horizon)
    if stops_early:
        train, validation, test = data.chronological_split(len(values), window, horizon)
    else:
        (train, test), validation = data.published_split(len(values), window, horizon), None
    undo = np.asarray
    if scales_windows:
        known = values[: train.stop + window + horizon - 1, None]  # the training part: all that a scaler may see
        scaler = StandardScaler().fit(known)
        X, y = data.make_windows(scaler.transform(values[:, None])[:, 0], window, horizon)
        last, spread = data.normalise_windows(X[test])[2]
        X, y, _ = data.normalise_windows(X, y)

        def undo(forecast):
            on_data_scale = data.undo_windows(forecast, last, spread) * scaler.scale_ + scaler.mean_
            return (on_data_scale - low) / span

    pairs = [part and (X[part], y[part]) for part in (train, validation, test)]
    X_scaled, y_scaled = data.make_windows(scaled, window, horizon)
    naive_error = float(np.mean(np.abs(y_scaled[train] - X_scaled[train][:, -1:])))
    return Prepared(*pairs, y_scaled[test], X_scaled[test][:, -1:], naive_error, undo)


@functools.lru_cache(maxsize=32)
def _trainer(cell, units, window, horizon, batch_size, learning_rate):
    """A compiled trainer of this shape, kept by each worker process for the next seed."""
    from helpers import training

    return training.Trainer(training.build_model(cell, units, window, horizon), batch_size, learning_rate)


def cell_and_units(run):
    """The cell and its width: a ``gru_matched`` is a GRU with the weights of an LSTM of ``units``."""
    from helpers import training

    if run["model"] in MATCHED:
        cell = MATCHED[run["model"]]
        return cell, training.matched_units(run["units"], cell)
    return run["model"], run["units"]


def fit_network(train, validation, run, progress=False):
    """Train the network of one run (as from ``make_grid``) on the pair ``train``; return (model, History)."""
    from helpers import training

    shape = (*cell_and_units(run), train[0].shape[1], train[1].shape[1])
    trainer = _trainer(*shape, run["batch_size"], run["learning_rate"])
    history = trainer.fit(
        *train,
        epochs=run["epochs"],
        validation=validation,
        patience=run["patience"],
        seed=run["seed"],
        weights=training.build_model(*shape, seed=run["seed"]).get_weights(),
        progress=progress,
    )
    return trainer.model, history


def run_one(table, run):
    """Fit the model of ``run`` on the first series of ``table`` (time, series) and score it on all of them.

    Returns
    -------
    dict: ``rows``, a list of dicts, one a series; ``forecasts`` on the published scale, float32 (series, origins,
    horizon); ``loss``, their squared error averaged over the steps, float32 (series, origins); ``direction`` and
    ``actual``, the signs of the forecast and of the true change from the last known value to the last step, int8
    (series, origins); and for a network its ``run``, ``history`` and ``weights``.
    """
    series = {name: prepare(table[name].to_numpy(), run["protocol"], run["window"], run["horizon"]) for name in table}
    first = next(iter(series.values()))
    inputs = np.concatenate([part.test[0] for part in series.values()])
    facts = {"units": 0, "params": 0, "epochs": 0, "train_seconds": 0.0, "compile_seconds": 0.0}
    result = {"rows": [], "forecasts": [], "loss": [], "direction": [], "actual": []}
    if run["model"] in BASELINES:
        model = baselines.make_baseline(run["model"], table.attrs["season"]).fit(*first.train)
        forecasts = model.predict(inputs)
        facts |= {"params": model.params}
    else:
        from helpers import training

        network, history = fit_network(first.train, first.validation, run)
        forecasts = training.predict(network, inputs)
        facts |= {"units": network.layers[0].units, "params": network.count_params(), "epochs": len(history.loss)}
        facts |= {"train_seconds": sum(history.seconds), "compile_seconds": history.compile_seconds}
        result |= {"run": run, "history": history, "weights": network.get_weights()}
    for (name, part), forecast in zip(series.items(), np.split(forecasts, len(series)), strict=True):
        predicted = part.undo(forecast)
        scores = {
            "rmse": metrics.rmse(part.actual, predicted),
            "mae": metrics.mae(part.actual, predicted),
            "mase": metrics.mase(part.actual, predicted, part.naive_error),
            "da": metrics.published_directional_accuracy(part.actual, predicted),
        }
        row = {**run, "source": table.attrs["source"], "series": name, **facts, **scores}
        result["rows"].append({column: row[column] for column in COLUMNS})
        result["forecasts"].append(predicted)
        result["loss"].append(np.mean((part.actual - predicted) ** 2, axis=1))
        result["direction"].append(np.sign(predicted[:, -1] - part.last[:, 0]))
        result["actual"].append(np.sign(part.actual[:, -1] - part.last[:, 0]))
    kinds = {"forecasts": "float32", "loss": "float32", "direction": "int8", "actual": "int8"}
    return result | {name: np.array(result[name], kind) for name, kind in kinds.items()}


def fingerprint(*functions, packages=(), leaving_out=None):
    """A hash of the code of ``functions`` and of all that they use from this package, and of the packages' versions.

    Comments, docstrings, layout and refusals of bad arguments do not count: a run is computed again for another
    computation, not for another word. Code of the module ``leaving_out`` does not count either.
    """
    waiting, found = [inspect.unwrap(function) for function in functions], {}
    while waiting:
        code = waiting.pop()
        if isinstance(code, int | float | str | tuple | dict):
            found[repr(code)] = repr(code)
            continue
        is_code = (inspect.isclass(code) or inspect.isfunction(code)) and code.__module__.startswith("helpers.")
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
    """What the code uses of its own module, or of another module of this package as ``module.name``."""
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
    return number, function(table, run)


@functools.cache
def _end_with(study_process):
    """Have this worker end when the process of the study is killed, rather than train on for nobody."""

    def watch():
        while os.getppid() == study_process:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def study(tables, grid, folder, n_jobs=-1, scheduler=None, progress=True, function=run_one):
    """Run a grid on all cores; what was finished before, by this or an earlier call, is read from the cache.

    Parameters
    ----------
    tables : dict, data set -> table (time, series) as from ``load`` (``attrs`` hold "source" and "season")
    grid : list of runs, as from ``make_grid``
    folder : where ``cache`` lies; each finished run is stored there at once, so a killed study resumes where it stood
    n_jobs : worker processes, -1 for one a core
    scheduler : address of a Dask scheduler ("tcp://host:8786"), to use its workers instead of this machine's cores
    function : what makes one run, called with (table, run) and living in this package; its result is what is stored

    Returns
    -------
    list of results in the order of the grid, each as from ``function``. ``tidy`` makes one table of them.

    A changed run, changed data, changed code or another version of Keras recomputes what it touches, nothing else.

    Raises
    ------
    ValueError for an empty grid, a data set without a table, a series too short for a run, n_jobs 0 or a cache that
    others can write; ConnectionError where no scheduler answers; OSError for a full disk or a read-only folder;
    RuntimeError where a worker is killed.
    """
    if not grid:
        raise ValueError("grid must hold at least one run; got an empty list.")
    if check_integer("n_jobs", n_jobs, -1) == 0:
        raise ValueError("n_jobs must be -1 (all cores) or at least 1; got 0.")
    for run in grid:
        check_choice("dataset", run["dataset"], list(tables))
        if function is run_one:  # before anything is trained
            split = data.chronological_split if PROTOCOLS[run["protocol"]][0] else data.published_split
            split(len(tables[run["dataset"]]), run["window"], run["horizon"])
    for name, table in tables.items():
        data.check_table(table)
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
    # networks in the workers, long runs first; baselines here: each takes less than a second
    networks = [number for number in missing if grid[number]["model"] in NETWORKS]
    networks.sort(key=lambda number: -grid[number]["epochs"])
    own = os.getpid() if scheduler is None else None  # Dask's workers see for themselves that nobody waits
    arguments = {n: (n, own, function, tables[grid[n]["dataset"]], grid[n]) for n in missing}
    calls = [joblib.delayed(_numbered_run)(*arguments.pop(n)) for n in networks]
    with _workers(min(n_jobs, len(calls)) if calls else 1, scheduler) as parallel:
        with _storing(folder):
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        here = (_numbered_run(*rest) for rest in arguments.values())
        finished = chain(here, parallel(calls))
        started = time.perf_counter()
        bar = tqdm(finished, total=len(missing), desc="runs", leave=False, disable=not progress, unit="run")
        for done, (number, result) in enumerate(bar, start=1):
            results[number] = result
            part = paths[number].with_suffix(f".{os.getpid()}.part")
            minutes_left = (time.perf_counter() - started) / done * (len(missing) - done) / 60
            with _storing(folder, part):
                joblib.dump(result, part)
                part.replace(paths[number])  # at once or not at all: no half-written file is ever read
                with open(Path(folder) / "study.log", "a", encoding="utf-8") as log:
                    name = " ".join(str(grid[number][key]) for key in KEYS if key in grid[number])
                    print(f"{time.ctime()} {done}/{len(missing)} {name}, about {minutes_left:.0f} min left", file=log)
    return results


GO_ON = "start again, and it goes on from the finished runs"


@contextlib.contextmanager
def _storing(folder, part=None):
    """Say it in one sentence where ``folder`` is full or read-only, and remove ``part``, half of a file."""
    try:
        yield
    except OSError as error:
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink()
        raise OSError(
            f"folder must have room and be writable; got {error.strerror!r} in {str(folder)!r}: mend that, {GO_ON}."
        ) from error


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
    if any(run["model"] in NETWORKS for run in grid):
        from helpers import training  # noqa: F401 - so that its code is there to be hashed

        code = fingerprint(function, packages=("keras", "tensorflow"), leaving_out="helpers.baselines")
        codes |= dict.fromkeys(NETWORKS, code)
    facts = {
        name: [table.to_numpy(), list(table.columns), table.attrs["source"], table.attrs["season"]]
        for name, table in tables.items()
    }
    return [folder / f"{joblib.hash([facts[run['dataset']], run, codes[run['model']]])}.joblib" for run in grid]


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


def tidy(results):
    """The results of a study as one table, a row for each run and series, with the columns of COLUMNS."""
    return pd.DataFrame([row for result in results for row in result["rows"]], columns=COLUMNS)


def find(grid, results, **wanted):
    """The one result whose run has these values, say ``find(grid, results, model="gru", seed=1, ...)``.

    Raises LookupError that says what was asked for where there is none, or more than one.
    """
    found = [result for run, result in zip(grid, results, strict=True) if wanted.items() <= run.items()]
    if len(found) != 1:
        asked = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
        raise LookupError(f"{len(found)} of the {len(grid)} runs have {asked}; ask for one that the grid holds once.")
    return found[0]


def save_results(results, folder):
    """Write the table as ``results.csv``, and ``losses.npz`` beside it; a reader never sees a half-written file.

    ``losses.npz`` holds for each run "protocol|dataset|source|horizon|model|seed" the arrays ``loss/run`` and
    ``direction/run``, and for each data set and horizon ``actual/dataset|source|horizon``: all (series, origins), see
    ``run_one``. Returns the path of the table.
    """
    arrays = {}
    for result in results:
        protocol, dataset, source, horizon, model, seed = (result["rows"][0][key] for key in KEYS)
        key = f"{protocol}|{dataset}|{source}|{horizon}|{model}|{seed}"
        arrays |= {f"loss/{key}": result["loss"], f"direction/{key}": result["direction"]}
        arrays[f"actual/{dataset}|{source}|{horizon}"] = result["actual"]
    folder = Path(folder)
    table, losses = (folder / f"{name}.{os.getpid()}.part" for name in ("results.csv", "losses.npz"))  # two may save
    with _storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tidy(results).to_csv(table, index=False)
        with open(losses, "wb") as file:
            np.savez_compressed(file, **arrays)
        losses.replace(folder / "losses.npz")
        table.replace(folder / "results.csv")
    return folder / "results.csv"


def rebuild(result):
    """The trained network of one run, from the weights that ``run_one`` kept."""
    from helpers import training

    run = result["run"]
    cell, units = cell_and_units(run)
    model = training.build_model(cell, units, run["window"], run["horizon"])
    model.set_weights(result["weights"])
    return model
