"""`gn.diagnose`: faults are named with their evidence, healthy runs are left in peace, nothing is changed."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import glassnet as gn

GOOD = {"loss": "mse", "optimizer": "adam", "lr": 0.01, "epochs": 40}


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Give 300 rows of four numbers and a bent target of about the size of 1."""
    chance = np.random.default_rng(3)
    X = chance.normal(size=(300, 4)).astype("float32")
    y = np.sin(X[:, 0]) + 0.5 * X[:, 1] ** 2 + 0.1 * chance.normal(size=300)
    return X, ((y - y.mean()) / y.std()).astype("float32").reshape(-1, 1)


def net(*hidden: int, activation: type[nn.Module] = nn.ReLU, last: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    widths = (4, *hidden)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1), *([last] if last else []))


def named(found: gn.Diagnosis, name: str) -> gn.Finding:
    assert name in found.names, f"{name} is not among {found.names}"
    return found.findings[found.names.index(name)]


def test_of_a_net_that_trains_well_nothing_is_said(rows):
    found = gn.diagnose(net(16), *rows, **GOOD)
    assert found.names == ()
    assert "Nothing found" in str(found)


def test_net_gradients_mode_and_random_numbers_stay_as_they_were(rows):
    mine = net(16)
    mine[1].eval()
    mine(torch.from_numpy(rows[0])).sum().backward()
    before = (
        [each.detach().clone() for each in mine.parameters()],
        [each.grad.clone() for each in mine.parameters()],
    )
    modes, state, drawn = (
        [each.training for each in mine.modules()],
        torch.get_rng_state(),
        np.random.get_state()[1],
    )
    gn.diagnose(mine, *rows, **GOOD, prove=True)
    gn.diagnose(mine, *rows, **GOOD, train=_sgd(clear=False))
    assert all(map(torch.equal, before[0], mine.parameters()))
    assert all(torch.equal(was, each.grad) for was, each in zip(before[1], mine.parameters(), strict=True))
    assert modes == [each.training for each in mine.modules()]
    assert torch.equal(state, torch.get_rng_state())
    assert (drawn == np.random.get_state()[1]).all()


def test_dead_units_are_counted_by_layer_and_epoch(rows):
    mine = net(16)
    nn.init.constant_(mine[0].bias, -10.0)
    found = named(gn.diagnose(mine, *rows, **GOOD), "dead_relu")
    assert (found.layer, found.epoch, found.numbers["dead"], found.numbers["units"]) == ("1", 0, 16, 16)
    assert found.evidence == "16 of 16 units of layer 1 are 0 for every training row"


