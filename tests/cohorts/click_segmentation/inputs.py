"""Small synthetic CTs with one ellipsoid node each, made by rule: no anatomy of the phantom."""

import numpy as np
from scipy.ndimage import gaussian_filter

NODE_HU, FAT_HU, BLUR_MM = 70.0, -90.0, 0.6


def ellipsoid(shape, spacing, centre, radii_mm):
    """Return the voxels of an ellipsoid, bool (z, y, x)."""
    grid = np.ogrid[tuple(slice(0, size) for size in shape)]
    return (
        sum(
            ((axis - at) * step / radius) ** 2
            for axis, at, step, radius in zip(grid, centre, spacing, radii_mm, strict=True)
        )
        <= 1
    )


def ct(mask, spacing, *, node_hu=NODE_HU, around_hu=FAT_HU, noise=8.0, seed=0):
    """Return a CT in which the mask is brighter than its surroundings, blurred and noisy."""
    blur = BLUR_MM / np.array(spacing)
    clean = np.where(mask, node_hu, around_hu).astype(np.float32)
    grain = np.random.default_rng(seed).normal(scale=noise, size=mask.shape)
    return np.rint(gaussian_filter(clean, blur) + grain).astype(np.int16)


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def placed(node, shape):
    """Return a proposal as voxels of the whole volume."""
    volume = np.zeros(shape, dtype=bool)
    volume[node.box.slices] = node.mask
    return volume
