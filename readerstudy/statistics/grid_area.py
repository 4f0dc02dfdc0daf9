"""Statistics library: area by trapezoids on a fixed grid, only to explain published values."""

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.roc import roc_points

DEFAULT_POINTS = 100
FEWEST = 2


def grid_area(
    labels: npt.ArrayLike, scores: npt.ArrayLike, *, points: int = DEFAULT_POINTS
) -> float | None:
    """Return the area of a ROC polygon sampled on a grid of false-positive rates.

    Some published areas were averaged on 100 equally spaced false-positive rates, which cuts the
    corners of the curve. The exact area is ``roc.placements(...).auc``; this one is never a
    result of its own.

    Parameters
    ----------
    labels, scores : array_like, shape (nodes,)
    points : int
        Grid points from 0 to 1, at least 2.

    Returns
    -------
    float or None
        None when a class is missing.

    Raises
    ------
    ValueError
        If there are fewer than two points or the arrays do not fit.
    """
    if points < FEWEST:
        raise ValueError(f"points must be at least 2, not {points}")
    curve = roc_points(labels, scores)
    n_positive, n_negative = curve[-1].true_positives, curve[-1].false_positives
    if not n_positive or not n_negative:
        return None
    x = np.array([point.false_positives / n_negative for point in curve])
    y = np.array([point.true_positives / n_positive for point in curve])
    grid = np.linspace(0.0, 1.0, points)
    read = np.interp(grid, x, y)
    # The published notebooks start every curve at (0, 0), even above a step at zero.
    read[0] = 0.0
    return float(np.trapezoid(read, grid))
