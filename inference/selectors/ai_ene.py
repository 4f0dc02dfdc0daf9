"""AI-ENE: how many of a patient's nodes a model calls ENE, for every model alike.

The count itself is pure; the query below it brings its rows.

References
----------
Kann and colleagues count the nodes with a probability above 0.3; the convention that a patient
without any node counts 0 (D3) is stated in ``docs/glossary.md``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404

from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import current_masks_in, included_patients
from inference.models import ModelVersion
from inference.selectors.predictions import PredictionRow, may_see_scores, predictions_of
from inference.thresholds import is_positive, sign_of

NO_NODE = "no node found"
NOT_PREDICTED = "not predicted"


@dataclass(frozen=True, kw_only=True)
class EneCall:
    """The rule by which a model version calls a node ENE.

    Attributes
    ----------
    threshold : float or None
        Of the ENE probability (of imported scores: of the score); None where none was fixed.
    architecture : str
        Decides whether the threshold itself counts.
    on_scores : bool
        The rule is applied to scores, since imported scores are no probabilities.
    """

    threshold: float | None
    architecture: str
    on_scores: bool

    @property
    def sentence(self) -> str:
        """The rule, or why there is no count."""
        if self.threshold is None:
            return (
                "Not available: no ENE threshold was fixed with this model version, so its nodes "
                "cannot be called."
            )
        what = "score" if self.on_scores else "probability"
        return f"ENE {what} {sign_of(self.architecture)} {self.threshold:g}"

    def is_ene(self, row: PredictionRow) -> bool | None:
        """Say whether the node is called ENE; None where it cannot be said."""
        value = row.ene_score if self.on_scores else row.ene_probability
        if self.threshold is None or value is None:
            return None
        return is_positive(value, self.threshold, self.architecture)


@dataclass(frozen=True, kw_only=True)
class AiEne:
    """One patient's count.

    Attributes
    ----------
    patient : str
        Pseudonym.
    nodes, predicted : int
        Nodes with a current mask, and those of them that the model has scored.
    ene_nodes : int or None
        Nodes called ENE; None where the model has no threshold, or has not scored every node: a
        count over some of the nodes would pass for one over all.
    note : str
        ``no node found``, ``2 of 3 nodes predicted`` and the like; empty where nothing is to say.
    """

    patient: str
    nodes: int
    predicted: int
    ene_nodes: int | None
    note: str


NO_CALL = EneCall(threshold=None, architecture="", on_scores=False)
"""For patients of an analysis without a model."""


def count_ene(
    nodes: Mapping[str, int], rows: Iterable[PredictionRow], call: EneCall
) -> list[AiEne]:
    """Count the nodes called ENE per patient.

    Parameters
    ----------
    nodes : mapping of str to int
        How many nodes each patient has; 0 where none was found.
    rows : iterable of PredictionRow
        The model's scores of these nodes.
    call : EneCall

    Returns
    -------
    list of AiEne
        One per patient, by pseudonym.
    """
    of_patient: dict[str, list[bool | None]] = defaultdict(list)
    for row in rows:
        of_patient[row.patient].append(call.is_ene(row))
    return [
        _counted(patient, number, of_patient[patient], call)
        for patient, number in sorted(nodes.items())
    ]


def _counted(patient: str, nodes: int, calls: Sequence[bool | None], call: EneCall) -> AiEne:
    is_known = call.threshold is not None and len(calls) == nodes and None not in calls
    note = ""
    if not nodes:
        note = NO_NODE
    elif len(calls) < nodes:
        note = f"{len(calls)} of {nodes} nodes predicted" if calls else NOT_PREDICTED
    return AiEne(
        patient=patient,
        nodes=nodes,
        predicted=len(calls),
        ene_nodes=sum(map(bool, calls)) if is_known else None,
        note=note,
    )


def ene_call_of(version: ModelVersion) -> EneCall:
    """Return the rule fixed with the model version."""
    return EneCall(
        threshold=version.thresholds.get("ene"),
        architecture=version.architecture,
        on_scores=version.is_external,
    )


def patients_without_nodes(cohort: Cohort) -> list[str]:
    """Return the included patients who have no node at all (convention D3: they count 0)."""
    without = included_patients(cohort).filter(nodes__isnull=True)
    return list(without.order_by("pseudonym").values_list("pseudonym", flat=True))


def ai_ene_of(cohort: Cohort, version: ModelVersion) -> list[AiEne]:
    """Return the count of each included patient of the cohort."""
    nodes = dict.fromkeys(included_patients(cohort).values_list("pseudonym", flat=True), 0)
    for mask in current_masks_in(cohort):
        nodes[mask.node.patient.pseudonym] += 1
    return count_ene(nodes, predictions_of(cohort, version), ene_call_of(version))


def ai_ene_for(user: User, cohort: Cohort, version: ModelVersion) -> list[AiEne]:
    """Return the counts; Http404 for whoever may not see the cohort's scores."""
    if not may_see_scores(user, cohort):
        raise Http404
    return ai_ene_of(cohort, version)
