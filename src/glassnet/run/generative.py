"""What ``gn.autoencode``, ``gn.gan`` and ``gn.style`` have in common: folder, checkpoint, signals, pictures.

==================  ==============================================================================
``recipe.toml``     what was asked, written before all else
``plan.json``       what the run decided for itself, reused when it goes on
``history.jsonl``   one line an epoch, live
``checkpoints/``    a file a training, replaced as it goes on, and kept in the end: it is the result
``pictures.png``    what the net makes, written anew at intervals
``result.json``     how good it is; written last
==================  ==============================================================================

A finished run that is asked to go on does nothing but return its result.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Protocol, Self, TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from glassnet.engine import checkpoint as checkpoints
from glassnet.errors import DataError, RecipeError, RequestError, message
from glassnet.lens.as_json import plain
from glassnet.notation import parse_duration, parse_split
from glassnet.run.budget import ENDING
from glassnet.run.folder import RunFolder, held, new_run_folder
from glassnet.run.reporter import Reporter, Silent
from glassnet.run.signals import Interrupts, listening
from glassnet.storage import write_atomically

if TYPE_CHECKING:
    from glassnet.engine.checkpoint import State
    from glassnet.engine.history import EpochRecord, History

PICTURE_SHARE = 20
"""Pictures are drawn at most so rarely that drawing takes a twentieth of the time."""
MARGIN = 0.85
"""Share of the time left that is planned for: the rest is for a machine that gets busier."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Request(BaseModel):
    """What the user decides about a run without a task; each kind adds its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    command: ClassVar[str] = ""

    kind: str
    data: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    budget: Seconds | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=1)] | None = None

    @field_validator("budget", mode="before")
    @classmethod
    def _read_time(cls, value: object) -> object:
        return parse_duration(value) if isinstance(value, str) else value

    def to_toml(self) -> str:
        """Return the request as ``recipe.toml`` has it; what was left to the run is not written."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    def changed(self) -> list[str]:
        """Name the options that are not as they are where nothing was asked for."""
        fields = type(self).model_fields.items()
        return sorted(name for name, each in fields if name != "kind" and getattr(self, name) != each.default)

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Self:
        """Build a request from a call's arguments; data in memory has no name in it.

        Raises:
            RecipeError: see :meth:`checked`.
        """
        asked = {name: value for name, value in arguments.items() if name in cls.model_fields}
        for name in ("data", "style", "weights"):
            if name in asked:
                asked[name] = str(asked[name]) if isinstance(asked[name], str | Path) else None
        return cls.checked(asked)

    @classmethod
    def checked(cls, values: dict[str, Any]) -> Self:
        """Build a request, or say everything that is wrong with it at once.

        Raises:
            RecipeError: options are unknown, or have values that they cannot take.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise RecipeError(
                [_problem(each, cls.command) for each in error.errors(include_url=False)]
            ) from None


class PictureRequest(Request):
    """What the user decides about a run that learns from pictures."""

    size: Annotated[int, Field(ge=4)] | None = None
    grey: bool = False
    test: str = "random:0.1"
    epochs: Annotated[int, Field(ge=1)] | None = None
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    batch_size: Annotated[int, Field(ge=2)] = 64

    @field_validator("test")
    @classmethod
    def _check_split(cls, value: str) -> str:
        spec = parse_split(value)
        if spec.kind not in ("random", "last", "none") or spec.seconds is not None:
            must = "test must be a share or a number of pictures"
            raise ValueError(message(must, f"test={value!r}", "write random:0.1, last:0.2, last:360 or none"))
        return value


def _problem(found: Any, command: str) -> str:
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    name = ".".join(str(part) for part in found["loc"])
    must = f"{name} must be right: {found['msg'][0].lower()}{found['msg'][1:]}"
    return message(must, f"{name}={found['input']!r}", f"see glassnet {command} --help")


AnyRequest = TypeVar("AnyRequest", bound=Request)
Result = TypeVar("Result")


class Found(Protocol):
    """What comes of a run."""

    def summary(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""


@dataclass
class Making:
    """One run at work: its folder if it has one, whom it tells, and when it began (``time.monotonic()``).

    ``reserved`` is the share of a budget that is kept for measuring what came of the training.
    """

    folder: RunFolder | None
    reporter: Reporter
    interrupts: Interrupts
    began: float
    reserved: float = 0.1
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The folder of the run, if it has one."""
        return None if self.folder is None else self.folder.path

    @contextmanager
    def part(self, name: str, phase: str = "") -> Iterator[None]:
        """Keep how long a part of the run takes; ``phase`` tells that it begins."""
        since = time.monotonic()
        if phase:
            self.reporter.phase(phase)
        yield
        self.seconds[name] = time.monotonic() - since

    def state(self, name: str = "net") -> State | None:
        """Return the last checkpoint of a training of this run, if there is one."""
        path = None if self.folder is None else self.folder.checkpoint(name)
        return checkpoints.read(path) if path is not None and path.exists() else None

    def saving(self, name: str = "net") -> Callable[[State], None] | None:
        """Return what writes the checkpoint, or None where nothing is written."""
        if self.folder is None:
            return None
        path = self.folder.checkpoint(name)
        return lambda state: checkpoints.write(path, state)

    def plan(self, decide: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what an earlier start of this run decided, or decide and write it down."""
        earlier = self.folder.read_plan() if self.folder is not None else None
        decided = earlier or decide()
        if self.folder is not None and earlier is None:
            self.folder.write_plan(json.dumps(decided, indent=2))
        return dict(decided)

    def keep(self, name: str, data: bytes) -> None:
        """Write a file of the run, where it has a folder."""
        if self.folder is not None:
            write_atomically(self.folder.path / name, data)

    def finish(self, found: Found) -> None:
        """Keep how long the run took, and write its result if it was not interrupted."""
        self.seconds["total"] = time.monotonic() - self.began
        summary = found.summary()
        if summary["stopped"] != "interrupted":
            self.keep("result.json", json.dumps(plain(summary), indent=2).encode())

    def epochs_within(self, budget: float | None, epoch: Callable[[], float], most: int) -> int:
        """Return how many epochs a budget pays for; ``epoch`` measures the seconds of one."""
        if budget is None:
            return most
        seconds = max(epoch(), 1e-6)
        left = self.began + (1 - self.reserved) * budget - ENDING - time.monotonic()
        return max(1, min(most, int(MARGIN * left / seconds)))

    def deadline(self, budget: float | None, all_of_it: bool = False) -> float | None:
        """Return when training, or all work but saving, has to end, of ``time.monotonic()``."""
        share = 1.0 if all_of_it else 1 - self.reserved
        return None if budget is None else self.began + share * budget - ENDING


class Ties(TypedDict):
    """What the engine's trainings take of a run; see :func:`glassnet.engine.training.train_net`."""

    progress: Callable[[EpochRecord | None, float, int, float], None]
    should_stop: Callable[[], bool]
    deadline: float | None
    state: State | None
    save: Callable[[State], None] | None


class Follower:
    """An engine callback: each epoch becomes a line of ``history.jsonl``, and now and then a picture."""

    def __init__(self, making: Making, draw: Callable[[], bytes | None]) -> None:
        self.making, self.draw = making, draw
        self.not_before = 0.0
        self.history: History | None = None

    def fit_begin(self, loop: Any) -> None:
        """Write what earlier starts of this run have done."""
        self.history = loop.history
        if self.making.folder is not None:
            self.making.folder.write_history([record.to_json() for record in loop.history])

    def epoch_end(self, loop: Any) -> None:
        """Write the epoch that ended; draw, unless that was just done."""
        if self.making.folder is None:
            return
        self.making.folder.add_history(loop.history[-1].to_json())
        began = time.monotonic()
        if began >= self.not_before:
            loop.net.eval()
            self.picture()
            self.not_before = time.monotonic() + PICTURE_SHARE * (time.monotonic() - began)

    def picture(self) -> None:
        """Draw what the net makes now into ``pictures.png``, where it can be drawn."""
        drawn = self.draw()
        if drawn is not None:
            self.making.keep("pictures.png", drawn)

    def progress(self, record: EpochRecord | None, done: float, total: int, eta: float) -> None:
        """Pass the engine's report on."""
        self.making.reporter.progress("net", record, done, total, eta)

    def ties(self, budget: float | None, name: str = "net") -> Ties:
        """Return what ties a training to this run; ``name`` is that of its checkpoint."""
        making = self.making
        return {
            "progress": self.progress,
            "should_stop": lambda: making.interrupts.requested,
            "deadline": making.deadline(budget),
            "state": making.state(name),
            "save": making.saving(name),
        }


def carry_out(
    request: AnyRequest,
    work: Callable[[AnyRequest, Making], Result],
    *,
    out: str | Path | None,
    keep: bool,
    resume: str | Path | None,
    reporter: Reporter | None,
) -> Result:
    """Begin a run, or go on with the one in a folder, and do its work.

    Args:
        request: where a run goes on, nothing but the data may stand in it.
        work: does the whole work; where the run has a checkpoint it goes on from there.
        out: the folder of a new run; None: ``runs/<name>`` where ``keep`` says that there is to be one.
    """
    began = time.monotonic()
    if resume is None and out is None and not keep:
        return _work(request, work, None, reporter, began)
    if resume is not None:
        folder = RunFolder(Path(resume))
        request = _asked_before(folder, request)
    else:
        folder = new_run_folder(out, f"{request.kind}-{Path(request.data or 'array').stem}")
    with held(folder):
        if resume is not None:
            return _work(request, work, folder, reporter, began)
        _begin(folder, request)
        try:
            return _work(request, work, folder, reporter, began)
        except RequestError:
            folder.discard()
            raise


def _work(
    request: AnyRequest,
    work: Callable[[AnyRequest, Making], Result],
    folder: RunFolder | None,
    reporter: Reporter | None,
    began: float,
) -> Result:
    kind = request.command
    go_on = "start it again" if folder is None else f"go on with glassnet {kind} --resume {folder.path}"
    with listening(go_on) as interrupts:
        return work(request, Making(folder, reporter or Silent(), interrupts, began))


def _begin(folder: RunFolder, request: Request) -> None:
    """Write the request of a new run.

    Raises:
        DataError: the folder holds a run already.
    """
    if folder.recipe.exists():
        must, found = "--out must name a folder without a run", f"{folder.path} holds one"
        do = f"go on with it by --resume {folder.path}, or name another folder"
        raise DataError(message(must, found, do))
    write_atomically(folder.recipe, request.to_toml().encode())


def _asked_before(folder: RunFolder, request: AnyRequest) -> AnyRequest:
    """Return the request that a run began with.

    Raises:
        DataError: the folder holds no such run.
        RecipeError: something else is asked for now.
    """
    others = [name for name in request.changed() if name != "data"]
    if others:
        must, found = "resume goes on with a run as it was asked for", f"there is also {', '.join(others)}"
        raise RecipeError(message(must, found, "leave it out, or start a new run"))
    must = f"resume needs the folder of a run of glassnet {request.command}"
    try:
        values = tomllib.loads(folder.recipe.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(message(must, str(error), "name the folder that the run printed")) from None
    if values.get("kind") != request.kind:
        found = f"{folder.path} holds a run of another kind"
        raise DataError(message(must, found, "go on with the command that began it"))
    if request.data is not None and request.data != values.get("data"):
        found = f"it began with {values.get('data') or 'an array'}, and {request.data} is named"
        raise DataError(message("a run goes on only with its own data", found, "name no other"))
    return type(request).checked(values)
