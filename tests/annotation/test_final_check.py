"""Final labels held against the locked report: a block holds a release, a warning is explained."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from annotation import selectors, services
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.report import PrimarySide
from annotation.reference_identifiability import labelled_nodes
from cohorts.models import Node, NodeMask
from tests.annotation.conftest import label_all, save
from tests.annotation.pathology_rules.reports import exactly, report, rows
from tests.annotation.test_report_check import lock
from tests.discussion import keep_all

LONG, SHORT = 12.0, 9.0


@pytest.fixture
def locked(people, patients):
    """P001: one of ten nodes of the left level IIa is positive; node 1 is larger than node 2."""
    for number, size_mm in ((1, LONG), (2, SHORT)):
        masks = NodeMask.objects.filter(node__patient=patients[0], node__number=number)
        masks.update(short_axis_mm=size_mm)
    levels = rows(L_IIa=(10, 1, 0), L_III=(8, 0, 0))
    lock(people, patients[0], *levels, pn="pN1", largest_deposit=exactly(8))
    for person in (people.annotator_one, people.annotator_two):
        label_all(person, patients[1], [9])


def give(person, patient, *labels, place="left IIa"):
    """Label both nodes and submit, with a reason for each warning."""
    labelling = services.start_labelling(by=person, patient=patient)
    details = LabelDetails(place=place, basis="guess", certainty=1)
    for number, label in enumerate(labels, 1):
        save(labelling, number, label, details=details)
    for one in selectors.report_check(labelling).findings:
        services.give_reason(
            by=person,
            labelling=labelling,
            client_id=uuid.uuid4(),
            code=one.finding.code,
            sentence=one.finding.sentence,
            reason=f"Said by {person.username}.",
        )
    return services.submit_labelling(by=person, labelling=labelling)


@pytest.fixture
def swapped(people, cohort, patients, locked):
    """Each annotator finds the one metastasis, and each in the other's node; both keep to it."""
    give(people.annotator_one, patients[0], 1, 0)
    give(people.annotator_two, patients[0], 0, 1)
    keep_all(cohort)
    return [Node.objects.get(patient=patients[0], number=number) for number in (1, 2)]


def decide(people, node, label, base=0):
    services.adjudicate(
        by=people.adjudicator, node=node, label=label, reason="Looked at again.", base_version=base
    )


def release(people, cohort, **reasons):
    return services.release_reference_standard(by=people.coordinator, cohort=cohort, **reasons)


def test_the_report_stands_beside_what_is_discussed_and_decided(
    client, people, cohort, patients, locked
):
    give(people.annotator_one, patients[0], 1, 0)
    give(people.annotator_two, patients[0], 0, 1)
    node = Node.objects.get(patient=patients[0], number=1)
    counts = "left IIa: 1 of 10 examined positive, 0 with ENE."
    w6 = "W6: left IIa: the two annotators give each label as often, but to different nodes"
    client.force_login(people.annotator_two)
    page = client.get(f"/annotation/discussion/{node.public_id}/").text
    assert counts in page
    assert w6 in page
    keep_all(cohort)
    client.force_login(people.adjudicator)
    page = client.get(f"/annotation/adjudication/{node.public_id}/").text
    assert counts in page
    assert w6 in page
    assert "annotator_one" not in page


def test_decisions_that_contradict_the_report_block_the_release(people, cohort, swapped):
    decide(people, swapped[0], 1)
    assert selectors.final_findings(cohort) == []
    decide(people, swapped[1], 1)
    (blocked,) = selectors.missing_for_release(cohort)
    assert blocked.code == "blocked"
    assert blocked.message.startswith("P001: B1: ")
    assert blocked.message.endswith("Let the board look again, or reopen the labelling.")
    with pytest.raises(ValidationError):
        release(people, cohort)
    decide(people, swapped[1], 0, base=1)
    assert release(people, cohort).findings == []


def test_a_reason_that_an_annotator_gave_is_kept_with_the_version(people, cohort, swapped):
    decide(people, swapped[0], 0)
    decide(people, swapped[1], 1)
    released = release(people, cohort)
    (row,) = released.findings
    assert (row["patient"], row["code"], row["nodes"]) == ("P001", "W1", [1, 2])
    assert (row["reason"], row["given_by"]) == ("Said by annotator_two.", "annotator")


