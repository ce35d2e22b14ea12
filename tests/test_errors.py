"""Errors: one grammar, all problems of a request together, an exit status for each kind."""

from __future__ import annotations

import pytest

from glassnet.errors import (
    DataError,
    FormatError,
    GlassnetError,
    Interrupted,
    MissingExtra,
    NonFiniteLoss,
    RecipeError,
    did_you_mean,
    message,
    require,
)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (RecipeError, 2),
        (DataError, 2),
        (FormatError, 2),
        (MissingExtra, 2),
        (NonFiniteLoss, 1),
        (Interrupted, 130),
    ],
)
def test_each_kind_has_the_exit_status_of_its_branch(kind, status):
    assert issubclass(kind, GlassnetError)
    assert kind("why").exit_status == status


def test_one_problem_is_said_as_it_is_and_several_as_a_list():
    assert str(DataError("a")) == "a"
    error = DataError(["a", "b"])
    assert error.problems == ("a", "b")
    assert str(error) == "2 problems:\n  - a\n  - b"


def test_of_many_problems_the_first_are_said_and_all_are_kept():
    error = FormatError(str(each) for each in range(1000))
    assert len(error.problems) == 1000
    lines = str(error).splitlines()
    assert lines[0] == "1,000 problems:"
    assert lines[1:21] == [f"  - {each}" for each in range(20)]
    assert lines[21:] == ["  - and 980 more"]


def test_a_message_says_what_must_hold_what_was_found_and_what_to_do():
    assert message("x must be above 0", "x=-1", "write 1") == "x must be above 0, however: x=-1; write 1"


def test_a_name_that_is_nearly_right_is_named_and_otherwise_all_are():
    assert did_you_mean("Sigmiod", ["relu", "sigmoid"]) == "did you mean 'sigmoid'?"
    assert did_you_mean("q", ["b", "a"]) == "choose one of a, b"
    assert did_you_mean("q", (str(each) for each in range(30))).endswith(", ...")
    assert did_you_mean("q", []) == "there is none to choose"


def test_an_optional_package_that_is_missing_is_named_with_the_command_that_installs_it():
    require("json", "export")
    with pytest.raises(MissingExtra, match=r'pip install "glassnet\[export\]"') as error:
        require("no_such_package", "export")
    assert isinstance(error.value, ImportError)
