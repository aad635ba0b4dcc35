"""The pictures of notebook 03: the data, windows and splits, scales, simple forecasts, leaks."""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from helpers import plots

PARTS = {"train": "#0072B2", "validation": "#E69F00", "test": "#009E73", "left out": "#999999"}
RED, BLUE, ORANGE = "#D55E00", "#0072B2", "#E69F00"
RUNGS = plots.NAMES | {
    "seasonal_naive": "seven days ago",
    "drift": "window's line",
    "nlinear": "NLinear, one series",
    "nlinear_all": "NLinear, all series",
    "theta": "Theta",
    "damped": "damped smoothing",
    "weekdays": "weekdays",
}


def _above(fig, title):
    fig.suptitle(title, x=0.01, ha="left", fontsize=11)


def draw_all_in_one(tables, scaled, titles):
    """Both data sets in one plot each, in their unit above and scaled to 0 .. 1 below.

    Parameters
    ----------
    tables, scaled, titles : dicts name of the data set -> table (days, 10), the same scaled, its title
    """
    fig, axes = plt.subplots(2, 2, figsize=(9, 5.6))
    for column, (name, table) in enumerate(tables.items()):
        for ax, values in zip(axes[:, column], (table, scaled[name]), strict=True):
            colours = plt.cm.rainbow(np.linspace(0, 1, values.shape[1]))
            for number, (series, colour) in enumerate(zip(values.to_numpy().T, colours, strict=True), 1):
                ax.plot(series, color=colour, linewidth=0.6, label=str(number))
        axes[0, column].set(title=titles[name], xlabel="days", ylabel=f"value ({table.attrs['unit']})")
        axes[1, column].set(title="the same, each series from 0 to 1", xlabel="days", ylabel="scaled value")
    legend = fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", title="series")
    for line in legend.get_lines():
        line.set_linewidth(3)
    alt = "Both data sets, ten coloured lines each: original values above, scaled below; the weeks are a solid band."
    plots.show(fig, "03_all_in_one", alt)
    return fig


def _small_multiples(values, names, title, unit, **options):
    fig, axes = plt.subplots(2, 5, figsize=(10, 4), sharex=True, **options)
    for ax, series, name in zip(axes.flat, values.T, names, strict=True):
        ax.plot(series, color=BLUE, linewidth=0.8)
        ax.set_title(name, fontsize=9)
        ax.tick_params(labelsize=8)
    fig.supxlabel("days", fontsize=10)
    fig.supylabel(unit, fontsize=10)
    _above(fig, title)
    return fig


def draw_banks(growth, title):
    """A panel for each bank: doublings of the price since the first day. ``growth``: price / first price (days, 10)."""
    last = growth.iloc[-1]
    title = f"{title}: in {len(growth)} days, prices grew {last.min():.1f}-fold to {last.max():.1f}-fold"
    unit = "log2 of price / first price (1 = doubled)"
    fig = _small_multiples(np.log2(growth.to_numpy()), growth.columns, title, unit, sharey=True)
    plots.show(fig, "03_banks", "Ten panels, one a bank: doublings of the price since the first day, against days.")
    return fig


def draw_activities(weeks, title):
    """A panel for each activity over four weeks, ``weeks`` (28, 10)."""
    title = f"{title}: four weeks, five high days and two low"
    fig = _small_multiples(weeks.to_numpy(), weeks.columns, title, "activity")
    alt = "Ten panels, one an activity, over 28 days: a square wave with a period of a week."
    plots.show(fig, "03_activities", alt)
    return fig


def draw_returns(standard, alike, week, titles):
    """What moves from day to day: tails of the returns, autocorrelations, the mean week.

    Parameters
    ----------
    standard : standardised returns of all banks, any shape
    alike : dict label -> mean autocorrelation at lags 1, 2, ... (lags,)
    week : mean of Activity 0 on each day of the week (7,)
    titles : dict name of the data set -> title
    """
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.3))
    x = np.linspace(-6, 6, 200)
    left.hist(np.ravel(standard), bins=np.linspace(-6, 6, 61), density=True, color="#56B4E9")
    left.plot(x, stats.norm.pdf(x), color="black", linewidth=1)
    left.set(yscale="log", ylim=(1e-4, 1), xlabel="standardised return", ylabel="density (log scale)")
    left.set_title(f"{titles['bankex']}:\ntails above the normal curve")
    for (label, values), marker in zip(alike.items(), "os^", strict=True):
        middle.plot(np.arange(1, len(values) + 1), values, marker, ls="-", ms=3, lw=0.8, label=label)
    middle.set(xlabel="lag (days)", ylabel="mean autocorrelation", ylim=(-0.6, 1.7), xticks=[1, 7, 14, 21])
    middle.set_title("Of the two, only the\nActivities repeat themselves")
    middle.legend(fontsize=8, loc="upper left")
    right.bar(range(1, 8), week, color=ORANGE)
    right.set(xlabel="day of the week", ylabel="mean of Activity 0 (line removed)")
    right.set_title(f"{titles['activities']}:\nfive high days, two low")
    plots.show(fig, "03_returns", "Histogram of returns beside the normal density; autocorrelations; the mean week.")
    return fig


