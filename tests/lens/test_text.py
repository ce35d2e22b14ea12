"""Text that lines up, also where letters are two places wide."""

from __future__ import annotations

from glassnet.lens.text import WIDEST, aligned, shown


def test_wide_letters_take_two_places():
    assert aligned([["", "rmse"], ["温度", "1.5"], ["hum", "10.2"]]).splitlines() == [
        "      rmse",
        "温度   1.5",
        "hum   10.2",
    ]


def test_several_columns_can_stand_to_the_left():
    assert aligned([["a", "= 3", "1"], ["bcd", "= 10", "-20"]], left=2) == "a    = 3     1\nbcd  = 10  -20"


def test_cells_stay_on_one_line_and_within_their_width():
    assert shown("two\nlines\t here") == "two lines here"
    assert len(shown("x" * 1000)) == WIDEST
    assert (shown(None), shown(12), shown(0.1 + 0.2), shown(1e30)) == ("(missing)", "12", "0.3", "1e+30")
