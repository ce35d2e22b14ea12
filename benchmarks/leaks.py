"""Leaks found and false alarms: 20 tables with a leak put in and 20 without, for several seeds.

Run ``python benchmarks/leaks.py [SEEDS]``. Each table is split as `glassnet train` would split it. A leak
counts as found if a leak of its kind names every column that was put in; an alarm is false if anything at
all is said about a table without a leak.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl
from sklearn import datasets

from glassnet.data.leaks import Leak
from glassnet.data.named import FACTS
from glassnet.data.sources import open_source
from glassnet.recipe import Recipe
from glassnet.run.prepare import prepare

Chance = np.random.Generator
SEEDS = 3


@dataclass(frozen=True)
class Case:
    """A table, what to predict, and the leak that is in it (none: ``kind`` is None)."""

    frame: pl.DataFrame
    target: str = "y"
    kind: str | None = None
    columns: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)
    test: str | None = None


def found_in(case: Case, seed: int) -> tuple[Leak, ...]:
    """Search a case as a training run would."""
    recipe = Recipe(target=(case.target,), roles=case.roles, test=case.test, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return prepare(recipe, open_source(case.frame)).leaks


# Honest tables: the columns cause the target, none is made from it.


def houses(chance: Chance, rows: int = 1500) -> pl.DataFrame:
    """Prices from area, rooms, age, distance and district, with the noise that prices have."""
    area = chance.gamma(9, 12, rows).round(1)
    rooms = np.clip((area / 28 + chance.normal(0, 0.8, rows)).round(), 1, 9).astype(int)
    age = chance.integers(0, 90, rows)
    district = chance.choice(["north", "south", "east", "west", "old town"], rows)
    extra = pl.Series(district).replace_strict(
        {"north": 0.0, "south": 0.1, "east": -0.2, "west": 0.05, "old town": 0.4}, return_dtype=pl.Float64
    )
    far = chance.exponential(6, rows).round(2)
    price = 2400 * area * np.exp(extra.to_numpy() - 0.02 * far - 0.002 * age + chance.normal(0, 0.15, rows))
    columns = {"area": area, "rooms": rooms, "age": age, "district": district, "distance": far}
    return pl.DataFrame(columns | {"y": price.round(-2)})


def friedman(chance: Chance, rows: int = 1200) -> pl.DataFrame:
    """Friedman's first function of five of ten columns (1991), noise 1."""
    x, y = datasets.make_friedman1(rows, 10, noise=1.0, random_state=int(chance.integers(1000)))
    return pl.DataFrame(x, schema=[f"x{each + 1}" for each in range(10)]).with_columns(y=pl.Series(y))


def hourly(chance: Chance, rows: int = 3000) -> pl.DataFrame:
    """Counts by the hour with a daily and a yearly rhythm and a trend."""
    hour = np.arange(rows) % 24
    day = np.arange(rows) // 24
    warm = 15 + 10 * np.sin(2 * np.pi * day / 365) + chance.normal(0, 2, rows)
    level = np.exp(3 + np.cos(2 * np.pi * (hour - 15) / 24) + 0.03 * warm + 0.002 * day)
    dates = [(date(2023, 1, 1) + timedelta(days=int(each))).isoformat() for each in day]
    return pl.DataFrame({"day": dates, "hour": hour, "warm": warm.round(1), "y": chance.poisson(level)})


def customers(chance: Chance, rows: int = 2000, share: float = 0.3) -> pl.DataFrame:
    """Who leaves: depends on tenure, price, calls and the contract."""
    tenure = chance.integers(1, 72, rows)
    price = chance.normal(65, 20, rows).round(2)
    calls = chance.poisson(1.5, rows)
    contract = chance.choice(["month", "year", "two years"], rows, p=[0.5, 0.3, 0.2])
    score = 0.02 * price + 0.5 * calls - 0.05 * tenure - 1.2 * (contract != "month")
    score = score + chance.logistic(0, 1, rows)
    leaves = score > np.quantile(score, 1 - share)
    columns = {"tenure": tenure, "price": price, "calls": calls, "contract": contract}
    return pl.DataFrame(columns | {"y": np.where(leaves, "yes", "no")})


