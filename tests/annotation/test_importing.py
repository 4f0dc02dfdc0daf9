"""A CSV of own labels: the whole file or nothing."""

import io
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from annotation import services
from annotation.models import Labelling, NodeLabel
from annotation.pathology_rules.details import LabelDetails
from tests.annotation.conftest import label_all, save

GOOD = "patient,node,label,comment\nP001,1,benign,\nP001,2,metastasis_ene,matted\nP002,1,9,\n"


def import_text(people, cohort, text, **options):
    return services.import_labels(
        by=people.annotator_one, cohort=cohort, csv_file=io.BytesIO(text.encode()), **options
    )


def labels():
    current = NodeLabel.objects.filter(superseded_by__isnull=True).order_by(
        "node__patient__pseudonym", "node__number"
    )
    return [(row.node.patient.pseudonym, row.node.number, row.label) for row in current]


def test_the_whole_file_is_saved(people, cohort, patients):
    done = import_text(people, cohort, GOOD)
    assert labels() == [("P001", 1, 0), ("P001", 2, 2), ("P002", 1, 9)]
    assert done.counts == {"new": 3, "changed": 0, "unchanged": 0}
    assert {row.labelling.annotator for row in NodeLabel.objects.all()} == {people.annotator_one}
    event = AuditEvent.objects.get(verb="import_labels")
    assert set(event.new) == {"new", "changed", "unchanged", "file_sha256"}


def test_a_dry_run_says_the_same_and_writes_nothing(people, cohort, patients):
    dry = import_text(people, cohort, GOOD, dry_run=True, submit=True)
    assert (NodeLabel.objects.count(), Labelling.objects.count()) == (0, 0)
    assert AuditEvent.objects.count() == 0
    wet = import_text(people, cohort, GOOD, submit=True)
    assert (dry.rows, dry.submitted) == (wet.rows, wet.submitted)
    assert (dry.dry_run, wet.dry_run) == (True, False)


def test_a_second_import_writes_only_what_changed(people, cohort, patients):
    import_text(people, cohort, GOOD)
    done = import_text(people, cohort, GOOD.replace("benign", "1"))
    assert done.counts == {"new": 0, "changed": 1, "unchanged": 2}
    assert NodeLabel.objects.count() == 4


def test_what_a_file_does_not_tell_stays_as_it_was_recorded(people, cohort, labelling):
    details = LabelDetails(place="left IIa", basis="whole_level_negative", certainty=3)
    save(labelling, 1, 0, details=details, comment="kept")
    text = "patient,node,label,matted\nP001,1,0,\n"
    assert import_text(people, cohort, text).counts["unchanged"] == 1
    import_text(people, cohort, text.replace("0,", "0,a"))
    row = NodeLabel.objects.get(superseded_by__isnull=True)
    assert (row.comment, row.details) == ("kept", replace(details, matted="A"))
    with pytest.raises(services.LabelImportError, match="Row 2, basis: 'whole level negative' is"):
        import_text(people, cohort, text.replace("1,0,", "1,2,"))


