"""What holds for every test: no network, nothing written outside a temporary folder, small and repeatable."""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_OURS = Path(tempfile.gettempdir()) / "glassnet-tests"

# Before NumPy, torch or matplotlib are imported, here and in the processes that a test starts. Two tests
# run side by side, so each keeps to one thread.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ["MPLBACKEND"] = "Agg"
os.environ["MPLCONFIGDIR"] = str(_OURS / "matplotlib")
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(_OURS / "hypothesis")
# Each test changes the working folder; what PYTHONPATH names stays where it is.
if "PYTHONPATH" in os.environ:
    _entries = os.environ["PYTHONPATH"].split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(os.path.abspath(entry) for entry in _entries if entry)

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402
from PIL import Image  # noqa: E402

ROOT = Path(__file__).parents[1]

settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "thorough", settings.get_profile("default"), max_examples=2000, derandomize=False, print_blob=True
)
settings.load_profile("thorough" if os.environ.get("GLASSNET_THOROUGH") == "1" else "default")


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in its own temporary folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every connection that leaves the process an error; local (unix) sockets stay."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise RuntimeError(f"a test must not use the network, however: it connects to {address!r}")
        connect(self, address)

    def no_lookup(host: object, *rest: object, **named: object) -> None:
        raise RuntimeError(f"a test must not use the network, however: it looks up {host!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)


class _WriteGuard:
    """Refuses to open a file for writing in the checkout, or anywhere that is not temporary."""

    def __init__(self) -> None:
        self.active = False
        self.temporary = (Path(tempfile.gettempdir()).resolve(), Path("/dev"))

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event != "open" or not self.active:
            return
        path, mode, flags = args
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else _writes(flags)
        if writes and isinstance(path, str | bytes) and self.forbids(Path(os.fsdecode(path)).absolute()):
            raise RuntimeError(f"a test must write to its tmp_path only, however: it writes {path!r}")

    def forbids(self, path: Path) -> bool:
        """Say whether tests may not write there. Python's own bytecode cache is not theirs."""
        if "__pycache__" in path.parts:
            return False
        inside_tree = path.is_relative_to(ROOT)
        return inside_tree or not any(path.is_relative_to(folder) for folder in self.temporary)


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_guard = _WriteGuard()
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _writes_stay_temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every file that a test writes inside the temporary folders."""
    _guard.temporary = (*_guard.temporary[:2], tmp_path_factory.getbasetemp().resolve())
    _guard.active = True
    yield
    _guard.active = False


GOOD = ["wonderful", "lovely", "great", "moving", "brilliant"]
BAD = ["awful", "boring", "dull", "terrible", "weak"]
PLAIN = ["the", "film", "actor", "story", "plot", "music", "scene", "was", "is", "of", "and", "a", "with"]


@pytest.fixture(scope="session")
def reviews() -> Callable[..., tuple[list[str], list[str]]]:
    """Give made-up reviews and their labels: ``reviews(60)`` has 30 of each class in turn."""

    def make(count: int, words: int = 8, seed: int = 0) -> tuple[list[str], list[str]]:
        draw = random.Random(seed)
        texts, labels = [], []
        for place in range(count):
            kind = GOOD if place % 2 else BAD
            text = [*draw.choices(PLAIN, k=words), *draw.choices(kind, k=2)]
            draw.shuffle(text)
            texts.append(" ".join(text))
            labels.append("pos" if place % 2 else "neg")
        return texts, labels

    return make


@pytest.fixture(scope="session")
def stripes() -> Callable[..., tuple[Any, list[str]]]:
    """Give small photos of stripes and their classes: ``stripes(40)`` has 20 across and 20 upright.

    Where the stripes begin is drawn, so that no single pixel tells the class.
    """

    def make(count: int, side: int = 12, seed: int = 0) -> tuple[Any, list[str]]:
        draw = np.random.default_rng(seed)
        waves = 128 + 90 * np.sin(np.arange(side) * 1.5 + draw.uniform(0, 6, (count, 1)))
        photos = waves[:, :, None] + draw.normal(0, 12, (count, side, side))
        photos[1::2] = photos[1::2].transpose(0, 2, 1)
        labels = ["upright" if place % 2 else "across" for place in range(count)]
        return photos.clip(0, 255).astype(np.uint8), labels

    return make


@pytest.fixture(scope="session")
def stripes_folder(stripes: Callable[..., tuple[Any, list[str]]]) -> Callable[..., Path]:
    """Write such photos into a folder of classes, as PNG: ``stripes_folder(tmp_path / "photos", 40)``."""

    def write(folder: Path, count: int, **wishes: int) -> Path:
        for number, (photo, label) in enumerate(zip(*stripes(count, **wishes), strict=True)):
            (folder / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(photo).save(folder / label / f"{number}.png")
        return folder

    return write


@pytest.fixture(scope="session")
def local_data() -> Callable[[str], Path]:
    """Give the path of a file or folder in ``GLASSNET_DATA``, or skip the test and say why.

    ``local_data("bike-sharing/hour.csv")``
    """

    def find(name: str) -> Path:
        folder = os.environ.get("GLASSNET_DATA")
        if not folder:
            pytest.skip(f"needs {name}: the environment variable GLASSNET_DATA names no folder")
        path = Path(folder) / name
        if not path.exists():
            pytest.skip(f"needs {name}: it is not in GLASSNET_DATA={folder}")
        return path

    return find
