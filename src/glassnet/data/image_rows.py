"""Some of many photos, read when they are asked for: what is memory-mapped is never read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PixelRows:
    """Rows of an array of pixels, which is asked for them as it would be asked itself.

    >>> import numpy as np
    >>> PixelRows(np.arange(12).reshape(4, 3), np.array([3, 1]))[:1]
    array([[ 9, 10, 11]])

    Args:
        pixels: shape (photos, height, width, channels).
        rows: which of them, shape (n,).
    """

    def __init__(self, pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self.pixels, self.rows = pixels, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        return (len(self.rows), *self.pixels.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: Any) -> NDArray[np.uint8]:
        """Return a copy of some of the rows, by their places among these."""
        found: NDArray[np.uint8] = self.pixels[self.rows[which]]
        return found


def rows_of(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return some of the photos for whoever takes them piece by piece, as slices or by their places."""
    return cast("NDArray[np.uint8]", PixelRows(pixels, rows))
