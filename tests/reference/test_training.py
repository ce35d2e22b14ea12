"""Training: batches, early stopping, penalties, dropout, restarts; and what ends a run."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import NonFiniteLoss, RecipeError, RequestError
from glassnet.reference.dense import Layer, forward, gradients, predict, random_layers
from glassnet.reference.losses import loss_value
from glassnet.reference.optimizers import SGD, Adam
from glassnet.reference.regularisers import clip_gradients, dropout_mask, penalty, penalty_gradient
from glassnet.reference.training import batch_sizes, fit, random_restarts

RNG = np.random.default_rng(8)
X = RNG.normal(size=(24, 2))
Y = X @ np.array([1.0, -2.0]) + 0.1 * RNG.normal(size=24)


def layers(seed=0):
    return random_layers([2, 4, 1], "tanh", seed=seed)


def train(**options):
    return fit(layers(), X, Y, **{"loss": "mse", "optimizer": SGD(0.05), "epochs": 3, **options})


def test_24_points_in_batches_of_6_are_4_steps_and_one_epoch_C29():
    assert batch_sizes(24, 6) == [6, 6, 6, 6]
    run = train(batch_size=6, epochs=1)
    assert (len(run.losses), len(run.step_losses)) == (1, 4)


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 1), (24, 1), (7, 4), (23, 1), (1, 24)])
def test_full_batch_mini_batch_and_row_by_row_C29(batch_size, steps):
    assert len(train(batch_size=batch_size, epochs=2).step_losses) == 2 * steps


def test_every_epoch_visits_every_row_once_in_a_new_order():
    seen = []
    fit(layers(), X, Y, loss="mse", optimizer=SGD(0.05), batch_size=7, epochs=2,
        masks=lambda step, rows: seen.append(rows) or [None, None])  # fmt: skip
    assert seen == [7, 7, 7, 3] * 2
    ordered, mixed = train(batch_size=1, shuffle=False), train(batch_size=1)
    first = loss_value("mse", forward(layers(), X[:1]).output, Y[:1, None])
    assert ordered.step_losses[0] == pytest.approx(first)
    assert mixed.step_losses[0] != ordered.step_losses[0]
    assert train(batch_size=1, seed=1).step_losses[0] != mixed.step_losses[0]


def test_one_step_goes_down_the_gradient_with_penalties_and_then_the_clip():
    run = train(epochs=1, l1=0.02, l2=0.3, clip=0.5)
    slopes = gradients(layers(), X, Y[:, None], "mse")[1]
    with_penalties = [
        each + penalty_gradient(layer.W, 0.02, 0.3) if name == "W" else each
        for layer, own in zip(layers(), slopes, strict=True)
        for name, each in own.items()
    ]
    norm = np.sqrt(sum((each**2).sum() for each in with_penalties))
    assert norm > 0.5
    old = [w for layer in layers() for w in layer.parameters.values()]
    new = [w for layer in run.layers for w in layer.parameters.values()]
    for before, after, slope in zip(old, new, with_penalties, strict=True):
        np.testing.assert_allclose(after, before - 0.05 * slope * 0.5 / (norm + 1e-6), rtol=1e-12)
    assert run.losses[0] == pytest.approx(loss_value("mse", predict(layers(), X), Y[:, None]))


def test_penalties_are_the_slope_of_what_they_add_C27():
    w, h = np.array([[0.5, -2.0]]), 1e-6
    for at in ((0, 0), (0, 1)):
        beside = np.zeros_like(w)
        beside[at] = h
        slope = (penalty([w + beside], 0.1, 0.2) - penalty([w - beside], 0.1, 0.2)) / (2 * h)
        assert penalty_gradient(w, 0.1, 0.2)[at] == pytest.approx(slope, rel=1e-8)


def test_the_vectors_of_the_course_cost_the_same_for_l1_and_not_for_l2_C27():
    one, even = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert penalty([one], l1=1) == penalty([even], l1=1) == 1.0
    assert 2 * penalty([one], l2=1) == 1.0
    assert 2 * penalty([even], l2=1) == 0.5


def test_clipping_keeps_the_direction_and_leaves_short_gradients_alone():
    clipped = clip_gradients([np.array([3.0]), np.array([4.0])], 1.0)
    assert np.concatenate(clipped) == pytest.approx([0.6, 0.8], rel=1e-6)
    assert clip_gradients([np.array([0.3])], 1.0)[0].tolist() == [0.3]


def test_early_stopping_hands_back_the_lowest_point_and_ends_patience_epochs_later_C26():
    held_out = (X[:8], -Y[:8])
    run = train(epochs=50, validation=held_out, patience=5)
    assert run.stopped == "early_stopping"
    assert run.best_epoch == 1 + int(np.argmin(run.validation_losses))
    assert len(run.losses) == run.best_epoch + 5
    best = run.validation_losses[run.best_epoch - 1]
    assert loss_value("mse", predict(run.layers, X[:8]), -Y[:8, None]) == pytest.approx(best, rel=1e-12)
    assert run.layers is run.weights[run.best_epoch]


def test_without_validation_the_last_epoch_is_handed_back():
    run = train(epochs=4)
    assert (run.best_epoch, run.stopped, len(run.weights)) == (4, "epochs", 5)
    assert np.array_equal(run.weights[0][0].W, layers()[0].W)


def test_dropout_is_active_in_training_and_off_in_use_C28():
    run = train(dropout=0.5, epochs=5)
    assert not np.array_equal(run.layers[0].W, train(epochs=5).layers[0].W)
    assert np.array_equal(run.layers[0].W, train(dropout=0.5, epochs=5).layers[0].W)
    assert np.array_equal(predict(run.layers, X), forward(run.layers, X).output)


def test_masks_are_new_in_each_step_and_keep_the_sum_on_average_C28():
    masks = np.stack([dropout_mask(10, 20, 0.3, step=step) for step in range(200)])
    assert set(np.unique(masks)) == {0.0, 1 / 0.7}
    assert masks.mean() == pytest.approx(1.0, abs=0.01)
    assert not np.array_equal(masks[0], masks[1])


def test_a_schedule_changes_the_rate_of_each_step_C30():
    still = train(schedule=lambda step: 0.0, epochs=3)
    assert np.array_equal(still.layers[0].W, layers()[0].W)
    once = train(schedule=lambda step: float(step == 0), epochs=3)
    assert np.array_equal(once.layers[0].W, train(epochs=1).layers[0].W)


def test_whole_weights_count_as_repeated_rows():
    counts = np.arange(24) % 3
    weighted = train(sample_weight=counts)
    repeated = fit(
        layers(), np.repeat(X, counts, 0), np.repeat(Y, counts), loss="mse", optimizer=SGD(0.05), epochs=3
    )
    np.testing.assert_allclose(weighted.layers[0].W, repeated.layers[0].W, rtol=1e-12)
    assert weighted.losses == pytest.approx(repeated.losses)


def test_restarts_come_lowest_first_and_differ_C30():
    runs = random_restarts([2, 1, 1], X, Y, hidden="relu", loss="mse", optimizer=Adam(0.05), starts=4)
    last = [run.losses[-1] for run in runs]
    assert last == sorted(last)
    assert last[-1] > 1.5 * last[0]


def test_what_is_given_is_not_changed():
    ours = layers()
    before = [layer.W.copy() for layer in ours]
    fit(ours, X, Y, loss="mse", optimizer=Adam(0.1), epochs=3)
    assert all(np.array_equal(layer.W, w) for layer, w in zip(ours, before, strict=True))


def test_a_run_shows_its_epochs_and_marks_the_best_one():
    text = str(train(epochs=30, validation=(X, Y)))
    assert text.splitlines()[0] == "30 epochs, stopped: epochs, weights of epoch 30"
    assert text.splitlines()[-1].startswith("*   30")


def test_a_loss_that_is_no_number_is_an_error_that_says_what_to_do():
    with pytest.raises(NonFiniteLoss, match=r"at lr=1e\+30; lower lr \(try 1e\+29\)"):
        train(optimizer=SGD(1e30), epochs=20)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(RecipeError) as caught:
        train(
            loss="msee",
            batch_size=0,
            epochs=2.5,
            l1=-1,
            l2=float("nan"),
            clip=0,
            dropout=1.0,
            patience=0,
            seed=-1,
        )
    assert [problem.split("however: ")[1].split(";")[0] for problem in caught.value.problems] == [
        "loss='msee'", "batch_size=0", "epochs=2.5", "patience=0", "l1=-1", "l2=nan", "clip=0", "dropout=1.0",
        "seed=-1", "there are none",
    ]  # fmt: skip


def test_a_rule_and_rows_that_are_none_are_told():
    with pytest.raises(RecipeError, match=r"optimizer='sgd'; write for example optimizer=SGD\(lr=0.1\)"):
        train(optimizer="sgd")
    with pytest.raises(RecipeError, match=r"tuple \(X, y\) or \(X, y, weights\), however: it is a ndarray"):
        train(validation=X)
    with pytest.raises(RequestError, match="x must be numbers"):
        fit(layers(), [["a", "b"]], [1.0], loss="mse", optimizer=SGD(0.1))
    with pytest.raises(RequestError, match="x must be numbers"):
        fit(layers(), [[1.0], [1.0, 2.0]], [1.0, 2.0], loss="mse", optimizer=SGD(0.1))


@pytest.mark.parametrize("weight", [np.ones(3), np.zeros(24), -np.ones(24)])
def test_weights_must_be_one_number_from_0_per_row(weight):
    with pytest.raises(RecipeError, match="one finite number from 0 per row"):
        train(sample_weight=weight)


def test_layers_without_bias_train_without_one():
    run = fit([Layer(np.ones((2, 1)), None)], X, Y, loss="mse", optimizer=SGD(0.1), epochs=2)
    assert run.layers[0].b is None
