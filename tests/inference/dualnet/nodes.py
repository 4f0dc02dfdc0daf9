"""Synthetic nodes in a noisy CT."""

import numpy as np

SPACING = (2.5, 0.8, 0.8)
SHAPE = (40, 170, 180)


def node(seed: int = 1, centre=(22, 90, 70), radii=(3, 9, 7), hu: int = 60):
    """Return CT (int16) and mask of one node."""
    random = np.random.default_rng(seed)
    grid = np.ogrid[tuple(slice(0, size) for size in SHAPE)]
    distance = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True))
    mask = distance <= 1
    ct = random.normal(-60, 80, SHAPE) + np.where(mask, hu + 60, 0)
    ct[:, :20] = -1000
    ct[:, -10:] = 900
    return ct.astype(np.int16), mask


def node_box(mask):
    """Return start and stop of the mask."""
    indices = np.argwhere(mask)
    return tuple(indices.min(0).tolist()), tuple((indices.max(0) + 1).tolist())


def part(ct, mask, box):
    """Return CT and mask of a box, and where it lies: arguments for `prepare`."""
    at = tuple(slice(a, b) for a, b in zip(*box, strict=True))
    return (ct[at], mask[at]), {"origin_zyx": box[0], "full_shape_zyx": ct.shape}
