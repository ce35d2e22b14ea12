"""Networks with torchvision's names and arithmetic, and weights from files: checked before they are used."""

from __future__ import annotations

import hashlib
import sys
import types

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from glassnet.errors import DataError, RecipeError
from glassnet.nets import pretrained as published
from glassnet.nets.pretrained import architecture, pretrained, read_weights, replace_head, with_weights
from glassnet.nets.vgg import VGG

PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
}
"""As torchvision's documentation has them."""
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def keys_of_resnet18() -> set[str]:
    """The names in torchvision's resnet18-f37072fd.pth."""
    keys = {"conv1.weight", "fc.weight", "fc.bias"} | {f"bn1.{each}" for each in NORM}
    for stage in (1, 2, 3, 4):
        for block in (0, 1):
            for part in (1, 2):
                keys.add(f"layer{stage}.{block}.conv{part}.weight")
                keys |= {f"layer{stage}.{block}.bn{part}.{each}" for each in NORM}
        if stage > 1:
            keys.add(f"layer{stage}.0.downsample.0.weight")
            keys |= {f"layer{stage}.0.downsample.1.{each}" for each in NORM}
    return keys


def keys_of_vgg(convolutions: tuple[int, ...], norms: tuple[int, ...] = ()) -> set[str]:
    keys = {f"features.{at}.{each}" for at in convolutions for each in ("weight", "bias")}
    keys |= {f"features.{at}.{each}" for at in norms for each in NORM}
    return keys | {f"classifier.{at}.{each}" for at in (0, 3, 6) for each in ("weight", "bias")}


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Random weights of a resnet18 of seven classes, its norms as after a training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = architecture("resnet18", classes=7).state_dict()
        return {
            key: torch.rand_like(each) + 0.5 if each.is_floating_point() and each.ndim == 1 else each
            for key, each in state.items()
        }


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_architecture_has_as_many_parameters_as_torchvision_says(name):
    with torch.device("meta"):
        net = architecture(name)
    assert sum(each.numel() for each in net.parameters()) == PARAMETERS[name]
    assert net.name == name


def test_the_names_of_weights_are_those_of_torchvision():
    with torch.device("meta"):
        keys = {name: set(architecture(name).state_dict()) for name in PARAMETERS}
    assert keys["resnet18"] == keys_of_resnet18()
    assert len(keys["resnet18"]) == 122
    assert "layer3.5.bn3.running_var" in keys["resnet50"]
    assert keys["vgg16"] == keys_of_vgg((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28))
    convolutions = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
    assert keys["vgg16_bn"] == keys_of_vgg(convolutions, tuple(at + 1 for at in convolutions))


def normed(x, state, name):
    names = ("running_mean", "running_var", "weight", "bias")
    return F.batch_norm(x, *(state[f"{name}.{each}"] for each in names), training=False, eps=1e-5)


def resnet_by_hand(state, x, blocks, parts):
    """The forward of table 1 of He et al. in plain functions; the stride is on the 3 x 3 convolution."""
    x = F.relu(normed(F.conv2d(x, state["conv1.weight"], stride=2, padding=3), state, "bn1"))
    x = F.max_pool2d(x, 3, stride=2, padding=1)
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            name, step = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            seen = x
            for part in range(1, parts + 1):
                weight = state[f"{name}.conv{part}.weight"]
                stride = step if part == (1 if parts == 2 else 2) else 1
                seen = F.conv2d(seen, weight, stride=stride, padding=weight.shape[-1] // 2)
                seen = normed(seen, state, f"{name}.bn{part}")
                seen = F.relu(seen) if part < parts else seen
            if f"{name}.downsample.0.weight" in state:
                x = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=step)
                x = normed(x, state, f"{name}.downsample.1")
            x = F.relu(x + seen)
    return F.linear(x.mean(dim=(2, 3)), state["fc.weight"], state["fc.bias"])


