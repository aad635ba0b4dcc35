"""README's answer to "GRU or LSTM?": ``python -m tools.readme`` writes it anew from the tables in ``figures/``."""

import re

import numpy as np
import pandas as pd

from helpers.notebook import NOTEBOOKS

ROOT = NOTEBOOKS.parent
LEADS = {  # by whether the GRU, and whether the LSTM, is shown to be better anywhere
    (False, False): "Neither is shown to forecast better",
    (True, False): "The GRU forecasts better in some cases, the LSTM in none",
    (False, True): "The LSTM forecasts better in some cases, the GRU in none",
    (True, True): "Each forecasts better in some cases",
}


def answer(folder=ROOT / "figures"):
    """The answer as a Markdown list, every figure from ``verdicts.csv`` (notebook 05) and ``claims.csv`` (06)."""
    verdicts = pd.read_csv(folder / "verdicts.csv")
    sound = verdicts[verdicts.protocol == "sound"]
    cells = sound[sound.question == "GRU against LSTM: RMSE"]
    lead = LEADS[(cells.verdict == "better").any(), (cells.verdict == "worse").any()]
    lines = [
        f"**{lead}.** Of {len(cells)} cases (two data sets, {' and '.join(map(str, sorted(set(cells.horizon))))} days "
        f"ahead; {' and '.join(sorted(set(sound.source)))} data, {sound.n_seeds.max()} seeds): "
        + _tally(cells.verdict, better="GRU better", worse="LSTM better", equivalent="equivalent"),
        f"**How far apart?** The GRU's error less the LSTM's is {cells.difference.min():+.1f} to "
        f"{cells.difference.max():+.1f} per cent of that of repeating the last value; the 95% intervals reach "
        f"from {cells.low.min():+.1f} to {cells.high.max():+.1f}.",
        "**Is a network needed?** " + " ".join(_beaten(sound, dataset) for dataset in sound.dataset.unique()),
        "**Which trains faster?** " + _speed(sound[sound.question == "GRU against LSTM: time"]),
    ]
    if (folder / "claims.csv").is_file():
        claims = pd.read_csv(folder / "claims.csv")
        lines.append(
            f"**What is said about them.** Of {len(claims)} claims, notebook 07 finds: {_tally(claims.verdict)}"
        )
    return "\n".join(f"- {line}" for line in lines)


def _tally(verdicts, **names):
    return (
        ", ".join(f"{names.get(verdict, verdict)} {count}" for verdict, count in verdicts.value_counts().items()) + "."
    )


def _beaten(sound, dataset):
    rows = sound[(sound.dataset == dataset) & sound.question.str.match("(GRU|LSTM) against .*: RMSE")]
    rows = rows[rows.family == "network or baseline"].assign(network=rows.question.str.split(" ").str[0])
    best = rows.groupby(["network", "horizon"]).verdict.agg(lambda found: (found == "better").all())
    cases = f"in {best.sum()} of {len(best)} cases (GRU and LSTM, each horizon)"
    return f"On {dataset}, a network is shown to beat all the rules that need none {cases}."


def _speed(rows):
    ratio = np.exp(rows.difference / 100)
    names = {"better": "GRU faster", "worse": "LSTM faster", "equivalent": "equally fast"}
    tally = _tally(rows.verdict, **names)
    return f"The GRU takes {ratio.min():.2f} to {ratio.max():.2f} times as long until training stops: {tally}"


def replace_between(path, name, new):
    """Replace what stands between the comments ``<!-- name -->`` and ``<!-- /name -->`` of the file at ``path``."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
    if not found:
        raise ValueError(f"{path.name} must hold the comments <!-- {name} --> and <!-- /{name} -->; one is missing.")
    path.write_text(f"{text[: found.start()]}{new}\n{text[found.end() :]}", encoding="utf-8")


if __name__ == "__main__":
    replace_between(ROOT / "README.md", "answer", answer())
