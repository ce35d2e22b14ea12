"""What a budget for photos has to pay for beside training."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from glassnet.run import image_training


@pytest.mark.parametrize(("train", "settled", "scored"), [(100, 100, 100), (50_000, 4096, 2000)])
def test_a_budget_pays_for_the_photos_that_norms_are_settled_on(monkeypatch, train, settled, scored):
    seen = []
    monkeypatch.setattr(image_training, "budget_of", lambda context, photos, report: seen.append(photos))
    fold = SimpleNamespace(train=np.arange(train), validation=np.arange(7), test=np.arange(5))
    image_training.photo_budget(None, SimpleNamespace(folds=[fold, fold], final=None))
    assert seen == [2 * (settled + scored + 2 * 7 + 5)]
