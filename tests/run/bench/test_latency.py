"""One row: all give the same answer, and what is missing says why. The peak, and the machine."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from glassnet.run.bench import extension, latency, peak
from glassnet.run.bench.contest import Pace
from glassnet.run.bench.figures import Figure
from glassnet.run.bench.latency import EMPTY, OURS, Latency
from glassnet.run.bench.machine import has_bfloat16, machine, vector_instructions
from glassnet.run.bench.workloads import Workload, problem

NETS = [Workload((5, 4, 1), 1, "sigmoid"), Workload((5, 8, 6, 3), 1)]


def numbers(answer) -> np.ndarray:
    found = answer()
    found = found[0] if isinstance(found, list) else found
    return np.asarray(found.detach() if hasattr(found, "detach") else found)


@pytest.mark.parametrize("net", NETS, ids=lambda each: each.name)
def test_all_give_the_same_answer_to_the_row(net):
    made = problem(net, rows=1)
    expected = numbers(latency.torch_answer(made))
    np.testing.assert_allclose(numbers(latency.numpy_answer(made)), expected, atol=1e-6)
    np.testing.assert_allclose(numbers(latency.glassnet_answer(made)), expected, atol=1e-6)


@pytest.mark.parametrize("net", NETS, ids=lambda each: each.name)
def test_onnxruntime_gives_the_same_answer_where_it_is_installed(net):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    made = problem(net, rows=1)
    expected = numbers(latency.torch_answer(made))
    np.testing.assert_allclose(numbers(latency.onnxruntime_answer(made)), expected, atol=1e-6)


def test_without_onnxruntime_the_reason_stands_in_its_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    found = latency.latency(NETS[0], Pace(2, 0.001), lambda text: None)
    assert "pip install 'glassnet[export]'" in found.missing["onnxruntime"]
    assert {OURS, "NumPy", "PyTorch"} <= set(found.calls)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_what_is_glassnets_own_is_what_an_empty_call_does_not_take():
    calls = {OURS: Figure((5.0, 4.0)), EMPTY: Figure((1.0, 2.0))}
    assert Latency(NETS[0], calls, {}).above_empty == Figure((4.0, 2.0))
    assert Latency(NETS[0], {OURS: Figure((5.0,))}, {}).above_empty is None


def test_an_extension_is_asked_for_its_peak_and_its_empty_call(monkeypatch):
    native = SimpleNamespace(peak=lambda: 50.0, empty=lambda: None)
    monkeypatch.setattr(extension, "_extension", lambda: native)
    assert peak.measure_peak(2).multiply_adds_per_second == 5e10
    assert extension.empty_call() is native.empty
    found = latency.latency(NETS[0], Pace(2, 0.001), lambda text: None)
    assert EMPTY in found.calls
    assert found.above_empty is not None


def test_without_the_extension_there_is_no_empty_call(monkeypatch):
    monkeypatch.setattr(extension, "_extension", lambda: None)
    assert extension.empty_call() is None
    found = peak.measure_peak(2, side=16)
    assert found.multiply_adds_per_second > 0
    assert "in a float32 product of 16 x 16 on one thread" in found.measured_by


def test_the_share_of_the_peak():
    assert peak.Peak(1e9, "").share(multiply_adds=5_000, microseconds=10.0) == pytest.approx(0.5)


def test_the_machine_is_json_values_and_names_processor_and_versions():
    facts = machine()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["processor"]
    assert facts["cores"] >= 1
    assert facts["packages"]["torch"]


@pytest.mark.parametrize(
    ("key", "flags", "vectors", "bfloat16"),
    [
        ("flags", "fpu avx2 fma avx512f amx_bf16", ["avx2", "fma", "avx512f", "amx_bf16"], True),
        ("flags", "fpu avx2 fma", ["avx2", "fma"], False),
        ("Features", "fp asimd bf16", ["asimd", "bf16"], True),
        ("flags", "", [], False),
    ],
)
def test_vector_instructions_are_read_from_the_systems_list(monkeypatch, key, flags, vectors, bfloat16):
    from glassnet.run.bench import machine as module

    monkeypatch.setattr(module, "_cpuinfo", lambda asked: flags if asked == key else "")
    assert vector_instructions() == vectors
    assert has_bfloat16() is bfloat16
