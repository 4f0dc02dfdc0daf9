"""Statistics library: how precisely a planned study will estimate Fleiss' kappa of yes/no calls."""

import math

import numpy as np
from scipy import special, stats

FEWEST = 2


def kappa_standard_error(
    kappa: float, *, nodes: int, readers: int, positive_share: float, inflation: float = 1.0
) -> float:
    """Return the large-sample standard error of Fleiss' kappa of yes/no calls.

    Common-correlation model: the number of positive calls of a node is beta-binomial with mean
    ``positive_share`` and intraclass correlation kappa. The variance is that of the influence of
    a node, summed exactly over that distribution:
    kappa = 1 - D/(2 p q), D the share of disagreeing pairs. For two readers it is the formula of
    Bloch and Kraemer.

    Parameters
    ----------
    kappa : float
        Expected kappa, within [0, 1).
    nodes : int
    readers : int
        At least 2.
    positive_share : float
        Share of calls that are positive, within (0, 1).
    inflation : float
        Design effect of nodes in patients.

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Bloch DA, Kraemer HC. Biometrics 1989;45:269. doi:10.2307/2532052
    Donner A, Eliasziw M. Stat Med 1992;11:1511. doi:10.1002/sim.4780111109
    """
    if not 0 <= kappa < 1:
        raise ValueError(f"kappa must lie from 0 to below 1, not {kappa}")
    if nodes < FEWEST or readers < FEWEST:
        raise ValueError(f"need nodes >= 2 and readers >= 2, not {nodes} and {readers}")
    if not 0 < positive_share < 1 or inflation <= 0:
        raise ValueError(
            f"need positive_share within (0, 1) and inflation > 0, not {positive_share} and "
            f"{inflation}"
        )
    p, pq = positive_share, positive_share * (1 - positive_share)
    count = np.arange(readers + 1)
    if kappa:
        size = (1 - kappa) / kappa
        chance = stats.betabinom.pmf(count, readers, p * size, (1 - p) * size)
    else:
        chance = stats.binom.pmf(count, readers, p)
    disagreement = 2 * count * (readers - count) / (readers * (readers - 1))
    expected = 2 * pq * (1 - kappa)
    # d kappa = -dD/(2pq) + D (1 - 2p)/(2 (pq)^2) dp
    influence = -(disagreement - expected) / (2 * pq) + expected * (1 - 2 * p) / (2 * pq**2) * (
        count / readers - p
    )
    return math.sqrt(float(chance @ influence**2) * inflation / nodes)


def kappa_half_width(standard_error: float, *, level: float = 0.95) -> float:
    """Return half the width of the normal interval of this level.

    Raises
    ------
    ValueError
        If the level is not within (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    return float(special.ndtri((1 + level) / 2)) * standard_error
