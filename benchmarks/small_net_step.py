"""What one step of a small network costs: 56-20-1, sigmoid, batch 128, SGD, in four ways to train it.

    python benchmarks/small_net_step.py [--runs 7] [--epochs 5] [--rows 15435] [--out FILE]

All start from comparable random weights, see the same rows (random inputs, a target that a net can learn)
and work on one thread. A run is the whole call, checks and set-up included, divided by its steps. The four
take turns within a run. That they do the same work is shown by the loss that they end with.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from measure import footer, header, interleaved, show_progress, spread, table
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import nn

import glassnet as gn

WIDTH, HIDDEN, BATCH, RATE = 56, 20, 128, 0.1
Floats = NDArray[np.float32]
Trained = Callable[[Floats], Floats]


def problem(rows: int) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(0)
    X = chance.normal(size=(rows, WIDTH)).astype(np.float32)
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * chance.normal(size=rows)
    return X, y.astype(np.float32)


def new_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(WIDTH, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, 1))


def answers_of(net: nn.Module) -> Trained:
    def predict(X: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(net(torch.from_numpy(X)))[:, 0]

    return predict


def glassnet_fit(X: Floats, y: Floats, epochs: int) -> Trained:
    net = new_net()
    gn.fit(net, X, y, loss="mse", optimizer="sgd", lr=RATE, batch_size=BATCH, epochs=epochs, device="cpu")
    return answers_of(net)


def indexed_batches(X: Floats, y: Floats, epochs: int) -> Trained:
    net, inputs, targets = new_net(), torch.from_numpy(X), torch.from_numpy(y)[:, None]
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            loss = nn.functional.mse_loss(net(inputs[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return answers_of(net)


def data_loader(X: Floats, y: Floats, epochs: int) -> Trained:
    net = new_net()
    rows = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y)[:, None])
    loader = torch.utils.data.DataLoader(rows, batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    for _ in range(epochs):
        for inputs, targets in loader:
            loss = nn.functional.mse_loss(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return answers_of(net)


def scikit_learn(X: Floats, y: Floats, epochs: int) -> Trained:
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(
        hidden_layer_sizes=(HIDDEN,),
        activation="logistic",
        solver="sgd",
        learning_rate_init=2 * RATE,  # its loss is half the mean square
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=BATCH,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge in these epochs
        model.fit(X, y)
    return lambda rows: np.asarray(model.predict(rows), dtype=np.float32)


CONTENDERS = {
    "gn.fit (torch engine)": glassnet_fit,
    "PyTorch, indexed batches": indexed_batches,
    "PyTorch, DataLoader": data_loader,
    "scikit-learn MLPRegressor": scikit_learn,
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--epochs", type=int, default=5)
    options.add_argument("--rows", type=int, default=15_435)
    options.add_argument("--out", help="write the figures to this JSON file")
    asked = options.parse_args()
    here = header(f"One step of a {WIDTH}-{HIDDEN}-1 network, batch {BATCH}, SGD")
    X, y = problem(asked.rows)
    steps = asked.epochs * -(-asked.rows // BATCH)
    losses: dict[str, float] = {}

    def microseconds(name: str) -> float:
        began = time.perf_counter()
        predict = CONTENDERS[name](X, y, asked.epochs)
        seconds = time.perf_counter() - began
        losses[name] = float(np.mean((predict(X) - y) ** 2))
        return 1e6 * seconds / steps

    torch.set_num_threads(1)
    with threadpool_limits(1):
        for name in CONTENDERS:  # imports and first calls are not the step
            show_progress(f"warming up {name}")
            CONTENDERS[name](X[: 4 * BATCH], y[: 4 * BATCH], 1)
        found = interleaved({name: partial(microseconds, name) for name in CONTENDERS}, asked.runs)
    ours = found["gn.fit (torch engine)"]
    rows = [
        ("way to train", "µs a step: median (lowest to highest)", "as a multiple of gn.fit", "ends at MSE")
    ]
    for name, values in found.items():
        ratio = statistics.median(value / own for value, own in zip(values, ours, strict=True))
        rows.append((name, spread(values, 0), f"{ratio:.2f}", f"{losses[name]:.3f}"))
    table(rows)
    print(f"{asked.runs} runs of {steps} steps each, in turn, one thread; a ratio is the median of the runs'")
    footer("small_net_step", here, found, asked.out)


if __name__ == "__main__":
    main()
