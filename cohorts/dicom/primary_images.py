"""cohorts.dicom: tell slices of a scan from pictures that only look like CT images.

Scanners and workstations store dose sheets, screen shots and projections as CT images or under the
modality CT. Their pixels are no Hounsfield units, and text in them may name the patient. DERIVED or
SECONDARY alone is no reason: reformatted and converted slices are called so and are good.
"""

import re
from collections.abc import Sequence

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.headers import DicomFile, ObjectKind

SCOUTS = frozenset({"LOCALIZER", "SCOUT", "TOPOGRAM"})
PICTURES = frozenset(
    {"SCREEN", "SCREENSAVE", "SCREENSHOT", "DOSE", "DOSEINFO", "PROT", "PROTOCOL", "REPORT"}
    | {"MIP", "MINIP", "MAXIP", "PROJECTION", "VRT", "RENDERED", "RENDER", "SSD", "SURFACE"}
    | {"MAXIMUM", "MINIMUM", "SUBTRACTION", "DIVISION", "MULTIPLICATION", "QUANTITY", "FUSION"}
)
"""Words in ImageType of dose sheets, screen shots, projections and calculated images."""


def is_localizer(image: DicomFile) -> bool:
    """Say whether ImageType calls the image a localizer (scout).

    References
    ----------
    DICOM PS3.3 C.8.2.1.1.1.
    """
    return bool(SCOUTS.intersection(image.image_type))


def is_picture(image: DicomFile) -> bool:
    """Say whether an image is a picture made from CT and not a slice of it.

    References
    ----------
    DICOM PS3.3 C.8.2.1.1.1 and C.8.16.1.3 (ImageType of CT, and of enhanced images).
    """
    if image.kind is ObjectKind.SECONDARY_CAPTURE:
        return True
    words = re.split(r"[^A-Z0-9]+", " ".join(image.image_type))
    return bool(PICTURES.intersection(words))


def slices_among(
    images: Sequence[DicomFile],
) -> tuple[list[DicomFile], list[str], IntakeError | None]:
    """Return the images of a patient that are slices, and what became of the others.

    Parameters
    ----------
    images : sequence of DicomFile
        Images of one patient: CT, enhanced CT, secondary captures.

    Returns
    -------
    slices : list of DicomFile
    notes : list of str
        What was left out, and why.
    refusal : IntakeError or None
        If no slice is left, or a series holds slices and pictures.
    """
    scouts = [image for image in images if is_localizer(image)]
    pictures = [image for image in images if is_picture(image) and not is_localizer(image)]
    slices = [image for image in images if not is_localizer(image) and not is_picture(image)]
    notes = [f"{image.name}: left out, a localizer" for image in scouts]
    notes += [f"{image.name}: left out, {_what(image)}" for image in pictures]
    series = {image.series_uid for image in slices}
    among_slices = [image for image in pictures if image.series_uid in series]
    if among_slices or not slices:
        return slices, notes, _refusal(among_slices or pictures, scouts)
    return slices, notes, None


def _what(image: DicomFile) -> str:
    if image.kind is ObjectKind.SECONDARY_CAPTURE:
        return "a secondary capture (a picture of a screen)"
    return "a dose sheet, screen shot, projection or calculated image by its ImageType"


def _refusal(pictures: Sequence[DicomFile], scouts: Sequence[DicomFile]) -> IntakeError:
    if not pictures:
        return IntakeError(
            RefusalCode.NO_CT, "only localizers were found, no CT series", scouts[0].name
        )
    first = pictures[0]
    if first.kind is ObjectKind.SECONDARY_CAPTURE:
        return IntakeError(
            RefusalCode.SECONDARY_CAPTURE,
            "SOPClassUID is Secondary Capture: a picture of a screen, not Hounsfield units; "
            "export the original CT images",
            first.name,
        )
    return IntakeError(
        RefusalCode.NOT_PRIMARY,
        "ImageType says that this is a dose sheet, screen shot, projection or calculated image, "
        "not a CT slice; give the slices as reconstructed, without such images in their series",
        first.name,
    )
