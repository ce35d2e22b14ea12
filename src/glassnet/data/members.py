"""What lies in a folder or in a zip file: members with names, each read whole, none written anywhere.

A zip is checked before anything in it is read: how many members, how much they unpack to, their names, and
that nothing is encrypted. It is never extracted: names are only names here.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from glassnet.data.textfile import MAX_UNPACK_FLOOR, MAX_UNPACK_RATIO, check_file
from glassnet.errors import DataError, message

MOST_MEMBERS = 2_000_000
ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Member:
    """A file in a folder or in a zip.

    Attributes:
        parts: its name in it: folders, then the file.
        read: gives its bytes.
        size: how many bytes these are; -1 where that cannot be asked.
        state: what changes when they do: the time of the last change in ns, or the checksum in the zip.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    size: int = -1
    state: int = 0

    @property
    def name(self) -> str:
        """The name without its folders."""
        return self.parts[-1]

    @property
    def suffix(self) -> str:
        """The ending of the name in small letters, with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    def __str__(self) -> str:
        return "/".join(self.parts)


@contextmanager
def members(path: Path) -> Iterator[list[Member]]:
    """Give the files of a folder or of a zip in the order of their names, hidden ones left out.

    A folder that holds everything else in a zip is left out of the names.

    Raises:
        DataError: it cannot be read, or is a zip that is damaged, encrypted or unpacks to too much.
    """
    if path.is_dir():
        yield sorted(_of_folder(path), key=str)
        return
    with _opened(path) as archive:
        yield _of_archive(path, archive)


def opened_members(path: Path) -> list[Member]:
    """Return what `members` gives; a zip stays open for as long as one of its members is kept.

    Raises:
        DataError: see `members`.
    """
    if path.is_dir():
        return sorted(_of_folder(path), key=str)
    return _of_archive(path, _opened(path))


def _opened(path: Path) -> zipfile.ZipFile:
    check_file(path)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise _damaged(path.name, str(error)) from None


def _of_archive(path: Path, archive: zipfile.ZipFile) -> list[Member]:
    infos = [each for each in archive.infolist() if not each.is_dir()]
    _check_zip(path.name, infos, check_file(path))
    return _without_top(sorted((_of_zip(path.name, archive, each) for each in infos), key=str))


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Say whether a file or a folder above it is hidden, or was put there by a Mac."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _of_folder(path: Path) -> Iterator[Member]:
    for folder, folders, files in os.walk(path):
        folders[:] = [each for each in folders if not is_hidden((each,))]
        parts = Path(folder).relative_to(path).parts
        for name in files:
            if not is_hidden((name,)):
                at = Path(folder, name)
                size, state = file_state(at)
                yield Member((*parts, name), partial(file_bytes, at), size, state)


def file_state(path: Path) -> tuple[int, int]:
    """Return the size of a file in bytes and the time of its last change in ns; (-1, 0) where it has none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return -1, 0
    return found.st_size, found.st_mtime_ns


def file_bytes(path: Path) -> bytes:
    """Read an ordinary file whole.

    Raises:
        DataError: it cannot be read, or is a device or a pipe.
    """
    must, do = f"{path} must be a file that can be read", "take it out of the folder"
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.read_bytes()
    except OSError as error:
        raise DataError(message(must, error.strerror or str(error), do)) from None
    raise DataError(message(must, "it is a device or a pipe", do))


def _of_zip(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    def read() -> bytes:
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            raise _damaged(name, f"{info.filename!a}: {error}") from None

    return Member(PurePosixPath(info.filename).parts, read, info.file_size, info.CRC)


def _check_zip(name: str, infos: list[zipfile.ZipInfo], size: int) -> None:
    problems = []
    most, unpacked = max(MAX_UNPACK_FLOOR, MAX_UNPACK_RATIO * size), sum(each.file_size for each in infos)
    if len(infos) > MOST_MEMBERS or unpacked > most:
        must = f"{name} must unpack to at most {most:,} bytes in {MOST_MEMBERS:,} files"
        problems.append(message(must, f"{unpacked:,} bytes in {len(infos):,} files", "unpack it yourself"))
    for each in infos:
        parts = PurePosixPath(each.filename).parts
        if not parts or ".." in parts or each.filename.startswith("/") or "\\" in each.filename:
            must, do = f"{name} must hold names inside itself", "pack the folder again"
            problems.append(message(must, ascii(each.filename), do))
        if each.flag_bits & 1:
            must, do = f"{name} must not be encrypted", "unpack it and name the folder"
            problems.append(message(must, ascii(each.filename), do))
    if problems:
        raise DataError(problems[:20])


def _without_top(found: list[Member]) -> list[Member]:
    """Leave hidden files out, and a folder that holds all others, unless these are the texts themselves."""
    found = [each for each in found if not is_hidden(each.parts)]
    while (
        found and all(len(each.parts) > 1 for each in found) and len({each.parts[0] for each in found}) == 1
    ):
        found = [replace(each, parts=each.parts[1:]) for each in found]
    return found


def _damaged(name: str, found: str) -> DataError:
    must = f"{name} must be a whole, undamaged zip file"
    return DataError(message(must, found[:200], "pack or download it again"))
