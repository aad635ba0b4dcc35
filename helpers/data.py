"""The two data sets of the study: load them as published, or simulate their like.

A table is a ``pandas.DataFrame`` of shape (time, series): rows in order of time, one named column a series.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pooch

from helpers.checks import check_choice, check_integer

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
    path = by_hash(cache_folder() / facts.file, facts.sha256, STUDY_URL + facts.file, "use source='simulated'")
    values = np.loadtxt(path, delimiter=",").T
    return pd.DataFrame(values, columns=list(facts.columns), index=pd.RangeIndex(1, len(values) + 1, name="day"))


def by_hash(path, sha256, url, otherwise):
    """Return ``path``, a file of the cache folder with this SHA-256, downloaded from ``url`` where it is not there.

    Raises FileNotFoundError where it can't be had, ValueError where it is another file; ``otherwise`` is the way out
    that the sentence ends with.
    """
    if not path.exists():
        pooch.get_logger().setLevel("WARNING")  # its line about the download would print a path of this machine
        downloader = pooch.HTTPDownloader(timeout=10)
        try:
            pooch.retrieve(url, f"sha256:{sha256}", path.name, path.parent, downloader=downloader)
        except (OSError, ValueError) as error:  # no network, no such folder, another hash at the other end
            raise FileNotFoundError(
                f"{path.name} is not in the cache folder {path.parent} and could not be downloaded "
                f"({type(error).__name__}): connect to the internet, put the file there, or {otherwise}."
            ) from error
    found = pooch.file_hash(str(path))
    if found != sha256:
        raise ValueError(
            f"{path} is not the published file: its SHA-256 is {found[:12]}..., expected {sha256[:12]}...; "
            f"delete it so that it is downloaded again, or {otherwise}."
        )
    return path


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
