"""Rows of the course in traces: classes and Sequential, LeNet, losses, zero_grad, updates by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import glassnet as gn


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.output = nn.Linear(4, 1)

    def forward(self, x):
        return self.output(torch.sigmoid(self.hidden(x)))


@pytest.fixture(scope="module")
def lenet(new_lenet):
    net = new_lenet()
    torch.manual_seed(0)
    x = torch.randn(1, 1, 32, 32)
    return net, x, gn.trace(net, x, torch.tensor([3]), loss="cross_entropy", optimizer="adam", lr=0.01)


def test_a_class_and_a_sequential_give_the_same_trace_C33():
    torch.manual_seed(0)
    written = TwoLayers()
    stacked = nn.Sequential(written.hidden, nn.Sigmoid(), written.output)
    x, y = torch.randn(5, 3), torch.randn(5, 1)
    one, other = (
        gn.trace(net, x, y, loss="mse", optimizer="sgd", lr=0.1, momentum=0.9) for net in (written, stacked)
    )
    renamed = {"hidden": "0.linear", "sigmoid": "1.sigmoid", "output": "2.linear"}
    assert len(one.names) == len(other.names)
    for name, also in zip(one.names, other.names, strict=True):
        base, _, rest = name.partition(".")
        if rest in ("", "grad") and base in renamed:
            assert also == renamed[base] + (f".{rest}" if rest else "")
        np.testing.assert_array_equal(one[name].values, other[also].values)
        for a, b in zip(one[name], other[also], strict=True):
            assert a.arithmetic == b.arithmetic


def test_lenet_unchanged_is_traced_down_to_its_pixels_C37(lenet):
    net, x, trace = lenet
    assert trace.unknown == ()
    shapes = {
        name: trace[name].sheet.shape[1:] for name in ("conv1", "max_pool2d_1", "conv2", "max_pool2d_2")
    }
    assert shapes == {
        "conv1": (6, 30, 30),
        "max_pool2d_1": (6, 15, 15),
        "conv2": (16, 13, 13),
        "max_pool2d_2": (16, 6, 6),
    }
    torch.testing.assert_close(
        torch.from_numpy(trace["fc3"].values), net.double()(x.double()), rtol=1e-12, atol=0
    )
    net.float()
    window = trace.explain("conv1", (0, 2, 5, 5))
    assert [link.index for link in window.links[:2]] == [(0, 0, 5, 5), (2, 0, 0, 0)]
    assert len(window.links) == 9 + 9 + 1
    seen = trace.explain("fc1", (0, 7)).links[0]  # through the view: fc1 sees the last pooling itself
    assert (seen.name, seen.index) == ("max_pool2d_2", (0, 0, 0, 0))
    assert trace["max_pool2d_2"][0, 3, 1, 2].arithmetic.startswith("max(")
    for name in ("conv2.weight.grad", "conv1.weight.new", "max_pool2d_1.grad", "loss.log_softmax", "loss"):
        view = trace[name]
        number = view.ledger.number(int(view.sheet.codes[len(view) // 2]))
        assert number.work_out() == pytest.approx(number.value, rel=1e-9, abs=1e-15)


def test_a_large_trace_prints_the_first_numbers_and_says_how_to_open_the_others_C37(lenet):
    text = str(lenet[2])
    assert "768,899 numbers; the first 4 of each sheet are shown." in text
    assert "and 69,116 more: trace['fc1.weight'][index]" in text
    assert len(text.splitlines()) < 700


def test_a_single_image_of_the_wrong_shape_is_said_to_be_so_C37(lenet):
    with pytest.raises(
        gn.RecipeError, match=r"the net must take x of shape \(1, 1, 28, 28\), however: it fails"
    ):
        gn.trace(lenet[0], torch.zeros(1, 1, 28, 28))


def test_a_target_that_would_be_broadcast_is_refused_with_the_fix_C38():
    net, x = nn.Linear(3, 1), torch.randn(4, 3)
    with pytest.raises(gn.RecipeError) as caught:
        gn.trace(net, x, torch.zeros(4), loss=nn.MSELoss())
    assert str(caught.value) == (
        "a target must have the output's shape, or torch broadcasts one over the other, however: output "
        "(4, 1), target (4,): 16 pairs would be compared; write target.view(4, 1)"
    )
    with pytest.raises(gn.RecipeError, match="give each output one target"):
        gn.trace(net, x, torch.zeros(3, 1, 1), loss=nn.MSELoss())


def test_a_broadcast_that_a_loss_writes_itself_is_noted_C38():
    net, x = nn.Linear(3, 1), torch.randn(4, 3)
    trace = gn.trace(net, x, torch.zeros(4), loss=lambda out, y: ((out - y) ** 2).mean())
    assert trace.notes == (
        "the loss compares output (4, 1) with target (4,): torch broadcasts them to (4, 4); "
        "write target.view(4, 1)",
    )


def test_named_losses_read_a_flat_target_as_a_column_and_say_so_C38():
    net, x = nn.Linear(3, 1), torch.randn(4, 3)
    trace = gn.trace(net, x, torch.zeros(4), loss="mse")
    assert trace["y"].sheet.shape == (4, 1)
    assert trace.notes == ("y of shape (4,) is read as (4, 1), the shape of the output",)


def test_cross_entropy_has_its_log_softmax_and_the_share_of_each_class_as_gradient_C38():
    net = nn.Sequential(nn.Linear(2, 3))
    trace = gn.trace(net, [[1.0, 2.0]], [2], loss=nn.CrossEntropyLoss())
    shares = F.softmax(torch.from_numpy(trace["0.linear"].values), 1).numpy()
    np.testing.assert_allclose(trace["0.linear.grad"].values, shares - [[0, 0, 1]], rtol=1e-9)
    assert trace.explain("loss").value == pytest.approx(-np.log(shares[0, 2]))


def test_gradients_add_up_where_nobody_clears_them_C39():
    torch.manual_seed(0)
    net = TwoLayers().double()
    x, y = torch.randn(5, 3).double(), torch.randn(5, 1).double()
    assert net.hidden.bias.grad is None  # before backward there is none
    F.mse_loss(net(x), y).backward()
    before = net.hidden.bias.grad.clone()
    trace = gn.trace(net, x, y, loss="mse", optimizer="sgd", lr=0.1, zero_grad=False)
    assert torch.equal(net.hidden.bias.grad, before)  # the trace leaves it as it was
    np.testing.assert_allclose(trace["hidden.bias.grad.before"].values, before)
    np.testing.assert_allclose(trace["hidden.bias.grad"].values, before, rtol=1e-9)
    total = trace["hidden.bias.grad.total"][0]
    assert total.formula == "hidden.bias.grad.before[0] + hidden.bias.grad[0]"
    assert total.value == pytest.approx(2 * before[0].item())
    assert trace["hidden.bias.new"][0].links[1].name == "hidden.bias.grad.total"
    cleared = gn.trace(net, x, y, loss="mse", optimizer="sgd", lr=0.1)
    assert "hidden.bias.grad.total" not in cleared
    assert "cleared, as zero_grad() does" in cleared.notes[0]


def test_the_way_back_goes_from_the_loss_to_the_front_C39():
    trace = gn.trace(TwoLayers(), torch.randn(5, 3), torch.randn(5, 1), loss="mse")
    back = next(section for section in trace.sections if section.title == "back")
    names = [trace.ledger.sheets[each].name for each in back.sheets]
    order = [
        "loss.grad",
        "loss.square.grad",
        "loss.difference.grad",
        "output.grad",
        "sigmoid.grad",
        "hidden.grad",
    ]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize("lr", [0.5, 0.01])
def test_an_update_by_hand_is_that_of_sgd_and_of_the_trace_C40(lr):
    torch.manual_seed(0)
    net = TwoLayers().double()
    x, y = torch.randn(5, 3).double(), torch.randn(5, 1).double()
    trace = gn.trace(net, x, y, loss="mse", optimizer="sgd", lr=lr)
    F.mse_loss(net(x), y).backward()
    for f in net.parameters():
        f.data.sub_(f.grad.data * lr)
    for name, each in net.named_parameters():
        np.testing.assert_allclose(trace[f"{name}.new"].values, each.detach(), rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
        (torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.1}),
        (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.1}),
        (torch.optim.RMSprop, {"lr": 0.1, "momentum": 0.5}),
    ],
)
def test_an_optimiser_of_the_net_brings_its_memory_and_takes_no_step_C40(kind, options):
    torch.manual_seed(0)
    net = TwoLayers().double()
    x, y = torch.randn(5, 3).double(), torch.randn(5, 1).double()
    optimizer = kind(net.parameters(), **options)
    for _ in range(3):
        optimizer.zero_grad()
        F.mse_loss(net(x), y).backward()
        optimizer.step()
    weights = [each.clone() for each in net.parameters()]
    trace = gn.trace(net, x, y, loss="mse", optimizer=optimizer)
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
    memory = [name for name in trace.names if name.startswith("hidden.weight.") and name.endswith(".before")]
    assert memory
    for name in (*memory, "hidden.weight.new"):
        number = trace[name][1, 2]
        assert number.work_out() == pytest.approx(number.value, rel=1e-9)
    optimizer.zero_grad()
    F.mse_loss(net(x), y).backward()
    optimizer.step()
    for name, each in net.named_parameters():
        np.testing.assert_allclose(trace[f"{name}.new"].values, each.detach(), rtol=1e-9)


def test_an_optimiser_that_is_not_understood_is_named_and_its_new_weights_are_there():
    net = TwoLayers()
    trace = gn.trace(
        net, torch.ones(2, 3), torch.ones(2, 1), loss="mse", optimizer=torch.optim.Adagrad, lr=0.1
    )
    number = trace["hidden.weight.new"][0, 0]
    assert "Adagrad" in number.unknown
    assert number.value != trace["hidden.weight"][0, 0].value
    other = torch.optim.SGD(TwoLayers().parameters(), lr=0.1)
    with pytest.raises(gn.RecipeError, match="the optimiser must hold tensors of this net only"):
        gn.trace(net, torch.ones(2, 3), torch.ones(2, 1), loss="mse", optimizer=other)


def test_dropout_masks_are_numbers_that_the_seed_decides():
    net = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    x = torch.randn(2, 3)
    masks = [gn.trace(net, x, train=True, seed=seed)["1.dropout.mask"].values for seed in (1, 1, 2)]
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0] != masks[2]).any()
    assert set(np.unique(masks[0])) == {0.0, 1.0}
    quiet = gn.trace(net, x, train=False)
    assert "1.dropout.mask" not in quiet


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": None}, "x is missing"),
        ({"y": [[1.0]]}, "loss is missing"),
        ({"loss": "mse"}, "y is missing"),
        ({"optimizer": "sgd"}, "an optimiser needs the gradients of a loss"),
        ({"y": [[1.0]], "loss": "msee"}, "did you mean 'mse'"),
        ({"row": 1}, "rows and row are for a Model"),
        ({"y": [[1.0]], "loss": lambda a, b: (a - b) ** 2}, "a loss must return one number"),
    ],
)
def test_what_does_not_fit_together_is_said(options, said):
    arguments = {"x": [[1.0, 2.0, 3.0]], **options}
    with pytest.raises(gn.RecipeError, match=said):
        gn.trace(nn.Linear(3, 1), arguments.pop("x"), arguments.pop("y", None), **arguments)


def test_a_number_that_is_not_there_is_said_to_be_so():
    trace = gn.trace(nn.Sequential(nn.Linear(3, 2)), [[1.0, 2.0, 3.0]])
    with pytest.raises(gn.RecipeError, match=r"did you mean '0\.linear'"):
        trace["0.liner"]
    with pytest.raises(gn.RecipeError, match=r"named by 2 indices within \(1, 2\), however: \(0, 2\)"):
        trace["0.linear"][0, 2]
    assert trace["0.linear"][0, -1].title == "0.linear[0, 1]"


def test_numbers_that_are_not_finite_are_an_error():
    with pytest.raises(
        gn.WorkError, match=r"the numbers of a trace must be finite, however: x holds infinite ones"
    ):
        gn.trace(nn.Sequential(nn.Linear(1, 1)), [[float("inf")]])
