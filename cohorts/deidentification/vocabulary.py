"""cohorts.deidentification: the words that may stay; whatever else a source says is left out.

Free text never stays, not even where it looks harmless: a word stays because it is on a list of
ours or matches a narrow pattern, and where a name is wanted ours stands in its place.
"""

import re

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

KERNEL_NAMES = frozenset(
    {"STANDARD", "SOFT", "BONE", "BONEPLUS", "DETAIL", "EDGE", "LUNG", "CHEST"}
    | {"SMOOTH", "SHARP", "A", "B", "C", "D", "E", "L", "UB"}
)
KERNEL_PATTERN = re.compile(r"[BHIJTUQDS][a-z]?\d{2}[fhmsu]?|FC\d{2}|Y[A-E]")
"""Kernel names of Siemens, Canon and Philips; other vendors' are in KERNEL_NAMES."""

IMAGE_TYPES = frozenset(
    {"ORIGINAL", "DERIVED", "MIXED", "PRIMARY", "SECONDARY", "AXIAL", "LOCALIZER", "REFORMATTED"}
    | {"VOLUME", "RESAMPLED", "SAMPLED", "NONE", "MPR", "AVERAGE", "OTHER"}
)
PATIENT_POSITIONS = frozenset(
    f"{way}{side}" for way in ("HF", "FF") for side in ("S", "P", "DR", "DL")
)

STRUCTURE_WORDS = frozenset(
    {"ln", "lns", "node", "nodes", "lymph", "lymphnode", "nodal", "level", "station", "region"}
    | {"gtv", "gtvn", "gtvp", "gtvt", "ctv", "ctvn", "ctvp", "ptv", "tumor", "tumour", "roi"}
    | {"left", "right", "lt", "rt", "l", "r", "bilateral", "neck", "body", "external", "skin"}
    | {"parotid", "parotids", "submandibular", "gland", "mandible", "larynx", "pharynx", "oral"}
    | {"cavity", "cord", "spinal", "canal", "brainstem", "brain", "oesophagus", "esophagus"}
    | {"thyroid", "trachea", "carina", "lung", "heart", "liver", "spleen", "kidney", "vertebra"}
    | {"i", "ii", "iii", "iv", "v", "vi", "ia", "ib", "iia", "iib", "va", "vb", "vii", "a", "b"}
)
STRUCTURE_PART = re.compile(r"[a-z]+|\d+")
LONGEST_NUMBER = 2
LONGEST_NAME = 32


def manufacturer(text: str) -> str:
    """Return our name of the maker that a header names; empty if unknown."""
    folded = text.casefold()
    return next((name for word, name in MANUFACTURERS.items() if word in folded), "")


def kernel(text: str) -> str:
    """Return the name of a convolution kernel if it is one that makers use; else empty."""
    stripped = text.strip()
    known = stripped in KERNEL_NAMES or KERNEL_PATTERN.fullmatch(stripped)
    return stripped if known else ""


def structure_name(text: str, neutral: str) -> str:
    """Return a structure's name if it is made of words of anatomy alone; else ours.

    Parameters
    ----------
    text : str
        Name as found, such as "LN level IIa" or "GTVn 2".
    neutral : str
        What stands in its place, such as "ROI 7".
    """
    parts = STRUCTURE_PART.findall(text.casefold())
    rest = STRUCTURE_PART.sub("", text.casefold()).strip(" _-+/()")
    only_separators = not rest.strip(" _-+/()") and text.isascii()
    named = any(part in STRUCTURE_WORDS for part in parts)
    known = all(part in STRUCTURE_WORDS or _is_number(part) for part in parts)
    fits = len(text) <= LONGEST_NAME and sum(map(_is_number, parts)) <= LONGEST_NUMBER
    return text.strip() if named and known and fits and only_separators else neutral


def _is_number(part: str) -> bool:
    return part.isdigit() and len(part) <= LONGEST_NUMBER
