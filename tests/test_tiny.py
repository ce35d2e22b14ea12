"""The whole of Glassnet in seconds: train, look, save, load, answer. When this fails, look here first."""

from __future__ import annotations

import numpy as np

import glassnet as gn


def test_from_a_named_data_set_to_answers_from_a_loaded_file(tmp_path):
    model = gn.train("moons", net="16:tanh", epochs=30, lr=0.02)
    results = model.evaluate()
    assert results.metrics["test"]["accuracy"] > results.baselines["majority"]["test"]["accuracy"] + 0.2
    low, high = results.intervals["test"]["accuracy"]
    assert low <= results.metrics["test"]["accuracy"] <= high

    model.save(tmp_path / "moons.glass")
    again = gn.load(tmp_path / "moons.glass")
    rows = {"x1": [0.0, 1.0, 2.0], "x2": [1.0, -0.5, 0.2]}
    assert np.array_equal(again.predict(rows), model.predict(rows))
    assert np.array_equal(again.predict_proba(rows), model.predict_proba(rows))
