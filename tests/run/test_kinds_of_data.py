"""Folders and zips of photos or texts are taken for what they are where no task is named."""

from __future__ import annotations

import zipfile

import pytest

import glassnet as gn
from glassnet.data.contents import kind_of_files


@pytest.fixture
def reviews(tmp_path):
    for label, words in (("good", "fine lovely"), ("bad", "poor dull")):
        (tmp_path / "reviews" / label).mkdir(parents=True)
        for number in range(20):
            (tmp_path / "reviews" / label / f"{number}.txt").write_text(f"a {words} film {number}")
    return tmp_path / "reviews"


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a/1.jpg", "b/2.PNG", "readme.txt"], "image"),
        (["a/1.txt", "b/2.txt", "cover.jpg"], "text"),
        (["reviews.txt", "labels.txt"], "text"),
        (["a.csv", "b.csv", "c.txt"], None),
        (["a.jpg", "b.txt"], None),
        ([], None),
    ],
)
def test_most_files_say_what_a_folder_or_zip_holds(tmp_path, names, kind):
    (tmp_path / "data").mkdir()
    for name in names:
        path = tmp_path / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name in names:
            archive.writestr(f"data/{name}", "x")
    assert kind_of_files(tmp_path / "data") == kind
    assert kind_of_files(tmp_path / "data.zip") == kind


def test_what_cannot_be_looked_into_is_of_no_kind(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04nothing")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    assert kind_of_files(tmp_path / "broken.zip") is None
    assert kind_of_files(tmp_path / "table.csv") is None
    assert kind_of_files(tmp_path / "nowhere") is None


def test_a_folder_of_texts_is_learned_without_a_task_and_gives_the_same_model(reviews):
    found = gn.train(reviews, seed=3)
    assert isinstance(found, gn.TextModel)
    assert found.to_bytes() == gn.train(reviews, task="text", seed=3).to_bytes()


def test_a_folder_of_photos_is_learned_without_a_task(stripes_folder, tmp_path):
    model = gn.train(stripes_folder(tmp_path / "photos", 40), epochs=1)
    assert model.recipe.kind == "image"
    assert model.recipe.epochs == 1
    assert model.recipe.precision == "auto"


def test_what_was_asked_for_stays_even_where_tables_have_it_by_themselves(stripes_folder, tmp_path):
    photos = stripes_folder(tmp_path / "photos", 40)
    model = gn.train(photos, epochs=1, precision="float32")
    assert (model.recipe.precision, model.plan.precision) == ("float32", "float32")
    again = gn.train(recipe=gn.Recipe(data=str(photos), epochs=1, precision="float32"))
    assert again.recipe.precision == "float32"


def test_a_folder_of_tables_is_refused_as_before(tmp_path):
    (tmp_path / "one.csv").write_text("a,b\n1,2\n")
    with pytest.raises(gn.DataError, match="it is a folder"):
        gn.train(tmp_path, target="b")
