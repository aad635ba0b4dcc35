"""From a file of one's own to a forecast and a verdict: the machinery of notebook 08, and its command.

``python -m tools.own_series sales.csv --horizon 14`` prints the answer in words, and where picture, tables and network
are.
"""

import argparse
import contextlib
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from helpers.checks import check_one_device
from tools import own_networks, own_plan, rungs
from tools.engine import run_grid
from tools.own_plan import LEVEL, NETWORKS
from tools.own_words import found_table, in_words

EPOCHS = {"smoke": 3, "quick": 40, "full": 40}
WINDOWS = {"smoke": 2_000, "quick": 20_000, "full": 50_000}  # of all series together, at most
SEEDS = {"smoke": 2, "quick": 3, "full": 3}
TABLES = ("scores", "networks", "blocks", "intervals", "earlier", "forecast", "verdicts")


def train(found, plan, inputs, seeds, folder, epochs, most=20_000, final=None, options=None, **budget):
    """Run GRUs and LSTMs by the engine (cached, on all cores): kind -> results in the order of the seeds.

    ``final``: {seed: epochs} of the one kind that is to be trained on all that is known.
    """
    table = own_plan.fill(found.table)
    floors = table.iloc[: plan.first[0]].rolling(plan.window).std(ddof=0).mean().to_numpy() / 10
    known = {
        "n_series": table.shape[1], "known": plan.known, "validation": plan.validation.tolist(),
        "starts": [table.index.get_loc(found.table[c].first_valid_index()) for c in found.table], "most": most,
        "test": plan.test.tolist(), "floors": np.where(floors > 0, floors, 1.0).tolist(), "final": final is not None,
        "dataset": "own", "horizon": plan.horizon, "window": plan.window,
    }  # fmt: skip
    if inputs[table.columns[0]].shape[1]:
        table = table.reset_index(drop=True).reindex(range(plan.known + plan.horizon)).ffill()
        beside = np.concatenate([inputs[name] for name in found.table], axis=1)
        beside = beside + 1e-9 * np.arange(len(beside))[:, None]  # no column stands still, as check_table wants it
        table = pd.concat([table, pd.DataFrame(beside, columns=[f" {i}" for i in range(beside.shape[1])])], axis=1)
    table.attrs = {"source": "own", "season": plan.season}
    best = final or {(kind, s): epochs for s in seeds for kind in NETWORKS}
    runs = [
        own_networks.BUDGET | budget | known | {"model": kind, "seed": number, "epochs": at_most}
        for (kind, number), at_most in best.items()
    ]
    results = run_grid({"own": table}, runs, folder, function=own_networks.run_network, **(options or {}))
    return {kind: [r for r in results if r["run"]["model"] == kind] for kind in NETWORKS}


def ensemble(results, part):
    """The mean forecast of the networks of one kind."""
    return np.mean([each[part] for each in results], axis=0)


def half_widths(residuals, origins, level=LEVEL, draws=20_000):
    """Half the width of intervals around a forecast, for each step and for the whole path: each (series, horizon).

    From residuals (series, origins, horizon) of forecasts of the past: their root mean square at each step, times
    Student's t with as many degrees of freedom as there are origins without a common target. The path's are wider by
    one factor: the ``level`` quantile of the largest of all steps' deviations, as correlated as the residuals are.
    """
    rms = np.sqrt(np.nanmean(residuals**2, axis=1))
    dof = np.array([rungs.independent(origins, step) for step in range(1, rms.shape[1] + 1)])
    steps = rms * stats.t.ppf((1 + level) / 2, dof)
    z = np.nan_to_num(residuals / np.where(rms > 0, rms, 1)[:, None]).reshape(-1, rms.shape[1])
    z = np.concatenate([z, 0.1 * np.sqrt(len(z)) * np.eye(rms.shape[1])])  # a little as if steps were independent
    correlation = z.T @ z
    scale = np.sqrt(np.diag(correlation))
    rng = np.random.default_rng(1)
    normal = rng.multivariate_normal(np.zeros(len(scale)), correlation / np.outer(scale, scale), draws, method="eigh")
    luck = stats.chi2.ppf(rng.uniform(size=(draws, 1)), dof)  # of the root mean square itself
    largest = (np.abs(normal) / np.sqrt(luck / dof) / stats.t.ppf((1 + level) / 2, dof)).max(axis=1)
    seen = np.nanmax(np.abs(residuals) / np.where(steps > 0, steps, 1)[:, None], axis=2)  # heavy tails
    factors = np.quantile(largest, level), np.quantile(seen[~np.isnan(seen)], level)
    return steps, steps * max(1, *factors)


