"""The study of many data sets on one small made set, to be killed: ``python small_many.py FOLDER SECONDS``.

Each network is stood in for by the seasonal naive forecast, shifted by seed and width, which takes SECONDS: no
TensorFlow.
"""

import sys
import time
import types
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import ragged
from helpers.collections import Series, SeriesSet
from tools import many


def made_set(count=3, length=40, period=4, horizon=3):
    """So many noisy seasons of one length."""
    rng = np.random.default_rng(3)
    days = np.arange(length + horizon)
    series = []
    for number in range(count):
        values = 5 + np.sin(2 * np.pi * days / period) + rng.normal(0, 0.1, len(days))
        parts = values[:length], values[length:]
        series.append(Series(f"s{number}", *parts, period, horizon, "toy", "made", horizon))
    return SeriesSet("toy", tuple(series), "made")


def stand_in(seconds):
    """What stands in for ``ragged.run_set``: notes nothing, trains nothing, takes so many seconds a network."""
    real = ragged.run_set

    def run_set(group, run):
        if run["model"] in ragged.SIMPLE:
            return real(group, run)
        time.sleep(seconds)
        shift = run["seed"] + run["units"] / 100 + run["learning_rate"]
        forecasts = real(group, run | {"model": "seasonal_naive"})["validated"] + np.float32(shift)
        facts = {"params": 1, "units": run["units"], "epochs": 1, "device": "cpu", "seconds": seconds}
        refitted = {"refitted": forecasts + 1} if run["refit"] else {}
        return {"run": run, "validation": shift, "validated": forecasts} | facts | refitted

    return run_set


if __name__ == "__main__":
    training = types.ModuleType("helpers.training")  # only its code would be hashed, and the device asked for
    training.device, training.on_gpu = lambda: "cpu", lambda: False
    sys.modules["helpers.training"] = training
    with (
        patch.object(many.ragged, "run_set", stand_in(float(sys.argv[2]))),
        patch.object(many.collections, "load_sets", lambda _: ({"toy": made_set()}, {})),
    ):
        many.run_many("smoke", sys.argv[1], n_jobs=1)
