"""The doctor's rules about what a net is fed and how its loss is used, one function a rule.

Thresholds say what the field calls out of range; none is fitted to data.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn

from glassnet.lens import doctor_changes as changes
from glassnet.lens.doctor_changes import Change
from glassnet.lens.doctor_evidence import Evidence, Suspicion
from glassnet.lens.doctor_view import Finding
from glassnet.lens.numerals import counted, number, percent

LARGE, HUGE, SMALL = 10.0, 100.0, 0.1
"""Inputs should be of the size of 1 (LeCun et al. 1998, "Efficient BackProp", section 4.3)."""
UNEVEN = 100.0


def broadcast_targets(seen: Evidence) -> Iterator[Suspicion]:
    """Targets (n,) against outputs (n, 1) make n x n differences."""
    habits = seen.run.habits
    found = seen.broadcast or (habits.broadcast if habits else None)
    if found is None:
        return
    output, target = (f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" for shape in found)
    rows = found[0][0]
    yield Suspicion(
        Finding(
            "broadcast_targets",
            f"outputs {output}, targets {target}: the loss is taken over {rows} x {rows} pairs of rows",
            "torch repeats the targets for each row, so every answer is pulled towards every target and all "
            "of them end at the mean",
            "give the targets the shape of the outputs: y = y.reshape(-1, 1)",
            numbers={"rows": rows},
        ),
        Change(changes.reshaped),
    )


def gradients_not_cleared(seen: Evidence) -> Iterator[Suspicion]:
    """A gradient that still holds those of steps before."""
    habits = seen.run.habits
    if habits is None or not habits.stale or habits.stale < 0.5 * habits.compared:
        return
    share = percent(habits.stale_share)
    yield Suspicion(
        Finding(
            "gradients_not_cleared",
            f"{habits.stale} of {counted(habits.compared, 'gradient')} looked at held what was left of "
            f"earlier ones, up to {share} of the batch's own",
            "backward() adds to .grad, and nothing set it to zero after the update, so each step repeats all "
            "steps before it",
            "call optimizer.zero_grad() before loss.backward()",
            numbers={"stale": habits.stale, "looked_at": habits.compared, "share": habits.stale_share},
        ),
        Change(changes.cleared),
    )


def softmax_twice(seen: Evidence) -> Iterator[Suspicion]:
    """A loss that takes logits is given probabilities."""
    habits = seen.run.habits
    kind = habits.twice[0] if habits and habits.twice else None if habits else applied_twice(seen)
    if kind is None:
        return
    once = partial(changes.once, kind)
    change: Change | None = Change(once, judged=once)
    if habits is not None:
        can = changes.can_rebuild(seen.case.net)
        change = Change(changes.without_last_activation, judged=once) if can else None
    low, high = (float(each) for each in torch.aminmax(seen.end.output))
    yield Suspicion(
        Finding(
            "softmax_twice",
            f"the net ends with {kind}, its outputs lie between {number(low, 3)} and {number(high, 3)}, and "
            f"the loss applies {kind if kind == 'softmax' else 'the sigmoid'} once more",
            "cross entropy takes raw scores and squashes them itself; squashed twice, probabilities cannot "
            "come near 0 or 1 and the gradient is weak",
            f"leave the {kind} out of the net, and apply it only where probabilities are shown",
            layer=last_module(seen.case.net),
            numbers={"lowest": low, "highest": high},
        ),
        change,
    )


def applied_twice(seen: Evidence) -> str | None:
    """Name what the net ends with and the loss applies again."""
    squashed = {"cross_entropy": ("softmax", "sigmoid"), "binary_cross_entropy": ("sigmoid", "softmax")}
    last = seen.end.last
    return last if last in squashed.get(seen.loss or "", ()) else None


def last_module(net: nn.Module) -> str | None:
    """Name the last of the modules that have no others inside."""
    names = [name for name, each in net.named_modules() if name and not any(True for _ in each.children())]
    return names[-1] if names else None


def labels_in_inputs(seen: Evidence) -> Iterator[Suspicion]:
    """Inputs from which the target can be read off."""
    for places, sentence in seen.giveaways:
        names = " and ".join(seen.columns[each] for each in places)
        yield Suspicion(
            Finding(
                "labels_in_inputs",
                f"{names}: {sentence}",
                "these inputs were made from the target, or are known only after it, so the score says "
                "nothing about new rows",
                f"leave out {names}",
                numbers={"columns": names},
            ),
            Change(partial(changes.without_columns, places), expects="higher"),
        )


def inputs_not_scaled(seen: Evidence) -> Iterator[Suspicion]:
    """Inputs far from the size of 1, or of very different sizes, which the net does not scale itself."""
    X = seen.case.train.X
    if not X.is_floating_point() or not seen.end.weights:
        return
    columns = (X if X.ndim == 2 else X.reshape(-1, 1)).double()
    size, deviation = columns.square().mean(dim=0).sqrt(), columns.std(dim=0)
    largest = int(size.argmax())
    many = [each for each in range(columns.shape[1]) if len(torch.unique(columns[:, each])) > 2]
    varied = deviation[many] if many else deviation
    uneven = float(varied.max() / varied.min()) if float(varied.min()) > 0 else 1.0
    top = float(size.max())
    into = seen.end.weights[0].input_size
    if (SMALL <= top <= LARGE and uneven <= UNEVEN) or (SMALL <= into <= LARGE and top > LARGE):
        return
    if top <= HUGE and not (
        seen.may_try and seen.is_much_better(seen.what_if("scaled", changes.standardised))
    ):
        return
    name = seen.columns[largest] if X.ndim == 2 else "the inputs"
    told = f"{name} has the size {number(top, 3)} (root mean square)"
    if uneven > UNEVEN:
        told += f", and inputs differ in spread by a factor of {number(uneven, 3)}"
    yield Suspicion(
        Finding(
            "inputs_not_scaled",
            told,
            "weights begin in the size that suits inputs of about 1; large inputs drown the small ones, "
            "saturate units and make steps too long",
            "scale each input to mean 0 and deviation 1, by means and deviations of the training rows",
            layer=seen.end.weights[0].name,
            numbers={"largest": top, "input": name, "uneven": uneven},
        ),
        Change(changes.standardised),
    )


RULES = (broadcast_targets, gradients_not_cleared, softmax_twice, labels_in_inputs, inputs_not_scaled)
