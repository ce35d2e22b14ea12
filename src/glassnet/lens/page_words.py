"""The words of a report's page, for whoever meets them for the first time: only those that stand on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glassnet.lens.details import folds_of
from glassnet.lens.markup import Markup, element
from glassnet.lens.page_tables import folded
from glassnet.lens.text import shown
from glassnet.lens.wording import BASELINES, METRICS, meaning, often

if TYPE_CHECKING:
    from glassnet.lens.report import Report

UNITS = {"row": "rows", "day": "whole days", "group": "whole groups", "block": "whole blocks of neighbours"}


def words(report: Report) -> Markup:
    """Return the words of a page with what they mean, folded up; each has an anchor, ``word-rmse``."""
    terms = (
        part
        for key, name, text in _words(report)
        for part in (element("dt", name, id=f"word-{key}"), element("dd", text))
    )
    return folded("What the words mean", element("dl", *terms))


def linked(metric: str) -> Markup:
    """Return the name of a score as a link to what it means."""
    return element("a", METRICS[metric][0], href=f"#word-{metric}")


def _words(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield key, word and meaning."""
    split, results = report.results.shown_split() or "", report.results
    if report.task != "characters":
        yield "target", "target", f"the column that is predicted: {', '.join(map(shown, report.targets))}"
    yield from _GENERAL
    if results.differences and report.unit != "block":
        simple = "always the most frequent" if report.classes else "always the mean"
        yield "simple", simple, _SIMPLE + _SHARES * bool(report.classes)
        known = {"linear": _METHODS, "naive_bayes": _OF_TEXTS, "thumbnails": _OF_PHOTOS}
        yield from next((found for name, found in known.items() if name in results.baselines), ())
    for name in (each for each in _OF_SEQUENCES if each in results.baselines):
        yield name, BASELINES[name], _OF_SEQUENCES[name]
    if split in results.intervals:
        units = UNITS[report.unit]
        text = (
            f"how far a score may be off because other {units} might have been judged: the middle 95 % of "
            f"its values when {units} are drawn from the judged ones again and again"
        )
        folds = "; of a difference over several folds it comes from how the folds differ"
        yield "interval", "95 % interval", text + folds * bool(folds_of(results))
        yield "apart", "cannot be told apart", _APART
    for metric in (each for each in METRICS if each in results.metrics.get(split, {})):
        yield metric, METRICS[metric][0], meaning(metric, report.classes)
    if report.task != "characters":
        yield from _OF_CLASSES if report.classes else _OF_NUMBERS
    if report.coverage is not None:
        text = "the two numbers given with an answer, between which the truth should lie"
        yield "range", "prediction interval", f"{text} {often(report.coverage.asked)}"


_GENERAL = (
    (
        "network",
        "network",
        "a formula with many numbers, its weights, which training moves step by step until its answers to "
        "the training rows come near the truth",
    ),
    (
        "rows",
        "training, validation and test rows",
        "the network learns from the first; the second choose among settings and when to stop; the third "
        "judge it, once. The table under The data says what each did here",
    ),
    ("epoch", "epoch", "one pass of the training over all its rows"),
    (
        "loss",
        "loss",
        "the error that training lowers; for classes the log loss, for numbers mostly squared errors",
    ),
)
_SIMPLE = "an answer that looks at no column: what a network must beat to have learned anything"
_SHARES = ". Its probabilities are the shares of the classes in the training rows"
_METHODS = (
    (
        "linear",
        "linear model",
        "a weighted sum of the columns, for classes as a probability, fitted to the same rows",
    ),
    (
        "boosting",
        "gradient boosting",
        "many small decision trees, each correcting those before it: what is often the best for tables",
    ),
)
_OF_TEXTS = (
    (
        "bayes",
        "naive Bayes",
        "it counts in how many texts of each class a word is, and takes every word for independent of the "
        "others; made less sure of itself, so that its probabilities can be compared",
    ),
)
_OF_PHOTOS = (
    (
        "thumbnails",
        "logistic regression on thumbnails",
        "a weighted sum of the colours of each photo made smaller, to 8 x 8 pixels: what a network must beat "
        "to have seen more than where it is bright and where dark",
    ),
)
_OF_SEQUENCES = {
    "last_value": "an answer that all goes on as it is: what a network must beat to have learned anything",
    "seasonal": "an answer that all is as it was one season before, after which the series comes nearest to "
    "repeating itself",
    "frequencies": "every character gets its share of the text before, whatever it follows: what a network "
    "must beat to have learned anything",
    "ngrams": "it counts what followed the same last characters in the text before, longer matches more",
}
_APART = (
    "the 95 % interval of the difference holds 0, so that these rows do not show which one is better. It "
    "does not say that both are equally good"
)
_OF_CLASSES = (
    ("precision", "precision", "of the rows that it takes for a class, the share that really is of it"),
    ("recall", "recall", "of the rows that really are of a class, the share that it finds"),
    ("logit", "logit", "log(p / (1 − p)) of a probability p: 0 is 50 %, +1 is 73 %, +4.6 is 99 %"),
)
_OF_NUMBERS = (("bias", "bias", "the mean of prediction − truth: above 0, answers are too high on average"),)
