"""How photos were judged: counts, shares, the surest mistakes, and a page whose cells open the photos."""

from __future__ import annotations

import base64
import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.errors import DataError
from glassnet.lens.confusion_page import confusion_page

CLASSES = ("ant", "bee", "cat")
CHANCES = np.array(
    [
        [0.8, 0.1, 0.1],  # ant, right
        [0.2, 0.7, 0.1],  # ant, answered bee
        [0.1, 0.9, 0.0],  # ant, answered bee, surer
        [0.3, 0.6, 0.1],  # bee, right
        [0.5, 0.3, 0.2],  # bee, answered ant; not among the first 2 of cat
        [0.4, 0.35, 0.25],  # cat, answered ant, its own is the last
    ]
)
LABELS = ["ant", "ant", "ant", "bee", "bee", "cat"]
SMALL = np.arange(6 * 8 * 8, dtype=np.uint8).reshape(6, 8, 8)


def test_counts_shares_and_top_by_hand():
    seen = gn.confusion(CHANCES, LABELS, CLASSES)
    assert seen.counts.tolist() == [[1, 2, 0], [1, 1, 0], [1, 0, 0]]
    assert seen.accuracy == pytest.approx(2 / 6)
    assert seen.top == ((1, pytest.approx(2 / 6)), (2, pytest.approx(5 / 6)))
    ant, bee, cat = seen.scores
    assert (ant.photos, ant.right, ant.precision) == (3, pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert ant.taken_for == ("bee", 2)
    assert (bee.right, bee.precision) == (pytest.approx(1 / 2), pytest.approx(1 / 3))
    assert cat.right == 0
    assert np.isnan(cat.precision)
    # Wilson's interval of 2 of 6
    assert (seen.low, seen.high) == (pytest.approx(0.0968, abs=1e-4), pytest.approx(0.7000, abs=1e-4))


def test_the_surest_mistakes_come_first_and_cells_hold_their_photos():
    seen = gn.confusion(CHANCES, LABELS, CLASSES, names=[f"{at}.jpg" for at in range(6)])
    assert [(each.name, each.sure) for each in seen.mistakes()] == [
        ("2.jpg", 0.9),
        ("1.jpg", 0.7),
        ("4.jpg", 0.5),
        ("5.jpg", 0.4),
    ]
    assert seen.cells == {(0, 0): (0,), (0, 1): (2, 1), (1, 0): (4,), (1, 1): (3,), (2, 0): (5,)}
    assert seen.pairs == [(0, 1, 2), (1, 0, 1), (2, 0, 1)]
    assert seen.judged[5].of_truth == 0.25


def test_labels_may_be_numbers_of_classes():
    by_name = gn.confusion(CHANCES, LABELS, CLASSES)
    assert np.array_equal(gn.confusion(CHANCES, [0, 0, 0, 1, 1, 2], CLASSES).counts, by_name.counts)


def test_equal_probabilities_count_as_the_answer_does():
    """The first of equals is the answer, so the second is only among the first 2."""
    seen = gn.confusion([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]], [0, 1], CLASSES)
    assert seen.accuracy == 0.5
    assert seen.top == ((1, 0.5), (2, 1.0))


def test_it_reads_as_a_text_and_as_json():
    seen = gn.confusion(CHANCES, LABELS, CLASSES, SMALL)
    head = "33.3 % of 6 photos right (95 % interval 9.68 % to 70 %); 83.3 % among the first 2"
    assert str(seen).splitlines()[0] == head
    assert "ant         3  33.3 %" in str(seen)
    assert "cat         1     0 %" in str(seen)
    assert "photo 2          ant  bee       90 %" in str(seen)
    facts = json.loads(seen.to_json())
    assert facts["counts"] == [[1, 2, 0], [1, 1, 0], [1, 0, 0]]
    assert "thumbnails" not in facts


