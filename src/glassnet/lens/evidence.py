"""What the rules of a report look at when they say what to distrust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from glassnet.lens.details import details_of
from glassnet.lens.wording import rows_of
from glassnet.metrics.compare import main_metrics
from glassnet.plan.characters import CharacterPlan
from glassnet.plan.series import SeriesPlan

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Leak
    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.judged import Judged
    from glassnet.lens.mistakes import Mistakes
    from glassnet.metrics.compare import Judged as JudgedTask
    from glassnet.metrics.coverage import Coverage
    from glassnet.model.characters import CharacterModel
    from glassnet.model.images import ImageModel
    from glassnet.model.series import SeriesModel
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel
    from glassnet.results import Results


def row_of(task: JudgedTask, *, is_sequence: bool) -> str:
    """Return what one thing that is judged is called; of a series it is a moment of foretelling."""
    return "character" if task == "characters" else "moment" if is_sequence else "row"


@dataclass(frozen=True)
class Evidence:
    """What the rules look at; ``spans`` has the first and the last moment of each split where known,
    ``leaks`` are those that concern the judged rows, and ``judged`` are these rows where they are at hand."""

    model: Model | TextModel | CharacterModel | SeriesModel | ImageModel
    results: Results
    is_other_data: bool
    spans: dict[str, tuple[float, float]]
    numbers: tuple[NumberFigures, ...] = ()
    reliability: Reliability | None = None
    worst: Mistakes | None = None
    leaks: tuple[Leak, ...] = ()
    judged: Judged | None = None

    @property
    def split(self) -> str:
        """Which rows are judged."""
        return self.results.shown_split() or ""

    @property
    def task(self) -> JudgedTask:
        """What is judged; a series is numbers, several of them where it foretells several steps."""
        model = self.model
        if isinstance(model.plan, CharacterPlan):
            return "characters"
        if isinstance(model.plan, SeriesPlan):
            return "multioutput" if model.plan.horizon > 1 else "regression"
        return model.task.name

    @property
    def unit(self) -> Literal["row", "day", "group", "block"]:
        """What intervals resample."""
        plan = self.model.plan
        return "block" if isinstance(plan, CharacterPlan | SeriesPlan) else plan.unit

    @property
    def row(self) -> str:
        """What one of the things that are judged is called."""
        return row_of(self.task, is_sequence=self.unit == "block")

    def rows_of(self, split: str) -> str:
        """Return what the judged things of a split are called: "test rows"."""
        return rows_of(split, self.row)

    @property
    def refitted(self) -> bool:
        """Whether the net has learned from the validation rows since they were scored."""
        plan = self.model.plan
        return not isinstance(plan, CharacterPlan | SeriesPlan) and plan.refit

    @property
    def main(self) -> str:
        """The metric that decides."""
        return main_metrics(self.task)[0]

    @property
    def coverage(self) -> Coverage | None:
        """How often prediction intervals hold the truth of the judged rows."""
        return self.results.prediction_intervals.get(self.split)

    @property
    def details(self) -> dict[str, Any]:
        """The details of the judged rows."""
        return details_of(self.results, self.split)