def test_weights_saved_to_a_file_give_the_outputs_of_a_forward_by_hand(weights, tmp_path):
    torch.save(weights, tmp_path / "mine.pth")
    net = pretrained("resnet18", tmp_path / "mine.pth")
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        answer, expected = net(x), resnet_by_hand(weights, x, (2, 2, 2, 2), 2)
    assert answer.shape == (2, 7)
    torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert not net.training


def test_bottlenecks_have_torchvisions_arithmetic():
    net = architecture("resnet50", classes=3).eval()
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        answer, expected = net(x), resnet_by_hand(net.state_dict(), x, (3, 4, 6, 3), 3)
    torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("name", ["vgg11", "vgg11_bn"])
def test_vgg_has_torchvisions_arithmetic(name):
    with torch.device("meta"):
        net = VGG(name)
    net.features.to_empty(device="cpu")
    for each in net.features.modules():
        if isinstance(each, nn.Conv2d | nn.BatchNorm2d):
            each.reset_parameters()
    net.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, 3))
    x = torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    state, seen, at = net.state_dict(), x, 0
    for width in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        if width == "M":
            seen, at = F.max_pool2d(seen, 2), at + 1
            continue
        seen = F.conv2d(seen, state[f"features.{at}.weight"], state[f"features.{at}.bias"], padding=1)
        if name.endswith("bn"):
            seen, at = normed(seen, state, f"features.{at + 1}"), at + 1
        seen, at = F.relu(seen), at + 2
    seen = F.adaptive_avg_pool2d(seen, (7, 7)).flatten(1)
    expected = F.linear(seen, state["classifier.0.weight"], state["classifier.0.bias"])
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(x), expected)


def test_a_file_alone_tells_its_architecture_and_its_classes(weights, tmp_path):
    save_file(weights, tmp_path / "mine.safetensors")
    net = pretrained(tmp_path / "mine.safetensors")
    assert net.name == "resnet18"
    assert net.fc.out_features == 7
    assert all(torch.equal(each, weights[key]) for key, each in net.state_dict().items())


def test_a_new_head_has_the_classes_that_are_asked_for(weights, tmp_path):
    torch.save(weights, tmp_path / "mine.pth")
    net = pretrained("resnet18", tmp_path / "mine.pth", classes=2)
    assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 2)
    assert torch.equal(net.layer4[1].conv2.weight, weights["layer4.1.conv2.weight"])
    random = torch.random.get_rng_state()
    again = pretrained("resnet18", tmp_path / "mine.pth", classes=2)
    assert torch.equal(again.fc.weight, net.fc.weight)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert replace_head(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), 5).out_features == 5


def test_old_files_without_the_counter_of_batch_norm_load(weights):
    old = {key: each for key, each in weights.items() if not key.endswith("num_batches_tracked")}
    assert torch.equal(with_weights("resnet18", old).bn1.weight, weights["bn1.weight"])


