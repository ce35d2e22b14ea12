"""``train`` on texts: classes, folds, baselines, scores, what is left out, what crosses, the same bits."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.data.text_options import TextOptions
from glassnet.engine import bags_choice
from glassnet.engine.bags import BagSettings
from glassnet.errors import DataError, GlassnetWarning, RecipeError
from glassnet.run import text_nets, text_scoring

QUICK = {"task": "text", "text": {"ngrams": 1, "min_count": 1}, "epochs": 4}

CHINESE = [
    ("这部电影太好看了，强烈推荐", "好评"),
    ("剧情感人，演员演技很棒", "好评"),
    ("画面精美，音乐好听，值得一看", "好评"),
    ("非常喜欢这个故事，感动得哭了", "好评"),
    ("导演很用心，节奏紧凑，好看", "好评"),
    ("今年最好看的一部，推荐给大家", "好评"),
    ("演技在线，台词精彩，很喜欢", "好评"),
    ("温暖又感人，全家都喜欢", "好评"),
    ("特效很棒，看得很过瘾，推荐", "好评"),
    ("结局很感人，值得再看一遍", "好评"),
    ("笑点很多，轻松好看，很喜欢", "好评"),
    ("配乐很棒，画面很美，推荐", "好评"),
    ("故事精彩，一点也不无聊，好看", "好评"),
    ("演员很棒，值得买票去看", "好评"),
    ("细节用心，非常感人，很好看", "好评"),
    ("很久没看过这么精彩的电影了", "好评"),
    ("孩子很喜欢，大人也觉得好看", "好评"),
    ("经典之作，值得推荐，很感人", "好评"),
    ("紧张刺激，很过瘾，非常精彩", "好评"),
    ("真诚动人，强烈推荐大家去看", "好评"),
    ("太难看了，浪费时间", "差评"),
    ("剧情无聊，看得想睡觉", "差评"),
    ("演技太差，台词尴尬", "差评"),
    ("烂片，千万不要看，后悔买票", "差评"),
    ("节奏拖沓，逻辑混乱，很失望", "差评"),
    ("特效很假，故事无聊，难看", "差评"),
    ("完全看不懂，浪费钱", "差评"),
    ("又臭又长，中途就走了", "差评"),
    ("很失望，跟宣传的完全不一样", "差评"),
    ("演员面瘫，剧情尴尬，难看", "差评"),
    ("毫无诚意的烂片，浪费时间", "差评"),
    ("笑点尴尬，一点也不好笑，失望", "差评"),
    ("结局莫名其妙，烂尾，失望", "差评"),
    ("配音难听，画面粗糙，很差", "差评"),
    ("抄袭之作，毫无新意，无聊", "差评"),
    ("导演水平太差，看得头疼", "差评"),
    ("不值票价，后悔，难看至极", "差评"),
    ("拖沓无聊，逻辑太差，烂片", "差评"),
    ("台词尴尬，特效太差，失望", "差评"),
    ("看了一半就睡着了，太无聊", "差评"),
]


@pytest.fixture
def frame(reviews):
    texts, labels = reviews(100)
    return pl.DataFrame(
        {"text": texts, "label": labels, "rating": [9 if each == "pos" else 2 for each in labels]}
    )


def test_a_run_compares_judges_and_keeps_what_it_did(frame, tmp_path):
    frame.write_parquet("reviews.parquet")
    model = gn.train("reviews.parquet", task="text", out="run")
    assert (model.recipe.kind, model.recipe.task, model.task.name) == ("text", "auto", "binary")
    assert model.results.rows == {"train": 81, "validation": 9, "test": 10}
    assert model.results.metrics["test"]["accuracy"] >= 0.9
    assert set(model.results.metrics["test"]) == {"accuracy", "log_loss", "auc", "f1"}
    assert set(model.results.baselines) == {"majority", "naive_bayes"}
    assert "accuracy" in model.results.intervals["test"]
    assert len(model.plan.trials) > 1
    assert model.plan.trials[0].score == min(each.score for each in model.plan.trials)
    assert len(model.history) >= model.history.best_epoch == model.plan.epochs > 0
    assert sorted(each.name for each in (tmp_path / "run").iterdir()) == [
        "history.jsonl",
        "model.glass",
        "plan.json",
        "recipe.toml",
        "report.html",
    ]
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [record.epoch for record in model.history]


def test_the_rating_that_gives_the_label_away_is_not_used(frame):
    model = gn.train(frame, **QUICK, target="label")
    left_out = {
        each.name: each.reason for each in model.plan.columns if not each.used and each.role == "other"
    }
    assert left_out == {"rating": "a text model reads one column"}
    other = frame.with_columns(rating=pl.Series([5] * 100))
    assert gn.train(other, **QUICK, target="label").results == model.results


def test_the_same_run_gives_the_same_bytes_with_any_number_of_threads(frame):
    first = gn.train(frame, task="text", target="label", seed=4, threads=1)
    second = gn.train(frame, task="text", target="label", seed=4, threads=1)
    assert first.to_bytes() == second.to_bytes()
    other = gn.train(frame, task="text", target="label", seed=4, threads=2)
    assert np.array_equal(first.net.weights, other.net.weights)
    assert first.results == other.results


def test_what_is_written_is_trained_as_written_and_nothing_is_compared(frame):
    model = gn.train(frame, **QUICK, target="label", lr=0.2, l2=1e-4)
    assert model.plan.trials == ()
    assert not model.plan.compare
    assert len(model.history) == 4
    assert model.net.settings.learning_rate == 0.2
    assert model.net.vocabulary.options.ngrams == 1


def test_chinese_reviews_work_without_options():
    texts, labels = zip(*CHINESE, strict=True)
    model = gn.train({"评论": texts, "评价": labels}, task="text", test="cv:4")
    assert (model.plan.column, model.schema.target.name) == ("评论", "评价")
    assert model.results.rows["test"] == 40
    assert model.results.metrics["test"]["accuracy"] >= 0.7
    assert model.predict(["太难看了，很失望", "很好看，很感人，推荐"]).tolist() == ["差评", "好评"]


@pytest.mark.parametrize("test", ["random:0.3", "last:20", "none", "cv:3", "group:source", "repeat:2x0.2"])
def test_texts_are_split_as_tables_are(frame, test):
    frame = frame.with_columns(source=pl.Series([f"paper {place % 7}" for place in range(100)]))
    model = gn.train(frame, **QUICK, target="label", test=test)
    assert model.plan.test == test
    judged = model.results.rows["test"]
    assert judged == {"random:0.3": 30, "last:20": 20, "none": 0, "cv:3": 100, "repeat:2x0.2": 40}.get(
        test, judged
    )
    assert model.plan.unit == ("group" if test.startswith("group") else "row")
    shown = model.results.shown_split()
    assert shown == ("validation" if test == "none" else "test")
    assert model.results.metrics[shown]["accuracy"] > 0.8
    assert model.evaluate(frame).metrics["test"]["accuracy"] > 0.9  # the baselines of the file fit its net


def test_another_file_may_judge(frame, reviews, tmp_path):
    texts, labels = reviews(30, seed=9)
    for place, (text, label) in enumerate(zip(texts, labels, strict=True)):
        (tmp_path / "other" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "other" / label / f"{place}.txt").write_text(text)
    model = gn.train(frame, **QUICK, target="label", test=f"file:{tmp_path / 'other'}")
    assert model.results.rows["test"] == 30
    assert model.recipe.test_sha256
    assert model.results.metrics["test"] == model.evaluate(tmp_path / "other").metrics["test"]


def test_every_row_trains_without_test_and_validation(frame):
    model = gn.train(frame, **QUICK, target="label", test="none", validation="none")
    assert model.results.rows == {"train": 100, "validation": 0, "test": 0}
    assert model.results.shown_split() == "train"


def test_several_classes_and_classes_that_are_numbers_are_learned(reviews):
    texts, labels = reviews(60)
    texts += [f"a bird flies over water {place}" for place in range(30)]
    stars = [{"neg": 1, "pos": 5}[each] for each in labels] + [3] * 30
    model = gn.train({"text": texts, "stars": stars}, **QUICK, target="stars")
    assert (model.task.name, model.task.classes) == ("multiclass", ("1", "3", "5"))
    assert model.predict(["a bird flies", "wonderful and great"]).tolist() == [3, 5]


def test_texts_on_both_sides_are_told(frame):
    twice = pl.concat([frame, frame[:20]])
    with pytest.warns(
        GlassnetWarning, match=r"near duplicates: test texts must be new to the network, however: \d+ of"
    ):
        model = gn.train(twice, **QUICK, target="label", test="last:20")
    assert model.results.leaks[0].evidence["share"] == 1.0


def test_missing_labels_are_left_out_and_named(frame):
    labels = frame["label"].to_list()
    labels[3], labels[7] = None, "  "
    with pytest.warns(GlassnetWarning, match="2 texts without a label are left out: row 4, row 8"):
        model = gn.train(frame.with_columns(label=pl.Series(labels)), **QUICK, target="label")
    assert sum(model.results.rows.values()) == 98


def test_empty_texts_are_told_and_answered(frame):
    texts = frame["text"].to_list()
    texts[0], texts[1], texts[2] = "", "  \n", None
    with pytest.warns(GlassnetWarning, match="3 texts are empty, and say nothing: row 1, row 2, row 3"):
        model = gn.train(
            frame.with_columns(text=pl.Series(texts)), **QUICK, target="label", column="text", test="last:20"
        )
    p = model.predict_proba(["", "...", "wonderful"])
    assert np.isfinite(p).all()
    assert np.array_equal(p[0], p[1])


def test_weights_count(frame):
    weighed = frame.with_columns(w=pl.Series([5.0 if each == "pos" else 1.0 for each in frame["label"]]))
    plain = gn.train(frame, **QUICK, target="label").predict_proba(["film"])[0, 1]
    assert gn.train(weighed, **QUICK, target="label", weight="w").predict_proba(["film"])[0, 1] > plain + 0.1
    uneven = frame.filter((pl.col("label") == "pos") | (pl.int_range(pl.len()) % 10 == 0))
    skewed = gn.train(uneven, **QUICK, target="label").predict_proba(["film"])[0, 0]
    balanced = gn.train(uneven, **QUICK, target="label", class_weight="balanced").predict_proba(["film"])[
        0, 0
    ]
    assert balanced > skewed + 0.1


@pytest.mark.parametrize(
    ("change", "options", "text"),
    [
        ({"label": ["pos"] * 100}, {}, "must be of two classes or more, however: all 100 are 'pos'"),
        ({"label": [None] * 100}, {}, "all 100 labels are missing"),
        (
            {"label": [str(place) for place in range(100)]},
            {},
            "must come again and again, however: 100 different ones",
        ),
        ({"label": [place / 7 for place in range(100)]}, {}, "texts must be sorted into classes"),
        ({"text": [" "] * 100}, {"column": "text"}, "must hold words, however: all 100 are empty"),
        ({}, {"task_": "regression"}, "task=regression must fit its target"),
        ({}, {"target": "label,rating"}, "texts must have one target"),
        ({}, {"test": "last:21d"}, "a split by time needs a column of dates"),
    ],
)
def test_what_cannot_be_learned_is_a_clear_error(frame, change, options, text):
    changed = frame.with_columns(pl.Series(name, values) for name, values in change.items())
    options = {**QUICK, "target": "label", **options}
    if "task_" in options:
        options |= {"kind": "text", "task": options.pop("task_")}
    with pytest.raises((DataError, RecipeError), match=text):
        gn.train(changed, **options)


def test_options_that_a_bag_of_words_lacks_are_all_named():
    with pytest.raises(RecipeError) as error:
        gn.train(["a"], task="text", optimizer="sgd", batch_size=4, net="64:gelu", device="cuda")
    said = "\n".join(error.value.problems)
    assert all(each in said for each in ("optimizer='sgd'", "batch_size=4", "64:gelu", "device='cuda'"))
    with pytest.raises(RecipeError, match=r"text\.ngrams must be 3 or|text.ngrams must"):
        gn.train(["a"], task="text", text={"ngrams": 4})


def test_a_budget_is_kept_to_and_said_not_to_be_reproducible(frame):
    model = gn.train(frame, task="text", target="label", budget=0.001)
    assert len(model.plan.trials) == 1
    assert not model.plan.reproducible


@pytest.mark.parametrize("test", ["none", "random:0.2"])
@pytest.mark.parametrize("weighting", ["presence", "tfidf"])
def test_naive_bayes_sees_the_rows_that_reading_its_texts_again_would_give(test, weighting, monkeypatch):
    """The features of the choice are used again, cut to the texts and the n-grams of the net beside it."""
    options = TextOptions(ngrams=2, min_count=1, weighting=weighting)
    monkeypatch.setattr(bags_choice, "CANDIDATES", ((options, BagSettings()),))
    seen, fit = [], text_scoring.fit_naive_bayes

    def watched(features, *rest):
        seen.append(features)
        return fit(features, *rest)

    monkeypatch.setattr(text_scoring, "fit_naive_bayes", watched)
    data = {"text": [text for text, _ in CHINESE], "label": [label for _, label in CHINESE]}
    gn.train(data, task="text", target="label", test=test)
    kept = list(seen)
    seen.clear()
    monkeypatch.setattr(text_nets.TrainedBags, "features_of", lambda self, rows: None)
    gn.train(data, task="text", target="label", test=test)
    assert len(kept) == len(seen) == (2 if test == "none" else 1)
    for a, b in zip(kept, seen, strict=True):
        np.testing.assert_array_equal(a.offsets, b.offsets)
        np.testing.assert_array_equal(a.columns, b.columns)
        if weighting == "tfidf":
            np.testing.assert_allclose(a.values, b.values, rtol=1e-6)
