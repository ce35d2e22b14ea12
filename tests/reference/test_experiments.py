"""What the course claims, in numbers: vanishing gradients, overfitting, sparse weights, valleys, batches."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import RecipeError
from glassnet.reference.dense import random_layers
from glassnet.reference.descent import (
    LOWEST,
    descend,
    learning_rate_table,
    momentum_table,
    restart_table,
    rough_steps,
    valleys,
    valleys_derivative,
)
from glassnet.reference.optimizers import Adam
from glassnet.reference.overfitting import (
    complexity_graph,
    dropout_steps,
    epoch_graph,
    noisy_curve,
    sparse_and_even,
)
from glassnet.reference.training import fit
from glassnet.reference.vanishing import vanishing_gradients


def test_each_sigmoid_layer_takes_away_three_quarters_and_tanh_and_relu_do_not_C25():
    sigmoid, tanh, relu = vanishing_gradients(depth=8).networks
    assert sigmoid.factor < 0.25 < 0.6 < min(tanh.factor, relu.factor)
    assert (np.diff(sigmoid.sizes) > 0).all()
    assert sigmoid.sizes[0] < 1e-3 * tanh.sizes[0]


def test_another_start_does_not_help_against_a_vanishing_gradient_C25():
    """That is what tells it apart from a local minimum."""
    factors = [vanishing_gradients(["sigmoid"], seed=seed).networks[0].factor for seed in range(5)]
    assert max(factors) < 0.3


def test_the_table_has_a_number_for_each_layer_C25():
    lines = str(vanishing_gradients(depth=3, width=4)).splitlines()
    assert [line.split()[0] for line in lines] == ["mean", "layer", "1", "2", "3", "a"]


def test_the_complexity_graph_is_under_right_and_over_C26():
    graph = complexity_graph()
    assert graph.train == sorted(graph.train, reverse=True)
    assert graph.best not in (graph.values[0], graph.values[-1])
    assert graph.validation[0] > min(graph.validation) < graph.validation[-1]
    assert [line.split()[-1] for line in str(graph).splitlines()[1:]] == [
        *("underfitting", "right", "overfitting", "overfitting", "overfitting")
    ]


def test_by_epochs_the_lowest_point_is_where_early_stopping_takes_the_weights_C26():
    (x, y), held_out = noisy_curve(12)
    options = {"loss": "mse", "optimizer": Adam(0.03), "validation": held_out}
    long = fit(random_layers([1, 32, 1], "tanh"), x, y, epochs=1200, **options)
    stopped = fit(random_layers([1, 32, 1], "tanh"), x, y, epochs=1200, patience=100, **options)
    graph = epoch_graph(long, every=50)
    assert graph.best == long.best_epoch == stopped.best_epoch
    assert 1 < graph.best < 1200
    assert graph.validation[-1] > 1.2 * min(graph.validation)
    assert graph.train[-1] < graph.train[len(graph.train) // 2]


def test_l1_picks_one_of_two_twins_and_l2_shares_between_them_C27():
    shown = sparse_and_even()
    assert shown.l1[:2] == pytest.approx([0.9, 0.0], abs=0.06)
    assert shown.l2[:2] == pytest.approx([0.5, 0.5], abs=0.06)
    assert (np.abs(shown.l1[3:]) < 1e-3).all()
    assert (np.abs(shown.l2[3:]) > 1e-4).all()
    assert str(shown).splitlines()[-1].split() == ["near", "0", "5", "6", "3"]


def test_dropout_shows_who_is_on_and_all_are_used_afterwards_C28():
    shown = dropout_steps(np.array([0.5, 0.1, 0.9]), np.array([1.0, -2.0, 1.0]), 0.4, steps=4000)
    assert shown.on.mean(axis=0) == pytest.approx(np.full(3, 0.6), abs=0.03)
    assert shown.sums.mean() == pytest.approx(shown.whole, abs=0.05)
    assert shown.whole == pytest.approx(1.2)
    assert str(shown).splitlines()[-1].startswith("used   1.20  # # #  all of them")


def test_many_rough_steps_beat_few_exact_ones_C29():
    shown = rough_steps((24, 6, 1))
    assert [len(run.step_losses) for run in shown.runs] == [20, 80, 480]
    last = [run.losses[-1] for run in shown.runs]
    assert last == sorted(last, reverse=True)
    assert "    6                4             80" in str(shown)


def test_the_two_valleys_are_where_the_text_says_C30():
    for bottom, depth in ((LOWEST, -5.444), (1.347, -2.619)):
        assert valleys(bottom) == pytest.approx(depth, abs=1e-3)
        assert valleys_derivative(bottom) == pytest.approx(0.0, abs=0.02)
        assert valleys(bottom) < min(valleys(bottom - 0.1), valleys(bottom + 0.1))


def test_the_slope_is_what_finite_differences_measure():
    for w in (-2.0, 0.3, 1.5):
        measured = (valleys(w + 1e-6) - valleys(w - 1e-6)) / 2e-6
        assert valleys_derivative(w) == pytest.approx(measured, rel=1e-8)


def test_too_small_a_rate_crawls_and_too_large_a_one_jumps_C30():
    endings = [path.ending for path in learning_rate_table().paths]
    assert endings == [
        "still on its way",
        "in a local minimum",
        "jumped out: the steps are too large, lower lr",
    ]


def test_momentum_carries_over_the_hump_C30():
    endings = [path.ending for path in momentum_table((0.0, 0.5, 0.9)).paths]
    assert endings == ["in a local minimum", "in a local minimum", "in the deepest valley"]


def test_some_of_several_random_starts_find_the_deepest_valley_C30():
    shown = restart_table()
    endings = {path.ending for path in shown.paths}
    assert endings == {"in a local minimum", "in the deepest valley"}
    assert shown.best.ending == "in the deepest valley"
    assert len(str(shown).splitlines()) == 6


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: vanishing_gradients(["sigmiod"], depth=0), "2 problems"),
        (lambda: vanishing_gradients([]), "there must be an activation"),
        (lambda: descend(lr=0), "lr must be a number above 0"),
        (lambda: descend(float("nan"), steps=0), "2 problems"),
        (
            lambda: descend("2"),
            "start must be a finite number, however: start='2'",
        ),
        (lambda: restart_table(0), "starts must be a whole number from 1"),
        (lambda: dropout_steps(np.ones(2), np.ones(3), 0.5), "one number for each unit"),
        (lambda: dropout_steps(np.ones(2), np.ones(2), 1.0), "dropout must be a number from 0 and below 1"),
    ],
)
def test_what_cannot_be_is_an_error(call, found):
    with pytest.raises(RecipeError, match=found):
        call()
