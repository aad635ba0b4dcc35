"""The pictures of notebook 04: losses, what each change does, forecasts, the fair fight, what practitioners ask."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from helpers import plots

PROTOCOLS = {  # as an axis says them
    "published": "published",
    "published + early stopping": "published\n+ early stopping",
    "published + window scaling": "published\n+ window scaling",
    "sound": "sound\n(both)",
}


def _plain_log(ax):
    """A logarithmic y axis with few, plain numbers."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


def draw_losses(curves):
    """Training loss pale, validation loss dark, a dot at its lowest point; a panel for each protocol.

    Parameters
    ----------
    curves : dict (protocol, model) -> table with a row an epoch, columns loss and val_loss
    """
    protocols = list(dict.fromkeys(protocol for protocol, _ in curves))
    fig, axes = plt.subplots(1, len(protocols), squeeze=False)
    for ax, protocol in zip(axes[0], protocols, strict=True):
        bests = []
        for (_, model), rows in ((key, rows) for key, rows in curves.items() if key[0] == protocol):
            epochs, best = np.arange(1, len(rows) + 1), int(np.argmin(rows["val_loss"]))
            colour, name = plots.COLOURS[model], plots.NAMES[model]
            ax.plot(epochs, rows["loss"], color=colour, alpha=0.4, label=f"{name}, training")
            ax.plot(epochs, rows["val_loss"], color=colour, label=f"{name}, validation")
            ax.plot(epochs[best], rows["val_loss"].iloc[best], "o", color=colour)
            bests.append(f"{name} {best + 1} of {len(rows)}")
        ax.set(title=f"{protocol.split(' ')[0]}: lowest validation error\nat epoch {', '.join(bests)}", xlabel="epoch")
        _plain_log(ax)
    axes[0, 0].set_ylabel("mean squared error")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    alt = "Training loss (pale) and validation loss (dark) of both networks by epoch, a dot at each lowest point."
    plots.show(fig, "04_loss_curves", alt)
    return fig


def draw_ablation(effect, runs, reference, horizon):
    """Test errors with early stopping and window scaling off, on, each alone and together; a panel for each data set.

    Parameters
    ----------
    effect : table of RMSE (published scale) of the first seed, a row a protocol, columns (dataset, model)
    runs : Series of RMSE of every seed there is, index levels dataset, model, protocol, seed
    reference : dict or Series, dataset -> the last value's RMSE
    horizon : days ahead
    """
    datasets = list(dict.fromkeys(effect.columns.get_level_values(0)))
    fig, axes = plt.subplots(1, len(datasets), squeeze=False)
    places = np.arange(len(effect))
    for ax, name in zip(axes[0], datasets, strict=True):
        for model, shift in (("gru", -0.08), ("lstm", 0.08)):
            colour, label, every = plots.COLOURS[model], plots.NAMES[model], runs[name, model]
            ax.plot(effect[name, model], places + shift, "o", ms=8, color=colour, label=f"{label}, one seed")
            rows = effect.index.get_indexer(every.index.get_level_values("protocol")) + 2.5 * shift
            ax.plot(every, rows, "o", ms=4, alpha=0.4, color=colour, label=f"{label}, all seeds")
        ax.axvline(reference[name], color=plots.COLOURS["last_value"], ls="--", label="last value")
        best = PROTOCOLS[effect[name].mean(axis=1).idxmin()].replace("\n", " ")
        ax.set(
            title=f"{name}: mean of GRU and LSTM\nlowest for {best}",
            xlim=(0, 1.08 * max(effect[name].max().max(), runs[name][["gru", "lstm"]].max(), reference[name])),
        )
        ax.set_xlabel(f"test RMSE (published scale),\n{horizon} days ahead")
        ax.set_yticks(places, [PROTOCOLS[protocol] for protocol in effect.index] if ax is axes[0, 0] else [])
        ax.set_ylim(len(effect) - 0.5, -0.5)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    alt = "Dots: test error of both networks as published, with early stopping, with window scaling, and with both; "
    alt += "small pale dots in the first and last row: all seeds, far apart as published, close together with both."
    plots.show(fig, "04_ablation", alt)
    return fig


