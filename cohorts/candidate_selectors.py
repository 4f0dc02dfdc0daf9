"""Reads of candidates: providers, runs, what they proposed, and which nodes it overlaps."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts import storage
from cohorts.candidates.picture import outlined_png
from cohorts.candidates.provider_settings import ProviderSettings, parse_providers
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.runs import decode_mask
from cohorts.dicom.stations import Station
from cohorts.mask_selectors import SEES_MASKS
from cohorts.models import (
    Candidate,
    CandidateDecision,
    CandidateRun,
    Cohort,
    Node,
    NodeMask,
    Patient,
)
from cohorts.received_masks import ReceivedMask, placed
from cohorts.selectors import cohorts_of, current_masks, mask_array, volume_hu
from cohorts.vocabulary import CohortRole

ALIKE_DICE = 0.5


def providers_for(cohort: Cohort) -> list[ProviderSettings]:
    """Return the providers that may be run in a cohort, as the operator lists them."""
    told = parse_providers(settings.CANDIDATE_PROVIDERS)
    return [provider for provider in told if provider.serves(cohort.name)]


def provider_named(cohort: Cohort, name: str) -> ProviderSettings | None:
    """Return the cohort's provider of this name, if there is one."""
    return next((one for one in providers_for(cohort) if one.name == name), None)


def runs_of(patient: Patient) -> QuerySet[CandidateRun]:
    """Return the patient's runs with the number of their candidates, the newest first."""
    runs = CandidateRun.objects.filter(patient=patient).select_related("requested_by")
    return runs.annotate(found=Count("candidates")).order_by("-pk")


def run_for(user: User, public_id: uuid.UUID) -> CandidateRun:
    """Return the run, or raise Http404 when it is not of a cohort in which masks may be seen."""
    run = (
        CandidateRun.objects.select_related("patient__cohort", "patient__series", "requested_by")
        .annotate(found=Count("candidates"))
        .filter(public_id=public_id, patient__cohort__in=cohorts_of(user, *SEES_MASKS))
        .first()
    )
    if run is None:
        raise Http404
    return run


def candidate_for(user: User, public_id: uuid.UUID, *roles: CohortRole) -> Candidate:
    """Return the candidate, or raise Http404 when it is not of the person's roles."""
    candidate = (
        _candidates()
        .filter(public_id=public_id, run__patient__cohort__in=cohorts_of(user, *roles))
        .first()
    )
    if candidate is None:
        raise Http404
    return candidate


def candidates_of(patient: Patient) -> QuerySet[Candidate]:
    """Return every candidate of the patient, by the slice of its centre, the most cranial first."""
    return _candidates().filter(run__patient=patient).order_by("-centroid_zyx__0", "pk")


def candidate_in(patient: Patient, public_id: uuid.UUID) -> Candidate:
    """Return the patient's candidate, or raise Http404 when it is not of this patient."""
    candidate = candidates_of(patient).filter(public_id=public_id).first()
    if candidate is None:
        raise Http404
    return candidate


def decision_on(candidate: Candidate) -> CandidateDecision | None:
    """Return what was decided about a candidate."""
    return CandidateDecision.objects.filter(candidate=candidate).first()


def candidate_mask(candidate: Candidate) -> ReceivedMask:
    """Return a candidate's voxels, digest checked."""
    box, voxels = decode_mask(storage.get_checked(candidate.runs_key))
    return ReceivedMask(box=box, voxels=voxels)


def accepted_stations(patient: Patient) -> dict[Station, list[NodeMaskInput]]:
    """Return the station masks that people accepted for the patient, as they accepted them."""
    decisions = CandidateDecision.objects.exclude(verdict=CandidateDecision.Verdict.REJECTED)
    found: dict[Station, list[NodeMaskInput]] = defaultdict(list)
    for one in decisions.filter(
        candidate__run__patient=patient, candidate__kind=Candidate.Kind.STATION
    ).select_related("candidate"):
        proposed = one.candidate
        box, voxels = decode_mask(storage.get_checked(one.runs_key or proposed.runs_key))
        mask = NodeMaskInput(label=proposed.number, name="", box=box, mask=voxels)
        found[Station(proposed.side, proposed.level)].append(mask)
    return found


def mask_runs_of(candidate: Candidate) -> Any:
    """Return a candidate's mask as run-length JSON, digest checked."""
    return json.loads(storage.get_checked(candidate.runs_key))


def picture_of(candidate: Candidate) -> bytes:
    """Return a PNG of the candidate's largest slice, with its outline; one slice is decoded."""
    mask = candidate_mask(candidate)
    largest = int(np.count_nonzero(mask.voxels, axis=(1, 2)).argmax())
    z = mask.box.start_zyx[0] + largest
    (plane_hu,) = volume_hu(candidate.run.patient.series, z, z)
    whole = np.zeros(plane_hu.shape, dtype=np.bool_)
    whole[mask.box.slices[1:]] = mask.voxels[largest]
    return outlined_png(plane_hu, whole)


@dataclass(frozen=True, kw_only=True)
class OverlappedNode:
    """A node that shares voxels with a candidate, and how much (Dice, 0 to 1)."""

    node: Node
    version: int
    dice: float

    @property
    def is_alike(self) -> bool:
        """Whether they may be one node; one that only grazes another is no new mask of it."""
        return self.dice >= ALIKE_DICE


@dataclass(frozen=True, kw_only=True)
class ListedCandidate:
    """A candidate, and the nodes it overlaps as they are now, the most alike first."""

    candidate: Candidate
    overlaps: tuple[OverlappedNode, ...]

    @property
    def shown_slices(self) -> tuple[int, int]:
        """First and last slice as the viewer counts them: from 1, the most cranial one first."""
        first, stop = self.candidate.bounding_box[0]
        slices = int(self.candidate.run.patient.series.geometry["shape_zyx"][0])
        return slices - stop + 1, slices - first


def with_overlaps(patient: Patient, candidates: Iterable[Candidate]) -> list[ListedCandidate]:
    """Return the candidates with their overlaps; of stations and decided ones none are looked for.

    Node masks are read once.
    """
    nodes = [(mask, _stored(mask)) for mask in current_masks(patient)]
    return [
        ListedCandidate(candidate=one, overlaps=() if _is_settled(one) else overlaps(one, nodes))
        for one in candidates
    ]


def overlaps(
    candidate: Candidate, nodes: Iterable[tuple[NodeMask, ReceivedMask]]
) -> tuple[OverlappedNode, ...]:
    """Return which of the nodes share voxels with a candidate."""
    mask, found = candidate_mask(candidate), []
    for of_node, stored in nodes:
        shared = int(np.count_nonzero(placed(stored, mask.box) & mask.voxels))
        if shared:
            dice = 2 * shared / (candidate.voxels + of_node.voxels)
            version = of_node.version
            found.append(OverlappedNode(node=of_node.node, version=version, dice=round(dice, 4)))
    return tuple(sorted(found, key=lambda one: -one.dice))


def _stored(mask: NodeMask) -> ReceivedMask:
    box, voxels = mask_array(mask)
    return ReceivedMask(box=box, voxels=voxels)


def _is_settled(candidate: Candidate) -> bool:
    return candidate.kind == Candidate.Kind.STATION or hasattr(candidate, "decision")


def _candidates() -> QuerySet[Candidate]:
    return Candidate.objects.select_related(
        "run__patient__cohort", "run__patient__series", "decision__by", "decision__edit"
    )
