"""Runs a net for a trace: forward under the recorder's eyes, then the way back and the optimiser's step."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.losses import loss_by_name
from glassnet.errors import RecipeError, WorkError, message
from glassnet.lens.trace_back import check_gradients, enter_gradients
from glassnet.lens.trace_build import LOSS, Forward, forward_ledger
from glassnet.lens.trace_codes import SHEET, Codes
from glassnet.lens.trace_ledger import Ledger
from glassnet.lens.trace_record import Recorder, watched
from glassnet.lens.trace_step import Choice, added_up, enter_step
from glassnet.lens.trace_view import Section, Trace
from glassnet.nets.tabular import TabularNet
from glassnet.randomness import torch_seeded


@dataclass(frozen=True)
class Asked:
    """What a trace is asked for beside net and data; see :func:`trace`."""

    loss: str | Callable[..., Any] | None = None
    choice: Choice = field(default_factory=Choice)
    sample_weight: Any = None
    zero_grad: bool = True

    def check(self, x: Any, y: Any) -> None:
        """Check that what belongs together is there."""
        problems = []
        if x is None:
            problems.append(message("a trace needs what goes in", "x is missing", "pass trace(net, x)"))
        if (self.loss is None) != (y is None):
            there, missing = ("loss", "y") if y is None else ("y", "loss")
            do = f"pass {missing}, or leave {there} out for the forward pass alone"
            problems.append(message("loss and y must come together", f"{missing} is missing", do))
        if self.choice.optimizer is not None and self.loss is None:
            must = "an optimiser needs the gradients of a loss"
            problems.append(message(must, "loss is missing", "pass y and loss"))
        if problems:
            raise RecipeError(problems)


@dataclass(eq=False)
class Run:
    """One traced step: the ledger with its parts, before it becomes a View."""

    net: nn.Module
    forward: Forward
    output: Codes
    loss: int | None
    facts: list[tuple[str, str]]
    notes: list[str]
    gradients: dict[int, int]
    updates: list[int]

    @property
    def ledger(self) -> Ledger:
        """All sheets."""
        return self.forward.ledger

    def sections(self) -> list[Section]:
        """Return the sheets in the order of the story."""
        sheets = self.ledger.sheets
        given = [each for each in self.ledger.known() if each.number < self._recorded]
        ins = [each.number for each in given if each.kind in ("input", "target")]
        held = [each.number for each in given if each.kind in ("weight", "bias", "buffer")]
        steps = [n for n in self.forward.numbers if n not in {*ins, *held}]
        forward = [n for n in steps if sheets[n].module != LOSS]
        losses = [n for n in steps if sheets[n].module == LOSS]
        back = [n for n in self.gradients.values() if n not in self.updates]
        found = [
            Section("in", "what goes in", tuple(ins)),
            Section("weights", "what the network has learned so far", tuple(held)),
            Section("forward", "from what goes in to the answer", tuple(forward)),
            Section("loss", "how wrong the answer is", tuple(losses)),
            Section(
                "back", "how fast the loss changes with each number, from the loss to the front", tuple(back)
            ),
            Section("update", "what the optimiser makes of the gradients", tuple(self.updates)),
        ]
        return [each for each in found if each.sheets]

    @property
    def _recorded(self) -> int:
        return max(self.forward.recorded) + 1

    @property
    def answer(self) -> int:
        """Code of the number to begin with: the loss, or the first number of the output."""
        return self.loss * SHEET if self.loss is not None else int(self.output.ravel()[0])

    def view(self) -> Trace:
        """Return the View."""
        steps = {True: "one training step", False: "one step there and back"}
        title = "forward pass" if self.loss is None else steps[bool(self.updates)]
        return Trace(
            self.ledger,
            f"{title} of {type(self.net).__name__}",
            tuple(self.facts),
            tuple(self.sections()),
            self.answer,
            tuple(self.forward.unknown),
            tuple(self.notes),
        )


def run_net(net: nn.Module, x: Any, y: Any, asked: Asked, train: bool, seed: int) -> Run:
    """Trace a step of a net; see :func:`trace`."""
    twin = _copied(net).train(train)
    recorder = Recorder()
    inputs = _tensor(x, "x")
    recorder.give(inputs, "input", "x")
    for name, each in twin.named_parameters():
        recorder.give(each, "bias" if name.split(".")[-1] == "bias" else "weight", name)
    for name, kept in twin.named_buffers():
        recorder.give(kept, "buffer", name)
    with torch_seeded(seed, "trace"), torch.enable_grad(), watched(recorder, twin), recorder:
        output = _output(twin, inputs)
    notes: list[str] = []
    value = None if asked.loss is None else _loss(recorder, twin, output, y, asked, notes)
    end = recorder.codes(output if value is None else value)
    forward = forward_ledger(recorder, [end, recorder.codes(output)])
    facts = [("net", type(net).__name__), ("numbers", "float64")]
    run = Run(net, forward, recorder.codes(output), None, facts, notes, {}, [])
    facts.append(("mode", "training" if train else "evaluation"))
    notes += [
        f"torch's operation {each!r} is not understood: its results are there, their arithmetic is not"
        for each in forward.unknown
    ]
    _check_finite(run)
    if value is not None:
        _go_back(run, net, twin, value, int(end.ravel()[0]) // SHEET, asked)
    return run


def _go_back(run: Run, net: nn.Module, twin: nn.Module, value: Tensor, loss: int, asked: Asked) -> None:
    """Enter gradients and, with an optimiser, the update."""
    run.loss = loss
    given = asked.loss
    name = given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
    run.facts.append(("loss", f"{name} {value.item():.6g}"))
    run.gradients = enter_gradients(run.forward, loss)
    trained = {name: each for name, each in twin.named_parameters() if each.requires_grad}
    grads: tuple[Tensor | None, ...] = ()
    if value.requires_grad and trained:
        grads = torch.autograd.grad(value, list(trained.values()), allow_unused=True)
    expected = dict(zip(trained, grads, strict=False))
    check_gradients(run.forward, run.gradients, expected)
    ledger, first = run.ledger, len(run.ledger.sheets)
    entered = {name: run.gradients.get(ledger.places[name]) for name in trained}
    new = {name: ledger.sheets[number] for name, number in entered.items() if number is not None}
    gradients = added_up(ledger, net, new, asked.zero_grad)
    if asked.zero_grad and any(each.grad is not None for each in net.parameters()):
        run.notes.append("the gradients that the net holds from before are cleared, as zero_grad() does")
    if asked.choice.optimizer is not None:
        run.facts.append(("optimizer", enter_step(ledger, net, twin, gradients, asked.choice)))
    run.updates += range(first, len(ledger.sheets))


def _copied(net: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(net).to("cpu", torch.float64)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        must, do = "a net that is traced must be one that can be copied", "make it of modules and parameters"
        raise RecipeError(message(must, " ".join(str(error).split())[:200], do)) from error


def _tensor(values: Any, name: str) -> Tensor:
    """Return numbers as a tensor on the CPU: whole ones as int64, others as float64."""
    try:
        found = values.detach().cpu() if isinstance(values, Tensor) else torch.from_numpy(np.array(values))
    except (TypeError, ValueError) as error:
        must, do = f"{name} must be an array of numbers", "pass a tensor, an array or lists"
        raise RecipeError(message(must, str(error), do)) from error
    if found.is_floating_point():
        return found.to(torch.float64, copy=True)
    return found.to(torch.int64, copy=True)


def _output(net: nn.Module, inputs: Tensor) -> Tensor:
    whole = not inputs.is_floating_point()
    embeds = any(isinstance(each, nn.Embedding | nn.EmbeddingBag) for each in net.modules())
    if whole and not embeds:
        inputs.data = inputs.data.to(torch.float64)
    try:
        output = net(inputs)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        must = f"the net must take x of shape {tuple(inputs.shape)}"
        do = "reshape x, or look at the layers with gn.shapes"
        raise RecipeError(message(must, f"it fails with {first!r}", do)) from error
    if isinstance(output, Tensor):
        return output
    must, found = "the net must return one tensor", f"it returned a {type(output).__name__}"
    raise RecipeError(message(must, found, "wrap it in a module whose forward returns only that tensor"))


def _loss(
    recorder: Recorder, net: nn.Module, output: Tensor, y: Any, asked: Asked, notes: list[str]
) -> Tensor:
    """Compute the loss under the recorder's eyes."""
    loss, given = asked.loss, asked.sample_weight
    assert loss is not None
    target = _target(_tensor(y, "y"), output, loss, notes)
    weight = None if given is None else _tensor(given, "sample_weight").to(torch.float64)
    recorder.give(target, "target", "y")
    if weight is not None:
        recorder.give(weight, "input", "sample_weight")
    recorder.stage = LOSS
    own: Any = copy.deepcopy(loss).to("cpu", torch.float64) if isinstance(loss, nn.Module) else loss
    function = loss_by_name(loss) if isinstance(loss, str) else partial(_own_loss, own)
    with torch.enable_grad(), warnings.catch_warnings(), recorder:
        warnings.filterwarnings("error", "Using a target size")
        if isinstance(net, TabularNet) and net.training:
            target = net.once_a_member(target)
            weight = None if weight is None else net.once_a_member(weight)
        try:
            value = function(output, target, weight)
        except UserWarning:
            raise RecipeError(_would_broadcast(output, target)) from None
        except (RuntimeError, ValueError, IndexError) as error:
            must = f"the loss must take output {tuple(output.shape)} and target {tuple(target.shape)}"
            raise RecipeError(message(must, str(error).splitlines()[0], "reshape the target")) from error
    if isinstance(value, Tensor) and value.ndim == 0:
        notes += _broadcast(recorder, output, target)
        return value
    found = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    raise RecipeError(message("a loss must return one number", f"it returned {found}", "take its mean"))


