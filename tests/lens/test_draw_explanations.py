"""Figures of explanations show the numbers of their Views."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.lens.contributions import Contribution, Contributions
from glassnet.lens.dependence import Dependence
from glassnet.lens.draw_explanations import MOST_BARS, plot_explanation
from glassnet.lens.importance import ColumnImportance, Importance
from glassnet.lens.mistakes import Mistake, Mistakes


def names(axes):
    return [each.get_text() for each in axes.get_yticklabels()]


def importance(columns):
    each = tuple(ColumnImportance(f"column {n}", 10.0 - n, (9.0 - n, 11.0 - n)) for n in range(columns))
    return Importance("rmse", 20.0, each, 400, 5, ())


def test_importance_has_a_bar_and_an_interval_for_each_column():
    axes = plot_explanation(importance(3)).axes[0]
    assert names(axes) == ["column 0", "column 1", "column 2"]
    assert [each.get_width() for each in axes.patches] == [10, 9, 8]
    assert list(axes.lines[1].get_xdata()) == [8, 10]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the most important one on top


def test_of_many_columns_the_figure_says_how_many_it_leaves_out():
    axes = plot_explanation(importance(MOST_BARS + 4)).axes[0]
    assert len(axes.patches) == MOST_BARS
    assert "the 4 least important columns are not shown" in axes.get_xlabel()


def contributions(count):
    columns = tuple(Contribution(f"c{n}", "x", 8.0 / 2**n) for n in range(count))
    total = sum(each.value for each in columns)
    return Contributions("骑行", None, columns, 100.0, 100.0 + total + 0.5, None, 0.5, 64)


@pytest.mark.parametrize("count", [3, MOST_BARS + 5])
def test_contributions_lead_from_the_average_row_to_this_row(count):
    view = contributions(count)
    axes = plot_explanation(view).axes[0]
    bars = axes.patches
    assert bars[0].get_x() == 100
    ends = [each.get_x() + each.get_width() for each in bars]
    assert [each.get_x() for each in bars[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(view.output)
    assert names(axes)[-2] == "not accounted for"
    assert (names(axes)[-3] == "5 other columns") == (count > MOST_BARS)


def test_dependence_on_a_number_is_a_line_with_a_band():
    view = Dependence("温度", "骑行", None, (1.0, 2.0), (5.0, 7.0), (4.0, 6.0), (6.0, 9.0), 50, ())
    axes = plot_explanation(view).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [5, 7]
    band = axes.collections[0].get_paths()[0].vertices
    assert {tuple(each) for each in band} >= {(1, 4), (2, 6), (2, 9), (1, 6)}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("温度", "骑行")


def test_dependence_on_levels_has_a_point_for_each():
    view = Dependence("colour", "kind", "p", ("red", "blue"), (0.5, 0.7), (0.1, 0.2), (0.6, 0.9), 50, ())
    axes = plot_explanation(view).axes[0]
    assert [each.get_text() for each in axes.get_xticklabels()] == ["red", "blue"]
    assert axes.lines[0].get_ydata().tolist() == [0.5, 0.7]
    assert axes.get_ylabel() == "probability of kind=p"


def test_mistakes_show_truth_beside_prediction():
    rows = (Mistake(12, 30.0, 50.0, 20.0, None, {}), Mistake(3, 80.0, 70.0, -10.0, None, {}))
    axes = plot_explanation(Mistakes("cnt", rows, 0.4, 99)).axes[0]
    assert names(axes) == ["row 12", "row 3"]
    assert [np.ravel(each.get_xdata()).tolist() for each in axes.lines[:3]] == [[30, 50], [30], [50]]


def test_mistakes_of_classes_show_the_probability_of_the_truth():
    rows = (Mistake(12, "猫", "狗", None, 0.01, {}),)
    axes = plot_explanation(Mistakes("animal", rows, 0.4, 99)).axes[0]
    assert axes.patches[0].get_width() == 0.01
    assert axes.texts[0].get_text() == "猫, taken for 狗"


def test_figures_can_be_written_and_leave_the_settings_of_matplotlib_alone(tmp_path):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plot_explanation(importance(3)).savefig(tmp_path / "importance.png")
    assert (tmp_path / "importance.png").read_bytes().startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before


def test_chinese_names_fall_back_on_a_font_that_has_them(monkeypatch):
    from matplotlib import font_manager

    monkeypatch.setattr(
        font_manager.fontManager, "ttflist", [font_manager.FontEntry(fname="x.otf", name="Noto Sans CJK SC")]
    )
    view = Dependence("温度", "cnt", None, (1.0, 2.0), (5.0, 7.0), (4.0, 6.0), (6.0, 9.0), 50, ())
    axes = plot_explanation(view).axes[0]
    assert axes.xaxis.label.get_fontfamily() == ["sans-serif", "Noto Sans CJK SC"]
    assert axes.yaxis.label.get_fontfamily() == ["sans-serif"]
