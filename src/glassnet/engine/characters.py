"""Training on one long text: parallel streams, truncated backpropagation, a hidden state that is carried on.

The text of an epoch is cut into as many streams as a batch has, which are read side by side. A step reads
the next ``window`` characters of each and predicts the character after each of them; gradients end where the
window begins, what the net remembers goes on (Werbos 1990; Mikolov et al. 2010, section 2). Where the streams
begin is a pure function of (seed, epoch), so that a resumed run needs no state of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from glassnet.engine.precision import computing
from glassnet.nets.recurrent import RecurrentNet, State
from glassnet.randomness import stream

EPOCH = 4_000_000
"""Most characters of an epoch: of a longer text an epoch reads a piece."""
LEAD_IN = 200
"""Characters that are read before those that are scored, in each stream of an evaluation."""
STREAMS = 64
"""Streams of an evaluation."""
_ANSWERS = 1 << 21
"""About how many numbers an evaluation lets the net put out at once."""

Batch = tuple[Tensor, Tensor]
"""Characters that are read and those that follow them: two of shape (window, streams)."""


@dataclass(frozen=True)
class Streams:
    """How a text of ``characters`` is read: so many streams side by side, so many characters a step."""

    characters: int
    streams: int
    window: int
    seed: int

    @property
    def length(self) -> int:
        """Characters of one stream in an epoch."""
        return (min(self.characters, EPOCH) - 1) // self.streams

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-self.length // self.window)

    def batches(self, text: Tensor, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 1; the last window may be shorter.

        The text counts as a ring: of a long one each epoch reads the next piece.

        Args:
            text: codes. Shape: (characters,).
        """
        first = int(stream(self.seed, "streams").integers(self.characters))
        drawn = int(stream(self.seed, "streams", epoch).integers(self.length))
        used = self.streams * self.length
        begin = (first + (epoch - 1) * used + drawn) % self.characters
        ring = torch.cat([text[begin : begin + used + 1], text[: max(0, begin + used + 1 - self.characters)]])
        read, after = ring[:-1].view(self.streams, -1).T, ring[1:].view(self.streams, -1).T
        for start in range(0, self.length, self.window):
            stop = start + self.window
            yield read[start:stop].contiguous(), after[start:stop].to(torch.int64)


class CarriedStep:
    """The loop's step: the mean loss of a batch, and the state of the streams carried to the next one."""

    def __init__(self, net: RecurrentNet, precision: str) -> None:
        self.net, self.precision = net, precision
        self.state: State | None = None

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """Return the loss in nats, and the number of characters as its weight."""
        read, after = batch
        with computing(self.precision, read.device):
            answers, state = self.net(read, self.state)
        self.state = tuple(each.detach() for each in state)
        loss = F.cross_entropy(answers.float().flatten(0, 1), after.flatten())
        return {"loss": loss, "weight": after.numel()}

    def forget(self) -> None:
        """Begin an epoch: other streams, of which nothing is remembered."""
        self.state = None


def character_losses(
    net: RecurrentNet,
    text: Tensor,
    first: int,
    precision: str = "float32",
) -> Tensor:
    """Return the loss in nats of each character from ``first`` on, given those before it.

    The characters are read as parallel streams, each of which begins ``LEAD_IN`` characters before the first
    that it scores, or at the beginning of the text. Leaves the net in evaluation mode.

    Args:
        text: codes, those before ``first`` included. Shape: (characters,).
        first: from 1 on: there is nothing before the first character to predict it from.

    Shape: (characters - first,), float32.
    """
    net.eval()
    begin, end = max(0, first - 1 - LEAD_IN), len(text) - 1
    streams = max(1, min(STREAMS, (end - begin) // (2 * LEAD_IN)))
    length = -(-(end - begin + (streams - 1) * LEAD_IN) // streams)
    begins = [min(begin + each * (length - LEAD_IN), end - length) for each in range(streams)]
    read = _losses_of_streams(net, text, begins, length, precision)
    losses = torch.empty(len(text) - first, device=text.device)
    for each in reversed(range(streams)):  # what two streams have read counts as the earlier one has it
        scored = max(first - 1, begins[each] + (LEAD_IN if each else 0))
        losses[scored + 1 - first : begins[each] + length + 1 - first] = read[scored - begins[each] :, each]
    return losses


def _losses_of_streams(
    net: RecurrentNet, text: Tensor, begins: list[int], length: int, precision: str
) -> Tensor:
    """Read ``length`` characters from each beginning on, and return the loss of the one after each.

    Shape: (length, streams).
    """
    place = torch.tensor(begins, device=text.device)
    at_once = max(1, min(length, _ANSWERS // (len(begins) * net.spec.outputs)))
    state: State | None = None
    losses = []
    with torch.no_grad(), computing(precision, text.device):
        for start in range(0, length, at_once):
            steps = torch.arange(start, min(start + at_once, length), device=text.device)
            at = steps[:, None] + place
            answers, state = net(text[at], state)
            after = text[at + 1].to(torch.int64)
            found = F.cross_entropy(answers.float().flatten(0, 1), after.flatten(), reduction="none")
            losses.append(found.view(at.shape))
    return torch.cat(losses)
