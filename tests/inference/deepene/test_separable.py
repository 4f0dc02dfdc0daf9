"""Sampling by one matrix per axis agrees with scipy's sampling of points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from inference.deepene.separable import cubic_matrix, linear_matrix, positions, sampled

SIZES = st.integers(1, 30)


@given(SIZES, SIZES, SIZES, st.floats(0.3, 2.5), st.integers(0, 99))
@pytest.mark.parametrize(("order", "matrix"), [(3, cubic_matrix), (1, linear_matrix)])
def test_agrees_with_scipy(order, matrix, z, y, x, step, seed):
    volume = np.random.default_rng(seed).normal(size=(z, y, x))
    at = [positions(size, count, step) for size, count in zip(volume.shape, (6, 9, 9), strict=True)]
    expected = map_coordinates(
        volume, np.stack(np.meshgrid(*at, indexing="ij")), order=order, mode="constant", cval=0.0
    )
    matrices = tuple(matrix(size, one) for size, one in zip(volume.shape, at, strict=True))
    assert np.allclose(sampled(volume, matrices), expected, atol=1e-10)


def test_positions_are_about_the_centre():
    assert positions(5, 3, 1.0).tolist() == [1.0, 2.0, 3.0]
    assert positions(4, 2, 2.0).tolist() == [0.5, 2.5]


def test_computes_in_the_precision_of_the_volume():
    matrices = (np.eye(2), np.eye(2), np.eye(2))
    assert sampled(np.ones((2, 2, 2), np.float32), matrices).dtype == np.float32
