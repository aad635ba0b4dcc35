"""The verdicts of notebooks 07 and 08 (claims.csv, verdict.csv) again, from the tables beside them: scipy alone.

Nothing of ours is imported. Written from the notebooks' texts, not from their code, so that a slip in one of the two
shows.
"""

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import t as student
from test_second_pair_of_eyes import MARGIN, crossed, differences, holm, load_runs, read, word

EXACT = {"C1", "C6", "C9b", "C11"}  # by definition: no run is needed, and tests/test_claims.py holds them
MIXED, PURE = ("lstm_gru", "gru_lstm"), ("lstm_lstm", "gru_gru")
PAIRS = {  # family of tests -> table, protocol, pairs of models
    "networks": [
        ("results", "sound", [("gru", "lstm"), ("gru_matched", "lstm"), ("gru", "rnn"), ("lstm", "rnn")]),
        ("wide", "sound", [("gru", "lstm_matched"), ("lstm_matched", "lstm")]),
    ],
    "baselines": [("results", "sound", [("gru", "nlinear"), ("lstm", "nlinear")])],
    "published": [("results", "published", [("gru", "last_value"), ("lstm", "last_value")])],
    "narrow": [
        ("narrow", "sound", [(mixed, pure) for mixed in MIXED for pure in PURE]),
        ("narrow", "sound", [("lstm_lstm", "lstm"), ("gru_gru", "gru")]),
        ("narrow", "sound", [("lstm_no_bias", "gru"), ("lstm_no_bias", "lstm"), ("lstm", "gru")]),
    ],
}


def interval(values):
    """Mean and its 95 % t interval."""
    values = np.array(values, dtype=float)
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return values.mean(), values.mean() - half, values.mean() + half


@pytest.fixture(scope="module")
def judged():
    """A list of dicts, one for each comparison of two models: family, dataset, first, second, word, triple."""
    stacks = read("stacks.csv")
    tables = {"results": load_runs(read("results.csv"))}
    tables |= {group: load_runs(row for row in stacks if row["group"] == group) for group in ("narrow", "wide")}
    found = []
    for family, sources in PAIRS.items():
        members = []
        for table, protocol, pairs in sources:
            for (name, dataset, *_), models in tables[table].items():
                for first, second in pairs:
                    if name == protocol and first in models and second in models:
                        d = differences(models, first, second, dataset)
                        if len(d) < 2:
                            continue  # one seed: no test
                        mean, se, dof = crossed(d)
                        half = student.ppf(0.975, dof) * se
                        p = 2 * student.sf(abs(mean) / se, dof), student.sf((MARGIN - abs(mean)) / se, dof)
                        row = {"family": family, "dataset": dataset, "pair": (first, second), "p": p}
                        members.append(row | {"triple": (mean, mean - half, mean + half)})
        adjusted = [holm([member["p"][kind] for member in members]) for kind in (0, 1)]
        for member, p, p_equivalence in zip(members, *adjusted, strict=True):
            found.append(member | {"word": word(member["triple"][0], p, p_equivalence)})
    return found


def chosen(judged, *pairs, **wanted):
    return [row for row in judged if row["pair"] in pairs and all(row[key] == value for key, value in wanted.items())]


def words(rows):
    return [row["word"] for row in rows]


def largest(rows):
    return max((row["triple"] for row in rows), key=lambda triple: abs(triple[0]))


def one_of(rules, otherwise="not supported"):
    """The verdict of the first rule that is true."""
    return next((verdict for verdict, is_true in rules if is_true), otherwise)


