"""The admissions network: the course's own printed numbers, and the right figures beside them."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import DataError, RecipeError
from glassnet.reference.admissions import (
    Students,
    held_out,
    made_up_students,
    read_students,
    start,
    train_admissions,
)
from glassnet.reference.dense import forward

PRINTED = [0.251357252, 0.249965407, 0.248620052, 0.247319932, 0.246063805, 0.244850442, 0.243678632,
           0.242547182, 0.241454916, 0.240400679]  # fmt: skip


def test_the_run_prints_what_the_course_prints_and_the_right_loss_beside_it_C24(local_data):
    students = read_students(local_data("admissions/student_data.csv"))
    run = train_admissions(students)
    assert [line.epoch for line in run.lines] == list(range(0, 900, 90))
    assert [line.printed for line in run.lines] == pytest.approx(PRINTED, abs=5e-10)
    assert run.accuracy == 0.725
    assert run.rows == (360, 40)
    train, _ = held_out(400)
    answers = forward(run.layers, students.features[train]).output[:, 0]
    right = ((answers - students.admitted[train]) ** 2).mean()
    assert run.lines[-1].loss == pytest.approx(right, abs=2e-3)
    assert abs(run.lines[-1].printed - right) > 0.01


def test_the_features_are_those_of_the_course_C24(local_data):
    students = read_students(local_data("admissions/student_data.csv"))
    assert students.features.shape == (400, 6)
    assert students.admitted.mean() == pytest.approx(0.3175)
    np.testing.assert_allclose(students.features[:, :2].std(axis=0, ddof=1), 1.0)
    np.testing.assert_array_equal(students.features[:, 2:].sum(axis=1), 1.0)


def loop_by_loop(students, epochs):
    """The course's program, row after row, as it is published."""
    train, _ = held_out(len(students.features))
    first, second = (layer.W.copy() for layer in start())
    w2 = second[:, 0]
    for _ in range(epochs):
        d1, d2 = np.zeros_like(first), np.zeros_like(w2)
        for x, y in zip(students.features[train], students.admitted[train], strict=True):
            hidden = 1 / (1 + np.exp(-(x @ first)))
            output = 1 / (1 + np.exp(-(hidden @ w2)))
            term = (y - output) * output * (1 - output)
            d2 += term * hidden
            d1 += term * w2 * hidden * (1 - hidden) * x[:, None]
        first += 0.005 * d1 / len(train)
        w2 += 0.005 * d2 / len(train)
    return first, w2


def test_one_matrix_product_does_what_the_course_does_row_by_row_C24():
    students = made_up_students(30)
    first, second = loop_by_loop(students, 5)
    layers = train_admissions(students, epochs=5).layers
    np.testing.assert_allclose(layers[0].W, first, rtol=1e-12)
    np.testing.assert_allclose(layers[1].W[:, 0], second, rtol=1e-12)


def test_it_runs_without_the_file_and_warns_where_the_course_would_C24():
    run = train_admissions()
    assert len(run.lines) == 10
    assert "WARNING" not in str(run)
    rising = Students(-made_up_students(30).features, made_up_students(30).admitted)
    lines = train_admissions(rising).lines
    for line, before in zip(lines[1:], lines, strict=False):
        assert line.printed_rose == (line.printed > before.printed)
        assert line.rose == (line.loss > before.loss)


def test_a_loss_that_rises_is_marked_in_the_column_where_it_rises_C24():
    """Two kinds of rows that move apart: the last row's answer leaves the mean of all targets behind."""
    features, admitted = np.full((20, 6), -3.0), np.zeros(20)
    train, _ = held_out(20)
    features[train[-8:]], admitted[train[-8:]] = 3.0, 1.0
    run = train_admissions(Students(features, admitted))
    assert any(line.printed_rose for line in run.lines)
    assert not any(line.rose for line in run.lines)
    assert "WARNING - rising" in str(run)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no rows"),
        ("admit,gre\n1,2\n", "has admit, gre; name the file"),
        ("admit,gre,gpa,rank\n0,380,3.6,3\n1,x,3.6,3\n", "line 3 must hold numbers"),
        ("admit,gre,gpa,rank\n2,380,3.6,3\n", "line 2 must have admit 0 or 1 and rank 1 to 4"),
        ("admit,gre,gpa,rank\n1,380,3.6,7\n", "however: admit=1, rank=7"),
    ],
)
def test_a_table_that_is_not_the_courses_is_an_error(tmp_path, text, found):
    path = tmp_path / "students.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=found):
        read_students(path)


def test_a_missing_file_and_too_few_rows_are_errors(tmp_path):
    with pytest.raises(DataError, match="must be a readable text file"):
        read_students(tmp_path / "none.csv")
    with pytest.raises(DataError, match="ten rows are needed, however: there are 9"):
        train_admissions(Students(np.zeros((9, 6)), np.zeros(9)))
    with pytest.raises(RecipeError, match="rows must be a whole number from 10"):
        made_up_students(9)
    with pytest.raises(RecipeError, match="epochs must be a whole number from 1"):
        train_admissions(epochs=0)
