"""What is odd about a node is said with the case."""

import numpy as np
import pytest

from cohorts.dicom.body import body_of_plane
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import node_from_voxels
from cohorts.dicom.measurements import measure_node
from cohorts.dicom.node_warnings import AirCheck, warnings_on_size
from cohorts.dicom.warnings import WarningCode


def geometry(shape=(10, 40, 40)):
    return SeriesGeometry(
        shape_zyx=shape,
        spacing_zyx_mm=(3.0, 1.0, 1.0),
        origin_lps_mm=(0, 0, 0),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
    )


def node(z, y, x, shape=(10, 40, 40), label=7):
    volume = np.zeros(shape, dtype=bool)
    volume[slice(*z), slice(*y), slice(*x)] = True
    return node_from_voxels(label, "", np.argwhere(volume))


@pytest.mark.parametrize(
    ("block", "codes"),
    [
        (((3, 6), (10, 20), (10, 20)), set()),
        (((3, 6), (10, 16), (10, 20)), set()),
        (((3, 6), (10, 15), (10, 20)), {WarningCode.SMALL_NODE}),
        (((3, 4), (10, 20), (10, 20)), {WarningCode.ONE_SLICE_NODE}),
        (((0, 4), (10, 20), (10, 20)), {WarningCode.CUT_BY_BORDER}),
        (
            ((3, 4), (10, 13), (37, 40)),
            {WarningCode.SMALL_NODE, WarningCode.CUT_BY_BORDER, WarningCode.ONE_SLICE_NODE},
        ),
    ],
)
def test_size_and_place_are_warned_about(block, codes):
    given = node(*block)
    found = warnings_on_size(7, measure_node(given.box, given.mask, geometry()))
    assert {warning.code for warning in found} == codes
    assert {warning.node for warning in found} <= {7}


def body(shape=(4, 60, 60)):
    """A round body with a windpipe, on a table, in air."""
    volume = np.full(shape, -1000, dtype=np.int16)
    rows, columns = shape[1:]
    y, x = np.mgrid[:rows, :columns]
    centre, radius = rows // 2 - rows // 10, rows // 3
    volume[:, (y - centre) ** 2 + (x - columns // 2) ** 2 < radius**2] = 40
    volume[:, (y - centre) ** 2 + (x - columns // 2) ** 2 < (rows // 20) ** 2] = -1000
    volume[:, -rows // 20 :, :] = 60
    return volume


def in_air(volume, *block):
    return AirCheck(volume).warnings(node(*block, shape=volume.shape))


@pytest.mark.parametrize("scale", [1, 10])
def test_a_node_in_tissue_is_not_in_air_but_one_beside_it_is(scale):
    volume = body((4, 60 * scale, 60 * scale))
    z = (1, 3)

    def at(*edges):
        return tuple(edge * scale for edge in edges)

    assert in_air(volume, z, at(30, 36), at(34, 40)) == []
    (warning,) = in_air(volume, z, at(2, 6), at(2, 6))
    assert (warning.code, warning.node) == (WarningCode.MASK_IN_AIR, 7)
    assert "-1000 HU" in warning.message
    # The table is dense, but it is no body.
    (warning,) = in_air(volume, z, at(58, 60), at(20, 40))
    assert "100 % of its voxels outside the body" in warning.message
    # The windpipe is inside the body, and air.
    (warning,) = in_air(volume, z, at(23, 25), at(29, 31))
    assert "lies in air" in warning.message


def test_a_node_half_in_the_skin_stays_without_warning():
    volume = body()
    assert in_air(volume, (1, 3), (22, 28), (46, 50)) == []


def test_the_second_leg_is_body_and_holes_are_filled():
    plane = np.full((40, 80), -1000, dtype=np.int16)
    plane[5:30, 5:35] = 50
    plane[5:30, 45:65] = 50
    plane[10:15, 10:15] = -1000
    plane[36:38] = 50
    found = body_of_plane(plane)
    assert found[12, 12]
    assert found[20, 50]
    assert not found[37].any()
    assert not body_of_plane(np.full((8, 8), -1000, dtype=np.int16)).any()
