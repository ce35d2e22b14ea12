"""A file as text: checked, decompressed, decoded, in blocks of whole lines.

Whatever the file is stored as, a reader sees one thing: blocks of UTF-8 bytes that begin at the start of
a line and end with ``\\n``. The byte order mark is gone, ``\\r\\n`` and ``\\r`` have become ``\\n``, gzip has
been undone. Nothing here holds more than one block and one unfinished line.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NoReturn, cast

from glassnet.errors import DataError, did_you_mean, message

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 16 << 20
MAX_COLUMNS = 10_000

# A gzip file may unpack to this many times its size, or to the floor where that is more: 100 KB of gzip can
# hold 100 MB of nothing, and a table of it would fill the memory before anyone could see what it is.
MAX_UNPACK_RATIO = 200
MAX_UNPACK_FLOOR = 1 << 30

Encoding = Literal["utf-8", "gb18030"]


@dataclass(frozen=True)
class InMemory:
    """A file that lies in memory, such as one out of a zip."""

    name: str
    content: bytes

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Open it for reading."""
        return io.BytesIO(self.content)


File = Path | InMemory


def check_file(path: File) -> int:
    """Check that a path names a readable ordinary file that is not empty.

    Returns:
        Its size in bytes.

    Raises:
        DataError: it is missing (a file of nearly that name beside it is suggested), a folder, a device,
            empty, or may not be read.
    """
    if isinstance(path, InMemory):
        return _checked_size(path.name, len(path.content))
    must = f"the data must be a file that can be read: {str(path)!r}"
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(message(must, "there is no such file", _neighbour(path))) from None
    except (OSError, ValueError) as error:
        raise DataError(message(must, _reason(error), "check the path")) from None
    if stat.S_ISDIR(found.st_mode):
        raise DataError(
            message(must, "it is a folder", "name one table file inside it, or say --task text")
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise DataError(message(must, "it is a device or a pipe", "save its content to a file first"))
    if not os.access(path, os.R_OK):
        raise DataError(message(must, "reading it is not permitted", "change its permissions or copy it"))
    return _checked_size(path.name, found.st_size)


def _checked_size(name: str, size: int) -> int:
    if size == 0:
        raise DataError(
            message(f"{name} must hold at least one row", "the file is empty", "check how it was made")
        )
    return size


def _neighbour(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir() if each.is_file()]
    except OSError:
        return f"check the path: the folder {str(path.parent)!r} cannot be read either"
    return did_you_mean(path.name, names) if names else "check the path: its folder holds no file"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def opening_bytes(path: File, count: int = 16) -> bytes:
    """Return the first bytes of a file's content, decompressed where it is gzip.

    Raises:
        DataError: the file cannot be read, or its gzip is damaged at the start.
    """
    with Bytes(path) as content:
        return content.read(count)


class Bytes:
    """A file's content, decompressed where it begins with gzip's magic bytes, with every error typed."""

    def __init__(self, path: File) -> None:
        size = check_file(path)
        self.name = path.name
        self._left = max(MAX_UNPACK_FLOOR, MAX_UNPACK_RATIO * size)
        try:
            self._stream: IO[bytes] = path.open("rb")
            self.packed = self._stream.read(2) == b"\x1f\x8b"
            self._stream.seek(0)
        except OSError as error:
            self._refuse(error)
        if self.packed:
            self._file, self._stream = self._stream, cast(IO[bytes], gzip.GzipFile(fileobj=self._stream))

    def __enter__(self) -> Bytes:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        if self.packed:
            self._file.close()

    def read(self, count: int) -> bytes:
        """Return up to ``count`` bytes, fewer only at the end.

        Raises:
            DataError: damaged or truncated gzip, too much of it, or an error of the disk.
        """
        try:
            data = self._stream.read(count)
        except (OSError, EOFError, zlib.error) as error:
            self._refuse(error)
        self._left -= len(data) if self.packed else 0
        if self._left < 0:
            raise DataError(
                message(
                    f"{self.name} must unpack to at most {MAX_UNPACK_RATIO} times its size "
                    f"(or {MAX_UNPACK_FLOOR >> 20} MiB)",
                    "it unpacks to more",
                    "if it is what you meant to read, decompress it first",
                )
            )
        return data

    def _refuse(self, error: Exception) -> NoReturn:
        kind = "gzip data" if getattr(self, "packed", False) else "file"
        do = "download or write it again" if kind == "gzip data" else "copy it to a local disk"
        raise DataError(
            message(f"{self.name} must be a whole, undamaged {kind}", _reason(error), do)
        ) from None


@dataclass(frozen=True)
class TextFile:
    """A text file under one encoding; it can be read any number of times."""

    path: File
    encoding: Encoding = "utf-8"

    @property
    def name(self) -> str:
        """The file's name without its folder, as messages call it."""
        return self.path.name

    def blocks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8 blocks of whole lines; the last line gets its ``\\n`` if it has none.

        Raises:
            DataError: a zero byte, a line above ``MAX_LINE_BYTES``, damaged gzip, an error of the disk.
            UnicodeDecodeError: the text is not in this encoding; ``start`` counts from the file's start.
        """
        offset = 0
        for raw in self._whole_lines():
            self._check_zero(raw, offset)
            text = raw.removeprefix(b"\xef\xbb\xbf") if offset == 0 else raw
            if not text.isascii():
                text = self._decoded(text, offset + len(raw) - len(text))
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield text if text.endswith(b"\n") else text + b"\n"
            offset += len(raw)

    def _whole_lines(self) -> Iterator[bytes]:
        carry = b""
        with Bytes(self.path) as content:
            while data := content.read(BLOCK_BYTES):
                data = carry + data
                # A final "\r" waits: the "\n" that belongs to it may come with the next block.
                cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
                if not cut and len(data) > MAX_LINE_BYTES:
                    raise DataError(
                        message(
                            f"a line of {self.name} must be at most {MAX_LINE_BYTES >> 20} MiB long",
                            "one is longer",
                            "check that it is a table, one row a line",
                        )
                    )
                if cut:
                    yield data[:cut]
                carry = data[cut:]
        if carry:
            yield carry

    def _check_zero(self, raw: bytes, offset: int) -> None:
        at = raw.find(b"\0")
        if at < 0:
            return
        wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[1::2].count(0) > len(raw) // 4
        do = (
            "it looks like UTF-16: save it as UTF-8"
            if wide
            else "check that it is a text file, and how it was made"
        )
        line = self._line_at(offset + at)
        raise DataError(
            message(
                f"{self.name} must be text", f"there is a zero byte at byte {offset + at} (line {line})", do
            )
        )

    def _line_at(self, offset: int) -> int:
        line = 1
        for raw in self._whole_lines():
            line += raw.count(b"\n", 0, max(0, offset))
            offset -= len(raw)
        return line

    def _decoded(self, text: bytes, offset: int) -> bytes:
        try:
            decoded = text.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise UnicodeDecodeError(
                error.encoding, b"", offset + error.start, offset + error.end, error.reason
            ) from None
        return text if self.encoding == "utf-8" else decoded.encode()


def undecodable(name: str, error: UnicodeDecodeError) -> DataError:
    """Return the error of a file that is neither UTF-8 nor GB18030; ``error`` is UTF-8's complaint."""
    return DataError(
        message(
            f"{name} must be text in UTF-8 (or GB18030)",
            f"byte {error.start} begins no character",
            "save it as UTF-8, or check that it is a text file at all",
        )
    )
