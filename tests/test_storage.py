"""A file holds its old bytes or its new ones whatever happens, and what a kill leaves behind is known."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.errors import DataError, RequestError, WorkError
from glassnet.storage import file_sha256, remove_leftovers, write_atomically


def failure(kind: BaseException):
    def fail(*_: object) -> None:
        raise kind

    return fail


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [(OSError(errno.ENOSPC, "No space left on device"), WorkError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, kind, expected):
    target = tmp_path / "a.glass"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, step, failure(kind))
    with pytest.raises(expected):
        write_atomically(target, b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.glass": b"old"}


def test_a_file_is_replaced_through_a_symbolic_link(tmp_path):
    (tmp_path / "real.glass").write_bytes(b"old")
    (tmp_path / "link.glass").symlink_to("real.glass")
    write_atomically(tmp_path / "link.glass", b"new")
    assert (tmp_path / "link.glass").is_symlink()
    assert (tmp_path / "real.glass").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_path_that_cannot_be_written_is_a_wrong_request(tmp_path):
    with pytest.raises(RequestError, match="must be a file in a folder that exists"):
        write_atomically(tmp_path / "none" / "a.glass", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RequestError, match="must be a file in a folder that exists"):
        write_atomically(Path("folder"), b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path):
    name = "a" * 249 + ".glass"
    write_atomically(tmp_path / name, b"new")
    assert (tmp_path / name).read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_a_written_file_has_the_mode_that_the_user_gives_to_files(tmp_path):
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "mine", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_what_a_killed_writer_leaves_behind_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "a.glass").write_bytes(b"old")
    (tmp_path / ".glassnet-mine.tmp").write_bytes(b"another's")
    code = (
        "import os, signal, pathlib, glassnet.storage as storage\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "storage.write_atomically(pathlib.Path('a.glass'), b'new')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 3
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.glass", ".glassnet-mine.tmp"}
    assert (tmp_path / "a.glass").read_bytes() == b"old"


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n" * 100_000)
    assert file_sha256(tmp_path / "t.csv") == hashlib.sha256(b"a,b\n" * 100_000).hexdigest()
    with pytest.raises(DataError, match=r"t\.txt must be readable to its end, however: No such file"):
        file_sha256(tmp_path / "t.txt")
