"""A small case as providers get it, and masks on its grid in every format."""

import numpy as np
from pydicom.dataset import Dataset

from cohorts.candidates.interface import CandidateCase, CandidateRequest
from cohorts.dicom.ct_images import CaseNames, CTImages
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import node_from_voxels
from cohorts.dicom.node_label_map import label_map_pieces
from cohorts.dicom.node_segmentation import (
    NodeSegment,
    SegmentationSource,
    packed_frames,
    packed_length,
    segmentation_header,
)
from cohorts.dicom.part10 import EXPLICIT_LITTLE_ENDIAN, file_head, native_pixels
from tests.cohorts.dicom.mask_writers import write_structure_set

FRAME, SERIES = "2.25.11", "2.25.12"
GRID = SeriesGeometry(
    shape_zyx=(5, 8, 9),
    spacing_zyx_mm=(3.0, 0.7, 0.9),
    origin_lps_mm=(-12.0, 40.0, -301.0),
    row_direction=(1.0, 0.0, 0.0),
    column_direction=(0.0, 1.0, 0.0),
    frame_of_reference_uid=FRAME,
)
VOXELS = {3: [(1, 2, 3), (1, 2, 4), (2, 2, 4)], 5: [(4, 7, 8)]}


def volume_hu():
    return np.arange(np.prod(GRID.shape_zyx), dtype=np.int16).reshape(GRID.shape_zyx) - 100


def case(grid=GRID):
    return CandidateCase(
        cohort="Test",
        pseudonym="P001",
        geometry=grid,
        ct_series_uid=SERIES,
        frame_of_reference_uid=FRAME,
        volume_hu=volume_hu,
        dicom_files=lambda: iter([("0001.dcm", [b"one", b"file"])]),
    )


def asked(folder, go_on=lambda _: None):
    folder.mkdir(exist_ok=True)
    return CandidateRequest(case=case(), work_folder=folder, go_on=go_on)


def nodes(voxels=VOXELS):
    return [node_from_voxels(number, "", np.array(found)) for number, found in voxels.items()]


def write_nifti(path, grid=GRID, voxels=VOXELS):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(label_map_pieces(nodes(voxels), grid, {})))
    return path


def write_segmentation(path, frame=FRAME, series=SERIES):
    names = CaseNames(
        pseudonym="P001",
        study_uid="2.25.10",
        ct_series_uid=series,
        segmentation_series_uid="2.25.13",
        frame_of_reference_uid=frame,
        seed="seed",
    )
    images = CTImages(names=names, geometry=GRID, offset_hu=-1024, header={}, attributes={})
    segments = [
        NodeSegment(number=node.label, uid=f"2.25.{node.label}", box=node.box, voxels=node.mask)
        for node in nodes()
    ]
    source = SegmentationSource(masks=("a",), date="20260101", time="000000", software="1")
    plane = GRID.shape_zyx[1:]
    header = segmentation_header(segments, images, source)
    pixels = native_pixels(b"OB", packed_length(segments, plane), packed_frames(segments, plane))
    path.write_bytes(file_head(header, EXPLICIT_LITTLE_ENDIAN) + b"".join(pixels))


def write_contours(path, name):
    """A structure set with a square of 4 by 3 voxels in slice 2."""
    ct = Dataset()
    ct.PatientID, ct.FrameOfReferenceUID = "P001", FRAME
    corners = [(2, 1.5, 1.5), (2, 1.5, 5.5), (2, 4.5, 5.5), (2, 4.5, 1.5)]
    points = GRID.voxel_to_lps_mm(np.array(corners))
    write_structure_set(path, ct, {(7, name): [("CLOSED_PLANAR", points)]})
