"""Write the golden ``.glass`` files of the current format, each beside a readable account of what is in it.

``golden/v1/*.glass`` hold bare manifests and arrays, ``golden/v1/models/*.glass`` whole models, trained on
the synthetic rides below, beside raw rows and the answers to them.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from glassnet.archive import FORMAT, pack

FOLDER = Path(__file__).with_name("golden") / f"v{FORMAT}"
MODELS: dict[str, dict[str, Any]] = {
    "regression": {"target": "rides", "drop": "calls,kind,fare", "net": "6:tanh", "missing": "-999"},
    "binary": {
        "target": "busy",
        "drop": "rides,calls,kind,fare",
        "net": "5:relu",
        "test": "group:station",
        "weight": "trust",
    },
    "multiclass": {
        "target": "kind",
        "task": "multiclass",
        "drop": "rides,calls,busy,fare",
        "net": "6:silu:0.1",
        "norm": "batch",
    },
    "poisson": {
        "target": "calls",
        "task": "poisson",
        "drop": "rides,kind,busy,fare",
        "net": "5:gelu",
        "norm": "layer",
    },
    "multioutput": {"target": "rides,wind", "drop": "calls,kind,busy,fare", "net": "4", "test": "none"},
    "members": {
        "target": "kind",
        "task": "multiclass",
        "drop": "rides,calls,busy,fare",
        "net": "3x5:silu:0.1,4:relu+waves",
        "norm": "layer",
    },
    "long_tail": {
        "target": "fare",
        "drop": "rides,calls,kind,busy",
        "epochs": 64,
        "ema": 0.9,
        "scaling": "quantile",
    },
}


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


def rides(rows: int = 240, seed: int = 0) -> dict[str, list[Any]]:
    """Make up rides every five hours: dates, missing cells, rare and Chinese categories, counts, classes."""
    random = np.random.default_rng(seed)
    hours = [datetime.datetime(2024, 1, 1) + datetime.timedelta(hours=5 * row) for row in range(rows)]
    temp, wind = random.normal(10, 5, rows).round(1), random.integers(0, 90, rows)
    sky = random.choice(["clear", "雨", 'fog, "thick"', "hail", ""], rows, p=[0.5, 0.28, 0.15, 0.01, 0.06])
    holiday = random.random(rows) < 0.2
    level = 20 + 2 * temp + 10 * holiday - 8 * (sky == "雨") + random.normal(0, 3, rows)
    return {
        "when": [f"{hour:%Y-%m-%d %H:%M}" for hour in hours],
        "temp": [None if random.random() < 0.1 else float(value) for value in temp],
        "sky": [str(value) or None for value in sky],
        "holiday": ["yes" if value else "no" for value in holiday],
        "wind": wind.tolist(),
        "station": [f"S{value}" for value in random.integers(0, 12, rows)],
        "trust": random.choice([0.5, 1.0, 2.0], rows).tolist(),
        "rides": level.round(2).tolist(),
        "calls": random.poisson(np.exp(level / 30)).tolist(),
        "fare": np.exp(level / 20).round(2).tolist(),
        "kind": (10 * np.digitize(level, [25, 45])).tolist(),
        "busy": ["Busy" if value > 40 else "calm" for value in level],
    }


def train_model(name: str) -> Any:
    """Train one of the golden models, on one thread of the CPU; the default net is made small."""
    import glassnet as gn
    from glassnet.run import choose, work

    def notation(net: str, rows: int) -> str:
        return "2x4:relu+waves" if net == "tabular" else net

    with mock.patch.object(work, "net_notation", notation), mock.patch.object(choose, "OTHER_NETS", ()):
        return gn.train(rides(), **{"epochs": 12, "lr": 0.02, "device": "cpu", "threads": 1, **MODELS[name]})


def answers(model: Any, rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Say all that a model answers to raw rows, as JSON values."""
    found = {"predict": model.predict(rows).tolist(), "metrics": {}}
    if model.task.is_classification:
        found["predict_proba"] = model.predict_proba(rows).tolist()
    else:
        found["predict_interval"] = [each.tolist() for each in model.predict_interval(rows, 0.8)]
    results = model.evaluate(rows)
    found["metrics"] = {"network": results.metrics["test"]}
    found["metrics"] |= {name: each["test"] for name, each in results.baselines.items()}
    return found


if __name__ == "__main__":
    (FOLDER / "models").mkdir(parents=True, exist_ok=True)
    for name, (manifest, arrays) in contents().items():
        if not (FOLDER / f"{name}.glass").exists():
            (FOLDER / f"{name}.glass").write_bytes(pack(manifest, arrays))
            (FOLDER / f"{name}.json").write_text(account(manifest, arrays), encoding="utf-8")
    for name in MODELS:
        path = FOLDER / "models" / f"{name}.glass"
        if not path.exists():
            model, rows = train_model(name), rides(24, seed=1)
            model.save(path)
            text = json.dumps({"rows": rows, "answers": answers(model, rows)}, indent=1, ensure_ascii=False)
            path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
