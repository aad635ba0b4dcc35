"""The even grid on which a file's times lie, and its gaps. Used by tools/reader.py."""

import numpy as np
import pandas as pd

CALENDARS = ("B", "MS", "3MS", "6MS", "12MS", "ME", "3ME", "6ME", "12ME")  # starts or ends of months, quarters, years
FILLED = 0.2  # at most this share of a series, or of the time grid, may be missing
SHORTEST = 50  # rows: fewer leave nothing to learn from once validation and test part are held out


def grid_of(times):
    """The even grid on which all ``times`` lie and fill 4 of 5 places; None where there is none."""
    times = pd.Index(times).unique().sort_values()
    if len(times) < 3:
        return None
    step = pd.Series(times).diff().mode()[0]
    places = (times - times[0]) / step
    most = len(times) / (1 - FILLED)
    if places[-1] < most and np.allclose(places, np.round(places)):
        if not isinstance(times, pd.DatetimeIndex):
            return pd.Index(times[0] + step * np.arange(round(places[-1]) + 1)).astype(times.dtype)
        whole_days = step == pd.Timedelta(days=step.days)
        return pd.date_range(times[0], times[-1], freq=f"{step.days}D" if whole_days else step, unit=times.unit)
    for frequency in CALENDARS if isinstance(times, pd.DatetimeIndex) else ():
        grid = pd.date_range(times[0], times[-1], freq=frequency, unit=times.unit)
        if len(grid) <= most and times.isin(grid).all():
            return grid
    return None


def _periods(times):
    """(one time in each week, month, quarter or year: these periods' starts, their word), or None."""
    for word, code, frequency in (
        ("week", "W", "7D"),
        ("month", "M", "MS"),
        ("quarter", "Q", "QS"),
        ("year", "Y", "YS"),
    ):
        starts = times.to_period(code).start_time.as_unit(times.unit)
        grid = pd.date_range(starts[0], starts[-1], freq=frequency, unit=times.unit)
        if starts.is_unique and len(grid) * (1 - FILLED) <= len(times):
            return starts, grid, word
    return None


def on_an_even_grid(table, notes):
    """The table with a row for every step of its grid, NaN where the file has none."""
    grid = grid_of(table.index)
    if grid is None and isinstance(table.index, pd.DatetimeIndex) and len(table) >= 3:
        periods = _periods(table.index)
        if periods:
            notes.append(f"one time in each {periods[2]}, on different days: the {periods[2]}s are the steps")
            table, grid = table.set_axis(periods[0]), periods[1]
    if grid is None and len(table) >= SHORTEST:
        steps = pd.Series(table.index).diff()
        usual = steps.mode()[0]
        row = int((steps[1:] != usual).to_numpy().argmax()) + 1
        raise ValueError(
            f"times must be evenly spaced; most steps are {usual}, but {table.index[row]} comes {steps[row]} after "
            f"{table.index[row - 1]}: bring all rows to one frequency, or drop the times if only the order counts."
        )
    if grid is None or len(grid) == len(table):
        return table if grid is None else table.set_axis(grid)
    notes.append(f"gaps in time: {len(grid) - len(table)} of {len(grid)} steps have no row")
    return table.reindex(grid)
