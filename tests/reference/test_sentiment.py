"""The sentiment network in six steps (C32)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from glassnet.errors import NonFiniteLoss, RequestError
from glassnet.reference import sentiment as s
from glassnet.reference.sentiment.network import probability

GOOD = ["a good film", "good , great fun", "great acting and a good story", "what fun a great story"]
BAD = ["a bad film", "bad , dull story", "dull acting and a bad film", "what a dull bore"]
TEXTS = [each for pair in zip(GOOD, BAD, strict=True) for each in pair]
LABELS = np.array([1.0, 0.0] * 4)


@pytest.fixture
def vocabulary():
    return s.number_words(TEXTS)


@pytest.fixture
def bags(vocabulary):
    return s.bags_of(TEXTS, vocabulary)


def random_bags(seed: int, texts: int = 40, words: int = 30) -> s.Bags:
    chance = np.random.default_rng(seed)
    sizes = chance.integers(0, 9, texts)
    chosen = [np.sort(chance.choice(words, size, replace=False)) for size in sizes]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    times = chance.integers(1, 5, starts[-1]).astype(float)
    return s.Bags(np.concatenate(chosen).astype(np.int32), times, starts)


# 1. theory


def test_words_are_letters_in_lower_case_and_full_stops_C32():
    assert s.words("It's GREAT.<br /><br />10/10 naïve") == ["it", "s", "great", ".", "br", "br", "naïve"]


def test_chinese_signs_are_words_one_by_one():
    assert s.words("这部film很好看。") == ["这", "部", "film", "很", "好", "看", "。"]


def test_what_is_too_long_for_a_word_is_cut():
    assert s.words("x" * 130) == ["x" * 60, "x" * 60, "x" * 10]


def test_the_counts_of_a_class_come_from_its_texts_C32():
    counts = s.count_words(["good good film", "bad film"], [1, 0])
    assert counts.positive == Counter(good=2, film=1)
    assert counts.negative == Counter(bad=1, film=1)
    assert (counts.positive_texts, counts.negative_texts) == (1, 1)


def test_log_ratios_of_the_two_sides_are_alike_where_ratios_are_not_C32():
    counts = s.WordCounts(Counter(bad=7, film=3), Counter(good=4, bad=2, film=4), 10, 10)
    assert s.ratio(counts, "good") == 4.0
    assert s.ratio(counts, "bad") == 0.25
    assert s.log_ratio(counts, "good") == pytest.approx(-s.log_ratio(counts, "bad"))
    assert s.log_ratio(counts, "film") == 0.0


def test_a_word_that_is_never_positive_has_no_logarithm_but_a_polarity_C32():
    counts = s.count_words(["awful", "good"], [0, 1])
    assert s.log_ratio(counts, "awful") == -np.inf
    assert s.polarity(counts, "awful") == pytest.approx(np.log(0.01))


def test_ratios_do_not_lean_to_the_larger_class():
    counts = s.count_words(["film good"] * 90 + ["film"] * 10, [1] * 90 + [0] * 10)
    assert s.log_ratio(counts, "film") == pytest.approx(np.log(90 / 11 * 10 / 90))
    assert abs(s.log_ratio(counts, "film")) < 0.1


def test_extremes_leave_rare_words_out_C32():
    counts = s.count_words(["good good odd", "bad bad"], [1, 0])
    assert s.extremes(counts, least=1) == (["bad", "good"], ["good", "bad"])


def test_the_ratios_of_the_course_come_out_of_the_raw_reviews_C32(local_data):
    import polars as pl

    reviews = pl.read_parquet(local_data("imdb/train.parquet"))
    labels, names = s.two_labels(reviews["label"].to_list())
    counts = s.count_words(reviews["text"].to_list(), labels)
    assert names == ("neg", "pos")
    assert s.log_ratio(counts, "the") == pytest.approx(0.059, abs=0.0005)
    assert s.log_ratio(counts, "amazing") == pytest.approx(1.392, abs=0.001)
    assert s.log_ratio(counts, "terrible") == pytest.approx(-1.729, abs=0.0005)


# 2. texts to numbers


def test_a_text_becomes_counts_or_presence_and_unknown_words_are_left_out_C32(vocabulary):
    counted = s.count_vector("good good unheard film", vocabulary)
    there = s.presence_vector("good good unheard film", vocabulary)
    assert counted[vocabulary["good"]] == 2
    assert counted.sum() == 3
    assert there[vocabulary["good"]] == 1
    assert there.sum() == 2


def test_bags_hold_the_same_numbers_as_the_vectors_C32(vocabulary, bags):
    for number, text in enumerate(TEXTS):
        assert (bags.dense(number, len(vocabulary)) == s.count_vector(text, vocabulary)).all()
        there = bags.presence().dense(number, len(vocabulary))
        assert (there == s.presence_vector(text, vocabulary)).all()


def test_taking_texts_and_keeping_words_is_the_same_as_for_vectors(vocabulary):
    bags, kept = random_bags(3), np.arange(30) % 3 > 0
    texts = np.array([7, 0, 7, 39])
    part = bags.take(texts).only(kept)
    for number, text in enumerate(texts):
        assert (part.dense(number, int(kept.sum())) == bags.dense(text, 30)[kept]).all()


def test_the_label_that_comes_second_is_one_C32():
    labels, names = s.two_labels(["POSITIVE", "NEGATIVE", "POSITIVE"])
    assert labels.tolist() == [1, 0, 1]
    assert names == ("NEGATIVE", "POSITIVE")


@pytest.mark.parametrize("labels", [[], ["a", "a"], ["a", "b", "c"]])
def test_other_than_two_classes_are_refused(labels):
    with pytest.raises(RequestError, match=f"two classes, however: there (are|is) ({len(set(labels))}|none)"):
        s.two_labels(labels)


def test_wrong_texts_are_named():
    with pytest.raises(RequestError, match=r"strings, however: texts\[1\] is a NoneType"):
        s.count_words(["a", None], [0, 1])
    with pytest.raises(RequestError, match="strings, however: it is a str"):
        s.bags_of("one text", {})
    with pytest.raises(RequestError, match="labels must be 0 or 1"):
        s.count_words(["a", "b"], [0, 2])


# 3 and 4. the network


def test_the_gradients_are_those_of_finite_differences_C32(vocabulary, bags):
    weights = s.start(len(vocabulary))
    weights.hidden += np.random.default_rng(0).normal(size=weights.hidden.shape)
    for number in (0, 5):
        x, y = bags.dense(number, len(vocabulary)), LABELS[number]
        found = s.gradients(x, y, weights)
        for name in ("hidden", "output"):
            values, step = getattr(weights, name), 1e-6
            slopes = np.empty_like(values)
            for place in np.ndindex(values.shape):
                kept = values[place]
                values[place] = kept + step
                above = s.error(x, y, weights)
                values[place] = kept - step
                below = s.error(x, y, weights)
                values[place] = kept
                slopes[place] = (above - below) / (2 * step)
            assert np.abs(slopes - getattr(found, name)).max() < 1e-9, name


def test_the_sigmoid_of_a_score_does_not_overflow():
    assert [probability(z) for z in (-1e6, 0.0, 1e6)] == [0.0, 0.5, 1.0]


def test_the_network_learns_which_words_are_good_C32(vocabulary, bags):
    weights = s.start(len(vocabulary))
    for _ in range(100):
        s.train_dense(bags, LABELS, weights, rate=0.1)
    assert s.accuracy(s.scores_dense(bags, weights), LABELS) == 1.0
    assert weights.pull[vocabulary["great"]] > 0 > weights.pull[vocabulary["dull"]]


def test_the_start_of_the_course_is_numpys_legacy_one_C32():
    weights = s.course_start(4)
    assert not weights.hidden.any()
    assert weights.output[:3] == pytest.approx([1.62434536, -0.61175641, -0.52817175])


def test_ten_hidden_units_that_start_at_zero_are_worth_one_C32(vocabulary, bags):
    weights = s.start(len(vocabulary))
    s.train_sparse(bags, LABELS, weights, rate=0.5)
    assert s.directions(weights) == 1


# 5. only the words that are there


@pytest.mark.parametrize("counted", [True, False])
def test_leaving_out_what_is_not_there_changes_not_one_prediction_C32(counted):
    bags = random_bags(1) if counted else random_bags(1).presence()
    targets = np.random.default_rng(2).integers(0, 2, len(bags)).astype(float)
    dense, sparse = s.course_start(30), s.course_start(30)
    for _ in range(3):
        first = s.train_dense(bags, targets, dense, rate=0.1)
        second = s.train_sparse(bags, targets, sparse, rate=0.1)
        assert (first == second).all()
    assert (dense.hidden == sparse.hidden).all()
    assert (dense.output == sparse.output).all()
    assert (s.scores_dense(bags, dense) == s.scores_sparse(bags, sparse)).all()


def test_the_loop_of_the_course_and_whole_arrays_do_the_same_C32():
    bags = random_bags(4).presence()
    targets = np.arange(len(bags)) % 2.0
    by_word, by_text = s.course_start(30), s.course_start(30)
    first = s.train_word_by_word(bags, targets, by_word, rate=0.1)
    second = s.train_sparse(bags, targets, by_text, rate=0.1)
    assert np.abs(first - second).max() < 1e-12
    assert np.abs(by_word.hidden - by_text.hidden).max() < 1e-12
    assert np.abs(by_word.output - by_text.output).max() < 1e-12


def test_a_text_without_a_known_word_has_the_score_0_and_teaches_nothing(vocabulary):
    bags = s.bags_of(["", "?!", "unheard"], vocabulary)
    weights = s.start(len(vocabulary))
    before = weights.copy()
    assert s.train_sparse(bags, [1, 0, 1], weights, rate=0.1).tolist() == [0, 0, 0]
    assert (weights.hidden == before.hidden).all()
    assert (weights.output == before.output).all()


def test_wrong_targets_and_rates_are_named_together(bags, vocabulary):
    with pytest.raises(RequestError) as caught:
        s.train_sparse(bags, [0, 1, 2], s.start(len(vocabulary)), rate=0)
    assert len(caught.value.problems) == 2


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_steps_that_leave_all_numbers_are_an_error(bags, vocabulary):
    with pytest.raises(NonFiniteLoss, match="lower the rate"):
        s.train_sparse(bags, LABELS, s.start(len(vocabulary)), rate=1e308)


# 6. strategic vocabulary


def test_rare_words_and_words_that_say_nothing_are_left_out_C32():
    counts = s.WordCounts(
        Counter(film=60, bad=60, odd=3, dull=30), Counter(film=60, good=60, odd=3, new=21), 9, 9
    )
    vocabulary = {word: number for number, word in enumerate(counts.total)}
    facts = s.word_facts(counts, vocabulary)
    left = {word for word, number in vocabulary.items() if facts.kept(20, 0.05)[number]}
    assert left == {"bad", "good", "dull", "new"}  # dull and new are too rare for a polarity, and stay
    assert facts.kept(0, 0.0).all()
    assert facts.kept(21, 0.05).sum() == 3


def test_the_frontier_has_every_pair_and_judges_on_the_texts_that_choose_C32(vocabulary, bags):
    counts = s.count_words(TEXTS, LABELS)
    facts = s.word_facts(counts, vocabulary, enough=1)
    settings = s.frontier(
        facts, (bags, LABELS), (bags, 1 - LABELS), min_counts=(0, 1), cutoffs=(0, 0.5), rate=0.5
    )
    assert [(each.min_count, each.cutoff) for each in settings] == [(0, 0), (0, 0.5), (1, 0), (1, 0.5)]
    assert settings[0].words == len(vocabulary) > settings[3].words
    assert settings[3].accuracy < 0.5  # taught the opposite of what is asked
    with pytest.raises(RequestError, match="texts to choose on"):
        s.frontier(facts, (bags, LABELS), (bags.take(np.array([], dtype=int)), []))


def test_the_front_has_no_setting_that_another_beats_C32():
    a, b, c, d = (
        s.Setting(0, 0, 9, 1.0, 0.8, 10.0),
        s.Setting(0, 1, 5, 2.0, 0.9, 5.0),
        s.Setting(1, 0, 5, 3.0, 0.85, 4.0),
        s.Setting(1, 1, 1, 9.0, 0.95, 1.0),
    )
    assert s.best_settings([c, d, a, b]) == [a, b, d]


def test_the_least_work_that_cannot_be_told_from_the_best_is_recommended_C32():
    best, near = s.Setting(0, 0, 900, 90.0, 0.86, 1.0), s.Setting(1, 0, 90, 60.0, 0.85, 2.0)
    far, empty = s.Setting(2, 0, 9, 5.0, 0.8, 3.0), s.Setting(3, 0, 0, 0.0, 0.86, 9.0)
    settings = [best, near, far, empty]
    assert s.recommended(settings, texts=1000) is near  # a standard error is 1.1 points
    assert s.recommended(settings, texts=100_000) is best
    assert s.recommended(settings, texts=20) is far
