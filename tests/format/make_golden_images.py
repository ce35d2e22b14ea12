"""Write the golden ``.glass`` files of models of photos, beside what they answer.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.archive import FORMAT

FOLDER = Path(__file__).with_name("golden") / f"v{FORMAT}" / "images"
MODELS: dict[str, dict[str, Any]] = {
    "grey": {"net": "photo:6-8:1", "augment": "flip,shift:1", "channels": 1, "lr": 0.02},
    "colour": {"net": "photo:4-4:3", "augment": "none", "channels": 3, "class_weight": "balanced"},
    "two": {"net": "2xphoto:6-8:1", "augment": "flip", "channels": 1, "lr": 0.02},
    "lenet": {"net": "lenet", "augment": "cutout:3", "channels": 1, "test": "none", "lr": 0.01},
}


def photos(count: int, seed: int) -> tuple[Any, list[str]]:
    """Make up photos of 12 x 12 pixels in three classes: stripes across, upright, and none."""
    draw = np.random.default_rng(seed)
    waves = 128 + 90 * np.sin(np.arange(12) * 1.5 + draw.uniform(0, 6, (count, 1)))
    found = waves[:, :, None, None] + draw.normal(0, 12, (count, 12, 12, 3))
    found[1::3] = found[1::3].transpose(0, 2, 1, 3)
    found[2::3] = draw.normal(128, 60, found[2::3].shape)
    labels = [("横", "upright", "none, or noise")[place % 3] for place in range(count)]
    return found.clip(0, 255).astype(np.uint8), labels


def train_model(name: str) -> Any:
    """Train one of the golden models, on one thread of the CPU."""
    import glassnet as gn

    wishes = {"task": "image", "epochs": 3, "threads": 1, "precision": "float32", "device": "cpu"}
    return gn.train(photos(150, 0), **wishes, **MODELS[name])


def answers(model: Any) -> dict[str, Any]:
    """Say what a model answers, as JSON values."""
    pixels, labels = photos(15, 1)
    results = model.evaluate((pixels, labels))
    found = {"predict": model.predict(pixels).tolist(), "predict_proba": model.predict_proba(pixels).tolist()}
    found["metrics"] = {"network": results.metrics["test"]}
    found["metrics"] |= {name: each["test"] for name, each in results.baselines.items()}
    return found


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        path = FOLDER / f"{name}.glass"
        if not path.exists():
            model = train_model(name)
            path.write_bytes(model.to_bytes())
            account = json.dumps({"answers": answers(model)}, indent=1, ensure_ascii=False)
            path.with_suffix(".json").write_text(account + "\n", encoding="utf-8")
