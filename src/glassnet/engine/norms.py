"""The statistics of batch norm, taken anew before a net is judged."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from glassnet.engine.evaluating import evaluating


def settle_norms(net: nn.Module, batches: Iterable[Tensor]) -> None:
    """Let each batch norm normalise by the mean and the variance of these batches; nothing is learned.

    While a net learns, they follow the last few batches only, and these are of varied and mixed inputs,
    unlike those that are asked later ("precise batch norm": Wu and Johnson 2021, "Rethinking 'Batch' in
    BatchNorm").

    Args:
        batches: of two inputs and more, as the net takes them; all count alike.
    """
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    norms = [each for each in net.modules() if isinstance(each, kinds) and each.track_running_stats]
    if not norms:
        return
    momenta = [each.momentum for each in norms]
    try:
        with evaluating(net), torch.no_grad():
            for each in norms:
                each.train()
                each.reset_running_stats()
                each.momentum = None  # the mean of all batches
            for batch in batches:
                net(batch)
    finally:
        for each, momentum in zip(norms, momenta, strict=True):
            each.momentum = momentum
