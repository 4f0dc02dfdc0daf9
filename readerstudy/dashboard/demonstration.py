"""The lobby: builds the demonstration, through the same doors as users' data; safe to run again."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from accounts.models import User
from accounts.selectors import user_named
from accounts.services import create_user
from annotation import services as annotation
from annotation.selectors import last_reference_standard, progress_of
from cohorts import services as cohorts
from cohorts.models import Cohort
from cohorts.phantom.cohort import write_phantom_cohort
from cohorts.vocabulary import CohortKind, CohortRole
from inference import services as inference
from inference.selectors import masks_to_request, model_named, training_run_named
from inference.training.settings import DEMONSTRATION_SETTINGS
from readerstudy.analysis import selectors as analysis_selectors
from readerstudy.analysis import services as analysis
from readerstudy.analysis.training_data import freeze_training_dataset
from readerstudy.analysis.training_watch import train_here
from readerstudy.dashboard.simulated_people import (
    Truth,
    adjudicate_all,
    discuss_all,
    label_all,
    read_all,
    truth_of,
)
from readerstudy.reading import services as reading
from readerstudy.reading.selectors import studies_of

Tell = Callable[[str], None]

OPEN_COHORT, FINISHED_COHORT = "Phantom A", "Phantom B"
DEVELOPMENT_COHORT = "Phantom development"
SIZES = {OPEN_COHORT: (12, 2026), FINISHED_COHORT: (20, 2027), DEVELOPMENT_COHORT: (40, 2028)}
LEAST_TO_TRAIN = 6
"""Patients below which the folds of the demonstration's training would lack a kind of node."""
OPEN_STUDY, FINISHED_STUDY = "Demonstration study", "Finished demonstration study"
MODEL = "DeepENE, untrained (demonstration)"
TRAINED = "DeepENE, trained on the phantom (demonstration)"
SHORT = {"folds": 2, "inner_folds": 2, "epochs": 1}
"""For tests: shows the way, and learns nothing."""
LEFT_FOR_ANNOTATOR_TWO = ("PHANTOM-011", "PHANTOM-012")
STAFF = {
    "annotator1": CohortRole.ANNOTATOR,
    "annotator2": CohortRole.ANNOTATOR,
    "adjudicator": CohortRole.ADJUDICATOR,
    "statistician": CohortRole.STATISTICIAN,
}
READERS = ("reader1", "reader2", "reader3")
SIMULATED = ("simulated-reader1", "simulated-reader2", "simulated-reader3")
PROTOCOL = """Give every outlined lymph node one of three categories: benign, metastasis without \
extranodal extension (ENE), or metastasis with ENE.

ENE: indistinct or irregular border, strands into the fat around the node, or growth into \
neighbouring structures. Central necrosis alone is no sign of ENE.

Use the whole neck and any window. You cannot see pathology, model output or other readers' calls. \
Take breaks; every call is saved at once and you can go on later.

These images are a procedural phantom: nobody's anatomy, for trying the software out."""


def build(tell: Tell, *, scale: float = 1.0) -> None:
    """Build whatever part of the demonstration is not there yet.

    ``scale`` shrinks the cohorts (at least two patients each) for tests.
    """
    people = _people()
    truth = {
        name: _cohort(tell, people, name, _patients(name, patients, scale), seed)
        for name, (patients, seed) in SIZES.items()
    }
    _labels(tell, people, OPEN_COHORT, truth[OPEN_COHORT], LEFT_FOR_ANNOTATOR_TWO)
    for name in (FINISHED_COHORT, DEVELOPMENT_COHORT):
        _labels(tell, people, name, truth[name], ())
        _reference_standard(tell, people, name, truth[name])
    _model(tell)
    _train(tell, people, SHORT if scale < 1 else {})
    _study(tell, people, OPEN_STUDY, OPEN_COHORT, READERS)
    finished = _study(tell, people, FINISHED_STUDY, FINISHED_COHORT, SIMULATED)
    _finish(tell, people, finished, truth[FINISHED_COHORT])
    _analyse(tell, people, finished)


def _people() -> dict[str, User]:
    return {
        username: user_named(username)
        or create_user(
            by=None,
            username=username,
            email=f"{username}@demo.invalid",
            password=settings.DEMO_PASSWORD,
            may_create_cohorts=username == "coordinator",
        )
        for username in ("coordinator", *STAFF, *READERS, *SIMULATED)
    }


def _cohort(tell: Tell, people: dict[str, User], name: str, patients: int, seed: int) -> Truth:
    """Draw the phantom and take it in; an interrupted start is simply finished."""
    coordinator = people["coordinator"]
    cohort = Cohort.objects.filter(name=name).first()
    if cohort is None:
        is_development = name == DEVELOPMENT_COHORT
        kind = CohortKind.DEVELOPMENT if is_development else CohortKind.EXTERNAL_TEST
        cohort = cohorts.create_cohort(by=coordinator, name=name, kind=kind)
        for username, role in STAFF.items():
            cohorts.add_member(by=coordinator, cohort=cohort, user=people[username], role=role)
    # What was drawn stays outside of everything that is served.
    kept = settings.DATA_DIR / f"phantom-truth-{cohort.pk}.json"
    if kept.exists() and cohort.patients.count() >= patients:
        return {(patient, node): drawn for patient, node, drawn in json.loads(kept.read_text())}
    with tempfile.TemporaryDirectory(prefix="nodewise-phantom-") as folder:
        written = write_phantom_cohort(
            Path(folder),
            patients=patients,
            seed=seed,
            progress=lambda done, total: tell(f"{name}: drew patient {done} of {total}"),
        )
        truth = truth_of(written)
        kept.write_text(json.dumps([[*key, drawn] for key, drawn in sorted(truth.items())]))
        cohorts.import_folder(
            by=coordinator,
            cohort=cohort,
            path=Path(folder) / "images",
            keep_patient_ids=True,
            progress=lambda step: tell(f"{name}: intake: {step.note}" if step.note else ""),
        )
    return truth


