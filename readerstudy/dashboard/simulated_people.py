"""The lobby: simulated annotators and readers of the demonstration; they use the real services."""

import io
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from accounts.models import User
from annotation import services as annotation
from annotation.selectors import annotators_of, discordant_nodes, discussions_in
from cohorts.models import Cohort
from cohorts.phantom.cohort import PhantomPatient
from readerstudy.reading import selectors as reading_selectors
from readerstudy.reading import services as reading
from readerstudy.reading.services.calls import CallGiven

Truth = dict[tuple[str, int], int]

# Rows: the node as drawn; columns: probability of each call. Readers miss ENE more often than
# metastasis, as in the source paper; sensitivity there was 0.17 to 0.52 for ENE.
READER_HABITS = (
    (0.93, 0.06, 0.01),
    (0.20, 0.70, 0.10),
    (0.08, 0.50, 0.42),
)
ANNOTATOR_ERROR = 0.08


def truth_of(patients: Sequence[PhantomPatient]) -> Truth:
    """Return what each node was drawn as, by patient and label."""
    return {
        (patient.patient_id, node.label): int(node.category)
        for patient in patients
        for node in patient.nodes
    }


def label_all(
    annotator: User, cohort: Cohort, truth: Truth, *, seed: int, without: Sequence[str] = ()
) -> None:
    """Submit the annotator's labels: the drawn category with a few honest errors."""
    rng = np.random.default_rng(seed)
    lines = ["patient,node,label"]
    for (patient, node), category in sorted(truth.items()):
        if patient in without:
            continue
        is_error = rng.random() < ANNOTATOR_ERROR
        lines.append(f"{patient},{node},{(category + 1) % 3 if is_error else category}")
    annotation.import_labels(
        by=annotator,
        cohort=cohort,
        csv_file=io.BytesIO("\n".join(lines).encode()),
        submit=True,
    )


def discuss_all(cohort: Cohort, truth: Truth, *, seed: int) -> None:
    """Have both annotators' last words: half of those who erred see it."""
    rng = np.random.default_rng(seed)
    for annotator in annotators_of(cohort):
        for found in discussions_in(annotator, cohort.public_id):
            if not found.waits_for_me:
                continue
            drawn = truth[(found.node.patient.pseudonym, found.node.number)]
            sees_it = found.own.label != drawn and rng.random() < 0.5
            annotation.state_in_discussion(
                by=annotator,
                node=found.node,
                label=drawn if sees_it else found.own.label,
                reason="Demonstration: convinced by the other annotator." if sees_it else "",
                base_version=found.version,
            )


def adjudicate_all(adjudicator: User, cohort: Cohort, truth: Truth) -> None:
    """Decide every open disagreement as the node was drawn."""
    for entry in discordant_nodes(adjudicator, cohort):
        if entry.decision is None:
            annotation.adjudicate(
                by=adjudicator,
                node=entry.node,
                label=truth[(entry.node.patient.pseudonym, entry.node.number)],
                reason="Demonstration: decided as the phantom was drawn.",
            )


def read_all(reader: User, study: Any, truth: Truth, *, seed: int) -> None:
    """Call and submit every case in the stored order."""
    rng = np.random.default_rng(seed)
    study_reader = study.readers.get(user=reader)
    while (case := reading_selectors.next_case(study_reader)) is not None:
        assignment = reading.open_case(by=reader, case=case)
        version = assignment.version
        for node in assignment.nodes.select_related("node__patient", "mask"):
            drawn = truth[(node.node.patient.pseudonym, node.node.number)]
            given = CallGiven(
                call=uuid.uuid4(),
                node=node.public_id,
                category=int(rng.choice(3, p=READER_HABITS[drawn])),
                base_version=version,
                shown_case=case,
                shown_slice=node.mask.bounding_box[0][0],
            )
            version = reading.submit_call(by=reader, case=case, given=given).version
        reading.submit_case(by=reader, case=case, base_version=version)
