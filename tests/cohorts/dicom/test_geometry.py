import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry, bounding_box_of

FINITE = st.floats(-500, 500)
LENGTH = st.floats(0.1, 10)


@st.composite
def geometries(draw):
    turn = Rotation.from_euler("xyz", [draw(st.floats(-3, 3)) for _ in range(3)]).as_matrix()
    return SeriesGeometry(
        shape_zyx=(5, 6, 7),
        spacing_zyx_mm=(draw(LENGTH), draw(LENGTH), draw(LENGTH)),
        origin_lps_mm=(draw(FINITE), draw(FINITE), draw(FINITE)),
        row_direction=tuple(turn[:, 0]),
        column_direction=tuple(turn[:, 1]),
        frame_of_reference_uid="1.2.3",
    )


@given(geometries(), st.tuples(FINITE, FINITE, FINITE))
@settings(deadline=None)
def test_a_point_comes_back_from_the_patient(geometry, index):
    point = geometry.voxel_to_lps_mm(index)
    assert np.allclose(geometry.lps_mm_to_voxel(point), index, atol=1e-6)


@given(geometries())
@settings(deadline=None)
def test_json_keeps_the_geometry(geometry):
    assert SeriesGeometry.from_dict(json.loads(json.dumps(geometry.to_dict()))) == geometry


def test_indices_run_along_column_row_and_normal():
    geometry = SeriesGeometry(
        shape_zyx=(5, 6, 7),
        spacing_zyx_mm=(3, 2, 1),
        origin_lps_mm=(10, 20, 30),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
    )
    assert np.array_equal(geometry.voxel_to_lps_mm([1, 1, 1]), [11, 22, 33])
    assert geometry.voxel_to_lps_mm(np.zeros((4, 3))).shape == (4, 3)
    assert geometry.voxel_ml == pytest.approx(0.006)


def test_a_record_that_lacks_a_number_is_refused():
    geometry = SeriesGeometry(
        shape_zyx=(1, 1, 1),
        spacing_zyx_mm=(1, 1, 1),
        origin_lps_mm=(0, 0, 0),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
    )
    with pytest.raises(ValueError, match="unpack"):
        SeriesGeometry.from_dict({**geometry.to_dict(), "origin_lps_mm": [0, 0]})
    with pytest.raises(ValueError, match="finite"):
        SeriesGeometry.from_dict({**geometry.to_dict(), "spacing_zyx_mm": [1, 1, float("nan")]})


def test_a_box_knows_whether_it_touches_the_border():
    box = bounding_box_of(np.array([[1, 2, 3], [2, 2, 4]]))
    assert box == BoundingBox((1, 2, 3), (3, 3, 5))
    assert not box.touches_border_of((4, 4, 6))
    assert box.touches_border_of((3, 4, 6))
    assert BoundingBox((0, 1, 1), (1, 2, 2)).touches_border_of((4, 4, 4))
