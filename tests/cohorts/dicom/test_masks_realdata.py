"""Every mask of ../shared/data, against the voxels in its manifests, without decoding pixels."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patient_masks import read_masks
from cohorts.dicom.patients import group_files
from cohorts.dicom.questions import QuestionCode, QuestionsOpen
from cohorts.dicom.series import order_series
from cohorts.dicom.series_choice import with_one_series
from cohorts.dicom.source_files import SourceFile, list_folder
from cohorts.dicom.warnings import WarningCode

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
BAD = DATA / "bad_inputs"
NECK = "01_neck_ct_1mm"
CHEST = "02_chest_ct_lymph_node"
PLANNING = "03_neck_ct_openkbp"
THIGH = "05_thigh_ct_rtstruct"
THREE = "06_abdomen_3_slices_seg"
TINY = "10_multiframe/dcmqi_24x38x3"
VARIANTS = "12_geometry_variants"
ALL = IntakeOptions(node_structures=("*",))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is absent"),
]
TRUTH = json.loads((DATA / "manifest.json").read_text()) if DATA.is_dir() else {}
BAD_TRUTH = json.loads((BAD / "manifest.json").read_text()) if DATA.is_dir() else {}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """Series by path, each archive unpacked once."""
    done = {}

    def series(path):
        if path.is_dir():
            return list_folder(path)
        if path not in done:
            folder = tmp_path_factory.mktemp("series")
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
            if path.stem == "phi_everywhere":
                _without_mark(folder)
            done[path] = list_folder(folder)
        return done[path]

    return series


def _without_mark(folder):
    """Let the series with identifiers in: it is refused because it says so itself."""
    for path in folder.rglob("*"):
        if path.is_file() and pydicom.misc.is_dicom(path):
            dataset = pydicom.dcmread(path)
            if "BurnedInAnnotation" in dataset:
                dataset.BurnedInAnnotation = "NO"
                dataset.save_as(path)


def masks_of(files, paths, options=ALL):
    given = [SourceFile(path.name, path) for path in paths]
    (patient,) = group_files([*files, *given]).patients
    assert patient.refusal is None
    patient, _ = with_one_series(patient, options)
    series = order_series(patient.ct_files)
    return read_masks(patient, series, options), series.geometry


def check(nodes, geometry, instances, voxels="voxels"):
    """Compare in order; `instances` as in the manifests."""
    assert [node.voxels for node in nodes] == [truth[voxels] for truth in instances]
    for node, truth in zip(nodes, instances, strict=True):
        if voxels != "voxels":
            continue
        (z0, y0, x0), (z1, y1, x1) = node.box.start_zyx, node.box.stop_zyx
        assert [z0, z1 - 1] == truth["slice_index_range"]
        assert [y0, y1 - 1] == truth["row_range"]
        assert [x0, x1 - 1] == truth["col_range"]
        index = np.argwhere(node.mask).mean(axis=0) + node.box.start_zyx
        centroid = geometry.voxel_to_lps_mm(index)
        assert np.allclose(centroid, truth["centroid_lps_mm"], atol=0.01)


def by_index(instances):
    return sorted(instances, key=lambda truth: truth.get("label_value", truth["index"]))


def cases():
    """(series, masks, instances, which count) of every good mask."""
    if not TRUTH:
        return []
    neck, chest = TRUTH[NECK], TRUTH[CHEST]["instances"]
    found = [
        (f"{NECK}/series.zip", f"{NECK}/standin_nodes{ending}", neck["instances"], "voxels")
        for ending in (".nii.gz", ".nrrd", "_seg.dcm", "_rtstruct.dcm")
    ]
    found += [
        (f"{NECK}/series.zip", f"{NECK}/{name}", neck["overlapping_instances"], "voxels")
        for name in ("standin_overlapping_seg.dcm", "standin_overlapping_rtstruct.dcm")
    ]
    in_order_of_roi = [chest[1], chest[0], chest[2], chest[3]]
    found += [
        (f"{CHEST}/series.zip", f"{CHEST}/rtstruct.dcm", in_order_of_roi, "voxels"),
        (f"{CHEST}/series.zip", f"{CHEST}/ln_seg.dcm", chest[:1], "voxels"),
        (f"{CHEST}/series.zip", f"{CHEST}/ln_and_tumor.nii.gz", chest[:2], "voxels"),
    ]
    planning = TRUTH[PLANNING]
    in_map = [
        truth | {"in_map": planning["label_map_voxels"][truth["name"]]}
        for truth in planning["instances"]
    ]
    for ending, count in (
        ("_seg.dcm", "voxels"),
        ("_rtstruct.dcm", "voxels"),
        (".nii.gz", "in_map"),
        (".nrrd", "in_map"),
    ):
        found.append((f"{PLANNING}/ct", f"{PLANNING}/structures{ending}", in_map, count))
    for name in ("rtstruct.dcm", "mask.nii.gz"):
        found.append((f"{THIGH}/ct", f"{THIGH}/{name}", TRUTH[THIGH]["instances"], "voxels"))
    for name, instances in TRUTH[THREE]["seg"].items():
        if name.endswith(".dcm") and isinstance(instances, list):
            found.append((f"{THREE}/ct", f"{THREE}/seg/{name}", instances, "voxels"))
    abdomen = "04_abdomen_ct_jpeg2000"
    found.append(
        (
            f"{abdomen}/uids_filled",
            f"{abdomen}/labels.nii.gz",
            by_index(TRUTH[abdomen]["instances"]),
            "voxels",
        )
    )
    for name, truth in TRUTH[VARIANTS].items():
        for mask in ("nodes.nii.gz", "nodes_seg.dcm", "nodes_rtstruct.dcm"):
            if name != "gantry_tilt":
                place = f"{VARIANTS}/{name}"
                found.append(
                    (f"{place}/series.zip", f"{place}/{mask}", truth["instances"], "voxels")
                )
    base = BAD_TRUTH["mask_base"]["truth"]["instances"]
    for name in (
        "mask_base_good.nii.gz",
        "mask_slices_stored_top_down.nii.gz",
        "mask_seg_good.dcm",
        "mask_rtstruct_good.dcm",
    ):
        found.append(("bad_inputs/mask_base_series.zip", f"bad_inputs/{name}", base, "voxels"))
    hole = [*BAD_TRUTH["mask_rtstruct_hole"]["instances"], *base[1:]]
    overlapping = BAD_TRUTH["mask_seg_overlapping_instances"]["instances"]
    found += [
        ("bad_inputs/mask_base_series.zip", "bad_inputs/mask_rtstruct_hole.dcm", hole, "voxels"),
        (
            "bad_inputs/mask_base_series.zip",
            "bad_inputs/mask_rtstruct_empty_rois.dcm",
            base[2:],
            "voxels",
        ),
        (
            "bad_inputs/mask_base_series.zip",
            "bad_inputs/mask_seg_overlapping_instances.dcm",
            overlapping,
            "voxels",
        ),
    ]
    for name in ("phi_rtstruct.dcm", "phi_seg.dcm", "phi_mask.nii.gz", "phi_mask.nrrd"):
        found.append(("bad_inputs/phi_everywhere.zip", f"bad_inputs/{name}", base, "voxels"))
    return found


@pytest.mark.parametrize(
    ("series", "mask", "instances", "count"), [pytest.param(*one, id=one[1]) for one in cases()]
)
def test_a_mask_has_the_voxels_of_its_manifest(unpacked, series, mask, instances, count):
    masks, geometry = masks_of(unpacked(DATA / series), [DATA / mask])
    check(masks.nodes, geometry, instances, count)


REFUSED = {
    "mask_empty.nii.gz": RefusalCode.MASK_EMPTY,
    "mask_lps_affine_called_ras.nii.gz": RefusalCode.MASK_GRID,
    "mask_other_shape.nii.gz": RefusalCode.MASK_GRID,
    "mask_shifted_400_mm.nii.gz": RefusalCode.MASK_GRID,
    "mask_seg_other_frame_of_reference.dcm": RefusalCode.MASK_FRAME_OF_REFERENCE,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_mask_is_refused_by_name(unpacked, name):
    with pytest.raises(IntakeError) as caught:
        masks_of(unpacked(BAD / "mask_base_series.zip"), [BAD / name])
    assert (caught.value.code, caught.value.file) == (REFUSED[name], name)


def test_every_bad_mask_was_tried():
    names = {path.name for path in BAD.glob("mask_*") if path.suffix != ".zip"}
    tried = {Path(mask).name for _, mask, _, _ in cases()} | REFUSED.keys()
    assert names - tried == {"mask_labels_not_consecutive.nii.gz"}


def test_empty_structures_are_named(unpacked):
    masks, _ = masks_of(
        unpacked(BAD / "mask_base_series.zip"), [BAD / "mask_rtstruct_empty_rois.dcm"]
    )
    assert [warning.code for warning in masks.warnings] == [WarningCode.EMPTY_STRUCTURE] * 2
    assert [note for note in masks.notes if "empty" in note] == [
        f"mask_rtstruct_empty_rois.dcm: structure {number} is empty and was left out"
        for number in (1, 2)
    ]


def test_the_node_of_a_clinic_is_chosen_among_other_structures(unpacked):
    series = unpacked(DATA / CHEST / "series.zip")
    masks, _ = masks_of(series, [DATA / CHEST / "rtstruct.dcm"], IntakeOptions())
    assert [(node.label, node.name, node.voxels) for node in masks.nodes] == [(18, "LN_c40", 2239)]
    assert masks.notes == ["rtstruct.dcm: 3 structure(s) are neither nodes nor stations; left out"]


def test_a_structure_set_without_a_node_is_asked_about(unpacked):
    series, mask = unpacked(DATA / THIGH / "ct"), DATA / THIGH / "rtstruct.dcm"
    with pytest.raises(QuestionsOpen) as caught:
        masks_of(series, [mask], IntakeOptions())
    (question,) = caught.value.questions
    assert question.code is QuestionCode.WHICH_STRUCTURES
    assert [choice.label for choice in question.choices] == ["1: GTV_Mass_CT"]
    assert question.suggested == ()
    answered, _ = masks_of(series, [mask], IntakeOptions(answers={question.id: "1"}))
    assert [node.voxels for node in answered.nodes] == [117145]
    none, _ = masks_of(series, [mask], IntakeOptions(answers={question.id: ""}))
    assert none.nodes == []


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", "_seg.dcm", "_rtstruct.dcm"])
def test_the_neck_needs_no_question(unpacked, ending):
    series = unpacked(DATA / NECK / "series.zip")
    masks, _ = masks_of(series, [DATA / NECK / f"standin_nodes{ending}"], IntakeOptions())
    assert [node.label for node in masks.nodes] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert masks.stations == []


def test_one_mask_in_two_formats_is_refused(unpacked):
    paths = [DATA / THIGH / "rtstruct.dcm", DATA / THIGH / "mask.nii.gz"]
    with pytest.raises(IntakeError) as caught:
        masks_of(unpacked(DATA / THIGH / "ct"), paths)
    assert caught.value.code is RefusalCode.MASK_TWICE


def test_a_segmentation_of_a_multi_frame_ct(unpacked):
    files = [SourceFile("mf.dcm", DATA / TINY / "multiframe" / "mf.dcm")]
    masks = [
        masks_of(files, [DATA / TINY / "seg" / "label.seg"])[0],
        masks_of(files, [DATA / TINY / "nrrd" / "label.nrrd"])[0],
    ]
    (one,), (other,) = (found.nodes for found in masks)
    assert one.box == other.box
    assert np.array_equal(one.mask, other.mask)
