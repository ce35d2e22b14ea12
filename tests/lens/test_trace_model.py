"""A saved model's answer, from the raw cell to the user's units, and its training step."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import torch

import glassnet as gn
from glassnet.randomness import stream


def close(trace, most=30):
    """Work out some numbers of every sheet again."""
    for name in trace.names:
        view = trace[name]
        for at in view.sheet.codes[:: max(1, len(view) // most)]:
            number = trace.ledger.number(int(at))
            assert not number.unknown
            parts = max([1e-3, *(abs(link.value) for link in number.links)])
            assert number.work_out() == pytest.approx(number.value, rel=1e-9, abs=1e-12 * parts), number


def reached(trace, code):
    """Give every given number that a number comes from, however far back."""
    left, seen, found = [code], {code}, set()
    while left:
        at = left.pop()
        number = trace.ledger.number(at)
        if not number.links:
            found.add(number.name)
        for link in number.links:
            sheet = trace.ledger.sheet(link.name)
            place = int(sheet.codes[trace.ledger.place(sheet, link.index)])
            if place not in seen:
                seen.add(place)
                left.append(place)
    return found


def table(rows=300):
    chance = stream(0, "test", "trace")
    temperature = chance.normal(20, 8, rows).round(1)
    wind = [None if i % 9 == 0 else float(v) for i, v in enumerate(chance.gamma(2, 3, rows).round(2))]
    signal = (temperature - 20) / 8
    return pl.DataFrame(
        {
            "temp": temperature,
            "wind": wind,
            "colour": np.array(["red", "green", "blue"])[chance.integers(3, size=rows)],
            "open": chance.random(rows) < 0.7,
            "when": (np.datetime64("2024-01-01") + np.arange(rows) * 2 // 3).astype(str),
            "rides": np.exp(4 + signal + 0.2 * chance.normal(size=rows)).round(2),
            "bought": np.where(signal + chance.normal(size=rows) > 0, "yes", "no"),
            "kind": np.array(["p", "q", "r"])[np.digitize(signal, [-0.5, 0.5])],
            "count": chance.poisson(np.exp(1 + 0.3 * signal)),
        }
    )


TARGETS = ("rides", "bought", "kind", "count")


def rows_for(target):
    return table().drop(name for name in TARGETS if name != target)


def train(target, **options):
    asked = {"test": "none", "epochs": 2, "net": "6:tanh", "task": "poisson" if target == "count" else "auto"}
    return gn.train(rows_for(target), target=target, **asked | options)


@pytest.mark.parametrize("target", TARGETS)
def test_an_answer_is_explained_from_the_raw_row_to_the_users_units(target):
    model, rows = train(target), rows_for(target)
    trace = gn.trace(model, rows=rows, row=8)
    close(trace)
    names = reached(trace, trace.answer)
    assert {"row.temp", "row.wind", "0.weight", "0.bias", "2.weight", "2.bias"} <= names
    one = rows[7].to_dicts()[0]
    if target in ("rides", "count"):
        assert trace.explain("answer").value == pytest.approx(float(model.predict(one)[0]), rel=1e-5)
        assert trace.explain("error").value == pytest.approx(trace.explain("answer").value - one[target])
    else:
        np.testing.assert_allclose(trace["answer"].values, model.predict_proba(one), atol=1e-6)
        assert trace["answer"][0, str(one[target])].index[0] == 0


def test_a_number_by_its_rank_is_placed_between_the_knots_beside_it():
    model, rows = train("rides", scaling="quantile"), rows_for("rides")
    column = next(each for each in model.schema.columns if each.name == "temp")
    between = rows.with_columns(temp=pl.Series([column.knots[3] + 0.01, 1e3, -1e3, *rows["temp"][3:]]))
    for row, expected in [(1, None), (2, column.scores[-1]), (3, column.scores[0])]:
        trace = gn.trace(model, rows=between, row=row)
        close(trace)
        number = trace["x"][0, "temp"]
        assert column.scores[3] < number.value < column.scores[4] or number.value == expected
        assert number.value == pytest.approx(float(model.schema.encode(model.table(between))[row - 1, 0]))


def test_each_kind_of_cell_has_its_arithmetic():
    model, rows = train("rides"), rows_for("rides")
    trace = gn.trace(model, rows=rows, row=2)
    cell = rows["temp"][1]
    column = next(each for each in model.schema.columns if each.name == "temp")
    number = trace["x"][0, "temp"]
    assert number.title == "x[0, temp]"
    assert number.arithmetic.startswith(f"({cell!r} - ")
    assert number.value == pytest.approx((cell - column.mean) / column.scale, rel=1e-12)
    colour = rows["colour"][1]
    assert trace["x"][0, f"colour={colour}"].arithmetic == f"('{colour}' == '{colour}')"
    other = next(each for each in ("red", "blue") if each != colour)
    assert trace["x"][0, f"colour={other}"].arithmetic == f"('{colour}' == '{other}')"
    assert trace["x"][0, "when month=2"].arithmetic == "(1 == 2)"
    assert trace["x"][0, "when day of year (sine)"].arithmetic.startswith("sin(")
    assert "== 'true')" in trace["x"][0, "open"].arithmetic
    assert trace["x"][0, "wind is missing"].arithmetic == "0"
    missing = gn.trace(model, rows=rows, row=1)
    assert missing["x"][0, "wind"].arithmetic == "0"
    assert missing["x"][0, "wind is missing"].arithmetic == "1"
    assert dict(missing.cells)["wind"] == "(missing)"


def test_several_rows_at_once_each_have_their_own_answer():
    model, rows = train("rides"), rows_for("rides")
    trace = gn.trace(model, rows=rows[:5])
    close(trace)
    np.testing.assert_allclose(trace["answer"].values, model.predict(rows[:5]), rtol=1e-5)
    assert trace["x"][3, "temp"].links[0].index == (3,)


@pytest.mark.parametrize("target", TARGETS)
def test_the_default_net_is_traced_whole_with_waves_and_members(target):
    model, rows = train(target, net="3x8:relu:0.3,8:relu+waves", validation="random:0.2"), rows_for(target)
    trace = gn.trace(model, rows=rows, row=8)
    assert trace.unknown == ()
    close(trace, most=6)
    assert {"signs", "periodic.frequency", "row.temp"} <= reached(trace, trace.answer)
    answer = np.ravel(model.predict_proba(rows[7]) if model.task.classes else model.predict(rows[7]))
    np.testing.assert_allclose(np.ravel(trace["answer"].values), answer, rtol=2e-5)


@pytest.mark.parametrize("scale", ["sqrt", "log"])
def test_an_answer_on_another_scale_ends_in_the_users_units(scale):
    model, rows = train("rides"), rows_for("rides")
    truth = rows["rides"].to_numpy()
    model.task = model.task.on_scale(scale, truth)
    trace = gn.trace(model, rows=rows, row=8)
    close(trace)
    assert trace.explain("answer").value == pytest.approx(float(model.predict(rows[7])[0]), rel=1e-4)
    step = gn.trace(model, rows=rows, row=8, train=True)
    wanted = math.sqrt(truth[7]) if scale == "sqrt" else math.log(truth[7])
    mean, deviation = model.task.targets[0].mean, model.task.targets[0].scale
    assert step.explain("y").value == pytest.approx((wanted - mean) / deviation, rel=1e-9)
    close(step, most=5)


@pytest.mark.parametrize("target", TARGETS)
def test_a_training_step_is_that_of_the_recipe(target):
    model = train(
        target, net="4x8:relu:0.3", optimizer="sgd", momentum=0.9, lr=0.05, l1=0.01, weight_decay=0.1
    )
    trace = gn.trace(model, rows=rows_for(target), row=8, train=True)
    close(trace, most=6)
    assert dict(trace.facts)["optimizer"] == "SGD lr=0.05 momentum=0.9 weight_decay=0.1"
    assert set(np.unique(trace["trunk.2.bytedropout.ge"].values)) == {0.0, 1.0}  # the mask
    assert trace["trunk.2.bytedropout.ge"][0].links[0].name == "trunk.2.bytedropout.drawn"
    truth = {f"row.{target}"} if target != "kind" else set()  # a class chooses a number, and is not in one
    assert {"row.temp", *truth} <= reached(trace, int(trace["trunk.0.weight.new"].sheet.codes[0]))
    again = gn.trace(model, rows=rows_for(target), row=8, train=True)
    np.testing.assert_array_equal(trace["output.weight.new"].values, again["output.weight.new"].values)


def test_a_saved_model_is_traced_as_before(tmp_path):
    model, rows = train("rides"), rows_for("rides")
    model.save(tmp_path / "m.glass")
    again = gn.load(tmp_path / "m.glass")
    one, other = (gn.trace(each, rows=rows, row=3).explain("answer").value for each in (model, again))
    assert one == other


def test_without_a_truth_there_is_an_answer_and_no_error():
    model, rows = train("rides"), rows_for("rides").drop("rides")
    trace = gn.trace(model, rows=rows, row=3)
    assert "error" not in trace
    with pytest.raises(gn.DataError, match="target column 'rides'"):
        gn.trace(model, rows=rows, row=3, train=True)


def test_the_data_of_the_run_is_read_again_where_it_is_still_the_same(tmp_path):
    path = tmp_path / "rides.csv"
    rows_for("rides").write_csv(path)
    model = gn.train(str(path), target="rides", test="none", epochs=1, net="4")
    assert gn.trace(model, row=5).explain("answer").value == pytest.approx(
        float(model.predict(rows_for("rides")[4])[0]), rel=1e-5
    )
    path.write_text(path.read_text() + "\n")
    with pytest.raises(gn.DataError, match="has changed since"):
        gn.trace(model, row=5)


@pytest.mark.parametrize("options", [{}, {"restarts": 2, "refit": True}])
def test_any_epoch_can_be_traced_where_the_run_kept_the_weights(tmp_path, options):
    model = train(
        "rides", out=tmp_path / "run", keep_weights=True, validation="random:0.2", epochs=4, **options
    )
    rows, weights = rows_for("rides"), tmp_path / "run" / "weights"
    epochs = range(1, len(model.history) + 1)
    traces = [gn.trace(model, rows=rows, row=3, epoch=each, weights=weights) for each in epochs]
    first = [each["0.weight"][0, 0].value for each in traces]
    assert len(set(first)) == len(epochs)
    now = gn.trace(model, rows=rows, row=3)
    assert first[model.history.best_epoch - 1] == now["0.weight"][0, 0].value
    close(traces[0])
    assert dict(traces[0].facts)["weights"] == "of epoch 1"
    with pytest.raises(gn.RecipeError, match=f"epoch=99, and .* holds {len(epochs)} from 1 to {len(epochs)}"):
        gn.trace(model, rows=rows, row=3, epoch=99, weights=weights)
    other = train("rides", seed=5)
    with pytest.raises(gn.RecipeError, match="no training that led to this model"):
        gn.trace(other, rows=rows, row=3, epoch=1, weights=weights)


def test_weights_of_epochs_do_not_change_the_run(tmp_path):
    files = []
    for keep in (False, True):
        train("rides", out=tmp_path / str(keep), keep_weights=keep)
        files.append(gn.load(tmp_path / str(keep) / "model.glass").net.state_dict())
    assert all(bool((files[0][name] == each).all()) for name, each in files[1].items())
    assert not (tmp_path / "False" / "weights").exists()


def test_any_epoch_of_a_module_can_be_traced_where_fit_kept_the_weights(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(3, 1))
    x, y = torch.randn(20, 3), torch.randn(20, 1)
    gn.fit(net, x, y, loss="mse", epochs=3, callbacks=[gn.EpochWeights(tmp_path / "kept")])
    asked = {"loss": "mse", "weights": tmp_path / "kept"}
    values = [gn.trace(net, x, y, epoch=each, **asked)["0.weight"].values for each in (1, 2, 3)]
    assert (values[0] != values[1]).all()
    np.testing.assert_array_equal(values[2], gn.trace(net, x, y, loss="mse")["0.weight"].values)
    with pytest.raises(gn.RecipeError, match="holds those of another net"):
        gn.trace(torch.nn.Sequential(torch.nn.Linear(2, 1)), x[:, :2], y, epoch=1, **asked)
    with pytest.raises(gn.RecipeError, match="holds none"):
        gn.trace(net, x, y, loss="mse", epoch=1, weights=tmp_path / "nowhere")
    with pytest.raises(gn.RecipeError, match="epoch and weights must come together"):
        gn.trace(net, x, y, loss="mse", epoch=1)
    (tmp_path / "kept" / "epoch-00001.safetensors").write_bytes(b"no weights")
    with pytest.raises(gn.FormatError, match="must hold the weights of an epoch"):
        gn.trace(net, x, y, epoch=1, **asked)


def test_what_was_not_kept_is_said_and_never_made_up():
    model, rows = train("rides"), rows_for("rides")
    best = model.history.best_epoch
    assert gn.trace(model, rows=rows, row=1, epoch=best).answer
    with pytest.raises(gn.RecipeError, match=f"epoch=77, and a model file keeps those of epoch {best} alone"):
        gn.trace(model, rows=rows, row=1, epoch=77)
    with pytest.raises(gn.DataError, match="row must name a row of DataFrame, however: row=0 of 300"):
        gn.trace(model, rows=rows, row=0)
    with pytest.raises(gn.DataError, match="at most 256 rows at once"):
        gn.trace(model, rows=rows)
    with pytest.raises(gn.DataError, match="the run's table was in memory"):
        gn.trace(model, row=1)
