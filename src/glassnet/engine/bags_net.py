"""What a bag net is and answers: settings, the net, what it says of a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_features import Array, Features, Vocabulary
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, tokens
from glassnet.engine import bags_native, bags_numpy
from glassnet.engine.bags_stack import Stack, hidden_layers
from glassnet.errors import RecipeError, message
from glassnet.machine import all_cores
from glassnet.native_status import native_status

Scale = Literal["naive_bayes", "none"]


@dataclass(frozen=True)
class BagSettings:
    """How a bag net is trained.

    Attributes:
        passes: steps of Newton's method, at least 1. Each is found by up to 20 products with all texts; few
            steps leave the weights small, as a penalty does. With hidden layers: how often each text is seen.
        learning_rate: the length of a step as a share of Newton's own, above 0 and at most 1; it is halved
            until the loss falls. With hidden layers: the rate of Adam.
        l2: the penalty on the mean log loss, l2 / 2 times the sum of the squared weights before they are
            scaled, at least 0; not with hidden layers.
        scale: "naive_bayes" scales each n-gram by the logarithm of how much more often it is in texts of one
            class (Wang and Manning 2012); "none" takes all alike.
        smoothing: what is added to each count of the naive-Bayes scale, above 0.
        hidden: the hidden layers as ``--net`` writes them, such as ``10:identity`` (a vector for each n-gram)
            or ``64:relu:0.2``; "": n-grams are added up to the outputs, which Newton's method learns.
        seed: of first weights, order and dropout with hidden layers; without them nothing is left to chance.
    """

    passes: int = 4
    learning_rate: float = 1.0
    l2: float = 5e-7
    scale: Scale = "naive_bayes"
    smoothing: float = 1.0
    hidden: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            RecipeError: values that they cannot have; all are named.
        """
        rules = {
            "passes": (isinstance(self.passes, int) and self.passes >= 1, "a whole number of at least 1"),
            "learning_rate": (0 < self.learning_rate <= 1, "above 0 and at most 1"),
            "l2": (0 <= self.l2 < np.inf, "at least 0"),
            "scale": (self.scale in get_args(Scale), "one of " + ", ".join(get_args(Scale))),
            "smoothing": (0 < self.smoothing < np.inf, "above 0"),
        }
        problems = [
            message(f"{name} must be {must}", f"{name}={getattr(self, name)!r}", "write another")
            for name, (right, must) in rules.items()
            if not right
        ]
        if problems:
            raise RecipeError(problems)
        hidden_layers(self.hidden)


@dataclass(frozen=True)
class PassRecord:
    """What a pass over the texts gave: mean log losses, and seconds since the training began."""

    number: int
    passes: int
    loss: float
    validation_loss: float | None
    seconds: float


@dataclass(frozen=True)
class Contribution:
    """What one n-gram of one text adds to the logits.

    Attributes:
        ngram: its tokens, with spaces between.
        count: how often it is in the text.
        logits: what it adds to each output. Shape: (outputs,).
    """

    ngram: str
    count: int
    logits: NDArray[np.float64]


def logits(
    features: Features, weights: NDArray[np.float32], bias: NDArray[np.float32], *, threads: int | None = None
) -> NDArray[np.float32]:
    """Return bias + sum of value times weight / length of the row. Shape: (texts, outputs)."""
    if native_status().available:
        return bags_native.logits(features, weights, bias, threads or all_cores())
    return bags_numpy.logits(features, weights, bias)


