"""What one batch means: a step maps a batch to its loss.

    step(batch) -> {"loss": scalar tensor to descend, "weight": what it counts for in the epoch's mean}

"weight" may be left out (each batch counts 1). Further entries are allowed and are kept in
``loop.outcome`` for callbacks. A step for two networks updates the other one itself and returns the loss of
the one that the loop's optimiser holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from glassnet.engine.losses import Loss
from glassnet.engine.rows import Rows
from glassnet.nets.tabular import TabularNet

Step = Callable[[Any], Mapping[str, Any]]


def supervised_step(
    net: nn.Module, loss: Loss, precision: str = "float32"
) -> Callable[[Rows], dict[str, Any]]:
    """Return the step of supervised learning: the weighted mean loss of the net's outputs on a batch.

    Each member of a tabular net answers every row: targets and weights are repeated for each.

    Args:
        precision: "float32" computes in the net's own dtype; "bfloat16" runs the net under autocast, while
            weights, optimiser and loss stay as they are.
    """
    forward = net if precision == "float32" else _under_autocast(net)

    def step(batch: Rows) -> dict[str, Any]:
        target, weight = batch.y, batch.weight
        if isinstance(net, TabularNet):
            target = net.once_a_member(target)
            weight = None if weight is None else net.once_a_member(weight)
        value = loss(forward(batch.X), target, weight)
        return {"loss": value, "weight": len(batch.y) if batch.weight is None else batch.weight.sum()}

    return step


def evaluate(net: nn.Module, loss: Loss, rows: Rows, batch_rows: int, precision: str) -> tuple[float, Tensor]:
    """Return the loss over all rows and the net's outputs, in evaluation mode and without gradients.

    The net is fed ``batch_rows`` rows at a time. Leaves the net in evaluation mode.
    """
    forward = net if precision == "float32" else _under_autocast(net)
    net.eval()
    with torch.no_grad():
        output = torch.cat([forward(X) for X in rows.pieces(batch_rows)])
        return float(loss(output, rows.y, rows.weight)), output


def _under_autocast(net: nn.Module) -> Callable[[Tensor], Tensor]:
    def forward(X: Tensor) -> Tensor:
        with torch.autocast(X.device.type, dtype=torch.bfloat16):
            output: Tensor = net(X)
        return output

    return forward
