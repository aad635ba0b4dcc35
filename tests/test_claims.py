"""The rules of notebook 07: planted numbers and planted tables get the verdicts that they must get."""

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from IPython.display import Markdown
from scipy import stats
from statsmodels.stats.multitest import multipletests

from helpers import comparison
from helpers.comparison import CELL

NOTEBOOK = ROOT / "notebooks" / "07_claims_on_trial.ipynb"
CLAIMS = [f"C{number}" for number in range(1, 13)]
SERIES = {"bankex": [f"bank {i}" for i in range(8)], "activities": [f"Activity {i}" for i in range(10)]}
LEVEL = dict(last_value=1.0, nlinear=1.0, rnn=1.0, gru=1.0, lstm=1.0, gru_matched=1.0)  # RMSE in last values


@pytest.fixture(scope="module")
def rules():
    """What the notebook's cells tagged "rules" define: they need no TensorFlow and no data."""
    space = {"np": np, "pd": pd, "stats": stats, "multipletests": multipletests, "comparison": comparison}
    space |= {"CELL": CELL, "Markdown": Markdown, "display": lambda text: None}
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if "rules" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


def planted_table(noise=0.002, seeds=6, protocol="sound", horizons=(20,), **levels):
    """A results table in which each model's errors are its level times the last value's, and some noise."""
    rng = np.random.default_rng(1)
    rows = []
    for dataset, names in SERIES.items():
        for horizon in horizons:
            for model, level in (LEVEL | levels).items():
                runs = [0] if model in comparison.BASELINES else range(1, seeds + 1)
                for run in runs:
                    scatter = 0 if model in comparison.BASELINES else noise
                    rmse = level * (1 + scatter * rng.standard_normal(len(names)))
                    key = (protocol, dataset, "simulated", horizon, model, run)
                    rows += [(*key, name, value) for name, value in zip(names, rmse, strict=True)]
    return pd.DataFrame(rows, columns=[*CELL, "model", "seed", "series", "rmse"])


def words(rules, table, *pairs, **cell):
    return list(rules["chosen"](rules["settle"](rules["judge_table"](table)), *pairs, **cell)["word"])


def test_the_docket_holds_all_claims_and_every_rule_says_what_counts_as_true(rules):
    docket = rules["DOCKET"]
    assert set(CLAIMS) <= set(docket)
    reported = ("Chung", "Jozefowicz", "Greff", "Britz", "Weiss", "Yang", "Cahuantzi", "Zeng", "Velarde")
    for name in reported:
        assert any(entry.startswith(name) for entry in docket)
    (listed,) = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if "### The docket" in cell.source]
    for name, (text, test, _, _) in docket.items():
        assert f"| {name} | {text} | {test} | 6." in listed
    for _, _, rule, notebooks in docket.values():
        text = rule.__doc__
        assert sum(word in text for word in rules["SCALE"]) >= 2 or "a definition" in text
        for number in notebooks.split(", "):
            assert list((ROOT / "notebooks").glob(f"{number}_*.ipynb"))


@pytest.mark.parametrize(
    ("level", "noise", "word", "c10", "c5", "britz", "greff"),
    [
        (1.0, 0.002, "equivalent", "holds", "not supported", "wrong", "holds"),
        (0.9, 0.002, "better", "wrong", "wrong", "wrong", "wrong"),
        (1.1, 0.002, "worse", "wrong", "not supported", "holds", "holds"),
        (1.0, 0.5, "undecided", "not supported", "not supported", "not supported", "not supported"),
    ],
)
def test_a_planted_table_gets_its_verdict(rules, level, noise, word, c10, c5, britz, greff):
    table = planted_table(noise, gru=level, gru_matched=level)
    width, weight = words(rules, table, ("gru", "lstm")), words(rules, table, ("gru_matched", "lstm"))
    assert width == weight == [word] * 2
    assert rules["interchangeable"](width + weight) == c10
    assert rules["simpler_is_why"](width, weight) == c5
    assert rules["better_everywhere"](rules["flipped"](width)) == britz
    assert rules["no_variant_better"](width) == greff


def test_a_lead_that_is_gone_at_equal_weights_speaks_for_fewer_weights(rules):
    table = planted_table(gru=0.9)
    width, weight = words(rules, table, ("gru", "lstm")), words(rules, table, ("gru_matched", "lstm"))
    assert rules["simpler_is_why"](width, weight) == "holds with limits"


def test_networks_against_rnn_and_baselines(rules):
    strong = planted_table(gru=0.5, lstm=0.5)
    assert rules["better_everywhere"](words(rules, strong, ("gru", "rnn"), ("lstm", "rnn"))) == "holds"
    assert rules["hard_to_beat"](words(rules, strong, *rules["BASED"])) == "wrong"
    assert rules["hard_to_beat"](words(rules, planted_table(), *rules["BASED"])) == "holds"
    noisy = words(rules, planted_table(noise=0.5), *rules["BASED"])
    assert rules["hard_to_beat"](noisy) == "not supported"


