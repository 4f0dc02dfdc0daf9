"""cohorts.dicom: DICOM SEG or NIfTI label map -> one mask per node on the CT grid."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import BoundingBox, bounding_box_of

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


def check_label(label: int, file: str) -> None:
    """Refuse an instance number that is not a positive 32-bit one."""
    if not 1 <= label <= LARGEST_LABEL:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"label {label} is not a whole number from 1 to {LARGEST_LABEL}",
            file,
        )


def merge_nodes(sources: Iterable[tuple[str, list[NodeMaskInput]]]) -> list[NodeMaskInput]:
    """Put the nodes of several mask files together, in order of label.

    Parameters
    ----------
    sources : iterable of (file name, nodes)

    Raises
    ------
    IntakeError
        If two files use one label.
    """
    owner: dict[int, str] = {}
    merged: list[NodeMaskInput] = []
    for file, nodes in sources:
        for node in nodes:
            if node.label in owner:
                raise IntakeError(
                    RefusalCode.MASK_LABELS_CLASH,
                    f"label {node.label} occurs in {owner[node.label]} too; give each node "
                    "once, in one mask file per patient or with labels that differ",
                    file,
                )
            owner[node.label] = file
        merged.extend(nodes)
    return sorted(merged, key=lambda node: node.label)
