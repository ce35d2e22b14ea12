"""Photos are decoded once, in parallel, into rows of pixels of one size: in memory or in one file on disk.

The file is the caller's, who names it and removes it. It is written to a temporary file and renamed: it is
whole or not there. It is used again only while the photos, the size and this format are what they were, and
is written anew otherwise. It holds the pixels, then a description in JSON, then a tail of fixed size:

    pixels      uint8, photos x height x width x channels
    JSON        fingerprint, sizes, which photos these are, what is wrong with the others
    tail        little-endian: length of the JSON (8 bytes), CRC-32 of pixels and of JSON (4 each), MAGIC
"""

from __future__ import annotations

import json
import logging
import struct
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.image_decode import Fit, decoded
from glassnet.data.image_problems import Problem, problem_of, told
from glassnet.data.image_source import PhotoList
from glassnet.errors import DataError, WorkError, message
from glassnet.storage import file_written

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MAGIC = b"GLASSPIX"
VERSION = 1
_TAIL = struct.Struct("<QII8s")
PIECE = 32 << 20
"""Bytes that are checked at a time."""
MOST_TOGETHER = 16
"""Photos that one thread decodes before it hands them over, fewer of large ones."""
Told = Callable[[int, int], None]
Results = Iterator[tuple[int, "Pixels | Problem"]]
Found = tuple["Pixels", list[int], list[Problem]]
"""Pixels, which of the photos these are, and what is wrong with the others."""


@dataclass(frozen=True)
class Photos:
    """Decoded photos.

    Attributes:
        pixels: shape (n, height, width, channels), uint8; where there is a file a view of it, read-only.
        labels: n classes; None where there are no labels.
        names: n names.
        problems: what is wrong with the photos that are left out.
    """

    pixels: Pixels
    labels: tuple[str, ...] | None
    names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)


def load_photos(
    photos: PhotoList,
    size: int | tuple[int, int],
    *,
    fit: Fit = "crop",
    channels: int = 3,
    cache: Path | None = None,
    workers: int = 1,
    told: Told | None = None,
    strict: bool = False,
) -> Photos:
    """Decode photos, or take them from the cache where it holds them.

    Args:
        photos: what was found.
        size: of the result in pixels: the side of a square, or (height, width).
        fit: photos of another shape are cropped in their middle, padded with black, or stretched.
        channels: 3 for red, green and blue, 1 for grey.
        cache: the file to keep them in; None: they are kept in memory. Its folder must exist.
        workers: threads that decode.
        told: is called with the numbers of photos that are done and of all.
        strict: a photo that cannot be read is an error.

    Raises:
        DataError: no photo can be read; with ``strict``: one cannot, all are named.
        WorkError: the cache cannot be written.
    """
    height, width = (size, size) if isinstance(size, int) else size
    shape = (height, width, channels)
    key = {"version": VERSION, "fingerprint": photos.fingerprint, "shape": list(shape), "fit": fit}
    found = None if cache is None else _kept(cache, key)
    if found is None:
        with closing(_decode_all(photos, shape, fit, workers, told)) as results:
            if cache is None:
                found = _in_memory(results, photos, shape)
            else:
                _write(cache, key, results)
                found = _kept(cache, key)
    if found is None:
        must, do = f"{cache} must hold what was written to it", "check the disk"
        raise WorkError(message(must, "it holds something else", do))
    return _photos(photos, *found, strict)


def _photos(
    photos: PhotoList, pixels: Pixels, kept: list[int], problems: list[Problem], strict: bool
) -> Photos:
    every = (*photos.problems, *problems)
    if (strict and every) or not kept:
        must = f"{photos.name} must hold photos that can be read"
        found = f"{len(every):,} cannot be used:\n{told(every)}\n"
        raise DataError(message(must, found, "mend them or take them out"))
    labels = None if photos.labels is None else tuple(photos.labels[each] for each in kept)
    return Photos(pixels, labels, tuple(photos.names[each] for each in kept), every)


