"""cohorts.dicom: the allow-list of attributes that may enter; whatever is not here stays outside.

Free text never enters, not even where it looks harmless: each value is matched against a list, a
number range or a narrow pattern, and dropped if it does not match. Geometry and pixels enter by
their own checked ways. Age and sex come from the cohort's own table, not from headers.
"""

import hashlib
import re
from typing import Any

from pydicom.dataset import Dataset

MANUFACTURERS = {
    "siemens": "Siemens",
    "ge medical": "GE",
    "general electric": "GE",
    "philips": "Philips",
    "toshiba": "Canon (Toshiba)",
    "canon": "Canon (Toshiba)",
    "picker": "Picker",
    "marconi": "Marconi",
    "hitachi": "Hitachi",
    "neusoft": "Neusoft",
    "united imaging": "United Imaging",
    "uih": "United Imaging",
}
"""Word found in Manufacturer -> the name that is stored; our own words, never the header's."""

NUMBER_RANGES = {"KVP": (40.0, 200.0), "SliceThickness": (0.05, 20.0)}

KERNEL_NAMES = frozenset(
    {"STANDARD", "SOFT", "BONE", "BONEPLUS", "DETAIL", "EDGE", "LUNG", "CHEST"}
    | {"SMOOTH", "SHARP", "A", "B", "C", "D", "E", "L", "UB"}
)
KERNEL_PATTERN = re.compile(r"[BHIJTUQDS][a-z]?\d{2}[fhmsu]?|FC\d{2}|Y[A-E]")
"""Kernel names of Siemens, Canon and Philips; other vendors' are in KERNEL_NAMES."""


def allowed_attributes(header: Dataset) -> dict[str, str | float | bool]:
    """Return the attributes of a CT header that may enter, validated, as plain JSON values.

    Parameters
    ----------
    header : pydicom Dataset
        Any slice of the series; it is not changed.

    Returns
    -------
    dict
        A subset of Modality, Manufacturer, KVP (kV), SliceThickness (mm), ConvolutionKernel and
        ContrastAgentStated (whether an agent is named; not its name).
    """
    allowed: dict[str, str | float | bool] = {"Modality": "CT"}
    manufacturer = _manufacturer(header)
    if manufacturer:
        allowed["Manufacturer"] = manufacturer
    for keyword, (lowest, highest) in NUMBER_RANGES.items():
        number = _number(header.get(keyword))
        if number is not None and lowest <= number <= highest:
            allowed[keyword] = number
    kernel = _kernel(header)
    if kernel:
        allowed["ConvolutionKernel"] = kernel
    allowed["ContrastAgentStated"] = bool(str(header.get("ContrastBolusAgent") or "").strip())
    return allowed


def _manufacturer(header: Dataset) -> str:
    text = str(header.get("Manufacturer") or "").casefold()
    return next((name for word, name in MANUFACTURERS.items() if word in text), "")


def _kernel(header: Dataset) -> str:
    value = header.get("ConvolutionKernel")
    first = value if isinstance(value, str) or not value else value[0]
    text = str(first or "").strip()
    return text if text in KERNEL_NAMES or KERNEL_PATTERN.fullmatch(text) else ""


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def replacement_uid(uid: str) -> str:
    """Return a UID that stands for another: equal for equal input, not to be read back.

    Parameters
    ----------
    uid : str
        A UID as found; some contain record numbers, so none is kept.

    References
    ----------
    DICOM PS3.5 B.2: UIDs under 2.25 are a 128-bit number.
    """
    digest = hashlib.sha256(b"nodewise uid " + uid.encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
