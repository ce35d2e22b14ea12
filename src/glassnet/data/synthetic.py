"""Data made up by formula, always the same: for trying things out where no real data is at hand.

The sets of points are the classic pictures of what a network can and cannot separate. `synthetic_rides`
has the columns of the hourly bike-sharing table, and a daily, weekly and yearly rhythm that resembles a
city's; none of its numbers was ever measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glassnet.randomness import stream

POINTS = 400

Floats = NDArray[np.float64]

# Public holidays of Washington, D.C., in the two years that the real table covers.
_HOLIDAYS = """
    2011-01-17 2011-02-21 2011-04-15 2011-05-30 2011-07-04 2011-09-05 2011-10-10 2011-11-11 2011-11-24
    2011-12-26 2012-01-02 2012-01-16 2012-02-20 2012-04-16 2012-05-28 2012-07-04 2012-09-03 2012-10-08
    2012-11-12 2012-11-22 2012-12-25
"""


def blobs() -> pl.DataFrame:
    """Make three round clouds of points, a class each."""
    chance = stream(0, "data", "blobs")
    label = np.arange(POINTS) % 3
    centres = np.array([[-2.0, -1.0], [0.0, 2.0], [2.0, -1.0]])
    return _points(centres[label] + chance.normal(0.0, 0.7, (POINTS, 2)), label)


def circles() -> pl.DataFrame:
    """Make a ring of one class around a ring of the other."""
    chance = stream(0, "data", "circles")
    label = np.arange(POINTS) % 2
    angle = chance.uniform(0.0, 2 * np.pi, POINTS)
    radius = np.where(label == 1, 1.0, 2.0) + chance.normal(0.0, 0.15, POINTS)
    return _points(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), label)


def moons() -> pl.DataFrame:
    """Make two half circles that reach into each other, a class each."""
    chance = stream(0, "data", "moons")
    label = np.arange(POINTS) % 2
    angle = chance.uniform(0.0, np.pi, POINTS)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.where(label[:, None] == 1, np.array([1.0, 0.5]) - upper, upper)
    return _points(points + chance.normal(0.0, 0.1, (POINTS, 2)), label)


def spiral() -> pl.DataFrame:
    """Make two spirals that wind around each other, a class each."""
    chance = stream(0, "data", "spiral")
    label = np.arange(POINTS) % 2
    turn = np.sqrt(chance.uniform(0.02, 1.0, POINTS)) * 3 * np.pi
    angle = turn + np.pi * label
    points = turn[:, None] / np.pi * np.column_stack([np.cos(angle), np.sin(angle)])
    return _points(points + chance.normal(0.0, 0.08, (POINTS, 2)), label)


def xor() -> pl.DataFrame:
    """Make a square in quarters: class 1 where exactly one coordinate is above 0."""
    points = stream(0, "data", "xor").uniform(-1.0, 1.0, (POINTS, 2))
    return _points(points, (points[:, 0] > 0) ^ (points[:, 1] > 0))


def lines() -> pl.DataFrame:
    """Make points along two parallel lines, a class each, which one straight line separates."""
    chance = stream(0, "data", "lines")
    label = np.arange(POINTS) % 2
    along = chance.uniform(-2.0, 2.0, POINTS)
    across = np.where(label == 1, 0.6, -0.6) + chance.uniform(-0.4, 0.4, POINTS)
    return _points(np.column_stack([along, 0.5 * along + across]), label)


def _points(points: Floats, label: NDArray[Any]) -> pl.DataFrame:
    x = points.round(4)
    return pl.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "label": label.astype(np.int64)})


def synthetic_rides() -> pl.DataFrame:
    """Make two years of hourly bike rides: 17,544 rows, the 17 columns of the real bike-sharing table.

    ``temp``, ``atemp``, ``hum`` and ``windspeed`` are divided by 41, 50, 100 and 67 as there;
    ``casual`` and ``registered`` are Poisson counts, and ``cnt`` is their sum.
    """
    chance = stream(0, "data", "synthetic-rides")
    moments = np.arange("2011-01-01T00", "2013-01-01T00", dtype="datetime64[h]")
    days = moments.astype("datetime64[D]")
    hour = (moments - days).astype(np.int64)
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    year = (days.astype("datetime64[Y]").astype(np.int64) - 41).astype(np.int64)
    weekday = (days.astype(np.int64) + 4) % 7
    holiday = np.isin(days, np.array(_HOLIDAYS.split(), "datetime64[D]"))
    working = ~holiday & (weekday > 0) & (weekday < 6)
    weather = _weather(chance, np.arange(len(moments)), hour)
    casual, registered = _rides(chance, np.arange(len(moments)), hour, working, year, weather)
    calendar = {
        "instant": np.arange(1, len(moments) + 1),
        "dteday": days.astype(str),
        "season": (month % 12) // 3 + 1,
        "yr": year,
        "mnth": month,
        "hr": hour,
        "holiday": holiday.astype(np.int64),
        "weekday": weekday,
        "workingday": working.astype(np.int64),
    }
    return pl.DataFrame(
        calendar | weather | {"casual": casual, "registered": registered, "cnt": casual + registered}
    )


def _weather(
    chance: np.random.Generator, row: NDArray[np.int64], hour: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Make slowly changing weather: cloud drifts over days, and warmth, damp and wind follow it."""
    cloud = _drift(chance, len(row), 30)
    celsius = (
        19.5 - 9.5 * np.cos(2 * np.pi * (row / 24 - 20) / 365.25) + 4.0 * np.sin(2 * np.pi * (hour - 9) / 24)
    )
    celsius += 2.5 * _drift(chance, len(row), 60) - 1.5 * cloud
    damp = np.clip(0.62 + 0.14 * cloud - 0.1 * np.sin(2 * np.pi * (hour - 9) / 24), 0.1, 1.0)
    wind = np.clip(13.0 + 8.0 * _drift(chance, len(row), 8), 0.0, 57.0)
    felt = 1.15 * celsius + 1.5 - 0.08 * wind + 4.0 * (damp - 0.6)
    return {
        "weathersit": np.digitize(cloud, [0.4, 1.45, 3.3]) + 1,
        "temp": np.clip(celsius / 41, 0.02, 1.0).round(2),
        "atemp": np.clip(felt / 50, 0.0, 1.0).round(4),
        "hum": damp.round(2),
        "windspeed": (wind / 67).round(4),
    }


