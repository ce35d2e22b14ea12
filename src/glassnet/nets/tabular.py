"""The tabular net: a few networks that share their hidden layers, and see each number as waves too.

The mean of several networks is better than one (Lakshminarayanan et al. 2017, section 2.4). Networks that
share all weights but a sign for each of their inputs and their last layer cost far less, and generalise
better than networks apart: each is a check on the others (TabM-mini of Gorishniy et al. 2025, section 3).
Waves of learned frequencies let a network follow the steps and bends of a number, which trees do by nature
(Gorishniy et al. 2022, section 3.3).

>>> trunk = spec.Linear(inputs=13, outputs=8), spec.Activation(layer="relu")
>>> waves = {"numbers": (0, 3), "periodic": spec.Periodic(width=4)}
>>> architecture = spec.Tabular(inputs=5, outputs=1, members=4, trunk=trunk, **waves)
>>> net, x = TabularNet(architecture, nn.Sequential(nn.Linear(13, 8), nn.ReLU())), torch.zeros(32, 5)
>>> net.eval()(x).shape  # one answer a row, the average of the members
torch.Size([32, 1])
>>> net.train()(x).shape  # one answer a row of each member, member after member
torch.Size([128, 1])
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glassnet.nets import spec
from glassnet.nets.side_by_side import SideBySide, log_of_mean

_AT_ONCE = 1 << 22
"""About how many numbers of one layer an evaluation computes at a time: 16 MiB of float32."""


class BatchedLinear(nn.Module):
    """Several linear layers of the same shape side by side, each begun as ``torch.nn.Linear`` begins.

    That is weights and biases from U(-1/sqrt(inputs), 1/sqrt(inputs)). The biases lie in one row, so that
    what is for matrices of weights (penalties) passes them by.

    Shape: (layers, rows, inputs) -> (layers, rows, outputs).

        >>> BatchedLinear(4, 3, 2)(torch.zeros(4, 10, 3)).shape
        torch.Size([4, 10, 2])
    """

    def __init__(self, layers: int, inputs: int, outputs: int, device: str = "cpu") -> None:
        super().__init__()
        self.inputs, self.biases = inputs, (layers, 1, outputs)
        self.weight = nn.Parameter(torch.empty(layers, inputs, outputs, device=device, dtype=torch.float32))
        self.bias = nn.Parameter(torch.empty(layers * outputs, device=device, dtype=torch.float32))
        for each in (self.weight, self.bias):
            nn.init.uniform_(each, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return x @ weight + bias of each layer."""
        return torch.baddbmm(self.bias.view(self.biases), x, self.weight)


class ByteDropout(nn.Dropout):
    """``torch.nn.Dropout`` with p rounded to 256ths: a random byte a number in place of a random float.

    Drawing floats took 9 of the 22 ms of a step of 16 members, 128 units and 256 rows; drawing bytes takes 1.

        >>> ByteDropout(0.2).eval()(torch.ones(2)).tolist()
        [1.0, 1.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """In training set each number to 0 with probability p, and divide the others by 1 - p."""
        below = round(256 * self.p)
        if not (self.training and below):
            return x
        if below == 256 or x.device.type != "cpu":
            return super().forward(x)
        drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        keep = (drawn.view(torch.uint8)[: x.numel()] >= below).view(x.shape)
        return x * keep.to(x.dtype).mul_(256 / (256 - below))


class PeriodicNumbers(nn.Module):
    """Each number x becomes waves of learned frequencies, then a few sums of these, cut off at 0.

    relu(cos(frequency * x + phase) @ weight + bias), all of it learned, for each number by itself: "PLR" of
    Gorishniy et al. 2022, section 3.3, with a phase in place of the sine (Holzmueller et al. 2024,
    section 3).

    Shape: (rows, numbers) -> (rows, numbers * width).

        >>> PeriodicNumbers(3, spec.Periodic(frequencies=16, width=4))(torch.zeros(10, 3)).shape
        torch.Size([10, 12])
    """

    def __init__(self, numbers: int, periodic: spec.Periodic, device: str = "cpu") -> None:
        super().__init__()
        self.shape, waves = (numbers, 1, periodic.frequencies), numbers * periodic.frequencies
        self.frequency = nn.Parameter(torch.empty(waves, device=device, dtype=torch.float32))
        self.phase = nn.Parameter(torch.empty(waves, device=device, dtype=torch.float32))
        nn.init.normal_(self.frequency, 0.0, 2 * math.pi * periodic.sigma)
        nn.init.uniform_(self.phase, -math.pi, math.pi)
        self.sums = BatchedLinear(numbers, periodic.frequencies, periodic.width, device)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums of waves of each number, those of one number side by side."""
        phase, frequency = self.phase.view(self.shape), self.frequency.view(self.shape)
        waves = torch.addcmul(phase, x.T.unsqueeze(2), frequency).cos()
        return F.relu(self.sums(waves)).transpose(0, 1).flatten(1)


