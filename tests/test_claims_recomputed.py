"""The verdicts of notebooks 07 and 08 (claims.csv, verdict.csv) again, from the tables beside them: scipy alone.

Nothing of ours is imported. Written from the notebooks' texts, not from their code, so that a slip in one of the two
shows.
"""

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import t as student
from test_verdicts_recomputed import COPIES, FIGURES, crossed, read, word

COUNTED = {"C1": True, "C6": True, "C9b": False, "C11": False}  # true by construction? (nothing was measured)
INF = math.inf
NAMES = ("bankex", "activities")


def sample(values):
    """Mean, standard error, degrees of freedom."""
    values = np.array(values, dtype=float)
    return values.mean(), values.std(ddof=1) / math.sqrt(len(values)), len(values) - 1


def columns(name, *keys):
    """Rows of a table as {(values of the keys): row}; numbers as they are printed."""
    return {tuple(row[key] for key in keys): row for row in read(name)}


# --- what was measured


def recalled():
    """setting -> seed -> mean share of right answers over the lags."""
    found = defaultdict(lambda: defaultdict(list))
    for row in read("memory.csv"):
        found[row["setting"]][row["seed"]].append(float(row["accuracy"]))
    return {setting: {seed: np.mean(each) for seed, each in seeds.items()} for setting, seeds in found.items()}


def lead(memory, first, second):
    return sample([memory[first][seed] - memory[second][seed] for seed in memory[first]])


def seconds():
    """(device table, way, units, window, batch) -> ratios GRU / LSTM, one a repetition."""
    found = defaultdict(lambda: defaultdict(dict))
    for name, column in (("speed.csv", "seconds"), ("gpu_speed.csv", "seconds_per_step")):
        for row in read(name):
            size = (name, row["way"], row["units"], row["window"], row["batch"])
            found[size][row["cell"]][row["repetition"]] = float(row[column])
    return {size: np.array([each["gru"][n] / each["lstm"][n] for n in each["gru"]]) for size, each in found.items()}


def log_ratio(rows, first, second):
    """100 log of a ratio of RMSE over seeds and series (copies averaged): mean, standard error, dof."""
    found = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[row["model"]][row["seed"]][row["series"]] = float(row["rmse"])
    table = []
    for seed, one in found[first].items():
        other = found[second].get(seed) or next(iter(found[second].values()))
        d = {name: 100 * math.log(one[name] / other[name]) for name in one}
        copies = [value for name, value in d.items() if name in COPIES]
        table.append([value for name, value in d.items() if name not in COPIES] + ([np.mean(copies)] if copies else []))
    return crossed(table)


def over_sets(first, second):
    """Over the data sets, each counted once: mean, standard error, sets, tau (Paule & Mandel)."""
    arrays = np.load(FIGURES / "data_sets.npz")
    effects = []
    for name in dict.fromkeys(row["set"] for row in read("data_sets.csv")):
        a, b = (arrays[f"mase|{name}|{model}|refitted"].astype(float) for model in (first, second))
        n = max(len(a), len(b)) if 1 in (len(a), len(b)) else min(len(a), len(b))
        a, b = (np.broadcast_to(each, (n, each.shape[1])) if len(each) == 1 else each[:n] for each in (a, b))
        good = (np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)).all(axis=0)
        effects.append(fast_crossed(100 * np.log(a[:, good] / b[:, good])))
    y, v = np.array(effects).T
    k = len(y)

    def excess(tau2):
        w = 1 / (v + tau2)
        return (w * (y - (w * y).sum() / w.sum()) ** 2).sum() - (k - 1)

    tau2 = brentq(excess, 0, 1e4, xtol=1e-12) if excess(0) > 0 else 0.0
    return y.mean(), y.std(ddof=1) / math.sqrt(k), k, math.sqrt(tau2)


def fast_crossed(d):
    """As ``crossed``, for many series: the mean and the squared standard error."""
    n, m = d.shape
    mean, seed, series = d.mean(), d.mean(axis=1, keepdims=True), d.mean(axis=0, keepdims=True)
    rest = ((d - seed - series + mean) ** 2).sum() / max((n - 1) * (m - 1), 1)
    by_seed = m * ((seed - mean) ** 2).sum() / max(n - 1, 1)
    by_series = n * ((series - mean) ** 2).sum() / max(m - 1, 1)
    return mean, max(by_series + by_seed - rest, min(by_series, by_seed, rest)) / (n * m)


