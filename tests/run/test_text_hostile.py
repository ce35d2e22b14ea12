"""Hostile texts give an answer or a clear error, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glassnet as gn
from glassnet.errors import DataError, GlassnetWarning

QUICK = {
    "task": "text",
    "text": {"ngrams": 1, "min_count": 1},
    "epochs": 1,
    "test": "none",
    "validation": "none",
}


def folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def test_files_of_random_bytes_train_and_answer(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, 40_000, dtype=np.uint8).tobytes()
    files = {f"{'ab'[i % 2]}/{i}.txt": noise[i * 1000 : i * 1000 + 1000] for i in range(40)}
    with (
        pytest.warns(GlassnetWarning, match="bytes that are no UTF-8 are read as"),
        pytest.warns(GlassnetWarning, match="texts hold zero bytes"),
    ):
        model = gn.train(folder(tmp_path / "d", files), **QUICK)
    assert np.isfinite(model.predict_proba([noise, b"", b"\0\0", "\ud800"])).all()


def test_a_text_of_one_letter_and_one_of_strange_letters_are_answered():
    model = gn.train(
        {"text": ["a", "b", "\u202e\U0001f600\u0301", "a b"], "label": [0, 1, 0, 1]}, **QUICK, column="text"
    )
    assert model.predict_proba(["\u0000", "🎬" * 1000, "a" * 100_000]).shape == (3, 2)


def test_one_class_alone_is_an_error_that_names_it(tmp_path):
    path = folder(tmp_path / "d", {"pos/1.txt": b"a", "pos/2.txt": b"b"})
    with pytest.raises(DataError, match="must be of two classes or more, however: all 2 are 'pos'"):
        gn.train(path, **QUICK)


def test_labels_with_more_lines_than_texts_are_an_error(tmp_path):
    path = folder(tmp_path / "d", {"reviews.txt": b"a\nb\n", "labels.txt": b"x\ny\nz\n"})
    with pytest.raises(DataError, match="2 texts and 3 labels"):
        gn.train(path, **QUICK)


def test_a_binary_file_instead_of_texts_is_an_error(tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 100)
    with pytest.raises(DataError, match="must be text, however: there is a zero byte"):
        gn.train(tmp_path / "x.bin", **QUICK)


def test_label_names_that_look_like_markup_and_paths_stay_names(tmp_path):
    labels = ["<script>alert(1)</script>", "../../etc"] * 10
    texts = [f"{'good' if place % 2 else 'bad'} film {place}" for place in range(20)]
    model = gn.train({"text": texts, "label": labels}, **QUICK, column="text", out="run")
    assert set(model.predict(texts)) == set(labels)
    assert "<script>alert" not in (tmp_path / "run" / "report.html").read_text()


# The peak of this process alone: what getrusage says begins with that of the process that started it.
MEMORY = """
import re, sys
from pathlib import Path
import glassnet as gn
model = gn.train(sys.argv[1], task="text", test="none", validation="none", threads=1)
peak = re.search("VmHWM: *([0-9]+) kB", Path("/proc/self/status").read_text().replace("\\t", " "))
print(model.predict(["w1 w2", "w3"]).shape[0], int(peak[1]) // 1024)
"""
WITH_PROC = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc/self/status")


def used(path) -> int:
    """Train in a new process and return its largest memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True
    )
    answers, memory = done.stdout.split()
    assert answers == "2"
    return int(memory)


@WITH_PROC
@pytest.mark.slow
def test_a_text_of_50_mb_is_learned_in_bounded_memory(tmp_path):
    words = [f"w{place}" for place in range(5000)]
    long = " ".join(np.random.default_rng(0).choice(words, 8_500_000).tolist()).encode()
    assert len(long) > 48_000_000
    files = {"a/long.txt": long, **{f"{'ab'[i % 2]}/{i}.txt": f"w{i} w{i + 1}".encode() for i in range(20)}}
    assert used(folder(tmp_path / "d", files)) < 3000


@WITH_PROC
@pytest.mark.slow
def test_a_million_different_words_are_learned_in_bounded_memory(tmp_path):
    texts = [" ".join(f"w{i}x{j}" for j in range(1000)) for i in range(1000)]
    labels = ["a", "b"] * 500
    pl.DataFrame({"text": texts * 2, "label": labels * 2}).write_parquet(tmp_path / "t.parquet")
    assert used(tmp_path / "t.parquet") < 1500
