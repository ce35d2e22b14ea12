"""The page of a report: one HTML file that opens without a network, in print, on a phone and in the dark.

It loads nothing and runs one small script, which copies code; both are written into its Content Security
Policy by their SHA-256. Whatever a column or a file is called is shown, never interpreted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from glassnet.lens import page_charts as charts
from glassnet.lens.confusion_page import CONFUSION_STYLE
from glassnet.lens.details import details_of, folds_of
from glassnet.lens.document import document_head
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, number, percent, signed
from glassnet.lens.page_photos import photo_sections
from glassnet.lens.page_scores import rows_word, scores_of
from glassnet.lens.page_sequences import character_figures, series_figures
from glassnet.lens.page_tables import table, value_of
from glassnet.lens.page_texts import mistakes_of, words_of
from glassnet.lens.page_words import words
from glassnet.lens.style import SCRIPT, STYLE
from glassnet.lens.text import shown
from glassnet.lens.wording import (
    BASELINES,
    METRICS,
    SAME,
    best_baseline,
    file_name,
    held,
    left_out,
    score,
    score_between,
)
from glassnet.version import __version__

if TYPE_CHECKING:
    from glassnet.lens.figures import NumberFigures
    from glassnet.lens.importance import Importance
    from glassnet.lens.mistakes import Mistakes
    from glassnet.lens.report import Explained, Report
    from glassnet.metrics.coverage import Coverage
    from glassnet.results import Results

MOST_COLUMNS = 60
MOST_CELLS = 7
MOST_CLASSES = 40
CHARACTER_TILES = ("nats_per_character", "bits_per_character")
_TONE = {"better": "better", "worse": "worse"}


def page(report: Report) -> str:
    """Write a report as HTML; the same report gives the same text."""
    title = f"Predicting {', '.join(report.targets)}"
    found = [*_sections(report)]
    links = (element("a", name, href=f"#{key}") for key, name, _ in found[1:])
    sections = (element("section", element("h2", name, id=key), body) for key, name, body in found)
    has_photos = report.photos is not None
    style = STYLE + CONFUSION_STYLE if has_photos else STYLE
    head = document_head(f"{title}: a Glassnet report", style, SCRIPT, pictures=has_photos)
    body = element(
        "body",
        element("header", *_opening(report, title), next(sections), element("nav", *links)),
        element("main", *sections),
        element("footer", _footer()),
        element("script", Markup(SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _sections(report: Report) -> Iterator[tuple[str, str, Markup]]:
    """Yield the sections that have something to say: anchor, title, content. The first one is in the head
    of the page, so that whoever reads no further has read what to distrust."""
    yield "distrust", "What to distrust", _doubts(report)
    if report.results.shown_split():
        yield "scores", "How good, compared with what", joined(*scores_of(report))
    drawn = [*_predictions(report)]
    if drawn:
        yield "predictions", "Its predictions, looked at", element("div", *drawn, class_="charts")
    if report.explained is not None:
        yield "explained", "What it goes by", joined(*_explained(report.explained, report.targets))
        if report.explained.worst is not None and report.explained.worst.worst:
            yield (
                "worst",
                "Where it is most wrong",
                joined(*_worst(report.explained.worst, report.explained.importance)),
            )
    if report.texts is not None and report.texts.words is not None:
        yield "explained", "What it goes by", joined(*words_of(report.texts.words))
    if report.texts is not None and report.texts.mistakes is not None:
        yield "worst", "Where it is most wrong", joined(*mistakes_of(report.texts.mistakes))
    if report.photos is not None:
        yield from photo_sections(report.photos)
    if report.characters is not None:
        drawn = [*character_figures(report.characters)]
        yield "text", "The text, character by character", element("div", *drawn, class_="charts")
    yield "data", "The data", joined(*_data(report))
    yield "training", "The training", joined(*_training(report))
    yield "again", "Run it again", joined(*_again(report))
    if report.missing:
        items = (element("li", each) for each in report.missing)
        yield "missing", "What is not in this report", element("ul", *items)
    yield "words", "Words on this page", words(report)


def _opening(report: Report, title: str) -> Iterator[Markup]:
    yield element("p", f"Glassnet report · {file_name(report.data)}", class_="kicker")
    yield element("h1", title)
    yield element("p", _unbroken(" ".join(report.answer[:2])), class_="answer")
    yield element("div", *_tiles(report), class_="tiles")
    yield from _verdicts(report)
    if report.advice:
        yield element("p", element("b", "Which to use: "), _unbroken(report.advice), class_="verdict aside")
    yield from (element("p", each, class_="verdict aside") for each in left_out(report.leaks))
    if report.context:
        yield element("p", _unbroken(" ".join(report.context)), class_="soft")


def _verdicts(report: Report) -> Iterator[Markup]:
    """Yield the verdicts, one panel for those of one outcome that follow each other."""
    given_away = any(each.kind in ("kept_leak", "identifier") for each in report.leaks)
    for outcome, found in groupby(report.verdicts, key=lambda each: each.outcome):
        tone = "unsure" if given_away else _TONE.get(outcome, "unsure")
        doubt = (element("b", "In doubt."), " ") if given_away else ()
        parts = [part for each in found for part in (*_with_bold(each.sentence, outcome), " ")]
        yield element("p", *doubt, *parts[:-1], class_=f"verdict {tone}")


def _with_bold(sentence: str, words: str) -> tuple[str, ...]:
    before, found, after = _unbroken(sentence).partition(words)
    return (before, element("b", found), after)


def _unbroken(sentence: str) -> str:
    """Keep a number and its percent sign on one line."""
    return sentence.replace(" %", "\N{NO-BREAK SPACE}%")


def _tiles(report: Report) -> Iterator[Markup]:
    results, split = report.results, report.results.shown_split()
    if split is None:
        return
    names = ("accuracy", "log_loss") if report.classes else ("mae", "rmse", *CHARACTER_TILES)
    for name in names:
        if name in results.metrics[split]:
            interval = results.intervals.get(split, {}).get(name)
            known = f"95 % interval {score_between(name, interval)}" if interval else "no interval"
            word = {"mae": "off by this much on average (MAE)"}.get(name, METRICS[name][0])
            value = value_of(name, results.metrics[split][name], interval)
            yield _tile(value, word, known, *_best_simple(results, split, name))
    yield _tile(Markup(f"{report.judged:,}"), rows_word(report), _units(report, split))


def _best_simple(results: Results, split: str, metric: str) -> Iterator[str]:
    """Say which simple method is best by this score, and what it gets."""
    scores = {
        name: each[split][metric] for name, each in results.baselines.items() if metric in each.get(split, {})
    }
    best = best_baseline(scores, metric)
    if best is not None:
        known = results.baseline_intervals.get(best, {}).get(split, {}).get(metric)
        yield f"best simple method: {score(metric, scores[best], known)}, {BASELINES[best]}"


def _units(report: Report, split: str) -> str:
    units, rows = details_of(report.results, split).get("units"), report.results.rows.get(split, 0)
    if report.judged < rows:
        return f"with {rows:,} answers"
    if isinstance(units, int) and units != rows:
        return f"of {counted(units, report.unit)}"
    return f"{report.row}s" if report.is_other_data else "kept aside" if split == "test" else "not kept aside"


def _tile(value: Markup, *words: str) -> Markup:
    lines = (element("span", _unbroken(each)) for each in words)
    return element("div", element("b", value), *lines, class_="panel")


def _doubts(report: Report) -> Markup:
    found: list[Markup] = []
    if report.doubts:
        told = ((f"{each.title}: ", _unbroken(each.evidence)) for each in report.doubts)
        items = (element("li", element("b", title), evidence) for title, evidence in told)
        found.append(element("ul", *items, class_="doubts"))
    else:
        text = "No check of this report found anything to hold against these figures."
        found.append(element("p", text))
    if report.notes:
        notes = (element("li", each) for each in report.notes)
        found += [element("h3", "Notes of the run"), element("ul", *notes, class_="small")]
    return joined(*found)


def _predictions(report: Report) -> Iterator[Markup]:
    if report.counting and (report.numbers or report.reliability is not None):
        yield element("p", report.counting, class_="soft wide")
    for each in report.numbers:
        if len(report.numbers) > 1:
            yield element("figure", element("h3", shown(each.target)), class_="wide")
        yield from charts.time_charts(each)
        yield charts.cloud_chart(each)
        yield charts.tenths_chart(each)
        yield charts.residuals_chart(each)
        yield _within(each)
    if report.series is not None:
        yield from series_figures(report.series)
    if report.coverage is not None:
        yield _coverage(report, report.coverage)
    details = details_of(report.results, report.results.shown_split())
    if "confusion" in details and len(report.classes) <= charts.MOST_CLASSES:
        yield charts.confusion_chart(details["confusion"], report.classes)
    elif "confusion" in details:
        yield _mixed_up(details["confusion"], report.classes)
    if report.reliability is not None:
        yield charts.reliability_chart(report.reliability)


def _within(figures: NumberFigures) -> Markup:
    rows = [
        ("all rows" if share == 1 else f"{percent(share)} of the rows", number(size, 3))
        for share, size in figures.residuals.within
    ]
    text = "Half of the rows are off by less than the first number, half by more."
    caption = element("figcaption", element("b", "How far off is it?"), element("p", text))
    return element(
        "figure", caption, table(("of the rows", f"off by at most, {shown(figures.target)}"), rows)
    )


def _coverage(report: Report, found: Coverage) -> Markup:
    """Say what its intervals promise, and what they held."""
    title = "Does it know how wrong it is?"
    count, asked = report.judged, percent(found.asked)
    text = f"{held(found, f'the {count:,} {rows_word(report)}')} {_HELD[found.outcome].format(asked=asked)}"
    if folds_of(report.results):
        text += " No chart shows them: the network of each fold had intervals of its own."
    return element("figure", element("figcaption", element("b", title), element("p", text)))


_HELD = {
    "as asked": "As far as these rows can tell, that is the {asked} that was asked for.",
    "too narrow": "That is fewer than the {asked} asked for: it is surer of its answers than it should be.",
    "too wide": "That is more than the {asked} asked for: it is less sure of its answers than it could be.",
}


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
    return element("figure", caption, table(("truth", "answer", "rows"), rows))


def _explained(found: Explained, targets: tuple[str, ...]) -> Iterator[Markup]:
    text = f"From {found.rows}. This says what the network uses, not what causes what."
    if found.example is not None and len(targets) > 1:
        text += f" Of the targets, {targets[0]} is explained; importance is the mean over all."
    yield element("p", text, class_="soft small")
    drawn = []
    if found.importance is not None:
        drawn.append(charts.importance_chart(found.importance))
    if found.example is not None:
        one = found.example
        drawn.append(charts.contributions_chart(one.contributions, one.row, one.truth, one.answer))
    drawn += [charts.dependence_chart(each) for each in found.dependence]
    yield element("div", *drawn, class_="flow")
    notes = found.importance.notes if found.importance is not None else ()
    yield from (element("p", each, class_="soft small") for each in notes if not each.startswith(SAME))


def _worst(found: Mistakes, importance: Importance | None) -> Iterator[Markup]:
    what = "squared error" if found.worst[0].probability is None else "log loss"
    text = (
        f"The worst {len(found.worst)} of {found.rows:,} rows hold {percent(found.share, 2)} of the {what} "
        f"of {found.target}. Look here for wrong data, and for what the columns do not say."
    )
    yield element("p", text)
    best = [each.column for each in importance.columns] if importance is not None else []
    names = [*dict.fromkeys([*best, *found.worst[0].cells])][:MOST_CELLS]
    measure = "error" if found.worst[0].probability is None else "chance given to the truth"
    rows = []
    for each in found.worst:
        size = signed(each.error) if each.error is not None else percent(each.probability or 0.0)
        facts = (f"{each.row:,}", *(_answer(value) for value in (each.truth, each.predicted)), size)
        rows.append((*facts, *(each.cells[name] for name in names)))
    yield table(("row", "truth", "answer", measure, *map(shown, names)), rows)
    if len(found.worst[0].cells) > len(names):
        more = counted(len(found.worst[0].cells) - len(names), "more column")
        which = "the most important columns are shown" if best else "the first columns are shown"
        yield element("p", f"and {more}; {which}", class_="soft small")


def _answer(value: float | str) -> str:
    return shown(value) if isinstance(value, str) else number(value)


def _data(report: Report) -> Iterator[Markup]:
    yield element("h3", "Which rows did what")
    yield charts.split_bar([(each.name, each.rows) for each in report.splits])
    rows = [(each.name, f"{each.rows:,}", each.how, each.span or "–", each.use) for each in report.splits]
    yield table(("", f"{report.row}s", "which", "from when to when", "used for"), rows, wide=4)
    if not report.columns:
        return
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
    yield table(("column", "role", "why"), lines, wide=2)
    rest = report.columns[len(shown_columns) :]
    if rest:
        roles = ", ".join(
            f"{count:,} {role}" for role, count in Counter(each.role for each in rest).most_common()
        )
        yield element(
            "p", f"and {len(rest):,} more: {roles}; glassnet inspect --json lists all", class_="soft small"
        )


def _training(report: Report) -> Iterator[Markup]:
    facts = table(("", ""), [(element("b", name), text) for name, text in report.facts], wide=1)
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


def _footer() -> Markup:
    text = (
        f"Written by Glassnet {__version__}. This page holds everything that it shows and loads nothing. "
        "Scores are rounded to what their 95 % intervals allow, other numbers to four digits."
    )
    return element("p", text)
