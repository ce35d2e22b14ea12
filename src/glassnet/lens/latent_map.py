"""Codes of pictures on a plane: what lies side by side looks alike to the net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glassnet.randomness import derived_seed, stream

MOST = 2_000
"""So many codes are on a map at most, drawn at random."""


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Points of codes on a plane.

    Attributes:
        points: (n, 2).
        labels: (n,) positions in ``classes``, or None.
        classes: names of the classes.
        method: "code" where a code has two numbers and is its own place, else "pca" or "tsne".
        explained: of "pca", the share of the codes' variance that the plane shows.
    """

    points: NDArray[np.float64]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    method: str
    explained: float | None = None


def latent_map(of: Any, method: Literal["pca", "tsne"] = "pca", seed: int = 0) -> LatentMap:
    """Put the codes of a trained autoencoder on a plane.

    Args:
        of: what :func:`glassnet.autoencode` returned.
        method: "pca" turns the codes so that their two widest directions are seen; "tsne" (van der Maaten and
            Hinton 2008) keeps neighbours together, and distances between groups mean nothing.
    """
    codes = np.asarray(of.codes, dtype=np.float64)
    chosen = np.sort(stream(seed, "latent map").permutation(len(codes))[:MOST])
    codes, labels = codes[chosen], None if of.labels is None else of.labels[chosen]
    if codes.shape[1] <= 2:
        points = np.column_stack([codes, np.zeros((len(codes), 2 - codes.shape[1]))])
        return LatentMap(points, labels, of.classes, "code")
    if method == "tsne":
        from sklearn.manifold import TSNE

        near = min(30.0, (len(codes) - 1) / 3)
        tsne = TSNE(perplexity=near, init="pca", random_state=derived_seed(seed, "tsne") % 2**32)
        return LatentMap(tsne.fit_transform(codes), labels, of.classes, "tsne")
    centred = codes - codes.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    share = float(np.square(sizes[:2]).sum() / max(np.square(sizes).sum(), 1e-300))
    return LatentMap(centred @ directions[:2].T, labels, of.classes, "pca", share)
