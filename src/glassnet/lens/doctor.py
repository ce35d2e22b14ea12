"""``diagnose``: what is wrong with a net and its training, with evidence, cause and the smallest change.

A net is copied and trained under the doctor's eyes, so the user's own stays as it is. The rules are functions
in ``doctor_input_rules``, ``doctor_rules`` and ``doctor_training_rules``; ``doctor_prove`` tries changes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from glassnet.engine.threads import using_threads
from glassnet.errors import RecipeError, message
from glassnet.lens import doctor_input_rules, doctor_rules, doctor_training_rules
from glassnet.lens.doctor_evidence import Evidence, Suspicion
from glassnet.lens.doctor_loop import Trainer
from glassnet.lens.doctor_model import ModelRequest
from glassnet.lens.doctor_prove import proved
from glassnet.lens.doctor_record import recorded
from glassnet.lens.doctor_request import Request, Step
from glassnet.lens.doctor_view import TITLES, Diagnosis
from glassnet.model.table import Model

PAIRS = 5

RULES = (*doctor_input_rules.RULES, *doctor_rules.RULES, *doctor_training_rules.RULES)
_BEHIND_UNDERFITTING = {*TITLES} - {"too_few_rows", "overfitting", "constant_prediction", "nothing_to_learn"}
_BEHIND_BREAKDOWN = {"learning_rate_too_high", "exploding_gradients", "inputs_not_scaled"}


def diagnose(
    subject: Model | nn.Module,
    X: Any = None,
    y: Any = None,
    *,
    loss: str | Callable[..., Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    train: Trainer | None = None,
    step: Step | None = None,
    columns: Sequence[str] | None = None,
    prove: bool = False,
    pairs: int = PAIRS,
    **settings: Any,
) -> Diagnosis:
    """Say what is wrong with a net and its training.

        gn.diagnose(net, X, y, loss="mse", optimizer="sgd", lr=0.1, epochs=50)  # as gn.fit would train it
        gn.diagnose(net, X, y, loss="mse", train=my_training)                  # a loop of your own
        gn.diagnose(model, "rides.csv")                                        # a trained Model, and rows

    A net is trained as a copy, from the weights that it has, on four fifths of the rows; the others judge.
    The net itself, its gradients and mode, and all random numbers stay as they are.

    Args:
        subject: a net with its data, or a trained Model.
        X: inputs (n, ...) of the net; for a Model its raw rows with the target, or None: then only what the
            Model itself records is looked at.
        y: targets, as :func:`glassnet.fit` takes them.
        loss: as in ``fit``; with a loop of your own what the answers are judged by.
        validation: (X, y) to judge by; None: a fifth of the rows.
        train: train(net, X, y), your own training: it trains the net that it is given, with an optimiser that
            it makes itself. It is watched while it trains copies.
        step: step(net, optimizer, X, y), one update of your own: it is called for each batch, with the
            optimiser that ``optimizer``, ``lr`` and the like name.
        columns: names of the inputs, for messages.
        prove: whether each change is tried beside the original, from the same seeds. Findings whose change
            does not help are withdrawn.
        pairs: how many pairs of trainings a proof takes, 2 or more.
        settings: the other settings of ``fit``: optimizer, lr, momentum, weight_decay, epochs, ...

    Raises:
        RecipeError: settings or arrays are wrong; every problem is named.
        DataError: rows do not fit the Model.
    """
    with using_threads(1):
        if isinstance(subject, Model):
            given = {"y": y, "loss": loss, "validation": validation, "train": train, "step": step, **settings}
            _check_only_rows({name: each for name, each in given.items() if each is not None})
            if prove and X is None:
                must, do = (
                    "prove=True needs rows to train on",
                    "pass rows with the target; on the command line --data",
                )
                raise RecipeError(message(must, "none were given", do))
            asked = ModelRequest(subject, X)
            evidence, seen, notes = asked.evidence(), asked.seen, asked.notes()
            known = tuple(Suspicion(each) for each in recorded(subject))
        else:
            net = copy.deepcopy(subject)
            evidence, seen, notes = Request(
                net, X, y, loss, validation, train, step, columns, settings
            ).evidence()
            known = ()
        found = suspicions(evidence, known)
        if not prove or evidence is None:
            return Diagnosis(tuple(each.finding for each in found), (), seen, notes)
        done = proved(found, evidence.case, pairs, validation is not None)
    kept = [each for each in done if each.proof is None or each.proof.outcome != "withdrawn"]
    return Diagnosis(tuple(kept), tuple(each for each in done if each not in kept), seen, notes)


def _check_only_rows(given: dict[str, Any]) -> None:
    if given:
        must = "a Model is diagnosed with its own settings: gn.diagnose(model, rows)"
        raise RecipeError(
            message(must, f"there is also {', '.join(given)}", "leave it out, or pass model.net")
        )


def suspicions(seen: Evidence | None, known: tuple[Suspicion, ...] = ()) -> tuple[Suspicion, ...]:
    """Return what the rules say, the finding nearest to the root first; what another explains is left out.

    Args:
        seen: what the rules look at; None: nothing.
        known: what a record says, which stands where no rule finds the same.
    """
    found = [each for rule in RULES for each in rule(seen)] if seen is not None else []
    found += [each for each in known if each.finding.name not in {one.finding.name for one in found}]
    names = {each.finding.name for each in found}
    if names & (_BEHIND_UNDERFITTING - {"underfitting"}):
        found = [each for each in found if each.finding.name != "underfitting"]
    if names & _BEHIND_BREAKDOWN:
        found = [each for each in found if each.finding.name != "not_finite"]
    order = list(TITLES)
    return tuple(sorted(found, key=lambda each: order.index(each.finding.name)))
