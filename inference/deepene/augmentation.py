"""What training sees of a node: DeepENE's augmentation (inference.deepene, pure, no torch).

A node is kept as its resampled patch in HU. Normalising, cropping and every random change are
made anew each time it is shown, in the published order; the spatial changes in one resampling.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, spline_filter

from inference.deepene.augmentation_steps import (
    Crop,
    blurred,
    coarsened,
    with_contrast,
    with_gamma,
)
from inference.deepene.dual_crop import DEPTH, nine_slices, scale_ratio
from inference.deepene.geometry import IN_PLANE, SLICES, STREAMS
from inference.deepene.parameters import PreprocessingParameters, check_spacing
from inference.deepene.patch import cut_patch, mask_box
from inference.deepene.preprocessing import normalise
from inference.deepene.resampling import resample_ct, resample_mask
from inference.deepene.separable import cubic_matrix, linear_matrix, positions, sampled
from inference.runner import Inputs, Patch, Triple

CT, RAW, DILATED, RATIO = "ct_hu", "raw_mask", "dilated_mask", "scale_ratio"

ROTATION_CHANCE, ANGLE_CHANCE = 0.2, 0.2
"""Chance that a node is rotated at all, and that each of its three angles is then drawn."""
ANGLES_DEGREES = ((-45.0, 45.0), (-45.0, 30.0), (-15.0, 15.0))
"""Range of the angle about z, in the z-x plane, in the z-y plane; in voxel coordinates."""
SCALE_CHANCE, SCALE_RANGES = 0.2, ((0.7, 1.0), (1.0, 1.4))
"""Of the size-preserving stream only; the two ranges are equally likely, here and below."""
NOISE_CHANCE, NOISE_SD = 0.1, (0.0, 0.1)
BLUR_CHANCE, BLUR_STREAM_CHANCE, BLUR_SIGMA_VOXELS = 0.2, 0.5, (0.5, 1.0)
BRIGHTNESS_CHANCE, BRIGHTNESS_FACTOR = 0.15, (0.75, 1.25)
CONTRAST_CHANCE, CONTRAST_RANGES = 0.15, ((0.75, 1.0), (1.0, 1.25))
COARSE_CHANCE, COARSE_STREAM_CHANCE, COARSE_SCALE = 0.25, 0.5, (0.5, 1.0)
GAMMA_CHANCE, GAMMA_RANGES = 0.3, ((0.7, 1.0), (1.0, 1.5))
MIRROR_CHANCE = 0.5

_CROP = (DEPTH, IN_PLANE, IN_PLANE)
PerStream = tuple[float | None, ...]
"""One number per stream; None where the step is left out."""
_NOWHERE: PerStream = (None,) * STREAMS
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One random version of a node; the default changes nothing.

    Attributes
    ----------
    angles : tuple of float
        Radians, as `ANGLES_DEGREES`.
    scale : float
        Step of the size-preserving samples in voxels; above 1 the node looks smaller.
    noise_sd : float
        Of the added Gaussian noise, in units of the normalised CT.
    noise_seed : int
        Of its generator.
    blur, brightness, contrast, coarse, gamma : tuple of float or None
        Per stream: sigma, factor, factor, scale, exponent.
    mirrored : tuple of bool
        Per axis (z, y, x).
    start : float, optional
        Where the nine slices begin when there are more with mask, 0 to 1; None is the middle.
    """

    angles: Triple = (0.0, 0.0, 0.0)
    scale: float = 1.0
    noise_sd: float = 0.0
    noise_seed: int = 0
    blur: PerStream = _NOWHERE
    brightness: PerStream = _NOWHERE
    contrast: PerStream = _NOWHERE
    coarse: PerStream = _NOWHERE
    gamma: PerStream = _NOWHERE
    mirrored: tuple[bool, bool, bool] = (False, False, False)
    start: float | None = None


