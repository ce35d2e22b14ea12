"""Bags of n-grams beside TF-IDF with logistic regression and fastText: raw texts to probabilities of others.

    python benchmarks/bags.py            # five splits of the reviews in GLASSNET_DATA, and of single lines
    python benchmarks/bags.py --splits 1 --out bags.json

Each contender gets the same texts as strings and answers the same held-out ones; ours chooses among its
candidates on a tenth of what it was given. Contenders take turns, and processor time counts all threads: on
a busy machine it says more than the clock. fastText runs where it is installed, with pairs of words and the
five passes of its authors (Joulin et al. 2016).
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import measure
import numpy as np
import polars as pl
from numpy.typing import NDArray

import glassnet as gn
from glassnet.data.text_store import Texts
from glassnet.engine.bags import choose_bags

Answer = Callable[[list[str], NDArray[np.int64], list[str]], NDArray[np.float64]]
"""Training texts, their labels and other texts to the probability of class 1 of the others."""

HIDDEN = ("10:identity", "64:relu:0.3")
"""Hidden layers of the bags that take part beside the linear one."""


def ours(texts: list[str], labels: NDArray[np.int64], others: list[str]) -> NDArray[np.float64]:
    """Train with the defaults; a random tenth chooses."""
    held_out = np.random.default_rng(0).permutation(len(texts))[: len(texts) // 10]
    net = choose_bags(Texts.of(texts), labels, 2, held_out).net
    return 1 / (1 + np.exp(-net.logits(Texts.of(others))[:, 0].astype(np.float64)))


def hidden(layers: str) -> Answer:
    """Return what trains a bag with hidden layers with the defaults."""

    def answer(texts: list[str], labels: NDArray[np.int64], others: list[str]) -> NDArray[np.float64]:
        data = {"text": texts, "label": labels.tolist()}
        model = gn.train(data, task="text", target="label", column="text", test="none", net=layers)
        return model.predict_proba(others)[:, 1]

    return answer


def tfidf(texts: list[str], labels: NDArray[np.int64], others: list[str]) -> NDArray[np.float64]:
    """Train scikit-learn's TF-IDF of words and pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=300))
    return pipeline.fit(texts, labels).predict_proba(others)[:, 1]


def fasttext(texts: list[str], labels: NDArray[np.int64], others: list[str]) -> NDArray[np.float64]:
    """Train fastText with pairs of words on lower-case words and marks, as its authors prepare texts."""
    import fasttext as library

    def plain(text: str) -> str:
        return " ".join(re.findall(r"[\w']+|[!?.,()]", text.replace("<br />", " ").lower()))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = (f"__label__{label} {plain(text)}\n" for text, label in zip(texts, labels, strict=True))
        path.write_text("".join(lines), encoding="utf-8")
        threads = len(os.sched_getaffinity(0))
        model = library.train_supervised(
            str(path), wordNgrams=2, lr=0.5, epoch=5, dim=10, thread=threads, verbose=0
        )
    answers = [{name: p for p, name in model.f.predict(plain(each), 2, 0.0, "strict")} for each in others]
    return np.clip([each.get("__label__1", 0.0) for each in answers], 0.0, 1.0)


def contenders() -> dict[str, Answer]:
    """Return who takes part; fastText only where it is installed."""
    found: dict[str, Answer] = {"glassnet": ours, "TF-IDF(1,2) + logistic": tfidf}
    found |= {f"glassnet, {layers}": hidden(layers) for layers in HIDDEN}
    try:
        import fasttext as _  # noqa: F401
    except ImportError:
        return found
    return found | {"fastText, pairs": fasttext}


def reviews() -> tuple[list[str], NDArray[np.int64]]:
    """Return the film reviews and whether each is positive."""
    frame = pl.read_parquet(measure.data_folder() / "imdb" / "train.parquet")
    return frame["text"].to_list(), (frame["label"] == "pos").to_numpy().astype(np.int64)


def lines(texts: list[str], labels: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the last sentence of 30 to 250 letters of each text, for texts of one line."""
    cut = [re.split(r"(?<=[.!?])\s+", text.replace("<br />", " ")) for text in texts]
    last = [next((each for each in reversed(parts) if 30 < len(each) < 250), None) for parts in cut]
    rows = [row for row, each in enumerate(last) if each is not None][:10_000]
    return [str(last[row]) for row in rows], labels[rows]


@contextmanager
def timed(into: dict[str, list[float]]) -> Iterator[None]:
    """Add the seconds of the block, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    yield
    into["seconds"].append(time.perf_counter() - clock)
    into["processor"].append(time.process_time() - processor)


def contest(texts: list[str], labels: NDArray[np.int64], splits: int) -> dict[str, dict[str, list[float]]]:
    """Let each contender answer each of some fifths of the texts, trained on the others."""
    names = ("accuracy", "log_loss", "seconds", "processor")
    found = {name: {figure: list[float]() for figure in names} for name in contenders()}
    order = np.random.default_rng(0).permutation(len(texts))
    for split in range(splits):
        test = order[split::5]
        train = np.setdiff1d(order, test)
        parts = [texts[row] for row in train], labels[train], [texts[row] for row in test]
        for name, answer in contenders().items():
            measure.show_progress(f"split {split + 1}, {name}")
            with timed(found[name]):
                p = answer(*parts)
            right = np.where(labels[test] == 1, p, 1 - p)
            found[name]["accuracy"].append(100 * float((right > 0.5).mean()))
            found[name]["log_loss"].append(float(-np.log(np.maximum(right, 1e-7)).mean()))
    return found


def show(found: dict[str, dict[str, list[float]]]) -> None:
    """Print the mean of each figure."""
    head = ("", "accuracy %", "log loss", "seconds", "processor seconds")
    rows: list[Sequence[str]] = [head]
    for name, of in found.items():
        mean = {figure: float(np.mean(values)) for figure, values in of.items()}
        quality = f"{mean['accuracy']:.2f}", f"{mean['log_loss']:.4f}"
        rows.append((name, *quality, f"{mean['seconds']:.1f}", f"{mean['processor']:.1f}"))
    measure.table(rows)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--splits", type=int, default=5, choices=range(1, 6))
    parser.add_argument("--out", help="write the figures there as JSON")
    asked = parser.parse_args()
    here = measure.header("Bags of n-grams")
    texts, labels = reviews()
    figures: dict[str, Any] = {}
    for title, data in {"reviews": (texts, labels), "lines": lines(texts, labels)}.items():
        print(f"\n{title}: {len(data[0]):,}, four fifths train, means over {asked.splits} splits")
        figures[title] = contest(*data, asked.splits)
        show(figures[title])
    measure.footer("Bags of n-grams", here, figures, asked.out)


if __name__ == "__main__":
    main()
