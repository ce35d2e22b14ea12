"""What a net over words learned (C32): similar words, words for and against, the map, an answer's words."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.text_store import Texts
from glassnet.errors import RequestError
from glassnet.lens.word_net import SentimentWords, WordNet
from glassnet.reference import sentiment as s

WORDS = ("film", "good", "great", "bad", "awful", "the", "fun", "dull")


def made_net(seed: int = 0, counted: bool = False, bias: float = 0.0) -> SentimentWords:
    """Make a net whose words differ in every direction."""
    chance = np.random.default_rng(seed)
    weights = s.Weights(chance.normal(size=(len(WORDS), 4)), chance.normal(size=4))
    return SentimentWords(("neg", "pos"), WORDS, weights, counted, bias)


def one_line(count: int = 40) -> SentimentWords:
    """Make a net as the course's start makes it: all vectors are multiples of one."""
    direction = np.arange(1.0, 4.0)
    sizes = np.linspace(-1, 1, count)
    words = tuple(f"word{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(count))
    return SentimentWords(("neg", "pos"), words, s.Weights(np.outer(sizes, direction), direction))


class OtherNet:
    """Any object with these attributes is a net over words."""

    classes = ("ham", "spam")
    words = ("hi", "win", "money", "you", "now")
    vectors = np.array([[-1.0, 0.5], [2.0, 0.0], [1.0, 1.0], [-0.5, 0.1], [0.2, 0.9]])
    pull = np.array([-1.0, 2.0, 1.0, -0.5, 0.2])
    bias = -0.25

    def parts(self, text):
        known = [word for word in dict.fromkeys(self.pieces(text)) if word in self.words]
        return [(word, 0.5, float(self.pull[self.words.index(word)])) for word in known]

    def pieces(self, text):
        return text.split()


def test_the_contributions_sum_to_the_score_exactly_C32():
    net, text = made_net(bias=0.3), "A good film, a good GREAT film but the ending was dull."
    found = gn.word_contributions(net, text)
    bags = s.bags_of([text], net.vocabulary).presence()
    score = float(s.scores_sparse(bags, net.weights)[0]) + 0.3
    assert found.bias + sum(each.contribution for each in found.parts) == pytest.approx(
        found.score, abs=1e-12
    )
    assert found.score == pytest.approx(score, abs=1e-12)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-abs(score))))
    assert found.answer == ("pos" if score >= 0 else "neg")


def test_counted_words_count_as_often_as_they_stand():
    net = made_net(counted=True)
    found = {each.word: each for each in gn.word_contributions(net, "good good film").parts}
    assert found["good"].times == 2
    assert found["good"].contribution == pytest.approx(2 * found["good"].pull)


def test_each_place_of_a_word_has_its_share():
    found = gn.word_contributions(made_net(), "good unheard good.")
    assert [word for word, _ in found.pieces] == ["good", "unheard", "good", "."]
    assert found.pieces[1][1] is None
    shares = [adds for _, adds in found.pieces if adds is not None]
    assert sum(shares) == pytest.approx(found.score)
    assert found.unknown == 2


@pytest.mark.parametrize("text", ["", "?!", "unheard of"])
def test_a_text_without_a_known_word_has_the_score_of_the_bias(text):
    found = gn.word_contributions(made_net(bias=-0.5), text)
    assert found.score == -0.5
    assert found.answer == "neg"
    assert "sum" in str(found)


def test_words_for_and_against_are_ordered_by_their_pull_C32():
    net = made_net()
    found = gn.word_weights(net, most=3)
    order = [WORDS[at] for at in np.argsort(net.pull)]
    assert [each.word for each in found.first] == [w for w in order[:3] if net.pull[WORDS.index(w)] < 0]
    assert [each.word for each in found.second] == [
        w for w in order[::-1][:3] if net.pull[WORDS.index(w)] > 0
    ]
    assert str(found).startswith("for neg")


def test_similar_words_have_the_largest_products_as_in_the_course_C32():
    net = made_net()
    found = gn.similar_words(net, "good", most=3)
    products = net.vectors @ net.vectors[WORDS.index("good")]
    expected = sorted((w for w in WORDS if w != "good"), key=lambda w: -products[WORDS.index(w)])
    assert [each.word for each in found.most] == expected[:3]
    assert [each.word for each in found.least] == expected[::-1][:3]
    great = net.vectors[WORDS.index("great")]
    cosine = great @ net.vectors[1] / np.linalg.norm(great) / np.linalg.norm(net.vectors[1])
    alike = {each.word: each.cosine for each in (*found.most, *found.least)}
    assert alike.get("great", cosine) == pytest.approx(cosine)
    assert found.note is None


def test_vectors_on_one_line_are_said_to_be_C32():
    assert "one line" in gn.similar_words(one_line(), "wordaa").note
    assert "one line" in gn.word_map(one_line(), method="pca").notes[0]


def test_an_unknown_word_is_an_error_with_a_guess():
    with pytest.raises(RequestError, match="does not know 'grate'; did you mean 'great'"):
        gn.similar_words(made_net(), "grate")


def test_the_principal_components_keep_the_distances_of_a_plane_C32():
    chance = np.random.default_rng(1)
    plane = chance.normal(size=(30, 2))
    turned = plane @ np.linalg.qr(chance.normal(size=(5, 5)))[0][:2]
    net = SentimentWords(("a", "b"), tuple(map(str, range(30))), s.Weights(turned, chance.normal(size=5)))
    found = gn.word_map(net, method="pca")
    places = [int(word) for word in found.words]
    expected = np.linalg.norm(plane[places][:, None] - plane[places][None], axis=2)
    shown = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    assert np.abs(expected - shown).max() < 1e-9
    assert sum(found.shares) == pytest.approx(1.0)


