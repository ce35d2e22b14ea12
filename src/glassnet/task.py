"""Task: what joins data, net and loss. It owns the output width, the loss, the link and the answers.

=============  ======================  =========================  =======================
task           the net's outputs       prediction                 loss
=============  ======================  =========================  =======================
regression     1, standardised         user's units               mse (mae, huber)
multioutput    one a target            user's units               mse (mae, huber)
poisson        1, log of rate / mean   rate, above 0              poisson
binary         1 logit                 2 probabilities            binary_cross_entropy
multiclass     one logit a class       probabilities, sum 1       cross_entropy
=============  ======================  =========================  =======================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from glassnet.data.targets import ClassTarget, NumberTarget
from glassnet.errors import DataError, RecipeError, did_you_mean, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.roles import ColumnRole
    from glassnet.metrics import Scores
    from glassnet.metrics.compare import Difference, MainMetric
    from glassnet.recipe import TargetScale, TaskName

    Floats = NDArray[np.float64]

LOSSES: Mapping[TaskName, tuple[str, ...]] = {
    "regression": ("mse", "mae", "huber"),
    "multioutput": ("mse", "mae", "huber"),
    "poisson": ("poisson",),
    "binary": ("binary_cross_entropy",),
    "multiclass": ("cross_entropy",),
}
MAX_LOG_RATE = 60.0


@dataclass(frozen=True)
class Task:
    """One supervised task on given targets.

    Attributes:
        name: which row of the table above.
        targets: the Schema's targets: their names, scales or classes.
        loss: name of the loss that training lowers, or ``own:NAME`` for a callable of the user's.
        reason: why this task, for the user to read.
    """

    name: TaskName
    targets: tuple[NumberTarget | ClassTarget, ...]
    loss: str
    reason: str = "asked for"

    @property
    def outputs(self) -> int:
        """Width of the net's output layer."""
        return len(self.classes) if self.name == "multiclass" else len(self.targets)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in index order; empty for numeric tasks."""
        return tuple(level for target in self.targets for level in getattr(target, "levels", ()))

    @property
    def class_target(self) -> ClassTarget:
        """The target of a classification."""
        found = self.targets[0]
        assert isinstance(found, ClassTarget)
        return found

    @property
    def average(self) -> Literal["identity", "sigmoid", "softmax", "exp"]:
        """What turns outputs into predictions, of which several networks give the mean."""
        if self.name == "binary":
            return "sigmoid"
        if self.name == "multiclass":
            return "softmax"
        return "exp" if self.name == "poisson" else "identity"

    @property
    def is_classification(self) -> bool:
        """Whether it answers with classes."""
        return self.name in ("binary", "multiclass")

    def truth(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Give the schema's raw targets the form of predictions: (rows, 1) numbers become (rows,)."""
        return raw[:, 0] if raw.ndim == 2 and self.name in ("regression", "poisson") else raw

    def for_loss(self, truth: NDArray[Any]) -> NDArray[Any]:
        """Turn targets in the user's units (or class indices) into what the loss compares with.

        Shape: (rows,) or (rows, targets) -> (rows, outputs) float32, or (rows,) int64 for multiclass.
        """
        if self.name == "multiclass":
            return truth.astype(np.int64)
        values = truth.reshape(len(truth), -1).astype(np.float64)
        if self.name != "binary":
            values = np.stack([each.encode(values[:, i]) for i, each in enumerate(self._numbers)], axis=1)
        return values.astype(np.float32)

    def decode(self, outputs: NDArray[Any]) -> Floats:
        """Turn the net's outputs into predictions.

        Shape: (rows, outputs) -> (rows,) or (rows, targets) in the user's units, or (rows, classes)
        probabilities.

        Raises:
            RecipeError: the outputs, of a net of the user's own, are more or fewer than the task has.
        """
        raw = outputs.astype(np.float64).reshape(len(outputs), math.prod(outputs.shape[1:]))
        if raw.shape[1] != self.outputs:
            must = f"a net for this {self.name} task must give {self.outputs} numbers a row"
            raise RecipeError(message(must, f"it gives {raw.shape[1]}", "change the net's last layer"))
        if self.name == "binary":
            positive = 0.5 * (1.0 + np.tanh(0.5 * raw[:, 0]))
            return np.stack([1.0 - positive, positive], axis=1)
        if self.name == "multiclass":
            shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
            return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float64)
        if self.name == "poisson":
            raw = np.exp(np.clip(raw, -MAX_LOG_RATE, MAX_LOG_RATE))
        values = np.stack([each.decode(raw[:, i]) for i, each in enumerate(self._numbers)], axis=1)
        return values if self.name == "multioutput" else values[:, 0]

    def answers(self, predictions: Floats) -> NDArray[Any]:
        """Turn predictions into answers: classes as they were written, else the numbers themselves."""
        target = self.targets[0]
        if isinstance(target, ClassTarget):
            return target.decode(predictions.argmax(axis=1))
        return predictions

    def score(
        self,
        truth: NDArray[Any],
        predictions: Floats,
        *,
        unit: NDArray[np.int64] | None = None,
        weight: Floats | None = None,
        seed: int = 0,
    ) -> Scores:
        """Score predictions with this task's metrics; see :func:`glassnet.metrics.score`."""
        from glassnet.metrics import score

        return score(self.name, truth, predictions, unit=unit, weight=weight, seed=seed, classes=self.classes)

    def compare(
        self,
        truth: NDArray[Any],
        predictions: Mapping[str, Floats],
        *,
        unit: NDArray[np.int64] | None = None,
        weight: Floats | None = None,
        seed: int = 0,
    ) -> dict[str, dict[MainMetric, Difference]]:
        """Compare the network, whose name is empty, with each baseline on the same rows and resamples; see
        :func:`glassnet.metrics.compare.paired_differences`."""
        from glassnet.metrics.compare import paired_differences

        baselines = {name: each for name, each in predictions.items() if name}
        return paired_differences(
            self.name, truth, predictions[""], baselines, unit=unit, weight=weight, seed=seed
        )

    def metrics(
        self, truth: NDArray[Any], predictions: Floats, weight: Floats | None = None
    ) -> dict[str, float]:
        """Score predictions without intervals; see :meth:`score`."""
        from glassnet.metrics.bootstrap import row_scores
        from glassnet.metrics.rows import checked_rows

        return row_scores(checked_rows(self.name, truth, predictions, weight, None))

    def decode_linear(self, linear: Floats) -> Floats:
        """Turn the answers of a linear model into predictions. Shape: (rows, outputs) -> as :meth:`decode`.

        They are in the user's units, for counts the log of the rate, for classes logits.
        """
        if self.name == "poisson":
            return np.asarray(np.exp(np.clip(linear[:, 0], -MAX_LOG_RATE, MAX_LOG_RATE)))
        if self.is_classification:
            return self.decode(linear)
        return linear if self.name == "multioutput" else linear[:, 0]

    def on_scale(self, on: TargetScale, truth: Floats) -> Task:
        """Return the task with its one number learned on another scale, fitted on training targets (rows,);
        see :meth:`glassnet.data.targets.NumberTarget.rescaled`.
        """
        return replace(self, targets=(self._numbers[0].rescaled(on, truth),))

    @property
    def _numbers(self) -> list[NumberTarget]:
        return [each for each in self.targets if isinstance(each, NumberTarget)]


