"""The picture of a candidate shows the part of the slice around it, and its outline."""

import io

import numpy as np
import pytest
from PIL import Image

from cohorts.candidates.picture import ENLARGED, HALF_EDGE, outlined_png

ORANGE = [255, 176, 0]


def shown(plane, mask):
    return np.asarray(Image.open(io.BytesIO(outlined_png(plane, mask)))).astype(int)


def box(shape, rows, columns):
    mask = np.zeros(shape, bool)
    mask[rows, columns] = True
    return mask


def test_the_outline_lies_on_the_mask_and_grey_follows_the_window():
    plane = np.full((40, 50), 50, np.int16)
    plane[:, :10], plane[:, 40:] = -1000, 1000
    pixels = shown(plane, box(plane.shape, slice(10, 14), slice(20, 25)))
    assert pixels.shape == (40 * ENLARGED, 50 * ENLARGED, 3)
    outline = (pixels == ORANGE).all(axis=2)
    rows, columns = np.nonzero(outline)
    assert (rows.min(), rows.max()) == (10 * ENLARGED, 14 * ENLARGED - 1)
    assert (columns.min(), columns.max()) == (20 * ENLARGED, 25 * ENLARGED - 1)
    assert not outline[11 * ENLARGED : 13 * ENLARGED, 21 * ENLARGED : 24 * ENLARGED].any()
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[0, -1].tolist() == [255, 255, 255]
    assert pixels[0, 25 * ENLARGED, 0] == pytest.approx(128, abs=1)


def test_a_large_slice_is_cut_around_the_mask():
    plane = np.zeros((300, 400), np.int16)
    for rows, columns in ((slice(150, 152), slice(200, 202)), (slice(0, 2), slice(398, 400))):
        pixels = shown(plane, box(plane.shape, rows, columns))
        assert max(pixels.shape) <= 2 * HALF_EDGE * ENLARGED
        assert (pixels == ORANGE).all(axis=2).any()


def test_an_empty_mask_has_no_picture():
    with pytest.raises(ValueError, match="voxel in its slice"):
        outlined_png(np.zeros((4, 4), np.int16), np.zeros((4, 4), bool))