def draw(random: np.random.Generator) -> Draw:
    """Draw a version of a node with the published probabilities and ranges.

    Parameters
    ----------
    random : numpy.random.Generator
        The same state gives the same draw.

    Returns
    -------
    Draw
    """
    turned = random.random() < ROTATION_CHANCE
    angles = [
        math.radians(random.uniform(*limits)) if turned and random.random() < ANGLE_CHANCE else 0.0
        for limits in ANGLES_DEGREES
    ]
    scaled = random.random() < SCALE_CHANCE
    scale = _either(random, SCALE_RANGES) if scaled else 1.0
    noise_sd = random.uniform(*NOISE_SD) if random.random() < NOISE_CHANCE else 0.0
    noise_seed = int(random.integers(2**63))
    blur = _streams(random, BLUR_CHANCE, (BLUR_SIGMA_VOXELS,), BLUR_STREAM_CHANCE)
    brightness = _streams(random, BRIGHTNESS_CHANCE, (BRIGHTNESS_FACTOR,))
    contrast = _streams(random, CONTRAST_CHANCE, CONTRAST_RANGES)
    coarse = _streams(random, COARSE_CHANCE, (COARSE_SCALE,), COARSE_STREAM_CHANCE)
    gamma = _streams(random, GAMMA_CHANCE, GAMMA_RANGES)
    z, y, x = (bool(random.random() < MIRROR_CHANCE) for _ in range(3))
    return Draw(
        angles=(angles[0], angles[1], angles[2]),
        scale=scale,
        noise_sd=noise_sd,
        noise_seed=noise_seed,
        blur=blur,
        brightness=brightness,
        contrast=contrast,
        coarse=coarse,
        gamma=gamma,
        mirrored=(z, y, x),
        start=random.random(),
    )


def _either(random: np.random.Generator, ranges: tuple[Range, ...]) -> float:
    low, high = ranges[int(random.integers(len(ranges)))]
    return float(random.uniform(low, high))


def _streams(
    random: np.random.Generator, chance: float, ranges: tuple[Range, ...], each: float = 1.0
) -> PerStream:
    """Draw a number for each stream: with a chance at all, and then with a chance for each."""
    if random.random() >= chance:
        return _NOWHERE
    return tuple(
        _either(random, ranges) if random.random() < each else None for _ in range(STREAMS)
    )


def training_patch(
    volume_hu_zyx: npt.ArrayLike,
    mask_zyx: npt.ArrayLike,
    spacing_zyx_mm: Triple,
    parameters: Mapping[str, Any],
) -> Patch:
    """Return everything that augmentation needs of a node.

    Parameters
    ----------
    volume_hu_zyx, mask_zyx : array_like, shape (z, y, x)
        CT in HU and the node's mask: the series, or at least its `needed_box`.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : mapping
        The model version's parameters; the fingerprint has no influence.

    Returns
    -------
    dict of ndarray
        At target spacing, (z, y, x): `ct_hu` float32, `raw_mask` and `dilated_mask` uint8, and
        the in-plane `scale_ratio` of the size-invariant stream (0 if the masks vanished).

    Raises
    ------
    ValueError
        If the mask is empty, the spacing is not that of a CT, a CT value is not finite, or the
        dilated mask does not contain the raw mask.
    """
    checked = PreprocessingParameters.from_dict(parameters)
    check_spacing("spacing_zyx_mm", spacing_zyx_mm)
    volume, mask = np.asarray(volume_hu_zyx), np.asarray(mask_zyx) != 0
    patch = cut_patch(volume, mask, spacing_zyx_mm, checked)
    if not np.isfinite(patch.ct_hu).all():
        raise ValueError("volume_hu_zyx has values that are not finite HU near the node.")
    target, inside_from = checked.target_spacing_zyx_mm, checked.inside_from
    raw = resample_mask(patch.raw_mask, spacing_zyx_mm, target, inside_from)
    dilated = resample_mask(patch.dilated_mask, spacing_zyx_mm, target, inside_from)
    if (raw & ~dilated).any():
        raise ValueError("dilated_mask_zyx must contain raw_mask_zyx.")
    return {
        CT: np.ascontiguousarray(resample_ct(patch.ct_hu, spacing_zyx_mm, target)),
        RAW: np.ascontiguousarray(raw, dtype=np.uint8),
        DILATED: np.ascontiguousarray(dilated, dtype=np.uint8),
        RATIO: np.array(scale_ratio(dilated) if dilated.any() else 0.0),
    }


