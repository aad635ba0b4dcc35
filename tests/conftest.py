"""What all tests share: where the repository and the published CSVs are."""

import os
from pathlib import Path

from hypothesis import settings

from helpers.data import DATASETS

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(os.environ.get("GRU_VS_LSTM_DATA", "/nowhere"))
HAVE_PUBLISHED = all((PUBLISHED / facts.file).is_file() for facts in DATASETS.values())

settings.register_profile("series", deadline=None)  # on a busy machine a limit per example fails for nothing
settings.load_profile("series")
