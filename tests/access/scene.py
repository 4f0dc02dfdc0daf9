"""One walked cohort with every kind of object in it, a second cohort, and a person for each role.

Built once for a module: the tests on it look, or undo what they did.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.db import transaction

from accounts.models import User
from annotation import services as annotation
from annotation.models import FindingReason
from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report import (
    Counts,
    EneClass,
    Known,
    LevelRow,
    PathologyReport,
)
from cohorts import sealing, storage
from cohorts.arrivals import ExpectedFile
from cohorts.dicomweb.cases import ServedCase
from cohorts.dicomweb.services import create_token
from cohorts.models import (
    ArchivePull,
    ArchiveSearch,
    Candidate,
    CandidateRun,
    Cohort,
    IntakeUpload,
    Node,
    Patient,
)
from cohorts.selectors import current_masks_in
from cohorts.services import exclude_patient, reject_candidate, start_arrival
from cohorts.serving import frames_signature
from cohorts.vocabulary import CohortRole
from inference.models import ModelUpload, ModelUploadFile, ModelVersion, Provenance, TrainingRun
from inference.services import request_predictions, start_training
from inference.services.explaining import request_attributions
from jobs.models import JobState
from readerstudy.analysis import pipeline
from readerstudy.analysis import services as analysis
from readerstudy.analysis.imported_help import EXAMPLE
from readerstudy.analysis.planning import services as planning
from readerstudy.analysis.planning.pipeline import run_power_simulation
from readerstudy.reading import services as reading
from readerstudy.reading.models import Assignment, Study, StudyReader
from readerstudy.reading.plan import default_plan
from readerstudy.reading.services.calls import CallGiven
from tests import walk
from tests.annotation.conftest import label_all
from tests.attribution_cases import store_map
from tests.cases import box_runs, store_case
from tests.inference.training_cases import TINY, freeze, store_development
from tests.people import People, join, person

ROLES_OF_STAFF = (
    ("coordinator", CohortRole.COORDINATOR),
    ("annotator_one", CohortRole.ANNOTATOR),
    ("annotator_two", CohortRole.ANNOTATOR),
    ("adjudicator", CohortRole.ADJUDICATOR),
    ("statistician", CohortRole.STATISTICIAN),
)

# Not a judgement and not data of a study: written by signing in.
SIGNING_IN = {"sessions.Session", "accounts.User"}


def build() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return people by the name of their role, and the values of the routes' arguments by name."""
    cohort = Cohort.objects.create(name="External test 1")
    other_cohort = Cohort.objects.create(name="External test 2")
    people = staff(cohort, "")
    other = staff(other_cohort, "other_")
    for number in (1, 2, 3):
        store_case(cohort, f"P00{number}", nodes=3)
    store_case(other_cohort, "Q001", nodes=2)
    walk.release_truth(people, cohort)
    User.objects.filter(pk=people.coordinator.pk).update(may_create_cohorts=True)
    things = {"cohort": cohort.public_id, "cohort_pk": cohort.pk, "version": 1}
    things |= _closed_study(people, cohort)
    things |= _open_study(people, cohort)
    things |= _draft(people, cohort)
    things |= _open_work(people, cohort)
    things |= _archive_work(people, cohort)
    things |= _training(people)
    things |= _imported(people)
    things |= _planning(people)
    walk.open_study(other, other_cohort, title="Elsewhere", seed=3)
    things["joint_study"] = _joint_study(cohort, other_cohort).public_id
    return _by_role(people, other), things


def staff(cohort: Cohort, prefix: str) -> People:
    """Return one person per role of the cohort, each with a password."""
    made = People(**{name: person(prefix + name) for name in People.__annotations__})
    for name, role in ROLES_OF_STAFF:
        join(cohort, getattr(made, name), role)
    return made


def _by_role(people: People, other: People) -> dict[str, User | None]:
    return {
        "anonymous": None,
        "outsider": people.outsider,
        "reader": people.reader_one,
        "second reader": people.reader_two,
        "other reader": other.reader_one,
        "annotator": people.annotator_one,
        "second annotator": people.annotator_two,
        "other annotator": other.annotator_one,
        "adjudicator": people.adjudicator,
        "other adjudicator": other.adjudicator,
        "coordinator": people.coordinator,
        "other coordinator": other.coordinator,
        "statistician": people.statistician,
        "other statistician": other.statistician,
    }


