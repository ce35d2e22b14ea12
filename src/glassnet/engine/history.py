"""What happened during training, as typed records: one per epoch, the plan and the reason of the end.

    history[-1].train_loss        history.stopped        history.best_epoch        history.frame()

Two ways to JSON. ``to_json`` is one object *without* timings: a run that was killed and resumed gives the
same text as one left alone. ``to_jsonl`` is one line per epoch with timings, then one summary line.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from glassnet.errors import FormatError, message

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 10


@dataclass(frozen=True)
class EpochRecord:
    """One epoch, counted from 1.

    ``train_loss`` is the weighted mean over the epoch's batches, each measured before its own update, with
    dropout active and without penalties; ``validation_loss`` is measured after the epoch in evaluation mode
    (None without validation rows). ``learning_rate`` is that of the epoch's last step. ``seconds`` is the
    time that the epoch took, validation included; None where timings were not kept.
    """

    epoch: int
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None

    def to_json(self, timings: bool = True) -> str:
        """Return the record as one line of JSON; a metric that is infinite or no number becomes null."""
        return _dumps(self._facts(timings))

    def _facts(self, timings: bool) -> dict[str, Any]:
        metrics = {name: value if math.isfinite(value) else None for name, value in self.metrics.items()}
        facts = {**asdict(self), "metrics": metrics}
        return facts if timings else {name: facts[name] for name in facts if name != "seconds"}


@dataclass
class History:
    """The records of one run.

    ``stopped`` is "epochs", "early_stopping", "paused", "budget", "interrupted", "non_finite" or
    "callback: ..." (None: the run has not ended, or an exception ended it). ``best_epoch`` is the epoch whose
    weights the net holds after the run; None if no epoch was finished. ``plan`` is what the run decided for
    itself.
    ``step_losses`` is filled by the callback ``StepLosses``.
    """

    records: list[EpochRecord] = field(default_factory=list)
    engine: str = "torch"
    engine_reason: str | None = None
    stopped: str | None = None
    best_epoch: int | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    step_losses: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> EpochRecord:
        return self.records[index]

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self.records)

    def frame(self) -> pl.DataFrame:
        """Return one row per epoch; each metric is a column of its own."""
        import polars as pl

        names = list(dict.fromkeys(name for record in self for name in record.metrics))
        columns: dict[str, list[Any]] = {
            "epoch": [record.epoch for record in self],
            "train_loss": [record.train_loss for record in self],
            "validation_loss": [record.validation_loss for record in self],
            "learning_rate": [record.learning_rate for record in self],
            **{name: [record.metrics.get(name) for record in self] for name in names},
            "seconds": [record.seconds for record in self],
        }
        types = {name: pl.Int64 if name == "epoch" else pl.Float64 for name in columns}
        return pl.DataFrame(columns, schema=types)

    def to_json(self) -> str:
        """Return everything but the timings as one JSON object."""
        return _dumps({**self._summary(), "records": [each._facts(timings=False) for each in self]})

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read what ``to_json`` wrote; ``seconds`` is None in every record.

        Raises:
            FormatError: the text is not such an object.
        """
        facts = _loads(text)
        return cls._from_facts(facts, facts.pop("records", None))

    def to_jsonl(self) -> str:
        """Return one JSON object per epoch, timings included, and a last one that sums the run up."""
        lines = [*(record.to_json() for record in self), _dumps(self._summary())]
        return "".join(line + "\n" for line in lines)

    @classmethod
    def from_jsonl(cls, text: str) -> History:
        """Read what ``to_jsonl`` wrote; without the last line (a run still going on) only the records.

        Raises:
            FormatError: a line is not such an object.
        """
        lines = [_loads(line) for line in text.splitlines() if line.strip()]
        summaries = [line for line in lines if "epoch" not in line]
        return cls._from_facts(
            summaries[-1] if summaries else {}, [line for line in lines if "epoch" in line]
        )

    def _summary(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "records"}

    @classmethod
    def _from_facts(cls, facts: dict[str, Any], records: Any) -> History:
        problems = [name for name, right in _FACTS.items() if name in facts and not right(facts[name])]
        if problems or facts.keys() - _FACTS.keys() or not isinstance(records, list):
            raise FormatError(
                _not_a_history(f"its parts are {sorted(facts)}, and of these {problems} are wrong")
            )
        return cls(records=[_record(each) for each in records], **facts)

    def __repr__(self) -> str:
        end = "not ended" if self.stopped is None else f"stopped: {self.stopped}"
        best = "" if self.best_epoch is None else f", weights of epoch {self.best_epoch}"
        head = f"History: {len(self)} epochs, {end}{best}, engine {self.engine}"
        return "\n".join([head, *_table(self.records[-_SHOWN:], self.best_epoch)])


def _table(records: list[EpochRecord], best: int | None) -> Iterator[str]:
    if not records:
        return
    names = list(records[-1].metrics)
    titles = ["train loss", "validation", "lr", *names]
    yield " epoch " + "".join(f"{title:>12}" for title in titles)
    for record in records:
        scores = [record.metrics.get(name) for name in names]
        cells = [record.train_loss, record.validation_loss, record.learning_rate, *scores]
        shown = "".join(f"{'-' if cell is None else format(cell, '.5g'):>12}" for cell in cells)
        yield f"{'*' if record.epoch == best else ' '}{record.epoch:5d} {shown}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_metrics(value: Any) -> bool:
    return isinstance(value, dict) and all(each is None or _is_number(each) for each in value.values())


_FACTS: dict[str, Callable[[Any], bool]] = {
    "engine": lambda value: isinstance(value, str),
    "engine_reason": _is_text_or_none,
    "stopped": _is_text_or_none,
    "best_epoch": lambda value: value is None or _is_count(value),
    "plan": lambda value: isinstance(value, dict),
    "step_losses": lambda value: isinstance(value, list) and all(map(_is_number, value)),
}
_RECORD: dict[str, Callable[[Any], bool]] = {
    "epoch": _is_count,
    "train_loss": _is_number,
    "validation_loss": lambda value: value is None or _is_number(value),
    "learning_rate": _is_number,
    "metrics": _is_metrics,
    "seconds": lambda value: value is None or _is_number(value),
}


def _record(facts: Any) -> EpochRecord:
    facts = {"seconds": None, **facts} if isinstance(facts, dict) else {}
    wrong = [name for name, right in _RECORD.items() if name not in facts or not right(facts[name])]
    if wrong or facts.keys() != _RECORD.keys():
        raise FormatError(_not_a_history(f"a record with {sorted(facts)}, of which {wrong} are wrong"))
    metrics = {name: math.nan if value is None else value for name, value in facts["metrics"].items()}
    return EpochRecord(**{**facts, "metrics": metrics})


def _dumps(facts: dict[str, Any]) -> str:
    return json.dumps(facts, allow_nan=False, ensure_ascii=False)


def _loads(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise FormatError(_not_a_history(str(error))) from None
    if not isinstance(facts, dict):
        raise FormatError(_not_a_history(f"a JSON {type(facts).__name__}"))
    return facts


def _not_a_history(found: str) -> str:
    return message("a history must be as History.to_json or to_jsonl wrote it", found, "write it anew")
