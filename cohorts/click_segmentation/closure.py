"""cohorts.click_segmentation: the best closed surface around a point, found exactly.

Each ray from the point is a column of samples. Which samples lie inside is a closed set of a graph:
with a sample lies every nearer one of its ray, and on the neighbouring rays at least what reaches
`MOST_STEPS` less far. The closed set of largest weight is a minimum cut.

References
----------
Li K, Wu X, Chen DZ, Sonka M. Optimal surface segmentation in volumetric images: a graph-theoretic
approach. IEEE Trans Pattern Anal Mach Intell 2006;28:119-134. doi:10.1109/TPAMI.2006.19
Beichel RR, Wang Y. Computer-aided lymph node segmentation in volumetric CT data.
Med Phys 2012;39:5419-5428. doi:10.1118/1.4742845 (that method around a click in a lymph node).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from scipy.spatial import ConvexHull, cKDTree

FloatArray = NDArray[np.float64]

RAYS = 320
MOST_STEPS = 2
"""By how many samples neighbouring rays may differ: the smoothness of the surface."""
_UNIT, _UNCUT = 100, 2**30
"""Weights are cut as whole numbers of 1/100; no cut goes through an uncut edge."""


def _directions(count: int) -> FloatArray:
    """Spread directions evenly over the sphere (Fibonacci lattice), axes (z, y, x)."""
    place = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * place / count), np.pi * (1 + 5**0.5) * place
    parts = [np.cos(polar), np.sin(turn) * np.sin(polar), np.cos(turn) * np.sin(polar)]
    return np.stack(parts, axis=1)


def _neighbours(directions: FloatArray) -> NDArray[np.intp]:
    """Return neighbouring rays, shape (n, 2), each pair in both orders."""
    corners = ConvexHull(directions).simplices
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    pairs = np.unique(np.sort(sides, axis=1), axis=0)
    return np.concatenate([pairs, pairs[:, ::-1]])


DIRECTIONS = _directions(RAYS)
RAY_TREE = cKDTree(DIRECTIONS)
_PAIRS = _neighbours(DIRECTIONS)


def best_closure(weights: FloatArray) -> NDArray[np.intp]:
    """Return how many samples of each ray lie inside the surface.

    Parameters
    ----------
    weights : ndarray, shape (RAYS, samples)
        What is gained by a sample inside; the first of a ray is the nearest.

    Returns
    -------
    ndarray of int, shape (RAYS,)

    Raises
    ------
    ValueError
        If there is not one row for each ray.
    """
    if len(weights) != RAYS:
        raise ValueError(f"weights must have {RAYS} rows, one for each ray, not {len(weights)}.")
    count = weights.size
    graph = _graph(np.rint(weights * _UNIT).astype(np.int32))
    left = graph - maximum_flow(graph, count, count + 1).flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    inside = np.zeros(count + 2, dtype=np.bool_)
    inside[breadth_first_order(left, count, return_predecessors=False)] = True
    # Closed along each ray, so that counting is enough.
    return np.asarray(inside[:count].reshape(weights.shape).sum(axis=1), dtype=np.intp)


def _graph(weights: NDArray[np.int32]) -> csr_array:
    """Return the graph whose minimum cut is the closure; source and sink are its last vertices."""
    count = weights.size
    place = np.arange(count).reshape(weights.shape)
    samples = weights.shape[1]
    along = (place[:, 1:], place[:, :-1])
    across = (
        place[_PAIRS[:, 0], MOST_STEPS:],
        place[_PAIRS[:, 1], : samples - MOST_STEPS],
    )
    flat = weights.ravel()
    gain, loss = np.flatnonzero(flat > 0), np.flatnonzero(flat < 0)
    tails = [along[0].ravel(), across[0].ravel(), np.full(len(gain), count), loss]
    heads = [along[1].ravel(), across[1].ravel(), gain, np.full(len(loss), count + 1)]
    uncut = np.full(along[0].size + across[0].size, _UNCUT, dtype=np.int32)
    capacity = np.concatenate([uncut, flat[gain], -flat[loss]])
    edges = (np.concatenate(tails), np.concatenate(heads))
    return csr_array((capacity, edges), shape=(count + 2, count + 2))
