"""Where a patient refused at intake stands in the flow diagram (pure: no Django).

A suggestion: the coordinator decides whether the patient is left out, or the files are mended and
brought again. What only a new export can say anything about has none.
"""

from cohorts.dicom.errors import RefusalCode
from cohorts.exclusion import ExclusionCode

INCOMPLETE = (
    RefusalCode.NO_CT,
    RefusalCode.TOO_FEW_SLICES,
    RefusalCode.MISSING_SLICE,
    RefusalCode.UNEQUAL_SPACING,
    RefusalCode.DUPLICATE_POSITION,
)
QUALITY = (
    RefusalCode.SECONDARY_CAPTURE,
    RefusalCode.NO_RESCALE,
    RefusalCode.NOT_HOUNSFIELD,
    RefusalCode.BURNED_IN,
    RefusalCode.LOSSY,
    RefusalCode.PIXELS_TRUNCATED,
    RefusalCode.PIXELS_UNDECODABLE,
    RefusalCode.MIXED_SHAPES,
    RefusalCode.MIXED_ORIENTATIONS,
    RefusalCode.MIXED_FRAMES_OF_REFERENCE,
    RefusalCode.NO_POSITION,
)
SUGGESTED: dict[str, ExclusionCode] = {
    **dict.fromkeys(map(str, INCOMPLETE), ExclusionCode.INCOMPLETE_CT),
    **dict.fromkeys(map(str, QUALITY), ExclusionCode.IMAGE_QUALITY),
    str(RefusalCode.MASK_EMPTY): ExclusionCode.NO_NODE,
}


def suggested_exclusion(refusal_code: str) -> str:
    """Return the exclusion code that fits a refusal, empty where none can be said."""
    return str(SUGGESTED.get(refusal_code, ""))
