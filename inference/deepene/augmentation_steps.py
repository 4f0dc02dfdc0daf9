"""The changes of intensity that augmentation makes to one crop (inference.deepene, pure).

Each takes and returns a float32 crop (z, y, x) of normalised CT.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, zoom

Crop = npt.NDArray[np.float32]

_RANGE_ALLOWANCE, _SD_ALLOWANCE = 1e-7, 1e-8


def blurred(crop: Crop, sigma: float) -> Crop:
    """Blur with a Gaussian of `sigma` voxels on all axes; the border is reflected."""
    return np.asarray(gaussian_filter(crop, sigma, mode="reflect"), dtype=np.float32)


def with_contrast(crop: Crop, factor: float) -> Crop:
    """Stretch about the mean by a factor, and clip to the range there was."""
    mean = crop.mean(dtype=np.float64)
    stretched = (crop - mean) * factor + mean
    return np.asarray(np.clip(stretched, crop.min(), crop.max()), dtype=np.float32)


def coarsened(crop: Crop, scale: float) -> Crop:
    """Shrink to `round(n * scale)` samples per axis (nearest) and grow back (cubic).

    Edges are extended, nothing is smoothed before, and the result is clipped to the crop's range.
    """
    small_shape = [max(1, round(size * scale)) for size in crop.shape]
    small = _resized(crop, small_shape, order=0)
    back = _resized(small, crop.shape, order=3)
    return np.asarray(np.clip(back, crop.min(), crop.max()), dtype=np.float32)


def _resized(crop: Crop, shape: list[int] | tuple[int, ...], order: int) -> Crop:
    factors = [after / before for after, before in zip(shape, crop.shape, strict=True)]
    result = np.empty(shape, dtype=np.float32)
    zoom(crop, factors, output=result, order=order, mode="nearest", grid_mode=True)
    return result


def with_gamma(crop: Crop, exponent: float) -> Crop:
    """Raise the range-scaled crop to a power, and restore its mean and standard deviation."""
    low, span = crop.min(), np.ptp(crop)
    mean, sd = crop.mean(dtype=np.float64), crop.std(dtype=np.float64)
    scaled = (crop - low).astype(np.float64) / (span + _RANGE_ALLOWANCE)
    bent = scaled**exponent * (span + _RANGE_ALLOWANCE) + low
    bent -= bent.mean()
    return np.asarray(bent / (bent.std() + _SD_ALLOWANCE) * sd + mean, dtype=np.float32)
