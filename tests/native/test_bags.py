"""The compiled training of bags is that of NumPy, and to the bit its own with any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.text_features import Features
from glassnet.engine import bags_native, bags_numpy

SHAPES = [(1, 1), (3, 1), (50, 4), (400, 70)]


@pytest.fixture(autouse=True)
def _needs(native):
    """Skip without the extension."""


def features_of(rows, width, with_values, seed=0):
    rng = np.random.default_rng(seed)
    found = [np.flatnonzero(rng.random(width) < rng.random()) for _ in range(rows)]
    columns = np.concatenate(found).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in found])])
    values = rng.uniform(0.1, 3, len(columns)).astype(np.float32) if with_values else None
    return Features(offsets, columns, values, width)


def parts_of(rows, width, with_values, outputs, seed=0):
    rng = np.random.default_rng(seed + 1)
    weight = rng.uniform(0, 2, rows) + 1e-3
    labels = rng.integers(0, max(outputs, 2), rows)
    scale = rng.normal(size=(width, outputs))
    features = features_of(rows, width, with_values, seed)
    return (features, labels, weight / weight.sum(), outputs, 1e-3), scale


def solvers_of(parts, scale, *threads):
    solvers = [bags_numpy.NumpySolver(*parts), *(bags_native.NativeSolver(*parts, each) for each in threads)]
    for solver in solvers:
        solver.rescale(scale)
    return solvers


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("with_values", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_steps_are_those_of_numpy(shape, with_values, outputs):
    plain, ours = solvers_of(*parts_of(*shape, with_values, outputs), 2)
    for _ in range(5):
        assert ours.step(1.0, 20, 1e-3) == pytest.approx(plain.step(1.0, 20, 1e-3), rel=1e-6, abs=1e-9)
    for one, other in zip(ours.read(), plain.read(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 4])
def test_training_is_the_same_to_the_bit_with_any_number_of_threads(outputs):
    parts, scale = parts_of(3000, 400, False, outputs)
    assert len(parts[0].columns) > 200_000, "large enough for more than one thread"
    solvers = solvers_of(parts, scale, 1, 2, 3)[1:]
    counts = [each.class_counts(parts[2]).tobytes() for each in solvers]
    assert counts[0] == counts[1] == counts[2]
    losses = [[each.step(1.0, 5, 0.1) for _ in range(2)] for each in solvers]
    assert losses[0] == losses[1] == losses[2]
    weights = [solver.read()[0].tobytes() for solver in solvers]
    assert weights[0] == weights[1] == weights[2]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("with_values", [False, True])
def test_logits_and_counts_are_those_of_numpy(with_values, outputs):
    rng = np.random.default_rng(5)
    features = features_of(60, 30, with_values)
    weights = rng.normal(size=(30, outputs)).astype(np.float32)
    bias = rng.normal(size=outputs).astype(np.float32)
    ours = bags_native.logits(features, weights, bias, 2)
    np.testing.assert_allclose(ours, bags_numpy.logits(features, weights, bias), rtol=1e-6, atol=1e-6)
    parts, scale = parts_of(60, 30, with_values, outputs)
    weight = rng.uniform(size=60)
    counts = [solver.class_counts(weight) for solver in solvers_of(parts, scale, 2)]
    assert counts[0].shape == (30, max(outputs, 2))
    np.testing.assert_allclose(*counts, rtol=1e-12)


@pytest.mark.parametrize("with_values", [False, True])
def test_sums_by_class_are_those_of_numpy_with_any_number_of_threads(with_values):
    rng = np.random.default_rng(6)
    features, weight = features_of(3000, 400, with_values), rng.uniform(size=3000)
    labels = rng.integers(0, 4, 3000)
    plain = bags_numpy.class_sums(features, labels, weight, 4)
    found = [bags_native.class_sums(features, labels, weight, 4, threads) for threads in (1, 3)]
    assert found[0].tobytes() == found[1].tobytes()
    np.testing.assert_allclose(found[0], plain, rtol=1e-12)


def test_rows_without_features_get_the_bias():
    empty = Features(np.zeros(3, np.int64), np.zeros(0, np.int32), None, 0)
    bias = np.array([0.25], np.float32)
    assert bags_native.logits(empty, np.zeros((0, 1), np.float32), bias, 1).tolist() == [[0.25], [0.25]]
    solver = bags_native.NativeSolver(empty, np.array([0, 1]), np.array([0.5, 0.5]), 1, 0.0)
    assert solver.step(1.0, 20, 0.1) == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"offsets": [0, 1, 9]}, "offsets must rise"),
        ({"columns": [0, 1, 5]}, "columns of a row must rise"),
        ({"columns": [1, 0, 0]}, "columns of a row must rise"),
        ({"columns": [-1, 0, 0]}, "columns of a row must rise"),
        ({"labels": [0, 2]}, "a label must be a class"),
        ({"labels": [0]}, "a label and a weight for each row"),
        ({"scale": [1.0]}, "a scale for each feature"),
    ],
)
def test_rows_that_do_not_fit_are_refused(native, changed, said):
    given = {"offsets": [0, 2, 3], "columns": [0, 1, 0], "labels": [0, 1], "scale": [1.0, 1.0]} | changed
    offsets, labels = (np.array(given[name], np.int64) for name in ("offsets", "labels"))
    columns, scale = np.array(given["columns"], np.int32), np.array(given["scale"])
    with pytest.raises(ValueError, match=said):
        native.BagSolver(offsets, columns, None, 2, labels, np.full(2, 0.5), 1, 0.0, 1).rescale(scale)
