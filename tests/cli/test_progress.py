"""The live line: on a terminal epochs, losses and the time left, and nothing of it once the run is over."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty")

WIDE = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm"}


def on_a_terminal(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run ``glassnet`` on a pseudo-terminal; return its status and all that it wrote there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(WIDE)
        os.execv(sys.executable, [sys.executable, "-c", "from glassnet.cli import main; main()", *arguments])
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()


def screen(written: str) -> list[str]:
    """Return the lines that stand on the terminal in the end: enough of a terminal for rich's live line."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif up := re.fullmatch(r"\x1b\[(\d*)A", part):
            row = max(0, row - int(up[1] or 1))
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return [line for line in lines if line]


def test_on_a_terminal_the_live_line_is_shown_and_gone_at_the_end(tmp_path):
    long_enough_to_be_drawn = ["--epochs", "600", "--patience", "600", "--no-refit"]
    status, written = on_a_terminal(tmp_path, "train", "iris", *long_enough_to_be_drawn, "--out", "run")
    assert status == 0
    losses = r"train loss [\d.e-]+, validation loss [\d.e-]+"
    line = re.search(rf"net [━╌]+ \d+/600 epochs, \d+ s left, {losses}", written)
    assert line
    assert "reading iris ..." in written
    left = screen(written)
    assert not any("epochs, " in each and " left" in each for each in left)
    assert not any(each.endswith(" ...") for each in left)
    assert left[-1] == "model: run/model.glass"
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l") >= 0, "the cursor must be shown again"


def test_after_an_error_the_live_line_is_gone_too(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4\n")
    status, written = on_a_terminal(tmp_path, "train", "data.csv", "--target", "c", "--out", "run")
    assert status == 2
    left = screen(written)
    assert left[0].startswith("error: ")
    assert not any(each.endswith(" ...") for each in left)
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")


@pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
def test_the_live_line_is_one_line_at_every_width(width):
    from glassnet.cli.progress import _line

    after = " 120/200 epochs, 12 s left, train loss 0.008157, validation loss 0.2177"
    text = _line("net-restart2 ", after, 0.6, width)
    assert text.cell_len == max(len(text.plain), len("net-restart2 " + after))
    bar = sum(text.plain.count(each) for each in "━╌")
    assert bar == max(0, min(24, width - len("net-restart2 " + after)))
    assert text.plain.count("━") == round(0.6 * bar)


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (89, "89 s"), (600, "10 min"), (9000, "2.5 h")])
def test_the_time_left_is_short(seconds, text):
    from glassnet.cli.progress import _time

    assert _time(seconds) == text


def test_the_losses_stay_in_view_within_an_epoch():
    from glassnet.cli.progress import Console
    from glassnet.engine.history import EpochRecord

    with Console(live=False) as console:
        console.progress("net", EpochRecord(1, 0.5, 0.25, 0.1), 1, 9, 5.0)
        console.progress("net", None, 1.5, 9, 5.0)
        assert console._losses == ", train loss 0.5, validation loss 0.25"
        console.progress("net", EpochRecord(2, 0.5, None, 0.1), 2, 9, 5.0)
        assert console._losses == ", train loss 0.5"
