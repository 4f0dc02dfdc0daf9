"""A label map of nodes lies where the CT lies, holds every voxel, and is the same each time."""

import gzip

import nibabel
import numpy as np
import pytest

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.label_map import open_nifti
from cohorts.dicom.masks import node_from_voxels
from cohorts.dicom.node_label_map import OverlappingNodesError, label_map_pieces
from cohorts.dicom.source_files import SourceFile

HALF = 0.5**0.5
ORIENTATIONS = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "prone": ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "oblique": ((HALF, HALF, 0.0), (-0.6 * HALF, 0.6 * HALF, 0.8)),
}
VOXELS = {
    2: [(0, 0, 0), (0, 0, 1), (1, 0, 1)],
    7: [(3, 5, 2), (4, 5, 2), (4, 6, 2), (4, 6, 3)],
    200: [(4, 7, 8)],
}


def geometry(orientation="axial"):
    row, column = ORIENTATIONS[orientation]
    return SeriesGeometry(
        shape_zyx=(5, 8, 9),
        spacing_zyx_mm=(3.3, 0.7, 0.9),
        origin_lps_mm=(-12.5, 40.25, -301.0),
        row_direction=row,
        column_direction=column,
    )


def nodes(voxels=VOXELS):
    return [node_from_voxels(number, "", np.array(found)) for number, found in voxels.items()]


def written(given, grid, told=None):
    return b"".join(label_map_pieces(given, grid, told or {}))


def loaded(content):
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(content))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_each_voxel_lies_where_the_ct_has_it(orientation):
    grid = geometry(orientation)
    image = loaded(written(nodes(), grid))
    values = np.asarray(image.dataobj)
    assert (values.shape, values.dtype) == ((9, 8, 5), np.uint8)
    assert (image.get_sform(coded=True)[1], image.get_qform(coded=True)[1]) == (1, 1)
    for number, found in VOXELS.items():
        indices = np.argwhere(values == number)
        assert sorted(map(tuple, indices[:, ::-1].tolist())) == sorted(found)
        lps = grid.voxel_to_lps_mm(indices[:, ::-1])
        for affine in (image.get_sform(), image.get_qform()):
            ras = nibabel.affines.apply_affine(affine, indices)
            assert np.allclose(ras, lps * (-1, -1, 1), atol=1e-4)
    assert np.count_nonzero(values) == sum(map(len, VOXELS.values()))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_intake_reads_the_same_nodes_back(tmp_path, orientation):
    grid, path = geometry(orientation), tmp_path / "nodes.nii.gz"
    path.write_bytes(written(nodes(), grid, {"nodes": [{"number": 2}]}))
    opened = open_nifti(SourceFile(path=path, name="nodes.nii.gz"), grid)
    found = opened.read(VOXELS.keys()).found
    for node, told in zip(found, nodes(), strict=True):
        assert (node.label, node.box) == (told.label, told.box)
        assert np.array_equal(node.mask, told.mask)


@pytest.mark.parametrize(("number", "kind"), [(255, np.uint8), (256, np.uint16), (65536, np.int32)])
def test_numbers_stay_as_they_are(number, kind):
    image = loaded(written(nodes({number: [(1, 2, 3)]}), geometry()))
    assert image.get_data_dtype() == kind
    assert np.unique(np.asarray(image.dataobj)).tolist() == [0, number]


def test_the_comment_is_read_and_the_bytes_are_the_same_each_time():
    told = {"nodes": [{"number": 2, "version": 3, "sha256": "0" * 64}]}
    content = written(nodes(), geometry(), told)
    assert written(nodes(), geometry(), told) == content
    (comment,) = loaded(content).header.extensions
    assert comment.get_code() == 6
    assert comment.json() == told


def test_overlapping_nodes_are_refused_before_anything_is_written():
    both = nodes({1: [(1, 2, 3), (1, 2, 4)], 2: [(1, 2, 4)]})
    with pytest.raises(OverlappingNodesError, match="Node 2 shares 1 voxels with node 1"):
        label_map_pieces(both, geometry(), {})


def test_no_node_is_no_label_map():
    with pytest.raises(ValueError, match="at least one node"):
        label_map_pieces([], geometry(), {})
