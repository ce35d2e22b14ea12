"""The run folder: what a run leaves to look at, and what it needs to go on after it was killed.

==================  ==============================================================================
``recipe.toml``     what the user decided, the data's path and SHA-256; written before all else
``plan.json``       what the run decided for itself, reused by ``--resume``
``history.jsonl``   one line an epoch, live
``checkpoints/``    one file a net, replaced as it trains; removed when the run is finished
``weights/``        one file an epoch and net, where the recipe asks for it (``keep_weights``)
``samples/``        what a net that learns a text writes after each epoch, one file an epoch
``model.glass``     the model; while the file ``interrupted`` stands beside it, the best one so far
``report.html``     what was predicted, how good it is, beside what, and what to distrust
==================  ==============================================================================
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassnet.errors import DataError, FormatError, message
from glassnet.recipe import Recipe, read_recipe, write_recipe
from glassnet.storage import remove_leftovers, write_atomically


class RunFolder:
    """A folder that belongs to one run; see the table in this module's docstring."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe = path / "recipe.toml"
        self.plan = path / "plan.json"
        self.history = path / "history.jsonl"
        self.checkpoints = path / "checkpoints"
        self.weights = path / "weights"
        self.samples = path / "samples"
        self.model = path / "model.glass"
        self.report = path / "report.html"
        self.interrupted = path / "interrupted"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end: it has a model, and was not interrupted."""
        return self.model.exists() and not self.interrupted.exists()

    def checkpoint(self, net: str) -> Path:
        """Return the checkpoint file of one net of this run, e.g. ``net``, ``net-refit``, ``fold2``."""
        self.checkpoints.mkdir(exist_ok=True)
        return self.checkpoints / f"{net}.ckpt"

    def begin(self, recipe: Recipe) -> None:
        """Write the recipe of a new run.

        Raises:
            DataError: the folder holds a run already, or cannot be written to.
        """
        if self.recipe.exists():
            raise DataError(
                message(
                    "--out must name a folder without a run",
                    f"{self.path} holds one",
                    f"go on with it by --resume {self.path}, or name another folder",
                )
            )
        try:
            self.write_recipe(recipe)
        except OSError as error:
            raise DataError(_not_writable(error)) from None

    def read_recipe(self) -> Recipe:
        """Read the run's recipe.

        Raises:
            DataError: the folder holds no run.
            RecipeError: its recipe was changed by hand to something that is no recipe.
        """
        if not self.recipe.is_file():
            raise DataError(
                message(
                    "--resume needs the folder of a run",
                    f"{self.path} holds no recipe.toml",
                    "name the folder that glassnet train printed, or start the run again",
                )
            )
        return read_recipe(self.recipe.read_text(encoding="utf-8", errors="replace"))

    def write_recipe(self, recipe: Recipe) -> None:
        """Replace the recipe: once more when the data's SHA-256 is known, where it was not at first."""
        write_atomically(self.recipe, write_recipe(recipe).encode())

    def read_plan(self) -> dict[str, object] | None:
        """Return the plan of an earlier start of this run, or None where it got no further than its recipe.

        Raises:
            FormatError: the file is damaged.
        """
        if not self.plan.exists():
            return None
        try:
            plan: dict[str, object] = json.loads(self.plan.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FormatError(
                message(f"{self.plan} must be JSON", str(error), "delete it and start the run again")
            ) from None
        return plan

    def write_plan(self, text: str) -> None:
        """Write the plan down for a later start of this run."""
        write_atomically(self.plan, text.encode())

    def write_history(self, lines: list[str]) -> None:
        """Replace the history by these lines: an interrupted run's last, unchecked epochs are gone."""
        write_atomically(self.history, "".join(line + "\n" for line in lines).encode())

    def add_history(self, line: str) -> None:
        """Add one line to the history."""
        with self.history.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def keep_sample(self, epoch: int, text: str) -> None:
        """Write what a net wrote after an epoch."""
        self.samples.mkdir(exist_ok=True)
        (self.samples / f"epoch-{epoch:03d}.txt").write_text(text, encoding="utf-8")

    def discard(self) -> None:
        """Remove the folder of a run that turned out to be impossible before it had planned anything."""
        if not self.plan.exists():
            self.recipe.unlink(missing_ok=True)
            for folder in (self.checkpoints, self.path):
                with contextlib.suppress(OSError):  # somebody else's files are in it
                    folder.rmdir()

    def keep_model(self, data: bytes, *, interrupted: bool) -> None:
        """Write the model.

        The mark ``interrupted`` stands before an unfinished model does, and goes after a finished one is
        there: whenever the process is killed, no unfinished model passes for a finished one.
        """
        if interrupted:
            write_atomically(self.interrupted, b"glassnet train --resume goes on with this run\n")
        write_atomically(self.model, data)
        if not interrupted:
            self.interrupted.unlink(missing_ok=True)
            shutil.rmtree(self.checkpoints, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed process left: half-written files, and checkpoints of a finished run."""
        remove_leftovers(self.path)
        if self.finished:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        elif self.checkpoints.is_dir():
            remove_leftovers(self.checkpoints)


def new_run_folder(out: str | Path | None, name: str) -> RunFolder:
    """Make the folder of a new run.

    Args:
        out: the folder; it may exist. ``None``: ``runs/<name>``, or ``runs/<name>-2`` ...
        name: what the run is called where ``out`` is None.

    Raises:
        DataError: the folder cannot be made.
    """
    try:
        folder = RunFolder(Path(out) if out is not None else _unused(Path("runs"), name))
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(_not_writable(error)) from None
    return folder


def _not_writable(error: OSError) -> str:
    return message("the run folder must be writable", str(error), "name another folder with --out")


def _unused(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1_000_000):
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise DataError(message("a run needs a name", f"{parent} is full", "name a folder with --out"))


@contextmanager
def held(folder: RunFolder) -> Iterator[None]:
    """Hold a run folder for this process alone, and remove what a killed one left in it.

    Raises:
        DataError: another process is at work in it.
    """
    handle = _locked(folder.path)
    try:
        folder.sweep()
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked(path: Path) -> int | None:
    """Lock a folder until the returned handle is closed or the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock: two processes in one folder are not noticed there
        return None
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DataError(
            message(
                "one run folder belongs to one process",
                f"another process is at work in {path}",
                "wait for it, or stop it first",
            )
        ) from None
    except OSError:  # some network file systems cannot lock a folder
        os.close(handle)
        return None
    return handle
