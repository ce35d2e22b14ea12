"""A model of characters: it takes text, says how probable each next character is, and writes on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from pydantic import Field

from glassnet.archive import Contents, pack, read_archive
from glassnet.data.characters import Vocabulary, read_long_text
from glassnet.engine.arrays import device_of
from glassnet.engine.characters import character_losses
from glassnet.engine.history import History
from glassnet.errors import DataError, FormatError, RecipeError, WorkError, message
from glassnet.metrics.characters import character_difference, character_scores
from glassnet.model.manifest import Manifest, damaged, only_shares, read_as, split_arrays
from glassnet.model.trained import Trained
from glassnet.nets.build import load_weights
from glassnet.nets.own import arrays_of
from glassnet.nets.recurrent import RecurrentNet, State
from glassnet.nets.spec import Recurrent
from glassnet.plan.characters import CharacterPlan
from glassnet.randomness import stream
from glassnet.recipe import Recipe
from glassnet.results import Results
from glassnet.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LONGEST = 10_000_000
"""Characters that one call writes at most."""


class CharacterManifest(Manifest):
    """What ``glassnet.json`` of a model of characters holds under ``manifest``."""

    kind: Literal["characters"]
    plan: CharacterPlan
    schema_: Vocabulary = Field(alias="schema")
    networks: dict[Literal["net"], Recurrent] = Field(min_length=1)


@dataclass(repr=False)
class CharacterModel(Trained):
    """A recurrent net that learned a text character by character.

    Attributes:
        net: the torch module inside: codes of characters, (steps, sequences), to scores of the next ones.
        vocabulary: the characters that it knows.
        results: its scores beside the baselines, from the run that trained it.
        frequencies: the probability of each code in the training text, the baseline that new text is scored
            beside. Shape (vocabulary.size,).
    """

    net: RecurrentNet
    vocabulary: Vocabulary
    recipe: Recipe
    plan: CharacterPlan
    history: History
    frequencies: Floats
    results: Results = field(default_factory=Results)

    def predict(self, texts: str | Sequence[str]) -> NDArray[Any]:
        """Return the character that most probably follows each text. Shape: (texts,).

        Raises:
            DataError: a text is empty, or has a character that the model has not seen.
        """
        best = self.predict_proba(texts).argmax(axis=1)
        return np.array([self.vocabulary.characters[each] for each in best], dtype=object)

    def predict_proba(self, texts: str | Sequence[str]) -> Floats:
        """Return how probable each of ``vocabulary.characters`` is after each text.

        Shape: (texts, characters).

        Raises:
            DataError: see :meth:`predict`.
        """
        return np.stack([self._after(text) for text in ([texts] if isinstance(texts, str) else texts)])

    def _after(self, text: str) -> Floats:
        if not text:
            raise DataError(message("a text must have a character to go on from", "it is empty", "write one"))
        self.vocabulary.check_known(text, "a text")
        codes = torch.from_numpy(self.vocabulary.encode(text)).to(device_of(self.net))
        self.net.eval()
        with torch.no_grad():
            answers, _ = self.net(codes[:, None])
        return probabilities(answers[-1, 0], 1.0, None)

    def evaluate(self, data: str | Path | None = None) -> Results:
        """Score the model on a text, beside the frequencies of characters in its training text.

        Args:
            data: a text file in UTF-8; None gives the results of the run that trained the model.

        Raises:
            DataError: the file is no text, or too short.
        """
        if data is None:
            return self.results
        text = read_long_text(data)
        codes = self.vocabulary.encode(text.characters)
        if len(codes) < 2:
            must = f"{text.name} must have two characters or more to be scored"
            raise DataError(message(must, "it has one", "take a longer text"))
        losses = self.losses(codes, 1)
        unigram = -np.log(self.frequencies[codes[1:]])
        seed, unknown = self.recipe.seed, int((codes == 0).sum())
        notes = [f"{unknown:,} characters are not in the vocabulary"] if unknown else []
        return Results.judged(
            "test",
            len(losses),
            character_scores(losses, seed),
            {"frequencies": character_scores(unigram, seed)},
            {"frequencies": {"nats_per_character": character_difference(losses, unigram, seed)}},
            notes,
        )

    def losses(self, codes: NDArray[np.int32], first: int) -> Floats:
        """Return -ln of the probability of each character from ``first`` on. Shape: (characters - first,).

        Raises:
            WorkError: one is infinite or not a number.
        """
        text = torch.from_numpy(codes).to(device_of(self.net))
        losses: Floats = character_losses(self.net, text, first).double().cpu().numpy()
        if not np.isfinite(losses).all():
            found = "a loss is infinite or not a number"
            raise WorkError(message("the net must answer every character", found, "train it with a lower lr"))
        return losses

    def generate(
        self,
        prime: str = "",
        length: int = 500,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
        told: Callable[[str], None] | None = None,
    ) -> str:
        """Write on after ``prime``, one character after another, each drawn by its probability.

        Args:
            prime: what stands before; empty: a new line. It is not part of what is returned.
            length: characters to write.
            temperature: 1 draws as the model believes, lower values nearer to the most probable character, 0
                always that one.
            top_k: draw from the so many most probable characters only.
            seed: the same seed writes the same.
            told: called with each character as soon as it is there.

        Raises:
            DataError: ``prime`` has a character that the model has not seen.
            RecipeError: a number is out of its range; all of them are named.
        """
        _check_wishes(length, temperature, top_k)
        self.vocabulary.check_known(prime, "the prime")
        begin = prime or ("\n" if "\n" in self.vocabulary.characters else self.vocabulary.characters[0])
        drawn = Drawn(self.net, self.vocabulary.encode(begin), temperature, top_k, seed)
        written = []
        for _ in range(length):
            written.append(self.vocabulary.decode([drawn.next()]))
            if told is not None:
                told(written[-1])
        return "".join(written)

    def to_bytes(self) -> bytes:
        """Return the bytes of the model's ``.glass`` file (``docs/format.md``)."""
        manifest = CharacterManifest(
            kind="characters",
            version=__version__,
            recipe=self.recipe,
            plan=self.plan.model_copy(update={"paces": ()}),  # timings would make each run's file another
            schema=self.vocabulary,
            networks={"net": self.net.spec},
            history=json.loads(self.history.to_json()),
            results=self.results,
        )
        arrays = {f"net.{name}": each for name, each in arrays_of(self.net).items()}
        arrays["baseline.frequencies"] = self.frequencies
        return pack(manifest.model_dump(mode="json", by_alias=True), arrays)

    def about(self) -> Iterator[tuple[str, str]]:
        """Yield what it learned, from what and with which net."""
        yield "task", "characters: each from those before it"
        yield "knows", f"{len(self.vocabulary.characters):,} characters: {self.vocabulary.characters[:200]!r}"
        yield "net", f"{self.plan.net}, {sum(p.numel() for p in self.net.parameters()):,} parameters"


