"""A zip is checked before anything in it is read, and never written out."""

from __future__ import annotations

import zipfile

import pytest

from glassnet.data import members as module
from glassnet.data.members import members, opened_members
from glassnet.errors import DataError, GlassnetWarning


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


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = made(tmp_path / "a.zip", ["pos/1.txt", "pos/1.txt"])
    with (
        pytest.raises(DataError, match=r"a.zip must hold each name once, however: 'pos/1.txt'"),
        members(path),
    ):
        pass


def test_names_are_utf_8_although_the_zip_does_not_say_so(tmp_path):
    path = made(tmp_path / "a.zip", ["xxxx/1.txt", "b/2.txt"])
    path.write_bytes(path.read_bytes().replace(b"xxxx", "é猫"[1:].encode() + b"x"))
    with members(path) as found:
        assert [str(each) for each in found] == ["b/2.txt", "猫x/1.txt"]


def test_links_lead_to_other_folders_and_never_round_in_circles(tmp_path):
    for name in ("d/pos", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.txt").write_text("a film")
    (tmp_path / "d" / "neg").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "d" / "again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path)
    found, lost = opened_members(tmp_path / "d")
    assert sorted({each.parts[-1] for each in found}) == ["1.txt"]
    assert len(found) == 2
    assert [what for _, what in lost] == ["it is a link to a folder that is there already"] * 2
    told = "is left out: it is a link to a folder that is there already"
    with pytest.warns(GlassnetWarning, match=told), members(tmp_path / "d") as again:
        assert len(again) == 2


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    for name in ("pos", "neg"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text("a film")
    scan = module.os.scandir

    def refuse(path):
        if path.endswith("neg"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(module.os, "scandir", refuse)
    found, lost = opened_members(tmp_path)
    assert ([str(each) for each in found], lost) == (["pos/1.txt"], [("neg", "Permission denied")])
