"""Load or simulate a data set, split it in time, scale it, and cut it into windows.

A table is a ``pandas.DataFrame`` of shape (time, series): rows in order of time, one named column a series.
"""

import os
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd
import pooch

STUDY_COMMIT = "79d094f5fe185b27f5cde758b50d9f5306c6247e"
STUDY_URL = f"https://raw.githubusercontent.com/Alebuenoaz/LSTM-and-GRU-Time-Series-Forecasting/{STUDY_COMMIT}/"
SOURCES = ("auto", "published", "simulated")


@dataclass(frozen=True)
class Dataset:
    """Facts about one of the two published data sets of Velarde et al. (2022)."""

    file: str
    sha256: str
    columns: tuple[str, ...]
    unit: str
    season: int  # in time steps; what the seasonal naive forecast repeats


BANKS = (
    "Axis Bank, Bank of Baroda, Federal Bank, HDFC Bank, ICICI Bank, IndusInd Bank, Kotak Mahindra, PNB, SBI, Yes Bank"
)
DATASETS = {
    "bankex": Dataset(
        file="BANKEX.csv",
        sha256="30be25a3309907e4420767801c200426a67aad81c6d84aefb7c925df23d2fc64",
        columns=tuple(BANKS.split(", ")),
        unit="INR",
        season=7,
    ),
    "activities": Dataset(
        file="activities.csv",
        sha256="5776fe42333a974694983ad6d325fa8069a53e79c4dc2b55230d309cfe0a40ad",
        columns=tuple(f"Activity {row}" for row in range(10)),
        unit="activity",
        season=7,
    ),
}

# BANKEX as published: first price (INR), mean and standard deviation of the daily log returns, and the loadings of
# a three-factor model fitted to the standardised returns: all 45 correlations (.26 to .73, mean .46) to within .05.
FIRST_PRICE = np.array([50.37, 43.00, 13.97, 63.03, 84.88, 72.15, 41.20, 79.19, 67.73, 12.35])
DRIFT = np.array([7.765, 4.523, 7.044, 8.812, 4.344, 10.283, 10.587, 3.012, 5.071, 10.742]) * 1e-4
VOLATILITY = np.array([2.654, 2.630, 2.386, 1.891, 2.636, 2.941, 2.655, 2.563, 2.353, 2.904]) * 1e-2
LOADINGS = np.array(
    [
        [0.40, 0.41, 0.37, 0.35, 0.19, 0.31, 0.29, 0.83, 0.67, 0.32],
        [0.59, 0.06, 0.47, 0.61, 0.32, 0.61, 0.65, 0.26, 0.42, 0.62],
        [0.23, 0.68, 0.22, 0.14, 0.68, 0.14, 0.17, 0.24, 0.27, 0.28],
    ]
)
DEGREES_OF_FREEDOM = 5  # Student's t: kurtosis 3 + 6 / (5 - 4) = 9; the banks' lie between 6 and 20


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


def check_table(table):
    """Return ``table`` as a float table (time, series), or raise one sentence that says what is wrong and what to do.

    Refused, and never mended: another type, text, booleans, complex numbers, missing or infinite values, a constant
    series, two series of one name, and an index whose times (or numbers) are missing, repeat, go back or skip.
    """
    if isinstance(table, pd.Series):
        table = table.to_frame()
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"table must be a pandas DataFrame or Series (time x series); got {type(table).__name__}.")
    if table.empty:
        raise ValueError(f"table must hold at least one value; got shape {table.shape}.")
    if not table.columns.is_unique:
        name = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"each series must have a name of its own; got {name!r} more than once.")
    _check_index(table.index)
    for column in table.columns:
        _check_series(table[column])
    return table.astype(float)


def _check_series(series):
    kind = pd.api.types
    if not kind.is_numeric_dtype(series) or kind.is_bool_dtype(series) or kind.is_complex_dtype(series):
        raise ValueError(f"series {series.name!r} must hold numbers; got values of type {series.dtype}.")
    values = series.to_numpy(dtype=float, na_value=np.nan)
    ways_out = {
        "missing": "fill them from the past alone (table.ffill()), or keep an unbroken stretch (table.loc[start:end])",
        "infinite": "find out what made them, or mark them as missing (table.replace([np.inf, -np.inf], np.nan))",
    }
    for what, bad in {"missing": np.isnan(values), "infinite": np.isinf(values)}.items():
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(
                f"series {series.name!r} must hold finite numbers; got {bad.sum()} {what} of {len(bad)} values, the "
                f"first in row {row} (index {series.index[row]}): {ways_out[what]}."
            )
    if len(values) > 1 and np.ptp(values) == 0:
        raise _constant(series.name, values[0])


