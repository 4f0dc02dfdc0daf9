"""A release freezes every final label, or says exactly what is missing."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.http import Http404

from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.models import ReferenceStandard
from annotation.reference_table import digest_of
from cohorts.models import CohortMember, Node, NodeMask
from cohorts.vocabulary import CohortRole
from tests.annotation.conftest import label_all
from tests.cases import store_case
from tests.people import join, person


def release(people, cohort):
    return services.release_reference_standard(by=people.coordinator, cohort=cohort)


def missing(people, cohort):
    with pytest.raises(ValidationError) as refusal:
        release(people, cohort)
    assert ReferenceStandard.objects.count() == 0
    return [(error.code, *error.messages) for error in refusal.value.error_list]


def test_the_first_release_holds_agreements_and_decisions(people, cohort, decided, patients):
    made = release(people, cohort)
    digests = {(m.node.patient.pseudonym, m.node.number): m.digest for m in NodeMask.objects.all()}
    assert made.version == 1
    assert [(r["patient"], r["node"], r["label"], r["source"]) for r in made.content] == [
        ("P001", 1, 1, "adjudication"),
        ("P001", 2, 1, "agreement"),
        ("P002", 1, 9, "agreement"),
    ]
    assert all(r["mask_digest"] == digests[r["patient"], r["node"]] for r in made.content)
    kept = ReferenceStandard.objects.get()
    assert made.digest == digest_of(kept.content, kept.identifiability)
    event = AuditEvent.objects.get(verb="release_reference_standard")
    assert event.new == {"version": 1, "digest": made.digest, "nodes": 3}


def test_nothing_new_is_not_released_again(people, cohort, released):
    with pytest.raises(ValidationError, match="Nothing has changed since version 1") as refusal:
        release(people, cohort)
    assert refusal.value.code == "unchanged"


def test_a_changed_decision_makes_the_next_version(people, cohort, released, decided):
    services.adjudicate(
        by=people.adjudicator, node=decided, label=2, reason="Seen again.", base_version=1
    )
    second = release(people, cohort)
    assert second.version == 2
    assert second.digest != released.digest
    assert ReferenceStandard.objects.get(version=1).content == released.content
    (change,) = selectors.differences_of(second)
    assert (change.patient, change.node) == ("P001", 1)
    assert change.sentence == "Metastasis without ENE became Metastasis with ENE"
    assert selectors.differences_of(released) == []


def test_the_page_says_what_a_release_changes_and_changed(
    client, people, cohort, released, decided
):
    client.force_login(people.coordinator)
    url = f"/annotation/cohorts/{cohort.public_id}/release/"
    assert "Against the last version: 0 new, 0 gone, 0 changed." in client.get(url).text
    services.adjudicate(
        by=people.adjudicator, node=decided, label=2, reason="Seen again.", base_version=1
    )
    assert "Against the last version: 0 new, 0 gone, 1 changed." in client.get(url).text
    release(people, cohort)
    page = client.get(url).text
    assert "1 node changed since version 1" in page
    assert "P001, node 1: Metastasis without ENE became Metastasis with ENE" in page
    told = client.get(f"/annotation/cohorts/{cohort.public_id}/reference-standard/2.json").json()
    assert [(one["before"]["label"], one["after"]["label"]) for one in told["differences"]] == [
        (1, 2)
    ]
    by_api = client.get(f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/2/")
    assert by_api.json()["differences"] == told["differences"]


def test_a_cohort_without_patients_is_not_released(people, cohort):
    assert missing(people, cohort)[0][0] == "no_patients"


def test_one_annotator_is_too_few(people, cohort, decided):
    CohortMember.objects.filter(user=people.annotator_two).delete()
    assert missing(people, cohort) == [
        (
            "not_two_annotators",
            "'External test 1' has 1 annotators (annotator_one), but a reference standard rests "
            "on exactly two: give or take the role on the cohort's page.",
        )
    ]


def test_three_annotators_are_too_many(people, cohort, decided):
    join(cohort, person("third"), CohortRole.ANNOTATOR)
    assert "has 3 annotators (annotator_one, annotator_two, third)" in missing(people, cohort)[0][1]


def test_what_is_not_submitted_and_not_decided_is_counted_and_named(people, cohort, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    label_all(people.annotator_two, patients[0], [2, 1])
    label_all(people.annotator_one, patients[1], [0])
    assert missing(people, cohort) == [
        ("not_submitted", "annotator_two has not submitted 1 of 2 patients: P002."),
        (
            "not_discussed",
            "For 1 of 3 nodes the annotators differ and have not both spoken in the discussion: "
            "P001.",
        ),
    ]


def test_a_long_list_of_patients_is_cut(people, cohort):
    for number in range(12):
        store_case(cohort, f"Q{number:03}", nodes=1)
    assert missing(people, cohort)[0][1].endswith("Q009 and 2 more.")


def test_an_excluded_patient_is_not_waited_for(people, cohort, decided):
    extra = store_case(cohort, "P003", nodes=1)
    assert missing(people, cohort)
    extra.exclusion_code = "no_pathology"
    extra.save()
    assert len(release(people, cohort).content) == 3


def test_a_node_that_came_later_is_missed(people, cohort, decided, patients):
    mask = NodeMask.objects.filter(node__patient=patients[0]).first()
    late = Node.objects.create(patient=patients[0], number=77)
    mask.pk, mask.node = None, late
    mask.save()
    assert missing(people, cohort) == [
        (
            "not_labelled",
            "For 1 of 4 nodes there is no label, although their patient was submitted: P001.",
        )
    ]


def test_a_label_of_an_earlier_mask_is_not_released(people, cohort, decided):
    NodeMask.objects.filter(node=decided).update(digest="f" * 64)
    assert missing(people, cohort) == [
        (
            "mask_changed",
            "For 1 of 3 nodes the label was given on an earlier version of the mask (reopen the "
            "labelling): P001.",
        )
    ]


@pytest.mark.parametrize(
    "who", ["annotator_one", "adjudicator", "statistician", "reader_one", "outsider"]
)
def test_only_coordinators_release(people, cohort, decided, who):
    with pytest.raises(PermissionDenied, match="Only a coordinator"):
        services.release_reference_standard(by=getattr(people, who), cohort=cohort)


def test_progress_is_counts_for_coordinators(people, cohort, discordant):
    progress = selectors.progress_of(people.coordinator, cohort)
    assert (progress.nodes, progress.agreed, progress.open, progress.adjudicated) == (3, 2, 1, 0)
    first = progress.patients[0]
    assert (first.pseudonym, first.nodes) == ("P001", 2)
    assert [(a.labelled, a.state) for a in first.annotators] == [(2, "submitted")] * 2
    assert [error.code for error in progress.missing] == ["not_adjudicated"]


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_progress_is_nobody_elses(people, cohort, discordant, who):
    with pytest.raises(Http404):
        selectors.progress_of(getattr(people, who), cohort)


def test_progress_counts_agreement_only_among_submitted_labels(people, cohort, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    progress = selectors.progress_of(people.coordinator, cohort)
    assert (progress.agreed, progress.open) == (0, 0)


def test_the_analysis_gets_categories_only(cohort, released):
    version, digest, rows, _ = selectors.released_truth(cohort)
    assert (version, digest) == (1, released.digest)
    assert [(r.patient, r.node, r.label) for r in rows] == [("P001", 1, 1), ("P001", 2, 1)]
    assert [(r.patient, r.node) for r in selectors.not_determinable_nodes(cohort)] == [("P002", 1)]


def test_before_the_first_release_there_is_no_truth(cohort, decided):
    assert selectors.released_truth(cohort) is None
    assert selectors.not_determinable_nodes(cohort) == []


def test_the_pairs_of_labels_are_there_for_agreement(people, cohort, discordant):
    assert selectors.annotator_pairs(cohort) == [
        ("P001", 1, 0, 2),
        ("P001", 2, 1, 1),
        ("P002", 1, 9, 9),
    ]


def test_the_command_releases(people, cohort, decided, capsys):
    call = ("release_reference_standard", "--cohort", cohort.name, "--by", "coordinator")
    call_command(*call)
    assert "Released version 1 of 'External test 1': 3 nodes, SHA-256 " in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nothing has changed since version 1"):
        call_command(*call)


@pytest.mark.parametrize(
    ("cohort_name", "by", "words"),
    [
        ("None", "coordinator", "no cohort called"),
        ("External test 1", "nobody", "no active user"),
        ("External test 1", "adjudicator", "Only a coordinator"),
        ("External test 1", "coordinator", "(?s)annotator_one has not.*annotator_two has not"),
    ],
)
def test_the_command_says_what_is_wrong(people, patients, cohort_name, by, words):
    with pytest.raises(CommandError, match=words):
        call_command("release_reference_standard", "--cohort", cohort_name, "--by", by)
