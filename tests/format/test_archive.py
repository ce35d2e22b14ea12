"""What goes into a ``.glass`` file comes out, other programs can read it, and writing it loses nothing."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet import archive
from glassnet.archive import pack, read_archive, unpack
from glassnet.errors import FormatError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MANIFESTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FLOATS | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
DTYPES = st.sampled_from([np.dtype(each) for each in ("?", "u1", "<i8", ">i8", "<f4", ">f4", "<f8")])
ARRAYS = st.dictionaries(
    TEXTS.filter(lambda name: name not in ("", "__metadata__")),
    DTYPES.flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
            elements={"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else None,
        )
    ),
    max_size=4,
)


@given(MANIFESTS, ARRAYS)
def test_contents_come_back_as_they_were(manifest, arrays):
    found = unpack(pack(manifest, arrays), "x.glass")
    assert found.manifest == manifest
    assert list(found.arrays) == sorted(arrays)
    for name, array in found.arrays.items():
        assert array.dtype == arrays[name].dtype.newbyteorder("=")
        assert array.dtype.isnative
        assert array.flags.writeable
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, arrays[name], strict=False)
        np.testing.assert_array_equal(np.signbit(array * 1.0), np.signbit(arrays[name] * 1.0))


@given(MANIFESTS, ARRAYS)
def test_zip_and_safetensors_programs_can_read_the_file(manifest, arrays):
    with zipfile.ZipFile(io.BytesIO(pack(manifest, arrays))) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["glassnet.json", "weights.safetensors"]
        found = safetensors.numpy.load(opened.read("weights.safetensors"))
    assert found.keys() == arrays.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, arrays[name])


def test_the_same_content_gives_the_same_bytes_whatever_its_order():
    first, second = np.arange(6.0).reshape(2, 3), np.ones(2, np.float32)
    one = pack({"a": (1, 2), "b": {"c": 3, "d": 4}}, {"x": first, "y": second})
    other = {"y": second.astype(">f4"), "x": np.asfortranarray(first)}
    assert one == pack({"b": {"d": 4, "c": 3}, "a": [1, 2]}, other)


@pytest.mark.parametrize(
    ("manifest", "arrays", "words"),
    [
        ({"a": float("nan")}, {}, "finite numbers in JSON, however: nan"),
        ({"a": [1, {"b": float("-inf")}]}, {}, "finite numbers in JSON, however: -inf"),
        ({"a": 2**63}, {}, "integers of at most 64 bits"),
        ({1: "a"}, {}, "text as JSON keys, however: 1"),
        ({"a": {1}}, {}, "plain JSON values, however: a set"),
        ({"a": np.float32(1)}, {}, "plain JSON values, however: a float32"),
        ({"a": "\ud800"}, {}, "text that UTF-8 can write"),
        ({}, {"w": np.array([1, np.nan])}, "finite weights, however: 'w' holds NaN or infinity"),
        ({}, {"w": np.array([1, np.inf], np.float32)}, "finite weights, however: 'w' holds NaN or infinity"),
        (
            {},
            {"w": np.zeros(1, np.float16)},
            "bool, uint8, int64, float32 or float64, however: 'w' is float16",
        ),
        ({}, {"w": np.array(["a"])}, "bool, uint8, int64, float32 or float64"),
        ({}, {"w": np.array([None])}, "bool, uint8, int64, float32 or float64"),
        ({}, {"": np.zeros(1)}, "name each array with 1 to 512 characters"),
        ({}, {"w" * 513: np.zeros(1)}, "name each array with 1 to 512 characters"),
        ({}, {"__metadata__": np.zeros(1)}, "name each array with 1 to 512 characters"),
        ({}, {"w": np.zeros((1,) * 9)}, "at most 8 dimensions, however: 'w' has 9"),
        ({}, dict.fromkeys(map(str, range(4097)), np.zeros(1)), "at most 4096 arrays, however: 4097"),
        ({"a": [0] * (1 << 22)}, {}, "at most 4194304 of the characters [ { ,"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(manifest, arrays, words):
    with pytest.raises(FormatError) as caught:
        pack(manifest, arrays)
    assert words in str(caught.value)


def test_nesting_is_limited_to_64_levels_in_writing_and_reading():
    def nested(levels):
        return {} if levels == 1 else {"a": nested(levels - 1)}

    assert unpack(pack(nested(63), {}), "x").manifest == nested(63)
    with pytest.raises(FormatError, match="at most 64 levels"):
        pack(nested(64), {})
    circle: dict[str, object] = {}
    circle["again"] = circle
    with pytest.raises(FormatError, match="at most 64 levels"):
        pack(circle, {})


def test_limits_on_bytes_hold_when_writing(monkeypatch):
    monkeypatch.setattr(archive, "WEIGHTS_LIMIT", 100)
    with pytest.raises(FormatError, match="weights of at most 100 bytes"):
        pack({}, {"w": np.zeros(13)})
    monkeypatch.setattr(archive, "JSON_LIMIT", 100)
    with pytest.raises(FormatError, match=r"glassnet\.json of at most 100 bytes"):
        pack({"a": "b" * 100}, {})


def test_a_file_is_read_from_disk(tmp_path):
    (tmp_path / "a.glass").write_bytes(pack({"a": 1}, {"w": np.ones(2)}))
    assert read_archive(tmp_path / "a.glass").manifest == {"a": 1}
    assert read_archive(str(tmp_path / "a.glass")).arrays["w"].tolist() == [1, 1]


def test_a_path_that_is_no_file_is_refused_by_name(tmp_path):
    (tmp_path / "rides.glass").write_bytes(b"")
    with pytest.raises(FormatError, match=r"ride\.glass must .*no such file; did you mean 'rides\.glass'\?"):
        read_archive(tmp_path / "ride.glass")
    with pytest.raises(FormatError, match=r"it is a folder; give the file, such as .*model\.glass"):
        read_archive(tmp_path)
    with pytest.raises(FormatError, match=r"rides\.glass must .*an empty file"):
        read_archive(tmp_path / "rides.glass")
    with pytest.raises(FormatError, match="must be a file that can be read"):
        read_archive("a\0b")
    with pytest.raises(FormatError, match="must be a file that can be read"):
        read_archive(tmp_path / "rides.glass" / "model.glass")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.glass")
    with pytest.raises(FormatError, match="a device or a pipe"):
        read_archive(tmp_path / "pipe.glass")


def test_the_size_of_a_file_is_checked_before_it_is_read(tmp_path):
    with open(tmp_path / "huge.glass", "wb") as file:
        file.truncate(1 << 40)  # sparse: a terabyte that takes no room
    with pytest.raises(FormatError, match="must have at most 2214593536 bytes, however: 1099511627776 bytes"):
        read_archive(tmp_path / "huge.glass")
