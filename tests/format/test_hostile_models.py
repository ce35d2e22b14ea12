"""Whatever a ``.glass`` file says, loading it gives a FormatError or a Model that answers, or says why not.

The files here keep every digest; what their manifests and arrays say has been changed at random places.
No exception but Glassnet's own, no warning of NumPy, no large allocation, no answer that is not finite.
"""

from __future__ import annotations

import copy
import runpy
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.archive import Contents, pack, read_archive, unpack
from glassnet.errors import FormatError, GlassnetError, GlassnetWarning, RecipeError
from glassnet.model.table import Model, model_from

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_golden.py"))
PATHS = sorted((HERE / "golden" / "v1" / "models").glob("*.glass"))
GOOD = {path.stem: read_archive(path) for path in PATHS}
BYTES = {path.stem: path.read_bytes() for path in PATHS}
ROWS = MAKE["rides"](12, seed=3)
STRANGE = {
    **{name: cells[:2] for name, cells in ROWS.items()},
    "temp": [1e30, -1e-30],
    "sky": ["", "(missing)"],
    "when": ["1900-01-01 00:00", "2199-12-31 23:59"],
}

WORDS = [
    *("", "net", "a", "test", "mean", "stack", "own", "own:", "linear", "batch_norm", "regression", "binary"),
    *("tabular", "relu", "identity", "sigmoid", "softmax", "exp", "plain", "sqrt", "log", "2x4+waves"),
    *(
        "multiclass",
        "poisson",
        "multioutput",
        "number",
        "class",
        "category",
        "date",
        "boolean",
        "day",
        "group",
    ),
    *(
        "last:5",
        "group:temp",
        "file:/etc/passwd",
        "mse",
        "cross_entropy",
        "auto",
        "text",
        "whole number",
        "1",
    ),
    *("temp", "when", "%Y", "%", "%d/%m/%Y %H", "%+", "%s", "%Q", "中", "\0", "<b>", "a" * 300, "9" * 30),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, -1, 57, 1 << 20, 1 << 24, 1 << 53, (1 << 63) - 1, -(1 << 63)])
    | st.sampled_from([0.0, -0.0, 0.5, 1e-308, 5e-324, 1e30, 1e31, 1e100, 1e308, -1e308, -1e-12])
    | st.integers(-9, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=5,
)


ALIKE = ["alike"] * 9


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path to every value inside a manifest."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in places(each, (*at, key)))] if at or inner else [at]


def value_at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def weighted(manifest: dict[str, Any]) -> list[tuple[Any, ...]]:
    """List all paths, those that matter to answers more often than those of the records."""
    found = [path for path in places(manifest) if path]
    heavy = [path for path in found if path[0] in ("schema", "networks", "plan", "recipe", "loss")]
    scores = [path for path in found if path[0] in ("results",)][:60]
    return heavy * 3 + scores + [path for path in found if path[0] in ("history", "kind", "version")][:60]


def alike(old: Any) -> st.SearchStrategy[Any]:
    """Give other values of the same type, which more often pass."""
    if isinstance(old, bool):
        return st.just(not old)
    if isinstance(old, int):
        return st.integers(-3, 99) | st.just(old + 1)
    if isinstance(old, float):
        return st.floats(-1e30, 1e30) | st.sampled_from([old * 2, -old, 1e-30, 1e30])
    if isinstance(old, str):
        return st.sampled_from(WORDS)
    if isinstance(old, list):
        return st.sampled_from([old[::-1], old[1:], old[:-1], []])
    return st.just(dict(list(old.items())[1:])) if isinstance(old, dict) else ANYTHING


