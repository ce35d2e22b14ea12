"""Models saved by every released version load for ever, and answer as on their first day."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

HERE = Path(__file__).parent
MODELS = sorted((HERE / "golden").glob("v*/models/*.glass"))
MAKE = runpy.run_path(str(HERE / "make_golden.py"))


def test_there_is_a_golden_model_of_every_task():
    newest = {path.stem for path in MODELS if path.parent.parent == MAKE["FOLDER"]}
    tasks = {"regression", "binary", "multiclass", "poisson", "multioutput"}
    assert newest == tasks | {"members", "long_tail"} == MAKE["MODELS"].keys()
    assert all(path.stat().st_size < 60_000 for path in MODELS)


def test_there_are_golden_models_of_networks_that_share_a_trunk_and_of_a_target_on_another_scale():
    members, long_tail = (
        gn.load(MAKE["FOLDER"] / "models" / f"{name}.glass") for name in ("members", "long_tail")
    )
    assert members.architecture.average == "softmax"
    for model in (members, long_tail):
        assert model.architecture.kind == "tabular"
        assert model.architecture.periodic is not None
    assert any(each.kind == "number" and each.knots for each in long_tail.schema.columns)
    assert long_tail.schema.targets[0].on == long_tail.plan.target_scale != "plain"
    assert len(long_tail.plan.trials) == 3


# A score of 20 in float32 is exact to 2e-6, and so is then the share of a class that is nearly ruled out.
@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_golden_model_answers_as_on_its_first_day(path):
    model, golden = gn.load(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found, expected = MAKE["answers"](model, golden["rows"]), golden["answers"]
    if model.task.is_classification:
        assert found["predict"] == expected["predict"]
        np.testing.assert_allclose(found["predict_proba"], expected["predict_proba"], rtol=1e-5)
    else:
        np.testing.assert_allclose(found["predict"], expected["predict"], rtol=1e-6)
        np.testing.assert_allclose(found["predict_interval"], expected["predict_interval"], rtol=1e-6)
    assert found["metrics"].keys() == expected["metrics"].keys()
    for name, metrics in expected["metrics"].items():
        assert found["metrics"][name] == pytest.approx(metrics, rel=1e-6)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_golden_model_of_the_newest_format_is_saved_again_bit_for_bit(path):
    if path.parent.parent == MAKE["FOLDER"]:
        assert gn.load(path).to_bytes() == path.read_bytes()
