"""The course's points, and points like them that need no file."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def course_points(local_data):
    """The two classes of 50 points that the course draws its lines through: inputs and targets."""
    table = np.loadtxt(local_data("points/data.csv"), delimiter=",")
    return table[:, :2], table[:, 2]


@pytest.fixture
def clouds():
    """Two clouds of 30 points that one line separates: class 1 to the lower left, as in the course."""
    chance = np.random.default_rng(7)
    centres = np.where(np.arange(60)[:, None] % 2 == 1, 0.3, 0.75)
    return centres + chance.uniform(-0.2, 0.2, (60, 2)), np.arange(60.0) % 2
