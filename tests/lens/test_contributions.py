"""Contributions of one row: exact for linear models, complete for any net, in the user's units."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import DataError, RecipeError
from glassnet.lens.contributions import TOLERANCE, contributions


def values(view):
    return {each.column: each.value for each in view.columns}


def pushes(made, row):
    """What each column adds to the net's output: weight * (unit - training mean of the unit), by hand."""
    w, rows, cells = made.weights, made.rows, row.row(0, named=True)
    parts = {"温度": w["温度"] * (cells["温度"] - rows["温度"].mean()) / rows["温度"].std(ddof=0)}
    parts["wind"] = (
        w["wind is missing"]
        if cells["wind"] is None
        else w["wind"] * (cells["wind"] - rows["wind"].mean()) / rows["wind"].drop_nulls().std(ddof=0)
    )
    shares = {level: (rows["colour"] == level).mean() for level in ("red", "green", "blue")}
    parts["colour"] = sum(w[f"colour={x}"] * ((cells["colour"] == x) - shares[x]) for x in shares)
    parts["open"] = w["open"] * (cells["open"] - rows["open"].mean())
    return parts


@pytest.mark.parametrize("place", [0, 1, 7])  # row 0 has no wind
def test_a_linear_model_gives_weight_times_distance_from_the_mean(linear, place):
    made = linear()
    row = made.rows[place]
    view = contributions(made.model, row)
    scale = made.model.schema.targets[0].scale
    for name, push in pushes(made, row).items():
        assert values(view)[name] == pytest.approx(scale * push, rel=1e-5, abs=1e-4), name
    assert abs(view.residual) < 1e-9 * abs(view.output)
    assert view.unit == "骑行"


def test_the_logit_of_a_class_is_explained_and_its_probability_shown(linear):
    made = linear("bought")
    for place in range(20):
        row = made.rows[place]
        view = contributions(made.model, row)
        sign = 1 if view.answer == "yes" else -1
        for name, push in pushes(made, row).items():
            assert values(view)[name] == pytest.approx(sign * push, rel=1e-5, abs=1e-5), name
        assert view.answer == made.model.predict(row)[0]
        assert view.probability == pytest.approx(made.model.predict_proba(row).max(), abs=1e-6)
        assert math.log(view.probability / (1 - view.probability)) == pytest.approx(view.output)
    assert view.unit == f"logit of bought={view.answer}"


def test_counts_are_explained_in_counts(linear):
    """rate = exp(z): along the line each column has its share of the change, (rate - rate0) * push / all."""
    made = linear("count")
    row = made.rows[3]
    view = contributions(made.model, row)
    total = math.log(view.output / view.baseline_output)
    for name, push in pushes(made, row).items():
        expected = (view.output - view.baseline_output) * push / total
        assert values(view)[name] == pytest.approx(expected, rel=2e-3, abs=1e-4), name
    assert view.output == pytest.approx(made.model.predict(row)[0], rel=1e-5)


def test_a_number_added_to_every_logit_changes_nothing(linear):
    made = linear("kind")
    row = made.rows[5]
    before = contributions(made.model, row)
    layer = next(each for each in made.model.net.modules() if isinstance(each, nn.Linear))
    with torch.no_grad():
        layer.bias += 7.0
    after = contributions(made.model, row)
    assert values(after) == pytest.approx(values(before), abs=1e-5)
    assert after.output == pytest.approx(before.output, abs=1e-5)
    assert before.probability == pytest.approx(made.model.predict_proba(row).max(), abs=1e-6)


