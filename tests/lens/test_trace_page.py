"""The page of a trace needs nothing else, holds the numbers that it shows, and says what it leaves out."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.lens import trace_page
from glassnet.lens.trace_script import SCRIPT


def small():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 2), nn.Sigmoid(), nn.Linear(2, 1))
    return gn.trace(net, torch.randn(2, 3), torch.randn(2, 1), loss="mse", optimizer="adam", lr=0.1)


def data_of(page):
    text = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S).group(1)
    return json.loads(text)


def spread(runs):
    found = []
    for run in runs:
        found += [run[0] + i * run[1] for i in range(run[2])] if isinstance(run, list) else [run]
    return found


def arithmetic(data, rank):
    """Write the arithmetic as the page's script does for Python."""

    def put(one):
        value = 0.0 if one < 0 else data["values"][one]
        return f"({value!r})" if value < 0 else repr(value)

    texts = []
    for piece in data["arithmetic"][str(rank)]:
        if isinstance(piece, str):
            texts.append(piece)
        elif len(piece) == 1:
            texts.append(put(piece[0]))
        else:
            form, joint, columns = piece
            rows = zip(*map(spread, columns), strict=True)
            texts.append(joint.join(form.format(*map(put, row)) for row in rows) or "0")
    return "".join(texts)


def test_every_number_of_a_small_trace_is_on_its_page_and_unfolds():
    from glassnet.lens.trace_codes import work_out

    trace = small()
    data = data_of(trace.to_html())
    places = spread(data["places"])
    assert len(places) == len(data["values"]) == trace.size
    assert data["sheets"][str(trace["loss"].sheet.number)][0] == "loss"
    starts = [first for _, first in data["blocks"]]
    assert starts == sorted(starts)
    for rank in data["arithmetic"]:
        assert work_out(arithmetic(data, rank)) == pytest.approx(
            data["values"][int(rank)], rel=1e-9, abs=1e-12
        )
    with_arithmetic = sum(len(trace[n]) for n in trace.names if trace[n].sheet.explain is not None)
    assert len(data["arithmetic"]) == with_arithmetic


def test_the_page_begins_with_the_asked_number():
    trace = small()
    data = data_of(trace.to_html(name="0.weight.grad", index=(1, 2)))
    block = max(b for b in data["blocks"] if b[1] <= data["start"])
    assert data["sheets"][str(block[0])][0] == "0.weight.grad"
    assert spread(data["places"])[data["start"]] == 5
    assert data["values"][data["start"]] == trace["0.weight.grad"][1, 2].value


def test_the_page_loads_nothing_and_runs_its_own_script_alone(tmp_path):
    path = tmp_path / "trace.html"
    page = small().to_html(path)
    assert path.read_text(encoding="utf-8") == page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert not re.search(r"https?://", page)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1)
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in policy
    assert policy.startswith("default-src &#x27;none&#x27;")
    assert "innerHTML" not in SCRIPT


def test_the_same_trace_gives_the_same_page():
    assert small().to_html() == small().to_html()


def test_names_and_cells_are_shown_and_never_interpreted(tmp_path):
    nasty = "</script><b>{0}"
    rows = {nasty: [1.0, 2.0, 3.0, 4.0] * 10, "kind": [nasty, "b"] * 20, "y": [0.5, 1.5, 2.5, 3.5] * 10}
    model = gn.train(rows, target="y", test="none", validation="none", epochs=1, net="3")
    trace = gn.trace(model, rows=rows, row=1)
    page = trace.to_html()
    assert nasty not in page
    assert any(nasty in str(sheet) for sheet in data_of(page)["sheets"].values())
    for name in trace.names:
        for number in trace[name]:
            assert number.work_out() == pytest.approx(number.value, rel=1e-9, abs=1e-12)


def test_the_drawing_has_the_units_and_the_lines_between_them():
    page = small().to_html()
    assert page.count('class="unit"') == 3 + 2 + 2 + 1
    assert page.count('class="wire"') == 3 * 2 + 2 + 2 * 1
    assert "0.linear[0, 0] = " in page


def test_a_page_of_a_large_trace_is_bounded_and_says_what_is_left_out(monkeypatch):
    monkeypatch.setattr(trace_page, "MOST_OPENED", 200)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(60, 50), nn.ReLU(), nn.Linear(50, 3))
    trace = gn.trace(net, torch.randn(1, 60), torch.randn(1, 3), loss="mse", optimizer="sgd", lr=0.1)
    page = trace.to_html(name="2.linear", index=(0, 1))
    data = data_of(page)
    assert len(data["arithmetic"]) == 200
    assert len(page) < 200_000
    assert f"This trace has {trace.size:,} numbers." in page
    assert "200 of these unfold" in page
    for name in ("2.linear", "1.relu", "0.linear"):  # what the number came from comes first
        number = trace[name].sheet.number
        first = next(first for n, first in data["blocks"] if n == number)
        assert str(first) in data["arithmetic"]


def test_json_holds_every_number_and_the_arithmetic_of_as_many_as_asked():
    trace = small()
    found = json.loads(trace.to_json())
    sheets = {sheet["name"]: sheet for section in found["sections"] for sheet in section["sheets"]}
    assert list(sheets) == list(trace.names)
    assert found["size"] == sum(len(sheet["values"]) for sheet in sheets.values())
    number = sheets["0.weight.new"]["numbers"][4]
    assert number["index"] == [1, 1]
    assert number["value"] == sheets["0.weight.new"]["values"][4]
    assert number["formula"] == trace["0.weight.new"][1, 1].formula
    assert number["links"][0] == {
        "name": "0.weight",
        "index": [1, 1],
        "value": trace["0.weight"][1, 1].value,
    }
    few = json.loads(trace.to_json(most=10))
    assert few["explained"] == 10
    assert sum(len(sheet["numbers"]) for section in few["sections"] for sheet in section["sheets"]) == 10
