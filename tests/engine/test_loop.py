"""The loop: the order of the hooks, what callbacks may do, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from glassnet.engine.history import History
from glassnet.engine.loop import HOOKS, Loop, Stop
from glassnet.errors import RecipeError


def loop(callbacks=(), epochs=2, step=None, validate=None):
    """Two steps an epoch on a net of one weight."""
    net = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    step = step or (lambda batch: {"loss": net(batch).square().mean()})
    batches = [torch.ones(3, 1), torch.ones(2, 1)]
    return Loop(net, optimizer, step, lambda epoch: batches, epochs, 2, validate, callbacks)


class Diary:
    """A callback that writes down each hook, and stops or fails at one of them."""

    def __init__(self, diary, name="", raises=None):
        self.diary, self.name, self.raises = diary, name, raises or {}


def _hook(hook):
    def method(self, loop):
        self.diary.append(f"{self.name}{hook}")
        if hook in self.raises:
            raise self.raises[hook]

    return method


for each in HOOKS:
    setattr(Diary, each, _hook(each))

BATCH = ["batch_begin", "after_backward", "batch_end"]
EPOCH = ["epoch_begin", *BATCH, *BATCH, "measured", "epoch_end"]


def test_the_hooks_are_at_most_eight_and_come_in_the_documented_order():
    diary = []
    history = loop([Diary(diary)]).fit()
    assert len(HOOKS) <= 8
    assert diary == ["fit_begin", *EPOCH, *EPOCH, "fit_end"]
    assert history.stopped == "epochs"


@pytest.mark.parametrize("hook", HOOKS[:-1])
def test_a_stop_ends_the_run_after_the_other_callbacks_saw_the_hook(hook):
    diary = []
    run = loop([Diary(diary, "a ", {hook: Stop("enough")}), Diary(diary, "b ")])
    history = run.fit()
    assert history.stopped == "callback: enough"
    assert diary[-4:] == [f"a {hook}", f"b {hook}", "b fit_end", "a fit_end"]


@pytest.mark.parametrize("reason", ["early_stopping", "budget", "interrupted"])
def test_reasons_of_our_own_stay_as_they_are(reason):
    assert loop([Diary([], "", {"batch_end": Stop(reason)})]).fit().stopped == reason


def test_ctrl_c_ends_the_run_in_good_order():
    diary = []
    history = loop([Diary(diary, "", {"after_backward": KeyboardInterrupt()})]).fit()
    assert history.stopped == "interrupted"
    assert diary[-1] == "fit_end"


def test_after_an_error_every_callback_still_ends_in_reverse_order_even_if_one_fails():
    diary = []
    run = loop(
        [
            Diary(diary, "a "),
            Diary(diary, "b ", {"fit_end": OSError("disk full")}),
            Diary(diary, "c ", {"batch_end": ZeroDivisionError()}),
        ]
    )
    with pytest.raises(OSError, match="disk full") as caught:
        run.fit()
    assert isinstance(caught.value.__context__, ZeroDivisionError)
    assert diary[-3:] == ["c fit_end", "b fit_end", "a fit_end"]
    assert run.history.stopped is None


def test_the_train_loss_is_the_weighted_mean_over_batches():
    net = torch.nn.Linear(1, 1)
    losses = iter([(1.0, 3), (2.0, 1), (10.0, torch.tensor(2.0)), (40.0, torch.tensor(1.0))])

    def step(batch):
        value, weight = next(losses)
        return {"loss": net(batch).sum() * 0 + value, "weight": weight}

    history = loop(step=step).fit()
    assert [record.train_loss for record in history] == [(3 * 1 + 1 * 2) / 4, (2 * 10 + 40) / 3]
    assert loop().fit()[0].train_loss >= 0


def test_a_callback_can_add_metrics_before_the_record_is_written():
    class Adds:
        def measured(self, loop):
            loop.metrics["twice"] = 2 * loop.validation_loss

    history = loop([Adds()], validate=lambda: (0.25, torch.zeros(1))).fit()
    assert history[1].metrics == {"twice": 0.5}
    assert history[1].validation_loss == 0.25


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_epoch_end", "epoch_end"),
        ("epoch_ended", "epoch_end"),
        ("batch_begins", "batch_begin"),
        ("fit_ends", "fit_end"),
    ],
)
def test_a_method_that_only_looks_like_a_hook_is_an_error(name, meant):
    wrong = type("Wrong", (), {name: lambda self, loop: None, "fit_end": lambda self, loop: None})
    with pytest.raises(RecipeError) as caught:
        loop([wrong()])
    assert str(caught.value) == (
        f"a callback's public methods must be hooks, however: Wrong.{name}; did you mean {meant!r}?"
    )


def test_an_object_without_hooks_and_a_class_are_errors_and_all_are_told():
    with pytest.raises(RecipeError) as caught:
        loop([object(), Diary])
    assert len(caught.value.problems) == 2
    assert "object has none; add one of fit_begin" in caught.value.problems[0]
    assert "Diary is a class; write it with ()" in caught.value.problems[1]


def test_other_public_methods_of_a_callback_are_its_own_business():
    kind = type("Plots", (), {"show": lambda self: None, "fit_end": lambda self, loop: None})
    assert loop([kind()]).fit().stopped == "epochs"


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (None, "it returned NoneType"),
        (torch.ones(()), "it returned Tensor"),
        ({"los": 1}, r"its keys are \['los'\], and the loss is NoneType"),
        ({"loss": 0.5}, "the loss is float"),
        ({"loss": torch.ones(3, requires_grad=True)}, r"the loss has shape \(3,\)"),
        ({"loss": torch.ones(())}, "the loss has no gradient"),
    ],
)
def test_a_step_that_returns_no_loss_is_an_error(outcome, found):
    with pytest.raises(RecipeError, match=found):
        loop(step=lambda batch: outcome).fit()


def test_a_history_that_has_not_stopped_is_continued_and_one_that_has_is_left_alone():
    run = loop()
    assert len(run.fit()) == 2
    run.epochs = 3
    assert len(run.fit()) == 2
    run.history.stopped = None
    net = run.net
    again = Loop(net, run.optimizer, run.step, run.batches, 3, 2, history=run.history, epoch=2, step_count=4)
    assert [record.epoch for record in again.fit()] == [1, 2, 3]
    assert isinstance(again.history, History)
    assert again.step_count == 6
