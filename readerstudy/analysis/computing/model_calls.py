"""Analysis room: when the model calls a node positive: thresholds fixed before, or chosen here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.endpoints import Endpoint

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

FIXED = "fixed"
CHOSEN_BEFORE = "fixed with the model version"
CHOSEN_HERE = "chosen on this data"


@dataclass(frozen=True, kw_only=True)
class ModelRule:
    """What is known of the model besides its scores.

    Attributes
    ----------
    thresholds : mapping of str to float
        ``metastasis`` and ``ene``, as fixed with the model version: of the probability where scores
        are logits, else of the score. Empty where none was fixed.
    logits : bool
        Scores are logits: the probability is their logistic function.
    strict : bool
        Positive above the threshold, not at it.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    logits: bool = False
    strict: bool = False

    def fixed_cut(self, endpoint: Endpoint) -> "Cut | None":
        """Return the fixed threshold of an endpoint, None where there is none."""
        name = "metastasis" if endpoint is Endpoint.METASTASIS else "ene"
        if name not in self.thresholds:
            return None
        return Cut(
            name=FIXED,
            threshold=self.thresholds[name],
            chosen_on=CHOSEN_BEFORE,
            on_probability=self.logits,
            strict=self.strict,
        )

    def probabilities(self, scores: FloatArray) -> FloatArray | None:
        """Return probabilities of disease; None where the scores are none (outside [0, 1])."""
        if self.logits:
            return np.asarray(expit(scores), dtype=np.float64)
        inside = bool(((scores >= 0) & (scores <= 1)).all())
        return scores if inside else None

    def categories(self, metastasis: FloatArray, ene: FloatArray) -> IntArray | None:
        """Return the model's category of each node by its fixed thresholds; -1 without scores.

        ENE where the ENE score is positive among nodes called metastatic, as in the published
        decision rule; None where a threshold is missing.
        """
        first, second = self.fixed_cut(Endpoint.METASTASIS), self.fixed_cut(Endpoint.ENE)
        if first is None or second is None:
            return None
        metastatic, extranodal = first.calls(metastasis), second.calls(ene)
        known = np.isfinite(metastasis) & np.isfinite(ene)
        called = np.where(
            metastatic,
            np.where(extranodal, int(NodeCategory.METASTASIS_ENE), int(NodeCategory.METASTASIS)),
            int(NodeCategory.BENIGN),
        )
        return np.where(known, called, -1)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One threshold of the model.

    Attributes
    ----------
    name : str
        ``fixed``, ``youden`` or ``fpr10``.
    threshold : float or None
        None calls nothing positive.
    chosen_on : str
    on_probability, strict : bool
    """

    name: str
    threshold: float | None
    chosen_on: str = CHOSEN_HERE
    on_probability: bool = False
    strict: bool = False

    def calls(self, scores: FloatArray) -> BoolArray:
        """Tell which scores are called positive."""
        if self.threshold is None:
            return np.zeros(len(scores), dtype=np.bool_)
        values = expit(scores) if self.on_probability else scores
        above = values > self.threshold if self.strict else values >= self.threshold
        return np.asarray(above, dtype=np.bool_)
