"""Training on one long text: parallel streams, truncated backpropagation, a hidden state that is carried on.

The text of an epoch is cut into as many streams as a batch has, which are read side by side. A step reads the
next ``window`` characters of each and predicts the character after each of them; gradients end at the window's
begin, what the net remembers goes on (Werbos 1990; Mikolov et al. 2010, section 2). Where the streams begin is
drawn for each epoch, a pure function of (seed, epoch), so that a resumed run needs no state of the text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from glassnet.engine.loop import Loop
from glassnet.engine.optim import learning_rate_factor
from glassnet.nets.recurrent import RecurrentNet, State
from glassnet.randomness import stream

EPOCH = 4_000_000
"""Most characters of an epoch: of a longer text an epoch reads a piece."""
LEAD_IN = 200
"""Characters that are read before those that are scored, in each stream of an evaluation."""
STREAMS = 64
"""Streams of an evaluation."""
_ANSWERS = 1 << 23
"""About how many numbers an evaluation lets the net put out at once."""
_PIECES = 1 << 30
"""Into so many parts the progress of a run is rounded, for the schedule of its learning rate."""

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


def computing(precision: str, device: torch.device) -> Any:
    """Return the context in which a net computes in a precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def character_losses(
    net: RecurrentNet,
    text: Tensor,
    first: int,
    precision: str = "float32",
    asked: Callable[[], None] | None = None,
) -> Tensor:
    """Return the loss in nats of each character from ``first`` on, given those before it.

    The characters are read as parallel streams, each of which begins ``LEAD_IN`` characters before the first
    that it scores, where there are so many. Leaves the net in evaluation mode.

    Args:
        text: codes, those before ``first`` included. Shape: (characters,).
        first: from 1 on: there is nothing before the first character to predict it from.
        asked: called now and then; an exception of it ends the evaluation.

    Shape: (characters - first,), float32.
    """
    net.eval()
    count = len(text) - first
    streams = max(1, min(STREAMS, count // LEAD_IN))
    length = -(-count // streams)
    lead = min(LEAD_IN, first - 1)
    ends = [min((each + 1) * length, count) for each in range(streams)]
    begins = [max(0, end - length) for end in ends]  # the last one overlaps the one before it
    place = torch.tensor(begins, device=text.device) + first - 1 - lead
    losses = torch.empty(streams, length, device=text.device)
    state: State | None = None
    at_once = max(1, min(LEAD_IN, _ANSWERS // (streams * net.spec.outputs)))
    with torch.no_grad(), computing(precision, text.device):
        for start in range(0, lead + length, at_once):
            steps = torch.arange(start, min(start + at_once, lead + length), device=text.device)
            at = steps[:, None] + place[None]
            answers, state = net(text[at], state)
            after = text[at + 1].to(torch.int64)
            found = F.cross_entropy(answers.float().flatten(0, 1), after.flatten(), reduction="none")
            scored = steps >= lead
            losses[:, steps[scored] - lead] = found.view(len(steps), streams)[scored].T
            if asked is not None:
                asked()
    whole = torch.empty(count, device=text.device)
    for each, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        whole[begin:end] = losses[each, : end - begin]
    return whole


@dataclass
class Course:
    """How far a run has come of the steps that it may take, which a budget may make fewer on the way.

    The learning rate follows ``progress``, from 0 to 1. Where the steps that are left become fewer, progress
    goes on from where it is, faster: the run still ends with the lowest rate.

    Attributes:
        total: steps of the whole run.
        since: (steps, progress) from which the present pace counts.
    """

    total: int
    since: tuple[int, float] = (0, 0.0)

    def progress(self, steps: int) -> float:
        """Return the part of the run that is behind after so many steps."""
        begun, behind = self.since
        return behind + (1 - behind) * (steps - begun) / max(1, self.total - begun)

    def shorten(self, steps: int, total: int) -> None:
        """Let the run end after ``total`` steps, ``steps`` of which are done."""
        self.since = steps, self.progress(steps)
        self.total = max(total, steps + 1)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON values, for the plan of a history."""
        return {"total": self.total, "since": list(self.since)}

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Course:
        """Read what :meth:`facts` wrote."""
        return cls(facts["total"], (int(facts["since"][0]), float(facts["since"][1])))


class CourseSchedule:
    """A callback: the learning rate by the progress of the run."""

    def __init__(self, course: Course, lr: float, schedule: str, warmup: float) -> None:
        self.course, self.lr, self.shape = course, lr, (schedule, warmup)

    def batch_begin(self, loop: Loop) -> None:
        """Set the rate of the next step."""
        schedule, warmup = self.shape
        place = min(int(self.course.progress(loop.step_count) * _PIECES), _PIECES - 1)
        factor = learning_rate_factor(schedule, place, _PIECES, warmup)
        for group in loop.optimizer.param_groups:
            group["lr"] = self.lr * factor


class KeepToBudget:
    """A callback: where the steps take longer than was planned for, the run becomes shorter.

    Args:
        deadline: of ``time.monotonic()``, by which training has to end.
        shortened: called when a run becomes shorter than planned.
    """

    every = 20
    """Steps after which the pace is looked at."""

    def __init__(self, course: Course, deadline: float, shortened: Callable[[], None]) -> None:
        self.course, self.deadline, self.shortened = course, deadline, shortened

    def fit_begin(self, loop: Loop) -> None:
        """Begin to measure."""
        self.began, self.first = time.monotonic(), loop.step_count

    def batch_end(self, loop: Loop) -> None:
        """Compare what is left to do with the time that is left."""
        done = loop.step_count - self.first
        if done % self.every or loop.step_count >= self.course.total:
            return
        now = time.monotonic()
        affordable = loop.step_count + int((self.deadline - now) * done / (now - self.began))
        if affordable < self.course.total:
            self.course.shorten(loop.step_count, affordable)
            loop.epochs = -(-self.course.total // loop.steps_per_epoch)
            loop.history.plan["course"] = self.course.facts()
            self.shortened()
