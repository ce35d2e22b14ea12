"""From a model of photos and its judged photos to the Report; ``compose`` is the same for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glassnet.lens.again import again
from glassnet.lens.answer import answer, context
from glassnet.lens.confusion import confusion
from glassnet.lens.curves import learning_curve
from glassnet.lens.doubts import doubts
from glassnet.lens.evidence import Evidence
from glassnet.lens.figures import reliability
from glassnet.lens.numerals import counted, number
from glassnet.lens.report import Doubt, PhotoFindings, Report, SplitRows
from glassnet.lens.verdicts import advice, verdicts
from glassnet.lens.wording import ENDINGS, SPLITS, USES, how_cut
from glassnet.version import __version__

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glassnet.model.images import ImageModel
    from glassnet.results import Results


@dataclass(frozen=True)
class JudgedPhotos:
    """Photos that were judged.

    Attributes:
        truth: class index of each. Shape: (photos,).
        answers: their probabilities. Shape: (photos, classes).
        pixels: what the net saw. Shape: (photos, height, width, channels).
        names: what they are called.
    """

    truth: NDArray[np.int64]
    answers: NDArray[np.float64]
    pixels: NDArray[np.uint8]
    names: tuple[str, ...]


@dataclass(frozen=True)
class ImageMaterial:
    """What a report is made of, beside the model.

    Attributes:
        data: the name of what the judged photos were read from.
        results: the scores that are told.
        judged: the photos; None where they are not at hand.
        preview: training photos and what was made of them; None where they are not at hand.
        is_other_data: whether they are others than those of the run.
        notes: what the run said beside the notes of its results.
        missing: what could not be had, why, and how to get it.
        found: doubts about these photos, beside those that the figures give.
    """

    data: str
    results: Results
    judged: JudgedPhotos | None = None
    preview: NDArray[np.uint8] | None = None
    is_other_data: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    found: tuple[Doubt, ...] = ()


def compose_images(model: ImageModel, material: ImageMaterial) -> Report:
    """Make the report."""
    results, is_other, judged = material.results, material.is_other_data, material.judged
    split = results.shown_split()
    chances = None if judged is None else reliability(judged.answers, judged.truth, model.task.classes)
    leaks = () if is_other else model.results.leaks
    evidence = Evidence(model, results, is_other, {}, reliability=chances, leaks=leaks)
    return Report(
        data=material.data,
        targets=(model.schema.target.name,),
        task=model.task.name,
        classes=model.task.classes,
        split=split,
        judged=results.rows.get(split or "", 0) if judged is None else len(judged.truth),
        unit=model.plan.unit,
        is_other_data=is_other,
        answer=answer(model, results, material.data, "", "the pixels of photos", is_other=is_other),
        verdicts=tuple(verdicts(results, model.task.name)),
        advice=advice(results, model.task.name),
        context=tuple(context(results)),
        leaks=leaks,
        doubts=(*material.found, *doubts(evidence)),
        notes=_notes(model, material),
        counting="",
        results=results,
        splits=tuple(_splits(model, results, is_other)),
        columns=model.plan.columns,
        learning=learning_curve(model.history) if len(model.history) else None,
        numbers=(),
        reliability=chances,
        explained=None,
        coverage=None,
        missing=material.missing,
        facts=tuple(_facts(model)),
        again=again(model.recipe),
        photos=_photos(model, material),
    )


def _photos(model: ImageModel, material: ImageMaterial) -> PhotoFindings:
    judged, details = material.judged, model.results.details
    taken = None
    if judged is not None:
        classes = model.task.classes
        taken = confusion(judged.answers, judged.truth, classes, judged.pixels, list(judged.names))
    counts, problems = details.get("classes"), details.get("problems")
    listed = problems if isinstance(problems, list) else []
    return PhotoFindings(
        counts=counts if isinstance(counts, dict) else {},  # type: ignore[arg-type]
        problems=tuple((str(e["name"]), str(e["what"]), str(e["do"])) for e in listed if isinstance(e, dict)),
        varied=model.plan.varied(),
        preview=material.preview,
        confusion=taken,
    )


def _notes(model: ImageModel, material: ImageMaterial) -> tuple[str, ...]:
    """Return what was noted and does not stand among the doubts."""
    told = model.results.warnings()
    notes = dict.fromkeys([*material.notes, *material.results.notes])
    return tuple(each for each in notes if each not in told)


def _splits(model: ImageModel, results: Results, is_other: bool) -> Iterator[SplitRows]:
    rows = model.results.rows
    for name in ("train", "validation", "test"):
        if rows.get(name):
            yield SplitRows(SPLITS[name], rows[name], how_cut(model.plan, name), USES[name])
    if is_other:
        count = results.rows.get("test", 0)
        yield SplitRows("rows judged here", count, "given to the report", "judged in this report")


def _facts(model: ImageModel) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history, recipe = model.plan, model.history, model.recipe
    yield "task", f"{plan.task}: {plan.task_reason}"
    parameters = sum(each.numel() for each in model.net.parameters())
    yield "network", f"{plan.net}: {parameters:,} parameters"
    colours = "colour" if plan.channels == 3 else "grey"
    yield "photos", f"{plan.size} x {plan.size} pixels, {colours}, made to fit: {plan.fit}"
    yield "variation", plan.varied()
    mirrored = (
        "the mean of those to a photo and to its mirror image" if plan.flips else "to the photo as it is"
    )
    yield "answers", f"{mirrored} ({plan.flips_reason}); temperature {model.schema.temperature:g}"
    yield "optimiser", f"{plan.optimizer}, rate {plan.lr:g}, {plan.schedule}, decay {plan.weight_decay:g}"
    ending = ENDINGS.get(history.stopped or "", "")
    yield "training", f"{counted(len(history), 'epoch')} of {plan.batch_size} photos a step, {ending}"
    layout = ", channels last" if plan.channels_last else ""
    yield "computed on", f"{plan.device}, {counted(plan.threads, 'thread')}, {plan.precision}{layout}"
    yield "seed", number(recipe.seed, 12)
    yield "data", f"{recipe.data or 'photos in memory'}, SHA-256 {recipe.sha256 or 'unknown'}"
    yield "glassnet", __version__
