"""Texts in one block, their tokens, and the vocabulary that is fitted to them."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import text_features
from glassnet.data.text_features import Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import folds, kinds, ngrams, tokens
from glassnet.errors import DataError, RecipeError
from glassnet.native_status import NativeStatus


@pytest.fixture(params=["native", "python"])
def engine(request, monkeypatch):
    """Run a test with the extension, where it is there, and without."""
    if request.param == "python":
        monkeypatch.setattr(text_features, "native_status", lambda: NativeStatus(False, "taken away"))
    return request.param


@given(st.lists(st.one_of(st.text(max_size=20), st.binary(max_size=20)), max_size=10), st.data())
def test_texts_come_back_as_they_were_put_in_and_taken(parts, data):
    texts = Texts.of(parts)
    decoded = [
        (each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass")).decode(
            "utf-8", "replace"
        )
        for each in parts
    ]
    assert list(texts) == decoded
    rows = data.draw(st.lists(st.integers(0, max(len(parts) - 1, 0)), max_size=6)) if parts else []
    assert list(texts.take(rows)) == [decoded[row] for row in rows]
    mask = np.array([len(each) % 2 == 0 for each in decoded], bool)
    assert list(texts.take(mask)) == [each for each, kept in zip(decoded, mask, strict=True) if kept]


def test_a_column_becomes_texts_and_a_null_an_empty_one(monkeypatch):
    monkeypatch.setattr("glassnet.data.text_store.AT_ONCE", 2)
    assert list(Texts.of_column(pl.Series(["a", None, "ü\0x", "", "很"]))) == ["a", "", "ü\0x", "", "很"]
    assert list(Texts.of_column(pl.Series([], dtype=pl.String))) == []


def test_offsets_that_do_not_cut_the_blob_are_refused():
    with pytest.raises(DataError, match="offsets must rise from 0 to the length of blob, however: 2 offsets"):
        Texts(np.zeros(3, np.uint8), np.array([0, 4]))


def test_options_name_everything_that_is_wrong_with_them():
    with pytest.raises(RecipeError) as error:
        TextOptions(ngrams=4, min_count=0, bits=31, weighting="often")
    assert [each.split(" must")[0] for each in error.value.problems] == [
        "ngrams",
        "min_count",
        "bits",
        "weighting",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I DIDN'T like it...", ["i", "didn't", "like", "it", ".", ".", "."]),
        ("'quoted' rock'n'roll", ["quoted", "rock'n'roll"]),
        ("it’s <b>great</b>!<br />7/10", ["it's", "great", "!", "7", "/", "10"]),
        ("a < b and c > d", ["a", "b", "and", "c", "d"]),
        ("Ünïcode Ελλάς привет", ["ünïcode", "ελλάσ", "привет"]),
        ("这部电影很好看！", ["这", "部", "电", "影", "很", "好", "看", "!"]),
        ("한국어 영화", ["한국어", "영화"]),
        ("", []),
        ("\0\ufffd\n", []),
    ],
)
def test_tokens_are_words_characters_of_scripts_without_spaces_and_marks(text, found):
    assert tokens(text, TextOptions()) == found


def test_options_change_what_tokens_are():
    assert tokens("<br>A!", TextOptions(html=False, lower=False, marks=False)) == ["br", "A"]


def test_characters_of_scripts_without_spaces_always_have_pairs():
    names = [name for _, name in ngrams(tokens("很好 very good", TextOptions()), TextOptions(ngrams=1))]
    assert sorted(names) == sorted(["很", "好", "很 好", "very", "good"])


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the tables are of Unicode 14")
def test_the_tables_are_those_of_unicode():
    for point in range(0x110000):
        letter = chr(point)
        word = unicodedata.category(letter)[0] in "LMN"
        assert (kinds()[point] in (1, 2)) == word, hex(point)
        folded = letter.casefold() if len(letter.casefold()) == 1 else letter.lower()
        if word and len(folded) == 1:
            assert chr(folds(True).get(point, point)) == folded, hex(point)


def test_a_vocabulary_counts_texts_and_orders_by_count(engine):
    texts = Texts.of(["good good film", "good one", "bad film", "good film"])
    vocabulary = Vocabulary.fit(texts, TextOptions(ngrams=2))
    names = vocabulary.names(texts, vocabulary.encode(texts), np.arange(len(vocabulary)))
    assert dict(zip(names.values(), vocabulary.texts_with.tolist(), strict=True)) == {
        "good": 3,
        "film": 3,
        "good film": 2,
    }
    assert vocabulary.texts_with.tolist() == [3, 3, 2]


def test_values_are_presence_counts_or_tfidf(engine):
    texts = Texts.of(["a a b", "a", "c"])
    found = {
        weighting: Vocabulary.fit(texts, TextOptions(ngrams=1, min_count=1, weighting=weighting)).encode(
            texts
        )
        for weighting in ("presence", "counts", "tfidf")
    }
    assert found["presence"].values is None
    assert sorted(found["counts"].values.tolist()) == [1, 1, 1, 2]
    rare, often = 1 + np.log(4 / 2), 1 + np.log(4 / 3)
    expected = sorted([(1 + np.log(2)) * often, often, rare, rare])
    np.testing.assert_allclose(sorted(found["tfidf"].values), expected, rtol=1e-6)


def test_some_rows_and_columns_are_what_they_would_have_been_alone(engine):
    texts = Texts.of(["a b", "", "b c c", "a c", "b b"])
    options = TextOptions(ngrams=1, min_count=1, weighting="tfidf")
    every = Vocabulary.fit(texts, options)
    rows = np.array([True, True, False, True, True])
    part = texts.take(rows)
    own = Vocabulary.fit(part, options)
    columns = np.isin(every.keys, own.keys)
    place = [own.keys.tolist().index(key) for key in every.keys[columns].tolist()]
    narrow = every.where(columns, own.texts_with[place], len(part))
    found = every.revalued(every.encode(texts).where(rows, columns), narrow, columns)
    expected = narrow.encode(part)
    assert found.offsets.tolist() == expected.offsets.tolist()
    assert found.columns.tolist() == expected.columns.tolist()
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-6)


def test_hashed_ngrams_share_features_and_stay_below_their_number(engine):
    texts = Texts.of([" ".join(f"w{i}" for i in range(200))] * 2)
    vocabulary = Vocabulary.fit(texts, TextOptions(bits=6))
    assert len(vocabulary) <= 64
    assert int(vocabulary.keys.max()) < 64
    assert vocabulary.texts_with.tolist() == [2] * len(vocabulary)


def test_the_most_frequent_ngrams_stay_where_there_are_too_many(engine):
    texts = Texts.of(["a", "a b", "a b c"])
    vocabulary = Vocabulary.fit(texts, TextOptions(ngrams=1, min_count=1, max_features=2))
    assert vocabulary.texts_with.tolist() == [3, 2]


def test_a_vocabulary_comes_back_from_arrays_and_finds_its_columns(engine):
    texts = Texts.of(["good film", "bad film"])
    vocabulary = Vocabulary.fit(texts, TextOptions(min_count=1, bits=20))
    again = Vocabulary.from_arrays(vocabulary.arrays(), vocabulary.described())
    assert again.options == vocabulary.options
    assert again.encode(texts).columns.tolist() == vocabulary.encode(texts).columns.tolist()
    assert [again.column(key) for key in vocabulary.keys.tolist()] == list(range(len(vocabulary)))
    assert again.column(1 << 21) is None
