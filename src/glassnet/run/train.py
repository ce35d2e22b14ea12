"""``train`` and ``resume``: the two use cases that end in a Model.

This module imports nothing heavy: the recipe is on the disk before torch or polars are loaded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.errors import DataError, NonFiniteLoss, RecipeError, RequestError, message
from glassnet.notation import CELLS, parse_split
from glassnet.recipe import Kind, Recipe, make_recipe
from glassnet.run.context import Context, Outcome, Own
from glassnet.run.folder import RunFolder, held, new_run_folder
from glassnet.run.frame import Work, carry_out
from glassnet.run.reporter import Reporter, Silent
from glassnet.run.signals import listening
from glassnet.storage import file_sha256

if TYPE_CHECKING:
    from glassnet.run.context import AnyModel


def train(
    data: object = None,
    *,
    out: str | Path | None = None,
    recipe: Recipe | None = None,
    net: object = None,
    loss: str | Callable[..., object] = "auto",
    reporter: Reporter | None = None,
    **options: object,
) -> AnyModel:
    """Train a network on raw data, score it beside its baselines, and return it as a Model.

    Args:
        data: a file (CSV, TSV, Parquet, JSON lines; gzipped too), a named data set, or a frame of pandas,
            polars, Arrow or NumPy; for ``task="text"`` whatever :mod:`glassnet.data.text_sources` reads.
        out: run folder to write (see ``run/folder.py``); None writes nothing.
        recipe: start from this recipe; the other arguments change it.
        net: a name, hidden layers such as ``"64,64:relu"``, your own ``nn.Module``, or a callable that is
            given the widths of input and output and returns a module. None: the recipe's, or the default.
        loss: a name, or a callable(outputs, targets).
        reporter: who is told about the progress.
        options: fields of :class:`glassnet.Recipe`: ``target``, ``test``, ``lr``, ``epochs``, ``seed`` ...

    Raises:
        RequestError: data or options are wrong; every problem is named.
        NonFiniteLoss: training failed; with ``out`` the last good weights are saved there.
        Interrupted: Ctrl-C or SIGTERM came while no net was trained.

    Returns:
        The trained model; ``model.history.stopped`` is "interrupted" after Ctrl-C.
    """
    in_memory = data if data is not None and not isinstance(data, str | Path) else None
    changes: dict[str, object] = {} if recipe is None else recipe.model_dump(exclude_unset=True)
    changes |= options
    if data is not None:
        changes["data"] = None if in_memory is not None else str(data)
    if net is not None:
        changes["net"] = net if isinstance(net, str) else f"own:{_name(net)}"
    if recipe is None or loss != "auto":
        changes["loss"] = loss if isinstance(loss, str) else f"own:{_name(loss)}"
    own = Own(None if isinstance(net, str) else net, None if isinstance(loss, str) else loss, in_memory)
    return train_run(make_recipe(**changes), out=out, own=own, reporter=reporter, keep=out is not None).model


def resume(
    folder: str | Path,
    *,
    data: object = None,
    net: object = None,
    loss: Callable[..., object] | None = None,
    reporter: Reporter | None = None,
) -> AnyModel:
    """Go on with a run that was interrupted or killed; it ends with the bits of one left alone.

    Args:
        folder: the run folder.
        data, net, loss: what the run was given in Python and its recipe can only name.
        reporter: who is told about the progress.

    Raises:
        RequestError: the folder holds no run, or its data has changed.
        NonFiniteLoss: the run ended so before, or does so now.
        Interrupted: a signal came while no net was trained.
    """
    return resume_run(Path(folder), own=Own(net, loss, data), reporter=reporter).model


def train_run(
    recipe: Recipe,
    *,
    out: str | Path | None = None,
    own: Own | None = None,
    reporter: Reporter | None = None,
    keep: bool = True,
    began: float | None = None,
) -> Outcome:
    """Start a run from a recipe; see :func:`train` for the arguments that are not named here.

    Args:
        keep: False writes no folder.
        began: when the request was made, of ``time.monotonic()``: a budget counts from there.
    """
    began, own, recipe = time.monotonic() if began is None else began, own or Own(), _of_its_kind(recipe)
    _check_own(recipe, own)
    recipe = recipe.model_copy(
        update={"sha256": _sha256(recipe.data), "test_sha256": _sha256(_test_path(recipe))}
    )
    if not keep:
        return _started(recipe, None, own, reporter, began)
    folder = new_run_folder(out, _run_name(recipe))
    with held(folder):
        folder.begin(recipe)
        try:
            return _started(recipe, folder, own, reporter, began)
        except RequestError:
            folder.discard()
            raise


def _of_its_kind(recipe: Recipe) -> Recipe:
    """Return the recipe for photos or texts where no task is named and a folder or zip of them is given."""
    if recipe.kind != "table" or recipe.task != "auto" or recipe.data is None:
        return recipe
    from glassnet.data.contents import kind_of_files

    kind = kind_of_files(Path(recipe.data))
    if kind is None:
        return recipe
    return make_recipe(**{**recipe.model_dump(exclude_unset=True), "kind": kind})


def resume_run(
    path: Path, *, own: Own | None = None, reporter: Reporter | None = None, began: float | None = None
) -> Outcome:
    """Go on with the run in a folder; see :func:`resume` and :func:`train_run`."""
    began, own = time.monotonic() if began is None else began, own or Own()
    folder = RunFolder(path)
    recipe = folder.read_recipe()
    with held(folder):
        if folder.finished:
            return _finished(folder, recipe, own)
        _check_own(recipe, own)
        if recipe.test_sha256 != _sha256(_test_path(recipe)):
            raise DataError(
                message(
                    "a run goes on only with the test file that it began with",
                    f"{_test_path(recipe)} has changed since",
                    "put the old file back, or start a new run",
                )
            )
        return _started(recipe, folder, own, reporter, began)


def _finished(folder: RunFolder, recipe: Recipe, own: Own) -> Outcome:
    """Return what a run ended with before.

    Raises:
        NonFiniteLoss: it ended so, and would again.
    """
    from glassnet.model.loading import load

    module = own.net if recipe.net.startswith("own:") else None
    model = load(folder.model, module)
    if model.history.stopped == "non_finite":
        raise NonFiniteLoss(
            message(
                "only a run that went well can be gone on with",
                f"the one in {folder.path} ended with a loss that was not finite",
                "start a new one with a lower lr; its last good weights are in model.glass",
            )
        )
    from glassnet.run.reports import write_missing_report

    write_missing_report(folder, model)
    return Outcome(model, folder, was_finished=True)


def _started(
    recipe: Recipe, folder: RunFolder | None, own: Own, reporter: Reporter | None, began: float
) -> Outcome:
    go_on = "start it again" if folder is None else f"go on with glassnet train --resume {folder.path}"
    with listening(go_on) as interrupts:
        context = Context(recipe, own, folder, reporter or Silent(), interrupts, began)
        return carry_out(context, _work_of(recipe.kind, recipe.net))


def _work_of(kind: Kind, net: str) -> Work:
    """Return what does the work of a kind of data; no other kind's is imported."""
    if kind == "table":
        from glassnet.run.work import table_work

        return table_work
    if kind == "text" and net.partition(":")[0] in CELLS:
        from glassnet.run.word_work import word_work

        return word_work
    if kind == "text":
        from glassnet.run.text_work import text_work

        return text_work
    if kind == "characters":
        from glassnet.run.characters_work import characters_work

        return characters_work
    if kind == "image":
        from glassnet.run.image_work import image_work

        return image_work
    from glassnet.run.series_work import series_work

    return series_work


def _sha256(data: str | None) -> str | None:
    """Return the checksum of a file; None for named data sets and data in memory."""
    return None if data is None or not Path(data).is_file() else file_sha256(Path(data))


def _test_path(recipe: Recipe) -> str | None:
    return None if recipe.test is None else parse_split(recipe.test).path


def _check_own(recipe: Recipe, own: Own) -> None:
    """Check that everything which the recipe can only name was passed in."""
    problems = []
    for name, given in (("net", own.net), ("loss", own.loss)):
        named = getattr(recipe, name)
        if named.startswith("own:") and given is None:
            problems.append(
                message(
                    f"this recipe needs its own {name} {named[4:]!r}",
                    "it was not passed in",
                    f"pass {name}=... to gn.train or gn.resume",
                )
            )
    if recipe.data is None and own.data is None:
        problems.append(
            message("training needs data", "none was named", "name a file, or see glassnet datasets")
        )
    if problems:
        raise RecipeError(problems)


def _run_name(recipe: Recipe) -> str:
    stem = Path(recipe.data or "data").name.split(".")[0]
    return re.sub(r"[^\w-]+", "-", stem).strip("-") or "run"


def _name(value: object) -> str:
    return str(getattr(value, "__name__", type(value).__name__))
