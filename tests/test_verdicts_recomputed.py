"""Every verdict of notebook 05, figures/verdicts.csv, again from figures/results.csv alone: scipy, and nothing of ours.

Written from the notebook's text, not from its code, so that a slip in one of the two shows. For the verdicts of
notebooks 07 and 08 see test_claims_recomputed.py.
"""

import csv
import math
from collections import defaultdict

import pytest
from conftest import ROOT
from scipy.stats import t as student

FIGURES = ROOT / "figures"
MODELS = {
    "GRU": "gru",
    "LSTM": "lstm",
    "GRU, LSTM's size": "gru_matched",
    "last value": "last_value",
    "seasonal naive": "seasonal_naive",
    "NLinear": "nlinear",
}
MARGIN, SPEED_MARGIN, ALPHA = 2.0, 100 * math.log(1.05), 0.05
COPIES = {"Activity 0", "Activity 5", "Activity 6", "Activity 7", "Activity 9"}  # one series, five times


def read(name):
    with open(FIGURES / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def load_runs(rows):
    """cell -> model -> seed -> series -> (rmse, train_seconds), in the order of the file."""
    runs = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    for row in rows:
        cell = (row["protocol"], row["dataset"], row["source"], row["horizon"])
        score = (float(row["rmse"]), float(row["train_seconds"]))
        runs[cell][row["model"]][int(row["seed"])][row["series"]] = score
    return runs


def crossed(d):
    """Mean, standard error and degrees of freedom of a table of seeds x series in which both are samples."""
    n, m = len(d), len(d[0])
    mean = sum(map(sum, d)) / (n * m)
    row = [sum(values) / m for values in d]
    column = [sum(values) / n for values in zip(*d, strict=True)]
    squares = {
        "seed": m * sum((value - mean) ** 2 for value in row),
        "series": n * sum((value - mean) ** 2 for value in column),
        "rest": sum((d[i][j] - row[i] - column[j] + mean) ** 2 for i in range(n) for j in range(m)),
    }
    dof = {"seed": n - 1, "series": m - 1, "rest": (n - 1) * (m - 1)}
    ms = {name: squares[name] / max(dof[name], 1) for name in squares}
    total = max(ms["series"] + ms["seed"] - ms["rest"], min(ms.values()))
    spread = sum(ms[name] ** 2 / max(dof[name], 1) for name in ms)
    return mean, math.sqrt(total / (n * m)), 1 if n == 2 else max(total**2 / spread, min(n, m) - 1)


def differences(models, first, second, dataset):
    """100 log(RMSE of the first model / RMSE of the second), seeds x independent series."""
    seeds = sorted(set(models[first]) | set(models[second]), key=int)
    seeds = [seed for seed in seeds if seed != 0] or [0]  # 0: a baseline, which has no seed
    table = []
    for seed in seeds:
        a, b = (models[model].get(seed) or models[model][0] for model in (first, second))
        row = {name: 100 * math.log(a[name][0] / b[name][0]) for name in b}
        if dataset == "activities":
            twins = [row.pop(name) for name in list(row) if name in COPIES]
            row["copies"] = sum(twins) / len(twins)
        table.append(list(row.values()))
    return table


def holm(p):
    """Holm's (1979) adjusted p, in the order given."""
    adjusted, worst = [0.0] * len(p), 0.0
    for rank, number in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        worst = max(worst, min(1.0, (len(p) - rank) * p[number]))
        adjusted[number] = worst
    return adjusted


def word(difference, p, p_equivalence):
    if p_equivalence < ALPHA:
        return "equivalent"
    return "undecided" if p >= ALPHA else "better" if difference < 0 else "worse"


def derive(row, runs):
    """The numbers of one row of verdicts.csv, before Holm; None where its test is not possible."""
    models = runs[row["protocol"], row["dataset"], row["source"], row["horizon"]]
    first, second = (MODELS[name] for name in row["question"].rsplit(":", 1)[0].split(" against "))
    if row["family"] == "speed":
        seconds = [
            [next(iter(run.values()))[1] for _, run in sorted(models[model].items())] for model in (first, second)
        ]
        d, margin = [[100 * math.log(a / b) for a, b in zip(*seconds, strict=True)]], SPEED_MARGIN
    else:
        d, margin = differences(models, first, second, row["dataset"]), MARGIN
    mean, se, dof = crossed(d)
    half = student.ppf(0.975, dof) * se
    return {
        "difference": mean,
        "low": mean - half,
        "high": mean + half,
        "p": 2 * student.sf(abs(mean) / se, dof),
        "p_equivalence": student.sf((margin - abs(mean)) / se, dof),
    }


@pytest.fixture(scope="module")
def rows():
    """The rows of verdicts.csv in which a test was possible, each with what this file derives."""
    runs = load_runs(read("results.csv"))
    return [(row, derive(row, runs)) for row in read("verdicts.csv") if row["p"]]


def test_every_number_is_derived_again(rows):
    assert len(rows) >= 16
    for row, derived in rows:
        for name, number in derived.items():
            assert float(row[name]) == pytest.approx(number, rel=1e-6, abs=1e-12), (row["question"], name)


def test_every_verdict_is_derived_again(rows):
    families = defaultdict(list)  # of one protocol, so that few seeds do not blunt what many can say
    for row, derived in rows:
        families[row["protocol"], row["family"]].append((row, derived))
    for members in families.values():
        adjusted = {name: holm([d[name] for _, d in members]) for name in ("p", "p_equivalence")}
        for i, (row, derived) in enumerate(members):
            assert float(row["p_holm"]) == pytest.approx(adjusted["p"][i], rel=1e-6)
            assert float(row["p_equivalence_holm"]) == pytest.approx(adjusted["p_equivalence"][i], rel=1e-6)
            found = word(derived["difference"], adjusted["p"][i], adjusted["p_equivalence"][i])
            assert row["verdict"] == found, row["question"]


def test_what_was_not_possible_says_why():
    for row in read("verdicts.csv"):
        assert row["p"] or row["verdict"].startswith("not possible: "), row["question"]
