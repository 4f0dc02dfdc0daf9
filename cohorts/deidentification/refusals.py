"""cohorts.deidentification: objects that no change of their header makes anonymous."""

import re

from pydicom.dataset import Dataset

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.headers import CT_IMAGE, ENHANCED_CT, SECONDARY_CAPTURE_ROOT, SEGMENTATION
from cohorts.dicom.primary_images import PICTURES, SCOUTS

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
FIT = frozenset({CT_IMAGE, STRUCTURE_SET, *ENHANCED_CT, *SEGMENTATION})


def refuse_unfit(header: Dataset, name: str) -> None:
    """Refuse what may show or say who the patient is in pixels, pages or free text.

    Parameters
    ----------
    header : pydicom Dataset
    name : str
        The file, for the refusal.

    Raises
    ------
    IntakeError
        For text burned into the pixels, secondary captures, pictures that are no slices
        (localizers too: they are not needed), and every object that is neither CT, segmentation
        nor structure set, such as reports and encapsulated documents.

    References
    ----------
    DICOM PS3.15 E.1.1, E.3.1 (pixel data); PS3.3 C.7.6.1.1.2 (ImageType), C.8.6.1 (secondary
    capture).
    """
    sop_class = str(header.get("SOPClassUID") or "")
    if sop_class.startswith(SECONDARY_CAPTURE_ROOT) or header.get("ConversionType"):
        raise IntakeError(
            RefusalCode.SECONDARY_CAPTURE,
            "is a secondary capture: text in the picture may identify the patient; leave it out",
            name,
        )
    if str(header.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        raise IntakeError(
            RefusalCode.BURNED_IN,
            "BurnedInAnnotation is YES: text in the pixels may identify the patient; leave it out",
            name,
        )
    if sop_class not in FIT:
        raise IntakeError(
            RefusalCode.NOT_CT_MODALITY,
            "is neither a CT image, a segmentation nor a structure set; leave it out",
            name,
        )
    kind = header.get("ImageType") or ()
    words = re.split(r"[^A-Z0-9]+", str(kind).upper())
    if (PICTURES | SCOUTS).intersection(words):
        raise IntakeError(
            RefusalCode.NOT_PRIMARY,
            "ImageType says that this is a localizer, dose sheet, screen shot, projection or "
            "calculated image, not a slice; leave it out",
            name,
        )