def three_classes(chance: Chance, rows: int = 1500) -> pl.DataFrame:
    """Three classes of eight numbers, five of which matter."""
    seed = int(chance.integers(1000))
    x, y = datasets.make_classification(rows, 8, n_informative=5, n_classes=3, flip_y=0.05, random_state=seed)
    names = [f"x{each + 1}" for each in range(8)]
    return pl.DataFrame(x, schema=names).with_columns(y=pl.Series(np.array(["red", "green", "blue"])[y]))


def patients(chance: Chance, rows: int = 1600) -> pl.DataFrame:
    """Measurements of patients, several visits each, and a diagnosis that is different by visit."""
    who = chance.integers(0, rows // 8, rows)
    frailty = chance.normal(0, 1, rows // 8)[who]
    pressure, sugar = 120 + 10 * frailty + chance.normal(0, 8, rows), chance.lognormal(1.6, 0.2, rows)
    ill = frailty + 0.05 * (pressure - 120) + sugar - 5 + chance.logistic(0, 1, rows) > 0
    columns = {
        "patient": [f"P{each:04d}" for each in who],
        "pressure": pressure.round(),
        "sugar": sugar.round(1),
    }
    return pl.DataFrame(columns | {"y": np.where(ill, "ill", "well")})


# Leaks, each put into one of the honest tables.


def _wrong(chance: Chance, values: np.ndarray, share: float) -> np.ndarray:
    """Swap a share of the cells for other ones of the column."""
    hit = chance.random(len(values)) < share
    return np.where(hit, chance.permutation(values), values)


def _added(frame: pl.DataFrame, kind: str = "leak", test: str | None = None, **columns: object) -> Case:
    new = [pl.Series(name, values) for name, values in columns.items()]
    mixed = frame.with_columns(new).select(*columns, *list(frame.columns))
    return Case(mixed, kind=kind, columns=tuple(columns), test=test)


def _sum_of_parts(chance: Chance) -> Case:
    frame = hourly(chance)
    members = chance.binomial(frame["y"].to_numpy(), 0.7)
    return _added(frame, members=members, guests=frame["y"].to_numpy() - members)


def _difference(chance: Chance) -> Case:
    frame = houses(chance)
    cost = frame["y"].to_numpy() * chance.uniform(3, 9, frame.height).round(2)
    return _added(frame, income=cost + frame["y"].to_numpy(), cost=cost)


def _mean_of_three(chance: Chance) -> Case:
    frame = friedman(chance)
    y = frame["y"].to_numpy()
    first, second = y + chance.normal(0, 3, len(y)), y + chance.normal(0, 3, len(y))
    return _added(frame, first=first, second=second, third=3 * y - first - second)


def _weighted(chance: Chance) -> Case:
    frame = friedman(chance)
    y = frame["y"].to_numpy()
    exam = y + chance.normal(0, 4, len(y))
    return _added(frame, exam=exam, homework=(y - 0.7 * exam) / 0.3)


def _product(chance: Chance) -> Case:
    frame = houses(chance)
    pieces = chance.integers(1, 40, frame.height)
    return _added(frame, pieces=pieces, each=frame["y"].to_numpy() / pieces)


def _refund(chance: Chance) -> Case:
    frame = customers(chance)
    left = frame["y"].to_numpy() == "yes"
    refund = np.where(
        left & (chance.random(len(left)) < 0.7), chance.exponential(40, len(left)).round(2), 0.0
    )
    return _added(frame, refund=refund)


def _closing_date(chance: Chance) -> Case:
    frame = customers(chance, share=0.15)
    days = chance.integers(0, 700, frame.height)
    left = frame["y"].to_numpy() == "yes"
    closed = [
        (date(2022, 1, 1) + timedelta(days=int(day))).isoformat() if yes else None
        for day, yes in zip(days, left, strict=True)
    ]
    return _added(frame, test="random:0.2", closed=closed)


def _status(chance: Chance) -> Case:
    frame = customers(chance)
    left = frame["y"].to_numpy() == "yes"
    words = np.where(
        left, chance.choice(["gone", "refunded"], len(left)), chance.choice(["active", "paused"], len(left))
    )
    return _added(frame, status=_wrong(chance, words, 0.005))


def _score(chance: Chance) -> Case:
    frame = customers(chance)
    left = (frame["y"] == "yes").to_numpy()
    return _added(frame, score=(left + chance.normal(0, 0.05, len(left))).round(3))


def _one_hot(chance: Chance) -> Case:
    frame = three_classes(chance)
    return _added(frame, is_red=(frame["y"] == "red").cast(pl.Int64))


def _sorted_identifier(chance: Chance) -> Case:
    frame = three_classes(chance)
    return _added(frame.sort("y"), "identifier", number=np.arange(1, frame.height + 1))


def _patient_label(chance: Chance) -> Case:
    frame = patients(chance)
    label = frame.group_by("patient", maintain_order=True).agg(pl.col("y").first().alias("label"))
    frame = (
        frame.join(label, on="patient", how="left", maintain_order="left").drop("y").rename({"label": "y"})
    )
    return Case(frame, kind="group", columns=("patient",))


def _store_target(chance: Chance) -> Case:
    frame = houses(chance)
    building = chance.integers(1000, 1000 + frame.height // 5, frame.height)
    y = chance.normal(100, 20, frame.height)[building - 1000].round(2)
    return _added(frame.with_columns(y=pl.Series(y)), "group", building=building)


def _near_copies(chance: Chance) -> Case:
    frame = friedman(chance)
    copies = frame.sample(200, seed=int(chance.integers(1000)))
    moved = copies.with_columns(
        [pl.col(f"x{each}") + pl.Series(chance.normal(0, 1e-3, 200)) for each in range(1, 11)]
    )
    return Case(pl.concat([frame, moved]), kind="near_duplicates")


def _time_mixed(chance: Chance) -> Case:
    return Case(hourly(chance), kind="time", columns=("day",), test="random:0.2")


def _bucket(chance: Chance) -> Case:
    frame = houses(chance)
    y = frame["y"].to_numpy()
    return _added(
        frame, band=np.array(["low", "mid", "high"])[np.searchsorted(np.quantile(y, [0.3, 0.7]), y)]
    )


LEAKY: dict[str, Callable[[Chance], Case]] = {
    "copy": lambda chance: _added(frame := houses(chance), copy=frame["y"]),
    "copy, 1 % wrong": lambda chance: _added(
        frame := houses(chance), copy=_wrong(chance, frame["y"].to_numpy(), 0.01)
    ),
    "copy in another unit": lambda chance: _added(
        frame := houses(chance), usd=(frame["y"] * 1.09 + 20).round(2)
    ),
    "copy with 2 % noise": lambda chance: _added(
        frame := friedman(chance), later=frame["y"].to_numpy() + chance.normal(0, 0.1, frame.height)
    ),
    "logarithm": lambda chance: _added(frame := houses(chance), log=frame["y"].log()),
    "rank": lambda chance: _added(frame := friedman(chance), place=frame["y"].rank("ordinal")),
    "bucket": _bucket,
    "sum of two": _sum_of_parts,
    "difference": _difference,
    "mean of three": _mean_of_three,
    "weighted pair": _weighted,
    "price times quantity": _product,
    "copied class, 1 % wrong": lambda chance: _added(
        frame := customers(chance),
        code=_wrong(chance, (frame["y"] == "yes").to_numpy().astype(int) + 3, 0.01),
    ),
    "one-hot class": _one_hot,
    "refund of those who left": _refund,
    "date of leaving": _closing_date,
    "status": _status,
    "noisy score": _score,
    "sorted identifier": _sorted_identifier,
    "patient's label": _patient_label,
    "price by building": _store_target,
    "near copies": _near_copies,
    "time mixed": _time_mixed,
}


# Tables without a leak, many with a column that is strong and honest.


def _linear(noise: float, informative: int, columns: int) -> Callable[[Chance], Case]:
    def make(chance: Chance) -> Case:
        seed = int(chance.integers(1000))
        x, y = datasets.make_regression(
            800, columns, n_informative=informative, noise=noise, random_state=seed
        )
        return Case(pl.DataFrame(x).with_columns(y=pl.Series(y)))

    return make


def _law(chance: Chance) -> Case:
    x = chance.normal(size=(600, 3))
    return Case(pl.DataFrame(x, schema=["a", "b", "c"]).with_columns(y=pl.Series(x @ [3.0, -2.0, 1.0])))


def _strong(chance: Chance) -> Case:
    x = chance.normal(size=(1500, 6))
    y = 10 * x[:, 0] + 0.7 * x[:, 1] - 0.5 * x[:, 2] + chance.normal(0, 0.3, 1500)
    return Case(pl.DataFrame(x).with_columns(y=pl.Series(y)))


def _strong_class(chance: Chance) -> Case:
    x = chance.normal(size=(2000, 6))
    y = 8 * x[:, 0] + x[:, 1] + x[:, 2] + chance.logistic(0, 0.5, 2000) > 0
    return Case(pl.DataFrame(x).with_columns(y=pl.Series(y).cast(pl.Int64)))


def _prices_by_day(chance: Chance) -> Case:
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, 1500)))
    opening = np.concatenate([[100.0], close[:-1]]) * np.exp(chance.normal(0, 0.001, 1500))
    day = [(date(2020, 1, 1) + timedelta(days=each)).isoformat() for each in range(1500)]
    volume = chance.lognormal(10, 0.5, 1500).round()
    return Case(
        pl.DataFrame({"day": day, "opening": opening.round(2), "volume": volume, "y": close.round(2)})
    )


