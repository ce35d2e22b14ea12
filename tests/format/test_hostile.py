"""The law of the format: whatever the bytes, FormatError or the identical contents, and nothing else.

No other exception, no warning, no large allocation, and no file that loads with something else in it.
"""

from __future__ import annotations

import hashlib
import json
import runpy
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.archive import pack, read_archive, unpack
from glassnet.errors import FormatError

HERE = Path(__file__).parent
MAKE = runpy.run_path(str(HERE / "make_hostile.py"))
CASES: dict[str, tuple[bytes, str]] = MAKE["cases"]()
GOOD: bytes = MAKE["glass"]()
VARIED = (HERE / "golden" / "v1" / "arrays.glass").read_bytes()


def outcome(data: bytes) -> str:
    """Read bytes: "refused", or "read" when writing the contents again gives the same bytes."""
    try:
        contents = unpack(data, "hostile.glass")
    except FormatError as error:
        text = str(error)
        said = text.startswith("hostile.glass must") and ", however: " in text and len(text) < 500
        return "refused" if said else f"refused in other words: {text}"
    assert pack(contents.manifest, contents.arrays) == data
    return "read"


def test_the_second_writer_of_the_format_agrees_with_the_first():
    assert pack({"task": "regression"}, {"w": np.array([1.5, -2.0], np.float32)}) == GOOD


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_for_its_reason(name):
    data, words = CASES[name]
    with pytest.raises(FormatError, match=r"^hostile\.glass must .*however: ") as caught:
        unpack(data, "hostile.glass")
    assert words in str(caught.value)


@pytest.mark.parametrize("name", CASES)
def test_refusing_a_hostile_file_allocates_little(name):
    data, _ = CASES[name]
    tracemalloc.start()
    try:
        assert outcome(data) == "refused"
        assert tracemalloc.get_traced_memory()[1] < 4_000_000 + 4 * len(data)
    finally:
        tracemalloc.stop()


def test_the_folder_of_hostile_files_is_what_the_script_writes_and_is_refused():
    chosen = {f"{name}.glass": CASES[name][0] for name in MAKE["IN_FOLDER"]}
    assert {path.name: path.read_bytes() for path in (HERE / "hostile").glob("*.glass")} == chosen
    for name in chosen:
        with pytest.raises(FormatError):
            read_archive(HERE / "hostile" / name)


@pytest.mark.parametrize("good", [GOOD, VARIED], ids=["small", "varied"])
def test_every_flipped_bit_is_refused(good):
    for at in range(len(good)):
        for bit in range(8):
            changed = bytearray(good)
            changed[at] ^= 1 << bit
            assert outcome(bytes(changed)) == "refused", (at, bit)


def test_every_truncation_insertion_and_deletion_is_refused():
    for at in range(len(GOOD)):
        assert outcome(GOOD[:at]) == "refused", at
        assert outcome(GOOD[at + 1 :]) == "refused", at
        assert outcome(GOOD[:at] + GOOD[at + 1 :]) == "refused", at
        for byte in (b"\0", b"\xff", GOOD[at : at + 1]):
            assert outcome(GOOD[:at] + byte + GOOD[at:]) == "refused", (at, byte)


@given(st.binary(max_size=200), st.integers(0, len(VARIED)), st.integers(0, 100))
def test_any_bytes_put_anywhere_are_refused_or_change_nothing(piece, at, length):
    data = VARIED[:at] + piece + VARIED[at + length :]
    assert outcome(data) == ("read" if data == VARIED else "refused")


@given(st.binary(max_size=2000))
def test_any_bytes_at_all_are_refused(data):
    assert outcome(data) == "refused"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(ANY_JSON, st.booleans())
def test_any_manifest_with_right_digests_is_refused_or_identical(manifest, spaces):
    data = MAKE["weights"]()
    values = {"format": 1, "manifest": manifest, "weights_sha256": hashlib.sha256(data).hexdigest()}
    separators = (", ", ": ") if spaces else (",", ":")
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=separators)
    assert outcome(MAKE["glass"](data, text.encode("utf-8", "surrogatepass"))) in ("refused", "read")


SHAPES = st.lists(st.integers(-1, 9) | st.integers(), max_size=3) | ANY_JSON
ENTRIES = st.fixed_dictionaries(
    {
        "data_offsets": st.lists(st.sampled_from([0, 8, 16, 24]), min_size=2, max_size=2) | ANY_JSON,
        "dtype": st.sampled_from(["F32", "F64", "I64", "U8", "BOOL"]) | ANY_JSON,
        "shape": SHAPES,
    },
    optional={"more": ANY_JSON},
)


@given(st.dictionaries(st.text(max_size=3), ENTRIES, max_size=3), st.binary(max_size=32))
def test_any_weights_with_right_digests_are_refused_or_identical(header, body):
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    written = MAKE["weights"](text.encode("utf-8", "surrogatepass"), body)
    assert outcome(MAKE["glass"](written)) in ("refused", "read")