def on_errors(judged):
    """Claim -> (verdict, triple): those that rest on the errors of runs alone."""
    same = chosen(judged, ("gru", "lstm"))
    weighed = chosen(judged, ("gru_matched", "lstm"), ("gru", "lstm_matched"))
    gated = chosen(judged, ("gru", "rnn"), ("lstm", "rnn"))
    linear = chosen(judged, ("gru", "nlinear"), ("lstm", "nlinear"))
    naive = [row for row in judged if row["family"] == "published"]
    variants = same + chosen(judged, ("gru_matched", "lstm"), ("lstm_matched", "lstm"), ("lstm_no_bias", "lstm"))
    stacked = [row for row in judged if row["pair"][0] in MIXED]
    flipped = [-np.array(row["triple"])[[0, 2, 1]] for row in same]
    flip = {"better": "worse", "worse": "better"}
    settled = {"equivalent", "worse"}

    def everywhere(found):
        rules = [("holds", set(found) == {"better"}), ("holds with limits", "better" in found)]
        return one_of([*rules, ("wrong", "worse" in found or "undecided" not in found)])

    all_same, heavy, no_linear = words(same + weighed), words(weighed), words(linear)
    halves = [set(words(row for row in naive if row["dataset"] == name)) for name in ("activities", "bankex")]
    true = [halves[0] == {"better"}, halves[1] <= settled]
    groups = [
        words(row for row in stacked if row["pair"][0] == mixed and row["dataset"] == name)
        for mixed in MIXED
        for name in ("activities", "bankex")
    ]
    quiet = [each in settled for group in groups for each in group]
    undecided = words(variants).count("undecided")
    return {
        "C10": one_of([
            ("holds", set(all_same) == {"equivalent"}), ("holds with limits", "equivalent" in all_same),
            ("wrong", {"better", "worse"} & set(all_same)),
        ]),
        "C5": one_of([
            ("not supported", "better" not in words(same)), ("wrong", "better" in heavy),
            ("holds with limits", set(heavy) <= settled),
        ]),
        "Chung 2014": everywhere(words(gated)),
        "Britz 2017": everywhere([flip.get(each, each) for each in words(same)]),
        "Greff 2017": one_of([
            ("wrong", "better" in words(variants)), ("holds", not undecided),
            ("holds with limits", undecided < len(variants)),
        ]),
        "Zeng 2023": one_of([
            ("wrong", set(no_linear) == {"better"}),
            ("holds", set(no_linear) <= settled),
            ("holds with limits", settled & set(no_linear) and 2 * no_linear.count("better") <= len(no_linear)),
        ]),
        "Velarde 2022": one_of([
            ("holds", all(true)), ("holds with limits", any(true)),
            ("wrong", settled & halves[0] and "better" in halves[1]),
        ]),
        "C12": one_of([
            ("wrong", any(set(group) == {"better"} for group in groups)), ("holds", all(quiet)),
            ("holds with limits", any(quiet)),
        ]),
    }, {
        "C10": largest(same + weighed), "C5": largest(same), "Chung 2014": largest(gated),
        "Britz 2017": max(flipped, key=lambda triple: abs(triple[0])), "Greff 2017": largest(variants),
        "Zeng 2023": largest(linear), "Velarde 2022": largest(naive),
        "C12": largest(stacked + chosen(judged, ("lstm_lstm", "lstm"), ("gru_gru", "gru"))),
    }  # fmt: skip


