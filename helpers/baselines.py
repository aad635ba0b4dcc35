"""Forecasts that a network must beat. All share ``fit(X, y)`` and ``predict(X)``: X (n, window), y (n, horizon)."""

import numpy as np
from sklearn.linear_model import LinearRegression

from helpers.checks import check_choice, check_integer, check_windows


class LastValue:
    """The last known value, repeated: the best forecast of a random walk."""

    params = 0

    def fit(self, X, y):
        check_windows(X, y)
        self.horizon = y.shape[1]
        return self

    def predict(self, X):
        return np.repeat(X[:, -1:], self.horizon, axis=1)


class Drift:
    """The line from the window's first value to its last, carried on (not the textbook's drift, which starts at the
    first value of all: Hyndman & Athanasopoulos 2021, section 5.2)."""

    params = 0

    def fit(self, X, y):
        check_windows(X, y)
        if X.shape[1] < 2:
            raise ValueError(f"window must be at least 2 for a line; got {X.shape[1]}.")
        self.horizon = y.shape[1]
        return self

    def predict(self, X):
        slope = (X[:, -1:] - X[:, :1]) / (X.shape[1] - 1)
        return X[:, -1:] + slope * np.arange(1, self.horizon + 1)


class SeasonalNaive:
    """The values one season earlier, repeated as often as the horizon needs."""

    params = 0

    def __init__(self, season):
        self.season = check_integer("season", season)

    def fit(self, X, y):
        check_windows(X, y)
        if X.shape[1] < self.season:
            raise ValueError(f"season must not exceed the window of {X.shape[1]} steps; got {self.season}.")
        self.horizon = y.shape[1]
        return self

    def predict(self, X):
        last_season = X[:, X.shape[1] - self.season :]
        return last_season[:, np.arange(self.horizon) % self.season]


class NLinear:
    """Subtract the window's last value, one linear map, add it back (Zeng et al. 2023), fitted by least squares."""

    def fit(self, X, y):
        check_windows(X, y)
        last = X[:, -1:]
        self.regression = LinearRegression().fit(X - last, y - last)
        self.params = self.regression.coef_.size + self.regression.intercept_.size
        return self

    def predict(self, X):
        last = X[:, -1:]
        return self.regression.predict(X - last).reshape(len(X), -1) + last


def make_baseline(name, season):
    """The baseline called ``name`` in the results table; ``season`` is in steps."""
    makers = {
        "last_value": LastValue,
        "drift": Drift,
        "seasonal_naive": lambda: SeasonalNaive(season),
        "nlinear": NLinear,
    }
    return makers[check_choice("name", name, makers)]()
