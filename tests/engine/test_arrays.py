"""Arrays to rows: dtypes and shapes are settled or refused before anything is trained."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from glassnet.engine.arrays import checked_rows
from glassnet.errors import RecipeError

X = np.arange(12.0).reshape(4, 3)


def linear(outputs=1):
    return nn.Linear(3, outputs)


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "f2", "i4", "u1", "bool"])
def test_inputs_and_targets_take_the_dtype_of_the_net(dtype):
    for net in (linear(), linear().double()):
        rows = checked_rows(net, X.astype(dtype), np.array([0, 1, 1, 0], dtype=dtype), np.ones(4), loss="mse")
        assert {each.dtype for each in rows[:3]} == {net.weight.dtype}
        assert rows.y.flatten().tolist() == [0, 1, 1, 0]


def test_lists_tensors_and_frames_are_arrays_too():
    frame = pl.DataFrame(X)
    for inputs in (X.tolist(), torch.from_numpy(X), frame):
        assert checked_rows(linear(), inputs, [1, 2, 3, 4], loss="mse").X.tolist() == X.tolist()


def test_whole_numbers_stay_so_for_an_embedding():
    net = nn.Sequential(nn.Embedding(9, 2), nn.Flatten(), nn.Linear(6, 1))
    rows = checked_rows(net, np.ones((4, 3), dtype=np.int32), np.ones(4), loss="mse")
    assert rows.X.dtype == torch.int64


@pytest.mark.parametrize(
    "loss", ["mse", "binary_cross_entropy", "poisson", lambda o, t: (o - t).abs().mean()]
)
def test_one_column_is_reshaped_to_the_outputs_on_purpose(loss):
    assert checked_rows(linear(), X, np.ones(4), loss=loss).y.shape == (4, 1)
    flat = nn.Sequential(linear(), nn.Flatten(0))
    assert checked_rows(flat, X, np.ones((4, 1)), loss=loss).y.shape == (4,)


@pytest.mark.parametrize(("outputs", "target"), [(2, (4,)), (2, (4, 1)), (1, (4, 2)), (1, (4, 1, 1))])
def test_any_other_difference_of_shape_is_an_error(outputs, target):
    with pytest.raises(RecipeError, match="target of the output's shape"):
        checked_rows(linear(outputs), X, np.ones(target), loss="mse")


def test_class_ids_of_any_whole_dtype_become_int64():
    for dtype in ("i4", "u1", "bool"):
        y = checked_rows(linear(3), X, np.array([0, 1, 1, 0], dtype=dtype), loss="cross_entropy").y
        assert y.dtype == torch.int64


@pytest.mark.parametrize(
    ("y", "found"),
    [
        ([0.0, 1.0, 2.0, 0.0], r"y has dtype float64; convert them with y.astype\('int64'\)"),
        ([0, 1, 2, 3], "from 0 to 2, because the net has 3 outputs, however: y has ids from 0 to 3"),
        ([-1, 1, 2, 0], "y has ids from -1 to 2"),
        ([[0], [1], [2], [0]], r"y\[:, 0\] for a single column"),
        (np.eye(4, 3, dtype=int), r"y.argmax\(1\) for one-hot rows"),
    ],
)
def test_wrong_class_ids_are_named_before_training(y, found):
    with pytest.raises(RecipeError, match=found):
        checked_rows(linear(3), X, y, loss="cross_entropy")


@pytest.mark.parametrize(
    ("loss", "y", "found"),
    [
        (
            "binary_cross_entropy",
            [0, 1, 2, 1],
            "must be 0 or 1, or a probability between them, however: values from 0 to 2",
        ),
        ("poisson", [0, 1, -2, 1], "must be a count, 0 or above, however: values from -2 to 1"),
        ("mse", [0, np.nan, 2, np.inf], r"2 of 4 numbers are not, the first at y\[1, 0\]"),
        (
            "mse",
            [0, 1e300, 2, 1],
            r"finite numbers of float32, however: 1 of 4 numbers are not, the first at y\[1, 0\]",
        ),
        ("mse", ["a", "b", "c", "d"], "y must be an array of numbers, however: dtype <U1"),
        ("mse", None, "y must be an array of numbers, however: None"),
        ("mse", [[1], [1, 2], [3], [4]], "y must be an array of numbers"),
    ],
)
def test_targets_that_the_loss_cannot_take_are_named(loss, y, found):
    with pytest.raises(RecipeError, match=found):
        checked_rows(linear(), X, y, loss=loss)


def test_inputs_that_are_not_finite_or_not_there_are_named():
    wrong = X.copy()
    wrong[2, 1] = np.nan
    with pytest.raises(RecipeError, match=r"1 of 12 numbers are not, the first at X\[2, 1\]"):
        checked_rows(linear(), wrong, np.ones(4), loss="mse")
    huge = np.full_like(X, 3e38)
    assert len(checked_rows(linear(), huge, np.ones(4), loss="mse").X) == 4, (
        "their sum is not finite, they are"
    )
    with pytest.raises(RecipeError, match="at least one row"):
        checked_rows(linear(), X[:0], np.ones(0), loss="mse")


@pytest.mark.parametrize("weight", [[1, 1, 1, -1], [0, 0, 0, 0], [1, 1, np.nan, 1], [[1], [1], [1], [1]]])
def test_wrong_weights_are_named(weight):
    with pytest.raises(RecipeError, match="sample_weight must be one finite number from 0 per row"):
        checked_rows(linear(), X, np.ones(4), weight, loss="mse")


def test_a_loss_that_cannot_be_weighted_is_told_before_training():
    with pytest.raises(RecipeError, match="one value per row where rows have weights"):
        checked_rows(linear(), X, np.ones(4), np.ones(4), loss=lambda o, t: (o - t).abs().mean())


def test_a_net_that_cannot_take_the_inputs_is_told_with_the_shape():
    with pytest.raises(RecipeError) as caught:
        checked_rows(nn.Linear(7, 1), X, np.ones(4), loss="mse")
    assert str(caught.value) == (
        "the net must take X, which is float32 of shape (n, 3), however: it fails with 'mat1 and mat2 shapes "
        "cannot be multiplied (2x3 and 7x1)'; give the net a first layer for such rows, or reshape X"
    )


@pytest.mark.parametrize(("net", "found"), [(nn.Flatten(0), r"shape \(6,\)"), (nn.LSTM(3, 2), "a tuple")])
def test_a_net_must_return_one_row_per_row(net, found):
    with pytest.raises(RecipeError, match=found):
        checked_rows(net, X, np.ones(4), loss="mse")


def test_one_row_of_a_larger_matrix_is_checked_like_any_other():
    rows = checked_rows(linear(3), X, [1], loss="cross_entropy", at=np.array([2]))
    assert torch.equal(next(rows.pieces(8)), torch.from_numpy(X[[2]]).float())
    with pytest.raises(RecipeError, match="same number of rows"):
        checked_rows(linear(), X, [1.0, 2.0, 3.0, 4.0], loss="mse", at=np.array([2]))
