"""What is compared does the same work: the same weights come out of the same steps from the same start."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.engine.dense import dense_net
from glassnet.engine.training import fit
from glassnet.errors import RecipeError
from glassnet.run.bench import ours
from glassnet.run.bench.numpy_step import NumpyTraining
from glassnet.run.bench.ours import EngineTraining, FitTraining
from glassnet.run.bench.peers import (
    FusedTraining,
    LoaderTraining,
    SklearnTraining,
    TorchTraining,
    torch_net,
)
from glassnet.run.bench.workloads import GRID, NAMED, Workload, problem

ALL = [
    NumpyTraining,
    EngineTraining,
    FitTraining,
    TorchTraining,
    FusedTraining,
    LoaderTraining,
    SklearnTraining,
]
WORKLOADS = [
    Workload((5, 4, 1), 64, "sigmoid", "sgd"),
    Workload((5, 4, 1), 64, "sigmoid", "adam"),
    Workload((5, 8, 6, 1), 64, "relu", "adam"),
    Workload((5, 8, 6, 3), 64, "relu", "adam"),
    Workload((5, 8, 3), 64, "sigmoid", "sgd"),
]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name)
@pytest.mark.parametrize("begin", ALL)
def test_all_do_the_same_work(begin, workload):
    made = problem(workload, rows=64)  # one batch: every order of the rows is the same step
    expected = TorchTraining(made)
    expected.train(10)
    training = begin(made)
    assert training.train(10) == 10
    near = 5e-4 if begin is SklearnTraining else 2e-5  # it puts Adam's eps where small gradients feel it
    moved = 0.0
    for own, right, start in zip(training.parameters(), expected.parameters(), made.start, strict=True):
        for value, wanted, first in zip(own, right, start, strict=True):
            np.testing.assert_allclose(value, wanted, atol=near)
            moved = max(moved, np.abs(value - first).max())
    assert moved > 1e-3


@pytest.mark.parametrize("begin", ALL)
def test_beginning_again_begins_from_the_same_weights(begin):
    made = problem(WORKLOADS[3], rows=64)
    kept = [(weight.copy(), bias.copy()) for weight, bias in made.start]
    begin(made).train(3)
    for own, start in zip(begin(made).parameters(), kept, strict=True):
        for value, first in zip(own, start, strict=True):
            np.testing.assert_array_equal(value, first)


@pytest.mark.parametrize("begin", ALL)
def test_at_least_as_many_steps_are_made_as_were_asked_for_and_all_are_counted(begin):
    made = problem(WORKLOADS[2], rows=4 * 64)
    whole_epochs = begin in (FitTraining, SklearnTraining)
    assert begin(made).train(6) == (8 if whole_epochs else 6)


def test_dropout_stands_behind_each_hidden_layer_everywhere(monkeypatch):
    asked = []
    monkeypatch.setattr(
        ours, "dense_net", lambda layers, *rest: asked.extend(layers) or dense_net(layers, *rest)
    )
    made = problem(Workload((5, 8, 6, 1), 64, dropout=0.25), rows=64)
    names = [type(each).__name__ for each in torch_net(made)]
    assert names == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    ours.new_dense_net(made)
    assert [layer.dropout for layer in asked] == [0.0, 0.25, 0.25]


def test_fit_asks_for_the_same_engine_whichever_ran_before(monkeypatch):
    asked = []
    monkeypatch.setattr(
        ours, "fit", lambda *rest, engine, **named: asked.append(engine) or fit(*rest, **named)
    )
    training = FitTraining(problem(WORKLOADS[0], rows=64))
    training.train(1)
    training.train(1)
    assert asked == ["auto", "auto"]
    assert training.engine != "auto"


def test_dropout_in_numpy_keeps_the_mean_and_drops_its_share():
    made = problem(Workload((5, 400, 1), 64, "sigmoid", "sgd", dropout=0.25), rows=64)
    hidden, slope = NumpyTraining(made)._activated(np.zeros((64, 400), np.float32))
    assert np.mean(hidden == 0) == pytest.approx(0.25, abs=0.01)
    assert hidden.mean() == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(hidden == 0, slope == 0)


def test_scikit_learn_says_that_it_has_no_dropout():
    with pytest.raises(RecipeError, match="must have no dropout"):
        SklearnTraining(problem(NAMED[1], rows=128))


def test_multiply_adds_are_those_of_forward_and_backward():
    # 4x3 and 3x1 forward, twice for the weights' gradients and the hidden ones, none for the inputs
    assert Workload((4, 3, 1), 10).multiply_adds == 10 * (15 + 15 + 3)


def test_rows_are_whole_batches_and_an_epoch_is_not_too_much_work():
    for each in (*NAMED, *GRID):
        assert each.rows == each.batch * each.steps_per_epoch
        assert each.steps_per_epoch == 4 or each.steps_per_epoch * each.multiply_adds <= 4e9


def test_the_grid_goes_from_the_smallest_to_the_largest_net():
    sizes = {each.sizes for each in GRID}
    assert {(2, 2, 1), (1024, 1024, 1024, 10)} <= sizes
    assert {each.batch for each in GRID} >= {1, 4096}
    assert {len(each) - 2 for each in sizes} == {1, 2, 3, 4, 5}
    assert len(set(GRID)) == len(GRID)
