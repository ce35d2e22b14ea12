"""Choosing what the recipe leaves open: the Plan of a run, from the recipe and the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.engine.arrays import device_named
from glassnet.plan.table import ColumnPlan, Plan
from glassnet.recipe import Recipe

if TYPE_CHECKING:
    from glassnet.run.prepare import Prepared

LEARNING_RATES = {"sgd": 0.1, "adam": 0.001, "adamw": 0.003, "rmsprop": 0.001}
EPOCHS, PATIENCE = 100, 15
FEW, SOME, MANY = 2_000, 6_000, 50_000
STEPS, EMA = 6_000, 0.995
OTHER_NETS = ("8x64:relu:0.3",)
REFIT_FACTOR = 1.3
"""More rows bear more training: what validation chose for the training rows alone is lengthened by this."""


def make_plan(
    recipe: Recipe,
    prepared: Prepared,
    columns: tuple[ColumnPlan, ...],
    rows: int,
    net_name: str,
    threads: int,
) -> Plan:
    """Decide what the recipe leaves open; the engine is decided when a net is at hand.

    Args:
        recipe: what the user decided.
        prepared: roles, task and folds.
        columns: what each column was taken for.
        rows: number of training rows of one training.
        net_name: the net as written, see :func:`net_notation`.
        threads: threads of the arithmetic.
    """
    is_default = recipe.net == "tabular"
    has_validation = prepared.validation != "none"
    batch_size = recipe.batch_size or default_batch_size(recipe.net, rows)
    return Plan(
        task=prepared.task,
        task_reason=prepared.task_reason,
        columns=columns,
        test=prepared.test,
        validation=prepared.validation,
        unit=prepared.unit,
        net=net_name,
        batch_size=batch_size,
        epochs=recipe.epochs or (default_epochs(rows, batch_size) if is_default else EPOCHS),
        lr=recipe.lr or LEARNING_RATES[recipe.optimizer],
        optimizer=recipe.optimizer,
        schedule=recipe.schedule or "constant",
        weight_decay=_weight_decay(recipe),
        patience=(recipe.patience or PATIENCE) if has_validation else None,
        ema=_ema(recipe),
        compare=(is_default or recipe.tune is not None) and has_validation,
        tune=recipe.tune,
        other_nets=OTHER_NETS if is_default and has_validation and rows < FEW else (),
        refit=recipe.refit if recipe.refit is not None else is_default and has_validation,
        refit_factor=REFIT_FACTOR if is_default else 1.0,
        refit_schedule=recipe.schedule or "constant",
        device=str(device_named(recipe.device)),
        precision="bfloat16" if recipe.precision == "bfloat16" else "float32",
        engine="torch",
        engine_reason=None,
        threads=threads,
    )


def net_notation(net: str, rows: int) -> str:
    """Return hidden layers in the notation of ``--net``: a name becomes the layers that it stands for here.

    >>> net_notation("tabular", 15_000), net_notation("linear", 300), net_notation("64,64:tanh", 300)
    ('8x128:relu:0.2,128:relu:0.2+waves', 'linear', '64,64:tanh')
    """
    if net != "tabular":
        return net
    members, dropout = (16, 0.2) if rows < SOME else (8, 0.2) if rows < MANY else (4, 0.1)
    return f"{members}x128:relu:{dropout},128:relu:{dropout}+waves"


def default_batch_size(net: str, rows: int) -> int:
    """Return a power of 2: for the default net one that its members learn well from, for other nets one that
    gives at most about 150 steps an epoch, from 16 to 1024.

    >>> default_batch_size("20:sigmoid", 300), default_batch_size("20:sigmoid", 15_000)
    (16, 128)
    >>> [default_batch_size("tabular", rows) for rows in (300, 3_000, 15_000, 1_000_000)]
    [32, 128, 256, 1024]
    """
    if net == "tabular":
        return 32 if rows < FEW else 128 if rows < SOME else 256 if rows < MANY else 1024
    size = 16
    while size < 1024 and size * 150 < rows:
        size *= 2
    return size


def default_epochs(rows: int, batch_size: int) -> int:
    """Return how many epochs the default net is trained at most: as many as make about 6,000 steps, or 3,000
    where there are many rows, but no more than 300.

    >>> default_epochs(300, 32), default_epochs(15_000, 256), default_epochs(1_000_000, 1024)
    (300, 103, 4)
    """
    steps = STEPS if rows < MANY else STEPS // 2
    return max(1, min(300, -(-steps * batch_size // rows)))


def _ema(recipe: Recipe) -> float:
    if recipe.ema is not None:
        return recipe.ema
    return EMA if recipe.net == "tabular" and recipe.norm != "batch" else 0.0


def _weight_decay(recipe: Recipe) -> float:
    if recipe.weight_decay is not None:
        return recipe.weight_decay
    return 0.01 if recipe.optimizer == "adamw" else 0.0