def on_memory(judged):
    """The same for those that rest on recall, counting, strings and gradients."""
    recall = defaultdict(lambda: defaultdict(list))
    for row in read("memory.csv"):
        recall[row["setting"]][row["seed"]].append(float(row["accuracy"]))

    def lead(first, second):
        return interval([np.mean(recall[first][seed]) - np.mean(recall[second][seed]) for seed in recall[first]])

    rnn, rnn_open = lead("GRU", "RNN"), lead("GRU, gates open", "RNN")
    lstm, lstm_open = lead("GRU", "LSTM"), lead("GRU, gates open", "LSTM, gates open")
    same = [low > -0.05 and high < 0.05 for _, low, high in (lstm, lstm_open)]
    bias = lead("LSTM", "LSTM, no forget bias")
    narrow = [
        words(chosen(judged, pair, family="narrow"))
        for pair in (("lstm_no_bias", "gru"), ("lstm", "gru"), ("lstm_no_bias", "lstm"))
    ]
    right = defaultdict(dict)
    for row in read("counting.csv"):
        right[float(row["grid"]), row["model"]][row["seed"]] = float(row["right"])
    exact, rounded = (
        interval([right[grid, "lstm"][seed] - right[grid, "gru"][seed] for seed in right[grid, "lstm"]])
        for grid in (0.0, 0.05)
    )
    letters = defaultdict(dict)
    for row in read("strings.csv"):
        letters[int(row["period"]), row["cell"]][row["seed"]] = float(row["right"])
    ends = min(letters)[0], max(letters)[0]
    simple, hard = (
        interval([letters[end, "gru"][seed] - letters[end, "lstm"][seed] for seed in letters[end, "gru"]])
        for end in ends
    )
    low, high = 10 ** (-1 / 60), 10 ** (1 / 60)
    factors = {
        (name, column, value): interval(gradient_factors(name, column, value))
        for name in ("gru", "lstm")
        for column, value in (("gain", 0.5), ("gain", 1.0), ("gain", 2.0), ("gate_bias", 4.0))
    }
    made = [factors[name, "gain", 1.0] for name in ("gru", "lstm")]
    opened = [factors[name, "gate_bias", 4.0] for name in ("gru", "lstm")]
    explodes = any(triple[1] > high for triple in factors.values())
    alive = [all(low < a and b < high for _, a, b in group) and not explodes for group in (made, opened)]
    return {
        "C2": one_of([
            ("holds", rnn[1] > 0), ("holds with limits", rnn_open[1] > 0),
            ("wrong", rnn[2] < 0 and rnn_open[2] < 0.05),
        ]),
        "C8": one_of([
            ("holds", all(same)), ("holds with limits", any(same)), ("wrong", lstm[1] > 0.05 or lstm[2] < -0.05),
        ]),
        "Jozefowicz 2015": one_of([
            ("holds", "worse" in narrow[0] and "worse" not in narrow[1]),
            ("wrong", "better" in narrow[2] or bias[2] < 0),
            ("holds with limits", "worse" in narrow[2] or bias[1] > 0),
        ]),
        "Weiss 2018": one_of([
            ("holds", exact[1] > 0), ("holds with limits", rounded[1] > 0), ("wrong", rounded[2] < 0),
        ]),
        "Cahuantzi 2021": one_of([
            ("wrong", simple[2] < 0 or hard[1] > 0), ("holds", simple[1] > 0 and hard[2] < 0),
            ("holds with limits", simple[1] > 0 or hard[2] < 0),
        ]),
        "C3": one_of([
            ("holds", alive[0]), ("holds with limits", alive[1]),
            ("wrong", all(b < low or a > high for _, a, b in made)),
        ]),
    }, {
        "C2": rnn, "C8": lstm, "Jozefowicz 2015": bias, "Weiss 2018": rounded, "Cahuantzi 2021": hard, "C3": made[0],
    }  # fmt: skip


def gradient_factors(name, column, value):
    """The factor a step of the gradient norm over the first 60 steps, fitted on logarithms, one for each seed."""
    points = defaultdict(list)
    for row in read("gradient_norms.csv"):
        wanted = row["name"] == name and row[column] and float(row[column]) == value
        if wanted and int(row["k"]) <= 60 and float(row["norm"]) > 0:
            points[row["seed"]].append((int(row["k"]), math.log(float(row["norm"]))))
    slopes = []
    for pairs in points.values():
        k, logarithm = np.array(pairs).T
        slopes.append(((k - k.mean()) * (logarithm - logarithm.mean())).sum() / ((k - k.mean()) ** 2).sum())
    return np.exp(slopes)


