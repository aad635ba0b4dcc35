"""Checks of arguments: each refuses what it can't use in one sentence (which argument, what came, what is allowed)."""

from collections.abc import Collection
from numbers import Integral, Real

import numpy as np


def check_choice(name, value, allowed):
    """Return ``value``, or raise ValueError that names the argument and what is allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}; got {value!r}.")
    return value


def check_integer(name, value, minimum=1, maximum=None):
    """Return ``value`` as int; raise TypeError if it is no whole number, ValueError if it is out of range."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number; got {value!r}.")
    if value < minimum or (maximum is not None and value > maximum):
        allowed = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"{name} must be {allowed}; got {value!r}.")
    return int(value)


def check_positive(name, value):
    """Return ``value``, or raise ValueError or TypeError where it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a positive number; got {value!r}.")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be a positive number; got {value!r}.")
    return value


def check_text(name, value):
    """Return ``value``, a text that is not empty, or raise ValueError that says what came."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be a text that is not empty; got {value!r}.")
    return value


def check_one_device(name, table):
    """Raise ValueError where ``table`` holds seconds of a CPU and of a GPU; without a column ``device`` it is "cpu"."""
    devices = sorted(set(table["device"])) if "device" in table else ["cpu"]
    if len(devices) > 1:
        raise ValueError(
            f"{name} holds seconds of {' and '.join(map(str, devices))}, which can't be put in one ratio: measure both "
            "models on one device."
        )


def check_list(name, values, check):
    """Return ``values`` as a list of different items, each as ``check(name, item)`` gives it; or raise one sentence."""
    if isinstance(values, str) or not isinstance(values, Collection) or not len(values):
        raise ValueError(f"{name} must be a list of at least one; got {values!r}.")
    items = [check(name, item) for item in values]
    if len(set(items)) < len(items):
        raise ValueError(f"{name} must name each once; got {values!r}.")
    return items


def check_array(name, values, axes=None):
    """Return ``values`` as floats, all finite, or raise one sentence that says what is wrong.

    ``axes`` names the axes, say "n, horizon", of which none may be empty; None allows any shape.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        shape = f" ({axes})" if axes else ""
        raise TypeError(f"{name} must be an array of numbers{shape}; got {type(values).__name__}.") from error
    if axes and (array.ndim != len(axes.split(", ")) or not array.size):
        raise ValueError(f"{name} must have shape ({axes}), each at least 1; got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers; got {(~np.isfinite(array)).sum()} that are not.")
    return array


def check_windows(X, y):
    """Raise one sentence unless X (n, window) and y (n, horizon) are arrays of finite numbers with one n."""
    X, y = check_array("X", X, "n, window"), check_array("y", y, "n, horizon")
    if len(X) != len(y):
        raise ValueError(f"X and y must have the same number of rows; got {len(X)} and {len(y)}.")


def constant_series(name, value):
    """The ValueError for a series that never changes, by its name and value."""
    return ValueError(
        f"series {name!r} is constant ({value:g} throughout): it cannot be scaled and needs no forecast; leave it out."
    )
