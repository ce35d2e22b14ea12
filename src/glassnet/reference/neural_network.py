"""The course's bike-sharing network: a class with ``train`` and ``run``, one hidden layer, no biases.

Sigmoid hidden units, because the world is not a straight line; a linear output, because it counts bicycles.

    weights_input_to_hidden     shape (inputs, hidden)
    weights_hidden_to_output    shape (hidden, outputs)

Another version of the course stores the transposes, (hidden, inputs) and (outputs, hidden), and multiplies
from the other side: the numbers are the same, and ``W.T`` turns one into the other.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from glassnet.errors import RecipeError, message
from glassnet.randomness import stream
from glassnet.reference.activations import Floats, sigmoid
from glassnet.reference.arrays import insist, not_finite, numbers
from glassnet.reference.limits import wrong_count, wrong_number


class NeuralNetwork:
    """Inputs, one layer of sigmoid hidden units, linear outputs; trained by gradient descent.

    >>> import numpy as np
    >>> network = NeuralNetwork(3, 2, 1, 0.5)
    >>> network.weights_input_to_hidden = np.array([[0.1, -0.2], [0.4, 0.5], [-0.3, 0.2]])
    >>> network.weights_hidden_to_output = np.array([[0.3], [-0.1]])
    >>> network.run([[0.5, -0.2, 0.1]]).round(8)
    array([[0.09998924]])
    >>> network.train([[0.5, -0.2, 0.1]], [[0.4]])
    >>> network.weights_hidden_to_output.round(8)
    array([[ 0.37275328],
           [-0.03172939]])

    Args:
        input_nodes, hidden_nodes, output_nodes: how many units each layer has.
        learning_rate: how far each step goes.
        seed: of the random weights; each is normal with deviation 1 / sqrt(units before).

    Raises:
        RecipeError: a number of units or the rate is wrong.
    """

    def __init__(
        self, input_nodes: int, hidden_nodes: int, output_nodes: int, learning_rate: float, *, seed: int = 0
    ) -> None:
        _check(input_nodes, hidden_nodes, output_nodes, learning_rate, seed)
        rng = stream(seed, "weights")
        self.lr = learning_rate
        self.weights_input_to_hidden: Floats = rng.normal(0.0, input_nodes**-0.5, (input_nodes, hidden_nodes))
        self.weights_hidden_to_output: Floats = rng.normal(
            0.0, hidden_nodes**-0.5, (hidden_nodes, output_nodes)
        )
        self.activation_function = sigmoid

    def run(self, features: ArrayLike) -> Floats:
        """Return the outputs: (n, inputs) -> (n, outputs), or for one row (inputs,) -> (outputs,)."""
        X = numbers(features, "features")
        return self._forward(self._checked(X))[1].reshape(*X.shape[:-1], -1)

    def train(self, features: ArrayLike, targets: ArrayLike) -> None:
        """Make one step on a batch of rows: the mean of the steps that each row asks for.

        Args:
            features: shape (n, inputs).
            targets: shape (n, outputs), or (n,) for one output.
        """
        X = self._checked(numbers(features, "features"))
        y = numbers(targets, "targets")
        y = y[:, None] if y.ndim == 1 else y
        hidden, output = self._forward(X)
        if y.shape != output.shape:
            must = f"targets must have one number for each output, shape {output.shape}"
            raise RecipeError(message(must, f"shape {y.shape}", "reshape the targets"))
        insist(not_finite(y, "targets"))
        to_output, to_hidden = self._backpropagation(X, y, hidden, output)
        self.weights_hidden_to_output = self.weights_hidden_to_output + self.lr * to_output / len(X)
        self.weights_input_to_hidden = self.weights_input_to_hidden + self.lr * to_hidden / len(X)

    def _forward(self, X: Floats) -> tuple[Floats, Floats]:
        """hidden = sigmoid(X W1), output = hidden W2: the linear output needs no activation."""
        hidden = self.activation_function(X @ self.weights_input_to_hidden)
        return hidden, hidden @ self.weights_hidden_to_output

    def _backpropagation(self, X: Floats, y: Floats, hidden: Floats, output: Floats) -> tuple[Floats, Floats]:
        """Return the changes of both weight matrices, summed over the rows, before the learning rate.

        error            y - output
        output term      error * 1                     the derivative of a linear output is 1
        hidden error     output term W2^T              each hidden unit's part in the error
        hidden term      hidden error * h (1 - h)      times the derivative of the sigmoid
        """
        output_term = y - output
        hidden_term = (output_term @ self.weights_hidden_to_output.T) * hidden * (1.0 - hidden)
        return hidden.T @ output_term, X.T @ hidden_term

    def _checked(self, X: Floats) -> Floats:
        """Return the rows as (n, inputs)."""
        inputs = self.weights_input_to_hidden.shape[0]
        rows = X[None] if X.ndim == 1 else X
        if rows.ndim != 2 or rows.shape[1] != inputs or not len(rows):
            must = f"features must be one row or more of {inputs} inputs, shape (n, {inputs})"
            do = "reshape them, or make a network of as many inputs"
            raise RecipeError(message(must, f"shape {X.shape}", do))
        insist(not_finite(rows, "features"))
        return rows


def _check(inputs: int, hidden: int, outputs: int, learning_rate: float, seed: int) -> None:
    problems = [
        *wrong_count("input_nodes", inputs, example=3),
        *wrong_count("hidden_nodes", hidden, example=2),
        *wrong_count("output_nodes", outputs, example=1),
        *wrong_number("learning_rate", learning_rate, above=0, example=0.5),
        *wrong_count("seed", seed, 0, 0),
    ]
    if problems:
        raise RecipeError(problems)
