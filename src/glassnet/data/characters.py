"""One long text as numbers: read as UTF-8, cut into consecutive parts, each character coded by a vocabulary.

>>> vocabulary = vocabulary_of(code_points("banana"))
>>> vocabulary.characters, vocabulary.encode("nab?").tolist()
('abn', [3, 1, 2, 0])
>>> vocabulary.decode([2, 1, 3])
'ban'
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, NoReturn, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from glassnet.data.members import ZIP, members
from glassnet.data.named import FACTS, datasets
from glassnet.data.textfile import Bytes
from glassnet.errors import DataError, did_you_mean, message
from glassnet.notation import parse_split
from glassnet.storage import file_sha256

MOST_CHARACTERS = 65_535
"""Different characters that a vocabulary may hold."""
CODE_POINTS = 0x110000
SHARE = 0.1
"""Share of the text that validates where the recipe names none."""
AT_ONCE = 1 << 22
"""Characters that are counted at a time."""
FEWEST = 20
"""Characters of the shortest text that can be learned from."""

CodePoints = NDArray[np.uint32]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class LongText:
    """A text as it was read: its name, where it lay, the SHA-256 of its file, its code points."""

    name: str
    path: Path
    sha256: str
    characters: CodePoints


class Vocabulary(BaseModel):
    """The characters that a model knows, in the order of their code points.

    Code 0 stands for every other character, and codes from 1 on for these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if list(self.characters) != sorted(set(self.characters)):
            must = "a vocabulary must hold each character once, in the order of code points"
            raise ValueError(message(must, f"{self.characters[:20]!r} ...", "sort its characters"))
        return self

    @property
    def size(self) -> int:
        """Number of codes, that of the characters that are not known included."""
        return len(self.characters) + 1

    @cached_property
    def _codes(self) -> Codes:
        codes = np.zeros(CODE_POINTS, np.int32)
        codes[code_points(self.characters)] = np.arange(1, self.size)
        return codes

    def encode(self, text: str | CodePoints) -> Codes:
        """Return the code of each character; of one that is not known 0. Shape: (characters,)."""
        return self._codes[code_points(text) if isinstance(text, str) else text]

    def decode(self, codes: Iterable[int]) -> str:
        """Return the text of codes; code 0 becomes U+FFFD."""
        table = "\ufffd" + self.characters
        return "".join(table[code] for code in codes)

    def check_known(self, text: str, what: str) -> None:
        """Check that every character of a text is known.

        Args:
            text: what is checked.
            what: what the text is to the user, e.g. ``--prime``.

        Raises:
            DataError: names those that are not.
        """
        unknown = sorted(set(text) - set(self.characters))
        if unknown:
            shown = ", ".join(map(repr, unknown[:10])) + (" ..." if len(unknown) > 10 else "")
            must = f"{what} must be written with characters that the model knows"
            do = f"leave them out; the model knows {self.characters[:200]!r}"
            raise DataError(message(must, f"it has never seen {shown}", do))


