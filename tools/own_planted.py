"""Simulated series of which the best forecast is known, for notebook 08 and its benchmarks: does it find them?"""

import contextlib
import io

import numpy as np
import pandas as pd

from tools import own_plan, own_series
from tools.reader import Found

PLANTED = {  # what may be answered
    "random walk": ["last_value"],
    "season": ["seasonal_naive", "nlinear"],
    "rare sales": ["mean"],
    "an input": ["regression", "gru", "lstm"],
    "Mackey-Glass": ["gru", "lstm"],
}
HORIZON = 6


def mackey_glass(n, rng, lag=17, every=6):
    """n values of the recurrence of Mackey & Glass (1977) with a random start, 2 % noise added."""
    x = list(rng.uniform(0.5, 1.3, lag + 1))
    for _ in range((n + 50) * every):
        x.append(0.9 * x[-1] + 0.2 * x[-1 - lag] / (1 + x[-1 - lag] ** 10))
    x = np.array(x[-n * every :: every])
    return x + 0.02 * x.std() * rng.standard_normal(n)


def plant(kind, n, rng):
    """A simulated series as from a file: a ``Found`` with a table (n, 1), and for "an input" with that input."""
    year = np.sin(2 * np.pi * np.arange(12) / 12) + 0.5 * np.cos(4 * np.pi * np.arange(12) / 12)
    price = 3 + np.where(rng.uniform(size=n + HORIZON) < 0.3, 1.0, 0.0) + 0.2 * rng.standard_normal(n + HORIZON)
    values = {
        "random walk": lambda: rng.standard_normal(n).cumsum(),
        "season": lambda: (year + 0.1 * rng.standard_normal((-(-n // 12), 12)).cumsum(axis=0)).ravel()[:n],
        "rare sales": lambda: np.where(rng.uniform(size=n) < 0.1, 1.0 + rng.poisson(5, n), 0.0),
        "an input": lambda: 19 - 3 * price[:n] + 0.3 * rng.standard_normal(n),
        "Mackey-Glass": lambda: mackey_glass(n, rng),
    }[kind]()
    index = pd.RangeIndex(1, n + HORIZON + 1)
    found = Found(pd.DataFrame({kind: values}, index=index[:n]), source="simulated")
    if kind == "an input":
        inputs = pd.DataFrame({"price": price}, index=index)
        found.inputs, found.future_inputs = {kind: inputs.iloc[:n]}, {kind: inputs.iloc[n:]}
    return found


def answers(kinds, draws, folder, n=500, seeds=(1, 2), epochs=15, profile="quick", **options):
    """What is answered on ``draws`` series of each kind: a table planted, draw, answer, right, and GRU against LSTM:
    difference (per cent, in logarithms) and verdict."""
    rows = []
    for kind in kinds:
        for draw in draws:
            found = plant(kind, n, np.random.default_rng(draw))
            plan = own_plan.make_plan(found.table, HORIZON, profile=profile, inputs=bool(found.inputs))
            with contextlib.redirect_stdout(io.StringIO()):
                result = own_series.find_answer(found, plan, folder, seeds, epochs, options=options, units=16)
            row = {"planted": kind, "draw": draw, "answer": result["answer"]}
            row["right"] = result["answer"] in PLANTED[kind]
            rows.append(row | result["verdicts"].iloc[-1][["difference", "verdict"]].to_dict())
    return pd.DataFrame(rows)
