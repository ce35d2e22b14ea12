"""Transfer: what a trained network sees in a photo, computed once; a new head on it; then unfreezing.

    backbone, width = split_backbone(net)           # all but the last layer; the same weights
    seen = features(backbone, photos)               # once: (n, width), then an epoch of the head is nothing
    ...                                             # train nn.Linear(width, classes) on them
    groups = layer_rates(net, lr=1e-3)              # lower layers learn more slowly
    optimizer = torch.optim.AdamW(groups)

Source: Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features in deep neural networks?";
Howard and Ruder 2018, "Universal Language Model Fine-tuning", 3.2, for rates by layer.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.arrays import device_of, dtype_of
from glassnet.engine.evaluating import evaluating
from glassnet.errors import RecipeError, WorkError, message
from glassnet.nets.pretrained import last_linear
from glassnet.nets.resnet import ResNet
from glassnet.nets.vgg import VGG
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 32
Told = Callable[[int, int], None]


class Photos(Protocol):
    """Photos as a net takes them, part by part: a tensor, or what makes one when a part is asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, part: slice) -> Tensor:
        """Return some of them. Shape: (part, channels, height, width)."""


def split_backbone(net: nn.Module) -> tuple[nn.Module, int]:
    """Return all of a network but its last linear layer, and how many numbers that gives for a photo.

    Weights and running means are shared with the network: what is trained in one is trained in the other.

    Raises:
        RecipeError: the network has no linear layer.
    """
    name, last = last_linear(net)
    shared: dict[int, Any] = {id(each): each for each in (*net.parameters(), *net.buffers())}
    backbone = copy.deepcopy(net, shared)
    owner = backbone.get_submodule(name.rpartition(".")[0])
    setattr(owner, name.rpartition(".")[2], nn.Identity())
    return backbone, last.in_features


def features(
    backbone: nn.Module,
    photos: Tensor | Photos,
    told: Told | None = None,
    *,
    batch_size: int = BATCH,
    precision: Literal["float32", "bfloat16"] = "float32",
) -> NDArray[np.float32]:
    """Return what a frozen network gives for each photo. Shape: (n, width).

    The network runs in evaluation mode and without gradients, and is left as it was.

    Args:
        backbone: of :func:`split_backbone`, or any network.
        photos: of shape (n, channels, height, width), normalised as the network wants them.
        told: is called with how many are done, and how many there are.
        batch_size: so many at once.
        precision: of the products; the answer is float32 in both.

    Raises:
        WorkError: a number that comes out is not finite.
    """
    device, dtype = device_of(backbone), dtype_of(backbone)
    # Other nets may call view, which such a layout does not bear.
    layout = torch.channels_last if isinstance(backbone, ResNet | VGG) else torch.contiguous_format
    found: list[NDArray[np.float32]] = []
    mixed = torch.autocast(device.type, torch.bfloat16, precision == "bfloat16")
    with evaluating(backbone), torch.inference_mode(), mixed:
        for start in range(0, len(photos), batch_size):
            part = photos[start : start + batch_size].to(device, dtype)
            seen = backbone(part.clone(memory_format=layout))
            found.append(seen.flatten(1).float().cpu().numpy())
            if told is not None:
                told(min(start + batch_size, len(photos)), len(photos))
    answer = np.concatenate(found) if found else np.empty((0, 0), dtype=np.float32)
    if not np.isfinite(answer).all():
        must, do = "features must be finite numbers", "look at the weights and at how photos are normalised"
        raise WorkError(message(must, "some are not", do))
    return answer


def cached_features(
    folder: Path, key: Sequence[str], make: Callable[[], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return features from a cache, memory-mapped; make and keep them where they are not in it.

    Args:
        folder: exists already.
        key: all that they depend on: fingerprints of the photos and of the weights, size, precision.
        make: is called where they are not there, or cannot be read.
    """
    digest = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
    path = folder / f"features-{digest}.npy"
    try:
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]
    except (OSError, ValueError, EOFError):
        made = make()
    data = io.BytesIO()
    np.save(data, made)
    write_atomically(path, data.getvalue())
    return made


def weights_fingerprint(net: nn.Module) -> str:
    """Return the SHA-256 of a network's weights and running means, with their names."""
    digest = hashlib.sha256()
    for name, each in sorted(net.state_dict().items()):
        digest.update(f"{name} {tuple(each.shape)} {each.dtype}\n".encode())
        digest.update(each.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def freeze(net: nn.Module, *, head: bool = False) -> None:
    """Let no part of a network learn any more but its last linear layer; ``head`` freezes that as well."""
    net.requires_grad_(requires_grad=False)
    if not head:
        last_linear(net)[1].requires_grad_()


def layer_rates(net: nn.Module, lr: float, factor: float = 0.5) -> list[dict[str, Any]]:
    """Return parameter groups for an optimiser of torch: each part below the head learns more slowly.

    The head has the rate ``lr``, the part below it ``lr * factor``, the next ``lr * factor ** 2``, and so on.
    Frozen parameters are left out; all are unfrozen by ``net.requires_grad_()``.

    Args:
        net: a network with ``stages()``, such as those of ``nets.pretrained``; of others each child that
            learns is a part.
        lr: of the head, above 0.
        factor: above 0, to 1: all the same.

    Raises:
        RecipeError: a value is out of its range, or nothing is left to learn.
    """
    if not (lr > 0 and 0 < factor <= 1):
        must, do = "lr must be above 0 and factor above 0, at most 1", "write, say, lr=1e-3, factor=0.5"
        raise RecipeError(message(must, f"lr={lr}, factor={factor}", do))
    groups: list[dict[str, Any]] = []
    seen: set[int] = set()
    for name, parts in _stages(net).items():
        found = [each for part in parts for each in part.parameters() if id(each) not in seen]
        seen |= {id(each) for each in found}
        trained = [each for each in found if each.requires_grad]
        groups.append({"name": name, "params": trained})
    for above, group in enumerate(reversed(groups)):
        group["lr"] = lr * factor**above
    kept = [group for group in groups if group["params"]]
    if not kept:
        must, found_text = "some parameter must be there to learn", "all are frozen"
        raise RecipeError(message(must, found_text, "call net.requires_grad_()"))
    return kept


def _stages(net: nn.Module) -> dict[str, list[nn.Module]]:
    """Return the parts of a network that learn, from the input to the answer."""
    stages = getattr(net, "stages", None)
    if callable(stages):
        found: dict[str, list[nn.Module]] = stages()
        return found
    return {name: [each] for name, each in net.named_children() if any(True for _ in each.parameters())}
