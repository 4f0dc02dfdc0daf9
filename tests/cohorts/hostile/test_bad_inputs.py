"""Every entry of the shared bad inputs through the whole intake: what we decided about each.

The table says more than the manifest's suggestion, and must agree with it. An entry that the table
lacks fails, so that none is forgotten when the manifest grows.
"""

import csv
import html
import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cohorts import pipeline, services
from cohorts.dicom.options import IntakeOptions
from cohorts.models import CTSeries, NodeMask, Patient
from cohorts.spreadsheet import FORMULA_STARTS
from cohorts.upload_summary import group_of
from tests.cohorts.conftest import files_below

BAD = Path(__file__).resolve().parents[4] / "shared" / "data" / "bad_inputs"
BASE = BAD / "mask_base_series.zip"
pytestmark = [
    pytest.mark.realdata,
    # Another database would store the same.
    pytest.mark.no_database,
    pytest.mark.skipif(not BAD.is_dir(), reason="../shared/data is absent"),
    pytest.mark.usefixtures("data_dir"),
]


@dataclass(frozen=True)
class Decision:
    """What becomes of one entry: an outcome; a refusal's or question's code and its file."""

    outcome: str
    code: str = ""
    file: str = ""
    warnings: frozenset[str] = frozenset()
    slices: int = 0
    nodes: tuple[tuple[int, int], ...] = ()


def taken(slices: int, *warnings: str, nodes: dict[int, int] | None = None) -> Decision:
    outcome = "warned" if warnings else "accepted"
    found = tuple(sorted((nodes or {}).items()))
    return Decision(outcome, warnings=frozenset(warnings), slices=slices, nodes=found)


def refused(code: str, file: str) -> Decision:
    return Decision("refused", code, file)


TRUTH = {1: 1285, 2: 1146, 3: 177}
CUT = "cut_by_border"
IM01, IM02, IM12, IM13 = (f"CT/IM00{number}.dcm" for number in ("01", "02", "12", "13"))
DECISIONS = {
    "charset_japanese": taken(8),
    "charset_latin1": taken(8),
    "file_claims_65535_by_65535": refused("image_too_large", IM13),
    "file_is_text": refused("not_dicom", IM13),
    "file_truncated_in_pixel_data": refused("pixels_truncated", IM13),
    "mask_base": taken(24, CUT, nodes=TRUTH),
    "mask_empty": refused("mask_empty", "mask_empty.nii.gz"),
    "mask_labels_not_consecutive": taken(24, CUT, nodes={7: 1285, 300: 1146, 5: 177}),
    "mask_lps_affine_called_ras": refused("mask_grid", "mask_lps_affine_called_ras.nii.gz"),
    "mask_other_shape": refused("mask_grid", "mask_other_shape.nii.gz"),
    "mask_rtstruct_empty_rois": taken(24, "empty_structure", CUT, nodes={3: 177}),
    "mask_rtstruct_good": taken(24, CUT, nodes=TRUTH),
    "mask_rtstruct_hole": taken(24, CUT, nodes=TRUTH | {1: 1284}),
    "mask_seg_good": taken(24, CUT, nodes=TRUTH),
    "mask_seg_other_frame_of_reference": refused(
        "mask_frame_of_reference", "mask_seg_other_frame_of_reference.dcm"
    ),
    "mask_seg_overlapping_instances": taken(
        24, CUT, "overlapping_nodes", nodes={1: 1285, 2: 1285, 3: 177}
    ),
    "mask_shifted_400_mm": refused("mask_grid", "mask_shifted_400_mm.nii.gz"),
    "mask_slices_stored_top_down": taken(24, CUT, nodes=TRUTH),
    "object_sr_only": refused("no_ct", ""),
    "phi_everywhere": refused("burned_in_annotation", "QX0017083_Anna/QX0017084_003.dcm"),
    "series_missing_slice": refused("missing_slice", IM12),
    "series_no_position": refused("no_position", IM01),
    "series_no_rescale": refused("no_rescale", IM01),
    "series_same_sop_uid_different_pixels": refused("duplicate_instance", "CT/again.dcm"),
    "series_secondary_capture_called_ct": refused("secondary_capture", IM01),
    "series_spacing_jitter_4_micrometres": taken(24),
    "series_two_patients": refused("two_patients", IM02),
    "series_unequal_spacing": refused("unequal_spacing", IM13),
    "series_with_junk_files": taken(24),
    "series_with_localizer": taken(24),
    "text_html_and_template_injection": taken(10),
    "text_path_traversal_in_uids": refused("uid_invalid", IM01),
    "text_spreadsheet_formulas": taken(10),
    "upload_ct_with_sr_and_pr": taken(24),
    "upload_two_series_one_study": Decision("asked", "which_series"),
    "zip_bomb_48_mb": refused("archive_ratio", "zip_bomb_48_mb.zip"),
    "zip_path_traversal": refused("archive_path", "zip_path_traversal.zip"),
    "zip_truncated": refused("archive_damaged", "zip_truncated.zip"),
}
SUGGESTED = {
    "accept": {"accepted", "warned"},
    "accept_without_it": {"accepted", "warned"},
    "accept_ct_only": {"accepted", "warned"},
    "accept_or_flag": {"accepted", "warned"},
    "accept_or_refuse": {"accepted", "warned", "refused"},
    "refuse": {"refused"},
    "refuse_or_flag": {"refused", "warned"},
    "refuse_or_ask": {"refused", "asked"},
    "refuse_or_ignore_entries": {"refused", "warned"},
    "refuse_or_deidentify": {"refused", "accepted", "warned"},
}
PIECES = {"HYPERLINK", "onerror"}
"""Of the texts in headers: half of one is as bad as the whole."""
HEADER_TEXTS = ("PatientID", "PatientName", "StudyDescription", "SeriesDescription")
SCRIPTS = ("utf-8", "iso2022_jp", "shift_jis", "latin-1", "utf-16-le")


