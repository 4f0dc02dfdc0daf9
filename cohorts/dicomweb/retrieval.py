"""What of a case is retrieved, and how it is written (PS3.18 10.4)."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.http import Http404

from cohorts.dicom.part10 import EXPLICIT_LITTLE_ENDIAN
from cohorts.dicomweb.accept import DICOM_FILE, Form
from cohorts.dicomweb.cases import ServedCase

CRLF = b"\r\n"
WRITER_VERSION = 2
"""Raised when the same case is written differently: copies in caches are then out of date."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Instances of a case: CT slices by z, and whether its Segmentation is among them."""

    case: ServedCase
    slices: tuple[int, ...]
    segmentation: bool

    @property
    def is_one(self) -> bool:
        """Whether it is a single instance."""
        return len(self.slices) + self.segmentation == 1

    def tag(self, form: str) -> str:
        """Return what stays the same as long as the bytes do."""
        series = self.case.series
        parts = [WRITER_VERSION, form, self.case.patient.public_id, series.header_key]
        parts += [series.hu_sha256, self.slices, self.case.patient.pseudonym]
        parts += (
            [self.case.segmentation_uid, self.case.segmentation_source.software]
            if (self.segmentation)
            else []
        )
        return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def wanted(case: ServedCase, series: str = "", instance: str = "") -> Wanted:
    """Return the instances that an address names; Http404 where the case has no such thing."""
    everything = tuple(range(case.slices))
    if not series:
        return Wanted(case=case, slices=everything, segmentation=bool(case.masks))
    if series == case.names.ct_series_uid:
        slices = tuple(z for z in everything if instance in {"", case.images.uid(z)})
        found = Wanted(case=case, slices=slices, segmentation=False)
    else:
        is_nodes = series == case.names.segmentation_series_uid and bool(case.masks)
        is_it = is_nodes and instance in {"", case.segmentation_uid}
        found = Wanted(case=case, slices=(), segmentation=is_it)
    if not found.slices and not found.segmentation:
        raise Http404
    return found


def metadata(found: Wanted) -> bytes:
    """Return the headers of the instances in the DICOM JSON model, slices by z."""
    documents = []
    if found.slices:
        common, own = found.case.images.json_parts()
        documents += [dict(sorted((common | own[z]).items())) for z in found.slices]
    if found.segmentation:
        documents.append(found.case.segmentation.to_json_dict())
    return json.dumps(documents, separators=(",", ":")).encode()


def files(found: Wanted, form: Form) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield Content-Type and bytes of each DICOM file, one at a time."""
    for z in found.slices:
        yield form.part_type, found.case.ct_file(z, form.transfer_syntax)
    if found.segmentation:
        of_bits = f"{DICOM_FILE}; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}"
        yield of_bits, found.case.segmentation_file()


def frames(found: Wanted, numbers: list[int], form: Form) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Return type and bytes of frames of one instance; Http404 where it has no such frame."""
    if found.segmentation:
        if max(numbers) > found.case.segmentation.NumberOfFrames:
            raise Http404
        part_type = f"{form.media_type}; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}"
        pixels = found.case.segmentation_pixels(numbers)
        return ((part_type, [one]) for one in pixels)
    if max(numbers) > 1:
        raise Http404
    case, syntax = found.case, form.transfer_syntax
    return ((form.part_type, [case.ct_pixels(found.slices[0], syntax)]) for _ in numbers)


def multipart(parts: Iterable[tuple[str, Iterable[bytes]]], boundary: str) -> Iterator[bytes]:
    """Yield the parts as one multipart/related body (RFC 2387)."""
    line = b"--" + boundary.encode("ascii")
    for part_type, pieces in parts:
        yield line + CRLF + b"Content-Type: " + part_type.encode("ascii") + CRLF + CRLF
        yield from pieces
        yield CRLF
    yield line + b"--" + CRLF
