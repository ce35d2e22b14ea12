"""Write the golden ``.glass`` files of the current format, each beside a readable account of what is in it.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.archive import FORMAT, pack

FOLDER = Path(__file__).with_name("golden") / f"v{FORMAT}"


def contents() -> dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Give each file's manifest and arrays."""
    numbers = [0.1, -0.0, 1.0, 1e-4, 1e-5, 1e15, 1e16, 1.7976931348623157e308, 5e-324, 2**63 - 1, -(2**63)]
    text = 'ß 中 \U0001f600 \x7f \u2028 \x00\x1f"\\/\n\r\t\f\b'
    return {
        "nothing": ({}, {}),
        "json": ({"numbers": numbers, text: [text, "", None, True, False, {}, []]}, {}),
        "arrays": (
            {"task": "regression"},
            {
                "0.weight": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
                "0.bias": np.array([0.1, -0.0], np.float32),
                "1.running_mean": np.array([1e-300, 2.0]),
                "1.num_batches_tracked": np.array(7),
                "mask": np.array([[True], [False], [True]]),
                "bytes": np.arange(256, dtype=np.uint8),
                "empty": np.zeros((0, 3), np.float32),
                "größe": np.full((1, 1, 1, 1, 1, 1, 1, 2), -1, np.int64),
            },
        ),
    }


def account(manifest: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """Write contents as JSON that needs no Glassnet to be read; bytes are little-endian, as hexadecimals."""
    plain = {
        name: {"dtype": each.dtype.name, "shape": each.shape, "hex": each.tobytes().hex()}
        for name, each in sorted(arrays.items())
    }
    return json.dumps({"manifest": manifest, "arrays": plain}, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (manifest, arrays) in contents().items():
        if not (FOLDER / f"{name}.glass").exists():
            (FOLDER / f"{name}.glass").write_bytes(pack(manifest, arrays))
            (FOLDER / f"{name}.json").write_text(account(manifest, arrays), encoding="utf-8")
