"""Write the golden ``.glass`` files of recurrent nets, of characters and of words, beside what they answer.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

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
    ):
        path = FOLDER / f"{name}.glass"
        if not path.exists():
            model = train()
            path.write_bytes(model.to_bytes())
            account = json.dumps({"answers": ask(model)}, indent=1, ensure_ascii=False)
            path.with_suffix(".json").write_text(account + "\n", encoding="utf-8")
