"""The six steps on a user's own texts (C32): what is read, chosen, measured and shown."""

from __future__ import annotations

import json
import warnings

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import DataError, RecipeError
from glassnet.lens.text_steps_view import TextSteps
from glassnet.native_status import native_status

GOOD = ("lovely", "superb", "great", "fun")
BAD = ("awful", "dull", "bad", "boring")
PLAIN = ("the", "a", "film", "story", "plot", "of", "and", "with", "it", "was", "he", "she")


def made_texts(count: int = 240, seed: int = 0) -> tuple[list[str], list[str]]:
    """Make texts that say what they think, mostly; every second one is good."""
    chance = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(count):
        good = number % 2 == 0
        kinds = [GOOD if (chance.random() < 0.85) == good else BAD for _ in range(4)]
        said = [str(chance.choice(kind)) for kind in kinds] + chance.choice(PLAIN, 14).tolist()
        texts.append(" ".join(said[at] for at in chance.permutation(len(said))) + ".")
        labels.append("good" if good else "bad")
    return texts, labels


@pytest.fixture(scope="module")
def steps() -> TextSteps:
    return gn.text_steps(*made_texts(), seed=3)


def test_the_six_steps_are_told_with_accuracy_interval_and_speed_C32(steps):
    assert [step.number for step in steps.steps] == [3, 4, 5, 6]
    for step in steps.steps:
        assert step.interval[0] < step.accuracy <= step.interval[1]
        assert min(step.speeds.values()) > 0
    assert steps.steps[-1].accuracy > 0.8 > 0.6 > steps.majority
    assert {"Python word by word", "NumPy text by text"} <= steps.steps[2].speeds.keys()


def test_the_texts_are_cut_in_three_and_each_is_used_once_C32(steps):
    assert steps.texts == {"train": 194, "validation": 22, "test": 24}
    assert steps.classes == ("bad", "good")


def test_theory_names_the_words_of_either_class_C32(steps):
    assert {each.word for each in steps.theory.highest[:4]} == set(GOOD)
    assert {each.word for each in steps.theory.lowest[:4]} == set(BAD)
    clear = steps.theory.highest[0]
    assert clear.log_ratio == pytest.approx(np.log(clear.ratio))


def test_leaving_out_the_zeros_changes_not_one_prediction_C32(steps):
    assert steps.same.different == 0
    assert steps.same.largest == 0.0 if not native_status().available else steps.same.largest < 1e-9
    assert steps.steps[1].accuracy == steps.steps[2].accuracy


def test_the_recommended_setting_was_chosen_on_validation_texts_and_used_C32(steps):
    found = steps.frontier
    assert found.texts == steps.texts["validation"]
    assert found.chosen in found.front
    assert len(found.settings) == 30
    best = max(each.accuracy for each in found.settings)
    assert found.chosen.accuracy >= best - np.sqrt(best * (1 - best) / found.texts)
    assert steps.steps[3].inputs == len(steps.net.words)


def test_words_of_test_texts_are_not_in_the_vocabulary():
    texts, labels = made_texts(100)
    texts[-20:] = [f"{text} testword" for text in texts[-20:]]
    found = gn.text_steps(texts, labels, test="last:20", validation="last:20")
    assert "testword" not in found.net.words
    seen = len(set(" ".join(texts[:-20]).replace(".", " .").split()))
    assert [found.example.inputs, *(step.inputs for step in found.steps[:3])] == [seen] * 4


def test_the_test_texts_decide_nothing_C32():
    texts, labels = made_texts(100)
    turned = labels[:-20] + ["bad" if label == "good" else "good" for label in labels[-20:]]
    first, second = (gn.text_steps(texts, each, test="last:20") for each in (labels, turned))
    assert (first.net.pull == second.net.pull).all()
    assert first.frontier.chosen.words == second.frontier.chosen.words
    for one, other in zip(first.steps, second.steps, strict=True):
        assert one.accuracy == pytest.approx(1 - other.accuracy)


def test_the_same_seed_gives_the_same_steps(steps):
    again = gn.text_steps(*made_texts(), seed=3)
    assert (again.net.pull == steps.net.pull).all()
    assert (again.maps[0].points == steps.maps[0].points).all()
    assert [each.accuracy for each in again.steps] == [each.accuracy for each in steps.steps]
    assert again.frontier.chosen.words_per_text == steps.frontier.chosen.words_per_text


def test_texts_sorted_by_class_are_learned_as_well_as_mixed_ones():
    texts, labels = made_texts()
    order = np.argsort(labels, kind="stable")
    found = gn.text_steps([texts[at] for at in order], [labels[at] for at in order])
    assert found.steps[2].accuracy > 0.8