def left_after_60():
    """(cell, what was set, its value) -> powers of ten of the gradient left after 60 steps, one a seed."""
    found = defaultdict(list)
    for row in read("gradient_norms.csv"):
        if row["k"] == "60":
            for setting in ("gain", "gate_bias"):
                if row[setting]:
                    found[row["name"], setting, float(row[setting])].append(math.log10(float(row["norm"])))
    return found


def times_to_target():
    """case -> 100 log of seconds GRU / LSTM until the validation error that all twenty networks reached, by seed."""
    curves = defaultdict(lambda: defaultdict(list))
    epochs = defaultdict(lambda: defaultdict(list))
    for row in read("histories.csv"):
        if row["protocol"] == "sound":
            case = row["dataset"], row["horizon"]
            epochs[case][row["model"], row["seed"]].append(float(row["seconds"]))
            if row["model"] in ("gru", "lstm"):
                curves[case][row["model"], row["seed"]].append((float(row["val_loss"]), float(row["seconds"])))
    times = {}
    for case, runs in curves.items():
        target = max(min(loss for loss, _ in run) for run in runs.values())
        needed = {}
        for network, run in runs.items():
            first = next(n for n, (loss, _) in enumerate(run, 1) if loss <= target)
            needed[network] = sum(second for _, second in run[:first])
        seeds = [seed for model, seed in runs if model == "gru"]
        times[case] = [100 * math.log(needed["gru", seed] / needed["lstm", seed]) for seed in seeds]
    weighed = {}
    for model in ("gru", "gru_matched"):
        by_seed = defaultdict(list)
        for runs in epochs.values():
            for name, seed in runs:
                if name == model:
                    ratio = np.median(runs[model, seed]) / np.median(runs["lstm", seed])
                    by_seed[seed].append(100 * math.log(ratio))
        weighed[model] = [np.mean(each) for each in by_seed.values()]
    return times, weighed


# --- the evidence on each claim: (mean, se, dof), least, most, made, condition


def on_networks():
    memory, norms = recalled(), left_after_60()
    open_gates = lead(memory, "GRU, gates open", "RNN"), lead(memory, "GRU, gates open", "LSTM, gates open")
    evidence = {
        "C2": [(lead(memory, "GRU", "RNN"), 0, INF, True, False), (open_gates[0], 0, INF, False, True)],
        "C8": [(lead(memory, "GRU", "LSTM"), -0.05, 0.05, True, False), (open_gates[1], -0.05, 0.05, False, True)],
        "C3": [],
    }
    for cell in ("gru", "lstm"):
        evidence["C3"] += [
            (sample(norms[cell, "gain", 1.0]), -1, 1, True, False),
            (sample(norms[cell, "gate_bias", 4.0]), -1, 1, False, True),
            (sample(norms[cell, "gain", 2.0]), -INF, 1, False, False),
        ]
    gates = defaultdict(list)
    for row in read("couplings.csv"):
        if row["model"] == "lstm":
            gates[row["dataset"]].append(float(row["value"]))
    evidence["C7"] = [(sample(each), -0.3, 0.3, True, False) for each in gates.values()]
    right = columns("counting.csv", "grid", "model", "seed")
    grids = sorted({float(grid) for grid, _, _ in right})
    evidence["Weiss 2018"] = []
    for grid in grids:
        at = {key: float(row["right"]) for key, row in right.items() if float(key[0]) == grid}
        gaps = [share - at[text, "gru", seed] for (text, model, seed), share in at.items() if model == "lstm"]
        evidence["Weiss 2018"].append((sample(gaps), 0, INF, grid > 0, grid >= 0.01))
    stacks = defaultdict(list)
    for row in read("stacks.csv"):
        stacks[row["group"], row["dataset"]].append(row)
    without = "LSTM, no forget bias"
    evidence["Jozefowicz 2015"] = [
        (lead(memory, "GRU", without), 0.05, INF, True, False),
        *((log_ratio(stacks["narrow", on], "gru", "lstm_no_bias"), -INF, -2, True, False) for on in NAMES),
        (lead(memory, "GRU", "LSTM"), -INF, 0.05, False, True),
        (lead(memory, "LSTM", without), 0, INF, False, True),
    ]
    evidence["C12"] = [
        (log_ratio(stacks["narrow", on], mixed, pure), -2, INF, True, False)
        for on in NAMES
        for mixed in ("lstm_gru", "gru_lstm")
        for pure in ("lstm_lstm", "gru_gru")
    ]
    variants = [("narrow", "lstm_no_bias"), ("wide", "lstm_matched")]
    evidence["Greff 2017"] = [
        (log_ratio(stacks[group, on], model, "lstm"), -2, INF, True, False) for on in NAMES for group, model in variants
    ]
    letters = {
        key: float(row["right"]) for key, row in columns("strings.csv", "updates", "period", "seed", "cell").items()
    }
    evidence["Cahuantzi 2021"] = []
    for chosen, least, most in ((lambda p: p <= 16, 0, INF), (lambda p: p >= 64, -INF, 0)):
        gaps = defaultdict(list)  # over budgets and periods
        for (budget, period, seed, cell), share in letters.items():
            if chosen(int(period)) and cell == "gru" and int(seed) > 6:  # the first six made the rule
                gaps[seed].append(share - letters[budget, period, seed, "lstm"])
        evidence["Cahuantzi 2021"].append((sample([np.mean(g) for g in gaps.values()]), least, most, True, False))
    return evidence