def _check_index(index):
    is_time = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    if not is_time and not pd.api.types.is_numeric_dtype(index):
        raise ValueError(f"the index must hold times or numbers; got {index.dtype}: convert it with pd.to_datetime.")
    if index.hasnans:
        raise ValueError(f"each row must have a time; got none in row {int(index.isna().argmax())}: add it or cut it.")
    if not index.is_unique:
        twice = index.duplicated()
        raise ValueError(
            f"each time must occur once; got {twice.sum()} repeated, the first {index[twice][0]} in row "
            f"{int(twice.argmax())}: decide which row counts (table[~table.index.duplicated()] keeps the first)."
        )
    steps = np.diff(index.asi8 if is_time else index.to_numpy(dtype=float))
    if (steps < 0).any():
        row = int((steps < 0).argmax()) + 1
        raise ValueError(
            f"times must rise; got {index[row]} in row {row} after {index[row - 1]}: use table.sort_index() if the "
            "rows are merely out of order."
        )
    if len(steps) > 1 and not np.allclose(steps, steps[0]) and not _is_calendar(index):
        row = int((~np.isclose(steps, np.median(steps))).argmax()) + 1
        raise ValueError(
            f"times must be evenly spaced (or business days, months, ...); got {index[row]} in row {row} after "
            f"{index[row - 1]}: make the gaps visible (table.asfreq('D'), then treat what is missing) or, where only "
            "the order counts, as for trading days, number the rows (table.reset_index(drop=True))."
        )


def _is_calendar(index):
    """Whether the times are business days, month ends and the like: even, though not in hours."""
    with warnings.catch_warnings():  # pandas 3 announces another type of answer; all that counts here is None
        warnings.simplefilter("ignore")
        return isinstance(index, pd.DatetimeIndex) and pd.infer_freq(index) is not None


def _constant(name, value):
    return ValueError(
        f"series {name!r} is constant ({value:g} throughout): it cannot be scaled and needs no forecast; leave it out."
    )


def cache_folder():
    """The folder for downloads: ``GRU_VS_LSTM_DATA`` where that is set, else the user's cache folder."""
    return Path(os.environ.get("GRU_VS_LSTM_DATA") or pooch.os_cache("gru-vs-lstm"))


def load(name, source="auto", seed=1):
    """Load a data set as a table (time x series).

    Parameters
    ----------
    name : "bankex" (daily closing prices of ten Indian banks in INR) or "activities" (ten noisy weekly patterns)
    source : "published" (the CSV of Velarde et al. 2022 from the cache or the net, checked by SHA-256), "simulated",
        or "auto" (published where it can be had, else simulated)
    seed : of the simulator

    Returns
    -------
    DataFrame whose ``attrs`` hold ``name``, ``source`` ("published" or "simulated"), ``unit``, ``season`` and
    ``note``, a sentence for the reader.

    Raises
    ------
    ValueError for an unknown name or source or a file with another hash; FileNotFoundError where source is
    "published" and the file can be neither found nor downloaded.
    """
    check_choice("dataset", name, DATASETS)
    check_choice("source", source, SOURCES)
    check_integer("seed", seed, 0)
    reason = "as asked for"
    if source != "simulated":
        try:
            table = _published(name)
            return _describe(table, name, "published", f"the study's file {DATASETS[name].file}")
        except FileNotFoundError as error:
            if source == "published":
                raise
            # a line of its own: the error names the cache folder, and outputs should name no path of a machine
            kind = type(error.__cause__).__name__
            reason = f"{DATASETS[name].file} is not in the cache and could not be downloaded: {kind}"
    simulate = {"bankex": simulate_bankex, "activities": simulate_activities}[name]
    return _describe(simulate(seed=seed), name, "simulated", reason)


