"""The baselines of photos: shares of the classes, and logistic regression on thumbnails of 8 x 8 pixels."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.thumbnails import thumbnails
from glassnet.model.images_manifest import ImageBaselines
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

MOST_FITTED = 5_000
"""Photos that logistic regression is fitted on at most, drawn by chance."""
STRENGTH, STEPS = 0.1, 200
"""Inverse of its penalty, on standardised thumbnails, and its most steps."""
RARE = -30.0
"""Its answer for a class that has no photo among these."""
MIRRORED, KEEPS = 1_500, 0.75
"""Photos that show whether mirrors matter; and what part of its lead over guessing logistic regression has to
keep on mirrored photos, so that photos may be mirrored."""


def fit_baselines(
    pixels: NDArray[np.uint8], truth: Rows, rows: Rows, classes: int, seed: int
) -> ImageBaselines:
    """Fit both on training photos.

    Args:
        pixels: all photos, (photos, height, width, channels).
        truth: class index of each, shape (photos,).
        rows: those that train.
    """
    counts = np.bincount(truth[rows], minlength=classes).astype(np.float64)
    some = _some(rows, MOST_FITTED, seed)
    weights, bias = _fitted(thumbnails(pixels[some]), truth[some], classes)
    return ImageBaselines(counts / counts.sum(), weights, bias)


def sensitive_to_mirrors(pixels: NDArray[np.uint8], truth: Rows, rows: Rows, seed: int) -> tuple[bool, str]:
    """Find out whether photos may be mirrored without becoming those of another class, and say why.

    Logistic regression on thumbnails learns half of some photos. Where it knows the mirror images of the
    others nearly as well as these themselves, left and right do not matter.
    """
    some = _some(rows, MIRRORED, seed)
    half = len(some) // 2
    classes = int(truth.max()) + 1
    seen, others = some[:half], some[half:]
    if len(np.unique(truth[seen])) < 2:
        return False, "too few photos to find out"
    weights, bias = _fitted(thumbnails(pixels[seen]), truth[seen], classes)

    def right(small: Floats) -> float:
        return float(((small @ weights.T + bias).argmax(axis=1) == truth[others]).mean())

    plain = right(thumbnails(pixels[others]))
    mirrored = right(thumbnails(pixels[others][:, :, ::-1]))
    guessed = float((truth[others] == np.bincount(truth[seen]).argmax()).mean())
    may = mirrored - guessed >= KEEPS * (plain - guessed)
    said = f"thumbnails tell {plain:.0%} of the photos right, {mirrored:.0%} of their mirror images"
    return may, said


def _some(rows: Rows, most: int, seed: int) -> Rows:
    """Draw rows by chance."""
    return stream(seed, "thumbnails").permutation(rows)[:most]


def _fitted(small: Floats, truth: Rows, classes: int) -> tuple[Floats, Floats]:
    """Fit logistic regression; its weights are for thumbnails as they are, one row a class."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights, bias = np.zeros((classes, small.shape[1])), np.full(classes, RARE)
    present = np.unique(truth)
    if len(present) < 2:
        bias[present] = 0.0
        return weights, bias
    mean, scale = small.mean(axis=0), np.maximum(small.std(axis=0), 1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit((small - mean) / scale, truth)
    found, shift = model.coef_, model.intercept_
    if len(present) == 2:
        found, shift = np.vstack([-found, found]) / 2, np.concatenate([-shift, shift]) / 2
    weights[present] = found / scale
    bias[present] = shift - (found / scale) @ mean
    return weights, bias
