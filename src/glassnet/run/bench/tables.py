"""What is said of the measurements: ratios first, then the times they come from."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.run.bench.contest import Contest
from glassnet.run.bench.figures import Figure, number, spread, table
from glassnet.run.bench.latency import EMPTY, OURS, Latency
from glassnet.run.bench.machine import machine_text
from glassnet.run.bench.peak import Peak
from glassnet.run.bench.suite import Bench, shares, worst_cells


def report(found: Bench) -> str:
    """Return everything as text."""
    parts = [
        machine_text(found.machine),
        *([] if found.native is None else [f"Without the compiled extension: {found.native}"]),
        ratios_text(found.training),
        latency_text(found.latency),
        *([grid_text(found.grid, found.peak)] if found.grid else []),
        *(contest_text(each, found.peak) for each in found.training),
        missing_text(found),
        how_text(found),
    ]
    return "\n\n".join(part for part in parts if part)


def how_text(found: Bench) -> str:
    """Say how was measured, and what the shares are shares of."""
    billions = number(found.peak.multiply_adds_per_second / 1e9)
    return (
        f"{found.pace.rounds} rounds, everybody in turn: median [quartiles]; ratios within a round.\n"
        f"Peak of one core: {billions} billion multiply-adds a second, {found.peak.measured_by}.\n"
        f"Load before and after: {found.machine['load']}, {found.load_after}."
    )


def ratios_text(contests: Sequence[Contest]) -> str:
    """Say for each net how many times as long as Glassnet the others take."""
    peers = list(dict.fromkeys(name for each in contests for name in each.steps if name not in each.ours))
    own = next((name for each in contests for name in each.ours), None)
    if own is None:
        return "Nothing of Glassnet could be measured."
    rows = [[f"A training step, as a multiple of {own}", *peers]]
    for each in contests:
        ratios = [each.ratio(name, own) for name in peers]
        rows.append([each.workload.name, *("-" if each is None else number(each.median) for each in ratios)])
    return table(rows)


def latency_text(found: Sequence[Latency]) -> str:
    """Say what one row costs, and how much of that is Glassnet's beyond an empty call."""
    peers = list(dict.fromkeys(name for each in found for name in each.calls if name not in (OURS, EMPTY)))
    rows = [["One row, as a multiple of Glassnet", *peers, "µs, Glassnet", "above an empty call"]]
    for each in found:
        cells = [*map(each.ratio, peers), each.calls.get(OURS), each.above_empty]
        name = "-".join(map(str, each.workload.sizes))
        rows.append([name, *("-" if figure is None else spread(figure) for figure in cells)])
    return table(rows)


def contest_text(found: Contest, peak: Peak) -> str:
    """Say for one net who took how long."""
    rows = [[found.workload.name, *(f"times {own}" for own in found.ours), "µs a step", ""]]
    reached = shares(found, peak)
    for name, figure in found.steps.items():
        ratios = [spread(figure.over(found.steps[own])) for own in found.ours]
        rows.append([_with_threads(found, name), *ratios, spread(figure), _share(reached, name)])
    return table(rows)


def _with_threads(found: Contest, name: str) -> str:
    engine = f", {found.engines[name]}" if name in found.engines else ""
    threads = f", {found.threads[name]} threads" if found.threads[name] > 1 else ""
    return f"{name}{engine}{threads}"


def _share(reached: dict[str, float], name: str) -> str:
    return f"{reached[name]:.0%} of the peak" if name in reached else ""


def grid_text(grid: Sequence[Contest], peak: Peak) -> str:
    """Say for many nets how many times as long PyTorch takes, and where that is least."""
    ways = list(dict.fromkeys(own for each in grid for own in each.ours))
    rows = [["PyTorch's step, as a multiple of", *(cell for own in ways for cell in (own, "peak", "µs"))]]
    for each in grid:
        rows.append([each.workload.name, *(cell for own in ways for cell in _grid_cells(each, own, peak))])
    worst = [
        f"worst for {own}: {spread(ratio)} times, at {where.workload.name}"
        for own, (where, ratio) in worst_cells(tuple(grid)).items()
    ]
    return "\n".join([table(rows), *worst])


def _grid_cells(found: Contest, own: str, peak: Peak) -> list[str]:
    ratio: Figure | None = found.ratio("PyTorch", own)
    if ratio is None:
        return ["-", "-", "-"]
    share = shares(found, peak)[own]
    return [spread(ratio), f"{share:.0%}", number(found.steps[own].median)]


def missing_text(found: Bench) -> str:
    """Say who did not take part, and why; each reason once."""
    reasons: dict[str, list[str]] = {}
    everything: list[Contest | Latency] = [*found.training, *found.latency, *found.grid]
    for each in everything:
        for name, reason in each.missing.items():
            reasons.setdefault(f"{name}: {reason}", []).append(each.workload.name)
    return "\n".join(f"not measured, {reason} ({_some(nets)})" for reason, nets in reasons.items())


def _some(nets: list[str]) -> str:
    return nets[0] if len(nets) == 1 else f"{nets[0]} and {len(nets) - 1} more"