def choose_task(asked: str, targets: tuple[ColumnRole, ...], classes: int | None) -> tuple[TaskName, str]:
    """Choose the task from what the target columns are, and say why.

    Args:
        asked: a task's name, or ``auto``.
        targets: the roles of the target columns.
        classes: number of distinct values of a single target, where it is a category or a boolean.

    Raises:
        DataError: the targets cannot be predicted, or not by the task that was asked for.
    """
    problems = [
        message(
            f"the target {target.name!r} must hold numbers or classes",
            f"its role is {target.role} ({target.reason})",
            f"choose another column, or say --role {target.name}=category",
        )
        for target in targets
        if target.role not in ("number", "category", "boolean")
    ]
    if len(targets) > 1:
        problems += [
            message(
                "several targets must all be numbers",
                f"{target.name!r} has the role {target.role}",
                "train one model for it alone",
            )
            for target in targets
            if target.role in ("category", "boolean")
        ]
        found: TaskName = "multioutput"
        reason = f"{len(targets)} targets"
    elif targets and targets[0].role == "number":
        found, reason = "regression", f"{targets[0].name!r} holds numbers: {targets[0].reason}"
    else:
        found = "binary" if classes == 2 else "multiclass"
        reason = f"{targets[0].name!r} holds {classes} classes" if targets else ""
    if not problems and not _fits(asked, found):
        problems.append(
            message(
                f"task={asked} must fit its target",
                reason,
                f"write --task {found}, or leave --task out",
            )
        )
    if problems:
        raise DataError(problems)
    return (found, reason) if asked == "auto" else (_named(asked), "asked for")


def choose_loss(task: TaskName, asked: str) -> str:
    """Return the loss of a task, checking one that was asked for.

    Raises:
        RecipeError: the loss does not belong to the task.
    """
    if asked == "auto":
        return LOSSES[task][0]
    if asked not in LOSSES[task] and not asked.startswith("own:"):
        raise RecipeError(
            message(
                f"the loss of a {task} task must fit it", f"loss={asked!r}", did_you_mean(asked, LOSSES[task])
            )
        )
    return asked


def _fits(asked: str, found: TaskName) -> bool:
    numeric = ("regression", "poisson")
    return (
        asked in ("auto", found)
        or (asked in numeric and found in numeric)
        or (asked == "multioutput" and found == "regression")
    )


def _named(asked: str) -> TaskName:
    return next(name for name in LOSSES if name == asked)
