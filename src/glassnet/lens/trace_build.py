"""From what was recorded to the ledger: names, kinds and rules of the numbers that the answer depends on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from glassnet.lens.trace_codes import SHEET, ZERO, Codes, Pieces
from glassnet.lens.trace_ledger import Explain, Ledger
from glassnet.lens.trace_record import Recorded, Recorder
from glassnet.lens.trace_rules import Rule, rule_of

LOSS = "loss"
_KINDS = {
    "weighted sum": "addmm mm bmm baddbmm mv dot convolution",
    "activation": "relu sigmoid tanh leaky_relu _prelu_kernel silu gelu elu softplus hardtanh"
    " log_sigmoid_forward _softmax _log_softmax clamp clamp_min clamp_max",
    "pooling": "max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d _adaptive_avg_pool2d"
    " _adaptive_avg_pool3d adaptive_max_pool2d",
}
_KIND = {op: kind for kind, ops in _KINDS.items() for op in ops.split()}
_WORDS = {
    "weighted sum": "each input times its weight, all added up, and the bias",
    "pooling": "one number for each window of the picture",
}
_OP_WORDS = {
    "convolution": "each number under the filter times the filter's weight there, added up, and the bias",
    "max_pool2d_with_indices": "the largest number in the window",
    "relu": "the number itself if it is above 0, else 0",
    "sigmoid": "squeezed between 0 and 1: 1 / (1 + exp(-z))",
    "tanh": "squeezed between -1 and 1",
    "_softmax": "its exponential as a share of all of them",
    "_log_softmax": "the logarithm of its share of all exponentials",
    "avg_pool2d": "the mean of the window",
    "_adaptive_avg_pool2d": "the mean of its part of the picture",
    "mean": "the sum, divided by how many there are",
    "sum": "all of them added up",
    "add": "the two added",
    "sub": "the first less the second",
    "rsub": "the second less the first",
    "mul": "the two multiplied",
    "div": "the first divided by the second",
    "pow": "raised to a power",
    "sqrt": "the square root",
    "neg": "with the other sign",
    "exp": "e to the power of it",
    "log": "its natural logarithm",
    "abs": "without its sign",
    "cos": "its cosine",
    "addcmul": "the second times the third, and the first",
    "terms": "what each answer adds to the loss",
    "huber_loss": "half the square of a small error; a large one counts along a line",
    "binary_cross_entropy_with_logits": "-(y ln p + (1 - y) ln(1 - p)), with p = 1 / (1 + exp(-z))",
    "binary_cross_entropy": "-(y ln p + (1 - y) ln(1 - p))",
}
_SHORT = {
    "addmm": "linear",
    "mm": "matmul",
    "bmm": "matmul",
    "baddbmm": "linear",
    "mv": "matmul",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
    "convolution": "conv",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "_prelu_kernel": "prelu",
    "log_sigmoid_forward": "logsigmoid",
    "linalg_vector_norm": "norm",
    "binary_cross_entropy_with_logits": "terms",
    "binary_cross_entropy": "terms",
    "huber_loss": "terms",
}
_GIVEN = {
    "input": "given: what goes in",
    "target": "given: the right answer",
    "weight": "a weight, before this step",
    "bias": "a bias, before this step",
    "buffer": "kept by the layer from earlier steps",
    "constant": "a number written in the net's code",
    "index": "whole numbers that choose others",
    "drawn": "drawn at random, from the seed",
}
_MASK = "1 where a number is kept, 0 where it is dropped; drawn at random, from the seed"


@dataclass(eq=False)
class Forward:
    """The forward pass in the ledger.

    Attributes:
        numbers: of the sheets that the end depends on, in the order in which they were computed.
        rules: the rule of each computed sheet; None where an operation is not understood.
    """

    ledger: Ledger
    recorded: dict[int, Recorded]
    numbers: list[int]
    rules: dict[int, Rule | None] = field(default_factory=dict)

    @property
    def unknown(self) -> list[str]:
        """The operations that are not understood."""
        ops = (self.recorded[each].op for each, rule in self.rules.items() if rule is None)
        return sorted(set(ops))


def forward_ledger(recorder: Recorder, ends: Iterable[Codes]) -> Forward:
    """Enter what was recorded, as far as the ends depend on it, and every given number that has a name."""
    numbers = _needed(recorder.sheets, ends)
    named = {
        n for n, each in enumerate(recorder.sheets) if each.kind in ("input", "target", "weight", "bias")
    }
    ledger, recorded = Ledger(), dict(enumerate(recorder.sheets))
    names = _names(recorder.sheets, sorted({*numbers, *named}))
    found = Forward(ledger, recorded, numbers)
    for number in sorted({*numbers, *named}):
        sheet = recorder.sheets[number]
        values = sheet.value.double().numpy()
        if sheet.kind != "operation":
            words = _MASK if sheet.kind == "drawn" and _is_mask(sheet) else _GIVEN[sheet.kind]
            ledger.add(names[number], sheet.kind, values, words, module=sheet.module, number=number)
            continue
        codes = np.arange(values.size, dtype=np.int64).reshape(values.shape) + number * SHEET
        rule = found.rules[number] = rule_of(sheet, codes)
        kind, words = _described(sheet)
        ledger.add(
            names[number],
            kind,
            values,
            words,
            _explained(rule),
            _not_understood(sheet.op, rule),
            sheet.module,
            number,
        )
    return found


def _is_mask(sheet: Recorded) -> bool:
    """Say whether drawn numbers are 0 and 1 alone, as those are that dropout multiplies with."""
    return bool(((sheet.value == 0) | (sheet.value == 1)).all())


def _needed(sheets: list[Recorded], ends: Iterable[Codes]) -> list[int]:
    left = {int(each) for codes in ends for each in np.unique(codes // SHEET)}
    found: set[int] = set()
    while left:
        number = left.pop()
        if number in found or number == ZERO:
            continue
        found.add(number)
        for each in sheets[number].operands:
            left |= {int(one) for one in np.unique(each.codes // SHEET)}
    return sorted(found)


def _described(sheet: Recorded) -> tuple[str, str]:
    kind = _KIND.get(sheet.op, "step")
    if sheet.module == LOSS:
        kind = "loss"
    default = _WORDS.get(kind, f"torch calls this step {sheet.op}")
    return kind, _OP_WORDS.get(sheet.op, default)


def _explained(rule: Rule | None) -> Explain:
    def explain(place: int) -> Pieces | None:
        return None if rule is None else rule.forward(place)

    return explain


def _not_understood(op: str, rule: Rule | None) -> str:
    if rule is not None:
        return ""
    return f"torch computed this by {op!r}, an operation that the trace does not understand: no arithmetic"


def _names(sheets: list[Recorded], numbers: list[int]) -> dict[int, str]:
    """Name each sheet: given ones have a name, results are called after their module and operation.

    The last result of a module without modules of its own has the module's name.
    """
    last = {sheets[n].module: n for n in numbers if sheets[n].leaf_module and sheets[n].kind == "operation"}
    losses = [n for n in numbers if sheets[n].module == LOSS and sheets[n].kind == "operation"]
    if losses:
        last[LOSS] = losses[-1]
    wanted = {}
    for n in numbers:
        sheet = sheets[n]
        word = _SHORT.get(sheet.op, sheet.op) if sheet.kind == "operation" else sheet.name
        if sheet.kind == "drawn" and _is_mask(sheet):
            word = "mask"
        own = sheet.kind in ("input", "target", "weight", "bias", "buffer")
        if sheet.module == LOSS:
            word = {"sub": "difference", "pow": "square"}.get(word, word)
        inside = f"{sheet.module}.{word}" if sheet.module else word
        wanted[n] = sheet.module if last.get(sheet.module) == n and sheet.module else word if own else inside
    counts = Counter(wanted.values())
    seen: Counter[str] = Counter()
    names: dict[int, str] = {}
    for n, name in wanted.items():
        seen[name] += 1
        names[n] = f"{name}_{seen[name]}" if counts[name] > 1 else name
    return names
