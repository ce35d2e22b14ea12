"""Bag nets: what they learn, answer and say of a text, and what they refuse."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from glassnet.data import text_features
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine import bags_choice, bags_net, bags_train
from glassnet.engine.bags import BagNet, BagSettings, choose_bags, train_bags
from glassnet.engine.bags_numpy import NumpySolver
from glassnet.errors import DataError, RecipeError
from glassnet.native_status import NativeStatus

WORDS = {0: ["bad", "boring", "awful"], 1: ["good", "touching", "great"], 2: ["long", "short", "old"]}
FILLING = ["the", "film", "was", "a", "story", "of", "two", "people", "and", "it", "is"]
CHINESE = {0: ["很差", "无聊", "难看"], 1: ["好看", "精彩", "感人"]}


@pytest.fixture(params=["native", "python"])
def engine(request, monkeypatch):
    """Run a test with the extension, where it is there, and without."""
    if request.param == "python":
        for module in (text_features, bags_net, bags_train):
            monkeypatch.setattr(module, "native_status", lambda: NativeStatus(False, "taken away"))
    return request.param


def made_up(rows, classes=2, seed=0, words=WORDS, filling=FILLING, between=" "):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    texts = []
    for label in labels:
        chosen = [*rng.choice(filling, 8), *rng.choice(words[int(label)], 2)]
        texts.append(between.join(rng.permutation(chosen)))
    return Texts.of(texts), labels


def right(net, texts, labels):
    found = net.logits(texts)
    answers = found[:, 0] > 0 if found.shape[1] == 1 else found.argmax(1)
    return (answers == labels).mean()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_net_learns_what_divides_the_classes(engine, classes):
    texts, labels = made_up(300, classes)
    net = train_bags(texts, labels, classes)
    assert net.bias.shape == (1 if classes == 2 else 3,)
    assert right(net, *made_up(200, classes, seed=1)) == 1.0
    strongest = {name for name, _ in net.word_weights(3 * classes)}
    assert strongest <= {word for words in WORDS.values() for word in words}


def test_the_weights_are_where_the_slope_of_the_loss_is_nothing():
    texts, labels = made_up(60, 3)
    settings = BagSettings(passes=30, l2=1e-2, scale="none")
    net = train_bags(texts, labels, 3, TextOptions(ngrams=1), settings)
    features = net.vocabulary.encode(texts)
    z = net.logits(texts).astype(np.float64)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    x = np.zeros((60, features.width))
    for row in range(60):
        own = features.columns[features.offsets[row] : features.offsets[row + 1]]
        x[row, own] = len(own) ** -0.5
    slope = x.T @ (p - np.eye(3)[labels]) / 60 + 1e-2 * net.weights
    assert np.abs(slope).max() < 1e-5


def test_the_slope_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    texts, labels = made_up(20, 3)
    features = text_features.Vocabulary.fit(texts, TextOptions(ngrams=1)).encode(texts)
    scale = rng.normal(size=(features.width, 3))
    solver = NumpySolver(features, labels, np.full(20, 0.05), 3, 0.0)
    solver.rescale(scale)
    w, bias = rng.normal(size=scale.shape), rng.normal(size=3)
    solver.z = solver._times(w, bias, np.float64)
    slope, bias_slope = solver._back(solver.weight * (solver._chances() - solver.truth))
    d, d_bias = rng.normal(size=scale.shape), rng.normal(size=3)
    ends = [solver._loss(solver._times(w + h * d, bias + h * d_bias, np.float64)) for h in (1e-5, -1e-5)]
    assert (slope * d).sum() + bias_slope @ d_bias == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_both_engines_train_the_same_net(monkeypatch):
    texts, labels = made_up(200, 3)
    nets = [train_bags(texts, labels, 3, settings=BagSettings(l2=1e-3), threads=2)]
    for module in (text_features, bags_net, bags_train):
        monkeypatch.setattr(module, "native_status", lambda: NativeStatus(False, "taken away"))
    nets.append(train_bags(texts, labels, 3, settings=BagSettings(l2=1e-3)))
    np.testing.assert_allclose(nets[0].weights, nets[1].weights, rtol=1e-5, atol=1e-6)
    assert nets[0].names == nets[1].names


def test_contributions_and_the_bias_add_up_to_the_logits(engine):
    texts, labels = made_up(100, 3)
    net = train_bags(texts, labels, 3, TextOptions(weighting="counts"))
    text = "The good, good film was unheard of"
    found = net.contributions(text)
    assert {(each.ngram, each.count) for each in found} >= {("good", 2), ("film", 1)}
    assert "unheard" not in {each.ngram for each in found}
    total = sum(each.logits for each in found) + net.bias
    np.testing.assert_allclose(total, net.logits(Texts.of([text]))[0], rtol=1e-5)
    assert net.contributions("") == []
    assert net.contributions("nothing known") == []


def test_a_net_comes_back_from_its_arrays(engine):
    texts, labels = made_up(100)
    net = train_bags(texts, labels, 2)
    again = BagNet.from_arrays(net.arrays(), net.described())
    assert (again.logits(texts) == net.logits(texts)).all()
    assert again.settings == net.settings
    assert again.names == net.names


def test_every_pass_is_told_and_its_validation_loss_is_that_of_its_weights(engine):
    texts, labels = made_up(100)
    told = []
    net = train_bags(
        texts, labels, 2, settings=BagSettings(passes=3), validation=(texts, labels), progress=told.append
    )
    assert tuple(told) == net.history
    assert [each.number for each in told] == [1, 2, 3]
    z = net.logits(texts)[:, 0]
    assert told[-1].validation_loss == pytest.approx(
        np.logaddexp(0, np.where(labels > 0, -z, z)).mean(), rel=1e-6
    )
    assert told[-1].loss == pytest.approx(told[-1].validation_loss, rel=1e-5)


def test_an_exception_from_progress_stops_the_training(engine):
    texts, labels = made_up(50)

    def stop(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_bags(texts, labels, 2, progress=stop)


def test_texts_of_weight_0_have_no_influence(engine):
    texts, labels = made_up(80)
    weight = np.r_[np.ones(40), np.zeros(40)]
    options = TextOptions(min_count=1, ngrams=1)
    net = train_bags(texts, labels, 2, options, sample_weight=weight)
    turned = np.r_[labels[:40], 1 - labels[40:]]
    assert (net.weights == train_bags(texts, turned, 2, options, sample_weight=weight).weights).all()


def test_the_weight_of_a_class_moves_the_answers_to_it(engine):
    texts, labels = made_up(80)
    nets = [train_bags(texts, labels, 2, class_weight=each) for each in ([1, 1], [1, 5])]
    assert nets[1].logits(Texts.of(["the film"]))[0, 0] > nets[0].logits(Texts.of(["the film"]))[0, 0]


def test_chinese_is_learned_without_options(engine):
    parts = {"words": CHINESE, "filling": list("这部电影的故事我们一起去看了"), "between": ""}
    choice = choose_bags(*made_up(200, **parts), 2, np.arange(40))
    assert right(choice.net, *made_up(100, seed=1, **parts)) >= 0.97


def test_the_candidate_with_the_lowest_validation_loss_is_trained_on_all_texts(engine):
    texts, labels = made_up(200)
    told = []
    choice = choose_bags(texts, labels, 2, np.arange(40), progress=lambda name, record: told.append(name))
    losses = [each.validation_loss for each in choice.trials]
    assert len(losses) == len(bags_choice.CANDIDATES)
    assert losses == sorted(losses)
    assert choice.net.vocabulary.texts == 200
    assert choice.held_out.vocabulary.texts == 160
    assert choice.net.vocabulary.options == choice.trials[0].options
    assert len(choice.net.history) == choice.trials[0].passes
    assert told[-1] == "refit"
    assert choice.features.columns.tolist() == choice.net.vocabulary.encode(texts).columns.tolist()
    again = train_bags(texts, labels, 2, choice.trials[0].options, choice.trials[0].settings)
    assert (again.logits(texts) == choice.net.logits(texts)).all()


def test_held_out_texts_have_no_part_in_the_net_that_they_judge(engine):
    texts, labels = made_up(200)
    for index in range(len(bags_choice.CANDIDATES)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bags_choice, "CANDIDATES", bags_choice.CANDIDATES[index : index + 1])
            choice = choose_bags(texts, labels, 2, np.arange(40), refit=False)
        trial, rest = choice.trials[0], np.arange(40, 200)
        alone = train_bags(texts.take(rest), labels[rest], 2, trial.options, trial.settings)
        np.testing.assert_allclose(choice.net.logits(texts), alone.logits(texts), rtol=2e-3, atol=2e-3)
        assert choice.net.names.keys() <= set(range(len(choice.net.weights)))


def test_after_the_budget_or_enough_work_no_further_candidate_is_begun(monkeypatch):
    texts, labels = made_up(100)
    assert len(choose_bags(texts, labels, 2, np.arange(20), budget=0.0).trials) == 1
    monkeypatch.setattr(bags_choice, "ENOUGH_WORK", 10)
    assert len(choose_bags(texts, labels, 2, np.arange(20)).trials) == 1


@pytest.mark.parametrize(
    "parts",
    [[""] * 10, ["\0" * 50] * 10, [b"\xff\xfe\xed\xa0\x80"] * 10, ["a"] * 10, ["<" * 1000, "很" * 1000] * 5],
    ids=["empty", "NUL", "broken", "one word", "no tag, no space"],
)
def test_odd_texts_are_answered(engine, parts):
    texts = Texts.of(parts)
    choice = choose_bags(texts, np.arange(10) % 2, 2, [0, 1])
    assert np.isfinite(choice.net.logits(texts)).all()


def test_texts_of_one_class_are_answered_with_it(engine):
    texts, _ = made_up(30)
    net = train_bags(texts, np.ones(30, int), 2)
    assert (net.logits(texts) > 0).all()
    assert np.isfinite(net.logits(texts)).all()


def test_what_does_not_fit_is_refused_with_everything_that_is_wrong():
    texts, labels = made_up(10)
    with pytest.raises(DataError, match=r"10 texts, labels of shape \(9,\)"):
        train_bags(texts, labels[:9], 2)
    with pytest.raises(DataError, match="2 problems"):
        train_bags(texts, labels + 5, 2, sample_weight=np.full(10, -1.0))
    with pytest.raises(DataError, match="however: 10 of 10 texts are held out"):
        choose_bags(texts, labels, 2, np.arange(10))
    with pytest.raises(RecipeError, match="5 problems"):
        BagSettings(passes=0, learning_rate=2, l2=-1, scale="bayes", smoothing=0)


def test_more_classes_or_units_have_fewer_features_so_that_the_memory_is_bounded():
    def features(classes, hidden=""):
        return bags_train.limited(TextOptions(), classes, BagSettings(hidden=hidden)).max_features

    assert features(2) == features(2, "8:relu") == TextOptions().max_features
    assert features(1000) == bags_train.MOST_WEIGHTS // 1000
    assert features(2, "1000:relu,8:relu") == bags_train.MOST_HIDDEN_WEIGHTS // 1000


def test_importing_bags_imports_numpy_and_nothing_heavier():
    heavy = "('torch', 'polars', 'matplotlib')"
    code = f"import sys, glassnet.engine.bags; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]"
