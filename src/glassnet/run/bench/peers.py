"""The usual ways to train such a net: PyTorch with indexed batches or a DataLoader, and scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.errors import RecipeError, message
from glassnet.run.bench.workloads import Floats, Problem, Workload

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
}
_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": nn.functional.mse_loss,
    "cross_entropy": nn.functional.cross_entropy,
}
_ACTIVATIONS: dict[str, type[nn.Module]] = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


def torch_net(problem: Problem) -> nn.Sequential:
    """Build the net of plain torch layers, with the weights of the start."""
    modules: list[nn.Module] = []
    workload = problem.workload
    for weight, bias in problem.start:
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        modules += [layer, _ACTIVATIONS[workload.activation]()]
        modules += [nn.Dropout(workload.dropout)] if workload.dropout else []
    return nn.Sequential(*modules[: -2 if workload.dropout else -1])


def torch_parameters(net: nn.Module) -> list[tuple[Floats, Floats]]:
    """Return weight (outputs, inputs) and bias of each linear layer."""
    linear = [each for each in net.modules() if isinstance(each, nn.Linear)]
    return [(each.weight.detach().numpy(), each.bias.detach().numpy()) for each in linear]


class TorchTraining:
    """The plain loop. Without a word torch's optimisers go from one tensor to the next on a CPU."""

    def __init__(self, problem: Problem, fused: bool = False) -> None:
        self.net = torch_net(problem)
        self.X, self.y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
        self.batch, self.loss = problem.workload.batch, _LOSSES[problem.workload.loss]
        implementation = {"fused": True} if fused else {}
        self.optimizer = _optimizer(self.net, problem.workload, **implementation)

    def batches(self) -> Iterable[tuple[Tensor, Tensor]]:
        """Yield an epoch's batches by indexing."""
        for chosen in torch.split(torch.randperm(len(self.X)), self.batch):
            yield self.X[chosen], self.y[chosen]

    def train(self, steps: int) -> int:
        """Make so many steps, epoch by epoch."""
        done = 0
        while done < steps:
            for x, y in self.batches():
                loss = self.loss(self.net(x), y)
                self.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                done += 1
                if done == steps:
                    break
        return done

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight and bias of each layer."""
        return torch_parameters(self.net)


class FusedTraining(TorchTraining):
    """The plain loop with ``fused=True`` in the optimiser, which few write."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, fused=True)


class LoaderTraining(TorchTraining):
    """The loop of the tutorials: TensorDataset and DataLoader, in this process."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        rows = torch.utils.data.TensorDataset(self.X, self.y)
        self.loader = torch.utils.data.DataLoader(rows, batch_size=self.batch, shuffle=True)

    def batches(self) -> Iterable[tuple[Tensor, Tensor]]:
        """Yield an epoch's batches as the loader makes them."""
        return self.loader


def _optimizer(net: nn.Module, workload: Workload, **options: Any) -> torch.optim.Optimizer:
    return _OPTIMIZERS[workload.optimizer](net.parameters(), lr=workload.learning_rate, **options)


class SklearnTraining:
    """MLPRegressor or MLPClassifier, whole calls of ``fit``: quicker than ``partial_fit`` batch by batch."""

    def __init__(self, problem: Problem) -> None:
        workload = problem.workload
        if workload.dropout:
            must = "a net for scikit-learn must have no dropout"
            raise RecipeError(message(must, f"dropout={workload.dropout:g}", "compare without it"))
        self.problem, self.model = problem, _sklearn_model(workload)
        first = slice(workload.batch)
        self.model.partial_fit(problem.X[first], self._targets()[first], **self._classes())  # makes coefs_
        for own, coefs, (weight, bias) in zip(
            self.model.intercepts_, self.model.coefs_, problem.start, strict=True
        ):
            coefs[...], own[...] = weight.T, bias

    def train(self, steps: int) -> int:
        """Make at least so many steps: whole epochs, goes on from the weights that it has."""
        per_epoch = len(self.problem.X) // self.problem.workload.batch
        epochs = -(-steps // per_epoch)
        self.model.max_iter = epochs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it did not converge in these epochs
            self.model.fit(self.problem.X, self._targets())
        return per_epoch * epochs

    def parameters(self) -> list[tuple[Floats, Floats]]:
        """Return weight (outputs, inputs) and bias of each layer."""
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [(np.ascontiguousarray(weight.T), bias) for weight, bias in pairs]

    def _targets(self) -> Any:
        y = self.problem.y
        return y[:, 0] if y.ndim == 2 else y

    def _classes(self) -> dict[str, Any]:
        return {} if self.problem.y.ndim == 2 else {"classes": np.arange(self.problem.workload.sizes[-1])}


def _sklearn_model(workload: Workload) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    halved = (
        2 if workload.loss == "mse" and workload.optimizer == "sgd" else 1
    )  # its loss is half the mean square
    return (MLPRegressor if workload.loss == "mse" else MLPClassifier)(
        hidden_layer_sizes=workload.sizes[1:-1],
        activation="logistic" if workload.activation == "sigmoid" else "relu",
        solver=workload.optimizer,
        learning_rate_init=halved * workload.learning_rate,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=workload.batch,
        n_iter_no_change=1_000_000,
        warm_start=True,
        random_state=0,
    )
