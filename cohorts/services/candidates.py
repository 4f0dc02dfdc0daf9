"""Candidates: asking a provider, and deciding about what it proposed, one by one.

An accepted mask is saved by `refining` like any other, so that its refusals hold here too.
"""

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import storage, tasks
from cohorts.candidate_selectors import (
    candidate_mask,
    decision_on,
    mask_runs_of,
    provider_named,
)
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.stations import Station, holds
from cohorts.mask_guards import refuse_guarded
from cohorts.mask_selectors import REFINES, SEES_MASKS, stored_mask
from cohorts.models import (
    Candidate,
    CandidateDecision,
    CandidateRun,
    MaskEdit,
    NodeMask,
    Patient,
)
from cohorts.received_masks import ReceivedMask, encoded, placed, received_mask
from cohorts.selectors import current_masks, has_role
from cohorts.services.mask_rows import set_neighbours, set_stations
from cohorts.services.refining import MaskSource, NodeVersion, add_node, save_mask
from cohorts.station_selectors import station_masks_of
from jobs import leases

Verdict = CandidateDecision.Verdict
AS_PROPOSED, CHANGED = "candidate", "candidate edited"


def request_candidates(*, by: User, patient: Patient, provider: str) -> CandidateRun:
    """Ask the worker to have a provider look at a patient."""
    if not has_role(by, patient.cohort, *SEES_MASKS):
        raise PermissionDenied("Only who annotates or coordinates the cohort asks for candidates.")
    told = provider_named(patient.cohort, provider)
    if told is None:
        raise ValidationError(
            f"'{provider[:80]}' is no provider of this cohort: the operator lists providers in "
            "NODEWISE_CANDIDATE_PROVIDERS.",
            code="no_such_provider",
        )
    run = CandidateRun(
        patient=patient,
        requested_by=by,
        provider=told.name,
        provider_version=told.version,
        settings_digest=told.digest,
    )
    try:
        return _requested(by, run)
    except IntegrityError as open_already:
        raise Conflict(
            f"{told.name} is looking at this patient already: wait for its candidates.",
            code="run_open",
            current={"provider": told.name},
        ) from open_already


@transaction.atomic
def _requested(by: User, run: CandidateRun) -> CandidateRun:
    run.full_clean(exclude=["patient", "requested_by"], validate_constraints=False)
    run.save(force_insert=True)
    told = {"provider": run.provider, "version": run.provider_version}
    audit.record(by=by, verb="request_candidates", target=run, new=told)
    transaction.on_commit(lambda: tasks.run_candidates.enqueue(run.pk))
    return run


@transaction.atomic
def stop_candidates(*, by: User, run: CandidateRun) -> CandidateRun:
    """Ask the worker to stop a run; nothing of it is stored."""
    if not has_role(by, run.patient.cohort, *SEES_MASKS):
        raise PermissionDenied("Only who annotates or coordinates the cohort stops a run.")
    if leases.ask_to_end(run, what="run", to="stop"):
        audit.record(by=by, verb="stop_candidates", target=run)
        transaction.on_commit(lambda: tasks.run_candidates.enqueue(run.pk))
    return run


@transaction.atomic
def accept_candidate(
    *,
    by: User,
    candidate: Candidate,
    client_id: uuid.UUID,
    runs: Any = None,
    replaces: NodeVersion | None = None,
) -> CandidateDecision:
    """Accept a candidate, with its own mask or a changed one.

    A node becomes a new node, or a new version of the node that it ``replaces``, of which it must
    share voxels. A station becomes the automatic level of the nodes whose centre lies in it.
    """
    patient = _locked(by, candidate)
    decided = _decided(candidate, client_id)
    proposed = mask_runs_of(candidate)
    changed = runs is not None and runs != proposed
    decision = CandidateDecision(
        candidate=candidate,
        client_id=client_id,
        verdict=Verdict.EDITED if changed else Verdict.ACCEPTED,
        by=by,
    )
    given = runs if changed else proposed
    if candidate.kind == Candidate.Kind.NODE:
        # Sent again, it is answered as before by `refining`, and refused with another content.
        source = MaskSource(origin=CHANGED if changed else AS_PROPOSED, words=named(candidate))
        decision.edit = _saved(by, patient, candidate, client_id, given, replaces, source)
    elif decided is None:
        _refuse_replacing(replaces)
        mask = received_mask(patient.series, given) if changed else candidate_mask(candidate)
        decision.runs_key = storage.put(encoded(patient.series, mask)) if changed else ""
        decision.levels = _levelled(patient, candidate, mask)
    return _answered(decided, decision) if decided else _recorded(decision)