def _labels(
    tell: Tell, people: dict[str, User], name: str, truth: Truth, left_for_second: tuple[str, ...]
) -> None:
    cohort = Cohort.objects.get(name=name)
    progress = progress_of(people["coordinator"], cohort)
    for position, person in enumerate(progress.annotators):
        if any(patient.annotators[position].state for patient in progress.patients):
            continue
        tell(f"{name}: labels of {person.username}")
        is_second = person == people["annotator2"]
        label_all(
            person,
            cohort,
            truth,
            seed=position,
            without=left_for_second if is_second else (),
        )


def _reference_standard(tell: Tell, people: dict[str, User], name: str, truth: Truth) -> None:
    cohort = Cohort.objects.get(name=name)
    if last_reference_standard(cohort) is None:
        tell(f"{name}: discussion, adjudication and release")
        discuss_all(cohort, truth, seed=len(truth))
        adjudicate_all(people["adjudicator"], cohort, truth)
        annotation.release_reference_standard(by=people["coordinator"], cohort=cohort)


def _model(tell: Tell) -> None:
    if model_named(MODEL) is not None:
        return
    tell("Registering an untrained DeepENE model (5 of 25 members)")
    with tempfile.TemporaryDirectory(prefix="nodewise-members-") as folder:
        call_command("make_untrained_members", folder=Path(folder), runs=1, folds=5, verbosity=0)
        call_command(
            "register_model",
            name=MODEL,
            folder=Path(folder),
            provenance="untrained",
            note="Random weights, to show the machinery. They know nothing about nodes.",
            verbosity=0,
        )


def _train(tell: Tell, people: dict[str, User], changes: Mapping[str, Any]) -> None:
    """Train a small but real model once; an interrupted training goes on."""
    run = training_run_named(TRAINED)
    if run is None:
        tell("Training DeepENE on the development cohort: a real one, small and short")
        cohort = Cohort.objects.get(name=DEVELOPMENT_COHORT)
        run = inference.start_training(
            by=people["coordinator"],
            dataset=freeze_training_dataset(by=people["statistician"], cohort=cohort),
            name=TRAINED,
            architecture="DeepENE",
            settings={**DEMONSTRATION_SETTINGS, **changes},
        )
    if not run.is_over:
        train_here(run, lambda note: tell(f"Training: {note}"))


def _patients(name: str, patients: int, scale: float) -> int:
    least = LEAST_TO_TRAIN if name == DEVELOPMENT_COHORT else 2
    return max(least, round(patients * scale))


def _study(
    tell: Tell, people: dict[str, User], title: str, cohort_name: str, readers: tuple[str, ...]
) -> Any:
    coordinator = people["coordinator"]
    found = studies_of(coordinator).filter(title=title).first()
    if found is not None and found.state != "draft":
        return found
    tell(f"Opening '{title}'")
    cohort = Cohort.objects.get(name=cohort_name)
    study = found or reading.create_study(by=coordinator, title=title, cohorts=[cohort])
    reading.update_protocol(by=coordinator, study=study, protocol=PROTOCOL)
    already = {reader.user_id for reader in study.readers.all()}
    for username in readers:
        if people[username].pk not in already:
            reading.add_reader(by=coordinator, study=study, user=people[username])
    return reading.open_study(by=coordinator, study=study, seed=SIZES[cohort_name][1])


def _finish(tell: Tell, people: dict[str, User], study: Any, truth: Truth) -> None:
    if study.state != "open":
        return
    for number, username in enumerate(SIMULATED):
        tell(f"'{study.title}': calls of {username}")
        read_all(people[username], study, truth, seed=number)
    reading.close_study(by=people["coordinator"], study=study)


def _analyse(tell: Tell, people: dict[str, User], study: Any) -> None:
    if analysis_selectors.datasets_of(study).exists():
        return
    cohort = Cohort.objects.get(name=FINISHED_COHORT)
    # It was trained on the development cohort alone: this one is a test.
    model = model_named(TRAINED)
    if model is not None and masks_to_request(cohort, model).exists():
        tell(f"{FINISHED_COHORT}: predictions by the worker")
        inference.request_predictions(by=people["coordinator"], cohort=cohort, model_version=model)
        call_command("run_worker", batch=True)
    tell("Freezing the finished study and computing its report")
    dataset = analysis.freeze_dataset(by=people["statistician"], study=study, model=model)
    analysis.request_analysis(by=people["statistician"], dataset=dataset)
    call_command("run_worker", batch=True)
