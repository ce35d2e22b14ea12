"""Coming down by the steepest step, and why counting errors gives no way down (C09)."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import NonFiniteLoss, RequestError
from glassnet.reference import logistic
from glassnet.reference.functions import along_path, descend, slope, step

POINTS = np.array([[0.0, 1.0], [1.0, 2.0], [1.0, 0.0], [2.0, 1.0]])
LABELS = np.array([1.0, 1.0, 0.0, 0.0])
START, END = (np.array([0.45, 0.1]), -0.4), (np.array([-1.0, 1.0]), 0.05)


def test_the_way_down_a_mountain_goes_by_the_steepest_step_C09():
    way = descend(lambda place: (place**2).sum(), [3.0, -4.0], rate=0.25, steps=3)
    np.testing.assert_allclose(way, [[3, -4], [1.5, -2], [0.75, -1], [0.375, -0.5]], rtol=1e-8)
    gradient = slope(lambda place: place[0] * place[1] ** 2, [2.0, 3.0])
    np.testing.assert_allclose(gradient, [9, 12], rtol=1e-8)


def test_counted_errors_go_down_in_steps_and_give_no_slope_C09():
    path = along_path(POINTS, LABELS, START, END)
    assert list(dict.fromkeys(path.count)) == [3, 2, 1, 0]
    assert (path.count_slope == 0).all()


def test_the_log_loss_falls_all_along_the_same_path_C09():
    path = along_path(POINTS, LABELS, START, END)
    assert (np.diff(path.log_loss) < 0).all()
    assert (path.log_loss_slope < 0).all()
    for weights, bias, loss in zip(path.weights, path.biases, path.log_loss, strict=True):
        assert loss == logistic.log_loss(POINTS, LABELS, weights, bias)
    np.testing.assert_allclose(path.weights[[0, -1]], [START[0], END[0]])


def test_descending_by_the_count_stays_and_by_the_log_loss_arrives_C09():
    def count(model):
        return (step(POINTS @ model[:-1] + model[-1]) != LABELS).sum()

    def log_loss(model):
        return logistic.log_loss(POINTS, LABELS, model[:-1], model[-1])

    start = np.append(*START)
    stayed, arrived = (descend(each, start, rate=1.0, steps=60)[-1] for each in (count, log_loss))
    np.testing.assert_array_equal(stayed, start)
    assert count(stayed) > 0
    assert count(arrived) == 0


def test_a_path_prints_a_line_for_each_place_C09():
    lines = str(along_path(POINTS, LABELS, START, END, places=3)).splitlines()
    assert lines[0].split() == ["place", "errors", "slope", "log", "loss", "slope"]
    assert len(lines) == 4


def test_steps_too_long_climb_and_are_a_named_failure():
    with pytest.raises(NonFiniteLoss, match=r"with rate=3 step \d+ leaves all numbers; lower the rate"):
        descend(lambda place: (place**2).sum(), [1.0], rate=3.0, steps=1000)


def test_what_is_no_path_is_an_error():
    with pytest.raises(RequestError, match="there must be one weight for each of the 2 inputs"):
        along_path(POINTS, LABELS, ([1.0], 0), END)
    with pytest.raises(RequestError) as caught:
        descend(lambda place: 0.0, [[1.0]], rate=0, steps=-1)
    assert len(caught.value.problems) == 3
