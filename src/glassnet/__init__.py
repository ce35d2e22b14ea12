"""Glassnet: neural networks you can see through.

    import glassnet as gn

    model = gn.train("hour.csv", target="cnt")
    model.evaluate()
    model.save("rides.glass")

This is the public door. Each name below is imported from its home when it is first used, so that
``import glassnet`` itself stays quick and does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from glassnet.version import __version__

if TYPE_CHECKING:
    from glassnet.data.schema import Schema
    from glassnet.data.sources import Source, datasets
    from glassnet.engine.history import History
    from glassnet.engine.training import fit
    from glassnet.errors import (
        DataError,
        FormatError,
        GlassnetError,
        GlassnetWarning,
        Interrupted,
        MissingExtra,
        NonFiniteLoss,
        RecipeError,
        RequestError,
        WorkError,
    )
    from glassnet.lens.contributions import contributions
    from glassnet.lens.dependence import partial_dependence
    from glassnet.lens.doctor import diagnose
    from glassnet.lens.doctor_view import Diagnosis, Finding
    from glassnet.lens.draw import plot_learning_curve, plot_predictions
    from glassnet.lens.draw_explanations import plot_explanation
    from glassnet.lens.importance import permutation_importance
    from glassnet.lens.mistakes import worst_rows
    from glassnet.model import Model, load
    from glassnet.recipe import Recipe
    from glassnet.run.report import report
    from glassnet.run.train import resume, train
    from glassnet.task import Task

__all__ = [
    "DataError",
    "Diagnosis",
    "Finding",
    "FormatError",
    "GlassnetError",
    "GlassnetWarning",
    "History",
    "Interrupted",
    "MissingExtra",
    "Model",
    "NonFiniteLoss",
    "Recipe",
    "RecipeError",
    "RequestError",
    "Schema",
    "Source",
    "Task",
    "WorkError",
    "__version__",
    "contributions",
    "datasets",
    "diagnose",
    "fit",
    "load",
    "partial_dependence",
    "permutation_importance",
    "plot_explanation",
    "plot_learning_curve",
    "plot_predictions",
    "report",
    "resume",
    "train",
    "worst_rows",
]

_NAMES_IN_HOME = {
    "data.schema": ("Schema",),
    "data.sources": ("Source", "datasets"),
    "engine.training": ("fit",),
    "engine.history": ("History",),
    "errors": (
        "DataError",
        "FormatError",
        "GlassnetError",
        "GlassnetWarning",
        "Interrupted",
        "MissingExtra",
        "NonFiniteLoss",
        "RecipeError",
        "RequestError",
        "WorkError",
    ),
    "lens.contributions": ("contributions",),
    "lens.dependence": ("partial_dependence",),
    "lens.doctor": ("diagnose",),
    "lens.doctor_view": ("Diagnosis", "Finding"),
    "lens.draw_explanations": ("plot_explanation",),
    "lens.importance": ("permutation_importance",),
    "lens.mistakes": ("worst_rows",),
    "lens.draw": ("plot_learning_curve", "plot_predictions"),
    "model": ("Model", "load"),
    "recipe": ("Recipe",),
    "run.report": ("report",),
    "run.train": ("resume", "train"),
    "task": ("Task",),
}
_HOME = {name: home for home, names in _NAMES_IN_HOME.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its home, once."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