def draw_first_days(actual, forecasts, label):
    """One-step forecasts of each day, dict model -> array (days,), over the ``actual`` values (days,).

    ``label`` says whose values, their unit and source.
    """
    fig, ax = plt.subplots()
    ax.plot(actual, color="black", lw=2.5, alpha=0.3, label="actual")
    agreement = []
    for model, forecast in forecasts.items():
        ax.plot(forecast, color=plots.COLOURS[model], lw=1, label=plots.NAMES[model])
        agreement.append(f"{plots.NAMES[model]} {np.corrcoef(forecast, actual)[0, 1]:.2f}")
    ax.set(xlabel="test day", ylabel=label)
    ax.set_title(f"First {len(actual)} test days: correlation with the price {', '.join(agreement)}")
    ax.legend(loc="best", ncols=3)
    alt = "Actual prices as a thick grey line; the forecasts of GRU and LSTM, a day ahead, follow it closely."
    plots.show(fig, "04_first_100_days", alt)
    return fig


def draw_one_forecast(seen, actual, forecasts, label):
    """The window ``seen`` (window,), what came after it, ``actual`` (horizon,), and forecasts, dict model -> array.

    ``label`` says whose values, their unit and source.
    """
    ahead, off = np.arange(1, len(actual) + 1), []
    fig, ax = plt.subplots()
    ax.plot(np.arange(1 - len(seen), 1), seen, color="black", lw=0.8, label="window")
    ax.plot(ahead, actual, "k.-", label="actual")
    for model, forecast in forecasts.items():
        ax.plot(ahead, forecast, ".-", color=plots.COLOURS[model], label=plots.NAMES[model])
        off.append(f"{plots.NAMES[model]} {np.sqrt(np.mean((forecast - actual) ** 2)):.3g}")
    ax.set(title=f"RMSE over these {len(actual)} days: {', '.join(off)}", xlabel="days from the last known value")
    ax.set_ylabel(label)
    ax.legend(loc="best", ncols=2)
    alt = "A window of past values, then for the days after it the actual values and three forecasts."
    plots.show(fig, "04_one_forecast", alt)
    return fig


def draw_fan(actual, fan, every, label):
    """Forecasts from every so many days: ``fan`` (origins, horizon), row i starting on day i of ``actual`` (days,)."""
    fig, ax = plt.subplots()
    ax.plot(actual, color="black", alpha=0.5, label="actual")
    for row in range(0, len(fan), every):
        days = np.arange(row, row + fan.shape[1])
        ax.plot(days, fan[row], color=plots.COLOURS["gru"], label=None if row else "GRU")
    title = f"Forecasts {fan.shape[1]} days ahead, one stroke for every {every} days"
    ax.set(title=title, xlabel="test day", ylabel=label)
    ax.legend(loc="best")
    alt = "The actual series as a grey line, and short, nearly straight strokes: forecasts that start at regular days."
    plots.show(fig, "04_fan", alt)
    return fig


def draw_yesterday(forecast, actual, yesterday, correlation, unit):
    """Three looks at one-step forecasts: values, changes, and how the changes agree with earlier and later ones.

    Parameters
    ----------
    forecast, actual, yesterday : arrays (days,) in ``unit``
    correlation : Series, lag in days of the actual change -> correlation with the forecast's change
    """
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3.4))
    left.scatter(forecast, actual, s=8, color=plots.COLOURS["gru"])
    left.set(xlabel=f"predicted ({unit})", ylabel=f"actual ({unit})")
    left.set_title(f"Prices: r = {np.corrcoef(forecast, actual)[0, 1]:.2f}")
    predicted, came = forecast - yesterday, actual - yesterday
    middle.scatter(predicted, came, s=8, color=plots.COLOURS["gru"])
    middle.set(xlabel=f"predicted change ({unit})", ylabel=f"actual change ({unit})")
    middle.set_title(f"Changes: r = {np.corrcoef(predicted, came)[0, 1]:.2f}")
    best = correlation.idxmax()
    right.bar(correlation.index, correlation, color=np.where(correlation.index == best, plots.COLOURS["gru"], "0.7"))
    right.set(xlabel="lag of the actual change (days)", ylabel="correlation", title=f"Changes fit best at lag {best}")
    alt = "Left, actual against predicted prices along a line. Middle, changes: a cloud. Right, bars by lag, one tall."
    plots.show(fig, "04_yesterdays_price", alt)
    return fig


