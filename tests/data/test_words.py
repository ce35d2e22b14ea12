"""Texts as sequences of words: the words of the bag of words, padded, unknown ones all alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import tokens
from glassnet.data.words import WordVocabulary, fit_words, words_of

ODD = "I didn't, o'' 'tis <br/>GOOD!? 很好a好 x'很 İß 7/10 \N{GRINNING FACE}"


@given(st.text(max_size=60) | st.text("ab' !<>/很İ", max_size=20))
def test_words_are_the_tokens_of_the_bag_of_words(text):
    assert words_of(text) == tokens(text, TextOptions())


def test_odd_words_are_the_tokens_of_the_bag_of_words():
    assert words_of(ODD) == tokens(ODD, TextOptions())


def test_the_most_frequent_words_of_the_training_texts_are_known():
    vocabulary = fit_words(Texts.of(["b b a", "a b c", "d"]), most=2, least=1, length=9)
    assert vocabulary.words == ("b", "a")
    assert fit_words(Texts.of(["b b a", "a b c"]), most=9, least=2, length=9).words == ("b", "a")


def test_the_last_words_of_a_long_text_are_read_and_an_empty_one_is_one_unknown_word():
    vocabulary = WordVocabulary(words=("a", "b"), length=3)
    codes = vocabulary.encode(Texts.of(["a a a b a", "", "x", "?!"]))
    assert codes.tolist() == [[2, 3, 2], [1, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert vocabulary.encode(Texts.of([""])).tolist() == [[1]]


def test_a_vocabulary_with_a_word_twice_is_refused():
    with pytest.raises(ValueError, match="each word once"):
        WordVocabulary(words=("a", "a"), length=3)