@pytest.mark.parametrize("kind", ["table", "folder", "lines"])
def test_tables_folders_and_lines_give_the_same_steps(kind, tmp_path, steps):
    texts, labels = made_texts()
    if kind == "table":
        data = tmp_path / "reviews.csv"
        pl.DataFrame({"id": range(len(texts)), "text": texts, "label": labels}).write_csv(data)
    elif kind == "lines":
        data = tmp_path / "reviews.txt"
        data.write_text("\n".join(texts) + "\n")
        (tmp_path / "labels.txt").write_text("\n".join(labels) + "\n")
    else:
        data = tmp_path
        for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
            (tmp_path / label).mkdir(exist_ok=True)
            (tmp_path / label / f"{number:04}.txt").write_text(text)
    found = gn.text_steps(str(data), seed=3)
    assert found.texts == steps.texts
    if kind != "folder":  # there the order is that of the folders
        assert (found.net.pull == steps.net.pull).all()


def test_other_than_two_classes_are_an_error_that_says_what_to_do():
    texts, labels = made_texts(40)
    with pytest.raises(DataError, match="two classes, however: there are 1 class: 'good'"):
        gn.text_steps(texts, ["good"] * 40)
    with pytest.raises(DataError, match="two classes, however: there are 3 classes: 'bad', 'good', 'odd'"):
        gn.text_steps(texts, ["odd", *labels[1:]])


def test_wrong_settings_are_named_together():
    with pytest.raises(RecipeError) as caught:
        gn.text_steps(["a"], ["b"], test="cv:5", validation="rnadom:0.1", passes=0, seed=-1)
    assert len(caught.value.problems) == 4


def test_lists_that_do_not_fit_are_an_error():
    with pytest.raises(DataError, match="2 texts and 1 labels"):
        gn.text_steps(["a", "b"], ["x"])
    with pytest.raises(DataError, match=r"texts\[0\] is a int"):
        gn.text_steps([1, "b"], ["x", "y"])


def test_empty_texts_and_strange_bytes_are_read_and_empty_ones_teach_nothing(tmp_path):
    texts, labels = made_texts(120)
    content = [text.encode() for text in texts]
    content[0], content[1], content[2] = b"", b"\xff\xfe\xfa great", b"bad\x00film"
    for number, (text, label) in enumerate(zip(content, labels, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / f"{number:04}.txt").write_bytes(text)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = gn.text_steps(tmp_path)
    assert sum(found.texts.values()) == 120
    assert {each.category for each in told} == {gn.GlassnetWarning}


def test_texts_without_a_word_are_an_error():
    with pytest.raises(DataError, match="must hold words"):
        gn.text_steps(["", "123", "!!", "?", "", "4", "5", "6", "7", "8"] * 3, ["a", "b"] * 15)


def test_labels_that_are_missing_are_left_out_and_said_to_be():
    texts, labels = made_texts(120)
    found = gn.text_steps(texts, [None, None, *labels[2:]])
    assert sum(found.texts.values()) == 118
    assert found.notes == ("2 texts without a label left out",)


def test_test_texts_that_also_train_are_counted():
    texts, labels = made_texts(60)
    found = gn.text_steps([*texts, *texts[:6]], [*labels, *labels[:6]], test="last:10")
    assert "6 of 10 test texts stand among the others too" in found.notes[0]


def test_chinese_reviews_work_without_options():
    good, bad = ("很好看", "太棒了", "喜欢"), ("难看", "无聊", "失望")
    chance = np.random.default_rng(0)
    texts = [f"这部电影{chance.choice(side)},{chance.choice(side)}。" for side in (good, bad) * 60]
    found = gn.text_steps(texts, ["好评", "差评"] * 60)
    assert found.steps[-1].accuracy == 1.0
    assert "棒" in found.net.words


def test_everything_but_the_net_is_json(steps):
    found = json.loads(steps.to_json())
    assert found["steps"][0]["number"] == 3
    assert found["frontier"]["chosen"]["words"] == steps.frontier.chosen.words
    assert "net" not in found


def test_the_text_tells_every_step_the_frontier_and_the_words(steps):
    text = str(steps)
    for part in ("1. Theory", "2. Texts to numbers", "6. Less vocabulary", "recommended:", "for good", "→"):
        assert part in text
    assert "not one is another" in text


def test_one_text_a_class_is_too_few_to_cut():
    with pytest.raises(DataError, match="must leave rows on both sides"):
        gn.text_steps(["good", "bad"], ["a", "b"])


def test_progress_is_told():
    told: list[str] = []
    gn.text_steps(*made_texts(60), progress=told.append)
    assert told[0] == "reading the texts"
    assert len(told) == 6
