"""Photos are found in folders, zips, tables and lists; what is wrong with them is said (C41)."""

from __future__ import annotations

import zipfile

import numpy as np
import polars as pl
import pytest

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
