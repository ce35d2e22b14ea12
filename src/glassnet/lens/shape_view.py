"""The View of shapes: a layer table as text, as JSON and as a plain table in a notebook."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from glassnet.lens.markup import element
from glassnet.lens.numerals import counted
from glassnet.lens.text import aligned

Size = int | str
Shape = tuple[Size, ...]
_TITLES = ("", "layer", "kind", "in", "out", "parameters", "multiply-adds", "memory", "")
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class LayerShape:
    """One layer, or one function that the forward calls, in the order of calls.

    Attributes:
        number: of the call, from 1.
        name: the layer's path in the net ("features.0"), or the function's name ("relu").
        kind: the layer's class, or "function".
        inputs, outputs: shapes of the tensors that go in and come out; "N" is the number of examples.
        parameters: how many numbers it learns; of a layer that is called again, 0.
        repeated: whether the layer was called before.
        multiply_adds: of one example: products in matrix products and convolutions, without biases.
        memory: bytes of its outputs for one example; 0 where they are a look at its inputs.
        arithmetic: of convolutions and pooling: the size of each side with the numbers in the formula.
        problem: why it does not fit; None where it does.
    """

    number: int
    name: str
    kind: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    parameters: int
    repeated: bool
    multiply_adds: int
    memory: int
    arithmetic: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Shapes:
    """The layers of a net with their shapes, in the order of calls.

    Attributes:
        net: the name of its class.
        reading: how the input's shape was understood.
        inputs, outputs: shapes of what goes into the net and comes out of it; "N" is the number of examples.
        layers: one for each call.
        parameters: how many numbers the net has, each counted once; of these ``trained`` can be trained.
        parameter_memory: their bytes.
        multiply_adds, memory: sums over the layers, for one example.
        unused: parameters that no call used, by name.
        problems: what does not fit, why and what to write; empty where all is well.
    """

    net: str
    reading: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    layers: tuple[LayerShape, ...]
    parameters: int
    trained: int
    parameter_memory: int
    multiply_adds: int
    memory: int
    unused: tuple[str, ...]
    problems: tuple[str, ...]

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def __str__(self) -> str:
        lines = [self._head(), "", aligned([_TITLES, *map(_cells, self.layers)], left=5)]
        sizes = [(f"{each.number}", each.name, line) for each in self.layers for line in each.arithmetic]
        if sizes:
            lines += ["", "how the sizes come about", aligned([(*each,) for each in sizes], left=3)]
        lines += ["", *self._sums()]
        if self.problems:
            fit = counted(len(self.problems), "thing does", "things do")
            lines += ["", f"{fit} not fit", *(f"  - {each}" for each in self.problems)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = element("tr", *(element("th", each) for each in (*_TITLES, "arithmetic")))
        rows = [
            element("tr", *(element("td", each) for each in (*_cells(layer), "; ".join(layer.arithmetic))))
            for layer in self.layers
        ]
        table = element("table", element("thead", head), element("tbody", *rows))
        sums = [element("p", each) for each in self._sums()]
        problems = [element("li", each) for each in self.problems]
        return element("div", element("p", self._head()), table, *sums, element("ul", *problems))

    def _head(self) -> str:
        outputs = f", out comes {_written(self.outputs)}" if self.outputs else ""
        return f"{self.net}: {self.reading}; in goes {_written(self.inputs)}{outputs}"

    def _sums(self) -> list[str]:
        kept = self.parameters - self.trained
        of_which = f", {kept:,} of them not trained" if kept else ""
        lines = [
            f"{counted(self.parameters, 'parameter')}{of_which} ({memory(self.parameter_memory)}); "
            f"one example takes {self.multiply_adds:,} multiply-adds and {memory(self.memory)} of outputs"
        ]
        if self.unused:
            lines.append(f"never used in forward: {', '.join(self.unused)}")
        return lines


def times(dims: Shape) -> str:
    """Write a shape.

    >>> times((16, 6, 6)), times(("N", 1152)), times(())
    ('16 x 6 x 6', 'N x 1,152', 'one number')
    """
    return " x ".join(f"{each:,}" if isinstance(each, int) else each for each in dims) or "one number"


def memory(count: int) -> str:
    """Write a number of bytes.

    >>> memory(0), memory(999), memory(324_776)
    ('0 B', '999 B', '325 kB')
    """
    size, unit = float(count), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]}"


def _cells(layer: LayerShape) -> tuple[str, ...]:
    parameters = "as above" if layer.repeated else f"{layer.parameters:,}" if layer.parameters else ""
    return (
        str(layer.number),
        layer.name,
        layer.kind,
        _written(layer.inputs),
        _written(layer.outputs),
        parameters,
        f"{layer.multiply_adds:,}" if layer.multiply_adds else "",
        memory(layer.memory) if layer.memory else "",
        "does not fit" if layer.problem else "",
    )


def _written(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(map(times, shapes))
