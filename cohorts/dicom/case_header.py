"""cohorts.dicom: the header that is kept with a case, so that it can be served by DICOMweb.

The blob `header.json`::

    {
      "version": 1,
      "common": {"00080060": {"vr": "CS", "Value": ["CT"]}, ...},
      "instances": [{"00080018": {"vr": "UI", "Value": ["2.25. ..."]}, ...}, ...]
    }

`common` and each entry of `instances` are data sets in the DICOM JSON model (PS3.18 Annex F).
There is one entry per stored frame, in the order of the frames (z ascending), and
``common | instances[z]`` is the whole data set of that slice as a single-frame CT Image without
Pixel Data: StudyInstanceUID, SeriesInstanceUID, FrameOfReferenceUID (absent if the source had
none), dates (moved), Modality, ImageType, the image pixel module and rescale of the *stored* frame,
window, spacing, orientation, and the de-identification method; per instance SOPInstanceUID,
InstanceNumber (1 ... n along z) and ImagePositionPatient. Geometry is that of the case, whatever
plane and order the source had. PatientID and PatientName are empty: whoever serves a case fills in
its pseudonym. TransferSyntaxUID is not part of it: frames are JPEG-LS lossless (`frames`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from cohorts.deidentification.engine import deidentify
from cohorts.deidentification.policy import DeidentificationPolicy
from cohorts.dicom.bounded_reading import read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.headers import CT_IMAGE, DicomFile

HEADER_VERSION = 1
SAME_PLACE_VOXELS = 0.5
LONGEST_DECIMAL = 16
REFORMATTED = ["DERIVED", "SECONDARY", "AXIAL"]
ADDED_KEYWORDS = [
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "SeriesNumber",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "PatientPosition",
    "Manufacturer",
    "KVP",
    "ConvolutionKernel",
    "ImageType",
    "RescaleType",
]
"""What of a source's header may go through the engine into the header of a case."""


def header_of_case(
    slices: Sequence[DicomFile],
    geometry: SeriesGeometry,
    frame_metadata: Mapping[str, Any],
    policy: DeidentificationPolicy,
) -> dict[str, Any]:
    """Build the header of a case; its form is described at the top of this module.

    Parameters
    ----------
    slices : sequence of DicomFile
        The source's planes, in any order.
    geometry : SeriesGeometry
        The grid of the stored volume, with the UID of its frame of reference as found.
    frame_metadata : mapping
        See `frames.frame_metadata`.
    policy : DeidentificationPolicy

    Returns
    -------
    dict
        Plain JSON values.

    Raises
    ------
    IntakeError
        If the first slice cannot be read again.
    """
    source = _source_header(slices[0])
    source.FrameOfReferenceUID = geometry.frame_of_reference_uid or None
    common = deidentify(source, policy)
    _describe_frames(common, frame_metadata)
    own_uids = _uids_in_order(slices, geometry)
    if not own_uids or "ImageType" not in common:
        common.ImageType = REFORMATTED
    uids = own_uids or _made_up(str(source.SeriesInstanceUID), geometry)
    return {
        "version": HEADER_VERSION,
        "common": common.to_json_dict(),
        "instances": [
            _instance(index, uid, geometry, policy).to_json_dict() for index, uid in enumerate(uids)
        ],
    }


def _source_header(first: DicomFile) -> Dataset:
    """Read what the case's header needs; of an enhanced image, what holds for all its frames."""
    try:
        read = read_bounded(
            first.file.path,
            name=first.name,
            keywords=ADDED_KEYWORDS,
            stop_before_pixels=True,
            force=True,
        )
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.UNREADABLE, "the DICOM header is damaged; copy the file again", first.name
        ) from error
    header = Dataset()
    header.update(read)
    for keyword in ADDED_KEYWORDS:
        if keyword in first.header:  # a frame's own value, which its file has elsewhere
            header[keyword] = first.header[keyword]
    header.SOPClassUID, header.Modality = CT_IMAGE, "CT"
    return header


def _describe_frames(common: Dataset, frame_metadata: Mapping[str, Any]) -> None:
    """Write pixel format, spacing and orientation of the stored frames."""
    for keyword, value in frame_metadata.items():
        if keyword != "TransferSyntaxUID":
            setattr(common, keyword, _decimals(value))
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        common[keyword].VR = "US"  # stored values are unsigned
    common.RescaleType = "HU"
    common.BurnedInAnnotation = "NO"
    for varying in ("SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"):
        common.pop(varying, None)


def _decimals(value: Any) -> Any:
    """Shorten floats to what a decimal string (DS) holds: 16 characters."""
    if isinstance(value, list | tuple):
        return [_decimals(one) for one in value]
    if not isinstance(value, float) or len(str(value)) <= LONGEST_DECIMAL:
        return value
    return next(
        text for digits in range(15, 0, -1) if len(text := f"{value:.{digits}g}") <= LONGEST_DECIMAL
    )


def _made_up(series_uid: str, geometry: SeriesGeometry) -> list[str]:
    """Return what the UIDs of stored slices are made of where the source had none for each.

    Frames of a multi-frame image, and slices in another plane than the source's, were no instances.
    """
    return [f"{series_uid} slice {index}" for index in range(geometry.shape_zyx[0])]


def _uids_in_order(slices: Sequence[DicomFile], geometry: SeriesGeometry) -> list[str]:
    """Return the SOPInstanceUIDs by z; empty unless each stored slice was one file."""
    count = geometry.shape_zyx[0]
    at: dict[int, str] = {}
    for image in slices:
        index = geometry.lps_mm_to_voxel(
            image.numbers("ImagePositionPatient", 3, RefusalCode.NO_POSITION)
        )
        z = int(np.rint(index[0]))
        if np.abs(index - (z, 0, 0)).max() > SAME_PLACE_VOXELS or not 0 <= z < count:
            return []
        at[z] = image.text("SOPInstanceUID")
    distinct = len(slices) == len(at) == len(set(at.values())) == count
    return [at[z] for z in range(count)] if distinct else []


def _instance(
    index: int, source_uid: str, geometry: SeriesGeometry, policy: DeidentificationPolicy
) -> Dataset:
    """Return what differs from slice to slice."""
    instance = Dataset()
    instance.SOPInstanceUID = policy.replacements.uid(source_uid)
    instance.InstanceNumber = index + 1
    position = [float(value) for value in geometry.voxel_to_lps_mm((index, 0, 0))]
    instance.ImagePositionPatient = [_decimals(round(value, 6)) for value in position]
    return instance
