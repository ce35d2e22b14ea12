"""Transfer: features of a frozen network computed once and kept, and smaller rates for lower layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from glassnet.engine.transfer import (
    cached_features,
    features,
    freeze,
    layer_rates,
    split_backbone,
    weights_fingerprint,
)
from glassnet.errors import RecipeError, WorkError
from glassnet.nets.pretrained import architecture


def small() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return nn.Sequential(*layers, nn.Dropout(), nn.Linear(4, 3))


def photos(count: int = 5) -> torch.Tensor:
    return torch.randn(count, 1, 6, 6, generator=torch.Generator().manual_seed(1))


def test_the_head_on_the_features_gives_what_the_whole_network_gives():
    net = small().train()
    backbone, width = split_backbone(net)
    told = []
    seen = features(backbone, photos(), lambda *at: told.append(at), batch_size=2)
    assert width == 4
    assert seen.shape == (5, 4)
    assert seen.dtype == np.float32
    assert told == [(2, 5), (4, 5), (5, 5)]
    with torch.no_grad():
        torch.testing.assert_close(net[-1](torch.from_numpy(seen)), small().eval()(photos()))


def test_the_backbone_shares_its_weights_and_is_left_in_its_mode():
    net = small().train()
    backbone, _ = split_backbone(net)
    features(backbone, photos())
    assert backbone.training
    assert backbone[0].weight is net[0].weight
    assert backbone[1].running_mean is net[1].running_mean
    assert isinstance(net[-1], nn.Linear)
    assert torch.equal(net[1].running_mean, torch.zeros(4))


def test_photos_can_be_made_part_by_part():
    class Parts:
        def __len__(self):
            return 5

        def __getitem__(self, part):
            return photos()[part]

    backbone, _ = split_backbone(small())
    assert np.array_equal(
        features(backbone, Parts(), batch_size=2), features(backbone, photos(), batch_size=2)
    )


def test_a_net_that_flattens_with_view_has_features_too():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(64, 2)

        def forward(self, x):
            return self.head(self.conv(x).view(-1, 64))

    given = torch.from_numpy(photos().numpy().reshape(5, 6, 6, 1).transpose(0, 3, 1, 2))
    assert given.stride(1) == 1
    assert features(split_backbone(Flat())[0], given).shape == (5, 64)


def test_the_backbone_of_a_residual_net_gives_what_its_head_sees():
    net = architecture("resnet18", classes=2).eval()
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    seen = features(split_backbone(net)[0], x)
    with torch.no_grad():
        torch.testing.assert_close(net.fc(torch.from_numpy(seen)), net(x), rtol=1e-4, atol=1e-4)


def test_bfloat16_is_near_float32():
    backbone, _ = split_backbone(small())
    near = features(backbone, photos(), precision="bfloat16")
    np.testing.assert_allclose(near, features(backbone, photos()), rtol=0.05, atol=0.02)
    assert near.dtype == np.float32


def test_features_that_are_not_finite_are_an_error():
    net = small()
    with torch.no_grad():
        net[0].bias[0] = torch.inf
    with pytest.raises(WorkError, match="features must be finite numbers, however: some are not"):
        features(split_backbone(net)[0], photos())


def test_features_are_computed_once(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return np.arange(6, dtype=np.float32).reshape(3, 2)

    first, again = (cached_features(tmp_path, ["photos", "weights"], make) for _ in range(2))
    assert np.array_equal(first, again)
    assert calls == [1]
    cached_features(tmp_path, ["photos", "other weights"], make)
    assert calls == [1, 1]
    for each in tmp_path.iterdir():
        each.write_bytes(b"damaged")
    assert np.array_equal(cached_features(tmp_path, ["photos", "weights"], make), first)
    assert calls == [1, 1, 1]


def test_a_fingerprint_changes_with_any_weight():
    net = small()
    before = weights_fingerprint(net)
    assert before == weights_fingerprint(small())
    with torch.no_grad():
        net[1].running_var[2] += 1e-6
    assert weights_fingerprint(net) != before


def test_only_the_head_learns_in_a_frozen_network():
    net = small()
    freeze(net)
    assert [name for name, each in net.named_parameters() if each.requires_grad] == ["6.weight", "6.bias"]
    freeze(net, head=True)
    assert not any(each.requires_grad for each in net.parameters())


def test_lower_layers_get_smaller_rates_and_every_parameter_one():
    with torch.device("meta"):
        net = architecture("resnet18", classes=2)
    groups = layer_rates(net, lr=1e-3, factor=0.5)
    names = ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert [each["name"] for each in groups] == names
    assert [each["lr"] for each in groups] == pytest.approx([1e-3 / 2**at for at in (5, 4, 3, 2, 1, 0)])
    given = [id(each) for group in groups for each in group["params"]]
    assert sorted(given) == sorted(map(id, net.parameters()))
    with torch.device("meta"):
        vgg = architecture("vgg11", classes=2)
    names = [*(f"block{at}" for at in range(1, 6)), "linear", "head"]
    assert [each["name"] for each in layer_rates(vgg, lr=1e-3)] == names


def test_frozen_layers_are_left_out_and_the_others_keep_their_rate():
    net = small()
    net[0].requires_grad_(requires_grad=False)
    groups = layer_rates(net, lr=0.1, factor=0.1)
    assert [(each["name"], pytest.approx(each["lr"])) for each in groups] == [("1", 0.01), ("6", 0.1)]
    torch.optim.AdamW(groups)


def test_wrong_rates_and_a_frozen_network_are_refused():
    with pytest.raises(RecipeError, match=r"at most 1, however: lr=0.1, factor=2;"):
        layer_rates(small(), lr=0.1, factor=2)
    net = small()
    freeze(net, head=True)
    with pytest.raises(RecipeError, match=r"however: all are frozen; call net.requires_grad_\(\)"):
        layer_rates(net, lr=0.1)
