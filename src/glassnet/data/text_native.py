"""Counting and encoding n-grams in compiled code on all cores; see ``text_python`` for what each function
gives.

The answers do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, tokens
from glassnet.data.text_unicode import MARKS, alone_ranges, fold_ranges, word_ranges

if TYPE_CHECKING:
    from glassnet import _native

Array = NDArray[Any]


@lru_cache(4)
def reader(ngram: int, bits: int | None, html: bool, lower: bool, marks: bool) -> _native.TextReader:
    """Return the compiled reader of texts under these options."""
    from glassnet import _native

    tables = word_ranges(), alone_ranges(), fold_ranges(), MARKS
    return _native.TextReader(*tables, ngram, bits or 0, html, lower, marks)


def reader_of(options: TextOptions) -> _native.TextReader:
    """Return the compiled reader of texts under these options."""
    return reader(options.ngrams, options.bits, options.html, options.lower, options.marks)


def counted(texts: Texts, options: TextOptions, threads: int = 1) -> tuple[Array, Array]:
    """Return the keys of the n-grams that ``options`` keep, and in how many texts each is."""
    limits = options.min_count, options.max_features, threads
    return reader_of(options).count(texts.blob, texts.offsets, *limits)


def encoded(texts: Texts, options: TextOptions, keys: Array, threads: int = 1) -> tuple[Array, Array, Array]:
    """Return texts as rows: offsets, columns, and how often each is there, empty where only presence
    counts."""
    from glassnet import _native

    columns = _native.TextColumns(keys)
    with_counts = options.weighting != "presence"
    return reader_of(options).encode(columns, texts.blob, texts.offsets, with_counts, threads)


def narrowed(
    offsets: Array, columns: Array, rows: Array, place: Array | None, threads: int = 1
) -> tuple[Array, Array]:
    """Return offsets and columns of some rows, and of the columns that have a place."""
    from glassnet import _native

    return _native.narrow(offsets, columns, rows, place, threads)


def named(text: bytes, options: TextOptions, wanted: Array) -> Iterator[tuple[int, str]]:
    """Give the key and the name of each n-gram of a text that is wanted."""
    for at, begin, end in reader_of(options).spans(text, wanted).tolist():
        key = int(wanted[at])
        words = tokens(text[begin:end].decode("utf-8", "replace"), options)
        if key in (each for each, _ in ngrams(words, options)):
            yield key, " ".join(words)
