"""What the rules of a report look at when they say what to distrust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassnet.lens.details import details_of
from glassnet.metrics.compare import main_metrics

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Leak
    from glassnet.lens.figures import NumberFigures, Reliability
    from glassnet.lens.judged import Judged
    from glassnet.lens.mistakes import Mistakes
    from glassnet.metrics.coverage import Coverage
    from glassnet.model.table import Model
    from glassnet.results import Results


@dataclass(frozen=True)
class Evidence:
    """What the rules look at; ``spans`` has the first and the last moment of each split where known,
    ``leaks`` are those that concern the judged rows, and ``judged`` are these rows where they are at hand."""

    model: Model
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
    def main(self) -> str:
        """The metric that decides."""
        return main_metrics(self.model.task.name)[0]

    @property
    def coverage(self) -> Coverage | None:
        """How often prediction intervals hold the truth of the judged rows."""
        return self.results.prediction_intervals.get(self.split)

    @property
    def details(self) -> dict[str, Any]:
        """The details of the judged rows."""
        return details_of(self.results, self.split)
