"""What does a recurrent net make of one long text within a budget?

Trains with the defaults and prints nats per character beside the baselines, the pace, and how many steps
the machine made: on a busy machine judge by the steps. The claim: Anna Karenina at or below 1.45 nats per
character of its last tenth within 15 minutes of 2 cores, and 1.35 within an hour.

    python benchmarks/characters.py anna.txt [--budget 15m] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import footer, header, table

TITLE = "Characters of one long text within a budget"


def measured(text: Path, budget: str) -> dict[str, Any]:
    """Train within a budget in a process of its own, and return what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["train", text, "--task", "characters", "--budget", budget, "--json", "--quiet"]
        start = [sys.executable, "-c", "from glassnet.cli import main; main()"]
        began = time.monotonic()
        found = subprocess.run(
            [*start, *map(str, command), "--out", f"{folder}/run"], stdout=subprocess.PIPE, check=True
        )
        facts = json.loads(found.stdout)
        sample = sorted(Path(folder, "run", "samples").iterdir())[-1].read_text(encoding="utf-8")
    read = facts["steps"] * facts["batch_size"] * facts["window"]
    return {
        "nats": facts["metrics"]["validation"]["nats_per_character"],
        "train": facts["metrics"]["train"]["nats_per_character"],
        "ngrams": facts["baselines"]["ngrams"]["validation"]["nats_per_character"],
        "seconds": time.monotonic() - began,
        "steps": facts["steps"],
        "characters_per_second": read / facts["seconds"]["train"],
        **{name: facts[name] for name in ("net", "precision", "threads", "epochs", "stopped")},
        "sample": sample,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", type=Path)
    parser.add_argument("--budget", default="15m")
    parser.add_argument("--out", help="write the figures to this JSON file")
    asked = parser.parse_args()
    here = header(TITLE)
    found = measured(asked.text, asked.budget)
    table([("", asked.budget), *((name, str(value)) for name, value in found.items() if name != "sample")])
    print(found["sample"])
    footer(TITLE, here, found, asked.out)


if __name__ == "__main__":
    main()
