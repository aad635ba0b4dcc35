"""Checks of a table of series, before anything is trained on it: one sentence says what is wrong and what to do."""

import warnings

import numpy as np
import pandas as pd

from helpers.checks import constant_series


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
        raise constant_series(series.name, values[0])


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
