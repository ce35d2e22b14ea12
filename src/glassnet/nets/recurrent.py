"""Recurrent nets: torch's own LSTM or GRU layers, fed with symbols or numbers, and a linear layer behind.

>>> architecture = spec.Recurrent(symbols=83, inputs=16, cell="lstm", layers=2, units=32, outputs=83)
>>> net = RecurrentNet(architecture)
>>> answers, state = net(torch.zeros(100, 8, dtype=torch.int64))  # 100 steps of 8 sequences
>>> answers.shape
torch.Size([100, 8, 83])
>>> _ = net(torch.zeros(100, 8, dtype=torch.int64), state)  # the next 100 steps of them
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from glassnet.nets import spec
from glassnet.nets.tabular import ByteDropout

State = tuple[Tensor, ...]
"""What the layers remember: (hidden, cell) of an LSTM, (hidden,) of a GRU; each of
(layers, sequences, units)."""

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentNet(nn.Module):
    """Recurrent layers and a linear layer on what they put out.

    The layers are an LSTM's (Hochreiter and Schmidhuber 1997) or a GRU's (Cho et al. 2014). Symbols get
    learned numbers first. Dropout is on what goes from layer to layer and to the output, never on what a
    layer tells itself (Zaremba et al. 2014). The forget gates of an LSTM start open, with a bias of 1
    (Jozefowicz et al. 2015, section 2.3).

    Shape: (steps, sequences) of symbols or (steps, sequences, inputs) of numbers
    -> (steps, sequences, outputs), and what the layers remember in the end.
    """

    def __init__(self, recurrent: spec.Recurrent, device: str = "cpu") -> None:
        super().__init__()
        self.spec = recurrent
        kind: Any = {"device": device, "dtype": torch.float32}
        self.embedding = None
        if recurrent.symbols is not None:
            self.embedding = nn.Embedding(recurrent.symbols, recurrent.inputs, **kind)
        widths = [recurrent.inputs, *[recurrent.units] * (recurrent.layers - 1)]
        layer = _CELLS[recurrent.cell]
        self.layers = nn.ModuleList(layer(width, recurrent.units, **kind) for width in widths)
        self.dropout = ByteDropout(recurrent.dropout)
        self.output = nn.Linear(recurrent.units, recurrent.outputs, **kind)
        if recurrent.cell == "lstm":
            for each in self.layers:
                bias: Any = each.bias_ih_l0
                nn.init.ones_(bias.data[recurrent.units : 2 * recurrent.units])

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Answer after every step, going on from a state; None: from nothing."""
        hidden, state = self.hidden(x, state)
        answers: Tensor = self.output(self.dropout(hidden))
        return answers, state

    def hidden(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return what the last recurrent layer puts out, and the state. Shape: (steps, sequences, units)."""
        after = []
        for number, layer in enumerate(self.layers):
            below = self._fed(x) if number == 0 else self.dropout(x)
            x, new = layer(below, self._of_layer(state, number))
            after.append(new if isinstance(new, tuple) else (new,))
        return x, tuple(torch.cat(each) for each in zip(*after, strict=True))

    def last(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Answer sequences of different lengths after the last step of each.

        What stands in ``x`` beyond a sequence's length is never looked at.

        Args:
            x: as for the net, padded to the longest sequence.
            lengths: (sequences,), from 1; on the CPU.

        Shape: (steps, sequences, ...) -> (sequences, outputs).
        """
        packed = pack_padded_sequence(self._fed(x), lengths, enforce_sorted=False)
        state: Any = None
        for number, layer in enumerate(self.layers):
            if number:
                packed = packed._replace(data=self.dropout(packed.data))
            packed, state = layer(packed)
        hidden = state[0] if isinstance(state, tuple) else state
        answers: Tensor = self.output(self.dropout(hidden[-1]))
        return answers

    def _fed(self, x: Tensor) -> Tensor:
        return x if self.embedding is None else self.embedding(x)

    def _of_layer(self, state: State | None, number: int) -> Tensor | tuple[Tensor, Tensor] | None:
        """Return one layer's part of a state, as torch's own layers take it."""
        if state is None:
            return None
        parts = [each[number : number + 1] for each in state]
        return parts[0] if len(parts) == 1 else (parts[0], parts[1])


class LastAnswer(nn.Module):
    """A recurrent net as a net of rows: each row is a sequence of symbols, answered after its end.

    Symbol 0 is padding and stands at a row's end only.

        >>> spec_of_texts = spec.Recurrent(symbols=9, inputs=4, cell="gru", layers=1, units=5, outputs=1)
        >>> LastAnswer(RecurrentNet(spec_of_texts))(torch.tensor([[3, 5, 8], [4, 0, 0]])).shape
        torch.Size([2, 1])

    Shape: (rows, steps) -> (rows, outputs).
    """

    def __init__(self, net: RecurrentNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Answer each row after its last symbol."""
        lengths = (x != 0).sum(dim=1).clamp(min=1).cpu()
        return self.net.last(x[:, : int(lengths.max())].T, lengths)


class NextValues(nn.Module):
    """A recurrent net over windows of a series, which answers with the next values.

    The first number of each step is the value itself, and what the net adds is how far each of the next
    values is from the last one: untrained it foretells about that all stays as it is.

        >>> spec_of_series = spec.Recurrent(symbols=None, inputs=3, cell="gru", layers=1, units=5, outputs=2)
        >>> NextValues(RecurrentNet(spec_of_series))(torch.zeros(7, 24, 3)).shape
        torch.Size([7, 2])

    Shape: (rows, steps, inputs) -> (rows, outputs).
    """

    def __init__(self, net: RecurrentNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Answer each window after its last step."""
        hidden, _ = self.net.hidden(x.transpose(0, 1))
        change: Tensor = self.net.output(self.net.dropout(hidden[-1]))
        return x[:, -1, :1] + change
