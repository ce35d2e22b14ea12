"""Small trained models, each trained once: those of which the golden files were made."""

from __future__ import annotations

import functools
import runpy
from pathlib import Path
from typing import Any

import pytest

MAKE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "format" / "make_golden.py"))
GOLDEN = functools.cache(MAKE["train_model"])


@pytest.fixture
def golden():
    """Give a trained model by the name of its task: ``golden("binary")``."""
    return GOLDEN


@pytest.fixture
def training_rides():
    """Give the rows that the models were trained on: columns of lists."""
    return MAKE["rides"]()


@pytest.fixture
def rides():
    """Give new rows for the models, targets included: columns of lists."""
    return MAKE["rides"](24, seed=2)
