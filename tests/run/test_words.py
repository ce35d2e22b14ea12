"""A recurrent net reads texts word by word: C48, the sentiment of reviews with an LSTM or GRU."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

REVIEWS = Path(os.environ.get("GLASSNET_DATA", ""), "imdb", "folder-sample")
WISHES = {"task": "text", "net": "lstm:1x12", "lr": 0.01, "device": "cpu", "batch_size": 16}


def not_texts(count: int, seed: int = 0) -> dict[str, list[str]]:
    """Make up reviews whose class is decided by a "not" before the word, which no bag of words can see."""
    random, texts, labels = np.random.default_rng(seed), [], []
    fill = ["the film was", "well", "i think", "it seemed", "the cast and the film"]
    for number in range(count):
        good, turned = random.random(2) < 0.5
        first = f"{'not ' if turned else ''}{'good' if good else 'bad'}"
        second = f"{'' if turned else 'not '}{'dull' if good else 'fine'}"
        texts.append(
            f"film {seed}{number:04d} , {random.choice(fill)} {first} , {random.choice(fill)} {second}"
        )
        labels.append("pos" if good != turned else "neg")
    return {"text": texts, "label": labels}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "words"
    gn.train(not_texts(600), target="label", out=folder, epochs=25, **WISHES)
    return folder


def test_the_order_of_words_is_learned_where_a_bag_of_words_sees_nothing(folder):
    results = gn.load(folder / "model.glass").results
    assert results.metrics["test"]["accuracy"] > 0.95
    assert results.baselines["naive_bayes"]["test"]["accuracy"] < 0.8
    assert results.differences["majority"]["test"]["log_loss"].outcome == "better"


def test_a_text_of_ones_own_is_predicted_from_the_file(folder):
    model = gn.load(folder / "model.glass")
    assert isinstance(model, gn.TextModel)
    assert model.predict(["the film was not bad , well not dull", "well not good , well dull"]).shape == (2,)
    new = not_texts(60, seed=7)
    assert np.mean(model.predict(new["text"]) == new["label"]) > 0.9
    chances = model.predict_proba(["", "unheard of"])
    assert chances.sum(axis=1) == pytest.approx(1)


def test_a_text_is_answered_alike_alone_and_among_longer_ones(folder):
    model = gn.load(folder / "model.glass")
    texts = [*not_texts(40, seed=3)["text"], "good " * 200, ""]
    together = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-6)


def test_new_texts_are_scored_beside_the_majority(folder):
    results = gn.load(folder / "model.glass").evaluate(not_texts(100, seed=5))
    assert results.metrics["test"]["accuracy"] > 0.9
    assert set(results.baselines) == {"majority"}


def test_the_same_seed_gives_the_same_file_and_the_file_is_saved_again_bit_for_bit(folder, tmp_path):
    again = gn.train(not_texts(600), target="label", epochs=25, **WISHES)
    assert again.to_bytes() == (folder / "model.glass").read_bytes()
    assert gn.load(folder / "model.glass").to_bytes() == (folder / "model.glass").read_bytes()


def test_a_run_that_was_stopped_goes_on_to_the_bits_of_one_left_alone(tmp_path, resumed):
    (tmp_path / "texts.csv").write_text(
        "text,label\n" + "\n".join(f'"{t}",{y}' for t, y in zip(*not_texts(200).values(), strict=True))
    )
    wishes = {**WISHES, "net": "gru:2x8:0.3", "target": "label", "epochs": 5, "patience": 99}
    gn.train(tmp_path / "texts.csv", out=tmp_path / "whole", **wishes)
    broken = resumed(tmp_path / "texts.csv", 3, **wishes)
    assert (broken / "model.glass").read_bytes() == (tmp_path / "whole" / "model.glass").read_bytes()


def test_what_a_recurrent_net_does_not_have_is_refused_all_at_once():
    with pytest.raises(gn.RecipeError) as error:
        gn.train(not_texts(60), target="label", **WISHES, test="cv:3", refit=True)
    assert len(error.value.problems) == 2
    with pytest.raises(gn.RecipeError, match="need a bag of words"):
        gn.train(not_texts(60), target="label", epochs=1, **WISHES).contributions("good")


def test_the_plan_and_the_history_are_written(folder):
    plan = json.loads((folder / "plan.json").read_text())
    assert (plan["net"], plan["words"], plan["engine"]) == ("lstm:1x12:0.5", 250, "torch")
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert len(lines) == len(gn.load(folder / "model.glass").history)


CHANGES = {
    "fewer words": lambda manifest, arrays: manifest["schema"]["vocabulary"].update(words=["good"]),
    "another key": lambda manifest, arrays: manifest.update(code="1"),
    "another cell": lambda manifest, arrays: manifest["networks"]["net"].update(cell="gru"),
    "more outputs": lambda manifest, arrays: manifest["networks"]["net"].update(outputs=2),
    "another task": lambda manifest, arrays: manifest["plan"].update(task="multiclass"),
    "another loss": lambda manifest, arrays: manifest.update(loss="cross_entropy"),
    "no shares": lambda manifest, arrays: arrays.pop("baseline.shares"),
    "an array of nobody": lambda manifest, arrays: arrays.update({"more": np.zeros(1, np.float32)}),
    "no net": lambda manifest, arrays: manifest["networks"].pop("net"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_refused(name, folder, refused_when_changed):
    refused_when_changed(folder / "model.glass", CHANGES[name])


@pytest.mark.skipif(not REVIEWS.is_dir(), reason="GLASSNET_DATA has no reviews")
def test_reviews_in_folders_of_their_classes_are_learned():
    model = gn.train(REVIEWS, task="text", net="gru:1x32", epochs=2, seed=1)
    assert set(model.results.baselines) == {"majority", "naive_bayes"}
    assert model.predict(["A wonderful, moving film."])[0] in ("pos", "neg")
