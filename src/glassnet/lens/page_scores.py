"""The part of a page that says how good a model is: scores, differences, other splits, classes, folds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glassnet.lens import score_charts as charts
from glassnet.lens.details import details_of, folds_of
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import number, percent
from glassnet.lens.page_tables import folded, scrolling, table, value_of, values_of
from glassnet.lens.page_words import linked
from glassnet.lens.text import shown
from glassnet.lens.wording import (
    BASELINES,
    METRICS,
    REFIT,
    changed,
    changed_between,
    in_order,
    meaning,
    rows_of,
    score_between,
)
from glassnet.metrics.compare import main_metrics

if TYPE_CHECKING:
    from glassnet.lens.report import Report
    from glassnet.metrics.compare import Difference

MOST_CLASSES = 40


def rows_word(report: Report) -> str:
    """Return what the judged rows are called."""
    if report.is_other_data or report.split is None:
        return f"{report.row}s judged"
    return rows_of(report.split, report.row)


def scores_of(report: Report) -> Iterator[Markup]:
    """Yield the tables and charts of the scores."""
    results, split = report.results, report.results.shown_split() or ""
    target = report.targets[0] if len(report.targets) == 1 else "mean over the targets"
    drawn = (
        charts.scores_chart(results, split, each, target, report.classes)
        for each in main_metrics(report.task)
        if each in results.metrics[split]
    )
    compared = (charts.differences_chart(results, split, each, target) for each in main_metrics(report.task))
    yield element("div", *drawn, *filter(None, compared), class_="charts")
    yield element("h3", f"All scores, {rows_word(report)}")
    yield _score_table(report, split)
    rows = [*_differences(report, split)]
    if rows:
        titles = ("compared with", "by", "difference", "95 % interval", "this network")
        yield folded("The differences in numbers", table(titles, rows))
    yield from _other_splits(report, split)
    yield from _parts(report, split)


def _score_table(report: Report, split: str) -> Markup:
    results = report.results
    names = [name for name in METRICS if name in results.metrics[split]]
    meant = ((name, element("small", meaning(name, report.classes))) for name in names)
    heads = [element("th", linked(name), text) for name, text in meant]
    rows = [
        _score_row("this network", names, results.metrics[split], results.intervals.get(split, {}), "ours")
    ]
    for name in BASELINES:
        if split in results.baselines.get(name, {}):
            known = results.baseline_intervals.get(name, {}).get(split, {})
            rows.append(_score_row(BASELINES[name], names, results.baselines[name][split], known, None))
    head = element("thead", element("tr", element("th", ""), *heads))
    details = details_of(results, split)
    whys: dict[str, str] = {**details.get("omitted", {}), **details.get("no_interval", {})}
    told = ((METRICS[name][0], whys[name]) for name in METRICS if name in whys)
    notes = (element("p", f"{name}: {why}", class_="soft small") for name, why in told)
    return joined(scrolling(head, element("tbody", *rows)), *notes)


def _score_row(
    title: str,
    names: list[str],
    scores: dict[str, float],
    known: dict[str, tuple[float, float]],
    kind: str | None,
) -> Markup:
    cells = []
    for name in names:
        if name not in scores:
            cells.append(element("td", "–"))
            continue
        interval = element("small", score_between(name, known[name])) if name in known else Markup()
        cells.append(element("td", value_of(name, scores[name], known.get(name)), interval))
    return element("tr", element("th", title), *cells, class_=kind)


def _differences(report: Report, split: str) -> Iterator[tuple[str | Markup, ...]]:
    for name in BASELINES:
        known = report.results.differences.get(name, {}).get(split, {})
        for each in in_order(known, report.task):
            yield (BASELINES[name], METRICS[each.metric][0], *_difference(each))


def _difference(each: Difference) -> tuple[Markup | str, ...]:
    ends = "–" if each.interval is None else changed_between(each.metric, each.interval)
    text = changed(each.metric, each.difference, each.interval)
    value = element("data", text, value=repr(each.difference))
    is_verb = each.outcome == "cannot be told apart"
    return (value, ends, element("b", each.outcome if is_verb else f"is {each.outcome}"))


def _other_splits(report: Report, split: str) -> Iterator[Markup]:
    """Show the scores of the other splits: how far it knows the rows that it learned from better."""
    others = [each for each in ("train", "validation", "test") if each in report.results.metrics]
    if len(others) < 2:
        return
    names = [name for name in METRICS if name in report.results.metrics[split]]
    known = report.results.intervals.get(split, {})
    rows = [
        (
            rows_of(each, report.row),
            f"{report.results.rows.get(each, 0):,}",
            *values_of(report.results.metrics[each], names, known),
        )
        for each in others
    ]
    yield element("h3", f"Beside the {report.row}s that it learned from")
    yield table(("", f"{report.row}s", *(METRICS[name][0] for name in names)), rows)
    if any(each.use == REFIT for each in report.splits) and "validation" in others:
        yield element("p", _BEFORE_REFIT, class_="soft small")


def _parts(report: Report, split: str) -> Iterator[Markup]:
    """Show the scores of each class, target and fold."""
    details = details_of(report.results, split)
    if details.get("per_output") and len(report.targets) > 1:
        names = [name for name in METRICS if name in details["per_output"][0]]
        rows = [
            (target, *values_of(each, names))
            for target, each in zip(report.targets, details["per_output"], strict=True)
        ]
        yield element("h3", "Each target")
        yield table(("target", *(METRICS[name][0] for name in names)), rows)
    if details.get("per_class"):
        yield element("h3", "Each class")
        yield element("p", _OF_CLASSES, class_="soft small")
        yield table(("class", "rows", "precision", "recall", "F1"), [*_class_rows(details["per_class"])])
    folds = folds_of(report.results)
    if folds:
        yield element("h3", "Each fold")
        for metric in main_metrics(report.task):
            titles = (BASELINES.get(name, "this network") for name in folds[0])
            lines = [
                (str(place), *(next(values_of(scores, [metric])) for scores in each.values()))
                for place, each in enumerate(folds, 1)
            ]
            yield table((f"fold, {METRICS[metric][0]}", *titles), lines)


_BEFORE_REFIT = (
    "The validation scores are from before the network learned from the validation rows too; all others are "
    "those of the network as it is."
)
_OF_CLASSES = (
    "Precision: how often it is right when it names the class. Recall: how many rows of the class it finds. "
    "F1: the balance of both."
)


def _class_rows(per_class: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for each in per_class[:MOST_CLASSES]:
        shares = (each[name] for name in ("precision", "recall", "f1"))
        yield (
            shown(each["class"]),
            number(each["support"]),
            *("–" if share is None else percent(share) for share in shares),
        )