def interval_table(table, plan, residuals):
    """Half-widths for what comes (from both held-out parts), and how those of the validation part did on the test part.

    A row each series and step: half, path (half-widths); known, inside (values of the test part, and those of them
    inside); paths, paths_inside (the same of whole paths).
    """
    validation, test = residuals
    at_steps, at_path = half_widths(validation, plan.validation)
    known = ~np.isnan(test)
    inside = np.abs(test) <= at_steps[:, None]
    whole = (np.abs(test) <= at_path[:, None]) | ~known
    both = np.concatenate(residuals, axis=1)
    half, path = half_widths(both, np.concatenate([plan.validation, plan.test]))
    keys = pd.MultiIndex.from_product([table.columns, range(1, plan.horizon + 1)], names=["series", "step"])
    counts = {"known": known.sum(axis=1), "inside": inside.sum(axis=1)}
    counts["paths"] = np.full(half.shape, len(plan.test))
    counts["paths_inside"] = np.broadcast_to(whole.all(axis=2).sum(axis=1)[:, None], half.shape)
    columns = {name: np.ravel(values) for name, values in ({"half": half, "path": path} | counts).items()}
    return pd.DataFrame(columns, index=keys).reset_index()


def times_ahead(index, horizon):
    """The ``horizon`` times after an even index."""
    if isinstance(index, pd.DatetimeIndex):
        return pd.date_range(index[-1], periods=horizon + 1, freq=index.freq)[1:]
    return pd.Index(index[-1] + (index[-1] - index[-2]) * np.arange(1, horizon + 1))


def find_answer(found, plan, folder, seeds, epochs, most=20_000, options=None, train=train, **budget):
    """All that notebook 08 measures, as a dict of tables (``TABLES``), with ``answer``, ``rung``, ``network``, the
    ``final`` networks' results, and ``ahead``: each model's forecasts of what comes.

    ``train`` makes the networks, as the function of this name does; another one may hand out what was trained before.
    """
    table, unit = found.table, own_plan.unit_of(found.table, plan)
    inputs = own_plan.known_inputs(found, plan, found.notes)
    parts = {"validation": plan.validation, "test": plan.test}
    made = {part: own_plan.simple_forecasts(table, plan, inputs, at) for part, at in parts.items()}
    actual = {part: own_plan.actual_at(table, plan, at) for part, at in parts.items()}
    weights = rungs.weights_of({m: own_plan.loss(actual["validation"], f, unit) for m, f in made["validation"].items()})
    results = train(found, plan, inputs, seeds, folder, epochs, most, options=options, **budget)
    for part, forecasts in made.items():
        forecasts["weighted"] = rungs.combined(forecasts, weights)
        forecasts |= {kind: ensemble(each, part) for kind, each in results.items()}
    losses = {p: {m: own_plan.loss(actual[p], f, unit) for m, f in made[p].items()} for p in parts}
    simple = {model: each for model, each in losses["validation"].items() if model not in NETWORKS}
    rung = rungs.choose(simple, plan.validation, plan.horizon)
    network = min(NETWORKS, key=lambda kind: np.nanmean(losses["validation"][kind]))
    blocks = pd.DataFrame(
        [
            {"model": model, "block": block, "loss": mean}
            for model, each in losses["test"].items()
            for block, mean in enumerate(rungs.block_means(each, plan.test, plan.horizon), start=1)
        ]
    )
    verdicts = own_plan.verdict_table(blocks, network)
    answer = own_plan.name_answer(verdicts, rung)
    best = {(network, r["run"]["seed"]): r["epochs"] for r in results[network]}
    final = train(found, plan, inputs, seeds, folder, epochs, most, final=best, options=options, **budget)[network]
    ahead = own_plan.simple_forecasts(table, plan, inputs, [plan.known])
    ahead |= {"weighted": rungs.combined(ahead, weights), network: ensemble(final, "ahead")}
    residuals = [actual[part] - made[part][answer] for part in parts]
    intervals = interval_table(table, plan, residuals)
    rows = [
        {"model": model, "part": part, "rmsse": np.sqrt(np.nanmean(each))}
        for part in parts
        for model, each in losses[part].items()
    ]
    return {
        "scores": pd.DataFrame(rows).assign(chosen=rung, network=network),
        "networks": network_table(results),
        "blocks": blocks,
        "verdicts": verdicts.assign(answer=answer),
        "intervals": intervals,
        "earlier": earlier_table(plan, made["test"][answer][0]),
        "forecast": forecast_table(table, plan, ahead[answer][:, 0], intervals, answer),
        "answer": answer, "rung": rung, "network": network, "final": final, "ahead": ahead,
    }  # fmt: skip


def network_table(results):
    """A row for each network: model, seed, weights, epochs (the best), seconds of training, device."""
    rows = [
        {"model": kind, "seed": r["run"]["seed"], "weights": r["params"]}
        | {name: r[name] for name in ("epochs", "seconds", "device")}
        for kind, each in results.items()
        for r in each
    ]
    check_one_device("own_networks.csv", table := pd.DataFrame(rows))
    return table


