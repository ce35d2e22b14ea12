"""Compiled texts are those of plain Python: the same tokens, n-grams, counts and rows, whatever the bytes
are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import text_native, text_python
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, token_hash, tokens

# Letters of many scripts, broken UTF-8, what begins or ends a tag, a word and an n-gram.
PIECES = st.sampled_from(
    [
        *(
            each.encode()
            for each in ("good", "Good", "’", "很好看", "Straße Σς İ", "กิน", "한국어", "don't", "7/10")
        ),
        *(b"'", b" ", b"!", b"?", b"\0", b"<br />", b"<", b">", b"<a", b"<" + b"x" * 198, b"xxx>"),
        *(b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x90", b"\xf4\x90\x80\x80", b"\xc0\x80"),
    ]
)
BYTES = st.one_of(
    st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.lists(PIECES, max_size=12).map(b"".join)
)
OPTIONS = st.builds(
    TextOptions,
    ngrams=st.integers(1, 3),
    min_count=st.integers(1, 3),
    max_features=st.sampled_from([1, 5, 1000]),
    bits=st.sampled_from([None, 1, 7, 30]),
    weighting=st.sampled_from(["presence", "counts", "tfidf"]),
    html=st.booleans(),
    lower=st.booleans(),
    marks=st.booleans(),
)


@pytest.fixture(autouse=True)
def _needs(native):
    """Skip without the extension."""


@given(BYTES, OPTIONS)
def test_tokens_are_those_of_python_for_any_bytes(text, options):
    ours = text_native.reader_of(options).token_keys(text).tolist()
    assert ours == [token_hash(each) for each in tokens(text.decode("utf-8", "replace"), options)]


@pytest.mark.parametrize("lower", [True, False])
def test_every_code_point_is_read_as_in_python(lower):
    options = TextOptions(lower=lower)
    for first in range(0, 0x110000, 0x1000):
        points = (point for point in range(first, first + 0x1000) if not 0xD800 <= point < 0xE000)
        text = " ".join(f"{chr(point)}'a{chr(point)}" for point in points)
        ours = text_native.reader_of(options).token_keys(text.encode()).tolist()
        assert ours == [token_hash(each) for each in tokens(text, options)], hex(first)


@given(st.lists(BYTES, max_size=8), OPTIONS, st.integers(1, 3))
def test_counts_and_rows_are_those_of_python_with_any_number_of_threads(parts, options, threads):
    texts = Texts.of(parts)
    keys, texts_with = text_native.counted(texts, options, threads)
    plain_keys, plain_texts_with = text_python.counted(texts, options)
    assert keys.tolist() == plain_keys.tolist()
    assert texts_with.tolist() == plain_texts_with.tolist()
    offsets, columns, counts = text_native.encoded(texts, options, keys, threads)
    plain = text_python.encoded(texts, options, keys)
    assert offsets.tolist() == plain[0].tolist()
    assert columns.tolist() == plain[1].tolist()
    assert counts.tolist() == (plain[2].tolist() if options.weighting != "presence" else [])


@given(BYTES, OPTIONS)
def test_wanted_ngrams_are_named_as_in_python(text, options):
    every = sorted({key for key, _ in ngrams(tokens(text.decode("utf-8", "replace"), options), options)})
    wanted = np.array(every[::2], np.uint64)
    ours = dict(text_native.named(text, options, wanted))
    theirs = list(text_python.named(text, options, wanted))
    assert ours.keys() == dict(theirs).keys()
    assert all((key, name) in theirs for key, name in ours.items())


def test_a_key_of_0_names_its_word_and_no_pair_that_begins_with_it():
    options = TextOptions(ngrams=1, min_count=1, bits=7, lower=False)
    text, wanted = "Ù ùZF".encode(), np.array([0], np.uint64)
    assert list(text_native.named(text, options, wanted)) == [(0, "Ù")]


def test_many_texts_are_counted_in_pieces_as_in_one():
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(300)])
    texts = Texts.of([" ".join(rng.choice(words, 300)) for _ in range(400)])
    options = TextOptions(min_count=3)
    found = [text_native.counted(texts, options, threads) for threads in (1, 2, 5)]
    assert all(np.array_equal(each[i], found[0][i]) for each in found for i in (0, 1))
    plain = text_python.counted(texts, options)
    assert np.array_equal(found[0][0], plain[0])
    assert np.array_equal(found[0][1], plain[1])
    rows = [text_native.encoded(texts, options, plain[0], threads) for threads in (1, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(*rows, strict=True))


def test_texts_of_several_batches_are_counted_as_often_as_they_are_repeated():
    rng = np.random.default_rng(1)
    words = np.array([f"word{i}" for i in range(500)])
    parts = [" ".join(rng.choice(words, 400)) for _ in range(200)]
    keys, texts_with = text_native.counted(Texts.of(parts), TextOptions(min_count=1))
    times = 120
    texts = Texts.of(parts * times)
    assert len(texts.blob) > 48 << 20, "more than one batch"
    found = text_native.counted(texts, TextOptions(min_count=2 * times), 2)
    assert np.array_equal(found[0], keys[texts_with > 1])
    assert np.array_equal(found[1], times * texts_with[texts_with > 1])


def test_offsets_that_do_not_cut_the_blob_are_refused():
    reader, blob = text_native.reader_of(TextOptions()), np.zeros(3, np.uint8)
    for offsets in ([0, 4], [1, 3], [0, 2, 1, 3], [], [0, -5, 3]):
        with pytest.raises(ValueError, match="offsets must rise"):
            reader.count(blob, np.array(offsets, np.int64), 1, 10, 1)


def test_tables_outside_of_unicode_and_unsorted_keys_are_refused(native):
    good, wrong = np.array([[97, 122]]), np.array([[97, 0x110000]])
    with pytest.raises(ValueError, match="outside of Unicode"):
        native.TextReader(wrong, good, np.array([[65, 90, 1, 32]]), "!", 1, 0, True, True, True)
    with pytest.raises(ValueError, match="must rise"):
        text_native.reader_of(TextOptions()).spans(b"a", np.array([2, 1], np.uint64))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("some_columns", [False, True])
def test_rows_and_columns_are_taken_as_by_numpy(native, threads, some_columns):
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 9, 1000)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    columns = np.concatenate([np.sort(rng.choice(50, size, replace=False)) for size in sizes]).astype(
        np.int32
    )
    rows = rng.random(1000) < 0.7
    there = rng.random(50) < 0.5
    place = np.where(there, np.cumsum(there) - 1, -1).astype(np.int32) if some_columns else None
    found = text_native.narrowed(offsets, columns, rows, place, threads)
    for a, b in zip(found, text_python.narrowed(offsets, columns, rows, place), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="a mark for each row"):
        text_native.narrowed(offsets, columns, rows[1:], place)
    with pytest.raises(ValueError, match="have a place"):
        text_native.narrowed(offsets, columns, rows, np.zeros(49, np.int32))
