"""The tabular net is what its spec says: members that train as if alone, one answer that is their mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

import glassnet as gn
from glassnet.archive import pack, unpack
from glassnet.engine.probe import probe
from glassnet.errors import FormatError
from glassnet.nets.build import build, load_weights
from glassnet.nets.own import arrays_of
from glassnet.nets.spec import PARAMETERS_LIMIT, Architecture, Periodic, Tabular
from glassnet.recipe import InitName

READ = TypeAdapter(Architecture).validate_python
WAVES = Tabular(
    inputs=5,
    outputs=2,
    members=3,
    hidden=(8, 6),
    activation="silu",
    dropout=0.25,
    numbers=(1, 4),
    periodic=Periodic(frequencies=7, width=2),
)


def dense(members: int = 3, **more: object) -> Tabular:
    return Tabular(**{"inputs": 5, "outputs": 1, "members": members, "hidden": (8, 6), **more})


def one_of(net: nn.Module, architecture: Tabular, member: int) -> nn.Module:
    """Cut one member out of a net."""
    alone = build(architecture.model_copy(update={"members": 1}))
    with torch.no_grad():
        for whole, part in zip(net.parameters(), alone.parameters(), strict=True):
            part.copy_(whole.reshape(architecture.members, *part.shape)[member])
    return alone


def table(rows: int = 60, inputs: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, inputs, generator=generator)
    return x, torch.sin(3 * x[:, :1]) + x[:, 1:2]


def by_hand(net: nn.Module, x: torch.Tensor, member: int) -> torch.Tensor:
    """WAVES, written out for one member."""
    waves = []
    for place, number in enumerate(WAVES.numbers):
        row = member * len(WAVES.numbers) + place
        angle = x[:, number : number + 1] * net.periodic.frequency[row] + net.periodic.phase[row]
        sums = angle.cos() @ net.periodic.sums.weight[row] + net.periodic.sums.bias.view(-1, 2)[row]
        waves.append(sums.relu())
    units = torch.cat([x, *waves], dim=1)
    for layer in net.hidden:
        units = nn.functional.silu(units @ layer.weight[member] + layer.bias.view(3, -1)[member])
    return units @ net.output.weight[member] + net.output.bias.view(3, -1)[member]


def test_a_member_computes_what_its_formula_says():
    net, (x, _) = build(WAVES, seed=1).eval(), table()
    answers = torch.stack([by_hand(net, x, member) for member in range(3)])
    torch.testing.assert_close(net(x), answers.mean(dim=0))
    torch.testing.assert_close(net.each_member(x), answers)


@pytest.mark.parametrize("waves", [{}, {"numbers": (0, 2), "periodic": Periodic(frequencies=4, width=3)}])
@pytest.mark.parametrize(
    "options", [{"optimizer": "sgd", "momentum": 0.9, "l2": 0.01}, {"optimizer": "adamw"}]
)
def test_members_train_as_each_would_alone(waves, options):
    architecture = dense(**waves)
    together, (x, y) = build(architecture, seed=3), table()
    options |= {"loss": "mse", "lr": 0.01, "epochs": 5, "sample_weight": np.linspace(0, 1, len(x))}
    alone = [one_of(together, architecture, member) for member in range(3)]
    gn.fit(together, x, y, **options)
    for member, net in enumerate(alone):
        gn.fit(net, x, y, **options)
        for (name, whole), part in zip(together.named_parameters(), net.parameters(), strict=True):
            trained = whole.detach().reshape(3, *part.shape)[member]
            torch.testing.assert_close(
                trained, part.detach(), rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
            )


@pytest.mark.parametrize(
    ("average", "outputs", "predict"),
    [
        ("identity", 2, lambda z: z),
        ("sigmoid", 1, torch.sigmoid),
        ("softmax", 4, lambda z: z.softmax(dim=-1)),
        ("exp", 1, torch.exp),
    ],
)
def test_the_prediction_is_the_mean_of_the_members_predictions(average, outputs, predict):
    net = build(dense(outputs=outputs, average=average), init="normal", seed=2).double().eval()
    x = 30 * table()[0].double()
    expected = predict(net.each_member(x)).mean(dim=0)
    torch.testing.assert_close(predict(net(x)), expected)


def test_logits_of_certain_members_stay_finite():
    net = build(dense(average="sigmoid")).eval()
    far = torch.tensor([-1e4, 1e4, 1e4]).view(3, 1, 1)
    torch.testing.assert_close(torch.sigmoid(net.averaged(far)), torch.tensor([[2 / 3]]))
    assert torch.isfinite(net.averaged(torch.full((3, 1, 1), 1e4))).all()


def test_evaluation_in_pieces_is_evaluation_at_once(monkeypatch):
    net, (x, _) = build(WAVES).eval(), table()
    whole = net(x)
    monkeypatch.setattr("glassnet.nets.tabular._AT_ONCE", 7 * 3 * WAVES.widest)
    torch.testing.assert_close(net(x), whole)


@pytest.mark.parametrize("loss", ["cross_entropy", "own"])
def test_every_loss_sees_each_member_with_its_targets(loss):
    """Members start apart, so the training loss is the mean of their losses, not the loss of the mean."""
    net, (x, _) = build(dense(outputs=3, average="softmax"), init="normal", seed=5), table()
    y = torch.arange(60) % 3
    losses = [nn.functional.cross_entropy(one, y).item() for one in net.eval().each_member(x)]
    own = {
        "cross_entropy": "cross_entropy",
        "own": lambda z, t: nn.functional.cross_entropy(z, t, reduction="none"),
    }
    history = gn.fit(net, x, y, loss=own[loss], optimizer="sgd", lr=1e-9, epochs=1, batch_size=60)
    assert history[0].train_loss == pytest.approx(np.mean(losses), rel=1e-5)


def test_dropout_differs_between_members():
    architecture = dense(dropout=0.5)
    net = build(architecture)
    with torch.no_grad():
        for each in net.parameters():
            each.copy_(each.view(3, -1)[:1].expand(3, -1).reshape(each.shape))
    x = table()[0]
    torch.testing.assert_close(*net.eval().each_member(x)[:2])
    answers = net.train().each_member(x)
    assert not torch.equal(answers[0], answers[1])


@pytest.mark.parametrize("init", InitName.__args__)
def test_each_member_is_drawn_for_itself(init):
    net = build(dense(), init=init, seed=4)
    first, second = net.hidden[0].weight[:2]
    assert torch.equal(first, second) == (init in ("zeros", "ones"))
    if init not in ("zeros", "ones"):
        wide = build(dense(hidden=(200,), inputs=100), init=init, seed=4)
        plain = nn.Linear(100, 200)
        nn.init.kaiming_uniform_(plain.weight, nonlinearity="relu")
        deviations = {"kaiming_uniform": plain.weight.std().item(), "normal": 0.1, "uniform": 1 / 12**0.5}
        if init in deviations:
            assert wide.hidden[0].weight[0].std().item() == pytest.approx(deviations[init], rel=0.05)


def test_weights_come_back_from_a_file_and_give_the_same_answers():
    net, (x, _) = build(WAVES, seed=7), table()
    contents = unpack(pack({"net": WAVES.model_dump(mode="json")}, arrays_of(net)), "x")
    architecture = READ(contents.manifest["net"])
    assert architecture == WAVES
    assert torch.equal(load_weights(architecture, contents.arrays).eval()(x), net.eval()(x))
    assert sum(each.size for each in contents.arrays.values()) == WAVES.parameters


def test_weights_of_another_shape_are_refused():
    arrays = arrays_of(build(WAVES))
    arrays["output.bias"] = arrays["output.bias"][:-1]
    with pytest.raises(FormatError, match=r"'output\.bias', float32 \(6,\), however: float32 \(5,\)"):
        load_weights(WAVES, arrays)


@pytest.mark.parametrize(
    "change",
    [
        {"members": 0},
        {"hidden": ()},
        {"dropout": 1.0},
        {"numbers": (4, 1)},
        {"numbers": (1, 1)},
        {"numbers": (5,)},
        {"numbers": (-1,)},
        {"numbers": ()},
        {"periodic": None},
        {"periodic": {"frequencies": 0}},
        {"average": "median"},
        {"hidden": (PARAMETERS_LIMIT >> 14, 1 << 14)},
        {"code": "os.system"},
    ],
    ids=str,
)
def test_a_spec_that_no_net_has_is_refused(change):
    with pytest.raises(ValidationError):
        READ({**WAVES.model_dump(), **change})


def test_arithmetic_is_counted_by_matrix_products():
    net = build(dense(members=3), seed=0)
    assert probe(net, torch.zeros(2, 5)).multiply_adds == 3 * (5 * 8 + 8 * 6 + 6 * 1)
