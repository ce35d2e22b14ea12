"""Checkpoints: the state of a run between two epochs, as bytes and back, to the bit.

    glassnet checkpoint 1 <sha256 of all that follows the line> <length of the facts>
    facts: JSON of the history, of the optimiser's groups and scalars, and of what the run was asked
    tensors: safetensors, named net.*, best.* and optimizer.<parameter>.*

The SHA-256 is there because safetensors alone loads a flipped bit silently. Nothing is ever unpickled. There
is no state of a random generator and no position in the data: both are pure functions of (seed, epoch).
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from glassnet.engine.callbacks import BestWeights, finished, put_back, weights_of
from glassnet.engine.history import History
from glassnet.engine.loop import Loop
from glassnet.errors import FormatError, RecipeError, message
from glassnet.storage import write_atomically

_MAGIC = b"glassnet checkpoint 1"


@dataclass(frozen=True)
class State:
    """What a run needs in order to go on: weights and buffers, the best ones, optimiser, history, request.

    ``asked`` is what must be the same for the run to go on with the same bits: JSON values by name.
    """

    net: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Any]
    history: History
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the run has nothing left to do."""
        return finished(self.history.stopped)


def capture(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    best: dict[str, Tensor] | None,
    history: History,
    asked: dict[str, Any],
) -> State:
    """Return a copy of a run's state; the best weights are the net's own where none are kept."""
    now = weights_of(net)
    kept = best and {name: each.clone() for name, each in best.items()}
    return State(
        net=now,
        best=kept or now,
        optimizer=copy.deepcopy(optimizer.state_dict()),
        history=copy.deepcopy(history),
        asked=asked,
    )


def saving(save: Callable[[State], None], best: BestWeights, asked: dict[str, Any]) -> Callable[[Loop], None]:
    """Return what ``callbacks.Checkpointing`` calls: it hands a copy of the run's state to ``save``."""
    return lambda loop: save(capture(loop.net, loop.optimizer, best.weights, loop.history, asked))


def going_on(state: State | None, asked: dict[str, Any]) -> History:
    """Return the history that a run goes on with: a copy of the state's, a new one without a state.

    Raises:
        RecipeError: the state is of another request or of other data.
    """
    if state is None:
        return History()
    names = differing(state, asked)
    if names:
        found = f"{', '.join(names)} differ from what the checkpoint was made with"
        must = "a run goes on only with the request that it began with"
        raise RecipeError(message(must, found, "ask for the same, or remove the checkpoint"))
    return copy.deepcopy(state.history)


def differing(state: State, asked: dict[str, Any]) -> list[str]:
    """Return the names of what a state was asked for otherwise."""
    return sorted(
        name for name in state.asked.keys() | asked.keys() if state.asked.get(name) != asked.get(name)
    )


