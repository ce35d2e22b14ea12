"""The schema of architectures is closed: what it does not list, no recipe asks for and no file holds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from glassnet.archive import pack, unpack
from glassnet.nets.spec import (
    LAYERS_LIMIT,
    PARAMETERS_LIMIT,
    SIZE_LIMIT,
    Activation,
    Architecture,
    BatchNorm,
    Dropout,
    LayerNorm,
    Linear,
    Own,
    Stack,
)
from glassnet.notation import ACTIVATIONS

READ = TypeAdapter(Architecture).validate_python
LINEAR = {"layer": "linear", "inputs": 3, "outputs": 2, "bias": True}
EVERY_LAYER = Stack(
    layers=(
        Linear(inputs=3, outputs=4, bias=False),
        BatchNorm(features=4),
        LayerNorm(features=4),
        Dropout(p=0.25),
        *(Activation(layer=name) for name in ACTIVATIONS),
        Linear(inputs=4, outputs=2),
    )
)


def stack(*layers: object, **more: object) -> dict[str, object]:
    return {"kind": "stack", "layers": list(layers), **more}


@pytest.mark.parametrize("architecture", [EVERY_LAYER, Own(builder="my_nets.Twin")])
def test_an_architecture_comes_back_from_a_file_as_it_was(architecture):
    manifest = unpack(pack({"net": architecture.model_dump(mode="json")}, {}), "x").manifest
    assert READ(manifest["net"]) == architecture


def test_widths_and_parameters_are_those_of_the_layers():
    assert (EVERY_LAYER.inputs, EVERY_LAYER.outputs) == (3, 2)
    assert EVERY_LAYER.parameters == 12 + 8 + 8 + 10


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"kind": "code"},
        {"kind": "own"},
        {"kind": "own", "builder": ""},
        {"kind": "own", "builder": "b" * 201},
        {"kind": "own", "builder": "b", "module": "os"},
        stack(),
        stack(LINEAR, path="/etc"),
        stack({**LINEAR, "device": "cuda"}),
        stack({**LINEAR, "layer": "lambda"}),
        stack({**LINEAR, "inputs": 0}),
        stack({**LINEAR, "inputs": "3"}),
        stack({**LINEAR, "inputs": 3.0}),
        stack({**LINEAR, "inputs": True}),
        stack({**LINEAR, "inputs": SIZE_LIMIT + 1}),
        stack({**LINEAR, "bias": 1}),
        stack({"layer": "relu"}),
        stack(LINEAR, {"layer": "relu", "inplace": True}),
        stack(LINEAR, {"layer": "dropout", "p": 1.5}),
        stack(LINEAR, {"layer": "dropout", "p": "0.5"}),
        stack(LINEAR, {"layer": "dropout", "p": float("nan")}),
        stack(LINEAR, {"layer": "batch_norm", "features": 2, "eps": 1.0}),
        stack(LINEAR, {"layer": "layer_norm", "features": 3}),
        stack(LINEAR, LINEAR),
        stack(LINEAR, *[{"layer": "relu"}] * LAYERS_LIMIT),
        stack({**LINEAR, "inputs": PARAMETERS_LIMIT // SIZE_LIMIT, "outputs": SIZE_LIMIT}),
    ],
)
def test_what_the_schema_does_not_have_is_refused(value):
    with pytest.raises(ValidationError):
        READ(value)


def test_the_largest_stack_of_the_limits_is_accepted():
    wide = {**LINEAR, "inputs": PARAMETERS_LIMIT // SIZE_LIMIT - 1, "outputs": SIZE_LIMIT}
    assert READ(stack(wide)).parameters == PARAMETERS_LIMIT


def test_widths_that_do_not_follow_each_other_are_named():
    with pytest.raises(ValidationError, match=r"layer 2 of those with weights .* takes 3 numbers and gets 2"):
        READ(stack(LINEAR, {"layer": "relu"}, LINEAR))


def test_an_architecture_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        EVERY_LAYER.layers[0].inputs = 5


def test_planning_a_network_does_not_import_torch():
    code = "import sys, glassnet.archive, glassnet.nets.dense; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