@st.composite
def changed_manifests(draw: st.DrawFn) -> Contents:
    """A good file with one to three fields dropped, added, replaced, copied from elsewhere, or scaled."""
    good = GOOD[draw(st.sampled_from(sorted(GOOD)))]
    manifest = copy.deepcopy(good.manifest)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        path = draw(st.sampled_from(weighted(manifest)))
        *above, key = path
        parent, old = value_at(manifest, tuple(above)), value_at(manifest, path)
        how = draw(st.sampled_from(["drop", "add", "replace", "retype", "copy", "twice", "scale", *ALIKE]))
        if how == "drop":
            del parent[key]
        elif how == "add":
            inside = old if isinstance(old, dict) else parent
            new = draw(ANYTHING)
            if isinstance(inside, dict):
                inside[draw(st.sampled_from([*WORDS, *inside]))] = new
            else:
                inside.insert(0, new)
        elif how == "alike":
            parent[key] = draw(alike(old))
        elif how == "retype":
            parent[key] = draw(st.sampled_from([str(old), [old], {"a": old}, bool(old), None, 0.5, 7]))
        elif how == "copy":
            other = GOOD[draw(st.sampled_from(sorted(GOOD)))].manifest
            parent[key] = copy.deepcopy(value_at(other, draw(st.sampled_from(weighted(other)))))
        elif how == "twice" and isinstance(old, list):
            parent[key] = old * 2
        elif how == "scale" and isinstance(old, int | float) and not isinstance(old, bool):
            factor = draw(st.sampled_from([-1, 0, 2, 1e12, 1e-12, 1e-30, 1e25]))
            parent[key] = (
                type(old)(max(min(old * factor, 9e18), -9e18)) if isinstance(old, int) else old * factor
            )
        else:
            parent[key] = draw(ANYTHING)
    return Contents(manifest, good.arrays)


@st.composite
def changed_arrays(draw: st.DrawFn) -> Contents:
    """A good file with arrays dropped, added, renamed, swapped, reshaped, retyped, or with wild numbers."""
    good = GOOD[draw(st.sampled_from(sorted(GOOD)))]
    arrays = {name: each.copy() for name, each in good.arrays.items()}
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(arrays)))
        how = draw(st.sampled_from(["drop", "add", "rename", "swap", "reshape", "retype", "wild", "wild"]))
        if how in ("drop", "rename"):
            old = arrays.pop(name)
            if how == "rename":
                arrays[draw(st.sampled_from(["net.9.weight", "a", "net.", "baseline.", "baseline.bias"]))] = (
                    old
                )
        elif how == "add":
            arrays[draw(st.sampled_from(["net.new", "other.weight", "baseline.linear"]))] = arrays[name]
        elif how == "swap":
            other = draw(st.sampled_from(sorted(arrays)))
            arrays[name], arrays[other] = arrays[other], arrays[name]
        elif how == "reshape":
            arrays[name] = arrays[name].T if draw(st.booleans()) else arrays[name].reshape(-1)[:1]
        elif how == "retype":
            with np.errstate(all="ignore"):
                arrays[name] = arrays[name].astype(draw(st.sampled_from(["f4", "f8", "i8", "u1", "?"])))
        elif arrays[name].size and arrays[name].dtype.kind == "f":
            flat = arrays[name].reshape(-1)
            number = draw(st.sampled_from([0.0, -1.0, 1e-30, 3e38, -3e38, 1e-45, 1e20]))
            flat[draw(st.integers(0, len(flat) - 1)) :] = number
        if not arrays:
            break
    return Contents(good.manifest, arrays)


def says_what_is_wrong(error: GlassnetError, words: str = "") -> str:
    assert ", however: " in str(error)
    assert words in str(error)
    return "refused"


def use(model: Model) -> None:
    """Ask a model for everything that it can do; only Glassnet's own errors may come out."""
    repr(model)
    model._repr_html_()
    str(model.evaluate())
    repr(model.history)
    model.history.frame()
    for rows in (ROWS, STRANGE):
        try:
            answers = model.predict(rows)
            assert len(answers) == len(rows["when"])
            assert answers.dtype.kind != "f" or np.isfinite(answers).all()
            if model.conformal is not None:
                ends = model.predict_interval(rows, min(0.5, model.conformal.most_coverage))
                assert np.isfinite(ends).all()
                assert (ends[0] <= ends[1]).all()
            str(model.evaluate(rows))
        except GlassnetError as error:
            says_what_is_wrong(error)
    assert model_from(unpack(model.to_bytes(), "again.glass"), "again.glass").to_bytes() == model.to_bytes()


