"""Medians, quartiles and ratios of rounds; how much work fits into a time; whose turn it is."""

from __future__ import annotations

import pytest

from glassnet.run.bench import figures
from glassnet.run.bench.figures import Figure, in_turn, number, spread, units_within


def test_the_median_and_the_quartiles_of_seven_rounds():
    figure = Figure((7.0, 1.0, 3.0, 2.0, 5.0, 100.0, 4.0))  # sorted 1 2 3 4 5 7 100
    assert figure.median == 4.0
    assert figure.quartiles == (2.5, 6.0)


def test_one_round_has_no_spread():
    assert Figure((3.0,)).quartiles == (3.0, 3.0)


def test_a_ratio_is_taken_within_each_round():
    others, own = Figure((10.0, 40.0, 12.0)), Figure((5.0, 20.0, 4.0))
    assert others.over(own).values == (2.0, 2.0, 3.0)
    assert others.over(own).median != others.median / own.median


def test_a_ratio_of_other_rounds_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        Figure((1.0, 2.0)).over(Figure((1.0,)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01234, "0.0123"),
        (0.1234, "0.123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1e6, "1,000,000"),
    ],
)
def test_a_number_has_three_digits_that_count(value, text):
    assert number(value) == text


def test_a_spread_is_the_median_with_its_quartiles():
    assert spread(Figure((1.0, 2.0, 3.0))) == "2.00 [1.50, 2.50]"


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """A clock that the work moves by hand."""
    now = [0.0]
    monkeypatch.setattr(figures.time, "perf_counter", lambda: now[0])
    return now


def test_as_much_work_is_done_as_fits_into_the_time(clock):
    def work(units: int) -> int:
        clock[0] += units * 0.001
        return units

    assert units_within(work, 0.1) == 100


def test_work_that_comes_in_epochs_is_counted_as_it_was_done(clock):
    def epochs_of_50(units: int) -> int:
        done = 50 * -(-units // 50)
        clock[0] += done * 0.001
        return done

    assert units_within(epochs_of_50, 0.1) == 100


def test_work_that_takes_longer_than_the_time_is_done_once(clock):
    def slow(units: int) -> int:
        clock[0] += 5.0 * units
        return units

    assert units_within(slow, 0.1) == 1


def test_everybody_is_measured_once_in_each_round_in_the_same_order():
    seen: list[str] = []

    def measure(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    said: list[str] = []
    found = in_turn({"a": lambda: measure("a"), "b": lambda: measure("b")}, 3, said.append)
    assert seen == ["a", "b"] * 3
    assert (found["a"].values, found["b"].values) == ((1.0, 3.0, 5.0), (2.0, 4.0, 6.0))
    assert said[-1] == "round 3 of 3: b"
