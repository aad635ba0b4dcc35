"""The pictures of notebook 00: forecasts of electricity demand, five seeds as dots, and a price a day late."""

import matplotlib.pyplot as plt
import numpy as np

from helpers import plots

COPY = plots.COLOURS["seasonal_naive"]
NETWORK = plots.COLOURS["gru"]


def draw_demand(demand):
    """Two weeks of hourly ``demand``, an array (hours,) in GW that starts on a Monday at midnight."""
    fig, ax = plt.subplots()
    ax.plot(np.arange(len(demand)) / 24, demand, color="black")
    ax.set(xlabel="days", ylabel="demand (GW)", title="Every day a hill, every weekend a lower one")
    alt = "A line of hourly electricity demand over two weeks: a hill by day, a valley by night, lower at the weekends."
    plots.show(fig, "00_demand", alt)
    return fig


def draw_forecast(real, network, copied=None):
    """Arrays (hours,) in GW: what was used, a network's forecast and, if given, last week's values."""
    fig, ax = plt.subplots()
    hours = np.arange(len(real))
    ax.plot(hours, real, color="black", alpha=0.35, lw=5, label="what was used")
    ax.plot(hours, network, color=NETWORK, marker="o", ms=3, label="the network")
    alt = "One day of hourly demand as a thick grey line, and the network's orange forecast, which has the same shape."
    if copied is not None:
        ax.plot(hours, copied, color=COPY, marker="s", ms=3, label="last week, copied")
        alt = "The same day and forecast, and a thin black line: the demand one week earlier, close to the grey line."
    ax.set(xlabel="hour of the day", ylabel="demand (GW)", title="Tomorrow" if copied is None else "One more line")
    ax.legend()
    plots.show(fig, "00_tomorrow" if copied is None else "00_last_week", alt)
    return fig


def draw_seeds(table, copied):
    """One dot for each trained network; ``copied`` is the error of copying last week.

    ``table`` has the columns network ("gru" or "lstm"), seed and error (RMSE in GW).
    """
    fig, ax = plt.subplots(figsize=(8, 2.6))
    for height, (network, rows) in enumerate(table.groupby("network")):
        ax.scatter(rows["error"], np.full(len(rows), height), color=plots.COLOURS[network], s=70, alpha=0.8)
    ax.axvline(copied, color="black", ls=":", label="last week, copied")
    ax.set(yticks=[0, 1], yticklabels=["GRU", "LSTM"], ylim=(-0.6, 1.6), xlim=(0, None))
    ax.set(xlabel="error (RMSE in GW, smaller is better)", title="The same networks, other seeds")
    ax.legend(loc="upper left")
    alt = "A row of dots for the GRU and one for the LSTM, one dot a seed; a dotted line marks the copy of last week."
    plots.show(fig, "00_seeds", alt)
    return fig


def draw_prices(real, network, unit, source):
    """Daily prices, array (days,), and a network's forecast of each from the days before: all days, and twenty of them.

    ``source`` is "published" or "simulated".
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=[3, 2])
    for ax, days in zip(axes, (slice(None), slice(20)), strict=True):
        ax.plot(real[days], color="black", marker="." if days.stop else None, label="the price")
        ax.plot(network[days], color=NETWORK, marker="." if days.stop else None, label="the network, a day ahead")
        ax.set(xlabel="days")
    axes[0].set(ylabel=f"price ({unit})", title=f"A price, forecast a day ahead ({source} data)")
    axes[1].set(title="The first 20 days, enlarged")
    axes[0].legend()
    alt = "Left, a price and its forecast lie on each other over all days. Right, twenty days: the forecast runs late."
    plots.show(fig, "00_prices", alt)
    return fig
