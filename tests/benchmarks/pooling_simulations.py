"""What the pooling over data sets says where the truth is known: ``python tests/benchmarks/pooling_simulations.py``.

Two kinds of tables, with the sets of ``figures/data_sets.npz``. *Two labels*: the ten seeds of one network are dealt
into two heaps of five, set by set, and the heaps compared as if they were two networks; there is no difference to find.
*Drawn*: a difference and a spread between sets are planted, and each set is seen with its own standard error (of the
published comparison), which is itself drawn with its degrees of freedom.

Writes ``figures/pooling_simulations.csv``: how often each verdict came, and how often the intervals held the truth.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from helpers import pooling  # noqa: E402 - found through the line above
from tools.pooled import MAIN, REFITTED  # noqa: E402


def two_labels(networks, rng):
    """A table of effects between two random halves of one network's seeds: ``networks`` maps set -> (seeds, series)."""
    rows = []
    for name, errors in networks.items():
        order = rng.permutation(len(errors))
        half = len(errors) // 2
        rows.append({"set": name} | pooling.set_effect(errors[order[:half]], errors[order[half : 2 * half]]))
    return pd.DataFrame(rows)


def drawn(errors, dof, planted, spread, rng):
    """A table of effects of sets with these standard ``errors`` and ``dof`` (k,), and the effect of one more set."""
    k = len(errors)
    truth = planted + spread * rng.normal(size=k + 1)
    seen = errors * np.sqrt(rng.chisquare(dof) / dof)
    return pd.DataFrame({"difference": truth[:k] + errors * rng.normal(size=k), "se": seen}), truth[k]


def summary(kind, k, planted, spread, tables):
    """A row of the result from (pooled, effect of a new set) of each table."""
    found = pd.DataFrame([table for table, _ in tables])
    new = np.array([effect for _, effect in tables])
    row = {"kind": kind, "sets": k, "planted": planted, "spread": spread, "tables": len(found)}
    row |= {word: (found["verdict"] == word).mean() for word in ("better", "worse", "equivalent", "undecided")}
    row |= {"mean_held": ((found["low"] <= planted) & (planted <= found["high"])).mean()}
    return row | {"new_held": ((found["prediction_low"] <= new) & (new <= found["prediction_high"])).mean()}


def simulate(networks, errors, dof, tables, seed=1):
    """All rows; ``networks`` maps a name to its set -> (seeds, series)."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, sets in networks.items():
        found = [(pooling.pool(two_labels(sets, rng)), 0.0) for _ in range(tables)]
        rows.append(summary(f"two labels, {name}", len(sets), 0, 0, found))
    for k in (5, len(errors)):
        for planted in (0, -4):
            for spread in (0, 1, 2, 4, 6):
                found = []
                for _ in range(tables):
                    chosen = rng.choice(len(errors), k, replace=False)
                    effects, new = drawn(errors[chosen], dof[chosen], planted, spread, rng)
                    found.append((pooling.pool(effects), new))
                rows.append(summary("drawn", k, planted, spread, found))
    return pd.DataFrame(rows)


def main(tables=1000):
    folder = ROOT / "figures"
    arrays = np.load(folder / "data_sets.npz")
    effects = pd.read_csv(folder / "effects_by_set.csv")
    effects = effects[(effects.question == MAIN) & (effects.measure == "mase") & (effects.fit == REFITTED)]
    networks = {
        cell.upper(): {name: arrays[f"mase|{name}|{cell}|{REFITTED}"] for name in effects["set"]}
        for cell in ("gru", "lstm")
    }
    started = time.perf_counter()
    table = simulate(networks, effects["se"].to_numpy(), effects["dof"].to_numpy(), int(tables))
    table.to_csv(folder / "pooling_simulations.csv", index=False)
    print(table.round(3).to_string(index=False))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