def earlier_table(plan, forecasts):
    """The first series as it would have been forecast from the last three ends a horizon apart: end, step, forecast."""
    wanted = [plan.known - plan.horizon * k for k in (3, 2, 1)]
    places = sorted({int(np.abs(plan.test - end).argmin()) for end in wanted})
    rows = [
        {"end": int(plan.test[p]), "step": step, "forecast": value}
        for p in places
        for step, value in enumerate(forecasts[p], start=1)
    ]
    return pd.DataFrame(rows)


def forecast_table(table, plan, ahead, intervals, model):
    """What comes: series, time, forecast, low, high, path_low, path_high, model; not below 0 where nothing ever was."""
    keys = pd.MultiIndex.from_product([table.columns, times_ahead(table.index, plan.horizon)], names=["series", "time"])
    found = pd.DataFrame({"forecast": ahead.ravel()}, index=keys).reset_index()
    for name, half in (("", "half"), ("path_", "path")):
        found[f"{name}low"] = found["forecast"] - intervals[half]
        found[f"{name}high"] = found["forecast"] + intervals[half]
    floor = found["series"].map(table.min().map(lambda low: -np.inf if low < 0 else 0.0))
    for name in ("forecast", "low", "high", "path_low", "path_high"):
        found[name] = found[name].clip(lower=floor)
    return found.assign(model=model)


def save(result, found, plan, folder):
    """Write the networks that were trained on all that is known as one file, own_series.keras, and beside it
    own_series.json: what a forecast needs."""
    own_networks.combine(result["final"]).save(Path(folder, "own_series.keras"))
    run = result["final"][0]["run"]
    kept = {name: run[name] for name in ("window", "horizon")} | {"season": plan.season, "series": list(found.table)}
    kept |= {"smallest_spread": run["floors"], "network": result["network"], "answer": result["answer"]}
    Path(folder, "own_series.json").write_text(json.dumps(kept, indent=1))


def answer_of(csv, horizon, output, profile="quick", seed=1, season=None, window=None, n_jobs=-1, **reading):
    """The command's whole way: read, plan, measure, store the tables, the picture and the network; return the words."""
    from helpers import plots
    from helpers.pictures import own

    output = Path(output)
    (output / "figures").mkdir(parents=True, exist_ok=True)
    plots.use_folder(output / "figures")
    found = own_plan.find(csv, **reading)
    plan = own_plan.make_plan(found.table, horizon, season, window, profile, bool(reading.get("inputs")))
    seeds, options = range(seed, seed + SEEDS[profile]), {"n_jobs": n_jobs}
    result = find_answer(found, plan, output, seeds, EPOCHS[profile], WINDOWS[profile], options)
    for name in TABLES:
        file = {"verdicts": "verdict", "forecast": "forecast"}.get(name, f"own_{name}")
        result[name].to_csv(output / f"{file}.csv", index=False)
    save(result, found, plan, output)
    with contextlib.redirect_stdout(io.StringIO()):  # outside Jupyter a picture is printed as its bytes
        own.draw_forecast(found.table, result["forecast"], result["earlier"], result["intervals"])
    return found_table(found, plan), in_words(result["verdicts"], result["intervals"], plan, profile)


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.own_series", description=__doc__.splitlines()[0])
    parser.add_argument("csv", help="a path or an https address of CSV, Parquet or Excel")
    parser.add_argument("--horizon", type=int, required=True, help="how many steps ahead")
    parser.add_argument("--profile", choices=list(EPOCHS), default="quick")
    parser.add_argument("--output", default="build/own", help="folder for tables, picture and network")
    for name in ("season", "window"):
        parser.add_argument(f"--{name}", type=int, help="in steps; default: found")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--time-column")
    for name in ("value-columns", "inputs", "key-columns", "missing"):
        parser.add_argument(f"--{name}", nargs="*")
    parser.add_argument("--day-first", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--decimal", choices=[".", ","])
    parser.add_argument("--encoding")
    options = vars(parser.parse_args(arguments))
    if options["missing"]:
        is_number = re.compile(r"-?\d+(\.\d+)?").fullmatch
        options["missing"] = [float(mark) if is_number(mark) else mark for mark in options["missing"]]
    try:
        facts, words = answer_of(**options)
    except (ValueError, TypeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    with pd.option_context("display.max_colwidth", None, "display.width", 200):
        print(f"\n{facts}\n\n{words}\n".replace("**", ""))
    folder = Path(options["output"]).resolve()
    print(f"forecast: {folder / 'forecast.csv'}\npicture: {folder / 'figures' / '08_forecast.png'}")
    print(f"network: {folder / 'own_series.keras'} with own_series.json; the other tables beside them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
