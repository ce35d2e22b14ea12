"""Small photos that the tests of images make."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photo() -> Callable[..., bytes]:
    """Give the file of a photo of one grey: ``photo(10, (width, height), "PNG")``."""

    def make(value: int = 0, size: tuple[int, int] = (12, 8), kind: str = "PNG") -> bytes:
        file = io.BytesIO()
        Image.new("RGB", size, (value, value, value)).save(file, kind)
        return file.getvalue()

    return make


@pytest.fixture
def pets(tmp_path: Path, photo: Callable[..., bytes]) -> Path:
    """Give a folder of three photos of two classes, one of them deeper, with grey 10, 20 and 30."""
    for name, value in (("猫/a.png", 10), ("猫/nested/b.png", 20), ("dog/c d.png", 30)):
        file = tmp_path / "pets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo(value))
    return tmp_path / "pets"
