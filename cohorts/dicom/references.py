"""cohorts.dicom: on which series a segmentation or structure set says it was made."""

from collections.abc import Iterator

from pydicom.dataset import Dataset


def referenced_series(header: Dataset) -> set[str]:
    """Return the SeriesInstanceUIDs that a segmentation or structure set says it was made on.

    References
    ----------
    DICOM PS3.3 C.12.1 (Common Instance Reference), C.8.8.5 (Structure Set).
    """
    items = [*(header.get("ReferencedSeriesSequence") or [])]
    for study in _structure_set_studies(header):
        items += study.get("RTReferencedSeriesSequence") or []
    return {str(item.get("SeriesInstanceUID") or "") for item in items} - {""}


def referenced_frames(header: Dataset) -> set[str]:
    """Return the frames of reference in which a segmentation or structure set lies."""
    items = [header, *(header.get("ReferencedFrameOfReferenceSequence") or [])]
    return {str(item.get("FrameOfReferenceUID") or "") for item in items} - {""}


def _structure_set_studies(header: Dataset) -> Iterator[Dataset]:
    for frame in header.get("ReferencedFrameOfReferenceSequence") or []:
        yield from frame.get("RTReferencedStudySequence") or []
