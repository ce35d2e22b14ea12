"""Does the doctor name what is wrong, and keep silent where nothing is?

Twenty faults are put into nets that train well, on several data sets each, and `gn.diagnose` has to name each
of them. Nets of many kinds that train well are handed in as they are: what is found there is a false alarm.
A run counts as healthy where it does about as well as gradient boosting on rows held out; others are listed
apart. Thresholds were set while looking at the data sets of ``--sets open``; those of ``held-out`` showed two
faults of the rules, which were mended; those of ``final`` were looked at once, at the end.

    python benchmarks/doctor.py [--sets open|held-out|final] [--only FAULT ...] [--seed N] [--prove]
"""

from __future__ import annotations

import argparse
import time

from doctor_cases import BENT, FAULTS, healthy, trains_well
from doctor_data import FINAL, HELD_OUT, OPEN, Data
from measure import footer, header, show_progress, table

TITLE = "Findings of gn.diagnose in injected faults and in healthy runs"
SETS = {"open": OPEN, "held-out": HELD_OUT, "final": FINAL}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sets", choices=SETS, default="open")
    options.add_argument("--only", nargs="*", help="only these faults; without a name only healthy runs")
    options.add_argument("--healthy", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument(
        "--prove", action="store_true", help="also try each change; what is withdrawn is not named"
    )
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header(TITLE)
    sets = {name: make(asked.seed) for name, make in SETS[asked.sets].items()}
    figures = {"faults": faults(sets, asked), "healthy": alarms(sets, asked) if asked.healthy else {}}
    footer(TITLE, here, figures, asked.out)


def faults(sets: dict[str, Data], asked: argparse.Namespace) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    lines, named, runs = [("fault", "named", "seconds", "where not: what was said")], 0, 0
    for fault, (expected, make, fits) in FAULTS.items():
        if asked.only is not None and fault not in asked.only:
            continue
        usable = [
            name for name, data in sets.items() if fits(data) or (fault == "one hidden unit" and name in BENT)
        ]
        began, found[fault], missed = time.perf_counter(), {}, []
        for name in usable:
            show_progress(f"{fault}, {name}")
            said = make(sets[name], asked.seed).diagnosis(asked.prove).names
            found[fault][name] = list(said)
            missed += [] if expected & set(said) else [f"{name}: {', '.join(said) or 'nothing'}"]
        named, runs = named + len(usable) - len(missed), runs + len(usable)
        seconds = f"{(time.perf_counter() - began) / len(usable):.1f}"
        lines.append((fault, f"{len(usable) - len(missed)} of {len(usable)}", seconds, "; ".join(missed)))
    show_progress("")
    table(lines)
    print(f"named: {named} of {runs} ({named / max(runs, 1):.1%})\n")
    return found


def alarms(sets: dict[str, Data], asked: argparse.Namespace) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    began = time.perf_counter()
    for name, data in sets.items():
        for kind, each in healthy(data, asked.seed).items():
            show_progress(f"{name}, {kind}")
            said = list(each.diagnosis(asked.prove).names)
            if trains_well(each):
                found[f"{name}, {kind}"] = said
            elif said:
                print(f"trains badly: {name}, {kind}: {', '.join(said)}")
    show_progress("")
    false = {name: said for name, said in found.items() if said}
    for name, said in false.items():
        print(f"{name}: {', '.join(said)}")
    seconds = (time.perf_counter() - began) / len(found)
    print(f"healthy runs with a finding: {len(false)} of {len(found)} ({seconds:.1f} s each)")
    return found


if __name__ == "__main__":
    main()
