"""Splits: who trains, who chooses, who judges; each promise of the guide by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.split import (
    Fold,
    RowFacts,
    day_of_each_row,
    default_test,
    make_folds,
    shared_rows,
    validation_like,
)
from glassnet.errors import DataError
from glassnet.notation import parse_split

DAY = 86400.0
HOURLY = RowFacts(240, times=np.repeat(np.arange(24), 10) * DAY)


def folds_of(text: str, facts: RowFacts, seed: int = 0, validation: str | None = None) -> tuple[Fold, ...]:
    test = parse_split(text)
    return make_folds(
        facts, test, parse_split(validation) if validation else validation_like(test, facts), seed
    )


@given(
    st.integers(20, 200),
    st.sampled_from(["random:0.2", "last:5", "last:0.3", "cv:3", "windows:2x3", "repeat:3x0.2", "group:g"]),
    st.integers(0, 5),
)
def test_sides_are_disjoint_and_nothing_is_lost(count, text, seed):
    generator = np.random.default_rng(seed)
    facts = RowFacts(count, classes=generator.integers(0, 3, count), groups=np.arange(count) % 9)
    for fold in folds_of(text, facts, seed):
        sides = np.concatenate([fold.train, fold.validation, fold.test])
        assert len(np.unique(sides)) == len(sides)
        if not text.startswith("windows"):
            assert len(sides) == count
        assert all(np.all(np.diff(side) > 0) for side in (fold.train, fold.validation, fold.test))
        assert min(len(fold.train), len(fold.validation), len(fold.test)) > 0


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    facts = RowFacts(100)
    first, same, other = (folds_of("random:0.2", facts, seed)[0].test for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_the_last_rows_are_the_last_in_time_whatever_order_they_lie_in():
    shuffled = np.random.default_rng(0).permutation(240)
    facts = RowFacts(240, times=HOURLY.times[shuffled])
    fold = folds_of("last:20", facts)[0]
    assert set(facts.times[fold.test] / DAY) == {22.0, 23.0}
    assert facts.times[fold.validation].max() < facts.times[fold.test].min()
    assert facts.times[fold.train].max() <= facts.times[fold.validation].min()


def test_a_span_of_time_takes_whole_days_and_validation_is_cut_the_same_way():
    fold = folds_of("last:3d", HOURLY)[0]
    assert set(HOURLY.times[fold.test] / DAY) == {21.0, 22.0, 23.0}
    assert set(HOURLY.times[fold.validation] / DAY) == {18.0, 19.0, 20.0}


def test_windows_are_predicted_from_what_lies_before_them():
    folds = folds_of("windows:3x2d", HOURLY)
    assert [sorted(set(HOURLY.times[fold.test] / DAY)) for fold in folds] == [[18, 19], [20, 21], [22, 23]]
    for fold in folds:
        assert HOURLY.times[fold.train].max() < HOURLY.times[fold.validation].min()
        assert HOURLY.times[fold.validation].max() < HOURLY.times[fold.test].min()


def test_every_row_is_tested_once_in_cross_validation():
    folds = folds_of("cv:4", RowFacts(50))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(50))


def test_repeated_splits_are_as_many_random_ones_and_all_different():
    folds = folds_of("repeat:6x0.2", RowFacts(100))
    assert [(len(fold.train), len(fold.validation), len(fold.test)) for fold in folds] == [(64, 16, 20)] * 6
    assert np.array_equal(folds[0].test, folds_of("random:0.2", RowFacts(100))[0].test)
    assert len({tuple(fold.test) for fold in folds}) == 6
    assert len({tuple(fold.validation) for fold in folds}) == 6
    tested = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=100)
    assert tested.min() == 0
    assert tested.max() > 1


def test_repeated_splits_are_the_same_for_a_seed_and_others_for_another():
    first, same, other = (folds_of("repeat:3x0.3", RowFacts(90), seed) for seed in (1, 1, 2))
    for one, again, another in zip(first, same, other, strict=True):
        assert np.array_equal(one.test, again.test)
        assert np.array_equal(one.train, again.train)
        assert not np.array_equal(one.test, another.test)


@pytest.mark.parametrize("text", ["random:0.2", "cv:5", "repeat:3x0.2"])
def test_classes_keep_their_shares(text):
    facts = RowFacts(200, classes=np.repeat([0, 1, 2], [150, 40, 10]))
    for fold in folds_of(text, facts):
        assert np.bincount(facts.classes[fold.test]).tolist() == [30, 8, 2]
        assert np.bincount(facts.classes[fold.validation]).tolist() == [24, 6, 2]


def test_groups_stay_whole():
    facts = RowFacts(100, groups=np.arange(100) // 4)
    fold = folds_of("group:g", facts)[0]
    sides = [set(facts.groups[side]) for side in (fold.train, fold.validation, fold.test)]
    assert sum(len(side) for side in sides) == len(set().union(*sides)) == 25
    assert 20 <= len(fold.test) <= 23


def test_without_being_asked_time_splits_by_time_and_the_rest_at_random():
    assert default_test(HOURLY).kind == "last"
    assert default_test(RowFacts(10)).kind == "random"


@pytest.mark.parametrize(
    ("text", "facts", "said"),
    [
        ("last:3d", RowFacts(10), "needs a column of dates"),
        ("last:10", RowFacts(10), "must leave rows on both sides"),
        ("last:99", RowFacts(10), "it takes 10 of 10 rows"),
        ("random:0.2", RowFacts(1), "must leave rows on both sides"),
        ("group:g", RowFacts(10, groups=np.zeros(10, np.int64)), "must leave rows on both sides"),
        ("cv:5", RowFacts(9), "cv:5 needs at least 10 rows"),
        ("windows:30x1d", HOURLY, "must leave rows on both sides"),
        ("repeat:3x0.01", RowFacts(10), "it takes 0 of 10 rows"),
    ],
)
def test_a_split_that_the_rows_cannot_give_is_an_error(text, facts, said):
    with pytest.raises(DataError, match=said):
        folds_of(text, facts)


def test_rows_that_stand_on_both_sides_are_counted():
    inputs = np.arange(20, dtype=np.float32).reshape(10, 2)
    targets = np.arange(10.0)
    inputs[9], targets[9] = inputs[0], targets[0]  # a copy of a training row
    inputs[8] = inputs[1]  # the same inputs with another target is no copy
    fold = Fold(np.arange(5), np.arange(5, 7), np.arange(7, 10))
    assert shared_rows(inputs, targets, fold) == 1
    inputs[7], targets[7] = inputs[5], targets[5]  # a copy of a validation row
    assert shared_rows(inputs, targets, fold) == 2


def test_no_two_of_many_different_rows_are_taken_for_the_same():
    grid = np.stack(np.meshgrid(np.arange(200), np.arange(200)), axis=-1).reshape(-1, 2).astype(np.float32)
    fold = Fold(np.arange(20_000), np.arange(0), np.arange(20_000, 40_000))
    assert shared_rows(grid, np.zeros(40_000), fold) == 0
    assert shared_rows(grid / 7, np.zeros(40_000), fold) == 0


def test_days_are_whole_days_since_1970_before_it_too():
    assert day_of_each_row(np.array([0.0, 86399.0, 86400.0, -1.0])).tolist() == [0, 0, 1, -1]
