"""import_cases and add_member: real data, what is printed, exit codes."""

import json
import shutil
import zipfile
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cohorts import selectors
from cohorts.models import Cohort, CTSeries, IntakeUpload, NodeMask, Patient
from cohorts.vocabulary import CohortRole
from tests.cohorts.inputs import break_patient, write_patient

pytestmark = pytest.mark.usefixtures("data_dir", "people")


def run(*arguments, **options):
    out = StringIO()
    call_command(*map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.mark.realdata
@pytest.mark.parametrize("masks", ["standin_nodes.nii.gz", "standin_nodes_seg.dcm"])
def test_the_neck_ct_gives_its_eight_nodes(shared, tmp_path, masks):
    data = shared / "data" / "01_neck_ct_1mm"
    with zipfile.ZipFile(data / "series.zip") as archive:
        archive.extractall(tmp_path / "in")
    shutil.copy(data / masks, tmp_path / "in")
    truth = json.loads((shared / "data" / "manifest.json").read_text())["01_neck_ct_1mm"]

    printed = run("import_cases", "--cohort", "Neck", "--create", tmp_path / "in")

    assert "accepted" in printed
    series = CTSeries.objects.get()
    assert series.hu_sha256 == truth["hu_int16_sha256"]
    assert len(series.frames) == truth["slices"]
    expected = {one["index"]: one for one in truth["instances"]}
    masks_by_number = {mask.node.number: mask for mask in selectors.current_masks(series.patient)}
    assert set(masks_by_number) == set(expected)
    for number, mask in masks_by_number.items():
        assert mask.voxels == expected[number]["voxels"]
        assert mask.volume_ml == pytest.approx(expected[number]["volume_ml"], abs=5e-4)
        first, last = expected[number]["slice_index_range"]
        assert mask.bounding_box[0] == [first, last + 1]
    assert masks_by_number[8].touches_border


@pytest.mark.realdata
def test_nifti_and_seg_of_the_neck_ct_are_one_and_the_same(shared, tmp_path):
    data = shared / "data" / "01_neck_ct_1mm"
    for name in ("nifti", "seg"):
        with zipfile.ZipFile(data / "series.zip") as archive:
            archive.extractall(tmp_path / name)
    shutil.copy(data / "standin_nodes.nii.gz", tmp_path / "nifti")
    shutil.copy(data / "standin_nodes_seg.dcm", tmp_path / "seg")
    run("import_cases", "--cohort", "Neck", "--create", tmp_path / "nifti")
    printed = run("import_cases", "--cohort", "Neck", tmp_path / "seg")
    assert "already there" in printed
    assert Patient.objects.count() == 1


def test_a_line_per_patient_and_a_table(tmp_path):
    for number in (1, 2):
        write_patient(tmp_path / "in", f"A{number}", seed=number)
    printed = run("import_cases", "--cohort", "External test 1", tmp_path / "in")
    lines = printed.splitlines()
    assert "Storing patient 2 of 2" in lines
    assert [line.split()[:3] for line in lines[-2:]] == [
        ["1", "accepted", "P001"],
        ["2", "accepted", "P002"],
    ]


def test_a_refusal_ends_with_an_error_and_its_place(tmp_path):
    break_patient(write_patient(tmp_path / "in", "A1"))
    write_patient(tmp_path / "in", "A2", seed=2)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 2 patients were refused") as refusal:
        call_command(
            "import_cases", "--cohort", "External test 1", str(tmp_path / "in"), stdout=out
        )
    assert refusal.value.returncode == 1
    assert "REFUSED" in out.getvalue()
    assert "IM001.dcm" in out.getvalue()
    assert "(missing_slice)" in out.getvalue()
    assert Patient.objects.count() == 1


def test_an_upload_refused_whole_ends_with_its_reason(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(CommandError, match="no CT image was found"):
        run("import_cases", "--cohort", "External test 1", tmp_path / "in")


def test_a_terminal_gets_one_line_that_is_written_over(tmp_path):
    class Terminal(StringIO):
        def isatty(self):
            return True

    write_patient(tmp_path / "in", "A1")
    out = Terminal()
    call_command("import_cases", "--cohort", "External test 1", str(tmp_path / "in"), stdout=out)
    progress, _, rest = out.getvalue().partition("\n")
    assert "\r\x1b[KStoring patient 1 of 1" in progress
    assert "accepted" in rest


def test_a_cohort_is_created_only_on_request(tmp_path):
    with pytest.raises(CommandError, match="add --create"):
        run("import_cases", "--cohort", "Nowhere", tmp_path)
    assert not Cohort.objects.filter(name="Nowhere").exists()


def test_who_imports_is_recorded(tmp_path, people):
    write_patient(tmp_path / "in", "KEEP-1")
    run(
        "import_cases",
        "--cohort=New",
        "--create",
        "--kind=development",
        "--by=coordinator",
        "--keep-patient-ids",
        tmp_path / "in",
    )
    cohort = Cohort.objects.get(name="New")
    assert (cohort.kind, cohort.created_by) == ("development", people.coordinator)
    assert selectors.has_role(people.coordinator, cohort, CohortRole.COORDINATOR)
    assert IntakeUpload.objects.get().requested_by == people.coordinator
    assert Patient.objects.get().pseudonym == "KEEP-1"
    assert NodeMask.objects.count() == 2


@pytest.mark.parametrize(
    ("by", "sentence"),
    [("nobody", "nobody is named"), ("annotator_one", "Only a coordinator")],
)
def test_only_a_known_coordinator_imports(tmp_path, by, sentence):
    write_patient(tmp_path / "in", "A1")
    with pytest.raises(CommandError, match=sentence):
        run("import_cases", "--cohort", "External test 1", "--by", by, tmp_path / "in")
    assert not Patient.objects.exists()


def test_a_missing_path_is_told(tmp_path):
    with pytest.raises(CommandError, match="There is nothing at"):
        run("import_cases", "--cohort", "External test 1", tmp_path / "absent")


def test_a_member_is_added(people, cohort):
    assert "is statistician of" in run("add_member", cohort.name, "outsider", "statistician")
    assert selectors.has_role(people.outsider, cohort, CohortRole.STATISTICIAN)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("Nowhere", "outsider", "annotator"), "no cohort named"),
        (("External test 1", "nobody", "annotator"), "Nobody is named"),
        (("External test 1", "adjudicator", "annotator"), "choose another person"),
        (("External test 1", "outsider", "king"), "invalid choice"),
    ],
)
def test_a_member_that_cannot_be_added_is_told_why(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("add_member", *arguments)
