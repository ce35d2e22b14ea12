"""Write the golden ``.glass`` files of recurrent nets (characters, words, a series), beside what they answer.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.archive import FORMAT

FOLDER = Path(__file__).with_name("golden") / f"v{FORMAT}" / "recurrent"
TEXT = "Der Zug fährt ab: 列车开了。 The train leaves at nine.\n" * 12
WISHES = {"task": "characters", "net": "lstm:2x6:0.1", "epochs": 3, "lr": 0.02, "test": "last:60"}


REVIEWS = {
    "text": [
        f"{'not ' * (each % 2)}a {word} film, 片 {each}" for each in range(40) for word in ("好", "dull")
    ],
    "label": [word for each in range(40) for word in (("yes", "no") if each % 2 == 0 else ("no", "yes"))],
}
NEW = ["not a 好 film", "a dull film", "", "unheard-of words!"]


def train_words() -> Any:
    """Train a small net that reads words, on one thread of the CPU."""
    import glassnet as gn

    wishes = {"task": "text", "net": "gru:1x4:0.1", "target": "label", "epochs": 3, "lr": 0.05, "threads": 1}
    return gn.train(REVIEWS, **wishes, device="cpu", batch_size=8)


def answers_of_words(model: Any) -> dict[str, Any]:
    """Say what a model of words answers, as JSON values."""
    return {"predict": model.predict(NEW).tolist(), "predict_proba": model.predict_proba(NEW).tolist()}


def rows(count: int = 90, seed: int = 0) -> dict[str, list[Any]]:
    """Make up a series with a season of 6 rows, a column of classes and one with missing numbers."""
    random, row = np.random.default_rng(seed), np.arange(count)
    load = 5 + np.sin(row * np.pi / 3) + random.normal(0, 0.1, count)
    return {
        "load": load.round(3).tolist(),
        "sky": random.choice(["clear", "雨"], count).tolist(),
        "wind": [None if each < 0.1 else round(float(each), 2) for each in random.random(count)],
    }


def train_series() -> Any:
    """Train a small net that foretells the next values of a series, on one thread of the CPU."""
    import glassnet as gn

    wishes = {
        "task": "series",
        "target": "load",
        "net": "lstm:2x4:0.1",
        "horizon": 3,
        "epochs": 3,
        "threads": 1,
    }
    return gn.train(rows(), **wishes, device="cpu")


def answers_of_series(model: Any) -> dict[str, Any]:
    """Say what a model of a series answers, as JSON values."""
    new = rows(40, seed=1)
    return {"predict": model.predict(new).tolist(), "metrics": model.evaluate(new).metrics["test"]}


def train_model() -> Any:
    """Train a small net on one thread of the CPU."""
    import glassnet as gn

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.txt")
        path.write_text(TEXT, encoding="utf-8")
        return gn.train(path, **WISHES, device="cpu", threads=1, precision="float32")


def answers(model: Any) -> dict[str, Any]:
    """Say what a model answers, as JSON values."""
    return {
        "predict": model.predict(["The tra", "列"]).tolist(),
        "predict_proba": model.predict_proba("Der Z").tolist(),
        "generate": model.generate("The ", 40, temperature=0.8, top_k=6, seed=5),
        "losses": model.losses(model.vocabulary.encode("The train leaves!"), 1).tolist(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, train, ask in (
        ("characters", train_model, answers),
        ("words", train_words, answers_of_words),
        ("series", train_series, answers_of_series),
    ):
        path = FOLDER / f"{name}.glass"
        if not path.exists():
            model = train()
            path.write_bytes(model.to_bytes())
            account = json.dumps({"answers": ask(model)}, indent=1, ensure_ascii=False)
            path.with_suffix(".json").write_text(account + "\n", encoding="utf-8")
