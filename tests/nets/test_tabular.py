"""The tabular net is what its spec says: members that share a trunk, one answer that is their mean."""

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
from glassnet.nets.dense import tabular_net
from glassnet.nets.own import arrays_of
from glassnet.nets.spec import PARAMETERS_LIMIT, Architecture, Linear, Periodic, Tabular
from glassnet.nets.tabular import BatchedLinear, PeriodicNumbers, TabularNet
from glassnet.notation import parse_net
from glassnet.recipe import InitName

READ = TypeAdapter(Architecture).validate_python
MEMBERS, ROWS = 3, 60


def planned(net: str = "3x8,6:silu", inputs: int = 5, outputs: int = 1, **more: object) -> Tabular:
    return tabular_net(inputs, outputs, parse_net(net), **more)


WAVES = planned("3x8:silu:0.25,6:silu:0.25+waves", outputs=2, numbers=(1, 4)).model_copy(
    update={"periodic": Periodic(frequencies=7, width=4, sigma=0.3)}
)


def table(rows: int = ROWS, inputs: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, inputs, generator=generator)
    return x, torch.sin(3 * x[:, :1]) + x[:, 1:2]


def waves_by_hand(periodic: PeriodicNumbers, x: torch.Tensor, place: int) -> torch.Tensor:
    """relu(cos(frequency * x + phase) @ weight + bias) of one column. Shape: (rows,) -> (rows, width)."""
    frequency, phase = (each.view(-1, 7)[place] for each in (periodic.frequency, periodic.phase))
    cosines = torch.cos(x[:, None] * frequency + phase)
    return (cosines @ periodic.sums.weight[place] + periodic.sums.bias.view(-1, 4)[place]).relu()


def by_hand(net: TabularNet, x: torch.Tensor, member: int) -> torch.Tensor:
    """WAVES, written out for one member."""
    waves = [waves_by_hand(net.periodic, x[:, number], place) for place, number in enumerate((1, 4))]
    units = torch.cat([x, *waves], dim=1) * net.signs.view(MEMBERS, 13)[member]
    for layer in (net.trunk[0], net.trunk[3]):
        units = nn.functional.silu(units @ layer.weight.T + layer.bias)
    return units @ net.output.weight[member] + net.output.bias.view(MEMBERS, 2)[member]


def test_a_member_computes_what_its_formula_says():
    net, (x, _) = build(WAVES, seed=1).eval(), table()
    answers = torch.stack([by_hand(net, x, member) for member in range(MEMBERS)])
    torch.testing.assert_close(net.each_member(x), answers)
    torch.testing.assert_close(net(x), answers.mean(dim=0))
    assert not torch.allclose(answers[0], answers[1])


def test_in_training_each_members_answers_are_rows_of_their_own():
    net, (x, _) = build(planned()), table()
    assert net.training
    torch.testing.assert_close(net(x).view(MEMBERS, ROWS, 1), net.each_member(x))
    assert torch.equal(net.once_a_member(x).view(MEMBERS, ROWS, 5)[2], x)
    assert net.once_a_member(torch.arange(4)).tolist() == [0, 1, 2, 3] * MEMBERS


def test_members_begin_apart_by_their_signs_and_their_outputs_alone():
    net = build(planned("4x32,32", inputs=50), seed=2)
    signs = net.signs.view(4, 50)
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert 0.35 < float((signs == 1).float().mean()) < 0.65
    assert len(signs.unique(dim=0)) == 4
    assert len(net.output.weight.unique(dim=0)) == 4
    assert [name for name, _ in net.named_parameters() if name.startswith("trunk")] == [
        *("trunk.0.weight", "trunk.0.bias", "trunk.2.weight", "trunk.2.bias")
    ]


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
    net = build(planned(outputs=outputs, average=average), init="normal", seed=2).double().eval()
    x = 30 * table()[0].double()
    expected = predict(net.each_member(x)).mean(dim=0)
    torch.testing.assert_close(predict(net(x)), expected)


def test_logits_of_certain_members_stay_finite():
    net = build(planned(average="sigmoid")).eval()
    far = torch.tensor([-1e4, 1e4, 1e4]).view(3, 1, 1)
    torch.testing.assert_close(torch.sigmoid(net.averaged(far)), torch.tensor([[2 / 3]]))
    assert torch.isfinite(net.averaged(torch.full((3, 1, 1), 1e4))).all()


