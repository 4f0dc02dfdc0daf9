"""Short and long axis of a lymph node, measured on its mask (cohorts.dicom, pure).

The measure is the one of the DeepENE inference code: per axial slice the longest border is traced,
its longest chord is the long axis, and the widest chord close to perpendicular to it is the short
axis. Points are pixel centres, so values run up to about one pixel below the continuous width.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Directions count counter-clockwise on the screen (y points down), starting east.
_STEPS_YX = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
_EAST, _WEST = 0, 4

MAX_IN_PLANE_SIZE = 16_384
"""Largest mask side in pixels for which the integer arithmetic below cannot overflow."""

_PAIRS_AT_ONCE = 1 << 20  # bounds the memory of a distance block to some 8 MiB

_Points = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class AxisMeasurement:
    """Short and long axis of one node.

    Attributes
    ----------
    short_axis_mm : float
        Largest short axis of any axial slice, in mm.
    long_axis_mm : float
        Largest long axis of any axial slice, in mm; not necessarily of the same slice.
    """

    short_axis_mm: float
    long_axis_mm: float


def short_and_long_axis_mm(mask_zyx: npt.ArrayLike, pixel_size_mm: float) -> AxisMeasurement:
    """Measure a node's short and long axis in its axial slices.

    Parameters
    ----------
    mask_zyx : array_like, shape (z, y, x)
        The node's mask at original resolution; every non-zero voxel belongs to the node.
    pixel_size_mm : float
        In-plane pixel size in mm (square pixels).

    Returns
    -------
    AxisMeasurement
        Maximum over the slices of each axis, times the pixel size.

    Raises
    ------
    ValueError
        If the mask is not three-dimensional, is empty, or is larger in-plane than
        `MAX_IN_PLANE_SIZE`, or if the pixel size is not a positive number.
    """
    mask = np.asarray(mask_zyx) != 0
    _check(mask, pixel_size_mm)
    in_slices = [axes_in_pixels(longest_border(plane)) for plane in mask if plane.any()]
    return AxisMeasurement(
        short_axis_mm=max(short for short, _ in in_slices) * float(pixel_size_mm),
        long_axis_mm=max(long for _, long in in_slices) * float(pixel_size_mm),
    )


def _check(mask: npt.NDArray[np.bool_], pixel_size_mm: float) -> None:
    if mask.ndim != 3:
        raise ValueError(f"mask_zyx must have three axes (z, y, x), not shape {mask.shape}.")
    if max(mask.shape[1:]) > MAX_IN_PLANE_SIZE:
        raise ValueError(
            f"mask_zyx has shape {mask.shape}; slices larger than {MAX_IN_PLANE_SIZE} pixels "
            "are not measured."
        )
    if not (np.isfinite(pixel_size_mm) and pixel_size_mm > 0):
        raise ValueError(f"pixel_size_mm must be a positive number of mm, not {pixel_size_mm!r}.")
    if not mask.any():
        raise ValueError("mask_zyx is empty: a node without voxels has no short axis.")


def longest_border(plane_yx: npt.NDArray[np.bool_]) -> _Points:
    """Return the border with the most points among all outer and hole borders of a slice.

    Parameters
    ----------
    plane_yx : ndarray of bool, shape (y, x)
        One slice of a mask with at least one true pixel.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Pixel centres (y, x) in the order of tracing; a pixel that the border passes twice is
        listed twice. Of borders equally long, the first in raster order.
    """
    return max(trace_borders(plane_yx), key=len)


def trace_borders(plane_yx: npt.NDArray[np.bool_]) -> list[_Points]:
    """Trace every 8-connected border of a slice, in raster order of their first pixels.

    Parameters
    ----------
    plane_yx : ndarray of bool, shape (y, x)
        One slice of a mask.

    Returns
    -------
    list of ndarray of int64, shape (n, 2)
        Outer borders (counter-clockwise on the screen) and hole borders, as (y, x) points.

    References
    ----------
    Suzuki S, Abe K. Topological structural analysis of digitized binary images by border
    following. Comput Vis Graph Image Process 1985;30:32-46. doi:10.1016/0734-189X(85)90016-7
    """
    padded = np.pad(plane_yx, 1)
    width = padded.shape[1]
    neighbours = _neighbour_codes(padded)
    traced: set[int] = set()  # pixels on a border found already
    east_seen: set[int] = set()  # those whose empty eastern neighbour that border has passed
    borders = []
    for start, first_look in _border_starts(padded):
        if start in (traced if first_look == _WEST else east_seen):
            continue
        points = _follow(start, first_look, neighbours, width, east_seen)
        traced.update(points)
        borders.append(np.column_stack(np.divmod(np.asarray(points, dtype=np.int64), width)) - 1)
    return borders


def _neighbour_codes(padded: npt.NDArray[np.bool_]) -> bytes:
    """Eight bits per pixel, one for each direction whose neighbour belongs to the mask."""
    codes = np.zeros(padded.shape, dtype=np.uint8)
    height, width = padded.shape
    inner = codes[1:-1, 1:-1]
    for direction, (dy, dx) in enumerate(_STEPS_YX):
        neighbour = padded[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        inner |= neighbour.astype(np.uint8) << np.uint8(direction)
    return codes.tobytes()


def _border_starts(padded: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """List (pixel, direction of an empty neighbour) where a border may begin, in raster order.

    An outer border begins at a pixel with an empty western neighbour, a hole border at one with
    an empty eastern neighbour (Suzuki & Abe 1985, step 1); the latter is met one pixel later.
    """
    flat = padded.ravel()
    outer = np.flatnonzero(flat[1:] & ~flat[:-1]) + 1
    hole = np.flatnonzero(flat[:-1] & ~flat[1:])
    met = [(pixel, pixel, _WEST) for pixel in outer.tolist()]
    met += [(pixel + 1, pixel, _EAST) for pixel in hole.tolist()]
    return [(pixel, first_look) for _, pixel, first_look in sorted(met)]


def _transition_table() -> tuple[list[int], list[bool]]:
    """For (neighbour code, direction looked back to): the next direction, and: east found empty.

    The neighbours are visited counter-clockwise, beginning after the one looked back to.
    """
    following, passes_east = [0] * 2048, [False] * 2048
    for code in range(1, 256):
        for back in range(8):
            empty = 1
            while not code >> ((back + empty) & 7) & 1:
                empty += 1
            following[code * 8 + back] = (back + empty) & 7
            passes_east[code * 8 + back] = any((back + k) & 7 == _EAST for k in range(1, empty))
    return following, passes_east


_FOLLOWING, _PASSES_EAST = _transition_table()


def _follow(
    start: int, first_look: int, neighbours: bytes, width: int, east_seen: set[int]
) -> list[int]:
    """Follow one border from its start until it closes; note the eastern neighbours passed."""
    code = neighbours[start]
    if code == 0:
        east_seen.add(start)
        return [start]
    steps = [dy * width + dx for dy, dx in _STEPS_YX]
    # The last pixel of the border is the first one met clockwise from the empty neighbour.
    back = next(d & 7 for d in range(first_look - 1, first_look - 9, -1) if code >> (d & 7) & 1)
    last = start + steps[back]
    pixel, points = start, []
    while True:
        state = neighbours[pixel] * 8 + back
        if _PASSES_EAST[state]:
            east_seen.add(pixel)
        points.append(pixel)
        onward = _FOLLOWING[state]
        reached = pixel + steps[onward]
        if reached == start and pixel == last:
            return points
        pixel, back = reached, onward ^ 4


def axes_in_pixels(border: _Points) -> tuple[float, float]:
    """Return the short and the long axis of a closed border.

    Parameters
    ----------
    border : ndarray of int64, shape (n, 2)
        The border's points (y, x) in order, in pixels.

    Returns
    -------
    short, long : float
        In pixels. A border of one point measures one pixel in both.
    """
    if len(border) == 1:
        return 1.0, 1.0
    first, second = _farthest_pair(border)
    side_one = border[first : second + 1]
    side_two = np.concatenate((border[: first + 1], border[second:]))
    axis = border[first] - border[second]
    short_squared = _widest_crossing(side_one, side_two, axis)
    long_squared = int((axis**2).sum())
    return _root(short_squared), _root(long_squared)


def _root(squared: int) -> float:
    # Single precision, as the published measure has it.
    return float(np.sqrt(np.float32(squared)))


def _rows_at_once(columns: int) -> int:
    return max(1, _PAIRS_AT_ONCE // columns)


def _farthest_pair(border: _Points) -> tuple[int, int]:
    """Find the first pair of points, in row-major order, that lie farthest apart."""
    y, x = border.T
    largest, pair = -1, (0, 0)
    rows = _rows_at_once(len(border))
    for begin in range(0, len(border), rows):
        block = slice(begin, begin + rows)
        squared = (y[block, None] - y) ** 2 + (x[block, None] - x) ** 2
        index = int(squared.argmax())
        if squared.flat[index] > largest:  # a later block wins only when strictly farther
            largest = int(squared.flat[index])
            row, column = divmod(index, len(border))
            pair = (begin + row, column)
    return pair


def _widest_crossing(side_one: _Points, side_two: _Points, axis: _Points) -> int:
    """Return the squared length of the widest chord closest to perpendicular to the axis.

    Each point of side one takes the point of side two with the smallest |(q - p) . axis|; of
    several the farthest. Both criteria are packed into one integer, the product being the more
    significant part, so that a single minimum decides.
    """
    along_one, along_two = side_one @ axis, side_two @ axis
    size = np.ptp(np.concatenate((side_one, side_two)), axis=0)
    beyond = int((size**2).sum()) + 1
    widest = 0
    rows = _rows_at_once(len(side_two))
    for begin in range(0, len(side_one), rows):
        block = slice(begin, begin + rows)
        points = side_one[block, None]
        squared = ((points - side_two) ** 2).sum(axis=2)
        packed = np.abs(along_one[block, None] - along_two) * beyond + (beyond - 1 - squared)
        widest = max(widest, beyond - 1 - int((packed.min(axis=1) % beyond).min()))
    return widest