def _closed_study(people: People, cohort: Cohort) -> dict[str, Any]:
    """A closed study with a finished run on scores of another model, and a waiting run."""
    study = walk.open_study(people, cohort, title="Closed study")
    walk.read_everything(people, study)
    reading.close_study(by=people.coordinator, study=study)
    scores = walk.import_scores(people, cohort)
    dataset = analysis.freeze_dataset(by=people.statistician, study=study, model=scores)
    done = analysis.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(done.pk)
    waiting = analysis.request_analysis(by=people.statistician, dataset=dataset)
    return {
        "closed_study": study.public_id,
        "closed_seat": study.readers.get(user=people.reader_one).public_id,
        "scores_model": scores.public_id,
        "dataset": dataset.public_id,
        "done_run": done.public_id,
        "waiting_run": waiting.public_id,
    }


def _imported(people: People) -> dict[str, Any]:
    """A study read elsewhere, imported and computed, and a run of it that waits."""
    dataset = analysis.import_dataset(
        by=people.statistician, title="Read elsewhere", file_name="calls.csv", data=EXAMPLE.encode()
    )
    done = analysis.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(done.pk)
    waiting = analysis.request_analysis(by=people.statistician, dataset=dataset)
    return {
        "imported_dataset": dataset.public_id,
        "imported_run": done.public_id,
        "imported_waiting_run": waiting.public_id,
    }


def _planning(people: People) -> dict[str, Any]:
    """A finished simulation of a planned study, and one that waits."""
    given = {"patients": 10, "replicates": 100, "readers": 2}
    done = planning.request_simulation(by=people.statistician, given=given)
    run_power_simulation(done.pk)
    waiting = planning.request_simulation(by=people.statistician, given=given)
    return {"done_simulation": done.public_id, "waiting_simulation": waiting.public_id}


def _open_study(people: People, cohort: Cohort) -> dict[str, Any]:
    """An open study with an amended plan: reader one has submitted a case, called the second."""
    study = walk.open_study(people, cohort, title="Open study", seed=11)
    reading.amend_plan(
        by=people.statistician,
        study=study,
        plan=default_plan() | {"alpha": 0.01},
        reason="A stricter level.",
    )
    walk.read_as(people.reader_one, study, cases=1)
    seat = StudyReader.objects.get(study=study, user=people.reader_one)
    submitted, current = Assignment.objects.filter(reader=seat).order_by("position")[:2]
    for version, node in enumerate(current.nodes.select_related("mask")):
        given = CallGiven(
            call=uuid.uuid4(),
            node=node.public_id,
            category=1,
            base_version=version,
            shown_case=current.public_id,
            shown_slice=node.mask.bounding_box[0][0],
        )
        reading.submit_call(by=people.reader_one, case=current.public_id, given=given)
    return {
        "open_study": study.public_id,
        "seat": seat.public_id,
        "submitted_case": submitted.public_id,
        "case": current.public_id,
        "reader_frames": frames_signature(people.reader_one.pk, current.public_id, current.series),
        "case_node": node.public_id,
        "case_slice": node.mask.bounding_box[0][0],
        "case_version": current.nodes.count(),
    }


def _draft(people: People, cohort: Cohort) -> dict[str, Any]:
    """A draft study with a reader and an invitation."""
    draft = reading.create_study(by=people.coordinator, title="Draft", cohorts=[cohort])
    reading.update_protocol(by=people.coordinator, study=draft, protocol="Call every node.")
    seat = reading.add_reader(by=people.coordinator, study=draft, user=people.reader_two)
    invitation, token = reading.invite_reader(
        by=people.coordinator, study=draft, email="invited@example.org"
    )
    return {
        "draft": draft.public_id,
        "draft_seat": seat.public_id,
        "invitation": invitation.pk,
        "token": token,
    }


def _disputed(people: People, cohort: Cohort) -> Node:
    """A node of which the second annotator has spoken and the first has not."""
    patient = store_case(cohort, "P008", nodes=1)
    label_all(people.annotator_one, patient, [0])
    label_all(people.annotator_two, patient, [1])
    node = patient.nodes.get()
    annotation.state_in_discussion(by=people.annotator_two, node=node, label=1)
    return node


