"""`manage.py verify_deidentified` finds what is stored and must not be, and never prints it."""

import io
import zipfile
from datetime import timedelta

import pydicom
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from cohorts import retention, storage
from cohorts.models import (
    ArrivingUpload,
    Candidate,
    CandidateRun,
    CTSeries,
    DicomwebToken,
    IntakeUpload,
    Patient,
)
from tests.cases import store_case

TOKEN = "QX77-Anna-Test"


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "tokens.txt"
    path.write_text(f"{TOKEN}\n77002331\n", encoding="utf-8")
    return path


def verify(tokens, **options):
    out = io.StringIO()
    try:
        call_command("verify_deidentified", tokens=tokens, stdout=out, **options)
    except CommandError as error:
        return 1, out.getvalue() + str(error)
    return 0, out.getvalue()


@pytest.fixture
def case(data_dir, people, cohort):
    return store_case(cohort, "P001")


def test_nothing_is_found_where_nothing_is(case, tokens):
    status, said = verify(tokens)
    assert status == 0
    assert "2 tokens, 0 found" in said


def leak_into_notes(case):
    CTSeries.objects.filter(patient=case).update(notes=[f"remark on {TOKEN.lower()}"])
    return "notes"


def leak_into_header(case):
    key = storage.put(b'{"common": {"a": "' + TOKEN.encode("utf-16-le") + b'"}}')
    CTSeries.objects.filter(patient=case).update(header_key=key)
    return "header of CT series"


def leak_into_mask(case):
    mask = case.nodes.first().masks.first()
    mask.runs_key = storage.put(TOKEN.encode())
    mask.save(update_fields=["runs_key"])
    return "blob: mask"


def leak_into_candidate(case):
    run = CandidateRun.objects.create(
        patient=case, requested_by=User.objects.earliest("pk"), provider="LN-DETR"
    )
    Candidate.objects.create(
        run=run,
        number=1,
        kind="node",
        runs_key=storage.put(TOKEN.encode()),
        bounding_box=[[0, 1], [0, 1], [0, 1]],
        centroid_zyx=[0, 0, 0],
        voxels=1,
        volume_ml=0.001,
    )
    return "blob: candidate"


def leak_into_frame(case):
    series = CTSeries.objects.get(patient=case)
    series.frames[1]["sha256"] = storage.put(b"77002331")
    series.save(update_fields=["frames"])
    return "frame 1"


def leak_into_arrival(case):
    sender = User.objects.earliest("pk")
    ArrivingUpload.objects.create(
        cohort=case.cohort, sender=sender, shown_name=TOKEN, file_count=1, total_bytes=1
    )
    return "arriving upload"


def leak_into_token(case):
    user = User.objects.earliest("pk")
    now = timezone.now()
    DicomwebToken.objects.create(cohort=case.cohort, user=user, name=TOKEN, expires_at=now)
    return "dicomweb token"


LEAKS = [
    leak_into_notes,
    leak_into_header,
    leak_into_mask,
    leak_into_candidate,
    leak_into_frame,
    leak_into_arrival,
    leak_into_token,
]


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("only_cohort", [True, False])
def test_a_leak_is_found_and_not_repeated(case, tokens, leak, only_cohort):
    place = leak(case)
    status, said = verify(tokens, **({"cohort": case.cohort.name} if only_cohort else {}))
    assert status == 1
    assert place in said
    assert TOKEN.casefold() not in said.casefold()
    assert "77002331" not in said


@pytest.mark.parametrize("setting", ["DROP_DIR", "PULL_DIR", "RECEIVED_DIR"])
def test_leaks_in_files_on_their_way_are_found_by_name_and_content(
    case, tokens, tmp_path, settings, setting
):
    folder = tmp_path / "on the way" / "one"
    folder.mkdir(parents=True)
    setattr(settings, setting, folder.parent)
    (folder / f"{TOKEN}.zip").write_bytes(b"77002331")
    status, said = verify(tokens)
    assert status == 1
    assert said.count("FOUND") == 2
    assert TOKEN not in said


def test_other_cohorts_and_unusable_lists_are_told_apart(case, tokens, tmp_path):
    assert verify(tokens, cohort="nowhere")[1] == "There is no cohort named 'nowhere'."
    tokens.write_text("", encoding="utf-8")
    assert verify(tokens)[0] == 1


def marked_folder(bad, source, mask):
    """All of phi_everywhere, the one burned-in annotation declared away, and one file of nodes."""
    with zipfile.ZipFile(bad / "phi_everywhere.zip") as archive:
        archive.extractall(source)
    for path in filter(lambda path: path.is_file(), sorted(source.rglob("*"))):
        image = pydicom.dcmread(path)
        if image.get("BurnedInAnnotation") == "YES":
            image.BurnedInAnnotation = "NO"
            image.save_as(path)
    (place,) = source.iterdir()
    (place / mask).write_bytes((bad / mask).read_bytes())


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("mask", "nodes"),
    [
        ("phi_seg.dcm", []),
        ("phi_rtstruct.dcm", ["*LN*"]),
        ("phi_mask.nii.gz", []),
        ("phi_mask.nrrd", []),
    ],
)
def test_real_intake_of_marked_files_leaves_no_mark(
    shared, data_dir, cohort, tmp_path, mask, nodes
):
    bad, source = shared / "data" / "bad_inputs", tmp_path / "upload"
    marked_folder(bad, source, mask)
    call_command(
        "import_cases",
        str(source),
        cohort=cohort.name,
        node_structures=nodes,
        multi_part="one",
        stdout=io.StringIO(),
    )
    (case,) = Patient.objects.filter(cohort=cohort)
    assert case.series.header_key
    assert case.nodes.exists()
    status, said = verify(bad / "phi_tokens.json")
    assert [line for line in said.splitlines() if line.startswith("FOUND")] == []
    assert status == 0


@pytest.mark.realdata
def test_a_refused_patient_leaves_its_marks_for_some_days_alone(shared, data_dir, cohort, tmp_path):
    """The names of its files lead the coordinator to them; then they go."""
    bad, source = shared / "data" / "bad_inputs", tmp_path / "upload"
    marked_folder(bad, source, "phi_seg.dcm")
    (place,) = source.iterdir()
    sorted(place.iterdir())[9].unlink()
    with pytest.raises(CommandError):
        call_command("import_cases", str(source), cohort=cohort.name, stdout=io.StringIO())
    tokens = bad / "phi_tokens.json"
    found = [line for line in verify(tokens)[1].splitlines() if line.startswith("FOUND")]
    assert found
    assert [line for line in found if "intake upload" not in line] == []
    IntakeUpload.objects.update(finished_at=timezone.now() - timedelta(days=15))
    retention.forget_old_names()
    assert "FOUND" not in verify(tokens)[1]
