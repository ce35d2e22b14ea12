"""One long text as numbers: the vocabulary, the parts, and texts that are none."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import characters
from glassnet.data.characters import Vocabulary, code_points, cut, read_long_text, vocabulary_of
from glassnet.errors import DataError


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_a_text_of_any_script_comes_back_from_its_codes(text):
    vocabulary = vocabulary_of(code_points(text))
    codes = vocabulary.encode(text)
    assert vocabulary.decode(codes) == text
    assert codes.min() >= 1
    assert codes.max() < vocabulary.size


def test_a_character_that_training_has_not_shown_has_code_0():
    vocabulary = vocabulary_of(code_points("列车 \N{STEAM LOCOMOTIVE}"))
    assert vocabulary.encode("列x車\N{STEAM LOCOMOTIVE}").tolist() == [2, 0, 0, 4]


def test_unknown_characters_of_a_prime_are_named_with_what_is_known():
    with pytest.raises(DataError) as error:
        Vocabulary(characters="abc").check_known("abXéa", "the prime")
    assert error.value.problems[0] == (
        "the prime must be written with characters that the model knows, however: it has never seen "
        "'X', 'é'; leave them out; the model knows 'abc'"
    )


@pytest.mark.parametrize("characters", ["ba", "aa", ""])
def test_a_vocabulary_of_a_file_that_no_run_wrote_is_refused(characters):
    with pytest.raises(ValueError, match=r"each character once|at least 1"):
        Vocabulary(characters=characters)


def test_a_mark_at_the_beginning_and_foreign_ends_of_lines_are_left_out(tmp_path):
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfone\r\ntwo\rthree\n"))
    assert bytes(read_long_text(path).characters.astype(np.uint8)) == b"one\ntwo\nthree\n"


def test_a_zip_of_one_text_is_read_and_one_of_several_refused(tmp_path):
    path = tmp_path / "text.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("text.txt", "a long text")
    assert vocabulary_of(read_long_text(path).characters).characters == " aeglnotx"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.txt", "more")
    with pytest.raises(DataError, match="a zip of 2 files"):
        read_long_text(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"ab\n\x00c", "there is a zero byte at byte 3 (line 2)"),
        (b"ab\ncd\n\xff\xfe", "byte 6 (line 3) begins no character"),
    ],
)
def test_what_is_no_text_is_refused_with_the_place(tmp_path, content, found):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_long_text(path)
    assert found in str(error.value)
    assert "text.txt" in str(error.value)


def test_a_missing_file_and_a_set_of_another_kind_are_errors(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_long_text(tmp_path / "missing.txt")
    with pytest.raises(DataError, match="set of another kind"):
        read_long_text("iris")


def test_a_long_text_is_counted_in_pieces(monkeypatch):
    monkeypatch.setattr(characters, "AT_ONCE", 3)
    assert characters.counted(np.array([1, 1, 2, 2, 2, 0, 4], np.int32), 5).tolist() == [1, 2, 3, 0, 1]


def test_the_last_characters_are_kept_from_training():
    assert cut(1000, None, None).spans() == {"train": (0, 900), "validation": (900, 1000)}
    spans = cut(1000, "last:50", "last:0.2").spans()
    assert spans == {"train": (0, 750), "validation": (750, 800), "test": (800, 1000)}
    assert cut(1000, "none", None).spans() == {"train": (0, 1000)}


@pytest.mark.parametrize("split", ["random:0.2", "last:21d", "group:a"])
def test_another_cut_than_the_last_characters_is_refused(split):
    with pytest.raises(DataError, match="must keep its last characters"):
        cut(1000, split, None)


@pytest.mark.parametrize("characters", [1, 19])
def test_a_text_of_few_characters_is_refused(characters):
    with pytest.raises(DataError, match="at least 20 characters"):
        cut(characters, None, None)


def test_a_text_of_which_nothing_is_left_to_train_on_is_refused():
    with pytest.raises(DataError, match="must leave characters to train on"):
        cut(100, "last:100", None)
