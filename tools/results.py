"""What runs leave for other notebooks: the table ``results.csv`` and, beside it, the losses of every forecast."""

import contextlib
import os
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from helpers.comparison import CASE
from helpers.notebook import check_path
from helpers.study import COLUMNS, KEYS, tidy

PUBLISHED_RESULTS = Path(__file__).resolve().parents[1] / "figures" / "results.csv"
NAMES = ["protocol", "dataset", "source", "model", "series", "device"]  # text: a series may be called NA
GO_ON = "start again, and it goes on from the finished runs"


@contextlib.contextmanager
def storing(folder, *parts):
    """Say it in one sentence where ``folder`` is full or read-only, and remove ``parts``, halves of files."""
    try:
        yield
    except OSError as error:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink()
        raise OSError(
            f"folder must have room and be writable; got {error.strerror!r} in {str(folder)!r}: mend that, {GO_ON}."
        ) from error


def save_results(results, folder):
    """Write the table as ``results.csv``, and ``losses.npz`` beside it; a reader never sees a half-written file.

    ``losses.npz`` holds for each run "protocol|dataset|source|horizon|model|seed" the arrays ``loss/run`` and
    ``direction/run``, and for each data set and horizon ``actual/dataset|source|horizon``: all (series, origins), see
    ``run_one``. Returns the path of the table.
    """
    arrays = {}
    for result in results:
        row = result["rows"][0]
        key = "|".join(str(row[name]) for name in KEYS)
        arrays |= {f"loss/{key}": result["loss"], f"direction/{key}": result["direction"]}
        arrays[f"actual/{row['dataset']}|{row['source']}|{row['horizon']}"] = result["actual"]
    folder = Path(folder)
    table, losses = (folder / f"{name}.{os.getpid()}.part" for name in ("results.csv", "losses.npz"))  # two may save
    with storing(folder, table, losses):
        folder.mkdir(parents=True, exist_ok=True)
        tidy(results).to_csv(table, index=False)
        with open(losses, "wb") as file:
            np.savez_compressed(file, **arrays)
        losses.replace(folder / "losses.npz")
        table.replace(folder / "results.csv")
    return folder / "results.csv"


def find_results(results, output):
    """The path of the results table: ``results``, else the run's own below ``output``, else the published one."""
    check_path("results", results)
    candidates = [Path(results)] if results else [Path(output, "results.csv"), PUBLISHED_RESULTS]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise FileNotFoundError(
            "results must be the path of a results.csv where there is none below output_dir or figures; got None: run "
            "notebook 04 first, or name a file."
        )
    return found


def read_results(path):
    """Read and check a results table: one row for a (protocol, dataset, source, horizon, model, seed, series).

    Raises ValueError with one sentence for what is no CSV, missing columns, no rows, double rows, and errors (rmse)
    that are not finite numbers >= 0.
    """
    numbers = {column: ["", "nan"] for column in COLUMNS if column not in NAMES}
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(NAMES, str), keep_default_na=False, na_values=numbers)
    except (OSError, ValueError) as error:  # pandas' errors of parsing are ValueErrors, often of several lines
        raise ValueError(
            f"results must be a table in a CSV file; got {str(path)!r} ({type(error).__name__})."
        ) from error
    if "device" not in table:  # tables of the first edition
        table["device"] = "cpu"
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ValueError(f"results lacks the column(s) {', '.join(missing)}; it must have {', '.join(COLUMNS)}.")
    if table.empty:
        raise ValueError("results must have at least one row; got an empty table.")
    run = [*CASE, "model", "seed", "series"]
    rmse = pd.to_numeric(table["rmse"], errors="coerce")
    for bad, problem in (
        (~(np.isfinite(rmse) & (rmse >= 0)), "rmse must hold finite numbers of at least 0"),
        (table.duplicated(run), "results must hold one row for each " + ", ".join(run)),
    ):
        if bad.any():
            where = ", ".join(str(table.loc[bad.idxmax(), name]) for name in run)
            raise ValueError(f"{problem}; got {bad.sum()} bad row(s), the first for {where}.")
    return table


def read_losses(path):
    """The arrays of the ``losses.npz`` beside the results table ``path`` as a dict; empty where there is none."""
    path = Path(path).with_name("losses.npz")
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, BadZipFile, zlib.error) as error:
        raise ValueError(
            f"losses.npz must be as a study wrote it; got a damaged file ({type(error).__name__})."
        ) from error


def mean_loss(losses, cell, model, kind="loss"):
    """Average over the seeds of a model's stored arrays: (n_series, n_origins).

    ``cell`` is a (protocol, dataset, source, horizon); ``kind`` is "loss" (squared error of each forecast) or
    "direction" (-1, 0, 1). Raises ValueError where nothing is stored.
    """
    start = f"{kind}/{'|'.join(map(str, cell))}|{model}|"
    found = [losses[key] for key in losses if key.startswith(start)]
    if not found:
        raise ValueError(f"no {kind} of {model} is stored beside the results table")
    return np.mean(found, axis=0, dtype=float)