def test_evaluation_in_pieces_is_evaluation_at_once(monkeypatch):
    net, (x, _) = build(WAVES).eval(), table()
    whole = net(x)
    monkeypatch.setattr("glassnet.nets.tabular._AT_ONCE", 7 * MEMBERS * WAVES.widest)
    torch.testing.assert_close(net(x), whole)


@pytest.mark.parametrize("architecture", [WAVES, planned()], ids=["waves", "plain"])
def test_no_rows_and_one_row_have_answers(architecture):
    net = build(architecture).eval()
    assert net(torch.zeros(0, 5)).shape == (0, architecture.outputs)
    assert net(torch.zeros(1, 5)).shape == (1, architecture.outputs)


WEIGHTED = {"none": None, "weights": np.linspace(0.1, 2, ROWS)}


@pytest.mark.parametrize("weight", WEIGHTED)
@pytest.mark.parametrize(("loss", "outputs"), [("mse", 1), ("cross_entropy", 3), ("own", 3)])
def test_the_loss_is_the_weighted_mean_over_rows_and_members(loss, outputs, weight):
    average = "identity" if loss == "mse" else "softmax"
    net, (x, y) = build(planned(outputs=outputs, average=average), init="normal", seed=5), table()
    function = nn.functional.mse_loss if loss == "mse" else nn.functional.cross_entropy
    y = y if loss == "mse" else torch.arange(ROWS) % 3
    rows = [function(answers, y, reduction="none").flatten() for answers in net.eval().each_member(x)]
    expected = np.average(torch.stack(rows).mean(dim=0).detach().numpy(), weights=WEIGHTED[weight])
    asked = {"own": lambda z, t: function(z, t, reduction="none")}.get(loss, loss)
    options = {"optimizer": "sgd", "lr": 1e-9, "epochs": 1, "batch_size": ROWS}
    history = gn.fit(net, x, y, loss=asked, sample_weight=WEIGHTED[weight], **options)
    assert history[0].train_loss == pytest.approx(expected, rel=1e-5)


def test_one_step_descends_the_gradient_of_that_mean():
    """Plain autograd of the mean of the members' own losses, beside a step of the engine."""
    net, (x, y) = build(WAVES.model_copy(update={"outputs": 1}), seed=3), table()
    for each in net.trunk:
        each.p = 0.0
    losses = [nn.functional.mse_loss(answers, y) for answers in net.each_member(x)]
    torch.stack(losses).mean().backward()
    expected = {name: (each - 0.1 * each.grad).detach() for name, each in net.named_parameters()}
    gn.fit(net, x, y, loss="mse", optimizer="sgd", lr=0.1, epochs=1, batch_size=ROWS)
    for name, each in net.named_parameters():
        torch.testing.assert_close(each.detach(), expected[name], msg=lambda m, n=name: f"{n}: {m}")


def test_penalties_are_for_matrices_of_weights_alone():
    net, (x, y) = build(WAVES.model_copy(update={"outputs": 1}), seed=3), table()
    before = {name: each.detach().clone() for name, each in net.named_parameters()}
    gn.fit(
        net,
        x,
        y * 0,
        loss=lambda z, t: 0 * z[:, 0],
        optimizer="sgd",
        lr=0.5,
        l2=1.0,
        epochs=1,
        batch_size=ROWS,
    )
    for name, each in net.named_parameters():
        halved = name.endswith("weight")
        torch.testing.assert_close(each.detach(), before[name] * (0.5 if halved else 1.0))


def test_dropout_differs_between_members():
    net = build(planned("3x8:relu:0.5"))
    with torch.no_grad():
        net.signs.fill_(1.0)
        for each in (net.output.weight, net.output.bias.view(MEMBERS, 1)):
            each.copy_(each[:1].expand_as(each).clone())
    x = table()[0]
    torch.testing.assert_close(*net.eval().each_member(x)[:2])
    answers = net.train().each_member(x)
    assert not torch.equal(answers[0], answers[1])