def outcome(contents: Contents) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        try:
            contents = unpack(pack(contents.manifest, contents.arrays), "hostile.glass")
            model = model_from(contents, "hostile.glass")
        except FormatError as error:
            return says_what_is_wrong(error)
        except RecipeError as error:
            return says_what_is_wrong(error, "holds the weights of your own module")
        use(model)
        return "used"


@pytest.mark.parametrize("name", GOOD)
def test_an_unchanged_file_can_be_used(name):
    assert outcome(GOOD[name]) == "used"


@given(changed_manifests())
def test_a_changed_manifest_is_refused_or_its_model_can_be_used(contents):
    outcome(contents)


@given(changed_arrays())
def test_changed_arrays_are_refused_or_their_model_can_be_used(contents):
    outcome(contents)


@given(st.sampled_from(sorted(BYTES)), st.data())
def test_changed_bytes_are_refused(name, data):
    good = BYTES[name]
    at = data.draw(st.integers(0, len(good) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "insert", "delete"]))
    if how == "flip":
        bad = bytearray(good)
        bad[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        after = at + data.draw(st.integers(1, 9))
        bad = {
            "cut": good[:at],
            "insert": good[:at] + good[at:after] + good[at:],
            "delete": good[:at] + good[after:],
        }[how]
    with pytest.raises(FormatError):
        model_from(unpack(bytes(bad), "hostile.glass"), "hostile.glass")


HUGE = 1 << 24
INCONSISTENT = {
    "task": ("regression", ("plan", "task"), "poisson", "a poisson task with a target of which counts is"),
    "counts": ("poisson", ("plan", "task"), "regression", "a target of which counts is True"),
    "classes": ("multiclass", ("plan", "task"), "binary", "a binary task with 3 classes"),
    "kinds": ("binary", ("plan", "task"), "regression", "a regression task with targets of another kind"),
    "targets": ("multioutput", ("plan", "task"), "regression", "a regression task with 2 targets"),
    "loss": ("binary", ("loss",), "mse", "the loss of a binary task must fit it"),
    "no loss": ("binary", ("loss",), "auto", "a loss that was not decided"),
    "widths": ("binary", ("networks", "net", "layers", 0, "inputs"), 43, "a net of 43 inputs and 1 outputs"),
    "huge": ("binary", ("networks", "net", "layers", 0, "inputs"), HUGE + 1, "less than or equal to"),
    "too many": ("regression", ("networks", "net", "layers"), [{"layer": "relu"}] * 1001, "at most 1000"),
    "net": ("binary", ("networks",), {}, "networks: "),
    "other net": ("binary", ("networks",), {"other": {}}, "networks.other"),
    "code": ("binary", ("networks", "net", "layers", 0, "layer"), "os.system", "net.stack.layers.0: "),
    "text number": ("regression", ("recipe", "seed"), "0", "recipe.seed: Input should be a valid integer"),
    "history": ("regression", ("history", "records"), [{"epoch": 0}], "history: "),
    "splits": ("regression", ("results", "rows"), {"tset": 3}, "unknown name 'tset'"),
    "unit": ("regression", ("plan", "test"), "lst:3", "plan.test: "),
}  # fmt: skip


@pytest.mark.parametrize("name", INCONSISTENT)
def test_parts_that_do_not_belong_together_are_named(name):
    model, path, value, words = INCONSISTENT[name]
    manifest = copy.deepcopy(GOOD[model].manifest)
    *above, key = path
    value_at(manifest, tuple(above))[key] = value
    with pytest.raises(FormatError, match=r"^hostile\.glass must be a Glassnet model, however: ") as error:
        model_from(Contents(manifest, GOOD[model].arrays), "hostile.glass")
    assert words in str(error.value)


def test_a_net_of_huge_layers_is_refused_before_anything_is_made_of_it():
    contents = GOOD["regression"]
    manifest = copy.deepcopy(contents.manifest)
    width = 1 << 22
    hidden = [{"layer": "linear", "inputs": 57, "outputs": width, "bias": True}, {"layer": "relu"}]
    hidden += [{"layer": "linear", "inputs": width, "outputs": 1, "bias": True}]
    manifest["networks"]["net"]["layers"] = hidden
    tracemalloc.start()
    try:
        with pytest.raises(
            FormatError, match=rf"'0\.weight', float32 \({width}, 57\), however: float32 \(6, 57\)"
        ):
            model_from(Contents(manifest, contents.arrays), "hostile.glass")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_manifest_of_another_model_does_not_fit_these_arrays():
    for name in GOOD:
        for other in GOOD:
            if name != other:
                assert outcome(Contents(GOOD[name].manifest, GOOD[other].arrays)) == "refused"


RECORDS = ("history", "results")  # maps of names and numbers, of which a run writes as many as it has
MAPS = [("recipe", "roles"), ("schema", "left_out")]


@pytest.mark.parametrize("name", GOOD)
def test_every_key_is_needed_and_no_other_is_taken(name):
    contents = GOOD[name]
    for path in places(contents.manifest):
        *above, key = path or ("",)
        if not path or path[0] in RECORDS or not isinstance(key, str) or tuple(above) in MAPS:
            continue
        manifest = copy.deepcopy(contents.manifest)
        parent = value_at(manifest, tuple(above))
        value = parent.pop(key)
        assert is_refused(manifest, contents), path
        parent.update({key: value, "another": value})
        assert is_refused(manifest, contents), path


def is_refused(manifest: dict[str, Any], contents: Contents) -> bool:
    try:
        model_from(Contents(manifest, contents.arrays), "hostile.glass")
    except FormatError:
        return True
    return False


@pytest.mark.parametrize(
    ("name", "array", "values", "words"),
    [
        ("regression", "net.9.weight", np.ones(1, np.float32), "must have no '9.weight'"),
        ("regression", "other.weight", np.ones(1), "arrays that belong to no network"),
        ("regression", "baseline.bias", np.array([1e101]), "baselines beyond 1e"),
        ("regression", "baseline.bias", np.ones(2), "baselines that are"),
        ("regression", "baseline.bias", np.ones(1, np.float32), "baselines that are"),
        ("regression", "baseline.more", np.ones(1), "baselines that are"),
        ("regression", "conformal", np.ones(1), "arrays that belong to no network"),
        ("regression", "conformal.more", np.ones(1), "conformal arrays that are"),
        ("binary", "conformal.scores", np.ones((0, 1)), "conformal arrays that are"),
        ("regression", "conformal.sides", np.ones((2, 2)), "conformal arrays that are"),
        ("regression", "conformal.scores", np.ones((1, 0)), "conformal arrays that are"),
        ("regression", "conformal.scores", np.array(1.0), "conformal arrays that are"),
        ("regression", "conformal.non_negative", np.ones(1), "conformal arrays that are"),
        ("regression", "conformal.scores", np.array([[1e101]]), "conformal arrays beyond 1e"),
        ("regression", "conformal.scores", np.array([[2.0, 1.0]]), "do not ascend"),
        ("regression", "conformal.scores", np.array([[-1.0, 1.0]]), "conformal scores below 0"),
        ("regression", "conformal.sides", np.array([[0.0, 1.0]]), "widths that are not above 0"),
        ("poisson", "conformal.sides", np.array([[1.0, -1.0]]), "widths that are not above 0"),
        (
            "multiclass",
            "baseline.constant",
            np.array([0.5, 0.5, 0.5]),
            "shares of the classes that are no shares",
        ),
        ("binary", "baseline.constant", np.array([1.5, -0.5]), "shares of the classes that are no shares"),
        ("poisson", "baseline.constant", np.array([0.0]), "a mean of counts that is not above 0"),
    ],
)
def test_arrays_that_do_not_belong_to_the_model_are_refused(name, array, values, words):
    contents = GOOD[name]
    with pytest.raises(FormatError, match=words):
        model_from(Contents(contents.manifest, {**contents.arrays, array: values}), "hostile.glass")
