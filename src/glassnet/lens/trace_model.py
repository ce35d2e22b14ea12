"""A trace of a Model: from the raw row, by way of every layer, to the answer in the user's units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.sources import open_source
from glassnet.data.table import Table
from glassnet.errors import DataError, RecipeError, message
from glassnet.lens.trace_answers import enter_answer, enter_error, enter_truth, learned
from glassnet.lens.trace_cells import raw_cells, units_of
from glassnet.lens.trace_codes import six
from glassnet.lens.trace_epochs import net_of_epoch
from glassnet.lens.trace_ledger import Sheet
from glassnet.lens.trace_run import Asked, Run, run_net
from glassnet.lens.trace_step import Choice
from glassnet.lens.trace_update import Shaping
from glassnet.lens.trace_view import Section, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.table import Model

MOST_ROWS = 256


def trace_model(
    model: Model,
    rows: object,
    row: int | None,
    epoch: int | None,
    weights: str | Path | None,
    *,
    train: bool,
    seed: int,
) -> Trace:
    """Trace raw rows through a model; see :func:`glassnet.trace`.

    With ``train`` it is a training step as the run took them: its loss, optimiser, learning rate and
    penalties, dropout drawn from the seed; the optimiser begins with no memory, which a model does not hold.

    Raises:
        RecipeError: weights of this epoch were not kept, or the model's loss is not known here.
        DataError: the rows do not fit, or there is no such row, or no data.
    """
    model = _of_epoch(model, epoch, weights)
    table = _table(model, rows, row)
    units = units_of(model.schema, table)
    truth = _truth(model, table, needed=train)
    asked = _step(model) if train else Asked()
    y = learned(model.task, truth) if train and truth is not None else None
    run = run_net(model.net, units.values, y, asked, train, seed)
    return _view(model, table, run, units.enter(run.ledger), truth, train)


def _view(
    model: Model, table: Table, run: Run, first: list[Sheet], truth: NDArray[np.generic] | None, train: bool
) -> Trace:
    """Put the raw row before the run's own sections, and after them what its outputs mean."""
    known = [] if truth is None else enter_truth(run.ledger, model.task, truth)
    answers = [] if train else _answers(model, run, table.rows, known)
    start = run.answer
    if answers:
        best = np.argmax(answers[0].values[: max(1, len(model.task.classes))])
        start = int(answers[0].codes[best])
    before = [*first, *known] if train else first
    sections = [
        Section("row", "the raw cells, and what the net takes in", _numbers(before)),
        *(each for each in run.sections() if each.title != "in"),
        Section("answer", "the answer in the units of the data", _numbers(answers)),
    ]
    return Trace(
        run.ledger,
        f"{'training step' if train else 'answer'} of a model of {', '.join(model.schema.target_names)}",
        (*_facts(model, table, truth, train), *run.facts),
        tuple(each for each in sections if each.sheets),
        start,
        tuple(run.forward.unknown),
        tuple(run.notes),
        raw_cells(model.schema, table, 0) if table.rows == 1 else (),
    )


def _numbers(sheets: list[Sheet]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(each.number for each in sheets))


def _answers(model: Model, run: Run, rows: int, known: list[Sheet]) -> list[Sheet]:
    """Enter the answer, and beside a number's truth how far it is off."""
    answer = enter_answer(run.ledger, model.task, run.output.reshape(rows, -1))
    if not known or model.task.is_classification:
        return [answer, *known]
    return [answer, *known, enter_error(run.ledger, answer, known[0])]


def _facts(
    model: Model, table: Table, truth: NDArray[np.generic] | None, train: bool
) -> list[tuple[str, str]]:
    """Say what the model answers, in float32 as it computes, and what is true."""
    facts = [("rows", f"row {table.first_row} of {table.name}" if table.rows == 1 else f"{table.rows} rows")]
    if not train and table.rows == 1:
        answer = model.task.answers(model.predictions(table))[0]
        text = six(float(answer)) if isinstance(answer, float) else f"{answer}"
        facts.append(("model.predict", f"{text}, computed in float32"))
    if truth is not None and table.rows == 1:
        found = model.task.answers(np.eye(len(model.task.classes))[truth]) if model.task.classes else truth
        facts.append(("truth", f"{np.squeeze(found)}"))
    best = model.history.best_epoch
    if best is not None:
        facts.append(("weights", f"of epoch {best}"))
    return facts


def _of_epoch(model: Model, epoch: int | None, weights: str | Path | None) -> Model:
    """Return the model as it was after an epoch of the training that led to it."""
    best = model.history.best_epoch
    if epoch is None or (epoch == best and weights is None):
        return model
    if weights is not None:
        history = replace(model.history, best_epoch=epoch)
        return replace(model, net=net_of_epoch(model.net, weights, epoch, led_here=True), history=history)
    must = "epoch must be one whose weights were kept"
    found = f"epoch={epoch}, and a model file keeps those of epoch {best} alone"
    do = "train with keep_weights=True (--set keep_weights=true) and pass the run's folder weights"
    raise RecipeError(message(must, found, do))


def _table(model: Model, rows: object, row: int | None) -> Table:
    """Read the rows, or those of the run where none are given, and choose one of them."""
    table = _run_table(model) if rows is None else model.table(rows)
    if row is not None and not (isinstance(row, int) and 1 <= row <= table.rows):
        must = f"row must name a row of {table.name}"
        raise DataError(message(must, f"row={row} of {table.rows}", "count from 1"))
    if row is None and table.rows > MOST_ROWS:
        must = f"a trace takes at most {MOST_ROWS} rows at once"
        raise DataError(message(must, f"{table.name} has {table.rows:,}", "choose one with row=1"))
    if row is None:
        return table
    return Table(table.frame[[row - 1]], table.name, table.first_row + row - 1)


def _run_table(model: Model) -> Table:
    must, do = "a trace of a model needs its data, or other rows", "pass rows=..., or --data FILE"
    if model.recipe.data is None:
        raise DataError(message(must, "the run's table was in memory", do))
    source = open_source(model.recipe.data, model.recipe.missing)
    if source.sha256 != model.recipe.sha256:
        raise DataError(message(must, f"{model.recipe.data} has changed since", do))
    return source.load()


def _truth(model: Model, table: Table, needed: bool) -> NDArray[np.generic] | None:
    """Return the truth of the rows; None where it is not there and not needed."""
    try:
        return model.task.truth(model.schema.raw_targets(table))
    except DataError:
        if needed:
            raise
        return None


def _step(model: Model) -> Asked:
    recipe, plan = model.recipe, model.plan
    if model.task.loss.startswith("own:"):
        must = "a training step of a model needs a loss that Glassnet knows"
        raise RecipeError(message(must, f"loss={model.task.loss!r}", "call trace(model.net, x, y, loss=...)"))
    choice = Choice(
        plan.optimizer,
        plan.lr,
        recipe.momentum,
        recipe.nesterov,
        plan.weight_decay,
        Shaping(recipe.l1, recipe.l2, recipe.clip),
    )
    return Asked(model.task.loss, choice)
