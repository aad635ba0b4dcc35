"""Time to quality (part of ``make bench``): the study's eight cells, sound training against 200 published epochs.

Prints, and writes to ``build/quality.json``: the test RMSE (published scale, mean of ten series, median of three seeds)
of the published protocol's 200 epochs and of the sound protocol; the time that the sound runs of one seed take on all
cores; and the time of 200 epochs of plain ``compile`` + ``fit`` for all eight, extrapolated from five measured epochs.
Also the engine's own cost: wall time against the workers' training and compiling time, one worker and two. The
published runs are those of ``make full`` where it has made them, else they take an hour on two cores.
"""

import json
import os
import shutil
import statistics
import time
from pathlib import Path

from training_speed import Process

from helpers import data, study
from tools.engine import run_grid

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "benchmark"
CELLS = ["gru", "lstm"]


def plain_seconds(epochs=5, total=200):
    """Seconds of 200 plain epochs for the eight cells: four for each cell, at the published number of windows."""
    seconds = 0.0
    for cell in CELLS:
        process = Process("plain", cell)
        for _ in range(epochs):
            process.start()
            seconds += process.seconds() * total / epochs * (2 * 1 + 2 * 3273 / 2721)  # Activities has more windows
        process.stop()
    return seconds


def timed_study(tables, grid, folder, n_jobs):
    """Wall seconds of a study that finds nothing in the cache, and what its workers spent on training and compiling."""
    shutil.rmtree(folder, ignore_errors=True)
    started = time.perf_counter()
    results = run_grid(tables, grid, folder, n_jobs=n_jobs)
    wall = time.perf_counter() - started
    first_rows = [result["rows"][0] for result in results]
    return results, wall, sum(row["train_seconds"] + row["compile_seconds"] for row in first_rows)


def engine(tables):
    """How a study's time grows with workers and seeds: runs of one shape, of a usual length for early stopping.

    TensorFlow is imported before the clock starts: that costs seconds once a process, with or without an engine.
    """
    from helpers import training  # noqa: F401

    seconds, work = {}, {}
    for workers, seeds in ((1, 4), (2, 4), (2, 8)):
        settings = {"epochs": 30, "patience": None, "units": 128}
        grid = study.make_grid("sound", ["bankex"], [20], ["gru"], range(1, seeds + 1), **settings)
        _, wall, spent = timed_study(tables, grid, FOLDER / "engine", workers)
        seconds[f"{workers} workers, {seeds} seeds"], work[workers, seeds] = wall, spent
        print(f"engine: {workers} workers, {seeds} seeds: {wall:.1f} s wall, {spent:.1f} s of training and compiling")
    ratios = {
        "two workers over one": seconds["1 workers, 4 seeds"] / seconds["2 workers, 4 seeds"],
        "twice the seeds": seconds["2 workers, 8 seeds"] / seconds["2 workers, 4 seeds"],
        "overhead of one worker": seconds["1 workers, 4 seeds"] / work[1, 4] - 1,  # forecasts and scores included
    }
    for name, ratio in ratios.items():
        print(f"engine: {name}: {ratio:.3f}")
    return seconds | ratios


def main():
    tables = {name: data.load(name) for name in data.DATASETS}
    sources = {name: table.attrs["source"] for name, table in tables.items()}
    print(f"data: {sources}")
    report = {"data": sources, "engine": engine(tables), "plain_seconds": plain_seconds()}
    sound = study.make_grid("sound", list(tables), [1, 20], CELLS, [1, 2, 3])
    results, wall, _ = timed_study(tables, sound, FOLDER / "sound", os.cpu_count())
    published = study.make_grid("published", list(tables), [1, 20], CELLS, [1, 2, 3])
    reference = study.tidy(run_grid(tables, published, ROOT / "build"))
    scores = study.tidy(results)
    for (dataset, horizon, model), rows in scores.groupby(["dataset", "horizon", "model"]):
        ours = statistics.median(rows.groupby("seed").rmse.mean())
        same = (reference.dataset == dataset) & (reference.horizon == horizon) & (reference.model == model)
        theirs = statistics.median(reference[same].groupby("seed").rmse.mean())
        report[f"{model} {dataset} {horizon}"] = {"sound": ours, "published": theirs}
        print(f"{dataset:10} {horizon:2} {model:4} sound {ours:.5f}   published, 200 epochs {theirs:.5f}")
    report["sound_seconds"] = wall / 3  # of one seed
    report["plain / sound"] = report["plain_seconds"] / report["sound_seconds"]
    print(f"plain 200 epochs {report['plain_seconds']:.0f} s, sound {report['sound_seconds']:.0f} s a seed: ", end="")
    print(f"{report['plain / sound']:.1f} times less")
    (ROOT / "build" / "quality.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