def _open_work(people: People, cohort: Cohort) -> dict[str, Any]:
    """An upload, a waiting prediction run, disagreements, an open labelling."""
    disputed = _disputed(people, cohort)
    discordant = cohort.patients.get(pseudonym="P001").nodes.get(number=1)
    fresh = store_case(cohort, "P009", nodes=1)
    labelling = annotation.start_labelling(by=people.annotator_one, patient=fresh)
    annotation.record_label(
        by=people.annotator_one,
        labelling=labelling,
        node=fresh.nodes.get(),
        client_id=uuid.uuid4(),
        base_version=0,
        label=1,
    )
    FindingReason.objects.create(
        labelling=labelling, client_id=uuid.uuid4(), code="W1", sentence="A.", reason="Seen."
    )
    _report(people, fresh)
    left_out = store_case(cohort, "P010", nodes=1)
    exclude_patient(by=people.coordinator, patient=left_out, code="other", reason="A test.")
    served = ServedCase(fresh)
    model, unused = untrained_model("Untrained"), untrained_model("Not run yet")
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=model)
    upload = IntakeUpload.objects.create(
        cohort=cohort, drop_name="ours", shown_name="first.zip", requested_by=people.coordinator
    )
    arriving = start_arrival(
        by=people.coordinator,
        cohort=cohort,
        shown_name="second",
        files=[ExpectedFile(path="a/1.dcm", size=100)],
    )
    return (
        {
            "discordant": discordant.public_id,
            "disputed": disputed.public_id,
            "patient": fresh.public_id,
            "viewer_token": create_token(
                by=people.coordinator, cohort=cohort, name="Slicer", days=1
            )[0].public_id,
            "dicom_study": served.names.study_uid,
            "dicom_series": served.names.ct_series_uid,
            "dicom_instance": served.images.uid(0),
            "annotator_frames": frames_signature(
                people.annotator_one.pk, fresh.public_id, fresh.series
            ),
            "left_out": left_out.public_id,
            "unused_model": unused.public_id,
            "labelling": labelling.public_id,
            "fresh_node": fresh.nodes.get().public_id,
            "model": model.public_id,
            "prediction_run": run.public_id,
            "upload": upload.public_id,
            "arrival": arriving.public_id,
            "model_upload": _model_upload(people).public_id,
        }
        | _explained(people, cohort, model)
        | _candidates(people, fresh)
    )


def _archive_work(people: People, cohort: Cohort) -> dict[str, Any]:
    """A search that found a series and one that waits, a pull that waits and one that failed."""
    asked = {
        "cohort": cohort,
        "archive": "Hospital",
        "keyword": "PatientID",
        "requested_by": people.coordinator,
        "sealed_terms": sealing.seal({"terms": ["MRN-1", "MRN-2"], "studied": ""}),
    }
    series = {
        "term": "MRN-1",
        "study_uid": "1.2.3",
        "study_date": "2026-01-24",
        "series_uid": "1.2.3.4",
        "modality": "CT",
        "description": "Neck",
        "instances": 90,
    }
    done = ArchiveSearch.objects.create(
        **asked, state=JobState.DONE, sealed_found=sealing.seal([series]), found_count=1
    )
    waiting = ArchiveSearch.objects.create(**asked)
    pulled = {
        "search": done,
        "requested_by": people.coordinator,
        "sealed_series": sealing.seal([series]),
        "series_count": 1,
    }
    return {
        "archive_search": done.public_id,
        "waiting_search": waiting.public_id,
        "archive_pull": ArchivePull.objects.create(**pulled).public_id,
        "failed_pull": ArchivePull.objects.create(**pulled, state=JobState.FAILED).public_id,
    }


def _explained(people: People, cohort: Cohort, model: ModelVersion) -> dict[str, Any]:
    """A node with a map of its score, and a waiting run over the others."""
    mask = current_masks_in(cohort).first()
    found = store_map(mask, model)
    run = request_attributions(
        by=people.statistician,
        cohort=cohort,
        model_version=model,
        nodes=[current_masks_in(cohort).last().node.public_id],
    )
    return {"attribution": found.public_id, "attribution_run": run.public_id}


