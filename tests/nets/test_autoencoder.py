"""Autoencoders squeeze rows through a code of the asked length and give rows of the same form back (C46)."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.nets.autoencoder import KINDS, Noise, Planes, Rows, autoencoder, sides


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 13, 3), (4, 5, 1), (33, 20, 3)])
def test_any_picture_goes_through_the_code_and_comes_back_in_its_form_C46(kind, shape):
    size = shape[0] * shape[1] * shape[2]
    net = autoencoder(shape, 5, kind)
    codes = net.encoder(torch.rand(3, size))
    assert codes.shape == (3, 5)
    assert net.decoder(codes).shape == (3, size)


def test_points_go_through_dense_nets():
    assert autoencoder((6,), 2, "dense")(torch.rand(4, 6)).shape == (4, 6)


def test_a_linear_one_is_two_matrices_and_nothing_else():
    kinds = [
        type(each) for each in autoencoder((8, 8, 1), 8, "linear").modules() if not list(each.children())
    ]
    assert kinds == [nn.Linear, nn.Linear]


def test_the_way_back_is_by_transposed_convolutions_or_by_repeated_pixels():
    layers = {
        kind: {type(each) for each in autoencoder((16, 16, 1), 4, kind).modules()}
        for kind in ("transposed", "upsampling")
    }
    assert nn.ConvTranspose2d in layers["transposed"]
    assert nn.Upsample not in layers["transposed"]
    assert nn.Upsample in layers["upsampling"]
    assert nn.ConvTranspose2d not in layers["upsampling"]


def test_noise_is_added_in_training_only():
    x = torch.zeros(2000, 5)
    noise = Noise(0.5)
    assert float(noise(x).std()) == pytest.approx(0.5, rel=0.05)
    assert torch.equal(noise.eval()(x), x)


def test_pictures_keep_their_pixels_on_the_way_to_torch_and_back():
    x = torch.arange(2 * 3 * 4 * 3.0).reshape(2, -1)
    planes = Planes((3, 4, 3))(x)
    assert planes.shape == (2, 3, 3, 4)
    assert planes[1, 2, 0, 1] == x.reshape(2, 3, 4, 3)[1, 0, 1, 2]
    assert torch.equal(Rows()(planes), x)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((8, 8), [(8, 8), (4, 4)]), ((7, 7), [(7, 7), (4, 4)]), ((6, 6), [(6, 6)]), ((3, 9), [(3, 9)])],
)
def test_sides_are_halved_while_four_pixels_are_left(size, expected):
    assert sides(*size) == expected