def code_points(text: str) -> CodePoints:
    """Return the code point of each character. Shape: (characters,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)


def counted(codes: NDArray[np.uint32] | Codes, size: int) -> NDArray[np.int64]:
    """Return how often each code from 0 to ``size - 1`` is there, without a copy of a long text."""
    counts = np.zeros(size, np.int64)
    for start in range(0, len(codes), AT_ONCE):
        counts += np.bincount(codes[start : start + AT_ONCE], minlength=size)
    return counts


def vocabulary_of(characters: CodePoints) -> Vocabulary:
    """Return the vocabulary of some code points.

    Raises:
        DataError: there are too many different ones.
    """
    known = np.flatnonzero(counted(characters, CODE_POINTS))
    if len(known) > MOST_CHARACTERS:
        must = f"a text must have at most {MOST_CHARACTERS} different characters"
        raise DataError(message(must, f"it has {len(known)}", "check that it is a text at all"))
    return Vocabulary(characters="".join(map(chr, known.tolist())))


def read_long_text(data: str | os.PathLike[str]) -> LongText:
    """Read a text file in UTF-8, gzipped, zipped or neither, or the text of a named data set.

    A byte order mark is left out, and lines end with ``\\n`` whatever the file has.

    Raises:
        DataError: there is no such file, it is empty, or it is not text in UTF-8.
    """
    path = _path_of(data)
    raw = _bytes_of(path).removeprefix(b"\xef\xbb\xbf")
    if not raw:
        _refuse(path.name, "must hold text", "it is empty", "check how it was made")
    if b"\0" in raw:
        at = raw.index(b"\0")
        found = f"there is a zero byte at byte {at} (line {_line(raw, at)})"
        _refuse(path.name, "must be text", found, "save it as UTF-8, or check that it is a text file")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} (line {_line(raw, error.start)}) begins no character"
        _refuse(path.name, "must be text in UTF-8", found, "save it as UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return LongText(path.name, path, file_sha256(path), code_points(text))


def _bytes_of(path: Path) -> bytes:
    """Return the content of a file, or of the one file in a zip."""
    with Bytes(path) as content:
        raw = content.read(-1)
    if not raw.startswith(ZIP):
        return raw
    with members(path) as found:
        if len(found) != 1:
            must, do = f"{path.name} must hold one long text", "name a file, or a zip of one file"
            raise DataError(message(must, f"it is a zip of {len(found)} files", do))
        return found[0].read()


def _path_of(data: str | os.PathLike[str]) -> Path:
    """Return the file that a request names; a file wins over a data set of the same name."""
    path, name = Path(data), str(data)
    facts = FACTS.get(name)
    if os.path.exists(path) or facts is None:
        return path
    if facts.task != "characters":
        texts = [each for each in FACTS if FACTS[each].task == "characters"]
        found = f"{name!r} is a set of another kind"
        raise DataError(message("characters need one long text", found, did_you_mean(name, texts)))
    info = next(each for each in datasets() if each.name == name)
    if not info.available:
        do = "set the environment variable GLASSNET_DATA to the folder that holds it"
        must = f"the data set {name!r} must be in your folder of data ({info.publisher})"
        raise DataError(message(must, f"there is no {info.path!r}", do))
    return Path(info.path or "")


def _line(raw: bytes, at: int) -> int:
    return raw.count(b"\n", 0, at) + 1


def _refuse(name: str, must: str, found: str, do: str) -> NoReturn:
    raise DataError(message(f"{name} {must}", found, do))


@dataclass(frozen=True)
class Parts:
    """Where the consecutive parts of a text end: training, then validation, then test, to the text's end."""

    train: int
    validation: int
    test: int

    def spans(self) -> dict[str, tuple[int, int]]:
        """Return where each part that is not empty begins and ends."""
        bounds = {"train": (0, self.train), "validation": (self.train, self.validation)}
        bounds["test"] = self.validation, self.test
        return {name: each for name, each in bounds.items() if each[0] < each[1]}


def cut(characters: int, validation: str | None, test: str | None) -> Parts:
    """Cut a text of so many characters: the last ones are kept from training.

    Args:
        characters: length of the text.
        validation: ``last:0.1`` (None), ``last:20000`` or ``none``; test: likewise, None being ``none``. Test
            characters are the last of the text, validation characters the last before them.

    Raises:
        DataError: the text is too short, or too much of it is kept back.
        RecipeError: the split is of another kind.
    """
    if characters < FEWEST:
        must = f"a text must have at least {FEWEST} characters to be learned from"
        raise DataError(message(must, f"it has {characters}", "take a longer text"))
    held_test = _held(characters, test or "none", "--test")
    held = _held(characters - held_test, validation or f"last:{SHARE}", "--validation")
    train = characters - held_test - held
    if train < 2:
        found = f"{held:,} of {characters:,} validate and {held_test:,} test"
        must = "a text must leave characters to train on"
        raise DataError(message(must, found, "ask for fewer with --validation and --test"))
    return Parts(train, train + held, characters)


def _held(characters: int, split: str, flag: str) -> int:
    spec = parse_split(split)
    if spec.kind == "none":
        return 0
    if spec.kind == "last" and spec.seconds is None:
        return spec.rows or max(2, round((spec.fraction or 0) * characters))
    must = f"{flag} of a text must keep its last characters"
    raise DataError(message(must, f"{flag} {split}", f"write {flag} last:0.1, last:20000 or none"))
