"""The net as it was after an earlier epoch, from the weights that a run kept."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from glassnet.engine.epoch_weights import kept_epochs, read_epoch
from glassnet.errors import RecipeError, message

_MUST = "epoch must be one whose weights were kept"


def net_of_epoch(net: nn.Module, weights: str | Path, epoch: int, *, led_here: bool) -> nn.Module:
    """Return a copy of the net with the weights that it had after an epoch.

    Args:
        net: is not changed.
        weights: the folder of a callback ``EpochWeights``, or the folder ``weights`` of a run, which has one
            folder for each training.
        epoch: counted from 1.
        led_here: only a training of which some epoch has the very weights of ``net`` counts, because a run
            can have several.

    Raises:
        RecipeError: the epoch is not there, or its weights are those of another net.
    """
    root = Path(weights)
    folders = [each for each in [root, *sorted(root.glob("*/"))] if kept_epochs(each)]
    if led_here:
        folders = [each for each in folders if _leads_to(each, net)]
    if not folders:
        found = f"{root} holds {'no training that led to this model' if led_here else 'none'}"
        raise RecipeError(message(_MUST, found, "train with keep_weights=True, and name the run's weights"))
    kept = kept_epochs(folders[0])
    if epoch not in kept:
        found = f"epoch={epoch}, and {folders[0]} holds {len(kept)} from {kept[0]} to {kept[-1]}"
        raise RecipeError(message(_MUST, found, "choose one of them"))
    tensors = read_epoch(folders[0], epoch)
    if _forms(tensors) != _forms(net.state_dict()):
        found = f"{folders[0]} holds those of another net"
        raise RecipeError(message(_MUST, found, "pass the net that was trained with this folder"))
    twin = copy.deepcopy(net)
    twin.load_state_dict(tensors)
    return twin


def _leads_to(folder: Path, net: nn.Module) -> bool:
    """Say whether the net has the weights of one of the epochs, to the bit."""
    wanted = {name: each.cpu() for name, each in net.state_dict().items()}
    for epoch in reversed(kept_epochs(folder)):
        tensors = read_epoch(folder, epoch)
        if _forms(tensors) != _forms(wanted):
            return False
        if all(torch.equal(tensors[name], each) for name, each in wanted.items()):
            return True
    return False


def _forms(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(each.shape) for name, each in tensors.items()}
