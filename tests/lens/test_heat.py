"""Where a net looks: Grad-CAM against its formula by hand, occlusion against each covered photo alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.nets.build import build
from glassnet.nets.photo_spec import PhotoNet

PHOTO = np.random.default_rng(0).random((32, 32))
COLOUR = np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8)


def test_grad_cam_by_hand():
    """Two maps, their mean, two linear weights: d score / d map = weight / places everywhere."""
    net = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)
    )
    with torch.no_grad():
        net[0].weight[:] = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
        net[3].weight[:] = torch.tensor([[8.0, 0.0], [4.0, 12.0]])
        net[3].bias.zero_()
    photo = np.array([[1.0, 0.0], [0.5, 0.25]])
    seen = gn.grad_cam(net, photo, target=0)
    assert seen.layer == "0"
    assert seen.weights == pytest.approx([8 / 4, 0])
    np.testing.assert_allclose(seen.heat, 2 * photo)
    assert seen.score == pytest.approx(8 * photo.mean())
    # for the other class: (4 / 4) photo + (12 / 4) (-photo) < 0 everywhere
    other = gn.grad_cam(net, photo, target=1)
    assert other.weights == pytest.approx([1, 3])
    assert not other.heat.any()
    assert "0 everywhere" in str(other)


def by_hand(net, x, maps_of, head, target):
    """Run the net in two halves, so that the maps are a leaf, and follow the formula."""
    maps = maps_of(x).detach().requires_grad_()
    score = head(maps)[0, target]
    score.backward()
    weights = maps.grad[0].mean(dim=(1, 2))
    heat = F.relu((weights[:, None, None] * maps[0]).sum(dim=0)).detach().numpy()
    net.zero_grad()
    return float(score.detach()), weights.numpy(), heat


def test_grad_cam_of_lenet_unchanged_is_the_formula(lenet):
    net = lenet
    x = torch.from_numpy(PHOTO).float()[None, None]

    def maps_of(x):
        return F.relu(net.conv2(F.max_pool2d(F.relu(net.conv1(x)), 2)))

    def head(maps):
        seen = F.max_pool2d(maps, 2).view(1, -1)
        return net.fc3(F.relu(net.fc2(F.relu(net.fc1(seen)))))

    score, weights, heat = by_hand(net, x, maps_of, head, 3)
    seen = gn.grad_cam(net, PHOTO, target=3)
    assert seen.layer == "relu 2"
    assert seen.score == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(seen.weights, weights, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(seen.heat, heat, rtol=1e-4, atol=1e-8)
    assert seen.heatmap.shape == (32, 32)
    assert gn.grad_cam(net, PHOTO).target == int(net(x).argmax())


def test_grad_cam_of_a_residual_net_with_layers_in_place_is_the_formula(residual):
    net = residual.eval()
    x = torch.from_numpy(COLOUR / 255).float().permute(2, 0, 1)[None]

    def maps_of(x):
        before = F.relu(net.norm(net.stem(x)))
        return before + F.relu(net.block[0](before))

    score, weights, heat = by_hand(net, x, maps_of, lambda maps: net.head(F.relu(maps).mean(dim=(2, 3))), 1)
    seen = gn.grad_cam(net, COLOUR, target=1, layer="add")
    assert seen.score == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(seen.weights, weights, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(seen.heat, heat, rtol=1e-4, atol=1e-8)
    assert gn.grad_cam(net, COLOUR, target=1).layer == "act 2"


def test_grad_cam_of_several_nets_in_one_weighs_the_last_maps_of_every_member():
    net = build(PhotoNet(channels=1, widths=(6, 8), outputs=3, members=2), seed=0).eval()
    x = torch.from_numpy(PHOTO).float()[None, None]
    maps = torch.cat([member.stages(F.silu(net.patches(x))) for member in net.members], 1)

    def head(maps):
        tops = maps.amax((2, 3)).chunk(2, 1)
        answers = [member.output(top) / 9 for member, top in zip(net.members, tops, strict=True)]
        return torch.stack([each.softmax(1) for each in answers]).mean(0).log()

    score, weights, heat = by_hand(net, x, lambda x: maps, head, 2)
    seen = gn.grad_cam(net, PHOTO, target=2)
    assert seen.layer.count("silu") == 2
    assert seen.score == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(seen.weights, weights, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(seen.heat, heat, rtol=1e-4, atol=1e-8)
    assert heat.any()


def test_grad_cam_before_a_layer_in_place_sees_what_was_there_before_it(seeded):
    net = seeded(
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(2))
    )
    net(torch.zeros(1, 3, 16, 12))
    x = torch.from_numpy(COLOUR / 255).float().permute(2, 0, 1)[None]
    net[1].inplace = False
    score, weights, heat = by_hand(net, x, net[0], net[1:], 0)
    net[1].inplace = True
    seen = gn.grad_cam(net, COLOUR, target=0, layer="0")
    assert seen.score == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(seen.weights, weights, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(seen.heat, heat, rtol=1e-4, atol=1e-8)


def test_a_larger_part_of_the_net_is_a_layer_too_and_frozen_weights_do_not_matter(residual):
    net = residual
    before = gn.grad_cam(net, COLOUR, target=2, layer="block")
    net.requires_grad_(requires_grad=False)
    after = gn.grad_cam(net, COLOUR, target=2, layer="block")
    assert np.array_equal(before.heat, after.heat)
    assert np.array_equal(before.heat, gn.grad_cam(net, COLOUR, target=2, layer="block.1").heat)


def test_convolutions_of_a_single_place_have_nothing_to_show(seeded):
    layers = [
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(6),
        nn.Conv2d(4, 4, 1),
        nn.Flatten(),
        nn.Linear(4, 2),
    ]
    net = seeded(lambda: nn.Sequential(*layers))
    assert gn.grad_cam(net, PHOTO[:8, :8]).layer == "1"


def test_the_heatmap_is_the_heat_brought_to_the_size_of_the_photo(lenet):
    seen = gn.grad_cam(lenet, PHOTO)
    large = F.interpolate(torch.from_numpy(seen.heat)[None, None], (32, 32), mode="bilinear")[0, 0]
    assert np.array_equal(seen.heatmap, large.numpy())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"target": 10}, "one of the outputs, however: target=10; write a number from 0 to 9"),
        ({"target": "cat"}, "one of the outputs, however: target='cat'; write"),
        ({"layer": "fc1"}, "fc1 must give maps that the answer depends on, .* however: it gives"),
        ({"layer": "conf2"}, "however: 'conf2'; did you mean 'conv2'"),
    ],
)
def test_what_grad_cam_cannot_do_is_said(options, text, lenet):
    with pytest.raises(RecipeError, match=text):
        gn.grad_cam(lenet, PHOTO, **options)


def test_a_net_that_answers_in_maps_has_no_class_to_look_for():
    with pytest.raises(
        RecipeError, match=r"one row of numbers, .* however: its output has the shape \(1, 2,"
    ):
        gn.grad_cam(nn.Conv2d(1, 2, 3), PHOTO)


def test_occlusion_is_the_probability_of_each_covered_photo_by_itself(residual):
    net = residual.eval()
    seen = gn.occlusion(net, COLOUR, (5, 4), (4, 3), target=2)
    x = torch.from_numpy(COLOUR / 255).float().permute(2, 0, 1)[None]
    assert seen.rows.tolist() == [0, 4, 8, 11]
    assert seen.columns.tolist() == [0, 3, 6, 8]
    for i, row in enumerate(seen.rows):
        for j, column in enumerate(seen.columns):
            covered = x.clone()
            covered[0, :, row : row + 5, column : column + 4] = x.mean(dim=(2, 3))[0][:, None, None]
            with torch.no_grad():
                expected = float(net(covered).softmax(dim=1)[0, 2])
            assert seen.scores[i, j] == pytest.approx(expected, rel=1e-5)
    with torch.no_grad():
        assert seen.score == pytest.approx(float(net(x).softmax(dim=1)[0, 2]), rel=1e-5)
    assert np.array_equal(seen.drops, seen.score - seen.scores)


def test_the_heatmap_of_occlusion_is_the_mean_drop_of_the_patches_over_each_pixel(residual):
    seen = gn.occlusion(residual, COLOUR, 8, 4, target=0)
    over = [(i, j) for i in range(3) for j in range(2) if 4 * i <= 5 < 4 * i + 8 and 4 * j <= 6 < 4 * j + 8]
    assert len(over) == 4
    assert seen.heatmap[5, 6] == pytest.approx(np.mean([seen.drops[each] for each in over]))
    assert seen.heatmap[0, 0] == pytest.approx(seen.drops[0, 0])


def test_only_the_part_that_a_net_looks_at_matters():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 2, bias=False))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].weight.view(2, 8, 8)[1, 4:, 4:] = 1.0
    photo = np.ones((8, 8))
    seen = gn.occlusion(net, photo, 4, 4, fill=0.0)
    assert seen.target == 1
    assert (seen.drops > 0.01).tolist() == [[False, False], [False, True]]


def test_a_single_output_is_read_as_a_probability():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    seen = gn.occlusion(net, np.ones((8, 8)))
    with torch.no_grad():
        assert seen.score == pytest.approx(float(net(torch.ones(1, 1, 8, 8)).sigmoid()), rel=1e-5)
    assert seen.patch == (2, 2)


@pytest.mark.parametrize(("patch", "stride"), [(40, None), (0, None), (4, 0), ((4, 4, 4), None), (2.5, 1)])
def test_a_patch_that_does_not_fit_is_refused(patch, stride, lenet):
    with pytest.raises(RecipeError, match="whole numbers from 1 to the size of the photo, 32 x 32, however"):
        gn.occlusion(lenet, PHOTO, patch, stride)


class Model:
    """What a model of photos has: a net, how photos are decoded and normalised, and classes."""

    def __init__(self, net):
        self.net = net
        self.schema = SimpleNamespace(images=self)
        self.task = SimpleNamespace(classes=("cat", "dog", "fox", "owl"))
        self.asked = []

    def photos(self, data):
        self.asked.append(data)
        pixels = COLOUR[None] if isinstance(data, bytes | list) else np.asarray(data)
        return SimpleNamespace(pixels=pixels)

    def tensors(self, pixels):
        return np.moveaxis(pixels.astype(np.float32) / 255 - 0.5, -1, 1)


def test_a_model_decodes_and_normalises_and_names_its_classes(residual):
    seen = gn.grad_cam(Model(residual), COLOUR, target="fox")
    assert (seen.target, seen.name) == (2, "fox")
    expected = gn.grad_cam(residual, COLOUR / 255 - 0.5, target=2).heat
    np.testing.assert_allclose(seen.heat, expected, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(seen.picture, COLOUR / 255)
    with pytest.raises(RecipeError, match="however: target='fix'; did you mean 'fox'"):
        gn.grad_cam(Model(residual), COLOUR, target="fix")


def test_a_model_takes_a_file_too(residual):
    model = Model(residual)
    for photo in ("one.jpg", Path("one.jpg"), b"bytes"):
        assert gn.occlusion(model, photo, 8).picture.shape == (16, 12, 3)
    assert model.asked == [["one.jpg"], [Path("one.jpg")], b"bytes"]


def test_a_model_of_grey_photos_may_flatten_with_view(lenet):
    seen = gn.feature_maps(Model(lenet), (255 * PHOTO[:, :, None]).astype(np.uint8))
    assert seen.layers[-1].maps.shape == (16, 6, 6)
    assert seen.picture.shape == (32, 32)
