"""cohorts.deidentification: what stands in the place of UIDs and dates, by the cohort's key.

Equal input gives equal output under one key, so that a second import of the same patient matches
and every reference still leads where it led. Without the key nothing can be computed back, nor
found by trying: record numbers and dates are few enough to be guessed.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, timedelta

from pydicom.uid import UID

LARGEST_SHIFT_DAYS = 3650
PUBLIC_KEY = b"nodewise without key"
"""Stands in for an empty secret: consistent, but no secret. Only for calls outside a cohort."""
DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
DATE_TIME = re.compile(r"(\d{8})\d{0,6}(\.\d{1,6})?([+-]\d{4})?")


def is_of_the_standard(uid: str) -> bool:
    """Say whether a UID is registered in the standard (DICOM PS3.6 Annex A)."""
    return UID(uid).name != uid


@dataclass(frozen=True)
class Replacements:
    """Replacements under one key.

    Parameters
    ----------
    secret : str
        The cohort's key. Empty: `PUBLIC_KEY`; then UIDs and shifts can be recomputed by anybody.
    """

    secret: str

    def _digest(self, purpose: str, text: str) -> bytes:
        key = self.secret.encode() or PUBLIC_KEY
        return hmac.new(key, f"{purpose}\x1f{text}".encode(), hashlib.sha256).digest()

    def uid(self, uid: str) -> str:
        """Return the UID that stands for another; UIDs of the standard itself stay.

        References
        ----------
        DICOM PS3.5 B.2: UIDs under 2.25 are a 128-bit number. PS3.6 Annex A: the standard's UIDs.
        """
        if not uid or is_of_the_standard(uid):
            return uid
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}"

    def shift_days(self, patient: str) -> int:
        """Return by how many whole days all dates of a patient move: within 10 years, never 0."""
        number = int.from_bytes(self._digest("days", patient)[:8], "big")
        days = number % (2 * LARGEST_SHIFT_DAYS) - LARGEST_SHIFT_DAYS
        return days if days < 0 else days + 1

    def date(self, text: str, patient: str) -> str:
        """Return a date (DA) moved by the patient's shift; empty if it is no date.

        Parameters
        ----------
        text : str
            YYYYMMDD.
        patient : str
            Whose shift: equal for all studies of one patient.
        """
        parts = DATE.fullmatch(text.strip())
        if parts is None:
            return ""
        try:
            year, month, day = (int(part) for part in parts.groups())
            moved = date(year, month, day) + timedelta(days=self.shift_days(patient))
        except (ValueError, OverflowError):
            return ""
        return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"

    def date_time(self, text: str, patient: str) -> str:
        """Return the date of a date and time (DT), moved; the time of day is left out."""
        parts = DATE_TIME.fullmatch(text.strip())
        return self.date(parts[1], patient) if parts else ""
