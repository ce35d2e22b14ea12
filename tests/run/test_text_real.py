"""Film reviews (Maas et al. 2011), where a copy is at hand: good answers without the column that tells."""

from __future__ import annotations

import zipfile

import pytest

import glassnet as gn
from glassnet.errors import GlassnetWarning


def test_the_folder_and_its_zip_give_the_same_model(local_data, tmp_path):
    folder = local_data("imdb/folder-sample")
    with zipfile.ZipFile(tmp_path / "sample.zip", "w") as archive:
        for path in sorted(folder.rglob("*.txt")):
            archive.write(path, path.relative_to(folder.parent))
    plain = gn.train(folder, task="text", threads=1)
    packed = gn.train(tmp_path / "sample.zip", task="text", threads=1)
    assert plain.results.rows == {"train": 243, "validation": 27, "test": 30}
    assert plain.results.metrics == packed.results.metrics
    assert plain.results.metrics["test"]["accuracy"] > 0.75


@pytest.mark.slow
def test_all_reviews_are_learned_well_and_their_rating_is_not_used(local_data):
    with pytest.warns(GlassnetWarning, match="16 of 2,500 test texts stand in the training texts too"):
        model = gn.train(local_data("imdb/train.parquet"), task="text")
    assert (model.plan.column, model.schema.target.name) == ("text", "label")
    assert {each.name for each in model.plan.columns if not each.used} == {"label", "rating"}
    assert model.results.metrics["test"]["accuracy"] > 0.91
    assert model.results.metrics["test"]["log_loss"] < 0.23
    assert model.results.leaks[0].kind == "near_duplicates"
    assert model.results.differences["naive_bayes"]["test"]["accuracy"].outcome == "better"
