"""cohorts.dicom: the allow-list of attributes that may enter; whatever is not here stays outside.

Free text never enters, not even where it looks harmless: each value is matched against a list, a
number range or a narrow pattern, and dropped if it does not match. Geometry and pixels enter by
their own checked ways. Age and sex come from the cohort's own table, not from headers.
"""

from typing import Any

from pydicom.dataset import Dataset

from cohorts.deidentification.vocabulary import kernel, manufacturer

NUMBER_RANGES = {"KVP": (40.0, 200.0), "SliceThickness": (0.05, 20.0)}


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
    maker = manufacturer(str(header.get("Manufacturer") or ""))
    if maker:
        allowed["Manufacturer"] = maker
    for keyword, (lowest, highest) in NUMBER_RANGES.items():
        number = _number(header.get(keyword))
        if number is not None and lowest <= number <= highest:
            allowed[keyword] = number
    kernel_name = _kernel(header)
    if kernel_name:
        allowed["ConvolutionKernel"] = kernel_name
    allowed["ContrastAgentStated"] = bool(str(header.get("ContrastBolusAgent") or "").strip())
    return allowed


def _kernel(header: Dataset) -> str:
    value = header.get("ConvolutionKernel")
    first = value if isinstance(value, str) or not value else value[0]
    return kernel(str(first or ""))


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
