"""cohorts.deidentification: the attributes that CT, SEG and RTSTRUCT objects need, and no others.

The standard's table says what must go; this list says what may stay. An attribute that is in
neither is removed. What stays is checked by its kind: numbers must be numbers, words must be on a
list, UIDs must be of the standard; sequences are gone through item by item.
"""

from enum import Enum, auto

from cohorts.deidentification.vocabulary import IMAGE_TYPES, PATIENT_POSITIONS


class Kind(Enum):
    """How an attribute that may stay is checked."""

    NUMBERS = auto()
    COUNT = auto()
    STANDARD_UID = auto()
    POINTER = auto()
    SEQUENCE = auto()
    CODES = auto()
    PIXELS = auto()
    MANUFACTURER = auto()
    KERNEL = auto()
    STRUCTURE_NAME = auto()


_OF_KIND = {
    Kind.NUMBERS: """
        SliceThickness KVP SpacingBetweenSlices ReconstructionDiameter GantryDetectorTilt
        ImagePositionPatient ImageOrientationPatient SliceLocation PixelSpacing
        SamplesPerPixel NumberOfFrames Rows Columns BitsAllocated BitsStored HighBit
        PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue
        PixelPaddingRangeLimit WindowCenter WindowWidth RescaleIntercept RescaleSlope
        LossyImageCompressionRatio DimensionIndexValues MaximumFractionalValue
        RecommendedDisplayGrayscaleValue RecommendedDisplayCIELabValue
        ROIDisplayColor NumberOfContourPoints ContourData ContourOffsetVector
        ContourSlabThickness""",
    Kind.COUNT: """
        SeriesNumber AcquisitionNumber InstanceNumber SegmentNumber ReferencedSegmentNumber
        ReferencedFrameNumber InStackPositionNumber TemporalPositionIndex FrameAcquisitionNumber
        ROINumber ReferencedROINumber ObservationNumber ContourNumber""",
    Kind.STANDARD_UID: "SOPClassUID ReferencedSOPClassUID",
    Kind.POINTER: "DimensionIndexPointer FunctionalGroupPointer",
    Kind.SEQUENCE: """
        SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence
        PlanePositionSequence PlaneOrientationSequence FrameContentSequence FrameVOILUTSequence
        PixelValueTransformationSequence CTImageFrameTypeSequence FrameAnatomySequence
        CTReconstructionSequence CTXRayDetailsSequence
        DimensionOrganizationSequence DimensionIndexSequence
        SegmentSequence SegmentIdentificationSequence DerivationImageSequence
        ReferencedSeriesSequence ReferencedInstanceSequence
        StructureSetROISequence ROIContourSequence ContourSequence ContourImageSequence
        RTROIObservationsSequence ReferencedFrameOfReferenceSequence RTReferencedStudySequence
        RTReferencedSeriesSequence""",
    Kind.CODES: """
        AnatomicRegionSequence AnatomicRegionModifierSequence
        SegmentedPropertyCategoryCodeSequence SegmentedPropertyTypeCodeSequence
        SegmentedPropertyTypeModifierCodeSequence PurposeOfReferenceCodeSequence
        DerivationCodeSequence""",
    Kind.PIXELS: "PixelData",
    Kind.MANUFACTURER: "Manufacturer",
    Kind.KERNEL: "ConvolutionKernel",
    Kind.STRUCTURE_NAME: "SegmentLabel",
}
KEPT = {keyword: kind for kind, words in _OF_KIND.items() for keyword in words.split()}

TERMS: dict[str, frozenset[str]] = {
    "Modality": frozenset({"CT", "SEG", "RTSTRUCT"}),
    "ImageType": IMAGE_TYPES,
    "FrameType": IMAGE_TYPES,
    "PatientPosition": PATIENT_POSITIONS,
    "PhotometricInterpretation": frozenset({"MONOCHROME1", "MONOCHROME2"}),
    "RescaleType": frozenset({"HU", "US"}),
    "BurnedInAnnotation": frozenset({"NO"}),
    "LossyImageCompression": frozenset({"00", "01"}),
    "PixelPresentation": frozenset({"MONOCHROME"}),
    "VolumetricProperties": frozenset({"VOLUME", "SAMPLED", "DISTORTED", "MIXED"}),
    "VolumeBasedCalculationTechnique": frozenset({"NONE"}),
    "FrameLaterality": frozenset({"R", "L", "U", "B"}),
    "DimensionOrganizationType": frozenset({"3D", "3D_TEMPORAL"}),
    "SegmentationType": frozenset({"BINARY", "FRACTIONAL", "LABELMAP"}),
    "SegmentationFractionalType": frozenset({"PROBABILITY", "OCCUPANCY"}),
    "SegmentsOverlap": frozenset({"YES", "NO", "UNDEFINED"}),
    "SegmentAlgorithmType": frozenset({"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}),
    "SpatialLocationsPreserved": frozenset({"YES", "NO"}),
    "ContentQualification": frozenset({"PRODUCT", "RESEARCH", "SERVICE"}),
    "ROIGenerationAlgorithm": frozenset({"AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"}),
    "ContourGeometricType": frozenset(
        {"POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}
    ),
    "RTROIInterpretedType": frozenset(
        {"EXTERNAL", "PTV", "CTV", "GTV", "ORGAN", "AVOIDANCE", "CONTROL", "SUPPORT", "CAVITY"}
    ),
}
"""Coded words that may stay. In ImageType and FrameType others become OTHER, for places count."""

SHIFTED_DATES = frozenset(
    {"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "StructureSetDate"}
    | {"AcquisitionDateTime", "FrameReferenceDateTime", "FrameAcquisitionDateTime"}
)
"""Dates that stay, moved (option Modified Dates); all others have the table's own action."""

CHARACTERISTICS = frozenset({"PatientSex", "PatientAge", "PatientSize", "PatientWeight"})
"""What stays with the option Retain Patient Characteristics."""

_PATIENT_AND_STUDY = """
    PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName
    StudyID AccessionNumber SeriesNumber"""
EMPTY_IF_ABSENT = {
    "CT": f"{_PATIENT_AND_STUDY} Manufacturer PositionReferenceIndicator InstanceNumber KVP"
    " AcquisitionNumber",
    "SEG": f"{_PATIENT_AND_STUDY} PositionReferenceIndicator InstanceNumber ContentDescription"
    " ContentCreatorName",
    "RTSTRUCT": f"{_PATIENT_AND_STUDY} Manufacturer OperatorsName StructureSetDate"
    " StructureSetTime",
}
"""Modality -> attributes of Type 2: there, but they may be empty (PS3.3 A.3, A.51, A.19)."""

DUMMY_IF_ABSENT: dict[str, dict[str, str | list[str]]] = {
    "CT": {},
    "SEG": {
        "Manufacturer": "Unknown",
        "ManufacturerModelName": "Unknown",
        "DeviceSerialNumber": "0",
        "SoftwareVersions": "0",
        "ContentLabel": "SEGMENTATION",
        "ContentDate": "19000101",
        "ContentTime": "000000",
    },
    "RTSTRUCT": {"StructureSetLabel": "STRUCTURES"},
}
"""Modality -> attributes of Type 1 that may not be empty, with what is written if they are."""
