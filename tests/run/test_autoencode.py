"""``gn.autoencode``: beside PCA on rows that it has not seen, resumed to the bit, honest requests (C46)."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.errors import DataError, RecipeError

QUICK = {"net": "dense", "epochs": 3, "test": "last:97"}


class SignalsAt:
    """A reporter that sends its own process a signal after an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def phase(self, text: str) -> None: ...

    def progress(self, net, record, done, total, eta) -> None:
        if record is not None and record.epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_linear_one_comes_to_the_error_of_pca_and_never_below_on_its_own_rows_C46():
    found = gn.autoencode("digits", net="linear", code=8, test="last:0.2")
    ratio, (low, high) = found.scores.ratios["pca"]
    assert 0.98 < ratio < 1.02
    assert low <= ratio <= high
    learned = gn.autoencode("digits", net="linear", code=8, test="none")
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    rows = load_digits().data
    pca = PCA(8).fit(rows)
    least = np.square(rows - pca.inverse_transform(pca.transform(rows))).mean()
    ours = np.square(rows - learned.reconstruct(rows)).mean()
    assert least <= ours * (1 + 1e-6) <= 1.02 * least


def test_pictures_go_in_and_come_out_in_their_own_form_and_unit():
    found = gn.autoencode("digits", **QUICK)
    from sklearn.datasets import load_digits

    pictures = load_digits().images[:5]
    codes = found.encode(pictures)
    assert codes.shape == (5, 8)
    rebuilt = found.reconstruct(pictures)
    assert rebuilt.shape == pictures.shape
    np.testing.assert_allclose(found.decode(codes)[..., 0], rebuilt, rtol=1e-5, atol=1e-4)
    assert np.square(rebuilt - pictures).mean() < np.square(pictures - pictures.mean(0)).mean()
    assert found.scores.rows == 97
    assert found.codes.shape == (97, 8)
    with pytest.raises(
        DataError, match=r"pictures must have the shape \(n, 8, 8, 1\), however: it is \(2, 9\)"
    ):
        found.encode(np.zeros((2, 9)))


def test_the_error_is_the_one_that_reconstruct_makes():
    found = gn.autoencode("digits", **QUICK)
    from sklearn.datasets import load_digits

    held_out = load_digits().images[-97:]
    assert found.scores.error == pytest.approx(
        np.square(found.reconstruct(held_out) - held_out).mean(), rel=1e-4
    )
    mean = load_digits().images[:-97].mean(0)
    assert found.scores.baselines["mean"][0] == pytest.approx(np.square(held_out - mean).mean(), rel=1e-4)


@pytest.mark.parametrize("net", ["transposed", "upsampling"])
def test_convolutions_learn_too_C46(net):
    images = np.random.default_rng(0).random((60, 9, 7, 3))
    found = gn.autoencode(images, net=net, code=3, epochs=2, batch_size=16)
    assert found.history[1].train_loss < found.history[0].train_loss
    assert found.reconstruct(images[:2]).shape == (2, 9, 7, 3)


def test_small_pictures_get_convolutions_and_others_a_dense_net_where_none_is_asked_for():
    chance = np.random.default_rng(0)
    nets = [
        gn.autoencode(chance.random(s), code=2, epochs=1).request.net
        for s in ((30, 6, 6), (30, 17, 17), (30, 9))
    ]
    assert nets == ["upsampling", "dense", "dense"]


def test_noise_is_removed_where_the_code_is_long_enough_C46():
    chance = np.random.default_rng(0)
    points = chance.normal(size=(400, 2)) @ chance.normal(size=(2, 12))
    found = gn.autoencode(points, net="dense", code=2, noise=0.1, epochs=20, seed=1)
    noisy, rebuilt = found.denoising
    assert rebuilt < noisy / 2


def test_a_run_that_was_interrupted_ends_with_the_bits_of_one_left_alone():
    whole = gn.autoencode("digits", **QUICK, out="whole")
    stopped = gn.autoencode("digits", **QUICK, out="cut", reporter=SignalsAt(2))
    assert stopped.history.stopped == "interrupted"
    assert not Path("cut/result.json").exists()
    again = gn.autoencode(resume="cut")
    assert again.history.to_json() == whole.history.to_json()
    for name, each in whole.net.state_dict().items():
        assert np.array_equal(each.numpy(), again.net.state_dict()[name].numpy()), name


