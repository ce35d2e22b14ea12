"""docs/format.md says enough: a second reader, made from that page without Glassnet, gives the same answers.

It knows plain zip and JSON, NumPy and dates, and takes well-formed files and rows as given.
"""

from __future__ import annotations

import datetime
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODELS = sorted((Path(__file__).parent / "golden").glob("v1/models/*.glass"))
DTYPES = {"BOOL": "|b1", "F32": "<f4", "F64": "<f8", "I64": "<i8"}


def read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with zipfile.ZipFile(path) as file:
        manifest = json.loads(file.read("glassnet.json"))["manifest"]
        weights = file.read("weights.safetensors")
    size = int.from_bytes(weights[:8], "little")
    arrays = {}
    for name, entry in json.loads(weights[8 : 8 + size]).items():
        start, stop = entry["data_offsets"]
        piece = weights[8 + size :][start:stop]
        arrays[name] = np.frombuffer(piece, DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return manifest, arrays


def units_of_date(column: dict[str, Any], cell: str) -> list[float]:
    date = datetime.datetime.strptime(cell, column["format"])
    year = date.year
    days = 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
    parts = {"month": date.month, "weekday": date.isoweekday(), "hour": date.hour}
    units = [] if column["year"] is None else [(year - column["year"]["mean"]) / column["year"]["scale"]]
    units += [float(parts[each["part"]] == value) for each in column["parts"] for value in each["values"]]
    angle = 2 * math.pi * (date.timetuple().tm_yday - 1) / days
    return units + [math.sin(angle), math.cos(angle)] * column["day_of_year"]


def units_of(column: dict[str, Any], cell: Any) -> list[float]:
    if column["kind"] == "category":
        count, missing, other = len(column["levels"]), column["missing"], column["other"]
        at = None
        if cell in column["levels"]:
            at = column["levels"].index(cell)
        elif cell is None:
            at = count if missing else None
        elif other:
            at = count + missing
        return column["shares"] if at is None else np.eye(count + missing + other)[at].tolist()
    means = {"number": [0.0], "boolean": [column.get("share")]}.get(column["kind"]) or column["means"]
    if cell is None:
        return [0.0] * len(means) + [1.0] if column["missing"] else means
    if column["kind"] == "number":
        units = [(cell - column["mean"]) / column["scale"]]
        if column["knots"]:
            units = [float(np.interp(cell, column["knots"], column["scores"]))]
    elif column["kind"] == "boolean":
        units = [float(column["words"].index(cell.lower()))]
    else:
        units = units_of_date(column, cell)
    return [*units, 0.0] if column["missing"] else units


def layer(x: np.ndarray, kind: dict[str, Any], arrays: dict[str, np.ndarray]) -> np.ndarray:
    name = kind["layer"]
    if name == "linear":
        return x @ arrays["weight"].T + (arrays["bias"] if kind["bias"] else 0)
    if name == "batch_norm":
        x = (x - arrays["running_mean"]) / np.sqrt(arrays["running_var"] + 1e-5)
        return x * arrays["weight"] + arrays["bias"]
    if name == "layer_norm":
        x = x - x.mean(axis=1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
        return x * arrays["weight"] + arrays["bias"]
    functions = {
        "dropout": lambda x: x,
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0),
        "silu": lambda x: x / (1 + np.exp(-x)),
        "gelu": lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2,
    }
    return functions[name](x)


def below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): each for name, each in arrays.items() if name.startswith(prefix)}


