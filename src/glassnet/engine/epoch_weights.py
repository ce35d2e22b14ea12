"""The weights of every epoch, as files: what a trace of an earlier epoch looks at.

    <folder>/epoch-00003.safetensors      parameters and buffers by their names, after epoch 3

They are written beside whatever else a run keeps, and nothing reads them but who asks for an epoch. Where the
moving average of the weights is kept, it is the average that stands here, as in what validation saw.
"""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from glassnet.engine.callbacks import weights_of
from glassnet.engine.loop import Loop
from glassnet.errors import FormatError, message
from glassnet.storage import write_atomically

_NAME = "epoch-{:05d}.safetensors"


class EpochWeights:
    """A callback for :func:`glassnet.fit` that writes the net's weights after each epoch into a folder.

    ``gn.fit(net, X, y, ..., callbacks=[gn.EpochWeights("weights")])``, then
    ``gn.trace(net, x, y, ..., weights="weights", epoch=3)``.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def epoch_end(self, loop: Loop) -> None:
        """Write the weights of the epoch that has ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: each.cpu().contiguous() for name, each in weights_of(loop.net).items()}
        write_atomically(self.folder / _NAME.format(loop.epoch), safetensors.torch.save(tensors))


def kept_epochs(folder: Path) -> tuple[int, ...]:
    """Return the epochs whose weights lie in a folder, ascending."""
    names = (each.stem.removeprefix("epoch-") for each in folder.glob("epoch-*.safetensors"))
    return tuple(sorted(int(each) for each in names if each.isdecimal()))


def read_epoch(folder: Path, epoch: int) -> dict[str, Tensor]:
    """Return the weights of one epoch that :func:`kept_epochs` names.

    Raises:
        FormatError: the file is damaged.
    """
    path = folder / _NAME.format(epoch)
    try:
        return safetensors.torch.load(path.read_bytes())
    except (SafetensorError, ValueError) as error:
        must = f"{path} must hold the weights of an epoch"
        raise FormatError(message(must, str(error), "train again to have them")) from None
