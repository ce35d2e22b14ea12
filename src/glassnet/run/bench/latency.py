"""How long one row takes from Python, beside PyTorch, onnxruntime and a call that does nothing."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from glassnet.engine.threads import using_threads
from glassnet.errors import GlassnetError, message
from glassnet.run.bench.contest import Pace, Progress
from glassnet.run.bench.extension import empty_call
from glassnet.run.bench.figures import Figure, in_turn, units_within
from glassnet.run.bench.ours import new_dense_net
from glassnet.run.bench.peers import torch_net
from glassnet.run.bench.workloads import Floats, Problem, Workload, problem

ANSWERED = (Workload((56, 20, 1), 1, "sigmoid"), Workload((784, 512, 512, 10), 1))
OURS, EMPTY = "Glassnet", "empty call"

Answer = Callable[[], object]


@dataclass(frozen=True)
class Latency:
    """Microseconds for one row of one net, by who answers; who is missing, and why."""

    workload: Workload
    calls: dict[str, Figure]
    missing: dict[str, str]

    def ratio(self, other: str) -> Figure | None:
        """Return how many times as long ``other`` takes; None where one of them is missing."""
        if OURS not in self.calls or other not in self.calls:
            return None
        return self.calls[other].over(self.calls[OURS])

    @property
    def above_empty(self) -> Figure | None:
        """Microseconds that Glassnet takes beyond the empty call."""
        if OURS not in self.calls or EMPTY not in self.calls:
            return None
        pairs = zip(self.calls[OURS].values, self.calls[EMPTY].values, strict=True)
        return Figure(tuple(own - empty for own, empty in pairs))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        above = self.above_empty
        return {
            "net": "-".join(map(str, self.workload.sizes)),
            "microseconds": {name: figure.to_dict() for name, figure in self.calls.items()},
            "above_empty": None if above is None else above.to_dict(),
            "missing": self.missing,
        }


def latency(workload: Workload, pace: Pace, progress: Progress) -> Latency:
    """Ask all in turn for the answer to one row, again and again."""
    made = problem(workload, rows=1)
    found = {
        OURS: glassnet_answer(made),
        "NumPy": numpy_answer(made),
        "PyTorch": torch_answer(made),
        "onnxruntime": onnxruntime_answer(made),
    }
    answers = {name: each for name, each in found.items() if not isinstance(each, str)}
    missing = {name: each for name, each in found.items() if isinstance(each, str)}
    if (empty := empty_call()) is not None:
        answers[EMPTY] = empty
    with using_threads(1), threadpool_limits(1, user_api="blas"), torch.inference_mode():
        calls = {name: units_within(partial(_repeated, each), pace.seconds) for name, each in answers.items()}
        measures = {name: partial(_microseconds, each, calls[name]) for name, each in answers.items()}
        figures = in_turn(measures, pace.rounds, lambda text: progress(f"one row of {workload.name}: {text}"))
    return Latency(workload, figures, missing)


def _repeated(answer: Answer, calls: int) -> int:
    timeit.Timer(answer).timeit(calls)
    return calls


def _microseconds(answer: Answer, calls: int) -> float:
    return 1e6 * timeit.Timer(answer).timeit(calls) / calls


def glassnet_answer(made: Problem) -> Answer | str:
    """The engine's outputs of an array of one row."""
    try:
        net = new_dense_net(made)
    except GlassnetError as error:
        return str(error)
    return partial(net.outputs, made.X)


def numpy_answer(made: Problem) -> Answer:
    """The products and activations written down."""
    layers = [(np.ascontiguousarray(weight.T), bias) for weight, bias in made.start]
    *hidden, (last, offset) = layers
    sigmoid = made.workload.activation == "sigmoid"

    def answer() -> Floats:
        values = made.X
        for weight, bias in hidden:
            sums = values @ weight + bias
            values = 1 / (1 + np.exp(-sums)) if sigmoid else np.maximum(sums, 0)
        return values @ last + offset

    return answer


def torch_answer(made: Problem) -> Answer:
    """The module called in evaluation mode, on a tensor, without gradients."""
    net, row = torch_net(made).eval(), torch.from_numpy(made.X)
    return lambda: net(row)


def onnxruntime_answer(made: Problem) -> Answer | str:
    """A session on one thread, asked through Python."""
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        must, do = "onnxruntime and onnx must be installed to be measured", "pip install 'glassnet[export]'"
        return message(must, str(error), do)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = onnx_model(onnx, made)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": made.X})


def onnx_model(onnx: Any, made: Problem) -> bytes:
    """Write the net as ONNX: one Gemm and one activation a layer."""
    helper, nodes, constants, value = onnx.helper, [], [], "x"
    activation = "Sigmoid" if made.workload.activation == "sigmoid" else "Relu"
    for index, (weight, bias) in enumerate(made.start):
        names = [f"weight{index}", f"bias{index}"]
        arrays = zip((weight, bias), names, strict=True)
        constants += [onnx.numpy_helper.from_array(array, name) for array, name in arrays]
        nodes.append(helper.make_node("Gemm", [value, *names], [f"sum{index}"], transB=1))
        value = f"sum{index}"
        if index < len(made.start) - 1:
            nodes.append(helper.make_node(activation, [value], [f"hidden{index}"]))
            value = f"hidden{index}"
    inputs, outputs = (
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size])]
        for name, size in (("x", made.workload.sizes[0]), (value, made.workload.sizes[-1]))
    )
    graph = helper.make_graph(nodes, "net", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