def _blobs(chance: Chance) -> Case:
    x, y = datasets.make_blobs(600, 3, centers=3, random_state=int(chance.integers(1000)))
    return Case(pl.DataFrame(x).with_columns(y=pl.Series(y)), roles={"y": "category"})


def _named(name: str, **more: object) -> Callable[[Chance], Case]:
    def make(chance: Chance) -> Case:
        from glassnet.data.bundled import BUNDLED
        from glassnet.data.synthetic import SYNTHETIC

        frame = {**BUNDLED, **SYNTHETIC}[name]()
        return Case(frame, FACTS[name].target or "y", roles=dict(FACTS[name].roles), **more)  # type: ignore[arg-type]

    return make


def _rides(chance: Chance) -> Case:
    frame = _named("synthetic-rides")(chance).frame
    return Case(frame.drop("casual", "registered"), "cnt")


CLEAN: dict[str, Callable[[Chance], Case]] = {
    **{name: _named(name) for name in ("digits", "breast_cancer", "diabetes", "wine", "iris")},
    **{name: _named(name) for name in ("circles", "spiral", "xor", "lines", "moons", "blobs")},
    "rides": _rides,
    "houses": lambda chance: Case(houses(chance)),
    "friedman": lambda chance: Case(friedman(chance)),
    "hourly": lambda chance: Case(hourly(chance)),
    "customers": lambda chance: Case(customers(chance)),
    "rare customers": lambda chance: Case(customers(chance, share=0.03)),
    "three classes": lambda chance: Case(three_classes(chance)),
    "patients": lambda chance: Case(patients(chance)),
    "linear, noise": _linear(5.0, 10, 10),
    "linear, exact, all columns": _law,
    "linear, exact, 3 of 10": _linear(0.0, 3, 10),
    "one strong number": _strong,
    "one strong number, classes": _strong_class,
    "prices by day": _prices_by_day,
    "clouds far apart": _blobs,
}


