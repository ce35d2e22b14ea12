"""A zip is checked before anything in it is read, and never written out."""

from __future__ import annotations

import zipfile

import pytest

from glassnet.data import members as module
from glassnet.data.members import members
from glassnet.errors import DataError


def made(path, names=("pos/1.txt", "neg/2.txt"), content=b"a film"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def test_members_come_in_the_order_of_their_names(tmp_path):
    with members(made(tmp_path / "a.zip")) as found:
        assert [(str(each), each.read()) for each in found] == [
            ("neg/2.txt", b"a film"),
            ("pos/1.txt", b"a film"),
        ]


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "a\\evil.txt"])
def test_names_outside_are_refused(tmp_path, name):
    path = made(tmp_path / "a.zip", ["pos/1.txt", "neg/x.txt"])
    data = path.read_bytes()
    stand_in = ("x" * len(name)).encode()
    made(path, ["pos/1.txt", stand_in.decode()])
    path.write_bytes(path.read_bytes().replace(stand_in, name.encode()))
    with pytest.raises(DataError, match="must hold names inside itself"), members(path):
        pass
    assert data
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNPACK_FLOOR", 1 << 16)
    path = made(tmp_path / "bomb.zip", content=bytes(1 << 22))
    with pytest.raises(DataError, match=r"bomb.zip must unpack to at most"), members(path):
        pass


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_MEMBERS", 3)
    path = made(tmp_path / "many.zip", [f"a/{i}.txt" for i in range(4)])
    with pytest.raises(DataError, match="in 3 files, however: 24 bytes in 4 files"), members(path):
        pass


def test_a_damaged_zip_is_named(tmp_path):
    path = made(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a.zip must be a whole, undamaged zip file"), members(path) as found:
        [each.read() for each in found]
    path.write_bytes(made(tmp_path / "b.zip").read_bytes()[:-30])
    with pytest.raises(DataError, match="must be a whole, undamaged zip file"), members(path):
        pass


def test_an_encrypted_zip_is_refused(tmp_path):
    path = made(tmp_path / "a.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="must not be encrypted"), members(path):
        pass


def test_a_pipe_in_a_folder_is_an_error_and_no_wait(tmp_path):
    import os

    (tmp_path / "d" / "pos").mkdir(parents=True)
    os.mkfifo(tmp_path / "d" / "pos" / "x.txt")
    with members(tmp_path / "d") as found, pytest.raises(DataError, match="it is a device or a pipe"):
        found[0].read()
