"""The pooling over data sets: known values, what a few sets can show, bad input."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from helpers import pooling

EFFECTS = pd.DataFrame(
    {"set": list("abcdef"), "difference": [1.0, -2, 0.5, 3, -1, 4], "se": [0.5, 1, 0.4, 1.5, 0.8, 2.0]}
)


def test_pooled_numbers_are_those_of_the_formulas():
    d, variance = EFFECTS["difference"].to_numpy(), EFFECTS["se"].to_numpy() ** 2

    def excess(tau2):
        weights = 1 / (variance + tau2)
        return weights @ (d - weights @ d / weights.sum()) ** 2 - 5

    tau2 = optimize.brentq(excess, 0, 100, xtol=1e-12)
    mean, se = d.mean(), d.std(ddof=1) / np.sqrt(6)
    found = pooling.pool(EFFECTS)
    assert found["k"] == 6
    assert [found["difference"], found["se"], found["tau"]] == pytest.approx([mean, se, np.sqrt(tau2)], rel=1e-5)
    half, reach = stats.t.ppf(0.975, 5) * se, stats.t.ppf(0.975, 4) * np.sqrt(tau2 + se**2)
    bounds = [found[name] for name in ("low", "high", "prediction_low", "prediction_high")]
    assert bounds == pytest.approx([mean - half, mean + half, mean - reach, mean + reach], rel=1e-5)
    assert found["p"] == pytest.approx(2 * stats.t.sf(abs(mean) / se, 5), rel=1e-5)
    one_sided = [stats.t.sf((mean + 2) / se, 5), stats.t.cdf((mean - 2) / se, 5)]
    assert found["p_equivalence"] == pytest.approx(max(one_sided), rel=1e-5)
    assert found["p_wilcoxon"] == pytest.approx(stats.wilcoxon(d).pvalue)


def test_one_set_that_is_measured_well_does_not_speak_for_all():
    well = EFFECTS.assign(se=[0.001, 1, 1, 1, 1, 1])
    found = pooling.pool(well)
    assert found["difference"] == pytest.approx(EFFECTS["difference"].mean())
    assert found["p"] == pytest.approx(stats.ttest_1samp(EFFECTS["difference"], 0).pvalue)


def test_sets_that_agree_have_no_spread_and_one_verdict():
    alike = EFFECTS.assign(difference=[0.1, 0.3, 0.1, -0.1, 0.2, 0.1], se=1.0)
    assert pooling.pool(alike)["tau"] == 0
    assert pooling.pool(alike)["verdict"] == "equivalent"
    assert pooling.pool(alike.assign(difference=20 * alike["difference"]))["verdict"] == "undecided"
    assert pooling.pool(alike.assign(difference=alike["difference"] - 5))["verdict"] == "better"


@pytest.mark.parametrize("spread", [0, 0.5, 1, 2])
def test_unequal_precision_raises_no_false_alarms(spread):
    """Weights by precision alarmed in 10 % where the spread is 0.5: where it is estimated as 0, one set decides."""
    rng = np.random.default_rng(1)
    se = np.array([0.15, 0.3, 0.6, 0.6, 0.7, 0.8, 0.8, 0.9, 0.9, 1.0, 1.2, 1.4, 2.0, 2.1, 2.4])
    seen = spread * rng.normal(size=(1000, 15)) + se * rng.normal(size=(1000, 15))
    found = [pooling.pool(pd.DataFrame({"difference": d, "se": se}))["p"] < 0.05 for d in seen]
    assert 0.02 < np.mean(found) < 0.07


def test_the_effect_of_a_set_is_a_mean_of_log_ratios_over_seeds_and_series():
    rng = np.random.default_rng(1)
    lstm = rng.uniform(1, 2, (3, 8))
    found = pooling.set_effect(0.98 * lstm * np.exp(0.001 * rng.normal(size=(3, 8))), lstm)
    assert found["difference"] == pytest.approx(100 * np.log(0.98), abs=0.1)
    assert (found["series"], found["left_out"]) == (8, 0)
    holes = lstm.copy()
    holes[:, 0], holes[1, 1] = np.nan, 0
    assert pooling.set_effect(holes, lstm)["left_out"] == 2
    alone = pooling.set_effect(lstm, lstm[:1] * 1.1)  # one simple forecast, three seeds
    assert alone["difference"] == pytest.approx(100 * np.log(lstm / lstm[0] / 1.1).mean())


def test_relatives_are_averaged_and_each_set_is_left_out_once():
    table = pooling.relatives(EFFECTS, dict(zip("abcdef", "XXYYZZ", strict=True)))
    assert table["set"].tolist() == ["X", "Y", "Z"]
    assert table["difference"].tolist() == [-0.5, 1.75, 1.5]
    assert table["se"][0] == pytest.approx(np.sqrt(0.25 + 1) / 2)
    left = pooling.leave_one_out(EFFECTS)
    assert left["without"].tolist() == list("abcdef")
    assert left["difference"][5] == pytest.approx(pooling.pool(EFFECTS[:5])["difference"])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: pooling.pool(EFFECTS[:2]), "effects must hold at least 3 data sets to speak of new ones; got 2."),
        (lambda: pooling.pool(EFFECTS.assign(se=0.0)), "effects must have positive standard errors in every set."),
        (lambda: pooling.set_effect(np.ones((2, 3)), np.ones((2, 4))), "first and second must have shape"),
        (lambda: pooling.set_effect(np.ones(3), np.ones(3)), "first and second must have shape"),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")) as caught:
        call()
    assert "\n" not in str(caught.value)
