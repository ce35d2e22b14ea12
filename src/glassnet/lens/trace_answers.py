"""From what the net puts out to the answer in the user's units, and from the truth to what the net learns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.cells import LARGEST
from glassnet.data.targets import LEAST_NUMBER, NumberTarget
from glassnet.lens.trace_codes import Codes, Floats, Pieces, exact
from glassnet.lens.trace_ledger import Ledger, Sheet
from glassnet.lens.trace_rules import filled
from glassnet.task import MAX_LOG_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.task import Task


def enter_answer(ledger: Ledger, task: Task, outputs: Codes) -> Sheet:
    """Enter what the net's outputs mean: numbers in the user's units, or the probability of each class.

    Args:
        outputs: codes of what the net put out, (rows, outputs).
    """
    raw = np.array([[ledger.value(int(each)) for each in row] for row in outputs])
    values = task.decode(raw)
    if task.is_classification:
        words = "the probability of each class, from what the net put out"
        explain = _chances(task.name == "binary", outputs)
    else:
        words = "what the net put out, in the units of the target"
        forms = [_decoded(each) for each in task.targets if isinstance(each, NumberTarget)]

        def explain(place: int) -> Pieces:
            row, target = divmod(place, len(forms))
            return (filled(forms[target], {"0": outputs[row, [target]]}),)

    names = task.classes or tuple(each.name for each in task.targets)
    labels = names if values.ndim > 1 else ()
    return ledger.add("answer", "answer", values, words, explain, labels=labels)


def _chances(binary: bool, outputs: Codes) -> Callable[[int], Pieces]:
    def one_logit(place: int) -> Pieces:
        row, which = divmod(place, 2)
        form = "1 / (1 + exp(-{0}))" if which else "1 - 1 / (1 + exp(-{0}))"
        return (filled(form, {"0": outputs[row]}),)

    def softmax(place: int) -> Pieces:
        row, which = divmod(place, outputs.shape[1])
        exponentials = filled("exp({0})", {"0": outputs[row]})
        return "exp(", int(outputs[row, which]), ") / (", exponentials, ")"

    return one_logit if binary else softmax


def _decoded(target: NumberTarget) -> str:
    """Write how an output becomes the target's number; see :meth:`NumberTarget.decode`."""
    if target.counts:
        limit = exact(MAX_LOG_RATE)
        return f"exp(min(max({{0}}, -{limit}), {limit})) * {exact(target.mean)}"
    value = f"{{0}} * {exact(target.scale)} + {exact(target.mean)}"
    if target.on == "sqrt":
        return f"max({value}, 0) ** 2"
    if target.on == "log":
        return f"max(exp(min({value}, {exact(math.log(LARGEST))})) - {exact(target.shift)}, 0)"
    return value


def enter_truth(ledger: Ledger, task: Task, truth: NDArray[np.generic]) -> list[Sheet]:
    """Enter the truth in the user's units; where the net learned from it, ``y`` gets its arithmetic.

    Args:
        truth: (rows,) or (rows, targets), or class numbers (rows,).
    """
    targets = [each for each in task.targets if isinstance(each, NumberTarget)]
    words = "the truth, as it stands in the data"
    if not targets:
        words = "the number of the true class, counted from 0: " + ", ".join(task.classes[:20])
    raw = truth.reshape(len(truth), -1).astype(np.float64)
    name = "row." + task.targets[0].name if len(task.targets) == 1 else "row.targets"
    labels = () if len(task.targets) == 1 else tuple(each.name for each in task.targets)
    kept = raw if labels else raw[0, 0] if len(raw) == 1 else raw[:, 0]
    sheet = ledger.add(name, "raw", kept, words, labels=labels)
    if "y" not in ledger.places:
        return [sheet]
    y = ledger.sheet("y")
    forms = [_encoded(each) for each in targets] or ["{0}"]

    def explain(place: int) -> Pieces:
        return (filled(forms[place % len(forms)], {"0": sheet.codes[[place]]}),)

    words = "the truth as the net learns it, scaled as the training rows say"
    y = ledger.add("y", "target", y.values.reshape(y.shape), words, explain, number=y.number)
    return [sheet, y]


def _encoded(target: NumberTarget) -> str:
    """Write how the target's number becomes what the net learns; see :meth:`NumberTarget.encode`."""
    if target.counts:
        return f"{{0}} / {exact(target.mean)}"
    value = "{0}"
    if target.on == "sqrt":
        value = "sqrt(max({0}, 0))"
    if target.on == "log":
        value = f"log(max({{0}} + {exact(target.shift)}, {LEAST_NUMBER!r}))"
    return f"({value} - {exact(target.mean)}) / {exact(target.scale)}"


def learned(task: Task, truth: NDArray[np.generic]) -> Floats | NDArray[np.int64]:
    """Return what the loss compares with, as :meth:`Task.for_loss`, in float64."""
    if task.name == "multiclass":
        return truth.astype(np.int64)
    values = truth.reshape(len(truth), -1).astype(np.float64)
    targets = [each for each in task.targets if isinstance(each, NumberTarget)]
    if not targets:
        return values
    return np.stack([each.encode(values[:, i]) for i, each in enumerate(targets)], axis=1)


def enter_error(ledger: Ledger, answer: Sheet, truth: Sheet) -> Sheet:
    """Enter how far the answer is off, in the user's units."""
    words = "how far the answer is off: above 0 where it is too high"
    inputs = {"answer": answer, "truth": truth}
    return ledger.compute("error", "error", "{answer} - {truth}", inputs, words)
