"""From the parameters of a network estimator to layers, first weights and optimiser of the dense engine."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from glassnet.engine.dense import Array, Layer, Optimizer, Parameters
from glassnet.errors import message
from glassnet.estimators.parameters import activations_of, sizes_of

Weights = tuple[list[Array], list[Array]]
"""``coefs_`` (inputs, outputs) and ``intercepts_`` (outputs,) of each layer, as scikit-learn keeps them."""


def streams_of(estimator: Any) -> list[np.random.RandomState]:
    """Return the random numbers of each member: those of the first are scikit-learn's."""
    first = check_random_state(estimator.random_state)
    seeds = copy.deepcopy(first).randint(np.iinfo(np.int32).max, size=estimator.n_members - 1)
    return [first, *map(np.random.RandomState, seeds)]


def drawn_weights(estimator: Any, sizes: list[int], dtype: Any, stream: np.random.RandomState) -> Weights:
    """Draw first weights as Glorot and Bengio (2010) advise, in scikit-learn's order."""
    names = activations_of(estimator.activation, len(sizes) - 1)
    names += names[-1:] * (len(sizes) - 1 - len(names))
    coefs, intercepts = [], []
    for (before, units), name in zip(pairwise(sizes), names, strict=True):
        bound = math.sqrt((2.0 if name == "logistic" else 6.0) / (before + units))
        coefs.append(stream.uniform(-bound, bound, (before, units)).astype(dtype, copy=False))
        intercepts.append(stream.uniform(-bound, bound, units).astype(dtype, copy=False))
    return coefs, intercepts


def layers_of(estimator: Any) -> list[Layer]:
    """Return the layers as the engine knows them, whose dropout is on a layer's inputs.

    Raises:
        ValueError: the weights so far are those of other layers.
    """
    e = estimator
    hidden = sizes_of(e.hidden_layer_sizes)
    shapes = list(pairwise([e.n_features_in_, *hidden, e.n_outputs_]))
    found = [coef.shape for coef in e.coefs_]
    if found != shapes:
        must = f"the layers must be those of the fit before, {found}, where training goes on"
        raise ValueError(message(must, f"they are {shapes}", "use warm_start=False"))
    names = [*activations_of(e.activation, len(hidden)), "identity"]
    dropout = [e.dropout] * len(hidden) if np.ndim(e.dropout) == 0 else list(e.dropout)
    return [
        Layer(before, units, "sigmoid" if name == "logistic" else name, dropout=float(p))
        for (before, units), name, p in zip(shapes, names, [0.0, *dropout], strict=True)
    ]


def optimizer_of(estimator: Any) -> Optimizer:
    """Return the optimiser of ``solver``; adam has its eps where scikit-learn has it."""
    e = estimator
    betas, eps = (float(e.beta_1), float(e.beta_2)), float(e.epsilon)
    match e.solver:
        case "adam":
            return Optimizer("adam", betas=betas, eps=eps, eps_corrected=False)
        case "adamw":
            return Optimizer("adamw", betas=betas, eps=eps, weight_decay=float(e.weight_decay))
        case "rmsprop":
            return Optimizer("rmsprop", eps=eps)
        case _:
            nesterov = bool(e.nesterovs_momentum and e.momentum)
            return Optimizer("sgd", momentum=float(e.momentum), nesterov=nesterov)


def as_parameters(weights: Weights) -> Parameters:
    """Return weights as the engine takes them: (outputs, inputs)."""
    return [(np.asarray(W).T, b) for W, b in zip(*weights, strict=True)]


def as_weights(parameters: Parameters, dtype: Any) -> Weights:
    """Return what the engine gave as scikit-learn keeps it: (inputs, outputs)."""
    coefs = [np.ascontiguousarray(W.T, dtype) for W, _ in parameters]
    return coefs, [np.asarray(b, dtype) for _, b in parameters]
