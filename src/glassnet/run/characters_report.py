"""The report of a model of a long text: what each judged character cost, and what the net writes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.characters import read_long_text
from glassnet.engine.threads import using_threads
from glassnet.errors import DataError, GlassnetWarning, RequestError, message
from glassnet.lens.report import Doubt, Report
from glassnet.lens.sequence_compose import SequenceMaterial, compose_characters
from glassnet.lens.sequences import CharacterFindings, character_findings
from glassnet.run.characters_prepare import baseline_losses, prepare_text
from glassnet.run.cut_again import agree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.characters import CharacterModel
    from glassnet.run.characters_prepare import PreparedText

    Losses = Mapping[str, NDArray[np.float64]]

SAMPLES, LENGTH = (0.5, 1.0), 300
"""Temperatures of what the net writes, and how many characters each time."""


def characters_report(model: CharacterModel, data: object = None) -> Report:
    """Make the report of a model of a long text; see :func:`glassnet.run.reports.report`."""
    with warnings.catch_warnings(), using_threads(model.plan.threads):
        warnings.simplefilter("ignore", GlassnetWarning)  # whoever read this text first was told
        material = _of_the_run(model) if data is None else _of_another_text(model, str(data))
        return compose_characters(model, material)


def training_report(
    model: CharacterModel, prepared: PreparedText, losses: Mapping[str, Losses], told: tuple[str, ...]
) -> Report:
    """Make the report of a run that has just ended; ``losses`` are those of each part, by method."""
    split = model.results.shown_split() or ""
    with using_threads(model.plan.threads):
        findings = _findings(model, prepared, split, losses[split])
    material = SequenceMaterial(_name(model), model.results, findings=findings, notes=told)
    return compose_characters(model, material)


def _findings(model: CharacterModel, prepared: PreparedText, split: str, losses: Losses) -> CharacterFindings:
    codes, first = prepared.of(split)
    return character_findings(prepared.vocabulary.decode(codes[first:]), losses, _samples(model))


def _samples(model: CharacterModel) -> tuple[tuple[float, str], ...]:
    seed = model.recipe.seed
    return tuple((each, model.generate(length=LENGTH, temperature=each, seed=seed)) for each in SAMPLES)


def _of_another_text(model: CharacterModel, data: str) -> SequenceMaterial:
    """Gather a text that the run has not seen."""
    results = model.evaluate(data)
    text = read_long_text(data)
    codes = model.vocabulary.encode(text.characters)
    losses = {
        "network": model.losses(codes, 1),
        "frequencies": -np.log(model.frequencies[codes[1:]]),
    }
    findings = character_findings(model.vocabulary.decode(codes[1:]), losses, _samples(model))
    found: tuple[Doubt, ...] = ()
    if text.sha256 == model.recipe.sha256:
        told = f"it is {_name(model)} itself (the same SHA-256), with what it learned from"
        found = (Doubt("It has seen this text", told),)
    return SequenceMaterial(text.name, results, findings=findings, is_other_data=True, found=found)


def _of_the_run(model: CharacterModel) -> SequenceMaterial:
    """Gather what can still be had of the run's own text."""
    try:
        return SequenceMaterial(_name(model), model.results, findings=_cut_again(model))
    except RequestError as error:
        why = f"What each character cost, and samples: {error}. "
        do = "They can be had for another text, by glassnet report MODEL --data FILE."
        return SequenceMaterial(_name(model), model.results, missing=(why + do,))


def _cut_again(model: CharacterModel) -> CharacterFindings | None:
    """Read the text of the run again, and cut and foretell the same part of it.

    Raises:
        RequestError: it cannot be had, or not be foretold as it was then.
    """
    split, text = model.results.shown_split(), read_long_text(model.recipe.data or "")
    if text.sha256 != model.recipe.sha256:
        must, do = "the text must be as it was", "put the old one back"
        raise DataError(message(must, f"{text.name} has changed", do))
    if split is None:
        return None
    prepared = prepare_text(model.recipe, text)
    codes, first = prepared.of(split)
    theirs = {} if split == "train" else baseline_losses(prepared, split)
    losses = {"network": model.losses(codes, first), **theirs}
    found = {"nats_per_character": float(losses["network"].mean())}
    then = model.results.metrics[split]
    if not agree(found, {name: then[name] for name in found}):
        must, do = "a text that is cut again must give the scores of the run", "judge another text"
        raise DataError(message(must, "it does not", do))
    return _findings(model, prepared, split, losses)


def _name(model: CharacterModel) -> str:
    return model.recipe.data or "a text"