def on_seconds():
    ratios, (times, weighed) = seconds(), times_to_target()
    study = ("128", "60", "32")
    logs = {size: sample(100 * np.log(each)) for size, each in ratios.items()}
    cpu = {way: logs["speed.csv", way, *study] for way in ("plain", "XLA")}
    gpu = {
        (way, batch): logs["gpu_speed.csv", way, "128", "60", batch]
        for way in ("eager", "graph")
        for batch in ("32", "1024")
    }
    saved = [
        sample(100 * (1 - ratios[(name, way, *study)]))
        for name, way in (
            ("speed.csv", "plain"),
            ("speed.csv", "XLA"),
            ("gpu_speed.csv", "eager"),
            ("gpu_speed.csv", "graph"),
        )
    ]
    return {
        "C9": [
            (cpu["plain"], -INF, 0, True, False),
            (cpu["XLA"], -INF, 0, False, True),
            (gpu["eager", "32"], -INF, 0, True, False),
            (gpu["graph", "32"], -INF, 0, False, True),
            (gpu["eager", "1024"], -INF, 0, False, False),
            (gpu["graph", "1024"], -INF, 0, False, False),
            (sample(weighed["gru"]), -INF, 0, False, True),
            (sample(weighed["gru_matched"]), 0, INF, False, True),
        ],
        "Yang 2020": [(each, 24.29, 34.29, True, False) for each in saved],
        "C4": [
            (cpu["plain"], -INF, 0, True, False),
            (cpu["XLA"], -INF, 0, False, True),
            *((sample(each), -INF, 0, False, False) for each in times.values()),
            (average("gru", "lstm"), -2, 2, True, True),
        ],
    }


def average(first, second):
    mean, se, k, _ = over_sets(first, second)
    return mean, se, k - 1


def on_errors():
    mean, se, k, tau = over_sets("gru", "lstm")
    tuned, matched = (mean, se, k - 1), average("gru_matched", "lstm")
    results = defaultdict(list)
    for row in read("results.csv"):
        results[row["protocol"], row["dataset"], row["horizon"]].append(row)
    cases = [(on, ahead) for on in NAMES for ahead in ("1", "20")]
    return {
        "C5": [(tuned, -INF, -2, True, False)],
        "C10": [
            (tuned, -2, 2, True, True),
            (matched, -2, 2, True, False),
            (average("gru_default", "lstm_default"), -2, 2, True, False),
            ((mean, math.hypot(tau, se), k - 2), -2, 2, True, False),
        ],
        "Chung 2014": [(average(model, "rnn"), -INF, -2, True, False) for model in ("gru", "lstm")],
        "Britz 2017": [((-mean, se, k - 1), -INF, -2, True, False)],
        "Greff 2017": [(tuned, -2, INF, True, True), (matched, -2, INF, True, True)],
        "Velarde 2022": [
            (
                log_ratio(results["published", on, ahead], model, "last_value"),
                *((-INF, -2) if on == "activities" else (-2, INF)), True, False,
            )
            for on, ahead in cases
            for model in ("gru", "lstm")
        ],
        "Zeng 2023": [
            *((average(model, "nlinear"), -2, INF, True, False) for model in ("gru", "lstm")),
            *(
                (log_ratio(results["sound", on, ahead], model, "nlinear"), -2, INF, False, False)
                for on, ahead in cases
                for model in ("gru", "lstm")
            ),
        ],
    }  # fmt: skip


# --- the rules, from the text


def holm(p):
    """Adjusted p: the smallest times n, the next times n - 1, ..., never below one before, at most 1."""
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(np.array(p)[order] * np.arange(len(p), 0, -1))
    return np.minimum(adjusted, 1)[np.argsort(order)]


