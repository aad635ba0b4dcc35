"""What the commands cost a reader: seconds and memory of each notebook, first and second time, and seconds of imports.

``python tests/benchmarks/costs.py [quick]``. Prints, writes ``build/costs.json``, asserts nothing. Memory is the
highest sum, over all processes of a run, of what each holds for itself alone.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
TIMES = 3  # of each import; the median counts


def held(process):
    """Bytes that a process and its children hold for themselves alone."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += each.memory_full_info().uss
    return total


def run(number, profile, folder):
    """(seconds, highest MiB) of one notebook through ``tools.run``."""
    command = [sys.executable, "-m", "tools.run", profile, "--only", number, "--output", str(folder)]
    started, most = time.perf_counter(), 0
    with psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, held(process))
            time.sleep(0.2)
    if process.returncode:
        sys.exit(f"notebook {number} failed: run {' '.join(command)}")
    return time.perf_counter() - started, most / 2**20


def import_seconds(name):
    """Median seconds of ``import name`` in a new process, the interpreter's own start left out."""
    code = f"import time; start = time.perf_counter(); import {name}; print(time.perf_counter() - start)"
    call = {"cwd": ROOT, "capture_output": True, "text": True, "check": True}
    taken = [subprocess.run([sys.executable, "-c", code], **call).stdout for _ in range(TIMES)]
    return statistics.median(map(float, taken))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="quick", choices=("smoke", "quick"))
    parser.add_argument("--only", nargs="+", help="just these notebooks, by number")
    options = parser.parse_args()
    numbers = options.only or [path.stem[:2] for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
    report = {"profile": options.profile, "notebooks": {}, "imports": {}}
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            (first, most), (second, _) = (run(number, options.profile, folder) for _ in range(2))
            report["notebooks"][number] = {"seconds": first, "again": second, "MiB": most}
            print(f"{number}: {first:5.0f} s, again {second:5.0f} s, at most {most:6.0f} MiB", flush=True)
    rows = report["notebooks"].values()
    print(f"all: {sum(r['seconds'] for r in rows):.0f} s, again {sum(r['again'] for r in rows):.0f} s")
    for path in [*sorted((ROOT / "helpers").glob("*.py")), *sorted((ROOT / "tools").glob("*.py"))]:
        name = f"{path.parent.name}.{path.stem}".removesuffix(".__init__")
        report["imports"][name] = import_seconds(name)
        print(f"import {name}: {report['imports'][name]:.2f} s", flush=True)
    target = ROOT / "build" / "costs.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
