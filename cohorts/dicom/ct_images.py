"""cohorts.dicom: a stored case as single-frame CT Images, its geometry and frames as stored.

What a slice is served with comes from three places: the de-identified header (`case_header`), the
names of the case, and the stored geometry and frames, which win over the header. A case that was
stored before headers were kept has names, geometry and pixels alone.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydicom.dataset import Dataset

from cohorts.dicom.frames import BITS_STORED, SOFT_TISSUE_WINDOW_HU
from cohorts.dicom.geometry import SeriesGeometry

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
LONGEST_DECIMAL = 16
TYPE_2 = (
    "AccessionNumber",
    "AcquisitionNumber",
    "KVP",
    "Laterality",
    "Manufacturer",
    "PatientBirthDate",
    "PatientPosition",
    "PatientSex",
    "PositionReferenceIndicator",
    "ReferringPhysicianName",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
"""Required by the CT Image IOD (PS3.3 A.3) and allowed to be empty."""
NOT_OF_STORED_FRAMES = frozenset(
    {
        "GantryDetectorTilt",
        "ImageComments",
        "LargestImagePixelValue",
        "NumberOfFrames",
        "PixelAspectRatio",
        "PixelData",
        "PixelPaddingRangeLimit",
        "PixelPaddingValue",
        "SliceLocation",
        "SmallestImagePixelValue",
        "TransferSyntaxUID",
    }
)


@dataclass(frozen=True, kw_only=True)
class CaseNames:
    """What one case is called outside.

    Attributes
    ----------
    pseudonym : str
        PatientID and PatientName.
    study_uid, ct_series_uid, segmentation_series_uid, frame_of_reference_uid : str
    seed : str
        What UIDs of single instances are made of, where the header has none.
    """

    pseudonym: str
    study_uid: str
    ct_series_uid: str
    segmentation_series_uid: str
    frame_of_reference_uid: str
    seed: str


def derived_uid(*parts: object) -> str:
    """Return the UID under 2.25 that these parts always have (PS3.5 B.2).

    128 bits of a SHA-256, marked as the UUID that the form asks for (RFC 9562, version 8).
    """
    digest = hashlib.sha256("\x1f".join(("nodewise uid", *map(str, parts))).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return f"2.25.{number}"


class CTImages:
    """The headers of a case's CT Images, slice by slice.

    Parameters
    ----------
    names : CaseNames
    geometry : SeriesGeometry
    offset_hu : int
        HU of a stored 0: the rescale intercept.
    header : mapping
        A blob of `case_header`, or an empty mapping.
    attributes : mapping
        The allow-listed attributes (`deidentify`), which fill in for an absent header.

    References
    ----------
    DICOM PS3.3 A.3 (CT Image IOD), C.7.6.2 (image plane), C.8.2.1 (CT image).
    """

    def __init__(
        self,
        *,
        names: CaseNames,
        geometry: SeriesGeometry,
        offset_hu: int,
        header: Mapping[str, Any],
        attributes: Mapping[str, Any],
    ) -> None:
        self.names, self.geometry = names, geometry
        self._offset_hu, self._header, self._attributes = offset_hu, header, attributes
        self._instances = header.get("instances", [])

    @cached_property
    def common(self) -> Dataset:
        """What all slices share; built when it is asked for, as UIDs alone do not need it."""
        common = Dataset.from_json(dict(self._header.get("common", {})))
        for keyword in NOT_OF_STORED_FRAMES & {element.keyword for element in common}:
            delattr(common, keyword)
        if not self._header:
            _fill_in(common, self._attributes)
        describe_case(common, self.names)
        common.SeriesInstanceUID = self.names.ct_series_uid
        _describe_pixels(common, self.geometry, self._offset_hu)
        return common

    @property
    def study_date(self) -> str:
        """StudyDate of every slice, YYYYMMDD; empty where it is not known."""
        return str(self._told("00080020") or "")

    @property
    def series_number(self) -> int:
        """SeriesNumber of every slice; 1 where the source had none."""
        return int(self._told("00200011") or 1)

    def _told(self, tag: str) -> Any:
        """Return the first value in the header; building all of `common` takes longer."""
        values = self._header.get("common", {}).get(tag, {}).get("Value") or [None]
        return values[0]

    def __len__(self) -> int:
        return self.geometry.shape_zyx[0]

    def uid(self, z: int) -> str:
        """Return the SOP Instance UID of slice ``z``."""
        if z < len(self._instances):
            return str(self._instances[z]["00080018"]["Value"][0])
        return derived_uid(self.names.seed, "ct", z)

    def uids(self) -> list[str]:
        """Return the SOP Instance UIDs by z."""
        return [self.uid(z) for z in range(len(self))]

    def own_part(self, z: int) -> Dataset:
        """Return what slice ``z`` does not share with the others."""
        own = Dataset()
        own.SOPInstanceUID = self.uid(z)
        own.InstanceNumber = z + 1
        own.ImagePositionPatient = position_of(self.geometry, z)
        return own

    def data_set(self, z: int) -> Dataset:
        """Return the whole header of slice ``z``, without Pixel Data."""
        whole = Dataset()
        whole.update(self.common)
        whole.update(self.own_part(z))
        return whole

    def json_parts(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the common part and each slice's own in the DICOM JSON model (PS3.18 F)."""
        own = [self.own_part(z).to_json_dict() for z in range(len(self))]
        return self.common.to_json_dict(), own


