import numpy as np
from numpy.typing import NDArray

def dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float: ...
