"""A run on one long text: it learns, is judged, goes on to the same bits, keeps a budget."""

from __future__ import annotations

import json
import time
import warnings

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetWarning
from glassnet.metrics.characters import character_difference, character_scores
from glassnet.run import characters_work, ngrams
from glassnet.run.folder import RunFolder

WISHES = {"kind": "characters", "net": "lstm:1x32", "threads": 1, "precision": "float32", "device": "cpu"}
SENTENCE = "the cat sat on a mat, and one dog ran by two men. "


@pytest.fixture(scope="module")
def rhyme(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "rhyme.txt"
    path.write_text(SENTENCE * 120, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(rhyme, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "rhyme"
    gn.train(rhyme, out=folder, epochs=40, lr=0.02, test="last:600", validation="last:1200", **WISHES)
    return folder


def test_it_learns_a_text_by_heart_and_is_judged_beside_frequencies_and_ngrams(folder):
    results = gn.load(folder / "model.glass").results
    assert set(results.rows) == {"train", "validation", "test"}
    assert results.rows["test"] == 600
    scores = results.metrics["test"]
    assert scores["nats_per_character"] < 0.3
    assert scores["bits_per_character"] == pytest.approx(scores["nats_per_character"] / np.log(2))
    assert results.baselines["frequencies"]["test"]["nats_per_character"] > 2
    assert results.baselines["ngrams"]["validation"]["nats_per_character"] < 0.3
    assert results.differences["frequencies"]["validation"]["nats_per_character"].outcome == "better"


def test_the_model_writes_on_and_foretells(folder):
    model = gn.load(folder / "model.glass")
    assert gn.generate(model, "the cat sat", 18, temperature=0) == " on a mat, and one"
    assert model.predict(["the ca", "one do"]).tolist() == ["t", "g"]
    chances = model.predict_proba("the ca")
    assert chances.shape == (1, len(model.vocabulary.characters))
    assert chances.sum() == pytest.approx(1)


def test_generating_is_a_function_of_its_seed_and_top_k_keeps_to_the_most_probable(folder):
    path = folder / "model.glass"
    warm = {"temperature": 3.0, "length": 60}
    assert gn.generate(path, "the ", **warm, seed=1) == gn.generate(path, "the ", **warm, seed=1)
    assert gn.generate(path, "the ", **warm, seed=1) != gn.generate(path, "the ", **warm, seed=2)
    greedy = gn.generate(path, "the ", 60, temperature=0)
    assert gn.generate(path, "the ", **warm, top_k=1) == greedy
    assert gn.generate(path, "the ", **warm, top_k=1000, seed=1) == gn.generate(path, "the ", **warm, seed=1)


def test_wrong_wishes_are_named_together(folder):
    with pytest.raises(gn.RecipeError) as error:
        gn.generate(folder / "model.glass", "the", -1, temperature=float("nan"), top_k=0)
    assert [each.split(" must")[0] for each in error.value.problems] == ["length", "temperature", "top_k"]
    with pytest.raises(gn.DataError, match="never seen 'X'"):
        gn.generate(folder / "model.glass", "X")
    with pytest.raises(gn.RecipeError, match="written by a model of characters"):
        gn.generate(3)


def test_an_empty_prime_writes_from_a_new_line(folder):
    assert len(gn.generate(folder / "model.glass", "", 5)) == 5


def test_a_new_text_is_scored_beside_the_frequencies_and_unknown_characters_are_counted(folder, tmp_path):
    (tmp_path / "new.txt").write_text(SENTENCE * 30 + "ÄÖ", encoding="utf-8")
    results = gn.load(folder / "model.glass").evaluate(tmp_path / "new.txt")
    assert results.rows == {"test": len(SENTENCE) * 30 + 1}
    assert (
        results.metrics["test"]["nats_per_character"]
        < results.baselines["frequencies"]["test"]["nats_per_character"]
    )
    assert results.notes == ("2 characters are not in the vocabulary",)


def test_each_epoch_leaves_a_sample_and_a_line_of_history(folder):
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    samples = sorted(each.name for each in (folder / "samples").iterdir())
    assert len(samples) <= len(history) == len(gn.load(folder / "model.glass").history)
    assert (samples[0], samples[-1]) == ("epoch-001.txt", f"epoch-{len(history):03d}.txt")
    assert len((folder / "samples" / samples[-1]).read_text()) == characters_work.SAMPLE


def test_the_plan_says_what_was_decided(folder):
    plan = json.loads((folder / "plan.json").read_text())
    assert (plan["net"], plan["test"], plan["validation"]) == ("lstm:1x32:0.4", "last:600", "last:1200")
    assert plan["paces"][0]["precision"] == "float32"
    assert plan["steps"] == plan["epochs"] * plan["steps_per_epoch"]


def test_the_same_seed_gives_the_same_file(rhyme):
    first, second = (gn.train(rhyme, epochs=2, **WISHES) for _ in range(2))
    other = gn.train(rhyme, epochs=2, seed=1, **WISHES)
    assert first.to_bytes() == second.to_bytes()
    assert other.results.metrics != first.results.metrics


def test_a_run_that_was_killed_goes_on_to_the_bits_of_one_left_alone(rhyme, tmp_path, monkeypatch, resumed):
    wishes = {"epochs": 4, "seed": 5, **WISHES, "net": "lstm:2x16:0.2", "lr": 0.01}
    gn.train(rhyme, out=tmp_path / "whole", **wishes)
    plan = (tmp_path / "whole" / "plan.json").read_bytes()
    monkeypatch.setattr(RunFolder, "read_plan", lambda self: json.loads(plan))
    broken = resumed(rhyme, 2, **wishes)
    assert (broken / "model.glass").read_bytes() == (tmp_path / "whole" / "model.glass").read_bytes()
    assert len((broken / "history.jsonl").read_text().splitlines()) == 4


def test_training_stops_early_where_validation_gets_no_better(tmp_path):
    path = tmp_path / "noise.txt"
    path.write_text("".join(np.random.default_rng(0).choice(list("abcdefgh"), 3000)))
    model = gn.train(path, epochs=60, patience=2, lr=0.03, **WISHES)
    assert model.history.stopped == "early_stopping"
    assert len(model.history) == model.history.best_epoch + 2


def test_a_budget_is_kept_and_the_run_says_what_it_became(rhyme):
    began = time.monotonic()
    model = gn.train(rhyme, budget=4.0, epochs=100_000, patience=100_000, **WISHES)
    assert time.monotonic() - began < 8
    assert model.history.stopped in ("budget", "epochs")
    assert not model.plan.reproducible or model.history.stopped == "epochs"
    assert model.history[-1].learning_rate < 0.2 * model.plan.lr


def test_without_validation_the_last_epoch_is_kept(rhyme):
    model = gn.train(rhyme, epochs=2, validation="none", **WISHES)
    assert set(model.results.metrics) == {"train"}
    assert model.history.best_epoch == 2
    assert model.plan.patience is None


def test_characters_that_only_the_rest_has_are_said(tmp_path):
    path = tmp_path / "late.txt"
    path.write_text("ab " * 400 + "ξ", encoding="utf-8")
    with pytest.warns(GlassnetWarning, match="1 characters that are kept from training"):
        model = gn.train(path, epochs=1, **WISHES)
    assert "ξ" not in model.vocabulary.characters


@pytest.mark.parametrize("text", ["ab" * 10, "列車は走る。" * 30, "\n" * 40, "\N{GRINNING FACE}x" * 200])
def test_odd_texts_are_learned_from(tmp_path, text):
    path = tmp_path / "odd.txt"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlassnetWarning)
        model = gn.train(path, epochs=1, **WISHES)
    assert len(model.generate(length=3)) == 3


@pytest.mark.parametrize("content", [b"", b"a", b"\xff\xfeabc" * 20, b"a\0b" * 20])
def test_what_is_no_text_ends_in_an_error_and_leaves_no_folder(tmp_path, content):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(gn.DataError):
        gn.train(path, out=tmp_path / "run", **WISHES)
    assert not (tmp_path / "run").exists()


def test_what_a_text_does_not_have_is_refused_all_at_once(rhyme):
    with pytest.raises(gn.RecipeError) as error:
        gn.train(rhyme, target="cnt", weight="w", **WISHES)
    assert [each.split(",")[0] for each in error.value.problems] == [
        "a text has no target",
        "a text has no weight",
    ]
    with pytest.raises(gn.RecipeError) as error:
        gn.train(rhyme, **{**WISHES, "device": "cuda:99", "loss": "mse"})
    assert len(error.value.problems) == 2
    with pytest.raises(gn.RecipeError, match="net='64:relu'"):
        gn.train(rhyme, **{**WISHES, "net": "64:relu"})


def test_ngram_probabilities_are_those_of_the_formula():
    train, text = np.array([1, 2, 1, 2, 1, 3], np.int32), np.array([1, 2], np.int32)
    # P(2) = (2 + 3 / 4) / (6 + 3); after 1: (2 + 2 P(2)) / (3 + 2)
    alone = (2 + 3 / 4) / 9
    assert ngrams.ngram_losses(train, text, 1, 4)[0] == pytest.approx(-np.log((2 + 2 * alone) / 5))


def test_ngram_probabilities_of_all_characters_add_up_to_one():
    train = np.random.default_rng(0).integers(0, 4, 200).astype(np.int32)
    after = [np.append(train[:7], code).astype(np.int32) for code in range(4)]
    assert sum(np.exp(-ngrams.ngram_losses(train, each, 7, 4)[0]) for each in after) == pytest.approx(1)


def test_intervals_resample_blocks_and_differences_are_paired():
    random = np.random.default_rng(0)
    hard = np.repeat(random.random(40), 500)  # blocks that are hard or easy as a whole
    scores = character_scores(hard)
    low, high = scores.intervals["nats_per_character"]
    assert low < hard.mean() < high
    assert high - low > 5 * 4 * hard.std() / np.sqrt(len(hard))
    assert character_difference(hard - 0.01, hard).interval == pytest.approx((-0.01, -0.01))
    assert character_scores(hard[:900]).intervals == {}
