"""Execute all notebooks in order: ``python -m tools.run quick`` (or ``smoke``, ``full``).

Leaves executed notebooks, HTML pages with an index, figures and tables under ``build/``. With ``--publish`` executed
notebooks replace those in ``notebooks/``, and figures and tables go to ``figures/``. ``--only 02 04`` runs, and
publishes, just these notebooks with what they write. A notebook that has been executed into the same folder stands as
long as nothing changes that it is made from (``tools.kept``); ``--anew`` executes it again.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import nbformat
import pandas as pd
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from helpers.notebook import NOTEBOOKS, PROFILES
from tools.kept import Kept
from tools.site import cleaned, write_pages
from tools.site import source_hash as source_hash  # known by this name too

ROOT = NOTEBOOKS.parent
# at `quick` on two cores, by the notebook's number; what a run has taken before on this machine counts more
SECONDS = {"00": 50, "01": 25, "02": 30, "03": 15, "04": 40, "05": 10, "06": 60, "07": 30, "08": 45}
# what a cell prints is one output, however the kernel happened to send it: so a notebook run twice is the same file
IN_ONE_PIECE = {"coalesce_streams": True}


def execute(path, profile, output, on_cell=None):
    """Run one notebook under papermill into ``output``/notebooks; return the executed notebook's path and seconds.

    ``on_cell(number, count)`` is called before each of its code cells. A notebook that fails is kept as far as it
    came; the error is raised again.
    """
    target = output / "notebooks" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    under_papermill(path, target, {"profile": profile, "output_dir": str(output)}, NOTEBOOKS, on_cell)
    return target, time.perf_counter() - started


def under_papermill(path, target, parameters, cwd, on_cell=None):
    """Run one notebook in folder ``cwd`` and write it to ``target``; its temporary files go when it ends."""
    with kernel_folder() as (folder, config), patch.dict(os.environ, TMPDIR=folder, TEMP=folder, TMP=folder):
        quiet = {"progress_bar": False, "extra_arguments": ["--log-level=40"]}  # over TCP, newer kernels warn of it
        engine = {"engine_name": "telling", "on_cell": on_cell} if on_cell else {}
        engine |= IN_ONE_PIECE
        papermill.execute_notebook(path, target, parameters, cwd=cwd, config=config, **quiet, **engine)


class TellingEngine(NBClientEngine):
    """Papermill's own engine, which also calls ``on_cell(number, count)`` before each code cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, on_cell, **options):
        count, started = sum(cell.cell_type == "code" for cell in nb_man.nb.cells), nb_man.cell_start

        def cell_start(cell, cell_index=None, **more):
            if cell.cell_type == "code":
                on_cell(sum(other.cell_type == "code" for other in nb_man.nb.cells[: cell_index + 1]), count)
            started(cell, cell_index, **more)

        nb_man.cell_start = cell_start
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register("telling", TellingEngine)


class Ticker:
    """What is said of one notebook while it runs: on a terminal one line that moves, elsewhere its start and end."""

    def __init__(self, label, expected, out):
        self.label, self.expected, self.out = label, expected, out
        self.moves, self.cell, self.started = out.isatty(), "starting", time.perf_counter()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    def on_cell(self, number, count):
        self.cell = f"code cell {number} of {count}"

    def __enter__(self):
        self.out.write(self.label if self.moves else f"{self.label} ({about(self.expected)}) ... ")
        self.out.flush()
        self.thread.start()
        return self

    def _tick(self):
        while self.moves and not self.ended.wait(1):
            self.out.write(f"\r\x1b[K{self.line()}")
            self.out.flush()

    def line(self):
        """The line as it stands now."""
        seconds = time.perf_counter() - self.started
        left = "" if self.expected is None else f", {about(self.expected - seconds)} left"
        return f"{self.label}  {self.cell}, {seconds:.0f} s so far{left}"

    def end(self, words):
        """Stop, and leave ``words`` as what was to say."""
        self.ended.set()
        self.thread.join()
        self.out.write(f"\r\x1b[K{self.label}  {words}\n" if self.moves else f"{words}\n")
        self.out.flush()

    def __exit__(self, kind, error, trace):
        if not self.ended.is_set():  # Ctrl-C, and what nobody expected
            self.end("stopped")


def about(seconds):
    """A time to come in words that promise no more than is known."""
    if seconds is None:
        return "not run here before"
    if seconds < 5:
        return "a few seconds"
    return f"about {5 * round(seconds / 5)} s" if seconds < 100 else f"about {seconds / 60:.0f} min"


def expected_seconds(path, profile, output):
    """What this notebook took in the last run into ``output``, else what is usual at `quick`, else None."""
    last = output / "notebooks" / path.name
    if last.is_file():
        run = nbformat.read(last, as_version=4).metadata.get("papermill", {})
        if run.get("parameters", {}).get("profile") == profile and run.get("duration") and not run.get("exception"):
            return run["duration"]
    return SECONDS.get(path.stem[:2]) if profile == "quick" else None


