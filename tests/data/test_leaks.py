"""Leaks: what gives the target away is found and named, and what is only strong is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from glassnet.data.bundled import BUNDLED
from glassnet.data.leaks import Leak, find_leaks
from glassnet.data.roles import infer_roles
from glassnet.data.split import Fold
from glassnet.data.synthetic import SYNTHETIC
from glassnet.data.table import Table

ROWS = 800
CLASSES = {"text": "multiclass", "yes": "binary"}


def mixed(rows: int, seed: int = 0) -> Fold:
    """Split rows at random: 64 % train, 16 % validation, 20 % test."""
    order = np.random.default_rng(seed).permutation(rows)
    first, second = int(0.64 * rows), int(0.8 * rows)
    return Fold(np.sort(order[:first]), np.sort(order[first:second]), np.sort(order[second:]))


def found(
    frame: pl.DataFrame, target: str = "y", task: str = "regression", fold: Fold | None = None, **roles
):
    table = Table(frame, "table")
    kind = "number" if task == "regression" else "category"
    all_roles = infer_roles(table, {target: kind, **roles}, (), (target,))
    return find_leaks((table,), all_roles, (target,), task, fold or mixed(frame.height))


def caught(leaks: tuple[Leak, ...]) -> set[str]:
    return {name for leak in leaks if leak.gives_away for name in leak.columns}


def numbers(seed: int = 0, rows: int = ROWS) -> pl.DataFrame:
    """Make an honest regression: four columns matter, one does not, and there is noise."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, 5)).round(4)
    y = 50 + x @ [8.0, 5.0, 3.0, 2.0, 0.0] + chance.normal(0, 3, rows)
    return pl.DataFrame(x, schema=list("abcde")).with_columns(y=pl.Series(y.round(2)))


