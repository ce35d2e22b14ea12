"""Write the golden models of texts of the current format, each beside new texts and the answers to them.

A golden file is never written again: the files of every released version stay as they are, and load for ever.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from glassnet.archive import FORMAT

FOLDER = Path(__file__).with_name("golden") / f"v{FORMAT}" / "texts"
WORDS = {
    "sunny": ["bright", "warm", "blue", "light", "晴", "太阳"],
    "rainy": ["grey", "wet", "cold", "umbrella", "雨", "下雨"],
    "snowy": ["white", "frost", "icy", "sled", "雪", "冰"],
}
MODELS: dict[str, dict[str, Any]] = {
    "two_classes": {"classes": 2},
    "three_classes": {"classes": 3, "text": {"ngrams": 1, "weighting": "tfidf", "min_count": 1}, "epochs": 3},
    "hidden": {"classes": 3, "net": "5:tanh:0.1,4:identity", "text": {"ngrams": 1}, "lr": 0.02, "epochs": 4},
    "hashed": {"classes": 2, "text": {"ngrams": 2, "bits": 9, "weighting": "counts"}, "test": "cv:2"},
}


def weather(rows: int, classes: int, seed: int = 0) -> dict[str, list[str]]:
    """Make up reports of the weather in two languages."""
    draw = random.Random(seed)
    kinds = [list(WORDS)[place % classes] for place in range(rows)]
    plain = ["the", "day", "was", "a", "it,", "and!", "don't", "<br", "/>", "今天"]
    texts = [" ".join([*draw.choices(plain, k=5), *draw.choices(WORDS[kind], k=2)]) for kind in kinds]
    return {"report": texts, "kind": kinds}


def train_texts(name: str) -> Any:
    """Train one of the golden models on one thread."""
    import glassnet as gn

    options = {**MODELS[name]}
    data = weather(60, options.pop("classes"))
    return gn.train(data, task="text", column="report", target="kind", threads=1, **options)


def answers(model: Any, rows: dict[str, list[str]]) -> dict[str, Any]:
    """Say all that a model answers to raw texts, as JSON values."""
    results = model.evaluate(rows)
    metrics = {"network": results.metrics["test"]}
    metrics |= {name: each["test"] for name, each in results.baselines.items()}
    contributions = model.contributions(rows["report"][0])
    return {
        "predict": model.predict(rows).tolist(),
        "predict_proba": model.predict_proba(rows).tolist(),
        "metrics": metrics,
        "contributions": [[each.ngram, each.count, each.logits.tolist()] for each in contributions],
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, options in MODELS.items():
        path = FOLDER / f"{name}.glass"
        if not path.exists():
            model, rows = train_texts(name), weather(12, options["classes"], seed=1)
            model.save(path)
            text = json.dumps({"rows": rows, "answers": answers(model, rows)}, indent=1, ensure_ascii=False)
            path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
