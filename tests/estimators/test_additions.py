"""What the networks have beside scikit-learn's: dropout, class weights, validation rows, members ..."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import scale

from glassnet.engine.dense import dropout_mask
from glassnet.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def linears(estimator):
    """Return the layers of the estimator as torch has them."""
    layers = []
    for W, b in zip(estimator.coefs_, estimator.intercepts_, strict=True):
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.from_numpy(W.T.copy()), torch.from_numpy(b.copy())
        layers.append(layer)
    return layers


def started(estimator, X, y, **changes):
    """Return the estimator with its first weights: an epoch whose steps are too small to count."""
    rate = estimator.learning_rate_init
    estimator.set_params(learning_rate_init=1e-300, max_iter=1, **changes).fit(X, y)
    first = linears(estimator)
    estimator.set_params(learning_rate_init=rate, max_iter=5)
    return first


@pytest.mark.parametrize("solver", ["adamw", "rmsprop"])
def test_other_optimizers_and_activations_are_torchs(solver):
    X, y = diabetes()
    net = MLPRegressor(
        hidden_layer_sizes=(6, 4),
        activation=["silu", "leaky_relu"],
        solver=solver,
        batch_size=len(X),
        alpha=0.0,
        random_state=0,
        learning_rate_init=0.01,
        weight_decay=0.1,
        clip=0.5,
    )
    first, second, third = layers = started(net, X, y)
    parameters = [each for layer in layers for each in layer.parameters()]
    rule = {
        "adamw": lambda: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, lr=0.01),
    }[solver]()
    rows, targets = torch.from_numpy(X), torch.from_numpy(y)[:, None]
    for _ in range(5):
        rule.zero_grad()
        hidden = torch.nn.functional.silu(first(rows))
        output = third(torch.nn.functional.leaky_relu(second(hidden)))
        (0.5 * torch.nn.functional.mse_loss(output, targets)).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        rule.step()
    net.fit(X, y)
    for W, layer in zip(net.coefs_, layers, strict=True):
        np.testing.assert_allclose(W, layer.weight.detach().numpy().T, rtol=1e-9, atol=1e-12)


def test_dropout_leaves_hidden_units_out_in_training_and_not_in_answers():
    X, y = diabetes()
    net = MLPRegressor(
        hidden_layer_sizes=6,
        solver="sgd",
        momentum=0.0,
        batch_size=len(X),
        alpha=0.0,
        dropout=0.5,
        random_state=0,
        learning_rate_init=0.1,
    )
    first, second = started(net, X, y)
    W1, W2 = (each.weight.detach().numpy() for each in (first, second))
    b1, b2 = (each.bias.detach().numpy() for each in (first, second))
    net.set_params(max_iter=1).fit(X, y)
    seed = seed_of_dropout(X.shape[1], 6)
    kept = dropout_mask(seed, 0, 1, 6, len(X), 0.5).T * 2.0
    order = order_of_first_epoch(X.shape[1], 6, len(X))
    hidden = np.maximum(X[order] @ W1.T + b1, 0) * kept
    error = hidden @ W2.T + b2 - y[order, None]
    np.testing.assert_allclose(net.coefs_[1], W2.T - 0.1 * hidden.T @ error / len(X), rtol=1e-9)
    plain = np.maximum(X @ net.coefs_[0] + net.intercepts_[0], 0) @ net.coefs_[1] + net.intercepts_[1]
    np.testing.assert_allclose(net.predict(X), plain.ravel())


def stream_after_weights(inputs, hidden):
    stream = np.random.RandomState(0)
    for before, units in ((inputs, hidden), (hidden, 1)):
        stream.uniform(size=(before, units))
        stream.uniform(size=units)
    return stream


def seed_of_dropout(inputs, hidden):
    return int(stream_after_weights(inputs, hidden).randint(np.iinfo(np.int32).max))


def order_of_first_epoch(inputs, hidden, rows):
    stream = stream_after_weights(inputs, hidden)
    stream.randint(np.iinfo(np.int32).max)
    order = np.arange(rows)
    stream.shuffle(order)
    return order


def test_absolute_error_ends_at_the_median():
    y = np.array([1.0, 2.0, 3.0, 50.0, 60.0])
    settings = {"hidden_layer_sizes": (), "solver": "sgd", "learning_rate": "adaptive", "alpha": 0.0}
    net = MLPRegressor("absolute_error", learning_rate_init=0.5, max_iter=2000, random_state=0, **settings)
    net.fit(np.zeros((5, 1)), y)
    assert net.intercepts_[0].item() == pytest.approx(3.0, abs=0.1)
    assert net.loss_ == pytest.approx(np.abs(y - 3).mean(), abs=0.1)


def test_weights_of_classes_count_as_weights_of_rows():
    X, y = iris()
    by_class = {0: 1.0, 1: 3.0, 2: 0.5}
    named = MLPClassifier(6, random_state=0, max_iter=5, class_weight=by_class).fit(X, y)
    by_row = MLPClassifier(6, random_state=0, max_iter=5)
    by_row.fit(X, y, sample_weight=np.vectorize(by_class.get)(y))
    assert np.array_equal(named.coefs_[0], by_row.coefs_[0])
    both = MLPClassifier(6, random_state=0, max_iter=5, class_weight=by_class)
    both.fit(X, y, sample_weight=np.arange(150.0))
    by_row.fit(X, y, sample_weight=np.arange(150.0) * np.vectorize(by_class.get)(y))
    assert np.array_equal(both.coefs_[0], by_row.coefs_[0])
    even = MLPClassifier(6, random_state=0, max_iter=5, class_weight="balanced").fit(X, y)
    plain = MLPClassifier(6, random_state=0, max_iter=5).fit(X, y)
    np.testing.assert_allclose(even.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_own_validation_rows_are_scored_after_each_epoch(early_stopping):
    X, y = iris()
    net = MLPClassifier(
        6, random_state=0, max_iter=30, early_stopping=early_stopping, n_iter_no_change=3, tol=0.0
    )
    net.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert len(net.validation_scores_) == net.n_iter_
    assert net.best_validation_score_ == max(net.validation_scores_)
    assert net.t_ == net.n_iter_ * 75, "no row is cut off"
    kept = net.best_validation_score_ if early_stopping else net.validation_scores_[-1]
    assert net.score(X[1::2], y[1::2]) == kept
    plain = MLPClassifier(6, random_state=0, max_iter=30, tol=0.0).fit(X[::2], y[::2])
    assert plain.loss_curve_[:3] == net.loss_curve_[:3], "looking at other rows changes nothing"


def test_members_are_networks_of_their_own_and_answer_together():
    X, y = iris()
    one = MLPClassifier(6, random_state=0, max_iter=5).fit(X, y)
    three = MLPClassifier(6, random_state=0, max_iter=5, n_members=3, n_jobs=2).fit(X, y)
    assert np.array_equal(one.coefs_[0], three.coefs_[0]), "the first is the network that there was"
    assert len({coefs[0].sum() for coefs, _ in three.members_}) == 3
    alone = []
    for coefs, intercepts in three.members_:
        one.coefs_, one.intercepts_ = coefs, intercepts
        alone.append(one.predict_proba(X))
    np.testing.assert_allclose(three.predict_proba(X), np.mean(alone, axis=0))


def test_members_of_lbfgs_and_of_partial_fit_all_learn():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    for net in (
        MLPClassifier(3, solver="lbfgs", n_members=2, max_iter=20, random_state=0).fit(X, y),
        MLPClassifier(3, n_members=2, random_state=0, learning_rate_init=0.05).partial_fit(
            X, y, classes=[0, 1]
        ),
    ):
        for coefs, intercepts in list(net.members_):
            net.coefs_, net.intercepts_, net._others = coefs, intercepts, []
            assert net.score(X, y) > 0.85


def test_callbacks_see_each_epoch_and_can_end_the_training():
    X, y = iris()
    seen = []

    def watch(estimator, report):
        seen.append((report.n_iter, report.loss, estimator.score(X, y)))
        return report.n_iter == 4

    for solver in ("adam", "lbfgs"):
        seen.clear()
        net = MLPClassifier(6, solver=solver, random_state=0, callbacks=[watch]).fit(X, y)
        assert [n_iter for n_iter, *_ in seen] == [1, 2, 3, 4]
        assert net.n_iter_ == 4
        assert seen[-1][1:] == pytest.approx((net.loss_, net.score(X, y)))


def test_l1_leaves_fewer_weights():
    X, y = diabetes()
    weights = [
        np.abs(MLPRegressor(hidden_layer_sizes=9, l1=l1, random_state=0).fit(X, y).coefs_[0])
        for l1 in (0.0, 0.01)
    ]
    assert (weights[1] < 0.01).mean() > 2 * (weights[0] < 0.01).mean()


def test_everything_that_is_wrong_is_said_at_once():
    X, y = iris()
    net = MLPClassifier((5, 5), activation=["relu"], solver="lbfgs", dropout=1.5, alpha=-1, tol="low")
    with pytest.raises(ValueError, match="activation must be one value or a list of 2") as caught:
        net.fit(X, y, X_val=X)
    assert len(str(caught.value).splitlines()) == 6
    with pytest.raises(
        ValueError, match=r"hidden_layer_sizes must be > 0, whole numbers, however: got \[0\]"
    ):
        MLPClassifier(0).fit(X, y)
    with pytest.raises(ValueError, match=r"solver='sdg'; did you mean 'sgd'\?"):
        MLPClassifier(solver="sdg").fit(X, y)
    with pytest.raises(ValueError, match="y must be 0 or above with loss='poisson'"):
        MLPRegressor("poisson").fit(X, y - 1)
    fitted = MLPClassifier(5, max_iter=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="layers must be those of the fit before"):
        fitted.set_params(hidden_layer_sizes=4).fit(X, y)
