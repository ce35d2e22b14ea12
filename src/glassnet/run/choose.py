"""Choosing what the recipe leaves open: the Plan of a run, from the recipe and the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.plan import ColumnPlan, Plan
from glassnet.recipe import Recipe

if TYPE_CHECKING:
    from glassnet.run.prepare import Prepared

SMALL, LARGE = 2_000, 50_000
TABULAR_NETS = {"small": "32:relu:0.3", "middle": "64:relu,64:relu", "large": "128:relu,128:relu"}
LEARNING_RATES = {"sgd": 0.1, "adam": 0.001, "adamw": 0.003, "rmsprop": 0.001}
EPOCHS, DEFAULT_EPOCHS = 100, 200
PATIENCE = 15
REFIT_STEPS = 700


def make_plan(
    recipe: Recipe,
    prepared: Prepared,
    columns: tuple[ColumnPlan, ...],
    rows: int,
    net_name: str,
    threads: int,
) -> Plan:
    """Decide what the recipe leaves open.

    Args:
        recipe: what the user decided.
        prepared: roles, task and folds.
        columns: what each column was taken for.
        rows: number of training rows of one training.
        net_name: the net as written, see :func:`net_notation`.
        threads: threads of the arithmetic.
    """
    is_default = recipe.net == "tabular"
    batch_size = recipe.batch_size or default_batch_size(rows)
    has_validation = prepared.validation != "none"
    return Plan(
        task=prepared.task,
        task_reason=prepared.task_reason,
        columns=columns,
        test=prepared.test,
        validation=prepared.validation,
        unit=prepared.unit,
        net=net_name,
        batch_size=batch_size,
        epochs=recipe.epochs or (DEFAULT_EPOCHS if is_default else EPOCHS),
        lr=recipe.lr or LEARNING_RATES[recipe.optimizer],
        optimizer=recipe.optimizer,
        schedule=recipe.schedule or "constant",
        weight_decay=_weight_decay(recipe),
        patience=(recipe.patience or PATIENCE) if has_validation else None,
        refit=recipe.refit if recipe.refit is not None else is_default and has_validation,
        refit_epochs=_refit_epochs(rows, batch_size) if is_default else 1,
        refit_schedule=recipe.schedule or ("cosine" if is_default else "constant"),
        device=_device(recipe.device),
        precision=recipe.precision,
        engine="torch",
        engine_reason=_engine_reason(recipe.engine),
        threads=threads,
    )


def net_notation(net: str, rows: int) -> str:
    """Return hidden layers in the notation of ``--net``: a name becomes the layers that it stands for here.

    >>> net_notation("tabular", 300), net_notation("linear", 300), net_notation("64,64:tanh", 300)
    ('32:relu:0.3', 'linear', '64,64:tanh')
    """
    if net != "tabular":
        return net
    size = "small" if rows < SMALL else "middle" if rows < LARGE else "large"
    return TABULAR_NETS[size]


def default_batch_size(rows: int) -> int:
    """Return a power of 2 that gives at most about 150 steps an epoch, from 16 to 1024.

    >>> default_batch_size(300), default_batch_size(15_000), default_batch_size(1_000_000)
    (16, 128, 1024)
    """
    size = 16
    while size < 1024 and size * 150 < rows:
        size *= 2
    return size


def _refit_epochs(rows: int, batch_size: int) -> int:
    """Return the least epochs of a refit: few validation rows choose too few epochs as often as too many,
    and with a rate that falls to zero a short training does not overfit."""
    return max(1, -(-REFIT_STEPS * batch_size // rows))


def _weight_decay(recipe: Recipe) -> float:
    if recipe.weight_decay is not None:
        return recipe.weight_decay
    return 0.01 if recipe.optimizer == "adamw" else 0.0


def _device(asked: str) -> str:
    import torch

    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


def _engine_reason(asked: str) -> str:
    return "asked for" if asked == "torch" else "this version trains with torch alone"
