"""Residual networks whose weights have torchvision's names: ResNet-18, -34 and -50.

A block adds what it found to what came in, so that a gradient reaches the first layers undiminished through
any number of blocks. Source: He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition",
table 1. As in torchvision the middle convolution of a bottleneck has the stride.
"""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
}
"""How many blocks each of the four stages has."""
WIDTHS = (64, 128, 256, 512)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size but for its stride; the norm behind it brings the bias."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """Return what fits the input to the output of a block; None where it fits already."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3, and what came in added to them.

    Shape: (n, inputs, h, w) -> (n, width, h / stride, w / stride).

        >>> import torch
        >>> BasicBlock(64, 128, stride=2)(torch.zeros(1, 64, 8, 8)).shape
        torch.Size([1, 128, 4, 4])
    """

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = _convolution(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _convolution(width, width, 3), nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(x + what the two convolutions say)."""
        found = self.relu(self.bn1(self.conv1(x)))
        found = self.bn2(self.conv2(found))
        kept = x if self.downsample is None else self.downsample(x)
        answer: Tensor = self.relu(found + kept)
        return answer


class Bottleneck(nn.Module):
    """A narrow convolution of 3 x 3 between two of 1 x 1, and what came in added to them.

    Shape: (n, inputs, h, w) -> (n, 4 width, h / stride, w / stride).

        >>> import torch
        >>> Bottleneck(64, 32, stride=2)(torch.zeros(1, 64, 8, 8)).shape
        torch.Size([1, 128, 4, 4])
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1, self.bn1 = _convolution(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _convolution(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = _convolution(width, outputs, 1), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(x + what the three convolutions say)."""
        found = self.relu(self.bn1(self.conv1(x)))
        found = self.relu(self.bn2(self.conv2(found)))
        found = self.bn3(self.conv3(found))
        kept = x if self.downsample is None else self.downsample(x)
        answer: Tensor = self.relu(found + kept)
        return answer


class ResNet(nn.Module):
    """A residual network: a stem, four stages of blocks, the mean over all places, one linear layer.

    Shape: (n, 3, h, w) -> (n, classes); photos of about 224 x 224 are what its published weights saw.

        >>> import torch
        >>> ResNet("resnet18", classes=10)(torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 10])
    """

    def __init__(self, name: str, classes: int = 1000) -> None:
        super().__init__()
        self.name = name
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        block = Bottleneck if name == "resnet50" else BasicBlock
        inputs = 64
        for stage, (count, width) in enumerate(zip(BLOCKS[name], WIDTHS, strict=True), start=1):
            blocks = []
            for at in range(count):
                blocks.append(block(inputs, width, stride=2 if at == 0 and stage > 1 else 1))
                inputs = width * block.expansion
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, classes)
        for each in self.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.kaiming_normal_(each.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return one number for each class, before the softmax."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            x = getattr(self, stage)(x)
        answer: Tensor = self.fc(self.avgpool(x).flatten(1))
        return answer

    def stages(self) -> dict[str, list[nn.Module]]:
        """Return the parts from the photo to the answer, for learning rates that grow on the way."""
        parts: dict[str, list[nn.Module]] = {"stem": [self.conv1, self.bn1]}
        parts |= {name: [getattr(self, name)] for name in ("layer1", "layer2", "layer3", "layer4")}
        return parts | {"head": [self.fc]}
