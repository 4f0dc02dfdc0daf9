"""Statistics library: checks on the arrays that come in."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Identifiers = Sequence[object] | IntArray
"""Patient of each node: any hashable names, or numbers."""

DEFAULT_LEVEL = 0.95
TABLE_AXES = 2


def checked_labels(labels: npt.ArrayLike) -> BoolArray:
    """Return labels as booleans.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        1 where disease is present, 0 where it is not.

    Returns
    -------
    ndarray of bool, shape (nodes,)

    Raises
    ------
    ValueError
        If the array is not one-dimensional or holds anything but 0 and 1.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must have one axis (nodes), not shape {array.shape}")
    # Two comparisons of numbers take a fiftieth of the time of a search.
    numeric = array.dtype.kind in "biuf"
    known = (array == 0) | (array == 1) if numeric else np.isin(array, (0, 1))
    if not known.all():
        raise ValueError("labels must be 0 (absent) or 1 (present); leave other nodes out first")
    return array.astype(bool)


def checked_scores(scores: npt.ArrayLike, *, n_nodes: int, name: str = "scores") -> FloatArray:
    """Return scores as floats, one per node, without missing values.

    Parameters
    ----------
    scores : array_like, shape (nodes,)
        A higher score means more suspicious.
    n_nodes : int
        Number of nodes expected.
    name : str
        How the refusal names the argument.

    Returns
    -------
    ndarray of float64, shape (nodes,)

    Raises
    ------
    ValueError
        If the length differs or a score is missing (NaN).
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.shape != (n_nodes,):
        raise ValueError(f"{name} must have shape ({n_nodes},), one per node, not {array.shape}")
    if np.isnan(array).any():
        raise ValueError(f"{name} holds missing values; keep complete nodes first (complete_nodes)")
    return array


def checked_curves(
    curves: Mapping[str, npt.ArrayLike], *, n_nodes: int
) -> tuple[tuple[str, ...], FloatArray]:
    """Return curve names and their scores stacked to shape (curves, nodes).

    Raises
    ------
    ValueError
        If there is no curve, or one does not fit the nodes.
    """
    if not curves:
        raise ValueError("curves must hold at least one curve")
    names = tuple(curves)
    rows = [checked_scores(curves[name], n_nodes=n_nodes, name=f"curve {name}") for name in names]
    return names, np.stack(rows)


def checked_level(level: float) -> float:
    """Return the confidence level; refuse one outside (0, 1).

    Raises
    ------
    ValueError
        If the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    return level


def complete_nodes(*columns: npt.ArrayLike) -> BoolArray:
    """Tell which nodes have a value in every column (missing = NaN or None).

    Parameters
    ----------
    *columns : array_like, shape (nodes,)
        Scores or calls, NaN or None where there is none.

    Returns
    -------
    ndarray of bool, shape (nodes,)

    Raises
    ------
    ValueError
        If there is no column or the lengths differ.
    """
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    if not arrays or len({array.shape for array in arrays}) != 1:
        raise ValueError("columns must be at least one, all of the same length")
    return np.asarray(~np.isnan(np.stack(arrays)).any(axis=0), dtype=np.bool_)


def group_indices(identifiers: Identifiers) -> tuple[IntArray, int]:
    """Give groups (patients) numbers in order of first appearance.

    Parameters
    ----------
    identifiers : sequence of hashable, or ndarray of int64, length nodes

    Returns
    -------
    indices : ndarray of int64, shape (nodes,)
    n_groups : int
    """
    if isinstance(identifiers, np.ndarray):
        _, first, inverse = np.unique(identifiers, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[inverse], len(first)
    numbers: dict[object, int] = {}
    indices = [numbers.setdefault(identifier, len(numbers)) for identifier in identifiers]
    return np.asarray(indices, dtype=np.int64), len(numbers)


def checked_table(table: Sequence[Sequence[int]] | npt.ArrayLike) -> tuple[IntArray, bool]:
    """Return whole counts without empty rows and columns, and whether any was left out.

    Raises
    ------
    ValueError
        If the table has no two axes or holds anything but whole numbers >= 0.
    """
    array = np.asarray(table, dtype=np.float64)
    if array.ndim != TABLE_AXES:
        raise ValueError(f"table must have rows and columns, not shape {array.shape}")
    if np.isnan(array).any() or (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError("table must hold whole counts of 0 or more in every cell")
    counts = array.astype(np.int64)
    kept = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    return kept, kept.shape != counts.shape
