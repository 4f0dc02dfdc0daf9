"""The worker's side of candidates: a provider asked about a case, its answer stored whole."""

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from cohorts import selectors, storage
from cohorts.candidate_selectors import provider_named
from cohorts.candidates.interface import (
    MOST_PROPOSALS,
    CandidateCase,
    CandidateRequest,
    Proposal,
    ProposalKind,
    Proposals,
)
from cohorts.candidates.provider_settings import ProviderSettings
from cohorts.candidates.registry import make_provider
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.measurements import measure_node
from cohorts.dicom.part10 import EXPLICIT_LITTLE_ENDIAN
from cohorts.dicom.runs import encode_mask
from cohorts.dicomweb.cases import ServedCase
from cohorts.models import Candidate, CandidateRun, Patient
from jobs import leases
from jobs.models import JobState

logger = logging.getLogger("nodewise.candidates")
RENEW_SECONDS = 1.0
MOST_NOTES = 50


def take_up(run_id: int) -> None:
    """Claim a run and do it; do nothing when somebody else holds it or it is over."""
    held = leases.claim(CandidateRun, run_id, owner=leases.owner_name())
    if held is not None:
        with _ended_well(held):
            _run(held)


@contextlib.contextmanager
def _ended_well(run: CandidateRun) -> Iterator[None]:
    """Give every end its state: refusals are sentences, faults go back into the queue."""
    try:
        yield
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("lease lost", extra={"job": "candidates", "job_id": run.pk})
    except IntakeError as refusal:
        leases.finish(run, state=JobState.FAILED, error=f"{refusal} ({refusal.code})"[:2000])
    except ValidationError as refusal:
        leases.finish(run, state=JobState.FAILED, error=" ".join(refusal.messages))
    except BaseException as fault:
        sentence = f"Stopped by a fault of the system ({type(fault).__name__})."
        leases.give_back(run, error=sentence)
        raise


def _run(run: CandidateRun) -> None:
    told = _provider(run)
    try:
        provider = make_provider(told)
    except (ValueError, TypeError) as fault:
        raise ValidationError(f"{fault} Tell the operator.", code="provider_settings") from fault
    beat = _Beat(run)
    beat("Beginning")
    with _work_folder(run) as folder:
        request = CandidateRequest(case=candidate_case(run.patient), work_folder=folder, go_on=beat)
        _store(run, provider.propose(request))


def _provider(run: CandidateRun) -> ProviderSettings:
    told = provider_named(run.patient.cohort, run.provider)
    asked = (run.provider_version, run.settings_digest)
    if told is None or (told.version, told.digest) != asked:
        raise ValidationError(
            "The operator has changed or removed this provider since it was asked: ask again.",
            code="provider_changed",
        )
    return told


def candidate_case(patient: Patient) -> CandidateCase:
    """Return a stored case as providers get it, named as DICOMweb names it."""
    case = ServedCase(patient)
    frame = case.names.frame_of_reference_uid
    return CandidateCase(
        cohort=patient.cohort.name,
        pseudonym=patient.pseudonym,
        geometry=replace(case.geometry, frame_of_reference_uid=frame),
        ct_series_uid=case.names.ct_series_uid,
        frame_of_reference_uid=frame,
        volume_hu=lambda: selectors.volume_hu(case.series, 0, case.slices - 1),
        dicom_files=lambda: (
            (f"{z + 1:04d}.dcm", case.ct_file(z, EXPLICIT_LITTLE_ENDIAN))
            for z in range(case.slices)
        ),
    )


@contextlib.contextmanager
def _work_folder(run: CandidateRun) -> Iterator[Path]:
    """Lend this attempt's own empty folder; what a killed attempt left is removed."""
    root = Path(settings.CANDIDATE_DIR)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.glob(f"{run.public_id.hex}.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = root / f"{run.public_id.hex}.{run.attempts}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Beat:
    """Renews the lease now and then, with what is being done; raises when the run shall end."""

    def __init__(self, run: CandidateRun) -> None:
        self.run, self.renewed = run, 0.0

    def __call__(self, note: str) -> None:
        if time.monotonic() - self.renewed >= RENEW_SECONDS:
            leases.renew(self.run, note=note)
            self.renewed = time.monotonic()


def _store(run: CandidateRun, proposals: Proposals) -> None:
    """End the run with all its candidates; blobs without a row are harmless."""
    if len(proposals.found) > MOST_PROPOSALS:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"{len(proposals.found)} masks are proposed; at most {MOST_PROPOSALS} are taken",
        )
    geometry = SeriesGeometry.from_dict(run.patient.series.geometry)
    rows = [
        Candidate(run=run, number=number, **_described(one, geometry))
        for number, one in enumerate(proposals.found, start=1)
    ]
    with transaction.atomic():
        leases.renew(run, done=len(rows), total=len(rows), note="Done")
        CandidateRun.objects.filter(pk=run.pk).update(notes=list(proposals.notes[:MOST_NOTES]))
        Candidate.objects.bulk_create(rows)
        leases.finish(run)


def _described(proposal: Proposal, geometry: SeriesGeometry) -> dict[str, Any]:
    try:
        data = encode_mask(proposal.box, proposal.voxels, geometry.shape_zyx)
        measured = _measured(proposal, geometry)
    except ValueError as fault:
        raise IntakeError(
            RefusalCode.MASK_GRID,
            f"a proposed mask cannot be one of this case: {fault}; tell the operator",
        ) from fault
    station = proposal.station
    return {
        "kind": proposal.kind.value,
        "side": station.side if station else "",
        "level": station.level if station else "",
        "score": proposal.score,
        "runs_key": storage.put(data),
        "bounding_box": proposal.box.to_list(),
        **measured,
    }


def _measured(proposal: Proposal, geometry: SeriesGeometry) -> dict[str, Any]:
    """Return size and centre; axes of nodes alone, a level of the neck has none worth telling."""
    voxels = int(np.count_nonzero(proposal.voxels))
    centre = np.argwhere(proposal.voxels).mean(axis=0) + np.asarray(proposal.box.start_zyx)
    found = {
        "voxels": voxels,
        "volume_ml": round(voxels * geometry.voxel_ml, 6),
        "centroid_zyx": [round(float(value), 4) for value in centre],
    }
    if proposal.kind is ProposalKind.NODE:
        axes = measure_node(proposal.box, proposal.voxels, geometry)
        found |= {"short_axis_mm": axes.short_axis_mm, "long_axis_mm": axes.long_axis_mm}
    return found