@transaction.atomic
def reject_candidate(
    *, by: User, candidate: Candidate, client_id: uuid.UUID, reason: str = ""
) -> CandidateDecision:
    """Reject a candidate; it stays, with the reason."""
    _locked(by, candidate)
    decided = _decided(candidate, client_id)
    decision = CandidateDecision(
        candidate=candidate,
        client_id=client_id,
        verdict=Verdict.REJECTED,
        reason=reason.strip(),
        by=by,
    )
    return _answered(decided, decision) if decided else _recorded(decision)


def named(candidate: Candidate) -> str:
    """Return the provenance of a candidate in words."""
    run = candidate.run
    return (
        f"Candidate {candidate.number} of {run.provider} {run.provider_version} (settings "
        f"{run.settings_digest[:12]}), run {run.public_id}, candidate {candidate.public_id}"
    )


def _locked(by: User, candidate: Candidate) -> Patient:
    patient = candidate.run.patient
    if not has_role(by, patient.cohort, *REFINES):
        raise PermissionDenied("Only annotators and adjudicators of the cohort decide this.")
    return Patient.objects.select_for_update().get(pk=patient.pk)


def _decided(candidate: Candidate, client_id: uuid.UUID) -> CandidateDecision | None:
    """Return the decision if this very save made it; Conflict if another one did."""
    found = decision_on(candidate)
    if found is not None and found.client_id != client_id:
        raise Conflict(
            f"This candidate was {found.verdict} already: load the page again.",
            code="candidate_decided",
            current={"verdict": found.verdict},
        )
    return found


def _answered(known: CandidateDecision, again: CandidateDecision) -> CandidateDecision:
    told = [(one.verdict, one.reason, one.by_id) for one in (known, again)]
    if told[0] != told[1]:
        raise _other_content()
    return known


def _other_content() -> ValidationError:
    return ValidationError(
        "This decision was sent before with another content: load the page again.",
        code="client_id_reused",
    )


def _saved(
    by: User,
    patient: Patient,
    candidate: Candidate,
    client_id: uuid.UUID,
    runs: Any,
    replaces: NodeVersion | None,
    source: MaskSource,
) -> MaskEdit:
    if replaces is None:
        saved = add_node(by=by, patient=patient, client_id=client_id, runs=runs, source=source)
        return saved.edit
    _refuse_apart(patient, candidate, runs, replaces)
    saved = save_mask(by=by, seen=replaces, client_id=client_id, runs=runs, source=source)
    return saved.edit


def _refuse_apart(patient: Patient, candidate: Candidate, runs: Any, replaces: NodeVersion) -> None:
    """Refuse to replace a node of which the mask has no voxel: that would move the node."""
    mask = received_mask(patient.series, runs)
    base = NodeMask.objects.filter(node=replaces.node, version=replaces.base_version).first()
    if base is not None and not (placed(stored_mask(base), mask.box) & mask.voxels).any():
        raise ValidationError(
            f"Candidate {candidate.number} shares no voxel with node {replaces.node.number}: "
            "accept it as a node of its own.",
            code="candidate_apart",
        )


def _refuse_replacing(replaces: NodeVersion | None) -> None:
    if replaces is not None:
        raise ValidationError(
            "A station replaces no node: accept it as a station.", code="station_is_no_node"
        )


def _levelled(patient: Patient, candidate: Candidate, mask: ReceivedMask) -> list[dict[str, Any]]:
    """Give the nodes whose centre lies in a station its side and level; return what changed.

    Every node of the patient may have a neighbouring station by it.
    """
    refuse_guarded(patient)
    inside = [
        one.node for one in current_masks(patient) if holds(mask.box, mask.voxels, one.centroid_zyx)
    ]
    changes = set_stations(patient, inside, side=candidate.side, level=candidate.level)
    station = Station(candidate.side, candidate.level)
    given = NodeMaskInput(label=candidate.number, name="", box=mask.box, mask=mask.voxels)
    set_neighbours(patient, station_masks_of(patient, (station, given)))
    return changes


def _recorded(decision: CandidateDecision) -> CandidateDecision:
    candidate = decision.candidate
    if CandidateDecision.objects.filter(client_id=decision.client_id).exists():
        raise _other_content()
    decision.full_clean(exclude=["candidate", "edit", "by"])
    decision.save(force_insert=True)
    audit.record(
        by=decision.by,
        verb=f"candidate_{decision.verdict}",
        target=decision,
        new={"candidate": named(candidate), "levels": decision.levels},
        reason=decision.reason,
    )
    return decision
