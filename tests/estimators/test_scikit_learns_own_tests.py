"""scikit-learn's own tests of its MLP and its Perceptron, run on these classes.

They are in its wheel, and are imported with the classes replaced. What does not pass is named here with its
reason, and in ``docs/guide/estimators.md``.
"""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from glassnet import estimators

OURS = {name: getattr(estimators, name) for name in ("MLPClassifier", "MLPRegressor", "Perceptron")}
MODULES = ("sklearn.neural_network.tests.test_mlp", "sklearn.linear_model.tests.test_perceptron")

DIFFERENT = {
    "test_gradient": "asks for the private _loss_grad_lbfgs; tests/engine measures the gradients instead",
}
"""Tests that do not pass, and why."""

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def cases(name):
    """Give each test function of a module with each of its parameters, as pytest would run them."""
    module = import_module(name)
    for function in vars(module).values():
        if inspect.isfunction(function) and function.__name__.startswith("test_"):
            sets = [{}]
            for mark in getattr(function, "pytestmark", []):
                if mark.name == "parametrize":
                    sets = [{**one, **more} for one in sets for more in parameters(*mark.args)]
            for at, values in enumerate(sets):
                yield pytest.param(module, function, values, id=f"{function.__name__}-{at}")


def parameters(names, values):
    """Give the arguments that one ``parametrize`` stands for, our classes in place of theirs."""
    names = [each.strip() for each in names.split(",")] if isinstance(names, str) else names
    for value in values:
        several = value if len(names) > 1 else [value]
        yield {name: replaced(each) for name, each in zip(names, several, strict=True)}


def replaced(value):
    return OURS.get(value.__name__, value) if isinstance(value, type) else value


@pytest.fixture
def global_random_seed():
    return 42


@pytest.mark.parametrize(("module", "function", "values"), [case for name in MODULES for case in cases(name)])
def test_their_test_passes_on_our_class(module, function, values, request, monkeypatch):
    for name, ours in OURS.items():
        if hasattr(module, name):
            monkeypatch.setattr(module, name, ours)
    wanted = [name for name in inspect.signature(function).parameters if name not in values]
    arguments = {name: request.getfixturevalue(name) for name in wanted}
    if function.__name__ in DIFFERENT:
        pytest.xfail(DIFFERENT[function.__name__])
    function(**values, **arguments)


def test_at_most_a_tenth_of_their_tests_is_excepted():
    names = {case.id for name in MODULES for case in cases(name)}
    excepted = {each for each in names if each.rsplit("-", 1)[0] in DIFFERENT}
    assert DIFFERENT.keys() <= {each.rsplit("-", 1)[0] for each in names}
    assert len(excepted) <= len(names) / 10
