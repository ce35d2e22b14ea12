"""Points that no line separates, and what does (C08)."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import RequestError
from glassnet.reference.circle import polygon, ring, ways_out, with_squares
from glassnet.reference.perceptron import layers, score


def test_no_line_separates_a_circle_but_squares_and_a_hidden_layer_do_C08():
    found = ways_out()
    assert found.line.errors.min() > 50
    assert found.squares.errors[-1] == 0
    assert found.hidden_wrong == 0
    assert str(found).splitlines()[0] == "a line: at best 66 of 200 rows wrong in 100 epochs"


def test_the_score_of_the_centre_is_the_mean_of_two_opposite_points_C08():
    """Why no line can: it cannot be positive at the centre and negative at both."""
    chance = np.random.default_rng(0)
    points, weights, bias = chance.normal(size=(20, 2)), chance.normal(size=2), 0.4
    both = score(points, weights, bias) + score(-points, weights, bias)
    np.testing.assert_allclose(both / 2, score([0.0, 0.0], weights, bias), rtol=1e-12)


def test_a_line_among_the_squares_is_a_circle_C08():
    inputs, targets = ring(rows=100, seed=5)
    np.testing.assert_array_equal(score(with_squares(inputs), [0, 0, -1, -1], 1) >= 0, targets == 1)


@pytest.mark.parametrize("sides", [5, 6, 12])
def test_a_hidden_layer_of_lines_makes_a_polygon_C08(sides):
    inputs, targets = ring(rows=300, seed=1)
    np.testing.assert_array_equal(layers(inputs, polygon(sides, 0.9))[:, 0], targets)


def test_three_lines_leave_corners_that_reach_into_the_ring_C08():
    inputs, targets = ring(rows=300, seed=1)
    assert (layers(inputs, polygon(3, 0.9))[:, 0] != targets).any()


def test_a_ring_is_a_function_of_its_seed():
    np.testing.assert_array_equal(ring(seed=4)[0], ring(seed=4)[0])
    assert (ring(seed=4)[0] != ring(seed=5)[0]).any()


def test_what_is_no_polygon_is_an_error():
    with pytest.raises(RequestError) as caught:
        polygon(2, 0)
    assert len(caught.value.problems) == 2
