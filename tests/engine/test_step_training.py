"""A step function in the loop: means, exact resume of two nets to the bit, and the step of a GAN itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.engine import checkpoint
from glassnet.engine.adversarial import AdversarialSettings, AdversarialStep
from glassnet.engine.step_training import StepSettings, train_steps
from glassnet.errors import NonFiniteLoss, RecipeError
from glassnet.nets.adversarial import critic, generator

ROWS = torch.linspace(-1, 1, 6 * 16).reshape(6, 16)
STEPS = StepSettings(epochs=6, steps_per_epoch=3, schedule="cosine", ema=0.9, seed=4)


def batches(epoch):
    return [ROWS.roll(epoch * 7 + step, 0)[:4] for step in range(3)]


def pair(loss="logistic", smoothing=0.1, penalty=0.5):
    torch.manual_seed(0)
    shape = (4, 4, 1)
    nets = nn.ModuleDict(
        {
            "generator": generator(3, shape, "conv"),
            "critic": critic(shape, "conv", spectral=True, dropout=0.2),
        }
    )
    optimizer = torch.optim.Adam(nets.parameters(), lr=0.01, betas=(0.5, 0.99), fused=True)
    settings = AdversarialSettings(3, loss, smoothing, penalty)
    return nets, optimizer, AdversarialStep(nets["generator"], nets["critic"], optimizer, settings)


def trained(settings=STEPS, **options):
    nets, optimizer, step = pair()
    history = train_steps(nets, optimizer, step, batches, settings, **options)
    return nets, history


def test_a_run_that_goes_on_ends_with_the_bits_of_one_left_alone_both_nets_included():
    whole, history = trained()
    states = []
    trained(save=lambda state: states.append(checkpoint.to_bytes(state)), save_every=0)
    for data in states[:5:2]:
        again, history_again = trained(state=checkpoint.from_bytes(data))
        for name, each in whole.state_dict().items():
            assert torch.equal(each, again.state_dict()[name]), name
        assert history_again.to_json() == history.to_json()


def test_another_request_or_other_data_is_refused():
    states = []
    trained(save=states.append, asked={"sha256": "a"})
    with pytest.raises(RecipeError, match=r"goes on only with the request.*however: sha256 differ"):
        trained(state=states[-1], asked={"sha256": "b"})
    with pytest.raises(RecipeError, match=r"ema, sha256 differ"):
        trained(StepSettings(epochs=6, steps_per_epoch=3, schedule="cosine", seed=4), state=states[-1])


def test_what_a_step_measures_stands_in_the_record_as_its_mean():
    net = nn.Linear(1, 1)
    values = iter([1.0, 2.0, 6.0])

    def step(batch):
        loss = net(torch.ones(1, 1)).square().mean()
        return {"loss": loss, "metrics": {"seen": torch.tensor(next(values))}}

    settings = StepSettings(epochs=1, steps_per_epoch=3)
    history = train_steps(
        net, torch.optim.SGD(net.parameters(), lr=0.1), step, lambda epoch: range(3), settings
    )
    assert history[0].metrics == {"seen": 3.0}


def test_a_loss_that_is_not_finite_ends_the_run_with_an_error_and_the_last_good_weights():
    net = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def step(batch):
        return {"loss": net(torch.ones(1, 1)).sum() * (float("nan") if batch == 3 else 1.0)}

    with pytest.raises(NonFiniteLoss, match="the weights of epoch 2 were put back"):
        train_steps(net, optimizer, step, lambda epoch: [epoch], StepSettings(epochs=5, steps_per_epoch=1))
    assert torch.isfinite(net.weight).all()


def test_a_signal_ends_the_run_in_good_order():
    asked = iter([False] * 7 + [True] * 99)
    _, history = trained(should_stop=lambda: next(asked))
    assert history.stopped == "interrupted"
    assert len(history) == 2


def test_each_net_is_taught_by_its_own_loss_alone():
    nets, optimizer, step = pair()
    before = {name: each.detach().clone() for name, each in nets.named_parameters()}
    outcome = step(ROWS[:4])
    moved = {name for name, each in nets.named_parameters() if not torch.equal(each, before[name])}
    assert moved
    assert all(name.startswith("critic") for name in moved)
    optimizer.zero_grad()
    outcome["loss"].backward()
    graded = {name for name, each in nets.named_parameters() if each.grad is not None}
    assert graded
    assert all(name.startswith("generator") for name in graded)


class Says(nn.Module):
    """A critic that says the first number of a row."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, rows):
        return rows[:, :1] + self.weight


def losses(settings, real, false):
    made = nn.Linear(1, 1, bias=False)
    said = Says()
    optimizer = torch.optim.SGD([*made.parameters(), *said.parameters()], lr=0.0)
    step = AdversarialStep(
        lambda noise: torch.full((len(noise), 1), false) + 0 * made(noise), said, optimizer, settings
    )
    outcome = step(torch.full((4, 1), real))
    measured = outcome["metrics"]
    return tuple(
        float(each.detach()) for each in (measured["critic_loss"], outcome["loss"], measured["critic_right"])
    )


def test_the_logistic_loss_is_that_of_the_paper_with_smoothed_targets():
    p_real, p_false = torch.sigmoid(torch.tensor([1.5, -0.5])).double().tolist()
    ln = lambda p: float(torch.tensor(p, dtype=torch.float64).log())  # noqa: E731
    plain = losses(AdversarialSettings(1), 1.5, -0.5)
    assert plain == pytest.approx((-ln(p_real) - ln(1 - p_false), -ln(p_false), 1.0), rel=1e-5)
    smooth = losses(AdversarialSettings(1, smoothing=0.1), 1.5, -0.5)
    expected = -0.9 * ln(p_real) - 0.1 * ln(1 - p_real) - ln(1 - p_false)
    assert smooth[0] == pytest.approx(expected, rel=1e-5)


def test_the_hinge_loss_stops_where_the_critic_is_sure():
    assert losses(AdversarialSettings(1, "hinge"), 1.5, -0.5) == pytest.approx((0 + 0.5, 0.5, 1.0))
    assert losses(AdversarialSettings(1, "hinge"), 0.25, 0.5) == pytest.approx((0.75 + 1.5, -0.5, 0.5))


def test_the_penalty_is_the_squared_slope_on_real_rows():
    """Rows of zeros give the loss no slope in the weight w; the penalty 10 w^2 has the slope 20 w."""
    made, said = nn.Linear(1, 2, bias=False), nn.Linear(2, 1)
    optimizer = torch.optim.SGD([*made.parameters(), *said.parameters()], lr=0.01)
    with torch.no_grad():
        made.weight.zero_()
        said.weight.copy_(torch.tensor([[0.5, 0.0]]))
    AdversarialStep(made, said, optimizer, AdversarialSettings(1, penalty=10.0))(torch.zeros(4, 2))
    torch.testing.assert_close(said.weight.detach(), torch.tensor([[0.5 - 0.01 * 20 * 0.5, 0.0]]))