def manifest() -> dict:
    return json.loads((BAD / "manifest.json").read_text(encoding="utf-8"))


def source_of(name: str) -> tuple[Path, list[Path]]:
    """Return the zip with the CT of an entry, and the files that go beside it."""
    files = [BAD / file for file in manifest()[name]["files"] if not file.endswith(".json")]
    if name.startswith("mask_"):
        return BASE, [file for file in files if file != BASE]
    return files[0], files[1:]


def take_in(people, cohort, folder: Path, name: str):
    """Upload an entry as a coordinator does, let the worker take it up, and return its row."""
    archive, beside = source_of(name)
    asked = {"by": people.coordinator, "cohort": cohort, "keep_patient_ids": False}
    if beside:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        for file in beside:
            shutil.copy(file, folder)
        options = IntakeOptions(node_structures=("*",), multi_part="one")
        upload = services.request_intake_of_folder(
            folder=folder, shown_name=name, options=options, move=True, **asked
        )
        shutil.rmtree(folder)
    else:
        sent = SimpleUploadedFile(archive.name, archive.read_bytes())
        upload = services.request_intake(upload=sent, **asked)
    pipeline.take_up(upload.pk)
    upload.refresh_from_db()
    return upload


def decision_on(upload) -> Decision:
    """Return what became of an upload, in the words of the table."""
    if upload.report["refusal"]:
        return refused(upload.report["refusal"]["code"], upload.report["refusal"]["file"])
    # A series of two patients is refused for both, in the same words.
    (decision,) = {decision_of(entry) for entry in upload.report["patients"]}
    return decision


def decision_of(entry: dict) -> Decision:
    """Return what became of one patient of an upload."""
    codes = [entry["code"], *(question["code"] for question in entry["questions"])]
    masks = NodeMask.objects.values_list("node__number", "voxels")
    return Decision(
        outcome=group_of(entry),
        code="".join(codes),
        file=entry["file"] if entry["outcome"] == "refused" else "",
        warnings=frozenset(warning["code"] for warning in entry["warnings"]),
        slices=entry["slices"],
        nodes=tuple(sorted(masks)),
    )


def identifiers_in(name: str) -> set[str]:
    """Return what an entry says of a person, and what it must not bring to others."""
    entry = manifest()[name]
    found = {entry.get("leak_token", "")}
    for part in entry.get("patient_name", "").split("="):
        found |= {part, *part.split("^")}
    if name.startswith("text_"):
        found |= header_texts(source_of(name)[0]) | PIECES
    if name == "phi_everywhere":
        found |= set(json.loads((BAD / "phi_tokens.json").read_text())["tokens"])
    return found - {""}


