"""Pictures and points without a task: what autoencoders and adversarial nets learn from.

    pictures_of("digits")      pictures_of(array)      pictures_of("pictures.npy")      pictures_of("photos/")

Arrays are (n, height, width), (n, height, width, channels) or, for points, (n, numbers). Photos come from all
that ``image_source`` knows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.image_cache import load_photos
from glassnet.data.image_problems import told
from glassnet.data.image_source import find_photos
from glassnet.errors import DataError, message

CHANNELS, PHOTO_SIZE = (1, 3), 64
_SHAPES = "(n, height, width), (n, height, width, 1 or 3), or (n, numbers)"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Rows of pictures or points in the user's units.

    Attributes:
        name: of the data, for messages and the run folder.
        values: float32, (n, height, width, channels) or (n, numbers).
        flat: whether the user's array had no axis of channels, so that answers have none either.
        span: the lowest and highest value that a pixel can have, where that is known.
        labels: (n,) positions in ``classes``, or None where there are none.
        classes: the names of the classes, sorted.
        sha256: of values and labels, 64 hexadecimal digits.
        problems: what was left out, in words.
    """

    name: str
    values: NDArray[np.float32]
    flat: bool
    span: tuple[float, float] | None
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    sha256: str
    problems: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row: (height, width, channels) or (numbers,)."""
        return self.values.shape[1:]

    @property
    def drawable(self) -> bool:
        """Whether a row is a picture."""
        return self.values.ndim == 4


def pictures_of(data: object, labels: object = None, size: int | None = None, grey: bool = False) -> Pictures:
    """Return the pictures of a named data set, a file of arrays, photos, or an array.

    Args:
        data: ``"digits"``, a path of ``.npy`` or ``.npz`` (its arrays ``images`` and, where there are any,
            ``labels``), photos (a folder, a zip, a table of them), or an array.
        labels: one for each row of an array: they only judge, nothing learns from them but the judge.
        size, grey: photos are cut to squares of so many pixels, 64 where nothing is said, and made grey.

    Raises:
        DataError: the data is none of these, or holds what is no finite number.
    """
    if data is None:
        do = "name digits, a file of arrays or photos; a run that began with an array needs it again"
        raise DataError(message("there must be pictures to learn from", "none were named", do))
    photos = (
        isinstance(data, str | Path) and str(data) != "digits" and Path(data).suffix not in (".npy", ".npz")
    )
    if (size is not None or grey) and not photos:
        must = "size and grey are for photos"
        raise DataError(
            message(must, f"the data is {data if isinstance(data, str) else 'an array'}", "leave them out")
        )
    if photos:
        return _photos(str(data), size or PHOTO_SIZE, grey)
    if isinstance(data, str | Path):
        return _named(str(data))
    return pictures_from(np.asarray(data), labels, "array")


def _photos(source: str, size: int, grey: bool) -> Pictures:
    found = load_photos(find_photos(source), size, channels=1 if grey else 3)
    labels = None if found.labels is None else np.array(found.labels)
    pictures = pictures_from(found.pixels, labels, Path(source).stem)
    return replace(pictures, problems=tuple(told(found.problems).splitlines()))


def _named(name: str) -> Pictures:
    if name == "digits":
        from sklearn.datasets import load_digits

        bunch = load_digits()
        return pictures_from(bunch.images, bunch.target, "digits", (0.0, 16.0))
    path = Path(name)
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        must = f"{path} must be an array as numpy.save writes it"
        raise DataError(message(must, str(error), "save it anew")) from None
    if isinstance(loaded, np.ndarray):
        return pictures_from(loaded, None, path.stem)
    with loaded:
        if "images" not in loaded:
            must = f"{path} must hold an array named images"
            found = f"it holds {', '.join(loaded.files) or 'none'}"
            raise DataError(message(must, found, "save it with numpy.savez(path, images=..., labels=...)"))
        return pictures_from(loaded["images"], loaded.get("labels"), path.stem)


def pictures_from(
    values: NDArray[Any], labels: object, name: str, span: tuple[float, float] | None = None
) -> Pictures:
    """Return checked pictures of an array; whole numbers of one byte go from 0 to 255.

    Raises:
        DataError: shapes or values cannot be used; all problems are named.
    """
    targets = None if labels is None else np.asarray(labels)
    problems = _problems(values, targets)
    if problems:
        raise DataError(problems)
    if span is None and values.dtype in (np.uint8, np.bool_):
        span = (0.0, 255.0) if values.dtype == np.uint8 else (0.0, 1.0)
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    digest = hashlib.sha256(f"{numbers.shape}".encode() + numbers.tobytes())
    classes, places = (), None
    if targets is not None:
        names, places = np.unique(targets.astype(str), return_inverse=True)
        classes = tuple(names.tolist())
        digest.update("\0".join(targets.astype(str).tolist()).encode())
    flat = numbers.ndim == 3
    return Pictures(
        name=name,
        values=numbers[..., None] if flat else numbers,
        flat=flat,
        span=span,
        labels=places,
        classes=classes,
        sha256=digest.hexdigest(),
    )


def _problems(values: NDArray[Any], labels: NDArray[Any] | None) -> list[str]:
    problems = []
    if values.dtype.kind not in "buif":
        problems.append(message("pictures must be numbers", f"they are {values.dtype}", "convert them first"))
    elif values.ndim not in (2, 3, 4) or (values.ndim == 4 and values.shape[3] not in CHANNELS):
        do = "move the channels to the end, for example with x.transpose(0, 2, 3, 1)"
        problems.append(message(f"pictures must be {_SHAPES}", f"the shape is {values.shape}", do))
    elif 0 in values.shape:
        problems.append(message("there must be pictures", f"the shape is {values.shape}", "pass some"))
    elif not np.isfinite(values).all():
        wrong = int(np.count_nonzero(~np.isfinite(values)))
        problems.append(message("every number must be finite", f"{wrong} are not", "replace them first"))
    if labels is not None and labels.shape != values.shape[:1]:
        found = f"labels {labels.shape} for {values.shape}"
        problems.append(message("there must be one label for each picture", found, "pass as many"))
    return problems
