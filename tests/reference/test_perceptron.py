"""Scores, units, layers, the trick and the algorithm, with the numbers of the course."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RequestError
from glassnet.reference import perceptron
from glassnet.reference.functions import sigmoid
from glassnet.reference.perceptron import Perceptron, course_start, score, trick
from glassnet.reference.tables import table

ADMISSION = Perceptron((2, 1), -18)


def test_the_line_of_the_admissions_classroom_C02():
    assert ADMISSION.score([[9, 8], [3, 4], [7, 6]]).tolist() == [8, -8, 2]
    assert ADMISSION([[9, 8], [3, 4], [7, 6]]).tolist() == [1, 0, 1]
    assert str(ADMISSION) == "2*x1 + 1*x2 - 18"


def test_a_line_is_not_enough_for_the_fourth_student_C02():
    """Test 9 and grade 1 score +1, so the line accepts whom the school did not."""
    students = table(ADMISSION, [[9, 8], [3, 4], [9, 1]], [1, 0, 0], wants="the school")
    assert students.scores.tolist() == [8, -8, 1]
    assert students.sentence.startswith("1 of 3 rows is wrong: (9, 1) gives 1, the school wants 0; ")


@pytest.mark.parametrize("inputs", [1, 2, 3, 7])
def test_the_score_is_a_dot_product_in_any_dimension_C03(inputs):
    chance = np.random.default_rng(inputs)
    x, w = chance.normal(size=(5, inputs)), chance.normal(size=inputs)
    expected = [sum(w[i] * row[i] for i in range(inputs)) + 0.5 for row in x]
    np.testing.assert_allclose(score(x, w, 0.5), expected, rtol=1e-12)
    on_the_plane = x - np.outer(score(x, w, 0.5), w) / (w @ w)
    np.testing.assert_allclose(score(on_the_plane, w, 0.5), 0, atol=1e-14)
    assert np.shape(score(x[0], w)) == ()
    assert score(np.zeros((0, inputs)), w).shape == (0,)


def test_the_bias_is_the_weight_of_a_unit_that_is_always_1_C04():
    x = np.random.default_rng(0).normal(size=(6, 3))
    with_unit = perceptron.with_bias_unit(x)
    assert (with_unit[:, -1] == 1).all()
    np.testing.assert_allclose(score(with_unit, [1, 2, 3, -0.7]), score(x, [1, 2, 3], -0.7), rtol=1e-14)
    assert perceptron.with_bias_unit([5.0]).tolist() == [5, 1]


def test_the_neuron_with_the_sign_function_says_plus_or_minus_one_C04():
    assert perceptron.mcculloch_pitts([[1, 1], [0, 1], [0, 0]], [1, 1], -1).tolist() == [1, 1, -1]


def test_several_outputs_are_a_matrix_product_layer_after_layer_C04():
    chance = np.random.default_rng(3)
    a = chance.normal(size=(5, 4))
    stack = [(chance.normal(size=(n, m)), chance.normal(size=n)) for m, n in ((4, 3), (3, 3), (3, 2))]
    (w1, b1), (w2, b2), (w3, b3) = stack
    expected = sigmoid(sigmoid(sigmoid(a @ w1.T + b1) @ w2.T + b2) @ w3.T + b3)
    np.testing.assert_array_equal(perceptron.layers(a, stack, sigmoid), expected)
    linear = torch.nn.functional.linear(*(torch.from_numpy(each) for each in (a, w1, b1))).numpy()
    np.testing.assert_allclose(perceptron.layer(a, w1, b1, lambda z: z), linear, rtol=1e-12)
    assert perceptron.layer(a[0], w1, b1).shape == (3,)


def test_the_trick_without_and_with_a_rate_C06():
    line = Perceptron((3, 4), -10)
    whole = trick(line, (4, 5), target=0)
    assert (whole.after.weights, whole.after.bias) == ((-1, -1), -11)
    part = trick(line, (4, 5), target=0, rate=0.1)
    np.testing.assert_allclose((*part.after.weights, part.after.bias), (2.6, 3.5, -10.1), rtol=1e-15)
    assert str(whole).splitlines() == [
        "point (4, 5), wanted 0",
        "before: 3*x1 + 4*x2 - 10 = 22, output 1, wrong",
        "after:  -1*x1 - 1*x2 - 11 = -20, output 0, right",
    ]


def test_the_trick_adds_for_the_wrongly_negative_and_leaves_what_is_right_C06():
    line = Perceptron((3, 4), -100)
    assert trick(line, (4, 5), target=1).after == Perceptron((7, 9), -99)
    assert trick(line, (4, 5), target=0).after == line


def test_each_correction_moves_the_score_by_rate_times_length_C06():
    before = Perceptron((3, 4), -10)
    after = trick(before, (4, 5), target=0, rate=0.1).after
    assert before.score((4, 5)) - after.score((4, 5)) == pytest.approx(0.1 * (4**2 + 5**2 + 1))


@pytest.mark.parametrize(
    ("seed", "weights", "bias", "line"),
    [
        (42, [-0.41144508, -0.22328717], 0.30199394, [-1.84267226, 1.35249122]),
        (12, [-0.34798826, -0.18765227], 0.25331502, [-1.85443134, 1.34991711]),
    ],
)
def test_the_algorithm_ends_where_the_course_ends_C07(course_points, seed, weights, bias, line):
    inputs, targets = course_points
    run = perceptron.train(inputs, targets, rate=0.01, epochs=25, start=course_start(inputs, seed))
    np.testing.assert_array_equal(run.weights[-1].round(8), weights)
    assert round(float(run.biases[-1]), 8) == bias
    np.testing.assert_array_equal(run.lines[-1].round(8), line)
    assert run.errors[-1] == 8


def test_the_start_of_the_course_needs_no_file_and_no_global_generator_C07():
    """The legacy generator with seed 42 begins 0.37454012, 0.95071431, 0.73199394."""
    state = np.random.get_state()[1].copy()
    weights, bias = course_start([[0.0, 0.1], [1.0, 7.0]], 42)
    np.testing.assert_array_equal(weights.round(8), [0.37454012, 0.95071431])
    assert round(bias, 8) == 1.73199394
    assert (np.random.get_state()[1] == state).all()


def test_the_run_keeps_the_line_of_every_epoch_C07(clouds):
    run = perceptron.train(*clouds, epochs=7, seed=3)
    assert run.weights.shape == (8, 2)
    assert run.biases.shape == run.errors.shape == (8,)
    assert run.lines.shape == (8, 2)
    assert run.epochs == 7
    w, b = run.weights[4], run.biases[4]
    slope, intercept = run.lines[4]
    np.testing.assert_allclose(score([[0.0, intercept], [1.0, slope + intercept]], w, b), 0, atol=1e-12)
    np.testing.assert_array_equal(run.errors, run.wrong)
    np.testing.assert_array_equal(run.inputs, clouds[0])
    np.testing.assert_array_equal(run.targets, clouds[1])


def test_the_algorithm_is_the_trick_point_after_point_C07(clouds):
    inputs, targets = clouds
    unit = Perceptron((0.5, -0.2), 0.1)
    run = perceptron.train(inputs, targets, rate=0.05, epochs=2, start=(unit.weights, unit.bias))
    for _ in range(2):
        for point, target in zip(inputs, targets, strict=True):
            unit = trick(unit, point, target, rate=0.05).after
    np.testing.assert_array_equal(run.weights[-1], unit.weights)


def test_the_algorithm_is_the_loop_that_the_course_writes_C07(clouds):
    inputs, targets = clouds
    start = course_start(inputs, 12)
    weights, bias, lines = start[0].copy(), start[1], []
    for _ in range(25):
        for row in range(len(inputs)):
            prediction = 1 if inputs[row] @ weights + bias >= 0 else 0
            if targets[row] - prediction == 1:
                weights[0] += inputs[row][0] * 0.01
                weights[1] += inputs[row][1] * 0.01
                bias += 0.01
            elif targets[row] - prediction == -1:
                weights[0] -= inputs[row][0] * 0.01
                weights[1] -= inputs[row][1] * 0.01
                bias -= 0.01
        lines.append((-weights[0] / weights[1], -bias / weights[1]))
    run = perceptron.train(inputs, targets, rate=0.01, epochs=25, start=start)
    np.testing.assert_allclose(run.lines[1:], lines, rtol=1e-12)


def test_the_same_seed_gives_the_same_lines_and_another_seed_others_C07(clouds):
    first, again, other = (perceptron.train(*clouds, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.lines, again.lines)
    assert (first.weights[0] != other.weights[0]).all()


def test_where_a_line_separates_the_classes_it_is_found_and_kept(clouds):
    """Novikoff's bound on the number of corrections, for the margin of the line that was found."""
    inputs, targets = clouds
    run = perceptron.train(inputs, targets, rate=1.0, epochs=200, start=([0.0, 0.0], 0.0))
    done = int((run.errors == 0).argmax())
    assert 0 < done < 200
    assert (run.weights[done:] == run.weights[done]).all()
    with_unit, line = perceptron.with_bias_unit(inputs), np.append(run.weights[-1], run.biases[-1])
    margin = ((2 * targets - 1) * (with_unit @ line)).min() / np.linalg.norm(line)
    radius = np.linalg.norm(with_unit, axis=1).max()
    model, corrections = (np.zeros(2), 0.0), 0
    for _ in range(done):
        for point, target in zip(inputs, targets, strict=True):
            after = perceptron.corrected(*model, point, target, 1.0)
            corrections += after[1] != model[1]
            model = after
    assert 0 < corrections <= (radius / margin) ** 2


