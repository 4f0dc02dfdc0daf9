"""A run stores all candidates of a provider or none, whatever happens to worker or program."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import candidate_pipeline, intake, services, storage
from cohorts.candidates import registry
from cohorts.candidates.interface import Proposal, ProposalKind, Proposals
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.runs import full_mask
from cohorts.models import Candidate, CandidateRun, CTSeries
from jobs import leases, reconcile
from jobs.models import JobState
from tests.cohorts.candidate_runs.conftest import FREE, NAME, write


@pytest.fixture
def run(people, patient, masks):
    write(masks / "nodes.nii.gz", patient.series, {1: FREE})
    return services.request_candidates(by=people.coordinator, patient=patient, provider=NAME)


def ended(run):
    candidate_pipeline.take_up(run.pk)
    run.refresh_from_db()
    return run.state, run.error, Candidate.objects.filter(run=run).count()


def test_candidates_are_measured_and_told_with_their_score(candidates):
    node, other, station = candidates
    assert (node.score, other.score, station.score) == (0.9, None, None)
    assert (node.bounding_box, node.voxels) == ([[8, 10], [40, 48], [40, 47]], 2 * 8 * 7)
    assert node.centroid_zyx == [8.5, 43.5, 43.0]
    assert node.volume_ml == pytest.approx(112 * 3 * 0.64 / 1000)
    assert node.long_axis_mm >= node.short_axis_mm > 4
    assert (station.level, station.side, station.short_axis_mm) == ("IIa", "left", None)
    mask = full_mask(storage.get(node.runs_key))
    assert mask.sum() == node.voxels
    assert mask[8:10, 40:48, 40:47].all()


def test_a_run_keeps_who_asked_whom(people, run):
    assert ended(run) == (JobState.DONE, "", 1)
    assert (run.provider, run.provider_version, len(run.settings_digest)) == (NAME, "1", 64)
    event = AuditEvent.objects.get(verb="request_candidates")
    assert (event.actor, event.new) == (people.coordinator, {"provider": NAME, "version": "1"})


def test_another_grid_fails_the_run_with_the_code_and_stores_nothing(patient, masks, run):
    series = CTSeries.objects.get(patient=patient)
    grid = replace(SeriesGeometry.from_dict(series.geometry), origin_lps_mm=(9.0, 0.0, 0.0))
    series.geometry = grid.to_dict()
    write(masks / "other.nii.gz", series, {1: FREE})
    state, error, found = ended(run)
    assert (state, found) == (JobState.FAILED, 0)
    assert "other.nii.gz" in error
    assert "(mask_grid)" in error


def test_without_a_folder_of_the_patient_the_run_fails(masks, run):
    masks.rename(masks.with_name("P002"))
    assert ended(run)[0] == JobState.FAILED
    assert "(no_masks)" in run.error


def program(settings, script, **more):
    command = [sys.executable, "-c", script]
    told = {"name": NAME, "version": "2", "kind": "program"}
    settings.CANDIDATE_PROVIDERS = [told | {"settings": {"command": command} | more}]


@pytest.mark.parametrize(
    ("script", "more", "code"),
    [
        ("import os; os.kill(os.getpid(), 9)", {}, "(program_failed)"),
        ("import time; time.sleep(60)", {"limit_s": 0.1}, "(out_of_time)"),
    ],
)
def test_a_program_that_dies_or_hangs_fails_the_run(
    people, patient, masks, settings, script, more, code
):
    program(settings, script, **more)
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    state, error, found = ended(run)
    assert (state, found) == (JobState.FAILED, 0)
    assert code in error
    assert list(settings.CANDIDATE_DIR.iterdir()) == []


def test_a_provider_that_changed_since_is_not_run(settings, run):
    settings.CANDIDATE_PROVIDERS = [settings.CANDIDATE_PROVIDERS[0] | {"version": "2"}]
    state, error, _ = ended(run)
    assert (state, "changed or removed" in error) == (JobState.FAILED, True)


def test_settings_of_no_provider_fail_the_run(people, patient, masks, settings):
    settings.CANDIDATE_PROVIDERS = [{"name": NAME, "version": "1", "kind": "folder"}]
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    state, error, _ = ended(run)
    assert (state, "absolute path" in error) == (JobState.FAILED, True)


def test_a_run_whose_worker_was_killed_is_taken_up_again_and_stores_once(run, settings):
    killed = leases.claim(CandidateRun, run.pk, owner="a worker that is gone")
    left = settings.CANDIDATE_DIR / f"{run.public_id.hex}.1"
    left.mkdir(parents=True)
    assert ended(run)[0] == JobState.RUNNING  # its lease still holds
    CandidateRun.objects.filter(pk=run.pk).update(lease_until=run.requested_at)
    assert reconcile.run_once() >= 1
    assert ended(run) == (JobState.DONE, "", 1)
    assert not left.exists()
    with pytest.raises(leases.LeaseLost):
        candidate_pipeline._store(killed, Proposals())
    assert Candidate.objects.filter(run=run).count() == 1


class Faulty:
    """A provider with a fault of its own."""

    def __init__(self, answer):
        self.answer = answer

    def propose(self, request):
        return self.answer()


def installed(monkeypatch, settings, answer):
    """An installed package offers a provider."""
    told = {"name": NAME, "version": "1", "kind": "entry_point"}
    settings.CANDIDATE_PROVIDERS = [told | {"settings": {"entry_point": "faulty"}}]
    offered = type("Offered", (), {"load": lambda self: lambda given: Faulty(answer)})()
    monkeypatch.setattr(registry, "entry_points", lambda **which: [offered])


def test_a_fault_of_the_system_gives_the_run_back(people, patient, masks, settings, monkeypatch):
    def fault():
        raise ZeroDivisionError

    installed(monkeypatch, settings, fault)
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    with pytest.raises(ZeroDivisionError):
        ended(run)
    run.refresh_from_db()
    assert (run.state, "ZeroDivisionError" in run.error) == (JobState.REQUESTED, True)


def test_a_mask_outside_the_case_fails_the_run(people, patient, masks, settings, monkeypatch):
    box = BoundingBox((11, 60, 60), (13, 62, 62))
    mask = Proposal(kind=ProposalKind.NODE, box=box, voxels=full_box(box))
    installed(monkeypatch, settings, lambda: Proposals(found=(mask,)))
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    state, error, found = ended(run)
    assert (state, found, "(mask_grid)" in error) == (JobState.FAILED, 0, True)


def full_box(box):
    return np.ones(box.shape_zyx, bool)


def test_a_run_that_waits_is_stopped(people, run):
    services.stop_candidates(by=people.annotator_two, run=run)
    assert ended(run) == (JobState.CANCELLED, "", 0)
    with pytest.raises(Conflict):
        services.stop_candidates(by=people.annotator_two, run=run)


def test_a_run_that_goes_on_is_stopped_at_its_next_step(
    people, patient, masks, settings, monkeypatch
):
    def stopped_meanwhile():
        services.stop_candidates(by=people.annotator_two, run=run)
        return Proposals()

    installed(monkeypatch, settings, stopped_meanwhile)
    run = services.request_candidates(by=people.annotator_one, patient=patient, provider=NAME)
    assert ended(run) == (JobState.CANCELLED, "", 0)


def test_one_run_of_a_provider_at_a_time(people, patient, run):
    ask = {"by": people.coordinator, "patient": patient, "provider": NAME}
    with pytest.raises(Conflict):
        services.request_candidates(**ask)
    ended(run)
    services.request_candidates(**ask)


def test_a_failing_intake_keeps_what_candidates_have(candidates):
    """It removes the blobs that it wrote itself, unless something stored has the same bytes."""
    kept, unused = {one.runs_key for one in Candidate.objects.all()}, storage.put(b"{}")
    intake._remove_unused([*kept, unused])
    assert all(map(storage.exists, kept))
    assert not storage.exists(unused)


def test_only_listed_providers_of_the_cohort_are_asked(people, patient, masks, settings):
    listed = settings.CANDIDATE_PROVIDERS[0]
    for providers in ([], [listed | {"cohorts": ["Another"]}]):
        settings.CANDIDATE_PROVIDERS = providers
        with pytest.raises(ValidationError, match="no provider of this cohort"):
            services.request_candidates(by=people.coordinator, patient=patient, provider=NAME)


@pytest.mark.parametrize("who", ["reader_one", "statistician", "outsider"])
def test_who_may_not_see_masks_asks_nobody(people, patient, run, who):
    with pytest.raises(PermissionDenied):
        services.request_candidates(by=getattr(people, who), patient=patient, provider=NAME)
    with pytest.raises(PermissionDenied):
        services.stop_candidates(by=getattr(people, who), run=run)
