"""Figures: fewer vertices for the same drawn line (pure)."""

import numpy as np

from readerstudy.statistics.inputs import FloatArray

TOLERANCE_PX = 0.1


def thinned(points: FloatArray, tolerance: float = TOLERANCE_PX) -> FloatArray:
    """Return the vertices that matter: no dropped one lies farther than ``tolerance`` away.

    Parameters
    ----------
    points : ndarray, shape (vertices, 2)
        Pixels (x, y) in the order of drawing.
    tolerance : float
        Pixels.

    References
    ----------
    Douglas DH, Peucker TK. Cartographica 1973;10:112. doi:10.3138/FM57-6770-U75U-7727
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        distances = _distances(points[first + 1 : last], points[first], points[last])
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            middle = first + 1 + farthest
            keep[middle] = True
            open_spans += [(first, middle), (middle, last)]
    return points[keep]


def _distances(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    along = end - start
    length2 = float(along @ along)
    if length2 == 0:
        return np.asarray(np.hypot(*(points - start).T))
    share = np.clip((points - start) @ along / length2, 0, 1)
    return np.asarray(np.hypot(*(points - start - share[:, None] * along).T))
