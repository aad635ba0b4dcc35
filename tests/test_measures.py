"""What notebook 07 judges by can be measured as a whole, and a run that was stopped goes on where it stood."""

import pandas as pd
import pytest

from tools import measures

pytestmark = pytest.mark.thorough  # twenty seconds of a core, and more where it is busy
TABLES = {
    "memory": ["setting", "lag", "seed", "accuracy"],
    "strings": ["cell", "period", "phrases", "updates", "learning_rate", "seed", "right"],
    "speed": ["units", "window", "batch", "way", "device", "cell", "repetition", "seconds", "compile_seconds"],
    "operations": ["cell", "operations"],
    "products": ["units", "cell", "ms in products"],
    "stacks": ["group", "protocol", "dataset", "horizon", "model", "seed", "series", "rmse"],
    "couplings": ["model", "dataset", "seed", "value"],
    "gate_pairs": ["kept", "written", "model", "dataset", "seed"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All parts, measured at smoke by the command line."""
    folder = tmp_path_factory.mktemp("measures")
    measures.main(["smoke", "--output", str(folder)])
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_each_part_writes_its_table(folder, name):
    table = pd.read_csv(folder / f"{name}.csv")
    assert set(TABLES[name]) <= set(table.columns)
    assert len(table) >= 2 and table[TABLES[name]].notna().all(axis=None)
    published = pd.read_csv(measures.Path(__file__).parents[1] / "figures" / f"{name}.csv")
    assert set(published.columns) <= set(table.columns)  # what was published can be measured again


def read(folder):
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in TABLES}
    runs = ["train_seconds", "compile_seconds"]  # one compilation serves several runs of a worker
    return {name: table.drop(columns=runs) if name == "stacks" else table for name, table in tables.items()}


def test_a_run_that_was_stopped_goes_on_where_it_stood(folder, monkeypatch):
    before = read(folder)
    for name in ("strings", "stacks"):
        (folder / f"{name}.csv").unlink()

    def again(*_, **__):
        raise AssertionError("this was measured before")

    monkeypatch.setattr(measures.Learner, "teach", again)
    monkeypatch.setattr(measures.training.Trainer, "fit", again)
    measures.measure(folder, "smoke", n_jobs=1)
    for name, table in read(folder).items():
        pd.testing.assert_frame_equal(table, before[name])
