"""The VGG networks, whose weights have torchvision's names: 11, 13, 16 and 19 layers, with batch norm or not.

Nothing but convolutions of 3 x 3 and halvings by pooling, then three linear layers, in which nine tenths of
the weights lie. Source: Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", table 1, columns A, B, D and E.
"""

from __future__ import annotations

from torch import Tensor, nn

CONVOLUTIONS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
"""How many convolutions stand before each of the five halvings."""
WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """A VGG network: ``features``, pooled to 7 x 7 places, and three linear layers, ``classifier``.

    Shape: (n, 3, h, w) -> (n, classes), h and w from 32; 224 x 224 is what its published weights saw.

        >>> sum(isinstance(each, nn.Conv2d) for each in VGG("vgg11", classes=10).modules())
        8
    """

    def __init__(self, name: str, classes: int = 1000) -> None:
        super().__init__()
        self.name = name
        kind, _, norm = name.partition("_")
        layers: list[nn.Module] = []
        inputs = 3
        for count, width in zip(CONVOLUTIONS[kind], WIDTHS, strict=True):
            for _ in range(count):
                layers.append(nn.Conv2d(inputs, width, 3, padding=1))
                layers += [nn.BatchNorm2d(width)] if norm else []
                layers.append(nn.ReLU())
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(inputs * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, classes),
        )
        self._start()

    def _start(self) -> None:
        """Draw the weights, as torchvision does."""
        for each in self.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.kaiming_normal_(each.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(each, nn.Linear):
                nn.init.normal_(each.weight, 0, 0.01)
            if isinstance(each, nn.Conv2d | nn.Linear) and each.bias is not None:
                nn.init.zeros_(each.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return one number for each class, before the softmax."""
        answer: Tensor = self.classifier(self.avgpool(self.features(x)).flatten(1))
        return answer

    def stages(self) -> dict[str, list[nn.Module]]:
        """Return the parts from the photo to the answer, for learning rates that grow on the way."""
        parts: dict[str, list[nn.Module]] = {}
        found: list[nn.Module] = []
        for layer in self.features:
            found.append(layer)
            if isinstance(layer, nn.MaxPool2d):
                parts[f"block{len(parts) + 1}"], found = found, []
        linear = list(self.classifier)
        return parts | {"linear": linear[:-1], "head": linear[-1:]}
