"""Bags of n-grams: texts to a linear net, in seconds.

    >>> from glassnet.data.text_store import Texts
    >>> texts = Texts.of(["good film", "a good one", "bad film", "a bad one"] * 3)
    >>> net = train_bags(texts, [1, 1, 0, 0] * 3, classes=2)
    >>> [bool(logit > 0) for logit in net.logits(Texts.of(["so good", "so bad"]))[:, 0]]
    [True, False]

A text is the set of its n-grams; the net adds a weight for each of them, divided by the length of the row,
and a bias. With the naive-Bayes scale (Wang and Manning 2012) the more an n-gram divides the classes, the
less its weight costs. Importing this module imports NumPy and nothing heavier.
"""

from __future__ import annotations

from glassnet.engine.bags_choice import CANDIDATES, BagChoice, BagTrial, choose_bags
from glassnet.engine.bags_net import BagNet, BagSettings, Contribution, PassRecord
from glassnet.engine.bags_train import train_bags

__all__ = [
    "CANDIDATES",
    "BagChoice",
    "BagNet",
    "BagSettings",
    "BagTrial",
    "Contribution",
    "PassRecord",
    "choose_bags",
    "train_bags",
]
