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
from dataclasses import dataclass
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
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]

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
    size = check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [each for each in archive.infolist() if not each.is_dir()]
            _check_zip(path.name, infos, size)
            yield _without_top(sorted((_of_zip(path.name, archive, each) for each in infos), key=str))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise _damaged(path.name, str(error)) from None


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Say whether a file or a folder above it is hidden, or was put there by a Mac."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _of_folder(path: Path) -> Iterator[Member]:
    for folder, folders, files in os.walk(path):
        folders[:] = [each for each in folders if not is_hidden((each,))]
        parts = Path(folder).relative_to(path).parts
        for name in files:
            if not is_hidden((name,)):
                yield Member((*parts, name), lambda at=Path(folder, name): _bytes_of(at))  # type: ignore[misc]


def _bytes_of(path: Path) -> bytes:
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

    return Member(PurePosixPath(info.filename).parts, read)


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
        found = [Member(each.parts[1:], each.read) for each in found]
    return found


def _damaged(name: str, found: str) -> DataError:
    must = f"{name} must be a whole, undamaged zip file"
    return DataError(message(must, found[:200], "pack or download it again"))
