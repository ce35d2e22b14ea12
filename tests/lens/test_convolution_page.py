"""Pages and figures of what is inside a convolutional net: all in one file, and the numbers as colours."""

from __future__ import annotations

import base64
import html
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.lens.convolution_page import convolution_page
from glassnet.lens.pictures import grey, heat_over, png, shrunk, side_by_side, signed

PHOTO = np.random.default_rng(0).random((32, 32))
COLOUR = np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8)
VIEWS = {
    "filters": gn.filters,
    "maps": lambda net: gn.feature_maps(net, PHOTO),
    "pixel": lambda net: gn.unfold_pixel(net, PHOTO, "conv2", 3, 5, 7),
    "winners": lambda net: gn.pooling_winners(net, PHOTO),
    "cam": lambda net: gn.grad_cam(net, PHOTO, layer="conv2"),
    "occlusion": lambda net: gn.occlusion(net, PHOTO, 16),
}


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_holds_all_that_it_shows_and_loads_nothing(name, lenet, tmp_path):
    view = VIEWS[name](lenet)
    path = view.to_html(tmp_path / "page.html")
    page = path.read_text("utf-8")
    assert page == convolution_page(view)
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in html.unescape(page)
    assert not re.search(r"https?://|url\(|<link|@import", page)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == page.count("<img") == page.count("alt=")
    for each in pictures:
        assert opened(base64.b64decode(each)).size
    assert len(page) < 200_000


def test_every_map_is_a_picture_of_its_numbers(lenet):
    page = convolution_page(gn.feature_maps(lenet, PHOTO))
    pictures = re.findall(r'base64,([^"]+)"', page)
    assert len(pictures) == 1 + 3 * 6 + 3 * 16
    np.testing.assert_array_equal(opened(base64.b64decode(pictures[0]))[..., 0], np.round(255 * PHOTO))
    maps = gn.feature_maps(lenet, PHOTO)["conv1"].maps
    expected = signed(maps[2], float(np.abs(maps).max()))
    np.testing.assert_array_equal(opened(base64.b64decode(pictures[3])), expected)


def test_many_maps_are_cut_short_and_that_is_said(seeded):
    net = seeded(lambda: nn.Sequential(nn.Conv2d(3, 40, 3), nn.ReLU()))
    page = convolution_page(gn.feature_maps(net, COLOUR))
    assert page.count("The first 32 of 40 maps.") == 2
    assert page.count("<img") == 1 + 2 * 32


def test_an_unfolded_pixel_shows_its_tables_and_their_sum(seeded):
    net = seeded(lambda: nn.Sequential(nn.Conv2d(20, 2, 3, padding=1)))
    view = gn.unfold_pixel(net, torch.ones(20, 4, 4), "0", 1, 0, 0)
    page = convolution_page(view)
    assert page.count("Channel ") == 16
    assert page.count('class="outside"') == 16 * 5
    assert "The other 4 channels sum to" in page
    assert "5 of its 9 places lie in the padding (zeros)" in page


def test_names_of_the_users_own_cannot_break_a_page(seeded):
    net = nn.Sequential()
    net.add_module("<b>x</b>", seeded(lambda: nn.Conv2d(1, 2, 3)))
    for view in (gn.filters(net), gn.feature_maps(net, PHOTO)):
        page = convolution_page(view)
        assert "<b>x</b>" not in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_colours_say_the_sign_and_the_size():
    colours = signed(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0, 9.0]]), 2.0)
    assert colours[0].tolist()[0] == [33, 102, 172]
    assert colours[0].tolist()[2] == [247, 247, 247]
    assert colours[0].tolist()[4] == colours[0].tolist()[5] == [178, 88, 6]
    assert grey(np.array([-1.0, 0.0, 5.0, 10.0]), 0.0, 10.0).tolist() == [0, 0, 128, 255]
    heat = heat_over(np.full((1, 2), 0.5), np.array([[0.0, 1.0]]), 1.0)
    assert len(set(heat[0, 0].tolist())) == 1
    assert heat[0, 1, 0] > heat[0, 1, 2]


@pytest.mark.parametrize("colours", [2, 300])
def test_a_png_holds_the_pixels_that_went_in(colours):
    codes = np.random.default_rng(0).integers(0, colours, (20, 30))
    pixels = np.stack([codes % 256, codes // 256, codes % 7], axis=-1).astype(np.uint8)
    assert np.array_equal(opened(png(pixels)), pixels)
    assert np.array_equal(opened(png(pixels[..., 0]))[..., 1], pixels[..., 0])


def test_tiles_have_a_line_between_them():
    tile = np.full((2, 3, 3), 9, dtype=np.uint8)
    assert side_by_side([tile, tile]).shape == (8, 25, 3)


def test_large_maps_are_shrunk_to_means_in_their_proportions():
    values = np.arange(200.0).reshape(20, 10)
    small = shrunk(values, 10)
    assert small.shape == (10, 5)
    assert small[0, 0] == np.mean([0, 1, 10, 11])
    assert shrunk(values, 20) is values
    assert shrunk(np.ones((7, 7)), 3).tolist() == np.ones((3, 3)).tolist()


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_drawn_as_a_figure(name, lenet, tmp_path):
    figure = gn.plot_convolution(VIEWS[name](lenet))
    figure.savefig(tmp_path / "figure.png", dpi=40)
    assert figure.findobj(lambda each: type(each).__name__ == "AxesImage")


def test_colour_filters_are_drawn_in_colours_and_other_views_refused(residual, tmp_path):
    gn.plot_convolution(gn.filters(residual)).savefig(tmp_path / "figure.png", dpi=40)
    assert "Red, green and blue are the weights" in convolution_page(gn.filters(residual))
    with pytest.raises(RecipeError, match="from inside a convolutional net, however: a Net;"):
        gn.plot_convolution(type("Net", (), {})())
