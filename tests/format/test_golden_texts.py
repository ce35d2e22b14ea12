"""Models of texts that any released version saved load for ever, and answer as on their first day."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

HERE = Path(__file__).parent
MODELS = sorted((HERE / "golden").glob("v*/texts/*.glass"))
MAKE = runpy.run_path(str(HERE / "make_golden_texts.py"))
NAMED = pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")


def test_there_is_a_golden_model_of_every_way_to_read():
    assert {path.stem for path in MODELS if path.parent == MAKE["FOLDER"]} == MAKE["MODELS"].keys()
    assert all(path.stat().st_size < 60_000 for path in MODELS)


@NAMED
def test_a_golden_model_of_texts_answers_as_on_its_first_day(path):
    model, golden = gn.load(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found, expected = MAKE["answers"](model, golden["rows"]), golden["answers"]
    assert found["predict"] == expected["predict"]
    np.testing.assert_allclose(found["predict_proba"], expected["predict_proba"], rtol=1e-5)
    for name, metrics in expected["metrics"].items():
        assert found["metrics"][name] == pytest.approx(metrics, rel=1e-5)
    for (word, count, logits), (word_then, count_then, logits_then) in zip(
        found["contributions"], expected["contributions"], strict=True
    ):
        assert (word, count) == (word_then, count_then)
        assert logits == pytest.approx(logits_then, rel=1e-5)


@NAMED
def test_a_golden_model_of_texts_is_saved_again_bit_for_bit(path):
    if path.parent == MAKE["FOLDER"]:
        assert gn.load(path).to_bytes() == path.read_bytes()
