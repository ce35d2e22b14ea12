"""Photo networks that others have trained: weights from a file on disk into torchvision's architectures.

    net = pretrained("resnet18")                           # a file that lies in a folder that is looked into
    net = pretrained("resnet18", "weights/resnet18.pth")   # this file
    net = pretrained("weights/mine.safetensors")           # the architecture is read from the names in it

Nothing is downloaded here. Where torchvision is installed it is asked for the weights, and keeps them in its
own folder. A file is read without running code that it holds: ``.safetensors``, or ``.pth`` and ``.pt``
through ``torch.load(weights_only=True)``. Names and shapes are compared with the architecture before a number
is copied. The published files are those of https://pytorch.org/vision/stable/models.html.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from glassnet.errors import DataError, RecipeError, did_you_mean, message
from glassnet.nets.resnet import ResNet
from glassnet.nets.vgg import VGG
from glassnet.randomness import torch_seeded
from glassnet.storage import file_sha256

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue from 0 to 1: photos are to be normalised with these for published weights."""
IMAGENET_SIZE = 224

PUBLISHED = {
    "resnet18": ("resnet18-f37072fd.pth", 44.7),
    "resnet34": ("resnet34-b627a593.pth", 83.3),
    "resnet50": ("resnet50-0676ba61.pth", 97.8),
    "vgg11": ("vgg11-8a719046.pth", 506.8),
    "vgg11_bn": ("vgg11_bn-6002323d.pth", 506.9),
    "vgg13": ("vgg13-19584684.pth", 507.5),
    "vgg13_bn": ("vgg13_bn-abd245e5.pth", 507.6),
    "vgg16": ("vgg16-397923af.pth", 527.8),
    "vgg16_bn": ("vgg16_bn-6c64b313.pth", 527.9),
    "vgg19": ("vgg19-dcbb9e9d.pth", 548.1),
    "vgg19_bn": ("vgg19_bn-c79401a0.pth", 548.1),
}
"""The published file of each architecture and its size in MB (of 2 ** 20 bytes). The eight signs in a name
begin the SHA-256 of its bytes."""
ADDRESS = "https://download.pytorch.org/models/"
ENDINGS = (".safetensors", ".pth", ".pt")
_MOST_NAMED = 6
_UNREADABLE = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
    pickle.UnpicklingError,
    SafetensorError,
)
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PARALLEL = "module."
_COUNTER = "num_batches_tracked"
"""Old files lack this one number of each batch norm, which no answer depends on."""


def architecture(name: str, classes: int = 1000) -> ResNet | VGG:
    """Return a network of that name with random weights, and so many classes.

    Raises:
        RecipeError: the name is not known.
    """
    if name not in PUBLISHED:
        must = "a pretrained network must be one that is known by name, or a file"
        raise RecipeError(message(must, f"{name!r}", did_you_mean(name, PUBLISHED)))
    return ResNet(name, classes) if name.startswith("resnet") else VGG(name, classes)


def pretrained(
    name: str | Path, source: str | Path | None = None, *, classes: int | None = None, seed: int = 0
) -> ResNet | VGG:
    """Return a network with weights that were trained before, in evaluation mode.

    Args:
        name: of an architecture, such as "resnet18"; or a file, whose names tell the architecture.
        source: a file, or a folder that holds the published one; None: ``GLASSNET_DATA``, torch's own folder
            of such files, or torchvision.
        classes: replace the last layer by a new one, with random weights, of so many classes; None: keep it.
        seed: of these random weights.

    Raises:
        RecipeError: the name is not known.
        DataError: there is no such file, or it does not hold the weights of this architecture.
    """
    if str(name) not in PUBLISHED and _looks_like_file(name):
        name, source = "", name
    elif str(name) not in PUBLISHED:
        return architecture(str(name))
    path = _found(str(name), source)
    state = _of_torchvision(str(name)) if path is None else read_weights(path)
    where = "torchvision's weights" if path is None else str(path)
    net = with_weights(str(name) or _recognised(state, where), state, where)
    if classes is not None:
        replace_head(net, classes, seed)
    return net.eval()


