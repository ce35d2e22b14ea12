"""What a dense net promises beside its numbers: masks, states, members, and requests that are refused."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from glassnet.engine.dense import Layer, Objective, Optimizer, dense_net, dropout_mask, train_many
from glassnet.errors import RecipeError

ENGINES = ("numpy", "native")
OPTIMIZERS = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9, nesterov=True),
    Optimizer("adam"),
    Optimizer("rmsprop", momentum=0.5),
]


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def small_net(engine, optimizer=OPTIMIZERS[2], seed=0, dtype="float64"):
    layers = [Layer(4, 9, "tanh"), Layer(9, 2, dropout=0.4)]
    net = dense_net(layers, Objective("mse"), optimizer, dtype, seed, engine)
    rng = np.random.default_rng(seed)
    net.set_parameters(
        [
            (rng.normal(size=(9, 4)).astype(dtype), rng.normal(size=9).astype(dtype)),
            (rng.normal(size=(2, 9)).astype(dtype), rng.normal(size=2).astype(dtype)),
        ]
    )
    return net


def rows(dtype="float64"):
    rng = np.random.default_rng(0)
    return rng.normal(size=(23, 4)).astype(dtype), rng.normal(size=(23, 2)).astype(dtype)


ORDER, SIZES, RATES = np.arange(23), np.array([10, 10, 3]), np.full(3, 0.01)


def same(first, second):
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(np.array_equal(a, b) for one, two in pairs for a, b in zip(one, two, strict=True))


def test_the_mask_of_dropout_is_the_one_that_was_agreed_on():
    """Worked out with Python's whole numbers, apart from NumPy."""
    golden, ones = 0x9E3779B97F4A7C15, 2**64 - 1

    def splitmix(z):
        z = (z + golden) & ones
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & ones
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & ones
        return z ^ (z >> 31)

    def mix(x):
        for shift, factor in ((17, 0xED5AD4BB), (11, 0xAC4C1B51), (15, 0x31848BAB)):
            x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
        return x ^ (x >> 14)

    key = 5
    for number in (3, 1):
        key = splitmix(key ^ ((number + 1) * golden & ones))
    low, high = key & 0xFFFFFFFF, key >> 32
    kept = [
        [
            mix((r * 0x9E3779B9 & 0xFFFFFFFF) ^ mix((unit + low) & 0xFFFFFFFF) ^ high) >= int(0.25 * 2**32)
            for r in range(50)
        ]
        for unit in range(40)
    ]
    mask = dropout_mask(seed=5, step=3, layer=1, units=40, rows=50, p=0.25)
    assert mask.tolist() == kept


def test_dropout_keeps_the_share_that_it_says_and_changes_with_every_argument():
    mask = dropout_mask(0, 0, 0, 200, 300, 0.3)
    assert mask.mean() == pytest.approx(0.7, abs=0.01)
    assert np.abs(mask.mean(axis=0) - 0.7).max() < 0.15
    others = [dropout_mask(*each, 200, 300, 0.3) for each in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert all((mask != other).mean() == pytest.approx(0.42, abs=0.02) for other in others)
    assert dropout_mask(0, 0, 0, 9, 9, 0.0).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.name)
def test_a_net_goes_on_from_its_state_to_the_bit(engine, optimizer):
    X, y = rows()
    whole, first = small_net(engine, optimizer), small_net(engine, optimizer)
    for net in (whole, first, whole):
        net.train(X, y, None, ORDER, SIZES, RATES)
    then = small_net(engine, optimizer)
    then.set_parameters(first.parameters())
    then.set_state(pickle.loads(pickle.dumps(first.state())))
    then.train(X, y, None, ORDER, SIZES, RATES)
    assert same(whole, then)
    assert then.state()["step"] == 6


def test_state_and_parameters_are_copies(engine):
    net = small_net(engine)
    X, y = rows()
    net.train(X, y, None, ORDER, SIZES, RATES)
    before = net.parameters()
    for W, b in net.parameters():
        W += 1
        b += 1
    net.state()["mean"][:] = 9
    assert np.array_equal(net.parameters()[0][0], before[0][0])
    assert not (net.state()["mean"] == 9).any()


def test_members_train_as_each_of_them_alone(engine):
    X, y = rows("float32")
    rng = np.random.default_rng(0)
    orders = [rng.permutation(23) for _ in range(3)]
    weights = [None, rng.uniform(size=23).astype("float32"), None]
    rates = [RATES, RATES * 2, RATES * 3]
    together = [small_net(engine, seed=seed, dtype="float32") for seed in range(3)]
    alone = [small_net(engine, seed=seed, dtype="float32") for seed in range(3)]
    losses = train_many(together, X, y, weights, orders, SIZES, rates, threads=2)
    for net, loss, *each in zip(alone, losses, weights, orders, rates, strict=True):
        assert net.train(X, y, each[0], each[1], SIZES, each[2]) == loss
    assert all(same(one, other) for one, other in zip(together, alone, strict=True))