def _drift(chance: np.random.Generator, rows: int, hours: int) -> Floats:
    """Return smooth noise of mean 0 and variance 1 that forgets itself over some hours."""
    weights = np.exp(-np.arange(6 * hours) / hours)
    noise = chance.normal(size=rows + len(weights) - 1)
    drift: Floats = np.convolve(noise, weights / np.sqrt(np.sum(weights**2)), mode="valid")
    return drift


def _rides(
    chance: np.random.Generator,
    row: NDArray[np.int64],
    hour: NDArray[np.int64],
    working: NDArray[np.bool_],
    year: NDArray[np.int64],
    weather: dict[str, NDArray[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    def peak(at: float, width: float) -> Floats:
        apart = np.abs(hour - at)
        bump: Floats = np.exp(-0.5 * (np.minimum(apart, 24 - apart) / width) ** 2)
        return bump

    commuting = 460 * peak(8, 0.9) + 500 * peak(17.5, 1.5) + 180 * peak(13, 3.2) + 160 * peak(20.5, 2.2) + 6
    leisure = 290 * peak(14, 3.6) + 90 * peak(20, 3.0) + 75 * peak(0.5, 1.8) + 6
    warmth = np.exp(-0.5 * ((weather["temp"] - 0.7) / 0.36) ** 2)
    sky = np.array([1.0, 0.9, 0.52, 0.25])[weather["weathersit"] - 1] * (1.15 - 0.35 * weather["hum"])
    mood = np.exp(0.12 * _drift(chance, len(row), 24))
    pull = warmth * sky * mood * (0.75 + 0.25 * row / len(row))
    registered = np.where(working, commuting, leisure) * pull * np.where(year == 1, 1.3, 1.0)
    casual = np.where(working, 0.28, 0.95) * leisure * pull * warmth * np.where(year == 1, 1.15, 1.0)
    return chance.poisson(casual), chance.poisson(registered)


SYNTHETIC: dict[str, Callable[[], pl.DataFrame]] = {
    "blobs": blobs,
    "circles": circles,
    "moons": moons,
    "spiral": spiral,
    "xor": xor,
    "lines": lines,
    "synthetic-rides": synthetic_rides,
}
