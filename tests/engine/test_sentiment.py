"""The compiled sentiment network gives the numbers of the reference (C32)."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.engine import sentiment as engine
from glassnet.errors import NonFiniteLoss, RequestError
from glassnet.native_status import NativeStatus
from glassnet.reference import sentiment as s

pytest.importorskip("glassnet._native")


def made(seed: int, texts: int = 200, words: int = 50, counted: bool = True) -> tuple[s.Bags, np.ndarray]:
    chance = np.random.default_rng(seed)
    sizes = chance.integers(0, 20, texts)
    sizes[:2] = 0
    chosen = [chance.permutation(words)[:size] for size in sizes]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    times = chance.integers(1, 4, starts[-1]).astype(float) if counted else None
    bags = s.Bags(np.concatenate(chosen).astype(np.int32), times, starts)
    return bags, chance.integers(0, 2, texts).astype(float)


@pytest.mark.parametrize("hidden", [1, 3, 10, 11])
@pytest.mark.parametrize("counted", [True, False])
def test_the_compiled_loops_give_the_numbers_of_numpy_C32(hidden, counted):
    bags, targets = made(hidden, counted=counted)
    weights = [s.course_start(50, 1, hidden) for _ in range(2)]
    for _ in range(3):
        compiled = engine.train(bags, targets, weights[0], 0.1)
        readable = s.train_sparse(bags, targets, weights[1], 0.1)
        assert np.abs(compiled - readable).max() < 1e-12
    assert np.abs(weights[0].hidden - weights[1].hidden).max() < 1e-12
    assert np.abs(weights[0].output - weights[1].output).max() < 1e-12
    asked = engine.scores(bags, weights[0]), s.scores_sparse(bags, weights[1])
    assert np.abs(asked[0] - asked[1]).max() < 1e-12
    assert ((asked[0] >= 0) == (asked[1] >= 0)).all()


def test_without_the_extension_numpy_does_the_work(monkeypatch):
    bags, targets = made(0)
    weights = [s.start(50) for _ in range(2)]
    expected = engine.train(bags, targets, weights[0], 0.1), engine.scores(bags, weights[0])
    monkeypatch.setattr(engine, "native_status", lambda: NativeStatus(False, "taken away"))
    found = engine.train(bags, targets, weights[1], 0.1), engine.scores(bags, weights[1])
    assert np.abs(found[0] - expected[0]).max() < 1e-12
    assert np.abs(found[1] - expected[1]).max() < 1e-12


def test_no_texts_are_no_steps():
    bags, weights = s.bags_of([], {}), s.start(3)
    assert len(engine.train(bags, [], weights, 0.1)) == 0
    assert len(engine.scores(bags, weights)) == 0


def test_what_is_wrong_is_said_in_the_words_of_the_reference():
    bags, targets = made(0)
    with pytest.raises(RequestError, match="targets must be 0 or 1"):
        engine.train(bags, targets + 1, s.start(50), 0.1)
    with pytest.raises(NonFiniteLoss, match="lower the rate"):
        engine.train(bags, targets, s.start(50), 1e308)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"words": 50}, "a word has no row"),
        ({"words": -1}, "a word has no row"),
        ({"starts": [0, 3]}, "starts must go from 0"),
        ({"starts": [0, 5, 2, 4]}, "starts must not fall"),
        ({"times": [1.0]}, "times for each word"),
    ],
)
def test_the_extension_reads_nothing_that_is_not_there(change, what):
    words = np.array([0, 1, 2, change.get("words", 3)], np.int32)
    times = np.array(change.get("times", [1.0] * 4))
    bags = s.Bags(words, times, np.array(change.get("starts", [0, 2, 4]), np.int64))
    with pytest.raises(ValueError, match=what):
        engine.scores(bags, s.start(50))
    with pytest.raises(ValueError, match=what):
        engine.train(bags, np.ones(len(bags)), s.start(50), 0.1)
