import numpy as np
import pytest

from cohorts.dicom.geometry import SeriesGeometry, bounding_box_of
from cohorts.dicom.reorientation import (
    PROPER_ROTATIONS,
    is_along_axes,
    obliquity_degrees,
    plane_name,
    to_standard_axes,
)

SHAPE = (3, 4, 5)


def geometry(row, column):
    return SeriesGeometry(
        shape_zyx=SHAPE,
        spacing_zyx_mm=(3.0, 0.9, 0.7),
        origin_lps_mm=(-11.0, 20.0, 5.0),
        row_direction=row,
        column_direction=column,
        frame_of_reference_uid="1.2.3",
    )


AXES = [tuple(float(sign) * value for value in axis) for axis in np.eye(3) for sign in (1, -1)]
ALONG_AXES = [(row, column) for row in AXES for column in AXES if abs(np.dot(row, column)) < 1e-9]


def test_there_are_24_ways_to_lie_along_the_axes():
    assert len(ALONG_AXES) == len(PROPER_ROTATIONS) == len(set(PROPER_ROTATIONS)) == 24
    assert len({to_standard_axes(geometry(*one)) for one in ALONG_AXES}) == 24


@pytest.mark.parametrize(("row", "column"), ALONG_AXES)
def test_every_voxel_keeps_its_place_in_the_patient(row, column):
    source = geometry(row, column)
    turn = to_standard_axes(source)
    target = turn.geometry(source)
    assert (target.row_direction, target.column_direction) == ((1, 0, 0), (0, 1, 0))
    assert target.normal == (0, 0, 1)
    places = source.voxel_to_lps_mm(np.stack(np.indices(SHAPE), axis=-1))
    turned = np.stack([turn.apply(places[..., axis]) for axis in range(3)], axis=-1)
    indices = np.stack(np.indices(target.shape_zyx), axis=-1)
    assert np.allclose(turned, target.voxel_to_lps_mm(indices))


@pytest.mark.parametrize(("row", "column"), ALONG_AXES)
def test_a_box_turns_with_its_voxels(row, column):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[0:2, 1:4, 2:3] = True
    turn = to_standard_axes(geometry(row, column))
    box = bounding_box_of(np.argwhere(mask))
    assert turn.box(box, SHAPE) == bounding_box_of(np.argwhere(turn.apply(mask)))


def turned(degrees, plane=(1, 2)):
    """An axial grid turned by an angle in the plane of two patient axes."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    a, b = plane
    matrix[a, a] = matrix[b, b] = cosine
    matrix[a, b], matrix[b, a] = -sine, sine
    return geometry(tuple(matrix[:, 0]), tuple(matrix[:, 1]))


def test_an_oblique_grid_goes_to_the_nearest_axes_and_keeps_its_angle():
    for degrees in (10, 100, 190, 280):
        source = turned(degrees, plane=(0, 1))
        target = to_standard_axes(source).geometry(source)
        assert obliquity_degrees(target) == pytest.approx(10)
        assert np.array(target.row_direction) @ (1, 0, 0) > 0.98
        assert np.array(target.normal) @ np.cross(
            target.row_direction, target.column_direction
        ) == pytest.approx(1)


def test_a_quarter_of_a_degree_is_header_rounding_and_a_degree_is_not():
    assert is_along_axes(turned(0.25))
    assert not is_along_axes(turned(1))


def test_planes_have_their_names():
    assert plane_name(geometry((1, 0, 0), (0, 1, 0))) == "axial"
    assert plane_name(geometry((1, 0, 0), (0, 0, -1))) == "coronal"
    assert plane_name(geometry((0, 1, 0), (0, 0, -1))) == "sagittal"


def test_a_standard_grid_is_left_as_it_is():
    source = geometry((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    turn = to_standard_axes(source)
    assert turn.is_identity
    assert turn.geometry(source) is source
