"""Pictures as a run without a task needs them: scaled, and cut into those that teach and those that judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from glassnet.data.pictures import Pictures, pictures_of
from glassnet.data.split import RowFacts, cut
from glassnet.errors import DataError, RecipeError, message
from glassnet.notation import parse_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.run.generative import PictureRequest


@dataclass(frozen=True, eq=False)
class Prepared:
    """Scaled, centred rows, and which of them train and judge."""

    rows: Tensor
    centre: Tensor
    span: tuple[float, float]
    train: NDArray[np.int64]
    test: NDArray[np.int64]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows train and judge."""
        return {"train": len(self.train), "test": len(self.test)}


def scaled(values: NDArray[Any], span: tuple[float, float]) -> Tensor:
    """Return rows flat, with the span from 0 to 1."""
    low, high = span
    flat = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).reshape(len(values), -1)
    return (flat - low) / (high - low)


def prepared(pictures: Pictures, test: str, seed: int) -> Prepared:
    """Cut, scale and centre pictures; span and centre are those of the rows that teach.

    Raises:
        DataError: it leaves no rows on a side, or all numbers are the same.
    """
    held_out = test_rows(len(pictures), test, seed)
    train = np.setdiff1d(np.arange(len(pictures)), held_out)
    known = pictures.values[train]
    span = pictures.span or (float(known.min()), float(known.max()))
    if span[0] == span[1]:
        raise DataError(message("pictures must differ", f"every number is {span[0]:g}", "pass other ones"))
    rows = scaled(pictures.values, span)
    centre = rows[torch.from_numpy(train)].mean(dim=0)
    return Prepared(rows - centre, centre, span, train, held_out)


def read_pictures(request: PictureRequest, data: object, labels: object) -> tuple[Pictures, Prepared]:
    """Read and cut the pictures of a run; ``data`` are those in memory, None: those that it names.

    Raises:
        RequestError: they cannot be read, or not be cut as asked.
    """
    pictures = pictures_of(request.data if data is None else data, labels, request.size, request.grey)
    return pictures, prepared(pictures, request.test, request.seed)


def test_rows(count: int, split: str, seed: int) -> NDArray[np.int64]:
    """Return which of so many rows a split sets aside, ascending."""
    return cut(RowFacts(count), np.arange(count, dtype=np.int64), parse_split(split), seed, "test")


def check_same(plan: dict[str, Any], pictures: Pictures) -> None:
    """Check that a run goes on with the pictures that it began with.

    Raises:
        RecipeError: they are others.
    """
    if plan["sha256"] != pictures.sha256:
        must, found = "a run goes on only with the data that it began with", "the pictures have changed since"
        raise RecipeError(message(must, found, "put the old ones back, or start a new run"))
