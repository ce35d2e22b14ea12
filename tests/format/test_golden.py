"""Files of every released format read as on their first day, and are still written bit for bit."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from glassnet.archive import FORMAT, pack, read_archive

HERE = Path(__file__).parent
ARCHIVES = sorted(path for path in (HERE / "golden").glob("v*/*.glass") if path.with_suffix(".json").exists())
NEWEST = [path for path in ARCHIVES if path.parent.name == f"v{FORMAT}"]
MAKE = runpy.run_path(str(HERE / "make_golden.py"))


def test_there_are_golden_files_of_every_format():
    assert {path.parent.name for path in ARCHIVES} == {f"v{number}" for number in range(1, FORMAT + 1)}


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_golden_file_still_holds_what_its_account_says(path):
    found, account = read_archive(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert repr(found.manifest) == repr(account["manifest"])
    assert list(found.arrays) == list(account["arrays"])
    for name, array in found.arrays.items():
        expected = account["arrays"][name]
        assert (array.dtype.name, list(array.shape)) == (expected["dtype"], expected["shape"])
        assert array.astype(array.dtype.newbyteorder("<")).tobytes().hex() == expected["hex"]


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: path.stem)
def test_a_golden_file_is_written_again_bit_for_bit(path):
    found = read_archive(path)
    assert pack(found.manifest, found.arrays) == path.read_bytes()


@pytest.mark.parametrize("name", MAKE["contents"]())
def test_the_contents_of_the_newest_golden_files_are_written_as_they_were(name):
    manifest, arrays = MAKE["contents"]()[name]
    assert pack(manifest, arrays) == (MAKE["FOLDER"] / f"{name}.glass").read_bytes()
    assert np.all([each.flags.c_contiguous for each in arrays.values()])
