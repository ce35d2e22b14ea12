"""Modules of the user's own are trained, saved as weights, and loaded into a module that is passed in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import FormatError, RecipeError
from glassnet.nets.own import arrays_of, fill
from glassnet.nets.spec import Own, Stack

X = np.random.default_rng(0).normal(size=(80, 3))
DATA = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": X @ [1.0, 2.0, 3.0]}


class Twin(nn.Module):
    def __init__(self, inputs=3, outputs=1, dtype=torch.float32):
        super().__init__()
        self.one = nn.Linear(inputs, 4, dtype=dtype)
        self.two = nn.Linear(4, outputs, dtype=dtype)
        self.register_buffer("short", torch.tensor([1, 2], dtype=torch.int16))

    def forward(self, x):
        return self.two(torch.sin(self.one(x)))


def train(net, **options):
    return gn.train(DATA, target="y", net=net, epochs=2, test="none", **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_an_own_module_of_any_precision_is_the_same_after_saving_and_loading(tmp_path, dtype):
    torch.manual_seed(0)
    mine = Twin(dtype=dtype)
    before = mine.one.weight.clone()
    model = train(mine)
    assert model.architecture == Own(builder="Twin")
    assert torch.equal(mine.one.weight, before), "the user's module is left as it was"
    model.save(tmp_path / "a.glass")
    again = gn.load(tmp_path / "a.glass", net=mine)
    assert again.net.one.weight.dtype == dtype
    np.testing.assert_array_equal(again.predict(DATA), model.predict(DATA))
    assert again.to_bytes() == model.to_bytes()


def test_a_builder_is_given_the_widths_when_training_and_when_loading(tmp_path):
    model = train(Twin)
    model.save(tmp_path / "a.glass")
    again = gn.load(tmp_path / "a.glass", net=Twin)
    np.testing.assert_array_equal(again.predict(DATA), model.predict(DATA))


def test_without_its_module_a_file_of_an_own_net_is_not_loaded(tmp_path):
    train(Twin).save(tmp_path / "a.glass")
    with pytest.raises(
        RecipeError, match=r"a\.glass holds the weights of your own module 'Twin', however: no"
    ):
        gn.load(tmp_path / "a.glass")
    with pytest.raises(FormatError) as error:
        gn.load(tmp_path / "a.glass", net=nn.Sequential(nn.Linear(3, 4)))
    assert len(error.value.problems) == 7
    assert "'0.bias' is float32 (4,) in the module and not in the file" in error.value.problems[0]
    with pytest.raises(
        FormatError, match=r"'one.bias' is float64 \(4,\) in the module and float32 \(4,\) in"
    ):
        gn.load(tmp_path / "a.glass", net=Twin(dtype=torch.float64))
    with pytest.raises(RecipeError, match="it is a str"):
        gn.load(tmp_path / "a.glass", net="Twin")


def test_listed_layers_are_saved_as_such_and_need_no_module(tmp_path):
    model = train(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)))
    assert isinstance(model.architecture, Stack)
    assert model.plan.net == "own:Sequential"
    model.save(tmp_path / "a.glass")
    np.testing.assert_array_equal(gn.load(tmp_path / "a.glass").predict(DATA), model.predict(DATA))
    assert gn.load(tmp_path / "a.glass", net=nn.Linear(7, 7)).to_bytes() == model.to_bytes()


def masked():
    net = Twin()
    net.register_buffer("mask", torch.tensor([0.0, -torch.inf]))
    net.register_buffer("wave", torch.tensor([1j]))
    return net


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (Twin(outputs=2), "a net for this regression task must give 1 numbers a row, however: it gives 2"),
        (Twin(inputs=2), "the net must take X"),
        (lambda inputs, outputs: inputs, "it is a int; pass the module itself or its builder"),
        (7, "it is a int"),
        (masked(), "'mask' must be a tensor of finite real numbers.*infinite ones"),
        (masked(), r"'wave' must be a tensor of finite real numbers.*torch\.complex64"),
    ],
)
def test_an_own_net_that_does_not_fit_is_refused_before_it_is_trained(net, words):
    with pytest.raises(RecipeError, match=rf"(?s){words}"):
        train(net)


def test_short_numbers_are_widened_for_the_file_and_narrowed_again_without_loss():
    one, other = Twin(dtype=torch.bfloat16), Twin(dtype=torch.bfloat16)
    arrays = arrays_of(one)
    assert {name: each.dtype.name for name, each in arrays.items()} == {
        **dict.fromkeys(("one.weight", "one.bias", "two.weight", "two.bias"), "float32"),
        "short": "int64",
    }
    fill(other, arrays, "a.glass")
    for name, each in one.state_dict().items():
        assert torch.equal(each, other.state_dict()[name])
        assert each.dtype == other.state_dict()[name].dtype


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_trained_on_cuda_is_loaded_on_the_cpu(tmp_path):
    model = train("4", device="cuda")
    model.save(tmp_path / "a.glass")
    again = gn.load(tmp_path / "a.glass")
    assert next(again.net.parameters()).device.type == "cpu"
    np.testing.assert_allclose(again.predict(DATA), model.predict(DATA), rtol=1e-4)
