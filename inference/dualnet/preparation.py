"""DualNet's half of the architecture contract that needs no torch.

See `inference.runner.Preparation`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.dualnet import augmentation
from inference.dualnet.crop import cut_crop, needed_box
from inference.dualnet.parameters import DualNetParameters
from inference.dualnet.preprocessing import network_inputs
from inference.runner import IndexBox, Inputs, Patch, Triple


class DualNetPreparation:
    """A node's CT and mask made into the network's two inputs, plainly or augmented."""

    name = "DualNet"
    expected_members = 1

    def checked_parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with every default written out.

        Parameters
        ----------
        values : mapping
            As `DualNetParameters.from_dict` takes them; may be empty.

        Returns
        -------
        dict
            Plain JSON values.

        Raises
        ------
        ValueError, TypeError
            If a parameter is unknown, out of range or of the wrong kind.
        """
        return _parameters(values).to_dict()

    def parameters_from_training(
        self,
        foreground_hu: npt.NDArray[np.float32],
        spacings_zyx_mm: Sequence[Triple],
        patch_shapes_zyx: Sequence[tuple[int, int, int]],
    ) -> dict[str, Any]:
        """Return the published parameters: none of DualNet's follows from the training data."""
        return DualNetParameters().to_dict()

    def needed_box(
        self,
        node_box: IndexBox,
        shape_zyx: tuple[int, int, int],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
    ) -> IndexBox:
        """Return the part of the series that `prepare` needs; as `crop.needed_box`."""
        return needed_box(node_box, shape_zyx, spacing_zyx_mm, _parameters(parameters))

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
        """Return one node's network inputs.

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
        tuple of two ndarrays of float32, shapes (1, 32, 118, 118) and (1, 32, 32, 32)

        Raises
        ------
        ValueError
            If the node cannot be prepared, or the arrays are less than the node needs.
        """
        checked = _parameters(parameters)
        crop = cut_crop(
            volume_hu_zyx,
            mask_zyx,
            spacing_zyx_mm,
            checked,
            origin_zyx=origin_zyx,
            full_shape_zyx=full_shape_zyx,
        )
        return network_inputs(crop.ct_hu, crop.mask, checked)

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
        """Return the node's crop before normalisation; arguments and refusals as `prepare`."""
        return augmentation.training_patch(
            volume_hu_zyx,
            mask_zyx,
            spacing_zyx_mm,
            _parameters(parameters),
            origin_zyx=origin_zyx,
            full_shape_zyx=full_shape_zyx,
        )

    def augmented(
        self, patch: Patch, parameters: Mapping[str, Any], random: np.random.Generator
    ) -> Inputs:
        """Return one randomly augmented version of the node, as training sees it."""
        return augmentation.augmented(patch, _parameters(parameters), random)

    def plain(self, patch: Patch, parameters: Mapping[str, Any]) -> Inputs:
        """Return the node as `prepare` would; what validation sees."""
        return augmentation.plain(patch, _parameters(parameters))


def _parameters(values: Mapping[str, Any]) -> DualNetParameters:
    return DualNetParameters.from_dict(values)


PREPARATION = DualNetPreparation()
