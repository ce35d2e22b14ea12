"""What a run does with leaks: left out and named, kept and warned of, stored with the model, said once."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.cli import run
from glassnet.data.sources import open_source
from glassnet.recipe import make_recipe, read_recipe, write_recipe
from glassnet.run.prepare import prepare

QUICK = {"target": "y", "net": "4", "epochs": 1, "batch_size": 32}
ROWS = 400


def chance(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape or ROWS)


def rides(rows: int = ROWS) -> pl.DataFrame:
    """Two kinds of rides that add up to ``y``, and honest columns."""
    x = chance(rows, 3).round(3)
    parts = np.random.default_rng(1).poisson(np.exp(2 + x[:, :2] / 2))
    honest = pl.DataFrame(x, schema=["a", "b", "c"])
    return honest.with_columns(
        members=pl.Series(parts[:, 0]), guests=pl.Series(parts[:, 1]), y=pl.Series(parts.sum(1))
    )


def honest() -> pl.DataFrame:
    return rides().drop("members", "guests")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict, str]:
    """Train on ``data.csv`` and return the JSON object, and what stood on standard error."""
    command = ["train", "data.csv", "--target", "y", "--net", "4", "--epochs", "1", "--json", "--quiet"]
    with warnings.catch_warnings():
        warnings.simplefilter("always", gn.GlassnetWarning)
        assert run([*command, "--out", "run", *arguments]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


# --- columns that give the target away -----------------------------------------------------------------


def test_every_column_of_a_leaking_set_is_left_out_and_named(capsys):
    rides().write_csv("data.csv")
    found, err = shown(capsys)
    assert found["left_out"] == {"members": "members + guests = y", "guests": "members + guests = y"}
    assert found["warnings"] == []
    assert err == ""
    (leak,) = found["leaks"]
    assert (leak["kind"], leak["columns"]) == ("leak", ["members", "guests"])
    assert leak["evidence"]["fitting"] == 1.0


def test_what_was_left_out_stands_among_the_columns_and_under_the_scores(capsys):
    rides().write_csv("data.csv")
    assert run(["train", "data.csv", "--target", "y", "--net", "4", "--epochs", "1", "--out", "run"]) == 0
    out, err = capsys.readouterr()
    line = "left out for giving the target away: members, guests (members + guests = y); see --keep-leaks"
    assert line in out.splitlines()
    assert [row.split()[:4] for row in err.splitlines() if row.startswith("members")] == [
        ["members", "leak,", "left", "out"]
    ]
    assert run(["inspect", "run/model.glass"]) == 0
    assert line in capsys.readouterr().out.splitlines()


def test_kept_leaks_are_used_and_a_warning_names_them(capsys):
    rides().write_csv("data.csv")
    found, err = shown(capsys, "--keep-leaks")
    assert found["left_out"] == {}
    (warning,) = (each for each in found["warnings"] if "prediction intervals" not in each)
    assert warning == (
        "kept leak: inputs must not give the target 'y' away, however: 'members', 'guests' do: members + "
        "guests = y (in 100.0% of the rows); kept as you ask: the scores hold only where they are known "
        "before 'y' is"
    )
    assert err == f"warning: {warning}\n"
    assert gn.load("run/model.glass").predict(rides()[:3]).shape == (3,)


def test_keeping_leaks_is_a_field_of_the_recipe():
    recipe = make_recipe(target="y", keep_leaks=True)
    assert read_recipe(write_recipe(recipe)).keep_leaks
    assert not make_recipe(target="y").keep_leaks
    with pytest.warns(gn.GlassnetWarning, match="^kept leak: .*'members', 'guests' do"):
        model = gn.train(rides(), keep_leaks=True, **QUICK)
    assert {"members", "guests"} <= {each.name for each in model.schema.columns}


def test_rows_to_be_predicted_need_no_column_that_was_left_out():
    model = gn.train(rides(), **QUICK)
    assert np.array_equal(model.predict(rides()[:5]), model.predict(honest()[:5]))


def test_leaks_travel_in_the_file_with_the_models_results():
    model = gn.train(rides(), **QUICK)
    model.save("model.glass")
    again = gn.load("model.glass").results
    assert again == model.results
    assert again.leaks[0].columns == ("members", "guests")
    assert str(again).splitlines()[-1].startswith("left out for giving the target away: members, guests")


def test_a_role_that_was_asked_for_does_not_protect_a_leak():
    model = gn.train(rides(), roles={"members": "number"}, **QUICK)
    assert set(model.schema.left_out) == {"members", "guests"}


def test_a_column_that_was_dropped_is_no_part_of_any_leak():
    model = gn.train(rides(), drop="guests", **QUICK)
    assert model.schema.left_out == {"guests": "dropped, asked for"}
    assert model.results.leaks == ()


@pytest.mark.parametrize("test", ["cv:3", "windows:2x50", "last:100", "group:b", "file:other.csv", "none"])
def test_leaks_are_left_out_whatever_the_split(test):
    frame = rides().with_columns(b=pl.Series(np.arange(ROWS) % 20))
    frame[:100].with_columns(pl.col("a") + chance(100, seed=2)).write_csv("other.csv")
    model = gn.train(frame, test=test, **QUICK)
    assert {"members", "guests"} <= set(model.schema.left_out)


@pytest.mark.parametrize("task", ["regression", "poisson", "binary", "multiclass", "multioutput"])
def test_leaks_are_left_out_whatever_the_task(task):
    y = rides()["y"].to_numpy()
    targets = {"binary": np.where(y > 15, "many", "few"), "multiclass": np.digitize(y, [11, 19])}
    target = targets.get(task, y)
    frame = honest().with_columns(y=pl.Series(target), copy=pl.Series(target), other=pl.Series(chance()))
    names = "y,other" if task == "multioutput" else "y"
    frame = frame if task == "multioutput" else frame.drop("other")
    model = gn.train(frame, task=task, **{**QUICK, "target": names})
    assert set(model.schema.left_out) == {"copy"}


def test_a_resumed_run_finds_what_the_first_start_found(broken_off):
    rides().write_csv("data.csv")
    alone = gn.train("data.csv", out="alone", **QUICK).to_bytes()
    broken_off("train_nets", "data.csv", **QUICK)
    assert gn.resume("run").to_bytes() == alone


# --- what crosses the split ----------------------------------------------------------------------------


def sorted_by_class() -> pl.DataFrame:
    y = (chance() > 0.4).astype(int)
    frame = honest().drop("y").with_columns(y=pl.Series(y)).sort("y")
    return frame.with_columns(number=pl.arange(1, ROWS + 1))


def patients() -> pl.DataFrame:
    who = np.random.default_rng(6).integers(0, 60, ROWS)
    ill = np.random.default_rng(7).integers(0, 2, 60)[who]
    return honest().with_columns(
        patient=pl.Series([f"P{each:02d}" for each in who]),
        y=pl.Series(ill).replace_strict({0: "no", 1: "yes"}),
    )


def copies() -> pl.DataFrame:
    frame = pl.DataFrame(chance(ROWS, 5), schema=list("abcde")).with_columns(y=pl.Series(chance(seed=3)))
    moved = frame[:200].with_columns(pl.col("a") + 1e-5, pl.col("b") - 1e-5)
    return pl.concat([frame, moved])


def series() -> pl.DataFrame:
    hours = [datetime(2024, 1, 1) + timedelta(hours=each) for each in range(ROWS)]
    return pl.DataFrame({"hour": hours, "a": chance(), "y": np.cumsum(chance(seed=4))})


CROSSINGS = {
    "identifier": (sorted_by_class, ["number"]),
    "group": (patients, ["patient"]),
    "near duplicates": (copies, []),
    "time": (series, ["hour"]),
}


@pytest.mark.parametrize("name", CROSSINGS)
def test_what_crosses_the_split_is_a_named_warning_and_leaves_nothing_out(name, capsys):
    make, columns = CROSSINGS[name]
    make().write_csv("data.csv")
    found, err = shown(capsys, "--test", "random:0.2")
    (warning,) = (each for each in found["warnings"] if each.startswith(f"{name}: "))
    assert err == f"warning: {warning}\n"
    (leak,) = found["leaks"]
    assert (leak["kind"], leak["columns"]) == (name.replace(" ", "_"), columns)
    assert not set(columns) & set(found["left_out"]) - {"number"}
    stored = gn.load("run/model.glass").results
    assert stored.warnings() == (warning,)
    assert str(stored).splitlines()[-1] == warning
    assert run(["inspect", "run/model.glass"]) == 0
    assert warning in capsys.readouterr().out.splitlines()


def test_a_finished_run_that_is_resumed_still_says_what_to_distrust(capsys):
    copies().write_csv("data.csv")
    found, _ = shown(capsys)
    assert run(["train", "--resume", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == found["warnings"] != []
    assert run(["train", "--resume", "run"]) == 0
    assert found["warnings"][0] in capsys.readouterr().out.splitlines()


def test_without_test_rows_the_validation_rows_are_judged_and_named():
    options = {"validation": "random:0.3", "test": "none", **QUICK}
    with pytest.warns(gn.GlassnetWarning, match=r"^time: validation rows must .* --validation last:0\.2$"):
        gn.train(series(), **options)


@pytest.mark.parametrize("test", ["windows:3x60", "last:80", None])
def test_a_split_by_time_is_no_warning(test):
    assert gn.train(series(), test=test, **QUICK).results.leaks == ()


def test_folds_that_mix_the_time_are_one_warning():
    with pytest.warns(gn.GlassnetWarning) as caught:
        gn.train(series(), test="cv:3", **QUICK)
    assert [str(each.message)[:5] for each in caught] == ["time:"]


@pytest.mark.parametrize("validation", ["random:0.2", "none"])
def test_a_run_without_test_rows_can_be_searched(validation):
    assert gn.train(honest(), test="none", validation=validation, **QUICK).results.leaks == ()


# --- real data -----------------------------------------------------------------------------------------


def searched(data: str | Path, target: str | None = None, test: str | None = None):
    recipe = make_recipe(data=str(data), target=target or (), test=test)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return prepare(recipe, open_source(str(data))).leaks


@pytest.mark.parametrize("test", [None, "random:0.2", "cv:5"])
@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes", "wine", "iris", "moons", "spiral"])
def test_bundled_data_raises_no_alarm(name, test):
    assert searched(name, test=test) == ()


@pytest.mark.parametrize("test", [None, "windows:6x21d", "last:504"])
def test_the_made_up_rides_have_their_one_leak(test):
    (leak,) = searched("synthetic-rides", test=test)
    assert leak.finding == "casual + registered = cnt"


@pytest.mark.parametrize("test", [None, "windows:6x21d", "last:504", "random:0.2"])
def test_the_measured_rides_have_their_one_leak(test, local_data):
    first, *others = searched(local_data("bike-sharing/hour.csv"), "cnt", test)
    assert (first.columns, first.finding) == (("casual", "registered"), "casual + registered = cnt")
    assert [each.kind for each in others] == (["time"] if test == "random:0.2" else [])


def test_the_admissions_raise_no_alarm(local_data):
    assert searched(local_data("admissions/student_data.csv"), "admit") == ()
