"""cohorts.dicom: the structures of mask files as voxels on the CT grid, and how files combine."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import BoundingBox, bounding_box_of
from cohorts.dicom.warnings import IntakeWarning, WarningCode

LARGEST_LABEL = 2**31 - 1
MOST_NODES = 500
"""More instances than any neck has nodes: the file is not a node mask."""


@dataclass(frozen=True, kw_only=True)
class NodeMaskInput:
    """One node as given: its mask within its bounding box, axes (z, y, x).

    `name` is free text of the file (a SEG's segment label). It may identify a patient or give a
    diagnosis away, so it never leaves intake; nodes are known by `label`.
    """

    label: int
    name: str
    box: BoundingBox
    mask: NDArray[np.bool_]

    @property
    def voxels(self) -> int:
        """Number of voxels of the node."""
        return int(np.count_nonzero(self.mask))


def node_from_voxels(label: int, name: str, index_zyx: NDArray[np.int64]) -> NodeMaskInput:
    """Build a node from its voxels.

    Parameters
    ----------
    label : int
        The instance's number in its file.
    name : str
        The instance's name in its file; may be empty.
    index_zyx : ndarray, shape (n, 3), n >= 1
        Indices on the CT grid.
    """
    box = bounding_box_of(index_zyx)
    mask = np.zeros(box.shape_zyx, dtype=np.bool_)
    mask[tuple((index_zyx - np.asarray(box.start_zyx)).T)] = True
    return NodeMaskInput(label=label, name=name, box=box, mask=mask)


class MaskParts:
    """Gathers one structure from blocks of voxels, each kept only as far as it is filled."""

    def __init__(self) -> None:
        self._parts: list[tuple[tuple[int, int, int], NDArray[np.bool_]]] = []

    def add(self, start_zyx: tuple[int, int, int], block: NDArray[np.bool_]) -> None:
        """Add the voxels of a block whose first voxel lies at `start_zyx` of the CT grid."""
        filled = [np.flatnonzero(block.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
        if len(filled[0]):
            z, y, x = (slice(int(hits[0]), int(hits[-1]) + 1) for hits in filled)
            z0, y0, x0 = start_zyx
            start = (z0 + z.start, y0 + y.start, x0 + x.start)
            self._parts.append((start, np.array(block[z, y, x], dtype=np.bool_)))

    def node(self, label: int, name: str) -> NodeMaskInput | None:
        """Return the union of all blocks; None if they hold nothing."""
        if not self._parts:
            return None
        starts = np.array([start for start, _ in self._parts])
        stops = starts + [part.shape for _, part in self._parts]
        z0, y0, x0 = (int(value) for value in starts.min(axis=0))
        z1, y1, x1 = (int(value) for value in stops.max(axis=0))
        box = BoundingBox((z0, y0, x0), (z1, y1, x1))
        mask = np.zeros(box.shape_zyx, dtype=np.bool_)
        for (z, y, x), part in self._parts:
            depth, height, width = part.shape
            mask[z - z0 : z - z0 + depth, y - y0 : y - y0 + height, x - x0 : x - x0 + width] |= part
        return NodeMaskInput(label=label, name=name, box=box, mask=mask)


def check_label(label: int, file: str) -> None:
    """Refuse an instance number that is not a positive 32-bit one."""
    if not 1 <= label <= LARGEST_LABEL:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"label {label} is not a whole number from 1 to {LARGEST_LABEL}",
            file,
        )


def merge_nodes(sources: Sequence[tuple[str, list[NodeMaskInput]]]) -> list[NodeMaskInput]:
    """Put the nodes of several mask files together, in order of label.

    Files that hold one node each under one and the same label are one node per file: they are
    numbered from 1 in the order of their names (numbers in names count as numbers: node2 stands
    before node10). Otherwise labels stay as they are and must differ.

    Parameters
    ----------
    sources : sequence of (file name, nodes)

    Raises
    ------
    IntakeError
        If two files use one label otherwise, or hold the very same node.
    """
    given = [(file, nodes) for file, nodes in sources if nodes]
    labels = {node.label for _, nodes in given for node in nodes}
    if len(given) > 1 and len(labels) == 1 and all(len(nodes) == 1 for _, nodes in given):
        given = [
            (file, [replace(nodes[0], label=number)])
            for number, (file, nodes) in enumerate(sorted(given, key=_natural_order), start=1)
        ]
    owner: dict[int, str] = {}
    for file, nodes in given:
        for node in nodes:
            if node.label in owner:
                raise IntakeError(
                    RefusalCode.MASK_LABELS_CLASH,
                    f"label {node.label} occurs in {owner[node.label]} too; give each node "
                    "once: in one mask file per patient, in files with labels that differ, or in "
                    "one file per node",
                    file,
                )
            owner[node.label] = file
    merged = sorted((node for _, nodes in given for node in nodes), key=lambda node: node.label)
    _check_twice(merged, owner)
    return merged


def _natural_order(source: tuple[str, list[NodeMaskInput]]) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", source[0].casefold())
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts]


def _check_twice(nodes: Sequence[NodeMaskInput], owner: dict[int, str]) -> None:
    """Refuse a node that two files hold voxel for voxel: one export in two formats."""
    seen: dict[tuple[BoundingBox, bytes], NodeMaskInput] = {}
    for node in nodes:
        other = seen.setdefault((node.box, np.packbits(node.mask).tobytes()), node)
        if owner[other.label] != owner[node.label]:
            raise IntakeError(
                RefusalCode.MASK_TWICE,
                f"holds the same voxels as {owner[other.label]}; give each node once, in one "
                "format",
                owner[node.label],
            )


def overlap_warnings(nodes: Sequence[NodeMaskInput]) -> list[IntakeWarning]:
    """Return a warning for each pair of nodes that share voxels; both are kept whole.

    Parameters
    ----------
    nodes : sequence of NodeMaskInput
        On one grid, each label once.
    """
    found = []
    starts = np.array([node.box.start_zyx for node in nodes]).reshape(-1, 3)
    stops = np.array([node.box.stop_zyx for node in nodes]).reshape(-1, 3)
    for number, node in enumerate(nodes):
        first, end = np.asarray(node.box.start_zyx), np.asarray(node.box.stop_zyx)
        meets = np.all((starts < end) & (stops > first), axis=1)
        for other in (nodes[int(index)] for index in np.flatnonzero(meets[:number])):
            shared = _shared_voxels(node, other)
            if shared:
                message = f"shares {shared} voxels with node {other.label}; both are kept whole"
                code = WarningCode.OVERLAPPING_NODES
                found.append(IntakeWarning(code=code, message=message, node=node.label))
    return found


def _shared_voxels(one: NodeMaskInput, other: NodeMaskInput) -> int:
    start = np.maximum(one.box.start_zyx, other.box.start_zyx)
    stop = np.minimum(one.box.stop_zyx, other.box.stop_zyx)

    def part(node: NodeMaskInput) -> NDArray[np.bool_]:
        origin = np.asarray(node.box.start_zyx)
        bounds = zip(start - origin, stop - origin, strict=True)
        z, y, x = (slice(int(a), int(b)) for a, b in bounds)
        return node.mask[z, y, x]

    return int(np.count_nonzero(part(one) & part(other)))
