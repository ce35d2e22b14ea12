"""``train`` on texts with hidden layers on the bag: from raw texts to a file, its report and its answers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import FormatError, RecipeError
from glassnet.lens.text_words import text_answer, word_weights

QUICK = {"task": "text", "text": {"ngrams": 1, "min_count": 2}, "target": "label", "lr": 0.02}


def either_or(rows=300, seed=0):
    draw = np.random.default_rng(seed)
    flags = draw.integers(0, 2, (rows, 2)).astype(bool)
    words = np.array(["not", "good"])
    texts = [" ".join([f"no{number}", "film", *words[flag]]) for number, flag in enumerate(flags)]
    return {"text": texts, "label": np.where(flags.sum(1) == 1, "mixed", "clear").tolist()}


def test_words_that_tell_something_only_together_are_learned():
    model = gn.train(either_or(), net="16:relu", **QUICK)
    assert model.plan.net == "16:relu"
    assert model.plan.reading == "words, presence, naive Bayes, hidden layers 16:relu"
    assert (model.history.engine, model.history.engine_reason) == (
        "torch",
        "not fused: hidden layers on a bag of words",
    )
    assert model.results.metrics["test"]["accuracy"] == 1.0
    assert model.results.baselines["naive_bayes"]["test"]["accuracy"] < 0.8
    assert model.predict(["a good one", "not this", "not good"]).tolist() == ["mixed", "mixed", "clear"]


def test_the_file_the_report_and_the_answer_taken_apart(tmp_path):
    model = gn.train(either_or(), net="16:relu", out=tmp_path / "run", **QUICK)
    again = gn.load(tmp_path / "run" / "model.glass")
    texts = ["not good", "good", "", "未知"]
    assert (again.predict_proba(texts) == model.predict_proba(texts)).all()
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "hidden layers 16:relu" in page
    assert "Adam" in page
    assert "beside others hidden layers change that" in page
    answer = text_answer(again, again.rows(["not good"]), 1)
    parts = answer.base + answer.together + sum(each.weight for each in answer.words)
    assert parts == pytest.approx(answer.logit)
    assert abs(answer.together) > 1  # what an exclusive or is made of
    assert "what they do together" in str(answer)
    assert set(word_weights(again).classes) == {"clear", "mixed"}


def test_without_layers_that_bend_words_have_weights_of_their_own():
    reviews = {
        "text": [f"a {'good' if n % 2 else 'bad'} film no{n}" for n in range(200)],
        "label": [n % 2 for n in range(200)],
    }
    model = gn.train(reviews, net="10:identity", **QUICK)
    answer = text_answer(model, model.rows(["a good film"]), 1)
    assert answer.together == pytest.approx(0, abs=1e-5)
    assert answer.words[0].word == "good"
    assert not gn.train(reviews, **QUICK).net.stack.hidden


def test_words_that_are_used_alike_have_vectors_that_are_alike():
    good, bad = ["fine", "great", "lovely"], ["poor", "awful", "dull"]
    draw = np.random.default_rng(0)
    words = [[good, bad][n % 2][draw.integers(3)] for n in range(400)]
    reviews = {
        "text": [f"a {w} film no{n}" for n, w in enumerate(words)],
        "label": [n % 2 for n in range(400)],
    }
    model = gn.train(reviews, net="10:identity", **QUICK)
    found = gn.similar_words(model, "great", most=2)
    assert {each.word for each in found.most} == {"fine", "lovely"}
    assert all(each.cosine > 0.9 for each in found.most)
    assert {each.word for each in found.least} <= set(bad)
    parts = gn.word_contributions(model, "a great film")
    assert parts.probability == pytest.approx(model.predict_proba(["a great film"]).max(), abs=1e-4)


@pytest.mark.parametrize("net", ["8:relu", "gru:1x4"])
def test_words_that_do_not_add_up_to_the_answers_are_not_shown_as_if_they_did(net):
    options = {"epochs": 1} if net == "gru:1x4" else QUICK
    model = gn.train(either_or(), net=net, **{"task": "text", "target": "label", **options})
    with pytest.raises(gn.RequestError, match="must add up to its answers, however: net='"):
        gn.word_contributions(model, "not good")


def test_the_final_net_learns_validation_texts_too_for_as_many_passes():
    model = gn.train(either_or(), net="8:relu", **QUICK)
    assert model.plan.refit
    assert model.plan.epochs == model.history.best_epoch
    assert model.net.vocabulary.texts == 270


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path):
    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        gn.train(either_or(), net="8:relu:0.2", seed=seed, **QUICK).save(tmp_path / name)
    one, two, three = (gn.load(tmp_path / name) for name in ("one", "two", "three"))
    assert (one.net.weights == two.net.weights).all()
    assert (one.net.weights != three.net.weights).any()


def test_a_budget_leaves_out_passes():
    model = gn.train(either_or(), net="8:relu", budget=0.001, **QUICK)
    assert len(model.history) == 1
    assert model.plan.epochs == 1
    assert not model.plan.reproducible


def test_folds_and_several_classes():
    data = either_or()
    data["label"] = [
        f"{label} {'good' in text}" for text, label in zip(data["text"], data["label"], strict=True)
    ]
    model = gn.train(data, net="12:tanh", test="cv:3", **QUICK)
    assert len(model.task.classes) == 4
    assert model.results.metrics["test"]["accuracy"] > 0.9


def test_what_hidden_layers_do_not_have_is_refused_all_together():
    with pytest.raises(RecipeError) as caught:
        gn.train(either_or(), task="text", net="64:gelu", target="label", l2=0.1, engine="fused")
    told = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "activations identity" in told
    assert "l2" in told
    assert "engine" in told


def test_a_file_whose_layers_do_not_fit_is_refused(tmp_path):
    from glassnet.archive import pack, unpack

    model = gn.train(either_or(), net="8:relu", **QUICK)
    contents = unpack(model.to_bytes(), "model.glass")
    for name in ("net.stack.0.weights", "net.stack.0.bias"):
        arrays = {**contents.arrays, name: np.zeros((3, 1), np.float32)}
        (tmp_path / "bad.glass").write_bytes(pack(contents.manifest, arrays))
        with pytest.raises(FormatError, match="arrays that are"):
            gn.load(tmp_path / "bad.glass")
    manifest = contents.manifest
    manifest["networks"]["net"]["settings"]["hidden"] = "9x8"
    (tmp_path / "bad.glass").write_bytes(pack(manifest, contents.arrays))
    with pytest.raises(FormatError):
        gn.load(tmp_path / "bad.glass")


def test_answers_import_no_torch(tmp_path):
    gn.train(either_or(), net="8:relu", **QUICK).save(tmp_path / "model.glass")
    code = (
        "import sys, glassnet as gn\n"
        f"model = gn.load({str(tmp_path / 'model.glass')!r})\n"
        "model.predict(['not good'])\nprint('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
