"""Naive Bayes answers as scikit-learn's does, and is only made less sure of itself."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.naive_bayes import MultinomialNB

from glassnet.data.text_features import Features
from glassnet.engine import naive_bayes
from glassnet.engine.naive_bayes import fit_naive_bayes


def made(rows, classes, seed=0, counts=True):
    """Make up features of texts of several classes, as sparse rows and as a table."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, classes, rows)
    rates = draw.gamma(0.5, size=(classes, 30))
    table = (
        draw.poisson(rates[labels]) if counts else draw.random((rows, 30)) < np.minimum(rates[labels], 0.9)
    )
    table = table.astype(float)
    table[3] = 0  # a text without features
    row, column = np.nonzero(table)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
    values = table[row, column].astype(np.float32) if counts else None
    return Features(offsets, column.astype(np.int32), values, 30), labels, table


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_its_logits_are_those_of_scikit_learn_divided_by_one_number(classes, counts, weighted):
    features, labels, table = made(300, classes, counts=counts)
    weight = np.random.default_rng(1).random(300) + 0.5 if weighted else None
    ours = fit_naive_bayes(features, labels, classes, weight).logits(features)
    theirs = MultinomialNB().fit(table, labels, sample_weight=weight).predict_joint_log_proba(table)
    if classes == 2:
        theirs = theirs[:, 1:] - theirs[:, :1]
    ratio = theirs / ours
    assert np.allclose(ratio, ratio[0, 0], rtol=1e-3)
    assert np.log2(ratio[0, 0]) == pytest.approx(round(np.log2(ratio[0, 0])), abs=1e-3)
    assert ratio[0, 0] >= 1 - 1e-6


def test_it_is_less_sure_of_words_that_say_the_same_thing_many_times():
    features, labels, _ = made(400, 2)
    labels = np.where(np.random.default_rng(2).random(400) < 0.25, 1 - labels, labels)  # a quarter is wrong
    eightfold = (8 * features.columns[:, None] + np.arange(8)).ravel().astype(np.int32)
    repeated = Features(features.offsets * 8, eightfold, None, 240)
    once = fit_naive_bayes(Features(features.offsets, features.columns, None, 30), labels, 2)
    eight = fit_naive_bayes(repeated, labels, 2)
    assert np.abs(eight.weights).max() < 0.5 * np.abs(once.weights).max()


def test_blocks_do_not_change_an_answer(monkeypatch):
    features, labels, _ = made(200, 3)
    whole = fit_naive_bayes(features, labels, 3)
    monkeypatch.setattr(naive_bayes, "ENTRIES", 50)
    parts = fit_naive_bayes(features, labels, 3)
    assert np.array_equal(whole.weights, parts.weights)
    assert np.allclose(whole.logits(features), parts.logits(features), rtol=1e-12)


def test_a_class_that_is_absent_and_texts_without_features_are_answered():
    features, labels, _ = made(40, 2)
    empty = Features(np.zeros(41, np.int64), np.zeros(0, np.int32), None, 0)
    for of in (features, empty):
        net = fit_naive_bayes(of, np.minimum(labels, 1), 3)
        assert np.isfinite(net.logits(of)).all()
