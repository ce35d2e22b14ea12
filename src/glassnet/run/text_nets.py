"""Training the nets of texts: what is compared, what the recipe fixes, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.text_features import Features
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine.bags import BagNet, BagSettings, BagTrial, PassRecord, choose_bags, train_bags
from glassnet.engine.bags_choice import in_words
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


def check_bag(recipe: Recipe) -> None:
    """Check that a recipe asks only for what a bag of words can do.

    Raises:
        RecipeError: it asks for more; everything is named.
    """
    others = sorted(set(Recipe.model_fields) - BAG_FIELDS)
    do = "leave it out; it has lr, l2, epochs and text"
    problems = recipe.refusals(others, "a bag of words must be asked for what it has", do)
    for name, known in (("net", ("bag",)), ("device", ("auto", "cpu")), ("engine", ("auto", "fused"))):
        if getattr(recipe, name) not in known:
            found = f"{name}={getattr(recipe, name)!r}"
            problems.append(message(f"the {name} of texts must be {known[-1]}", found, "leave it out"))
    if problems:
        raise RecipeError(problems)


def fixed(recipe: Recipe) -> tuple[TextOptions, BagSettings] | None:
    """Return how texts are read and learned, where the recipe says anything of it: then one net is trained as
    written, and nothing is compared. None: several are."""
    reading = {} if recipe.text is None else recipe.text.model_dump(exclude_none=True)
    learning = {"passes": recipe.epochs, "learning_rate": recipe.lr, "l2": recipe.l2 or None}
    learning = {name: value for name, value in learning.items() if value is not None}
    if not reading and not learning:
        return None
    return TextOptions(**reading), BagSettings(**learning)  # type: ignore[arg-type]


def engine_of_bags() -> tuple[str, str | None]:
    """Return which engine trains bags of words here, and why not the fast one."""
    native = native_status()
    return ("fused", None) if native.available else ("reference", native.reason)


def threads_of(recipe: Recipe) -> int:
    """Return how many cores work: the answers are the same with any number."""
    if recipe.threads is not None:
        return recipe.threads
    return all_cores()


def train_fold(
    recipe: Recipe, prepared: TextPrepared, fold: Fold, threads: int, seconds: float | None, tell: Tell
) -> TrainedBags:
    """Train the nets of one fold.

    Args:
        threads: cores at work.
        seconds: after which no further way is tried; None: no limit.
        tell: told the net in a few words and its record after each pass.
    """
    common: dict[str, Any] = {
        "class_weight": _class_weights(recipe, prepared, fold.train),
        "threads": threads,
    }
    given, classes = fixed(recipe), len(prepared.task.classes)
    refit = recipe.refit is not False and len(fold.validation) > 0
    both = np.sort(np.concatenate([fold.train, fold.validation]))
    if given is None and len(fold.validation):
        chosen = choose_bags(
            *_part(prepared, both),
            classes,
            np.flatnonzero(np.isin(both, fold.validation)),
            sample_weight=_weights(prepared, both),
            budget=seconds,
            refit=refit,
            progress=tell,
            **common,
        )
        trials = tuple(map(_trial, chosen.trials))
        return TrainedBags(chosen.held_out, chosen.net, trials, chosen.features, chosen.columns, both)
    options, settings = given or (TextOptions(), BagSettings())

    def one(rows: Rows, name: str, judge: Rows | None) -> BagNet:
        return train_bags(
            *_part(prepared, rows),
            classes,
            options,
            settings,
            validation=None if judge is None else _part(prepared, judge),
            sample_weight=_weights(prepared, rows),
            progress=_named(tell, name),
            **common,
        )

    best = one(fold.train, "net", fold.validation if len(fold.validation) else None)
    return TrainedBags(best, one(both, "refit", None) if refit else best, ())


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
