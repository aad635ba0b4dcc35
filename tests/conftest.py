"""What all tests share: where the published CSVs are, and a folder without them."""

import os
from pathlib import Path

import pytest

from helpers.data import DATASETS

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(os.environ.get("GRU_VS_LSTM_DATA", "/nowhere"))
HAVE_PUBLISHED = all((PUBLISHED / facts.file).is_file() for facts in DATASETS.values())


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """An empty data folder and no network: what a reader has offline."""
    import requests

    def refuse(*_, **__):
        raise requests.ConnectionError("no network in tests")

    monkeypatch.setenv("GRU_VS_LSTM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(requests, "get", refuse)
    return tmp_path / "data"
