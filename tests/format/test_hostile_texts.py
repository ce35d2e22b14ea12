"""Whatever a file of texts says, loading it gives a FormatError or a model that answers, or says why not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.archive import Contents, pack, read_archive, unpack
from glassnet.errors import FormatError, GlassnetError
from glassnet.model.texts import text_model_from

PATHS = sorted((Path(__file__).parent / "golden" / "v1" / "texts").glob("*.glass"))
GOOD = {path.stem: read_archive(path) for path in PATHS}
WORDS = [
    "",
    "net",
    "bag",
    "text",
    "binary",
    "multiclass",
    "presence",
    "tfidf",
    "none",
    "naive_bayes",
    "random:0.1",
    "中",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, -1, 64, 1 << 31, (1 << 63) - 1, 0.5, -0.0, 1e308])
    | st.sampled_from(WORDS)
    | st.lists(st.sampled_from(WORDS), max_size=2)
    | st.dictionaries(st.sampled_from(WORDS), st.integers(0, 3), max_size=2)
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in places(each, (*at, key)))]


@st.composite
def changed_manifests(draw: st.DrawFn) -> Contents:
    good = GOOD[draw(st.sampled_from(sorted(GOOD)))]
    manifest = copy.deepcopy(good.manifest)
    heavy = [path for path in places(manifest) if path and path[0] in ("schema", "networks", "plan", "loss")]
    *above, key = draw(st.sampled_from(heavy))
    parent: Any = manifest
    for each in above:
        parent = parent[each]
    how = draw(st.sampled_from(["drop", "add", "replace", "near"]))
    if how == "drop":
        del parent[key]
    elif how == "add" and isinstance(parent, dict):
        parent[draw(st.sampled_from(WORDS))] = draw(LEAVES)
    elif how == "near" and isinstance(parent[key], int | float):
        parent[key] = parent[key] + draw(st.sampled_from([1, -1, 7]))
    else:
        parent[key] = draw(LEAVES)
    return Contents(manifest, good.arrays)


@st.composite
def changed_arrays(draw: st.DrawFn) -> Contents:
    good = GOOD[draw(st.sampled_from(sorted(GOOD)))]
    arrays = {name: each.copy() for name, each in good.arrays.items()}
    name = draw(st.sampled_from(sorted(arrays)))
    how = draw(st.sampled_from(["drop", "rename", "swap", "reshape", "retype", "wild", "wild"]))
    if how in ("drop", "rename"):
        old = arrays.pop(name)
        if how == "rename":
            arrays[draw(st.sampled_from(["net.new", "other", "baseline.x", "net."]))] = old
    elif how == "swap":
        other = draw(st.sampled_from(sorted(arrays)))
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif how == "reshape":
        arrays[name] = arrays[name].reshape(-1)[: draw(st.integers(0, 3))]
    elif how == "retype":
        arrays[name] = arrays[name].astype(draw(st.sampled_from(["f4", "f8", "i8", "u1", "?"])))
    elif arrays[name].size:
        flat = arrays[name].reshape(-1)
        wild = [0, -1, 3e38, -3e38] if flat.dtype.kind == "f" else [0, 1, 255, -1, 1 << 40, (1 << 63) - 1]
        number = draw(st.sampled_from(wild))
        flat[draw(st.integers(0, len(flat) - 1)) :] = np.array(number).astype(flat.dtype)
    return Contents(good.manifest, arrays)


def outcome(contents: Contents) -> str:
    """Load changed contents and ask everything of the model; only Glassnet's own errors may come out."""
    try:
        model = text_model_from(unpack(pack(contents.manifest, contents.arrays), "x.glass"), "x.glass")
    except FormatError as error:
        assert ", however: " in str(error)  # noqa: PT017 (either is right)
        return "refused"
    try:
        repr(model)
        texts = ["the day was wet and grey 下雨", "", "!"]
        assert np.isfinite(model.predict_proba(texts)).all()
        model.predict(texts)
        model.contributions(texts[0])
        model.evaluate({model.schema.column: texts[:1], model.schema.target.name: [model.task.classes[0]]})
    except GlassnetError as error:
        assert ", however: " in str(error)  # noqa: PT017 (either is right)
        return "refused later"
    return "answered"


def test_the_files_are_there_and_good():
    assert {outcome(each) for each in GOOD.values()} == {"answered"}


@given(changed_manifests())
def test_any_changed_manifest_of_texts_is_refused_or_answers(contents):
    outcome(contents)


@given(changed_arrays())
def test_any_changed_array_of_texts_is_refused_or_answers(contents):
    outcome(contents)


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("named", lambda each: each + 1_000_000, "names of features that are not there"),
        ("vocabulary.texts_with", lambda each: each + 1_000, "features in more texts than there are"),
        ("vocabulary.keys", lambda each: each + (1 << 40), "keys of more than 9 bits"),
        ("names", lambda each: each | np.uint8(0xFF), "names of features that are not UTF-8"),
        ("weights", lambda each: each + np.float32(1e35), "weights beyond 1e"),
    ],
)
def test_arrays_that_contradict_the_manifest_are_refused(name, change, text):
    good = GOOD["hashed"]
    arrays = {**good.arrays, f"net.{name}": change(good.arrays[f"net.{name}"])}
    with pytest.raises(FormatError, match=text):
        text_model_from(Contents(good.manifest, arrays), "x.glass")
