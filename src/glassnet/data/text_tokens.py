"""Texts to tokens to numbered n-grams, one text at a time: the plain twin of ``native/text_tokens.hpp``.

>>> tokens("I didn't like it!<br />7/10", TextOptions())
['i', "didn't", 'like', 'it', '!', '7', '/', '10']
>>> tokens("很好看", TextOptions())
['很', '好', '看']
>>> [name for _, name in ngrams(["not", "good"], TextOptions(ngrams=2))]
['not', 'good', 'not good']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from glassnet.data.text_options import TextOptions
from glassnet.data.text_unicode import APOSTROPHE, MARKS, alone_ranges, fold_ranges, word_ranges

GAP, WORD, ALONE, MARK, QUOTE = range(5)
"""Kinds of code points: between tokens; part of a word; a token each; punctuation; the apostrophe."""

TAG = re.compile(r"<[A-Za-z/!?][^<>]{0,200}>")
"""A tag has no tag within and no more than 200 code points."""

_MASK = 2**64 - 1


@cache
def kinds() -> bytes:
    """Return the kind of each code point."""
    kind = bytearray(0x110000)
    for ranges, value in ((word_ranges(), WORD), (alone_ranges(), ALONE)):
        for first, last in ranges.tolist():
            for point in range(first, last + 1):
                kind[point] = value if value == WORD or kind[point] == WORD else GAP
    for mark in MARKS:
        kind[ord(mark)] = MARK
    kind[ord(APOSTROPHE)] = QUOTE
    return bytes(kind)


@cache
def folds(lower: bool) -> dict[int, int]:
    """Return what code points become, as ``str.translate`` takes it; without ``lower`` only quotes and marks
    do."""
    table = {}
    for first, last, step, plus in fold_ranges().tolist():
        for point in range(first, last + 1, step):
            if lower or kinds()[point + plus] in (MARK, QUOTE):
                table[point] = point + plus
    return table


def tokens(text: str, options: TextOptions) -> list[str]:
    """Cut a text into words, single characters of scripts without spaces, and marks."""
    if options.html:
        text = TAG.sub(" ", text)
    text = text.translate(folds(options.lower)) + " "
    kind = kinds()
    found, word = [], ""
    for letter, after in zip(text, text[1:] + " ", strict=True):
        of = kind[ord(letter)]
        if of == WORD or (of == QUOTE and word and kind[ord(after)] == WORD):
            word += letter
            continue
        if word:
            found.append(word)
            word = ""
        if of == ALONE or (of == MARK and options.marks):
            found.append(letter)
    return found


def ngrams(words: Sequence[str], options: TextOptions) -> Iterator[tuple[int, str]]:
    """Give the 64-bit key and the name of each n-gram of a text, in the order in which they end; pairs follow
    single tokens and triples follow pairs."""
    hashes = [token_hash(word) for word in words]
    names: dict[int, list[tuple[int, str]]] = {1: [], 2: [], 3: []}
    for i, word in enumerate(words):
        names[1].append((hashes[i], word))
        if i and (options.ngrams > 1 or (is_alone(word) and is_alone(words[i - 1]))):
            names[2].append((joined(hashes[i - 1], hashes[i]), f"{words[i - 1]} {word}"))
        if i > 1 and options.ngrams > 2:
            key = joined(joined(hashes[i - 2], hashes[i - 1]), hashes[i])
            names[3].append((key, " ".join(words[i - 2 : i + 1])))
    for order in (1, 2, 3):
        for key, name in names[order]:
            yield limited(key, options.bits), name


def is_alone(token: str) -> bool:
    """Say whether a token is a character of a script without spaces."""
    return kinds()[ord(token[0])] == ALONE


@lru_cache(1_000_000)
def token_hash(token: str) -> int:
    """Return a token's 64-bit key: FNV-1a of its UTF-8 bytes, mixed."""
    h = 0xCBF29CE484222325
    for byte in token.encode("utf-8", "surrogatepass"):
        h = (h ^ byte) * 0x100000001B3 & _MASK
    return mixed(h)


def joined(first: int, second: int) -> int:
    """Return the key of an n-gram from that of its beginning and that of its last token."""
    return mixed((first * 0x9E3779B97F4A7C15 + second) & _MASK)


def mixed(h: int) -> int:
    """Spread 64 bits: the finaliser of MurmurHash3 (Appleby 2011), which maps no two numbers to one."""
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & _MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & _MASK
    return h ^ h >> 33


def limited(key: int, bits: int | None) -> int:
    """Return the key, or where n-grams are hashed its upper bits."""
    return key if bits is None else key >> (64 - bits)
