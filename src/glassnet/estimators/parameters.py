"""What the parameters of the estimators may be: one rule each, all that are wrong said together.

scikit-learn's contract asks for ``ValueError`` when ``fit`` is called, and for none before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from glassnet.errors import did_you_mean, message

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "leaky_relu", "silu")
"""Names of scikit-learn, and two more."""
SOLVERS = ("lbfgs", "sgd", "adam", "adamw", "rmsprop")

Rule = Callable[[str, Any], list[str]]
"""rule(name, value) -> what is wrong, nothing where it is right."""


def wrong(name: str, value: object, must: str, do: str) -> list[str]:
    """Say what a parameter must be and what it is."""
    return [message(f"{name} must be {must}", f"{name}={value!r}", do)]


def one_of(*known: str) -> Rule:
    """Ask for one of the names."""

    def rule(name: str, value: Any) -> list[str]:
        if isinstance(value, str) and value in known:
            return []
        return wrong(name, value, "a name that is known", did_you_mean(str(value), known))

    return rule


def number(
    start: float, end: float = math.inf, *, whole: bool = False, above: bool = False, below: bool = False
) -> Rule:
    """Ask for a number from start to end, both included unless ``above`` or ``below`` leave them out."""

    def rule(name: str, value: Any) -> list[str]:
        fits = isinstance(value, Integral if whole else Real) and not isinstance(value, bool | np.bool_)
        if fits and (start < value if above else start <= value) and (value < end if below else value <= end):
            return []
        lower = f"{'above' if above else 'from'} {start:g}"
        upper = "" if end == math.inf else f" to {'below ' if below else ''}{end:g}"
        must = f"a {'whole ' if whole else ''}number {lower}{upper}"
        return wrong(name, value, must, "choose one within its range")

    return rule


def true_or_false(name: str, value: Any) -> list[str]:
    """Ask for a boolean."""
    return [] if isinstance(value, bool | np.bool_) else wrong(name, value, "True or False", "choose one")


def or_else(rule: Rule, *others: object) -> Rule:
    """Let other values pass beside those of a rule."""

    def either(name: str, value: Any) -> list[str]:
        if any(value is each or (isinstance(each, str | float) and value == each) for each in others):
            return []
        return rule(name, value)

    return either


def sizes_of(value: Any) -> list[Any]:
    """Return ``hidden_layer_sizes`` as a list: a single number is one hidden layer."""
    return list(value) if hasattr(value, "__iter__") else [value]


def hidden_sizes(name: str, value: Any) -> list[str]:
    """Ask for one whole number above 0, or several."""
    sizes = sizes_of(value)
    if all(isinstance(each, int | np.integer) and each > 0 for each in sizes):
        return []
    must, do = f"{name} must be > 0, whole numbers", "write units of each hidden layer, such as (64, 32)"
    return [message(must, f"got {sizes}", do)]


def activations_of(value: Any, layers: int) -> list[Any]:
    """Return the activation of each hidden layer: a single name is that of all."""
    return [value] * layers if isinstance(value, str) else list(value)


def per_layer(rule: Rule) -> Callable[[str, Any, int], list[str]]:
    """Ask for one value that keeps the rule, or for a list of one such value for each hidden layer."""

    def each_layer(name: str, value: Any, layers: int) -> list[str]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            return rule(name, value)
        values = list(value)
        if len(values) != layers:
            do = "write one for each hidden layer, or one for all"
            return wrong(name, values, f"one value or a list of {layers}", do)
        return [problem for each in values for problem in rule(name, each)]

    return each_layer


def check(values: Mapping[str, Any], rules: Mapping[str, Rule], more: Iterable[str] = ()) -> None:
    """Check parameters by name.

    Args:
        more: what else was found to be wrong.

    Raises:
        ValueError: one or more are wrong; all are named.
    """
    problems = [problem for name, rule in rules.items() for problem in rule(name, values[name])]
    problems += more
    if problems:
        raise ValueError("\n".join(problems))
