"""From a model of photos and its judged photos to the Report; ``compose`` is the same for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glassnet.lens.classes_compose import ClassesMaterial, JudgedClasses, classes_report
from glassnet.lens.confusion import confusion
from glassnet.lens.numerals import counted
from glassnet.lens.report import PhotoFindings, Report
from glassnet.lens.report_frame import origin_of
from glassnet.lens.wording import ENDINGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from glassnet.model.images import ImageModel


@dataclass(frozen=True)
class JudgedPhotos(JudgedClasses):
    """Photos that were judged.

    Attributes:
        pixels: what the net saw. Shape: (photos, height, width, channels).
        names: what they are called.
    """

    pixels: NDArray[np.uint8]
    names: tuple[str, ...]


@dataclass(frozen=True)
class ImageMaterial(ClassesMaterial):
    """``preview`` shows training photos and what was made of them; None where they are not at hand."""

    judged: JudgedPhotos | None = None
    preview: NDArray[np.uint8] | None = None


def compose_images(model: ImageModel, material: ImageMaterial) -> Report:
    """Make the report."""
    report = classes_report(model, material, "the pixels of photos", _facts(model))
    return replace(report, photos=_photos(model, material))


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


def _facts(model: ImageModel) -> Iterator[tuple[str, str]]:
    """Yield how the model was made."""
    plan, history = model.plan, model.history
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
    yield from origin_of(model.recipe, "photos in memory")
