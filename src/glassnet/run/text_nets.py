"""Training the nets of texts: what is compared, what the recipe fixes, and what is told meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.text_features import Features
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine.bags import BagNet, BagSettings, BagTrial, PassRecord, choose_bags, train_bags
from glassnet.engine.bags_choice import in_words
from glassnet.engine.bags_stack import hidden_layers
from glassnet.engine.history import EpochRecord, History
from glassnet.errors import RecipeError, message
from glassnet.machine import all_cores
from glassnet.native_status import native_status
from glassnet.plan.texts import TextTrial
from glassnet.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.run.text_prepare import TextPrepared

    Rows = NDArray[np.int64]

BAG_FIELDS = frozenset(
    [
        "data",
        "sha256",
        "kind",
        "target",
        "column",
        "text",
        "task",
        "drop",
        "missing",
        "weight",
        "class_weight",
        "test",
        "test_sha256",
        "validation",
        "net",
        "loss",
        "lr",
        "l2",
        "epochs",
        "refit",
        "budget",
        "device",
        "engine",
        "threads",
        "seed",
    ]
)
"""What of a recipe a bag of words understands."""
EPOCHS, SEEN, LEARNING_RATE, PATIENCE = 10, 60_000, 0.003, 0.2
"""With hidden layers: each text is seen so often at most, or as often as makes so many texts in all; the rate
of Adam; and the part of these passes that may go by without a lower validation loss."""

Tell = Callable[[str, PassRecord], None]


@dataclass(frozen=True)
class TrainedBags:
    """The nets of one fold.

    Attributes:
        best: was judged on the validation texts, and has not seen them.
        final: what is kept: ``best``, or the same trained again on training and validation texts.
        trials: what was compared, best first; empty without a comparison.
        features: training and validation texts as ``final`` reads them, where they are still at hand.
        columns: which columns of ``final`` ``best`` has too; with ``features``.
        rows: which texts ``features`` are of, rising; with ``features``.
    """

    best: BagNet
    final: BagNet
    trials: tuple[TextTrial, ...]
    features: Features | None = None
    columns: NDArray[np.bool_] | None = None
    rows: Rows | None = None

    def features_of(self, rows: NDArray[np.bool_]) -> Features | None:
        """Return some of these texts as ``best`` reads them, without reading them again.

        None where they are not at hand. Shape of the mask: (training and validation texts,).
        """
        narrow, wide = self.best.vocabulary, self.final.vocabulary
        if self.features is None or self.columns is None:
            return None
        return wide.revalued(self.features.where(rows, self.columns), narrow, self.columns)

    @property
    def history(self) -> History:
        """The passes of the net that validation judged."""
        records = self.best.history
        rate = self.best.settings.learning_rate
        return History(
            [
                EpochRecord(
                    epoch=each.number,
                    train_loss=each.loss,
                    validation_loss=each.validation_loss,
                    learning_rate=rate,
                    seconds=each.seconds - (records[each.number - 2].seconds if each.number > 1 else 0.0),
                )
                for each in records
            ],
            stopped="epochs" if len(records) == records[-1].passes else "early_stopping",
            best_epoch=self.best.settings.passes,
        )


def hidden_of(recipe: Recipe) -> str:
    """Return the hidden layers on top of a bag as a recipe writes them; "" for none."""
    return "" if recipe.net == "bag" else recipe.net


def check_bag(recipe: Recipe) -> None:
    """Check that a recipe asks only for what a bag of words can do.

    Raises:
        RecipeError: it asks for more; everything is named.
    """
    others = sorted(set(Recipe.model_fields) - BAG_FIELDS)
    do = "leave it out; it has lr, l2, epochs and text"
    problems = recipe.refusals(others, "a bag of words must be asked for what it has", do)
    hidden = hidden_of(recipe)
    engines = ("auto", "torch") if hidden else ("auto", "fused")
    for name, known in (("device", ("auto", "cpu")), ("engine", engines)):
        if getattr(recipe, name) not in known:
            found = f"{name}={getattr(recipe, name)!r}"
            problems.append(message(f"the {name} of texts must be {known[-1]}", found, "leave it out"))
    try:
        hidden_layers(hidden)
    except RecipeError as error:
        problems += error.problems
    if hidden and recipe.l2:
        must, do = "a bag with hidden layers has no l2", "leave it out, or write dropout: --net 64:relu:0.3"
        problems.append(message(must, f"l2={recipe.l2}", do))
    if problems:
        raise RecipeError(problems)


def fixed(recipe: Recipe, texts: int) -> tuple[TextOptions, BagSettings] | None:
    """Return how texts are read and learned, where the recipe says anything of it: then one net is trained as
    written, and nothing is compared. None: several are.

    Args:
        texts: how many train.
    """
    reading = {} if recipe.text is None else recipe.text.model_dump(exclude_none=True)
    asked: dict[str, Any] = {"passes": recipe.epochs, "learning_rate": recipe.lr, "l2": recipe.l2 or None}
    learning = {name: value for name, value in asked.items() if value is not None}
    if hidden := hidden_of(recipe):
        stacked = {"hidden": hidden, "l2": 0.0, "learning_rate": LEARNING_RATE, "seed": recipe.seed}
        learning = {**stacked, "passes": max(EPOCHS, -(-SEEN // max(texts, 1))), **learning}
    if not reading and not learning:
        return None
    return TextOptions(**reading), BagSettings(**learning)


def engine_of_bags(recipe: Recipe) -> tuple[str, str | None]:
    """Return which engine trains bags of words here, and why not the fast one."""
    if hidden_of(recipe):
        return "torch", "not fused: hidden layers on a bag of words"
    native = native_status()
    return ("fused", None) if native.available else ("reference", native.reason)


def threads_of(recipe: Recipe) -> int:
    """Return how many cores work: the answers are the same with any number."""
    return recipe.threads or all_cores()


def train_fold(
    recipe: Recipe, prepared: TextPrepared, fold: Fold, threads: int, seconds: float | None, tell: Tell
) -> TrainedBags:
    """Train the nets of one fold.

    Args:
        threads: cores at work.
        seconds: after which no further way is tried, and no further pass begun; None: no limit.
        tell: told the net in a few words and its record after each pass.
    """
    common: dict[str, Any] = {
        "class_weight": _class_weights(recipe, prepared, fold.train),
        "threads": threads,
    }
    given = fixed(recipe, len(fold.train))
    if given is None and len(fold.validation):
        both = np.sort(np.concatenate([fold.train, fold.validation]))
        chosen = choose_bags(
            *_part(prepared, both),
            len(prepared.task.classes),
            np.flatnonzero(np.isin(both, fold.validation)),
            sample_weight=_weights(prepared, both),
            budget=seconds,
            refit=recipe.refit is not False,
            progress=tell,
            **common,
        )
        trials = tuple(map(_trial, chosen.trials))
        return TrainedBags(chosen.held_out, chosen.net, trials, chosen.features, chosen.columns, both)
    how = given or (TextOptions(), BagSettings())
    return _as_written(recipe, prepared, fold, how, {**common, "seconds": seconds}, tell)


def _as_written(
    recipe: Recipe,
    prepared: TextPrepared,
    fold: Fold,
    given: tuple[TextOptions, BagSettings],
    common: dict[str, Any],
    tell: Tell,
) -> TrainedBags:
    """Train one net, and once more on validation texts too, for as many passes as validation found best.

    Args:
        common: of both trainings; ``seconds`` of the first, as the second has no more passes.
    """
    options, settings = given
    patience = math.ceil(PATIENCE * settings.passes) if settings.hidden else None

    def one(rows: Rows, name: str, how: BagSettings, judge: Rows | None) -> BagNet:
        return train_bags(
            *_part(prepared, rows),
            len(prepared.task.classes),
            options,
            how,
            validation=None if judge is None else _part(prepared, judge),
            sample_weight=_weights(prepared, rows),
            progress=_named(tell, name),
            patience=patience,
            **common,
        )

    validates = len(fold.validation) > 0
    best = one(fold.train, "net", settings, fold.validation if validates else None)
    if recipe.refit is False or not validates:
        return TrainedBags(best, best, ())
    both = np.sort(np.concatenate([fold.train, fold.validation]))
    common = {**common, "seconds": None}
    return TrainedBags(best, one(both, "refit", best.settings, None), ())


def _named(tell: Tell, name: str) -> Callable[[PassRecord], None]:
    return lambda record: tell(name, record)


def _part(prepared: TextPrepared, rows: Rows) -> tuple[Texts, Rows]:
    return prepared.rows.texts.take(rows), prepared.truth[rows]


def _weights(prepared: TextPrepared, rows: Rows) -> NDArray[np.float64] | None:
    return None if prepared.weights is None else prepared.weights[rows]


def _class_weights(recipe: Recipe, prepared: TextPrepared, rows: Rows) -> list[float] | None:
    """Return the weight of each class; ``balanced`` as scikit-learn has it."""
    if recipe.class_weight == "none":
        return None
    counts = np.bincount(prepared.truth[rows], minlength=len(prepared.task.classes))
    weights = len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return [float(each) for each in weights]


def _trial(trial: BagTrial) -> TextTrial:
    return TextTrial(
        name=in_words(trial.options, trial.settings),
        score=trial.validation_loss,
        accuracy=trial.validation_accuracy,
        epochs=trial.passes,
    )