def beyond(distance, se, dof):
    """One-sided p that a number lies so far on the right side of a border by luck."""
    if distance == INF:
        return 0.0
    if se == 0:
        return 1.0 if distance == 0 else float(distance < 0)
    return student.sf(distance / se, dof)


def weigh(rows):
    """The verdict on a claim, and whether its condition is met."""
    inside = holm([max(beyond(m - low, se, dof), beyond(high - m, se, dof)) for (m, se, dof), low, high, _, _ in rows])
    outside = holm([
        min(beyond(low - m, se, dof) if low > -INF else 1, beyond(m - high, se, dof) if high < INF else 1)
        for (m, se, dof), low, high, _, _ in rows
    ])  # fmt: skip
    words = ["for" if a < 0.025 else "against" if b < 0.025 else "open" for a, b in zip(inside, outside, strict=True)]
    rescue = [each for each, (*_, condition) in zip(words, rows, strict=True) if condition]
    met = bool(rescue) and set(rescue) == {"for"}
    if any(each == "against" and made for each, (_, _, _, made, _) in zip(words, rows, strict=True)):
        return "contradicted as made", met
    if set(words) == {"for"}:
        return "holds", met
    return ("true only if" if met else "not tested well enough"), met


@pytest.fixture(scope="module")
def evidence():
    found = defaultdict(list)
    for part in (on_seconds(), on_errors(), on_networks()):  # of Greff's rows those over the sets come first
        for name, rows in part.items():
            found[name] += rows
    return found


def test_every_claim_is_judged_again(evidence):
    claims = {row["id"]: row for row in read("claims.csv")}
    assert set(claims) == set(evidence) | set(COUNTED)
    for name, true in COUNTED.items():
        assert claims[name]["verdict"] == ("a fact of construction" if true else "contradicted as made")
    for name, rows in evidence.items():
        verdict, met = weigh(rows)
        assert (claims[name]["verdict"], bool(claims[name]["only_if"])) == (verdict, met), name


def test_every_piece_of_evidence_is_computed_again(evidence):
    printed = defaultdict(list)
    for row in read("claims_evidence.csv"):
        printed[row["id"]].append(row)
    assert set(printed) == set(evidence)
    for name, rows in evidence.items():
        again = [[mean, se, dof, least, most] for (mean, se, dof), least, most, _, _ in rows]
        columns_ = ("number", "se", "dof", "least", "most")
        there = [[float(row[column]) for column in columns_] for row in printed[name]]
        np.testing.assert_allclose(sorted(there), sorted(again), rtol=1e-5, atol=1e-6, err_msg=name)
        marks = [(str(made), str(condition)) for *_, made, condition in rows]
        assert sorted(marks) == sorted((row["made"], row["condition"]) for row in printed[name]), name


# --- verdict.csv of notebook 08 --------------------------------------------------------------------------------------


def test_every_verdict_on_one_series_is_derived_again():
    blocks = defaultdict(list)  # model -> mean losses in the blocks of the test part
    for row in read("own_blocks.csv"):
        blocks[row["model"]].append(float(row["loss"]))
    verdicts = read("verdict.csv")
    for row in verdicts:
        d = np.array([50 * math.log(a / b) for a, b in zip(blocks[row["first"]], blocks[row["second"]], strict=True)])
        mean, se, dof = d.mean(), d.std(ddof=1) / math.sqrt(len(d)), len(d) - 1
        half = student.ppf(0.975, dof) * se
        p, p_equivalence = 2 * student.sf(abs(mean) / se, dof), student.sf((2 - abs(mean)) / se, dof)
        printed = [float(row[name]) for name in ("difference", "low", "high", "p", "p_equivalence")]
        assert printed == pytest.approx([mean, mean - half, mean + half, p, p_equivalence], rel=1e-6, abs=1e-12)
        assert row["verdict"] == word(mean, p, p_equivalence)
    *rungs, between = verdicts
    assert (between["first"], between["second"]) == ("gru", "lstm")
    assert {row["second"] for row in rungs} == set(blocks) - {"gru", "lstm"}
    chosen = {row["chosen"] for row in read("own_scores.csv")}
    beaten = {row["second"] for row in rungs if row["verdict"] == "better"}
    network_wins = chosen <= beaten and all(float(row["difference"]) < 0 for row in rungs)
    assert {row["answer"] == rungs[0]["first"] for row in verdicts} == {network_wins}
