"""A file that lies about networks that share a trunk is refused before anything is made of it."""

from __future__ import annotations

import copy
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassnet.archive import Contents, read_archive
from glassnet.errors import FormatError
from glassnet.model.table import model_from

MODELS = Path(__file__).parent / "golden" / "v1" / "models"
MEMBERS, LONG_TAIL, PLAIN = (
    read_archive(MODELS / f"{name}.glass") for name in ("members", "long_tail", "regression")
)
NET = MEMBERS.manifest["networks"]["net"]
WIDTH, NUMBERS = NET["inputs"], NET["numbers"]
HUGE = 1 << 24


def linear(inputs: int, outputs: int) -> dict[str, Any]:
    return {"layer": "linear", "inputs": inputs, "outputs": outputs, "bias": True}


def refused(manifest: dict[str, Any], contents: Contents = MEMBERS) -> str:
    with pytest.raises(FormatError) as error:
        model_from(Contents(manifest, contents.arrays), "hostile.glass")
    return str(error.value)


def with_net(**changes: Any) -> dict[str, Any]:
    manifest = copy.deepcopy(MEMBERS.manifest)
    manifest["networks"]["net"] |= changes
    return manifest


def test_the_file_that_is_lied_about_can_be_loaded():
    assert model_from(MEMBERS, "good.glass").architecture.members == NET["members"] == 3
    assert len(NUMBERS) >= 2


FIELDS = {
    "no members": ({"members": 0}, "greater than or equal to 1"),
    "too many members": ({"members": 1025}, "less than or equal to 1024"),
    "half a member": ({"members": 1.5}, "valid integer"),
    "true members": ({"members": True}, "valid integer"),
    "no trunk": ({"trunk": []}, "at least 1 item"),
    "a trunk without weights": ({"trunk": [{"layer": "relu"}]}, "must have a layer with weights"),
    "a trunk of another width": ({"trunk": [linear(WIDTH, 4)]}, "must take what the one before it gives"),
    "a trunk with a gap": ({"trunk": [NET["trunk"][0], linear(6, 4)]}, "it takes 6 numbers and gets 5"),
    "a long trunk": ({"trunk": [{"layer": "relu"}] * 1001}, "at most 1000"),
    "another layer": ({"trunk": [{"layer": "os.system"}]}, "trunk"),
    "numbers beyond the inputs": ({"numbers": [*NUMBERS[:-1], WIDTH]}, "distinct ascending positions below"),
    "numbers before them": ({"numbers": [-1, *NUMBERS[1:]]}, "greater than or equal to 0"),
    "numbers twice": ({"numbers": [NUMBERS[0], *NUMBERS[:-1]]}, "distinct ascending positions"),
    "numbers the other way": ({"numbers": NUMBERS[::-1]}, "distinct ascending positions"),
    "no numbers": ({"numbers": []}, "must be given together"),
    "no waves": ({"periodic": None}, "must be given together"),
    "no frequencies": ({"periodic": {"frequencies": 0, "width": 4, "sigma": 0.1}}, "greater than or equal"),
    "many frequencies": ({"periodic": {"frequencies": 1025, "width": 4, "sigma": 0.1}}, "less than or equal"),
    "no sigma": ({"periodic": {"frequencies": 16, "width": 4, "sigma": 0.0}}, "greater than 0"),
    "another key of waves": (
        {"periodic": {"frequencies": 16, "width": 4, "sigma": 0.1, "code": "x"}},
        "Extra inputs are not permitted",
    ),
    "waves of another width": ({"periodic": {"frequencies": 16, "width": 5, "sigma": 0.1}}, "must take what"),
    "another average": ({"average": "median"}, "average"),
    "the average of another task": ({"average": "sigmoid"}, "networks of which sigmoid is averaged"),
    "other outputs": ({"outputs": 2}, "outputs for a schema of"),
    "another key": ({"code": "os.system"}, "Extra inputs are not permitted"),
    "another kind": ({"kind": "stack"}, "net.stack"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_net_that_no_spec_allows_is_named(name):
    changes, words = FIELDS[name]
    said = refused(with_net(**changes))
    assert said.startswith("hostile.glass must be a Glassnet model, however: ")
    assert words in said


TOO_BIG = {
    "members": {"members": 1024, "trunk": [linear(WIDTH + 4 * len(NUMBERS), 1 << 18)]},
    "trunk": {"trunk": [linear(WIDTH + 4 * len(NUMBERS), HUGE)]},
    "layer": {"trunk": [linear(WIDTH + 4 * len(NUMBERS), HUGE + 1)]},
}


def test_a_net_of_which_one_row_would_fill_the_memory_is_refused():
    wide = [linear(WIDTH + 4 * len(NUMBERS), 1 << 17)]
    said = refused(with_net(members=1024, trunk=wide))
    assert "at most 67108864 numbers for a row in one layer, however: 1024 members of 131072" in said


@pytest.mark.parametrize("name", TOO_BIG)
def test_a_net_beyond_the_limits_is_refused(name):
    assert "at most 536870912 parameters" in (said := refused(with_net(**TOO_BIG[name]))) or (
        "less than or equal to 16777216" in said
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"members": 1000},
        {"trunk": [linear(WIDTH + 4 * len(NUMBERS), 1 << 22), linear(1 << 22, 4)]},
        {"periodic": {"frequencies": 1024, "width": 4, "sigma": 0.1}},
    ],
    ids=["members", "trunk", "waves"],
)
def test_sizes_that_the_arrays_do_not_have_are_refused_before_anything_is_made(changes):
    manifest = with_net(**changes)
    refused(manifest)  # what a first reading imports is not what is measured
    tracemalloc.start()
    try:
        assert "must have" in refused(manifest)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("net.signs", lambda each: each.reshape(3, -1)),
        ("net.signs", lambda each: each[:-1]),
        ("net.signs", lambda each: each.astype(np.float64)),
        ("net.output.weight", lambda each: np.swapaxes(each, 1, 2)),
        ("net.output.weight", lambda each: each[:2]),
        ("net.output.bias", lambda each: each.reshape(3, 1, -1)),
        ("net.periodic.frequency", lambda each: each.reshape(len(NUMBERS), 1, -1)),
        ("net.periodic.phase", lambda each: each[:1]),
        ("net.periodic.sums.weight", lambda each: each[0]),
        ("net.trunk.0.weight", lambda each: each.T),
    ],
)  # fmt: skip
def test_arrays_of_another_shape_are_refused(array, change):
    arrays = {**MEMBERS.arrays, array: np.ascontiguousarray(change(MEMBERS.arrays[array]))}
    with pytest.raises(FormatError, match=f"must have '{array.removeprefix('net.')}', float32"):
        model_from(Contents(MEMBERS.manifest, arrays), "hostile.glass")