@pytest.mark.parametrize("name", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_that_holds_more_than_weights_loads(name, weights, tmp_path):
    parallel = {f"module.{key}": each for key, each in weights.items()}
    torch.save({"epoch": 3, name: parallel, "classes": ["a", "b"]}, tmp_path / "run.pth")
    assert torch.equal(pretrained(tmp_path / "run.pth").conv1.weight, weights["conv1.weight"])


def test_names_and_shapes_are_compared_before_anything_is_copied(weights):
    wrong = {key: each for key, each in weights.items() if key != "conv1.weight"}
    wrong["extra"] = torch.zeros(1)
    wrong["bn1.bias"] = torch.zeros(3)
    with pytest.raises(DataError) as caught:
        with_weights("resnet18", wrong, "mine.pth")
    assert str(caught.value) == (
        "mine.pth must hold the weights of resnet18, however: conv1.weight is missing; extra belongs to no "
        "layer; bn1.bias is (3,) instead of (64,); name the architecture that they are of"
    )


def test_weights_of_no_known_network_are_refused(tmp_path):
    torch.save({"a.weight": torch.zeros(2, 3)}, tmp_path / "mine.pth")
    with pytest.raises(DataError, match=r"of a network that is known .* it holds a.weight \(2, 3\), ...;"):
        pretrained(tmp_path / "mine.pth")


class Code:
    """What a hostile file would run while it is read."""

    def __reduce__(self):
        return (sys.exit, ("run",))


@pytest.mark.parametrize("held", [Code(), {"conv1.weight": Code()}])
def test_code_in_a_file_is_not_run(held, tmp_path):
    torch.save(held, tmp_path / "mine.pth")
    with pytest.raises(DataError, match="must be a whole file of tensors, however"):
        pretrained("resnet18", tmp_path / "mine.pth")


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_a_damaged_file_is_said_to_be_so(ending, weights, tmp_path):
    path = tmp_path / f"mine{ending}"
    torch.save(weights, path) if ending == ".pth" else save_file(weights, path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(DataError, match="must be a whole file of tensors, however"):
        read_weights(path)


def test_a_file_that_holds_something_else_is_said_to_be_so(tmp_path):
    torch.save({"epoch": 3, "net": {}}, tmp_path / "run.pt")
    with pytest.raises(
        DataError, match=r"must hold tensors by name, .* however: it holds 'epoch', of type int;"
    ):
        read_weights(tmp_path / "run.pt")
    with pytest.raises(DataError, match=r"ends in .safetensors, .pth, .pt, however: there is no file"):
        read_weights(tmp_path / "none.pth")


@pytest.fixture
def no_torchvision(monkeypatch, tmp_path):
    """A machine without torchvision, whose folder of torch is empty."""
    monkeypatch.setattr(published, "find_spec", lambda name: None)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))


def test_without_weights_it_is_said_which_file_to_put_where(no_torchvision, monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    with pytest.raises(DataError) as caught:
        pretrained("resnet18")
    assert str(caught.value) == (
        "the weights of resnet18 must be on this machine, however: resnet18-f37072fd.pth is not in "
        f"{tmp_path} or {tmp_path}/hub/checkpoints; get "
        "https://download.pytorch.org/models/resnet18-f37072fd.pth "
        "(44.7 MB) and put it into the folder that GLASSNET_DATA names, or name the file (--pretrained FILE)"
    )
    monkeypatch.delenv("GLASSNET_DATA")
    with pytest.raises(DataError, match="put it into a folder and set GLASSNET_DATA to it, or name"):
        pretrained("vgg19")
    with pytest.raises(DataError, match=f"and put it into {tmp_path}, or name"):
        pretrained("vgg19", tmp_path)


def test_a_name_that_is_nearly_right_gets_the_right_one():
    with pytest.raises(RecipeError, match=r"or a file, however: 'resnet81'; did you mean 'resnet18'?"):
        pretrained("resnet81")


def test_the_published_file_is_found_in_the_data_folder_and_its_digest_checked(
    no_torchvision, monkeypatch, weights, tmp_path
):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    torch.save(weights, tmp_path / "resnet18-f37072fd.pth")
    digest = hashlib.sha256((tmp_path / "resnet18-f37072fd.pth").read_bytes()).hexdigest()[:8]
    with pytest.raises(
        DataError, match=rf"must begin with f37072fd, however: .* is {digest}...; get the file"
    ):
        pretrained("resnet18")
    named = f"resnet18-{digest}.pth"
    (tmp_path / "resnet18-f37072fd.pth").rename(tmp_path / named)
    monkeypatch.setitem(published.PUBLISHED, "resnet18", (named, 44.7))
    assert pretrained("resnet18").fc.out_features == 7


def test_where_torchvision_is_installed_it_is_asked(no_torchvision, monkeypatch, weights):
    asked = {}

    class Weights:
        def get_state_dict(self, **options):
            asked.update(options)
            return weights

    models = types.ModuleType("torchvision.models")
    models.get_model_weights = lambda name: {"IMAGENET1K_V1": Weights()}
    module = types.ModuleType("torchvision")
    module.models = models
    monkeypatch.setitem(sys.modules, "torchvision", module)
    monkeypatch.setattr(published, "find_spec", lambda name: object())
    assert torch.equal(pretrained("resnet18").conv1.weight, weights["conv1.weight"])
    assert asked == {"progress": False, "check_hash": True}
