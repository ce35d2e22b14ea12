"""Results: the scores of a model beside its baselines, on the same rows, with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from glassnet.data.leak_facts import Leak
from glassnet.metrics.compare import Difference, MainMetric, verdict
from glassnet.metrics.coverage import Coverage

if TYPE_CHECKING:
    from glassnet.metrics import Scores

Metrics = dict[str, float]
Intervals = dict[str, tuple[float, float]]
Differences = dict[MainMetric, Difference]

_SPLITS = ("test", "validation", "train")
_CHARACTER_METRICS = ("nats_per_character", "bits_per_character")
_METRICS = ("rmse", "mae", "r2", "poisson_deviance", "accuracy", "log_loss", "auc", "f1", *_CHARACTER_METRICS)
_BASELINES = (
    "mean",
    "majority",
    "linear",
    "gradient_boosting",
    "naive_bayes",
    "thumbnails",
    "frequencies",
    "ngrams",
    "last_value",
    "seasonal",
)


class Results(BaseModel):
    """What a model scored, by split (``train``, ``validation``, ``test``).

    Attributes:
        rows: rows scored in each split; fewer than the split has where ``notes`` says so.
        metrics: split -> metric -> value, in the user's units.
        intervals: split -> metric -> 95 % bootstrap interval.
        baselines: baseline -> split -> metric -> value.
        baseline_intervals: the same for their intervals, from the same resamples.
        differences: baseline -> split -> main metric -> network beside baseline, paired.
        prediction_intervals: split -> how often the 90 % prediction intervals hold the truth; numbers only.
        details: confusion matrix, per class, per output, per fold.
        leaks: what gives the target away, and what crosses from the rows held back to the training rows.
        notes: what the reader should know about these figures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    rows: dict[str, int] = {}
    metrics: dict[str, Metrics] = {}
    intervals: dict[str, Intervals] = {}
    baselines: dict[str, dict[str, Metrics]] = {}
    baseline_intervals: dict[str, dict[str, Intervals]] = {}
    differences: dict[str, dict[str, Differences]] = {}
    prediction_intervals: dict[str, Coverage] = {}
    details: dict[str, JsonValue] = {}
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        """Refuse splits, metrics and baselines that no Glassnet wrote."""
        by_split: list[dict[str, Metrics] | dict[str, Intervals]]
        by_split = [self.metrics, self.intervals, *self.baselines.values(), *self.baseline_intervals.values()]
        splits = {*self.rows, *self.prediction_intervals}
        splits |= {split for each in (*by_split, *self.differences.values()) for split in each}
        metrics = {metric for each in by_split for scores in each.values() for metric in scores}
        unknown = [*splits.difference(_SPLITS), *metrics.difference(_METRICS)]
        unknown += {*self.baselines, *self.baseline_intervals, *self.differences}.difference(_BASELINES)
        if unknown:
            raise ValueError(f"results hold the unknown name {unknown[0]!r}")
        return self

    @classmethod
    def judged(
        cls,
        split: str,
        rows: int,
        network: Scores,
        baselines: dict[str, Scores],
        differences: dict[str, Differences],
        notes: Sequence[str] = (),
        coverage: Coverage | None = None,
    ) -> Self:
        """Return the Results of one split, the network beside its baselines."""
        distrust = coverage.note(split) if coverage is not None else None
        return cls(
            rows={split: rows},
            metrics={split: network.metrics},
            intervals={split: network.intervals},
            baselines={name: {split: each.metrics} for name, each in baselines.items()},
            baseline_intervals={name: {split: each.intervals} for name, each in baselines.items()},
            differences={name: {split: each} for name, each in differences.items()},
            prediction_intervals={} if coverage is None else {split: coverage},
            details={split: network.details},
            notes=(*notes, *([distrust] if distrust else [])),
        )

    def shown_split(self) -> str | None:
        """Return the split whose scores matter most: test if there is one, else validation, else train."""
        return next((split for split in _SPLITS if self.metrics.get(split)), None)

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Yield a table: a header, the network, then each baseline, each value with its interval."""
        split = self.shown_split()
        if split is None:
            return
        names = sorted(self.metrics[split], key=_METRICS.index)
        what = "characters" if _CHARACTER_METRICS[0] in names else "rows"
        yield (f"{split}, {self.rows.get(split, 0):,} {what}", *names)
        yield "network", *_cells(names, self.metrics[split], self.intervals.get(split, {}))
        for baseline in (each for each in _BASELINES if split in self.baselines.get(each, {})):
            intervals = self.baseline_intervals.get(baseline, {}).get(split, {})
            yield baseline, *_cells(names, self.baselines[baseline][split], intervals)

    def verdict(self) -> str | None:
        """Say how the network stands beside the best baseline on the shown split: better, worse, or
        cannot be told apart."""
        split = self.shown_split() or ""
        return verdict({name: each[split] for name, each in self.differences.items() if split in each})

    def warnings(self) -> tuple[str, ...]:
        """Return what to distrust, each under its name: ``near duplicates: ...``."""
        return tuple(leak.warning for leak in self.leaks if leak.warning)

    def remarks(self) -> Iterator[str]:
        """Yield what stands under the table: verdict, how often intervals hold, leaks left out, notes."""
        split, verdict = self.shown_split() or "", self.verdict()
        if verdict:
            yield verdict
        if split in self.prediction_intervals:
            yield self.prediction_intervals[split].sentence(split)
        for leak in self.leaks:
            if leak.kind == "leak":
                names = ", ".join(leak.columns)
                yield f"left out for giving the target away: {names} ({leak.finding}); see --keep-leaks"
        yield from self.notes

    def __str__(self) -> str:
        table = list(self.lines())
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))] if table else []
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table
        ]
        return "\n".join([line.rstrip() for line in text] + [*self.remarks(), *self.warnings()])


def _cells(names: list[str], scores: Metrics, intervals: Intervals) -> Iterator[str]:
    for name in names:
        if name not in scores:
            yield "-"
        elif name in intervals:
            low, high = intervals[name]
            yield f"{scores[name]:.4g} [{low:.4g}, {high:.4g}]"
        else:
            yield f"{scores[name]:.4g}"