def _own_loss(loss: Callable[[Tensor, Tensor], Any], output: Tensor, target: Tensor, _: object) -> Any:
    return loss(output, target)


def _target(y: Tensor, output: Tensor, loss: str | Callable[..., Any], notes: list[str]) -> Tensor:
    if loss == "cross_entropy" or (not isinstance(loss, str) and not y.is_floating_point()):
        return y
    y = y.to(torch.float64)
    alike = [n for n in y.shape if n != 1] == [n for n in output.shape if n != 1]
    if isinstance(loss, str) and y.shape != output.shape and alike:
        notes.append(f"y of shape {tuple(y.shape)} is read as {tuple(output.shape)}, the shape of the output")
        return y.reshape(output.shape)
    return y


def _broadcast(recorder: Recorder, output: Tensor, target: Tensor) -> Iterator[str]:
    """Yield a note where the loss broadcasts the target over the output, or the other way round."""
    ours, theirs = tuple(output.shape), tuple(target.shape)
    for sheet in recorder.sheets:
        shapes = [tuple(each.codes.shape) for each in sheet.operands]
        if sheet.module == LOSS and ours != theirs and ours in shapes and theirs in shapes:
            same = target.numel() == output.numel()
            fix = f"write target.view{ours}" if same else "give each output a target"
            wide = tuple(sheet.value.shape)
            said = f"the loss compares output {ours} with target {theirs}"
            yield f"{said}: torch broadcasts them to {wide}; {fix}"
            return


def _would_broadcast(output: Tensor, target: Tensor) -> str:
    pairs = np.prod(np.broadcast_shapes(tuple(output.shape), tuple(target.shape)))
    must = "a target must have the output's shape, or torch broadcasts one over the other"
    found = f"output {tuple(output.shape)}, target {tuple(target.shape)}: {pairs} pairs would be compared"
    do = f"write target.view{tuple(output.shape)}"
    if target.numel() != output.numel():
        do = "give each output one target"
    return message(must, found, do)


def _check_finite(run: Run) -> None:
    for number in run.forward.numbers:
        sheet = run.ledger.sheets[number]
        if not np.isfinite(sheet.values).all():
            must, do = "the numbers of a trace must be finite", "scale the inputs, or look at the weights"
            raise WorkError(message(must, f"{sheet.name} holds infinite ones, or NaN", do))