def augmented(patch: Patch, parameters: Mapping[str, Any], random: np.random.Generator) -> Inputs:
    """Return one randomly changed version of a node, as training sees it.

    Parameters
    ----------
    patch : mapping of ndarray
        As `training_patch` returned it.
    parameters : mapping
        The model version's parameters, with the fingerprint of the training.
    random : numpy.random.Generator
        The same state gives the same version.

    Returns
    -------
    tuple of one ndarray of float32, shape (1, 2, 9, 60, 60)
    """
    return shown(patch, parameters, draw(random))


def plain(patch: Patch, parameters: Mapping[str, Any]) -> Inputs:
    """Return the node as `preprocessing.prepare_node` does, within 1e-4; as `augmented`."""
    return shown(patch, parameters, Draw())


def shown(patch: Patch, parameters: Mapping[str, Any], draw: Draw) -> Inputs:
    """Return one given version of a node; as `augmented`."""
    checked = PreprocessingParameters.from_dict(parameters)
    if not patch[DILATED].any():
        return (np.zeros((1, STREAMS, SLICES, IN_PLANE, IN_PLANE), np.float32),)
    ct_hu = np.asarray(patch[CT], dtype=np.float32)
    grids = _grids(patch, draw)
    filtered = _Cubic(normalise(ct_hu, checked.fingerprint))
    raw = _Linear(patch[RAW] != 0, checked.inside_from)
    dilated = _Linear(patch[DILATED] != 0, checked.inside_from)
    ct = _changed(np.stack([filtered.at(grid) for grid in grids]), draw)
    flipped = tuple(axis + 1 for axis, is_mirrored in enumerate(draw.mirrored) if is_mirrored)
    inside = np.flip(np.stack([dilated.at(grid) for grid in grids]), flipped)
    first_raw = np.flip(raw.at(grids[0])[None], flipped)[0]
    chosen = list(_slices(first_raw, draw.start))
    masked = np.where(inside[:, chosen], np.flip(ct, flipped)[:, chosen], np.float32(0))
    return (np.ascontiguousarray(masked[None]),)


@dataclass(frozen=True)
class _Grid:
    """Where a stream samples the patch: steps along the axes, after a rotation if any."""

    steps_zyx: Triple
    rotation: npt.NDArray[np.float64] | None


def _grids(patch: Patch, draw: Draw) -> tuple[_Grid, _Grid]:
    ratio = float(patch[RATIO])
    rotation = _rotation(draw.angles) if any(draw.angles) else None
    preserving = _Grid((draw.scale, draw.scale, draw.scale), rotation)
    return preserving, _Grid((1.0, ratio, ratio), rotation)


def _rotation(angles: Triple) -> npt.NDArray[np.float64]:
    """Return R1 R2 R3, to multiply row vectors (z, y, x) with."""
    (c1, c2, c3), (s1, s2, s3) = np.cos(angles), np.sin(angles)
    in_plane = np.array([[1, 0, 0], [0, c1, -s1], [0, s1, c1]])
    z_x = np.array([[c2, 0, s2], [0, 1, 0], [-s2, 0, c2]])
    z_y = np.array([[c3, -s3, 0], [s3, c3, 0], [0, 0, 1]])
    return np.asarray(in_plane @ z_x @ z_y)