def test_a_warning_that_nobody_explained_needs_the_coordinators_reason(
    client, people, cohort, swapped
):
    decide(people, swapped[0], 0)
    decide(people, swapped[1], 1)
    # Measured anew since: the sentence, and so the finding, is another one.
    NodeMask.objects.filter(node=swapped[0]).update(short_axis_mm=LONG + 1)
    (warning,) = selectors.warnings_to_release(cohort)
    assert warning.reason == ""
    with pytest.raises(ValidationError, match=r"P001: W1: .* Write why it may stand") as refusal:
        release(people, cohort)
    assert [error.code for error in refusal.value.error_list] == ["reason_missing"]
    client.force_login(people.coordinator)
    page = f"/annotation/cohorts/{cohort.public_id}/release/"
    assert f'name="reason-{warning.key}"' in client.get(page).text
    api = f"/api/v1/annotation/cohorts/{cohort.public_id}/next-release/"
    (told,) = client.get(api).json()["warnings"]
    assert (told["key"], told["code"], told["reason"]) == (warning.key, "W1", "")
    client.post(page, {"confirmed": "yes", f"reason-{warning.key}": " Necrosis on CT. "})
    (row,) = selectors.last_reference_standard(cohort).findings
    assert (row["reason"], row["given_by"]) == ("Necrosis on CT.", "coordinator")
    assert "Reason of the coordinator: Necrosis on CT." in client.get(page).text


def test_a_reason_over_the_api(client, people, cohort, swapped):
    decide(people, swapped[0], 0)
    decide(people, swapped[1], 1)
    NodeMask.objects.filter(node=swapped[0]).update(short_axis_mm=LONG + 1)
    (warning,) = selectors.warnings_to_release(cohort)
    client.force_login(people.coordinator)
    url = f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/"
    reasons = [{"finding": warning.key, "reason": "Necrosis on CT."}]
    made = client.post(url, {"reasons": reasons}, content_type="application/json")
    assert made.status_code == 201
    (row,) = client.get(f"{url}1/").json()["findings"]
    assert row["reason"] == "Necrosis on CT."


def test_a_reason_on_the_command_line(people, cohort, swapped):
    decide(people, swapped[0], 0)
    decide(people, swapped[1], 1)
    NodeMask.objects.filter(node=swapped[0]).update(short_axis_mm=LONG + 1)
    (warning,) = selectors.warnings_to_release(cohort)
    told = ("release_reference_standard", "--cohort", cohort.name, "--by", "coordinator")
    with pytest.raises(CommandError, match=f"--reason {warning.key} '...': P001, W1"):
        call_command(*told)
    call_command(*told, "--reason", warning.key, "Necrosis on CT.")
    assert selectors.last_reference_standard(cohort).findings[0]["reason"] == "Necrosis on CT."


def test_a_report_corrected_after_the_labels_is_held_against_them(people, cohort, patients, locked):
    give(people.annotator_one, patients[0], 1, 0)
    give(people.annotator_two, patients[0], 1, 0)
    assert selectors.missing_for_release(cohort) == []
    lock_negative(people, patients[0])
    (blocked,) = selectors.missing_for_release(cohort)
    assert "B3" in blocked.message


def lock_negative(people, patient):
    """Correct the report: the level was negative."""
    told = report(*rows(L_IIa=(10, 0, 0), L_III=(8, 0, 0)), primary_side=PrimarySide.LEFT, pn="pN0")
    services.correct_report(
        by=people.annotator_one, patient=patient, report=told, base_revision=3, reason="Misread."
    )
    services.check_report(by=people.annotator_two, patient=patient, base_revision=4)
    services.lock_report(by=people.coordinator, patient=patient, base_revision=5)


def test_labels_without_a_level_cannot_be_held_against_a_report(people, cohort, patients):
    for person in (people.annotator_one, people.annotator_two):
        label_all(person, patients[0], [1, 0])
        label_all(person, patients[1], [9])
    assert selectors.missing_for_release(cohort) == []
    lock(people, patients[0], *rows(L_IIa=(10, 1, 0)), pn="pN1", largest_deposit=exactly(8))
    (missing,) = selectors.missing_for_release(cohort)
    assert missing.code == "not_placed"
    assert missing.message.startswith("For 2 of 3 nodes no annotator gave a level")


def test_the_places_are_those_of_who_came_closer_to_the_final_labels(
    people, cohort, patients, locked
):
    give(people.annotator_one, patients[0], 1, 0)
    give(people.annotator_two, patients[0], 0, 0, place="left III")
    keep_all(cohort)
    decide(people, Node.objects.get(patient=patients[0], number=1), 0)
    ((_, nodes), _) = selectors.final_nodes_in(cohort)
    assert [str(node.place) for node in labelled_nodes(nodes)] == ["left III", "left III"]


def test_patients_without_a_report_are_told_on_the_page(client, people, cohort, swapped):
    decide(people, swapped[0], 1)
    decide(people, swapped[1], 0)
    client.force_login(people.coordinator)
    page = client.get(f"/annotation/cohorts/{cohort.public_id}/release/").text
    assert "against the labels of 1 patient: P002" in page
