"""cohorts.dicom: nodes of a case as one NIfTI label map of its CT; a voxel's value is its node.

`label_map` reads it back.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput, overlap_warnings
from cohorts.dicom.nifti_writing import nifti_pieces

NUMBER_TYPES: tuple[type[np.integer[Any]], ...] = (np.uint8, np.uint16, np.int32)


class OverlappingNodesError(ValueError):
    """Two nodes share a voxel, and a label map holds one value in each."""


def label_map_pieces(
    nodes: Sequence[NodeMaskInput], geometry: SeriesGeometry, told: Mapping[str, Any]
) -> Iterator[bytes]:
    """Return the pieces of a compressed NIfTI file (.nii.gz).

    Parameters
    ----------
    nodes : sequence of NodeMaskInput
        At least one, on the grid of the CT; the label is the value of its voxels.
    geometry : SeriesGeometry
        That grid.
    told : mapping
        What stands in the header's comment, as JSON.

    Returns
    -------
    iterator of bytes
        As of `nifti_pieces`. The values are uint8 where they fit, else uint16 or int32.

    Raises
    ------
    OverlappingNodesError
        Before anything is written, if two nodes share a voxel.
    ValueError
        If there is no node.
    """
    if not nodes:
        raise ValueError("a label map needs at least one node")
    if shared := overlap_warnings(nodes):
        raise OverlappingNodesError(f"Node {shared[0].node} {shared[0].message}")
    number_type = _number_type(max(node.label for node in nodes))
    planes = (_plane(nodes, z, geometry, number_type) for z in range(geometry.shape_zyx[0]))
    return nifti_pieces(planes, geometry, number_type, told)


def _number_type(largest: int) -> np.dtype[Any]:
    kind = next(kind for kind in NUMBER_TYPES if largest <= np.iinfo(kind).max)
    return np.dtype(kind).newbyteorder("<")


def _plane(
    nodes: Sequence[NodeMaskInput], z: int, geometry: SeriesGeometry, number_type: np.dtype[Any]
) -> NDArray[Any]:
    """Return one slice (rows, columns)."""
    plane = np.zeros(geometry.shape_zyx[1:], dtype=number_type)
    for node in nodes:
        start, stop = node.box.start_zyx[0], node.box.stop_zyx[0]
        if start <= z < stop:
            plane[node.box.slices[1:]][node.mask[z - start]] = node.label
    return plane
