"""The rules of the claims: planted evidence gets the verdict that it must get, and luck alone gets none."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from helpers import claims

CLAIMS = [f"C{number}" for number in range(1, 13)] + ["C9b"]
REPORTED = ("Chung", "Jozefowicz", "Greff", "Britz", "Weiss", "Yang", "Cahuantzi", "Zeng", "Velarde")
WELL_IN, WELL_OUT, ACROSS = (1.0, 0.1), (-1.0, 0.1), (0.1, 1.0)  # number and standard error, where 0 is the border


def row(kind, **marks):
    """A row of evidence for "the number is above 0"."""
    return claims.estimate("planted", *kind, 10, least=0, **marks)


MADE, RESCUE, BESIDE = {"made": True}, {"made": False, "condition": True}, {"made": False}
PLANTED = [  # rows of evidence, the verdict, whether the condition is met
    ([(WELL_IN, MADE), (WELL_IN, BESIDE)], "holds", False),
    ([(WELL_IN, MADE), (WELL_OUT, BESIDE)], "not tested well enough", False),
    ([(ACROSS, MADE), (WELL_IN, RESCUE)], "true only if", True),
    ([(ACROSS, MADE), (WELL_IN, RESCUE), (WELL_IN, RESCUE)], "true only if", True),
    (
        [(ACROSS, MADE), (WELL_IN, RESCUE), (ACROSS, RESCUE)],
        "not tested well enough",
        False,
    ),  # one of two is not enough
    ([(WELL_OUT, MADE), (WELL_IN, RESCUE)], "contradicted as made", True),
    ([(WELL_OUT, MADE), (ACROSS, RESCUE)], "contradicted as made", False),
    ([(WELL_OUT, MADE), (WELL_IN, MADE)], "contradicted as made", False),
    ([(ACROSS, MADE), (WELL_OUT, BESIDE)], "not tested well enough", False),
    ([(ACROSS, MADE)], "not tested well enough", False),
]


@pytest.mark.parametrize(("rows", "verdict", "met"), PLANTED)
def test_planted_evidence_gets_its_verdict(rows, verdict, met):
    judged = claims.judge([row(kind, **marks) for kind, marks in rows])
    assert claims.verdict(judged) == (verdict, met)


def test_every_verdict_of_the_scale_can_be_given():
    given_here = {verdict for _, verdict, _ in PLANTED} | {claims.counted(2, 2)}
    assert given_here == set(claims.SCALE)
    assert claims.counted(2, 1) == "contradicted as made"


@pytest.mark.parametrize(
    ("number", "word"),
    [(0.0, "for"), (1.9, "open"), (2.0, "open"), (2.1, "open"), (4.0, "against"), (-4.0, "against")],
)
def test_equal_means_surely_within_the_margin(number, word):
    assert claims.judge([claims.estimate("equal", number, 0.5, 20, -2, 2)])["word"][0] == word


def test_the_word_says_where_the_interval_lies():
    """With one row Holm changes nothing: for inside the range, against outside, open across its border."""
    for number in np.linspace(-2, 2, 21):
        judged = claims.judge([claims.estimate("one", number, 0.3, 7, least=0)]).iloc[0]
        word = "for" if judged["low"] > 0 else "against" if judged["high"] < 0 else "open"
        assert judged["word"] == word


def test_holm_runs_over_all_rows_of_a_claim():
    judged = claims.judge([claims.estimate("row", number, 1, 30, least=0) for number in (2.1, 2.4, 2.9, 0.3)])
    alone = stats.t.sf(judged["number"], 30)
    np.testing.assert_allclose(judged["p_for"], multipletests(alone, method="holm")[1])
    assert (alone < claims.SMALL).sum() == 3 and (judged["word"] == "for").sum() == 1


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_interval_is_scipys(values):
    judged = claims.judge([claims.evidence("values", values)]).iloc[0]
    if np.ptp(values) > 1e-3:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        np.testing.assert_allclose((judged["low"], judged["high"]), expected)
    assert judged["low"] <= judged["number"] <= judged["high"]


def test_numbers_that_are_all_alike_decide_unless_they_lie_on_the_border():
    for value, word in ((0.5, "for"), (-0.5, "against"), (0.0, "open")):
        assert claims.judge([claims.evidence("alike", [value] * 4, least=0)])["word"][0] == word


@pytest.mark.parametrize("values", [[], [1.0], [np.nan, 1.0, np.inf]])
def test_one_number_has_no_spread(values):
    with pytest.raises(ValueError, match=r"values must hold two numbers or more to have a spread; 'speed' has [01]"):
        claims.evidence("speed", values)


@pytest.mark.parametrize("rows", [[], [claims.estimate("x", 1, -1, 5)], [claims.estimate("x", 1, np.nan, 5)]])
def test_evidence_must_be_there_and_have_a_standard_error(rows):
    with pytest.raises(ValueError, match="rows must hold at least one row of evidence"):
        claims.judge(rows)


TABLES = 4000


def alone(samples):
    """Each sample's interval as it is where it is the only evidence (which decides the word, see above)."""
    return claims.judge([claims.evidence("luck", sample) for sample in samples])


