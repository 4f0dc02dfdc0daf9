"""What the inner validation says of a member (inference.training, pure, no torch)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from inference.training.samples import Sample


@dataclass(frozen=True, kw_only=True)
class ValidationMetrics:
    """AUCs (and loss) of the inner validation; None where only one kind of node is there.

    Attributes
    ----------
    loss : float
        The training loss, without dropout, of the validation nodes.
    metastasis_auc, ene_auc : float or None
        Over all nodes (ENE: with a known label).
    ene_among_metastatic_auc : float or None
        ENE over metastatic nodes only.
    """

    loss: float
    metastasis_auc: float | None
    ene_auc: float | None
    ene_among_metastatic_auc: float | None

    @property
    def selection(self) -> float | None:
        """The published selection metric: mean of the three AUCs, of those there are."""
        aucs = (self.metastasis_auc, self.ene_auc, self.ene_among_metastatic_auc)
        there = [auc for auc in aucs if auc is not None]
        return float(np.mean(there)) if there else None


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """One point of a member's curves.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    training_loss : float
        Mean over the epoch's nodes, as training saw them.
    validation : ValidationMetrics or None
        Of the inner validation patients, in epochs that are evaluated.
    """

    epoch: int
    training_loss: float
    validation: ValidationMetrics | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EpochResult":
        """Read what `to_dict` wrote."""
        found = values["validation"]
        validation = None if found is None else ValidationMetrics(**found)
        return cls(**{**values, "validation": validation})


def auc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float | None:
    """Return the area under the ROC curve; ties count one half.

    Parameters
    ----------
    scores : array_like, shape (N,)
        Higher is more suspicious.
    positive : array_like of bool, shape (N,)
        The truth.

    Returns
    -------
    float or None
        None if one of the two kinds is missing.
    """
    ranks, is_positive = rankdata(np.asarray(scores)), np.asarray(positive, dtype=bool)
    count = int(is_positive.sum())
    others = len(is_positive) - count
    if not count or not others:
        return None
    return float((ranks[is_positive].sum() - count * (count + 1) / 2) / (count * others))


def validation_metrics(
    samples: Sequence[Sample], logits: npt.NDArray[np.float64], loss: float
) -> ValidationMetrics:
    """Return the metrics of some nodes.

    Parameters
    ----------
    samples : sequence of Sample
        The nodes.
    logits : ndarray of float64, shape (N, 2)
        Their metastasis and ENE logits.
    loss : float
        Their loss.

    Returns
    -------
    ValidationMetrics
    """
    metastasis = np.array([sample.metastasis == 1 for sample in samples])
    ene = np.array([sample.ene == 1 for sample in samples])
    known = np.array([sample.ene is not None for sample in samples])
    among = known & metastasis
    return ValidationMetrics(
        loss=loss,
        metastasis_auc=auc(logits[:, 0], metastasis),
        ene_auc=auc(logits[known, 1], ene[known]),
        ene_among_metastatic_auc=auc(logits[among, 1], ene[among]),
    )