def test_activations_that_are_called_as_functions_are_seen_too(rows):
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.out = nn.Linear(4, 8), nn.Linear(8, 1)
            nn.init.constant_(self.hidden.bias, -10.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(F.relu(self.hidden(x)))

    found = named(gn.diagnose(Own(), *rows, **GOOD), "dead_relu")
    assert found.layer == "forward: relu 1"


def test_gradients_vanish_by_the_product_of_the_slopes(rows):
    deep = net(*[8] * 9, activation=nn.Sigmoid)
    found = named(gn.diagnose(deep, *rows, **GOOD | {"optimizer": "sgd", "lr": 0.1}), "vanishing_gradients")
    assert found.layer == "0"
    assert found.numbers["at_start"] < 0.25**8  # nine slopes of at most 1/4, and weights below 1


def test_a_rate_that_is_too_high_or_too_low_is_named_with_a_better_one(rows):
    high = named(gn.diagnose(net(16), *rows, **GOOD | {"lr": 10.0}), "learning_rate_too_high")
    low = named(gn.diagnose(net(16), *rows, **GOOD | {"lr": 1e-5}), "learning_rate_too_low")
    assert high.numbers["other"] < 0.5 * high.numbers["held_out"]
    assert low.numbers["other"] < 0.5 * low.numbers["held_out"]
    assert "learning rate" in low.change


def test_inputs_that_are_not_scaled_are_named_by_their_column(rows):
    X = rows[0] * np.array([1, 1, 5000, 1], dtype="float32")
    found = named(
        gn.diagnose(net(16), X, rows[1], **GOOD, columns=["a", "b", "income", "d"]), "inputs_not_scaled"
    )
    assert found.numbers["input"] == "income"


def test_batch_norm_before_the_first_layer_scales_inputs(rows):
    X = rows[0] * np.array([1, 1, 5000, 1], dtype="float32")
    scaling = nn.Sequential(nn.BatchNorm1d(4), net(16))
    assert "inputs_not_scaled" not in gn.diagnose(scaling, X, rows[1], **GOOD).names


def test_a_sigmoid_before_its_own_loss_is_applied_twice(rows):
    y = (rows[1] > 0).astype("float32")
    settings = GOOD | {"loss": "binary_cross_entropy"}
    found = named(gn.diagnose(net(16, last=nn.Sigmoid()), rows[0], y, **settings), "softmax_twice")
    assert "ends with sigmoid" in found.evidence
    assert gn.diagnose(net(16, last=nn.Sigmoid()), rows[0], y, **GOOD | {"loss": nn.BCELoss()}).names == ()


def test_relu_on_the_output_cannot_answer_targets_below_0(rows):
    found = named(gn.diagnose(net(16, last=nn.ReLU()), *rows, **GOOD), "activation_on_output")
    assert found.numbers["outside"] == pytest.approx((rows[1] < 0).mean(), abs=0.05)


def test_the_target_among_the_inputs_is_named(rows):
    X = np.column_stack([rows[0][:, :3], 3 * rows[1] + 1]).astype("float32")
    assert "input 4" in named(gn.diagnose(net(16), X, rows[1], **GOOD), "labels_in_inputs").evidence


def _sgd(clear: bool = True, flat: bool = False, lr: float = 0.05):
    def train(mine: nn.Module, X: torch.Tensor, y: torch.Tensor) -> None:
        optimizer = torch.optim.SGD(mine.parameters(), lr=lr)
        for _ in range(30):
            for some in torch.split(torch.randperm(len(X)), 32):
                if clear:
                    optimizer.zero_grad()
                F.mse_loss(mine(X[some]), y[some, 0] if flat else y[some]).backward()
                optimizer.step()

    return train


def test_gradients_that_are_not_cleared_are_seen_in_a_loop_of_ones_own(rows):
    found = gn.diagnose(net(16), *rows, loss="mse", train=_sgd(clear=False), prove=True, pairs=3)
    proof = named(found, "gradients_not_cleared").proof
    assert proof.outcome == "confirmed"
    assert proof.after < 0.5


def test_gradients_that_are_added_up_on_purpose_are_no_fault(rows):
    def train(mine: nn.Module, X: torch.Tensor, y: torch.Tensor) -> None:
        optimizer = torch.optim.SGD(mine.parameters(), lr=0.1)
        for _ in range(400):
            optimizer.zero_grad()
            for half in torch.split(torch.randperm(len(X)), len(X) // 2 + 1):
                (F.mse_loss(mine(X[half]), y[half]) / 2).backward()
            optimizer.step()

    assert gn.diagnose(net(16), *rows, loss="mse", train=train).names == ()


def test_targets_that_are_broadcast_are_seen_by_their_shapes(rows):
    found = named(gn.diagnose(net(16), *rows, loss="mse", train=_sgd(flat=True)), "broadcast_targets")
    assert "outputs (32, 1), targets (32,)" in found.evidence
    by_loss = gn.diagnose(net(16), rows[0], rows[1][:, 0], **GOOD | {"loss": nn.MSELoss()})
    assert "broadcast_targets" in by_loss.names


def test_a_step_of_ones_own_is_called_for_each_batch(rows):
    def step(mine: nn.Module, optimizer: torch.optim.Optimizer, X: torch.Tensor, y: torch.Tensor) -> None:
        F.mse_loss(mine(X), y).backward()
        optimizer.step()

    found = gn.diagnose(net(16), *rows, **GOOD | {"optimizer": "sgd"}, step=step)
    assert "gradients_not_cleared" in found.names


def test_json_has_the_findings_and_no_number_that_json_does_not_know(rows):
    found = gn.diagnose(net(16), *rows, **GOOD | {"optimizer": "sgd", "lr": 1e6})
    told = json.loads(found.to_json())
    assert [each["name"] for each in told["findings"]] == list(found.names)
    assert set(told["findings"][0]) == {
        "name",
        "evidence",
        "cause",
        "change",
        "layer",
        "epoch",
        "numbers",
        "proof",
    }


def test_ctrl_c_ends_the_diagnosis(rows):
    class Interrupted(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                raise KeyboardInterrupt
            return super().forward(x)

    with pytest.raises(KeyboardInterrupt):
        gn.diagnose(Interrupted(4, 1), *rows, **GOOD)


def test_weights_that_are_changed_by_hand_are_updates_too(rows):
    def train(mine: nn.Module, X: torch.Tensor, y: torch.Tensor) -> None:
        for _ in range(300):
            F.mse_loss(mine(X), y).backward()
            for each in mine.parameters():
                each.data.sub_(0.05 * each.grad.data)

    found = named(gn.diagnose(net(16), *rows, loss="mse", train=train), "gradients_not_cleared")
    assert found.numbers["stale"] > 0.9 * found.numbers["looked_at"]


def test_of_two_faults_that_hide_each_other_the_worse_is_proved(rows):
    found = gn.diagnose(
        net(16), *rows, loss="mse", train=_sgd(clear=False, flat=True, lr=0.02), prove=True, pairs=3
    )
    assert "with the other findings mended" in named(found, "broadcast_targets").proof.measured