def test_a_class_without_photos_has_no_share():
    seen = gn.confusion([[0.9, 0.1, 0.0]], [0], CLASSES)
    assert re.search(r"bee +0 +– +– +– +–", str(seen))
    assert "No photo was answered as another class." in confusion_page(seen)


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ((CHANCES[:, :2], LABELS, CLASSES), ["shape (photos, 3 classes), however: their shape is (6, 2)"]),
        (
            (CHANCES * 2, LABELS, CLASSES),
            ["sum to 1, however: some do not; pass those of predict_proba, not"],
        ),
        (
            (CHANCES, LABELS[:2], CLASSES),
            ["one label for each row of probabilities, however: (2,) labels and 6"],
        ),
        ((CHANCES, [*LABELS[:5], "dog"], CLASSES), ["must be one of the classes, however: 1 are not"]),
        ((CHANCES, LABELS, CLASSES, SMALL[:2]), ["thumbnails must be bytes", "uint8 of shape (2, 8, 8)"]),
        ((CHANCES, LABELS, CLASSES, SMALL / 1.0), ["however: float64 of shape (6, 8, 8)"]),
        ((CHANCES * 2, LABELS, CLASSES, None, ["a"]), ["2 problems", "sum to 1", "name for each photo"]),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said_together(given, texts):
    with pytest.raises(DataError) as caught:
        gn.confusion(*given)
    assert all(text in str(caught.value) for text in texts)


def test_every_cell_of_the_page_opens_the_photos_behind_it(tmp_path):
    seen = gn.confusion(CHANCES, LABELS, CLASSES, SMALL)
    page = seen.to_html(tmp_path / "page.html").read_text("utf-8")
    cells = re.findall(r'href="#(cell-\d-\d)"[^>]*title="(\w+) answered as (\w+): (\d) photo', page)
    assert ("cell-0-1", "ant", "bee", "2") in cells
    assert len(cells) == 5
    for name, truth, answer, count in cells:
        section = re.search(rf'<section class="behind" id="{name}">(.*?)</section>', page)[1]
        assert f"{truth}, answered as {answer}: {count} photo" in section
        assert section.count("<img") == int(count)
    section = re.search(r'id="cell-0-1">(.*?)</section>', page)[1]
    first = re.search(r'base64,([^"]+)"', section)[1]
    picture = Image.open(io.BytesIO(base64.b64decode(first)))
    assert np.array_equal(np.asarray(picture), SMALL[2])
    assert "default-src 'none'; img-src data:;" in html.unescape(page)
    assert "<script>" in page
    assert not re.search(r"https?://|url\(|<link", page)


def test_without_thumbnails_nothing_opens():
    page = confusion_page(gn.confusion(CHANCES, LABELS, CLASSES))
    assert "<img" not in page
    assert "cell-" not in page
    assert ">photo 2<" in page


def test_large_colour_thumbnails_are_kept_small():
    photos = np.random.default_rng(0).integers(0, 256, (6, 64, 48, 3), dtype=np.uint8)
    page = confusion_page(gn.confusion(CHANCES, LABELS, CLASSES, photos))
    assert page.count("data:image/jpeg;base64,") == 6 + 4
    grey = confusion_page(gn.confusion(CHANCES, LABELS, CLASSES, photos[..., :1]))
    assert grey.count("data:image/jpeg;base64,") == 6 + 4


def test_a_page_of_many_classes_and_photos_stays_bounded():
    count, rng = 60, np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(count), 3000)
    page = confusion_page(
        gn.confusion(chances, rng.integers(0, count, 3000), range(count), np.zeros((3000, 4, 4), np.uint8))
    )
    assert 'class="matrix"' not in page
    assert page.count('<section class="behind"') <= 400
    assert page.count("<img") <= 1500 + 24
    assert len(page) < 2_000_000


def test_a_cell_of_many_photos_shows_the_surest():
    chances = np.column_stack([np.linspace(0.5, 0.9, 60), np.linspace(0.5, 0.1, 60)])
    page = confusion_page(gn.confusion(chances, [0] * 60, ("a", "b"), np.zeros((60, 4, 4), np.uint8)))
    assert "a, answered as a: 60 photos" in page
    assert "The 24 surest are shown." in page
    assert "photo 59<" in page
    assert "photo 0<" not in page
    assert page.count("<img") == 24


def test_names_of_the_users_own_cannot_break_the_page():
    names = [f"<img src=x>{at}" for at in range(6)]
    page = confusion_page(gn.confusion(CHANCES, [0, 0, 0, 1, 1, 2], ("<b>", "b", "c"), SMALL, names))
    assert "<img src=x>" not in page
    assert "<b>," not in page
    assert "&lt;b&gt;" in page


def test_the_figure_has_its_counts_in_the_cells(tmp_path):
    figure = gn.plot_confusion(gn.confusion(CHANCES, LABELS, CLASSES))
    figure.savefig(tmp_path / "figure.png", dpi=40)
    texts = [each.get_text() for each in figure.axes[0].texts]
    assert texts == ["1", "2", "1", "1", "1"]
