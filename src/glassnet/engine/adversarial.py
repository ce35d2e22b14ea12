"""The step of a generative adversarial network: the critic learns, then the generator, from one batch.

Both nets stand in one optimiser. While the generator learns, the critic's weights ask for no gradient, and
the other way round: torch passes over weights that have none. So one checkpoint holds the whole run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

Loss = Literal["logistic", "hinge"]
LOSSES: tuple[Loss, ...] = get_args(Loss)


@dataclass(frozen=True)
class AdversarialSettings:
    """What the two nets are told.

    ``loss`` is "logistic", the non-saturating one of Goodfellow et al. 2014, section 3, or "hinge" (Lim and
    Ye 2017). ``smoothing`` takes this share off the target of real rows, 0.9 in place of 1 (Salimans et al.
    2016, section 3.4), with "logistic". ``penalty`` is the weight of the critic's squared gradient on real
    rows (R1 of Mescheder et al. 2018, eq. 9, gamma / 2). ``noise`` is how many random numbers make a row.
    """

    noise: int
    loss: Loss = "logistic"
    smoothing: float = 0.0
    penalty: float = 0.0


class AdversarialStep:
    """A step of both nets: the critic's is done here, the generator's loss is returned to the loop.

    Args:
        generator, critic: their weights stand in the optimiser, and no others.
        rows: (n, numbers) of a batch, as the generator is to make them.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        optimizer: torch.optim.Optimizer,
        settings: AdversarialSettings,
    ) -> None:
        self.generator, self.critic = generator, critic
        self.optimizer, self.settings = optimizer, settings

    def __call__(self, rows: Tensor) -> dict[str, object]:
        """Let the critic learn; return the generator's loss, and what was measured."""
        measured = self._teach_critic(rows)
        self.critic.requires_grad_(False)
        made = self.generator(self._noise(rows))
        loss = self._fooling(self.critic(made))
        self.critic.requires_grad_(True)
        return {"loss": loss, "metrics": measured}

    def _teach_critic(self, rows: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            made = self.generator(self._noise(rows))
        self.optimizer.zero_grad(set_to_none=True)
        seen = rows.detach().requires_grad_(self.settings.penalty > 0)
        real, false = self.critic(seen), self.critic(made)
        loss = self._telling(real, false)
        total = loss if not self.settings.penalty else loss + self._penalty(real, seen)
        torch.autograd.backward(total)
        self.optimizer.step()
        right = (real > 0).float().mean() / 2 + (false <= 0).float().mean() / 2
        return {"critic_loss": loss.detach(), "critic_right": right}

    def _noise(self, rows: Tensor) -> Tensor:
        return torch.randn(len(rows), self.settings.noise, device=rows.device)

    def _telling(self, real: Tensor, false: Tensor) -> Tensor:
        """Return the critic's loss, of its answers to real and to made rows."""
        if self.settings.loss == "hinge":
            return functional.relu(1 - real).mean() + functional.relu(1 + false).mean()
        targets = torch.full_like(real, 1 - self.settings.smoothing)
        told = functional.binary_cross_entropy_with_logits(real, targets)
        return told + functional.softplus(false).mean()

    def _fooling(self, answers: Tensor) -> Tensor:
        """Return the generator's loss, of the critic's answers to what it made."""
        return -answers.mean() if self.settings.loss == "hinge" else functional.softplus(-answers).mean()

    def _penalty(self, real: Tensor, seen: Tensor) -> Tensor:
        (slopes,) = torch.autograd.grad(real.sum(), seen, create_graph=True)
        return self.settings.penalty * slopes.square().sum(1).mean()
