"""A model of characters that an earlier Glassnet saved loads for ever; a changed file is refused."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.archive import pack, read_archive
from glassnet.errors import FormatError

HERE = Path(__file__).parent
MODELS = sorted((HERE / "golden").glob("v*/recurrent/*.glass"))
MAKE = runpy.run_path(str(HERE / "make_golden_characters.py"))


def test_there_are_golden_models():
    assert [path.name for path in MODELS] == ["characters.glass", "series.glass", "words.glass"]


def test_a_golden_model_of_words_answers_as_on_its_first_day():
    path = MODELS[0].with_name("words.glass")
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["answers"]
    found = MAKE["answers_of_words"](gn.load(path))
    assert found["predict"] == expected["predict"]
    assert np.allclose(found["predict_proba"], expected["predict_proba"], atol=1e-6)
    assert gn.load(path).to_bytes() == path.read_bytes()


def test_a_golden_model_of_a_series_answers_as_on_its_first_day():
    path = MODELS[0].with_name("series.glass")
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["answers"]
    found = MAKE["answers_of_series"](gn.load(path))
    assert np.allclose(found["predict"], expected["predict"], atol=1e-5)
    assert found["metrics"] == pytest.approx(expected["metrics"], abs=1e-5)
    assert gn.load(path).to_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", MODELS[:1], ids=lambda path: path.stem)
def test_a_golden_model_answers_as_on_its_first_day_and_is_saved_again_bit_for_bit(path):
    model = gn.load(path)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["answers"]
    found = MAKE["answers"](model)
    assert (found["predict"], found["generate"]) == (expected["predict"], expected["generate"])
    assert np.allclose(found["predict_proba"], expected["predict_proba"], atol=1e-6)
    assert np.allclose(found["losses"], expected["losses"], atol=1e-5)
    assert model.to_bytes() == path.read_bytes()


def changed(change):
    contents = read_archive(MODELS[0])
    change(contents.manifest, contents.arrays)
    return pack(contents.manifest, contents.arrays)


CHANGES = {
    "another key": lambda manifest, arrays: manifest.update(code="print(1)"),
    "a key less": lambda manifest, arrays: manifest["plan"].pop("paces"),
    "another kind of net": lambda manifest, arrays: manifest["networks"]["net"].update(kind="own"),
    "more units": lambda manifest, arrays: manifest["networks"]["net"].update(units=7),
    "another cell": lambda manifest, arrays: manifest["networks"]["net"].update(cell="gru"),
    "too many layers": lambda manifest, arrays: manifest["networks"]["net"].update(layers=10**9),
    "fewer symbols": lambda manifest, arrays: manifest["networks"]["net"].update(symbols=3),
    "no order": lambda manifest, arrays: manifest["schema"].update(
        characters=manifest["schema"]["characters"][::-1]
    ),
    "a character more": lambda manifest, arrays: manifest["schema"].update(
        characters=manifest["schema"]["characters"] + "\U0001f600"
    ),
    "an array more": lambda manifest, arrays: arrays.update({"net.more": np.zeros(1, np.float32)}),
    "an array of nobody": lambda manifest, arrays: arrays.update({"more": np.zeros(1, np.float32)}),
    "no frequencies": lambda manifest, arrays: arrays.pop("baseline.frequencies"),
    "frequencies that are none": lambda manifest, arrays: arrays.update(
        {"baseline.frequencies": -arrays["baseline.frequencies"]}
    ),
    "a text for a number": lambda manifest, arrays: manifest["plan"].update(steps="3"),
    "a history that is none": lambda manifest, arrays: manifest["history"].update(records=[{"epoch": "1"}]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_with_parts_that_do_not_belong_together_is_refused(name, tmp_path):
    (tmp_path / "changed.glass").write_bytes(changed(CHANGES[name]))
    with pytest.raises(FormatError, match=r"changed\.glass"):
        gn.load(tmp_path / "changed.glass")
