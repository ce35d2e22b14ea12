"""Reports of any model: each kind of data has its own way to the View, and one way to the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.errors import DataError, message
from glassnet.lens.page import page
from glassnet.model.loading import load
from glassnet.plan.characters import CharacterPlan
from glassnet.plan.images import ImagePlan
from glassnet.plan.series import SeriesPlan
from glassnet.plan.texts import TextPlan
from glassnet.run.told import failing_softly, quietly
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from glassnet.lens.report import Report
    from glassnet.run.context import AnyModel
    from glassnet.run.folder import RunFolder


def report(
    model: AnyModel,
    data: object = None,
    *,
    path: str | Path | None = None,
) -> Report:
    """Say what a model predicts, how good it is, compared with what, and what to distrust.

    Args:
        model: a trained or loaded model.
        data: rows with the target, to be judged instead of those of the run. None: the run's own; where its
            data is still what and where it was, it is read again for charts and explanations, else the report
            holds what the model holds, and says what is missing.
        path: write the report there as one HTML page that needs no network; None writes nothing.

    Returns:
        The report as a View; ``str()`` gives its answer and its doubts.

    Raises:
        DataError: ``data`` does not fit the model.
        RecipeError: the model is one of images.
        RequestError, WorkError: the page cannot be written.
    """
    with quietly():
        found = _made(model, data)
    if path is not None:
        write_atomically(path, page(found).encode())
    return found


def report_file(path: Path, data: str | None = None, out: Path | None = None) -> tuple[Report, Path]:
    """Write the report of a model file; see :func:`report`.

    Args:
        path: the model file.
        data: other rows to judge.
        out: the page; None: ``report.html`` beside a run's ``model.glass``, else a page of the model's name;
            that of other rows names them too.

    Returns:
        The report and where it was written.

    Raises:
        RequestError: there is a page with the rows of the run already, and this one would be without.
    """
    name = "report" if path.name == "model.glass" else path.stem
    page_path = out or path.with_name(f"{name}.html" if data is None else f"{name}-{Path(data).stem}.html")
    found = report(load(path), data)
    if out is None and _has_no_rows(found) and page_path.exists():
        must = f"a report without the rows of the run must not take the place of {page_path}"
        do = "name another file with -o, or judge other rows with --data FILE"
        raise DataError(message(must, "the rows cannot be had again", do))
    write_atomically(page_path, page(found).encode())
    return found, page_path


def _has_no_rows(found: Report) -> bool:
    return found.numbers == () and found.reliability is None and found.characters is None


def write_missing_report(folder: RunFolder, model: AnyModel) -> None:
    """Write the report of a finished run that was killed before it had one."""
    if not folder.report.exists():
        with failing_softly(folder):
            report(model, path=folder.report)


def _made(model: AnyModel, data: object) -> Report:
    if isinstance(model.plan, CharacterPlan):
        from glassnet.run.characters_report import characters_report

        return characters_report(model, data)
    if isinstance(model.plan, SeriesPlan):
        from glassnet.run.series_report import series_report

        return series_report(model, data)
    if isinstance(model.plan, TextPlan):
        from glassnet.run.text_report import text_report

        return text_report(model, data)
    if isinstance(model.plan, ImagePlan):
        from glassnet.run.image_report import image_report

        return image_report(model, data)
    from glassnet.run.report import table_report

    return table_report(model, data)
