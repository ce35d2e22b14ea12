"""The engine: what runs the steps of training, for any ``nn.Module`` on rows in memory.

Names are imported from their homes when they are first used: ``History`` and its records need no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.engine.arrays import checked_rows
    from glassnet.engine.callbacks import StepLosses
    from glassnet.engine.history import EpochRecord, History
    from glassnet.engine.loop import HOOKS, Loop, Stop
    from glassnet.engine.rows import Rows
    from glassnet.engine.settings import Settings
    from glassnet.engine.training import fit, train_net

__all__ = [
    "HOOKS",
    "EpochRecord",
    "History",
    "Loop",
    "Rows",
    "Settings",
    "StepLosses",
    "Stop",
    "checked_rows",
    "fit",
    "train_net",
]

_NAMES_IN_HOME = {
    "arrays": ("checked_rows",),
    "callbacks": ("StepLosses",),
    "history": ("EpochRecord", "History"),
    "loop": ("HOOKS", "Loop", "Stop"),
    "rows": ("Rows",),
    "settings": ("Settings",),
    "training": ("fit", "train_net"),
}
_HOME = {name: home for home, names in _NAMES_IN_HOME.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its home, once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
