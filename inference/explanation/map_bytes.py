"""A map's values as bytes: exact for the store, compact for the browser (pure).

Stored: float32, little-endian, (z, y, x), compressed by zlib. Sent: int16, little-endian, times one
scale.
"""

import zlib

import numpy as np
import numpy.typing as npt

from inference.explanation.ct_grid import Index

_LARGEST = 32767
_LEVEL = 6


def packed(values: npt.NDArray[np.float32]) -> bytes:
    """Return the bytes that are stored; equal values give equal bytes.

    Parameters
    ----------
    values : ndarray of float32, shape (z, y, x)

    Returns
    -------
    bytes
    """
    return zlib.compress(np.ascontiguousarray(values, dtype="<f4").tobytes(), _LEVEL)


def unpacked(data: bytes, shape_zyx: Index) -> npt.NDArray[np.float32]:
    """Return the values that `packed` stored.

    Parameters
    ----------
    data : bytes
    shape_zyx : tuple of int

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ValueError
        If the bytes are damaged, or not those of a box of this shape.
    """
    try:
        raw = zlib.decompress(data)
    except zlib.error as damage:
        raise ValueError(f"the stored map is damaged ({damage}).") from damage
    if len(raw) != 4 * int(np.prod(shape_zyx)):
        raise ValueError(f"the stored map has {len(raw)} bytes, which do not fill {shape_zyx}.")
    return np.frombuffer(raw, dtype="<f4").reshape(shape_zyx)


def quantised(values: npt.NDArray[np.float32]) -> tuple[bytes, float]:
    """Return whole numbers for the browser, and what to multiply them by.

    Parameters
    ----------
    values : ndarray of float32, shape (z, y, x)

    Returns
    -------
    data : bytes
        int16, little-endian, (z, y, x).
    scale : float
        Logits per unit; 1 where all values are zero.
    """
    largest = float(np.abs(values).max()) if values.size else 0.0
    scale = largest / _LARGEST if largest else 1.0
    return np.rint(values / scale).astype("<i2").tobytes(), scale


def colour_limit(values: npt.NDArray[np.float32]) -> float:
    """Return where the colour scale ends: the 99.5th percentile of the sizes that are not zero.

    A few extreme voxels then do not leave the rest without colour.

    Parameters
    ----------
    values : ndarray of float32

    Returns
    -------
    float
        Logits per voxel; 0 where all values are zero.
    """
    sizes = np.abs(values[values != 0])
    return float(np.percentile(sizes, 99.5)) if sizes.size else 0.0
