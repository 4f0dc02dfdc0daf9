"""Reports come in from a table as drafts: the whole file or nothing, a dry run first."""

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.models import PathologyReport
from annotation.pathology_rules.report_fields import texts_of
from annotation.pathology_rules.report_table import COLUMNS
from cohorts.intake import source_key_of
from tests.cases import store_case

HEADER = "patient,side,level,dissected,examined,positive,report_id,ene_class,days_ct_to_surgery"
LATE = "P001,left,III,yes,8,0,LAB-1,none,61"


def table(*lines, header=HEADER):
    return io.BytesIO("\n".join([header, *lines]).encode())


def take_in(people, cohort, *lines, **told):
    table_file = told.pop("table_file", None) or table(*lines)
    told = {"by": people.coordinator, "cohort": cohort} | told
    return services.import_pathology(table_file=table_file, **told)


def test_a_dry_run_says_what_an_import_does_and_writes_nothing(people, cohort, patient):
    store_case(cohort, "P002", nodes=1)
    lines = (LATE, "P002,left,III,,,,,,")
    planned = take_in(people, cohort, *lines, dry_run=True)
    assert not PathologyReport.objects.exists()
    done = take_in(people, cohort, *lines)
    assert done.reports == planned.reports
    (report,) = done.reports
    assert (report.row, report.patient, report.change) == (2, "P001", "new")
    assert [warning.code for warning in report.warnings] == ["W7"]
    assert (done.left_out, done.counts) == (["P002"], {"new": 1, "changed": 0, "unchanged": 0})
    assert selectors.report_state(patient).state == "draft"
    event = AuditEvent.objects.get(verb="import_pathology")
    assert set(event.new) == {"new", "changed", "unchanged", "file_sha256"}


def test_a_draft_is_changed_and_the_same_again_is_not(people, cohort, patient):
    take_in(people, cohort, LATE)
    assert take_in(people, cohort, LATE).counts["unchanged"] == 1
    assert take_in(people, cohort, LATE.replace("61", "9")).counts["changed"] == 1
    assert PathologyReport.objects.count() == 2


def test_a_locked_report_is_not_touched(people, cohort, locked, sound):
    with pytest.raises(services.ReportsRefused, match="Row 2: the report of P001 is locked"):
        take_in(people, cohort, LATE)
    assert PathologyReport.objects.count() == 3


def test_one_wrong_cell_keeps_the_whole_file_out(people, cohort, patient):
    store_case(cohort, "P002", nodes=1)
    with pytest.raises(services.ReportsRefused) as refusal:
        take_in(people, cohort, LATE, "P002,left,III,yes,8,9,LAB-2,none,1")
    assert [str(error) for error in refusal.value.errors] == [
        "Row 3, positive: 9 positive of 8 examined."
    ]
    assert not PathologyReport.objects.exists()
    with pytest.raises(services.ReportsRefused, match="is not UTF-8"):
        take_in(people, cohort, table_file=io.BytesIO(b"\xff\xfe\x00"))


def test_a_workbook_and_the_sources_patient_ids_are_read(people, cohort, patient, sound):
    patient.source_key = source_key_of(cohort, "MRN-1")
    patient.save()
    texts, book = texts_of(sound), Workbook()
    book.active.append(["patient_id", *COLUMNS[1:]])
    for number, level in enumerate(("IIa", "III")):
        cells = [texts.get(f"left-{level}-{name}") for name in COLUMNS[3:8]]
        whole = [texts[name] for name in COLUMNS[8:]] if not number else []
        book.active.append(["MRN-1", "left", level, *cells, *whole])
    book.active.append(["MRN-1", "right", "IIa", *[texts[f"right-IIa-{n}"] for n in COLUMNS[3:8]]])
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    assert take_in(people, cohort, table_file=file).counts["new"] == 1
    assert selectors.report_state(patient).report == sound


@pytest.mark.parametrize("who", ["statistician", "reader_one", "outsider"])
def test_who_has_no_part_in_the_truth_imports_nothing(people, cohort, who):
    with pytest.raises(PermissionDenied, match="import its pathology reports"):
        take_in(people, cohort, LATE, by=getattr(people, who))


def command(tmp_path, *lines, **options):
    path, out = tmp_path / "reports.csv", io.StringIO()
    path.write_bytes(table(*lines).getvalue())
    told = {"cohort": "External test 1", "by": "coordinator", "stdout": out} | options
    call_command("import_pathology", told.pop("table", path), **told)
    return out.getvalue()


def test_the_command_checks_first(people, cohort, patient, tmp_path):
    said = command(tmp_path, LATE)
    assert "row 2  P001  new  W7: Surgery was 61 days" in said
    assert "Only checked, nothing written: 1 new, 0 changed, 0 unchanged; 0 patients" in said
    assert not PathologyReport.objects.exists()
    assert "Taken in as drafts: 1 new" in command(tmp_path, LATE, apply=True)
    assert PathologyReport.objects.get().made_by == people.coordinator


@pytest.mark.parametrize(
    ("lines", "options", "says"),
    [
        (["P009,left,III,no,,,LAB-1,none,1"], {}, "Row 2, patient: 'P009' is not in the cohort"),
        ([], {"cohort": "Nowhere"}, "There is no cohort named 'Nowhere'"),
        ([], {"by": "nobody"}, "nobody is named 'nobody'"),
        ([], {"by": "reader_one"}, "Only annotators, adjudicators and coordinators"),
    ],
)
def test_the_command_says_what_is_wrong(people, cohort, tmp_path, lines, options, says):
    with pytest.raises(CommandError, match=says):
        command(tmp_path, *lines, **options)
    with pytest.raises(CommandError, match="cannot be read"):
        command(tmp_path, table=tmp_path / "absent.csv")
