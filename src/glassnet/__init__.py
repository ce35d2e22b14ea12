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
    from glassnet.engine.epoch_weights import EpochWeights
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
    from glassnet.lens.animate import animate
    from glassnet.lens.boundary import boundary
    from glassnet.lens.confusion import confusion
    from glassnet.lens.contributions import contributions
    from glassnet.lens.convolution import feature_maps, filters, pooling_winners, unfold_pixel
    from glassnet.lens.dependence import partial_dependence
    from glassnet.lens.doctor import diagnose
    from glassnet.lens.doctor_view import Diagnosis, Finding
    from glassnet.lens.draw import plot_learning_curve, plot_predictions
    from glassnet.lens.draw_boundary import plot_boundary, plot_hidden_units
    from glassnet.lens.draw_confusion import plot_confusion
    from glassnet.lens.draw_convolution import plot_convolution
    from glassnet.lens.draw_course import plot_activations, plot_complexity, plot_gates, plot_softmax
    from glassnet.lens.draw_error_surface import plot_error_surface
    from glassnet.lens.draw_explanations import plot_explanation
    from glassnet.lens.draw_latent_map import plot_latent_map
    from glassnet.lens.draw_network import plot_network, plot_weights
    from glassnet.lens.draw_words import plot_frontier, plot_word_map
    from glassnet.lens.error_surface import error_surface
    from glassnet.lens.heat import grad_cam, occlusion
    from glassnet.lens.importance import permutation_importance
    from glassnet.lens.latent_map import latent_map
    from glassnet.lens.mistakes import worst_rows
    from glassnet.lens.shapes import shapes
    from glassnet.lens.snapshots import Snapshots
    from glassnet.lens.trace import trace
    from glassnet.lens.word_map import word_map
    from glassnet.lens.words import similar_words, word_contributions, word_weights
    from glassnet.metrics.modes import mode_coverage
    from glassnet.model.characters import CharacterModel, generate
    from glassnet.model.images import ImageModel
    from glassnet.model.loading import load
    from glassnet.model.table import Model
    from glassnet.model.texts import TextModel
    from glassnet.nets.pretrained import pretrained
    from glassnet.recipe import Recipe
    from glassnet.run.autoencode import autoencode
    from glassnet.run.gan import gan
    from glassnet.run.reports import report
    from glassnet.run.style import style
    from glassnet.run.text_steps import text_steps
    from glassnet.run.train import resume, train
    from glassnet.task import Task

__all__ = [
    "CharacterModel",
    "DataError",
    "Diagnosis",
    "EpochWeights",
    "Finding",
    "FormatError",
    "GlassnetError",
    "GlassnetWarning",
    "History",
    "ImageModel",
    "Interrupted",
    "MissingExtra",
    "Model",
    "NonFiniteLoss",
    "Recipe",
    "RecipeError",
    "RequestError",
    "Schema",
    "Snapshots",
    "Source",
    "Task",
    "TextModel",
    "WorkError",
    "__version__",
    "animate",
    "autoencode",
    "boundary",
    "confusion",
    "contributions",
    "datasets",
    "diagnose",
    "error_surface",
    "feature_maps",
    "filters",
    "fit",
    "gan",
    "generate",
    "grad_cam",
    "latent_map",
    "load",
    "mode_coverage",
    "occlusion",
    "partial_dependence",
    "permutation_importance",
    "plot_activations",
    "plot_boundary",
    "plot_complexity",
    "plot_confusion",
    "plot_convolution",
    "plot_error_surface",
    "plot_explanation",
    "plot_frontier",
    "plot_gates",
    "plot_hidden_units",
    "plot_latent_map",
    "plot_learning_curve",
    "plot_network",
    "plot_predictions",
    "plot_softmax",
    "plot_weights",
    "plot_word_map",
    "pooling_winners",
    "pretrained",
    "report",
    "resume",
    "shapes",
    "similar_words",
    "style",
    "text_steps",
    "trace",
    "train",
    "unfold_pixel",
    "word_contributions",
    "word_map",
    "word_weights",
    "worst_rows",
]

_NAMES_IN_HOME = {
    "data.schema": ("Schema",),
    "data.sources": ("Source", "datasets"),
    "engine.epoch_weights": ("EpochWeights",),
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
    "lens.animate": ("animate",),
    "lens.boundary": ("boundary",),
    "lens.confusion": ("confusion",),
    "lens.contributions": ("contributions",),
    "lens.convolution": ("feature_maps", "filters", "pooling_winners", "unfold_pixel"),
    "lens.dependence": ("partial_dependence",),
    "lens.draw_boundary": ("plot_boundary", "plot_hidden_units"),
    "lens.draw_confusion": ("plot_confusion",),
    "lens.draw_convolution": ("plot_convolution",),
    "lens.draw_course": ("plot_activations", "plot_complexity", "plot_gates", "plot_softmax"),
    "lens.draw_error_surface": ("plot_error_surface",),
    "lens.doctor": ("diagnose",),
    "lens.doctor_view": ("Diagnosis", "Finding"),
    "lens.draw_explanations": ("plot_explanation",),
    "lens.draw_latent_map": ("plot_latent_map",),
    "lens.draw_network": ("plot_network", "plot_weights"),
    "lens.draw_words": ("plot_frontier", "plot_word_map"),
    "lens.heat": ("grad_cam", "occlusion"),
    "lens.error_surface": ("error_surface",),
    "lens.importance": ("permutation_importance",),
    "lens.latent_map": ("latent_map",),
    "lens.mistakes": ("worst_rows",),
    "lens.shapes": ("shapes",),
    "lens.snapshots": ("Snapshots",),
    "lens.trace": ("trace",),
    "lens.word_map": ("word_map",),
    "lens.words": ("similar_words", "word_contributions", "word_weights"),
    "lens.draw": ("plot_learning_curve", "plot_predictions"),
    "metrics.modes": ("mode_coverage",),
    "model.characters": ("CharacterModel", "generate"),
    "model.images": ("ImageModel",),
    "model.loading": ("load",),
    "model.table": ("Model",),
    "model.texts": ("TextModel",),
    "nets.pretrained": ("pretrained",),
    "recipe": ("Recipe",),
    "run.autoencode": ("autoencode",),
    "run.gan": ("gan",),
    "run.style": ("style",),
    "run.text_steps": ("text_steps",),
    "run.reports": ("report",),
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
