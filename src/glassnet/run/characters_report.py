"""The report of a model of a long text: what each judged character cost, and what the net writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.characters import read_long_text
from glassnet.engine.threads import using_threads
from glassnet.errors import DataError, message
from glassnet.lens.report import Report
from glassnet.lens.sequence_compose import SequenceMaterial, compose_characters
from glassnet.lens.sequences import CharacterFindings, character_findings
from glassnet.run.characters_prepare import baseline_losses, prepare_text
from glassnet.run.cut_again import agree, of_the_run, seen_before

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.characters import CharacterModel
    from glassnet.run.characters_prepare import PreparedText

    Losses = Mapping[str, NDArray[np.float64]]

SAMPLES, LENGTH = (0.5, 1.0), 300
"""Temperatures of what the net writes, and how many characters each time."""


def characters_report(model: CharacterModel, data: object = None) -> Report:
    """Make the report of a model of a long text; see :func:`glassnet.run.reports.report`."""
    with using_threads(model.plan.threads):
        material = _of_the_run(model) if data is None else _of_another_text(model, str(data))
        return compose_characters(model, material)


def training_report(
    model: CharacterModel, prepared: PreparedText, losses: Mapping[str, Losses], told: tuple[str, ...]
) -> Report:
    """Make the report of a run that has just ended; ``losses`` are those of each part, by method."""
    split = model.results.shown_split() or ""
    with using_threads(model.plan.threads):
        findings = _findings(model, prepared, split, losses[split])
    return compose_characters(model, replace(_bare(model), findings=findings, notes=told))


def _bare(model: CharacterModel) -> SequenceMaterial:
    return SequenceMaterial(model.recipe.data or "a text", model.results)


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
    are_those = f"it is {_bare(model).data}"
    found = seen_before(model, text.sha256, "this text", are_those, "what it learned from")
    return SequenceMaterial(text.name, results, findings=findings, is_other_data=True, found=found)


def _of_the_run(model: CharacterModel) -> SequenceMaterial:
    judgeable = "another text, by glassnet report MODEL --data FILE"
    return of_the_run(
        _bare(model), partial(_cut_again, model), "What each character cost, and samples", judgeable
    )


def _cut_again(model: CharacterModel, bare: SequenceMaterial) -> SequenceMaterial:
    """Read the text of the run again, and cut and foretell the same part of it.

    Raises:
        RequestError: it cannot be had, or not be foretold as it was then.
    """
    split, text = model.results.shown_split(), read_long_text(model.recipe.data or "")
    if text.sha256 != model.recipe.sha256:
        must, do = "the text must be as it was", "put the old one back"
        raise DataError(message(must, f"{text.name} has changed", do))
    if split is None:
        return bare
    prepared = prepare_text(model.recipe, text)
    codes, first = prepared.of(split)
    theirs = {} if split == "train" else baseline_losses(prepared, split)
    losses = {"network": model.losses(codes, first), **theirs}
    found = {"nats_per_character": float(losses["network"].mean())}
    then = model.results.metrics[split]
    if not agree(found, {name: then[name] for name in found}):
        must, do = "a text that is cut again must give the scores of the run", "judge another text"
        raise DataError(message(must, "it does not", do))
    return replace(bare, findings=_findings(model, prepared, split, losses))
