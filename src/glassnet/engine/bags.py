"""Bags of n-grams: texts to a linear net, in seconds.

    >>> from glassnet.data.text_store import Texts
    >>> texts = Texts.of(["good film", "a good one", "bad film", "a bad one"] * 3)
    >>> net = train_bags(texts, [1, 1, 0, 0] * 3, classes=2)
    >>> [bool(logit > 0) for logit in net.logits(Texts.of(["so good", "so bad"]))[:, 0]]
    [True, False]

A text is the set of its n-grams; the net adds a weight for each of them, divided by the length of the row, and a
bias. With the naive-Bayes scale (Wang and Manning 2012) the step of a weight is as large as its n-gram divides the
classes. Importing this module imports NumPy and nothing heavier.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.text_features import Array, Features, Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.data.text_tokens import ngrams, tokens
from glassnet.randomness import epoch_order


@dataclass(frozen=True)
class BagSettings:
    """How a bag net is trained.

    Attributes:
        passes: how often each text is seen, at least 1.
        learning_rate: of the first step, above 0; it falls to 0 in a line.
        l2: the penalty, l2 / 2 times the sum of the squared weights, at least 0.
        scale: "naive_bayes" scales each n-gram by the logarithm of how much more often it is in texts of one class;
            "none" takes all alike.
        smoothing: what is added to each count of the naive-Bayes scale, above 0.
        seed: of the order of the texts.
    """

    passes: int = 5
    learning_rate: float = 0.5
    l2: float = 1e-5
    scale: Literal["naive_bayes", "none"] = "naive_bayes"
    smoothing: float = 1.0
    seed: int = 0


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


@dataclass(frozen=True, eq=False)
class BagNet:
    """A trained net over bags of n-grams.

    Attributes:
        vocabulary: which n-grams are features.
        weights: of each feature, the scale included. Shape: (features, outputs), float32.
        bias: Shape: (outputs,), float32.
        settings: how it was trained.
        history: one record a pass.

    Two classes have one output, whose sigmoid is the probability of class 1; more classes have one each.
    """

    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    settings: BagSettings
    history: tuple[PassRecord, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    def logits(self, texts: Texts, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the logits of texts. Shape: (texts, outputs)."""
        return logits(self.vocabulary.encode(texts, threads=threads), self.weights, self.bias)

    def contributions(self, text: str | bytes) -> list[Contribution]:
        """Return what each n-gram of a text adds, the largest first; with the bias they add up to its logits."""
        decoded = Texts.of([text])[0]
        names = {
            key: name
            for key, name in ngrams(tokens(decoded, self.vocabulary.options), self.vocabulary.options)
        }
        rows = {self.vocabulary.column(key): name for key, name in names.items()}
        counts = self.vocabulary.row(decoded)
        values = {column: self.vocabulary.value(column, count) for column, count in counts.items()}
        length = np.sqrt(sum(value * value for value in values.values()))
        found = [
            Contribution(rows[c], counts[c], self.weights[c].astype(float) * (value / length))
            for c, value in values.items()
        ]
        return sorted(found, key=lambda each: (-np.abs(each.logits).max(), each.ngram))

    def word_weights(self, most: int | None = None) -> list[tuple[str, NDArray[np.float32]]]:
        """Return n-grams with their weights, the largest first: those whose names are kept."""
        columns = sorted(self.names, key=lambda c: (-float(np.abs(self.weights[c]).max()), c))
        return [(self.names[c], self.weights[c]) for c in columns[:most]]

    def arrays(self) -> dict[str, Array]:
        """Return what a file must hold beside ``described``, by name."""
        joined = "\n".join(self.names.values()).encode("utf-8", "surrogatepass")
        return {
            **{f"vocabulary.{name}": each for name, each in self.vocabulary.arrays().items()},
            "weights": self.weights,
            "bias": self.bias,
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
        return cls(
            vocabulary, arrays["weights"], arrays["bias"], BagSettings(**described["settings"]), (), named
        )


@dataclass(frozen=True)
class BagTrial:
    """One candidate: what was tried, its lowest mean log loss on the validation texts, and in which pass."""

    options: TextOptions
    settings: BagSettings
    validation_loss: float
    validation_accuracy: float
    passes: int
    seconds: float


@dataclass(frozen=True, eq=False)
class BagChoice:
    """What ``choose_bags`` found.

    Attributes:
        net: trained as the best candidate on all texts.
        held_out: as the best candidate, on the texts without those held out, and so with honest validation scores.
        trials: every candidate, the best first.
    """

    net: BagNet
    held_out: BagNet
    trials: tuple[BagTrial, ...]


def logits(
    features: Features, weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return bias + sum of value times weight / length of the row. Shape: (texts, outputs)."""
    found = np.tile(bias.astype(np.float64), (len(features), 1))
    for i in range(len(features)):
        row = slice(features.offsets[i], features.offsets[i + 1])
        columns = features.columns[row]
        if len(columns):
            values = (
                np.ones(len(columns)) if features.values is None else features.values[row].astype(np.float64)
            )
            found[i] += values @ weights[columns].astype(np.float64) / np.sqrt(values @ values)
    return found.astype(np.float32)


def train_bags(
    texts: Texts,
    labels: ArrayLike,
    classes: int,
    options: TextOptions | None = None,
    settings: BagSettings | None = None,
    *,
    validation: tuple[Texts, ArrayLike] | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Sequence[float] | None = None,
    progress: Callable[[PassRecord], None] | None = None,
    threads: int | None = None,
) -> BagNet:
    """Train one net.

    Args:
        labels: the class of each text, 0 to ``classes - 1``. Shape: (texts,).
        validation: texts and labels whose loss is taken after each pass.
        sample_weight: how much each text counts. Shape: (texts,).
        class_weight: how much each class counts. Shape: (classes,).
        progress: told after each pass; an exception from it stops the training.
        threads: how many cores; the result is the same with any number. None takes all.
    """
    options, settings = options or TextOptions(), settings or BagSettings()
    labels = np.asarray(labels, np.int64)
    vocabulary = Vocabulary.fit(texts, options, threads=threads)
    features = vocabulary.encode(texts, threads=threads)
    judge = None
    if validation is not None:
        judge = vocabulary.encode(validation[0], threads=threads), np.asarray(validation[1], np.int64)
    weight = np.ones(len(texts)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if class_weight is not None:
        weight = weight * np.asarray(class_weight, np.float64)[labels]
    weights, bias, history = _trained(features, labels, classes, weight, settings, judge, progress)
    names = _names(texts, vocabulary, weights)
    return BagNet(vocabulary, weights, bias, settings, history, names)


def choose_bags(
    texts: Texts,
    labels: ArrayLike,
    classes: int,
    held_out: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    class_weight: Sequence[float] | None = None,
    budget: float | None = None,
    refit: bool = True,
    progress: Callable[[str, PassRecord], None] | None = None,
    threads: int | None = None,
) -> BagChoice:
    """Compare candidates on held-out rows, and train the best of them on all rows.

    Args:
        held_out: the rows of ``texts`` that choose. Shape: (rows,), integers.
        budget: the seconds after which no further candidate is begun.
        refit: False leaves ``net`` as it was when it was judged.
        progress: told the candidate in a few words and its record, after each pass.
    """
    labels = np.asarray(labels, np.int64)
    rows = np.asarray(held_out, np.int64)
    others = np.setdiff1d(np.arange(len(texts)), rows)
    weight = None if sample_weight is None else np.asarray(sample_weight)
    part = texts.take(others), labels[others], classes
    judge = texts.take(rows), labels[rows]
    begun, found = time.perf_counter(), []
    for name, options, settings in CANDIDATES:
        if found and budget is not None and time.perf_counter() - begun > budget:
            break
        told = None if progress is None else functools.partial(progress, name)
        net = train_bags(
            *part,
            options,
            settings,
            validation=judge,
            sample_weight=None if weight is None else weight[others],
            class_weight=class_weight,
            progress=told,
            threads=threads,
        )
        right = _classes_of(net.logits(judge[0], threads=threads)) == judge[1]
        last = net.history[-1]
        loss = last.validation_loss or 0.0
        found.append(
            (BagTrial(options, settings, loss, float(right.mean()), settings.passes, last.seconds), net)
        )
    found.sort(key=lambda each: each[0].validation_loss)
    trial, best = found[0]
    net = best
    if refit:
        net = train_bags(
            texts,
            labels,
            classes,
            trial.options,
            trial.settings,
            sample_weight=weight,
            class_weight=class_weight,
            progress=None if progress is None else functools.partial(progress, "refit"),
            threads=threads,
        )
    return BagChoice(net, best, tuple(each for each, _ in found))


CANDIDATES = tuple(
    (f"{n}-grams, {scale}", TextOptions(ngrams=n), BagSettings(scale=scale))
    for n, scale in ((3, "naive_bayes"), (2, "naive_bayes"), (1, "none"))
)


def _classes_of(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    return (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(1)


def _trained(features, labels, classes, weight, settings, judge, progress):  # type: ignore[no-untyped-def]
    outputs = 1 if classes == 2 else classes
    targets = labels[:, None] if outputs == 1 else np.eye(classes)[labels]
    scale = np.ones((features.width, outputs))
    if settings.scale == "naive_bayes":
        counts = np.zeros((features.width, classes))
        lengths = np.diff(features.offsets)
        np.add.at(counts, (features.columns, np.repeat(labels, lengths)), 1)
        counts += settings.smoothing
        shares = np.log(counts / counts.sum(0))
        rest = np.log((counts.sum(1, keepdims=True) - counts) / (counts.sum() - counts.sum(0)))
        scale = (shares - rest)[:, 1:] if outputs == 1 else shares - rest
    w, b, history, begun = np.zeros((features.width, outputs)), np.zeros(outputs), [], time.perf_counter()
    step, steps = 0, settings.passes * len(features)
    for number in range(settings.passes):
        losses = 0.0
        for i in epoch_order(settings.seed, number, len(features)):
            row = slice(features.offsets[i], features.offsets[i + 1])
            c = features.columns[row]
            x = np.ones(len(c)) if features.values is None else features.values[row].astype(float)
            x = x / max(np.sqrt(x @ x), 1e-30)
            z = b + x @ (w[c] * scale[c])
            if outputs == 1:
                p = 1 / (1 + np.exp(-z))
                losses -= weight[i] * float(np.log(np.where(targets[i], p, 1 - p) + 1e-12)[0])
            else:
                p = np.exp(z - z.max())
                p /= p.sum()
                losses -= weight[i] * float(np.log(p[labels[i]] + 1e-12))
            rate = settings.learning_rate * (1 - step / steps) * weight[i]
            error = p - targets[i]
            w[c] -= rate * (np.outer(x, error) * scale[c] + settings.l2 * w[c])
            b -= rate * error
            step += 1
        found = (w * scale).astype(np.float32), b.astype(np.float32)
        validation = None if judge is None else _loss(logits(judge[0], *found), judge[1])
        seconds = time.perf_counter() - begun
        history.append(PassRecord(number + 1, settings.passes, losses / weight.sum(), validation, seconds))
        if progress is not None:
            progress(history[-1])
    return *found, tuple(history)


def _loss(z: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    full = np.column_stack([np.zeros(len(z)), z[:, 0]]) if z.shape[1] == 1 else z.astype(float)
    top = full.max(1)
    log_sums = top + np.log(np.exp(full - top[:, None]).sum(1))
    return float((log_sums - full[np.arange(len(z)), labels]).mean())


def _names(texts, vocabulary, weights, most=1000):  # type: ignore[no-untyped-def]
    sizes = np.abs(weights).max(1) if len(weights) else np.zeros(0)
    wanted = set(np.argsort(-sizes, kind="stable")[:most].tolist())
    found = {}
    for text in texts:
        for key, name in ngrams(tokens(text, vocabulary.options), vocabulary.options):
            column = vocabulary.column(key)
            if column in wanted and column not in found:
                found[column] = name
        if len(found) == len(wanted):
            break
    return found
