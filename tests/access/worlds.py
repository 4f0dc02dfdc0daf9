"""Worlds that differ only in what somebody must not see, grown from one opened study."""

import uuid
from collections.abc import Callable

from annotation import services as annotation
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report import Counts, Known, LevelRow, PathologyReport
from annotation.selectors import discordant_nodes, report_check
from cohorts.models import Cohort, Node, NodeMask, Patient
from inference.models import (
    AttributionRun,
    ModelVersion,
    Prediction,
    Provenance,
    TrainingDataset,
    TrainingRun,
)
from inference.services import request_predictions
from readerstudy.analysis import services as analysis
from readerstudy.reading.models import Study
from tests import walk
from tests.access.scene import untrained_model
from tests.attribution_cases import store_map
from tests.discussion import keep_all
from tests.people import People, person

Rule = Callable[[Node], int]
SAID = "Said by somebody else"
"""A text that only the hidden rows hold."""


def label_as(annotator, patient: Patient, rule: Rule, *, comment: str = "", submit=True) -> None:
    """Label every node of the patient, and submit."""
    labelling = annotation.start_labelling(by=annotator, patient=patient)
    for version, node in enumerate(patient.nodes.all()):
        annotation.record_label(
            by=annotator,
            labelling=labelling,
            node=node,
            client_id=uuid.uuid4(),
            base_version=version,
            label=rule(node),
            comment=comment,
            details=LabelDetails(place="right VI", basis="guess", certainty=1, matted="OTHERS"),
        )
    check = report_check(labelling)
    for open_one in check.findings if check else ():
        annotation.give_reason(
            by=annotator,
            labelling=labelling,
            client_id=uuid.uuid4(),
            code=open_one.finding.code,
            sentence=open_one.finding.sentence,
            reason=SAID,
        )
    if submit:
        annotation.submit_labelling(by=annotator, labelling=labelling)


def locked_report(people: People, patient: Patient) -> None:
    """A report that leaves ENE open and warns of every metastatic node as too small."""
    levels = [
        LevelRow(
            place=Place(side=side, level=level),
            dissected=Known.YES,
            counts=Counts(examined=9, positive=9, ene_positive=None),
        )
        for side, level in ((Side.LEFT, Level.IIA), (Side.RIGHT, Level.VI))
    ]
    report = PathologyReport(report_id="LAB-8", levels=tuple(levels), largest_node_mm=30.0)
    annotation.enter_report(
        by=people.annotator_one, patient=patient, report=report, base_revision=0
    )
    annotation.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    annotation.lock_report(by=people.coordinator, patient=patient, base_revision=2, reason="So.")


def decide(people: People, cohort: Cohort, rule: Rule) -> None:
    """Keep all labels in the discussion and adjudicate whatever the annotators disagree on."""
    keep_all(cohort)
    for found in discordant_nodes(people.adjudicator, cohort):
        annotation.adjudicate(
            by=people.adjudicator, node=found.node, label=rule(found.node), reason=SAID
        )


def truth(people: People, cohort: Cohort, first: Rule, second: Rule) -> None:
    """Release a reference standard from two annotators' labels."""
    for patient in cohort.patients.all():
        label_as(people.annotator_one, patient, first, comment=SAID)
        label_as(people.annotator_two, patient, second)
    decide(people, cohort, second)
    annotation.release_reference_standard(by=people.coordinator, cohort=cohort)


def pathology(people: People, cohort: Cohort) -> None:
    """A locked report of the first patient, and a draft of the second."""
    texts = {"report_id": SAID, "ene_class": "none", "left-III-dissected": "yes"}
    texts |= {"left-III-examined": "9", "left-III-positive": "4"}
    report = annotation.report_from(texts)
    first, second = cohort.patients.order_by("pseudonym")[:2]
    for patient in (first, second):
        annotation.enter_report(
            by=people.annotator_one, patient=patient, report=report, base_revision=0
        )
    annotation.check_report(by=people.annotator_two, patient=first, base_revision=1)
    annotation.lock_report(by=people.coordinator, patient=first, base_revision=2)


def predictions(people: People, cohort: Cohort, *, positive: bool) -> ModelVersion:
    """Scores of a model that ran here: all high, or all low."""
    model = ModelVersion.objects.create(
        name=f"Run here {positive}",
        architecture="DeepENE",
        provenance=Provenance.UNTRAINED,
        digest=uuid.uuid4().hex * 2,
    )
    for mask in NodeMask.objects.filter(node__patient__cohort=cohort):
        Prediction.objects.create(
            model_version=model,
            node=mask.node,
            mask_digest=mask.digest,
            metastasis_score=4.0 if positive else -4.0,
            ene_score=4.0 if positive else -4.0,
            metastasis_probability=0.98 if positive else 0.02,
            ene_probability=0.98 if positive else 0.02,
            code_version="test",
        )
    return model


def explanations(people: People, cohort: Cohort, model: ModelVersion) -> None:
    """A map of every node, and a run that asks for more."""
    for mask in NodeMask.objects.filter(node__patient__cohort=cohort):
        store_map(mask, model)
    AttributionRun.objects.create(
        cohort=cohort, model_version=model, requested_by=people.coordinator
    )


def training(people: People, cohort: Cohort, model: ModelVersion) -> None:
    """A training on the cohort that made the model."""
    dataset = TrainingDataset.objects.create(
        cohort=cohort, reference_digest="e" * 64, table_key="f" * 64, patients=1, nodes=3
    )
    TrainingRun.objects.create(
        dataset=dataset, name=SAID, architecture="DeepENE", settings={}, model_version=model
    )


def empty(people: People, cohort: Cohort, study: Study) -> None:
    """Nobody has done anything."""


def benign(people: People, cohort: Cohort, study: Study) -> None:
    """All is benign by everybody, and the models say so."""
    truth(people, cohort, lambda node: 0, lambda node: 0)
    predictions(people, cohort, positive=False)


def malignant(people: People, cohort: Cohort, study: Study) -> None:
    """All is metastatic, disputed, decided; models of two kinds; the other reader is done."""
    truth(people, cohort, lambda node: 2, lambda node: 1 + node.number % 2)
    # Later than the labels, which contradict it.
    pathology(people, cohort)
    model = predictions(people, cohort, positive=True)
    explanations(people, cohort, model)
    training(people, cohort, model)
    walk.import_scores(people, cohort)
    waiting = untrained_model("Waiting model")
    request_predictions(by=people.coordinator, cohort=cohort, model_version=waiting)
    walk.read_as(people.reader_two, study, wrong_every=2)
    dataset = analysis.freeze_dataset(by=people.statistician, study=study, interim=True)
    analysis.request_analysis(by=people.statistician, dataset=dataset)
    person("late_comer")


def unfinished(people: People, cohort: Cohort, study: Study) -> None:
    """Half the labels, undetermined ones, and the other reader in the middle of a case."""
    patient = cohort.patients.first()
    label_as(people.annotator_one, patient, lambda node: 9, comment=SAID, submit=False)
    walk.import_scores(people, cohort, name="Partial", leave_out=3)
    walk.read_as(people.reader_two, study, cases=1)
