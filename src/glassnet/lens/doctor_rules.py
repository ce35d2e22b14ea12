"""The doctor's rules about how a net is built and what its layers do, one function a rule.

Thresholds come from the literature or from what the field calls a scale out of range; none is fitted to data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np
from torch import nn

from glassnet.lens import doctor_changes as changes
from glassnet.lens.doctor_changes import Change
from glassnet.lens.doctor_evidence import Evidence, Suspicion
from glassnet.lens.doctor_input_rules import applied_twice, last_module
from glassnet.lens.doctor_look import Activation, Look
from glassnet.lens.doctor_run import Case
from glassnet.lens.doctor_view import Finding
from glassnet.lens.numerals import counted, number, percent

GRADIENT_RATIO = 1e3
"""Gradients vanish or explode where they change by this factor from the first layer to the last."""
DEAD = 0.5
FITTED = 0.1
SATURATED = 0.5
"""Share of a layer's units that never answer, or of its answers with hardly a slope."""


def no_gradient(seen: Evidence) -> Iterator[Suspicion]:
    """Parameters that cannot learn."""
    unreached = seen.start.unreached
    if not unreached:
        return
    by_reason: dict[str, list[str]] = {}
    for name, reason in unreached.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        is_frozen = reason.startswith("requires_grad")
        do = "set requires_grad_(True) on it, unless it is frozen on purpose"
        yield Suspicion(
            Finding(
                "no_gradient",
                f"{', '.join(names[:6])}{', ...' if len(names) > 6 else ''}: {reason}",
                "what has no gradient never changes, so these weights stay as they were drawn",
                do
                if is_frozen
                else "compute the loss from the net's own tensors, without detach() or no_grad()",
                layer=names[0].rpartition(".")[0] or names[0],
                epoch=0,
                numbers={"parameters": len(names), "of": len(seen.start.norms)},
            ),
            Change(changes.thawed) if is_frozen else None,
        )


def same_units(seen: Evidence) -> Iterator[Suspicion]:
    """Units that began alike and stay alike."""
    last = {each.name: each for each in seen.end.weights}
    hidden = seen.start.weights[:-1]
    alike = [each for each in hidden if each.same and each.name in last and last[each.name].same]
    if alike:
        first = alike[0]
        yield Suspicion(
            Finding(
                "same_units",
                f"all {first.outputs} units of layer {first.name} have the same weights at the start and at "
                "the end",
                "units that begin alike get the same gradient and stay alike, so the layer is one unit wide",
                "begin with random weights, such as torch's own or init='kaiming_normal'",
                layer=first.name,
                epoch=seen.end.epoch,
                numbers={"units": first.outputs, "layers": len(alike)},
            ),
            Change(partial(changes.started_anew, "tanh")),
        )


