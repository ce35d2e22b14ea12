"""The whole course in NumPy, float64, written to be read; torch and the native engine are tested against it.

Read the modules in this order, each in one sitting:

    activations, losses          what a unit makes of its sum, and what the network is told about its mistakes
    by_hand                      one step with every number in it
    dense                        forward, error terms, gradients, for any depth
    optimizers, regularisers     from a gradient to a new weight; penalties, clipping, dropout
    training                     epochs, batches, steps, early stopping, restarts
    neural_network, admissions   the course's class, and its network with its faults shown
    vanishing, overfitting, descent     what the course claims, as small tables
    convolution_loops, convolution, pooling, filters     images
"""

from __future__ import annotations

from glassnet.reference import (
    activations,
    admissions,
    by_hand,
    convolution,
    convolution_loops,
    dense,
    descent,
    filters,
    losses,
    neural_network,
    optimizers,
    overfitting,
    pooling,
    regularisers,
    training,
    vanishing,
)
from glassnet.reference.neural_network import NeuralNetwork

__all__ = [
    "NeuralNetwork",
    "activations",
    "admissions",
    "by_hand",
    "convolution",
    "convolution_loops",
    "dense",
    "descent",
    "filters",
    "losses",
    "neural_network",
    "optimizers",
    "overfitting",
    "pooling",
    "regularisers",
    "training",
    "vanishing",
]
