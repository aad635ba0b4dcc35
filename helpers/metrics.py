"""Scores of forecasts. ``actual`` and ``predicted`` are arrays (n, horizon): n forecast origins in order of time."""

import numpy as np

from helpers.checks import check_array, check_positive


def _pair(actual, predicted):
    actual, predicted = check_array("actual", actual, "n, horizon"), check_array("predicted", predicted, "n, horizon")
    if actual.shape != predicted.shape:
        raise ValueError(
            f"actual and predicted must have one shape (n, horizon); got {actual.shape} and {predicted.shape}."
        )
    return actual, predicted


def rmse(actual, predicted):
    """Root mean squared error over all origins and steps, in the unit of the data."""
    actual, predicted = _pair(actual, predicted)
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def mae(actual, predicted):
    """Mean absolute error over all origins and steps, in the unit of the data."""
    actual, predicted = _pair(actual, predicted)
    return float(np.mean(np.abs(actual - predicted)))


def mase(actual, predicted, naive_error):
    """Mean absolute scaled error (Hyndman & Koehler 2006): MAE over ``naive_error``.

    ``naive_error`` is the MAE of the last value on the *training* windows at the same horizon (at horizon 1 that is the
    paper's scale), so that the last value scores exactly 1 in-sample at every horizon.
    """
    check_positive("naive_error", naive_error)  # 0 for a constant training part
    return mae(actual, predicted) / float(naive_error)


def published_directional_accuracy(actual, predicted):
    """Directional accuracy as Velarde et al. (2022) compute it: signs of change from one *origin* to the next.

    Differences run along the first axis: from the forecast of one day to the forecast made a day later, not along a
    forecast. Undefined (NaN) for a single origin.
    """
    actual, predicted = _pair(actual, predicted)
    if len(actual) < 2:
        return float("nan")
    return float(np.mean(np.sign(np.diff(actual, axis=0)) == np.sign(np.diff(predicted, axis=0))))


def directional_accuracy(actual, predicted, last):
    """Share of forecasts that name the sign of the change from the last known value, ``last`` (n, 1), at each step."""
    actual, predicted = _pair(actual, predicted)
    last = check_array("last", last, "n, 1")
    if last.shape != (len(actual), 1):
        raise ValueError(f"last must have shape ({len(actual)}, 1), one value an origin; got {last.shape}.")
    return float(np.mean(np.sign(actual - last) == np.sign(predicted - last)))


def skill(error, reference):
    """1 - error / reference, numbers or columns: 1 is perfect, 0 as good as the reference, negative is worse."""
    references = np.asarray(reference)
    if references.dtype.kind not in "fiu" or not (references > 0).all():
        raise ValueError(f"reference must be positive; got {references.tolist()!r}.")
    return 1 - error / reference
