"""AND, OR, NOT, NAND and XOR, and a check whose hint mends what is wrong (C05)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from glassnet.errors import RequestError
from glassnet.reference.gates import AND, NAND, NOT, OR, XOR, check, truth
from glassnet.reference.perceptron import Perceptron
from glassnet.reference.tables import table

GATES = {"AND": AND, "OR": OR, "NOT": NOT, "NAND": NAND, "XOR": XOR}
ONE_UNIT = ("AND", "OR", "NOT", "NAND")
ISSUE = "1 of 4 rows is wrong: (0, 1) gives 1, AND wants 0; a smaller bias moves the line away"


@pytest.mark.parametrize("name", GATES)
def test_every_gate_keeps_its_truth_table_C05(name):
    found = check(name, GATES[name])
    assert not len(found.wrong)
    assert found.sentence == f"all {len(found.targets)} rows are right"


def test_the_answer_of_the_course_is_right_with_the_step_at_zero_C05():
    found = check("AND", Perceptron((1, 1), -2))
    assert found.targets.tolist() == [0, 0, 0, 1]
    assert found.scores.tolist() == [-2, -1, -1, 0]
    assert not len(found.wrong)


def test_the_check_prints_the_table_and_what_is_wrong_C05():
    assert str(check("AND", Perceptron((1, 2), -2))).splitlines() == [
        "input 1  input 2  linear combination  activation  correct?",
        "0        0        -2                  0           yes",
        "0        1        0                   1           NO",
        "1        0        -1                  0           yes",
        "1        1        1                   1           yes",
        ISSUE,
    ]


def test_or_comes_from_and_by_larger_weights_or_a_bias_of_smaller_size_C05():
    """The course says "a smaller bias"; -1 is smaller in size than -2, and the larger number."""
    assert not len(check("OR", Perceptron((2, 2), -2)).wrong)
    assert not len(check("OR", Perceptron((1, 1), -1)).wrong)
    assert len(check("OR", Perceptron((1, 1), -3)).wrong) == 3


def test_xor_is_wired_of_and_or_and_not_C05():
    assert XOR([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [0, 1, 1, 0]
    assert "linear combination" not in str(check("XOR", XOR))


def test_not_of_two_inputs_is_that_of_the_last_as_the_course_asks_it_C05():
    assert truth("NOT")[1].tolist() == [1, 0, 1, 0]
    assert not len(check("NOT", Perceptron((0, -1), 0)).wrong)


@pytest.mark.parametrize(
    ("gate", "weights", "bias", "sentence"),
    [
        ("AND", (1, 2), -2, ISSUE),
        (
            "AND",
            (1, 1),
            -1,
            "2 of 4 rows are wrong: (0, 1) gives 1, AND wants 0; (1, 0) gives 1, AND wants 0; "
            "a smaller bias moves the line away",
        ),
        (
            "AND",
            (1, 1),
            -3,
            "1 of 4 rows is wrong: (1, 1) gives 0, AND wants 1; a larger bias moves the line closer",
        ),
        (
            "AND",
            (1, -1),
            -2,
            "1 of 4 rows is wrong: (1, 1) gives 0, AND wants 1; "
            "a weight of input 2 above 0 turns the line, then the bias can move it into place",
        ),
        (
            "NOT",
            (1,),
            0,
            "1 of 2 rows is wrong: (1,) gives 1, NOT wants 0; "
            "a weight of input 1 below 0 turns the line, then the bias can move it into place",
        ),
        (
            "NOT",
            (2, -1),
            0,
            "1 of 4 rows is wrong: (1, 1) gives 1, NOT wants 0; "
            "a weight of input 1 between -1 and 1 turns the line, then the bias can move it into place",
        ),
        (
            "AND",
            (-1, -1),
            -2,
            "1 of 4 rows is wrong: (1, 1) gives 0, AND wants 1; "
            "no weight alone can mend it, nor the bias: let perceptron.train look for all of them",
        ),
        (
            "XOR",
            (1, 1),
            -1,
            "1 of 4 rows is wrong: (1, 1) gives 1, XOR wants 0; no line can: "
            "score(0, 0) + score(1, 1) is always score(0, 1) + score(1, 0); build it of several units",
        ),
    ],
)
def test_each_kind_of_mistake_has_its_hint_C05(gate, weights, bias, sentence):
    assert check(gate, Perceptron(weights, bias)).sentence == sentence


def best_bias(gate: str, weights: tuple[float, ...]) -> float:
    """Return the smallest bias that makes every row that wants a 1 give it: no other leaves more 0s."""
    inputs, wanted = truth(gate, len(weights))
    return -float((inputs @ weights)[wanted == 1].min())


def mended(gate: str, unit: Perceptron, hint: str) -> bool:
    """Make the change that a hint names, wherever it may end, and say whether some bias is right then."""
    best = best_bias(gate, unit.weights)
    if hint in ("a smaller bias moves the line away", "a larger bias moves the line closer"):
        way = best < unit.bias if "smaller" in hint else best > unit.bias
        return way and not len(check(gate, Perceptron(unit.weights, best)).wrong)
    number, words = int(hint.split()[4]) - 1, hint.split(" turns")[0].split()[5:]
    bounds = {"above": (float(words[1]), 9.0), "below": (-9.0, float(words[1]))}
    low, high = bounds.get(words[0]) or (float(words[1]), float(words[3]))
    turned = [
        (*unit.weights[:number], low + (high - low) * part / 8, *unit.weights[number + 1 :])
        for part in range(9)
    ]
    right = [not len(check(gate, Perceptron(each, best_bias(gate, each))).wrong) for each in turned]
    at_bounds = {"above": [False, True], "below": [True, False], "between": [False, False]}[words[0]]
    return all(right[1:-1]) and [right[0], right[-1]] == at_bounds


@pytest.mark.parametrize("gate", ONE_UNIT)
def test_whatever_the_weights_the_hint_mends_the_unit_C05(gate):
    """All 125 units with weights and bias from -2 to 2: every hint but the last resort is tried out."""
    tried = 0
    for *weights, bias in itertools.product(range(-2, 3), repeat=3):
        unit = Perceptron(tuple(weights), bias)
        hint = check(gate, unit).hint
        if hint and not hint.startswith("no "):
            tried += 1
            assert mended(gate, unit, hint), (unit, hint)
        elif hint:
            assert gate != "NOT"
            assert max(weights) <= 0 if gate in ("AND", "OR") else min(weights) >= 0
    assert tried > 60


def test_more_inputs_and_points_that_are_no_gate_are_checked_too():
    assert not len(check("AND", Perceptron((1, 1, 1), -3)).wrong)
    assert table(Perceptron((1,), 0), [[-1], [2]], [1, 1]).sentence == (
        "1 of 2 rows is wrong: (-1,) gives 0, the table wants 1; a larger bias moves the line closer"
    )
    assert table(Perceptron((1,), 5), [[-1]], [0]).sentence == (
        "1 of 1 row is wrong: (-1,) gives 1, the table wants 0; a smaller bias moves the line away"
    )


def test_a_point_of_both_classes_is_said_to_be_impossible():
    found = table(Perceptron((1, 1), -2), [[1, 2], [1, 2]], [0, 1])
    assert found.hint == "no unit can: (1, 2) is to give both 0 and 1"


def test_many_wrong_rows_are_counted_and_the_first_eight_named():
    found = table(Perceptron((1,), 0), [[number] for number in range(20)], np.zeros(20))
    assert found.sentence.startswith("20 of 20 rows are wrong: (0,) gives 1, the table wants 0; (1,) ")
    assert found.sentence.endswith(
        "; (7,) gives 1, the table wants 0; and 12 more; a smaller bias moves the line away"
    )


def test_a_network_that_is_wrong_is_not_given_a_hint_for_one_unit():
    found = check("XOR", lambda x: OR(x))
    assert found.sentence == "1 of 4 rows is wrong: (1, 1) gives 1, XOR wants 0; check its units one by one"


def test_what_is_no_gate_or_no_answer_is_an_error():
    with pytest.raises(RequestError, match=r"the gate must be one that is known, .* did you mean 'NAND'"):
        check("NAN", AND)
    with pytest.raises(RequestError, match="XOR must have 2 inputs, however: there are 3"):
        check("XOR", Perceptron((1, 1, 1), 0))
    with pytest.raises(RequestError, match=r"outputs must be 0 or 1, however: it holds 0.5"):
        check("AND", lambda x: x.mean(axis=1))
    with pytest.raises(RequestError, match="weights must be finite"):
        check("AND", Perceptron((np.nan, 1), 0))
