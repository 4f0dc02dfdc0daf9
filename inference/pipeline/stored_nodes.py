"""From a stored case to one node's voxels and network inputs: what every pipeline begins with.

Needs no torch and, once the rows are loaded, no database, so it can run in any thread.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from cohorts.dicom.geometry import SeriesGeometry
from cohorts.models import CTSeries, NodeMask
from cohorts.selectors import mask_array, volume_hu
from inference.runner import IndexBox, Inputs, Preparation, Triple

KEPT_SLICES = 160
"""Decoded slices that stay in memory (80 MiB of 512 x 512): neighbouring nodes share them."""


class RefusedNode(ValueError):
    """The node's own voxels cannot be prepared, whoever tries and however often."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeVolume:
    """One node with the part of its series that was asked for.

    Attributes
    ----------
    volume_hu_zyx, mask_zyx : ndarray of int16 and of bool, shape (z, y, x)
        CT in HU and the node's mask, on the same voxels.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    origin_zyx : tuple of int
        Where the arrays begin in the series.
    full_shape_zyx : tuple of int
        Shape of the series.
    node_box : pair of triples
        Start and stop of the mask, in voxels of the series.
    """

    volume_hu_zyx: NDArray[np.int16]
    mask_zyx: NDArray[np.bool_]
    spacing_zyx_mm: Triple
    origin_zyx: tuple[int, int, int]
    full_shape_zyx: tuple[int, int, int]
    node_box: IndexBox

    @property
    def box(self) -> IndexBox:
        """Start and stop of the arrays, in voxels of the series."""
        z, y, x = (
            first + length
            for first, length in zip(self.origin_zyx, self.mask_zyx.shape, strict=True)
        )
        return self.origin_zyx, (z, y, x)


class SliceStore:
    """Reads slices of stored series and keeps the latest; threads may share one."""

    def __init__(self, kept: int = KEPT_SLICES) -> None:
        self._kept = kept
        self._slices: OrderedDict[tuple[str, int], NDArray[np.int16]] = OrderedDict()
        self._lock = threading.Lock()

    def box(self, series: CTSeries, box: IndexBox) -> NDArray[np.int16]:
        """Return a box of the series in HU, each slice checked against its digest."""
        (z0, y0, x0), (z1, y1, x1) = box
        part = np.empty((z1 - z0, y1 - y0, x1 - x0), np.int16)
        for row, index in enumerate(range(z0, z1)):
            part[row] = self._slice(series, index)[y0:y1, x0:x1]
        return part

    def _slice(self, series: CTSeries, index: int) -> NDArray[np.int16]:
        key = (series.frames[index]["sha256"], series.hu_offset)
        with self._lock:
            if key in self._slices:
                self._slices.move_to_end(key)
                return self._slices[key]
        plane: NDArray[np.int16] = volume_hu(series, index, index)[0]
        with self._lock:
            self._slices[key] = plane
            while len(self._slices) > self._kept:
                self._slices.popitem(last=False)
        return plane


def with_series(masks: QuerySet[NodeMask]) -> QuerySet[NodeMask]:
    """Load with the masks all that reading their voxels needs."""
    return masks.select_related("node__patient__series")


def node_volume(
    mask: NodeMask,
    preparation: Preparation,
    parameters: Mapping[str, Any],
    slices: SliceStore | None = None,
) -> NodeVolume:
    """Read the part of the series that preparing this node needs.

    Parameters
    ----------
    mask : NodeMask
        Loaded `with_series`.
    preparation : Preparation
        Of the model's architecture.
    parameters : mapping
        Of one fold of the model version (`inference.runner.parameters_of_fold`).
    slices : SliceStore, optional
        To share decoded slices with the nodes before.

    Returns
    -------
    NodeVolume

    Raises
    ------
    RefusedNode
        If the spacing or the mask's place are out of range.
    cohorts.storage.DamagedBlob, FileNotFoundError
        If a stored blob is damaged or absent.
    """
    series = mask.node.patient.series
    geometry = SeriesGeometry.from_dict(series.geometry)
    told_box, told_mask = mask_array(mask)
    node_box: IndexBox = (told_box.start_zyx, told_box.stop_zyx)
    try:
        needed = preparation.needed_box(
            node_box, geometry.shape_zyx, geometry.spacing_zyx_mm, parameters
        )
    except ValueError as refusal:
        raise RefusedNode(str(refusal)) from refusal
    return NodeVolume(
        volume_hu_zyx=(slices or SliceStore()).box(series, needed),
        mask_zyx=_placed(told_mask, node_box, needed),
        spacing_zyx_mm=geometry.spacing_zyx_mm,
        origin_zyx=needed[0],
        full_shape_zyx=geometry.shape_zyx,
        node_box=node_box,
    )


def _placed(mask: NDArray[np.bool_], at: IndexBox, within: IndexBox) -> NDArray[np.bool_]:
    """Put the voxels of a box into a larger box; what lies outside of it is cut off."""
    shape = tuple(b - a for a, b in zip(*within, strict=True))
    placed: NDArray[np.bool_] = np.zeros(shape, np.bool_)
    to, source = [], []
    for (start, stop), (low, high) in zip(
        zip(*at, strict=True), zip(*within, strict=True), strict=True
    ):
        first, past = max(start, low), min(stop, high)
        to.append(slice(first - low, max(first, past) - low))
        source.append(slice(first - start, max(first, past) - start))
    placed[tuple(to)] = mask[tuple(source)]
    return placed


def inputs_of(
    volume: NodeVolume, preparation: Preparation, parameters: Mapping[str, Any]
) -> Inputs:
    """Return the node's network inputs, without node axis.

    Raises
    ------
    RefusedNode
        With a sentence for people: the mask is empty, the node has too few slices, ...
    """
    try:
        return preparation.prepare(
            volume.volume_hu_zyx,
            volume.mask_zyx,
            volume.spacing_zyx_mm,
            parameters,
            origin_zyx=volume.origin_zyx,
            full_shape_zyx=volume.full_shape_zyx,
        )
    except ValueError as refusal:
        raise RefusedNode(str(refusal)) from refusal


def node_inputs(
    mask: NodeMask,
    preparation: Preparation,
    parameters: Mapping[str, Any],
    slices: SliceStore | None = None,
) -> Inputs:
    """Read and prepare one node; raises as `node_volume` and `inputs_of`."""
    return inputs_of(node_volume(mask, preparation, parameters, slices), preparation, parameters)


def stacked(nodes: list[Inputs]) -> Inputs:
    """Put nodes together: each array gets the nodes as first axis."""
    return tuple(np.stack(arrays) for arrays in zip(*nodes, strict=True))
