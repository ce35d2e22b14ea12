"""Photos are found in folders, zips, tables and lists; what is wrong with them is said (C41)."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

from glassnet.data import image_table
from glassnet.data.image_cache import load_photos
from glassnet.data.image_problems import Problem, told
from glassnet.data.image_source import find_photos
from glassnet.errors import DataError


def test_a_folder_has_a_class_in_each_sub_folder_C41(tmp_path, pets, photo):
    (pets / "dog" / ".DS_Store").write_bytes(b"\0")
    found = find_photos(pets)
    assert found.names == ("dog/c d.png", "猫/a.png", "猫/nested/b.png")
    assert found.labels == ("dog", "猫", "猫")
    assert found.read(0) == photo(30)


def test_a_zip_of_a_folder_is_read_like_the_folder(tmp_path, pets):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for file in sorted((pets).rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
    one, other = find_photos(pets), find_photos(tmp_path / "pets.zip")
    assert (one.names, one.labels) == (other.names, other.labels)
    assert [one.read(index) for index in range(3)] == [other.read(index) for index in range(3)]


def test_a_flat_folder_has_no_labels_and_is_refused_where_labels_are_needed(tmp_path, photo):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.png").write_bytes(photo())
    assert find_photos(tmp_path / "new").labels is None
    with pytest.raises(DataError, match="new must have a class for each photo"):
        find_photos(tmp_path / "new", labelled=True)


def test_a_parquet_file_has_photos_as_bytes_or_as_records_of_bytes(tmp_path, photo):
    cells = [photo(value) for value in range(5)]
    pl.DataFrame({"image": cells, "label": list("abcab")}).write_parquet(tmp_path / "plain.parquet")
    records = [{"bytes": cell, "path": None} for cell in cells]
    pl.DataFrame({"image": records, "label": [0, 1, 2, 0, 1]}).write_parquet(tmp_path / "nested.parquet")
    plain, nested = find_photos(tmp_path / "plain.parquet"), find_photos(tmp_path / "nested.parquet")
    assert plain.labels == tuple("abcab")
    assert nested.labels == tuple("01201")
    assert plain.names[4] == "row 5"
    assert [plain.read(row) for row in range(5)] == [nested.read(row) for row in range(5)] == cells


def test_a_csv_has_paths_beside_it(tmp_path, pets, photo):
    (tmp_path / "pets.csv").write_text("photo,kind\npets/猫/a.png,cat\npets/dog/c d.png,dog\n", "utf-8")
    found = find_photos(tmp_path / "pets.csv")
    assert (found.labels, found.read(1)) == (("cat", "dog"), photo(30))


def test_the_fingerprint_changes_with_the_files(pets, photo):
    before = find_photos(pets).fingerprint
    assert find_photos(pets).fingerprint == before
    (pets / "dog" / "new.png").write_bytes(photo(99))
    assert find_photos(pets).fingerprint != before


def test_paths_and_bytes_in_a_list_are_photos_without_labels(tmp_path, photo):
    (tmp_path / "a.png").write_bytes(photo(1))
    found = find_photos([str(tmp_path / "a.png"), photo(2)])
    assert (found.labels, found.read(0), found.read(1)) == (None, photo(1), photo(2))
    assert np.array_equal(find_photos(tmp_path / "a.png").names, [str(tmp_path / "a.png")])


def test_names_that_are_no_utf_8_can_be_printed_and_read(tmp_path, photo):
    os.makedirs(bytes(tmp_path) + b"/pets/caf\xe9")
    with open(bytes(tmp_path) + b"/pets/caf\xe9/\xff.png", "wb") as file:
        file.write(photo(5))
    (tmp_path / "pets" / "dog").mkdir()
    (tmp_path / "pets" / "dog" / "1.png").write_bytes(photo(6))
    found = find_photos(tmp_path / "pets")
    assert (found.names, found.labels) == ((r"caf\xe9/\xff.png", "dog/1.png"), (r"caf\xe9", "dog"))
    assert found.read(0) == photo(5)


def test_what_lies_beside_the_classes_is_named_and_photos_there_make_a_folder_to_predict(pets, photo):
    (pets / "README.md").write_text("about")
    assert find_photos(pets).problems == (
        Problem("README.md", "it lies beside the folders of the classes", "put it into one"),
    )
    (pets / "new.png").write_bytes(photo(9))
    assert find_photos(pets, labelled=True).names == ("dog/c d.png", "猫/a.png", "猫/nested/b.png")
    whole = find_photos(pets)
    assert (len(whole), whole.labels) == (5, None)


def test_parts_of_a_data_set_are_no_classes(tmp_path, pets):
    for part in ("train", "test"):
        shutil.copytree(pets, tmp_path / "data" / part)
    told = "data must have a sub-folder for each class, however: it has test, train, with folders in it"
    with pytest.raises(DataError, match=told):
        find_photos(tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "test")
    with pytest.raises(DataError, match="name the folder that holds the classes, such as data/train"):
        find_photos(tmp_path / "data")


def test_columns_of_a_table_are_found_by_their_cells_and_names(tmp_path, photo):
    rows = {"id": [1, 2], "note": ["x", "y"], "pic": ["a.png", "b.png"], "Class": ["p", "q"]}
    pl.DataFrame(rows).write_csv(tmp_path / "t.csv")
    found = find_photos(tmp_path / "t.csv", labelled=True)
    assert (found.labels, found.target, set(found.left_out)) == (("p", "q"), "Class", {"id", "note"})
    assert find_photos(tmp_path / "t.csv", target="note").labels == ("x", "y")
    with pytest.raises(
        DataError, match=r"t.csv must have the column 'Clas', however: there is none; did you"
    ):
        find_photos(tmp_path / "t.csv", target="Clas")
    pl.DataFrame(rows).drop("Class").write_csv(tmp_path / "u.csv")
    assert find_photos(tmp_path / "u.csv").labels is None
    with pytest.raises(DataError, match=r"the labels of u.csv must be in one column"):
        find_photos(tmp_path / "u.csv", labelled=True)
    with pytest.raises(DataError, match=r"the column 'id' of t.csv must hold photos, as bytes or paths"):
        find_photos(tmp_path / "t.csv", column="id")


def test_cells_that_are_no_photo_and_no_label_are_problems_by_row(tmp_path, photo):
    (tmp_path / "a.png").write_bytes(photo(7))
    cells = ["a.png", None, "https://example.org/b.jpg", "c.png", "a.png"]
    pl.DataFrame({"path": cells, "label": ["p", "p", "q", "q", None]}).write_csv(tmp_path / "t.csv")
    found = load_photos(find_photos(tmp_path / "t.csv"), 4)
    assert (found.names, found.labels) == (("row 1",), ("p",))
    assert told(found.problems).splitlines() == [
        "1 x No such file or directory (row 4): take it out of the folder",
        "1 x it has no label (row 5): fill in its cell",
        "1 x its cell is an address on the web (row 3): download it yourself: nothing is downloaded here",
        "1 x its cell is empty (row 2): fill it in",
    ]


def test_classes_that_are_numbers_get_the_names_that_a_hugging_face_file_has(tmp_path, photo):
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    frame = pl.DataFrame({"image": [{"bytes": photo(1), "path": "1.png"}] * 3, "label": [1, 0, 7]})
    frame.write_parquet(tmp_path / "t.parquet", metadata=metadata)
    assert find_photos(tmp_path / "t.parquet").labels == ("dog", "cat", "7")


def test_blocks_of_a_large_parquet_file_give_each_row_its_photo(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(image_table, "HELD", 400)
    cells = [photo(value) for value in range(100)]
    pl.DataFrame({"image": cells, "label": ["a"] * 100}).write_parquet(tmp_path / "t.parquet")
    found = find_photos(tmp_path / "t.parquet")
    order = [*range(100), *range(99, -1, -7)]
    assert [found.read(row) for row in order] == [cells[row] for row in order]
    blocks = image_table._Blocks(tmp_path / "t.parquet", pl.col("image"), 100)
    assert [blocks(row) for row in order] == [cells[row] for row in order]
    assert len(blocks._blocks) == 2


def test_a_damaged_block_of_a_parquet_file_is_read_once_and_its_rows_are_problems(
    tmp_path, photo, monkeypatch
):
    pl.DataFrame({"image": [photo(1)] * 50, "label": ["a"] * 50}).write_parquet(tmp_path / "t.parquet")
    found, calls = find_photos(tmp_path / "t.parquet"), []

    @contextmanager
    def damaged(path):
        calls.append(path)
        raise DataError("t.parquet must be a whole file, however: a page is damaged; download it again")
        yield

    monkeypatch.setattr(image_table, "scanned", damaged)
    with pytest.raises(DataError, match="50 x a page is damaged"):
        load_photos(found, 4, workers=2)
    assert len(calls) == 1


@pytest.mark.parametrize("source", [7, [7], {"a": 1}, "nothing-here", "empty"])
def test_what_is_no_source_of_photos_is_refused(tmp_path, source):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        find_photos(source)


def test_a_named_data_set_is_found(local_data):
    local_data("flowers/train")
    found = find_photos("flowers")
    assert (len(found), found.name, len(set(found.labels))) == (3452, "train", 5)