def draw_correlations(correlations, titles):
    """Correlation matrices (10, 10) of what can't be forecast, by name of the data set."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 4))
    for ax, (name, matrix) in zip(axes, correlations.items(), strict=True):
        picture = ax.imshow(matrix, vmin=0, vmax=1, cmap="viridis")
        pairs = matrix[np.triu_indices(len(matrix), 1)]
        ax.set_title(f"{titles[name]}: mean {pairs.mean():.2f},\n{np.sum(pairs > 0.9999)} pairs of perfect copies")
        ax.set(xlabel="series", ylabel="series", xticks=range(len(matrix)), yticks=range(len(matrix)))
        ax.grid(False)
    fig.colorbar(picture, ax=axes, label="correlation of returns (left), of noise (right)")
    alt = "Correlation matrices of the bank returns and of the activities' noise; on the right bright copies stand out."
    plots.show(fig, "03_correlations", alt)
    return fig


def draw_windows(length, window, horizon, published, sound, borders):
    """Every window as a row over days, pale inputs and solid targets, under two splits.

    Parameters
    ----------
    published, sound : dicts name of a part -> slice of window numbers
    borders : first day of the validation part, and of the test part
    """
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
    for ax, parts, marked in zip(axes, (published, sound), (borders[1:], borders), strict=True):
        used = np.concatenate([np.r_[part] for part in parts.values()])
        rest = np.setdiff1d(np.arange(length - window - horizon + 1), used)
        for name, rows in {**{name: np.r_[part] for name, part in parts.items()}, "left out": rest}.items():
            ax.barh(rows, window, left=rows, color=PARTS[name], alpha=0.25)
            ax.barh(rows, horizon, left=rows + window, color=PARTS[name], label=name)
        rows = np.r_[parts["train"]]
        inside = np.clip(rows + window + horizon - borders[1], 0, None)  # target days beyond the last border
        if inside.any():
            ax.barh(rows, inside, left=borders[1], color=RED, label="test day in training")
        for border in marked:
            ax.axvline(border, color="black", linestyle="--", linewidth=1)
        ax.set(xlabel="day", ylabel="window", xlim=(0, length), ylim=(length - window - horizon + 1, -1))
    axes[0].set_title(f"Published: {horizon - 1} training windows\nreach into the test days")
    axes[1].set_title("Chronological, purged: no target day\nin two parts")
    named = {name: handle for ax in axes for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    fig.legend(named.values(), named.keys(), loc="outside right center")
    alt = "Every window as a row over days; training targets that reach into the test days stand out."
    plots.show(fig, "03_windows", alt)
    return fig


def draw_outside(test_part, share, title):
    """Where the test values of each series lie, scaled so that its training part spans 0 .. 1.

    Parameters
    ----------
    test_part : table (days, series), scaled
    share : how many of its values lie outside 0 .. 1
    """
    fig, ax = plt.subplots(figsize=(8, 3.8))
    ax.axvspan(0, 1, color="#56B4E9", alpha=0.3, label="range of the training part")
    low = test_part.min()
    ax.barh(test_part.columns, test_part.max() - low, left=low, color=PARTS["test"], height=0.5, label="test part")
    ax.set(xlabel="value, scaled by the training part")
    ax.set_title(f"{title}: {share:.0%} of test values lie outside the training range")
    ax.invert_yaxis()
    fig.legend(loc="outside right center")
    alt = "Bars: the range of each series' test part in units in which the training part spans 0 to 1."
    plots.show(fig, "03_outside", alt)
    return fig


def draw_normalised(windows, normalised, spread, title, unit):
    """A few windows of one series at their own levels, and each relative to itself.

    Parameters
    ----------
    windows, normalised : dicts number of the window -> its inputs (w,)
    spread : their standard deviations
    """
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.3))
    for number, inputs in windows.items():
        axes[0].plot(inputs, linewidth=1)
        axes[1].plot(normalised[number], linewidth=1, label=f"window {number}")
    axes[0].set(xlabel="day of the window", ylabel=f"value ({unit})")
    axes[0].set_title(f"{title}:\nspread {np.min(spread):.2g} to {np.max(spread):.2g}")
    axes[1].set(xlabel="day of the window", ylabel="normalised value")
    axes[1].set_title("The same windows, normalised:\nspread 1, all end at 0")
    fig.legend(loc="outside right center")
    alt = "Four windows of one series: left at their own levels, right on one scale ending at zero."
    plots.show(fig, "03_normalised", alt)
    return fig


def draw_random_walk(by_step, walks):
    """Error of each forecast by step ahead on ``walks`` random walks: dict model -> RMSE (steps,); and the floor."""
    fig, ax = plt.subplots()
    for name, errors in by_step.items():
        ahead = np.arange(1, len(errors) + 1)
        ax.plot(ahead, errors, color=plots.COLOURS[name], marker="o", markersize=3, label=RUNGS[name])
    ax.plot(ahead, np.sqrt(ahead), color="red", linestyle=":", linewidth=2, label=r"theory, $\sigma\sqrt{h}$")
    best = min(by_step, key=lambda name: np.mean(np.square(by_step[name])))
    ax.set(xlabel="steps ahead, h", ylabel="RMSE (in units of σ)", xticks=[1, 5, 10, 15, 20])
    ax.set_title(f"{walks} simulated random walks: lowest error: {RUNGS[best]}")
    fig.legend(loc="outside right center")
    plots.show(fig, "03_random_walk", "Error by step ahead for four forecasts on random walks, with the floor.")
    return fig


def draw_season(rho, seasons, titles):
    """Autocorrelation (lags,) of the first series of each data set, from lag 1 on; the period found is marked."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for ax, (name, values) in zip(axes, rho.items(), strict=True):
        lags = np.arange(1, len(values) + 1)
        ax.bar(lags, values, color=[ORANGE if lag == seasons[name] else "#BBBBBB" for lag in lags])
        ax.axhline(values[0], color="black", linestyle="--", linewidth=1)
        ax.set(xlabel="lag (days)", xticks=[1, 7, 14, 21, 28])
        ax.set_title(f"{titles[name]}:\nperiod found: {seasons[name]}{' (no season)' if seasons[name] == 1 else ''}")
    axes[0].set_ylabel("autocorrelation (dashed: at lag 1)")
    alt = "Autocorrelation by lag of the first series of each data set; the found period is marked."
    plots.show(fig, "03_season", alt)
    return fig


