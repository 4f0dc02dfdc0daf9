"""Analysis room: AUC on forced nodes, on all, and its range over what pathology leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from annotation.pathology_rules.identifiability import Choice, GroupChoices, n_sets
from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.statistics.consistent_auc import IdentifiedAuc, identified_auc
from readerstudy.statistics.consistent_auc_within import NestedGroup, consistent_auc_within
from readerstudy.statistics.consistent_labels import LabelGroup, PositiveUnits
from readerstudy.statistics.roc import placements

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PatientChoices:
    """What one patient's report leaves open, and where the nodes stand in the arrays.

    Attributes
    ----------
    groups : tuple of GroupChoices
    position : mapping of int to int
        From a node's number to its place in the arrays; nodes without a row are left out.
    """

    groups: tuple[GroupChoices, ...]
    position: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A group without the units that have no row; positions count within the kept nodes."""

    units: tuple[tuple[int, ...], ...]
    absorbing: frozenset[int]
    n_missing: int
    n_missing_absorbing: int

    def known(self, choice: Choice) -> PositiveUnits:
        """Return how many kept units may be positive: the missing ones may be, or not."""
        n_plain = self.n_missing - self.n_missing_absorbing
        fewest = choice.fewest - self.n_missing
        fewest_plain = choice.fewest_unmatted - n_plain
        if self.n_missing_absorbing:
            fewest_plain = min(fewest_plain, fewest)
        most = min(choice.most, len(self.units))
        fewest = min(max(fewest, 0), most)
        fewest_plain = min(max(fewest_plain, fewest), most)
        return PositiveUnits(fewest=fewest, fewest_plain=fewest_plain, most=most)

    def labels(self, choice: Choice) -> LabelGroup:
        """Return the group for one endpoint."""
        return LabelGroup(units=self.units, absorbing=self.absorbing, positive=self.known(choice))


@dataclass(frozen=True, kw_only=True)
class _Part:
    kept: _Kept
    metastasis: Choice
    ene: Choice
    is_forced: bool


def auc_by_identifiability(
    truth: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: Sequence[PatientChoices],
    endpoint: Endpoint,
) -> IdentifiedAuc:
    """Compute an endpoint's AUC on forced nodes, on all nodes, and its range.

    Parameters
    ----------
    truth : array_like, shape (nodes,)
        Category of the reference standard; -1 where there is none.
    scores : array_like, shape (nodes,)
        A higher score is more suspicious; NaN where there is none.
    patients : sequence of PatientChoices
        As stored with the reference standard. Nodes of levels that were not dissected, and nodes
        without category or score, take no part; of the latter the report's positives may be.
    endpoint : Endpoint

    Returns
    -------
    IdentifiedAuc
        Its range is exact, except for *ENE among metastatic nodes* where it may be bounds.

    Raises
    ------
    ValueError
        If the arrays do not fit or a node belongs to several groups.
    """
    categories = np.asarray(truth, dtype=np.int64)
    values = np.asarray(scores, dtype=np.float64)
    if categories.ndim != 1 or categories.shape != values.shape:
        raise ValueError(f"truth {categories.shape} and scores {values.shape} must be as long")
    usable = (categories >= 0) & np.isfinite(values)
    parts, positions = _parts(patients, usable)
    if len(set(positions)) < len(positions):
        raise ValueError("patients: a node belongs to several groups")
    index = np.array(positions, dtype=np.int64)
    if endpoint is Endpoint.ENE_AMONG_METASTATIC:
        return _among_metastatic(categories[index], values[index], parts)
    is_ene = endpoint is Endpoint.ENE
    least = NodeCategory.METASTASIS_ENE if is_ene else NodeCategory.METASTASIS
    groups = [part.kept.labels(part.ene if is_ene else part.metastasis) for part in parts]
    return identified_auc(categories[index] >= least, values[index], groups)


def _parts(patients: Sequence[PatientChoices], usable: BoolArray) -> tuple[list[_Part], list[int]]:
    """Return the determinable groups with positions among the kept nodes, and those nodes."""
    parts: list[_Part] = []
    positions: list[int] = []
    for patient in patients:
        for group in patient.groups:
            if group.metastasis is None or group.ene is None:
                continue
            rows = [
                [patient.position[n] for n in unit.nodes if n in patient.position]
                for unit in group.units
            ]
            rows = [[row for row in unit if usable[row]] for unit in rows]
            parts.append(
                _Part(
                    kept=_kept(group, rows, first=len(positions)),
                    metastasis=group.metastasis,
                    ene=group.ene,
                    is_forced=n_sets(group, group.metastasis) == n_sets(group, group.ene) == 1,
                )
            )
            positions += [row for unit in rows for row in unit]
    return parts, positions


def _kept(group: GroupChoices, rows: Sequence[Sequence[int]], *, first: int) -> _Kept:
    units: list[tuple[int, ...]] = []
    absorbing: set[int] = set()
    missing = [unit for unit, row in zip(group.units, rows, strict=True) if not row]
    for unit, row in zip(group.units, rows, strict=True):
        if row:
            if unit.is_matted:
                absorbing.add(len(units))
            units.append(tuple(range(first, first + len(row))))
            first += len(row)
    return _Kept(
        units=tuple(units),
        absorbing=frozenset(absorbing),
        n_missing=len(missing),
        n_missing_absorbing=sum(unit.is_matted for unit in missing),
    )


def _among_metastatic(
    categories: IntArray, values: FloatArray, parts: Sequence[_Part]
) -> IdentifiedAuc:
    analysed = categories >= NodeCategory.METASTASIS
    present = categories == NodeCategory.METASTASIS_ENE
    forced = np.zeros(values.size, dtype=bool)
    contradicting = 0
    nested = []
    for part in parts:
        metastasis, ene = part.kept.labels(part.metastasis), part.kept.labels(part.ene)
        nested.append(NestedGroup(analysed=metastasis, positive=ene.positive))
        contradicting += not (metastasis.allows(analysed) and ene.allows(present))
        forced[metastasis.nodes] = part.is_forced
    found = consistent_auc_within(values, nested)
    # With units missing, both counts are bounded apart: some assignments tried may be impossible.
    is_exact = found.is_exact and not any(part.kept.n_missing for part in parts)
    on_forced = forced & analysed
    return IdentifiedAuc(
        on_all=placements(present[analysed], values[analysed]).auc,
        on_forced=placements(present[on_forced], values[on_forced]).auc,
        n_nodes=int(analysed.sum()),
        n_forced=int(on_forced.sum()),
        contradicting=contradicting,
        range=replace(found, is_exact=is_exact),
    )
