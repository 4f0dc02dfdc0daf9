"""cohorts.dicom: on which series a segmentation or structure set says it was made."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.source_files import SourceFile


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


@dataclass(frozen=True, kw_only=True)
class ScanReference:
    """What a mask must refer to: frame of reference and series of the CT, as found."""

    frame_of_reference_uid: str
    series_uid: str

    def check(self, file: SourceFile, frames: set[str], header: Dataset) -> list[str]:
        """Check that a mask was made in the CT's frame of reference.

        Where mask and CT both name a frame, the frames must be equal. Where one of them names
        none, the mask must name the CT's series.

        Parameters
        ----------
        file : SourceFile
        frames : set of str
            Frames of reference of the mask's structures; an empty text stands for none.
        header : Dataset
            Of the mask.

        Returns
        -------
        list of str
            A note if the mask was made on another series of the same frame.

        Raises
        ------
        IntakeError
            If a structure lies in another frame, or nothing says in which.

        References
        ----------
        DICOM PS3.3 C.7.4.1.
        """
        series = referenced_series(header)
        named = frames - {""}
        if self.frame_of_reference_uid and named - {self.frame_of_reference_uid}:
            raise IntakeError(
                RefusalCode.MASK_FRAME_OF_REFERENCE,
                "FrameOfReferenceUID differs from the CT's: the mask was made on another scan. "
                "Give the mask of this CT",
                file.name,
            )
        is_sure = bool(self.frame_of_reference_uid) and frames == named and bool(frames)
        if not is_sure and self.series_uid not in series:
            raise IntakeError(
                RefusalCode.MASK_FRAME_OF_REFERENCE,
                "FrameOfReferenceUID is absent from the mask or its CT, and the mask does not name "
                "the CT's series: nothing says that it belongs to this scan. Export both again",
                file.name,
            )
        if series and self.series_uid not in series:
            return [f"{file.name}: made on another series of the same frame of reference"]
        return []
