"""The whole course in NumPy, float64, written to be read; torch and the native engine are tested against it.

Read the modules in this order, each in one sitting. One unit, and what it learns from:

    perceptron     a weighted sum and a step; layers; the perceptron trick and algorithm
    tables, gates  what a unit says, row by row, and what would mend it; AND, OR, NOT, NAND, XOR
    circle         points that no line separates, and two ways out
    functions      activations, softmax, likelihood, losses, and why an error must have a slope
    runs           what a learner did, epoch by epoch
    linear, logistic, side_by_side     gradient descent, derived and compared

Networks of any depth, and images:

    by_hand                      one step with every number in it
    activations, losses          by name, each with its derivative, as networks use them
    dense                        forward, error terms, gradients
    optimizers, regularisers     from a gradient to a new weight; penalties, clipping, dropout
    training                     epochs, batches, steps, early stopping, restarts
    neural_network, admissions   the course's class, and its network with its faults shown
    vanishing, overfitting, descent     what the course claims, as small tables
    convolution_loops, convolution, pooling, filters     images
    sentiment                    texts: the sentiment network in six steps
"""

from __future__ import annotations

from glassnet.reference import (
    activations,
    admissions,
    by_hand,
    circle,
    convolution,
    convolution_loops,
    dense,
    descent,
    filters,
    functions,
    gates,
    linear,
    logistic,
    losses,
    neural_network,
    optimizers,
    overfitting,
    perceptron,
    pooling,
    recurrent,
    regularisers,
    runs,
    sentiment,
    side_by_side,
    tables,
    training,
    vanishing,
)
from glassnet.reference.neural_network import NeuralNetwork

__all__ = [
    "NeuralNetwork",
    "activations",
    "admissions",
    "by_hand",
    "circle",
    "convolution",
    "convolution_loops",
    "dense",
    "descent",
    "filters",
    "functions",
    "gates",
    "linear",
    "logistic",
    "losses",
    "neural_network",
    "optimizers",
    "overfitting",
    "perceptron",
    "pooling",
    "recurrent",
    "regularisers",
    "runs",
    "sentiment",
    "side_by_side",
    "tables",
    "training",
    "vanishing",
]
