"""Real series and bad inputs of ../shared/data, against the truth in their manifests."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.headers import read_dicom_file
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.pixels import check_pixel_header, stored_frames
from cohorts.dicom.questions import QuestionCode
from cohorts.dicom.reading_child import prepare
from cohorts.dicom.source_files import SourceFile

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
BAD = DATA / "bad_inputs"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent"),
]


def manifest(name=None):
    if not DATA.is_dir():
        return {}
    truth = json.loads((DATA / "manifest.json").read_text())
    return truth if name is None else truth[name]


def bad_manifest():
    return json.loads((BAD / "manifest.json").read_text())


def case_of(tmp_path, series, *masks, nodes=()):
    """Import one series with masks beside it; return its case.json."""
    source = tmp_path / "in"
    if series.suffix == ".zip":
        with zipfile.ZipFile(series) as archive:
            archive.extractall(source)
    else:
        shutil.copytree(series, source / "ct")
    for mask in masks:
        shutil.copy(mask, source)
    # Structures of real scans have parts without contact; here each is one instance and a node.
    options = IntakeOptions(multi_part="one", node_structures=nodes)
    (patient,) = prepare(source, tmp_path / "out", options=options).patients
    if patient.refusal is not None:
        raise patient.refusal
    return json.loads((patient.directory / "case.json").read_text())


def refusal_of(tmp_path, series, *masks):
    with pytest.raises(IntakeError) as caught:
        case_of(tmp_path, series, *masks)
    return caught.value


def check_nodes(nodes, instances, voxels="voxels"):
    assert len(nodes) == len(instances)
    for node, truth in zip(nodes, instances, strict=True):
        assert node["label"] == truth.get("label_value", truth["index"])
        assert node["voxels"] == truth[voxels]
        if voxels == "voxels":
            assert np.allclose(node["centroid_lps_mm"], truth["centroid_lps_mm"], atol=0.01)
            assert node["volume_ml"] == pytest.approx(truth["volume_ml"], abs=1e-3)
            z, y, x = node["box"]
            for (start, stop), key in ((z, "slice_index"), (y, "row"), (x, "col")):
                assert [start, stop - 1] == truth[f"{key}_range"]


NECK = "01_neck_ct_1mm"


@pytest.mark.parametrize("mask", ["standin_nodes.nii.gz", "standin_nodes_seg.dcm"])
def test_the_neck_gives_its_eight_nodes(tmp_path, mask):
    truth = manifest(NECK)
    case = case_of(tmp_path, DATA / NECK / "series.zip", DATA / NECK / mask)
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    assert [case["hu_min"], case["hu_max"]] == truth["hu_min_max"]
    assert case["geometry"]["shape_zyx"] == [90, 511, 511]
    assert case["geometry"]["spacing_zyx_mm"] == [3, 1, 1]
    check_nodes(case["nodes"], truth["instances"])
    assert [n["label"] for n in case["nodes"] if n["touches_border"]] == [8]
    # Stand-ins are spheres and ellipsoids: the short axis is that of their formula.
    assert [round(n["short_axis_mm"]) for n in case["nodes"]] == [18, 12, 10, 14, 8, 4, 11, 16]
    assert "left level II" not in json.dumps(case)


def test_overlapping_nodes_come_out_whole(tmp_path):
    mask = DATA / NECK / "standin_overlapping_seg.dcm"
    case = case_of(tmp_path, DATA / NECK / "series.zip", mask)
    check_nodes(case["nodes"], manifest(NECK)["overlapping_instances"])


def test_one_node_in_three_parts_stays_one(tmp_path):
    folder = DATA / "02_chest_ct_lymph_node"
    case = case_of(tmp_path, folder / "series.zip", folder / "ln_seg.dcm")
    assert case["hu_int16_sha256"] == manifest(folder.name)["hu_int16_sha256"]
    check_nodes(case["nodes"], manifest(folder.name)["instances"][:1])


def test_the_planning_ct_from_its_label_map(tmp_path):
    truth = manifest("03_neck_ct_openkbp")
    folder = DATA / "03_neck_ct_openkbp"
    case = case_of(tmp_path, folder / "ct", folder / "structures.nii.gz")
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    found = {node["label"]: node["voxels"] for node in case["nodes"]}
    names = {instance["index"]: instance["name"] for instance in truth["instances"]}
    assert {names[label]: voxels for label, voxels in found.items()} == truth["label_map_voxels"]


def test_sparse_labels_and_jpeg_2000(tmp_path):
    folder = DATA / "04_abdomen_ct_jpeg2000"
    case = case_of(tmp_path, folder / "uids_filled", folder / "labels.nii.gz")
    truth = manifest(folder.name)
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    assert case["geometry"]["spacing_zyx_mm"][0] == 2
    instances = sorted(truth["instances"], key=lambda item: item["label_value"])
    check_nodes(case["nodes"], instances)


def test_empty_uids_are_refused(tmp_path):
    error = refusal_of(tmp_path, DATA / "04_abdomen_ct_jpeg2000" / "as_found_empty_uids")
    assert error.code is RefusalCode.UID_MISSING


def test_the_thigh_from_its_voxel_mask(tmp_path):
    folder = DATA / "05_thigh_ct_rtstruct"
    case = case_of(tmp_path, folder / "ct", folder / "mask.nii.gz")
    assert case["hu_int16_sha256"] == manifest(folder.name)["hu_int16_sha256"]
    assert [node["voxels"] for node in case["nodes"]] == [117145]


def test_pet_and_mr_never_become_ct(tmp_path):
    with pytest.raises(IntakeError) as caught:
        prepare(DATA / "05_thigh_ct_rtstruct" / "non_ct", tmp_path / "out")
    assert caught.value.code is RefusalCode.NO_CT


@pytest.mark.parametrize("name", ["liver.dcm", "partial_overlaps.dcm"])
def test_segmentations_of_another_program(tmp_path, name):
    folder = DATA / "06_abdomen_3_slices_seg"
    truth = manifest(folder.name)
    case = case_of(tmp_path, folder / "ct", folder / "seg" / name, nodes=("*",))
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    check_nodes(case["nodes"], truth["seg"][name])


def test_a_tilted_gantry_is_refused(tmp_path):
    error = refusal_of(tmp_path, DATA / "07_head_phantom_gantry_tilt" / "series.zip")
    assert error.code is RefusalCode.GANTRY_TILT
    assert "18.5 degrees" in error.message


SYNTAXES = DATA / "08_one_slice_many_transfer_syntaxes"


def read_slice(name):
    dicom_file = read_dicom_file(SourceFile(name, SYNTAXES / name))
    check_pixel_header(dicom_file)
    (stored,) = stored_frames(dicom_file)
    return stored


def syntax_files(exact):
    files = manifest().get(SYNTAXES.name, {}).get("files", {})
    difference = "max_abs_difference_to_reference"
    refused = {"JPEG 2000 Image Compression"}
    return [
        name
        for name, truth in files.items()
        if (truth.get(difference) == 0 and truth["transfer_syntax"] not in refused) is exact
    ]


@pytest.mark.parametrize("name", syntax_files(exact=True))
def test_a_lossless_encoding_is_decoded_exactly(name):
    assert np.array_equal(read_slice(name), read_slice("CTImage.dcm"))


@pytest.mark.parametrize("name", syntax_files(exact=False))
def test_any_other_encoding_is_refused(name):
    with pytest.raises(IntakeError) as caught:
        read_slice(name)
    assert caught.value.code in {RefusalCode.LOSSY, RefusalCode.TRANSFER_SYNTAX}
    assert caught.value.file == name


def test_both_kinds_of_encodings_were_tried():
    assert len(syntax_files(exact=True)) == 10
    assert len(syntax_files(exact=False)) == 6


NINE = "09_series_in_many_transfer_syntaxes"


@pytest.mark.parametrize("name", manifest().get(NINE, {}).get("all_give_the_same_hash", []))
def test_nine_encodings_one_hash(tmp_path, name):
    case = case_of(tmp_path, DATA / NINE / f"{name}.zip")
    assert case["hu_int16_sha256"] == manifest(NINE)["hu_int16_sha256"]


REFUSED_INPUTS = {
    "file_claims_65535_by_65535": (RefusalCode.IMAGE_TOO_LARGE, "CT/IM0013.dcm"),
    "file_is_text": (RefusalCode.NOT_DICOM, "CT/IM0013.dcm"),
    "file_truncated_in_pixel_data": (RefusalCode.PIXELS_TRUNCATED, "CT/IM0013.dcm"),
    "object_sr_only": (RefusalCode.NO_CT, ""),
    "phi_everywhere": (RefusalCode.BURNED_IN, "QX0017083_Anna/QX0017084_003.dcm"),
    "series_missing_slice": (RefusalCode.MISSING_SLICE, "CT/IM0012.dcm"),
    "series_no_position": (RefusalCode.NO_POSITION, "CT/IM0001.dcm"),
    "series_no_rescale": (RefusalCode.NO_RESCALE, "CT/IM0001.dcm"),
    "series_same_sop_uid_different_pixels": (RefusalCode.DUPLICATE_INSTANCE, "CT/again.dcm"),
    "series_secondary_capture_called_ct": (RefusalCode.SECONDARY_CAPTURE, "CT/IM0001.dcm"),
    "series_two_patients": (RefusalCode.TWO_PATIENTS, "CT/IM0002.dcm"),
    "series_unequal_spacing": (RefusalCode.UNEQUAL_SPACING, "CT/IM0013.dcm"),
    "text_path_traversal_in_uids": (RefusalCode.UID_INVALID, "CT/IM0001.dcm"),
    "zip_bomb_48_mb": (RefusalCode.ARCHIVE_RATIO, "zip_bomb_48_mb.zip"),
    "zip_path_traversal": (RefusalCode.ARCHIVE_PATH, "zip_path_traversal.zip"),
    "zip_truncated": (RefusalCode.ARCHIVE_DAMAGED, "zip_truncated.zip"),
}
ACCEPTED_INPUTS = {
    "charset_japanese": 8,
    "charset_latin1": 8,
    "series_spacing_jitter_4_micrometres": 24,
    "series_with_junk_files": 24,
    "series_with_localizer": 24,
    "text_html_and_template_injection": 10,
    "text_spreadsheet_formulas": 10,
    "upload_ct_with_sr_and_pr": 24,
}


ASKED_INPUTS = {"upload_two_series_one_study"}


def test_every_bad_zip_has_an_expected_outcome():
    zips = {path.stem for path in BAD.glob("*.zip")} - {"mask_base_series"}
    assert zips == REFUSED_INPUTS.keys() | ACCEPTED_INPUTS.keys() | ASKED_INPUTS


@pytest.mark.parametrize("name", ASKED_INPUTS)
def test_what_a_person_must_decide_is_asked_and_leaves_nothing(tmp_path, name):
    (patient,) = prepare(BAD / f"{name}.zip", tmp_path / "out").patients
    assert [question.code for question in patient.questions] == [QuestionCode.WHICH_SERIES]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", REFUSED_INPUTS)
def test_a_bad_zip_is_refused_by_file_and_leaves_nothing(tmp_path, name):
    out = tmp_path / "out"
    try:
        errors = [p.refusal for p in prepare(BAD / f"{name}.zip", out).patients]
    except IntakeError as error:
        errors = [error]
    assert {(error.code, error.file) for error in errors} == {REFUSED_INPUTS[name]}
    assert list(out.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not list(Path("/tmp").glob("rs_pwned*"))


@pytest.mark.parametrize("name", ACCEPTED_INPUTS)
def test_an_awkward_zip_is_accepted_without_what_does_not_belong(tmp_path, name):
    result = prepare(BAD / f"{name}.zip", tmp_path / "out")
    (patient,) = result.patients
    text = (patient.directory / "case.json").read_text()
    case = json.loads(text)
    assert case["geometry"]["shape_zyx"][0] == ACCEPTED_INPUTS[name]
    del case["source_patient_id"]
    for private in ("Yamada", "山田", "Buc", "Jérôme", "HYPERLINK", "<", "extranodal"):
        assert private not in json.dumps(case, ensure_ascii=False)


BASE = BAD / "mask_base_series.zip"
SPARSE = {7: 1285, 300: 1146, 5: 177}


@pytest.mark.parametrize(
    "mask", ["mask_base_good.nii.gz", "mask_slices_stored_top_down.nii.gz", "mask_seg_good.dcm"]
)
def test_a_good_mask_gives_the_truth(tmp_path, mask):
    truth = bad_manifest()["mask_base"]["truth"]
    case = case_of(tmp_path, BASE, BAD / mask)
    assert case["hu_int16_sha256"] == truth["hu_int16_sha256"]
    check_nodes(case["nodes"], truth["instances"])


def test_labels_beyond_eight_bits_are_kept(tmp_path):
    case = case_of(tmp_path, BASE, BAD / "mask_labels_not_consecutive.nii.gz")
    assert {node["label"]: node["voxels"] for node in case["nodes"]} == SPARSE


def test_overlapping_segments_of_the_bad_inputs_are_whole(tmp_path):
    name = "mask_seg_overlapping_instances"
    case = case_of(tmp_path, BASE, BAD / f"{name}.dcm")
    check_nodes(case["nodes"], bad_manifest()[name]["instances"])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("mask_empty.nii.gz", RefusalCode.MASK_EMPTY),
        ("mask_lps_affine_called_ras.nii.gz", RefusalCode.MASK_GRID),
        ("mask_other_shape.nii.gz", RefusalCode.MASK_GRID),
        ("mask_shifted_400_mm.nii.gz", RefusalCode.MASK_GRID),
        ("mask_seg_other_frame_of_reference.dcm", RefusalCode.MASK_FRAME_OF_REFERENCE),
    ],
)
def test_a_bad_mask_is_refused_by_name(tmp_path, name, code):
    error = refusal_of(tmp_path, BASE, BAD / name)
    assert (error.code, error.file) == (code, name)


def test_no_identifier_leaves_the_import(tmp_path):
    """Let the marked series in by taking its mark away, and search all that comes out."""
    with zipfile.ZipFile(BAD / "phi_everywhere.zip") as archive:
        archive.extractall(tmp_path / "in")
    for path in (tmp_path / "in").rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if "BurnedInAnnotation" in dataset:
            dataset.BurnedInAnnotation = "NO"
            dataset.save_as(path)
    shutil.copy(BAD / "phi_seg.dcm", tmp_path / "in")
    (patient,) = prepare(tmp_path / "in", tmp_path / "out").patients
    assert patient.refusal is None
    case = json.loads((patient.directory / "case.json").read_text())
    # These two are for the person who imports and are not stored with a case.
    del case["source_patient_id"], case["notes"], case["folder"]
    served = json.dumps(case, ensure_ascii=False).encode()
    for path in patient.directory.rglob("*"):
        if path.is_file() and path.name != "case.json":
            served += path.name.encode() + path.read_bytes()
    tokens = json.loads((BAD / "phi_tokens.json").read_text())["tokens"]
    assert len(case["nodes"]) == 3
    assert [token for token in tokens if token.encode() in served] == []
