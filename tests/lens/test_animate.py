"""The page with a time slider: closed in itself, safe, usable by keyboard, with a moment for each epoch."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

import glassnet as gn
from glassnet.lens.animate import moving_page
from glassnet.lens.animate_marks import MOST_FRAMES

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND = np.array([0, 0, 0, 1])


def run(epochs=4):
    weights = np.ones((epochs + 1, 2)) + np.arange(epochs + 1)[:, None] * 0.1
    biases, errors = np.full(epochs + 1, -1.5), np.arange(epochs, -1, -1)
    return SimpleNamespace(weights=weights, biases=biases, errors=errors, inputs=SQUARE, targets=AND)


def data_of(page):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.S)[1])


def test_a_run_has_a_moment_and_a_line_for_each_epoch_C07(tmp_path):
    path = gn.animate(run(), tmp_path / "lines.html")
    page = path.read_text(encoding="utf-8")
    assert data_of(page)["texts"] == [
        f"epoch {at} of 4: error {4 - at}" if at < 4 else "epoch 4 of 4: error 0" for at in range(5)
    ]
    assert len(re.findall(r'class="line" data-from="\d"', page)) == 5
    assert page.count(">1 x1 + 1 x2 − 1.5 = 0</td>") == 1  # the table of all lines


def test_a_surface_has_a_digit_for_each_cell():
    view = gn.boundary(lambda x: x[:, 0].clip(0, 1), SQUARE, AND, grid=9)
    surface = data_of(moving_page(view))["boards"][0]
    assert (surface["key"], surface["side"], surface["kind"]) == ("surface", 9, "s")
    shares = np.clip((view.frames[0].surface * 10).astype(int), 0, 9)
    assert surface["frames"] == ["".join(map(str, shares.ravel()))]


def test_hidden_units_have_a_drawing_each_over_the_epochs_C19():
    kept, net = gn.Snapshots(), nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1))
    gn.fit(net, SQUARE, AND.astype(np.float32), loss="binary_cross_entropy", epochs=2, callbacks=[kept])
    view = gn.boundary(kept, SQUARE, AND, grid=7)
    page = moving_page(view)
    boards = data_of(page)["boards"]
    assert [board["key"] for board in boards] == ["surface", "unit0", "unit1", "unit2"]
    assert [len(board["frames"]) for board in boards] == [3] * 4
    shares = np.clip((view.frames[1].hidden[2] * 10).astype(int), 0, 9)
    assert boards[3]["frames"][1] == "".join(map(str, shares.ravel()))
    assert len(re.findall(r"weight [−.\d]+</text>", page)) == 9
    assert all(f'id="{board["key"]}"' in page for board in boards)


def test_classes_have_their_own_colours():
    view = gn.boundary(lambda x: np.column_stack([x[:, 0], x[:, 1], 0 * x[:, 0] + 0.5]), SQUARE, grid=5)
    surface = data_of(moving_page(view))["boards"][0]
    assert surface["kind"] == "k"
    assert surface["frames"][0] == "".join(str(int(each)) for each in view.frames[0].surface.ravel())


def test_the_ways_down_grow_step_by_step_C30():
    page = moving_page(gn.error_surface(steps=3, grid=7))
    texts = data_of(page)["texts"]
    assert len(texts) == 4
    assert texts[0] == "step 0, error of gradient descent: 9.148; momentum 0.9: 9.148; Adam: 9.148"
    assert len(re.findall(r'class="way k\d" data-from="3"', page)) == 6  # three ways, in two drawings


def test_of_many_epochs_some_are_shown_the_first_and_the_last_among_them():
    texts = data_of(moving_page(gn.boundary(run(1000))))["texts"]
    assert len(texts) == MOST_FRAMES
    assert (texts[0][:7], texts[-1][:10]) == ("epoch 0", "epoch 1000")


def test_one_moment_needs_no_slider():
    page = moving_page(gn.boundary(lambda x: x[:, 0], SQUARE))
    assert '<div class="controls" hidden="">' in page


@pytest.mark.parametrize(
    "view", [gn.boundary(run()), gn.error_surface(steps=2, grid=3)], ids=["line", "surface"]
)
def test_the_page_loads_nothing_and_runs_only_its_own_script(view):
    page = moving_page(view)
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)|@import|url\(", page)
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)[1]
    script, style = (
        re.findall(r"<script>(.*?)</script>", page, re.S),
        re.findall(r"<style>(.*?)</style>", page, re.S),
    )
    for text in (*script, *style):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"sha256-{digest}" in policy
    assert "default-src &#x27;none&#x27;" in policy


def test_names_cannot_break_the_page():
    labels = ["</script><b>", "b", "b", "b"]
    page = moving_page(gn.boundary(lambda x: x[:, 0], SQUARE, labels))
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page
    named = SimpleNamespace(**vars(run()), error="</script><b>")
    page = moving_page(gn.boundary(named))
    assert "</script><b>" not in page
    assert data_of(page)["texts"][0] == "epoch 0 of 4: </script><b> 4"


def test_the_page_can_be_used_by_keyboard_and_read_aloud():
    page = moving_page(gn.boundary(run()))
    assert page.count("<button") == 3
    assert '<input type="range" min="0" max="4" value="4" step="1" aria-label="epoch">' in page
    assert 'role="img"' in page
    assert "<details>" in page
