"""The parts of a page about a model of texts: the words that it goes by, and its most confident mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glassnet.lens.axes import number_axis
from glassnet.lens.charts import Row, row_chart
from glassnet.lens.markup import Markup, element
from glassnet.lens.numerals import percent, signed
from glassnet.lens.page_charts import figure
from glassnet.lens.page_tables import table
from glassnet.lens.text import shown

if TYPE_CHECKING:
    from glassnet.lens.text_mistakes import TextMistakes
    from glassnet.lens.text_words import WeightedWord, WordWeights

MOST_CLASSES = 12


def words_of(found: WordWeights) -> Iterator[Markup]:
    """Yield a chart of the words that speak most for each class."""
    counts = "counts for a class by its weight times its share of the text"
    if found.alone:
        counts = "stands with what it adds in a text of nothing else: beside others hidden layers change that"
    says = "This says what the network uses, not what causes what."
    text = f"A word, or a group of neighbours, {counts}. {says}"
    yield element("p", text, class_="soft small")
    classes = [*found.classes.items()][:MOST_CLASSES]
    drawn = (_words(name, words) for name, words in classes if words)
    yield element("div", *drawn, class_="flow")
    if len(found.classes) > MOST_CLASSES:
        more = f"and {len(found.classes) - MOST_CLASSES} more classes; glassnet inspect shows all"
        yield element("p", more, class_="soft small")


def _words(name: str, words: tuple[WeightedWord, ...]) -> Markup:
    rows = [Row(shown(each.word), each.weight, signed(each.weight)) for each in words]
    axis = number_axis([each.weight for each in words], "weight", zero=True, count=4)
    title, text = f"Words for {shown(name)}", f"The words that speak most for {shown(name)}."
    return figure(title, text, row_chart(rows, axis, title, text, bars=True))


def mistakes_of(found: TextMistakes) -> Iterator[Markup]:
    """Yield a table of the texts that the network was surest of, and wrong about."""
    text = (
        f"{found.wrong:,} of {found.texts:,} texts are answered wrongly. The network was surest of these. "
        "Look here for wrong labels, and for what words alone do not say."
    )
    yield element("p", text)
    rows = [
        (shown(each.where), shown(each.truth), shown(each.answer), percent(each.probability), each.text)
        for each in found.worst
    ]
    if rows:
        yield table(("where", "truth", "answer", "how sure it was", "text"), rows, wide=5)