class TabularNet(SideBySide):
    """Networks that share a trunk of hidden layers, each with signs for its inputs and an output of its own.

    A member takes in all units of a row, and beside them the waves of those that are numbers, times its
    signs (1 or -1 to begin with, then learned). In training each member's answers are rows of their own, and
    :meth:`once_a_member` gives them their targets: the loss is the mean over rows and members. In evaluation
    the members' predictions are averaged, as ``average`` of the spec says, and handed on as the output of one
    network.

    Shape: (rows, inputs) -> (rows, outputs) in evaluation, (members * rows, outputs) in training.
    """

    def __init__(self, tabular: spec.Tabular, trunk: nn.Sequential, device: str = "cpu") -> None:
        super().__init__()
        self.spec, self.numbers = tabular, list(tabular.numbers)
        self.periodic = None
        if tabular.periodic is not None:
            self.periodic = PeriodicNumbers(len(self.numbers), tabular.periodic, device)
        signs = tabular.members * tabular.units
        self.signs = nn.Parameter(torch.empty(signs, device=device, dtype=torch.float32))
        nn.init.uniform_(self.signs, -1, 1)
        self.signs.data.sign_()
        self.trunk = trunk
        self.output = BatchedLinear(tabular.members, tabular.widths[-1][1], tabular.outputs, device)

    def forward(self, x: Tensor) -> Tensor:
        """Answer rows: averaged in evaluation, member after member in training."""
        if self.training:
            return self.each_member(x).flatten(0, 1)
        rows = max(1, _AT_ONCE // (self.spec.members * self.spec.widest))
        return torch.cat([self.averaged(self.each_member(some)) for some in torch.split(x, rows)])

    def each_member(self, x: Tensor) -> Tensor:
        """Return what each member answers. Shape: (rows, inputs) -> (members, rows, outputs)."""
        units = x if self.periodic is None else torch.cat([x, self.periodic(x[:, self.numbers])], dim=1)
        seen = (units * self.signs.view(self.spec.members, 1, -1)).flatten(0, 1)
        answers: Tensor = self.output(self.trunk(seen).unflatten(0, (self.spec.members, len(x))))
        return answers

    def averaged(self, answers: Tensor) -> Tensor:
        """Average predictions, not logits. Shape: (members, rows, outputs) -> (rows, outputs).

        The result is what one network would have to put out to predict the mean of the members' predictions:
        the number itself (identity), the logit of a probability (sigmoid), the logs of probabilities
        (softmax), the log of a rate (exp).
        """
        average = self.spec.average
        if average == "identity":
            return answers.mean(dim=0)
        if average == "sigmoid":
            return F.logsigmoid(answers).logsumexp(dim=0) - F.logsigmoid(-answers).logsumexp(dim=0)
        logs = answers.log_softmax(dim=2) if average == "softmax" else answers
        return log_of_mean(logs)
