"""The notations of nets, splits and times: what they mean, and what is said when they mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.notation import (
    ACTIVATIONS,
    HiddenLayer,
    SplitSpec,
    parse_duration,
    parse_net,
    parse_split,
    write_split,
)


def test_a_layer_without_an_activation_takes_the_next_one_that_is_named():
    assert parse_net("64,64:tanh,8").hidden == (
        HiddenLayer(64, "tanh"),
        HiddenLayer(64, "tanh"),
        HiddenLayer(8, "relu"),
    )


def test_dropout_is_the_third_field_and_belongs_to_its_layer_alone():
    assert [layer.dropout for layer in parse_net("64:relu,32:tanh:0.2").hidden] == [0.0, 0.2]


@pytest.mark.parametrize(
    ("text", "members", "waves"),
    [("16x64,8:relu", 16, False), ("64,8:relu+waves", 1, True), (" 256x64, 8:relu +waves ", 256, True)],
)
def test_how_many_networks_share_the_layers_and_whether_they_see_waves(text, members, waves):
    net = parse_net(text)
    assert (net.name, net.members, net.waves) == (None, members, waves)
    assert net.hidden == (HiddenLayer(64, "relu"), HiddenLayer(8, "relu"))


@pytest.mark.parametrize("name", ["tabular", "linear"])
def test_names_have_no_layers_of_their_own(name):
    assert parse_net(name).name == name
    assert parse_net(name).hidden == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("64:sigmiod", "did you mean 'sigmoid'?"),
        ("tabluar", "did you mean 'tabular'?"),
        ("0:relu", "units='0'"),
        ("64:relu:1.0", "dropout='1.0'"),
        ("64:relu:0.1:x", "units:activation:dropout"),
        ("64,,32", "units=''"),
        ("", "net=''"),
        (",".join(["8"] * 101), "101 hidden layers"),
        ("99999999999999999999:relu", "units='99999999999999999999'"),
        ("0x64", "0 networks; write from 1x to 256x"),
        ("257x64", "257 networks"),
        ("99999x64", "units='99999x64'"),
        ("8x", "units=''"),
        ("8x64+wave", "units='64+wave'"),
        ("8x64+waves+waves", "units='64+waves'"),
        ("linear+waves", "net='linear+waves'"),
        ("8xlinear", "units='linear'"),
    ],
)
def test_a_wrong_net_is_said_with_what_is_wrong(text, said):
    with pytest.raises(ValueError, match="a net must be") as error:
        parse_net(text)
    assert said in str(error.value)


def test_every_wrong_layer_of_a_net_is_named():
    with pytest.raises(ValueError, match="a net must be") as error:
        parse_net("0:relu,8:rellu,8:tanh:2")
    assert all(part in str(error.value) for part in ("units='0'", "'rellu'", "dropout='2'"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("last:504", SplitSpec("last", rows=504)),
        ("last:21d", SplitSpec("last", seconds=21 * 86400.0)),
        ("last:0.2", SplitSpec("last", fraction=0.2)),
        ("random:0.2", SplitSpec("random", fraction=0.2)),
        ("group:a b", SplitSpec("group", fraction=0.2, column="a b")),
        ("file:C:/x.csv", SplitSpec("file", path="C:/x.csv")),
        ("windows:6x21d", SplitSpec("windows", seconds=21 * 86400.0, count=6)),
        ("windows:3x100", SplitSpec("windows", rows=100, count=3)),
        ("cv:5", SplitSpec("cv", count=5)),
        ("repeat:10x0.2", SplitSpec("repeat", fraction=0.2, count=10)),
        ("none", SplitSpec("none")),
    ],
)
def test_splits_mean_what_the_guide_says_and_are_written_back(text, meaning):
    assert parse_split(text) == meaning
    assert write_split(meaning) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "last",
        "last:",
        "last:0",
        "last:0.0",
        "last:1.5",
        "last:3y",
        "random:0",
        "random:1",
        "random:-0.1",
        "group:",
        "file:",
        "cv:1",
        "cv:x",
        "cv:99999999",
        "windows:1x3d",
        "windows:6",
        "repeat:1x0.2",
        "repeat:0.2",
        "repeat:10x0",
        "repeat:10x1.5",
        "repeat:10x21d",
        "none:3",
        "lst:3",
    ],
)
def test_a_wrong_split_is_an_error_that_shows_the_right_ones(text):
    with pytest.raises(ValueError, match=r"a split must be written as last:504.*however: "):
        parse_split(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("1d", 86400)]
)
def test_times_are_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "5 years", "s", "1e3", "5mm"])
def test_a_wrong_time_is_an_error(text):
    with pytest.raises(ValueError, match="a time must be a number"):
        parse_duration(text)


@given(st.text(max_size=40))
def test_any_text_is_a_notation_or_a_value_error(text):
    for parse in (parse_net, parse_split, parse_duration):
        try:
            parse(text)
        except ValueError as error:
            assert "however: " in str(error)  # noqa: PT017 (either outcome is right)


@given(st.lists(st.tuples(st.integers(1, 512), st.sampled_from(ACTIVATIONS)), min_size=1, max_size=5))
def test_what_is_written_out_in_full_is_read_as_it_stands(layers):
    text = ",".join(f"{units}:{activation}" for units, activation in layers)
    assert parse_net(text).hidden == tuple(HiddenLayer(*layer) for layer in layers)
