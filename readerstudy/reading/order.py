"""reading: the order in which a reader meets the cases, and the numbers nodes carry within one.

Pure: no Django. Orders are drawn once, when a study opens, and stored; this module exists so that
anybody can draw them again from the recorded seed and compare.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from cohorts.dicom.geometry import SeriesGeometry

SEED_LIMIT = 2**63
"""Seeds are below this: they fit a signed 64-bit database column."""


def case_order(
    case_names: Sequence[str], *, seed: int, reader_number: int, period: int
) -> tuple[str, ...]:
    """Return the cases in the order one reader meets them in one period.

    The names are sorted first, so the result depends on the set of cases and not on how it was
    listed. Every (seed, reader, period) starts its own PCG64 stream through ``SeedSequence``:
    adding a reader changes no other reader's order.

    Parameters
    ----------
    case_names : sequence of str
        Distinct, stable names; here "cohort/pseudonym".
    seed : int
        The study's recorded seed, 0 <= seed < 2**63.
    reader_number : int
        1 for R1, 2 for R2, ...
    period : int
        1 for the first pass over the cases.

    Returns
    -------
    tuple of str
        A permutation of `case_names`.

    Raises
    ------
    ValueError
        If a name occurs twice, or seed, reader number or period is out of range.

    References
    ----------
    Fisher-Yates shuffle as implemented by ``numpy.random.Generator.permutation``; the streams of
    ``numpy.random.PCG64`` and ``SeedSequence`` are fixed by NumPy's NEP 19, the shuffle is pinned
    by a test.
    """
    if len(set(case_names)) != len(case_names):
        raise ValueError("case_names holds a name twice: each case is read once per period")
    if not 0 <= seed < SEED_LIMIT:
        raise ValueError(f"seed is {seed}: 0 <= seed < 2**63 was expected")
    if reader_number < 1 or period < 1:
        raise ValueError(
            f"reader_number is {reader_number} and period is {period}: both count from 1"
        )
    names = sorted(case_names)
    stream = np.random.PCG64(np.random.SeedSequence([seed, reader_number, period]))
    permutation = np.random.Generator(stream).permutation(len(names))
    return tuple(names[index] for index in permutation)


def cranial_first(
    centroids_zyx: ArrayLike, digests: Sequence[str], geometry: SeriesGeometry
) -> tuple[int, ...]:
    """Return the indices of nodes in the order in which they are numbered for readers.

    From head to foot, then by row, then by column; nodes with the very same centroid by the
    digest of their mask. Nothing of the imported labels enters.

    Parameters
    ----------
    centroids_zyx : array_like, shape (n, 3)
        Centres in voxel indices, order z, y, x.
    digests : sequence of str, length n
        Mask digests.
    geometry : SeriesGeometry
        Says which end of the z axis is cranial.

    Returns
    -------
    tuple of int
        A permutation of 0 ... n - 1.

    Raises
    ------
    ValueError
        If the two arguments differ in length or the centroids have not three values each.
    """
    points = np.asarray(centroids_zyx, dtype=np.float64).reshape(-1, 3)
    if len(points) != len(digests):
        raise ValueError(f"{len(points)} centroids came with {len(digests)} digests")
    # Superior is +z in LPS; rounding keeps floating-point dust from deciding the order.
    heights_mm = np.round(geometry.voxel_to_lps_mm(points)[:, 2], 6)
    return tuple(
        sorted(
            range(len(points)),
            key=lambda i: (-heights_mm[i], points[i, 1], points[i, 2], digests[i]),
        )
    )
