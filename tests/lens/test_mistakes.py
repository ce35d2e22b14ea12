"""The worst rows: found, numbered as in the file, in the user's units."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl
import pytest

from glassnet.data.table import Table
from glassnet.errors import RecipeError
from glassnet.lens.mistakes import worst_rows


def spoiled(made, errors):
    """Rows whose truth is what the model answers, but for a few."""
    answers = made.model.predict(made.rows)
    truth = [answer - errors.get(place, 0.0) for place, answer in enumerate(answers)]
    return made.rows.with_columns(pl.Series("骑行", truth))


def test_planted_errors_are_found_the_largest_first(linear):
    made = linear()
    rows = spoiled(made, {7: 50.0, 300: -80.0, 11: 10.0})
    view = worst_rows(made.model, rows, count=2)
    assert [each.row for each in view.worst] == [301, 8]
    assert [each.error for each in view.worst] == pytest.approx([-80, 50], abs=1e-3)
    assert view.worst[0].predicted - view.worst[0].truth == pytest.approx(-80, abs=1e-3)
    assert view.share == pytest.approx((80**2 + 50**2) / (80**2 + 50**2 + 10**2), rel=1e-4)
    assert view.rows == 400


def test_rows_are_numbered_as_in_their_file_and_shown_as_written(linear):
    made = linear()
    rows = spoiled(made, {0: 50.0})
    table = Table(rows.with_columns(rows["when"]), "rides.csv", first_row=1001)
    worst = worst_rows(made.model, table, count=1).worst[0]
    assert worst.row == 1001
    assert list(worst.cells) == ["温度", "wind", "colour", "open", "when"]
    assert worst.cells["wind"] == "(missing)"


def test_classes_are_judged_by_the_probability_of_the_true_one(linear):
    made = linear("kind")
    view = worst_rows(made.model, made.rows, count=400)
    chances, answers = made.model.predict_proba(made.rows), made.model.predict(made.rows)
    truth = [made.model.task.classes.index(each) for each in made.rows["kind"]]
    for each in view.worst:
        assert each.probability == pytest.approx(chances[each.row - 1, truth[each.row - 1]])
        assert each.truth == made.rows["kind"][each.row - 1]
        assert each.predicted == answers[each.row - 1]
    found = [each.probability for each in view.worst]
    assert found == sorted(found)
    assert view.share == pytest.approx(1)


def test_a_model_without_a_mistake_shows_the_first_rows(linear):
    made = linear(weights={})
    rows = made.rows.with_columns(pl.lit(float(made.model.predict(made.rows)[0])).alias("骑行"))
    view = worst_rows(made.model, rows, count=2)
    assert [each.row for each in view.worst] == [1, 2]
    assert view.share == 0


def test_the_text_lines_up_and_the_view_is_json(linear):
    made = linear()
    view = worst_rows(made.model, spoiled(made, {7: 50.0}), count=3)
    lines = str(view).splitlines()
    assert lines[0] == "the worst 3 of 400 rows hold 100% of the squared error of 骑行"
    assert lines[1].split()[:5] == ["row", "truth", "predicted", "error", "温度"]
    assert lines[2].split()[0] == "8"
    assert asdict(view)["worst"][0]["cells"]["colour"] in ("red", "green", "blue")
    classes = linear("bought")
    assert "p(truth)" in str(worst_rows(classes.model, classes.rows, count=1))


def test_wrong_requests_are_named(linear):
    made = linear()
    with pytest.raises(RecipeError, match="count must be 1 or more, however: count=0"):
        worst_rows(made.model, made.rows, count=0)
    with pytest.raises(RecipeError, match="target must be one that the model predicts"):
        worst_rows(made.model, made.rows, target="wind")