@contextmanager
def libraries_write_to(path):
    """What libraries and kernels write to standard error meanwhile goes to the file at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(2)
    try:
        with path.open("ab") as log:
            os.dup2(log.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def kernel_folder():
    """A temporary folder for one kernel, and Jupyter's settings by which they talk through sockets in there.

    Over TCP, which is usual, ports are looked for a second or two before the kernel opens them: another process may
    take one meanwhile ("Address already in use"), and every user of the machine can connect to them. Where there
    are no such sockets (Windows), or their path (at most 104 characters) is too long, it stays TCP.
    """
    # TensorFlow leaves temporary files when its process is ended from outside, as worker processes are
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sockets = {"transport": "ipc", "ip": os.path.join(folder, "kernel")}
        fits = os.name == "posix" and len(sockets["ip"]) < 100
        yield folder, Config(KernelManager=sockets if fits else {})


def publish(notebooks, output, since=0):
    """Put the executed notebooks in place of the sources, and figures and tables into ``figures/``.

    ``since``: leave out what was written before this time (seconds since the epoch), by other notebooks or runs.
    """
    for path in notebooks:
        nbformat.write(cleaned(path), NOTEBOOKS / path.name)
    folder = ROOT / "figures"
    folder.mkdir(exist_ok=True)
    for path in [*(output / "figures").glob("*.png"), *output.glob("*.csv"), *output.glob("*.npz")]:
        if path.stat().st_mtime >= since:
            shutil.copy(path, folder / path.name)


def answer(folder):
    """Two sentences on "GRU or LSTM?" with the numbers of the tables in ``folder``; "" where there are none.

    ``pooled.csv`` (notebook 06: over all data sets, in 100 log(GRU's error / LSTM's)) counts more than
    ``verdicts.csv`` (notebook 05: case by case).
    """
    found = pd.DataFrame()
    if (folder / "pooled.csv").is_file():
        pooled = pd.read_csv(folder / "pooled.csv")
        found = pooled[pooled.question == "GRU against LSTM"].head(1)
        words = (
            "Over the data sets of notebook 06 the GRU's error is {:+.1f} % from the LSTM's (95 %: {:+.1f} to {:+.1f})."
        )
    if found.empty and (folder / "verdicts.csv").is_file():
        verdicts = pd.read_csv(folder / "verdicts.csv")
        cases = verdicts[(verdicts.protocol == "sound") & (verdicts.question == "GRU against LSTM: RMSE")]
        found = cases.agg({"difference": "mean", "low": "min", "high": "max"}).to_frame().T if len(cases) else cases
        unit = cases.unit.iloc[0] if len(cases) and "unit" in cases else "%"
        words = (
            f"Over the cases of notebook 05 the GRU's error is {{:+.1f}} {unit} from the LSTM's on average "
            "(the 95 % intervals reach from {:+.1f} to {:+.1f})."
        )
    if found.empty:
        return ""
    numbers = found[["difference", "low", "high"]].iloc[0]
    return (
        f"GRU or LSTM? {words.format(*numbers)}\nBelow 2 % either way we call the two equal; how "
        "sure that is, and what it does not cover, stands at the end of notebooks 05 and 06."
    )


def main(arguments=None):
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.run", description=__doc__.splitlines()[0])
    parser.add_argument("profile", choices=PROFILES, nargs="?", default="quick")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="folder for all results (default: build)")
    parser.add_argument("--publish", action="store_true", help="also renew notebooks/ and figures/ from this run")
    parser.add_argument("--only", nargs="+", metavar="NUMBER", help="run just these notebooks, by number: 02 04")
    parser.add_argument("--anew", action="store_true", help="execute also what stands from an earlier run")
    options = parser.parse_args(arguments)
    output = options.output.resolve()
    paths = {path.stem[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))}
    if unknown := sorted(set(options.only or []) - set(paths)):
        parser.error(f"--only must be numbers of notebooks ({', '.join(paths)}); got {', '.join(unknown)}.")
    paths = [path for number, path in paths.items() if not options.only or number in options.only]
    kept = Kept(ROOT, options.profile, output)
    may_stand = not (options.only or options.anew)
    expected = [
        0 if may_stand and kept.stands(path) else expected_seconds(path, options.profile, output) for path in paths
    ]
    whole = about(sum(expected)) if None not in expected else "not run here before"
    print(
        f"GRU vs LSTM, measured: {len(paths)} notebook{'s' * (len(paths) > 1)} at `{options.profile}` ({whole})",
        flush=True,
    )
    executed, started = [], time.time()
    for number, (path, seconds) in enumerate(zip(paths, expected, strict=True), start=1):
        label, begun = f"{number}/{len(paths)} {path.stem}", time.time()
        if may_stand and kept.stands(path):
            print(f"{label}  stands: it has been executed, and nothing has changed since", flush=True)
            executed.append(output / "notebooks" / path.name)
            continue
        seconds = seconds or expected_seconds(path, options.profile, output)  # stood until one before it was executed
        with (
            Ticker(label, seconds, sys.stdout) as ticker,
            libraries_write_to(output / "log.txt"),
        ):
            try:
                target, seconds = execute(path, options.profile, output, ticker.on_cell)
            except PapermillExecutionError as error:
                ticker.end(f"failed\n{error.ename}: {error.evalue}")
            except DeadKernelError:
                why = "Its process was ended from outside, as happens when memory is short. Finished runs are kept."
                ticker.end(f"failed\n{why}")
            else:
                ticker.end(f"{seconds:.0f} s")
                executed.append(target)
                kept.note(path, begun)
        if len(executed) < number:
            print(f"The notebook up to there: {output / 'notebooks' / path.name}")
            return 1
    index = write_pages(executed, output / "html")
    if options.publish:
        publish(executed, output, since=started if options.only else 0)
    print(f"All in {(time.time() - started) / 60:.1f} min. Figures and tables are in {output}.\n")
    if not options.only:
        print(f"{answer(output)}\n")
    print(f"Read on: {index.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
