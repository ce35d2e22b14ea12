"""How long until Glassnet answers: ``import glassnet``, ``--version`` and ``--help``, beside bare Python.

    python benchmarks/startup.py [--runs 7] [--out FILE]

Each is a process of its own, started in turn with the others. Promised: ``--help`` under 0.3 s, and
``import glassnet`` under 0.1 s and without torch. The import counts from the start of Python.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from functools import partial

from measure import footer, header, show_progress, spread, table

from glassnet.run.bench.figures import in_turn

COMMAND = "import sys; from glassnet.cli import main; main(sys.argv[1:])"
STARTS = {
    "python -c pass": ["-c", "pass"],
    "import glassnet": ["-c", "import glassnet"],
    "glassnet --version": ["-c", COMMAND, "--version"],
    "glassnet --help": ["-c", COMMAND, "--help"],
    "glassnet train --help": ["-c", COMMAND, "train", "--help"],
}
PROMISED = {"import glassnet": 0.1, "glassnet --help": 0.3}
HEAVY = ("torch", "polars", "sklearn", "matplotlib", "pandas", "scipy", "numpy")


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def imported_by(code: str) -> set[str]:
    """Return the heavy packages that a start imports."""
    watch = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); " + code
    said = subprocess.run([sys.executable, "-c", watch, "--help"], capture_output=True, text=True, check=True)
    return set(HEAVY).intersection(said.stderr.split())


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header("Start")
    for arguments in STARTS.values():  # once for the disk's sake
        seconds(arguments)
    measures = {name: partial(seconds, each) for name, each in STARTS.items()}
    found = {name: each.values for name, each in in_turn(measures, asked.runs, show_progress).items()}
    show_progress("")
    rows = [("start", "seconds: median (lowest to highest)", "promised", "")]
    for name, values in found.items():
        limit = PROMISED.get(name)
        verdict = "" if limit is None else "kept" if statistics.median(values) < limit else "BROKEN"
        rows.append((name, spread(values), "" if limit is None else f"< {limit}", verdict))
    table(rows)
    for name, code in (("import glassnet", "import glassnet"), ("glassnet --help", COMMAND)):
        print(f"{name} imports of {', '.join(HEAVY)}: {', '.join(sorted(imported_by(code))) or 'none'}")
    footer("startup", here, found, asked.out)


if __name__ == "__main__":
    main()
