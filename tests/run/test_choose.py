"""What the recipe leaves open is chosen by the task and the number of rows, and the guide says how."""

from __future__ import annotations

from pathlib import Path

import pytest

import glassnet as gn
from glassnet.notation import parse_net
from glassnet.run import choose

GUIDE = " ".join((Path(__file__).parents[2] / "docs/guide/train.md").read_text(encoding="utf-8").split())


def test_the_guide_says_what_the_default_net_is():
    few, some, many = (choose.net_notation("tabular", rows) for rows in (1, choose.SOME, choose.MANY))
    counts = {16: "sixteen", 8: "eight", 4: "four"}
    sixteen, eight, four = (counts[parse_net(each).members] for each in (few, some, many))
    shared = {1: "a hidden layer", 2: "two hidden layers", 3: "three hidden layers"}[
        len(parse_net(few).hidden)
    ]
    said = [
        f"`{few}` is {sixteen} networks that share {shared}.",
        f"From {choose.SOME:,} training rows on there are {eight} networks, from {choose.MANY:,} on "
        f"{four} of less dropout (`{many}`)",
        f"Below {choose.FEW:,}, `{' and '.join(choose.OTHER_NETS)}`, smaller and without waves",
        f"the last {1 / (1 - choose.EMA):.0f} steps (`ema`, {choose.EMA}), which is calmer",
        f"at most about {choose.STEPS:,} steps (from {choose.MANY:,} rows on {choose.STEPS // 2:,} "
        f"larger ones) and {choose.default_epochs(1, 32)} epochs, and refitted for "
        f"{choose.REFIT_FACTOR} times the epochs",
    ]
    assert [each for each in said if each not in GUIDE] == []


@pytest.mark.parametrize("rows", [1, 100, 2_000, 6_000, 50_000, 1_000_000])
def test_the_default_net_is_trained_for_as_many_steps_as_its_batches_make(rows):
    batch = choose.default_batch_size("tabular", rows)
    epochs = choose.default_epochs(rows, batch)
    steps = epochs * max(1, -(-rows // batch))
    assert 1 <= epochs <= 300
    asked = choose.STEPS if rows < choose.MANY else choose.STEPS // 2
    assert epochs == 300 or asked <= steps <= asked + rows // batch + epochs


def test_a_batch_size_that_is_asked_for_leaves_as_many_steps():
    small, large = (choose.default_epochs(15_000, size) for size in (64, 512))
    assert [small * 15_000 // 64, large * 15_000 // 512] == pytest.approx([choose.STEPS] * 2, rel=0.05)


@pytest.mark.parametrize(
    ("options", "ema"),
    [({}, choose.EMA), ({"norm": "batch"}, 0.0), ({"norm": "batch", "ema": 0.5}, 0.5), ({"net": "4"}, 0.0)],
    ids=str,
)
def test_the_default_net_averages_its_weights_where_nothing_else_depends_on_them(frame, options, ema):
    assert gn.train(frame, target="y", epochs=1, **options).plan.ema == ema


@pytest.mark.parametrize(
    ("columns", "numbers"),
    [(["x1", "x2"], 2), (["x1", "colour"], 1), (["colour"], 0), (["day"], 0), (["x1"], 1)],
    ids=str,
)
def test_the_default_net_sees_waves_of_the_numbers_that_there_are(table, columns, numbers):
    rows = table().select(*columns, "y")
    model = gn.train(rows, target="y", epochs=1, refit=False, test="random:0.2", validation="random:0.2")
    waves = [each.net.endswith("+waves") for each in model.plan.trials]
    assert waves == [True, False]
    if model.plan.net.endswith("+waves"):
        assert len(model.architecture.numbers) == numbers
        assert (model.architecture.periodic is None) == (numbers == 0)
    assert model.predict(rows).shape == (160,)


@pytest.mark.parametrize(
    "options",
    [
        {"target": "count", "task": "poisson"},
        {"target": ["y", "y2"]},
        {"target": "bought", "class_weight": "balanced", "weight": "w"},
        {"target": "kind", "norm": "batch"},
        {"target": "kind", "precision": "bfloat16"},
        {"target": "y", "norm": "layer", "loss": "huber"},
        {"target": "y", "optimizer": "sgd", "schedule": "cosine", "l2": 0.01, "init": "kaiming_normal"},
    ],
    ids=str,
)
def test_the_default_net_trains_for_every_task_and_comes_back_from_its_file(table, options, tmp_path):
    targets = {"y", "y2", "count", "bought", "kind"}
    rows = table().drop(
        targets - {*([options["target"]] if isinstance(options["target"], str) else options["target"])}
    )
    model = gn.train(rows, epochs=2, test="random:0.25", **options)
    assert model.architecture.average == model.task.average
    model.save("model.glass")
    assert (gn.load("model.glass").predict(rows) == model.predict(rows)).all()