def test_as_published_on_activities_only(rules):
    equal, strong = planted_table(protocol="published"), planted_table(protocol="published", gru=0.5, lstm=0.5)

    def verdict(activities, bankex):
        table = pd.concat([activities[activities.dataset == "activities"], bankex[bankex.dataset == "bankex"]])
        judged = rules["settle"](rules["judge_table"](table))
        halves = [rules["chosen"](judged, *rules["NAIVE"], dataset=name) for name in ("activities", "bankex")]
        return rules["activities_only"](*(list(half["word"]) for half in halves))

    assert verdict(strong, equal) == "holds"
    assert verdict(strong, strong) == verdict(equal, equal) == "holds with limits"
    assert verdict(equal, strong) == "wrong"
    noisy = planted_table(noise=0.5, protocol="published")
    assert verdict(noisy, noisy) == "not supported"


def test_holm_runs_over_the_whole_family(rules):
    judged = rules["settle"](rules["judge_table"](planted_table(horizons=(1, 20), gru=0.995)))
    family = judged[judged.family == "networks"]
    assert len(family) == 16
    for name in ("p", "p_equivalence"):
        assert np.allclose(family[f"{name}_holm"], multipletests(family[name], method="holm")[1])


def test_a_table_without_the_models_gives_no_verdict_and_one_seed_no_test(rules, capsys):
    table = planted_table()
    without = table[table.model != "rnn"]
    assert words(rules, without, ("gru", "rnn")) == []
    rules["decide"]("Chung 2014", [], number=(np.nan, -np.inf, np.inf), source="planted")
    assert rules["sheet"]["Chung 2014"]["verdict"] == rules["UNTESTED"]
    assert words(rules, table[table.seed < 2], ("gru", "lstm")) == []
    assert "not possible: one seed only" in capsys.readouterr().out
    assert not len(rules["settle"]([]))


FASTER, SLOWER, OPEN = (0.75, 0.7, 0.8), (1.2, 1.1, 1.3), (0.9, 0.7, 1.2)
NUMBERS = [
    ("faster", ([FASTER, FASTER],), "holds"),
    ("faster", ([FASTER, SLOWER],), "holds with limits"),
    ("faster", ([OPEN, SLOWER],), "wrong"),
    ("faster", ([OPEN, OPEN],), "not supported"),
    ("faster_and_comparable", ([FASTER, FASTER], ["equivalent", "better"]), "holds"),
    ("faster_and_comparable", ([FASTER, SLOWER], ["equivalent", "undecided"]), "holds with limits"),
    ("faster_and_comparable", ([SLOWER, SLOWER], ["equivalent", "equivalent"]), "wrong"),
    ("faster_and_comparable", ([FASTER, FASTER], ["worse", "undecided"]), "not supported"),
    ("saves_as_reported", ([(29, 27, 31), (30, 26, 34)], [(29, 27, 31)]), "holds"),
    ("saves_as_reported", ([(10, 8, 12), (30, 26, 34)], [(10, 8, 12), (30, 26, 34)]), "holds with limits"),
    ("saves_as_reported", ([(-10, -12, -8)], [(-10, -12, -8), (5, 1, 9)]), "wrong"),
    ("saves_as_reported", ([(10, 8, 12)], [(10, 8, 12)]), "not supported"),
    ("saves_as_reported", ([(29, -900, 80)], [(29, -900, 80)]), "not supported"),
    ("remembers_more", ((0.3, 0.2, 0.4), (0.4, 0.3, 0.5)), "holds"),
    ("remembers_more", ((-0.3, -0.4, -0.2), (0.1, 0.05, 0.15)), "holds with limits"),
    ("remembers_more", ((-0.3, -0.4, -0.2), (0.0, -0.02, 0.02)), "wrong"),
    ("remembers_more", ((-0.3, -0.4, -0.2), (0.1, -0.05, 0.25)), "not supported"),
    ("remembers_more", ((-0.1, -0.4, 0.2), (0.0, -0.1, 0.1)), "not supported"),
    ("remembers_equally", ((0.0, -0.02, 0.02), (0.01, -0.01, 0.03)), "holds"),
    ("remembers_equally", ((0.3, 0.2, 0.4), (0.01, -0.01, 0.03)), "holds with limits"),
    ("remembers_equally", ((0.3, 0.2, 0.4), (0.3, 0.2, 0.4)), "wrong"),
    ("remembers_equally", ((0.0, -0.3, 0.3), (0.0, -0.3, 0.3)), "not supported"),
    ("can_count", ((0.2, 0.1, 0.3), (0.5, 0.4, 0.6)), "holds"),
    ("can_count", ((0.0, -0.1, 0.1), (0.5, 0.4, 0.6)), "holds with limits"),
    ("can_count", ((0.0, -0.1, 0.1), (-0.5, -0.6, -0.4)), "wrong"),
    ("can_count", ((0.0, -0.1, 0.1), (0.0, -0.1, 0.1)), "not supported"),
    ("crosses_over", ((0.1, 0.05, 0.15), (-0.1, -0.15, -0.05)), "holds"),
    ("crosses_over", ((0.0, -0.05, 0.05), (-0.1, -0.15, -0.05)), "holds with limits"),
    ("crosses_over", ((0.0, -0.05, 0.05), (0.1, 0.05, 0.15)), "wrong"),
    ("crosses_over", ((0.0, -0.05, 0.05), (0.0, -0.05, 0.05)), "not supported"),
    ("gradients_live", ([(0.99, 0.98, 1.0)] * 2, [(0.99, 0.98, 1.0)] * 2, [(0.99, 0.98, 1.0)]), "holds"),
    ("gradients_live", ([(0.7, 0.6, 0.8)] * 2, [(0.99, 0.98, 1.0)] * 2, [(0.9, 0.8, 1.0)]), "holds with limits"),
    ("gradients_live", ([(0.7, 0.6, 0.8)] * 2, [(0.8, 0.7, 0.9)] * 2, [(0.9, 0.8, 1.0)]), "wrong"),
    ("gradients_live", ([(0.99, 0.98, 1.0)] * 2, [(0.99, 0.98, 1.0)] * 2, [(1.2, 1.1, 1.3)]), "not supported"),
    ("coupled", (1e-12, (0.1, 0.0, 0.2)), "holds"),
    ("coupled", (1e-12, (0.6, 0.5, 0.7)), "holds with limits"),
    ("coupled", (1e-12, (-0.97, -0.99, -0.95)), "wrong"),
    ("coupled", (0.3, (0.1, 0.0, 0.2)), "wrong"),
    ("same_but_output_gate", ([0.0, 0.0],), "holds"),
    ("same_but_output_gate", ([0.4, 0.2, 0.0],), "holds with limits"),
    ("same_but_output_gate", ([0.4, 0.2],), "wrong"),
    ("counts", ({"LSTM": 2, "GRU": 1}, {"LSTM": 2, "GRU": 1}), "a definition"),
    ("counts", (2, 1), "wrong"),
    ("dates", ({"GRU": 2014}, {"GRU": 2014}), "holds"),
    ("dates", ({"GRU": 2014}, {"GRU": 1997}), "wrong"),
    ("mixing_brings_nothing", ([["equivalent", "worse"], ["equivalent", "equivalent"]],), "holds"),
    ("mixing_brings_nothing", ([["equivalent", "undecided"], ["better", "undecided"]],), "holds with limits"),
    ("mixing_brings_nothing", ([["better", "better"], ["equivalent", "equivalent"]],), "wrong"),
    ("mixing_brings_nothing", ([["undecided", "undecided"]],), "not supported"),
    ("bias_closes_gap", (["worse"], ["equivalent"], ["worse"], (0.1, 0.0, 0.2)), "holds"),
    ("bias_closes_gap", (["undecided"], ["undecided"], ["undecided"], (0.2, 0.1, 0.3)), "holds with limits"),
    ("bias_closes_gap", (["worse"], ["worse"], ["worse"], (0.0, -0.1, 0.1)), "holds with limits"),
    ("bias_closes_gap", (["equivalent"], ["worse"], ["better"], (0.2, 0.1, 0.3)), "wrong"),
    ("bias_closes_gap", (["undecided"], ["worse"], ["undecided"], (0.0, -0.1, 0.1)), "not supported"),
]


