"""Statistics library: p values adjusted for several tests (Bonferroni, Holm, Hochberg)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from readerstudy.statistics.inputs import FloatArray

Method = Literal["bonferroni", "holm", "hochberg"]
DEFAULT_ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class AdjustedP:
    """One hypothesis of a family.

    Attributes
    ----------
    p, adjusted_p : float or None
        None where the test is undefined; it still counts in the size of the family.
    rejected : bool
        Whether the adjusted p is at most alpha; an undefined test rejects nothing.
    """

    p: float | None
    adjusted_p: float | None
    rejected: bool


def adjust(
    p_values: Mapping[str, float | None], *, method: Method, alpha: float = DEFAULT_ALPHA
) -> dict[str, AdjustedP]:
    """Adjust the p values of a family of hypotheses.

    With p_(1) <= ... <= p_(k): Bonferroni k p; Holm max over i <= j of (k - i + 1) p_(i);
    Hochberg min over i >= j of (k - i + 1) p_(i); each at most 1. Bonferroni and Holm control the
    family-wise error under any dependence, Hochberg under independence or positive dependence.

    Parameters
    ----------
    p_values : mapping of str to float or None
        Two-sided or one-sided p per hypothesis; None (an undefined test) is taken as 1, so that
        leaving it undefined never helps the others.
    method : {"bonferroni", "holm", "hochberg"}
    alpha : float
        Family-wise error.

    Returns
    -------
    dict of str to AdjustedP
        In the order given.

    Raises
    ------
    ValueError
        If a p value lies outside [0, 1], alpha outside (0, 1), or the method is unknown.

    References
    ----------
    Holm S. Scand J Stat 1979;6:65.
    Hochberg Y. Biometrika 1988;75:800. doi:10.1093/biomet/75.4.800
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    for name, p in p_values.items():
        if p is not None and not 0 <= p <= 1:
            raise ValueError(f"p value of {name} must lie between 0 and 1, not {p}")
    values = np.array([1.0 if p is None else p for p in p_values.values()], dtype=np.float64)
    adjusted = _adjusted(values, method)
    results = {}
    for (name, p), value in zip(p_values.items(), adjusted.tolist(), strict=True):
        results[name] = AdjustedP(
            p=p,
            adjusted_p=None if p is None else value,
            rejected=p is not None and value <= alpha,
        )
    return results


def _adjusted(values: FloatArray, method: Method) -> FloatArray:
    k = values.size
    order = np.argsort(values, kind="stable")
    stepped = (k - np.arange(k)) * values[order]
    if method == "bonferroni":
        stepped = k * values[order]
    elif method == "holm":
        stepped = np.maximum.accumulate(stepped)
    elif method == "hochberg":
        stepped = np.minimum.accumulate(stepped[::-1])[::-1]
    else:
        raise ValueError(f"method must be bonferroni, holm or hochberg, not {method}")
    adjusted = np.empty(k)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
