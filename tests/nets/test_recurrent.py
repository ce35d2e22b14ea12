"""Recurrent nets: what is padded is never looked at, states go on, and the closed spec says what they are."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from glassnet.errors import FormatError
from glassnet.nets.build import build, load_weights
from glassnet.nets.spec import Recurrent

CELLS = pytest.mark.parametrize("cell", ["lstm", "gru"])


def small_net(cell: str = "lstm", layers: int = 2, dropout: float = 0.0, outputs: int = 3):
    spec = Recurrent(
        symbols=20, inputs=5, cell=cell, layers=layers, units=7, dropout=dropout, outputs=outputs
    )
    return build(spec, seed=2)


@CELLS
@pytest.mark.parametrize("layers", [1, 2])
def test_padding_has_no_influence_to_the_bit(cell, layers):
    net = small_net(cell, layers).eval()
    lengths = torch.tensor([4, 9, 1, 6])
    tokens = torch.randint(0, 20, (9, 4), generator=torch.Generator().manual_seed(0))
    beyond = torch.arange(9)[:, None] >= lengths
    answers = net.last(tokens, lengths)
    for other in (0, 19):
        assert torch.equal(net.last(tokens.masked_fill(beyond, other), lengths), answers)
    longer = torch.cat([tokens, torch.full((5, 4), 3)])
    assert torch.equal(net.last(longer, lengths), answers)


@CELLS
def test_padding_gets_no_gradient(cell):
    net, lengths = small_net(cell), torch.tensor([3, 5])
    tokens = torch.tensor([[1, 2], [1, 2], [1, 2], [9, 2], [9, 2]])
    net.last(tokens, lengths).sum().backward()
    gradient = net.embedding.weight.grad.abs().sum(dim=1)
    assert gradient[9] == 0
    assert gradient[1] > 0
    assert gradient[2] > 0


@CELLS
def test_a_sequence_is_answered_alike_alone_and_among_longer_ones(cell):
    net = small_net(cell).eval()
    texts = [torch.randint(0, 20, (n,), generator=torch.Generator().manual_seed(n)) for n in (3, 8, 5)]
    together = net.last(pad_sequence(texts), torch.tensor([3, 8, 5]))
    alone = torch.cat([net.last(each[:, None], torch.tensor([len(each)])) for each in texts])
    assert torch.allclose(together, alone, atol=1e-6)
    unpacked = torch.stack([net(each[:, None])[0][-1, 0] for each in texts])
    assert torch.allclose(together, unpacked, atol=1e-6)


@CELLS
def test_two_halves_with_the_state_between_them_are_the_whole(cell):
    net = small_net(cell).eval()
    tokens = torch.randint(0, 20, (10, 3))
    whole, _ = net(tokens)
    first, state = net(tokens[:4])
    second, _ = net(tokens[4:], state)
    assert torch.allclose(torch.cat([first, second]), whole, atol=1e-6)


def test_dropout_is_between_layers_and_before_the_output_while_training_only():
    net, tokens = small_net(dropout=0.5), torch.randint(0, 20, (10, 3))
    assert not torch.equal(net(tokens)[0], net(tokens)[0])
    net.eval()
    assert torch.equal(net(tokens)[0], net(tokens)[0])


@CELLS
def test_weights_go_into_a_file_and_back_and_other_shapes_are_refused(cell):
    net = small_net(cell)
    arrays = {name: each.numpy() for name, each in net.state_dict().items()}
    again = load_weights(net.spec, arrays)
    assert torch.equal(
        again.eval()(torch.zeros(2, 1, dtype=torch.int32))[0], net.eval()(torch.zeros(2, 1).int())[0]
    )
    assert sum(each.size for each in arrays.values()) == net.spec.parameters
    with pytest.raises(FormatError, match=r"output\.weight"):
        load_weights(net.spec.model_copy(update={"outputs": 4}), arrays)
