"""cohorts.dicom: one node's mask as delta-coded run-length JSON, the form that is stored and sent.

Format, as the browser reads it::

    {"shape":[Z,Y,X],"slices":[[z,[d0,l0,d1,l1,...]],...]}

- `shape` is the shape of the whole CT volume: slices, rows, columns.
- `slices` holds the slices with at least one voxel, z ascending.
- Within a slice the pixels are numbered row by row, `y * X + x`. A run is l pixels long and begins
  d pixels after the end of the run before it (the first: d pixels after pixel 0). Runs are as long
  as possible, so a run may go on from the end of one row into the next, d is 0 only in first place,
  and one mask has exactly one encoding.

The bytes are ASCII JSON without white space, keys in the order shown; a mask's digest is the
SHA-256 of these bytes.
"""

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox

BoolArray = NDArray[np.bool_]
Shape = tuple[int, int, int]


def encode_mask(box: BoundingBox, sub_mask: BoolArray, shape_zyx: Shape) -> bytes:
    """Encode a mask given within its bounding box.

    Parameters
    ----------
    box : BoundingBox
        Where `sub_mask` lies in the volume.
    sub_mask : ndarray of bool, shape `box.shape_zyx`
    shape_zyx : tuple of int
        Shape of the whole volume.

    Returns
    -------
    bytes
        The canonical bytes; equal masks give equal bytes whatever their box.

    Raises
    ------
    ValueError
        If box, mask and volume do not fit, or the mask is empty.
    """
    if sub_mask.shape != box.shape_zyx:
        raise ValueError(f"mask of shape {sub_mask.shape} does not fill the box {box}")
    if min(box.start_zyx) < 0 or (np.array(box.stop_zyx) > np.array(shape_zyx)).any():
        raise ValueError(f"the box {box} does not lie inside the volume {shape_zyx}")
    slices = []
    for offset in range(sub_mask.shape[0]):
        runs = _runs_of(sub_mask[offset], box, shape_zyx[2])
        if runs:
            slices.append([box.start_zyx[0] + offset, runs])
    if not slices:
        raise ValueError("an empty mask cannot be encoded")
    document = {"shape": [int(size) for size in shape_zyx], "slices": slices}
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _runs_of(plane: BoolArray, box: BoundingBox, columns: int) -> list[int]:
    """Return the distances and lengths of one slice's runs."""
    rows, cols = np.nonzero(plane)
    if len(rows) == 0:
        return []
    pixels = (rows + box.start_zyx[1]) * columns + cols + box.start_zyx[2]
    breaks = np.flatnonzero(np.diff(pixels) != 1)
    starts = pixels[np.concatenate(([0], breaks + 1))]
    stops = pixels[np.concatenate((breaks, [len(pixels) - 1]))] + 1
    distances = starts - np.concatenate(([0], stops[:-1]))
    paired = np.stack((distances, stops - starts), axis=1)
    return [int(value) for value in paired.ravel()]


def decode_mask(data: bytes) -> tuple[BoundingBox, BoolArray]:
    """Decode canonical bytes to the mask within its smallest bounding box.

    Returns
    -------
    box : BoundingBox
    sub_mask : ndarray of bool, shape `box.shape_zyx`

    Raises
    ------
    ValueError
        If the bytes are not a canonical encoding.
    """
    shape_zyx, slices = _parsed(data)
    _, rows, columns = shape_zyx
    planes = [(z, _pixels_of(runs, rows * columns)) for z, runs in slices]
    if [z for z, _ in planes] != sorted({z for z, _ in planes}):
        raise ValueError("mask slices must be in ascending order, each once")
    if not planes or planes[0][0] < 0 or planes[-1][0] >= shape_zyx[0]:
        raise ValueError("a mask needs slices, all inside its shape")
    pixels = np.concatenate([pixel for _, pixel in planes])
    ys, xs = pixels // columns, pixels % columns
    start = (planes[0][0], int(ys.min()), int(xs.min()))
    box = BoundingBox(start, (planes[-1][0] + 1, int(ys.max()) + 1, int(xs.max()) + 1))
    sub_mask = np.zeros(box.shape_zyx, dtype=np.bool_)
    for z, pixel in planes:
        sub_mask[z - start[0], pixel // columns - start[1], pixel % columns - start[2]] = True
    return box, sub_mask


def _parsed(data: bytes) -> tuple[Shape, list[tuple[int, list[int]]]]:
    """Return shape and slices, checked for type but not yet for order."""
    document: Any = json.loads(data)
    if not isinstance(document, dict) or list(document) != ["shape", "slices"]:
        raise ValueError("a mask is an object with the keys shape and slices")
    numbers = list(document["shape"])
    for item in document["slices"]:
        z, runs = item
        numbers += [z, *runs]
    if any(type(number) is not int for number in numbers):
        raise ValueError("a mask holds whole numbers only")
    z, y, x = document["shape"]
    return (z, y, x), [(item[0], item[1]) for item in document["slices"]]


def _pixels_of(runs: list[int], pixels_in_slice: int) -> NDArray[np.int64]:
    """Expand one slice's runs to ascending pixel numbers."""
    if not runs or len(runs) % 2:
        raise ValueError("runs come in pairs of distance and length")
    edges = np.cumsum(np.asarray(runs, dtype=np.int64))
    distances, lengths = runs[0::2], runs[1::2]
    if distances[0] < 0 or min(lengths) < 1 or min(distances[1:], default=1) < 1:
        raise ValueError("runs must be apart and not empty")
    if edges[-1] > pixels_in_slice:
        raise ValueError("a run ends outside its slice")
    starts, stops = edges[0::2], edges[1::2]
    return np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])


def mask_shape(data: bytes) -> Shape:
    """Return the shape (z, y, x) of the volume that encoded bytes belong to."""
    return _parsed(data)[0]


def full_mask(data: bytes) -> BoolArray:
    """Return the mask placed in its whole volume: bool, axes (z, y, x)."""
    box, sub_mask = decode_mask(data)
    volume = np.zeros(mask_shape(data), dtype=np.bool_)
    volume[box.slices] = sub_mask
    return volume


def mask_digest(data: bytes) -> str:
    """Return the SHA-256 of canonical bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
