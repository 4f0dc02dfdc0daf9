"""cohorts.deidentification: which profile and options are applied, and how that is recorded."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cohorts.deidentification.confidentiality_table import EDITION
from cohorts.deidentification.replacements import Replacements

PROFILE = ("113100", "Basic Application Confidentiality Profile")
MODIFIED_DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
FACES = ("113102", "Clean Recognizable Visual Features Option")
PATIENT_CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")
ENGINE = "Nodewise de-identification 1"


@dataclass(frozen=True, kw_only=True)
class DeidentificationPolicy:
    """How objects of one cohort are de-identified.

    The Basic Application Confidentiality Profile with the option Retain Longitudinal Temporal
    Information Modified Dates always; no other option unless stated here.

    Attributes
    ----------
    secret : str
        Key of the cohort (see `Replacements`).
    keep_patient_characteristics : bool
        Whether sex, age (capped at 90 years), size and weight stay.
    faces_blanked : bool
        Whether the face in the pixels was blanked (see `cohorts.dicom.face`).

    References
    ----------
    DICOM PS3.15 E.2, E.3.6, E.3.7; codes: PS3.16 CID 7050.
    """

    secret: str = ""
    keep_patient_characteristics: bool = False
    faces_blanked: bool = False

    @property
    def replacements(self) -> Replacements:
        """The replacements under the policy's key."""
        return Replacements(self.secret)

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Value and meaning of each method code (scheme DCM)."""
        kept = (PATIENT_CHARACTERISTICS,) if self.keep_patient_characteristics else ()
        blanked = (FACES,) if self.faces_blanked else ()
        return (PROFILE, MODIFIED_DATES, *kept, *blanked)

    @property
    def methods(self) -> tuple[str, ...]:
        """The values of De-identification Method (0012,0063); at most 64 characters each."""
        return (ENGINE, f"DICOM PS3.15 Table E.1-1, edition {EDITION}")

    def record(self) -> dict[str, Any]:
        """Return what a case says of its de-identification, as plain JSON values."""
        return {
            "engine": ENGINE,
            "profile": PROFILE[1],
            "table_edition": EDITION,
            "options": [meaning for _, meaning in self.codes[1:]],
            "codes": [
                {"value": value, "scheme": "DCM", "meaning": meaning}
                for value, meaning in self.codes
            ],
            "methods": list(self.methods),
            "uids": "replaced by key",
            "dates": "moved by a number of days per patient; times of day removed",
        }

    def mark(self, dataset: Dataset) -> None:
        """Write into a data set that, and how, it was de-identified."""
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = list(self.methods)
        dataset.DeidentificationMethodCodeSequence = Sequence(
            code_item(value, "DCM", meaning) for value, meaning in self.codes
        )
        dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """Return the item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