def test_an_export_is_imported_without_a_change(client, people, cohort, labelling):
    details = LabelDetails(place="right VI", matched="right Vb", basis="guess", certainty=1)
    save(labelling, 1, 9, details=details, comment="low, medial")
    save(labelling, 2, 2)
    label_all(people.annotator_two, labelling.patient, [1, 1])
    client.force_login(people.annotator_one)
    answer = client.get(f"/annotation/cohorts/{cohort.public_id}/labels.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="my-labels.csv"'
    text = answer.content.decode()
    assert text.splitlines()[1:] == [
        'P001,1,not_determinable,right VI,right Vb,guess,1,,"low, medial"',
        "P001,2,metastasis_ene,,,,,,",
    ]
    assert import_text(people, cohort, text).counts == {"new": 0, "changed": 0, "unchanged": 2}


def test_submitted_patients_may_be_repeated_but_not_changed(people, cohort, patients):
    assert import_text(people, cohort, GOOD, submit=True).submitted == ["P001", "P002"]
    assert import_text(people, cohort, GOOD).counts["unchanged"] == 3
    with pytest.raises(services.LabelImportError, match="Row 2, patient: P001 is submitted"):
        import_text(people, cohort, GOOD.replace("benign", "1"))


def test_every_error_is_listed_and_nothing_is_written(people, cohort, patients):
    text = "patient,node,label\nP001,1,benign\nP007,1,1\nP001,3,1\nP002,1,malign\n"
    with pytest.raises(services.LabelImportError) as refusal:
        import_text(people, cohort, text)
    assert [(e.row, e.column) for e in refusal.value.errors] == [
        (3, "patient"),
        (4, "node"),
        (5, "label"),
    ]
    assert refusal.value.messages[0] == (
        "Row 3, patient: 'P007' is no included patient of this cohort."
    )
    assert (NodeLabel.objects.count(), Labelling.objects.count()) == (0, 0)


def test_an_excluded_patient_is_an_error(people, cohort, patients):
    patients[1].exclusion_code = "no_pathology"
    patients[1].save()
    with pytest.raises(services.LabelImportError, match="Row 4, patient"):
        import_text(people, cohort, GOOD)


def test_submitting_an_incomplete_patient_takes_everything_back(people, cohort, patients):
    with pytest.raises(ValidationError, match=r"P001: 1 of 2 nodes"):
        import_text(people, cohort, "patient,node,label\nP001,1,0\n", submit=True)
    assert NodeLabel.objects.count() == 0


def test_an_import_never_touches_the_other_annotator(people, cohort, patients):
    theirs = label_all(people.annotator_two, patients[0], [1, 1])
    import_text(people, cohort, GOOD)
    theirs.refresh_from_db()
    assert (theirs.version, theirs.labels.count()) == (2, 2)


def test_an_open_page_meets_a_conflict_after_an_import(people, cohort, labelling):
    from accounts.errors import Conflict

    import_text(people, cohort, GOOD)
    with pytest.raises(Conflict):
        save(labelling, 1, 1, base=0)


@pytest.mark.parametrize("who", ["coordinator", "adjudicator", "reader_one", "outsider"])
def test_only_annotators_import(people, cohort, patients, who):
    with pytest.raises(PermissionDenied):
        services.import_labels(
            by=getattr(people, who), cohort=cohort, csv_file=io.BytesIO(GOOD.encode())
        )


def test_the_command_imports_and_submits(people, cohort, patients, tmp_path, capsys):
    path = tmp_path / "labels.csv"
    path.write_text(GOOD)
    call = ("import_labels", "--cohort", cohort.name, "--annotator", "annotator_one")
    call_command(*call, "--dry-run", str(path))
    assert capsys.readouterr().out.startswith("Dry run, nothing written: 3 new")
    call_command(*call, "--submit", str(path))
    assert "2 patients submitted" in capsys.readouterr().out
    assert labels() == [("P001", 1, 0), ("P001", 2, 2), ("P002", 1, 9)]


@pytest.mark.parametrize(
    ("cohort_name", "annotator", "words"),
    [
        ("None", "annotator_one", "no cohort called 'None'"),
        ("External test 1", "nobody", "no active user 'nobody'"),
        ("External test 1", "outsider", "Only annotators"),
    ],
)
def test_the_command_says_what_is_wrong(people, patients, tmp_path, cohort_name, annotator, words):
    path = tmp_path / "labels.csv"
    path.write_text(GOOD)
    with pytest.raises(CommandError, match=words):
        call_command("import_labels", "--cohort", cohort_name, "--annotator", annotator, str(path))


def test_the_command_lists_errors(people, patients, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("patient,node,label\nP001,1,x\nP009,1,1\n")
    with pytest.raises(CommandError, match=r"Row 2, label(.|\n)*Row 3, patient"):
        call_command(
            "import_labels",
            "--cohort",
            "External test 1",
            "--annotator",
            "annotator_one",
            str(path),
        )