@dataclass(frozen=True, eq=False)
class Learned:
    """What a bag answers with.

    Attributes:
        weights: of each feature, the scale included. Shape: (features, outputs), float32; with hidden layers
            (features, units of the first).
        bias: Shape: (outputs,), float32, or (units,).
        stack: the dense layers between what a text adds up to and the outputs.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    stack: Stack = field(default_factory=Stack)

    def answers(self, features: Features, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the logits of texts as features. Shape: (texts, outputs)."""
        return self.stack(logits(features, self.weights, self.bias, threads=threads)).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class BagNet(Learned):
    """A trained net over bags of n-grams.

    Attributes:
        vocabulary: which n-grams are features.
        settings: how it was trained.
        history: one record a pass.
        names: the n-grams of the columns with the largest weights.

    Two classes have one output, whose sigmoid is the probability of class 1; more classes have one each.
    """

    vocabulary: Vocabulary
    settings: BagSettings
    history: tuple[PassRecord, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def outputs(self) -> int:
        """How many numbers a text is answered with."""
        return len(self.stack.biases[-1] if self.stack.biases else self.bias)

    def logits(self, texts: Texts, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the logits of texts. Shape: (texts, outputs)."""
        return self.answers(self.vocabulary.encode(texts, threads=threads), threads=threads)

    def contributions(self, text: str | bytes) -> list[Contribution]:
        """Return what each n-gram of a text adds to its logits, the largest first.

        That is by how much they would be lower without it, the others counting as before. With ``base`` they
        add up to the logits where there are no hidden layers, or none that bends (``identity``).
        """
        texts, options = Texts.of([text]), self.vocabulary.options
        row = self.vocabulary.encode(texts, threads=1)
        values = np.ones(len(row.columns)) if row.values is None else row.values.astype(np.float64)
        parts = self.weights[row.columns] * (values / np.sqrt(values @ values))[:, None]
        whole = (parts.sum(0) + self.bias)[None]
        added = self.stack(whole) - self.stack(whole - parts) if self.stack.hidden else parts
        names: dict[int, list[str]] = {}
        for key, name in ngrams(tokens(texts[0], options), options):
            names.setdefault(key, []).append(name)
        of = [names[int(key)] for key in self.vocabulary.keys[row.columns]]
        found = [Contribution(name[0], len(name), each) for name, each in zip(of, added, strict=True)]
        return sorted(found, key=lambda each: (-np.abs(each.logits).max(), each.ngram))

    def word_weights(self, most: int | None = None) -> list[tuple[str, NDArray[np.float32]]]:
        """Return n-grams with their weights, the largest first: those whose names are kept."""
        columns = np.array(list(self.names), np.int64)
        found = self.alone(columns)
        order = np.lexsort((columns, -np.abs(found).max(1, initial=0.0)))
        return [(self.names[int(columns[at])], found[at]) for at in order[:most]]

    def alone(self, columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what each of some features adds to the logits of a text that has no other: without hidden
        layers its weights. Shape: (features,) -> (features, outputs)."""
        if not self.stack.hidden:
            return self.weights[columns]
        bias = self.bias.astype(np.float64)
        added = self.stack(self.weights[columns] + bias) - self.stack(bias[None])
        return added.astype(np.float32)

    @property
    def base(self) -> NDArray[np.float64]:
        """The logits of a text without a known n-gram. Shape: (outputs,)."""
        found: NDArray[np.float64] = self.stack(self.bias[None])[0]
        return found

    def arrays(self) -> dict[str, Array]:
        """Return what a file must hold beside ``described``, by name."""
        joined = "\n".join(self.names.values()).encode("utf-8", "surrogatepass")
        return {
            **{f"vocabulary.{name}": each for name, each in self.vocabulary.arrays().items()},
            "weights": self.weights,
            "bias": self.bias,
            **self.stack.arrays(),
            "named": np.array(list(self.names), np.int32),
            "names": np.frombuffer(joined, np.uint8),
        }

    def described(self) -> dict[str, Any]:
        """Return what is not an array, for JSON."""
        return {"vocabulary": self.vocabulary.described(), "settings": asdict(self.settings)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], described: Mapping[str, Any]) -> BagNet:
        """Take what ``arrays`` and ``described`` gave; the history is not part of it."""
        of = {name.removeprefix("vocabulary."): each for name, each in arrays.items()}
        vocabulary = Vocabulary.from_arrays(of, described["vocabulary"])
        names = arrays["names"].tobytes().decode("utf-8", "surrogatepass").split("\n")
        named = dict(zip(arrays["named"].tolist(), names, strict=False))
        settings = BagSettings(**described["settings"])
        stack = Stack.from_arrays(hidden_layers(settings.hidden), arrays)
        learned = arrays["weights"], arrays["bias"], stack
        return cls(*learned, vocabulary=vocabulary, settings=settings, names=named)
