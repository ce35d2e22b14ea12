"""Photos wherever they are, found and then decoded: files of any layout, arrays in memory, bundled digits."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from glassnet.data.image_arrays import BYTES, Range, digits, photo_arrays
from glassnet.data.image_source import PhotoList, find_photos
from glassnet.errors import DataError, message


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a source.

    Attributes:
        column, target: columns of the photos and of their labels in a table; None: found by themselves.
        between: the values of black and white in arrays.
        labelled: whether there must be labels.
    """

    column: str | None = None
    target: str | None = None
    between: Range = BYTES
    labelled: bool = True


def found_photos(data: object, wanted: Wanted) -> PhotoList:
    """Find photos.

    Args:
        data: a path, a named data set, or a list of paths or bytes, as :func:`find_photos` takes it; one
            photo as bytes; photos as arrays, alone or as a tuple (photos, labels).

    Raises:
        DataError: there are none, or none with labels where these are wanted.
    """
    if isinstance(data, PhotoList):
        found = data
    elif isinstance(data, str) and data == "digits" and not os.path.exists(data):
        found = digits()
    elif isinstance(data, tuple) and len(data) == 2 and _is_array(data[0]):
        found = photo_arrays(data[0], data[1], between=wanted.between)
    elif _is_array(data):
        found = photo_arrays(data, between=wanted.between)
    else:
        return find_photos(
            [data] if isinstance(data, bytes) else data,
            wanted.column,
            wanted.target,
            labelled=wanted.labelled,
        )
    if wanted.labelled and found.labels is None:
        must = f"{found.name} must have a class for each photo"
        raise DataError(message(must, "it holds photos alone", "pass (photos, labels)"))
    return found


def _is_array(data: object) -> bool:
    return hasattr(data, "ndim") or (isinstance(data, list) and bool(data) and hasattr(data[0], "ndim"))


def read_names(path: str | None) -> dict[str, str]:
    """Read what classes are called: a JSON object from labels to names, as ``cat_to_name.json`` is.

    Raises:
        DataError: the file is none.
    """
    if path is None:
        return {}
    do = 'write {"1": "pink primrose", "2": ...}'
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(message(f"{path} must be a file of JSON", str(error), do)) from None
    if not isinstance(found, dict) or not all(isinstance(each, str) and each for each in found.values()):
        must = f"{path} must be an object from labels to names"
        raise DataError(message(must, f"it is {str(found)[:60]}", do))
    return found