class Ensemble(nn.Module):
    """Four nets whose answers are averaged, with batch normalisation and dropout in them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(inputs, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, outputs)
            )
            for _ in range(4)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)


@pytest.mark.parametrize("net", ["32,32:relu", "16:tanh", Ensemble], ids=["relu", "tanh", "ensemble"])
@pytest.mark.parametrize("target", ["骑行", "kind"])
def test_contributions_baseline_and_residual_add_up_to_the_answer(linear, net, target):
    rows = linear(target).rows
    model = gn.train(rows, target=target, test="none", net=net, epochs=8)
    for place in (0, 17, 333):
        view = contributions(model, rows[place])
        total = view.baseline_output + sum(values(view).values()) + view.residual
        assert total == pytest.approx(view.output, rel=1e-9)
        assert view.error <= TOLERANCE
        if target == "骑行":
            assert view.output == pytest.approx(model.predict(rows[place])[0], rel=1e-5)


def test_steps_are_added_where_the_net_bends_sharply(linear):
    made = linear()
    narrow = nn.Sequential(nn.Linear(made.model.schema.width, 1), nn.Hardtanh(0, 0.01), nn.Linear(1, 1))
    model = gn.train(made.rows, target="骑行", test="none", validation="none", net=narrow, epochs=1)
    with torch.no_grad():
        model.net[0].weight.zero_()
        model.net[0].weight[0, 0] = 1.0
        model.net[0].bias.fill_(-0.5)
        model.net[2].weight.fill_(100.0)
    warm = made.rows.filter(pl.col("温度") > 30)[0]  # on the way there is a ramp, 1 % of it wide
    view = contributions(model, warm)
    assert view.steps > 64
    assert view.error <= TOLERANCE


def test_several_targets_are_explained_one_at_a_time(linear):
    made = linear()
    rows = made.rows.with_columns(half=pl.col("骑行") / 2)
    model = gn.train(rows, target=["骑行", "half"], test="none", net="8:tanh", epochs=3)
    for place, name in enumerate(["骑行", "half"]):
        view = contributions(model, rows[9], target=name)
        assert view.target == name
        assert view.output == pytest.approx(model.predict(rows[9])[0, place], rel=1e-5)
    with pytest.raises(RecipeError, match="however: target='haff'; did you mean 'half'"):
        contributions(model, rows[9], target="haff")


def test_another_baseline_can_be_given(linear):
    made = linear()
    same = contributions(made.model, made.rows[4], baseline=made.rows[4])
    assert set(values(same).values()) == {0.0}
    assert (same.error, same.residual) == (0.0, 0.0)
    training = contributions(made.model, made.rows[4], baseline=made.rows)
    known = contributions(made.model, made.rows[4])
    for name in ("温度", "colour", "open", "when"):  # wind is missing in a tenth of the rows
        assert values(training)[name] == pytest.approx(values(known)[name], rel=1e-3, abs=1e-3)


def test_the_model_is_left_as_it_was(linear):
    made = linear()
    made.model.net.train().zero_grad()
    with torch.no_grad():
        contributions(made.model, made.rows[0])
    weights = list(made.model.net.parameters())
    assert made.model.net.training
    assert all(each.dtype == torch.float32 and each.requires_grad and each.grad is None for each in weights)


def test_a_row_can_be_a_mapping_and_its_cells_are_shown_as_written(linear):
    made = linear()
    row = made.rows[0].row(0, named=True)
    view = contributions(made.model, row)
    assert {each.column: each.cell for each in view.columns}["wind"] == "(missing)"
    assert {each.column: each.cell for each in view.columns}["when"] == "2024-01-01"
    assert view == contributions(made.model, made.rows[0])


def test_the_text_lists_the_largest_first_and_shows_the_error(linear):
    made = linear(weights={"温度": 1.0})
    lines = str(contributions(made.model, made.rows[1])).splitlines()
    assert lines[0] == "骑行"
    assert lines[1].startswith("average training row")
    assert lines[2].split()[:2] == ["温度", "="]
    assert lines[-2].startswith("not accounted for")
    assert "0.00%, 64 steps" in lines[-2]
    assert lines[-1].startswith("this row")


def test_what_cannot_be_explained_is_named(linear):
    made = linear()
    with pytest.raises(DataError, match="contributions explain one row, however: DataFrame has 2"):
        contributions(made.model, made.rows[:2])

    class Rounded(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).detach().round()

    made.model.net = Rounded(made.model.schema.width, 1)
    with pytest.raises(RecipeError, match="contributions need a net that torch can copy"):
        contributions(made.model, made.rows[0])


def test_numbers_do_not_depend_on_the_unit_that_a_column_is_written_in(linear):
    """Fahrenheit instead of Celsius: the same net over the same standardised inputs, the same answer."""
    made = linear()
    hot = made.rows.with_columns((pl.col("温度") * 1.8 + 32).alias("温度"))
    model = gn.train(hot, target="骑行", test="none", validation="none", net="linear", epochs=1)
    model.net.load_state_dict(made.model.net.state_dict())
    one, other = values(contributions(made.model, made.rows[8])), values(contributions(model, hot[8]))
    assert np.allclose(list(one.values()), [other[name] for name in one], rtol=1e-4, atol=1e-4)
