"""Every CT series of ../shared/data against its manifest: digest, place of voxels, warnings."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.frames import decode_frame
from cohorts.dicom.intake import prepare_patient
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import scan_folder
from cohorts.dicom.questions import QuestionCode, QuestionsOpen
from cohorts.dicom.runs import full_mask
from tests.cohorts.dicom.test_realdata import DATA, manifest

BAD = DATA / "bad_inputs"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent"),
]

VARIANTS = "12_geometry_variants"
NINE = "09_series_in_many_transfer_syntaxes"
MULTI_FRAME = "10_multiframe"
AXIAL_LPS = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])


def unpacked(source, folder):
    """Lay a zip, a folder or a file out below a folder."""
    if source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)
    elif source.is_dir():
        shutil.copytree(source, folder, dirs_exist_ok=True)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder)
    return folder


def case_of(tmp_path, *sources, options=None):
    """Read the one patient of some sources in this process; return folder and case.json."""
    for number, source in enumerate(sources):
        unpacked(source, tmp_path / "in" / str(number))
    (patient,) = scan_folder(tmp_path / "in").patients
    out = tmp_path / "out"
    out.mkdir()
    prepare_patient(patient, out, options)
    return out, json.loads((out / "case.json").read_text())


def good_series():
    """Path below the data and place in the manifest of every series that must be accepted."""
    zipped = ["01_neck_ct_1mm", "02_chest_ct_lymph_node"]
    series = [(f"{name}/series.zip", (name,)) for name in zipped]
    series += [
        ("03_neck_ct_openkbp/ct", ("03_neck_ct_openkbp",)),
        ("04_abdomen_ct_jpeg2000/uids_filled", ("04_abdomen_ct_jpeg2000",)),
        ("05_thigh_ct_rtstruct/ct", ("05_thigh_ct_rtstruct",)),
        ("06_abdomen_3_slices_seg/ct", ("06_abdomen_3_slices_seg",)),
        (f"{MULTI_FRAME}/enhanced_ct_40_frames.dcm", (MULTI_FRAME,)),
    ]
    nine = manifest().get(NINE, {}).get("all_give_the_same_hash", [])
    series += [(f"{NINE}/{name}.zip", (NINE,)) for name in nine]
    variants = [name for name in manifest().get(VARIANTS, {}) if name != "gantry_tilt"]
    series += [(f"{VARIANTS}/{name}/series.zip", (VARIANTS, name)) for name in variants]
    return series


def test_no_series_of_the_manifest_was_forgotten():
    named = {place[0] for _, place in good_series()}
    without_series = {"07_head_phantom_gantry_tilt", "08_one_slice_many_transfer_syntaxes"}
    without_series |= {"11_dicomdir_media", "bad_inputs"}
    assert named | without_series == manifest().keys()
    assert len(good_series()) == 7 + 9 + 11


@pytest.mark.parametrize(("source", "place"), good_series())
def test_the_hounsfield_values_are_those_of_the_manifest(tmp_path, source, place):
    truth = manifest()
    for name in place:
        truth = truth[name]
    _, case = case_of(tmp_path, DATA / source)
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    assert [case["hu_min"], case["hu_max"]] == truth["hu_min_max"]


def turned_variants():
    names = [name for name in manifest().get(VARIANTS, {}) if name != "gantry_tilt"]
    return [(name, mask) for name in names for mask in ("nodes.nii.gz", "nodes_seg.dcm")]


def volume_of(out, case):
    planes = [(out / frame["file"]).read_bytes() for frame in case["frames"]]
    offset = case["frame_metadata"]["RescaleIntercept"]
    return np.stack([decode_frame(plane, offset) for plane in planes])


@pytest.mark.parametrize(("name", "mask"), turned_variants())
def test_masks_lie_on_the_same_voxels_whatever_the_orientation(tmp_path, name, mask):
    folder = DATA / VARIANTS / name
    out, case = case_of(tmp_path, folder / "series.zip", folder / mask)
    volume = volume_of(out, case)
    assert list(volume.shape) == case["geometry"]["shape_zyx"]
    truth = manifest(VARIANTS)[name]["instances"]
    for node, instance in zip(case["nodes"], truth, strict=True):
        stored = full_mask((out / node["mask"]["file"]).read_bytes())
        assert node["voxels"] == instance["voxels"] == np.count_nonzero(stored)
        assert np.allclose(node["centroid_lps_mm"], instance["centroid_lps_mm"], atol=0.01)
        assert volume[stored].mean() == pytest.approx(instance["mean_hu"], abs=0.01)
    if name != "oblique":
        directions = case["geometry"]["row_direction"], case["geometry"]["column_direction"]
        assert directions == AXIAL_LPS


SAME_VOXELS = ["prone_orientation", "feet_first", "coronal", "sagittal"]


@pytest.mark.parametrize("name", SAME_VOXELS)
def test_a_turned_scan_is_stored_as_the_same_case(tmp_path, name):
    def stored(name):
        folder = DATA / VARIANTS / name
        out, case = case_of(tmp_path / name, folder / "series.zip", folder / "nodes.nii.gz")
        return volume_of(out, case), case

    (volume, case), (reference_volume, reference) = stored(name), stored("axial_reference")
    assert np.array_equal(volume, reference_volume)
    for key in ("spacing_zyx_mm", "origin_lps_mm", "row_direction", "column_direction"):
        assert case["geometry"][key] == pytest.approx(reference["geometry"][key])
    assert case["nodes"] == reference["nodes"]


def test_turned_and_oblique_scans_say_so(tmp_path):
    def codes(name):
        _, case = case_of(tmp_path / name, DATA / VARIANTS / name / "series.zip")
        return [warning["code"] for warning in case["warnings"]]

    assert codes("coronal") == codes("sagittal") == ["reformatted_to_axial"]
    assert codes("oblique") == ["oblique"]
    assert codes("prone_orientation") == codes("axial_reference") == []


@pytest.mark.parametrize(
    "source", ["07_head_phantom_gantry_tilt/series.zip", f"{VARIANTS}/gantry_tilt/series.zip"]
)
def test_a_tilted_gantry_is_refused_with_its_angle(tmp_path, source):
    with pytest.raises(IntakeError, match=r"18\.5 degrees|12\.0 degrees") as caught:
        case_of(tmp_path, DATA / source)
    assert caught.value.code is RefusalCode.GANTRY_TILT


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_a_compressed_multi_frame_image_has_the_same_values(tmp_path, syntax):
    dataset = pydicom.dcmread(DATA / MULTI_FRAME / "enhanced_ct_40_frames.dcm")
    dataset.compress(syntax, generate_instance_uid=False)
    (tmp_path / "in").mkdir()
    dataset.save_as(tmp_path / "in" / "mf")
    _, case = case_of(tmp_path)
    assert case["hu_int16_sha256"] == manifest(MULTI_FRAME)["hu_int16_sha256"]


@pytest.mark.parametrize("part", ["image", "multiframe"])
def test_the_tiny_ct_is_the_same_in_one_file_and_in_three(tmp_path, part):
    folder = DATA / MULTI_FRAME / "dcmqi_24x38x3"
    _, case = case_of(tmp_path, folder / part)
    digest = "e4ca424edbccbb0e790fe7ef67a59e15f953d4807a9fb5318326456f4afe897a"
    assert case["hu_int16_sha256"] == digest
    assert case["geometry"]["spacing_zyx_mm"] == [2.5, 0.7, 0.7]
    assert [warning["code"] for warning in case["warnings"]] == ["rescale_unspecified"]


def test_a_mask_says_whether_slices_or_frames_are_meant(tmp_path):
    folder = DATA / MULTI_FRAME / "dcmqi_24x38x3"
    options = IntakeOptions(node_structures=("*",))
    sources = [folder / "image", folder / "multiframe", folder / "seg"]
    _, case = case_of(tmp_path, *sources, options=options)
    assert case["geometry"]["shape_zyx"] == [3, 38, 24]
    assert any(note.startswith("1/mf.dcm: left out") for note in case["notes"])
    assert len(case["nodes"]) == 1


def test_without_a_mask_it_is_asked(tmp_path):
    folder = DATA / MULTI_FRAME / "dcmqi_24x38x3"
    with pytest.raises(QuestionsOpen) as caught:
        case_of(tmp_path, folder / "image", folder / "multiframe")
    (question,) = caught.value.questions
    assert question.code is QuestionCode.WHICH_SERIES


def test_two_reconstructions_are_asked_for_and_never_interleaved(tmp_path):
    source = BAD / "upload_two_series_one_study.zip"
    with pytest.raises(QuestionsOpen) as caught:
        case_of(tmp_path / "asked", source)
    (question,) = caught.value.questions
    for number, choice in enumerate(question.choices):
        options = IntakeOptions(answers={question.id: choice.value})
        _, case = case_of(tmp_path / str(number), source, options=options)
        assert case["geometry"]["shape_zyx"] == [24, 128, 128]
        assert [warning["code"] for warning in case["warnings"]] == ["other_series"]


def test_a_medium_with_a_directory_gives_its_patients(tmp_path):
    upload = scan_folder(unpacked(DATA / "11_dicomdir_media", tmp_path / "in"))
    assert [patient.patient_id for patient in upload.patients] == ["77654033", "98890234"]
    assert not any("DICOMDIR" in note for note in upload.notes)
    left_out = [note for note in upload.notes if "MR Image Storage" in note]
    assert len(left_out) == 3
    sparse, whole = upload.patients
    with pytest.raises(IntakeError) as caught:
        prepare_patient(sparse, tmp_path)
    assert caught.value.code is RefusalCode.MISSING_SLICE
    (tmp_path / "out").mkdir()
    notes = prepare_patient(whole, tmp_path / "out")
    case = json.loads((tmp_path / "out" / "case.json").read_text())
    assert case["geometry"]["shape_zyx"] == [5, 16, 16]
    assert sum("a localizer" in note for note in notes) == 2


def test_a_directory_under_another_name_is_recognised(tmp_path):
    shutil.copytree(DATA / "11_dicomdir_media" / "98892001", tmp_path / "in")
    shutil.copy(DATA / "11_dicomdir_media" / "DICOMDIR", tmp_path / "in" / "INDEX")
    assert scan_folder(Path(tmp_path / "in")).notes == []
