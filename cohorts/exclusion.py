"""Why a patient is left out: the codes that the flow diagram counts (pure: no Django)."""

from enum import StrEnum


class ExclusionCode(StrEnum):
    """A reason to leave a patient out of the analysis set."""

    NO_PATHOLOGY = "no_pathology"
    PRIOR_TREATMENT = "prior_treatment"
    IMAGE_QUALITY = "image_quality"
    INCOMPLETE_CT = "incomplete_ct"
    NO_NODE = "no_node"
    INTERVAL_TOO_LONG = "interval_too_long"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OTHER = "other"


EXCLUSION_CHOICES = [
    (ExclusionCode.NO_PATHOLOGY.value, "No pathology report"),
    (ExclusionCode.PRIOR_TREATMENT.value, "Neck treated before the CT"),
    (ExclusionCode.IMAGE_QUALITY.value, "Image quality not sufficient"),
    (ExclusionCode.INCOMPLETE_CT.value, "CT does not cover the neck"),
    (ExclusionCode.NO_NODE.value, "No assessable node"),
    (ExclusionCode.INTERVAL_TOO_LONG.value, "CT too long before surgery"),
    (ExclusionCode.CONSENT_WITHDRAWN.value, "Consent withdrawn"),
    (ExclusionCode.OTHER.value, "Other (see the reason)"),
]
