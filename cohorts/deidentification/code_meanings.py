"""cohorts.deidentification: our own words for a coded meaning, never the source's."""

from functools import cache

CODING_SCHEMES = ("SCT", "DCM", "FMA")


@cache
def _meanings() -> dict[tuple[str, str], str]:
    # Late: building the dictionary takes two seconds, and most images have no code that stays.
    from pydicom.sr.codedict import codes

    return {
        (scheme, str(code.value)): str(code.meaning)
        for scheme in CODING_SCHEMES
        for code in getattr(codes, scheme).concepts.values()
    }


def code_meaning(scheme: str, value: str) -> str:
    """Return the meaning of a code by pydicom's dictionary of the standard; empty if unknown."""
    return _meanings().get((scheme, value), "")
