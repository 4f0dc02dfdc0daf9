import numpy as np
import pytest

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.measurements import measure_node


def geometry(spacing=(3.0, 1.0, 1.0)):
    return SeriesGeometry(
        shape_zyx=(10, 40, 40),
        spacing_zyx_mm=spacing,
        origin_lps_mm=(100, 200, 300),
        row_direction=(1, 0, 0),
        column_direction=(0, 1, 0),
    )


def test_a_block_is_measured():
    box = BoundingBox((2, 10, 20), (4, 15, 31))
    found = measure_node(box, np.ones(box.shape_zyx, dtype=bool), geometry())
    assert (found.voxels, found.volume_ml) == (110, pytest.approx(0.33))
    assert found.centroid_zyx == (2.5, 12, 25)
    assert found.centroid_lps_mm == (125, 212, 307.5)
    assert found.short_axis_mm < found.long_axis_mm
    assert not found.touches_border
    assert found.to_dict()["box"] == [[2, 4], [10, 15], [20, 31]]
    assert found.to_dict()["border_mm"] == 6


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        ((5, 15, 15), (6, 20, 20), 12.0),
        ((5, 15, 15), (8, 20, 20), 6.0),
        ((5, 3, 15), (6, 20, 20), 6.0),
        ((5, 15, 15), (6, 38, 20), 4.0),
        ((5, 15, 15), (6, 20, 39), 1.5),
        ((0, 15, 15), (6, 20, 20), 0.0),
        ((5, 15, 15), (6, 20, 40), 0.0),
    ],
)
def test_the_distance_to_the_border_is_the_smallest_of_six_in_mm(start, stop, expected):
    box = BoundingBox(start, stop)
    found = measure_node(box, np.ones(box.shape_zyx, dtype=bool), geometry((3.0, 2.0, 1.5)))
    assert found.border_mm == expected
    assert found.touches_border is (expected == 0)


def test_oblong_pixels_do_not_stretch_diameters():
    square = np.ones((1, 20, 20), dtype=bool)
    oblong = np.ones((1, 10, 20), dtype=bool)
    a = measure_node(BoundingBox((0, 5, 5), (1, 25, 25)), square, geometry())
    b = measure_node(BoundingBox((0, 5, 5), (1, 15, 25)), oblong, geometry((3.0, 2.0, 1.0)))
    assert b.short_axis_mm == a.short_axis_mm
    assert b.volume_ml == a.volume_ml
    assert a.touches_border


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match="empty"):
        measure_node(BoundingBox((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 1), dtype=bool), geometry())