def draw_ladder(errors, floor, source):
    """Simple forecasts as rungs, the best below: a panel for each data set and horizon.

    Parameters
    ----------
    errors : mean RMSE, a Series with the index levels dataset, horizon, model
    floor : noise floor of the activities on that scale
    source : of the data, "published" or "simulated"
    """
    fig, axes = plt.subplots(2, 2, figsize=(10, 5))
    for ax, ((name, horizon), rungs) in zip(
        axes.T.flat, errors.groupby(["dataset", "horizon"], sort=False), strict=True
    ):
        rungs = rungs.droplevel(["dataset", "horizon"]).sort_values(ascending=False)
        place = np.arange(len(rungs))[::-1]
        ax.plot(rungs, place, "o", color=BLUE)
        for y, value in zip(place, rungs, strict=True):
            ax.annotate(f"{value:.4f}", (value, y), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8)
        ax.set_yticks(place, [RUNGS[model] for model in rungs.index], fontsize=9)
        ax.set(ylim=(-0.6, len(rungs) - 0.4), xlabel="RMSE (published scale)")
        if name == "activities":
            ax.set(xscale="log", xlim=(0.026, 0.9))
            ax.set_xticks([0.03, 0.1, 0.3], ["0.03", "0.1", "0.3"])
            ax.minorticks_off()
            ax.axvline(floor, color="red", linestyle=":", label="noise floor")
            ax.legend(fontsize=8, loc="upper center")
        else:
            ax.set_xlim(rungs.min() * 0.97, rungs.max() * 1.12)
        day = "1 day" if horizon == 1 else f"{horizon} days"
        gain = 100 * (1 - rungs.min() / rungs["last_value"])
        ax.set_title(f"{name.capitalize()}, {day}: best {gain:.1f}% below last value", fontsize=10)
    _above(fig, f"Simple forecasts on the test days ({source} data), sound protocol")
    alt = (
        "Errors of simple forecasts as dots, a panel for each data set and horizon. Banks: all but the seasonal naive "
        "lie close together. Activities: the last value far right, smoothing and weekdays at the noise floor."
    )
    plots.show(fig, "03_ladder", alt)
    return fig


