"""The class of the bike-sharing project: its golden numbers, and the reference network's mathematics."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import RecipeError, RequestError
from glassnet.reference import NeuralNetwork
from glassnet.reference.dense import Layer, gradients

INPUTS, TARGETS = np.array([[0.5, -0.2, 0.1]]), np.array([[0.4]])
W1 = np.array([[0.1, -0.2], [0.4, 0.5], [-0.3, 0.2]])
W2 = np.array([[0.3], [-0.1]])


def network():
    ours = NeuralNetwork(3, 2, 1, 0.5)
    ours.weights_input_to_hidden, ours.weights_hidden_to_output = W1.copy(), W2.copy()
    return ours


def test_run_has_the_number_of_the_course_C31():
    assert network().run(INPUTS) == pytest.approx(np.array([[0.09998924]]), abs=5e-9)


def test_train_has_the_numbers_of_the_course_C31():
    ours = network()
    ours.train(INPUTS, TARGETS)
    assert ours.weights_hidden_to_output.ravel() == pytest.approx([0.37275328, -0.03172939], abs=5e-9)
    expected = [[0.10562014, -0.20185996], [0.39775194, 0.50074398], [-0.29887597, 0.19962801]]
    assert ours.weights_input_to_hidden == pytest.approx(np.array(expected), abs=5e-9)


def test_the_activation_is_the_sigmoid_C31():
    assert network().activation_function(np.array(0.5)) == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_a_batch_is_the_mean_of_its_rows_and_the_reference_networks_step():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    ours = NeuralNetwork(3, 4, 2, 0.1, seed=3)
    layers = [
        Layer(ours.weights_input_to_hidden, None, "sigmoid"),
        Layer(ours.weights_hidden_to_output, None),
    ]
    slopes = gradients(layers, X, y, "squared_error")[1]
    ours.train(X, y)
    np.testing.assert_allclose(ours.weights_input_to_hidden, layers[0].W - 0.1 * slopes[0]["W"], rtol=1e-12)
    np.testing.assert_allclose(ours.weights_hidden_to_output, layers[1].W - 0.1 * slopes[1]["W"], rtol=1e-12)


def test_shapes_in_and_out():
    ours = network()
    assert ours.run(np.ones((5, 3))).shape == (5, 1)
    assert ours.run([1.0, 2.0, 3.0]).shape == (1,)
    ours.train(np.ones((5, 3)), np.ones(5))


def test_it_learns():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3))
    y = np.sin(X[:, :1]) + X[:, 1:2]
    ours = NeuralNetwork(3, 8, 1, 0.5)
    before = ((ours.run(X) - y) ** 2).mean()
    for _ in range(500):
        ours.train(X, y)
    assert ((ours.run(X) - y) ** 2).mean() < before / 10


def test_the_same_seed_gives_the_same_network():
    first, again, other = (NeuralNetwork(3, 2, 1, 0.1, seed=seed).run(INPUTS) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(RecipeError) as caught:
        NeuralNetwork(0, 2.5, 1, "fast", seed=-1)
    assert len(caught.value.problems) == 4
    with pytest.raises(RequestError, match="features must be finite"):
        network().train(INPUTS * np.nan, TARGETS)
    with pytest.raises(RequestError, match="targets must be finite"):
        network().train(INPUTS, TARGETS * np.nan)
    with pytest.raises(RecipeError, match=r"shape \(n, 3\), however: shape \(1, 2\)"):
        network().run([[1, 2]])
    with pytest.raises(RecipeError, match=r"shape \(1, 1\), however: shape \(1, 2\)"):
        network().train(INPUTS, [[1, 2]])
