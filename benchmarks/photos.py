"""Photos: what is learned within a budget, and how many photos a second beside a plain PyTorch loop.

    python benchmarks/photos.py accuracy DATA [--budget 10m] [--split random:0.1] [--out FILE]
    python benchmarks/photos.py throughput FOLDER [--rounds 3] [--epochs 4] [--size 96] [--out FILE]

``accuracy`` trains with the defaults in a process of its own. ``throughput`` lets two contenders train the
same net on the same folder of JPEG files, mirrored and shifted, with one optimiser, batch size and schedule,
in turn: Glassnet, and the loop of every tutorial, a Dataset that opens each file with Pillow, behind a
DataLoader with a process for each core. Epochs count from the second on; both are then judged on the same
tenth of the photos.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import footer, header, show_progress, spread, table
from PIL import Image, ImageOps
from torch import nn
from torch.utils.data import DataLoader, Dataset

import glassnet as gn
from glassnet.nets.build import build
from glassnet.nets.photo_spec import PhotoNet

TITLE = "Photos: accuracy within a budget, and throughput beside a plain loop"
WIDTHS, DEPTH, PATCH, BATCH, LR = (32, 64, 128, 256), 2, 4, 64, 0.005


def accuracy(data: str, budget: str, split: str) -> dict[str, Any]:
    """Train within a budget in a process of its own, and return what it says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["train", data, "--task", "image", "--budget", budget, "--test", split, "--json", "--quiet"]
        start = [sys.executable, "-m", "glassnet", *asked, "--out", f"{folder}/run"]
        began = time.monotonic()
        facts = json.loads(subprocess.run(start, stdout=subprocess.PIPE, check=True).stdout)
        seconds = time.monotonic() - began
    shown = "test" if "test" in facts["metrics"] else "validation"
    return {
        "accuracy": facts["metrics"][shown]["accuracy"],
        "interval": facts["intervals"][shown]["accuracy"],
        "baselines": {name: each[shown]["accuracy"] for name, each in facts["baselines"].items()},
        "rows": facts["rows"],
        "seconds": round(seconds, 1),
        **{name: facts[name] for name in ("net", "size", "epochs", "stopped", "precision", "threads")},
        "photos_per_second": [round(each["photos_per_second"]) for each in facts["paces"]],
    }


class JpegFolder(Dataset):
    """Photos that are opened, shrunk, mirrored and shifted one by one, each time that they are asked for."""

    def __init__(self, folder: Path, size: int, varied: bool) -> None:
        self.names = sorted(each.name for each in folder.iterdir())
        self.files = [(each, k) for k, name in enumerate(self.names) for each in (folder / name).iterdir()]
        self.size, self.varied = size, varied

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.files[index]
        with Image.open(path) as image:
            fitted = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (self.size, self.size))
        pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float().div_(255).sub_(0.45).div_(0.27)
        if self.varied:
            if torch.rand(()) < 0.5:
                pixels = pixels.flip(2)
            most = self.size // 12
            down, right = torch.randint(0, 2 * most + 1, (2,)).tolist()
            padded = nn.functional.pad(pixels, (most,) * 4, "reflect")
            pixels = padded[:, down : down + self.size, right : right + self.size]
        return pixels, label


def plain(train: Path, test: Path, size: int, epochs: int) -> tuple[list[float], float]:
    """Train with a DataLoader; return photos a second of each epoch from the second on, and the accuracy."""
    rows, cores = JpegFolder(train, size, True), os.cpu_count() or 1
    net = build(
        PhotoNet(channels=3, patch=PATCH, widths=WIDTHS, depth=DEPTH, outputs=len(rows.names)), seed=0
    )
    some = [rows[k][0] for k in np.linspace(0, len(rows) - 1, 500).astype(int)]
    net.whiten(torch.stack(some))
    loader = DataLoader(rows, BATCH, shuffle=True, num_workers=cores, persistent_workers=True)
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], LR, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, epochs * len(loader))
    paces = []
    for epoch in range(epochs):
        began = time.perf_counter()
        for photos, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(photos), labels, label_smoothing=0.1).backward()
            optimizer.step()
            schedule.step()
        if epoch:
            paces.append(len(rows) / (time.perf_counter() - began))
    net.eval()
    with torch.no_grad():
        judged = [
            (net(photos).argmax(1) == labels)
            for photos, labels in DataLoader(JpegFolder(test, size, False), 256)
        ]
    return paces, float(torch.cat(judged).float().mean())


def ours(train: Path, test: Path, size: int, epochs: int) -> tuple[list[float], float]:
    """Train with Glassnet: photos a second of each epoch from the second on, and the accuracy."""
    widths = "-".join(map(str, WIDTHS))
    model = gn.train(
        str(train),
        task="image",
        test="none",
        validation="none",
        size=size,
        net=f"photo:{widths}:{DEPTH}",
        augment=f"flip,shift:{size // 12}",
        batch_size=BATCH,
        lr=LR,
        epochs=epochs,
    )
    if len(model.history) < epochs:
        raise KeyboardInterrupt  # training ends early by nothing else, and without an error
    rows = model.results.rows["train"]
    found = model.evaluate(str(test))
    return [rows / (each.seconds or 1) for each in model.history][1:], found.metrics["test"]["accuracy"]


def cut(folder: Path, to: Path) -> tuple[Path, Path]:
    """Copy every tenth photo of each class into a folder of its own, the others into another."""
    for name in sorted(each.name for each in folder.iterdir() if each.is_dir()):
        for number, path in enumerate(sorted((folder / name).iterdir())):
            goal = to / ("train" if number % 10 else "test") / name
            goal.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, goal)
    return to / "train", to / "test"


def throughput(folder: Path, rounds: int, epochs: int, size: int) -> dict[str, Any]:
    """Let both contenders train in turn, the order changing."""
    found: dict[str, dict[str, list[float]]] = {
        each: {"paces": [], "accuracy": []} for each in ("ours", "plain")
    }
    with tempfile.TemporaryDirectory() as place:
        parts = cut(folder, Path(place))
        for each in range(rounds):
            for name in ("ours", "plain") if each % 2 else ("plain", "ours"):
                show_progress(f"round {each + 1} of {rounds}: {name}")
                paces, score = (ours if name == "ours" else plain)(*parts, size, epochs)
                found[name]["paces"].append(statistics.median(paces))
                found[name]["accuracy"].append(score)
    show_progress("")
    ratios = [a / b for a, b in zip(found["ours"]["paces"], found["plain"]["paces"], strict=True)]
    return {**found, "ratios": ratios}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("accuracy", "throughput"))
    parser.add_argument("data")
    parser.add_argument("--budget", default="10m")
    parser.add_argument("--split", default="random:0.1")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--out", help="write the figures to this JSON file")
    asked = parser.parse_args()
    if asked.epochs < 2:
        parser.error(f"--epochs must be 2 or more, however: {asked.epochs}; the first one does not count")
    here = header(TITLE)
    if asked.what == "accuracy":
        found = accuracy(asked.data, asked.budget, asked.split)
        table([("", asked.budget), *((name, str(value)) for name, value in found.items())])
    else:
        found = throughput(Path(asked.data), asked.rounds, asked.epochs, asked.size)
        lines = [("", "photos a second", "accuracy")]
        lines += [
            (each, spread(found[each]["paces"], 0), spread(found[each]["accuracy"], 3))
            for each in ("ours", "plain")
        ]
        table([*lines, ("times", spread(found["ratios"], 2), "")])
    footer(TITLE, here, found, asked.out)


if __name__ == "__main__":
    main()