def test_the_second_class_lies_to_the_right_of_the_components():
    found = gn.word_map(one_line(), method="pca")
    assert np.corrcoef(found.points[:, 0], found.pull)[0, 1] > 0.99
    assert found.is_line
    assert np.ptp(found.spread()[:, 1]) > 1
    assert (found.spread()[:, 0] == found.points[:, 0]).all()


@pytest.mark.parametrize("net", [one_line(), made_net()], ids=["line", "space"])
def test_the_map_of_a_seed_is_always_the_same_and_keeps_the_classes_apart_C32(net):
    first, second = (gn.word_map(net, seed=5) for _ in range(2))
    assert (first.points == second.points).all()
    assert np.isfinite(first.points).all()
    assert first.shares is None
    assert not first.is_line


def test_neighbours_on_the_map_pull_to_the_same_class_C32():
    found = gn.word_map(one_line(80))
    distances = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    assert np.mean(np.sign(found.pull) == np.sign(found.pull[nearest])) > 0.95


def test_a_map_has_the_strongest_words_of_both_classes():
    found = gn.word_map(one_line(100), method="pca", most=10)
    assert len(found.words) == 20
    assert (np.abs(found.pull[:-1]) >= np.abs(found.pull[1:]) - 1e-12).all()


def test_wrong_requests_for_a_map_are_named_together():
    small = SentimentWords(("a", "b"), ("x",), s.Weights(np.ones((1, 2)), np.ones(2)))
    with pytest.raises(RequestError) as caught:
        gn.word_map(small, method="umap")
    assert len(caught.value.problems) == 2


def test_any_net_with_word_vectors_can_be_looked_into_C32():
    net = OtherNet()
    assert isinstance(net, WordNet)
    found = gn.word_contributions(net, "win money now win")
    assert found.score == pytest.approx(-0.25 + 0.5 * (2.0 + 1.0 + 0.2))
    assert found.answer == "spam"
    assert [each.word for each in gn.word_weights(net).second] == ["win", "money", "now"]
    assert gn.word_map(net, method="pca").classes == ("ham", "spam")
    assert gn.similar_words(net, "win").most[0].word == "money"


def trained(said: dict[str, list[str]]) -> gn.TextModel:
    """Train a text model on texts that say something and end in words of their own."""
    chance = np.random.default_rng(0)
    pairs = [(label, text) for label, texts in said.items() for text in texts] * 15
    own = ["".join(chance.choice(list("aeioustrnl"), 9)) for _ in range(3 * len(pairs))]
    texts = [" ".join([text, *own[3 * at : 3 * at + 3]]) for at, (_, text) in enumerate(pairs)]
    data = {"text": texts, "label": [label for label, _ in pairs]}
    return gn.train(data, task="text", target="label", test="none", threads=1)


@pytest.fixture(scope="module")
def model() -> gn.TextModel:
    """Train a small text model of two classes."""
    good, bad = ["good fun", "a great film", "not bad", "great and good"], ["bad", "not good", "a dull film"]
    return trained({"pos": good, "neg": bad})


def test_the_words_of_a_text_model_sum_to_its_answer_C32(model):
    text = "Not good, a great dull film. Unheard!"
    found = gn.word_contributions(model, text)
    assert found.score == pytest.approx(float(model.net.logits(Texts.of([text]))[0, 0]), abs=1e-5)
    assert found.answer == model.predict([text])[0]
    shares = [adds for _, adds in found.pieces if adds is not None]
    assert sum(shares) + found.bias == pytest.approx(found.score)
    assert dict(found.pieces)["unheard"] is None


def test_the_words_of_a_text_model_have_weights_and_a_map(model):
    strongest = gn.word_weights(model, most=3)
    assert strongest.classes == ("neg", "pos")
    assert {each.word for each in strongest.second} <= set(model.net.names.values())
    assert gn.word_map(model, method="pca").is_line


def test_what_is_no_net_over_words_is_an_error():
    with pytest.raises(RequestError, match="a net over words or a text model, however: it is a int"):
        gn.word_weights(3)
    model = trained({"a": ["one"], "b": ["two"], "c": ["three"]})
    with pytest.raises(RequestError, match="two classes, however: it has 3"):
        gn.word_contributions(model, "one")


def test_figures_are_drawn_and_name_the_classes():
    figure = gn.plot_word_map(one_line(), method="pca")
    legend = figure.axes[0].get_legend()
    assert [each.get_text() for each in legend.get_texts()] == ["neg", "pos"]
    assert figure.axes[0].texts


def test_the_page_of_a_map_loads_nothing_and_holds_every_word_once(tmp_path):
    nasty = SentimentWords(
        ("<b>", "pos"),
        ("</script><script>alert(1)", "b", "c", "d"),
        s.Weights(np.array([[1.0, 0], [-1, 1], [3, 1], [0, -2]]), np.array([1.0, 0.5])),
    )
    view = gn.word_map(nasty, method="pca")
    page = view.to_html(tmp_path / "map.html").read_text()
    assert "<script>alert" not in page
    assert "http" not in re.sub(r"http-equiv|http://www.w3.org/2000/svg", "", page)
    data = re.search(r'<script id="facts-pca" type="application/json">(.*?)</script>', page)[1]
    assert [word for word, _ in json.loads(data)["words"]] == list(view.words)
    assert page.count('class="word ') == 4
    assert view.to_html(tmp_path / "again.html").read_text() == page


def test_views_of_words_are_json():
    net = made_net()
    for view in (
        gn.word_weights(net),
        gn.similar_words(net, "good"),
        gn.word_contributions(net, "good film"),
        gn.word_map(net, method="pca"),
    ):
        assert json.loads(view.to_json())
