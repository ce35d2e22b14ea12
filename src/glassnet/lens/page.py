"""The page of a report: one HTML file that opens without a network, in print, on a phone and in the dark.

It loads nothing and runs one small script, which copies code; both are written into its Content Security
Policy by their SHA-256. Whatever a column or a file is called is shown, never interpreted.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from glassnet.lens import page_charts as charts
from glassnet.lens.details import details_of, folds_of
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, number, percent, signed
from glassnet.lens.style import SCRIPT, STYLE
from glassnet.lens.text import shown
from glassnet.lens.wording import BASELINES, METRICS, SPLITS, USES, best_baseline, score, score_between
from glassnet.metrics.compare import main_metrics
from glassnet.version import __version__

if TYPE_CHECKING:
    from glassnet.lens.mistakes import Mistakes
    from glassnet.lens.report import Explained, Report
    from glassnet.metrics.compare import Difference

MOST_COLUMNS = 60
MOST_CELLS = 7
MOST_CLASSES = 40
_TONE = {"better": "better", "worse": "worse"}


def page(report: Report) -> str:
    """Write a report as HTML; the same report gives the same text."""
    title = f"Predicting {', '.join(report.targets)}"
    found = [*_sections(report)]
    links = (element("a", name, href=f"#{key}") for key, name, _ in found)
    sections = (element("section", element("h2", name, id=key), body) for key, name, body in found)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title}: a Glassnet report"),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body",
        element("header", *_opening(report, title), element("nav", *links)),
        element("main", *sections),
        element("footer", _footer()),
        element("script", Markup(SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _policy() -> str:
    parts = ["default-src 'none'", f"style-src {_digest(STYLE)}", f"script-src {_digest(SCRIPT)}"]
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _sections(report: Report) -> Iterator[tuple[str, str, Markup]]:
    """Yield the sections that have something to say: anchor, title, content."""
    yield "distrust", "What to distrust", _doubts(report)
    if report.results.shown_split():
        yield "scores", "How good, compared with what", joined(*_scores(report))
    drawn = [*_predictions(report)]
    if drawn:
        yield "predictions", "Its predictions, looked at", element("div", *drawn, class_="charts")
    if report.explained is not None:
        yield "explained", "What it goes by", joined(*_explained(report.explained))
        if report.explained.worst is not None and report.explained.worst.worst:
            yield "worst", "Where it is most wrong", joined(*_worst(report.explained.worst))
    yield "data", "The data", joined(*_data(report))
    yield "training", "The training", joined(*_training(report))
    yield "again", "Run it again", joined(*_again(report))
    if report.missing:
        items = (element("li", each) for each in report.missing)
        yield "missing", "What is not in this report", element("ul", *items)


def _opening(report: Report, title: str) -> Iterator[Markup]:
    yield element("p", f"Glassnet report · {report.data}", class_="kicker")
    yield element("h1", title)
    yield element("p", " ".join(report.answer[:2]), class_="answer")
    yield element("div", *_tiles(report), class_="tiles")
    split, metric = report.results.shown_split() or "", main_metrics(report.task)[0]
    found = {name: each[split] for name, each in report.results.differences.items() if split in each}
    best = best_baseline(
        {name: each[metric].baseline for name, each in found.items() if metric in each}, metric
    )
    if best is not None:
        for difference, sentence in zip(found[best].values(), report.answer[2:], strict=False):
            word = {"better": "Better.", "worse": "Worse.", "equal": "Equal."}.get(
                difference.outcome, "Undecided."
            )
            tone = _TONE.get(difference.outcome, "unsure")
            yield element("p", element("b", word), " ", sentence, class_=f"verdict {tone}")
        for sentence in report.answer[2 + len(found[best]) :]:
            yield element("p", sentence, class_="soft")


def _tiles(report: Report) -> Iterator[Markup]:
    results, split = report.results, report.results.shown_split()
    if split is None:
        return
    names = ("accuracy", "log_loss") if report.classes else ("mae", "rmse")
    for name in names:
        if name in results.metrics[split]:
            interval = results.intervals.get(split, {}).get(name)
            known = f"95 % interval {score_between(name, interval)}" if interval else "no interval"
            word = {"mae": "off by this much on average (MAE)"}.get(name, METRICS[name][0])
            yield _tile(_value(name, results.metrics[split][name]), word, known)
    metric = main_metrics(report.task)[0]
    scores = {name: each[split] for name, each in results.baselines.items() if metric in each.get(split, {})}
    best = best_baseline({name: each[metric] for name, each in scores.items()}, metric)
    if best is not None:
        kind = f"{METRICS[metric][0]} of {BASELINES[best]}"
        yield _tile(_value(metric, scores[best][metric]), kind, "the best simple method")
    yield _tile(Markup(f"{results.rows.get(split, 0):,}"), _rows_word(report), _units(report, split))


def _rows_word(report: Report) -> str:
    return "rows judged" if report.is_other_data else SPLITS.get(report.split or "", "rows")


def _units(report: Report, split: str) -> str:
    units = details_of(report.results, split).get("units")
    if isinstance(units, int) and units != report.results.rows.get(split):
        return f"{units:,} independent days or groups"
    return "judged one by one"


def _tile(value: Markup, *words: str) -> Markup:
    return element("div", element("b", value), *(element("span", each) for each in words), class_="panel")


def _value(metric: str, value: float) -> Markup:
    """Write a score so that people read it rounded and programs exactly."""
    return element("data", score(metric, value), value=repr(value))


def _values(scores: dict[str, float], names: list[str]) -> Iterator[str]:
    for name in names:
        yield _value(name, scores[name]) if name in scores else "–"


def _doubts(report: Report) -> Markup:
    found: list[Markup] = []
    if report.doubts:
        items = (element("li", element("b", f"{each.title}: "), each.evidence) for each in report.doubts)
        found.append(element("ul", *items, class_="doubts"))
    else:
        text = "No check of this report found anything to hold against these figures."
        found.append(element("p", text))
    if report.notes:
        notes = (element("li", each) for each in report.notes)
        found += [element("h3", "Notes of the run"), element("ul", *notes, class_="small")]
    return joined(*found)


def _scores(report: Report) -> Iterator[Markup]:
    results, split = report.results, report.results.shown_split() or ""
    target = report.targets[0] if len(report.targets) == 1 else "mean over the targets"
    drawn = (
        charts.scores_chart(results, split, each, target)
        for each in main_metrics(report.task)
        if each in results.metrics[split]
    )
    yield element("div", *drawn, class_="charts")
    yield element("h3", f"All scores, {_rows_word(report)}")
    yield _score_table(report, split)
    rows = [*_differences(report, split)]
    if rows:
        yield element("h3", "Is the difference more than luck?")
        yield element("p", _HOW_COMPARED, class_="soft small")
        yield _table(("compared with", "by", "difference", "95 % interval", "this network is"), rows)
    yield from _other_splits(report, split)
    yield from _parts(report, split)


_HOW_COMPARED = (
    "Both answer the same rows, so the difference is known better than either score. Only where the whole "
    "interval lies on one side of 0 is it called better or worse."
)


def _score_table(report: Report, split: str) -> Markup:
    results = report.results
    names = [name for name in METRICS if name in results.metrics[split]]
    heads = [element("th", METRICS[name][0], element("small", METRICS[name][1])) for name in names]
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
    notes = (element("p", f"{METRICS[name][0]}: {why}", class_="soft small") for name, why in whys.items())
    return joined(element("div", element("table", head, element("tbody", *rows)), class_="scroll"), *notes)


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
        cells.append(element("td", _value(name, scores[name]), interval))
    return element("tr", element("th", title), *cells, class_=kind)


def _differences(report: Report, split: str) -> Iterator[tuple[str | Markup, ...]]:
    for name in BASELINES:
        for metric, each in report.results.differences.get(name, {}).get(split, {}).items():
            yield (BASELINES[name], METRICS[metric][0], *_difference(each))


def _difference(each: Difference) -> tuple[Markup | str, ...]:
    interval = "–" if each.interval is None else f"{signed(each.interval[0])} to {signed(each.interval[1])}"
    value = element("data", signed(each.difference), value=repr(each.difference))
    return (value, interval, element("b", each.outcome))


def _other_splits(report: Report, split: str) -> Iterator[Markup]:
    """Show the scores of the other splits: how far it knows the rows that it learned from better."""
    others = [each for each in ("train", "validation", "test") if each in report.results.metrics]
    if len(others) < 2:
        return
    names = [name for name in METRICS if name in report.results.metrics[split]]
    rows = [
        (SPLITS[each], f"{report.results.rows.get(each, 0):,}", *_values(report.results.metrics[each], names))
        for each in others
    ]
    yield element("h3", "Beside the rows that it learned from")
    yield _table(("", "rows", *(METRICS[name][0] for name in names)), rows)


def _parts(report: Report, split: str) -> Iterator[Markup]:
    """Show the scores of each class, target and fold."""
    details = details_of(report.results, split)
    if details.get("per_output"):
        names = [name for name in METRICS if name in details["per_output"][0]]
        rows = [
            (target, *_values(each, names))
            for target, each in zip(report.targets, details["per_output"], strict=True)
        ]
        yield element("h3", "Each target")
        yield _table(("target", *(METRICS[name][0] for name in names)), rows)
    if details.get("per_class"):
        yield element("h3", "Each class")
        yield element("p", _OF_CLASSES, class_="soft small")
        yield _table(("class", "rows", "precision", "recall", "F1"), [*_class_rows(details["per_class"])])
    folds = folds_of(report.results)
    if folds:
        metric = main_metrics(report.task)[0]
        titles = (BASELINES.get(name, "this network") for name in folds[0])
        rows = [
            (str(place), *(_value(metric, scores[metric]) for scores in each.values()))
            for place, each in enumerate(folds, 1)
        ]
        yield element("h3", "Each fold")
        yield _table((f"fold, {METRICS[metric][0]}", *titles), rows)


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


def _predictions(report: Report) -> Iterator[Markup]:
    for each in report.numbers:
        if len(report.numbers) > 1:
            yield element("figure", element("h3", shown(each.target)), class_="wide")
        yield from charts.time_charts(each)
        yield charts.cloud_chart(each)
        yield charts.tenths_chart(each)
        yield charts.residuals_chart(each)
    if report.coverage is not None:
        yield _coverage(report)
    details = details_of(report.results, report.results.shown_split())
    if "confusion" in details and len(report.classes) <= charts.MOST_CLASSES:
        yield charts.confusion_chart(details["confusion"], report.classes)
    elif "confusion" in details:
        yield _mixed_up(details["confusion"], report.classes)
    if report.reliability is not None:
        yield charts.reliability_chart(report.reliability)


def _coverage(report: Report) -> Markup:
    assert report.coverage is not None
    found = report.coverage
    text = (
        f"It gives intervals that should hold {percent(found.asked)} of the truths. On these {found.rows:,} "
        f"rows they hold {percent(found.measured)}; their mean width is {number(found.width)}."
    )
    return element("figure", element("figcaption", element("b", "Prediction intervals"), element("p", text)))


def _mixed_up(confusion: list[list[float]], classes: tuple[str, ...]) -> Markup:
    """List the pairs of classes that are mixed up most, where a matrix would be too large."""
    pairs = sorted(
        (-count, classes[i], classes[j])
        for i, row in enumerate(confusion)
        for j, count in enumerate(row)
        if count and i != j
    )
    rows = [(shown(true), shown(said), number(-count)) for count, true, said in pairs[:12]]
    caption = element("figcaption", element("b", "Which classes does it mix up?"))
    return element("figure", caption, _table(("truth", "answer", "rows"), rows))


def _explained(found: Explained) -> Iterator[Markup]:
    text = f"From {found.rows}. This says what the network uses, not what causes what."
    yield element("p", text, class_="soft small")
    drawn = []
    if found.importance is not None:
        drawn.append(charts.importance_chart(found.importance))
    if found.example is not None:
        one = found.example
        drawn.append(charts.contributions_chart(one.contributions, one.row, one.truth, one.answer))
    drawn += [charts.dependence_chart(each) for each in found.dependence]
    yield element("div", *drawn, class_="charts")
    notes = found.importance.notes if found.importance is not None else ()
    yield from (element("p", each, class_="soft small") for each in notes)


def _worst(found: Mistakes) -> Iterator[Markup]:
    what = "squared error" if found.worst[0].probability is None else "log loss"
    text = (
        f"The worst {len(found.worst)} of {found.rows:,} rows hold {percent(found.share, 2)} of the {what} "
        f"of {found.target}. Look here for wrong data, and for what the columns do not say."
    )
    yield element("p", text)
    names = [*found.worst[0].cells][:MOST_CELLS]
    measure = "error" if found.worst[0].probability is None else "chance given to the truth"
    rows = []
    for each in found.worst:
        size = signed(each.error) if each.error is not None else percent(each.probability or 0.0)
        facts = (f"{each.row:,}", *(_answer(value) for value in (each.truth, each.predicted)), size)
        rows.append((*facts, *(each.cells[name] for name in names)))
    yield _table(("row", "truth", "answer", measure, *map(shown, names)), rows)
    if len(found.worst[0].cells) > len(names):
        more = counted(len(found.worst[0].cells) - len(names), "more column")
        yield element("p", f"and {more}", class_="soft small")


def _answer(value: float | str) -> str:
    return shown(value) if isinstance(value, str) else number(value)


def _data(report: Report) -> Iterator[Markup]:
    yield element("h3", "Which rows did what")
    yield charts.split_bar([(each.name, each.rows) for each in report.splits])
    uses = {SPLITS[name]: use for name, use in USES.items()}
    rows = [
        (
            each.name,
            f"{each.rows:,}",
            each.how,
            each.span or "–",
            uses.get(each.name, "judged in this report"),
        )
        for each in report.splits
    ]
    yield _table(("", "rows", "which", "from when to when", "used for"), rows)
    used = sum(each.used for each in report.columns)
    yield element("h3", f"Columns: {used:,} of {len(report.columns):,} go in")
    shown_columns = report.columns[:MOST_COLUMNS]
    lines = [
        (
            element("bdi", each.name),
            each.role if each.used or each.role == "target" else element("b", f"{each.role}, left out"),
            each.reason,
        )
        for each in shown_columns
    ]
    yield _table(("column", "role", "why"), lines, wide=2)
    rest = report.columns[len(shown_columns) :]
    if rest:
        roles = ", ".join(
            f"{count:,} {role}" for role, count in Counter(each.role for each in rest).most_common()
        )
        yield element(
            "p", f"and {len(rest):,} more: {roles}; glassnet inspect --json lists all", class_="soft small"
        )


def _training(report: Report) -> Iterator[Markup]:
    facts = _table(("", ""), [(element("b", name), text) for name, text in report.facts], wide=1)
    drawn = [] if report.learning is None else [charts.learning_chart(report.learning)]
    yield element("div", *drawn, element("div", facts), class_="charts")


def _again(report: Report) -> Iterator[Markup]:
    again = report.again
    yield element("p", f"It takes {'; '.join(again.needs)}.")
    if again.command is not None:
        yield from _code("On the command line", again.command)
    yield from _code("In Python", again.script)
    yield from _code("As a recipe: recipe.toml, for glassnet train --recipe recipe.toml", again.recipe)


def _code(title: str, text: str) -> Iterator[Markup]:
    yield element("h3", title)
    button = Markup('<button type="button" hidden>copy</button>')
    yield element("div", button, element("pre", element("code", text.rstrip("\n"))), class_="code")


def _table(titles: tuple[str, ...], rows: list[Any], wide: int | None = None) -> Markup:
    """Return a table; ``wide`` is the place of the column that holds sentences."""
    head = (
        element("thead", element("tr", *(element("th", each) for each in titles)))
        if any(titles)
        else Markup()
    )
    lines = [
        element(
            "tr",
            *(
                element("td", cell, class_="long" if place == wide else None)
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    return element("div", element("table", head, element("tbody", *lines)), class_="scroll")


def _footer() -> Markup:
    text = (
        f"Written by Glassnet {__version__}. This page holds everything that it shows and loads nothing. "
        "Numbers are rounded to four digits; intervals are 95 % bootstrap intervals."
    )
    return element("p", text)
