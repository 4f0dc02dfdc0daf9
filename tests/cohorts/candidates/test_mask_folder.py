"""Masks in a folder become proposals on the grid of the case, or are refused with a code."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cohorts.candidates.folder import FolderProvider
from cohorts.candidates.interface import Proposal, ProposalKind
from cohorts.candidates.mask_folder import read_proposals
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import BoundingBox
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.references import ScanReference
from cohorts.dicom.stations import Station
from tests.cohorts.candidates.cases import (
    GRID,
    asked,
    case,
    nodes,
    write_contours,
    write_nifti,
    write_segmentation,
)


def read(folder, **options):
    given = case()
    scan = ScanReference(
        frame_of_reference_uid=given.frame_of_reference_uid, series_uid=given.ct_series_uid
    )
    return read_proposals(folder, given.geometry, scan, IntakeOptions(**options))


def refusal(folder, **options):
    with pytest.raises(IntakeError) as caught:
        read(folder, **options)
    return caught.value


def same(found, told):
    return [(one.box, one.voxels.tolist()) for one in found] == [
        (node.box, node.mask.tolist()) for node in told
    ]


@pytest.mark.parametrize("form", ["nifti", "dicom"])
def test_nodes_come_voxel_for_voxel(tmp_path, form):
    if form == "nifti":
        write_nifti(tmp_path / "found.nii.gz")
    else:
        write_segmentation(tmp_path / "found.dcm")
    answer = read(tmp_path)
    assert same(answer.found, nodes())
    assert {(one.kind, one.station, one.score) for one in answer.found} == {
        (ProposalKind.NODE, None, None)
    }


def test_two_files_may_use_the_same_numbers(tmp_path):
    write_nifti(tmp_path / "a.nii.gz")
    write_nifti(tmp_path / "b.nii.gz")
    assert len(read(tmp_path).found) == 4


@pytest.mark.parametrize(
    ("name", "kind", "station"),
    [
        ("LN1", ProposalKind.NODE, None),
        ("Level IIa left", ProposalKind.STATION, Station("left", "IIa")),
    ],
)
def test_names_of_contours_say_what_they_are(tmp_path, name, kind, station):
    write_contours(tmp_path / "contours.dcm", name)
    (found,) = read(tmp_path).found
    assert (found.kind, found.station) == (kind, station)
    assert found.box == BoundingBox((2, 2, 2), (3, 5, 6))


def test_station_maps_are_read_by_their_numbers(tmp_path):
    write_nifti(tmp_path / "levels.nii.gz")
    assert [one.station for one in read(tmp_path).found] == [
        Station("right", "IIa"),
        Station("right", "III"),
    ]


def test_scores_stand_beside_the_masks(tmp_path):
    write_nifti(tmp_path / "found.nii.gz")
    (tmp_path / "scores.json").write_text(json.dumps({"found.nii.gz": {"5": 0.25}}))
    answer = read(tmp_path)
    assert [one.score for one in answer.found] == [None, 0.25]
    assert answer.notes == ()


@pytest.mark.parametrize("told", ["no json", '{"found.nii.gz": {"5": 2}}', "[1]", '{"a": 1}'])
def test_scores_that_are_none_are_refused(tmp_path, told):
    write_nifti(tmp_path / "found.nii.gz")
    (tmp_path / "scores.json").write_text(told)
    assert refusal(tmp_path).code is RefusalCode.MASK_VALUES


def test_another_grid_is_refused(tmp_path):
    write_nifti(tmp_path / "found.nii.gz", replace(GRID, origin_lps_mm=(0.0, 0.0, 0.0)))
    assert refusal(tmp_path).code is RefusalCode.MASK_GRID


def test_a_mask_of_another_scan_is_refused(tmp_path):
    write_segmentation(tmp_path / "found.dcm", frame="2.25.99", series="2.25.98")
    assert refusal(tmp_path).code is RefusalCode.MASK_FRAME_OF_REFERENCE


def test_names_that_say_nothing_are_refused_until_the_operator_says_it(tmp_path):
    write_contours(tmp_path / "contours.dcm", "Something")
    assert refusal(tmp_path).code is RefusalCode.MASK_AMBIGUOUS
    (found,) = read(tmp_path, node_structures=("some*",)).found
    assert found.kind is ProposalKind.NODE
    answer = read(tmp_path, node_structures=("x",), station_structures=("some*",))
    assert answer.found == ()
    assert answer.notes == ("contours.dcm: the name of structure 7 tells no level of the neck",)


def test_damaged_dicom_is_refused(tmp_path):
    (tmp_path / "found.dcm").write_bytes(b"\x00" * 128 + b"DICM" + b"\x00" * 40)
    assert refusal(tmp_path).code is RefusalCode.UNREADABLE


def test_the_folder_of_the_patient_is_read_and_no_other(tmp_path):
    write_nifti(tmp_path / "test" / "P001" / "found.nii.gz")
    write_nifti(tmp_path / "test" / "P002" / "found.nii.gz", replace(GRID, shape_zyx=(6, 8, 9)))
    provider = FolderProvider({"path": str(tmp_path)})
    assert same(provider.propose(asked(tmp_path / "work")).found, nodes())


@pytest.mark.parametrize("there", ["nothing", "another cohort", "a link"])
def test_a_patient_without_a_folder_is_refused(tmp_path, there):
    (tmp_path / "Test").mkdir()
    if there == "another cohort":
        write_nifti(tmp_path / "Other" / "P001" / "found.nii.gz")
    if there == "a link":
        write_nifti(tmp_path / "elsewhere" / "found.nii.gz")
        (tmp_path / "Test" / "P001").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntakeError) as caught:
        FolderProvider({"path": str(tmp_path)}).propose(asked(tmp_path / "work"))
    assert caught.value.code is RefusalCode.NO_MASKS


def test_a_proposal_that_is_none_cannot_be_made():
    box, voxels = BoundingBox((0, 0, 0), (1, 1, 2)), np.ones((1, 1, 2), bool)
    node = {"kind": ProposalKind.NODE, "box": box, "voxels": voxels}
    Proposal(**node, score=1.0)
    for wrong in (
        {"score": 1.5},
        {"station": Station("left", "II")},
        {"kind": ProposalKind.STATION},
        {"voxels": np.zeros((1, 1, 2), bool)},
        {"voxels": np.ones((1, 2, 2), bool)},
    ):
        with pytest.raises(ValueError, match=r"was expected|came with|do not fill"):
            Proposal(**node | wrong)