def main(seeds: int) -> None:
    """Search every table for each seed, and print what was missed and what was said for nothing."""
    started = time.perf_counter()
    found = missed = false = clean = 0
    for seed in range(seeds):
        for name, make in LEAKY.items():
            case = make(np.random.default_rng([seed, 1]))
            leaks = found_in(case, seed)
            right = [leak for leak in leaks if leak.kind == case.kind]
            caught = {column for leak in right for column in leak.columns}
            if right and set(case.columns) <= caught:
                found += 1
            else:
                missed += 1
                print(f"missed      {name} (seed {seed}): {[leak.finding for leak in leaks]}")
            for leak in leaks:
                if leak not in right or not set(leak.columns) <= set(case.columns):
                    print(f"besides     {name} (seed {seed}): {leak.kind} {leak.finding}")
        for name, make in CLEAN.items():
            leaks = found_in(make(np.random.default_rng([seed, 2])), seed)
            clean += 1
            false += bool(leaks)
            for leak in leaks:
                print(f"false alarm {name} (seed {seed}): {leak.kind} {leak.finding}")
    seconds = f"{time.perf_counter() - started:.0f} s"
    print(f"leaks found {found} of {found + missed}; false alarms {false} of {clean}; {seconds}")
    print(f"numpy {np.__version__}, polars {pl.__version__}, Python {platform.python_version()}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)
