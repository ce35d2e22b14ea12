"""``--tune`` tries what the user left open, in rounds, within its time; what was broken off goes on."""

from __future__ import annotations

import json

import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import RecipeError
from glassnet.plan.table import Trial
from glassnet.recipe import make_recipe
from glassnet.run import trials
from glassnet.run.tuning import BRACKET, bracket


def first(**more) -> Trial:
    return Trial(**{"net": "8x64:relu", "lr": 0.003, "weight_decay": 0.01, "batch_size": 32, **more})


class Plan:
    """The part of a plan that trials vary."""

    net, lr, weight_decay, batch_size = "8x64:relu", 0.003, 0.01, 32


def brackets(count=3, scales=("plain",), **options) -> list[Trial]:
    recipe, known = make_recipe(**options), []
    for _ in range(count):
        known += bracket(Plan, recipe, [first()], scales, known)
    return known


def test_the_first_bracket_begins_with_what_is_trained_without_tuning():
    found = brackets(1)
    assert found[0] == first()
    assert len(found) == BRACKET


def test_trials_are_distinct_and_a_pure_function_of_the_seed():
    assert len(set(brackets())) == 3 * BRACKET
    assert brackets() == brackets()
    assert brackets() != brackets(seed=1)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"net": "8x64:relu"}, "net"),
        ({"lr": 0.003}, "lr"),
        ({"weight_decay": 0.01}, "weight_decay"),
        ({"optimizer": "sgd"}, "lr"),
        ({"batch_size": 32}, "batch_size"),
    ],
)
def test_what_the_user_decided_is_the_same_in_every_trial(options, kept):
    found = brackets(**options)
    assert {getattr(each, kept) for each in found} == {getattr(first(), kept)}
    varied = {"net", "lr", "batch_size"} - {kept, *({"lr"} if options.get("optimizer") else set())}
    assert all(len({getattr(each, name) for each in found}) > 1 for name in varied)


def test_scales_of_the_target_are_tried_only_where_they_fit():
    assert {each.target_scale for each in brackets()} == {"plain"}
    assert {each.target_scale for each in brackets(scales=("plain", "sqrt"))} == {"plain", "sqrt"}


def test_where_everything_is_decided_there_is_nothing_to_try():
    decided = {"net": "8x64:relu", "lr": 0.003, "weight_decay": 0.01, "batch_size": 32}
    assert brackets(2, **decided) == [first()]


@pytest.mark.parametrize(
    "more",
    [{"budget": "5s"}, {"net": "own:Net"}, {"validation": "none"}],
    ids=["budget", "net", "validation"],
)
def test_tuning_needs_something_to_compare_by_and_no_other_limit(more):
    with pytest.raises(RecipeError, match=f"however: there is also {next(iter(more))}=.*leave"):
        make_recipe(data="x.csv", target="y", tune="5s", **more)


@pytest.fixture
def counted(monkeypatch):
    """Seconds count as epochs do, so that a test tunes the same on every machine."""

    def seconds(trained, pause):
        return float(sum(1 for each in trained.history if pause is None or each.epoch <= pause))

    monkeypatch.setattr(trials, "_seconds_of", seconds)


def tuned(frame: pl.DataFrame, **more):
    return gn.train(frame, target="y", tune=120.0, epochs=16, **more)


def test_the_best_trial_is_trained_to_its_end_and_refitted(frame, counted, tmp_path):
    model = tuned(frame, out=tmp_path / "run")
    done = model.plan.trials
    assert len(done) > BRACKET
    best = min((each for each in done if each.score is not None), key=lambda each: each.score)
    assert (model.plan.net, model.plan.lr, model.plan.batch_size) == (best.net, best.lr, best.batch_size)
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    names = {line["net"] for line in lines}
    assert names >= {"net", "net-trial2", f"net-trial{BRACKET}", "net-refit"}, "every trial is in the history"
    assert gn.load(tmp_path / "run" / "model.glass").plan.trials == done


def test_tuning_that_is_killed_goes_on_and_ends_with_the_same_bits(frame, counted, tmp_path, monkeypatch):
    frame.write_csv(tmp_path / "data.csv")
    options = {"target": "y", "tune": 40.0, "epochs": 16}
    alone = gn.train(tmp_path / "data.csv", out=tmp_path / "alone", **options).to_bytes()
    real, calls = trials.train_one, []

    def dies(*arguments, **named):
        calls.append(1)
        if len(calls) == 12:
            raise MemoryError("killed")
        return real(*arguments, **named)

    monkeypatch.setattr(trials, "train_one", dies)
    with pytest.raises(MemoryError):
        gn.train(tmp_path / "data.csv", out=tmp_path / "killed", **options)
    monkeypatch.setattr(trials, "train_one", real)
    again = gn.resume(tmp_path / "killed").to_bytes()
    assert again == alone
