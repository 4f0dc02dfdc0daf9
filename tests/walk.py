"""A small study walked through its services, for tests of what lies behind it."""

import uuid

from annotation import services as annotation
from annotation.selectors import discordant_nodes
from cohorts.models import Cohort, Node
from inference.external_import import import_external_predictions
from readerstudy.reading import selectors as reading_selectors
from readerstudy.reading import services as reading
from readerstudy.reading.models import AssignmentNode, Study
from readerstudy.reading.services.calls import CallGiven
from tests.discussion import keep_all
from tests.people import People


def truth_of(node: Node) -> int:
    """The category every test agrees on: by number, all three occur."""
    return node.number % 3


def release_truth(people: People, cohort: Cohort, *, undetermined: int | None = None) -> None:
    """Label every node twice, disagree on node 1 of each patient, adjudicate, release."""
    for annotator, shift in ((people.annotator_one, 0), (people.annotator_two, 1)):
        for patient in cohort.patients.all():
            labelling = annotation.start_labelling(by=annotator, patient=patient)
            for version, node in enumerate(patient.nodes.all()):
                label = truth_of(node)
                if node.number == undetermined:
                    label = 9
                elif node.number == 1:
                    label = (label + shift) % 3
                annotation.record_label(
                    by=annotator,
                    labelling=labelling,
                    node=node,
                    client_id=uuid.uuid4(),
                    base_version=version,
                    label=label,
                )
            annotation.submit_labelling(by=annotator, labelling=labelling)
    keep_all(cohort)
    for open_node in discordant_nodes(people.adjudicator, cohort):
        annotation.adjudicate(
            by=people.adjudicator,
            node=open_node.node,
            label=truth_of(open_node.node),
            reason="As the report says.",
        )
    annotation.release_reference_standard(by=people.coordinator, cohort=cohort)


def open_study(people: People, cohort: Cohort, *, title: str = "Study", seed: int = 7) -> Study:
    """Open a study on the cohort with both readers."""
    study = reading.create_study(by=people.coordinator, title=title, cohorts=[cohort])
    reading.update_protocol(by=people.coordinator, study=study, protocol="Call every node.")
    for reader in (people.reader_one, people.reader_two):
        reading.add_reader(by=people.coordinator, study=study, user=reader)
    return reading.open_study(by=people.coordinator, study=study, seed=seed)


def read_everything(people: People, study: Study, *, wrong_every: int = 4) -> None:
    """Let both readers call every node, each wrong on some, and submit."""
    for offset, reader in enumerate((people.reader_one, people.reader_two)):
        read_as(reader, study, wrong_every=wrong_every, offset=offset)


def read_as(reader, study: Study, *, wrong_every: int = 4, offset: int = 0, cases: int = 10**6):
    """Call and submit up to ``cases`` cases in the stored order."""
    study_reader = study.readers.get(user=reader)
    for _ in range(cases):
        case = reading_selectors.next_case(study_reader)
        if case is None:
            return
        assignment = reading.open_case(by=reader, case=case)
        version = assignment.version
        for node in AssignmentNode.objects.filter(assignment=assignment).select_related("mask"):
            wrong = (node.node.number + offset) % wrong_every == 0
            given = CallGiven(
                call=uuid.uuid4(),
                node=node.public_id,
                category=(truth_of(node.node) + wrong) % 3,
                base_version=version,
                shown_case=case,
                shown_slice=node.mask.bounding_box[0][0],
            )
            version = reading.submit_call(by=reader, case=case, given=given).version
        reading.submit_case(by=reader, case=case, base_version=version)


def import_scores(people: People, cohort: Cohort, *, name: str = "Other model", leave_out: int = 0):
    """Import scores of an outside model that follows the truth with some noise."""
    lines = ["patient,node,score_metastasis,score_ene"]
    nodes = Node.objects.filter(patient__cohort=cohort).order_by("patient__pseudonym", "number")
    for position, node in enumerate(nodes):
        if position >= leave_out:
            noise = (position * 37 % 11) / 11
            lines.append(
                f"{node.patient.pseudonym},{node.number},{truth_of(node) + noise},"
                f"{(truth_of(node) == 2) + 1.3 * noise}"
            )
    done = import_external_predictions(
        by=people.coordinator, cohort=cohort, name=name, csv="\n".join(lines)
    )
    return done.model_version