def on_speed_and_gates(judged):
    """The same for those that rest on seconds, and on the gates of trained networks."""
    seconds, sizes = defaultdict(dict), []
    for row in read("speed.csv"):
        size = row["units"], row["window"], row["batch"], row["way"]
        sizes.append(size)
        seconds[size, row["cell"]][row["repetition"]] = float(row["seconds"])
    ratios = {}
    for size in dict.fromkeys(sizes):
        gru, lstm = seconds[size, "gru"], seconds[size, "lstm"]
        ratios[size] = np.exp(interval([math.log(gru[n] / lstm[n]) for n in gru]))
    study = [ratios["128", "60", "32", way] for way in ("plain", "XLA")]
    saved = [100 * (1 - np.array(triple)[[0, 2, 1]]) for triple in ratios.values()]
    here = [100 * (1 - np.array(triple)[[0, 2, 1]]) for triple in study]
    faster, slower = [triple[2] < 1 for triple in ratios.values()], [triple[1] > 1 for triple in ratios.values()]
    fine = [each in ("equivalent", "better") for each in words(chosen(judged, ("gru", "lstm")))]
    errors = words(chosen(judged, ("gru", "lstm"), family="networks"))
    gates = defaultdict(list)
    for row in read("couplings.csv"):
        gates[row["model"]].append(float(row["value"]))
    coupled = interval(gates["lstm"])
    return {
        "C9": one_of([("holds", all(faster)), ("holds with limits", any(faster)), ("wrong", any(slower))]),
        "Yang 2020": one_of([
            ("holds", all(a >= 24.29 and b <= 34.29 for _, a, b in here)),
            ("holds with limits", any(a >= 24.29 for _, a, _ in saved)), ("wrong", all(b < 0 for _, _, b in here)),
        ]),
        "C4": one_of([
            ("holds", all(b < 1 for _, _, b in study) and all(fine)),
            ("holds with limits", any(b < 1 for _, _, b in study) and any(fine) and "worse" not in errors),
            ("wrong", all(a > 1 for _, a, _ in study) or set(errors) == {"worse"}),
        ]),
        "C7": one_of([
            ("wrong", max(gates["gru"]) > 1e-4 or coupled[1] < -0.9), ("holds", coupled[1] > -0.3 and coupled[2] < 0.3),
        ], "holds with limits"),
    }, {"C9": study[1], "Yang 2020": here[1], "C4": study[1], "C7": coupled}  # fmt: skip


def test_every_claim_is_judged_again(judged):
    claims = {row["id"]: row for row in read("claims.csv")}
    verdicts, numbers = {}, {}
    for derive_again in (on_errors, on_memory, on_speed_and_gates):
        for found, new in zip((verdicts, numbers), derive_again(judged), strict=True):
            found |= new
    assert set(claims) == set(verdicts) | EXACT
    for name, verdict in verdicts.items():
        printed = [float(claims[name][column]) for column in ("number", "low", "high")]
        assert printed == pytest.approx(list(numbers[name]), rel=1e-6, abs=1e-9), name
        assert claims[name]["verdict"] == verdict, name


# --- verdict.csv of notebook 08 --------------------------------------------------------------------------------------


def test_every_verdict_on_one_series_is_derived_again():
    blocks = defaultdict(lambda: defaultdict(list))  # model -> seed -> mean losses in the blocks of the test part
    for row in read("own_blocks.csv"):
        blocks[row["model"]][row["seed"]].append(float(row["loss"]))
    verdicts = read("verdict.csv")
    for row in verdicts:
        first, second = (list(blocks[row[name]].values()) for name in ("first", "second"))
        scale = np.mean(second)
        second = second * (len(first) // len(second))  # a simple forecast has one run for all seeds
        d = [[100 * (a - b) / scale for a, b in zip(*pair, strict=True)] for pair in zip(first, second, strict=True)]
        mean, se, dof = crossed(d)
        half = student.ppf(0.975, dof) * se
        p, p_equivalence = 2 * student.sf(abs(mean) / se, dof), student.sf((4 - abs(mean)) / se, dof)
        printed = [float(row[name]) for name in ("difference", "low", "high", "p", "p_equivalence")]
        assert printed == pytest.approx([mean, mean - half, mean + half, p, p_equivalence], rel=1e-6, abs=1e-12)
        assert row["verdict"] == word(mean, p, p_equivalence)
    *rungs, between = verdicts
    assert (between["first"], between["second"]) == ("gru", "lstm")
    network_wins = all(row["verdict"] == "better" for row in rungs)
    assert {row["answer"] == rungs[0]["first"] for row in verdicts} == {network_wins}
