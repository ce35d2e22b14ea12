"""Bags with hidden layers: what they learn beyond a linear bag, answer, keep and say of a text."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine import bags_torch
from glassnet.engine.bags import BagNet, BagSettings, train_bags
from glassnet.engine.bags_stack import hidden_layers
from glassnet.errors import RecipeError

FILLING = ["the", "film", "was", "a", "story", "of", "two", "people", "and", "it", "is"]
WORDS = {0: ["bad", "boring", "awful"], 1: ["good", "touching", "great"], 2: ["long", "short", "old"]}
SINGLE = TextOptions(ngrams=1, min_count=1)


def made_up(rows, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    texts = [
        " ".join(rng.permutation([*rng.choice(FILLING, 8), *rng.choice(WORDS[int(label)], 2)]))
        for label in labels
    ]
    return Texts.of(texts), labels


def either_or(rows, seed=0):
    """Texts of class 1 hold one of two words, those of class 0 both or none of them."""
    rng = np.random.default_rng(seed)
    flags = rng.integers(0, 2, (rows, 2)).astype(bool)
    texts = [
        " ".join(rng.permutation([*rng.choice(FILLING, 4), *np.array(["not", "good"])[flag]]))
        for flag in flags
    ]
    return Texts.of(texts), flags.sum(1) % 2


def settings(hidden, **others):
    given = {"passes": 10, "learning_rate": 0.02, "l2": 0.0, "hidden": hidden, **others}
    return BagSettings(**given)


def right(net, texts, labels):
    found = net.logits(texts)
    return ((found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(1)) == labels).mean()


@pytest.mark.parametrize("scale", ["naive_bayes", "none"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("hidden", ["6:identity", "16:relu:0.2", "8:tanh,8:tanh"])
def test_it_learns_what_divides_the_classes(hidden, classes, scale):
    net = train_bags(*made_up(300, classes), classes, SINGLE, settings(hidden, scale=scale))
    assert net.outputs == (1 if classes == 2 else 3)
    assert net.weights.shape[1] == hidden_layers(hidden)[0].units
    assert right(net, *made_up(200, classes, seed=1)) == 1.0


def test_words_that_tell_something_only_together_need_a_layer_that_bends():
    texts, labels = either_or(400)
    bent = train_bags(texts, labels, 2, SINGLE, settings("16:relu", learning_rate=0.1, passes=30))
    straight = train_bags(texts, labels, 2, SINGLE, settings("16:identity", learning_rate=0.1, passes=30))
    assert right(bent, *either_or(300, seed=1)) == 1.0
    assert right(straight, *either_or(300, seed=1)) < 0.8


def test_words_of_which_none_tells_anything_alone_are_heard_for_all_their_scale():
    kinds = ["good film", "old story", "good story", "old film"]
    texts, labels = Texts.of(kinds * 50), np.array([1, 1, 0, 0] * 50)
    given = settings("16:tanh", learning_rate=0.1, passes=100, scale="naive_bayes")
    assert right(train_bags(texts, labels, 2, SINGLE, given), texts, labels) == 1.0


@pytest.mark.parametrize("weighting", ["presence", "counts", "tfidf"])
def test_numpy_answers_as_torch_does(monkeypatch, weighting):
    solvers = []
    made = bags_torch.TorchSolver.read
    monkeypatch.setattr(bags_torch.TorchSolver, "read", lambda solver: solvers.append(solver) or made(solver))
    texts, labels = made_up(200, 3)
    options = TextOptions(ngrams=2, min_count=1, weighting=weighting)
    net = train_bags(texts, labels, 3, options, settings("7:silu,5:sigmoid", passes=2))
    inside = solvers[-1].net.eval()
    with torch.no_grad():
        parts = [inside(*batch).numpy() for _, batch in solvers[-1].batches(np.arange(200))]
    np.testing.assert_allclose(net.logits(texts), np.concatenate(parts), rtol=0, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_with_any_number_of_threads():
    texts, labels = made_up(200)
    one, same, other = (
        train_bags(texts, labels, 2, SINGLE, settings("8:relu:0.3", seed=seed), threads=threads)
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    assert (one.logits(texts) == same.logits(texts)).all()
    assert (one.logits(texts) != other.logits(texts)).any()


@pytest.mark.parametrize("hidden", ["6:identity", "6:identity,4:identity"])
def test_contributions_add_up_to_the_logits_where_no_layer_bends(hidden):
    texts, labels = made_up(200, 3)
    net = train_bags(texts, labels, 3, SINGLE, settings(hidden))
    added = sum(each.logits for each in net.contributions(texts[0]))
    np.testing.assert_allclose(added + net.base, net.logits(texts.take(np.array([0])))[0], atol=1e-4)


def test_a_contribution_is_what_the_logits_lose_without_the_word():
    texts, labels = either_or(300)
    net = train_bags(texts, labels, 2, SINGLE, settings("16:relu", learning_rate=0.1, passes=20))
    found = {each.ngram: each.logits[0] for each in net.contributions("not good film")}
    row = net.weights[
        [net.vocabulary.encode(Texts.of([word])).columns[0] for word in ("not", "good", "film")]
    ]
    sums = row / np.sqrt(3)
    lost = net.stack((sums.sum(0) + net.bias)[None]) - net.stack((sums[1:].sum(0) + net.bias)[None])
    assert found["not"] == pytest.approx(float(lost[0, 0]), abs=1e-5)


def test_the_strongest_words_are_those_that_divide_the_classes():
    net = train_bags(*made_up(300), 2, SINGLE, settings("8:relu"))
    assert {name for name, _ in net.word_weights(6)} == {*WORDS[0], *WORDS[1]}
    for name, weight in net.word_weights(6):
        assert (weight[0] > 0) == (name in WORDS[1])


def test_a_text_without_known_words_gets_the_base():
    net = train_bags(*made_up(200, 3), 3, SINGLE, settings("8:relu"))
    np.testing.assert_allclose(net.logits(Texts.of(["xyz", ""])), [net.base] * 2, rtol=1e-6)


def test_the_pass_with_the_lowest_validation_loss_is_kept():
    texts, labels = made_up(60)
    judged, theirs = made_up(60, seed=1)
    wrong = np.where(np.arange(60) % 4 == 0, 1 - theirs, theirs)  # sureness is soon punished
    given = {"validation": (judged, wrong), "patience": 2}
    net = train_bags(texts, labels, 2, SINGLE, settings("8:relu", learning_rate=0.1, passes=40), **given)
    losses = [each.validation_loss for each in net.history]
    assert len(losses) < 40
    assert net.settings.passes == len(losses) - 2
    assert net.settings.passes == 1 + int(np.argmin(losses))
    again = train_bags(texts, labels, 2, SINGLE, net.settings)
    assert (again.logits(judged) == net.logits(judged)).all()


def test_a_text_of_weight_0_teaches_nothing():
    texts, labels = made_up(300)
    weight = np.repeat([1.0, 0.0], 150)
    labels[150:] = 1 - labels[150:]
    net = train_bags(texts, labels, 2, SINGLE, settings("8:relu"), sample_weight=weight)
    assert right(net, *made_up(200, seed=1)) == 1.0


def test_a_class_can_count_more():
    texts, labels = made_up(200)
    labels = np.random.default_rng(3).integers(0, 2, 200)  # nothing to be learned but how often classes are
    plain, heavy = (
        train_bags(texts, labels, 2, SINGLE, settings("4:identity", passes=3), class_weight=weight)
        for weight in (None, [1.0, 8.0])
    )
    assert heavy.logits(texts).mean() > plain.logits(texts).mean() + 1


def test_a_net_comes_back_from_its_arrays_to_the_bit():
    texts, labels = made_up(200, 3)
    net = train_bags(texts, labels, 3, SINGLE, settings("7:tanh,5:relu"))
    again = BagNet.from_arrays(net.arrays(), net.described())
    assert (again.logits(texts) == net.logits(texts)).all()
    assert again.settings == net.settings


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("64:gelu", "activations identity, sigmoid"),
        ("8x16", "hidden layers of a bag"),
        ("lstm", "hidden layers of a bag"),
        ("16:rel", "did you mean 'relu'"),
        ("0", "units"),
    ],
)
def test_hidden_layers_that_cannot_be_are_refused(wrong, told):
    with pytest.raises(RecipeError, match=told):
        BagSettings(hidden=wrong)