def replace_head(net: nn.Module, classes: int, seed: int = 0) -> nn.Linear:
    """Put a new last layer with random weights, of so many classes, into a network, and return it."""
    name, old = last_linear(net)
    owner = net.get_submodule(name.rpartition(".")[0])
    with torch_seeded(seed, "head"):
        new = nn.Linear(old.in_features, classes, bias=old.bias is not None)
    setattr(owner, name.rpartition(".")[2], new.to(old.weight.device, old.weight.dtype))
    return new


def last_linear(net: nn.Module) -> tuple[str, nn.Linear]:
    """Return the path and the layer that gives a network's answer: its last linear one.

    Raises:
        RecipeError: it has none.
    """
    found = [(name, each) for name, each in net.named_modules() if isinstance(each, nn.Linear)]
    if not found:
        must = "a network must end in a linear layer for its head to be taken off"
        raise RecipeError(message(must, f"{type(net).__name__} has none", "give it one"))
    return found[-1]


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name, without running any code that it holds.

    A file named like a published one is compared with the SHA-256 in its name first. A checkpoint may hold
    them beside other things, under "state_dict", "model_state_dict" or "model", and with the "module." before
    each name that training in parallel leaves.

    Raises:
        DataError: the file is missing, damaged, or holds something other than tensors by name.
    """
    path = Path(path)
    if path.suffix not in ENDINGS or not path.is_file():
        must = f"weights must be in a file that ends in {', '.join(ENDINGS)}"
        found = f"{path} has another ending" if path.is_file() else f"there is no file {path}"
        raise DataError(message(must, found, "name the file with the weights"))
    _check_digest(path)
    try:
        state = _read(path)
    except _UNREADABLE as error:
        raise DataError(_unreadable(path, error)) from error
    state = _inside(state)
    if not isinstance(state, Mapping) or not all(isinstance(each, Tensor) for each in state.values()):
        must = f"{path} must hold tensors by name, as net.state_dict() gives them"
        do = "save it anew with torch.save(net.state_dict(), path)"
        raise DataError(message(must, f"it holds {_kind(state)}", do))
    prefix = _PARALLEL if all(str(name).startswith(_PARALLEL) for name in state) else ""
    return {str(name).removeprefix(prefix): tensor.detach() for name, tensor in state.items()}


def with_weights(name: str, state: Mapping[str, Tensor], where: str = "the weights") -> ResNet | VGG:
    """Return an architecture with these weights; as many classes as they have.

    Raises:
        DataError: names or shapes are not those of the architecture.
    """
    net = _without_numbers(name, state)
    expected = net.state_dict()
    problems = _differences(expected, state)
    if problems:
        shown = problems[:_MOST_NAMED]
        shown += [f"and {len(problems) - _MOST_NAMED} more"] if len(problems) > _MOST_NAMED else []
        must, do = f"{where} must hold the weights of {name}", "name the architecture that they are of"
        raise DataError(message(must, "; ".join(shown), do))
    net = net.to_empty(device="cpu")
    missing = {key: torch.zeros((), dtype=torch.int64) for key in expected if key not in state}
    net.load_state_dict({**state, **missing})
    return net


def _without_numbers(name: str, state: Mapping[str, Tensor]) -> ResNet | VGG:
    """Return an architecture without numbers, with as many classes as the weights have."""
    with torch.device("meta"):
        net = architecture(name)
        last = state.get(f"{last_linear(net)[0]}.weight")
        if last is not None and last.ndim == 2:
            replace_head(net, len(last))
    return net


def _looks_like_file(name: str | Path) -> bool:
    return isinstance(name, Path) or name.endswith(ENDINGS) or os.sep in name


def _found(name: str, source: str | Path | None) -> Path | None:
    """Return the file with the weights; None where torchvision is to be asked."""
    if source is not None and not Path(source).is_dir():
        return Path(source)
    folders = [Path(source)] if source is not None else _folders()
    file = PUBLISHED[name][0]
    names = (file, f"{name}.safetensors", f"{name}.pth")
    for path in (folder / each for folder in folders for each in names):
        if path.is_file():
            return path
    if source is None and find_spec("torchvision") is not None:
        return None
    raise DataError(_missing(name, folders))


def _folders() -> list[Path]:
    """Return the folders that are looked into: the user's data, and where torch keeps such files."""
    data = os.environ.get("GLASSNET_DATA")
    return [*([Path(data)] if data else []), Path(torch.hub.get_dir()) / "checkpoints"]


