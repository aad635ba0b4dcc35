"""Each picture is drawn on toy input: what is drawn, that it has alternative text, and that the figure comes back."""

import pandas as pd
import pytest
from conftest import ROOT

from helpers import plots


@pytest.fixture
def shown(monkeypatch):
    """name -> alternative text of the figures that were shown."""
    seen = {}
    monkeypatch.setattr(plots, "display", lambda data, raw, metadata: seen.update(metadata["image/png"]))
    return seen


# --- notebook 07, the claims on trial


def test_gpu_speed(shown):
    from helpers.pictures import claims

    steps = pd.read_csv(ROOT / "figures" / "gpu_speed.csv")
    figure = claims.draw_gpu_speed(steps)
    assert "three panels" in shown["alt"]
    lines = {ax.get_xlabel(): {line.get_label(): line.get_xydata() for line in ax.get_lines()} for ax in figure.axes}
    assert list(lines) == ["batch (windows)", "units", "window (steps)"]
    batch = {way: dict(lines["batch (windows)"][way].round(2)) for way in ("eager", "graph")}
    # the medians as printed in the facts that came with the file
    expected = {"eager": {256: 0.94, 1024: 1.25, 4096: 1.31}, "graph": {32: 0.61, 256: 1.09, 1024: 1.19, 4096: 1.35}}
    assert {way: {at: batch[way][at] for at in values} for way, values in expected.items()} == expected
    assert "1.31 times the LSTM's seconds with 4096 windows" in figure.get_suptitle()
    one = steps[steps["units"].isin([16, 128]) & (steps["repetition"] == 0)]
    assert claims.draw_gpu_speed(one) is not figure
