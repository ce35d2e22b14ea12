"""How far a run has come of the steps that it takes, where a time budget may change them on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassnet.engine.loop import Loop
from glassnet.engine.optim import learning_rate_factor

_PIECES = 1 << 30
"""Into so many parts the progress of a run is rounded, for the schedule of its learning rate."""


@dataclass
class Course:
    """How far a run has come of the steps that it takes, which a budget may change on the way.

    The learning rate follows ``progress``, from 0 to 1. Where the steps that are left become more or fewer,
    progress goes on from where it is, at another pace: the run still ends with the lowest rate.

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

    def change(self, steps: int, total: int) -> None:
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
    """A callback: the learning rate by the progress of the run.

    A group of parameters that has a ``share`` learns at that share of the rate.
    """

    def __init__(self, course: Course, lr: float, schedule: str, warmup: float) -> None:
        self.course, self.lr, self.shape = course, lr, (schedule, warmup)

    def batch_begin(self, loop: Loop) -> None:
        """Set the rate of the next step."""
        schedule, warmup = self.shape
        place = min(int(self.course.progress(loop.step_count) * _PIECES), _PIECES - 1)
        factor = learning_rate_factor(schedule, place, _PIECES, warmup)
        for group in loop.optimizer.param_groups:
            group["lr"] = self.lr * factor * group.get("share", 1.0)


class KeepToBudget:
    """A callback: where steps take longer or shorter than was planned for, there are fewer or more of them.

    Args:
        deadline: of ``time.monotonic()``, by which training has to end; the run aims at a little before it.
        most: steps of the longest run.
        changed: called when the run becomes longer or shorter than planned.
    """

    every = 5
    """Steps after which the pace is looked at."""
    tolerance = 0.02
    """Share of the steps by which a run may be off before it is changed."""

    def __init__(self, course: Course, deadline: float, most: int, changed: Callable[[], None]) -> None:
        self.course, self.deadline, self.most, self.changed = course, deadline, most, changed

    def fit_begin(self, loop: Loop) -> None:
        """Begin to measure."""
        self.began, self.first = time.monotonic(), loop.step_count
        self.aim = self.deadline - self.tolerance * (self.deadline - self.began)

    def batch_end(self, loop: Loop) -> None:
        """Compare what is left to do with the time that is left."""
        steps, done = loop.step_count, loop.step_count - self.first
        if done % self.every or steps >= self.course.total:
            return
        now = time.monotonic()
        pace = done / (now - self.began)
        total = min(self.most, steps + int((self.aim - now) * pace))
        if abs(total - self.course.total) > max(1, self.tolerance * (self.course.total - steps)):
            self.course.change(steps, total)
            loop.epochs = -(-self.course.total // loop.steps_per_epoch)
            loop.history.plan["course"] = self.course.facts()
            self.changed()
