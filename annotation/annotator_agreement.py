"""Annotation room's pure core: how far two annotators agreed, each alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cohorts.vocabulary import LABEL_CHOICES, NOT_DETERMINABLE, NodeCategory
from readerstudy.statistics.agreement import cohen_kappa, gwet_ac
from readerstudy.statistics.agreement_by_patient import (
    agreement_by_patient,
    cohen_kappa_by_patient,
    gwet_ac_by_patient,
)
from readerstudy.statistics.inputs import DEFAULT_LEVEL, Identifiers, IntArray, group_indices
from readerstudy.statistics.proportions import Proportion, proportion
from readerstudy.statistics.ratings import Weighting
from readerstudy.statistics.results import Estimate

LABELS = tuple(int(value) for value, _ in LABEL_CHOICES)
CATEGORIES = tuple(int(category) for category in NodeCategory)
BINARY = (0, 1)
WEIGHTINGS: tuple[Weighting, ...] = ("unweighted", "linear", "quadratic")
AT_LEAST = {"metastasis": NodeCategory.METASTASIS, "ene": NodeCategory.METASTASIS_ENE}
"""The least category that counts as yes in each question asked of all nodes."""


@dataclass(frozen=True, kw_only=True)
class ByPatient:
    """Agreement with intervals that allow for several nodes of one patient.

    Attributes
    ----------
    n_patients : int
    agreement : Estimate
    cohen_kappa : dict of str to Estimate
        By weighting.
    gwet_ac1 : Estimate
    """

    n_patients: int
    agreement: Estimate
    cohen_kappa: dict[Weighting, Estimate]
    gwet_ac1: Estimate


@dataclass(frozen=True, kw_only=True)
class CodedAgreement:
    """Agreement of answers that have an order, on the nodes both found determinable.

    Attributes
    ----------
    n : int
    table : list of list of int
        Nodes by the first annotator's answer (rows) and the second's (columns).
    agreement : Proportion
    cohen_kappa : dict of str to Estimate
        By weighting; a yes-or-no question has the unweighted one only.
    gwet_ac1 : Estimate
        These three take nodes as independent.
    by_patient : ByPatient
    """

    n: int
    table: list[list[int]]
    agreement: Proportion
    cohen_kappa: dict[Weighting, Estimate]
    gwet_ac1: Estimate
    by_patient: ByPatient


@dataclass(frozen=True, kw_only=True)
class AnnotatorAgreement:
    """Agreement of two annotators on the nodes that both labelled.

    Attributes
    ----------
    n, n_patients, n_not_determinable : int
        Nodes labelled twice, their patients, and the nodes either could not determine.
    table : list of list of int
        Nodes by the first annotator's label (rows) and the second's (columns), in the order of
        `LABELS`.
    agreement : Proportion
        Of all four answers; nodes taken as independent.
    agreement_by_patient : Estimate
    categories : CodedAgreement
    binary : dict of str to CodedAgreement
        ``metastasis`` and ``ene``: yes or no.
    """

    n: int
    n_patients: int
    n_not_determinable: int
    table: list[list[int]]
    agreement: Proportion
    agreement_by_patient: Estimate
    categories: CodedAgreement
    binary: dict[str, CodedAgreement]


def annotator_agreement(
    labels: npt.ArrayLike, patients: Identifiers, *, level: float = DEFAULT_LEVEL
) -> AnnotatorAgreement:
    """Compute the agreement of two annotators with intervals by patient and by node.

    Parameters
    ----------
    labels : array_like, shape (nodes, 2)
        Both labels of each node: 0, 1, 2 or 9 (*not determinable*).
    patients : sequence, length nodes
        Patient of each node; any hashable identifier.
    level : float
        Confidence level of every interval.

    Raises
    ------
    ValueError
        If a label is none of the four, or the lengths or the level are wrong.
    """
    given = np.asarray(labels, dtype=np.int64).reshape(-1, 2)
    if not np.isin(given, LABELS).all():
        raise ValueError(f"every label must be one of {LABELS}")
    if len(patients) != len(given):
        raise ValueError(f"patients must have length {len(given)}, not {len(patients)}")
    whose, n_patients = group_indices(patients)
    determinable = (given != NOT_DETERMINABLE).all(axis=1)
    both, of_both = given[determinable], whose[determinable]
    return AnnotatorAgreement(
        n=len(given),
        n_patients=n_patients,
        n_not_determinable=len(given) - len(both),
        table=_table(given, LABELS),
        agreement=_alike(given, level),
        agreement_by_patient=agreement_by_patient(given, whose, level=level),
        categories=_coded(both, of_both, CATEGORIES, level),
        binary={
            name: _coded((both >= least).astype(np.int64), of_both, BINARY, level)
            for name, least in AT_LEAST.items()
        },
    )


def _table(given: IntArray, values: Sequence[int]) -> list[list[int]]:
    first, second = (np.searchsorted(values, given[:, side]) for side in (0, 1))
    cells = np.bincount(first * len(values) + second, minlength=len(values) ** 2)
    found: list[list[int]] = cells.reshape(len(values), len(values)).tolist()
    return found


def _alike(given: IntArray, level: float) -> Proportion:
    return proportion(int((given[:, 0] == given[:, 1]).sum()), len(given), level=level)


def _coded(
    given: IntArray, patients: IntArray, values: Sequence[int], level: float
) -> CodedAgreement:
    weightings = WEIGHTINGS if len(values) > len(BINARY) else WEIGHTINGS[:1]
    first, second = given.T
    return CodedAgreement(
        n=len(given),
        table=_table(given, values),
        agreement=_alike(given, level),
        cohen_kappa={
            weighting: cohen_kappa(
                first, second, categories=values, weighting=weighting, level=level
            )
            for weighting in weightings
        },
        gwet_ac1=gwet_ac(given, categories=values, level=level),
        by_patient=ByPatient(
            n_patients=np.unique(patients).size,
            agreement=agreement_by_patient(given, patients, level=level),
            cohen_kappa={
                weighting: cohen_kappa_by_patient(
                    given, patients, categories=values, weighting=weighting, level=level
                )
                for weighting in weightings
            },
            gwet_ac1=gwet_ac_by_patient(given, patients, categories=values, level=level),
        ),
    )
