"""The preview shows the photos as they are, and beside them what training sees."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from glassnet.data.augment_preview import png, preview
from glassnet.data.image_cache import Photos
from glassnet.data.image_schema import fit_image_schema
from glassnet.plan.augmentation import Augmentation

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 10, 12, 3), np.uint8)
SCHEMA = fit_image_schema(Photos(PIXELS, None, ("a", "b", "c")))


def test_the_first_column_has_the_photos_and_the_others_what_is_made_of_them():
    picture = preview(PIXELS, Augmentation(flip=True), SCHEMA, variants=4)
    assert picture.shape == (3 * 10 + 2 * 2, 12 + 6 + 4 * 12 + 3 * 2, 3)
    mirrored = []
    for row in range(3):
        part = picture[12 * row : 12 * row + 10]
        assert np.array_equal(part[:, :12], PIXELS[row])
        for column in range(4):
            variant = part[:, 18 + 14 * column : 30 + 14 * column]
            mirrored.append(np.array_equal(variant, PIXELS[row, :, ::-1]))
            assert mirrored[-1] or np.array_equal(variant, PIXELS[row])
    assert 0 < sum(mirrored) < 12
    assert (picture[:, 12:18] == 255).all()


@pytest.mark.parametrize("mixing", [Augmentation(mixup=0.5), Augmentation(cutmix=1.0)])
def test_the_preview_is_a_function_of_its_seed_and_shows_mixing(mixing):
    assert np.array_equal(preview(PIXELS, mixing, SCHEMA), preview(PIXELS, mixing, SCHEMA))
    assert not np.array_equal(preview(PIXELS, mixing, SCHEMA), preview(PIXELS, mixing, SCHEMA, seed=1))
    assert not np.array_equal(preview(PIXELS, mixing, SCHEMA), preview(PIXELS, Augmentation(), SCHEMA))


def test_a_picture_becomes_a_png_file_grey_too():
    for pixels in (PIXELS[0], PIXELS[0, :, :, :1]):
        found = np.asarray(Image.open(io.BytesIO(png(pixels))))
        assert np.array_equal(found.reshape(pixels.shape), pixels)
