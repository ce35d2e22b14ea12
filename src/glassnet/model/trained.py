"""What every model has, whatever a row of its data is: it is saved, shown and asked in the same way."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from glassnet.engine.history import History
from glassnet.plan.images import ImagePlan
from glassnet.plan.table import Plan
from glassnet.plan.texts import TextPlan
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.storage import write_atomically
from glassnet.task import Task


class Trained(ABC):
    """A trained network that takes raw data and answers in the user's units.

    Attributes:
        recipe: what the user decided about the run.
        plan: what the run decided.
        history: its epochs.
        results: its scores beside the baselines.
    """

    recipe: Recipe
    plan: BaseModel
    history: History
    results: Results

    @abstractmethod
    def predict(self, data: Any) -> Any:
        """Answer raw data."""

    @abstractmethod
    def evaluate(self, data: Any = None) -> Results:
        """Score the model beside its baselines."""

    @abstractmethod
    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net: the first of its :meth:`facts`."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""

    def save(self, path: str | Path) -> None:
        """Write the model as one ``.glass`` file, whole or not at all; the same model gives the same bytes.

        Raises:
            RequestError: the folder does not exist, or ``path`` is one.
            WorkError: the disk is full, or the folder cannot be written to.
        """
        write_atomically(path, self.to_bytes())

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say about the model in a few words each."""
        yield from self.about()
        yield "trained", f"{len(self.history)} epochs, stopped by {self.history.stopped}"
        verdict = self.results.verdict()
        if verdict:
            yield self.results.shown_split() or "", verdict

    def __repr__(self) -> str:
        return "\n".join([type(self).__name__, *(f"  {name}: {text}" for name, text in self.facts())])

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{html.escape(n)}</th><td>{html.escape(t)}</td></tr>" for n, t in self.facts())
        return f"<table>{''.join(rows)}</table>"


class TaskModel(Trained):
    """A model whose outputs a Task turns into numbers or classes, one answer for each row.

    Attributes:
        task: what the outputs mean.
    """

    task: Task
    plan: Plan | TextPlan | ImagePlan

    @abstractmethod
    def predict_proba(self, data: Any) -> Any:
        """Return the probability of each class in ``task.classes``. Shape (rows, classes)."""
