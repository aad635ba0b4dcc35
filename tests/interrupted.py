"""A study of many runs, to be killed: ``python interrupted.py FOLDER RUNS SECONDS N_JOBS short`` (or ``networks``).

A short run is a baseline's under a network's name, so that worker processes make it without TensorFlow. It notes in
FOLDER/log that it has been made. After the death of a worker the study is called again.
"""

import sys
import time
import types
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if "networks" not in sys.argv:
    stand_in = types.ModuleType("helpers.training")  # only its code would be hashed, and the device asked for
    stand_in.device, stand_in.on_gpu = lambda: "cpu", lambda: False
    sys.modules["helpers.training"] = stand_in

from helpers import study
from tools.engine import run_grid
from tools.results import save_results


def table():
    """Two simulated random walks."""
    walks = np.random.default_rng(0).normal(size=(530, 2)).cumsum(axis=0)
    made = pd.DataFrame(walks, columns=["a", "b"])
    made.attrs = {"source": "simulated", "season": 7}
    return made


def grid(runs, epochs):
    """Networks of many seeds, and two baselines."""
    models, shape = ["last_value", "nlinear", "gru"], {"window": 8, "units": 2}
    return study.make_grid("sound", ["toy"], [2], models, range(1, runs + 1), epochs=epochs, patience=epochs, **shape)


def short_run(seen, run):
    """The forecasts of a baseline, shifted by the seed, under the name of the run's model; takes ``run["seconds"]``."""
    folder, seconds = seen.attrs["log"], seen.attrs["seconds"]
    result = study.run_one(seen, run | {"model": "nlinear"})
    for row in result["rows"]:
        row |= {"model": run["model"], "seed": run["seed"], "rmse": row["rmse"] + run["seed"]}
    if run["model"] == "gru":
        Path(folder, f"begun {run['seed']}").touch()
        time.sleep(seconds)
    with open(Path(folder, "log"), "a") as log:
        log.write(f"{run['model']} {run['seed']}\n")
    return result


def make(folder, runs, seconds, n_jobs, kind):
    """The study, and its table in ``folder``."""
    function, epochs = (short_run, 1) if kind == "short" else (study.run_one, 150)  # a second or two each
    Path(folder).mkdir(exist_ok=True)
    seen = table()
    seen.attrs |= {"log": str(folder), "seconds": seconds}
    results = run_grid({"toy": seen}, grid(runs, epochs), folder, n_jobs=n_jobs, progress=False, function=function)
    return save_results(results, folder)


if __name__ == "__main__":
    import interrupted  # under its own name, so that worker processes can import it

    folder, runs, seconds, n_jobs, kind = (
        sys.argv[1],
        int(sys.argv[2]),
        float(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5],
    )
    while True:
        try:
            interrupted.make(folder, runs, seconds, n_jobs, kind)
            break
        except RuntimeError as error:  # a worker was killed: a reader calls study again
            print("stopped:", error, flush=True)
    print("finished", flush=True)
