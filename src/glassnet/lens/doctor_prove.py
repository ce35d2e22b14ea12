"""Trying a change beside the original: the same seeds, weights, rows and order of rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from glassnet.engine.rows import Rows
from glassnet.lens.doctor_changes import Change
from glassnet.lens.doctor_evidence import Suspicion
from glassnet.lens.doctor_run import Case, Floats, Run, run
from glassnet.lens.doctor_view import Finding, Proof
from glassnet.metrics.compare import student_quantile
from glassnet.randomness import derived_seed, stream

NO_CHANGE = "there is no change that could be made from outside"


_OUTCOMES: dict[bool, Literal["confirmed", "withdrawn"]] = {True: "confirmed", False: "withdrawn"}


def proved(found: Sequence[Suspicion], case: Case, seeds: int, own_validation: bool) -> list[Finding]:
    """Return the findings with what came of their changes.

    Each change is made alone, beside the original. Where that does not help and there are other findings, it
    is tried once more with all their changes made on both sides: of two faults one often hides the other.

    Each seed draws other held-out rows (unless the user gave validation rows) and another order of rows.
    As the draws share rows, the variance of the mean is taken as (1 / seeds + held-out / training rows) times
    that between seeds (C. Nadeau and Y. Bengio, 2003).
    """
    cases = list(_seeded(case, seeds, own_validation))
    share = 0.0 if own_validation else len(case.held.y) / len(case.train.y)
    done = []
    for each in found:
        if each.change is None:
            done.append(replace(each.finding, proof=Proof("not tried", NO_CHANGE)))
            continue
        proof = _proof([_pair(one, each.change) for one in cases], each.change, share)
        others = [
            other.change for other in found if other is not each and other.change and _mends(other.change)
        ]
        if proof.outcome != "confirmed" and others and _mends(each.change):
            mended = [_pair(_all_made(others, one), each.change) for one in cases]
            again = _proof(mended, each.change, share, "held-out loss, with the other findings mended,")
            proof = again if again.outcome == "confirmed" else proof
        done.append(replace(each.finding, proof=proof))
    return done


def _mends(change: Change) -> bool:
    return change.expects == "lower" and change.judged is None


def _all_made(changes: Sequence[Change], case: Case) -> Case:
    for each in changes:
        case = each.make(case)
    return case


def _seeded(case: Case, seeds: int, own_validation: bool) -> Iterator[Case]:
    for number in range(seeds):
        seed = (
            case.settings.seed if number == 0 else derived_seed(case.settings.seed, "doctor", number) % 2**31
        )
        again = replace(case, settings=replace(case.settings, seed=seed))
        yield again if own_validation or number == 0 else _split_anew(again, seed)


def _split_anew(case: Case, seed: int) -> Case:
    X, y = (torch.cat(pair) for pair in ((case.train.X, case.held.X), (case.train.y, case.held.y)))
    order = torch.from_numpy(stream(seed, "doctor", "held").permutation(len(y)))
    held, train = order[: len(case.held.y)], order[len(case.held.y) :]
    return replace(case, train=Rows(X[train], y[train]), held=Rows(X[held], y[held]))


def _pair(case: Case, change: Change) -> tuple[float, float]:
    """Return the held-out loss at the end of the original and of the changed training."""
    changed = change.make(case)
    judged = change.judged(case) if change.judged else case
    return _loss(judged, run(case)), _loss(changed, run(changed))


def _loss(case: Case, done: Run) -> float:
    if done.broke is not None or done.last_output is None:
        return math.inf
    return float(case.loss(done.last_output, case.held.y, None))


def _proof(
    pairs: list[tuple[float, float]], change: Change, share: float, measured: str = "held-out loss"
) -> Proof:
    before, after = np.array(pairs).T
    broke = int((~np.isfinite(before)).sum())
    if broke and not np.isfinite(after).all() and change.expects == "lower":
        return Proof("not tried", "the training breaks down before and after: mend the other findings first")
    if broke:
        mended = bool(np.isfinite(after).all())
        helps = mended and change.expects == "lower"
        told = f"{measured}, the original broke down in {broke} of {len(pairs)}:"
        return Proof(_OUTCOMES[helps], told, None, float(after.mean()) if mended else None, seeds=len(pairs))
    if not np.isfinite(after).all():
        return Proof(
            "withdrawn", f"{measured}, the change breaks down:", float(before.mean()), seeds=len(pairs)
        )
    relative = bool((before > 0).all() and (after > 0).all())
    differences = np.log(after / before) if relative else after - before
    mean, reach = float(differences.mean()), math.inf
    if len(pairs) > 1:
        spread = float(differences.std(ddof=1))
        reach = student_quantile(len(pairs) - 1) * spread * math.sqrt(1 / len(pairs) + share)
    helps = mean + reach < 0 if change.expects == "lower" else mean - reach > 0
    difference, low, high = (
        math.expm1(each) if relative else each for each in (mean, mean - reach, mean + reach)
    )
    return Proof(
        outcome=_OUTCOMES[helps],
        measured=measured,
        before=_mean(before, relative),
        after=_mean(after, relative),
        difference=difference,
        interval=(low, high) if math.isfinite(reach) else None,
        relative=relative,
        seeds=len(pairs),
    )


def _mean(losses: Floats, relative: bool) -> float:
    return float(np.exp(np.log(losses).mean())) if relative else float(losses.mean())
