"""What crosses from the rows held back to the training rows although no single column gives the target away.

Each check returns a warning with its figures, or None. Nothing is left out because of it: the split is at
fault, or an identifier that is no input anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from glassnet.data.leak_facts import (
    FEW,
    ROWS,
    SURE,
    Leak,
    Seen,
    Sides,
    chi_square_deviation,
    connection,
    days,
    dense,
    look,
    ranks,
    scatter,
)
from glassnet.errors import message

if TYPE_CHECKING:
    from glassnet.data.giveaways import Answers
    from glassnet.data.leak_facts import Codes, Floats, Mask
    from glassnet.data.roles import ColumnRole

_FEWEST_GROUPS = 10
_PARTS = 20


def identifier_leak(column: Seen, cells: pl.Series, answers: Answers, others: Sequence[Seen]) -> Leak | None:
    """Warn of an identifier that predicts the target beyond what the order in time explains.

    Args:
        cells: the identifier's cells, of which a text's digits are its number.
        others: the other columns; one that runs along with the identifier (a date, a year) explains it.
    """
    numbers = column.numbers
    if numbers is None:
        digits = cells.cast(pl.String).str.extract(r"(\d+)\D*$", 1).cast(pl.Float64, strict=False)
        numbers = digits.fill_null(np.nan).to_numpy()
    full = ~np.isnan(numbers)
    if full.mean() < 0.9 or full.sum() < 50:
        return None
    number_codes = dense(numbers[full])
    if number_codes.max() < FEW:
        return None
    parts_count = min(_PARTS, int(full.sum()) // 10)
    parts = np.minimum((ranks(number_codes) * parts_count).astype(np.int64), parts_count - 1)
    told = _told_by(parts, answers, full)
    sure = connection(parts, answers.parts[full])
    if told < 0.2 or sure < SURE:
        return None
    if any(_runs_along(other, numbers, full) for other in others):
        return None
    name = column.name
    finding = f"{name} alone tells {told:.0%} of {answers.name}"
    sentence = message(
        f"an identifier must say nothing of the target {answers.name!r}",
        f"{told:.0%} of its variance goes with which of {parts_count} parts of {name!r} a row is in",
        f"rows may be sorted or numbered by the target: keep {name!r} out and ask how they came about",
    )
    return Leak("identifier", (name,), finding, sentence, {"explained": told, "deviations": sure})


def _runs_along(other: Seen, numbers: Floats, full: Mask) -> bool:
    """Say whether a column (a date, a year) rises or falls with an identifier, and so explains it as time."""
    filled = full & ~other.empty
    if other.numbers is None or other.levels < 2 or filled.mean() < 0.5:
        return False
    steps = np.diff(other.numbers[filled][np.argsort(numbers[filled], kind="stable")])
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return min(up, down) <= 0.01 * len(steps) and up + down > 0


def _correlation(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else 0.0


def _told_by(parts: Codes, answers: Answers, rows: Mask) -> float:
    """Return the share of the target's variance that parts explain, less what they would by chance.

    For classes: of the variance of their indicators (Goodman and Kruskal's tau).
    """
    codes = answers.codes[rows]
    if answers.numbers is None:
        columns = [(codes == each).astype(np.float64) for each in range(min(int(codes.max()) + 1, 50))]
    else:
        columns = [ranks(dense(codes))]
    counts = np.maximum(np.bincount(parts), 1)
    inside = total = 0.0
    for values in columns:
        means = np.bincount(parts, weights=values) / counts
        inside += float(np.sum((values - means[parts]) ** 2))
        total += float(np.sum((values - values.mean()) ** 2))
    if total == 0 or len(codes) <= len(counts):
        return 0.0
    return 1 - inside / total * (len(codes) - 1) / (len(codes) - len(counts))


def group_leak(sides: Sides, role: ColumnRole, target: ColumnRole) -> Leak | None:
    """Warn of groups of rows (patients, days) that share the target and lie on both sides of the split."""
    rows = _whole_groups(sides, role.name)
    if len(rows) < 2 * _FEWEST_GROUPS:
        return None
    groups, answer = look(sides.cells(role.name, rows), role), look(sides.cells(target.name, rows), target)
    full = ~groups.empty & ~answer.empty
    if role.role == "number" and (
        groups.numbers is None or not _names_groups(groups.numbers[full], answer.codes[full])
    ):
        return None
    same, expected, count = _constant_share(groups.codes[full], answer.codes[full])
    if (
        count < _FEWEST_GROUPS
        or (1 - same) > 0.05 * (1 - expected)
        or (1 - expected) * count < _FEWEST_GROUPS
    ):
        return None
    known = sides.cells(role.name, sides.train).cast(pl.String).unique().drop_nulls()
    split = float(sides.cells(role.name, sides.held).cast(pl.String).is_in(known.implode()).mean() or 0)  # type: ignore[arg-type]
    if split < 0.2:
        return None
    sentence = message(
        "rows that share their target must be on one side of the split",
        f"{target.name!r} is the same in all rows of a {role.name!r} ({same:.0%}), and {split:.0%} "
        f"of the {sides.name} rows have a {role.name!r} that is in the training rows too",
        f"split by it: --{sides.name} group:{role.name}",
    )
    evidence = {"same_target": same, "by_chance": expected, "groups": float(count), "known_rows": split}
    return Leak(
        "group", (role.name,), f"{target.name} is the same within each {role.name}", sentence, evidence
    )


def _whole_groups(sides: Sides, name: str) -> Codes:
    """Return training rows that make whole groups: all of them, or a part of the groups if they are many."""
    if len(sides.train) <= ROWS:
        return sides.train
    cells = sides.cells(name, sides.train)
    drawn = cells.hash(seed=1).to_numpy() % np.uint64(len(sides.train) // ROWS + 1) == 0
    return np.asarray(sides.train[drawn][: 2 * ROWS])


def _names_groups(values: Floats, codes: Codes) -> bool:
    """Say whether whole numbers are names: repeated, and neighbouring ones have unlike targets."""
    if len(values) == 0 or (values != np.round(values)).any():
        return False
    number = dense(values)
    counts = np.bincount(number)
    if (counts >= 2).mean() < 0.5:
        return False
    means = np.bincount(number, weights=ranks(dense(codes))) / counts
    return scatter(means, np.arange(len(means))) > 0.5


def _constant_share(groups: Codes, codes: Codes) -> tuple[float, float, int]:
    """Return the share of rows whose group has one target, that expected by chance, and the groups' number.

    Groups of a single row do not count.
    """
    groups = dense(groups)
    sizes = np.bincount(groups)
    several = sizes >= 2
    if not several.any():
        return 0.0, 1.0, 0
    wide = int(codes.max()) + 1
    pairs = np.unique(groups * wide + codes)
    constant = (np.bincount(pairs // wide, minlength=len(sizes)) == 1) & several
    shares = np.bincount(codes) / len(codes)
    shares = shares[shares > 0]
    by_size = {int(size): float(np.sum(shares ** int(size))) for size in np.unique(sizes[several])}
    by_chance = np.array([by_size[int(size)] for size in sizes[several]])
    rows = sizes[several].sum()
    return (
        float(sizes[constant].sum() / rows),
        float((by_chance * sizes[several]).sum() / rows),
        int(several.sum()),
    )


def time_leak(sides: Sides, role: ColumnRole, target: ColumnRole) -> Leak | None:
    """Warn of rows held back that are older than training rows, where the target depends on the time.

    Only if the rows stand in the order of these dates, or the target goes with its neighbours in time: a
    date of birth is no order of events.
    """
    train = days(sides.cells(role.name, sides.train), role.format)
    held = days(sides.cells(role.name, sides.held), role.format)
    known, held = ~np.isnan(train), held[~np.isnan(held)]
    if known.sum() < 100 or len(held) == 0 or np.nanmax(train) < 1.5:
        return None
    older = float((held < np.nanmax(train)).mean())
    if older < 0.2:
        return None
    rows = sides.train[known][: 10 * ROWS]
    moments = train[known][: 10 * ROWS]
    seen = look(sides.cells(target.name, rows), target)
    drift, near = _time_dependence(moments, seen)
    in_order = abs(_correlation(ranks(dense(moments)), np.arange(len(moments), dtype=np.float64))) > 0.9
    if not (drift > 0.05 and in_order) and near < 0.1:
        return None
    sentence = message(
        f"{sides.name} rows must be newer than training rows where the target depends on the time",
        f"{older:.0%} of them are older than the newest training row by {role.name!r}, and "
        f"{max(drift, near):.0%} of the variance of {target.name!r} goes with the time",
        f"the scores are too good for rows yet to come: split by time, e.g. --{sides.name} last:0.2",
    )
    evidence = {"older_rows": older, "explained_by_time": drift, "explained_by_neighbours": near}
    finding = f"{older:.0%} of the {sides.name} rows are older than training rows"
    return Leak("time", (role.name,), finding, sentence, evidence)


def _time_dependence(moments: Floats, target: Seen) -> tuple[float, float]:
    """Return the shares of the target's variance that go with the part of the time, and with neighbours.

    0 where chance explains as much.
    """
    order = np.argsort(moments, kind="stable")
    along = ranks(target.codes)[order]
    count = min(_PARTS, len(along) // 10)
    parts = np.arange(len(along)) * count // len(along)
    off = along - (np.bincount(parts, weights=along) / np.bincount(parts))[parts]
    total, left = float(along @ along - len(along) * along.mean() ** 2), float(off @ off)
    if left <= 0 or total <= 0:
        return float(total > 0), 0.0
    inside = left / (len(along) - count)
    by_time = chi_square_deviation((total - left) / inside, count - 1) > SURE
    drift = 1 - inside * (len(along) - 1) / total
    near = _correlation(off[1:], off[:-1])
    by_neighbours = near * np.sqrt(len(off)) > SURE
    return drift if by_time else 0.0, near if by_neighbours else 0.0
