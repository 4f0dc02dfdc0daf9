"""The nodes that training learns from (inference.training, pure, no torch)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.runner import Patch, Preparation, Triple
from inference.training.splits import LabelledNode

FOREGROUND_STEP = 10
"""Every so many-th voxel of a node's mask counts for the fingerprint (nnU-Net v1)."""

FOREGROUND_HU, SPACING, SHAPE = "foreground_hu", "spacing_zyx_mm", "shape_zyx"
_MEASURES = (FOREGROUND_HU, SPACING, SHAPE)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One labelled node mask.

    Attributes
    ----------
    key : str
        Digest of the mask; unique, and what the patch is looked up by.
    patient : str
        Whose node it is; sides of a split never share one.
    metastasis : int
        1 for metastatic nodes, with or without ENE.
    ene : int or None
        1 with ENE, 0 without; None where it is unknown. Of benign nodes 0.
    """

    key: str
    patient: str
    metastasis: int
    ene: int | None

    def __post_init__(self) -> None:
        if self.metastasis not in (0, 1) or self.ene not in (0, 1, None):
            raise ValueError(
                f"sample {self.key}: labels must be 0 or 1 (ENE: or unknown), not "
                f"{self.metastasis!r} and {self.ene!r}."
            )
        if self.metastasis == 0 and self.ene == 1:
            raise ValueError(f"sample {self.key}: a node without metastasis cannot have ENE.")

    @property
    def labels(self) -> LabelledNode:
        """What splitting needs to know of it."""
        return LabelledNode(patient=self.patient, metastasis=self.metastasis, ene=self.ene)


PatchSource = Callable[[str], Patch]
"""Return the patch of a sample's key, from memory or disk; called from a second thread, too."""


def measured_patch(
    preparation: Preparation,
    volume_hu_zyx: npt.NDArray[np.int16],
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Triple,
    parameters: Mapping[str, Any],
    *,
    origin_zyx: tuple[int, int, int] = (0, 0, 0),
    full_shape_zyx: tuple[int, int, int] | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Return a node's training patch, with what the fingerprint needs of the node.

    Parameters
    ----------
    preparation : Preparation
        Of the architecture.
    volume_hu_zyx, mask_zyx : ndarray, shape (z, y, x)
        CT in HU and node mask: the series, or at least the part that preparation needs.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : mapping
        Of the preparation; `fingerprint.patch_parameters`.
    origin_zyx : tuple of int, optional
        Where the arrays begin in the series, in voxels.
    full_shape_zyx : tuple of int, optional
        Shape of the series; left out, the arrays are the series.

    Returns
    -------
    dict of ndarray
        The arrays of the patch, `foreground_hu` (float32), `spacing_zyx_mm` (3,) and `shape_zyx`
        (3,), the size of the mask's bounding box.

    Raises
    ------
    ValueError
        If the node cannot be prepared.
    """
    patch = preparation.training_patch(
        volume_hu_zyx,
        mask_zyx,
        spacing_zyx_mm,
        parameters,
        origin_zyx=origin_zyx,
        full_shape_zyx=full_shape_zyx,
    )
    box = [np.flatnonzero(mask_zyx.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return {
        **patch,
        FOREGROUND_HU: volume_hu_zyx[mask_zyx][::FOREGROUND_STEP].astype(np.float32),
        SPACING: np.asarray(spacing_zyx_mm, dtype=np.float64),
        SHAPE: np.array([along[-1] - along[0] + 1 for along in box], dtype=np.int64),
    }


def patch_measures(patch: Patch) -> dict[str, npt.NDArray[Any]]:
    """Return the part of a measured patch that the fingerprint needs."""
    return {name: patch[name] for name in _MEASURES}


def check_samples(samples: Iterable[Sample]) -> None:
    """Refuse a table that names one mask twice; ValueError with its key."""
    seen: set[str] = set()
    for sample in samples:
        if sample.key in seen:
            raise ValueError(f"sample {sample.key} is there twice; a node mask counts once.")
        seen.add(sample.key)


def of_patients(samples: Iterable[Sample], patients: Iterable[str]) -> tuple[Sample, ...]:
    """Return the samples of some patients, by key."""
    wanted = set(patients)
    chosen = [sample for sample in samples if sample.patient in wanted]
    return tuple(sorted(chosen, key=lambda sample: sample.key))


def label_arrays(
    samples: Sequence[Sample],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return metastasis, ENE, and whether ENE is known and counts in the loss.

    Returns
    -------
    metastasis, ene, ene_known : ndarray of float32, shape (N,)
        ENE is learnt from metastatic nodes with a known label only.
    """
    metastasis = np.array([s.metastasis for s in samples], dtype=np.float32)
    ene = np.array([s.ene == 1 for s in samples], dtype=np.float32)
    known = np.array([s.metastasis == 1 and s.ene is not None for s in samples], dtype=np.float32)
    return metastasis, ene, known
