"""The Recipe: one object for Python, the command line and the file; all of its problems at once."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from glassnet.errors import RecipeError
from glassnet.recipe import Recipe, make_recipe, parse_setting, read_recipe, write_recipe

ASKED = {
    "data": "数据.csv",
    "target": ("cnt", "税"),
    "drop": ("casual", "a,b"),
    "roles": {"when": "date:dayfirst", "zip code": "category"},
    "test": "last:21d",
    "net": "64:relu,32:tanh:0.2",
    "lr": 0.3,
    "nesterov": True,
    "momentum": 0.9,
    "optimizer": "sgd",
    "budget": 90.0,
    "seed": 7,
}


def test_a_recipe_survives_toml_and_json():
    recipe = make_recipe(**ASKED)
    assert read_recipe(write_recipe(recipe)) == recipe
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_a_recipe_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        make_recipe(data="x").seed = 3


def test_every_problem_is_said_at_once_and_in_our_words():
    with pytest.raises(RecipeError) as error:
        make_recipe(lr=-1, optimzer="adam", optimizer="adm", epochs="x", net="8:rellu", roles={"a": "numbr"})
    said = error.value.problems
    assert (
        "every option of a recipe must be a known one, however: optimzer='adam'; did you mean 'optimizer'?"
        in said
    )
    assert "lr must be above 0.0, however: lr=-1; see glassnet train --help" in said
    assert "epochs must be a whole number, however: epochs='x'; see glassnet train --help" in said
    assert any("did you mean 'adam'?" in each or "did you mean 'adamw'?" in each for each in said)
    assert any("did you mean 'relu'?" in each for each in said)
    assert any("did you mean 'number'?" in each for each in said)
    assert len(said) == 6


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1])
@pytest.mark.parametrize("name", ["lr", "l1", "l2", "weight_decay", "clip", "momentum", "warmup", "budget"])
def test_numbers_are_finite_and_not_below_zero(name, value):
    with pytest.raises(RecipeError, match=f"{name} must be"):
        make_recipe(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device", "gpu"),
        ("device", "cpu:1"),
        ("device", "cuda:x"),
        ("loss", "msee"),
        ("seed", -1),
        ("batch_size", 0),
        ("kind", "picture"),
        ("test", "last"),
        ("epochs", 1.5),
        ("roles", "a=number"),
    ],
)
def test_other_wrong_values_are_recipe_errors(name, value):
    with pytest.raises(RecipeError, match="however: "):
        make_recipe(**{name: value})


def test_a_kind_may_be_written_as_the_task_and_brings_its_own_default_net():
    recipe = make_recipe(task="text")
    assert (recipe.kind, recipe.task, recipe.net) == ("text", "auto", "bag")
    assert read_recipe(write_recipe(recipe)) == recipe
    assert (make_recipe().kind, make_recipe().net) == ("table", "tabular")


def test_a_net_of_another_kind_of_data_is_an_error():
    with pytest.raises(RecipeError, match="net='bag' with kind='table'; choose one of linear, tabular"):
        make_recipe(net="bag")


def test_a_task_that_is_nearly_a_kind_is_guessed():
    with pytest.raises(RecipeError) as error:
        make_recipe(task="txt")
    assert error.value.problems[0].endswith("task='txt'; did you mean 'text'?")
    assert len(error.value.problems) == 1


def test_names_may_be_one_text_with_commas():
    assert make_recipe(target="a, b", drop="x").target == ("a", "b")


def test_changes_lie_on_top_of_a_file():
    recipe = read_recipe('net = "8"\nlr = 0.1\n', {"lr": 0.5})
    assert (recipe.net, recipe.lr) == ("8", 0.5)


def test_a_file_that_is_no_toml_is_said_so():
    with pytest.raises(RecipeError, match="a recipe must be TOML, however: "):
        read_recipe("net = ")


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("lr=0.1", ("lr", 0.1)),
        ("net=64:relu", ("net", "64:relu")),
        ("nesterov=true", ("nesterov", True)),
        ('target=["a", "b"]', ("target", ["a", "b"])),
        ("test=last:21d", ("test", "last:21d")),
        ("drop=a=b", ("drop", "a=b")),
    ],
)
def test_settings_are_toml_values_or_text(text, setting):
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["lr", "=3", ""])
def test_a_setting_without_a_name_or_a_value_is_an_error(text):
    with pytest.raises(RecipeError, match="--set must be written key=value"):
        parse_setting(text)


@given(
    st.dictionaries(
        st.sampled_from(sorted(Recipe.model_fields)) | st.text(max_size=8),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=8)
        | st.lists(st.integers()),
        max_size=5,
    )
)
def test_any_values_are_a_recipe_or_recipe_errors(values):
    try:
        recipe = make_recipe(**values)
    except RecipeError as error:
        assert all("however: " in problem for problem in error.problems)  # noqa: PT017 (either is right)
    else:
        assert json.loads(recipe.model_dump_json())


def test_options_that_a_kind_has_by_itself_are_not_refused():
    names = ("precision", "net", "refit", "l1")
    said = "a text must have no {name}"
    assert make_recipe(task="characters", net="gru:1x8").refusals(names, said) == []
    assert make_recipe(task="characters", l1=0.5, refit=False).refusals(names, said, "drop {name}") == [
        "a text must have no refit, however: refit=False; drop refit",
        "a text must have no l1, however: l1=0.5; drop l1",
    ]


@pytest.mark.parametrize(
    ("net", "kind"),
    [
        ("photo:8-16:2", "image"),
        ("lenet", "image"),
        ("resnet18", "image"),
        ("tabular", "table"),
        ("64:relu", "table"),
    ],
)
def test_a_net_that_only_photos_have_says_which_kind_of_data_it_is(net, kind):
    assert Recipe(net=net).kind == kind


def test_a_net_of_another_kind_than_the_task_is_still_refused():
    with pytest.raises(ValidationError, match="the net must be one for this kind of data"):
        Recipe(net="lenet", task="text")
    with pytest.raises(ValidationError, match="the net must be one for this kind of data"):
        Recipe(net="lstm")
