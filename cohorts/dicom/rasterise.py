"""cohorts.dicom: closed contours -> the pixels inside them, by the even-odd rule at pixel centres.

The convention, one for all structure sets: a pixel belongs to a structure if its centre lies inside
an odd number of its contours. A centre exactly on a border is inside where the contour lies at
larger row or column indices (the border is the structure's first), and outside where it lies at
smaller ones. So two contours that share an edge share no pixel and leave none out between them, a
hole is a second contour, and the two banks of a keyhole cancel. The direction in which a contour
runs changes nothing.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import FloatArray

SNAP_DECIMALS = 9
"""Vertices are rounded to a billionth of a pixel: above rounding errors of the transform from mm,
far below anything drawn. A vertex, a row or a column drawn through a centre then lies on it. Where
a slanted edge crosses a centre between its vertices, double precision decides."""
CROSSINGS_AT_ONCE = 4_000_000


def pixels_inside(
    contours_yx: Sequence[FloatArray], shape_yx: tuple[int, int]
) -> tuple[int, NDArray[np.bool_]]:
    """Return the pixels inside the contours of one structure in one plane.

    Parameters
    ----------
    contours_yx : sequence of ndarray, shape (n, 2), float64
        Vertices in pixel indices (row, column); centres of pixels are whole numbers. The last
        vertex is joined to the first.
    shape_yx : tuple of int
        Rows and columns of the plane; what lies beyond is cut off.

    Returns
    -------
    first_row : int
    inside : ndarray of bool, shape (rows that are reached, columns)
        Row 0 is `first_row` of the plane; no rows if nothing is inside.

    References
    ----------
    DICOM PS3.3 C.8.8.6.3 (contours, inner and outer). Even-odd rule by crossings of a scan line,
    each edge half-open: Foley et al., Computer Graphics, section 3.5.
    """
    edges = _edges(contours_yx)
    rows, columns = shape_yx
    if len(edges) == 0:
        return 0, np.zeros((0, columns), dtype=np.bool_)
    # Row r crosses an edge from y0 to y1 if y0 <= r < y1.
    first = np.clip(np.ceil(edges[:, 0]), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(edges[:, 2]), 0, rows).astype(np.int64)
    top, height = int(first.min()), int(last.max() - first.min())
    toggles = np.zeros(height * (columns + 1), dtype=np.int64)
    for chunk in _chunks(last - first):
        row, column = _crossings(edges[chunk], first[chunk], last[chunk], columns)
        toggles += np.bincount((row - top) * (columns + 1) + column, minlength=toggles.size)
    parity = np.cumsum(toggles.reshape(height, columns + 1), axis=1) & 1
    return top, parity[:, :columns].astype(np.bool_)


def _edges(contours_yx: Sequence[FloatArray]) -> FloatArray:
    """Return all edges but level ones as (y0, x0, y1, x1) with y0 < y1."""
    ends = [
        np.hstack((points, np.roll(points, -1, axis=0)))
        for points in (np.round(contour, SNAP_DECIMALS) for contour in contours_yx)
    ]
    edges = np.concatenate(ends) if ends else np.empty((0, 4))
    # One direction for all: an edge and its reverse then cross a row at the very same number.
    downward = edges[:, 0] > edges[:, 2]
    edges[downward] = edges[downward][:, [2, 3, 0, 1]]
    kept: FloatArray = edges[edges[:, 0] < edges[:, 2]]
    return kept


def _chunks(counts: NDArray[np.int64]) -> Iterator[slice]:
    """Split the edges so that few crossings stand in memory at a time."""
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = total[start - 1] if start else 0
        stop = int(np.searchsorted(total, done + CROSSINGS_AT_ONCE, side="right"))
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


def _crossings(
    edges: FloatArray, first: NDArray[np.int64], last: NDArray[np.int64], columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and first column inside (up to `columns`: beyond) of each crossing."""
    counts = last - first
    edge = np.repeat(np.arange(len(edges)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    y0, x0, y1, x1 = edges[edge].T
    crossing = x0 + (row - y0) * (x1 - x0) / (y1 - y0)
    return row, np.clip(np.ceil(crossing), 0, columns).astype(np.int64)
