"""The charts of a report's page: each figure of the View with its drawing, its legend and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.axes import log_axis, number_axis, share_axis, time_axis
from glassnet.lens.charts import WIDTH, Plot, Row, drawing, matrix_chart, row_chart
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, moment, number, percent, signed
from glassnet.lens.text import shown
from glassnet.lens.wording import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.lens.contributions import Contributions
    from glassnet.lens.curves import LearningCurve
    from glassnet.lens.dependence import Dependence
    from glassnet.lens.figures import NumberFigures, Reliability, TimeCurve
    from glassnet.lens.importance import Importance

    Floats = NDArray[np.float64]

BROAD = 1000.0
STEEP = 30.0
"""Losses whose largest is so many times their smallest are drawn in powers of ten."""
MOST_BARS = 15
MOST_CLASSES = 16
REGULAR, MISSING = 1.5, 3.0
"""Times are regular where 90 % of their steps are at most so many usual ones; a step of more is a gap."""
MANY_LEVELS = 8
"""More levels than these that are all numbers are drawn as numbers."""


def figure(
    title: str, text: str, *drawings: Markup, legend: Sequence[tuple[str, str]] = (), wide: bool = False
) -> Markup:
    """Return one figure: title, a sentence, its drawings, and what the colours mean (kind, words)."""
    keys = [element("span", element("span", class_=f"key {kind}"), words) for kind, words in legend]
    shown_legend = element("p", *keys, class_="legend") if keys else Markup()
    caption = element("figcaption", element("b", title), element("p", text))
    return element("figure", caption, *drawings, shown_legend, class_="wide" if wide else None)


def learning_chart(curve: LearningCurve) -> Markup:
    """Draw the losses over the epochs."""
    known = [curve.train] + ([curve.validation] if curve.validation is not None else [])
    values = np.concatenate(known)
    finite = values[np.isfinite(values)]
    steep = len(finite) > 0 and finite.min() > 0 and finite.max() > STEEP * finite.min()
    y = log_axis(values, "loss (powers of ten)") if steep else number_axis(values, "loss")
    x = number_axis([1, *curve.epochs.tolist()], "epoch", count=8, whole=True)
    ends = f"training loss from {number(float(curve.train[0]))} to {number(float(curve.train[-1]))}"
    plot = Plot(x, y, "Learning curve", ends)
    legend = [("truth", "training rows")]
    if curve.best_epoch is not None:
        plot.mark(curve.best_epoch, "ideal")
        legend.append(("ideal", f"weights kept: epoch {curve.best_epoch}"))
    (plot.line if len(curve.epochs) > 1 else plot.dots)(curve.epochs, curve.train, "truth")
    if curve.validation is not None:
        (plot.line if len(curve.epochs) > 1 else plot.dots)(curve.epochs, curve.validation, "other")
        legend.insert(1, ("other", "validation rows"))
    words = (
        "The loss is what training lowers. Where it goes on falling for training rows and rises "
        "for validation rows, the network begins to learn rows by heart."
    )
    return figure("Learning curve", words, plot.svg(), legend=legend)


def time_charts(figures: NumberFigures) -> Iterator[Markup]:
    """Draw answers beside the truth over time: all of it, and the end of it more closely."""
    if figures.time is not None:
        along = "over time" if figures.time.by == "time" else "row by row"
        yield _time_chart(figures.target, figures.time, along)
        if figures.detail is not None:
            yield _time_chart(figures.target, figures.detail, f"{along}, the last rows")


def _time_chart(target: str, curve: TimeCurve, name: str) -> Markup:
    is_time = curve.by == "time"
    said = [moment(at) if is_time else f"row {at:,.0f}" for at in curve.times[[0, -1]].tolist()]
    first, last = said
    means = (
        "" if curve.rows_each == 1 else f" Each point is the mean of up to {counted(curve.rows_each, 'row')}."
    )
    band = () if curve.ends is None else (curve.ends.ravel(),)
    values = np.concatenate([curve.truth, curve.answers, *band])
    y = number_axis(values, shown(target), zero=bool(curve.truth.min() >= 0))
    times, truth, answers = (_broken(curve.times, each) for each in (curve.times, curve.truth, curve.answers))
    drawings = []
    for width, ticks, kind in ((BROAD, 10, "broad"), (WIDTH, 5, "narrow")):
        axis = time_axis if is_time else number_axis
        x = axis(curve.times, "time" if is_time else "row", count=ticks)
        text = f"{target} and its prediction, {first} to {last}"
        plot = Plot(x, y, f"Prediction {name}", text, width=width)
        if curve.ends is not None:
            low, high = (_broken(curve.times, each) for each in curve.ends.T)
            plot.band(times, low, high, "network")
        plot.line(times, truth, "truth").line(times, answers, "network")
        drawings.append(element("div", plot.svg(), class_=kind))
    words = f"{first} to {last}.{means}"
    legend = [("truth", "what was so"), ("network", "what it predicted")]
    if curve.ends is not None:
        legend.append(
            ("network pale", "its prediction interval, which should hold the truth 90 times in 100")
        )
    return figure(f"Prediction and truth {name}", words, *drawings, legend=legend, wide=True)


def _broken(times: Floats, values: Floats) -> Floats:
    """Put a gap among values where regular times leave one out, so that no line leads across it."""
    steps = np.diff(times)
    usual = float(np.median(steps))
    if usual <= 0 or np.quantile(steps, 0.9) > REGULAR * usual:
        return values
    return np.insert(values, np.flatnonzero(steps > MISSING * usual) + 1, np.nan)


def cloud_chart(figures: NumberFigures) -> Markup:
    """Draw answers against the truth."""
    cloud, target = figures.cloud, shown(figures.target)
    ends = np.concatenate([cloud.truth, cloud.answers])
    x, y = number_axis(ends, f"true {target}"), number_axis(ends, f"predicted {target}", count=6)
    plot = Plot(
        x, y, "Prediction against truth", f"{target} from {number(ends.min())} to {number(ends.max())}"
    )
    plot.line([x.low, x.high], [x.low, x.high], "ideal")
    words = "Each dot is a row. On the dashed line a prediction is right; above it, too high."
    if cloud.counts is None or cloud.edges is None:
        plot.dots(cloud.truth, cloud.answers, "network many")
    else:
        plot.tiles(cloud.edges, cloud.edges, cloud.counts, "network")
        words = "The darker, the more rows. On the dashed line a prediction is right; above it, too high."
    return figure("Prediction against truth", words, plot.svg())


def residuals_chart(figures: NumberFigures) -> Markup:
    """Draw how errors are spread."""
    found, target = figures.residuals, shown(figures.target)
    x = number_axis(found.edges, f"prediction − truth, {target}")
    y = number_axis(100 * found.shares, "% of the rows", zero=True, count=4)
    plot = Plot(x, y, "Errors", f"their mean is {signed(found.mean)}")
    plot.columns(found.edges, 100 * found.shares, "network").mark(0.0, "ideal")
    far = f"{counted(found.outside, 'row')} off by more than {number(float(found.edges[-1]), 3)}"
    beyond = f" The outermost bars hold {far} too." * (found.outside > 0)
    side = "too high" if found.mean > 0 else "too low"
    mean = f"On average predictions are {number(abs(found.mean), 3)} {side} (the bias)."
    words = f"Left of 0 it predicted too little, right of 0 too much. {mean}{beyond}"
    return figure("Errors", words, plot.svg())


def tenths_chart(figures: NumberFigures) -> Markup:
    """Draw what came true for low, middling and high answers."""
    parts, target = figures.tenths, shown(figures.target)
    x = number_axis(parts.answers, f"mean prediction, {target}")
    band = () if parts.ends is None else (parts.ends.ravel(),)
    ends = np.concatenate([parts.low, parts.high, parts.truth, parts.answers, *band])
    y = number_axis(ends, f"truth, {target}", count=6)
    plot = Plot(x, y, "What came true", "means of the truth for low to high predictions")
    if parts.ends is not None:
        plot.band(parts.answers, parts.ends[:, 0], parts.ends[:, 1], "network")
    low, high = max(x.low, y.low), min(x.high, y.high)
    plot.line([low, high], [low, high], "ideal").whiskers(parts.answers, parts.low, parts.high, "truth")
    plot.dots(parts.answers, parts.truth, "network", size=4.0)
    words = (
        f"The rows in {counted(len(parts.truth), 'group')} of equal size, from the lowest predictions to the "
        "highest. On the dashed line they are right on average."
    )
    legend = [("network", "mean truth"), ("truth", "the middle 80 % of the truths")]
    if parts.ends is not None:
        legend.append(("network pale", "its prediction intervals, on average"))
    return figure("Can low and high predictions be believed?", words, plot.svg(), legend=legend)


def reliability_chart(found: Reliability) -> Markup:
    """Draw what probabilities said beside what came true."""
    x = share_axis([0.0, 1.0], f"probability {found.of}")
    y = share_axis([0.0, 1.0], "share that came true")
    plot = Plot(x, y, "Calibration", "probabilities that were given, and how often they came true")
    plot.line([0, 1], [0, 1], "ideal").whiskers(found.said, found.low, found.high, "network")
    plot.dots(found.said, found.came_true, "network", size=4.0)
    words = (
        "Of the rows that got 80 %, do 80 % come true? On the dashed line they do. Each dot is a group of "
        f"{found.rows.min():,} to {found.rows.max():,} rows, with a 95 % interval."
    )
    return figure("Can its probabilities be believed?", words, plot.svg())


def confusion_chart(confusion: Sequence[Sequence[float]], classes: Sequence[str]) -> Markup:
    """Draw how many rows of each class got which answer."""
    cells = np.array(confusion, dtype=np.float64)
    right = f"{percent(float(np.trace(cells) / cells.sum()))} of the rows lie on the diagonal"
    picture = matrix_chart(cells, [shown(each) for each in classes], "Confusion matrix", right)
    words = "Each row of the table is a true class, each column an answer. Right answers lie on the diagonal."
    return figure("Which classes does it mix up?", words, picture)


def importance_chart(found: Importance) -> Markup:
    """Draw what each column is worth."""
    best = found.columns[:MOST_BARS]
    rows = [
        Row(shown(each.column), 0.0, "not known")
        if each.column in found.constant
        else Row(shown(each.column), each.increase, signed(each.increase), each.interval)
        for each in best
    ]
    ends = [end for row in rows for end in (row.value, *(row.interval or ()))]
    title = METRICS[found.metric][0]
    axis = number_axis(ends, f"how much {title} grows", zero=True, count=4)
    more = len(found.columns) - len(best)
    rest = f" The other {counted(more, 'column')} matter less." if more > 0 else ""
    words = (
        f"One column at a time is shuffled: the more {title} ({number(found.score, 3)} on these "
        f"{found.rows:,} rows) grows, the more the network relies on it. Lines are 95 % intervals.{rest}"
    )
    if found.constant:
        words += " What has one value in all these rows (not known) cannot be judged by them."
    picture = row_chart(rows, axis, "Importance", f"{rows[0].name} matters most", bars=True)
    return figure("What each column is worth", words, picture)


def contributions_chart(found: Contributions, row: int, truth: str, said: str) -> Markup:
    """Draw what made one answer."""
    most = found.columns[: MOST_BARS - 3]
    rest = sum(each.value for each in found.columns[len(most) :]) + found.residual
    rows = [
        Row(f"{shown(each.column)} = {each.cell}", each.value, signed(each.value), None, _way(each.value))
        for each in most
    ]
    if len(found.columns) > len(most) or abs(rest) > 0.005 * abs(found.output - found.baseline_output):
        rows.append(Row("the rest", rest, signed(rest), None, _way(rest)))
    axis = number_axis([row.value for row in rows], shown(found.unit), zero=True, count=4)
    words = f"Row {row:,}, a row of middling error: truth {truth}, answer {said}. {_from_average(found)}"
    return figure("What made one answer", words, row_chart(rows, axis, "Contributions", words, bars=True))


def _from_average(found: Contributions) -> str:
    """Say from where to where the bars lead: numbers, or probabilities by way of the logit."""
    first, last = number(found.baseline_output, 3), number(found.output, 3)
    if found.probability is None:
        return f"For the average training row it would be {first}; the bars lead from there to {last}."
    average = 1 / (1 + np.exp(-found.baseline_output))
    return (
        f"It gives {shown(found.answer)} a probability of {percent(found.probability)}, and for the average "
        f"training row one of {percent(float(average))}. The bars lead from there to here as logits, "
        f"log(p / (1 − p)), which add up: from {first} to {last}. A logit of 0 is 50 %; to the right "
        f"{shown(found.answer)} becomes more probable."
    )


def _way(value: float) -> str:
    return "network" if value >= 0 else "other"


def dependence_chart(found: Dependence) -> Markup:
    """Draw how answers follow one column."""
    title = f"As {shown(found.column)} changes"
    words = "The mean answer if every row had this value, and the middle 80 % of the answers."
    unit, is_number = shown(found.unit), found.answer is None
    axis = number_axis if is_number else share_axis
    values = _numbers_in(found.values)
    if values is None:
        rows = [
            Row(shown(str(value)), mean, number(mean, 3) if is_number else percent(mean), (low, high))
            for value, mean, low, high in zip(found.values, found.mean, found.low, found.high, strict=True)
        ][: 2 * MOST_BARS]
        x = axis([*found.mean, *found.low, *found.high], unit, count=4)
        return figure(title, words, row_chart(rows, x, title, words, bars=False))
    x = number_axis(values, shown(found.column), tight=True)
    y = axis([*found.mean, *found.low, *found.high], unit)
    plot = Plot(x, y, title, f"mean answers from {number(min(found.mean))} to {number(max(found.mean))}")
    plot.band(values, found.low, found.high, "network").line(values, found.mean, "network")
    plot.dots(values, found.mean, "network")
    return figure(title, words, plot.svg())


def _numbers_in(values: Sequence[float] | Sequence[str]) -> tuple[float, ...] | None:
    """Return values as ascending numbers, levels too where they are many numbers such as hours; else None."""
    if isinstance(values[0], str) and len(values) <= MANY_LEVELS:
        return None
    try:
        numbers = tuple(map(float, values))
    except ValueError:
        return None
    return numbers if list(numbers) == sorted(numbers) else None


def split_bar(rows: Sequence[tuple[str, int]]) -> Markup:
    """Draw how the rows are shared among the splits."""
    total, at, marks = sum(count for _, count in rows), 0.0, []
    kinds = {"training rows": "truth", "validation rows": "other", "test rows": "network"}
    for name, count in rows:
        width = BROAD * count / total
        shape = {"x": at, "y": 0.0, "width": max(width - 2, 1.0), "height": 18.0}
        marks.append(element("rect", **shape, class_=f"bar {kinds.get(name, 'network')}"))
        at += width
    said = ", ".join(f"{name} {count:,}" for name, count in rows)
    picture = drawing(marks, BROAD, 18.0, "How the rows are shared", said)
    legend = [
        element(
            "span",
            element("span", class_=f"key {kinds.get(name, 'network')}"),
            f"{name} {percent(count / total)}",
        )
        for name, count in rows
    ]
    return joined(element("div", picture, class_="wide"), element("p", *legend, class_="legend"))
