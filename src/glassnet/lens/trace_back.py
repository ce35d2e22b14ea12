"""The way back: the gradient of the loss by every number before it, and how each one is added up.

The numbers come from torch: each recorded operation is differentiated by itself, and what comes back is
handed on to whatever the operation's numbers came from. The arithmetic comes from the rules. The two meet
in the tests, and the gradients of the weights are compared with those of ``loss.backward()`` each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glassnet.errors import WorkError, message
from glassnet.lens.trace_build import Forward
from glassnet.lens.trace_codes import SHEET, Floats, Pieces, code
from glassnet.lens.trace_record import Operand, Recorded, replaced

_AGREES = 1e-9


def enter_gradients(forward: Forward, loss: int) -> dict[int, int]:
    """Enter a sheet of gradients for each sheet before the loss, and return their numbers.

    The sheets follow the order of the way back: the loss first.
    """
    gradients = _gradients(forward, loss)
    ledger, sheets = forward.ledger, forward.ledger.sheets
    entered: dict[int, int] = {}
    users = _users(forward, set(gradients))
    for number in sorted(gradients, reverse=True):
        sheet = sheets[number]
        values = gradients[number].reshape(sheet.shape)
        if number == loss:
            words = "where the way back begins: the loss changes by 1 where it changes by 1"
            entered[number] = ledger.add(f"{sheet.name}.grad", "gradient", values, words).number
            continue
        explained = _Gradient(forward, number, users[number], entered)
        words = (
            f"how fast the loss changes with {sheet.name}: what comes back from all that used it, added up"
        )
        entered[number] = ledger.add(
            f"{sheet.name}.grad", "gradient", values, words, explained, explained.unknown, sheet.module
        ).number
    return entered


class _Gradient:
    """The arithmetic of the gradients of one sheet."""

    def __init__(
        self, forward: Forward, number: int, users: Sequence[int], gradients: dict[int, int]
    ) -> None:
        self._forward, self._number, self._users = forward, number, users
        self._gradients = {each: gradients[each] for each in users}
        unknown = [forward.recorded[each].op for each in users if forward.rules[each] is None]
        self.unknown = (
            f"torch computed this by way of {', '.join(map(repr, unknown))}, which is not understood here"
            if unknown
            else ""
        )

    def __call__(self, place: int) -> Pieces | None:
        """Return all parts of the gradient at a place."""
        wanted, parts = code(self._number, place), list[Any]()
        for user in self._users:
            rule = self._forward.rules[user]
            if rule is None:
                return None
            found = rule.pull(wanted, self._forward.ledger.sheets[self._gradients[user]].codes)
            for each in found:
                parts += [" + ", each] if parts else [each]
        return tuple(parts) or ("0",)


def _users(forward: Forward, reached: set[int]) -> dict[int, list[int]]:
    """Map each sheet to the operations that use its numbers and hand a gradient back."""
    users: dict[int, list[int]] = {number: [] for number in reached}
    for number in forward.numbers:
        if number in reached and number in forward.rules:
            for operand in forward.recorded[number].operands:
                if operand.passes:
                    for one in np.unique(operand.codes // SHEET):
                        if int(one) in users and number not in users[int(one)]:
                            users[int(one)].append(number)
    return users


def _gradients(forward: Forward, loss: int) -> dict[int, Floats]:
    """Return the flat gradient of each sheet that the loss depends on by way of numbers that pass it on."""
    found: dict[int, Floats] = {loss: np.ones(1)}
    for number in sorted(forward.rules, reverse=True):
        if number not in found:
            continue
        sheet = forward.recorded[number]
        for operand, gradient in _handed_back(sheet, found[number]):
            codes = operand.codes.ravel()
            owners = codes // SHEET
            for owner in np.unique(owners):
                mine, number_of = owners == owner, int(owner)
                if number_of == 0:
                    continue
                size = len(forward.ledger.sheets[number_of].values)
                added = np.bincount(codes[mine] % SHEET, weights=gradient[mine], minlength=size).astype(
                    np.float64
                )
                found[number_of] = found[number_of] + added if number_of in found else added
    return found


def _handed_back(sheet: Recorded, gradient: Floats) -> list[tuple[Operand, Floats]]:
    """Differentiate one operation by itself: (operand, flat gradient) of each that passes one on."""
    tensors: dict[int, Tensor] = {}

    def fresh(each: Operand) -> Tensor:
        passes = each.passes and each.value.is_floating_point()
        tensors[id(each)] = each.value.clone().requires_grad_(passes)
        return tensors[id(each)]

    passing = [each for each in sheet.operands if each.passes and each.value.is_floating_point()]
    if sheet.function is None or not passing or not sheet.value.is_floating_point():
        return []
    with torch.enable_grad():
        result = sheet.function(*replaced(sheet.arguments, fresh), **replaced(sheet.options, fresh))
    result = result[sheet.which] if isinstance(result, list | tuple) else result
    if not result.requires_grad:
        return []
    back = torch.from_numpy(gradient.reshape(tuple(result.shape))).to(result.dtype)
    parts = torch.autograd.grad(result, [tensors[id(each)] for each in passing], back, allow_unused=True)
    return [
        (each, part.double().numpy().ravel())
        for each, part in zip(passing, parts, strict=True)
        if part is not None
    ]


def check_gradients(forward: Forward, entered: dict[int, int], expected: dict[str, Tensor | None]) -> None:
    """Check that the gradients of the weights are those of ``loss.backward()``.

    Raises:
        WorkError: the net has an operation whose gradient is not the one of its arithmetic.
    """
    sheets = forward.ledger.sheets
    largest = max((float(each.abs().max()) for each in expected.values() if each is not None), default=0.0)
    for name, gradient in expected.items():
        number = entered.get(forward.ledger.places.get(name, -1))
        if gradient is None and number is None:
            continue
        found = np.zeros(1) if number is None else sheets[number].values
        right = np.zeros(1) if gradient is None else gradient.detach().double().numpy().ravel()
        if not np.allclose(found, right, rtol=_AGREES, atol=_AGREES * largest):
            must = f"the gradient of {name!r} must be the one that torch's backward gives"
            off = f"they differ by up to {float(np.abs(found - right).max()):.3g}"
            do = "look for an operation with a backward of its own (torch.autograd.Function)"
            raise WorkError(message(must, off, do))
