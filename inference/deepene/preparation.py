"""DeepENE's half of the architecture contract that needs no torch.

See `inference.runner.Preparation`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from inference.deepene import augmentation
from inference.deepene.fast_preprocessing import prepare_node_fast
from inference.deepene.parameters import IntensityFingerprint, PreprocessingParameters
from inference.deepene.patch import Box, mask_box, needed_box
from inference.deepene.resampling import dataset_target_spacing
from inference.runner import IndexBox, Inputs, Patch, Triple

TargetSpacing = Literal["published", "dataset"]
"""Where a model trained here takes its target spacing from: the publication, or its own data."""


class DeepENEPreparation:
    """A node's CT and mask made into the network's input, plainly or augmented."""

    name = "DeepENE"
    expected_members = 25

    def checked_parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with every default written out.

        Parameters
        ----------
        values : mapping
            As `PreprocessingParameters.from_dict` takes them.

        Returns
        -------
        dict
            Plain JSON values.

        Raises
        ------
        ValueError, TypeError
            If a parameter is unknown, missing, out of range or of the wrong kind.
        """
        return PreprocessingParameters.from_dict(values).to_dict()

    def parameters_from_training(
        self,
        foreground_hu: npt.NDArray[np.float32],
        spacings_zyx_mm: Sequence[Triple],
        patch_shapes_zyx: Sequence[tuple[int, int, int]],
        *,
        target_spacing: TargetSpacing = "published",
    ) -> dict[str, Any]:
        """Return the parameters that follow from the training folds alone (fingerprint).

        Parameters
        ----------
        foreground_hu : ndarray
            CT values of the training nodes in HU, pooled; the published code takes every tenth
            voxel of each node.
        spacings_zyx_mm, patch_shapes_zyx : sequence of triples
            Voxel spacing (mm) and patch size (voxels) of the training nodes, (z, y, x).
        target_spacing : {"published", "dataset"}, optional
            The published configuration names (3, 0.46, 0.46) mm; `dataset` applies the published
            rule to these nodes instead.

        Returns
        -------
        dict
            Plain JSON values, every default written out.

        Raises
        ------
        ValueError
            If there is no foreground, or it is not finite or has a single value.
        """
        values: dict[str, Any] = {"fingerprint": fingerprint_of(foreground_hu)}
        if target_spacing == "dataset":
            spacing = dataset_target_spacing(spacings_zyx_mm, patch_shapes_zyx)
            values["target_spacing_zyx_mm"] = spacing
        elif target_spacing != "published":
            raise ValueError(f"target_spacing must be published or dataset, not {target_spacing}.")
        return self.checked_parameters(values)

    def needed_box(
        self,
        node_box: IndexBox,
        shape_zyx: tuple[int, int, int],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
    ) -> IndexBox:
        """Return the part of the series that `prepare` needs, clipped to the series.

        Parameters
        ----------
        node_box : pair of triples
            Start and stop (z, y, x) of the node's mask, in voxels of the series.
        shape_zyx : tuple of int
            Shape of the series.
        spacing_zyx_mm : tuple of float
            Voxel spacing (z, y, x) in mm.
        parameters : mapping
            The model version's parameters.

        Returns
        -------
        pair of triples

        Raises
        ------
        ValueError
            If the node's box is empty or outside the series, too large for a node, or the spacing
            is not that of a CT.
        """
        box = needed_box(Box(*node_box), shape_zyx, spacing_zyx_mm, _parameters(parameters))
        return box.start_zyx, box.stop_zyx

    def prepare(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> Inputs:
        """Return one node's network input.

        Parameters
        ----------
        volume_hu_zyx, mask_zyx : ndarray, shape (z, y, x)
            CT in HU and the node's mask: the whole series, or at least its `needed_box`.
        spacing_zyx_mm : tuple of float
            Voxel spacing (z, y, x) in mm.
        parameters : mapping
            The model version's parameters.
        origin_zyx : tuple of int, optional
            Where the arrays begin in the series.
        full_shape_zyx : tuple of int, optional
            Shape of the series; left out, the arrays are the series.

        Returns
        -------
        tuple of one ndarray of float32, shape (1, 2, 9, 60, 60)

        Raises
        ------
        ValueError
            If the node cannot be prepared, or the arrays are less than the node needs.
        """
        checked = _parameters(parameters)
        if full_shape_zyx is not None:
            _refuse_less_than_needed(mask_zyx, spacing_zyx_mm, checked, origin_zyx, full_shape_zyx)
        return (prepare_node_fast(volume_hu_zyx, mask_zyx, spacing_zyx_mm, checked).network_input,)

    def training_patch(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> Patch:
        """Return everything that augmentation needs of the node, before normalisation.

        Where the arrays lie in the series does not matter: a patch has a grid of its own.
        """
        return augmentation.training_patch(volume_hu_zyx, mask_zyx, spacing_zyx_mm, parameters)

    def augmented(
        self, patch: Patch, parameters: Mapping[str, Any], random: np.random.Generator
    ) -> Inputs:
        """Return one randomly augmented version of the node, as training sees it."""
        return augmentation.augmented(patch, parameters, random)

    def plain(self, patch: Patch, parameters: Mapping[str, Any]) -> Inputs:
        """Return the node as `prepare` would; what validation sees."""
        return augmentation.plain(patch, parameters)


def fingerprint_of(foreground_hu: npt.NDArray[np.float32]) -> dict[str, float]:
    """Summarise the training data's foreground as nnU-Net does.

    Parameters
    ----------
    foreground_hu : ndarray
        CT values in HU.

    Returns
    -------
    dict of float
        The four numbers of an `IntensityFingerprint`, in HU.

    Raises
    ------
    ValueError
        If there is no value, a value is not finite, or all are the same.
    """
    values = np.asarray(foreground_hu, dtype=np.float64).ravel()
    if not values.size:
        raise ValueError("foreground_hu is empty: a fingerprint needs voxels of training nodes.")
    if not np.isfinite(values).all():
        raise ValueError("foreground_hu has values that are not finite HU.")
    low, high = np.percentile(values, (0.5, 99.5)).tolist()
    fingerprint = IntensityFingerprint(
        percentile_00_5_hu=low,
        percentile_99_5_hu=high,
        mean_hu=float(values.mean()),
        sd_hu=float(values.std()),
    )
    return dict(vars(fingerprint))


def _parameters(values: Mapping[str, Any]) -> PreprocessingParameters:
    return PreprocessingParameters.from_dict(values)


def _refuse_less_than_needed(
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Triple,
    parameters: PreprocessingParameters,
    origin_zyx: tuple[int, int, int],
    full_shape_zyx: tuple[int, int, int],
) -> None:
    """Refuse a sub-volume that ends where the series goes on: it would pass for the border."""
    box = mask_box(np.asarray(mask_zyx) != 0).moved(origin_zyx)
    needed = needed_box(box, full_shape_zyx, spacing_zyx_mm, parameters)
    given = Box((0, 0, 0), mask_zyx.shape).moved(origin_zyx)
    relative = needed.moved([-first for first in origin_zyx])
    if relative.clipped(mask_zyx.shape) != relative:
        raise ValueError(
            f"volume_hu_zyx covers {given.start_zyx} to {given.stop_zyx} of the series, but the "
            f"node needs {needed.start_zyx} to {needed.stop_zyx}; pass what needed_box names."
        )


PREPARATION = DeepENEPreparation()
