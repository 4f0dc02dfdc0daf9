"""Covariates and exclusions from a table: service, page, API and command."""

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import AuditEvent
from cohorts import services
from cohorts.intake import source_key_of
from cohorts.models import Patient
from tests.cases import store_case

GOOD = "patient,age_years,sex,exclusion_code,exclusion_reason\nP001,61,F,,\nP002,,M,no_node,none\n"


@pytest.fixture
def patients(cohort):
    return [store_case(cohort, name) for name in ("P001", "P002")]


def take_in(by, cohort, text, **options):
    data = io.BytesIO(text.encode())
    return services.import_metadata(by=by, cohort=cohort, table_file=data, **options)


def stored():
    return list(Patient.objects.values_list("pseudonym", "age_years", "sex", "exclusion_code"))


def test_a_table_fills_fields_and_says_what_changed(people, cohort, patients):
    done = take_in(people.coordinator, cohort, GOOD)
    assert stored() == [("P001", 61, "F", ""), ("P002", None, "M", "no_node")]
    assert (done.patients, done.changed_patients, len(done.changes)) == (2, 2, 4)
    assert next((c.row, c.patient, c.field, c.old, c.new) for c in done.changes) == (
        *(2, "P001", "age_years", None, 61),
    )


def test_each_changed_patient_is_in_the_trail_with_old_and_new(people, cohort, patients):
    take_in(people.coordinator, cohort, GOOD)
    first, second, whole = AuditEvent.objects.order_by("-pk")[:3][::-1]
    assert (first.verb, first.old, first.new) == (
        "change_patient",
        {"age_years": None, "sex": ""},
        {"age_years": 61, "sex": "F"},
    )
    assert (second.reason, second.new["exclusion_code"]) == ("none", "no_node")
    assert (whole.verb, whole.new["changes"]) == ("import_metadata", 4)


def test_a_dry_run_says_the_same_and_changes_nothing(people, cohort, patients):
    events = AuditEvent.objects.count()
    dry = take_in(people.coordinator, cohort, GOOD, dry_run=True)
    assert stored() == [("P001", None, "", ""), ("P002", None, "", "")]
    assert AuditEvent.objects.count() == events
    assert dry.changes == take_in(people.coordinator, cohort, GOOD).changes


def test_a_second_import_changes_nothing(people, cohort, patients):
    take_in(people.coordinator, cohort, GOOD)
    again = take_in(people.coordinator, cohort, GOOD)
    assert (again.changes, again.changed_patients) == ([], 0)


def test_one_wrong_cell_and_nothing_is_written(people, cohort, patients):
    with pytest.raises(services.MetadataRefused) as refused:
        take_in(people.coordinator, cohort, GOOD + "P009,5,F,,\n")
    assert [(e.row, e.column) for e in refused.value.errors] == [(4, "patient")]
    assert stored() == [("P001", None, "", ""), ("P002", None, "", "")]


def test_source_ids_find_their_patient_and_are_not_stored(people, cohort, patients):
    Patient.objects.filter(pseudonym="P002").update(source_key=source_key_of(cohort, "SMITH-1960"))
    take_in(people.coordinator, cohort, "patient_id,sex\nSMITH-1960,F\n")
    assert stored()[1][2] == "F"
    events = " ".join(str([e.old, e.new, e.reason]) for e in AuditEvent.objects.all())
    assert "SMITH" not in events
    with pytest.raises(services.MetadataRefused, match="this patient is not in the cohort"):
        take_in(people.coordinator, cohort, "patient_id,sex\nP001,F\n")


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_a_coordinator_imports(people, cohort, patients, who):
    with pytest.raises(PermissionDenied):
        take_in(getattr(people, who), cohort, GOOD)


def table_file(text=GOOD, name="patients.csv"):
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def test_the_page_checks_then_imports(client, people, cohort, patients):
    client.force_login(people.coordinator)
    page = reverse("cohorts:metadata", args=[cohort.public_id])
    checked = client.post(page, {"table_file": table_file(), "check": "yes"})
    assert checked.status_code == 200
    assert "2 patients in the file, 2 would change" in " ".join(checked.content.decode().split())
    assert stored()[0][1] is None
    done = client.post(page, {"table_file": table_file(), "import": "yes"})
    assert done.status_code == 302
    assert stored()[0][1] == 61


def test_the_page_shows_problems_by_row_and_column_as_text(client, people, cohort, patients):
    client.force_login(people.coordinator)
    page = reverse("cohorts:metadata", args=[cohort.public_id])
    bad = table_file("patient,sex\nP001,<script>alert(1)</script>\n")
    shown = client.post(page, {"table_file": bad, "import": "yes"})
    assert shown.status_code == 422
    assert "&lt;script&gt;" in shown.content.decode()
    assert "<script>alert" not in shown.content.decode()


def test_the_template_is_taken_in_as_it_is(client, people, cohort, patients):
    client.force_login(people.coordinator)
    page = reverse("cohorts:metadata-template", args=[cohort.public_id])
    text = client.get(page).content.decode()
    assert take_in(people.coordinator, cohort, text).changes == []


def test_the_api_answers_with_changes_or_problems(client, people, cohort, patients):
    client.force_login(people.coordinator)
    page = reverse("cohorts-api:metadata", args=[cohort.public_id])
    dry = client.post(page, {"table_file": table_file()})
    assert (dry.status_code, dry.json()["dry_run"], dry.json()["changed_patients"]) == (
        200,
        True,
        2,
    )
    bad = client.post(page, {"table_file": table_file("patient,sex\nP001,x\n"), "dry_run": "false"})
    assert bad.status_code == 422
    assert bad.json()["fields"] == {
        "row 2, sex": ["'x' is not understood: F, M or O was expected."]
    }
    assert stored()[0][1] is None
    done = client.post(page, {"table_file": table_file(), "dry_run": "false"})
    assert done.status_code == 200
    assert stored()[0][1] == 61


def test_the_command_checks_unless_told_to_apply(people, cohort, patients, tmp_path, capsys):
    file = tmp_path / "patients.csv"
    file.write_text(GOOD)
    call_command("import_patients_table", file, "--cohort", cohort.name)
    assert "2 of 2 patients would change" in capsys.readouterr().out
    assert stored()[0][1] is None
    call_command("import_patients_table", file, "--cohort", cohort.name, "--apply")
    assert "row 2  P001  age_years: empty -> 61" in capsys.readouterr().out
    assert stored()[0][1] == 61
    file.write_text("patient,sex\nP009,F\n")
    with pytest.raises(CommandError, match="Row 2, patient: 'P009' is not in the cohort"):
        call_command("import_patients_table", file, "--cohort", cohort.name)
