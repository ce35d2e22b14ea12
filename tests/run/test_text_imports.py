"""Texts are trained, judged and answered without torch, scikit-learn and matplotlib, which take seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

HEAVY = ("torch", "matplotlib", "sklearn", "scipy", "pandas", "pyarrow")
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def data(reviews):
    texts, labels = reviews(60)
    pl.DataFrame({"text": texts, "label": labels}).write_parquet("reviews.parquet")
    return "reviews.parquet"


def imported(*commands: str) -> str:
    """Run commands in a new process and return which heavy modules it has loaded."""
    code = "import sys\nfrom glassnet.cli import run\n"
    code += "".join(f"assert run({each.split()!r}) == 0\n" for each in commands)
    code += f"print('loaded', [name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_no_command_on_texts_imports_torch_or_matplotlib(data):
    assert (
        imported(
            f"train {data} --task text --target label --out run --json",
            f"evaluate run/model.glass {data} --json",
            f"predict run/model.glass {data} -o answers.csv",
            "inspect run/model.glass",
            "report run/model.glass",
            "train --resume run",
        )
        == "loaded []"
    )


def test_the_test_can_fail():
    assert imported("info --json") == "loaded ['torch']"
