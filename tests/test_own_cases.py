"""Fourteen files in the shape of well-known public ones, through the whole way: the command, and notebook 08 at smoke.

What is read from each is in test_reader.py. Here each must give an answer, and the notebook no warning.
"""

import nbformat
import pandas as pd
import pytest
from conftest import ROOT
from test_reader import CASES

from tools import own_series, own_words
from tools.run import under_papermill

FILES = ROOT / "tests" / "cases"
NOTEBOOK = ROOT / "notebooks" / "08_your_own_series.ipynb"
HORIZON = 6
# The notebook goes through the machinery of the command: three of its files in CI, all with make stress (ten minutes).
IN_CI = list(CASES)[::5]
IN_NOTEBOOK = [pytest.param(name, marks=pytest.mark.thorough if name in IN_CI else pytest.mark.long) for name in CASES]


def check_tables(folder, name):
    """Forecasts of all series of the case, and one answer."""
    (_, n_series), first, *_ = CASES[name]
    forecast = pd.read_csv(folder / "forecast.csv")
    assert len(forecast) == HORIZON * n_series and str(forecast["series"].iloc[0]) == first
    assert forecast[["forecast", "low", "high", "path_low", "path_high"]].notna().all(axis=None)
    assert set(pd.read_csv(folder / "verdict.csv")["answer"]) == set(forecast["model"])


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
def test_the_command_answers(name, tmp_path, capsys):
    given = [str(FILES / name), "--horizon", str(HORIZON), "--profile", "smoke", "--output", str(tmp_path)]
    assert own_series.main([*given, "--n-jobs", "1"]) == 0
    printed = capsys.readouterr().out
    answer = pd.read_csv(tmp_path / "forecast.csv")["model"].iloc[0]
    assert f"Use {own_words.THE[answer]}." in printed
    assert (tmp_path / "figures" / "08_forecast.png").is_file() and (tmp_path / "own_series.keras").is_file()
    check_tables(tmp_path, name)


@pytest.mark.parametrize("name", IN_NOTEBOOK)
def test_the_notebook_answers(name, tmp_path):
    parameters = {"csv": str(FILES / name), "horizon": HORIZON, "profile": "smoke", "n_jobs": 1}
    parameters["output_dir"] = str(tmp_path)
    under_papermill(NOTEBOOK, tmp_path / "out.ipynb", parameters, cwd=NOTEBOOK.parent)
    check_tables(tmp_path, name)
    cells = [cell for cell in nbformat.read(tmp_path / "out.ipynb", as_version=4).cells if cell.cell_type == "code"]
    told = [output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr"]
    assert not told, "".join(told)[:500]
