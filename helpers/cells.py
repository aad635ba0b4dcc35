"""SimpleRNN, LSTM and GRU in NumPy: whole sequences forward, with every gate returned.

Weights are Keras' own lists (``layer.get_weights()``): kernel W, recurrent_kernel U, bias b, with the gates side by
side in Keras' order, LSTM i, f, c, o and GRU z, r, h. Vectors are rows: ``x_t @ W + h @ U + b``.
Every function returns a dict of arrays (batch, time, units), so that ``trace["h"][:, -1]`` is the layer's output.
"""

import numpy as np
from scipy.special import expit as sigmoid

from helpers.checks import check_array


def simple_rnn(x, weights, h=None):
    """The plain recurrent layer (Elman 1990): h_t = tanh(x_t W + h_{t-1} U + b).

    Parameters
    ----------
    x : inputs (batch, time, inputs)
    weights : kernel (inputs, units), recurrent_kernel (units, units), bias (units,)
    h : the state before the first step (batch, units); zeros if None

    Returns
    -------
    dict with ``h``, (batch, time, units).

    Raises
    ------
    ValueError or TypeError for arrays of another shape, or with values that are not finite numbers.
    """
    x, (W, U, b), h = _checked("SimpleRNN", x, weights, h=h)
    states = []
    for x_t in x.swapaxes(0, 1):  # (batch, inputs)
        h = np.tanh(x_t @ W + h @ U + b)
        states.append(h)
    return {"h": np.stack(states, axis=1)}


def lstm(x, weights, h=None, c=None):
    """The LSTM with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000), without peepholes.

    i, f, o = sigmoid(x_t W + h_{t-1} U + b), candidate = tanh(...), each with its own columns of W, U and b;
    c_t = f * c_{t-1} + i * candidate; h_t = o * tanh(c_t).

    Parameters
    ----------
    x : inputs (batch, time, inputs)
    weights : kernel (inputs, 4 units), recurrent_kernel (units, 4 units), bias (4 units,)
    h, c : the states before the first step (batch, units); zeros if None

    Returns
    -------
    dict with ``i``, ``f``, ``candidate``, ``o``, ``c`` and ``h``, each (batch, time, units).

    Raises
    ------
    ValueError or TypeError for arrays of another shape, or with values that are not finite numbers.
    """
    x, (W, U, b), h, c = _checked("LSTM", x, weights, h=h, c=c)
    steps = []
    for x_t in x.swapaxes(0, 1):
        i, f, candidate, o = np.split(x_t @ W + h @ U + b, 4, axis=1)  # (batch, units) each
        i, f, candidate, o = sigmoid(i), sigmoid(f), np.tanh(candidate), sigmoid(o)
        c = f * c + i * candidate
        h = o * np.tanh(c)
        steps.append((i, f, candidate, o, c, h))
    return _stacked(("i", "f", "candidate", "o", "c", "h"), steps)


def gru(x, weights, h=None):
    """The GRU (Cho et al. 2014) in Keras' form: h_t = z * h_{t-1} + (1 - z) * candidate.

    z, r = sigmoid(x_t W + h_{t-1} U + b), each with its own columns. The shape of the bias tells the two kinds apart:
    (2, 3 units), Keras' default ``reset_after=True``: candidate = tanh(x_t W + b[0] + r * (h_{t-1} U + b[1]));
    (3 units,), ``reset_after=False``, as in the paper: candidate = tanh(x_t W + (r * h_{t-1}) U + b).

    Parameters
    ----------
    x : inputs (batch, time, inputs)
    weights : kernel (inputs, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units) or (3 units,)
    h : the state before the first step (batch, units); zeros if None

    Returns
    -------
    dict with ``z``, ``r``, ``candidate`` and ``h``, each (batch, time, units).

    Raises
    ------
    ValueError or TypeError for arrays of another shape, or with values that are not finite numbers.
    """
    x, (W, U, b), h = _checked("GRU", x, weights, h=h)
    reset_after = b.ndim == 2
    input_bias, recurrent_bias = b if reset_after else (b, np.zeros_like(b))
    units = len(U)
    steps = []
    for x_t in x.swapaxes(0, 1):
        from_x = x_t @ W + input_bias  # (batch, 3 units)
        from_h = h @ U[:, : 2 * units] + recurrent_bias[: 2 * units]
        z, r = np.split(sigmoid(from_x[:, : 2 * units] + from_h), 2, axis=1)
        U_h = U[:, 2 * units :]
        recalled = r * (h @ U_h + recurrent_bias[2 * units :]) if reset_after else (r * h) @ U_h
        candidate = np.tanh(from_x[:, 2 * units :] + recalled)
        h = z * h + (1 - z) * candidate
        steps.append((z, r, candidate, h))
    return _stacked(("z", "r", "candidate", "h"), steps)


def _stacked(names, steps):
    return {name: np.stack(arrays, axis=1) for name, arrays in zip(names, zip(*steps, strict=True), strict=True)}


def _checked(cell, x, weights, **states):
    """x, weights and states as finite float arrays of matching shapes, or one sentence about the first that is not."""
    x = check_array(f"{cell}: x", x, "batch, time, inputs")
    if not isinstance(weights, list | tuple) or len(weights) != 3:
        got = f"{len(weights)} arrays" if isinstance(weights, list | tuple) else type(weights).__name__
        raise ValueError(f"{cell}: weights must be a list of kernel, recurrent_kernel and bias; got {got}.")
    W, U, b = (
        check_array(f"{cell}: {name}", array)
        for name, array in zip(("kernel", "recurrent_kernel", "bias"), weights, strict=True)
    )
    blocks = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}[cell]
    units = U.shape[0] if U.ndim == 2 else W.shape[-1] // blocks if W.ndim else 1
    _expect(cell, "recurrent_kernel", U, [(units, blocks * units)])
    _expect(cell, "kernel", W, [(x.shape[2], blocks * units)])
    _expect(cell, "bias", b, [(blocks * units,)] + [(2, 3 * units)] * (cell == "GRU"))
    for name, state in states.items():
        states[name] = np.zeros((len(x), units)) if state is None else check_array(f"{cell}: {name}", state)
        _expect(cell, name, states[name], [(len(x), units)])
    return x, (W, U, b), *states.values()


def _expect(cell, name, array, shapes):
    if array.shape not in shapes:
        allowed = " or ".join(map(str, shapes))
        raise ValueError(f"{cell}: {name} must have shape {allowed}; got {array.shape}.")
