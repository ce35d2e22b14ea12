"""The course's sentiment network: how right each step is, and how fast its training, three ways in one run.

    GLASSNET_DATA=/my/data python benchmarks/sentiment.py [--rounds 5] [--orders 4] [--out sentiment.json]

Accuracy: 24,000 reviews of the training half of IMDB teach once, one at a time, with the settings of the
course, and the 1,000 others judge. The course has its reviews in turn, a positive and a negative one; the
file's own order mixes them, and its last 1,000 are the test. As 1,000 reviews are few, other thousands are
held out as well, and their mean stands beside. A difference below 2.2 points to the published is noise.

Speed: of training alone, from the numbers of the words on, as the course times it. Three ways take turns: the
course's own loop over the words, whole NumPy arrays for each review, and compiled loops. The loop over words
is timed on the first 2,000 reviews. Speeds are by processor time, which other work disturbs least.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from measure import data_folder, footer, header, show_progress, spread, table

from glassnet.engine import sentiment as engine
from glassnet.reference import sentiment as s

TEST = 1000
BY_WORD = 2000
# The step, its settings in the course, and the published accuracy in percent; none is told for the first.
STEPS: tuple[tuple[str, bool, float, tuple[int, float] | None, float | None], ...] = (
    ("3. counts", True, 0.001, None, None),
    ("4. presence", False, 0.1, None, 85.7),
    ("5. only the words present", False, 0.1, None, 84.6),
    ("6. more than 20 times, cutoff 0.05", False, 0.01, (20, 0.05), 85.9),
    ("6. more than 20 times, cutoff 0.8", False, 0.01, (20, 0.8), 82.2),
)
NOISE = 2.2
WAYS: dict[str, Callable[..., Any]] = {
    "the course's loop over words": s.train_word_by_word,
    "NumPy, a review at a time": s.train_sparse,
    "compiled loops": engine.train,
}


def one_order(texts: list[str], y: np.ndarray, held: np.ndarray) -> tuple[list[float], list[tuple[Any, ...]]]:
    """Return the accuracy of each step, and of the sparse ones what is to be timed."""
    learning = np.setdiff1d(np.arange(len(texts)), held)
    taught = [texts[at] for at in learning]
    vocabulary = s.number_words(taught)
    counts = s.count_words(taught, y[learning])
    facts = s.word_facts(counts, vocabulary)
    bags = s.bags_of(texts, vocabulary)
    accuracies, timed = [], []
    for name, counted, rate, setting, _ in STEPS:
        kept = np.ones(len(vocabulary), bool) if setting is None else facts.kept(*setting)
        few = (bags if counted else bags.presence()).only(kept)
        weights = s.course_start(int(kept.sum()))
        training = few.take(learning)
        engine.train(training, y[learning], weights, rate)
        right = s.accuracy(engine.scores(few.take(held), weights), y[held])
        accuracies.append(100 * right)
        if name[0] in "56":
            timed.append((name, training, y[learning], int(kept.sum()), rate))
    return accuracies, timed


def speeds(timed: list[tuple[Any, ...]], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Time every way on every sparse step, in turns: reviews a second."""
    found: dict[str, dict[str, list[float]]] = {name: {way: [] for way in WAYS} for name, *_ in timed}
    for number in range(rounds):
        show_progress(f"speed, round {number + 1} of {rounds}")
        for name, bags, y, size, rate in timed:
            for way, train in WAYS.items():
                most = BY_WORD if train is s.train_word_by_word else len(bags)
                part = bags.take(np.arange(most))
                weights = s.course_start(size)
                began = time.process_time()
                train(part, y[:most], weights, rate)
                found[name][way].append(most / (time.process_time() - began))
    show_progress("")
    return found


def report_accuracy(first: list[float], others: list[list[float]]) -> None:
    rows = [("accuracy, %", "last 1,000", f"mean of {len(others)} thousands", "published")]
    for at, (name, *_, published) in enumerate(STEPS):
        mean = statistics.mean(each[at] for each in others)
        told = "-" if published is None else f"{published}"
        rows.append((name, f"{first[at]:.1f}", f"{mean:.1f}", told))
    table(rows)
    compared = [(name, first[at], published) for at, (name, *_, published) in enumerate(STEPS) if published]
    worst = min(found - published for _, found, published in compared)
    print(f"promised: none more than {NOISE} points below the published: {verdict(worst >= -NOISE)}\n")


def report_speed(found: dict[str, dict[str, list[float]]]) -> None:
    for name, ways in found.items():
        rows = [(name, "reviews a second")]
        rows += [(way, spread(values, 0)) for way, values in ways.items()]
        table(rows)
        by_word, by_review, compiled = (statistics.median(ways[way]) for way in WAYS)
        kept = compiled >= 100 * by_word and compiled >= 10 * by_review
        times = (
            f"{compiled / by_word:,.0f} times the loop over words, {compiled / by_review:,.1f} times NumPy"
        )
        print(f"compiled: {times}; promised: 100 and 10, {verdict(kept)}\n")


def same_answers(timed: list[tuple[Any, ...]]) -> int:
    """Count the reviews, among those that taught, that NumPy and compiled loops answered otherwise."""
    different = 0
    for _, bags, y, size, rate in timed:
        first, second = (
            train(bags, y, s.course_start(size), rate) for train in (s.train_sparse, engine.train)
        )
        different += int(np.sum((first >= 0) != (second >= 0)))
    return different


def verdict(kept: bool) -> str:
    return "kept" if kept else "BROKEN"


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=5, help="of the speeds")
    options.add_argument("--orders", type=int, default=4, help="how many thousands are held out in turn")
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    folder = data_folder()
    here = header("The course's sentiment network")
    reviews = pl.read_parquet(folder / "imdb" / "train.parquet")
    texts = reviews["text"].to_list()
    y, _ = s.two_labels(reviews["label"].to_list())
    accuracies, timed = [], []
    for number in range(asked.orders):
        show_progress(f"accuracy, thousand {number + 1} of {asked.orders}")
        end = len(texts) - number * TEST
        found, what = one_order(texts, y, np.arange(end - TEST, end))
        accuracies.append(found)
        timed = timed or what
    show_progress("")
    report_accuracy(accuracies[0], accuracies)
    found = speeds(timed, asked.rounds)
    report_speed(found)
    different = same_answers(timed)
    asked_all = len(timed) * len(timed[0][1])
    print(f"answers that NumPy and compiled loops do not share: {different} of {asked_all:,}")
    footer("sentiment", here, {"accuracy": accuracies, "speed": found, "different": different}, asked.out)


if __name__ == "__main__":
    main()
