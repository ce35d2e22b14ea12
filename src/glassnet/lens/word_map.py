"""A map of words: words that a net treats alike lie close together, coloured by the class that they pull to.

    view = gn.word_map(net)                     # t-SNE
    view = gn.word_map(net, method="pca")
    gn.plot_word_map(view).savefig("words.png")
    view.to_html("words.html")                  # with a search, and the facts of each word under the pointer

L. van der Maaten and G. Hinton, 2008, "Visualizing data using t-SNE", Journal of Machine Learning Research 9.
K. Pearson, 1901, "On lines and planes of closest fit to systems of points in space", Philosophical Magazine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from glassnet.errors import RequestError, did_you_mean, message
from glassnet.lens.as_json import as_json
from glassnet.lens.numerals import percent
from glassnet.lens.word_net import WordNet, word_net
from glassnet.lens.words import ONE_LINE, directions
from glassnet.randomness import derived_seed, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.model.texts import TextModel

    Floats = NDArray[np.float64]

Method = Literal["tsne", "pca"]
PERPLEXITY = 30.0
FEWEST = 4
_START = 1e-4
"""Spread of the start of t-SNE, as in scikit-learn."""


@dataclass(frozen=True, eq=False)
class WordMap:
    """Words on a plane.

    Attributes:
        method: "tsne" keeps neighbours together, and its distances mean little; "pca" looks at the vectors
            from the side from which they differ most.
        classes: the class of a pull below 0, and that of a pull above.
        words: the words that are shown, the strongest first.
        points: where each lies, (words, 2).
        pull: what each adds to the score, (words,).
        shares: of the vectors' variance along each axis, for "pca"; None for "tsne", whose axes mean nothing.
        all_words: how many words the net knows.
        notes: what to know before reading it.
    """

    method: Method
    classes: tuple[str, str]
    words: tuple[str, ...]
    points: Floats
    pull: Floats
    shares: tuple[float, float] | None
    all_words: int
    notes: tuple[str, ...]

    @property
    def is_line(self) -> bool:
        """Whether all points lie on one line along the first axis."""
        across, up = np.ptp(self.points, axis=0)
        return bool(up <= 1e-6 * across)

    @property
    def axis_names(self) -> tuple[str, str]:
        """What the two axes are called."""
        if self.shares is None:
            return "", ""
        first, second = (f"{percent(share)} of the variance" for share in self.shares)
        return first, "the height only keeps words apart" if self.is_line else second

    def spread(self) -> Floats:
        """Return the points to be drawn; on a line, each word somewhere above or below. Shape: (words, 2)."""
        if not self.is_line:
            return self.points
        heights = stream(0, "word map").uniform(-1.0, 1.0, len(self.points))
        return np.column_stack([self.points[:, 0], heights])

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def to_html(self, path: str | Path) -> Path:
        """Write the map as one page with search and hover, and return its path."""
        from glassnet.lens.word_page import map_page
        from glassnet.storage import write_atomically

        write_atomically(Path(path), map_page(self).encode())
        return Path(path)

    def __str__(self) -> str:
        name = {"tsne": "t-SNE", "pca": "principal components"}[self.method]
        sides = [int((self.pull < 0).sum()), int((self.pull > 0).sum())]
        parts = ", ".join(f"{count:,} for {kind}" for count, kind in zip(sides, self.classes, strict=True))
        head = f"{name} of {len(self.words):,} of {self.all_words:,} words: {parts}"
        return "\n".join([head, *self.notes])


def word_map(of: WordNet | TextModel, *, method: Method = "tsne", most: int = 500, seed: int = 0) -> WordMap:
    """Return a map of the words that pull most.

    Args:
        of: ``gn.text_steps(...).net``, a text model of two classes, or any ``WordNet``.
        method: "tsne" or "pca".
        most: so many words of each class.
        seed: of the start of t-SNE; the same seed gives the same map.

    Raises:
        RequestError: an unknown method, or a net of fewer than four words that pull at all.
    """
    net = word_net(of)
    pull = net.pull
    order = np.argsort(pull, kind="stable")
    chosen = [at for at in [*order[:most], *order[::-1][:most]] if pull[at] != 0]
    places = np.array(sorted(set(chosen), key=lambda at: (-abs(pull[at]), at)), dtype=np.int64)
    _check(method, len(places))
    vectors = net.vectors[places]
    flat = directions(vectors - vectors.mean(axis=0)) < 2
    points, shares = _components(vectors)
    points *= np.where(pull[places] @ points < 0, -1.0, 1.0)  # the second class lies to the right
    if method == "tsne":
        points = _neighbours(vectors, points, seed)
    return WordMap(
        method=method,
        classes=net.classes,
        words=tuple(net.words[at] for at in places),
        points=points,
        pull=pull[places],
        shares=shares if method == "pca" else None,
        all_words=len(pull),
        notes=(ONE_LINE,) if flat else (),
    )


def _components(vectors: Floats) -> tuple[Floats, tuple[float, float]]:
    """Return the first two principal components, (words, 2), each with its share of the variance."""
    from sklearn.decomposition import PCA

    width = min(2, vectors.shape[1])
    found = PCA(width, svd_solver="full").fit(vectors)
    points = np.zeros((len(vectors), 2))
    points[:, :width] = found.transform(vectors)
    shares = [*found.explained_variance_ratio_.tolist(), 0.0]
    return points, (float(shares[0]), float(shares[1]))


def _neighbours(vectors: Floats, components: Floats, seed: int) -> Floats:
    """Return t-SNE, begun at the principal components, a little shaken: from a line none would leave it."""
    from sklearn.manifold import TSNE

    spread = max(float(components[:, 0].std()), 1e-300)
    shaken = stream(seed, "t-SNE").normal(size=components.shape)
    begin = (components / spread + 0.1 * shaken) * _START
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    state = derived_seed(seed, "t-SNE") % 2**32
    how = TSNE(2, perplexity=perplexity, init=begin.astype(np.float32), random_state=state, n_jobs=1)
    return np.asarray(how.fit_transform(vectors.astype(np.float64)), dtype=np.float64)


def _check(method: str, words: int) -> None:
    problems = []
    if method not in get_args(Method):
        do = did_you_mean(str(method), get_args(Method))
        problems.append(message("method must be one that is known", f"method={method!r}", do))
    if words < FEWEST:
        must = f"a map must have {FEWEST} words that pull to a class"
        problems.append(message(must, f"there are {words}", "train on more texts"))
    if problems:
        raise RequestError(problems)
