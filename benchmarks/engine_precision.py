"""bfloat16 beside float32 on wide nets, where the processor has units for it: time a step, and accuracy."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from engine_claims import Claim, at_least
from measure import show_progress, table

import glassnet as gn
from glassnet.run.bench.contest import Contender, Pace, contest
from glassnet.run.bench.figures import spread
from glassnet.run.bench.machine import has_bfloat16, vector_instructions
from glassnet.run.bench.ours import FitTraining
from glassnet.run.bench.peers import torch_net
from glassnet.run.bench.workloads import Problem, Workload, problem

NETS = (Workload((784, 512, 512, 10), 512), Workload((1024, 1024, 1024, 10), 256))
WAYS = [
    Contender("gn.fit, float32", FitTraining, ours=True),
    Contender("gn.fit, bfloat16", partial(FitTraining, precision="bfloat16"), ours=True),
]
LEARNED, EPOCHS = 4_096, 5


def precision(pace: Pace) -> tuple[dict[str, Any], list[Claim]]:
    """Measure and print both precisions; without units for bfloat16 say so."""
    if not has_bfloat16():
        print(
            f"bfloat16: this processor is not known to compute in it ({', '.join(vector_instructions())})\n"
        )
        return {}, []
    found: dict[str, Any] = {}
    claims = []
    lines = [
        ("net", "times faster in bfloat16", "float32, µs", "bfloat16, µs", "accuracy float32", "bfloat16")
    ]
    for net in NETS:
        outcome = contest(net, WAYS, pace, show_progress)
        ratio = outcome.steps["gn.fit, float32"].over(outcome.steps["gn.fit, bfloat16"])
        right = [accuracy(net, each) for each in ("float32", "bfloat16")]
        found[net.name] = outcome.to_dict() | {"accuracy": right}
        steps = [spread(outcome.steps[each.name]) for each in WAYS]
        lines.append((net.name, spread(ratio), *steps, *(f"{each:.3f}" for each in right)))
        claims.append(at_least(f"{net.name}: times faster in bfloat16 than in float32", 2.0, ratio))
    show_progress("")
    table(lines)
    print()
    return found, claims


def accuracy(net: Workload, precision: str) -> float:
    """Train a few epochs and return the share of other rows that get their class."""
    made = problem(net, rows=2 * LEARNED)
    learned, judged = slice(LEARNED), slice(LEARNED, None)
    module = torch_net(Problem(net, made.X, made.y, made.start))
    gn.fit(
        module,
        made.X[learned],
        made.y[learned],
        loss=net.loss,
        optimizer=net.optimizer,
        batch_size=net.batch,
        epochs=EPOCHS,
        device="cpu",
        precision=precision,
    )
    with torch.no_grad():
        answers = module(torch.from_numpy(made.X[judged])).argmax(1).numpy()
    return float(np.mean(answers == made.y[judged]))
