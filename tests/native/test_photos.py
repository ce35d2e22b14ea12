"""Photos that compiled code varies are those of torch, and those of the definition, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data import augment_native, augment_torch
from glassnet.data.augment import augmented
from glassnet.data.augment_chances import Chances, drawn
from glassnet.plan.augmentation import Augmentation

WHOLE = Augmentation(
    flip=True, shift=4, scale=0.4, rotate=30, brightness=0.3, contrast=0.3, saturation=0.3, cutout=5
)


needs_native = pytest.mark.usefixtures("native")


@pytest.fixture(params=["compiled", "torch"])
def vary(request):
    """Give each way to vary photos; that of torch is there without the extension too."""
    if request.param == "torch":
        return augment_torch.vary
    request.getfixturevalue("native")
    return augment_native.vary


def photos_of(count, channels, height, width, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, height, width, generator=draw)


def at(photo, row, column, reflect):
    """Return the pixel of a photo (channels, height, width) that is asked for, also beyond its edges."""
    _, height, width = photo.shape
    if reflect:
        row, column = (
            (size - 1 - k % size) if k // size % 2 else k % size
            for k, size in ((row, height), (column, width))
        )
    elif not (0 <= row < height and 0 <= column < width):
        return np.zeros(len(photo))
    return photo[:, row, column]


def by_definition(photo, p, reflect):
    """Look each pixel up between the four around its place."""
    found = np.zeros_like(photo)
    for i in range(photo.shape[1]):
        for j in range(photo.shape[2]):
            column, row = p[0] * j + p[1] * i + p[2], p[3] * j + p[4] * i + p[5]
            left, above = math.floor(column), math.floor(row)
            x, y = column - left, row - above
            for down, share in ((0, 1 - y), (1, y)):
                for right, other in ((0, 1 - x), (1, x)):
                    found[:, i, j] += share * other * at(photo, above + down, left + right, reflect)
    return found


ways = st.builds(
    Augmentation,
    flip=st.booleans(),
    shift=st.integers(0, 9),
    padding=st.sampled_from(["reflect", "zero"]),
    scale=st.sampled_from([1.0, 0.4]),
    rotate=st.sampled_from([0.0, 20.0, 180.0]),
    brightness=st.sampled_from([0.0, 0.5]),
    contrast=st.sampled_from([0.0, 0.5]),
    saturation=st.sampled_from([0.0, 1.0]),
)


@needs_native
@given(
    ways,
    st.sampled_from([1, 2, 3, 4]),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 5),
    st.integers(1, 3),
)
@settings(max_examples=150, deadline=None)
def test_compiled_code_and_torch_agree(way, channels, height, width, count, threads):
    photos = photos_of(count, channels, height, width)
    chances = drawn(count, (channels, height, width), 7, way)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = augment_native.vary(photos, chances)
    finally:
        torch.set_num_threads(before)
    wanted = augment_torch.vary(photos, chances)
    assert found.is_contiguous()
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)
    laid = augment_native.vary(photos.contiguous(memory_format=torch.channels_last), chances)
    assert torch.equal(laid, found)


@needs_native
@pytest.mark.parametrize("way", [WHOLE, Augmentation(flip=True, shift=5, padding="zero")])
def test_they_agree_on_batches_that_torch_takes_in_pieces(way):
    photos = photos_of(70, 3, 64, 48)
    assert photos.numel() > 2 * augment_torch.PIECE
    chances = drawn(70, (3, 64, 48), 3, way)
    found, wanted = augment_native.vary(photos, chances), augment_torch.vary(photos, chances)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-4)


@needs_native
@pytest.mark.parametrize(("dtype", "compiled"), [(torch.float32, True), (torch.bfloat16, False)])
def test_compiled_code_varies_what_it_can(monkeypatch, dtype, compiled):
    asked = []
    for module in (augment_native, augment_torch):
        monkeypatch.setattr(
            module, "vary", lambda batch, chances, module=module: asked.append(module) or batch
        )
    augmented(photos_of(2, 3, 8, 8).to(dtype), 1, WHOLE)
    assert asked == [augment_native if compiled else augment_torch]


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("reflect", [True, False])
def test_pixels_are_looked_up_between_others_as_defined(vary, channels, reflect):
    photos = photos_of(4, channels, 6, 9)
    places = np.array(
        [
            [1, 0, 0, 0, 1, 0],
            [-1, 0, 8, 0, 1, 0],
            [0.7, -0.3, -7.2, 0.4, 0.9, 1.1],
            [1.9, 0.2, 11.3, -0.1, -3.1, 40.6],
        ],
        dtype=np.float32,
    )
    found = vary(photos, Chances(places=places, reflect=reflect)).double().numpy()
    for photo, place, each in zip(photos.double().numpy(), places.astype(float), found, strict=True):
        np.testing.assert_allclose(each, by_definition(photo, place, reflect), atol=2e-4)
    np.testing.assert_allclose(found[0], photos[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(found[1], photos[1].flip(-1).numpy(), atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_pixels_are_moved_to_the_bit_and_colours_change_as_defined(vary, channels):
    photos = photos_of(2, channels, 5, 4)
    rows = np.array([[4, 3, 2, 1, 0], [-1, 0, 1, 2, 3]], dtype=np.int32)
    columns = np.array([[0, 0, 3, -1], [0, 1, 2, 3]], dtype=np.int32)
    moved = vary(photos, Chances(rows=rows, columns=columns))
    wanted = torch.zeros_like(photos)
    for photo in range(2):
        for i, row in enumerate(rows[photo]):
            for j, column in enumerate(columns[photo]):
                if row >= 0 and column >= 0:
                    wanted[photo, :, i, j] = photos[photo, :, row, column]
    assert torch.equal(moved, wanted)
    draw = np.random.default_rng(1)
    matrices = draw.normal(size=(2, channels, channels)).astype(np.float32)
    offsets = draw.normal(size=(2, 2)).astype(np.float32)
    found = vary(photos, Chances(matrices=matrices, offsets=offsets)).double().numpy()
    for photo, matrix, (keep, add), each in zip(
        photos.double().numpy(), matrices, offsets, found, strict=True
    ):
        coloured = np.einsum("kl,lij->kij", matrix, photo) + keep * photo.mean() + add
        np.testing.assert_allclose(each, coloured, atol=1e-5)


def test_what_does_not_fit_is_refused(native):
    photos, to = np.zeros((2, 4, 5, 3), np.float32), np.zeros((2, 4, 5, 3), np.float32)
    rows, columns = np.zeros((2, 4), np.int32), np.zeros((2, 5), np.int32)
    places = np.zeros((2, 6), np.float32)
    matrices, offsets = np.zeros((2, 3, 3), np.float32), np.zeros((2, 2), np.float32)

    def vary(to=to, **named):
        none = dict.fromkeys(("rows", "columns", "places", "matrices", "offsets"))
        native.vary_photos(photos, **{**none, "reflect": True, "to": to, "threads": 1, **named})

    vary(rows=rows, columns=columns, matrices=matrices, offsets=offsets)
    vary(places=places)
    for wrong in (
        {"rows": rows},
        {"rows": rows, "columns": columns, "places": places},
        {"rows": rows + 4, "columns": columns},
        {"rows": rows, "columns": columns + 5},
        {"rows": columns, "columns": columns},
        {"places": places[:1].copy()},
        {"places": places + np.float32("nan")},
        {"places": places + np.float32(1e9)},
        {"matrices": matrices},
        {"matrices": matrices[:, :2].copy(), "offsets": offsets},
        {"matrices": matrices, "offsets": offsets[:1].copy()},
        {"to": to[:1].copy()},
    ):
        with pytest.raises(ValueError, match=r"must|are moved|is not there"):
            vary(**wrong)
    for wrong in ({"places": places.astype(float)}, {"to": to.astype(float)}):
        with pytest.raises(TypeError):
            vary(**wrong)
