"""What the doctor says: findings with their evidence, as plain data with a readable text.

Names of findings are fixed words, such as ``dead_relu``; :data:`TITLES` has them all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from glassnet.lens.numerals import counted, number, signed

TITLES: Mapping[str, str] = {
    "not_finite": "The training broke down",
    "broadcast_targets": "Targets are broadcast against the outputs",
    "gradients_not_cleared": "Gradients are not cleared",
    "softmax_twice": "Softmax or sigmoid is applied twice",
    "labels_in_inputs": "The labels are in the inputs",
    "no_gradient": "No gradient reaches some weights",
    "same_units": "The units of a layer are all the same",
    "activation_on_output": "The last activation cuts the answers off",
    "inputs_not_scaled": "The inputs are not scaled",
    "exploding_gradients": "Exploding gradients",
    "vanishing_gradients": "Vanishing gradients",
    "dead_relu": "Dead ReLU units",
    "saturated_units": "Saturated units",
    "learning_rate_too_high": "The learning rate is too high",
    "learning_rate_too_low": "The learning rate is too low",
    "weight_decay_too_large": "The weights are held down too much",
    "too_few_rows": "Too few rows",
    "overfitting": "Overfitting",
    "underfitting": "Underfitting",
    "constant_prediction": "It answers the same to every row",
    "nothing_to_learn": "Nothing that could be learned was found",
}
"""Every finding by its name, the one nearest to the root first: the order in which they are said."""

Figure = float | int | str | None


@dataclass(frozen=True)
class Proof:
    """The smallest change, tried beside the original.

    Attributes:
        outcome: "confirmed"; "withdrawn" where the change did not do what the finding says; "not tried".
        measured: what was compared: the loss of held-out rows, or why nothing was.
        before, after: mean loss of the original and of the changed training; None where one broke down.
        difference: what the change does to the loss, mean over the pairs: as a share of it (-0.5 is half the
            loss, means are geometric) where ``relative``, else after minus before.
        interval: the 95 % interval of that mean (Student's t over the pairs); None where there is none.
        seeds: how many pairs were trained, each pair from the same weights, rows and order of rows.
    """

    outcome: Literal["confirmed", "withdrawn", "not tried"]
    measured: str
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    relative: bool = False
    seeds: int = 0

    def __str__(self) -> str:
        if self.outcome == "not tried":
            return f"not tried: {self.measured}"
        pairs = counted(self.seeds, "pair")
        shown = ["not finite" if each is None else number(each, 3) for each in (self.before, self.after)]
        told = f"{self.measured} {shown[0]} before, {shown[1]} after the change"
        if self.difference is None or self.interval is None:
            return f"{told}, {pairs}"
        scale, unit = (100, " %") if self.relative else (1, "")
        mean, low, high = (signed(scale * each) + unit for each in (self.difference, *self.interval))
        return f"{told}: {mean} [{low}, {high}], {pairs}"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or looks so.

    Attributes:
        name: one of :data:`TITLES`.
        evidence: what was seen, in words and numbers.
        cause: why it happens, in one sentence.
        change: the smallest change that should help.
        layer: the layer that it is about, by its name in the net; None: the whole.
        epoch: the epoch in which it shows; 0 is before the first step; None: it has no time.
        numbers: the numbers of the evidence by name.
        proof: what came of trying the change; None where that was not asked for.
    """

    name: str
    evidence: str
    cause: str
    change: str
    layer: str | None = None
    epoch: int | None = None
    numbers: Mapping[str, Figure] = field(default_factory=dict)
    proof: Proof | None = None

    @property
    def title(self) -> str:
        """What is wrong, in a few words."""
        return TITLES[self.name]

    def lines(self) -> list[str]:
        """Return the finding as lines of text."""
        said = [f"{self.title}  ({self.name})", f"  seen:   {self.evidence}", f"  cause:  {self.cause}"]
        said.append(f"  change: {self.change}")
        return said if self.proof is None else [*said, f"  tried:  {self.proof}"]


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found in one net and its training.

    Attributes:
        findings: what is wrong, the one nearest to the root first; empty where nothing was found.
        withdrawn: findings whose change, when tried, did not help.
        seen: what was looked at, in words.
        notes: what could not be looked at and why, and what else the reader should know.
    """

    findings: tuple[Finding, ...]
    withdrawn: tuple[Finding, ...] = ()
    seen: str = ""
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings."""
        return tuple(each.name for each in self.findings)

    def __str__(self) -> str:
        lines = [f"Diagnosis of {self.seen}"]
        if not self.findings and not self.withdrawn:
            lines += ["", "Nothing found: none of the doctor's rules has anything to say."]
        for place, each in enumerate(self.findings, start=1):
            lines += ["", *_numbered(place, each)]
        for each in self.withdrawn:
            lines += ["", "Withdrawn, because its change did not help when it was tried:", *each.lines()]
        return "\n".join([*lines, *([""] if self.notes else []), *(f"note: {each}" for each in self.notes)])

    def to_json(self) -> str:
        """Return everything as one JSON object; numbers that are not finite become null."""
        return json.dumps(_plain(asdict(self)), ensure_ascii=False, allow_nan=False)


def _numbered(place: int, finding: Finding) -> list[str]:
    first, *others = finding.lines()
    return [f"{place}. {first}", *(f" {each}" for each in others)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