def draw_fight(scores, networks, baselines):
    """A dot for each run of each network, a line for each baseline; a panel for each data set and horizon.

    A baseline whose error is more than half again the worst network's is left out of its panel.

    Parameters
    ----------
    scores : Series of RMSE, index (dataset, horizon, model, seed)
    networks, baselines : names of models, in the order to draw
    """
    datasets, horizons = (list(dict.fromkeys(scores.index.get_level_values(level))) for level in (0, 1))
    size = (8, 3 * len(datasets))
    fig, axes = plt.subplots(len(datasets), len(horizons), figsize=size, squeeze=False)
    for row, name in enumerate(datasets):
        for column, ahead in enumerate(horizons):
            ax, here = axes[row, column], scores[name, ahead]
            for place, model in enumerate(networks):
                dots = here[model].to_numpy()
                ax.plot(np.full(len(dots), place), dots, "o", color=plots.COLOURS[model], alpha=0.6)
            for model in baselines:
                if here[model].iloc[0] < 1.5 * here[networks].max():
                    ax.axhline(here[model].iloc[0], color=plots.COLOURS[model], ls="--", label=plots.NAMES[model])
            means = here.groupby("model").mean()
            network, baseline = means[networks].idxmin(), means[list(baselines)].idxmin()
            lead = 100 * np.log(means[network] / means[baseline])
            ax.set_title(f"{name}, {ahead} ahead:\n{plots.NAMES[network]} {lead:+.1f} % from {plots.NAMES[baseline]}")
            ax.set_xticks(range(len(networks)), [plots.NAMES[model].replace(", ", ",\n") for model in networks])
            ax.margins(x=0.2, y=0.05)
            ax.autoscale_view()  # a line across the panel does not count by itself
        axes[row, 0].set_ylabel("test RMSE (published scale)")
    parts = [ax.get_legend_handles_labels() for ax in axes.flat]
    handles = {label: handle for part in parts for handle, label in zip(*part, strict=True)}
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    alt = "Test error of every run of every network as dots, a panel for each data set and horizon; baselines as lines."
    plots.show(fig, "04_fair_fight", alt)
    return fig


def draw_question(rows, error="test"):
    """One question's runs: a dot for each seed, GRU and LSTM side by side at each setting; a panel for each case.

    Parameters
    ----------
    rows : the rows of one question in ``practice.csv``
    error : the column to draw
    """
    question = rows["question"].iloc[0]
    cases = list(rows.groupby(["dataset", "horizon"], sort=False))
    fig, axes = plt.subplots(1, len(cases), figsize=(4 * len(cases) + 1, 3.4), squeeze=False)
    for ax, ((name, ahead), case) in zip(axes[0], cases, strict=True):
        settings = list(dict.fromkeys(case["setting"]))
        leads = []
        for place, setting in enumerate(settings):
            means = {}
            for model, shift in (("gru", -0.12), ("lstm", 0.12)):
                dots = case.loc[(case["setting"] == setting) & (case["model"] == model), error]
                means[model] = dots.mean()
                label = None if place else plots.NAMES[model]
                ax.plot(
                    np.full(len(dots), place + shift), dots, "o", color=plots.COLOURS[model], alpha=0.6, label=label
                )
                ax.plot([place + shift - 0.1, place + shift + 0.1], [dots.mean()] * 2, color=plots.COLOURS[model], lw=2)
            leads.append(f"{100 * np.log(means['gru'] / means['lstm']):+.1f}")
        ax.set_title(f"{name}, {ahead} ahead: GRU from LSTM\n{', '.join(leads)} %")
        ax.set_xticks(range(len(settings)), [setting.replace(", ", ",\n") for setting in settings])
        ax.set(xlabel=f"{question} ({rows['source'].iloc[0]} data)", xlim=(-0.5, len(settings) - 0.5))
    axes[0, 0].set_ylabel("test RMSE (published scale)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    alt = f"Test errors of GRU and LSTM, a dot a seed and a line at the mean, for each setting of: {question}."
    plots.show(fig, f"04_{question.replace(' ', '_')}", alt)
    return fig


def draw_steps(by_step):
    """Errors of the first series at each step of the horizon: dict dataset -> table (step from 1, model)."""
    fig, axes = plt.subplots(1, len(by_step), squeeze=False)
    for ax, (name, errors) in zip(axes[0], by_step.items(), strict=True):
        for model in errors:
            ax.plot(errors.index, errors[model], ".-", color=plots.COLOURS[model], label=plots.NAMES[model])
        growth = errors["lstm"].iloc[-1] / errors["lstm"].iloc[0]
        ax.set(title=f"{name}: the LSTM's last step has\n{growth:.1f} times the error of its first")
        ax.set_xlabel("step (days)")
        _plain_log(ax)
    axes[0, 0].set_ylabel("RMSE of the first series\n(published scale)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    alt = "Error at each step of the horizon of the last value, NLinear, GRU and LSTM; a panel for each data set."
    plots.show(fig, "04_error_by_step", alt)
    return fig