_RANGES = {"relu": (0.0, math.inf), "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def activation_on_output(seen: Evidence) -> Iterator[Suspicion]:
    """A last activation whose range does not hold the targets, or the logits."""
    last = seen.end.last
    if last not in _RANGES or applied_twice(seen):
        return
    low, high = _RANGES[last]
    y = seen.case.train.y
    is_logit = seen.loss in ("cross_entropy", "binary_cross_entropy")
    outside = 1.0 if is_logit else float(((y < low) | (y > high)).float().mean())
    if outside < 0.02 or (not is_logit and not y.is_floating_point()):
        return
    told = (
        "the loss takes scores of any size" if is_logit else f"{percent(outside)} of the targets lie outside"
    )
    span = "at or above 0" if last == "relu" else f"between {low:g} and {high:g}"
    yield Suspicion(
        Finding(
            "activation_on_output",
            f"the net ends with {last}, so its answers are {span}, and {told}",
            "the last layer must be able to answer every value that is asked for",
            f"leave out the {last} after the last layer",
            layer=last_module(seen.case.net),
            numbers={"outside": outside},
        ),
        Change(changes.without_last_activation) if changes.can_rebuild(seen.case.net) else None,
    )


def _ratio(look: Look) -> float:
    """Return the gradient's norm at the first layer beside that at the last; NaN where there are too few."""
    deltas = [each.delta for each in look.weights if not math.isnan(each.delta)]
    return deltas[0] / deltas[-1] if len(deltas) > 2 and deltas[-1] > 0 else math.nan


def exploding_gradients(seen: Evidence) -> Iterator[Suspicion]:
    """Gradients that grow on their way back through the layers."""
    ratio = _ratio(seen.start)
    if not ratio > GRADIENT_RATIO:
        return
    first, last = seen.start.weights[0], seen.start.weights[-1]
    yield Suspicion(
        Finding(
            "exploding_gradients",
            f"the gradient at layer {first.name} is {number(ratio, 3)} times that at layer {last.name}, and "
            f"outputs are of the size {number(last.size, 3)}, before the first step",
            "each layer multiplies what passes through it by more than 1, and the factors multiply",
            "begin with smaller weights, as suits the activation (He for ReLU, Glorot for tanh and sigmoid)",
            layer=first.name,
            epoch=0,
            numbers={"ratio": ratio, "layers": len(seen.start.weights), "output_size": last.size},
        ),
        Change(partial(changes.started_anew, _suits(seen.start))),
    )


def vanishing_gradients(seen: Evidence) -> Iterator[Suspicion]:
    """Gradients that shrink on their way back, at the start and for most of the run."""
    ratios = [each for each in map(_ratio, seen.run.looks) if not math.isnan(each)]
    if not ratios or any(each.dead >= DEAD for each in seen.start.activations):
        return
    ratio = float(np.median(ratios))
    if max(ratios[0], ratio) * GRADIENT_RATIO >= 1:
        return
    first, last = seen.start.weights[0], seen.start.weights[-1]
    kinds = {each.kind for each in seen.start.activations}
    why = "the slope of the sigmoid is at most 1/4" if "sigmoid" in kinds else "slopes and weights are small"
    old = nn.Sigmoid if "sigmoid" in kinds else nn.Tanh
    can = any(isinstance(each, old) for each in seen.case.net.modules())
    yield Suspicion(
        Finding(
            "vanishing_gradients",
            f"the gradient at layer {first.name} is {number(ratio, 3)} of that at layer {last.name} "
            f"(median of {counted(len(ratios), 'look')}; {number(ratios[0], 3)} at the start)",
            f"each of {len(seen.start.weights)} layers shrinks the gradient, because {why}; "
            "so the first layers hardly learn",
            "use ReLU in place of the hidden activations, with He's initial weights, or fewer layers",
            layer=first.name,
            epoch=0,
            numbers={"ratio": ratio, "at_start": ratios[0], "layers": len(seen.start.weights)},
        ),
        Change(
            partial(changes.with_activations, old, nn.ReLU) if can else partial(changes.started_anew, "relu")
        ),
    )


def _suits(look: Look) -> Literal["relu", "tanh"]:
    return "relu" if any(each.kind == "relu" for each in look.activations) else "tanh"


def _anew_and_scaled(kind: Literal["relu", "tanh"], case: Case) -> Case:
    return changes.started_anew(kind, changes.standardised(case))


def _worst(look: Look, kinds: tuple[str, ...], share: str) -> Activation | None:
    layers = [each for each in look.activations if each.kind in kinds and each.units > 1]
    return max(layers, key=lambda each: getattr(each, share), default=None)


def dead_relu(seen: Evidence) -> Iterator[Suspicion]:
    """ReLU units that are 0 for every row."""
    worst, first = _worst(seen.end, ("relu",), "dead"), _worst(seen.start, ("relu",), "dead")
    at_start = first is not None and first.dead >= DEAD
    if worst is None or worst.dead < DEAD:
        return
    if worst.dead < 1 and not at_start and seen.end.loss < FITTED * seen.constant_on_training_rows:
        return  # the units that live fit the rows: the dead ones cost nothing
    dead = round(worst.dead * worst.units)
    because = (
        "they were so before the first step: weights and biases, or inputs of another size, put them there"
        if at_start
        else "a step that was too long pushed their weights to where no row reaches them"
    )
    change = (
        Change(partial(_anew_and_scaled, "relu")) if at_start else Change(partial(changes.rate_times, 0.1))
    )
    yield Suspicion(
        Finding(
            "dead_relu",
            f"{dead} of {worst.units} units of layer {worst.name} are 0 for every training row",
            f"a unit that is 0 for every row has no gradient and cannot come back; {because}",
            "begin with He's weights and biases of 0, and scale the inputs"
            if at_start
            else "lower the learning rate to a tenth",
            layer=worst.name,
            epoch=0 if at_start else _first_epoch(seen, worst.name),
            numbers={"dead": dead, "units": worst.units, "share": worst.dead},
        ),
        change,
    )


def _first_epoch(seen: Evidence, name: str) -> int:
    return next(
        look.epoch
        for look in seen.run.looks
        for each in look.activations
        if each.name == name and each.dead >= DEAD
    )


def saturated_units(seen: Evidence) -> Iterator[Suspicion]:
    """Sigmoid or tanh units far out on their flat ends, from the start."""
    worst = _worst(seen.start, ("sigmoid", "tanh"), "flat")
    if worst is None or worst.flat < SATURATED:
        return
    yield Suspicion(
        Finding(
            "saturated_units",
            f"{percent(worst.flat)} of the answers of layer {worst.name} ({worst.kind}) lie on its flat "
            "ends, before the first step",
            "there the slope is below 5 % of its highest, so hardly a gradient passes; weights or inputs are "
            "too large for this activation",
            "begin with smaller weights (Glorot's), and scale the inputs to mean 0 and deviation 1",
            layer=worst.name,
            epoch=0,
            numbers={"share": worst.flat, "units": worst.units},
        ),
        Change(partial(_anew_and_scaled, "tanh")),
    )


RULES = (
    no_gradient,
    same_units,
    activation_on_output,
    exploding_gradients,
    vanishing_gradients,
    dead_relu,
    saturated_units,
)