def test_the_folder_has_all_that_is_needed_to_look_and_to_go_on():
    found = gn.autoencode("digits", **QUICK, out="run")
    assert {each.name for each in Path("run").iterdir()} == {
        *(
            "recipe.toml",
            "plan.json",
            "history.jsonl",
            "checkpoints",
            "pictures.png",
            "latent.png",
            "result.json",
        )
    }
    assert len(Path("run/history.jsonl").read_text().splitlines()) == 3
    assert (
        json.loads(Path("run/result.json").read_text())["metrics"]["test"]["error_per_pixel"]
        == found.scores.error
    )
    with Image.open("run/pictures.png") as grid:
        assert grid.size == (12 * 66 - 2, 3 * 66 - 2)  # as they are, with noise, and rebuilt


def test_a_finished_run_returns_its_result_and_trains_no_more():
    whole = gn.autoencode("digits", **QUICK, out="run")
    before = Path("run/checkpoints/net.ckpt").read_bytes()
    again = gn.autoencode(resume="run")
    assert again.scores == whole.scores
    assert Path("run/checkpoints/net.ckpt").read_bytes() == before


def test_arrays_are_passed_in_again_and_must_be_the_same():
    points = np.random.default_rng(0).random((50, 4))
    gn.autoencode(points, code=2, epochs=2, out="run")
    assert len(gn.autoencode(points, resume="run").history) == 2
    with pytest.raises(RecipeError, match="goes on only with the data that it began with"):
        gn.autoencode(points + 1, resume="run")
    with pytest.raises(DataError, match="a run that began with an array needs it again"):
        gn.autoencode(resume="run")


def test_a_budget_gives_fewer_epochs_and_writes_them_down():
    found = gn.autoencode("digits", net="dense", epochs=100_000, budget=3, out="run")
    planned = json.loads(Path("run/plan.json").read_text())["epochs"]
    assert 1 <= planned < 100_000
    assert found.history.stopped in ("epochs", "budget")
    assert len(found.history) <= planned


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"net": "desne"}, "net must be one that is known, however: net='desne'"),
        ({"code": 0}, "code must be right: input should be greater than or equal to 1"),
        ({"code": 65}, "code must be shorter than a row, however: code=65 for 64 numbers"),
        ({"test": "group:x"}, "test must be a share or a number of pictures"),
        ({"test": "last:5000"}, "must leave rows on both sides"),
        ({"budget": "soon"}, "a time must be a number"),
        ({"seed": -1, "lr": 0}, "2 problems"),
    ],
)
def test_wrong_requests_are_refused_in_words_and_leave_no_folder(options, found):
    with pytest.raises((RecipeError, DataError), match=found):
        gn.autoencode("digits", **{**QUICK, **options}, out="run")
    assert not Path("run/recipe.toml").exists()


def test_to_go_on_nothing_else_may_be_asked_for():
    gn.autoencode("digits", **QUICK, out="run")
    with pytest.raises(RecipeError, match=r"as it was asked for, however: there is also code, lr"):
        gn.autoencode(code=4, lr=0.1, resume="run")
    with pytest.raises(DataError, match=r"holds a run of another kind"):
        gn.gan(resume="run")
    with pytest.raises(DataError, match=r"must name a folder without a run"):
        gn.autoencode("digits", **QUICK, out="run")


def test_points_have_no_convolutions_and_pictures_that_do_not_differ_teach_nothing():
    with pytest.raises(RecipeError, match="net=upsampling needs pictures"):
        gn.autoencode(np.random.default_rng(0).random((20, 5)), net="upsampling", code=2)
    with pytest.raises(DataError, match="pictures must differ, however: every number is 3"):
        gn.autoencode(np.full((20, 4, 4), 3.0))


def test_a_latent_map_shows_codes_as_they_lie():
    flat = gn.autoencode("digits", **{**QUICK, "code": 2})
    view = gn.latent_map(flat)
    assert view.method == "code"
    assert np.array_equal(np.sort(view.points, axis=0), np.sort(flat.codes.astype(float), axis=0))
    deep = gn.autoencode("digits", **QUICK)
    view = gn.latent_map(deep)
    assert view.method == "pca"
    assert 0 < view.explained <= 1
    assert gn.latent_map(deep, "tsne").points.shape == (97, 2)
    assert len(gn.plot_latent_map(view).axes[0].collections) == 10


@pytest.mark.slow
@pytest.mark.parametrize("test", ["last:0.2", "random:0.2"])
def test_the_best_one_that_is_not_linear_halves_the_error_of_pca_on_held_out_digits_C46(test):
    found = gn.autoencode("digits", code=8, test=test)
    assert found.scores.ratios["pca"][0] < 0.5
