"""A stored case as DICOMweb serves it: names, CT Images, and its nodes as a Segmentation."""

import json
import uuid
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from pydicom.dataset import Dataset

from cohorts import selectors, storage
from cohorts.dicom.ct_images import CaseNames, CTImages, derived_uid
from cohorts.dicom.frames import decode_frame
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.node_segmentation import (
    NodeSegment,
    SegmentationSource,
    packed_frames,
    packed_length,
    segmentation_frames,
    segmentation_header,
)
from cohorts.dicom.part10 import (
    EXPLICIT_LITTLE_ENDIAN,
    encapsulated_pixels,
    file_head,
    native_pixels,
)
from cohorts.models import NodeMask, Patient

UUID_ROOT = "2.25."
MASK_EDITOR = "Nodewise mask editor"
"""Its click-to-segment may have had a part in whatever was saved with it."""
TOOLS = {
    "imported": "",
    "candidate": "Candidate provider",
    "candidate edited": f"Candidate provider, {MASK_EDITOR}",
}
"""What helped to draw a mask, by its version's origin; else the editor."""


def study_uid_of(patient: Patient) -> str:
    """Return the study's UID: the replacement that intake stored, else the case's own id."""
    return str(patient.series.study_uid) or f"{UUID_ROOT}{patient.public_id.int}"


def public_id_in(study_uid: str) -> uuid.UUID | None:
    """Return the case's id that stands in a study's UID, if one does."""
    number = study_uid.removeprefix(UUID_ROOT)
    if number == study_uid or not number.isdecimal() or int(number) >= 1 << 128:
        return None
    return uuid.UUID(int=int(number))


class Listed(NamedTuple):
    """What a search tells of a case from its header."""

    study_date: str
    series_number: int


class ServedCase:
    """One case; blobs and masks are read when they are asked for."""

    def __init__(self, patient: Patient, masks: Sequence[NodeMask] | None = None) -> None:
        self.patient, self.series = patient, patient.series
        self.geometry = SeriesGeometry.from_dict(patient.series.geometry)
        if masks is not None:
            self.masks = list(masks)

    @cached_property
    def masks(self) -> list[NodeMask]:
        """Current masks by node number, where no others were given."""
        return list(selectors.current_masks(self.patient))

    @property
    def slices(self) -> int:
        """Number of CT slices."""
        return self.geometry.shape_zyx[0]

    @cached_property
    def names(self) -> CaseNames:
        """What the case is called outside."""
        seed = str(self.patient.public_id)
        return CaseNames(
            pseudonym=self.patient.pseudonym,
            study_uid=study_uid_of(self.patient),
            ct_series_uid=self.series.series_uid or derived_uid(seed, "ct"),
            segmentation_series_uid=derived_uid(seed, "seg"),
            frame_of_reference_uid=self.geometry.frame_of_reference_uid or derived_uid(seed, "for"),
            seed=seed,
        )

    @cached_property
    def images(self) -> CTImages:
        """The CT Images."""
        key = self.series.header_key
        header: dict[str, Any] = json.loads(storage.get_checked(key)) if key else {}
        return CTImages(
            names=self.names,
            geometry=self.geometry,
            offset_hu=self.series.hu_offset,
            header=header,
            attributes=self.series.attributes,
        )

    @cached_property
    def listed(self) -> Listed:
        """What a search tells; a case whose header is lost is found all the same."""
        try:
            return Listed(self.images.study_date, self.images.series_number)
        except (FileNotFoundError, storage.DamagedBlob):
            return Listed("", 1)

    @cached_property
    def segmentation_source(self) -> SegmentationSource:
        """Which masks the Segmentation holds."""
        newest = max(mask.created_at for mask in self.masks)
        return SegmentationSource(
            masks=tuple(f"{one.node.number} v{one.version} {one.digest}" for one in self.masks),
            date=newest.strftime("%Y%m%d"),
            time=newest.strftime("%H%M%S"),
            software=settings.VERSION,
        )

    @property
    def segmentation_uid(self) -> str:
        """SOP Instance UID of the Segmentation; empty without a node."""
        return self.segmentation_source.uid(self.names) if self.masks else ""

    @cached_property
    def nodes(self) -> list[NodeSegment]:
        """The nodes, their masks read and checked."""
        return [_segment(mask) for mask in self.masks]

    @cached_property
    def segmentation(self) -> Dataset:
        """The Segmentation without Pixel Data."""
        return segmentation_header(self.nodes, self.images, self.segmentation_source)

    def ct_pixels(self, z: int, syntax: str) -> bytes:
        """Return one slice, as stored or as native 16-bit words; digest checked."""
        frame = storage.get_checked(self.series.frames[z]["sha256"])
        if syntax != EXPLICIT_LITTLE_ENDIAN:
            return frame
        # Offset 0 leaves the stored words as they are; their sign is told by the header.
        return decode_frame(frame, 0).astype("<i2").tobytes()

    def ct_file(self, z: int, syntax: str) -> Iterator[bytes]:
        """Yield the DICOM file of one slice."""
        yield file_head(self.images.data_set(z), syntax)
        pixels = self.ct_pixels(z, syntax)
        if syntax == EXPLICIT_LITTLE_ENDIAN:
            yield from native_pixels(b"OW", len(pixels), [pixels])
        else:
            yield encapsulated_pixels(pixels)

    def segmentation_file(self) -> Iterator[bytes]:
        """Yield the DICOM file of the Segmentation; single bits are never compressed."""
        plane = self.geometry.shape_zyx[1:]
        yield file_head(self.segmentation, EXPLICIT_LITTLE_ENDIAN)
        length = packed_length(self.nodes, plane)
        yield from native_pixels(b"OB", length, packed_frames(self.nodes, plane))

    def segmentation_pixels(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield frames of the Segmentation, counted from 1, single bits packed into bytes."""
        wanted = set(numbers)
        planes = enumerate(segmentation_frames(self.nodes, self.geometry.shape_zyx[1:]), start=1)
        found = {number: _packed(plane) for number, (_, plane) in planes if number in wanted}
        yield from (found[number] for number in numbers)


def _packed(plane: Any) -> bytes:
    return bytes(np.packbits(plane, bitorder="little").tobytes())


def _segment(mask: NodeMask) -> NodeSegment:
    box, voxels = selectors.mask_array(mask)
    return NodeSegment(
        number=mask.node.number,
        uid=f"{UUID_ROOT}{mask.node.public_id.int}",
        box=box,
        voxels=voxels,
        description=f"Version {mask.version}, {mask.origin}, SHA-256 {mask.digest}",
        tool=TOOLS.get(mask.origin, MASK_EDITOR),
    )
