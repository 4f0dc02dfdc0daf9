"""From the members' logits of one node to its stored scores."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class NotFinite(Exception):
    """A member gave a logit that is no number."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One node's scores by several members: mean logits, and the sigmoid of those."""

    metastasis_score: float
    ene_score: float
    metastasis_probability: float
    ene_probability: float


def combined(member_logits: NDArray[np.float64]) -> Scores:
    """Combine one node's logits.

    The mean is the exactly rounded one, so that it depends neither on the order of the members nor
    on how a library sums arrays of one shape or another.

    Parameters
    ----------
    member_logits : ndarray of float64, shape (M, 2)
        Metastasis and ENE logits of each member.

    Returns
    -------
    Scores

    Raises
    ------
    NotFinite
        If a logit is not finite.
    """
    if not np.isfinite(member_logits).all():
        row = int((~np.isfinite(member_logits)).any(axis=1).argmax())
        raise NotFinite(f"member {row + 1} of {len(member_logits)} gave a score that is no number.")
    metastasis, ene = (math.fsum(column) / len(column) for column in member_logits.T.tolist())
    return Scores(
        metastasis_score=metastasis,
        ene_score=ene,
        metastasis_probability=sigmoid(metastasis),
        ene_probability=sigmoid(ene),
    )


def sigmoid(logit: float) -> float:
    """Return the probability that belongs to a logit, without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    grown = math.exp(logit)
    return grown / (1.0 + grown)
