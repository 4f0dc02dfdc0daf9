"""cohorts.click_segmentation: how much more a value looks like the node than like the crop.

The node is a normal distribution around robust values inside it, the rest is the histogram of the
crop itself, so that muscle, fat and vessels count against a voxel as far as they fill this crop.

References
----------
Boykov Y, Jolly M-P. Interactive graph cuts for optimal boundary and region segmentation of objects
in N-D images. ICCV 2001;1:105-112. doi:10.1109/ICCV.2001.937505 (region term by histograms).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

FloatArray = NDArray[np.float64]

LOWEST_HU, HIGHEST_HU, BIN_HU = -250.0, 350.0, 5.0
_SMOOTHING_BINS = 0.8
NARROWEST_HU, WIDEST_HU = 8.0, 18.0
"""Bounds of the node's standard deviation: noise of a CT below, two tissues in the sample above."""
OUTLIERS_NODE, OUTLIERS_BACKGROUND = 0.05, 0.1
"""Share of values that follow neither distribution."""
MOST_AGAINST, MOST_FOR = -1.5, 1.0
PRIOR = -0.4
"""Log odds added everywhere: where the values do not tell, the smaller node is proposed."""
_TO_SD = 1.4826


def background_of(values_hu: NDArray[np.float32]) -> FloatArray:
    """Return the density of a crop's values in bins of `BIN_HU`.

    Parameters
    ----------
    values_hu : ndarray, HU
        Smoothed values of the crop; those outside the range of bins are left out.

    Returns
    -------
    ndarray of float64, shape (bins,), per HU
    """
    edges = np.arange(LOWEST_HU, HIGHEST_HU + BIN_HU, BIN_HU)
    counts = np.histogram(values_hu, edges)[0].astype(np.float64)
    density = gaussian_filter1d(counts / max(counts.sum(), 1) / BIN_HU, _SMOOTHING_BINS)
    uniform = 1 / (HIGHEST_HU - LOWEST_HU)
    mixed: FloatArray = (1 - OUTLIERS_BACKGROUND) * density + OUTLIERS_BACKGROUND * uniform
    return mixed


@dataclass(frozen=True)
class LogOdds:
    """Clipped log odds of node against background, looked up by value in HU."""

    table: FloatArray

    @classmethod
    def of(cls, node_hu: NDArray[np.floating], background: FloatArray) -> "LogOdds":
        """Fit the node to values inside it.

        Parameters
        ----------
        node_hu : ndarray, HU, not empty
        background : ndarray, as of `background_of`
        """
        centre = float(np.median(node_hu))
        spread = _TO_SD * float(np.median(np.abs(node_hu - centre)))
        spread = float(np.clip(spread, NARROWEST_HU, WIDEST_HU))
        middle = LOWEST_HU + BIN_HU * (np.arange(len(background)) + 0.5)
        normal = np.exp(-0.5 * ((middle - centre) / spread) ** 2) / spread / np.sqrt(2 * np.pi)
        uniform = 1 / (HIGHEST_HU - LOWEST_HU)
        node = (1 - OUTLIERS_NODE) * normal + OUTLIERS_NODE * uniform
        return cls(np.clip(np.log(node / background) + PRIOR, MOST_AGAINST, MOST_FOR))

    def __call__(self, values_hu: NDArray[np.floating]) -> FloatArray:
        """Return the log odds of each value; values beyond the bins count as the last ones."""
        index = ((values_hu - LOWEST_HU) / BIN_HU).astype(np.intp)
        found: FloatArray = self.table[np.clip(index, 0, len(self.table) - 1)]
        return found
