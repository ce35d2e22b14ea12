"""Texts are read from folders, zips, tables, lines and memory; what is wrong with them is said."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from glassnet.data.text_sources import read_texts
from glassnet.data.text_table import Asked
from glassnet.errors import DataError, GlassnetWarning

TEXTS = [
    "a fine film, really fine",
    "a dull film and a long one",
    "so so <br /> film it was",
    "Wonderful! I cried a lot",
]
LABELS = ["pos", "neg", "neg", "pos"]


def folder(path: Path) -> Path:
    for place, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True)):
        (path / label).mkdir(parents=True, exist_ok=True)
        (path / label / f"{place}.txt").write_text(text)
    return path


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def labels_of(rows):
    return rows.beside.frame[rows.target].to_list()


def test_a_folder_has_a_class_in_each_sub_folder_and_hidden_files_are_left_out(tmp_path):
    path = folder(tmp_path / "reviews")
    (path / ".git").mkdir()
    (path / ".git" / "x.txt").write_text("no text")
    (path / "pos" / ".DS_Store").write_bytes(b"\0\1")
    rows = read_texts(path, Asked())
    assert sorted(zip(rows.texts, labels_of(rows), strict=True)) == sorted(zip(TEXTS, LABELS, strict=True))
    assert rows.files[0] == "neg/1.txt"
    assert rows.target == "label"


def test_files_of_other_kinds_are_counted_and_left_out(tmp_path):
    path = folder(tmp_path / "reviews")
    (path / "README").write_text("about")
    (path / "pos" / "cover.jpg").write_bytes(b"\xff\xd8")
    with pytest.warns(GlassnetWarning, match=r"reviews: 2 files are no .txt file in a folder of a class"):
        assert len(read_texts(path, Asked())) == 4


def test_a_zip_reads_as_its_folder_does_with_or_without_a_folder_around(tmp_path):
    plain = read_texts(folder(tmp_path / "reviews"), Asked())
    files = {
        f"{label}/{place}.txt": text for place, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    }
    for top in ("", "reviews/", "a/b/"):
        more = {f"{top}{name}": text for name, text in files.items()} | {"__MACOSX/x.txt": "no"}
        rows = read_texts(zipped(tmp_path / "reviews.zip", more), Asked())
        assert [*rows.texts] == [*plain.texts]
        assert rows.files == plain.files
        assert labels_of(rows) == labels_of(plain)


@pytest.mark.parametrize("given", ["folder", "file", "zip"])
def test_lines_beside_labels_are_read_from_a_folder_a_file_and_a_zip(tmp_path, given):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "reviews.txt").write_text("\n".join(TEXTS) + "\n")
    (tmp_path / "d" / "labels.txt").write_text("\n".join(LABELS) + "\n")
    content = {each.name: each.read_bytes() for each in (tmp_path / "d").iterdir()}
    path = {
        "folder": tmp_path / "d",
        "file": tmp_path / "d" / "reviews.txt",
        "zip": zipped(tmp_path / "d.zip", content),
    }[given]
    rows = read_texts(path, Asked())
    assert [*rows.texts] == TEXTS
    assert labels_of(rows) == LABELS


def test_lines_and_labels_must_be_as_many(tmp_path):
    (tmp_path / "reviews.txt").write_text("a\nb\n\nc\n")
    (tmp_path / "labels.txt").write_text("x\ny\n")
    with pytest.raises(DataError, match="4 texts and 2 labels"):
        read_texts(tmp_path / "reviews.txt", Asked())


FRAME = pl.DataFrame({"id": [1, 2, 3, 4], "review": TEXTS, "label": LABELS, "rating": [9, 2, 5, 10]})


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "t.jsonl", "csv.zip", "parquet.zip"])
def test_a_table_gives_its_text_and_its_label_and_no_other_column(tmp_path, name):
    path = tmp_path / name.replace(".zip", "") if "." not in name else tmp_path / name
    kind = name.split(".")[0] if name.endswith(".zip") else name.split(".")[1]
    table = tmp_path / f"inner.{kind}"
    if kind == "parquet":
        FRAME.write_parquet(table)
    elif kind == "jsonl":
        table.write_text("".join(json.dumps(row) + "\n" for row in FRAME.to_dicts()))
    else:
        FRAME.write_csv(table, separator="\t" if kind == "tsv" else ",")
    if name.endswith(".zip"):
        zipped(path, {table.name: table.read_bytes()})
    else:
        table.rename(path)
    rows = read_texts(path, Asked())
    assert (rows.column, rows.target) == ("review", "label")
    assert [*rows.texts] == TEXTS
    assert labels_of(rows) == LABELS
    assert set(rows.left_out) == {"id", "rating"}
    assert rows.beside.columns == ("label",)


def test_the_columns_that_are_asked_for_are_taken(tmp_path):
    frame = FRAME.with_columns(title=pl.Series(TEXTS[::-1]))
    rows = read_texts(frame, Asked(column="title", target="rating"))
    assert rows.texts[0] == TEXTS[-1]
    assert labels_of(rows) == [9, 2, 5, 10]
    assert "review" in rows.left_out


def test_two_columns_of_texts_are_asked_about(tmp_path):
    frame = FRAME.with_columns(title=pl.Series(TEXTS[::-1]))
    with pytest.raises(
        DataError, match=r"it could be any of '(review|title)', '(review|title)'; name it with --column"
    ):
        read_texts(frame, Asked(target="label"))


def test_a_column_of_far_longer_texts_wins_over_titles():
    frame = pl.DataFrame(
        {
            "title": ["so it was here"] * 4,
            "body": ["long text of many words " * 9 + str(i) for i in range(4)],
            "y": LABELS,
        }
    )
    assert read_texts(frame, Asked(target="y")).column == "body"


def test_a_label_that_is_not_found_is_asked_for():
    frame = pl.DataFrame({"review": TEXTS, "a": LABELS, "b": [1, 2, 1, 2]})
    with pytest.raises(DataError, match=r"it could be any of 'a', 'b'; name it with --target COL"):
        read_texts(frame, Asked())
    with pytest.raises(DataError, match="must have the column 'lable', however: there is none"):
        read_texts(FRAME, Asked(target="lable"))


def test_short_chinese_texts_are_found_as_texts():
    frame = pl.DataFrame(
        {"评论": ["很好看", "太难看了", "值得一看", "不推荐"], "标签": ["好", "差", "好", "差"]}
    )
    rows = read_texts(frame, Asked())
    assert (rows.column, rows.target) == ("评论", "标签")


def test_bytes_that_are_no_utf8_are_read_and_named(tmp_path):
    path = folder(tmp_path / "reviews")
    (path / "pos" / "0.txt").write_bytes(b"caf\xe9 society")
    with pytest.warns(GlassnetWarning, match=r"no UTF-8 are read as . in pos/0.txt"):
        rows = read_texts(path, Asked())
    assert "caf� society" in [*rows.texts]


def test_chinese_files_in_gb18030_are_read(tmp_path):
    (tmp_path / "reviews.txt").write_bytes("很好看\n太难看了\n".encode("gb18030"))
    (tmp_path / "labels.txt").write_text("1\n0\n")
    with pytest.warns(GlassnetWarning, match="is not UTF-8 and is read as GB18030"):
        assert [*read_texts(tmp_path, Asked()).texts] == ["很好看", "太难看了"]


def test_utf16_with_its_mark_is_read(tmp_path):
    (tmp_path / "d" / "a").mkdir(parents=True)
    (tmp_path / "d" / "b").mkdir()
    (tmp_path / "d" / "a" / "1.txt").write_bytes("很好 film".encode("utf-16"))
    (tmp_path / "d" / "b" / "2.txt").write_bytes("\ufeffplain".encode())
    assert [*read_texts(tmp_path / "d", Asked()).texts] == ["很好 film", "plain"]


def test_zero_bytes_are_told_and_read_as_gaps(tmp_path):
    (tmp_path / "reviews.txt").write_bytes(b"good\0film\nbad\n")
    (tmp_path / "labels.txt").write_text("1\n0\n")
    with pytest.warns(GlassnetWarning, match="1 texts hold zero bytes"):
        assert len(read_texts(tmp_path, Asked())) == 2


@pytest.mark.parametrize(
    "data", [TEXTS, tuple(TEXTS), np.array(TEXTS), [text.encode() for text in TEXTS], pl.Series(TEXTS)]
)
def test_texts_in_memory_need_no_labels_where_none_are_asked_for(data):
    assert [*read_texts(data, Asked(labelled=False)).texts] == TEXTS
    with pytest.raises(DataError, match="must have a label for each text"):
        read_texts(data, Asked())


def test_a_text_file_without_labels_has_one_text_a_line(tmp_path):
    (tmp_path / "new.txt").write_text("one\ntwo\n")
    assert [*read_texts(tmp_path / "new.txt", Asked(labelled=False)).texts] == ["one", "two"]
    (tmp_path / "table.txt").write_text("id\ttext\n1\tone\n2\ttwo\n")
    assert [*read_texts(tmp_path / "table.txt", Asked("text", labelled=False)).texts] == ["one", "two"]


def test_what_is_no_data_is_said_with_the_nearest_name(tmp_path):
    folder(tmp_path / "reviews")
    with pytest.raises(DataError, match="did you mean 'reviews'"):
        read_texts(tmp_path / "revews", Asked())
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError, match=r"empty must be a folder with a sub-folder of .txt files for each class"
    ):
        read_texts(tmp_path / "empty", Asked())


def test_a_folder_above_the_classes_is_named(tmp_path):
    folder(tmp_path / "data" / "train")
    with pytest.raises(
        DataError, match="it has one, 'train', with folders in it; name the folder that holds"
    ):
        read_texts(tmp_path / "data", Asked())


def test_the_same_content_has_the_same_sha256_and_other_content_another(tmp_path):
    one = read_texts(folder(tmp_path / "a"), Asked()).sha256
    assert one == read_texts(folder(tmp_path / "b"), Asked()).sha256
    (tmp_path / "b" / "pos" / "0.txt").write_text("changed")
    assert one != read_texts(tmp_path / "b", Asked()).sha256
