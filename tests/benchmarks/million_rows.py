"""Memory of notebook 08 on a long file: ``python tests/benchmarks/million_rows.py [rows]``.

A CSV of hourly values with a daily season is written, notebook 08 runs on it at `smoke` by papermill, and the memory of
all its processes together is taken ten times a second.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20


def write_csv(path, rows):
    """Hourly values from 1900 on: a day's wave on a random walk. Simulated."""
    rng = np.random.default_rng(1)
    values = 10 * np.sin(np.arange(rows) * 2 * np.pi / 24) + rng.normal(size=rows).cumsum() / 10 + rng.normal(size=rows)
    times = pd.date_range("1900-01-01", periods=rows, freq="h", name="time")
    pd.DataFrame({"load": values.round(4)}, index=times).to_csv(path)


def used_by(process):
    """Resident bytes of a process and all below it; shared pages count for each."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def measure(rows):
    """(peak bytes of all processes together, seconds, what papermill printed, exit code) of notebook 08."""
    (notebook,) = (ROOT / "notebooks").glob("08_*.ipynb")
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder) / "long.csv", rows)
        parameters = {"profile": "smoke", "output_dir": folder, "csv": f"{folder}/long.csv", "n_jobs": "1"}
        given = [word for name, value in parameters.items() for word in ("-p", name, value)]
        command = [sys.executable, "-m", "papermill", str(notebook), f"{folder}/08.ipynb", *given, "--no-progress-bar"]
        started, peak = time.perf_counter(), 0
        with open(f"{folder}/printed", "w+") as printed:
            process = psutil.Popen(command, cwd=notebook.parent, stdout=printed, stderr=subprocess.STDOUT)
            while process.poll() is None:
                peak = max(peak, used_by(process))
                time.sleep(0.1)
            printed.seek(0)
            return peak, time.perf_counter() - started, printed.read(), process.returncode


def main(rows):
    peak, seconds, printed, code = measure(rows)
    print(f"{rows:,} rows at smoke: {peak / MIB:,.0f} MiB at most in all processes together, {seconds:.0f} s")
    if code:
        print(printed[-3000:])
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
