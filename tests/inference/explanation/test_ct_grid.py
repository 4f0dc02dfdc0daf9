"""Amounts put onto the CT grid: nothing is lost, and all lands where it belongs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.explanation.ct_grid import framed, splat

pytestmark = pytest.mark.no_database


def test_a_place_on_a_voxel_centre_gives_to_that_voxel_alone():
    start, shares = splat(np.array([[2.0, 3.0, 4.0]]), np.array([[5.0]]), (6, 6, 6))
    assert start == (2, 3, 4)
    assert shares.tolist() == [[[[5.0]]]]


def test_a_place_between_centres_gives_by_nearness():
    start, shares = splat(np.array([[0.25, 1.0, 2.5]]), np.array([[8.0]]), (4, 4, 4))
    assert start == (0, 1, 2)
    assert shares[0].tolist() == [[[3.0, 3.0]], [[1.0, 1.0]]]


def test_places_outside_give_to_the_nearest_voxel_inside():
    places = np.array([[-3.0, 1.0, 1.0], [9.0, 1.0, -0.4]])
    start, shares = splat(places, np.array([[2.0, 3.0]]), (4, 4, 4))
    assert start == (0, 1, 0)
    assert shares[0, 0, 0].tolist() == [0.0, 2.0]
    assert shares[0, 3, 0].tolist() == [3.0, 0.0]


def test_amounts_at_one_place_add_up():
    places = np.repeat([[1.0, 1.0, 1.0]], 4, axis=0)
    _, shares = splat(places, np.array([[1.0, 2.0, -0.5, 4.0]]), (3, 3, 3))
    assert shares.tolist() == [[[[6.5]]]]


@given(st.integers(0, 2**32 - 1))
def test_totals_are_kept_whatever_the_places(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 9, 3).tolist())
    places = rng.uniform(-2, 10, (50, 3))
    amounts = rng.normal(size=(2, 50))
    start, shares = splat(places, amounts, shape)
    np.testing.assert_allclose(shares.sum(axis=(1, 2, 3)), amounts.sum(axis=1), rtol=0, atol=1e-12)
    assert min(start) >= 0
    assert all(a + n <= size for a, n, size in zip(start, shares.shape[1:], shape, strict=True))


@given(st.integers(0, 2**32 - 1))
def test_the_centre_of_mass_is_kept_inside(seed):
    rng = np.random.default_rng(seed)
    places, amounts = rng.uniform(0, 7, (20, 3)), rng.uniform(0, 1, (1, 20))
    start, shares = splat(places, amounts, (8, 8, 8))
    grid = np.stack(np.meshgrid(*map(np.arange, shares.shape[1:]), indexing="ij"), -1) + start
    got = (grid * shares[0][..., None]).sum((0, 1, 2))
    np.testing.assert_allclose(got, (places * amounts[0][:, None]).sum(0), atol=1e-9)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"shapes \(K, 3\) and \(F, K\)"):
        splat(np.zeros((4, 2)), np.zeros((1, 4)), (3, 3, 3))
    with pytest.raises(ValueError, match="finite places"):
        splat(np.full((1, 3), np.nan), np.ones((1, 1)), (3, 3, 3))


def test_a_frame_holds_both_boxes():
    start, whole = framed((2, 2, 2), np.ones((1, 1, 2, 1)), ((1, 3, 2), (3, 6, 4)))
    assert start == (1, 2, 2)
    assert whole.shape == (1, 2, 4, 2)
    assert whole.sum() == 2
    assert whole[0, 1, :2, 0].tolist() == [1, 1]
