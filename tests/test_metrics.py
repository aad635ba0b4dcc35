"""The scores: known answers by hand, and properties that hold for any numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from helpers.baselines import LastValue
from helpers.metrics import directional_accuracy, mae, mase, published_directional_accuracy, rmse, skill
from helpers.windows import make_windows

ACTUAL = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 4.0]])
PREDICTED = np.array([[1.0, 4.0], [2.0, 5.0], [4.0, 1.0]])
NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)  # squares of smaller numbers are zero
TABLES = array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: st.tuples(arrays(float, shape, elements=NUMBERS), arrays(float, shape, elements=NUMBERS))
)


def test_scores_by_hand():
    assert rmse(ACTUAL, PREDICTED) == pytest.approx(np.sqrt((4 + 1 + 9) / 6))
    assert mae(ACTUAL, PREDICTED) == pytest.approx((2 + 1 + 3) / 6)
    assert mase(ACTUAL, PREDICTED, naive_error=0.5) == pytest.approx(2.0)
    assert skill(0.5, 2.0) == 0.75
    assert skill(pd.Series([0.5, 3.0]), pd.Series([2.0, 2.0])).tolist() == [0.75, -0.5]


def test_published_directional_accuracy_by_hand():
    # actual moves between origins: +2 +3, +1 -1; predicted: +1 +1, +2 -4: all four signs agree
    assert published_directional_accuracy(ACTUAL, PREDICTED) == 1.0
    # step 2 turned round: -1 +4 against +3 -1, so half of the signs agree
    assert published_directional_accuracy(ACTUAL, PREDICTED * [1, -1]) == 0.5
    assert np.isnan(published_directional_accuracy(ACTUAL[:1], PREDICTED[:1]))


def test_directional_accuracy_by_hand():
    last = np.array([[2.0], [3.0], [3.0]])
    # from the last value: actual - 0, 0 +, + +; predicted - +, - +, + -
    assert directional_accuracy(ACTUAL, PREDICTED, last) == pytest.approx(3 / 6)


def test_the_two_directional_accuracies_differ():
    """The last value never names a direction, and yet the published definition credits it."""
    X, y = make_windows(np.array([0.0, 1, 3, 4, 7, 8, 9]), 2, 1)  # always rising
    predicted = LastValue().fit(X, y).predict(X)
    assert published_directional_accuracy(y, predicted) == 1.0
    assert directional_accuracy(y, predicted, X[:, -1:]) == 0.0


@given(TABLES)
def test_scores_agree_with_scikit_learn(tables):
    actual, predicted = tables
    assert rmse(actual, predicted) == pytest.approx(root_mean_squared_error(actual.ravel(), predicted.ravel()))
    assert mae(actual, predicted) == pytest.approx(mean_absolute_error(actual, predicted))


@given(TABLES, st.floats(0.01, 100), st.floats(-100, 100))
def test_scores_follow_the_unit_and_ignore_the_level(tables, unit, level):
    actual, predicted = tables
    assert rmse(unit * actual + level, unit * predicted + level) == pytest.approx(
        unit * rmse(actual, predicted), abs=1e-9, rel=1e-6
    )
    assert mae(actual, predicted) <= rmse(actual, predicted) + 1e-9
    assert rmse(actual, actual) == mae(actual, actual) == 0
    assert 0 <= directional_accuracy(actual, predicted, predicted[:, :1]) <= 1


@given(
    arrays(float, st.integers(12, 60), elements=NUMBERS),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_the_last_value_scores_mase_1_in_sample(series, window, horizon):
    X, y = make_windows(series, window, horizon)
    predicted = LastValue().fit(X, y).predict(X)
    assume(mae(y, predicted) > 1e-9)
    assert mase(y, predicted, mae(y, np.repeat(X[:, -1:], horizon, axis=1))) == pytest.approx(1.0)


@pytest.mark.parametrize("score", [rmse, mae, published_directional_accuracy])
def test_scores_refuse_shapes_that_do_not_match(score):
    # (3, 1) against (3,) would broadcast to (3, 3) without a word
    with pytest.raises(ValueError, match=r"must have shape \(n, horizon\), .*got \(3,\)"):
        score(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match=r"must have shape \(n, horizon\), each at least 1; got \(0, 2\)"):
        score(np.zeros((0, 2)), np.zeros((0, 2)))


def test_scores_name_bad_references():
    with pytest.raises(ValueError, match="naive_error must be a positive number; got 0"):
        mase(ACTUAL, PREDICTED, 0)
    with pytest.raises(ValueError, match=r"last must have shape \(n, 1\), each at least 1; got \(3,\)"):
        directional_accuracy(ACTUAL, PREDICTED, np.zeros(3))
