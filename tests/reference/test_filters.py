"""Hand-made filters: what they see in a letter, in a made-up picture and in a photo."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import RecipeError
from glassnet.reference.filters import (
    FILTERS,
    activation_table,
    as_picture,
    filter_bank,
    filtered,
    grey,
    letter,
    photo,
)


def test_edges_add_up_to_0_and_the_others_keep_the_brightness_C34():
    sums = {name: float(weights.sum()) for name, weights in FILTERS.items()}
    assert {name for name, total in sums.items() if "edges" in name} == {
        name for name, total in sums.items() if total == 0
    }
    assert all(sums[name] == pytest.approx(1.0) for name in ("identity", "blur", "sharpen"))


def test_an_even_area_says_nothing_to_edges_and_stays_for_the_others_C34():
    seen = filtered(np.full((5, 6), 0.4), *FILTERS)
    for name, each in zip(FILTERS, seen, strict=True):
        np.testing.assert_allclose(each, 0.0 if "edges" in name else 0.4, atol=1e-12)


def test_each_edge_filter_answers_to_its_own_edge_alone_C34():
    step = np.zeros((6, 6))
    step[:, 3:] = 1.0
    across, down, both = filtered(step, "horizontal edges", "vertical edges", "all edges")
    assert not across.any()
    assert (down[:, 2:4] == 4.0).all()
    assert not down[:, [0, 1, 4, 5]].any()
    assert both.any()
    turned = filtered(step.T, "horizontal edges", "vertical edges")
    np.testing.assert_array_equal(turned[0], down.T)
    assert not turned[1].any()


def test_blur_softens_and_sharpen_strengthens_an_edge_C34():
    step = np.zeros((6, 6))
    step[:, 3:] = 1.0
    blurred, sharp = filtered(step, "blur", "sharpen")
    assert np.ptp(np.diff(blurred[2])) < np.ptp(np.diff(step[2])) < np.ptp(np.diff(sharp[2]))


def test_the_letter_has_its_upright_strokes_found_by_vertical_edges_C34():
    down, across = filtered(letter(), "vertical edges", "horizontal edges")
    assert down[1].tolist() == [3.0, 0.0, -3.0, 0.0, 3.0, 0.0, -3.0]
    assert (across[2, 2:5] > 0).all()
    assert (across[4, 2:5] < 0).all()


def test_filters_on_the_photo_of_scikit_learn_C34():
    picture = grey(photo())
    assert photo().shape == (3, 427, 640)
    assert 0.0 <= picture.min() < picture.max() <= 1.0
    seen = dict(zip(FILTERS, filtered(picture, *FILTERS), strict=True))
    np.testing.assert_array_equal(seen["identity"], picture)
    assert seen["blur"].std() < picture.std() < seen["sharpen"].std()
    assert all(abs(each.mean()) < 0.1 * each.std() for name, each in seen.items() if "edges" in name)
    expected = picture[99:102, 199:202]
    for name, each in seen.items():
        assert each[100, 200] == pytest.approx((FILTERS[name] * expected).sum(), abs=1e-12)


def test_what_is_seen_becomes_a_picture_from_black_to_white_C34():
    shown = as_picture(np.array([[-2.0, 0.0, 2.0]]))
    assert (shown.dtype, shown.tolist()) == (np.uint8, [[0, 128, 255]])
    assert as_picture(np.ones((2, 2))).tolist() == [[0, 0], [0, 0]]


def test_a_sigmoid_saturates_and_is_not_centred_where_relu_keeps_its_slope_C34():
    lines = [line.split() for line in activation_table().splitlines()[1:]]
    assert lines[-1] == ["8.0", "0.99966", "0.00034", "8.0", "1"]
    assert lines[2] == ["0.0", "0.50000", "0.25000", "0.0", "0"]
    assert len(activation_table(np.array([[1.0, 2.0]])).splitlines()) == 3


def test_filters_are_one_layer_of_as_many_channels_C34():
    assert filter_bank("blur", "sharpen").W.shape == (2, 1, 3, 3)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: filter_bank("blurr", "sharp"), "2 problems"),
        (lambda: filter_bank("blurr"), "did you mean 'blur'"),
        (filter_bank, "none is named; choose one of all edges"),
        (lambda: grey(np.ones((4, 4))), r"shape \(3, height, width\), however: image.shape=\(4, 4\)"),
        (lambda: filtered(np.zeros((3, 5, 5)), "blur"), "4 dimensions"),
    ],
)
def test_what_cannot_be_is_an_error(call, found):
    with pytest.raises(RecipeError, match=found):
        call()
