"""The charts of a report's scores: the network and its baselines, and the differences between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.lens.axes import number_axis, share_axis
from glassnet.lens.charts import Row, row_chart
from glassnet.lens.page_charts import figure
from glassnet.lens.wording import BASELINES, METRICS, SMALLER_IS_BETTER, changed, meaning, score, yardstick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassnet.lens.markup import Markup
    from glassnet.metrics.compare import MainMetric
    from glassnet.results import Results

OUTCOMES = {"better": "network", "worse": "other", "equal": "truth", "cannot be told apart": "truth"}
"""The colour of each outcome."""
LEGEND = (
    ("network", "this network is better"),
    ("other", "it is worse"),
    ("truth", "they cannot be told apart"),
)


def scores_chart(
    results: Results, split: str, metric: MainMetric, target: str, classes: Sequence[str]
) -> Markup:
    """Draw the network and its baselines by one metric, each with its interval."""
    title, known = METRICS[metric][0], results.baseline_intervals
    named = {"network": (results.metrics, results.intervals)}
    named |= {name: (results.baselines.get(name, {}), known.get(name, {})) for name in BASELINES}
    rows = []
    for name, (scores, intervals) in named.items():
        if metric not in scores.get(split, {}):
            continue
        value, interval = scores[split][metric], intervals.get(split, {}).get(metric)
        kind, label = ("network", "this network") if name == "network" else ("other", BASELINES[name])
        rows.append(Row(label, value, score(metric, value, interval), interval, kind))
    sign = 1 if metric in SMALLER_IS_BETTER else -1
    rows.sort(key=lambda row: sign * row.value)
    ends = [end for row in rows for end in (row.value, *(row.interval or ()))]
    if metric == "accuracy":
        axis = share_axis(ends, title, count=4)
    else:
        axis = number_axis(ends, f"{title}, {target}" if metric == "rmse" else title, count=4, zero=True)
    told = "; ".join(f"{each.name} {each.text}" for each in rows)
    simple = yardstick(results, split, metric)
    scale = f" For scale: {simple}." if simple and metric == "log_loss" else ""
    words = f"{title}: {meaning(metric, classes)}.{scale} Dots are scores, lines their 95 % intervals."
    return figure(f"{title}, the best first", words, row_chart(rows, axis, title, told, bars=False))


def differences_chart(results: Results, split: str, metric: MainMetric, target: str) -> Markup | None:
    """Draw the difference to each baseline with its interval; None without baselines."""
    title = METRICS[metric][0]
    known = {name: results.differences.get(name, {}).get(split, {}) for name in BASELINES}
    found = {name: each[metric] for name, each in known.items() if metric in each}
    if not found:
        return None
    size = 100 if metric == "accuracy" else 1
    rows = [
        Row(
            BASELINES[name],
            size * each.difference,
            changed(metric, each.difference, each.interval).removesuffix(" points"),
            None if each.interval is None else (size * each.interval[0], size * each.interval[1]),
            OUTCOMES[each.outcome],
        )
        for name, each in sorted(found.items(), key=lambda item: abs(item[1].difference))
    ]
    ends = [end for row in rows for end in (row.value, *(row.interval or ()))]
    unit = {"rmse": f", {target}", "accuracy": ", points"}.get(metric, "")
    way = "← this network is better" if metric in SMALLER_IS_BETTER else "this network is better →"
    axis = number_axis(ends, f"{way}  ·  difference{unit}", count=4, zero=True)
    words = (
        "Both answer the same rows, so their difference is known better than either score. Where the line of "
        "its 95 % interval crosses 0, the two cannot be told apart."
    )
    kinds = {OUTCOMES[each.outcome] for each in found.values()}
    legend = [(kind, text) for kind, text in LEGEND if kind in kinds]
    told = "; ".join(f"{BASELINES[name]}: {each.outcome}" for name, each in found.items())
    picture = row_chart(rows, axis, f"Differences of {title}", told, bars=False)
    return figure(f"Is the difference of {title} more than luck?", words, picture, legend=legend)