class Drawn:
    """Characters drawn from a net one after another; what it remembers goes on."""

    def __init__(
        self, net: RecurrentNet, codes: NDArray[np.int32], temperature: float, top_k: int | None, seed: int
    ) -> None:
        self.net, self.temperature, self.top_k = net.eval(), temperature, top_k
        self.chance = stream(seed, "generate")
        self.read = torch.from_numpy(codes).to(device_of(net))
        self.state: State | None = None

    def next(self) -> int:
        """Draw the code of the next character; never that of the characters that are not known."""
        with torch.no_grad():
            answers, self.state = self.net(self.read[:, None], self.state)
        chances = probabilities(answers[-1, 0], self.temperature, self.top_k)
        place = int(np.searchsorted(np.cumsum(chances), self.chance.random(), side="right"))
        code = 1 + min(place, int(np.flatnonzero(chances)[-1]))
        self.read = torch.tensor([code], dtype=torch.int32, device=self.read.device)
        return code


def probabilities(answers: torch.Tensor, temperature: float, top_k: int | None) -> Floats:
    """Return the probabilities of the known characters at a temperature, 0 but for the ``top_k`` highest.

    Args:
        answers: what the net puts out for each code. Shape: (codes,).

    Shape: (codes - 1,).
    """
    scores: Floats = answers.double().cpu().numpy()[1:]
    if top_k is not None and top_k < len(scores):
        kept = np.argsort(-scores, kind="stable")[:top_k]
        outside = np.ones(len(scores), bool)
        outside[kept] = False
        scores[outside] = -np.inf
    if temperature == 0:
        scores = np.where(scores == scores.max(), 0.0, -np.inf)
    powers = np.exp((scores - scores.max()) / (temperature or 1.0))
    chances: Floats = powers / powers.sum()
    return chances


