"""What a unit makes of its score z: step, sign, sigmoid, tanh, ReLU, each above its derivative.

All take numbers of any shape and return float64 of the same shape. A missing number (nan) stays one.

    >>> sigmoid([3, 2, 1, 0, -1, -2, -3]).round(5)
    array([0.95257, 0.8808 , 0.73106, 0.5    , 0.26894, 0.1192 , 0.04743])
    >>> step([3, 2, 1, 0, -1, -2, -3])
    array([1., 1., 1., 1., 0., 0., 0.])

The step says yes or no; the sigmoid says how sure it is, and has a slope to descend.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glassnet.reference.arrays import Floats, numbers


def step(z: ArrayLike) -> Floats:
    """Say yes or no: 1 where z >= 0, else 0.

    F. Rosenblatt, 1958, "The perceptron", Psychological Review 65. On the line itself, z = 0, it says yes.
    """
    return np.heaviside(numbers(z, "z"), 1.0)


def step_derivative(z: ArrayLike) -> Floats:
    """Return 0: the step is flat.  step'(z) = 0

    At z = 0 there is no derivative; it is 0 here, too. So the step gives gradient descent nothing to go by.
    """
    z = numbers(z, "z")
    return np.where(np.isnan(z), z, 0.0)


def sign(z: ArrayLike) -> Floats:
    """Say +1 or -1: the step on another scale.  sign(z) = 2 step(z) - 1

    It has no third answer: sign(0) = +1, unlike ``np.sign``.
    """
    return 2.0 * step(z) - 1.0


def sign_derivative(z: ArrayLike) -> Floats:
    """Return 0: flat, like the step.  sign'(z) = 0"""
    return 2.0 * step_derivative(z)


def sigmoid(z: ArrayLike) -> Floats:
    """Squash a score to a probability.  s(z) = 1 / (1 + exp(-z))

    exp(-z) overflows for z below -709. Multiplied above and below by exp(z), the same fraction is
    exp(z) / (1 + exp(z)); so exp is only ever taken of -|z|.

    D. R. Cox, 1958, "The regression analysis of binary sequences", Journal of the Royal Statistical Society,
    series B, 20.
    """
    z = numbers(z, "z")
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def sigmoid_derivative(z: ArrayLike) -> Floats:
    """Return the slope of the sigmoid.  s'(z) = s(z) (1 - s(z)), at most 1/4

    s' = d/dz (1 + e^-z)^-1 = e^-z / (1 + e^-z)^2 = 1 / (1 + e^-z) * e^-z / (1 + e^-z) = s (1 - s).

    1 - s(z) is s(-z), which keeps its digits where s(z) rounds to 1.
    """
    return sigmoid(z) * sigmoid(-numbers(z, "z"))


def tanh(z: ArrayLike) -> Floats:
    """Squash a score to between -1 and 1, centred on 0.  tanh(z) = (e^z - e^-z) / (e^z + e^-z) = 2 s(2z) - 1

    Y. LeCun et al., 1998, "Efficient BackProp", section 4.4: units centred on 0 learn faster.
    """
    return np.tanh(numbers(z, "z"))


def tanh_derivative(z: ArrayLike) -> Floats:
    """Return the slope of tanh.  tanh'(z) = 1 - tanh(z)^2, at most 1"""
    return 1.0 - tanh(z) ** 2


def relu(z: ArrayLike) -> Floats:
    """Let a positive score through and stop a negative one.  relu(z) = max(z, 0)

    V. Nair and G. E. Hinton, 2010, "Rectified linear units improve restricted Boltzmann machines", ICML.
    """
    return np.maximum(numbers(z, "z"), 0.0)


def relu_derivative(z: ArrayLike) -> Floats:
    """Return the slope of ReLU.  relu'(z) = 1 where z > 0, else 0

    At z = 0 there is a corner and no derivative; it is 0 here, as in torch.
    """
    return np.heaviside(numbers(z, "z"), 0.0)
