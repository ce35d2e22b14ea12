"""Wrong arguments of ``fit`` are told before anything is trained, all of them at once."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from glassnet.engine.training import fit
from glassnet.errors import RecipeError

X, Y = np.ones((70, 5)), np.ones(70)


def dense():
    return nn.Sequential(nn.Linear(5, 2), nn.Tanh(), nn.Linear(2, 1))


def test_all_wrong_arguments_are_told_at_once():
    with pytest.raises(RecipeError) as caught:
        fit(
            dense(), X, Y[:-1], loss="mse", optimizer="adamm", lr=0, batch_size=0, epochs=2.5, momentum=1,
            l1=-1, patience=3, schedule="cosin", warmup=1.0, clip=-1, precision="float16", engine="fussed",
            seed=-1,
            device="gpu", sample_weight=np.zeros(70), threads=0, budget=0,
        )  # fmt: skip
    found = [problem.split("however: ")[1] for problem in caught.value.problems]
    assert found == [
        "optimizer='adamm'; did you mean 'adam'?",
        "schedule='cosin'; did you mean 'cosine'?",
        "precision='float16'; did you mean 'bfloat16'?",
        "engine='fussed'; did you mean 'fused'?",
        "device='gpu'; did you mean 'cpu'?",
        "lr=0; write for example lr=0.01",
        "momentum=1; write for example momentum=0.9",
        "l1=-1; write for example l1=0.0001",
        "batch_size=0; write for example batch_size=32",
        "epochs=2.5; write for example epochs=10",
        "warmup=1.0; write for example warmup=0.05",
        "clip=-1; write for example clip=1.0",
        "seed=-1; write for example seed=0",
        "threads=0; write for example threads=1",
        "there are none; pass validation=(X, y), or leave patience out",
        "budget=0; write for example budget=60",
        "X (70, 5), y (69,), sample_weight (70,); pass one entry for each row",
        "shape (70,), lowest 0, sum 0; pass for example np.ones(n)",
    ]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"optimizer": "adam", "momentum": 0.9}, "momentum belongs to sgd and rmsprop"),
        ({"optimizer": "sgd", "nesterov": True}, "nesterov belongs to sgd with a momentum"),
        ({"schedule": "one_cycle", "warmup": 0.1}, "one_cycle has a warm-up of its own"),
        ({"device": "cuda:99"}, "device='cuda:99', and torch sees"),
        ({"validation": [1, 2]}, r"validation must be a tuple \(X, y\)"),
        ({"loss": "mes"}, "did you mean 'mse'"),
        ({"patience": 0, "validation": (np.ones((2, 5)), np.ones(2))}, "patience=0"),
        ({"callbacks": [object()]}, "a callback must have a hook"),
        ({"validation": (np.ones((2, 5)), np.ones(3))}, r"validation X \(2, 5\), validation y \(3,\)"),
    ],
)
def test_what_does_not_go_together_is_an_error(options, found):
    with pytest.raises(RecipeError, match=found):
        fit(dense(), X, Y, **{"loss": "mse", "device": "cpu", **options})


def test_bfloat16_of_a_float64_net_is_an_error():
    with pytest.raises(RecipeError, match="the net is float64"):
        fit(dense().double(), X, Y, loss="mse", precision="bfloat16", device="cpu")
