"""Snapshots: the weights of a net after each epoch, to look at how it moved."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

from glassnet.engine.callbacks import put_back, weights_of
from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from torch import Tensor, nn

    from glassnet.engine.loop import Loop


class Snapshots:
    """A callback that keeps the weights at the start and after every so many epochs.

        snapshots = gn.Snapshots()
        gn.fit(net, X, y, loss="mse", callbacks=[snapshots])
        gn.plot_boundary(snapshots, X, y)

    Attributes:
        every: after how many epochs weights are kept.
        epochs: those of which weights are kept; 0 is the start.
        losses: the training loss of each; None at the start.
    """

    def __init__(self, every: int = 1) -> None:
        if every < 1:
            raise RecipeError(message("every must be 1 or more", f"every={every}", "leave it at 1"))
        self.every = every
        self.epochs: list[int] = []
        self.losses: list[float | None] = []
        self._weights: list[dict[str, Tensor]] = []
        self._net: nn.Module | None = None

    def fit_begin(self, loop: Loop) -> None:
        """Keep the start, or go on where a run goes on."""
        if not self.epochs:
            self._keep(loop, None)

    def epoch_end(self, loop: Loop) -> None:
        """Keep the weights after an epoch."""
        record = loop.history[-1]
        if record.epoch % self.every == 0:
            self._keep(loop, record.train_loss)

    def nets(self) -> Iterator[nn.Module]:
        """Yield the net with the weights of each epoch that was kept, one after the other in one module.

        Raises:
            RecipeError: nothing was trained.
        """
        if self._net is None:
            raise RecipeError(
                message("snapshots are kept while a net is trained", "there are none", "pass them to gn.fit")
            )
        for weights in self._weights:
            put_back(self._net, weights)
            yield self._net

    def _keep(self, loop: Loop, loss: float | None) -> None:
        if self._net is None:
            self._net = copy.deepcopy(loop.net)
        self.epochs.append(len(loop.history))
        self.losses.append(loss)
        self._weights.append(weights_of(loop.net))
