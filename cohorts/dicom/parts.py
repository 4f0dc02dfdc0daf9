"""cohorts.dicom: structures of several parts without contact, asked about and not guessed.

A contour drawn around two neighbouring nodes, a node whose contour was forgotten on one slice and
a stray pixel all look alike in a mask: parts that do not touch. Only the person who drew them
knows, so it is asked (`QuestionCode.MULTI_PART`) unless it was said beforehand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import MOST_NODES, NodeMaskInput, check_label
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.questions import Choice, Question, QuestionCode, QuestionsOpen, question_id

ONE, SEVERAL = "one", "several"
TOUCHING = np.ones((3, 3, 3), dtype=np.bool_)
"""26-connectivity: voxels that share a face, an edge or a corner touch."""
PARTS_TOLD = 6
NAME_LENGTH = 64
CHOICES = (
    Choice(value=ONE, label="One node: its parts are kept together under its label"),
    Choice(value=SEVERAL, label="Several nodes: each part becomes a node of its own"),
)


@dataclass(frozen=True)
class _Structure:
    """A structure with more than one part, the largest part first."""

    node: NodeMaskInput
    parts: tuple[NodeMaskInput, ...]


def resolve_parts(
    nodes: Sequence[NodeMaskInput], file: str, geometry: SeriesGeometry, options: IntakeOptions
) -> list[NodeMaskInput]:
    """Decide for every structure of several parts whether it is one node or several.

    Parameters
    ----------
    nodes : sequence of NodeMaskInput
        All nodes of a patient, each label once.
    file : str
        The mask files they came from, by relative name.
    geometry : SeriesGeometry
        The grid of the masks, for the sizes told in a question.
    options : IntakeOptions
        `multi_part` decides for all structures, `answers` for single ones.

    Returns
    -------
    list of NodeMaskInput
        In order of label. Of a structure that is several nodes the largest part keeps the label;
        the other parts are numbered on from the highest label of the patient: structures in order
        of label, parts in order of size, then of position (z, y, x of box and first voxel).

    Raises
    ------
    QuestionsOpen
        With one question for each structure that is not decided.
    IntakeError
        If there are more nodes after taking parts as nodes than any neck has.
    """
    several = [found for node in nodes if (found := _structure(node)) is not None]
    decisions = {found.node.label: _decision(found, file, options) for found in several}
    open_ones = [found for found in several if not decisions[found.node.label]]
    if open_ones:
        raise QuestionsOpen([_question(found, file, geometry) for found in open_ones])
    split = [found for found in several if decisions[found.node.label] == SEVERAL]
    return _with_parts_as_nodes(nodes, split, file)


def parts_of(mask: NDArray[np.bool_]) -> list[tuple[BoundingBox, NDArray[np.bool_]]]:
    """Return the parts of a mask that do not touch (26-connectivity).

    Parameters
    ----------
    mask : ndarray of bool, axes (z, y, x)

    Returns
    -------
    list of (BoundingBox, ndarray of bool)
        Box on the grid of `mask`, and the part within it; in order of size, then of position.
    """
    numbered, _ = ndimage.label(mask, TOUCHING)
    found = [
        (_box_of(place), numbered[place] == number)
        for number, place in enumerate(ndimage.find_objects(numbered), start=1)
    ]
    return sorted(found, key=_order)


def _box_of(place: tuple[slice, ...]) -> BoundingBox:
    z, y, x = place
    return BoundingBox((z.start, y.start, x.start), (z.stop, y.stop, x.stop))


def _order(part: tuple[BoundingBox, NDArray[np.bool_]]) -> tuple[int, tuple[int, int, int], int]:
    """Largest first; of equals, the one with the lower box, then the lower first voxel."""
    box, mask = part
    return (-int(np.count_nonzero(mask)), box.start_zyx, int(mask.argmax()))


def _structure(node: NodeMaskInput) -> _Structure | None:
    found = parts_of(node.mask)
    if len(found) < 2:
        return None
    start = np.array(node.box.start_zyx)
    parts = []
    for box, mask in found:
        z0, y0, x0 = (int(value) for value in start + box.start_zyx)
        z1, y1, x1 = (int(value) for value in start + box.stop_zyx)
        parts.append(replace(node, box=BoundingBox((z0, y0, x0), (z1, y1, x1)), mask=mask))
    return _Structure(node, tuple(parts))


def _decision(found: _Structure, file: str, options: IntakeOptions) -> str:
    """Return "one", "several", or nothing where it has to be asked."""
    answer = options.answers.get(_id(found, file), "")
    if answer in {ONE, SEVERAL}:
        return answer
    return options.multi_part if options.multi_part in {ONE, SEVERAL} else ""


def _id(found: _Structure, file: str) -> str:
    # The sizes are among the words: an answer about other parts is no answer.
    sizes = ",".join(str(part.voxels) for part in found.parts[:PARTS_TOLD])
    count = str(len(found.parts))
    return question_id(QuestionCode.MULTI_PART, file, str(found.node.label), count, sizes)


def _question(found: _Structure, file: str, geometry: SeriesGeometry) -> Question:
    name = found.node.name[:NAME_LENGTH]
    told = "; ".join(_size(part, geometry) for part in found.parts[:PARTS_TOLD])
    more = len(found.parts) - PARTS_TOLD
    if more > 0:
        told += f"; and {more} smaller"
    return Question(
        id=_id(found, file),
        code=QuestionCode.MULTI_PART,
        sentence=(
            f"Structure {found.node.label}{f' ({name})' if name else ''} has "
            f"{len(found.parts)} parts that do not touch: {told} (volume, and greatest extent "
            "along an axis). Is it one node or several? Each node is measured and read on its own."
        ),
        file=file,
        choices=CHOICES,
    )


def _size(part: NodeMaskInput, geometry: SeriesGeometry) -> str:
    extent_mm = max(np.multiply(part.box.shape_zyx, geometry.spacing_zyx_mm))
    return f"{part.voxels * geometry.voxel_ml:.3g} ml, {extent_mm:.3g} mm"


def _with_parts_as_nodes(
    nodes: Sequence[NodeMaskInput], split: list[_Structure], file: str
) -> list[NodeMaskInput]:
    count = len(nodes) + sum(len(found.parts) - 1 for found in split)
    if count > MOST_NODES:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"{count} nodes, once the parts of structures are taken as nodes; at most "
            f"{MOST_NODES} are accepted. Take stray voxels out of the mask, or answer that the "
            "parts are one node",
            file,
        )
    kept = {node.label: node for node in nodes}
    highest = max(kept, default=0)
    for found in sorted(split, key=lambda found: found.node.label):
        kept[found.node.label] = found.parts[0]
        for part in found.parts[1:]:
            highest += 1
            check_label(highest, file)
            kept[highest] = replace(part, label=highest)
    return [kept[label] for label in sorted(kept)]