@pytest.mark.parametrize("array", [name for name in MEMBERS.arrays if name.startswith("net.")])
def test_every_array_is_needed(array):
    arrays = {name: each for name, each in MEMBERS.arrays.items() if name != array}
    with pytest.raises(FormatError, match="there is none"):
        model_from(Contents(MEMBERS.manifest, arrays), "hostile.glass")


TARGETS = {
    "another scale": ({"on": "cube"}, "Input should be 'plain', 'sqrt' or 'log'"),
    "a shift without its scale": ({"on": "sqrt", "shift": 1.0}, "a shift must belong to the scale log"),
    "a shift below 0": ({"shift": -1.0}, "greater than or equal to 0"),
    "a huge shift": ({"on": "log", "shift": 1e31}, "less than or equal to"),
    "a scale of counts": ({"on": "log", "counts": True}, "counts must be on the plain scale"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_on_a_scale_that_there_is_not_is_refused(name):
    changes, words = TARGETS[name]
    manifest = copy.deepcopy(LONG_TAIL.manifest)
    manifest["schema"]["targets"][0] |= changes
    assert words in refused(manifest, LONG_TAIL)


PLANS = {
    "target_scale": "cube",
    "ema": 1.0,
    "refit_factor": 0.0,
    "compare": 1,
    "trials": [{"net": "8"}],
    "other_nets": "8",
}


@pytest.mark.parametrize("key", PLANS)
def test_a_plan_that_no_run_writes_is_refused(key):
    manifest = copy.deepcopy(PLAIN.manifest)
    manifest["plan"][key] = PLANS[key]
    assert f"plan.{key}" in (said := refused(manifest, PLAIN)) or "leaves out a key" in said
