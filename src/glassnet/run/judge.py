"""The judge of made pictures: a net that learned the classes from real ones, and how far to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.rows import Rows
from glassnet.engine.settings import Settings
from glassnet.engine.training import train_net
from glassnet.metrics.modes import class_coverage
from glassnet.nets.autoencoder import Planes, sides, widths
from glassnet.randomness import torch_seeded
from glassnet.run.autoencoder import through
from glassnet.run.generator import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

STEPS, DROPOUT = 700, 0.3


def judge_net(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Return an untrained classifier of flat rows. Shape: (n, numbers of a row) -> (n, classes)."""
    if len(shape) != 3:
        return nn.Sequential(nn.Linear(shape[0], 128), nn.ReLU(), nn.Linear(128, classes))
    sizes = sides(shape[0], shape[1])
    wide = widths(sizes)
    layers = [Planes((shape[0], shape[1], shape[2])), nn.Conv2d(shape[2], wide[0], 3, padding=1), nn.ReLU()]
    for level in range(1, len(sizes)):
        layers += [nn.Conv2d(wide[level - 1], wide[level], 3, stride=2, padding=1), nn.ReLU()]
    numbers = wide[-1] * sizes[-1][0] * sizes[-1][1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(numbers, classes))


def judged(
    rows: Tensor,
    labels: Places,
    classes: tuple[str, ...],
    split: tuple[Places, Places],
    made: Tensor,
    shape: tuple[int, ...],
    seed: int,
    deadline: float | None = None,
) -> Judged:
    """Train a judge on real rows, and let it read real rows that it has not seen, and made ones.

    Args:
        rows: all real rows, flat and scaled; ``made`` has the same form.
        split: which of them teach, and which are held out.
        deadline: when the judge has to have learned, of ``time.monotonic()``.
    """
    train, test = split
    with torch_seeded(seed, "judge"):
        net = judge_net(shape, len(classes))
    settings = Settings(
        loss="cross_entropy",
        lr=0.001,
        schedule="cosine",
        batch_size=64,
        epochs=max(1, STEPS * 64 // len(train)),
        seed=seed,
        device="cpu",
    )
    real_rows = Rows(rows[torch.from_numpy(train)], torch.from_numpy(labels[train]))
    train_net(net, real_rows, settings, deadline=deadline)
    due = np.bincount(labels[train], minlength=len(classes)) / len(train)
    real = None if not len(test) else _probabilities(net, rows[torch.from_numpy(test)])
    return Judged(
        accuracy=None if real is None else float((real.argmax(axis=1) == labels[test]).mean()),
        real=None if real is None else class_coverage(real, classes, due, seed),
        made=class_coverage(_probabilities(net, made), classes, due, seed),
    )


def _probabilities(net: nn.Module, rows: Tensor) -> Any:
    return torch.from_numpy(through(net, rows)).softmax(dim=1).numpy()
