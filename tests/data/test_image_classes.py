"""Uneven and small classes are said to be so, and weights make up for them."""

from __future__ import annotations

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from glassnet.data.image_classes import ClassFacts, class_facts


def test_weights_are_those_of_scikit_learn_and_average_to_one():
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 5
    facts = class_facts(labels, ["a", "b", "c"])
    expected = compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=np.array(labels))
    assert np.allclose(facts.weights, expected)
    assert np.isclose(sum(facts.weights * [50, 20, 5]) / 75, 1)
    assert facts.ratio == 10


def test_a_class_without_photos_weighs_nothing_and_is_named():
    facts = class_facts(["a"] * 30 + ["b"] * 30, ["a", "b", "c"])
    assert facts.weights.tolist() == [1, 1, 0]
    assert facts.ratio == float("inf")
    assert facts.told() == "classes are small: 0 of 'c', where 10 or more would tell something"


def test_only_uneven_classes_are_told():
    assert ClassFacts({"a": 100, "b": 80}).told() is None
    assert ClassFacts({"a": 100}).told() is None
    assert ClassFacts({"a": 90, "b": 30}).told() == (
        "classes are uneven: 90 of 'a' to 30 of 'b', 3.0 times as many"
    )
