"""The reports of recurrent nets: texts read word by word, series, and long texts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.cli import run

SERIES = {"task": "series", "target": "load", "net": "gru:1x6", "lr": 0.01, "device": "cpu"}
TEXT = {"task": "characters", "net": "lstm:1x8", "lr": 0.02, "device": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a series with a season of 12 rows and another column."""
    path, at = tmp_path_factory.mktemp("waves") / "waves.csv", np.arange(600)
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 600))
    pl.DataFrame({"load": 5 + np.sin(at * np.pi / 6) + noise[0], "wind": noise[1]}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def series(waves: Path) -> Path:
    """Train on it; return the run folder."""
    gn.train(waves, out=waves.parent / "run", horizon=3, epochs=3, **SERIES)
    return waves.parent / "run"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a text of short words with signs that HTML knows, train on it, return the run folder."""
    folder, draw = tmp_path_factory.mktemp("text"), random.Random(0)
    words = " ".join(draw.choice(["one", "two", "<b>", "three & four", "\n"]) for _ in range(3000))
    (folder / "words.txt").write_text(words)
    gn.train(folder / "words.txt", out=folder / "run", epochs=2, test="last:0.2", **TEXT)
    return folder / "run"


def test_a_series_has_its_forecasts_beside_the_truth_and_its_errors_by_step(series):
    found = gn.report(gn.load(series / "model.glass"))
    assert [each.target for each in found.numbers] == ["load, 1 row ahead", "load, 3 rows ahead"]
    assert found.numbers[0].time.by == "row"
    assert set(found.series.errors) == {"network", "last_value", "seasonal"}
    scores = {
        "network": found.results.metrics["test"],
        **{name: found.results.baselines[name]["test"] for name in ("last_value", "seasonal")},
    }
    for name, errors in found.series.errors.items():
        assert errors.shape == (3,)
        assert errors.mean() == pytest.approx(scores[name]["rmse"])
    for each in found.series.examples:
        assert len(each.truth) == len(each.answers) == 3
    assert found.answer[0].startswith("This network foretells the next 3 of load from the last")
    assert found.answer[1].startswith("On the 58 moments kept aside as a test")
    assert found.verdicts


def test_examples_stand_at_their_rows(series, waves):
    load = pl.read_csv(waves)["load"].to_numpy()
    for each in gn.report(gn.load(series / "model.glass")).series.examples:
        assert each.truth == pytest.approx(load[each.row : each.row + 3])
        assert each.before == pytest.approx(load[each.row - len(each.before) : each.row])


def test_a_long_text_has_its_nats_a_passage_and_samples(text):
    model = gn.load(text / "model.glass")
    found = gn.report(model)
    judged = found.characters
    assert set(judged.nats) == {"network", "frequencies", "ngrams"}
    assert found.judged == found.results.rows["test"]
    scores = [found.results.metrics, found.results.baselines["ngrams"]]
    for name, each in zip(("network", "ngrams"), scores, strict=True):
        assert judged.nats[name].mean() == pytest.approx(each["test"]["nats_per_character"], rel=1e-3)
    passage = "".join(character for character, _ in judged.passage)
    assert passage in (text.parent / "words.txt").read_text()
    assert [temperature for temperature, _ in judged.samples] == [0.5, 1.0]
    assert judged.samples[1][1] == model.generate(length=300, temperature=1.0, seed=0)
    assert "characters kept aside as a test" in found.answer[1]


def test_signs_of_a_text_are_shown_and_not_interpreted(text):
    page = (text / "report.html").read_text()
    assert "<b> " not in page.partition("A passage")[2]
    assert "&lt;" in page.partition("A passage")[2].partition("</pre>")[0]


@pytest.mark.parametrize("kind", ["series", "text"])
def test_the_page_of_a_run_is_that_of_its_model_later(kind, request, tmp_path, capsys):
    folder = request.getfixturevalue(kind)
    assert run(["report", str(folder / "model.glass"), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == (folder / "report.html").read_bytes()
    capsys.readouterr()


@pytest.mark.parametrize(("kind", "task"), [("series", "series"), ("text", "characters")])
def test_the_command_on_the_page_says_what_a_row_is(kind, task, request):
    found = gn.report(gn.load(request.getfixturevalue(kind) / "model.glass"))
    assert f" --task {task} " in found.again.command
    assert f"task='{task}'" in found.again.script
    assert "precision" not in found.again.command


def test_a_page_whose_data_has_changed_says_what_is_missing(series, text, tmp_path):
    for folder, name in ((series, "load"), (text, "text")):
        model = gn.load(folder / "model.glass")
        changed = tmp_path / name
        changed.write_text("load,wind\n1,2\n" if name == "load" else "other words")
        model.recipe = model.recipe.model_copy(update={"data": str(changed)})
        found = gn.report(model, path=tmp_path / "page.html")
        assert (found.numbers, found.series, found.characters) == ((), None, None)
        assert "has changed" in found.missing[0]


def test_a_series_in_memory_says_that_it_was(waves):
    model = gn.train(pl.read_csv(waves), horizon=1, epochs=1, **SERIES)
    assert "they were in memory" in gn.report(model).missing[0]


def test_other_rows_and_other_texts_are_judged_beside_what_the_file_has(series, text, waves, tmp_path):
    pl.read_csv(waves).tail(200).write_csv(tmp_path / "later.csv")
    found = gn.report(gn.load(series / "model.glass"), tmp_path / "later.csv")
    assert found.is_other_data
    assert len(found.numbers) == 2
    (tmp_path / "more.txt").write_text("one two <b> three & four " * 60)
    found = gn.report(gn.load(text / "model.glass"), tmp_path / "more.txt")
    assert set(found.characters.nats) == {"network", "frequencies"}
    assert "of more.txt" in found.answer[1]
    seen = gn.report(gn.load(text / "model.glass"), text.parent / "words.txt")
    assert seen.doubts[0].title == "It has seen this text"


def test_dates_become_the_axis_of_a_series(tmp_path):
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 30), eager=True)
    load = np.sin(np.arange(len(days)) * 2 * np.pi / 7)
    pl.DataFrame({"day": days, "load": load}).write_csv(tmp_path / "days.csv")
    model = gn.train(tmp_path / "days.csv", out=tmp_path / "run", epochs=1, **SERIES)
    assert gn.report(model).numbers[0].time.by == "time"
    assert "2024-12-30" in (tmp_path / "run" / "report.html").read_text()


def test_a_run_without_test_rows_says_that_its_scores_flatter(waves):
    model = gn.train(waves, epochs=1, test="none", **SERIES)
    assert gn.report(model).doubts[0].title == "No test moments were kept"


def test_words_in_their_order_have_mistakes_and_no_weights(tmp_path, capsys):
    draw = random.Random(0)
    rows = [(draw.choice(["good", "bad"]), draw.choice(["film", "book"])) for _ in range(200)]
    labels = [draw.choice(["yes", "no"]) if what == "book" else how for how, what in rows]
    rows_written = "\n".join(
        f"a {how} {what} no. {n},{label}"
        for n, ((how, what), label) in enumerate(zip(rows, labels, strict=True))
    )
    (tmp_path / "texts.csv").write_text(f"text,label\n{rows_written}\n")
    wishes = {"task": "text", "target": "label", "net": "gru:1x4", "epochs": 2, "device": "cpu"}
    model = gn.train(tmp_path / "texts.csv", out=tmp_path / "run", **wishes)
    found = gn.report(model)
    assert found.texts.words is None
    assert found.texts.mistakes.wrong > 0
    assert "--task text" in found.again.command
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Where it is most wrong" in page
    assert "What it goes by" not in page
    assert run(["report", str(tmp_path / "run" / "model.glass"), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text() == page
    capsys.readouterr()


def test_a_finished_run_without_its_report_gets_one(series, capsys):
    page = (series / "report.html").read_bytes()
    (series / "report.html").unlink()
    assert run(["train", "--resume", str(series), "--json", "--quiet"]) == 0
    assert (series / "report.html").read_bytes() == page
    capsys.readouterr()