def _describe(table, name, source, reason):
    facts = DATASETS[name]
    note = f"{name}: {source.upper()} data, {len(table)} days x {table.shape[1]} series ({reason})."
    table.attrs = {"name": name, "source": source, "unit": facts.unit, "season": facts.season, "note": note}
    return table


def _published(name):
    facts = DATASETS[name]
    path = cache_folder() / facts.file
    if not path.exists():
        pooch.get_logger().setLevel("WARNING")  # its line about the download would print a path of this machine
        downloader = pooch.HTTPDownloader(timeout=10)
        try:
            pooch.retrieve(
                STUDY_URL + facts.file, f"sha256:{facts.sha256}", path.name, path.parent, downloader=downloader
            )
        except (OSError, ValueError) as error:  # no network, no such folder, another hash at the other end
            raise FileNotFoundError(
                f"{facts.file} is not in the cache folder {path.parent} and could not be downloaded "
                f"({type(error).__name__}): connect to the internet, put the file there, or use source='simulated'."
            ) from error
    found = pooch.file_hash(str(path))
    if found != facts.sha256:
        raise ValueError(
            f"{path} is not the published file: its SHA-256 is {found[:12]}..., expected {facts.sha256[:12]}...; "
            "delete it so that it is downloaded again, or use source='simulated'."
        )
    values = np.loadtxt(path, delimiter=",").T
    return pd.DataFrame(values, columns=list(facts.columns), index=pd.RangeIndex(1, len(values) + 1, name="day"))


def simulate_bankex(n_days=3032, seed=1):
    """Ten correlated, heavy-tailed random walks in business days, with the banks' drift, volatility and correlation.

    The daily log returns are multivariate Student-t (5 degrees of freedom, so that crashes come together) around the
    published means; they are independent from day to day: nothing but the drift can be forecast.

    Returns a table of simulated prices (n_days, 10) in INR.
    """
    check_integer("n_days", n_days, 2, 60_000)  # pandas' calendar ends in 2262
    check_integer("seed", seed, 0)
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((n_days - 1, LOADINGS.shape[0])) @ LOADINGS
    normal += rng.standard_normal((n_days - 1, 10)) * np.sqrt(1 - (LOADINGS**2).sum(axis=0))
    df = DEGREES_OF_FREEDOM
    student = normal / np.sqrt(rng.chisquare(df, (n_days - 1, 1)) / df) * np.sqrt((df - 2) / df)  # variance 1
    log_price = np.vstack([np.zeros(10), np.cumsum(DRIFT + VOLATILITY * student, axis=0)])
    index = pd.bdate_range("2005-07-12", periods=n_days, name="date")
    return pd.DataFrame(FIRST_PRICE * np.exp(log_price), columns=list(DATASETS["bankex"].columns), index=index)


def simulate_activities(n_weeks=512, seed=1):
    """The synthetic Activities, built as Velarde et al. (2022) built theirs, with other random numbers.

    A week of five high days (1) and two low days (0) plus noise drawn from {0, .01, .., .04} is row 0. Row r > 0 is the
    *same noisy row* rolled by 2r days, some with extra noise, plus a line of .0001 a day, times r.

    Returns a simulated table (7 n_weeks, 10).
    """
    check_integer("n_weeks", n_weeks, 1, 100_000)
    check_integer("seed", seed, 0)
    rng = np.random.default_rng(seed)
    n_days = 7 * n_weeks
    first = np.tile([1.0, 1, 1, 1, 1, 0, 0], n_weeks) + rng.integers(0, 5, n_days) / 100
    extra_levels = {1: 9, 2: 15, 3: 50, 4: 20, 6: 5, 8: 40}  # rows 5, 7 and 9 have no noise of their own
    rows = [first]
    for r in range(1, 10):
        row = np.roll(first, 2 * r) + rng.integers(0, extra_levels.get(r, 1), n_days) / 100
        rows.append(r * (row + 1e-4 * np.arange(1, n_days + 1)))
    index = pd.RangeIndex(1, n_days + 1, name="day")
    return pd.DataFrame(np.column_stack(rows), columns=list(DATASETS["activities"].columns), index=index)


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
        raise _constant(which, np.ravel(low)[which])
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
