"""One run on a numeric series, from its recipe to its Model: read, cut, plan, train, score, save."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from glassnet.data.series import facts_of, find_season
from glassnet.data.sources import open_source
from glassnet.engine.rows import Rows
from glassnet.errors import DataError, RecipeError, message
from glassnet.model.series import SeriesModel, windows_of
from glassnet.nets.recurrent import NextValues
from glassnet.notation import SplitSpec, parse_split, write_split
from glassnet.plan.series import LONGEST, SeriesPlan
from glassnet.plan.table import ColumnPlan
from glassnet.run.context import Context
from glassnet.run.frame import Done
from glassnet.run.merged import joined_results
from glassnet.run.recurrent import decided, learning, new_net, settings_of, spec_of, train_recurrent
from glassnet.run.same import earlier_plan, with_checksum
from glassnet.run.series_prepare import PreparedSeries, prepare_series
from glassnet.run.series_report import training_report

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.engine.history import History
    from glassnet.errors import NonFiniteLoss
    from glassnet.recipe import Recipe

    Floats = NDArray[np.float64]

SHARE = 0.1
"""Share of the rows that is kept for the test, and of the rest that validates."""
UNITS, DROPOUT = 64, 0.1
LEAST_WINDOW, MOST_WINDOW = 16, 96
"""Without --set window=N a window has a season of rows, within these."""
EPOCHS, PATIENCE = 60, 8
LEARNING_RATES = {"sgd": 0.1, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.001}
_UNUSED = (
    *("text", "keep_leaks", "weight", "refit", "restarts", "tune", "ema", "l1", "l2", "norm", "init"),
    *("class_weight", "keep_weights", "scaling", "column", "loss", "engine"),
)
"""Options of a recipe that mean nothing for a series."""


def series_work(context: Context) -> Done:
    """Do the work of a run on a series; see :mod:`glassnet.run.frame`."""
    recipe, since = context.recipe, time.monotonic()
    splits = _check_recipe(recipe)
    context.reporter.phase(f"reading {recipe.data or 'the data'}")
    source = open_source(recipe.data if context.own.data is None else context.own.data, recipe.missing)
    context.recipe = with_checksum(recipe, source.sha256, context.folder)
    work = prepare_series(context.recipe, source, splits)
    context.timed("read", since)
    return _trained(context, work)


def _check_recipe(recipe: Recipe) -> tuple[SplitSpec, SplitSpec]:
    """Return test and validation split.

    Raises:
        RecipeError: the recipe asks for what a series cannot have; all of it is named.
    """
    problems = recipe.refusals(_UNUSED, "a series must be asked for what it has")
    splits = [parse_split(each or f"last:{SHARE}") for each in (recipe.test, recipe.validation)]
    for name, each in zip(("--test", "--validation"), splits, strict=True):
        if each.kind not in ("last", "none"):
            must = f"{name} of a series must keep its last rows"
            problems.append(message(must, write_split(each), f"write {name} last:0.1, last:21d or last:500"))
    if len(recipe.target) != 1:
        found = f"target={','.join(recipe.target)!r}" if recipe.target else "no target was named"
        problems.append(message("a series has one target", found, "say --target COL"))
    if problems:
        raise RecipeError(problems)
    return splits[0], splits[1]


def _check_lengths(work: PreparedSeries, window: int, horizon: int, season: int | None) -> None:
    """Check that every part has moments to be foretold at.

    Raises:
        DataError: one has none.
    """
    train, do = len(work.fold.train), "take more rows, a shorter --horizon, or --set window=N"
    if not 1 <= window <= LONGEST or horizon > LONGEST or not len(work.moments("train", window, horizon)):
        must = f"the training rows must hold a window of {window} rows and {horizon} values after it"
        raise DataError(message(must, f"there are {train}", do))
    for part in ("validation", "test"):
        rows = len(getattr(work.fold, part))
        if rows and not len(work.moments(part, max(window, season or 1), horizon)):
            must = f"the {part} rows must hold the values that are foretold, {horizon} for each moment"
            raise DataError(message(must, f"there are {rows}", f"keep more with --{part} last:N, or {do}"))


def _plan(context: Context, work: PreparedSeries) -> SeriesPlan:
    """Decide what the recipe leaves open; what is looked at are training rows."""
    recipe = context.recipe
    season = find_season(work.values[work.fold.train])
    horizon = recipe.horizon or 1
    window = recipe.window or min(max(season or 0, LEAST_WINDOW), MOST_WINDOW, len(work.fold.train) // 3)
    _check_lengths(work, window, horizon, season)
    moments = len(work.moments("train", window, horizon))
    facts = facts_of(work.roles, work.schema)
    return SeriesPlan(
        columns=tuple(ColumnPlan(name=n, role=r, reason=w, used=u) for n, (r, w, u) in facts.items()),
        test=write_split(work.splits[0]),
        validation=write_split(work.splits[1]),
        net=decided(recipe.net, UNITS, DROPOUT),
        window=window,
        horizon=horizon,
        season=season,
        stretch=max(horizon, season or 1, 10),
        batch_size=recipe.batch_size or (32 if moments < 5_000 else 128),
        epochs=recipe.epochs or EPOCHS,
        **learning(recipe, LEARNING_RATES),
        patience=None if work.splits[1].kind == "none" else recipe.patience or PATIENCE,
        precision="bfloat16" if recipe.precision == "bfloat16" else "float32",
        threads=recipe.threads or 1,
    )


def _trained(context: Context, work: PreparedSeries) -> Done:
    since = time.monotonic()
    plan = earlier_plan(context.folder, SeriesPlan) or _plan(context, work)
    context.settle(plan)
    spec = spec_of(plan.net, 1, UNITS, symbols=None, inputs=work.schema.width, outputs=plan.horizon)
    net = NextValues(new_net(spec, context.recipe.seed))
    history, failure = _train(context, plan, work, net)
    context.timed("train", since)
    since = time.monotonic()
    context.reporter.phase("scoring")
    plan = plan.model_copy(update={"reproducible": history.stopped != "budget"})
    model = SeriesModel(net, work.schema, context.recipe, plan, history)
    before, parts = max(plan.window, plan.season or 1), []
    for part in ("train", "validation", "test"):
        moments = work.moments(part, before, plan.horizon)
        if len(moments):
            parts.append(model.judged(part, work.values, work.matrix, moments))
    model.results = joined_results(parts)
    context.timed("score", since)
    return Done(model, failure, partial(training_report, model, work))


def _train(
    context: Context, plan: SeriesPlan, work: PreparedSeries, net: NextValues
) -> tuple[History, NonFiniteLoss | None]:
    windows = windows_of(torch.from_numpy(work.matrix), plan.window)
    scaled = torch.from_numpy(work.matrix[:, 0].copy()).unfold(0, plan.horizon, 1)

    def rows(part: str) -> Rows | None:
        moments = torch.from_numpy(work.moments(part, plan.window, plan.horizon))
        if not len(moments):
            return None
        return Rows(windows, scaled[moments + 1].clone(), None, moments - plan.window + 1)

    train, validation = rows("train"), rows("validation")
    settings = settings_of(
        context.recipe,
        plan,
        loss="mse",
        epochs=plan.epochs,
        validates=validation is not None,
        precision=plan.precision,
    )
    return train_recurrent(
        context, net, train if train is not None else Rows(windows, scaled), validation, settings
    )
