"""What lies in a folder or in a zip file: members with names, each read whole, none written anywhere.

A zip is checked before anything in it is read: how many members, how much they unpack to, their names, and
that nothing is encrypted. It is never extracted: names are only names here.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from glassnet.data.textfile import MAX_UNPACK_FLOOR, MAX_UNPACK_RATIO, check_file
from glassnet.errors import DataError, GlassnetWarning, message

MOST_MEMBERS = 2_000_000
ZIP = b"PK\x03\x04"
Lost = tuple[str, str]
"""The name of a folder that is left out, and why."""


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
    """Give what `opened_members` gives, and close a zip at the end; what is lost is a warning.

    Raises:
        DataError: see `opened_members`.
    """
    archive = None if path.is_dir() else _opened(path)
    try:
        found, lost = _of_folder(path) if archive is None else (_of_archive(path, archive), [])
        for name, what in lost:
            warnings.warn(f"{path.name}: {name!a} is left out: {what}", GlassnetWarning, stacklevel=4)
        yield found
    finally:
        if archive is not None:
            archive.close()


def opened_members(path: Path) -> tuple[list[Member], list[Lost]]:
    """Return the files of a folder or of a zip in the order of their names, hidden ones left out.

    A folder that holds everything else in a zip is left out of the names. A zip stays open for as long as one
    of its members is kept. In a folder links are followed to files and to folders elsewhere; the second list
    has the folders that are left out: links to what is there already, and what may not be read.

    Raises:
        DataError: it cannot be read, or is a zip that is damaged, encrypted, holds a name twice or
            unpacks to too much.
    """
    if path.is_dir():
        return _of_folder(path)
    return _of_archive(path, _opened(path)), []


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Say whether a file or a folder above it is hidden, or was put there by a Mac."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _of_folder(path: Path) -> tuple[list[Member], list[Lost]]:
    found, lost = list[Member](), list[Lost]()
    roots = [os.path.realpath(path)]
    waiting: list[tuple[str, tuple[str, ...]]] = [(str(path), ())]
    while waiting:
        folder, parts = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                seen = [each for each in entries if not is_hidden((each.name,))]
        except OSError as error:
            lost.append(("/".join(parts) or ".", error.strerror or str(error)))
            continue
        for each in seen:
            below = (*parts, each.name)
            if not _is_folder(each):
                at = Path(each.path)
                found.append(Member(below, partial(file_bytes, at), *file_state(at)))
            elif each.is_symlink() and not _is_elsewhere(each.path, roots):
                lost.append(("/".join(below), "it is a link to a folder that is there already"))
            else:
                waiting.append((each.path, below))
    return sorted(found, key=str), sorted(lost)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, for one
        return False


def _is_elsewhere(link: str, roots: list[str]) -> bool:
    """Say whether a folder shares nothing with those that are walked; it is one of them from now on."""
    real = os.path.realpath(link)
    if any(os.path.commonpath((real, root)) in (real, root) for root in roots):
        return False
    roots.append(real)
    return True


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


def _opened(path: Path) -> zipfile.ZipFile:
    check_file(path)
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise _damaged(path.name, str(error)) from None


def _of_archive(path: Path, archive: zipfile.ZipFile) -> list[Member]:
    infos = [each for each in archive.infolist() if not each.is_dir()]
    _check_zip(path.name, infos, check_file(path))
    lock = threading.Lock()
    return _without_top(sorted((_of_zip(path.name, archive, each, lock) for each in infos), key=str))


def _of_zip(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, lock: threading.Lock) -> Member:
    def read() -> bytes:
        try:
            with lock:
                return archive.read(info)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            found = str(error).replace(f" for file {info.filename!r}", "")
            raise _damaged(name, found, f", {info.filename!a} in it too") from None

    return Member(PurePosixPath(_spelled(info)).parts, read, info.file_size, info.CRC)


def _spelled(info: zipfile.ZipInfo) -> str:
    """Return a name as UTF-8 where it is that without saying so: Macs pack so."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


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
    counts = Counter(each.filename for each in infos)
    for twice in (each for each, count in counts.items() if count > 1):
        problems.append(message(f"{name} must hold each name once", ascii(twice), "pack the folder again"))
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


def _damaged(name: str, found: str, within: str = "") -> DataError:
    must = f"{name} must be a whole, undamaged zip file{within}"
    return DataError(message(must, found[:200], "pack or download it again"))
