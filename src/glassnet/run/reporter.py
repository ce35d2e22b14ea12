"""What a run tells while it works. The command line draws it; Python is silent unless it passes one in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from glassnet.engine.history import EpochRecord
    from glassnet.plan.characters import CharacterPlan
    from glassnet.plan.images import ImagePlan
    from glassnet.plan.series import SeriesPlan
    from glassnet.plan.table import Plan
    from glassnet.plan.texts import TextPlan


class Reporter(Protocol):
    """Whoever wants to follow a run has these methods."""

    def phase(self, text: str) -> None:
        """A part of the work begins, e.g. ``reading hour.csv``."""

    def planned(self, plan: Plan | TextPlan | CharacterPlan | SeriesPlan | ImagePlan) -> None:
        """The columns' roles and everything else that the run decided is known."""

    def progress(self, net: str, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Training of one net goes on: ``done`` of ``total`` epochs, about ``eta`` seconds left."""

    def sample(self, record: EpochRecord, text: str) -> None:
        """A net that learns a text has written some after an epoch."""


class Silent:
    """A reporter that says nothing."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def planned(self, plan: Plan | TextPlan | CharacterPlan | SeriesPlan | ImagePlan) -> None:
        """Say nothing."""

    def progress(self, net: str, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Say nothing."""

    def sample(self, record: EpochRecord, text: str) -> None:
        """Say nothing."""
