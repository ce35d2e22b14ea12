"""Files: written whole or not at all, and known by their SHA-256. Standard library only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from glassnet.errors import DataError, RequestError, WorkError, message

_LEFTOVER = re.compile(r"\.glassnet-[0-9a-f]{16}\.tmp")


def write_atomically(path: str | Path, data: bytes) -> None:
    """Replace a file in one step: whatever happens, it holds the old bytes or the new ones.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name. A
    failure leaves nothing behind, a ``kill -9`` or a power cut at most that temporary file: see
    :func:`remove_leftovers`. A symbolic link stays one, and the file that it points to is replaced.

    Raises:
        RequestError: the folder does not exist, or ``path`` is a folder.
        WorkError: the disk is full, or the folder cannot be written to.
    """
    with file_written(path) as file:
        file.write(data)


@contextlib.contextmanager
def file_written(path: str | Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the name at the end of the block: see `write_atomically`.

    Raises:
        RequestError: the folder does not exist, or ``path`` is a folder.
        WorkError: the disk is full, or the folder cannot be written to.
    """
    target = Path(os.path.realpath(path))
    temporary = target.parent / f".glassnet-{secrets.token_hex(8)}.tmp"
    try:
        with _created(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        found, do = _reason(error), "choose another path"
        raise RequestError(message(f"{path} must be a file in a folder that exists", found, do)) from None
    except OSError as error:
        found, do = _reason(error), "make room on the disk, or choose another path"
        raise WorkError(message(f"{path} must be written", found, do)) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()  # it is no longer there once it was renamed
    _flush_folder(target.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed. No other process may be writing there."""
    for path in folder.iterdir():
        if _LEFTOVER.fullmatch(path.name):
            with contextlib.suppress(OSError):
                path.unlink()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits, read in pieces.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        must, do = f"{path} must be readable to its end", "check its permissions, or copy it to a local disk"
        raise DataError(message(must, _reason(error), do)) from None


def _created(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666), "wb")


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable; a folder that cannot be opened (Windows) is no failure."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
