"""Do networks make notebook 08's answer better? ``python tests/benchmarks/own_series_networks.py FOLDER [series]``.

Of the series of ``own_series_rules.py`` those whose official horizon notebook 08 accepts, 100 drawn by seed 2; each
goes the notebook's whole way at profile quick (three GRUs, three LSTMs, judged on its last 20 %, refitted), from the
values before the official holdout. Prints the mean MASE on that holdout of the answer, of the simple forecast that is
recommended without networks, of the better network whatever the verdict, and of whichever of these two had the lower
error on the test part, with evidence or without; writes ``own_series_networks.csv`` into
FOLDER, where the networks' forecasts are kept: a rule is then compared without training. One process.
"""

import contextlib
import io
import os
import pickle
import sys
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import own_series_rules
import pandas as pd

from tools import own_plan, own_series
from tools.reader import Found

FREQUENCIES = {12: "MS", 4: "QS"}
SEEDS, EPOCHS, WINDOWS = (1, 2, 3), own_series.EPOCHS["quick"], own_series.WINDOWS["quick"]


def as_found(each):
    """A series' values before its official holdout, as from a file."""
    times = pd.date_range("1990-01-01", periods=len(each.training), freq=FREQUENCIES[each.period])
    return Found(pd.DataFrame({each.name: each.training}, index=times), source="competition")


def accepted(each):
    """The plan of notebook 08 for a series, None where its horizon is too long for it."""
    try:
        return own_plan.make_plan(as_found(each).table, each.horizon)
    except ValueError:
        return None


def drawn(most):
    """The first ``most`` of the series that count, in an order drawn by seed 2: (set, Series, Plan)."""
    everything = own_series_rules.series()
    order, found = np.random.default_rng(2).permutation(len(everything)), []
    for name, each in (everything[i] for i in order):
        plan = accepted(each)
        if plan is not None:
            found.append((name, each, plan))
        if len(found) == most:
            break
    return found


def kept_networks(folder, key, each, plan):
    """What ``own_series.train`` gave for a series, trained where FOLDER does not have it: (judged, final)."""
    file = Path(folder) / "networks" / f"{key[0]} {key[1]}.pkl"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        found = as_found(each)
        inputs, cache = own_plan.known_inputs(found, plan, []), Path(folder) / "runs"
        options = {"n_jobs": 1, "progress": False}
        given = (found, plan, inputs, SEEDS, cache, EPOCHS, WINDOWS)
        judged = own_series.train(*given, options=options)
        actual, unit = own_plan.actual_at(found.table, plan, plan.validation), own_plan.unit_of(found.table, plan)
        losses = {
            kind: np.nanmean(own_plan.loss(actual, own_series.ensemble(results, "validation"), unit))
            for kind, results in judged.items()
        }
        network = min(losses, key=losses.get)
        final = own_series.train(
            *given, final={(network, r["run"]["seed"]): r["epochs"] for r in judged[network]}, options=options
        )
        for result in final[network]:
            del result["weights"]
        part = file.with_suffix(".part")
        part.write_bytes(pickle.dumps((judged, final)))
        part.replace(file)
    return pickle.loads(file.read_bytes())


def answered(folder, name, each, plan):
    """One row: errors on the official holdout of what notebook 08 answers with and without networks."""
    judged, refitted = kept_networks(folder, (name, each.name), each, plan)

    def kept(*_, final=None, **options):
        return refitted if final else judged

    result = own_series.find_answer(as_found(each), plan, folder, SEEDS, EPOCHS, WINDOWS, train=kept)
    item = {"training": each.training, "period": each.period, "actual": each.holdout}
    row = {"set": name, "series": each.name, "answer": result["answer"], "rung": result["rung"]}
    models = {"with networks": result["answer"], "without networks": result["rung"], "network": result["network"]}
    against = result["verdicts"].set_index("second").loc[result["rung"], "difference"]
    models["the lower on the test part"] = result["network"] if against < 0 else result["rung"]
    models |= {"Theta and damped smoothing": "both", "damped smoothing": "damped"}
    return row | {told: own_series_rules.mase(item, result["ahead"][model][0, 0]) for told, model in models.items()}


def main(folder, most=100):
    rows = []
    for number, (name, each, plan) in enumerate(drawn(int(most)), start=1):
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            rows.append(answered(folder, name, each, plan))
        print(number, rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(table.drop(columns=["set", "series", "answer", "rung"]).mean().round(4).to_string())
    print("a network is the answer on", int(table["answer"].isin(own_plan.NETWORKS).sum()), "of", len(table))
    table.round(4).to_csv(Path(folder) / "own_series_networks.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
