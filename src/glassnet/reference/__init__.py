"""The course in NumPy float64, written to be read: one idea a function, formula and source in its docstring.

It is also the specification: what trains with torch is tested against it.
"""

from glassnet.reference.neural_network import NeuralNetwork

__all__ = ["NeuralNetwork"]