def _candidates(people: People, patient: Patient) -> dict[str, Any]:
    """A provider that is being asked, and two candidates of an earlier run, one rejected."""
    told = {"patient": patient, "provider_version": "1", "settings_digest": "0" * 64}
    waiting = CandidateRun.objects.create(**told, provider="Stations")
    done = CandidateRun.objects.create(**told, provider="LN-DETR", state=JobState.DONE)
    runs = json.dumps(box_runs((8, 40, 40), (10, 46, 46)), separators=(",", ":")).encode()
    candidate, rejected = (
        Candidate.objects.create(
            run=done,
            number=number,
            kind=Candidate.Kind.NODE,
            runs_key=storage.put(runs),
            bounding_box=[[8, 10], [40, 46], [40, 46]],
            centroid_zyx=[8.5, 42.5, 42.5],
            voxels=72,
            volume_ml=0.138,
            short_axis_mm=4.8,
            long_axis_mm=5.9,
        )
        for number in (1, 2)
    )
    reject_candidate(by=people.annotator_one, candidate=rejected, client_id=uuid.uuid4())
    return {"candidate_run": waiting.public_id, "candidate": candidate.public_id}


def _report(people: People, patient: Patient) -> None:
    """A pathology report that annotator one entered and nobody has checked."""
    level = LevelRow(
        place=Place(side=Side.LEFT, level=Level.III),
        dissected=Known.YES,
        counts=Counts(examined=7, positive=0, ene_positive=0),
    )
    report = PathologyReport(report_id="LAB-7", levels=(level,), ene_class=EneClass.NONE)
    annotation.enter_report(
        by=people.annotator_one, patient=patient, report=report, base_revision=0
    )


def _model_upload(people: People) -> ModelUpload:
    """An upload with one file that passed for a member."""
    upload = ModelUpload.objects.create(architecture="DeepENE", owner=people.coordinator)
    ModelUploadFile.objects.create(
        upload=upload,
        path="release/RUN0/fold0/last_epoch_ckpt.pth",
        run=0,
        fold=0,
        sha256=storage.put(b"stands for a checkpoint"),
        size_bytes=23,
    )
    return upload


def _training(people: People) -> dict[str, Any]:
    """A development cohort whose truth is released, with a waiting, a stopped and a done training.

    The frozen data are written by hand, so that freezing the released truth makes new ones.
    """
    development = Cohort.objects.create(name="Development")
    for name, role in ROLES_OF_STAFF:
        join(development, getattr(people, name), role)
    store_development(development, patients=4)
    walk.release_truth(people, development)
    dataset = freeze(people, development)
    runs = {
        key: start_training(
            by=people.coordinator,
            dataset=dataset,
            name=f"A {key}",
            architecture="DeepENE",
            settings=TINY,
        )
        for key in ("training", "stopped_training", "done_training")
    }
    TrainingRun.objects.filter(pk=runs["stopped_training"].pk).update(state=JobState.CANCELLED)
    record = storage.put(b'{"thresholds":{}}')
    TrainingRun.objects.filter(pk=runs["done_training"].pk).update(
        state=JobState.DONE, record_key=record
    )
    found = {key: run.public_id for key, run in runs.items()}
    return found | {"development": development.public_id, "training_data": dataset.public_id}


def untrained_model(name: str) -> ModelVersion:
    """Record a model version without members."""
    return ModelVersion.objects.create(
        name=name,
        architecture="DeepENE",
        provenance=Provenance.UNTRAINED,
        digest=hashlib.sha256(name.encode()).hexdigest(),
    )


def _joint_study(cohort: Cohort, other: Cohort) -> Study:
    """A study over both cohorts, opened by somebody who coordinates both."""
    both = person("both")
    for one in (cohort, other):
        join(one, both, CohortRole.COORDINATOR)
    return reading.create_study(by=both, title="Joint study", cohorts=[cohort, other])


def fingerprint() -> dict[str, str]:
    """Return a digest of the rows of every table that signing in does not write."""
    found = {}
    for model in apps.get_models():
        if model._meta.label in SIGNING_IN:
            continue
        rows = [repr(row) for row in model._default_manager.order_by("pk").values_list()]
        found[model._meta.label] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    found["accounts"] = repr(list(User.objects.order_by("pk").values_list("username", "password")))
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Undo in the database whatever happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def standing(blocker: Any) -> Iterator[SimpleNamespace]:
    """Build the scene for a whole module, and take it away afterwards."""
    # The triggers refuse a DELETE: the scene leaves by rollback, like every test's rows.
    with blocker.unblock(), transaction.atomic():
        people, things = build()
        yield SimpleNamespace(people=people, things=things)
        transaction.set_rollback(True)


def unknown(value: Any) -> Any:
    """Return a value of the same kind that belongs to nothing."""
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    return "no-such-token" if isinstance(value, str) else value
