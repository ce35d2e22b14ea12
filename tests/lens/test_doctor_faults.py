"""The faults and healthy runs of benchmarks/doctor.py: a few of them, and all of the open sets as slow."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def cases() -> Iterator[ModuleType]:
    """Give benchmarks/doctor_cases.py, which imports its neighbours by name."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("doctor_cases")
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in ("doctor_cases", "doctor_data"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def sets(cases):
    return {name: make(0) for name, make in importlib.import_module("doctor_data").OPEN.items()}


def missed(cases: ModuleType, sets: dict, names: tuple[str, ...], faults: list[str]) -> list[str]:
    found = []
    for fault in faults:
        expected, make, fits = cases.FAULTS[fault]
        for name in names:
            if fits(sets[name]) or (fault == "one hidden unit" and name in cases.BENT):
                said = make(sets[name], 0).diagnosis().names
                found += [] if expected & set(said) else [f"{fault}, {name}: {said}"]
    return found


def test_faults_of_nets_data_and_loops_are_named(cases, sets):
    quick = (
        *("rate x 1000", "ten sigmoid layers", "large weights, ten ReLU layers", "constant weights"),
        *("softmax before cross entropy", "one hidden unit", "a layer cut off", "zero_grad forgotten"),
        *("shuffled targets", "twelve rows"),
    )
    assert missed(cases, sets, ("moons",), list(quick)) == []
    of_numbers = ["two parts of the target", "ReLU on the output", "targets (n,), outputs (n, 1)"]
    assert missed(cases, sets, ("friedman1",), of_numbers) == []


def test_healthy_nets_of_many_kinds_are_left_in_peace(cases, sets):
    kinds = ("sigmoid, adam", "batch norm", "dropout", "leaky relu, one cycle", "a loop of one's own")
    runs = cases.healthy(sets["wine"], 0)
    assert {kind: runs[kind].diagnosis().names for kind in kinds} == dict.fromkeys(kinds, ())


@pytest.mark.slow
def test_nineteen_of_twenty_faults_are_named_on_every_open_set(cases, sets):
    found = missed(cases, sets, tuple(sets), list(cases.FAULTS))
    assert len(found) <= 0.05 * len(cases.FAULTS) * len(sets), found


@pytest.mark.slow
def test_of_thirty_healthy_runs_at_most_one_is_alarmed(cases, sets):
    runs = {(name, kind): run for name in sets for kind, run in cases.healthy(sets[name], 1).items()}
    healthy = {each: run.diagnosis().names for each, run in runs.items() if cases.trains_well(run)}
    false = {each: said for each, said in healthy.items() if said}
    assert len(healthy) >= 30
    assert len(false) <= len(healthy) / 30, false
