"""What every run does around its work, whatever kind of data it is on.

A kind of data has one function, in a module of its own, that :mod:`glassnet.run.train` finds:

    def series_work(context: Context) -> Done:
        _check_recipe(context.recipe)                  # all that is wrong with the request, before any work
        since = time.monotonic()
        context.reporter.phase("reading ...")
        ...                                            # read; take the SHA-256 into context.recipe
        context.timed("read", since)
        context.settle(earlier_plan(...) or _plan(...))
        with context.interrupts.asking():
            ...                                        # train, with a Follower and a checkpoint
        ...                                            # score
        return Done(model, failure, partial(series_report, model, ...))

It warns as it likes, with ``GlassnetWarning``, and raises what it cannot go on from. It writes neither model
nor report: :func:`carry_out` does, so that all kinds keep the same of a run that failed or was interrupted.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glassnet.errors import GlassnetWarning
from glassnet.run.context import Context, Outcome
from glassnet.run.told import failing_softly, own_warnings, say_again
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from glassnet.lens.report import Report
    from glassnet.run.context import AnyModel
    from glassnet.run.folder import RunFolder


@dataclass(frozen=True)
class Done:
    """What the work of a run leaves to be kept.

    Attributes:
        model: trained and scored; after a failure or a signal with the last good weights.
        failure: why training failed; raised when all is kept.
        report: makes the report of the run from Glassnet's warnings so far; None: this kind has none.
    """

    model: AnyModel
    failure: Exception | None = None
    report: Callable[[tuple[str, ...]], Report] | None = None


Work = Callable[[Context], Done]


def carry_out(context: Context, work: Work) -> Outcome:
    """Do the whole work of a run, or what is left of it, and keep what it gives in the run's folder.

    Warnings are caught meanwhile, kept in report and outcome, and said again at the end.

    Raises:
        RequestError: recipe or data are wrong.
        NonFiniteLoss: training failed; the model of the last good weights was saved before, if there is one.
        Interrupted: a signal came before there was a net.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GlassnetWarning)
        done = work(context)
        if context.folder is not None and (done.failure is None or done.model.history.best_epoch):
            _keep_model(context, context.folder, done)
            if done.report is not None:
                _write_report(context, context.folder, done.report, own_warnings(caught))
        context.timed("total", context.began)
    say_again(caught)
    if done.failure is not None:
        raise done.failure
    return Outcome(done.model, context.folder, context.seconds, own_warnings(caught))


def _keep_model(context: Context, folder: RunFolder, done: Done) -> None:
    since = time.monotonic()
    folder.keep_model(done.model.to_bytes(), interrupted=done.model.history.stopped == "interrupted")
    if done.failure is not None:
        done.failure.add_note(f"they are saved in {folder.model}")
    context.timed("save", since)


def _write_report(
    context: Context,
    folder: RunFolder,
    report: Callable[[tuple[str, ...]], Report],
    told: tuple[str, ...],
) -> None:
    from glassnet.lens.page import page

    since = time.monotonic()
    context.reporter.phase("writing the report")
    with failing_softly(folder):
        write_atomically(folder.report, page(report(told)).encode())
    context.timed("report", since)
