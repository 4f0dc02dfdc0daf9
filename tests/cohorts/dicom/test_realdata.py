"""Real series of ../shared/data, against the truth in their manifest.

The bad inputs are in `tests.cohorts.hostile`, their masks in `test_masks_realdata`.
"""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.headers import read_dicom_file
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.pixels import check_pixel_header, stored_frames
from cohorts.dicom.reading_child import prepare
from cohorts.dicom.source_files import SourceFile

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent"),
]


def manifest(name=None):
    if not DATA.is_dir():
        return {}
    truth = json.loads((DATA / "manifest.json").read_text())
    return truth if name is None else truth[name]


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