def _check_wishes(length: int, temperature: float, top_k: int | None) -> None:
    problems = []
    if not 0 <= length <= LONGEST:
        problems.append(message(f"length must be from 0 to {LONGEST:,}", f"length={length}", "write another"))
    if not (math.isfinite(temperature) and temperature >= 0):
        must = "temperature must be 0 or above"
        problems.append(message(must, f"temperature={temperature:g}", "write 1 or 0.7"))
    if top_k is not None and top_k < 1:
        problems.append(message("top_k must be 1 or above", f"top_k={top_k}", "write 5, or leave it out"))
    if problems:
        raise RecipeError(problems)


def character_model_from(contents: Contents, name: str) -> CharacterModel:
    """Build a model from the contents of a ``.glass`` file; ``name`` is the file's, for messages.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md``.
    """
    manifest, history = read_as(CharacterManifest, contents.manifest, name)
    net, size = manifest.networks["net"], manifest.schema_.size
    if (net.symbols, net.outputs) != (size, size):
        found = f"a net of {net.symbols} symbols and {net.outputs} outputs for {size} characters"
        raise FormatError(damaged(name, found))
    saved = split_arrays(contents.arrays, ("net", "baseline"), name)
    frequencies = only_shares(saved["baseline"], "frequencies", size, name)
    if not frequencies.all():
        raise FormatError(damaged(name, "frequencies that are not above 0"))
    loaded = load_weights(net, saved["net"], name)
    if not isinstance(loaded, RecurrentNet):
        raise FormatError(damaged(name, "a net of another kind"))
    return CharacterModel(
        net=loaded.eval(),
        vocabulary=manifest.schema_,
        recipe=manifest.recipe,
        plan=manifest.plan,
        history=history,
        frequencies=frequencies,
        results=manifest.results,
    )


def load_characters(path: str | Path) -> CharacterModel:
    """Load a model of characters from its ``.glass`` file.

    Raises:
        FormatError: the file does not keep the format of ``docs/format.md``.
        RecipeError: it is a model of another kind.
    """
    contents = read_archive(path)
    if contents.manifest.get("kind") != "characters":
        must = "text is written by a model of characters"
        do = "train one: glassnet train TEXT --task characters"
        raise RecipeError(message(must, f"{path} is a model of another kind", do))
    return character_model_from(contents, str(path))


def generate(
    model: object,
    prime: str = "",
    length: int = 500,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 0,
) -> str:
    """Let a model of characters write on after ``prime``; see :meth:`CharacterModel.generate`.

    Args:
        model: the model, or its ``.glass`` file.

    Raises:
        RecipeError: the model is of another kind.
    """
    writer = load_characters(model) if isinstance(model, str | Path) else model
    if not isinstance(writer, CharacterModel):
        must, do = "text is written by a model of characters", "train one with task='characters'"
        raise RecipeError(message(must, f"a {type(model).__name__} was given", do))
    return writer.generate(prime, length, temperature=temperature, top_k=top_k, seed=seed)