def header_texts(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as opened:
        first = io.BytesIO(opened.read(opened.namelist()[0]))
    dataset = pydicom.dcmread(first, stop_before_pixels=True)
    return {str(dataset.get(keyword, "")) for keyword in HEADER_TEXTS}


def stored_text() -> str:
    """Return every row of every table, as text."""
    rows = [list(model.objects.values()) for model in apps.get_models() if model._meta.managed]
    return json.dumps(rows, default=str, ensure_ascii=False)


def assert_nothing_survives(identifiers: set[str], data_dir: Path, shown: list[str]) -> None:
    texts = [stored_text(), *shown]
    assert [word for word in identifiers for text in texts if word in text] == []
    files = files_below(data_dir / "blobs")
    assert [word for word in identifiers for file in files if word in str(file)] == []
    content = b"\0".join(file.read_bytes() for file in files)
    # A word of three letters may be in compressed pixels by chance; in the headers it may not.
    headers = b"\0".join(data for data in map(Path.read_bytes, files) if data[:1] in b"{[")
    for word in identifiers:
        for script in SCRIPTS:
            spelled = word.encode(script, "ignore")
            assert not spelled or spelled not in (content if len(spelled) > 5 else headers)
        assert json.dumps(word)[1:-1].encode() not in headers


def assert_pages_are_safe(page: str, table: str) -> None:
    assert not any(bad in page for bad in ("<script>alert", "<img src=x", "<svg/onload", "<b>bold"))
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"))))
    assert not any(cell.startswith(FORMULA_STARTS) for row in rows for cell in row)


def pages_of(client, upload) -> list[str]:
    """Return the upload's page and its report, as a coordinator gets them."""
    names = ("cohorts:upload", "cohorts:upload-report")
    answers = [client.get(reverse(name, args=[upload.public_id])) for name in names]
    assert [answer.status_code for answer in answers] == [200, 200]
    return [answer.text for answer in answers]


def outside() -> set[Path]:
    return {path for place in ("/tmp", "/etc", "/") for path in Path(place).glob("*rs_pwned*")}


def test_every_entry_has_a_decision_that_agrees_with_its_suggestion():
    suggested = {name: entry["suggested"] for name, entry in manifest().items()}
    assert suggested.keys() == DECISIONS.keys()
    against = {
        name: decision.outcome
        for name, decision in DECISIONS.items()
        if decision.outcome not in SUGGESTED[suggested[name]]
    }
    assert against == {}


@pytest.mark.parametrize("name", DECISIONS)
def test_an_entry_becomes_what_was_decided(name, client, people, cohort, data_dir):
    decision = DECISIONS[name]
    upload = take_in(people, cohort, data_dir / "in", name)
    assert decision_on(upload) == decision
    client.force_login(people.coordinator)
    page, table = pages_of(client, upload)
    assert html.escape(decision.file) in page
    assert_pages_are_safe(page, table)
    # The coordinator is told which file is meant, by the name that it has on their disk.
    unsaid = {word for word in identifiers_in(name) if word not in decision.file}
    assert_nothing_survives(unsaid, data_dir, [page, table])
    if decision.outcome == "asked":
        services.give_up_questions(by=people.coordinator, upload=upload)
    stored = bool(decision.slices)
    assert (Patient.objects.exists(), (data_dir / "blobs").exists()) == (stored, stored)
    assert list((data_dir / "drop").iterdir()) == []
    assert {path.name for path in data_dir.iterdir()} <= {"drop", "blobs"}
    assert outside() == set()


def test_masks_of_the_base_lie_on_the_ct_of_the_manifest(people, cohort, data_dir):
    take_in(people, cohort, data_dir / "in", "mask_base")
    assert CTSeries.objects.get().hu_sha256 == manifest()["mask_base"]["truth"]["hu_int16_sha256"]


def test_names_of_files_are_shown_and_never_run(client, people, cohort, data_dir):
    """A slice that is none, under a name that is markup and a formula at once."""
    name = "=1+1<img src=x onerror=alert(1)>.dcm"
    with zipfile.ZipFile(BAD / "file_is_text.zip") as opened:
        opened.extractall(data_dir / "in")
    (data_dir / "in" / IM13).rename(data_dir / "in" / name)
    upload = services.import_folder(
        by=people.coordinator, cohort=cohort, path=data_dir / "in", keep_patient_ids=False
    )
    client.force_login(people.coordinator)
    page, table = pages_of(client, upload)
    assert html.escape(name) in page
    assert f"'{name}" in table
    assert_pages_are_safe(page, table)
