"""Where photos come from: a folder for each class, a zip of these, a table of bytes or paths, or a list.

===========================  ============================================================================
a folder, or a zip of it     one sub-folder a class, each photo a file in it (at any depth);
                             photos without sub-folders: no labels
a Parquet or CSV file        a column of photos as bytes (also ``{bytes, path}``), or of paths beside it
a file                       one photo, no label
in memory                    a list of paths or of photos as bytes, no labels
===========================  ============================================================================

Hidden files are left out. Photos are known by their bytes, not by their names. Nothing is decoded here,
nothing is extracted or written, and nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from glassnet.data.image_decode import MOST_BYTES, too_many_bytes
from glassnet.data.image_problems import Problem, told
from glassnet.data.members import ZIP, Member, file_bytes, file_state, opened_members
from glassnet.data.named import datasets
from glassnet.data.textfile import check_file
from glassnet.errors import DataError, message

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".ppm", ".pgm")
TABLES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
BESIDE = "it lies beside the folders of the classes"
LAYOUT = "a folder with a sub-folder of photos for each class, a zip of it, or a table of photos and labels"
PARTS = {"train", "training", "valid", "val", "validation", "test", "testing"}
"""What the folders of a data set are called that is cut already."""


@dataclass(frozen=True)
class PhotoList:
    """Photos that were found and not yet read.

    Attributes:
        names: n names: the path in the folder or zip with ``/``, or ``row 17``, counted from 1.
        labels: the class of each; None where there are no labels.
        fingerprint: SHA-256 in 64 hexadecimal digits of names, labels and sizes, and of times of the last
            change, checksums or bytes: another one means that the photos may have changed.
        read: gives the bytes of photo 0 to n - 1; raises DataError where it cannot. Threads may share it.
        name: what messages call the whole.
        target: what the labels are called.
        problems: what was left out before anything was read.
        left_out: columns of a table that are not used, each with its reason.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...] | None
    fingerprint: str
    read: Callable[[int], bytes] = field(repr=False, compare=False)
    name: str = "photos"
    target: str = "class"
    problems: tuple[Problem, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)


def find_photos(
    source: object, column: str | None = None, target: str | None = None, *, labelled: bool = False
) -> PhotoList:
    """Find photos, and their labels where there are any.

    Args:
        source: see the table above; a path wins over a named data set.
        column: the column of the photos in a table; None: found by itself.
        target: the column of the labels in a table; None: found by itself.
        labelled: whether there must be labels.

    Raises:
        DataError: there are no photos, or not the columns or labels that are asked for.
    """
    if isinstance(source, str | os.PathLike):
        found = _of_path(Path(source), column, target, labelled)
    elif isinstance(source, Sequence) and all(isinstance(each, str | bytes | os.PathLike) for each in source):
        found = _of_list(source)
    else:
        must = "photos must come from a path or a list of paths or bytes"
        raise DataError(message(must, f"a {type(source).__name__}", f"give {LAYOUT}"))
    if not len(found):
        held = f"none can be used:\n{told(found.problems)}\n" if found.problems else "it holds none"
        raise DataError(message(f"{found.name} must hold photos", held, f"give {LAYOUT}"))
    if labelled and found.labels is None:
        must = f"{found.name} must have a class for each photo"
        raise DataError(message(must, "it holds photos alone", f"give {LAYOUT}"))
    return found


def _of_path(path: Path, column: str | None, target: str | None, labelled: bool) -> PhotoList:
    info = next((each for each in datasets() if each.name == str(path) and each.kind == "image"), None)
    if info is not None and info.path and not path.exists():
        path = Path(info.path)
    if not path.is_dir():
        check_file(path)
        with path.open("rb") as file:
            opening = file.read(4)
        if opening == b"PAR1" or Path(path.name.lower().removesuffix(".gz")).suffix in TABLES:
            from glassnet.data.image_table import table_photos

            return table_photos(path, column, target, labelled)
        if opening != ZIP:
            return _of_list([path])
    found, lost = opened_members(path)
    whole = _of_members(found, path.name or str(path), labelled)
    left = tuple(Problem(spelled(name), what, "put the photos themselves there") for name, what in lost)
    return replace(whole, problems=(*whole.problems, *left))


def _of_members(found: Sequence[Member], name: str, labelled: bool) -> PhotoList:
    top = [each for each in found if len(each.parts) == 1]
    deeper = [each for each in found if len(each.parts) > 1]
    flat = not deeper or (not labelled and any(each.suffix in SUFFIXES for each in top))
    problems = () if flat else tuple(Problem(spelled(str(each)), BESIDE, "put it into one") for each in top)
    used = found if flat else deeper
    if not flat:
        _check_classes(used, name)
    digest = hashlib.sha256()
    for each in used:
        digest.update(f"{each} {each.size} {each.state}\n".encode("utf-8", "surrogateescape"))

    def read(index: int) -> bytes:
        if used[index].size > MOST_BYTES:
            raise too_many_bytes()
        return used[index].read()

    names = tuple(spelled(str(each)) for each in used)
    labels = None if flat else tuple(spelled(each.parts[0]) for each in used)
    return PhotoList(names, labels, digest.hexdigest(), read, name, problems=problems)


def spelled(name: str) -> str:
    r"""Return a name that can be printed: what is no UTF-8 in it is written in hexadecimal.

    >>> spelled("rosé \udce9")
    'rosé \\xe9'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _check_classes(found: Sequence[Member], name: str) -> None:
    """Refuse folders that are parts of a data set and no classes.

    Raises:
        DataError: all of them are called train, test or the like, and hold folders.
    """
    tops = Counter(each.parts[0] for each in found)
    deeper = {each.parts[:2] for each in found if len(each.parts) > 2}
    if len(deeper) > 1 and (len(tops) == 1 or {each.lower() for each in tops} <= PARTS):
        must = f"{name} must have a sub-folder for each class"
        do = f"name the folder that holds the classes, such as {name}/{min(tops)}"
        raise DataError(message(must, f"it has {', '.join(sorted(tops))}, with folders in it", do))


def photo_bytes(path: Path) -> bytes:
    """Read the file of a photo.

    Raises:
        DataError: it cannot be read, or is larger than a photo may be.
    """
    size = file_state(path)[0]
    if size > MOST_BYTES:
        raise too_many_bytes()
    return file_bytes(path)


def _of_list(source: Sequence[object]) -> PhotoList:
    """Take paths, or photos as bytes."""
    names, digest = [], hashlib.sha256()
    for row, each in enumerate(source, 1):
        if isinstance(each, bytes):
            names.append(f"row {row}")
            digest.update(hashlib.sha256(each).digest())
        else:
            names.append(spelled(str(each)))
            digest.update(f"{each} {file_state(Path(str(each)))}\n".encode("utf-8", "surrogateescape"))

    def read(index: int) -> bytes:
        each = source[index]
        return each if isinstance(each, bytes) else photo_bytes(Path(str(each)))

    name = names[0] if len(names) == 1 else f"a list of {len(names):,} photos"
    return PhotoList(tuple(names), None, digest.hexdigest(), read, name)