def _rotated_positions(grid: _Grid, shape_zyx: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return the patch coordinates of every crop voxel, shape (3, 12, 60, 60)."""
    axes = [np.arange(count) - (count - 1) / 2 for count in _CROP]
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    turned = (rows @ grid.rotation) * grid.steps_zyx if grid.rotation is not None else rows
    centred = turned + [size / 2 - 0.5 for size in shape_zyx]
    return np.ascontiguousarray(centred.T).reshape(3, *_CROP)


class _Cubic:
    """A normalised CT patch that is sampled with cubic splines; outside of it is 0."""

    def __init__(self, ct_zyx: npt.NDArray[np.float32]) -> None:
        self._ct = ct_zyx
        self._coefficients: npt.NDArray[np.float64] | None = None

    def at(self, grid: _Grid) -> Crop:
        if grid.rotation is None:
            z, y, x = (
                cubic_matrix(size, positions(size, count, step))
                for size, count, step in zip(self._ct.shape, _CROP, grid.steps_zyx, strict=True)
            )
            return sampled(self._ct, (z, y, x)).astype(np.float32, copy=False)
        if self._coefficients is None:
            self._coefficients = spline_filter(self._ct.astype(np.float64), mode="mirror")
        at = _rotated_positions(grid, self._ct.shape)
        return np.asarray(
            map_coordinates(
                self._coefficients, at, order=3, mode="constant", cval=0.0, prefilter=False
            ),
            dtype=np.float32,
        )


class _Linear:
    """A mask that is sampled linearly; only its box is looked at."""

    def __init__(self, mask_zyx: npt.NDArray[np.bool_], inside_from: float) -> None:
        self._mask, self._inside_from = mask_zyx, inside_from

    def at(self, grid: _Grid) -> npt.NDArray[np.bool_]:
        if not self._mask.any():
            return np.zeros(_CROP, dtype=bool)
        shape = self._mask.shape
        if grid.rotation is not None:
            at = _rotated_positions(grid, shape)
            values = map_coordinates(
                self._mask.astype(np.float64), at, order=1, mode="constant", cval=0.0
            )
            return np.asarray(values >= self._inside_from)
        box = mask_box(self._mask).slices
        z, y, x = (
            linear_matrix(size, positions(size, count, step))[:, part]
            for size, count, step, part in zip(shape, _CROP, grid.steps_zyx, box, strict=True)
        )
        values = sampled(self._mask[box].astype(np.float64), (z, y, x))
        return np.asarray(values >= self._inside_from)


def _changed(ct: npt.NDArray[np.float32], draw: Draw) -> npt.NDArray[np.float32]:
    """Apply steps 2 to 7, which change intensities."""
    if draw.noise_sd:
        noise = np.random.default_rng(draw.noise_seed).standard_normal(ct.shape, np.float32)
        ct = ct + np.float32(draw.noise_sd) * noise
    return np.stack([_changed_stream(crop, draw, stream) for stream, crop in enumerate(ct)])


def _changed_stream(crop: Crop, draw: Draw, stream: int) -> Crop:
    sigma, factor = draw.blur[stream], draw.brightness[stream]
    contrast, coarse, gamma = draw.contrast[stream], draw.coarse[stream], draw.gamma[stream]
    crop = crop if sigma is None else blurred(crop, sigma)
    crop = crop if factor is None else crop * np.float32(factor)
    crop = crop if contrast is None else with_contrast(crop, contrast)
    crop = crop if coarse is None else coarsened(crop, coarse)
    return crop if gamma is None else with_gamma(crop, gamma)


def _slices(raw_mask_zyx: npt.NDArray[np.bool_], start: float | None) -> tuple[int, ...]:
    """Choose nine slices; with more than nine to choose from, beginning anywhere."""
    filled = np.flatnonzero(raw_mask_zyx.any(axis=(1, 2))).tolist()
    if start is None or len(filled) < SLICES:
        return nine_slices(raw_mask_zyx)
    first = int(start * (len(filled) - SLICES + 1))
    return tuple(filled[first : first + SLICES])
