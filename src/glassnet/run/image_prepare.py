"""From a request to photos that are ready: found, decoded, cut into folds, and what crosses the folds."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.fitting import in_order
from glassnet.data.image_arrays import BYTES, DIGITS, range_of
from glassnet.data.image_cache import Photos
from glassnet.data.image_classes import class_facts
from glassnet.data.image_copies import duplicates_between, told_duplicates
from glassnet.data.image_found import Wanted, found_photos, read_names
from glassnet.data.image_problems import told
from glassnet.data.image_source import PhotoList
from glassnet.data.leak_facts import Leak
from glassnet.data.roles import ColumnRole
from glassnet.data.split import Fold, RowFacts, make_folds, validation_like
from glassnet.data.targets import MOST_CLASSES, ClassTarget, way_written
from glassnet.errors import DataError, GlassnetWarning, RecipeError, message
from glassnet.notation import SplitSpec, parse_split, write_split
from glassnet.plan.table import ColumnPlan
from glassnet.storage import file_sha256
from glassnet.task import Task, choose_task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.recipe import Recipe
    from glassnet.run.context import Own

TEST_SHARE, MOST_VALIDATED = 0.1, 1000
"""Share of the photos that test and that validate where nothing is said; the latter are so many at most."""
UNEQUAL = 3.0
"""Classes of which one has so many times the photos of another are told to be unequal."""


@dataclass(frozen=True)
class FoundImages:
    """Photos with labels that were found and not yet decoded.

    Attributes:
        photos: those of a ``file:`` test split stand last, under names of their own.
        count: how many are no such ones.
        sha256, test_sha256: of what they were found in.
        names: what the classes are called, by their labels.
        between: of arrays the values of black and white.
    """

    photos: PhotoList
    count: int
    sha256: str
    test_sha256: str | None
    names: dict[str, str]
    between: tuple[float, float]


@dataclass(frozen=True)
class ImagePrepared:
    """Photos with their classes and folds; nothing is fitted yet.

    Attributes:
        photos: what was decoded; those of a ``file:`` test split stand last.
        task: with the classes of all photos.
        truth: the class index of each photo. Shape: (photos,).
        units: what the bootstrap resamples where photos are judged several times, shape (photos,); else None.
        folds: one, or several for ``cv`` and ``repeat``.
        final: for several folds, the fold that trains the model on everything; else None.
        leaks: photos that stand on both sides of the first fold.
    """

    photos: Photos
    found: FoundImages
    task: Task
    truth: NDArray[np.int64]
    units: NDArray[np.int64] | None
    test: str
    validation: str
    folds: tuple[Fold, ...]
    final: Fold | None
    columns: tuple[ColumnPlan, ...]
    leaks: tuple[Leak, ...]


def find_images(recipe: Recipe, own: Own) -> FoundImages:
    """Find the photos that a recipe names.

    Raises:
        DataError: there are none, or none with labels.
        RecipeError: an option does not fit photos.
    """
    test = parse_split(recipe.test) if recipe.test else None
    names = read_names(recipe.names)
    between = DIGITS if recipe.data == "digits" else BYTES
    between = range_of(own.data[0]) if isinstance(own.data, tuple) else between
    asked = Wanted(recipe.column, recipe.target[0] if recipe.target else None, between)
    found = found_photos(recipe.data if own.data is None else own.data, asked)
    found_sha256 = _sha256(recipe.data, found)
    if test is None or test.kind != "file":
        return FoundImages(found, len(found), found_sha256, None, names, between)
    other = found_photos(test.path or "", asked)
    both = _joined(found, other)
    return FoundImages(both, len(found), found_sha256, _sha256(test.path, other), names, between)


def _sha256(data: str | None, found: PhotoList) -> str:
    there = data is not None and Path(data).is_file()
    return file_sha256(Path(data or "")) if there else found.fingerprint


def _joined(found: PhotoList, other: PhotoList) -> PhotoList:
    """Put photos that judge behind the others."""
    count = len(found)

    def read(index: int) -> bytes:
        return found.read(index) if index < count else other.read(index - count)

    return replace(
        found,
        names=(*found.names, *(f"{other.name}: {each}" for each in other.names)),
        labels=(*(found.labels or ()), *(other.labels or ())),
        fingerprint=f"{found.fingerprint[:32]}{other.fingerprint[:32]}",
        problems=(*found.problems, *other.problems),
        read=read,
    )


def prepare_images(recipe: Recipe, found: FoundImages, photos: Photos) -> ImagePrepared:
    """Decide classes and folds of photos that were decoded.

    Raises:
        DataError: the photos, their labels or the split cannot be used.
        RecipeError: the split does not fit photos.
    """
    left = set(photos.names)
    count = sum(each in left for each in found.photos.names[: found.count])
    _warn_of_problems(found, photos)
    labels = [found.names.get(each, each) for each in photos.labels or ()]
    target, task = _task(recipe, found, labels)
    places = {level: place for place, level in enumerate(target.levels)}
    truth = np.array([places[each] for each in labels], dtype=np.int64)
    test, validation = _splits(recipe, count)
    facts = RowFacts(count, None, truth[:count])
    folds = make_folds(facts, SplitSpec("none") if test.kind == "file" else test, validation, recipe.seed)
    final = make_folds(facts, SplitSpec("none"), validation, recipe.seed)[0] if len(folds) > 1 else None
    if test.kind == "file":
        folds = (Fold(folds[0].train, folds[0].validation, np.arange(count, len(labels))),)
    _check_classes(target, truth[folds[0].train])
    return ImagePrepared(
        photos=photos,
        found=found,
        task=task,
        truth=truth,
        units=np.arange(len(labels), dtype=np.int64) if test.kind == "repeat" else None,
        test=write_split(test),
        validation=write_split(validation),
        folds=folds,
        final=final,
        columns=_columns(recipe, found),
        leaks=_copies(photos, folds[0]),
    )


def _splits(recipe: Recipe, count: int) -> tuple[SplitSpec, SplitSpec]:
    test = parse_split(recipe.test) if recipe.test else SplitSpec("random", fraction=TEST_SHARE)
    share = round(min(TEST_SHARE, MOST_VALIDATED / max(count, 1)), 4)
    usual = SplitSpec("random", fraction=share)
    validation = parse_split(recipe.validation) if recipe.validation else usual
    if not recipe.validation and test.kind == "last":
        validation = validation_like(test, RowFacts(0, None))
    problems = []
    if test.kind in ("group", "windows"):
        must, do = "photos must be split by themselves", "write random:0.1, cv:5, file:FOLDER or none"
        problems.append(message(must, f"test={recipe.test!r}", do))
    if validation.has_folds or validation.kind in ("file", "group"):
        must, do = "validation must be one set of photos of the data", "use random:0.1 or none"
        problems.append(message(must, f"validation={recipe.validation!r}", do))
    if problems:
        raise RecipeError(problems)
    return test, validation


def _task(recipe: Recipe, found: FoundImages, labels: list[str]) -> tuple[ClassTarget, Task]:
    name, levels = found.photos.target, in_order(set(labels))
    most = min(MOST_CLASSES, max(2, len(labels) // 2))
    if not 2 <= len(levels) <= most:
        must = f"the photos of {found.photos.name} must be of two classes or more, each with several photos"
        shown = ", ".join(levels[:5])
        do = (
            "add photos of another class"
            if len(levels) < 2
            else "name the column of the labels with --target"
        )
        raise DataError(message(must, f"{len(levels):,} classes in {len(labels):,} photos ({shown})", do))
    written = way_written(levels)
    if written != "whole number" or any(str(int(level)) != level for level in levels):
        written = "text"
    task, reason = choose_task(recipe.task, (ColumnRole(name, "category", ""),), len(levels))
    target = ClassTarget(name=name, levels=levels, written=written)
    return target, Task(task, (target,), "cross_entropy", reason)


def _check_classes(target: ClassTarget, truth: NDArray[np.int64]) -> None:
    """Say where a class has no photo to learn from, and where classes are unequal."""
    facts = class_facts([target.levels[place] for place in truth.tolist()], target.levels)
    none = [level for level, count in facts.counts.items() if not count]
    if none:
        said = f"no training photo is of the class {', '.join(none[:10])}"
        warnings.warn(said, GlassnetWarning, stacklevel=2)
    elif facts.ratio >= UNEQUAL:
        said = f"{facts.told()}; --class-weight balanced makes them count the same"
        warnings.warn(said, GlassnetWarning, stacklevel=2)


def _columns(recipe: Recipe, found: FoundImages) -> tuple[ColumnPlan, ...]:
    photos = found.photos
    used = [
        ColumnPlan(name=recipe.column or "photo", role="photo", reason=photos.name, used=True),
        ColumnPlan(name=photos.target, role="target", reason="the classes", used=False),
    ]
    others = photos.left_out.items()
    return (*used, *(ColumnPlan(name=n, role="other", reason=why, used=False) for n, why in others))


def _warn_of_problems(found: FoundImages, photos: Photos) -> None:
    problems = photos.problems
    if problems:
        many = "1 photo is" if len(problems) == 1 else f"{len(problems):,} photos are"
        said = f"{found.photos.name}: {many} left out:\n{told(problems)}"
        warnings.warn(said, GlassnetWarning, stacklevel=2)


def _copies(photos: Photos, fold: Fold) -> tuple[Leak, ...]:
    """Find photos that judge and stand among the training photos too."""
    known = np.concatenate([fold.train, fold.validation])
    twins = duplicates_between(photos, known, fold.test)
    finding = told_duplicates(photos, twins, len(fold.test))
    if finding is None:
        return ()
    must, do = "test photos must be new to the network", "take the copies out, or trust these scores less"
    share = {"share": len(twins) / len(fold.test)}
    return (Leak("near_duplicates", (), finding, message(must, finding, do), share),)


def class_counts(prepared: ImagePrepared) -> dict[str, dict[str, int]]:
    """Return how many photos of each class each split of the first fold has."""
    classes, fold = prepared.task.classes, prepared.folds[0]
    return {
        name: {
            classes[place]: count for place, count in sorted(Counter(prepared.truth[rows].tolist()).items())
        }
        for name, rows in (("train", fold.train), ("validation", fold.validation), ("test", fold.test))
        if len(rows)
    }
