"""Models of photos that an earlier Glassnet saved load for ever; a changed file is refused, or answers."""

from __future__ import annotations

import copy
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.archive import Contents, pack, read_archive, unpack
from glassnet.errors import FormatError, GlassnetError
from glassnet.model.images import image_model_from

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_golden_images.py"))
PATHS = sorted((HERE / "golden" / "v1" / "images").glob("*.glass"))
GOOD = {path.stem: read_archive(path) for path in PATHS}
PIXELS, _ = MAKE["photos"](2, 0)


def close(found: Any, told: Any) -> None:
    if isinstance(told, dict):
        assert found.keys() == told.keys()
        for key, each in told.items():
            close(found[key], each)
    elif isinstance(told, list) and told and isinstance(told[0], str):
        assert found == told
    else:
        np.testing.assert_allclose(found, told, rtol=2e-4, atol=2e-5)


def test_there_are_golden_models_of_each_kind_of_net():
    assert {path.stem for path in PATHS} == set(MAKE["MODELS"])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_golden_model_answers_as_it_did(path):
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["answers"]
    close(MAKE["answers"](gn.load(path)), told)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_loaded_model_gives_the_same_bytes(path):
    assert gn.load(path).to_bytes() == path.read_bytes()


def changed(name: str, change: Any) -> Contents:
    good = GOOD[name]
    manifest = copy.deepcopy(good.manifest)
    arrays = {key: each.copy() for key, each in good.arrays.items()}
    change(manifest, arrays)
    return unpack(pack(manifest, arrays), "bad.glass")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m, a: m["networks"]["net"].update(outputs=4), "4 outputs for 3 classes"),
        (lambda m, a: m["networks"]["net"].update(channels=3), "3 channels for photos of 1"),
        (lambda m, a: m["networks"]["net"].update(widths=[6, 9]), "must have"),
        (lambda m, a: m["networks"]["net"].update(widths=[4096] * 8, depth=4), "parameters"),
        (lambda m, a: m["plan"].update(task="binary"), "a binary task with 3 classes"),
        (lambda m, a: m["schema"].update(between=[1.0, 1.0]), "white is no brighter"),
        (lambda m, a: m["schema"].update(temperature=0.0), "greater than or equal"),
        (lambda m, a: m["schema"]["images"].update(mean=[0.5, 0.5]), "means"),
        (lambda m, a: m["schema"]["images"].update(width=3), "a net that takes 5 and more"),
        (lambda m, a: a["baseline.shares"].fill(0.5), "no shares"),
        (lambda m, a: a.update({"baseline.bias": np.zeros(2)}), "baselines that are"),
        (lambda m, a: a.update({"other.x": np.zeros(2)}), "belong to no network"),
        (lambda m, a: a.pop("net.members.0.output.weight"), "output.weight"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(change, said):
    with pytest.raises(FormatError, match=said):
        image_model_from(changed("grey", change), "bad.glass")


NUMBERS = [0, 1, 2, -1, 64, 1 << 31, 0.5, -0.0, 1e308]
LEAVES = st.sampled_from([None, True, "", "photo", "中", *NUMBERS, [], {}, [0.5]])


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in places(each, (*at, key)))]


@given(st.data())
def test_a_changed_file_is_refused_or_answers(data):
    good = GOOD[data.draw(st.sampled_from(sorted(GOOD)))]
    manifest = copy.deepcopy(good.manifest)
    arrays = {key: each.copy() for key, each in good.arrays.items()}
    if data.draw(st.booleans()):
        heavy = [path for path in places(manifest) if path and path[0] in ("schema", "networks", "plan")]
        *above, key = data.draw(st.sampled_from(heavy))
        parent: Any = manifest
        for each in above:
            parent = parent[each]
        parent[key] = data.draw(LEAVES)
    else:
        name = data.draw(st.sampled_from(sorted(key for key in arrays if arrays[key].dtype.kind == "f")))
        arrays[name] = np.full_like(arrays[name], data.draw(st.sampled_from([3e38, -1e30, 1e-30, 0.0, 7.0])))
    try:
        model = image_model_from(unpack(pack(manifest, arrays), "changed.glass"), "changed.glass")
        chances = model.predict_proba(PIXELS)
    except GlassnetError:
        return
    assert np.isfinite(chances).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(2))