@pytest.mark.parametrize("n", [5, 8, 10])
def test_luck_alone_decides_a_difference_in_one_table_of_twenty(n):
    """The false alarms of each test of a difference, before Holm: the true number lies on the border."""
    judged = alone(np.random.default_rng(n).normal(size=(TABLES, n)))
    share = ((judged["low"] > 0) | (judged["high"] < 0)).mean()
    print(f"{n} repetitions: {100 * share:.1f} % of {TABLES} tables without a difference are decided")
    assert 0.03 < share < 0.065


@pytest.mark.parametrize("n", [5, 10, 15])
def test_equal_is_rarely_said_where_the_difference_sits_at_the_margin(n):
    judged = alone(2 + np.random.default_rng(n).normal(size=(TABLES, n)))
    share = ((judged["low"] > -2) & (judged["high"] < 2)).mean()
    print(f"{n} repetitions: {100 * share:.1f} % of {TABLES} tables at the margin are called equal")
    assert share < 0.065


def test_a_claim_of_many_rows_is_contradicted_by_luck_no_more_often():
    rng = np.random.default_rng(1)
    found = 0
    for table in rng.normal(size=(200, 8, 6)):
        found += claims.verdict(claims.judge([claims.evidence("null", part, least=0) for part in table]))[0] == (
            "contradicted as made"
        )
    assert found / 200 < 0.055


# --- the published verdicts


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(ROOT / "figures" / "claims.csv").set_index("id")


def test_the_published_claims_are_all_there_with_verdicts_of_the_scale(published):
    assert set(CLAIMS) <= set(published.index)
    assert {name.split()[0] for name in published.index if " " in name} == set(REPORTED)
    assert set(published["verdict"]) <= set(claims.SCALE)
    assert set(published["rule"]) <= set(claims.DATED.values())
    assert not published[["claim", "verdict", "source", "rule"]].isna().any(axis=None)
    for number in published["notebook"]:
        assert list((ROOT / "notebooks").glob(f"{number:02d}_*.ipynb"))


def test_the_published_verdicts_follow_from_the_published_evidence(published):
    evidence = pd.read_csv(ROOT / "figures" / "claims_evidence.csv")
    counted = published.index[published["rows"] == 0]
    assert set(evidence["id"]) == set(published.index) - set(counted)
    assert set(counted) == {"C1", "C6", "C9b", "C11"}
    for name, rows in evidence.groupby("id"):
        columns = ["setting", "number", "se", "dof", "least", "most", "made", "condition"]
        word, met = claims.verdict(claims.judge(rows[columns].to_dict("records")))
        assert (published["verdict"][name], published["only_if"].notna()[name]) == (word, met), name