def restore(state: State, net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Put weights, buffers and the optimiser's state back, on whatever device the net is now.

    Raises:
        FormatError: the state is of another net or of another optimiser.
    """
    theirs, ours = ({name: _form(each) for name, each in w.items()} for w in (state.net, weights_of(net)))
    if theirs != ours:
        names = sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name))
        there, here = theirs.get(names[0], "missing"), ours.get(names[0], "missing")
        raise FormatError(_another("net", f"{names[0]} is {there} there and {here} in this net"))
    put_back(net, state.net)
    try:
        optimizer.load_state_dict(state.optimizer)
    except (ValueError, KeyError) as error:
        raise FormatError(_another("optimiser", str(error))) from None
    for parameter, kept in getattr(optimizer, "state", {}).items():  # the fused engine keeps them otherwise
        kept.update({key: _laid_out_as(parameter, each) for key, each in kept.items()})


def _laid_out_as(parameter: Tensor, kept: Any) -> Any:
    """Lay a tensor out in memory as its parameter is: torch's fused steps go through both side by side."""
    if not isinstance(kept, Tensor) or kept.shape != parameter.shape:
        return kept
    return torch.empty_like(parameter, dtype=kept.dtype, device=kept.device).copy_(kept)


def to_bytes(state: State) -> bytes:
    """Return the state as bytes; the same state gives the same bytes.

    Raises:
        RecipeError: an optimiser of the user's own keeps something other than tensors and plain values.
    """
    slots = {(i, key): value for i, kept in state.optimizer["state"].items() for key, value in kept.items()}
    tensors = {f"net.{name}": each for name, each in state.net.items()}
    tensors |= {f"best.{name}": each for name, each in state.best.items()}
    tensors |= {f"optimizer.{i}.{key}": each for (i, key), each in slots.items() if isinstance(each, Tensor)}
    scalars = [[i, key, each] for (i, key), each in slots.items() if not isinstance(each, Tensor)]
    groups = state.optimizer["param_groups"]
    facts = {"history": state.history.to_jsonl(), "groups": groups, "scalars": scalars, "asked": state.asked}
    try:
        head = json.dumps(facts, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise RecipeError(_cannot_keep(str(error))) from None
    copies = {name: each.detach().cpu().contiguous().clone() for name, each in tensors.items()}
    body = head + safetensors.torch.save(copies)
    return b"%s %s %d\n" % (_MAGIC, hashlib.sha256(body).hexdigest().encode(), len(head)) + body


def from_bytes(data: bytes, name: str = "checkpoint") -> State:
    """Read what ``to_bytes`` wrote; all tensors are on the CPU.

    Args:
        name: the file's name, for the message.

    Raises:
        FormatError: it is not a checkpoint of this version, or it is damaged.
    """
    line, _, body = data.partition(b"\n")
    if not line.startswith(_MAGIC + b" "):
        raise FormatError(_not_whole(name, "it does not begin as one of this version"))
    try:
        digest, length = line[len(_MAGIC) + 1 :].split(b" ")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            raise FormatError(_not_whole(name, "its SHA-256 is not the one that it names"))
        facts = json.loads(body[: int(length)])
        tensors = safetensors.torch.load(body[int(length) :])
        return _state(facts, tensors)
    except (ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise FormatError(_not_whole(name, str(error))) from None


def write(path: Path, state: State) -> None:
    """Write the state to a file, which is at every moment either the old one or the new one, whole."""
    write_atomically(path, to_bytes(state))


def read(path: Path) -> State:
    """Read the state from a file.

    Raises:
        FormatError: the file is not a checkpoint of this version, or it is damaged.
        OSError: the file cannot be read.
    """
    return from_bytes(path.read_bytes(), str(path))


def earlier(path: Path | None) -> State | None:
    """Read the state that an earlier start of a run has left; None: it left none. See ``read``."""
    return read(path) if path is not None and path.exists() else None


def _state(facts: dict[str, Any], tensors: dict[str, Tensor]) -> State:
    groups = [{key: _as_kept(key, value) for key, value in group.items()} for group in facts["groups"]]
    kept: dict[int, dict[str, Any]] = {}
    for i, key, value in facts["scalars"]:
        kept.setdefault(i, {})[key] = value
    for name, each in _below("optimizer.", tensors).items():
        i, _, key = name.partition(".")
        kept.setdefault(int(i), {})[key] = each
    optimizer = {"state": kept, "param_groups": groups}
    history = History.from_jsonl(facts["history"])
    return State(_below("net.", tensors), _below("best.", tensors), optimizer, history, facts["asked"])


def _as_kept(key: str, value: Any) -> Any:
    """JSON knows no tuples, and torch keeps such as (beta1, beta2) as one."""
    return tuple(value) if isinstance(value, list) and key != "params" else value


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


def _form(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _another(what: str, found: str) -> str:
    return message(
        f"the checkpoint must be of the same {what}",
        found,
        f"go on with that {what}, or remove the checkpoint",
    )


def _not_whole(name: str, found: str) -> str:
    return message(f"{name} must be a whole Glassnet checkpoint", found, "remove it to begin from the start")


def _cannot_keep(found: str) -> str:
    return message(
        "an optimiser must keep tensors and plain values for a checkpoint", found, "leave out checkpoint="
    )
