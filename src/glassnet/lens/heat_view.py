"""Where a net looks, as data: heat over a photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.convolution_view import PhotoView
from glassnet.lens.numerals import counted, number, percent, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

NO_HEAT = (
    "nothing in these maps speaks for it on the whole: Grad-CAM weighs a map by the mean slope over all its "
    "places, and a net that flattens its maps weighs each place by itself; gn.occlusion shows what it needs"
)


@dataclass(frozen=True)
class GradCam(PhotoView):
    """Where a net looks for one class: Grad-CAM (Selvaraju et al. 2017).

        weights[k] = mean over places of d score / d maps[k]
        heat = relu(sum over k of weights[k] * maps[k])

    Attributes:
        picture: as of ``FeatureMaps``.
        layer: whose maps were weighed.
        target, name: the number of the output, and what it is called.
        score: the net's output for it.
        weights: shape (channels,).
        heat: shape (height, width) of the maps, from 0.
        heatmap: the same, brought to the size of the photo by straight lines between its places.
    """

    picture: Floats
    layer: str
    target: int
    name: str
    score: float
    weights: Floats
    heat: Floats
    heatmap: Floats

    def __str__(self) -> str:
        head = f"Grad-CAM for {self.name}, whose output is {number(self.score)}, after {self.layer}"
        if not self.heat.any():
            return f"{head}: 0 everywhere\n{NO_HEAT}"
        row, column = np.unravel_index(int(self.heatmap.argmax()), self.heatmap.shape)
        size = " x ".join(map(str, self.heat.shape))
        hot = percent(float((self.heatmap > self.heatmap.max() / 2).mean()))
        return (
            f"{head}\nheat of {size} places, strongest at row {row}, column {column} of the photo; "
            f"more than half as strong on {hot} of it"
        )


@dataclass(frozen=True)
class Occlusion(PhotoView):
    """How much surer of a class each part of a photo makes a net: Zeiler and Fergus 2014, 4.2.

    Attributes:
        picture: as of ``FeatureMaps``.
        target, name: the number of the output, and what it is called.
        score: the probability of that class with nothing covered.
        scores: with the patch at each of its places, shape (places down, places across).
        rows, columns: where the patch begins, shapes (places down,), (places across,).
        patch: its height and width.
        heatmap: by how much the probability falls, for each pixel the mean over the patches that cover it.
    """

    picture: Floats
    target: int
    name: str
    score: float
    scores: Floats
    rows: Places
    columns: Places
    patch: tuple[int, int]
    heatmap: Floats

    @property
    def drops(self) -> Floats:
        """By how much the probability falls when the patch covers each place; of the shape of ``scores``."""
        return self.score - self.scores

    def __str__(self) -> str:
        places = counted(self.scores.size, "place")
        head = f"{self.name}: probability {_chance(self.score)}, with a patch of "
        head += f"{self.patch[0]} x {self.patch[1]} pixels at {places} in turn"
        down, across = np.unravel_index(int(self.scores.argmin()), self.scores.shape)
        low = f"lowest {_chance(float(self.scores.min()))}, where rows from {self.rows[down]} and columns "
        low += f"from {self.columns[across]} are covered ({signed(-float(self.drops.max()))})"
        return f"{head}\n{low}; highest {_chance(float(self.scores.max()))}"


def _chance(probability: float) -> str:
    """Write a probability, and never that something is certain.

    >>> _chance(0.25), _chance(0.99999)
    ('0.25', 'over 0.999')
    """
    return "over 0.999" if probability > 0.999 else number(probability, 3)
