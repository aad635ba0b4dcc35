"""Which notebooks of an earlier run still stand: a second ``make run`` executes only what has changed since.

Beside what the notebooks left, ``executed.json`` in the output folder holds of each what it was made from (its source,
the profile, all code and published tables, the packages, the data at hand, the tables that the notebooks before it left
in that folder) and a hash of each file that it wrote.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

from helpers.data import DATASETS, cache_folder

RECORD = "executed.json"
# what belongs to no notebook alone, and other commands' folders
NOT_WRITTEN = (RECORD, "cache", "html", "log.txt", "study.log", "environments", "screenshots", "site")


class Kept:
    """The notebooks that were executed into the folder ``output`` at ``profile``, and whether they stand.

    ``root`` is the folder of the repository. Notebooks are asked for, and noted, in their order.
    """

    def __init__(self, root, profile, output):
        self.output, self.record = output, output / RECORD
        self.noted = json.loads(self.record.read_text(encoding="utf-8")) if self.record.is_file() else {}
        code = [*root.glob("helpers/**/*.py"), *root.glob("tools/*.py")]
        tables = [path for kind in ("csv", "npz") for path in root.glob(f"figures/*.{kind}")]
        packages = sorted(place.name for folder in sys.path for place in Path(folder).glob("*.dist-info"))
        device = os.environ.get("CUDA_VISIBLE_DEVICES", "as it comes")
        files = [f"{path.relative_to(root)} {_hash(path)}" for path in sorted(code + tables)]
        self.shared = _hash("\n".join([profile, sys.version, device, *packages, *files]).encode())

    def stands(self, path):
        """Whether the notebook at ``path`` was executed from what there is now, and all that it wrote is there."""
        noted = self.noted.get(path.stem)
        if noted is None or noted["made from"] != self._made_from(path):
            return False
        return all(_hash(self.output / name) == found for name, found in noted["wrote"].items())

    def note(self, path, since):
        """Note that the notebook at ``path`` has been executed, begun at ``since`` (seconds since the epoch)."""
        written = [place for place in self.output.iterdir() if place.name not in NOT_WRITTEN]
        written += [place for folder in written if folder.is_dir() for place in folder.rglob("*")]
        wrote = {
            place.relative_to(self.output).as_posix(): _hash(place)
            for place in sorted(written)
            if place.is_file() and place.stat().st_mtime >= since
        }
        self.noted[path.stem] = {"made from": self._made_from(path), "wrote": wrote}
        part = self.record.with_suffix(".part")
        part.write_text(json.dumps(self.noted, indent=1), encoding="utf-8")
        part.replace(self.record)

    def _made_from(self, path):
        before = [noted["wrote"] for stem, noted in sorted(self.noted.items()) if stem < path.stem]
        made = [f"{name} {found}" for wrote in before for name, found in wrote.items()]
        tables = [line for line in made if line.split()[0].endswith((".csv", ".npz"))]
        data = [cache_folder() / facts.file for facts in DATASETS.values()]
        data = [f"{file} {file.stat().st_size}" for file in data if file.is_file()]
        return _hash("\n".join([self.shared, _hash(path), *tables, *data]).encode())


def _hash(content):
    """SHA-256 of bytes, or of the file at a path ("" where there is none)."""
    if isinstance(content, Path):
        if not content.is_file():
            return ""
        content = content.read_bytes()
    return hashlib.sha256(content).hexdigest()