def _missing(name: str, folders: list[Path]) -> str:
    file, size = PUBLISHED[name]
    into = "into the folder that GLASSNET_DATA names" if len(folders) > 1 else f"into {folders[0]}"
    if "GLASSNET_DATA" not in os.environ and len(folders) == 1 and folders[0].name == "checkpoints":
        into = "into a folder and set GLASSNET_DATA to it"
    return message(
        f"the weights of {name} must be on this machine",
        f"{file} is not in {' or '.join(map(str, folders))}",
        f"get {ADDRESS}{file} ({size:g} MB) and put it {into}, or name the file (--pretrained FILE)",
    )


def _of_torchvision(name: str) -> dict[str, Tensor]:
    """Ask torchvision for its first weights of this name, those of its papers."""
    from torchvision import models  # type: ignore[import-not-found,import-untyped,unused-ignore]

    state = models.get_model_weights(name)["IMAGENET1K_V1"].get_state_dict(progress=False, check_hash=True)
    return dict(state)


def _check_digest(path: Path) -> None:
    """Compare a published file with the SHA-256 that its name begins to tell."""
    named = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if named is None or path.name not in {file for file, _ in PUBLISHED.values()}:
        return
    digest = file_sha256(path)
    if not digest.startswith(named[1]):
        must = f"the SHA-256 of {path.name} must begin with {named[1]}"
        raise DataError(message(must, f"that of {path} is {digest[:8]}...", "get the file once more"))


def _read(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _unreadable(path: Path, error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "") or type(error).__name__
    do = "get or save it once more; a file that needs code to be read is not opened"
    return message(f"{path} must be a whole file of tensors", first, do)


def _inside(state: Any) -> Any:
    """Return the weights inside a checkpoint, or what was read as it is."""
    if isinstance(state, Mapping):
        for name in _WRAPPERS:
            if isinstance(state.get(name), Mapping):
                return state[name]
    return state


def _kind(state: object) -> str:
    if not isinstance(state, Mapping):
        return f"something else, of type {type(state).__name__}"
    other = next(name for name, each in state.items() if not isinstance(each, Tensor))
    return f"{other!r}, of type {type(state[other]).__name__}"


def _differences(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    missing = [key for key in expected if key not in state and not key.endswith(_COUNTER)]
    problems = [f"{key} is missing" for key in missing]
    problems += [f"{key} belongs to no layer" for key in state if key not in expected]
    for key, each in expected.items():
        if key in state and tuple(state[key].shape) != tuple(each.shape):
            problems.append(f"{key} is {tuple(state[key].shape)} instead of {tuple(each.shape)}")
    return problems


def _recognised(state: Mapping[str, Tensor], where: str) -> str:
    """Return the architecture that the weights fit."""
    for name in PUBLISHED:
        if not _differences(_without_numbers(name, state).state_dict(), state):
            return name
    must = f"the weights in {where} must be those of a network that is known ({', '.join(PUBLISHED)})"
    some = ", ".join(f"{key} {tuple(each.shape)}" for key, each in list(state.items())[:3])
    do = "say which one it is, and what differs will be named"
    raise DataError(message(must, f"it holds {some}, ...", do))
