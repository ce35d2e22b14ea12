"""``ema``: what is validated, kept and handed over is the moving average of the weights, by hand."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from glassnet.engine.training import fit
from glassnet.errors import RecipeError
from glassnet.randomness import stream, torch_seeded

RNG = stream(0, "data")
X, Y = torch.from_numpy(RNG.normal(size=(22, 3))), torch.from_numpy(RNG.normal(size=(22, 1)))
HELD = torch.from_numpy(RNG.normal(size=(7, 3))), torch.from_numpy(RNG.normal(size=(7, 1)))
OPTIONS = {"loss": "mse", "optimizer": "adam", "lr": 0.05, "batch_size": 8, "epochs": 4, "device": "cpu"}
STEPS = 3  # an epoch: 8, 8 and 6 rows


def net(seed: int = 0) -> nn.Module:
    with torch_seeded(seed, "net"):
        layers = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Tanh(), nn.Linear(4, 1)
    return nn.Sequential(*layers).double()


class Follows:
    """Copies the net's tensors at one hook."""

    def __init__(self, hook: str) -> None:
        self.seen: list[dict[str, torch.Tensor]] = []
        setattr(self, hook, lambda loop: self.seen.append(copy.deepcopy(loop.net.state_dict())))


def followed(hook: str, module: nn.Module, **options: object) -> list[dict[str, torch.Tensor]]:
    # A hook is found on the class.
    follows = type("Follows", (Follows,), {hook: lambda self, loop: None})(hook)
    fit(module, X, Y, **{**OPTIONS, "callbacks": [follows], **options})
    return follows.seen


def averages(raw: list[dict[str, torch.Tensor]], decay: float) -> list[dict[str, torch.Tensor]]:
    """average += max(1 - decay, 1 / t) * (weights - average), from 0, after each step t."""
    found, average = [], {name: torch.zeros_like(each) for name, each in raw[0].items()}
    for t, weights in enumerate(raw, start=1):
        share = max(1 - decay, 1 / t)
        average = {name: average[name] + share * (weights[name] - average[name]) for name in average}
        found.append(average)
    return found


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_after_each_epoch_the_net_is_the_average_of_the_weights_of_all_steps(decay, validated):
    validation = HELD if validated else None
    raw = followed("batch_end", net(), validation=validation)
    assert len(raw) == 4 * STEPS
    expected = averages(raw, decay)[STEPS - 1 :: STEPS]
    found = followed("epoch_end", net(), ema=decay, validation=validation)
    for epoch, weights in enumerate(found):
        for name, _ in net().named_parameters():
            torch.testing.assert_close(weights[name], expected[epoch][name], msg=f"{name}, epoch {epoch + 1}")
        for name, _ in net().named_buffers():
            assert torch.equal(weights[name], raw[STEPS * epoch + STEPS - 1][name])


def test_while_the_first_steps_are_few_it_is_their_plain_mean():
    raw = followed("batch_end", net(), epochs=1)
    (found,) = followed("epoch_end", net(), epochs=1, ema=0.999)
    for name, _ in net().named_parameters():
        torch.testing.assert_close(found[name], sum(each[name] for each in raw) / STEPS)


def test_the_average_is_validated_kept_and_handed_over():
    module, seen = net(), []
    weights = followed("epoch_end", net(), ema=0.9, validation=HELD)
    history = fit(module, X, Y, ema=0.9, validation=HELD, **OPTIONS)
    for epoch, each in enumerate(weights):
        judged = net()
        judged.load_state_dict(each)
        with torch.no_grad():
            seen.append(float(nn.functional.mse_loss(judged.eval()(HELD[0]), HELD[1])))
        assert history[epoch].validation_loss == pytest.approx(seen[-1])
    best = weights[history.best_epoch - 1]
    assert history.best_epoch == seen.index(min(seen)) + 1
    assert all(torch.equal(each, best[name]) for name, each in module.state_dict().items())


def test_training_goes_on_with_the_weights_themselves():
    plain, averaged = fit(net(), X, Y, **OPTIONS), fit(net(), X, Y, ema=0.9, **OPTIONS)
    assert [each.train_loss for each in averaged] == [each.train_loss for each in plain]


def test_frozen_parameters_stay_as_they_are_to_the_bit():
    module = net()
    for each in module[0].parameters():
        each.requires_grad_(False)
    fit(module, X, Y, ema=0.9, **OPTIONS)
    assert all(
        torch.equal(each, module[0].state_dict()[name]) for name, each in net()[0].state_dict().items()
    )
    assert not torch.equal(module[4].weight, net()[4].weight)


class Late(nn.Module):
    """A net whose second layer is used from the third batch on."""

    def __init__(self) -> None:
        super().__init__()
        with torch_seeded(1, "net"):
            self.first, self.second = nn.Linear(3, 1).double(), nn.Linear(3, 1).double()
        self.batches = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches += self.training
        return self.first(x) + (self.second(x) if self.batches > 2 else 0.0)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
def test_a_layer_is_averaged_from_its_first_gradient_on(optimizer):
    options = {"optimizer": optimizer, "epochs": 1}
    raw = followed("batch_end", Late(), **options)
    (found,) = followed("epoch_end", Late(), ema=0.9, **options)
    torch.testing.assert_close(found["second.weight"], raw[2]["second.weight"])
    torch.testing.assert_close(found["first.weight"], averages(raw, 0.9)[2]["first.weight"])
    assert not torch.equal(found["second.weight"], Late().second.weight)


def test_a_run_that_is_interrupted_within_an_epoch_hands_over_the_average_of_the_last_whole_one():
    weights, module = followed("epoch_end", net(), ema=0.9), net()

    class Interrupts:
        def batch_begin(self, loop):
            if loop.step_count == 2 * STEPS + 1:
                raise KeyboardInterrupt

    history = fit(module, X, Y, ema=0.9, callbacks=[Interrupts()], **OPTIONS)
    assert history.stopped == "interrupted"
    assert all(torch.equal(each, weights[1][name]) for name, each in module.state_dict().items())


@pytest.mark.parametrize("ema", [1.0, -0.1, float("nan"), "0.9"])
def test_a_decay_is_a_number_from_0_and_below_1(ema):
    with pytest.raises(RecipeError, match="ema must be a number from 0 and below 1, however: ema="):
        fit(net(), X, Y, ema=ema, **OPTIONS)
