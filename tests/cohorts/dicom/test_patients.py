import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.patients import scan_folder
from tests.cohorts.dicom.mask_writers import write_structure_set
from tests.cohorts.dicom.series_files import (
    COLUMNS,
    ROWS,
    only_patient,
    write_label_map,
    write_seg,
    write_series,
)

LABELS = np.ones((4, ROWS, COLUMNS), dtype=np.uint8)


@pytest.fixture
def two_patients(tmp_path):
    write_series(tmp_path / "A" / "ct", patient="P1")
    write_series(tmp_path / "B" / "ct", patient="P2")
    return tmp_path


def masks_by_folder(folder):
    upload = scan_folder(folder)
    return {
        patient.folder: [mask.name for mask in patient.label_maps + patient.segmentations]
        for patient in upload.patients
    }


@pytest.mark.parametrize(
    "place", ["B/n.nii.gz", "B/ct/n.nii", "B/masks/n.nii", "B.nii.gz", "P2.nii"]
)
def test_a_label_map_goes_to_the_patient_of_its_folder_or_name(two_patients, place):
    (two_patients / place).parent.mkdir(exist_ok=True)
    write_label_map(two_patients / place, LABELS)
    assert masks_by_folder(two_patients) == {"A/ct": [], "B/ct": [place]}


def test_a_segmentation_goes_to_the_series_it_names(two_patients):
    second = scan_folder(two_patients).patients[1]
    write_seg(two_patients / "A" / "s.dcm", second.ct_files, LABELS[..., None])
    assert masks_by_folder(two_patients) == {"A/ct": [], "B/ct": ["A/s.dcm"]}


def test_a_mask_that_nobody_owns_is_refused_by_name(two_patients):
    write_label_map(two_patients / "nodes.nii.gz", LABELS)
    refused = [p.refusal for p in scan_folder(two_patients).patients if p.refusal]
    assert [(error.code, error.file) for error in refused] == [
        (RefusalCode.MASK_UNATTRIBUTED, "nodes.nii.gz")
    ]


def test_one_series_of_two_patients_refuses_both(tmp_path):
    def edit(ds, index):
        ds.PatientID = f"P{index % 2}"

    patients = scan_folder(write_series(tmp_path, edit=edit)).patients
    assert {p.refusal.code for p in patients} == {RefusalCode.TWO_PATIENTS}
    assert all("P0" not in str(p.refusal) for p in patients)


def test_two_studies_without_patient_id_in_one_folder_are_refused(tmp_path):
    write_series(tmp_path / "a", words="a", patient="")
    for path in write_series(tmp_path / "b", words="b", patient="").iterdir():
        path.rename(tmp_path / "a" / f"b{path.name}")
    assert only_patient(tmp_path).refusal.code is RefusalCode.TWO_SERIES


def test_files_that_are_not_dicom_are_named_and_left_out(tmp_path):
    write_series(tmp_path / "ct")
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._1.dcm").write_bytes(b"junk")
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    upload = scan_folder(tmp_path)
    assert upload.notes == ["README.txt: left out, not DICOM"]
    assert upload.patients[0].refusal is None


def test_a_text_file_that_pretends_refuses_its_patient_only(two_patients):
    (two_patients / "B" / "ct" / "99.dcm").write_text("I am no image")
    by_folder = {p.folder: p.refusal for p in scan_folder(two_patients).patients}
    assert by_folder["A/ct"] is None
    assert (by_folder["B/ct"].code, by_folder["B/ct"].file) == (
        RefusalCode.NOT_DICOM,
        "B/ct/99.dcm",
    )


def test_other_modalities_are_no_ct(tmp_path):
    def edit(ds, index):
        ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.128", "PT"

    with pytest.raises(IntakeError) as caught:
        scan_folder(write_series(tmp_path, edit=edit))
    assert caught.value.code is RefusalCode.NO_CT


def test_links_are_not_followed(tmp_path):
    outside = write_series(tmp_path / "outside")
    inside = write_series(tmp_path / "in" / "ct", 2)
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    (inside / "link.dcm").symlink_to(outside / "00.dcm")
    assert len(only_patient(tmp_path / "in").ct_files) == 2


def test_a_slice_that_broke_before_it_said_what_it_is_refuses_its_patient(two_patients):
    """Left out as "something else", the volume would silently end one slice early."""
    last = sorted((two_patients / "A" / "ct").iterdir())[0]
    whole = last.read_bytes()
    # Preamble and file meta are whole; the data set is cut in its first element.
    last.write_bytes(whole[: whole.index(b"1.2.840.10008.1.2.1") + 24])
    upload = scan_folder(two_patients)
    refused = {patient.folder: patient.refusal for patient in upload.patients}
    assert refused["B/ct"] is None
    assert refused["A/ct"].code in {RefusalCode.UNREADABLE, RefusalCode.NOT_DICOM}
    assert refused["A/ct"].file.startswith("A/ct/")


def test_a_structure_set_whose_references_do_not_parse_refuses_its_patient_only(two_patients):
    ct = scan_folder(two_patients).patients[1].ct_files[0].header
    path = write_structure_set(two_patients / "B" / "rs.dcm", ct, {})
    study, frame = Dataset(), Dataset()
    study.ReferencedSOPInstanceUID = "1.2.3"
    frame.RTReferencedStudySequence = [study]
    dataset = dcmread(path)
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    dataset.save_as(path)
    item = b"\x06\x30\x12\x00SQ\x00\x00"  # (3006,0012), its length follows
    whole = path.read_bytes()
    at = whole.index(item) + len(item)
    length = int.from_bytes(whole[at : at + 4], "little")
    path.write_bytes(whole[: at + 4] + b"\x00" * length + whole[at + 4 + length :])
    by_folder = {p.folder: p.refusal for p in scan_folder(two_patients).patients}
    assert by_folder["A/ct"] is None
    assert (by_folder["B/ct"].code, by_folder["B/ct"].file) == (
        RefusalCode.UNREADABLE,
        "B/rs.dcm",
    )
