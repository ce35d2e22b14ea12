"""The page of ``glassnet text-steps``: the six steps, the frontier, and what the weights learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glassnet.lens.axes import log_axis, number_axis, share_axis
from glassnet.lens.charts import Plot
from glassnet.lens.markup import Markup, element, joined
from glassnet.lens.numerals import counted, number, percent, signed
from glassnet.lens.page_tables import table
from glassnet.lens.text_steps_view import (
    IDEAS,
    TITLES,
    CountedWord,
    Frontier,
    Step,
    TextSteps,
    frontier_sentence,
    interval_text,
    same_sentence,
    speed_text,
)
from glassnet.lens.word_page import NAMES, key, map_section, own_text, page, text_section
from glassnet.lens.words import SimilarWords

OWN = "Write a text of your own here: a wonderful film with a terrible ending."


def steps_page(view: TextSteps) -> str:
    """Return the page; the same View gives the same text."""
    title = f"{view.classes[0]} or {view.classes[1]}: the sentiment network in six steps"
    opening = joined(element("p", f"{view.opening()}.", class_="answer"), _side_by_side(view))
    sections = [
        _section(1, _theory(view)),
        _section(2, _numbers(view)),
        *(_section(step.number, _network(view, step)) for step in view.steps),
        _learned(view),
        _answers(view),
    ]
    notes = [element("p", each, class_="soft small") for each in view.notes]
    return page(title, joined(*sections, *notes), opening)


def _section(number_: int, content: Markup) -> Markup:
    head = element("h2", f"{number_}. {TITLES[number_ - 1]}", id=f"step{number_}")
    return joined(head, element("p", IDEAS[number_ - 1]), content)


def _side_by_side(view: TextSteps) -> Markup:
    """Return the networks beside each other: accuracy with its interval, and speed."""
    titles = ("step", "inputs", "accuracy", "95 % interval", "texts a second, training")
    rows = [
        (
            f"{step.number}. {step.title}",
            f"{step.inputs:,}",
            percent(step.accuracy),
            interval_text(step.interval),
            "; ".join(f"{speed_text(speed)} by {by}" for by, speed in step.speeds.items()),
        )
        for step in view.steps
    ]
    rows.append(("always the commoner class", "", percent(view.majority), "", ""))
    return table(titles, rows)


def _theory(view: TextSteps) -> Markup:
    theory = view.theory
    plot = Plot(
        number_axis(theory.edges, "ln of the ratio"),
        number_axis(theory.sizes, "", zero=True, whole=True),
        "How many words have which log ratio",
        "most lie around 0",
    ).columns(theory.edges, theory.sizes.astype(float), "network")
    caption = element(
        "figcaption",
        element("b", "Words by their log ratio"),
        element("p", f"Far left: words of {view.classes[0]}. Far right: words of {view.classes[1]}."),
    )
    figure = element("figure", caption, plot.svg())
    sides = ((view.classes[1], theory.highest), ("neither: the commonest", theory.common))
    tables = [_counts(f"For {view.classes[0]}", theory.lowest, view)]
    tables += [_counts(f"For {name}", words, view) for name, words in sides]
    least = f"Of words that stand more than {theory.least} times in the texts that teach."
    parts = element("div", *tables, figure, class_="pair")
    return joined(parts, element("p", least, class_="soft small"))


def _counts(title: str, words: Sequence[CountedWord], view: TextSteps) -> Markup:
    rows = [
        (each.word, f"{each.first:,}", f"{each.second:,}", number(each.ratio, 3), signed(each.log_ratio))
        for each in words
    ]
    found = table(("word", *view.classes, "ratio", "ln"), rows)
    return element("div", element("h3", title), found)


def _numbers(view: TextSteps) -> Markup:
    of = view.example
    rows = [(word, f"input {at:,}", str(times)) for word, at, times in of.words]
    told = (
        f"{of.distinct:,} of {of.inputs:,} inputs are not 0. The label {of.label} becomes {of.target}: "
        f"{view.classes[0]} is 0, {view.classes[1]} is 1."
    )
    return joined(
        element("p", element("q", of.text)),
        table(("word", "its number", "how often"), rows),
        element("p", told),
    )


def _network(view: TextSteps, step: Step) -> Markup:
    rows = [(by, f"{speed_text(speed)} texts a second") for by, speed in step.speeds.items()]
    good = (
        f"{percent(step.accuracy)} of the test texts right ({interval_text(step.interval)}), and "
        f"{percent(step.online)} of the others just before they taught. {step.inputs:,} inputs, "
        f"learning rate {step.rate:g}."
    )
    parts = [element("p", good, class_="answer"), table(("what does the work", "training"), rows)]
    if step.number == 5:
        parts.append(element("p", f"{same_sentence(view.same)}.", class_="verdict better"))
    if step.number == 6:
        parts += [_frontier_chart(view.frontier), _frontier_table(view.frontier)]
        parts.append(element("p", f"{frontier_sentence(view.frontier)}.", class_="verdict aside"))
    return joined(*parts)


def _frontier_chart(found: Frontier) -> Markup:
    """Draw accuracy against speed for every setting, the best ones joined, the chosen one in a ring."""
    speeds = np.array([each.reviews_per_second / 1000 for each in found.settings])
    right = np.array([each.accuracy for each in found.settings])
    words = "every setting by its speed and its accuracy on the validation texts"
    plot = Plot(
        log_axis(speeds, "thousand texts a second, training"),
        share_axis(right, "right"),
        "Accuracy and speed",
        words,
        width=720.0,
    )
    plot.dots(speeds, right, "tried", 4.0)
    front = [(each.reviews_per_second / 1000, each.accuracy) for each in found.front]
    plot.line([x for x, _ in front], [y for _, y in front], "front")
    plot.dots([x for x, _ in front], [y for _, y in front], "best", 4.5)
    plot.dots([found.chosen.reviews_per_second / 1000], [found.chosen.accuracy], "chosen", 9.0)
    caption = element(
        "figcaption",
        element("b", "What speed costs"),
        element("p", "Each point is a setting. Blue: none has less work and is as right. Ring: recommended."),
    )
    return element("figure", caption, plot.svg(), class_="wide")


def _frontier_table(found: Frontier) -> Markup:
    counts = sorted({each.min_count for each in found.settings})
    cutoffs = sorted({each.cutoff for each in found.settings})
    cells = {(each.min_count, each.cutoff): each for each in found.settings}
    head = element(
        "tr", element("th", "words that stand"), *(element("th", f"cutoff {each:g}") for each in cutoffs)
    )
    rows = []
    for count in counts:
        row = [element("th", f"more than {count} times")]
        for cutoff in cutoffs:
            each = cells[count, cutoff]
            small = element(
                "small", f"{counted(each.words, 'word')}, {speed_text(each.reviews_per_second)}/s"
            )
            kind = "chosen" if each == found.chosen else None
            row.append(element("td", percent(each.accuracy), small, class_=kind))
        rows.append(element("tr", *row))
    whole = element("table", element("thead", head), element("tbody", *rows))
    return element("div", whole, class_="scroll")


def _learned(view: TextSteps) -> Markup:
    first, second = (
        table(("word", "pull"), [(each.word, signed(each.pull)) for each in side])
        for side in (view.weights.first, view.weights.second)
    )
    sides = [
        element("div", element("h3", f"For {name}"), each)
        for name, each in zip(view.classes, (first, second), strict=True)
    ]
    told = (
        "A pull is what a word adds to the score each time that it counts. A score above 0 answers "
        f"{view.classes[1]}, one below {view.classes[0]}."
    )
    similar = [_similar(each) for each in view.similar]
    told_once = [each if at == 0 else replace(each, notes=()) for at, each in enumerate(view.maps)]
    maps = [
        part
        for each in told_once
        for part in (element("h3", f"The map of words, by {NAMES[each.method]}"), map_section(each))
    ]
    return joined(
        element("h2", "What the weights learned", id="learned"),
        element("p", told),
        element("div", *sides, class_="pair"),
        element("div", *similar, class_="pair"),
        *maps,
    )


def _similar(found: SimilarWords) -> Markup:
    rows = [(each.word, number(each.product, 3), number(each.cosine, 3)) for each in found.most]
    return element(
        "div",
        element("h3", f"Most like {found.word}"),
        table(("word", "product", "cosine"), rows),
    )


def _answers(view: TextSteps) -> Markup:
    told = (
        "What each word adds to the answer. With words that stand more than once, each place has its share."
    )
    return joined(
        element("h2", "The words behind an answer", id="answers"),
        element("p", told),
        key(view.classes),
        own_text(view.net, OWN),
        *(text_section(each.words, each.label) for each in view.answers),
    )