@pytest.mark.parametrize(
    ("rule", "measured", "verdict"), NUMBERS, ids=lambda value: value if type(value) is str else ""
)
def test_planted_numbers_get_their_verdict(rules, rule, measured, verdict):
    assert rules[rule](*measured) == verdict


def test_every_rule_of_the_docket_is_tried(rules):
    tried = {rule for rule, _, _ in NUMBERS}
    tried |= {"interchangeable", "simpler_is_why", "better_everywhere", "no_variant_better", "hard_to_beat"}
    assert {rule.__name__ for _, _, rule, _ in rules["DOCKET"].values()} == tried | {"activities_only"}


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_interval_is_scipys(rules, values):
    middle, low, high = rules["interval"](values)
    if np.ptp(values) > 1e-3:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert np.allclose((low, high), expected)
    assert low <= middle <= high


def test_one_value_has_no_interval(rules):
    assert rules["interval"]([0.5, np.nan]) == (0.5, -np.inf, np.inf)


def test_the_verdict_is_noted_with_number_interval_and_pointer(rules):
    rules["decide"]("C9", [FASTER], number=FASTER, says="ratio 0.75", source="planted")
    noted = rules["sheet"]["C9"]
    assert (noted["verdict"], noted["interval"], noted["rule"]) == ("holds", "0.70 to 0.80", "faster")
    rules["decide"]("C9", [SLOWER], number=SLOWER, says="ratio 1.2", source="planted")
    assert rules["sheet"]["C9"]["verdict"] == "wrong"


def test_the_published_claims_are_all_there_with_verdicts_of_the_scale(rules):
    claims = pd.read_csv(ROOT / "figures" / "claims.csv")
    assert {"claim", "test", "figure", "interval", "verdict", "source"} <= set(claims.columns)
    assert sorted(claims["id"]) == sorted(rules["DOCKET"])
    assert set(claims["verdict"]) <= {*rules["SCALE"], rules["UNTESTED"]}
    assert not claims[["claim", "test", "figure", "interval", "verdict", "source"]].isna().any(axis=None)
