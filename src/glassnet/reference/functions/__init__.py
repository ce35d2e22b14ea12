"""The functions of the course: each with its formula, its derivative where it has one, and its source.

activations    step, sign, sigmoid, tanh, ReLU
classes        softmax, one-hot codes
likelihood     how probable a model makes what happened; three doors
losses         cross-entropies and squared errors, from probabilities and from logits
mountain       coming down by the steepest step, and why counting errors gives no slope
"""

from __future__ import annotations

from glassnet.reference.functions.activations import (
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    sign,
    sign_derivative,
    step,
    step_derivative,
    tanh,
    tanh_derivative,
)
from glassnet.reference.functions.classes import (
    code_distances,
    log_softmax,
    naive_softmax,
    one_hot,
    shares,
    softmax,
    softmax_derivative,
)
from glassnet.reference.functions.likelihood import (
    Outcomes,
    doors,
    likelihood,
    log_likelihood,
    probability_of_truth,
)
from glassnet.reference.functions.losses import (
    binary_cross_entropy,
    binary_cross_entropy_from_logits,
    binary_cross_entropy_from_logits_gradient,
    binary_cross_entropy_gradient,
    cross_entropy,
    cross_entropy_from_logits,
    cross_entropy_from_logits_gradient,
    cross_entropy_gradient,
    mean_squared_error,
    mean_squared_error_gradient,
    sum_squared_error,
    sum_squared_error_gradient,
)
from glassnet.reference.functions.mountain import Path, along_path, descend, slope

__all__ = [
    "Outcomes",
    "Path",
    "along_path",
    "binary_cross_entropy",
    "binary_cross_entropy_from_logits",
    "binary_cross_entropy_from_logits_gradient",
    "binary_cross_entropy_gradient",
    "code_distances",
    "cross_entropy",
    "cross_entropy_from_logits",
    "cross_entropy_from_logits_gradient",
    "cross_entropy_gradient",
    "descend",
    "doors",
    "likelihood",
    "log_likelihood",
    "log_softmax",
    "mean_squared_error",
    "mean_squared_error_gradient",
    "naive_softmax",
    "one_hot",
    "probability_of_truth",
    "relu",
    "relu_derivative",
    "shares",
    "sigmoid",
    "sigmoid_derivative",
    "sign",
    "sign_derivative",
    "slope",
    "softmax",
    "softmax_derivative",
    "step",
    "step_derivative",
    "sum_squared_error",
    "sum_squared_error_gradient",
    "tanh",
    "tanh_derivative",
]