def describe_case(target: Dataset, names: CaseNames) -> None:
    """Write patient, study and frame of reference; say that the identity was removed."""
    target.PatientID = target.PatientName = names.pseudonym
    target.StudyInstanceUID = names.study_uid
    target.FrameOfReferenceUID = names.frame_of_reference_uid
    target.PatientIdentityRemoved = "YES"
    if not target.get("DeidentificationMethod") and not target.get(
        "DeidentificationMethodCodeSequence"
    ):
        target.DeidentificationMethod = "Allow-list of attributes"
    if "SpecificCharacterSet" not in target:
        target.SpecificCharacterSet = "ISO_IR 192"
    for keyword in TYPE_2:
        if keyword not in target:
            setattr(target, keyword, None)


def position_of(geometry: SeriesGeometry, z: int) -> list[str]:
    """Return ImagePositionPatient of slice ``z``: the centre of its first pixel, LPS in mm."""
    return [_decimal(float(value)) for value in geometry.voxel_to_lps_mm((z, 0, 0))]


def orientation_of(geometry: SeriesGeometry) -> list[str]:
    """Return ImageOrientationPatient: row direction, then column direction."""
    return [_decimal(value) for value in (*geometry.row_direction, *geometry.column_direction)]


def pixel_spacing_of(geometry: SeriesGeometry) -> list[str]:
    """Return PixelSpacing: between rows, then between columns, mm."""
    return [_decimal(value) for value in geometry.spacing_zyx_mm[1:]]


def slice_spacing_of(geometry: SeriesGeometry) -> str:
    """Return the distance of neighbouring slices in mm."""
    return _decimal(geometry.spacing_zyx_mm[0])


def _fill_in(common: Dataset, attributes: Mapping[str, Any]) -> None:
    """Write what is known of a case without a header."""
    for keyword in ("Manufacturer", "ConvolutionKernel"):
        if attributes.get(keyword):
            setattr(common, keyword, str(attributes[keyword]))
    for keyword in ("KVP", "SliceThickness"):
        if attributes.get(keyword):
            setattr(common, keyword, _decimal(float(attributes[keyword])))


def _describe_pixels(common: Dataset, geometry: SeriesGeometry, offset_hu: int) -> None:
    common.SOPClassUID, common.Modality = CT_IMAGE_STORAGE, "CT"
    _, common.Rows, common.Columns = geometry.shape_zyx
    common.SamplesPerPixel, common.PhotometricInterpretation = 1, "MONOCHROME2"
    common.BitsAllocated = common.BitsStored = BITS_STORED
    common.HighBit, common.PixelRepresentation = BITS_STORED - 1, 0
    common.RescaleIntercept, common.RescaleSlope, common.RescaleType = offset_hu, 1, "HU"
    common.WindowCenter, common.WindowWidth = SOFT_TISSUE_WINDOW_HU
    common.LossyImageCompression = "00"
    common.PixelSpacing = pixel_spacing_of(geometry)
    common.ImageOrientationPatient = orientation_of(geometry)
    common.SpacingBetweenSlices = slice_spacing_of(geometry)
    if "SliceThickness" not in common:
        common.SliceThickness = slice_spacing_of(geometry)
    if "ImageType" not in common:
        common.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    if not common.get("SeriesNumber"):
        common.SeriesNumber = 1


def _decimal(value: float) -> str:
    """Write a number as a decimal string (DS): at most 16 characters (PS3.5 6.2)."""
    text = repr(round(value, 9) + 0.0)
    digits = 15
    while len(text) > LONGEST_DECIMAL:
        text = f"{value:.{digits}g}"
        digits -= 1
    return text
