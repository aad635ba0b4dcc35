"""The recommended forecast over rolling origins: ``python tests/benchmarks/own_series_rolling.py FOLDER [PYTHON]``.

40 of the series of ``own_series_rules.py``, drawn by seed 3. Each is forecast from every third origin of its last
20 %, with a whole horizon ahead; everything is fitted again at each origin, the weights of the recommended forecast
included. The error of a series is the root mean square over all its origins and steps, relative to that of Theta or of
damped smoothing, whichever is the lower in hindsight. Prints means over series, and writes ``own_series_rolling.csv``
into FOLDER.

With PYTHON, that of an environment with statsforecast (``python -m venv``, ``pip install statsforecast``; it needs
pandas < 3, so that it can't be a dependency), its AutoETS, AutoTheta and AutoARIMA with their defaults and the series'
period forecast the same from the same origins, in one process on one thread each; then ``beside_statsforecast.csv`` has
a row for each forecaster: mean and worst ratios, on how many series its error is above that of the recommended
forecast, and seconds of the processor at an origin (of ours: all rungs and three validation origins).
"""

import json
import os
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import own_series_rules
import pandas as pd

from tools import rungs

MOST, EVERY, SHARE, SEED = 40, 3, 0.2, 3
THEIRS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, statsforecast
from statsforecast.models import AutoARIMA, AutoETS, AutoTheta
print(json.dumps(statsforecast.__version__), flush=True)
models = {"AutoETS": AutoETS, "AutoTheta": AutoTheta, "AutoARIMA": AutoARIMA}
for line in sys.stdin:
    name, known, horizon, period = json.loads(line)
    started = time.process_time()
    made = models[name](season_length=period).forecast(np.array(known), horizon)["mean"]
    print(json.dumps([np.asarray(made).tolist(), time.process_time() - started]), flush=True)
"""


def origins_of(each):
    """Every third origin of the last 20 % of a series with a whole horizon ahead."""
    n = len(each.training) + len(each.holdout)
    return np.arange(n - round(SHARE * n), n - each.horizon + 1)[::EVERY]


def drawn():
    """The series: (set, Series), those of the first 40 in the order drawn that have such origins."""
    everything = own_series_rules.series()
    order = np.random.default_rng(SEED).permutation(len(everything))
    return [everything[i] for i in order if len(origins_of(everything[i][1]))][:MOST]


def known_at(each, origin):
    """The first ``origin`` values of a series, holdout included."""
    return np.concatenate([each.training, each.holdout])[:origin]


def ours(each, origin):
    """Forecasts of all rungs from one origin, the recommended one included, and the seconds that they took."""
    known, started = known_at(each, origin), time.process_time()
    season = rungs.find_season(known, (each.period,))
    at = own_series_rules.validation_origins(origin, each.horizon)
    actual = known[np.add.outer(at, np.arange(each.horizon))]
    losses = {m: ((f - actual) ** 2).mean(axis=1) for m, f in rungs.all_rungs(known, at, each.horizon, season).items()}
    made = {m: f[0] for m, f in rungs.all_rungs(known, [origin], each.horizon, season).items()}
    made["weighted"] = rungs.combined(made, rungs.weights_of(losses))
    return made, time.process_time() - started


def collect(folder, python=None):
    """(set, series, origin) -> forecasts by model, and seconds by model; kept in FOLDER."""
    file, series = Path(folder) / "rolling.pkl", drawn()
    kept = pickle.loads(file.read_bytes()) if file.exists() else {}
    process = None
    if python:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([python, "-c", THEIRS], stderr=subprocess.DEVNULL, **pipes)
        kept["version"] = f"statsforecast {json.loads(process.stdout.readline())}"
    for name, each in series:
        for origin in origins_of(each).tolist():
            models, seconds = kept.setdefault((name, each.name, origin), ({}, {}))
            if "weighted" not in models:
                made, seconds["weighted"] = ours(each, origin)
                models |= made
            for model in ("AutoETS", "AutoTheta", "AutoARIMA") if process else ():
                if model not in models:
                    asked = [model, known_at(each, origin).tolist(), each.horizon, each.period]
                    process.stdin.write(json.dumps(asked) + "\n")
                    process.stdin.flush()
                    forecast, seconds[model] = json.loads(process.stdout.readline())
                    models[model] = np.array(forecast)
        file.write_bytes(pickle.dumps(kept))
        print(name, each.name, len(origins_of(each)), flush=True)
    if process:
        process.stdin.close()
        process.wait()
    return kept


def errors(kept):
    """Root mean squared error of each series (rows) and model (columns) over all its origins and steps, and the mean
    seconds at an origin of each model."""
    rows, seconds = [], []
    for name, each in drawn():
        squared = {}
        for origin in origins_of(each).tolist():
            models, took = kept[name, each.name, origin]
            actual = known_at(each, origin + each.horizon)[origin:]
            for model, forecast in models.items():
                squared.setdefault(model, []).append(np.mean((forecast - actual) ** 2))
            seconds.append(took)
        rows.append({"set": name, "series": each.name} | {m: np.sqrt(np.mean(s)) for m, s in squared.items()})
    return pd.DataFrame(rows).set_index(["set", "series"]), pd.DataFrame(seconds).mean()


def main(folder, python=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = collect(folder, python)
    table, seconds = errors(kept)
    ratio = table.div(table[["theta", "damped"]].min(axis=1), axis=0)
    found = pd.DataFrame({
        "mean": ratio.mean(), "geometric": np.exp(np.log(ratio).mean()), "worst": ratio.max(),
        "worse_than_ours": ratio.gt(ratio["weighted"], axis=0).sum(), "seconds": seconds.reindex(ratio.columns),
    })  # fmt: skip
    found = found.sort_values("mean").round(3).assign(series=ratio.count(), version=kept.get("version", ""))
    print(found.to_string())
    ratio.round(4).to_csv(Path(folder) / "own_series_rolling.csv")
    if any(model.startswith("Auto") for model in ratio):
        found.rename_axis("forecast").to_csv(Path(folder) / "beside_statsforecast.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