def test_a_vertical_line_has_an_infinite_slope():
    run = perceptron.train([[0.0, 0.0], [1.0, 0.0]], [0, 1], epochs=0, start=([1.0, 0.0], -0.5))
    assert np.isinf(run.lines[0, 0])


def test_a_run_prints_its_start_its_end_and_no_more_than_twelve_lines(clouds):
    lines = str(perceptron.train(*clouds, epochs=25)).splitlines()
    assert lines[0] == "perceptron, 25 epochs"
    assert lines[1].split() == ["epoch", "w1", "w2", "bias", "rows", "wrong"]
    assert [lines[2].split()[0], lines[-1].split()[0], len(lines)] == ["0", "25", 14]


def test_all_problems_of_a_training_are_said_together():
    with pytest.raises(RequestError) as caught:
        perceptron.train([[0.0, np.nan]], [2], rate=-1, epochs=2.5)
    assert caught.value.problems == (
        "inputs must be finite, however: inputs[0, 1] is nan; fill or drop what is missing",
        "targets must be 0 or 1, however: it holds 2; call one class 0 and the other 1",
        "rate must be finite and above 0, however: rate=-1; write a small number, such as 0.01",
        "epochs must be a whole number, 0 or above, however: epochs=2.5; write for example 25",
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: perceptron.train([], []), r"inputs must have shape \(rows, inputs\)"),
        (lambda: perceptron.train([[1.0]], [0, 1]), r"targets must have shape \(1,\)"),
        (
            lambda: perceptron.train([[1.0]], [0], start=([1.0, 2.0], 0)),
            "one weight for each of the 1 inputs",
        ),
        (lambda: perceptron.train([[1.0]], [0], start=([1.0], [0])), "the bias must be one number"),
        (lambda: perceptron.train([[1.0]], [0], start=([np.inf], 0)), r"weights\[0\] is inf"),
        (
            lambda: perceptron.train([[1.0]], [0], start=Perceptron((1,), 0)),
            "start must be weights and a bias",
        ),
        (lambda: perceptron.train([[1.0, 2, 3]], [0]).lines, "a line must have one or two inputs"),
        (lambda: perceptron.train([[1.0]], [0], seed=-1), "seed must be a whole number"),
        (lambda: perceptron.train([[1.0]], [0], rate="fast"), "rate='fast'"),
        (lambda: score([[1.0, 2.0]], [1.0]), "one weight for each of the 2 inputs"),
        (lambda: score(3.0, [1.0]), r"the shape is \(\)"),
        (lambda: score([1.0], [1.0], "high"), "bias must be numbers"),
        (lambda: Perceptron((1, np.nan), 0)([1, 2]), "weights must be finite"),
        (lambda: perceptron.layer([1, 2], [[1, 2]], [0, 0]), r"biases \(units,\), however: the shapes are"),
        (lambda: trick(Perceptron((1,), 0), (1,), target=3), "target must be 0 or 1"),
        (lambda: trick(Perceptron((1,), 0), [(1,)], target=1), r"point must have shape \(inputs,\)"),
        (lambda: course_start([1.0], 42), r"inputs must have shape \(rows, inputs\)"),
    ],
)
def test_bad_input_is_an_error_that_names_it(call, message):
    with pytest.raises(RequestError, match=message):
        call()