@pytest.mark.parametrize("init", InitName.__args__)
def test_outputs_and_sums_of_waves_are_drawn_layer_by_layer(init):
    architecture = Tabular(
        inputs=100,
        outputs=200,
        members=2,
        trunk=(Linear(inputs=100, outputs=100),),
    )
    layer = build(architecture, init=init, seed=4).output
    first, second = layer.weight
    assert torch.equal(first, second) == (init in ("zeros", "ones"))
    assert (init == "default") == bool(layer.bias.any())
    expected = {
        "default": 0.1 / 3**0.5,
        "uniform": 0.5 / 3**0.5,
        "normal": 0.1,
        "kaiming_uniform": (2 / 100) ** 0.5,
        "kaiming_normal": (2 / 100) ** 0.5,
        "xavier_uniform": (2 / 300) ** 0.5,
        "xavier_normal": (2 / 300) ** 0.5,
        "1/sqrt(n)": 0.1 / 3**0.5,
        "zeros": 0.0,
        "ones": 0.0,
    }[init]
    assert first.std().item() == pytest.approx(expected, rel=0.05)


def test_waves_begin_with_frequencies_of_sigma_and_phases_of_a_whole_turn():
    net = PeriodicNumbers(500, Periodic(frequencies=16, sigma=0.25)).requires_grad_(False)
    assert float(net.frequency.std()) == pytest.approx(2 * np.pi * 0.25, rel=0.05)
    assert float(net.phase.abs().max()) <= np.pi
    assert float(net.phase.std()) == pytest.approx(np.pi / 3**0.5, rel=0.05)


def test_the_same_seed_gives_the_same_net_and_building_changes_no_global_state():
    before = torch.random.get_rng_state()
    first, again, other = (build(WAVES, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if name != "signs")
    assert torch.equal(torch.random.get_rng_state(), before)


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


HUGE = 1 << 24


@pytest.mark.parametrize(
    "change",
    [
        {"members": 0},
        {"members": 1025},
        {"inputs": 6},
        {"trunk": ()},
        {"trunk": [{"layer": "relu"}]},
        {"trunk": [{"layer": "linear", "inputs": 5, "outputs": 8}]},
        {"numbers": (4, 1)},
        {"numbers": (1, 1)},
        {"numbers": (5,)},
        {"numbers": (-1,)},
        {"numbers": ()},
        {"periodic": None},
        {"periodic": {"frequencies": 0}},
        {"periodic": {"sigma": float("inf")}},
        {"average": "median"},
        {"outputs": PARAMETERS_LIMIT // 18},
        {"trunk": [{"layer": "linear", "inputs": 13, "outputs": HUGE}] * 2},
        {"trunk": [{"layer": "linear", "inputs": 13, "outputs": HUGE}, {"layer": "linear", "inputs": HUGE,
                                                                       "outputs": 32}]},
        {"code": "os.system"},
    ],
    ids=lambda change: str(change)[:60],
)  # fmt: skip
def test_a_spec_that_no_net_has_is_refused(change):
    with pytest.raises(ValidationError):
        READ({**WAVES.model_dump(), **change})


def test_arithmetic_is_counted_by_matrix_products():
    net = build(planned(), seed=0)
    assert probe(net, torch.zeros(2, 5)).multiply_adds == MEMBERS * (5 * 8 + 8 * 6 + 6 * 1)


def test_batched_layers_are_linear_layers_side_by_side():
    layer, x = BatchedLinear(2, 3, 4), torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    for number in range(2):
        alone = x[number] @ layer.weight[number] + layer.bias.view(2, 4)[number]
        torch.testing.assert_close(layer(x)[number], alone)


def test_in_bfloat16_it_trains_and_its_loss_is_nearly_that_in_float32():
    losses = {}
    for precision in ("float32", "bfloat16"):
        net, (x, y) = build(WAVES.model_copy(update={"outputs": 1}), seed=3), table()
        history = gn.fit(net, x, y, loss="mse", epochs=3, precision=precision, validation=(x, y))
        losses[precision] = history[-1].validation_loss
        assert all(each.dtype == torch.float32 for each in net.parameters())
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_batch_normalisation_sees_all_members_rows_together():
    net, (x, _) = build(planned("3x8", norm="batch"), seed=1), table()
    net(x)
    units = (x * net.signs.view(MEMBERS, 1, 5)).flatten(0, 1)
    before = units @ net.trunk[0].weight.T + net.trunk[0].bias
    torch.testing.assert_close(net.trunk[1].running_mean, 0.1 * before.mean(dim=0))
    assert net.eval()(x[:1]).shape == (1, 1)