def draw_by_step(errors, floor, titles):
    """Error by step ahead: dict name of the data set -> dict model -> RMSE (steps,); ``floor`` of the activities."""
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    for ax, (name, by_model) in zip(axes, errors.items(), strict=True):
        for model, values in by_model.items():
            ahead, width = np.arange(1, len(values) + 1), 3 if model == "last_value" else 1.5
            ax.plot(ahead, values, color=plots.COLOURS[model], linewidth=width, label=RUNGS[model])
        last = by_model["last_value"]
        ax.set_title(f"{titles[name]}, validation days:\nlast value wrong by {last.min():.3f} to {last.max():.3f}")
        ax.set(xlabel="steps ahead, h", ylabel="RMSE (published scale)")
    axes[1].axhline(floor, color="red", linestyle=":", label="noise floor")
    fig.legend(*axes[1].get_legend_handles_labels(), loc="outside right center")
    alt = "Error by step ahead for each simple forecast: growing for banks, by weekday for the activities."
    plots.show(fig, "03_by_step", alt)
    return fig


def draw_leaks(leaks, titles):
    """What each leak pretends to gain: a table with dataset, horizon, forecaster, leak and pretended_gain (a share)."""
    fig, axes = plt.subplots(1, 2, figsize=(10, 4))
    for ax, (forecaster, mine) in zip(axes, leaks.groupby("forecaster", sort=False), strict=True):
        leaking = mine[mine["leak"] != "none"].groupby("leak", sort=False)
        for k, ((leak, rows), colour) in enumerate(zip(leaking, (BLUE, ORANGE, RED), strict=True)):
            places = np.arange(len(rows))
            ax.bar(places + 0.27 * (k - 1), 100 * rows["pretended_gain"], 0.25, color=colour, label=leak)
        ax.set_xticks(
            places,
            [f"{titles[row.dataset].replace(' ', chr(10), 1)}\n{row.horizon} ahead" for row in rows.itertuples()],
            fontsize=8,
        )
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_ylim(min(-5, 110 * leaks["pretended_gain"].min()), 100)
        ax.set_title(f"{forecaster}: up to {mine['pretended_gain'].max():.0%} pretended")
    axes[0].set_ylabel("pretended gain (%)")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    alt = "Bars: what each leak pretends to gain, for two forecasters, both data sets and horizons."
    plots.show(fig, "03_leaks", alt)
    return fig


def draw_overlap(by_row, overlapping, gains):
    """Error by test window with and without overlapping targets.

    Parameters
    ----------
    by_row : dict leak -> RMSE (test windows,)
    overlapping : how many test windows forecast a day that was a training target
    gains : what the overlap pretends to gain in the first window, and after the last overlapping one
    """
    fig, ax = plt.subplots()
    for (leak, errors), colour, style in zip(by_row.items(), (BLUE, RED), ("-", "--"), strict=True):
        ax.plot(np.arange(1, len(errors) + 1), errors, color=colour, linestyle=style, label=leak)
    ax.axvspan(1, overlapping, color="#999999", alpha=0.2, label="targets overlap")
    ax.set(xlabel="test window", ylabel="RMSE (published scale)")
    border, later = gains
    ax.set_title(
        f"Simulated walks: overlap pretends {border:.0%} at the border, {later:.0%} after {overlapping} windows"
    )
    fig.legend(loc="outside right center")
    alt = "Error of nearest windows by test window: lower with overlapping targets in the first windows, then the same."
    plots.show(fig, "03_overlap", alt)
    return fig


def draw_simulated(tables, others, labels):
    """The first bank and Activity 1 of two dicts of tables, in two colours; ``labels`` says which is which."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2))
    for each, label, colour in zip((tables, others), labels, (BLUE, ORANGE), strict=True):
        axes[0].plot(each["bankex"].iloc[:, 0].to_numpy(), color=colour, linewidth=0.8)
        axes[1].plot(each["activities"].iloc[:28, 1].to_numpy(), color=colour, marker="o", markersize=3, label=label)
    axes[0].set(yscale="log", xlabel="days", ylabel="INR, log scale", title="Axis Bank: two different paths")
    axes[1].set(xlabel="days", ylabel="activity", title="Activity 1: the same week, other noise")
    fig.legend(loc="outside lower center", ncols=2)
    alt = "The first bank and Activity 1: this run's data and the simulator's, in two colours."
    plots.show(fig, "03_simulated", alt)
    return fig
