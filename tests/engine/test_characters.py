"""Streams of a text, the loss of each character, and the course of a run within a budget."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from glassnet.engine import characters
from glassnet.engine.characters import (
    CarriedStep,
    Streams,
    character_losses,
)
from glassnet.engine.course import Course, CourseSchedule, KeepToBudget
from glassnet.nets.build import build
from glassnet.nets.spec import Recurrent

TEXT = torch.arange(1000, dtype=torch.int32) % 7


def small_net(cell: str = "lstm"):
    return build(Recurrent(symbols=7, inputs=4, cell=cell, layers=2, units=6, outputs=7), seed=1)


def test_every_character_is_followed_by_the_next_of_its_stream_over_the_whole_epoch():
    text = torch.arange(1000, dtype=torch.int32)
    streams = Streams(1000, 8, 30, seed=3)
    batches = list(streams.batches(text, 1))
    assert len(batches) == streams.steps
    assert streams.length == 124
    read, after = (torch.cat(each) for each in zip(*batches, strict=True))
    assert read.shape == (124, 8)
    assert torch.equal((read + 1) % 1000, after.int())
    assert torch.equal((read[1:]), after[:-1].int())
    assert len(torch.unique(read)) == 8 * 124


def test_an_epoch_is_a_function_of_seed_and_number_and_another_one_begins_elsewhere():
    text = torch.arange(1000, dtype=torch.int32)

    def first(seed, epoch):
        return next(Streams(1000, 8, 30, seed).batches(text, epoch))[0]

    assert torch.equal(first(3, 2), first(3, 2))
    assert not torch.equal(first(3, 2), first(3, 1))
    assert not torch.equal(first(3, 2), first(4, 2))


def test_the_epochs_of_a_long_text_read_one_piece_after_another(monkeypatch):
    monkeypatch.setattr(characters, "EPOCH", 200)
    text = torch.arange(1000, dtype=torch.int32)
    streams = Streams(1000, 4, 10, seed=0)
    seen = set()
    for epoch in range(1, 31):
        read = torch.cat([each for each, _ in streams.batches(text, epoch)])
        assert read.numel() == 4 * 49
        seen |= set(read.flatten().tolist())
    assert len(seen) > 990


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_the_net_remembers_goes_on_from_window_to_window_and_gradients_do_not(cell):
    net = small_net(cell).eval()
    step, unbroken = CarriedStep(net, "float32"), net(TEXT[:40].view(-1, 1))[0]
    losses = []
    for start in (0, 10, 20, 30):
        found = step((TEXT[start : start + 10].view(-1, 1), TEXT[start + 1 : start + 11].view(-1, 1).long()))
        losses.append(float(found["loss"].detach()))
        assert all(not each.requires_grad for each in step.state)
    expected = F.cross_entropy(unbroken[:, 0], TEXT[1:41].long(), reduction="none").view(4, 10).mean(1)
    assert losses == pytest.approx(expected.tolist(), rel=1e-5)


def test_an_epoch_begins_with_nothing_remembered():
    step = CarriedStep(small_net(), "float32")
    batch = TEXT[:10].view(-1, 1), TEXT[1:11].view(-1, 1).long()
    with torch.no_grad():
        first, second = step(batch)["loss"], step(batch)["loss"]
        step.forget()
        assert float(step(batch)["loss"]) == float(first) != float(second)


def test_the_losses_of_one_stream_are_those_of_reading_the_text_through():
    net = small_net()
    losses = character_losses(net, TEXT[:150], 1)
    with torch.no_grad():
        answers = net.eval()(TEXT[:149].view(-1, 1))[0][:, 0]
    assert torch.allclose(losses, F.cross_entropy(answers, TEXT[1:150].long(), reduction="none"), atol=1e-5)


def test_parallel_streams_score_every_character_once_after_a_lead_in(monkeypatch):
    monkeypatch.setattr(characters, "LEAD_IN", 60)
    net, text = small_net(), torch.randint(0, 7, (1000,), dtype=torch.int32)
    with torch.no_grad():
        answers = net.eval()(text[:-1].view(-1, 1))[0][:, 0]
    unbroken = F.cross_entropy(answers, text[1:].long(), reduction="none")
    for first in (1, 30, 61, 500):
        assert torch.allclose(character_losses(net, text, first), unbroken[first - 1 :], atol=1e-4)


def test_the_rate_goes_on_without_a_jump_where_a_run_becomes_shorter_and_ends_at_the_lowest():
    course = Course(1000)
    assert course.progress(250) == 0.25
    course.change(500, 600)
    assert [course.progress(step) for step in (500, 550, 600)] == [0.5, 0.75, 1.0]
    assert Course.of(course.facts()) == course
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.0}])
    schedule = CourseSchedule(course, 0.1, "cosine", 0.0)
    rates = []
    for step in (500, 599):
        schedule.batch_begin(SimpleNamespace(step_count=step, optimizer=optimizer))
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.05, 0.0000062], rel=0.01)


@pytest.mark.parametrize(("seconds", "steps"), [(0.5, 205), (0.1, 1000), (0.01, 5000)])
def test_a_run_within_a_budget_becomes_as_long_as_its_pace_allows(monkeypatch, seconds, steps):
    now = [0.0]
    monkeypatch.setattr("glassnet.engine.course.time.monotonic", lambda: now[0])
    course, told = Course(1000), []
    keep = KeepToBudget(course, 102.04 if steps != 205 else 104.59, 5000, lambda: told.append(1))
    loop = SimpleNamespace(step_count=0, steps_per_epoch=100, epochs=10, history=SimpleNamespace(plan={}))
    keep.fit_begin(loop)
    while loop.step_count < course.total:
        now[0] += seconds
        loop.step_count += 1
        keep.batch_end(loop)
    assert abs(course.total - steps) <= 2
    assert loop.epochs == -(-course.total // 100)
    assert bool(told) == (steps != 1000)
    assert not told or loop.history.plan["course"] == course.facts()
