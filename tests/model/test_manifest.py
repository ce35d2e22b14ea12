"""What every kind of model asks of the manifest and the arrays of its file."""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, field_validator

from glassnet.engine.history import History
from glassnet.errors import FormatError, RecipeError, message
from glassnet.model.manifest import Manifest, only_shares, read_as, split_arrays
from glassnet.recipe import Recipe
from glassnet.results import Results


class Options(BaseModel):
    """A part that refuses in Glassnet's own words, as how texts are read does."""

    size: int = 1

    @field_validator("size")
    @classmethod
    def _check_size(cls, value: int) -> int:
        if value > 9:
            raise RecipeError(message("size must be at most 9", f"size={value}", "write 9"))
        return value


class Small(Manifest):
    """The manifest of a kind that is as small as one can be."""

    kind: Literal["small"]
    plan: Options
    schema_: Options = Field(alias="schema")
    networks: dict[Literal["net"], Options]


def values() -> dict[str, Any]:
    net = Options()
    history = json.loads(History([], stopped="epochs").to_json())
    manifest = Small(
        kind="small",
        version="1",
        recipe=Recipe(),
        plan=Options(),
        schema=Options(),
        networks={"net": net},
        history=history,
        results=Results(),
    )
    return manifest.model_dump(mode="json", by_alias=True)


def test_a_manifest_of_any_kind_is_read_with_its_history():
    manifest, history = read_as(Small, values(), "x.glass")
    assert (manifest.kind, history.stopped) == ("small", "epochs")


CHANGES = {
    "another kind": (lambda each: each.update(kind="large"), "kind: "),
    "another key": (lambda each: each.update(code="1"), "code: "),
    "a key less": (lambda each: each["plan"].pop("size"), "leaves out a key"),
    "a value that the part refuses": (lambda each: each["networks"]["net"].update(size=10), "at most 9"),
    "no history": (lambda each: each["history"].pop("records"), "history: "),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_wrong_with_a_manifest_is_damage_of_the_file(name):
    change, said = CHANGES[name]
    changed = values()
    change(changed)
    with pytest.raises(FormatError, match=r"^x\.glass must be a Glassnet model, however: ") as error:
        read_as(Small, changed, "x.glass")
    assert said in str(error.value)


def test_arrays_go_to_the_part_that_their_name_begins_with():
    arrays = {"net.0.weight": np.ones(1), "baseline.shares": np.ones(2)}
    saved = split_arrays(arrays, ("net", "baseline"), "x.glass")
    assert {part: list(each) for part, each in saved.items()} == {"net": ["0.weight"], "baseline": ["shares"]}
    for wrong in ("more", "net", "conformal.scale"):
        with pytest.raises(FormatError, match="belong to no network"):
            split_arrays({wrong: np.ones(1)}, ("net", "baseline"), "x.glass")


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"shares": np.array([0.5, 0.25])},
        {"shares": np.array([1.5, -0.5])},
        {"shares": np.array([1.0])},
        {"shares": np.array([0.5, 0.5], np.float32)},
        {"shares": np.array([0.5, 0.5]), "more": np.ones(1)},
    ],
)
def test_a_baseline_of_shares_holds_them_and_nothing_else(arrays):
    assert only_shares({"shares": np.array([1.0, 0.0])}, "shares", 2, "x.glass").sum() == 1
    with pytest.raises(FormatError, match="baselines that are not 2 shares"):
        only_shares(arrays, "shares", 2, "x.glass")