def test_momentum_can_keep_the_rate_inside_the_velocity(engine):
    """With v = 0.9 v - rate * g, as scikit-learn has it, a smaller rate leaves the old velocity as it is."""
    net = dense_net(
        [Layer(1, 1, bias=False)], Objective("mse"), Optimizer("sgd", momentum=0.9), "float64", engine=engine
    )
    net.set_parameters([(np.array([[1.0]]), None)])
    one, order, sizes = np.array([[1.0]]), np.arange(1), np.array([1])
    w, v, rate = 1.0, 0.0, 0.1
    for step in range(6):
        if step == 3:
            rate /= 5
            net.scale_momentum(5)
        net.train(one, np.zeros((1, 1)), None, order, sizes, np.array([rate]))
        v = 0.9 * v - rate * 2 * w
        w += v
        assert net.parameters()[0][0].item() == pytest.approx(w, rel=1e-12)


def test_rows_that_weigh_nothing_change_nothing(engine):
    net, X_y = small_net(engine, Optimizer("sgd")), rows()
    before = net.parameters()
    assert net.train(*X_y, np.zeros(23), ORDER, SIZES, RATES) == 0
    assert np.array_equal(net.parameters()[1][0], before[1][0])


def test_a_whole_weight_is_a_row_given_as_often(engine):
    X, y = rows()
    net = small_net(engine)
    weight = np.arange(23) % 3.0
    often = np.repeat(np.arange(23), weight.astype(int))
    assert net.loss(X, y, weight) == pytest.approx(net.loss(X[often], y[often]), rel=1e-12)


def test_many_rows_are_answered_as_few(engine):
    net, (X, y) = small_net(engine), rows()
    many = np.tile(X, (1000, 1))
    np.testing.assert_allclose(net.outputs(many), np.tile(net.outputs(X), (1000, 1)), rtol=1e-12)
    assert net.loss(many, np.tile(y, (1000, 1))) == pytest.approx(net.loss(X, y), rel=1e-12)


def test_a_net_that_diverges_ends_without_a_warning(engine):
    net = small_net(engine, Optimizer("sgd"))
    X, y = rows()
    losses = [net.train(X * 1e3, y, None, ORDER, SIZES, RATES * 1e9) for _ in range(30)]
    assert not np.isfinite(losses[-1])


def test_what_is_wrong_with_the_parts_is_said_together():
    with pytest.raises(RecipeError) as caught:
        Layer(0, 3, "sigmiod", dropout=1.0)
    assert caught.value.problems == (
        "inputs must be a whole number from 1, however: inputs=0; choose one within its range",
        "activation must be a name that is known, however: activation='sigmiod'; did you mean 'sigmoid'?",
        "dropout must be a number from 0 to below 1, however: dropout=1.0; choose one within its range",
    )
    with pytest.raises(RecipeError) as caught:
        Optimizer("adam", momentum=0.9, betas=(0.9, 1.0))
    assert len(caught.value.problems) == 2
    with pytest.raises(RecipeError, match="scale must be a number above 0"):
        Objective("mse", scale=0)
    with pytest.raises(RecipeError) as caught:
        dense_net([Layer(3, 4), Layer(5, 1)], Objective("cross_entropy"), Optimizer(), "float16")
    assert len(caught.value.problems) == 3
    with pytest.raises(RecipeError, match="did you mean 'numpy'"):
        dense_net([Layer(3, 4)], Objective("mse"), Optimizer(), engine="numpi")


def test_arrays_that_do_not_suit_the_net_are_all_named(engine):
    net = small_net(engine)
    X, y = rows()
    with pytest.raises(RecipeError) as caught:
        net.loss(X.astype("float32"), y[:, :1], np.ones(3))
    assert len(caught.value.problems) == 3
    with pytest.raises(RecipeError) as caught:
        net.train(X, y, None, ORDER + 1, SIZES[:2], RATES)
    assert len(caught.value.problems) == 3
    with pytest.raises(RecipeError, match="parameters must have the shapes"):
        net.set_parameters(net.parameters()[::-1])
    with pytest.raises(RecipeError, match="a state must have a step"):
        net.set_state({"step": 1})
    classes = dense_net([Layer(4, 2)], Objective("cross_entropy"), Optimizer(), "float64", engine=engine)
    with pytest.raises(RecipeError, match="class ids must be 0 to 1"):
        classes.loss(X, np.arange(23))


def test_dense_nets_need_no_torch():
    heavy = ("torch", "sklearn", "scipy", "polars")
    code = f"import sys, glassnet.engine.dense; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