def _gathered(results: Results, put: Callable[[int, Pixels], object]) -> tuple[list[int], list[Problem]]:
    """Hand on what was decoded, in order; return which these are, and what is wrong with the others."""
    kept, problems = list[int](), list[Problem]()
    for index, result in results:
        if isinstance(result, Problem):
            problems.append(result)
        else:
            put(len(kept), result)
            kept.append(index)
    return kept, problems


def _in_memory(results: Results, photos: PhotoList, shape: tuple[int, int, int]) -> Found:
    pixels = np.empty((len(photos), *shape), np.uint8)
    kept, problems = _gathered(results, pixels.__setitem__)
    return pixels[: len(kept)], kept, problems


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings and log entries about damaged files back: they are in the list of problems."""
    handler, logger = logging.NullHandler(), logging.getLogger("PIL")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(handler)


def _decode_all(
    photos: PhotoList, shape: tuple[int, int, int], fit: Fit, workers: int, told: Told | None
) -> Generator[tuple[int, Pixels | Problem]]:
    """Decode every photo, in order. Pillow lets other threads work while it decodes."""

    together = max(1, min(MOST_TOGETHER, (4 << 20) // int(np.prod(shape))))

    def some(start: int) -> list[Pixels | Problem]:
        stop = min(start + together, len(photos))
        return [_decode_one(photos, index, shape, fit) for index in range(start, stop)]

    starts = iter(range(0, len(photos), together))
    waiting: deque[tuple[int, Future[list[Pixels | Problem]]]] = deque()
    with _quiet(), ThreadPoolExecutor(workers) as pool:
        try:
            for start in starts:
                waiting.append((start, pool.submit(some, start)))
                if len(waiting) > 2 * workers:
                    yield from _next(waiting, photos, told)
            while waiting:
                yield from _next(waiting, photos, told)
        finally:
            pool.shutdown(cancel_futures=True)


def _next(
    waiting: deque[tuple[int, Future[list[Pixels | Problem]]]], photos: PhotoList, told: Told | None
) -> Iterator[tuple[int, Pixels | Problem]]:
    start, future = waiting.popleft()
    results = future.result()
    yield from enumerate(results, start)
    if told is not None:
        told(start + len(results), len(photos))


def _decode_one(photos: PhotoList, index: int, shape: tuple[int, int, int], fit: Fit) -> Pixels | Problem:
    try:
        return decoded(photos.read(index), shape[0], shape[1], fit, shape[2])
    except DataError as error:
        return problem_of(photos.names[index], error)


def _write(path: Path, key: dict[str, Any], results: Results) -> None:
    check = 0
    with file_written(path) as file:

        def put(_: int, row: Pixels) -> None:
            nonlocal check
            data = row.tobytes()
            check = zlib.crc32(data, check)
            file.write(data)

        kept, problems = _gathered(results, put)
        head = key | {"kept": kept, "problems": [asdict(each) for each in problems]}
        text = json.dumps(head).encode()
        file.write(text + _TAIL.pack(len(text), check, zlib.crc32(text), MAGIC))


def _kept(path: Path, key: dict[str, Any]) -> Found | None:
    """Open a cache; None where there is none, or one of other photos, sizes or versions, or a damaged one."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(size - _TAIL.size)
            length, check, check_text, magic = _TAIL.unpack(file.read())
            if magic != MAGIC or length > size - _TAIL.size:
                return None
            file.seek(size - _TAIL.size - length)
            text = file.read(length)
        head = json.loads(text)
        if zlib.crc32(text) != check_text or any(head.get(name) != each for name, each in key.items()):
            return None
        kept, problems = head["kept"], [Problem(**each) for each in head["problems"]]
        shape = (len(kept), *head["shape"])
        if size - _TAIL.size - length != int(np.prod(shape)):
            return None
    except (OSError, ValueError, struct.error):
        return None
    if not kept:
        return np.empty(shape, np.uint8), kept, problems
    pixels = np.memmap(path, np.uint8, "r", shape=shape)
    return (pixels, kept, problems) if _crc(pixels) == check else None


def _crc(pixels: Pixels) -> int:
    check, flat = 0, pixels.reshape(-1)
    for start in range(0, len(flat), PIECE):
        check = zlib.crc32(flat[start : start + PIECE].data, check)
    return check