def classes(seed: int = 0, rows: int = ROWS) -> pl.DataFrame:
    """Make two honest classes, 35 % of class 1, that the columns tell apart in part."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, 4)).round(4)
    score = x @ [1.5, 1.0, 0.5, 0.0] + chance.logistic(size=rows)
    return pl.DataFrame(x, schema=list("abcd")).with_columns(
        y=pl.Series(score > np.quantile(score, 0.65)).cast(int)
    )


def with_column(frame: pl.DataFrame, **columns) -> pl.DataFrame:
    return frame.with_columns([pl.Series(name, np.asarray(values)) for name, values in columns.items()])


def wrong(values: np.ndarray, share: float) -> np.ndarray:
    chance = np.random.default_rng(9)
    return np.where(chance.random(len(values)) < share, chance.permutation(values), values)


def chance(shape=ROWS, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(5).normal(0, spread, shape)


FROM_NUMBER = {
    "copy": lambda y: y,
    "other unit": lambda y: 1.8 * y + 32,
    "copy with wrong cells": lambda y: wrong(y, 0.03),
    "copy with missing cells": lambda y: np.where(chance() > 1.5, np.nan, y),
    "little noise": lambda y: y + chance(spread=0.01 * y.std()),
    "logarithm": lambda y: np.log(y),
    "square": lambda y: (y - y.mean()) ** 2,
    "rank": lambda y: y.argsort().argsort(),
    "bucket": lambda y: np.array(["low", "mid", "high"])[np.searchsorted(np.quantile(y, [0.3, 0.7]), y)],
    "one of three ranges": lambda y: np.abs(y - np.median(y)) < 4,
}


@pytest.mark.parametrize("name", FROM_NUMBER)
def test_a_column_made_from_a_number_is_found(name):
    frame = numbers()
    assert caught(found(with_column(frame, z=FROM_NUMBER[name](frame["y"].to_numpy())))) == {"z"}


def test_a_sum_of_two_columns_is_found_named_and_written_out():
    frame = numbers()
    part = (chance(spread=10)).round(2)
    (leak,) = found(with_column(frame, casual=part, registered=frame["y"].to_numpy() - part))
    assert leak.columns == ("casual", "registered")
    assert leak.finding == "casual + registered = y"
    assert leak.kind == "leak"
    assert leak.evidence["fitting"] == 1.0
    assert leak.sentence == (
        "inputs must not give the target 'y' away, however: 'casual', 'registered' do: "
        "casual + registered = y (in 100.0% of the rows); they are left out; --keep-leaks keeps them"
    )


def test_differences_means_weighted_pairs_and_products_are_found():
    frame = numbers()
    y, other, third = frame["y"].to_numpy(), chance(spread=20), chance((2, ROWS), 9)[1]
    texts = [
        "income - cost = y",
        "(p + q + r) / 3 = y",
        "0.7 * v + 0.3 * u = y",
        "price * pieces = y",
    ]
    pieces = np.random.default_rng(3).integers(1, 30, ROWS)
    tables = [
        with_column(frame, income=y + 900 + other, cost=900 + other),
        with_column(frame, p=other, q=third, r=3 * y - other - third),
        with_column(frame, u=other, v=(y - 0.3 * other) / 0.7),
        with_column(frame, price=y / pieces, pieces=pieces),
    ]
    assert [leak.finding for table in tables for leak in found(table)] == texts


def test_a_sum_is_found_although_some_cells_are_wrong_or_missing():
    frame = numbers()
    part = chance(spread=10)
    rest = np.where(np.random.default_rng(2).random(ROWS) < 0.04, np.nan, frame["y"].to_numpy() - part)
    assert caught(found(with_column(frame, one=wrong(part, 0.02), other=rest))) == {"one", "other"}


def test_the_hours_between_two_dates_are_found():
    hours = np.random.default_rng(0).integers(1, 200, ROWS)
    start = [
        datetime(2024, 1, 1) + timedelta(hours=int(each))
        for each in np.random.default_rng(1).integers(0, 9000, ROWS)
    ]
    end = [each + timedelta(hours=int(hour)) for each, hour in zip(start, hours, strict=True)]
    frame = pl.DataFrame({"start": start, "end": end, "effort": hours * np.exp(chance() / 3), "y": hours})
    assert caught(found(frame)) == {"start", "end"}


FROM_CLASS = {
    "copy": lambda y: y,
    "other names": lambda y: np.where(y == 1, "churned", "stayed"),
    "copy with wrong cells": lambda y: wrong(y, 0.02),
    "score": lambda y: y + chance(spread=0.04),
    "amount paid afterwards": lambda y: np.where(y == 1, np.exp(chance()).round(2), 0.0),
    "paid afterwards in most cases": lambda y: np.where(
        (y == 1) & (chance() > -0.5), np.exp(chance()).round(2), 0.0
    ),
    "filled afterwards": lambda y: np.where(y == 1, "2024-05-01", None),
    "many statuses": lambda y: np.where(
        y == 1, np.where(chance() > 0, "left", "gone"), np.where(chance() > 0, "in", "on")
    ),
}


@pytest.mark.parametrize("name", FROM_CLASS)
def test_a_column_made_from_the_class_is_found(name):
    frame = classes()
    table = with_column(frame, z=FROM_CLASS[name](frame["y"].to_numpy()))
    assert caught(found(table, task="binary")) == {"z"}


def test_every_column_of_a_one_hot_copy_is_found():
    frame = BUNDLED["wine"]()
    named = frame.with_columns(
        [(pl.col("cultivar") == f"class_{each}").alias(f"is_{each}") for each in range(3)]
    )
    assert caught(found(named, "cultivar", "multiclass")) >= {"is_1", "is_2"}


BUNDLED_TASKS = {
    "iris": ("species", "multiclass"),
    "wine": ("cultivar", "multiclass"),
    "breast_cancer": ("diagnosis", "binary"),
    "diabetes": ("progression", "regression"),
}


@pytest.mark.parametrize("name", BUNDLED_TASKS)
def test_real_tables_with_strong_columns_raise_no_alarm(name):
    assert found(BUNDLED[name](), *BUNDLED_TASKS[name]) == ()


@pytest.mark.parametrize("name", ["xor", "circles", "spiral", "lines", "blobs"])
def test_points_that_their_two_coordinates_determine_raise_no_alarm(name):
    assert found(SYNTHETIC[name](), "label", "multiclass") == ()


def test_one_flower_that_single_columns_separate_without_error_is_honest():
    frame = BUNDLED["iris"]().with_columns(y=pl.col("species") == "setosa").drop("species")
    assert found(frame, task="binary") == ()


def test_a_law_of_all_columns_and_one_beside_noise_are_honest():
    x = chance((ROWS, 3))
    law = pl.DataFrame(x, schema=list("abc")).with_columns(y=pl.Series(x @ [3.0, -2.0, 1.0]))
    assert found(law) == ()
    assert found(with_column(law, noise=np.random.default_rng(8).normal(size=ROWS))) == ()
    assert found(pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] + x[:, 1]})) == ()
    sizes = np.abs(x) + 0.1
    assert (
        found(
            pl.DataFrame(
                {"m": sizes[:, 0], "v": sizes[:, 1], "noise": x[:, 2], "y": sizes[:, 0] * sizes[:, 1]}
            )
        )
        == ()
    )


def test_a_strong_column_is_honest_if_the_others_explain_what_it_does_not():
    x = chance((2000, 4))
    frame = pl.DataFrame(x, schema=list("abcd"))
    y = 10 * x[:, 0] + 0.8 * x[:, 1] + 0.3 * x[:, 2]
    assert np.corrcoef(x[:, 0], y)[0, 1] > 0.995
    assert found(with_column(frame, y=y)) == ()


def test_yesterdays_value_of_a_series_is_honest():
    series = np.cumsum(chance(1500))
    frame = pl.DataFrame(
        {"yesterday": series[7:-1], "last week": series[1:-7], "y": series[8:], "noise": chance(1492)}
    )
    assert found(frame) == ()


def test_groups_far_apart_are_no_buckets():
    kind = np.random.default_rng(4).integers(0, 2, ROWS)
    frame = pl.DataFrame(
        {"kind": np.array(["mouse", "cow"])[kind], "a": chance(), "y": 300 * kind + chance((2, ROWS), 9)[1]}
    )
    assert found(frame) == ()


def test_columns_that_give_the_target_away_are_kept_if_no_other_is_left():
    assert found(pl.DataFrame({"x": chance(), "y": 2 * chance()})) == ()


def test_an_identifier_in_the_order_of_the_target_is_a_warning():
    frame = classes().sort("y").with_columns(number=pl.arange(1, ROWS + 1))
    (leak,) = found(frame, task="binary")
    assert (leak.kind, leak.columns, leak.gives_away) == ("identifier", ("number",), False)
    assert leak.evidence["explained"] > 0.9


def test_an_identifier_that_only_counts_time_is_no_warning():
    frame = numbers().sort("y")
    days = [(datetime(2020, 1, 1) + timedelta(days=each)).date() for each in range(ROWS)]
    frame = with_column(frame, number=np.arange(1, ROWS + 1)).with_columns(day=pl.Series(days))
    last = Fold(np.arange(0, 500), np.arange(500, 640), np.arange(640, ROWS))
    assert found(frame, fold=last) == ()


def patients() -> pl.DataFrame:
    chance = np.random.default_rng(6)
    who = chance.integers(0, 90, ROWS)
    y = chance.integers(0, 2, 90)[who]
    return pl.DataFrame(
        {
            "patient": [f"P{each:03d}" for each in who],
            "a": chance.normal(y / 2, 1.0),
            "b": chance.normal(size=ROWS),
            "y": y,
        }
    )


def test_groups_that_share_their_label_are_a_warning_that_names_the_split():
    (leak,) = found(patients(), task="binary")
    assert (leak.kind, leak.columns) == ("group", ("patient",))
    assert leak.sentence.endswith("; split by it: --test group:patient")
    assert leak.evidence["same_target"] == 1.0
    assert leak.evidence["known_rows"] > 0.9


def test_a_split_by_group_is_no_warning():
    frame = patients()
    group = frame["patient"].rank("dense").to_numpy()
    fold = Fold(
        np.flatnonzero(group <= 50), np.flatnonzero((group > 50) & (group <= 65)), np.flatnonzero(group > 65)
    )
    assert found(frame, task="binary", fold=fold) == ()


def test_copies_with_tiny_differences_across_the_split_are_counted():
    frame = numbers()
    copies = frame.sample(200, seed=1).with_columns(
        pl.col("a", "b", "c", "d", "e") + pl.Series(chance(200, 1e-4))
    )
    (leak,) = found(pl.concat([frame, copies]))
    assert leak.kind == "near_duplicates"
    assert (
        0.1 < leak.evidence["share"] < 0.35
    )  # 200 pairs in 1,000 rows: a test row is in one with 40 %, its twin trains with 64 %
    assert leak.columns == ()


def test_rows_on_a_grid_and_rows_on_a_line_are_no_near_copies():
    chance = np.random.default_rng(7)
    grid = chance.integers(0, 60, (2000, 3))
    assert (
        found(pl.DataFrame(grid, schema=list("abc")).with_columns(y=pl.Series(chance.normal(size=2000))))
        == ()
    )
    x = chance.uniform(-2, 2, 2000)
    line = pl.DataFrame({"x": x, "x2": x**2, "x3": x**3, "y": x + chance.normal(0, 1, 2000)})
    assert found(line) == ()


def series() -> pl.DataFrame:
    moments = [datetime(2024, 1, 1) + timedelta(hours=each) for each in range(2000)]
    level = np.convolve(chance(2100), np.ones(50), "same")[:2000]
    return pl.DataFrame({"moment": moments, "a": level + chance((2, 2000), 5)[1], "y": level + chance(2000)})


def test_test_rows_older_than_training_rows_are_a_warning_where_time_matters():
    (leak,) = found(series())
    assert (leak.kind, leak.columns) == ("time", ("moment",))
    assert leak.evidence["older_rows"] > 0.95
    last = Fold(np.arange(1200), np.arange(1200, 1600), np.arange(1600, 2000))
    assert found(series(), fold=last) == ()


@pytest.mark.parametrize("seed", range(8))
def test_a_target_that_follows_the_time_by_chance_only_is_no_warning(seed):
    frame = series()[:200].with_columns(y=pl.Series(np.random.default_rng(seed).normal(size=200)))
    assert found(frame, fold=mixed(200, seed)) == ()


def test_a_date_that_the_target_does_not_depend_on_is_no_warning():
    frame = numbers().with_columns(
        born=pl.Series(
            [
                datetime(1950, 1, 1) + timedelta(days=int(each))
                for each in np.random.default_rng(3).integers(0, 20000, ROWS)
            ]
        )
    )
    assert found(frame) == ()


def test_each_of_several_targets_is_looked_at():
    frame = with_column(numbers(), other=chance())
    frame = with_column(frame, p=frame["y"].to_numpy() * 2, q=frame["other"].to_numpy() + 1)
    table = Table(frame, "table")
    roles = infer_roles(table, {}, (), ("y", "other"))
    assert caught(find_leaks((table,), roles, ("y", "other"), "multioutput", mixed(ROWS))) == {"p", "q"}


def test_the_search_is_the_same_every_time_and_does_not_look_at_test_rows():
    frame = with_column(numbers(), z=numbers()["y"].to_numpy())
    fold = mixed(ROWS)
    spoilt = frame["z"].to_numpy().copy()
    spoilt[fold.test] = 0.0
    first, again, other = (
        found(frame, fold=fold),
        found(frame, fold=fold),
        found(with_column(frame, z=spoilt), fold=fold),
    )
    assert first == again
    assert caught(first) == caught(other) == {"z"}


def test_a_table_of_few_rows_is_not_judged():
    assert found(with_column(numbers(rows=50), z=numbers(rows=50)["y"].to_numpy())) == ()


def test_a_rare_class_that_one_column_nearly_tells_is_no_division_by_zero():
    place = np.arange(3000)
    rare, weekday = place % 33 == 0, place % 7
    columns = {"free": (rare | (weekday < 2)) + 0, "weekday": weekday, "a": chance(3000), "y": rare + 0}
    assert found(pl.DataFrame(columns), task="binary") == ()


def test_columns_that_are_nearly_empty_or_vary_only_with_the_usual_target_are_no_warning_of_numpy():
    y = np.where(np.arange(ROWS) % 20 == 0, np.abs(chance()), 0.0)
    empty = np.where((np.arange(ROWS) > 100) & (np.arange(ROWS) < 104), chance(), np.nan)
    steady = np.where(np.arange(ROWS) % 2 == 0, 1000.0, chance())
    half = np.where(np.arange(ROWS) % 2 == 0, np.abs(chance()), 0.0)
    assert found(pl.DataFrame({"empty": empty, "a": chance(), "y": y})) == ()
    assert found(pl.DataFrame({"steady": steady, "a": chance((2, ROWS))[1], "y": half})) == ()
