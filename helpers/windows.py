"""Cut a series into windows, split the windows in order of time, and scale them.

A table is a ``pandas.DataFrame`` of shape (time, series): rows in order of time, one named column a series.
"""

from numbers import Real

import numpy as np

from helpers.checks import check_array, check_integer, constant_series


def make_windows(series, window, horizon):
    """Cut a series into all its sliding windows, as views: nothing is copied.

    Parameters
    ----------
    series : array (time,)
    window : number of input steps, w
    horizon : number of steps to forecast, f

    Returns
    -------
    X : read-only view (time - w - f + 1, w), the inputs; y : read-only view (time - w - f + 1, f), the targets.
    Window i covers the values i .. i + w - 1 and forecasts the values i + w .. i + w + f - 1.
    """
    check_integer("window", window)
    check_integer("horizon", horizon)
    series = np.asarray(series)
    if series.dtype.kind not in "fiu":
        raise TypeError(f"series must be an array of numbers (time,); got values of type {series.dtype}.")
    if series.ndim != 1:
        raise ValueError(f"series must have one dimension (time,); got shape {series.shape}.")
    if window + horizon > len(series):
        raise ValueError(
            f"window + horizon must not exceed the {len(series)} values of the series; got {window} + {horizon}."
        )
    both = np.lib.stride_tricks.sliding_window_view(series, window + horizon)
    return both[:, :window], both[:, window:]


def published_split(length, window, horizon, test=251):
    """The split of Velarde et al. (2022): window numbers (train, test) as slices.

    Training windows are [0, N) with N = length - test - window; test windows the rest. For horizon > 1 the targets of
    the last training windows overlap the first test days: one of the flaws that the series measures.
    """
    _check_split(length, window, horizon, 1, test=test)
    n_train = length - test - window
    return slice(0, n_train), slice(n_train, length - window - horizon + 1)


def chronological_split(length, window, horizon, test=251, validation=251):
    """Train | validation | test in order of time, with no target day in two parts.

    Windows whose targets straddle a border are left out (purged). Test targets lie in the last ``test`` days,
    validation targets in the ``validation`` days before. Inputs may reach back over a border: the past is known.

    Returns three slices of window numbers, for ``make_windows(series, window, horizon)``.
    """
    _check_split(length, window, horizon, horizon, test=test, validation=validation)
    first_validation = length - test - validation - window  # its first target is the first validation day
    first_test = length - test - window
    return (
        slice(0, first_validation - horizon + 1),
        slice(first_validation, first_test - horizon + 1),
        slice(first_test, length - window - horizon + 1),
    )


def _check_split(length, window, horizon, shortest_train, **parts):
    for name, value in {"length": length, "window": window, "horizon": horizon, **parts}.items():
        check_integer(name, value)
    if horizon > min(parts.values()):
        raise ValueError(f"horizon must not exceed the shortest held-out part, {min(parts.values())}; got {horizon}.")
    needed = window + shortest_train + sum(parts.values())
    if length < needed:
        held_out = " + ".join(f"{name} {value}" for name, value in parts.items())
        raise ValueError(
            f"the series is too short: got {length} values, but window {window}, horizon {horizon} and the held-out "
            f"days ({held_out}) need at least {needed}: use a shorter window or horizon, or a longer series."
        )


def min_max(values):
    """Minimum and range of each series over its whole length, as the published protocol scales (it sees the future).

    Takes (time,) or (time, n); raises ValueError for a constant series, where scaling would divide by zero.
    """
    values = check_array("values", values, "time, n" if np.ndim(values) == 2 else "time")
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    if np.any(span == 0):
        which = int(np.argmax(np.atleast_1d(span) == 0))
        raise constant_series(which, np.ravel(low)[which])
    return low, span


def normalise_windows(X, y=None, smallest_spread=1e-3):
    """Make each window relative to its own last value, in units of its own spread (cf. RevIN, Kim et al. 2022).

    Parameters
    ----------
    X : inputs (n, w); y : targets (n, f) or None
    smallest_spread : floor of the standard deviation, so that a flat window is not divided by zero

    Returns
    -------
    X, y on the new scale, and (last, spread), each (n, 1), that ``undo_windows`` needs.
    """
    if np.ndim(X) != 2 or (y is not None and (np.ndim(y) != 2 or len(X) != len(y))):
        raise ValueError(f"X must have shape (n, window) and y (n, horizon); got {np.shape(X)} and {np.shape(y)}.")
    if not isinstance(smallest_spread, Real | np.ndarray) or not np.all(smallest_spread > 0):
        raise ValueError(f"smallest_spread must be positive; got {smallest_spread!r}.")
    last = X[:, -1:]
    spread = np.maximum(X.std(axis=1, keepdims=True), smallest_spread)
    return (X - last) / spread, None if y is None else (y - last) / spread, (last, spread)


def undo_windows(y, last, spread):
    """Put forecasts (n, f) back on the scale of the data: the inverse of ``normalise_windows``."""
    return y * spread + last