def through(layers: list[dict[str, Any]], x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    for place, kind in enumerate(layers):
        x = layer(x, kind, below(f"{place}.", arrays))
    return x


def network(net: dict[str, Any], x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    if net["kind"] == "stack":
        return through(net["layers"], x, arrays)
    units, members = [x], net["members"]
    for place, number in enumerate(net["numbers"]):
        frequency, phase, bias = (
            arrays[f"periodic.{name}"].reshape(len(net["numbers"]), -1)[place]
            for name in ("frequency", "phase", "sums.bias")
        )
        waves = np.cos(frequency * x[:, number, None] + phase)
        units.append(np.maximum(0, waves @ arrays["periodic.sums.weight"][place] + bias))
    seen, signs = np.concatenate(units, axis=1), arrays["signs"].reshape(members, -1)
    weight, bias = arrays["output.weight"], arrays["output.bias"].reshape(members, -1)
    trunk = below("trunk.", arrays)
    z = np.stack(
        [through(net["trunk"], seen * signs[m], trunk) @ weight[m] + bias[m] for m in range(members)]
    )
    if net["average"] == "softmax":
        return np.log((np.exp(z) / np.exp(z).sum(axis=2, keepdims=True)).mean(axis=0))
    return z.mean(axis=0)  # there are no others among the golden models


def number(target: dict[str, Any], z: np.ndarray) -> np.ndarray:
    """Give answers in the user's units."""
    v = z * target["scale"] + target["mean"]
    if target["on"] == "sqrt":
        return np.maximum(v, 0) ** 2
    return (
        np.maximum(np.exp(np.minimum(v, math.log(1e30))) - target["shift"], 0) if target["on"] == "log" else v
    )


def answers(manifest: dict[str, Any], z: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Give the answers, and for classes the probabilities."""
    task, targets = manifest["plan"]["task"], manifest["schema"]["targets"]
    if task in ("binary", "multiclass"):
        z = np.concatenate([np.zeros_like(z), z], axis=1) if task == "binary" else z
        chances = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        levels = [
            int(each) if targets[0]["written"] == "whole number" else each for each in targets[0]["levels"]
        ]
        return [levels[place] for place in chances.argmax(axis=1)], chances
    if task == "poisson":
        values = targets[0]["mean"] * np.exp(np.clip(z, -60, 60))
    else:
        values = np.stack([number(each, z[:, place]) for place, each in enumerate(targets)], axis=1)
    return (values if task == "multioutput" else values[:, 0]).tolist(), values


def linear_answers(manifest: dict[str, Any], linear: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Give what the linear baseline answers: it is in the user's units already, but for classes."""
    task = manifest["plan"]["task"]
    if task in ("binary", "multiclass"):
        return answers(manifest, linear)
    values = np.exp(np.clip(linear, -60, 60)) if task == "poisson" else linear
    return values.tolist(), values


def intervals(arrays: dict[str, np.ndarray], values: np.ndarray, coverage: float) -> np.ndarray:
    """Give both ends of the intervals of values. Shape: (rows, targets) -> (2, rows, targets)."""
    found = {name.removeprefix("conformal."): each for name, each in arrays.items()}
    rank = math.ceil((found["scores"].shape[1] + 1) * coverage - 1e-9)
    half = [
        found["scores"][target, rank - 1] * np.interp(column, found["levels"][target], found["scale"][target])
        for target, column in enumerate(values.T)
    ]
    below, above = (np.stack(half, axis=1) * side for side in found["sides"].T)
    ends = np.stack([values - below, values + above])
    return np.where(found["non_negative"], np.maximum(ends, 0), ends)


def test_there_are_models_to_read():
    assert len(MODELS) == 7
    assert zipfile.is_zipfile(io.BytesIO(MODELS[0].read_bytes()))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_second_reader_gives_the_golden_answers(path):
    manifest, arrays = read(path)
    golden = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    columns = manifest["schema"]["columns"]
    rows = zip(*(golden["rows"][each["name"]] for each in columns), strict=True)
    x = np.array([np.concatenate(list(map(units_of, columns, row))) for row in rows])
    linear = x @ arrays["baseline.weight"].T + arrays["baseline.bias"]
    found, chances = answers(manifest, network(manifest["networks"]["net"], x, below("net.", arrays)))
    if "predict_proba" in golden["answers"]:
        assert found == golden["answers"]["predict"]
        np.testing.assert_allclose(chances, golden["answers"]["predict_proba"], rtol=1e-4)
        truth = np.array(golden["rows"][manifest["schema"]["targets"][0]["name"]])
        weight = np.array(golden["rows"].get(manifest["recipe"]["weight"], np.ones(len(truth))))
        right = np.average(np.array(linear_answers(manifest, linear)[0]) == truth, weights=weight)
        assert right == pytest.approx(golden["answers"]["metrics"]["linear"]["accuracy"])
    else:
        np.testing.assert_allclose(found, golden["answers"]["predict"], rtol=1e-4)
        ends = intervals(arrays, chances, 0.8).reshape(2, *np.shape(found))
        np.testing.assert_allclose(ends, golden["answers"]["predict_interval"], rtol=1e-3, atol=1e-3)
        truth = np.array([golden["rows"][each["name"]] for each in manifest["schema"]["targets"]]).T
        error = np.abs(linear_answers(manifest, linear)[1] - truth).mean()
        assert error == pytest.approx(golden["answers"]["metrics"]["linear"]["mae"])
