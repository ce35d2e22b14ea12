"""A model of texts takes texts in any form, says what they mean, and is saved whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import DataError, RecipeError

NEW = ["a wonderful film", "awful and dull"]
FORMS = {
    "list": NEW,
    "bytes": [each.encode() for each in NEW],
    "array": np.array(NEW),
    "polars series": pl.Series(NEW),
    "pandas series": pd.Series(NEW, index=[5, 3]),
    "frame": pl.DataFrame({"review": NEW, "more": [1, 2]}),
    "pandas frame": pd.DataFrame({"review": NEW}),
    "columns": {"review": NEW},
    "rows": [{"review": each} for each in NEW],
}


@pytest.fixture(scope="module")
def model(reviews):
    texts, labels = reviews(80)
    return gn.train({"review": texts, "label": labels}, task="text")


@pytest.fixture(scope="module")
def from_lines(reviews, tmp_path_factory):
    texts, labels = reviews(80)
    folder = tmp_path_factory.mktemp("lines")
    (folder / "reviews.txt").write_text("\n".join(texts) + "\n")
    (folder / "labels.txt").write_text("\n".join(labels) + "\n")
    return gn.train(folder, task="text")


@pytest.mark.parametrize("form", FORMS)
def test_texts_come_in_any_form(model, from_lines, form):
    assert model.predict(FORMS[form]).tolist() == ["pos", "neg"]
    assert from_lines.predict(FORMS[form]).tolist() == ["pos", "neg"]


def test_one_row_is_a_row(model):
    assert model.predict({"review": NEW[0]}).tolist() == ["pos"]


def test_one_text_alone_says_how_to_pass_it(model):
    with pytest.raises(DataError, match=r"in Python a list: \[text\]"):
        model.predict("a wonderful film")
    with pytest.raises(DataError, match="it holds none; give one text or more"):
        model.predict([])
    with pytest.raises(DataError, match="must have the column 'review', however: there is none"):
        model.predict({"text": NEW})


def test_an_answer_does_not_depend_on_the_texts_around_it(model, reviews, monkeypatch):
    texts, _ = reviews(50, seed=3)
    together = model.predict_proba(texts)
    assert np.array_equal(together, np.concatenate([model.predict_proba([each]) for each in texts]))
    monkeypatch.setattr("glassnet.model.texts.AT_ONCE", 100)
    assert np.array_equal(together, model.predict_proba(texts))


def test_contributions_add_up_to_the_logit(model):
    p = model.predict_proba(NEW[:1])[0]
    found = model.net.bias + sum(each.logits for each in model.contributions(NEW[0]))
    assert found[0] == pytest.approx(np.log(p[1] / p[0]), rel=1e-4)


def test_a_saved_model_answers_and_looks_the_same(model, tmp_path):
    model.save(tmp_path / "m.glass")
    again = gn.load(tmp_path / "m.glass")
    assert isinstance(again, gn.TextModel)
    assert np.array_equal(again.predict_proba(NEW), model.predict_proba(NEW))
    assert again.results == model.results
    assert repr(again) == repr(model)
    assert again.to_bytes() == model.to_bytes()
    assert again.evaluate({"review": NEW, "label": ["pos", "neg"]}).metrics["test"]["accuracy"] == 1


def test_labels_that_training_never_saw_are_named(model):
    with pytest.raises(
        DataError, match=r"row 2, column 'label' must be a class of the training rows \(neg, pos\)"
    ):
        model.evaluate({"review": NEW, "label": ["pos", "so-so"]})


def test_a_net_for_tables_is_refused_for_texts():
    with pytest.raises(RecipeError, match="net='tabular' with kind='text'; choose one of bag"):
        gn.train({"review": NEW, "label": ["a", "b"]}, task="text", net="tabular")


def test_a_report_of_texts_in_memory_says_what_is_missing(model, tmp_path):
    report = gn.report(model, path=tmp_path / "r.html")
    assert "they were in memory" in report.missing[0]
    assert "Words for pos" in (tmp_path / "r.html").read_text()
