"""The start of every notebook: check its parameters, set the seeds, say what runs."""

import ast
import platform
import random
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from helpers import plots
from helpers.checks import check_choice, check_integer, check_list, check_text
from helpers.data import DATASETS, SOURCES

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
PROFILES = ("smoke", "quick", "full")


@dataclass(frozen=True)
class Run:
    """Where a notebook writes: ``output`` (tables, models) and ``figures``; and its ``profile``."""

    profile: str
    output: Path
    figures: Path

    def pick(self, *, smoke, quick, full):
        """The value for this profile."""
        return {"smoke": smoke, "quick": quick, "full": full}[self.profile]


def check_path(name, value):
    if value is not None and not (isinstance(value, str | Path) and Path(value).is_file()):
        raise FileNotFoundError(f"{name} must be the path of a file (or None); there is no file {str(value)!r}.")


def _optional_text(name, value):
    return None if value is None else check_text(name, value)


def _check_csv(name, value):
    if "://" in (_optional_text(name, value) or "") and not value.startswith("https://"):
        raise ValueError(f"{name} must be the path of a file or an https address; got {value!r}.")


def _check_names(name, value):
    return None if value is None else check_list(name, [value] if isinstance(value, str) else value, check_text)


def _optional_integer(minimum):
    return lambda name, value: None if value is None else check_integer(name, value, minimum)


CHECKS = {
    "output_dir": lambda name, value: check_text(name, str(value) if isinstance(value, Path) else value),
    "profile": lambda name, value: check_choice(name, value, PROFILES),
    "seed": lambda name, value: check_integer(name, value, 0, 2**32 - 1),  # what NumPy and Keras take
    "source": lambda name, value: check_choice(name, value, SOURCES),
    "dataset": lambda name, value: check_choice(name, value, DATASETS),
    "datasets": lambda name, values: check_list(name, values, CHECKS["dataset"]),
    "horizon": check_integer,
    "horizons": lambda name, values: check_list(name, values, check_integer),
    "window": _optional_integer(2),
    "season": _optional_integer(1),
    "csv": _check_csv,
    "time_column": _optional_text,
    **dict.fromkeys(("value_columns", "inputs", "key_columns"), _check_names),
    "missing": lambda name, value: value if value in (None, []) else check_list(name, value, lambda _, mark: mark),
    "day_first": lambda name, value: value if value is None else check_choice(name, str(value), ("True", "False")),
    "decimal": lambda name, value: value if value is None else check_choice(name, value, (".", ",")),
    "encoding": _optional_text,
    "scheduler": _optional_text,
    "units": _optional_integer(1),
    "n_seeds": _optional_integer(1),
    "n_jobs": lambda name, value: check_integer(name, value, 1 if value == 0 else -1),
    "results": check_path,
}


def _injected_names():
    """Names assigned in the cell that papermill adds (its first line is "# Parameters")."""
    try:
        history = get_ipython().user_ns.get("In", [])
    except NameError:  # not in IPython
        return []
    names = []
    for cell in history:
        if cell.startswith("# Parameters\n"):
            nodes = ast.walk(ast.parse(cell))
            names += [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return names


def setup(*, profile, output_dir, seed, **parameters):
    """Check a notebook's parameters, make its output folders, seed Python and NumPy, print one line of versions
    and, where networks are trained, of the device.

    Parameters are those of the notebook's cell tagged ``parameters``, by name. A relative ``output_dir`` counts from
    the folder ``notebooks/`` (outside a clone: from the current folder), wherever the kernel was started.

    Raises
    ------
    ValueError, TypeError or FileNotFoundError: one sentence that names the parameter, what came and what is allowed;
    also for a parameter given to papermill that this notebook does not have.
    """
    given = {"profile": profile, "output_dir": output_dir, "seed": seed, **parameters}
    for name in _injected_names():
        if name not in given:
            raise ValueError(f"{name} is not a parameter of this notebook; it has {', '.join(given)}.")
    for name, value in given.items():
        CHECKS[name](name, value)
    output = Path(NOTEBOOKS if NOTEBOOKS.is_dir() else ".", output_dir)
    run = Run(profile, output, output / "figures")
    try:
        run.figures.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=run.figures).close()
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = getattr(error, "strerror", error)
        raise ValueError(
            f"output_dir must be a folder that can be written; got {str(output_dir)!r} ({reason})."
        ) from error
    plots.use_folder(run.figures)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for libraries that draw from NumPy's global generator
    print(f"profile {profile} | seed {seed} | Python {platform.python_version()} | {_versions()}{_device()}")
    return run


def _device():
    """Where networks run, said only where TensorFlow is there already: to ask costs its import."""
    training = sys.modules.get("helpers.training")
    return f" | device {training.device()}" if training else ""


def _versions():
    found = []
    for package in ("numpy", "pandas", "scipy", "statsmodels", "tensorflow", "keras"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return " | ".join(found)


def check(answer, test):
    """Tell the reader whether an exercise's ``answer`` is right.

    ``test(answer)`` returns None for a right answer, else a sentence that says what is wrong with it.
    """
    if answer is None:
        print("Not answered yet: replace None in the cell above, run it, then run this cell again.")
        return
    problem = test(answer)
    print(f"Not yet: {problem}" if problem else "Right.")
