"""Distances to a node's boundary against a search over all faces."""

import numpy as np
import pytest

from inference.explanation.boundary_shell import (
    boundary_distance_mm,
    boundary_shell,
    fraction_inside,
)

pytestmark = pytest.mark.no_database


def by_search(mask, spacing):
    """Nearest centre of a face between inside and outside, one voxel after the other."""
    padded = np.pad(mask, 1)
    faces = []
    for axis in range(3):
        here = np.argwhere(np.diff(padded.astype(int), axis=axis) != 0).astype(float) - 1
        here[:, axis] += 0.5
        faces.append(here)
    faces = np.concatenate(faces) * spacing
    centres = np.stack(np.meshgrid(*map(np.arange, mask.shape), indexing="ij"), -1) * spacing
    return np.sqrt(((centres[..., None, :] - faces) ** 2).sum(-1)).min(-1)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.46, 0.46), (0.6, 0.9, 0.4)])
def test_distances_are_those_of_a_search(spacing):
    rng = np.random.default_rng(2)
    mask = rng.random((5, 9, 8)) < 0.4
    np.testing.assert_allclose(
        boundary_distance_mm(mask, spacing), by_search(mask, spacing), atol=1e-9
    )


def test_the_border_of_the_array_is_a_boundary():
    distance = boundary_distance_mm(np.ones((1, 5, 5), bool), (10.0, 1.0, 1.0))
    assert distance[0, 2, 2] == pytest.approx(2.5)
    assert distance[0, 0, 2] == pytest.approx(0.5)


def test_the_shell_reaches_as_far_on_both_sides():
    mask = np.zeros((21, 21, 21), bool)
    mask[5:16, 5:16, 5:16] = True
    shell = boundary_shell(mask, (1.0, 1.0, 1.0), 2.0)
    line = shell[10, 10]
    # Centres at 0.5 and 1.5 mm from the faces at 4.5 and 15.5; those at 2.5 mm are outside.
    assert np.flatnonzero(line).tolist() == [3, 4, 5, 6, 14, 15, 16, 17]


def test_the_shell_knows_the_spacing():
    mask = np.zeros((7, 9, 9), bool)
    mask[2:5, 2:7, 2:7] = True
    thick = boundary_shell(mask, (5.0, 2.0, 2.0), 2.0)
    assert not thick[1].any()  # 2.5 mm above the upper face
    assert thick[3, 4, 1]  # 1 mm beside
    assert not thick[3, 4, 4]


def test_an_empty_mask_has_no_boundary():
    with pytest.raises(ValueError, match="empty"):
        boundary_shell(np.zeros((3, 3, 3), bool), (1.0, 1.0, 1.0))


def test_shares_are_of_sizes_whatever_their_sign():
    amounts = np.array([[[3.0, -1.0]], [[0.0, 4.0]]])
    region = np.array([[[True, True]], [[False, False]]])
    assert fraction_inside(amounts, region) == pytest.approx(0.5)
    assert fraction_inside(np.zeros_like(amounts), region) == 0.0
