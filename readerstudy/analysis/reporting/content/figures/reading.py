"""Content: results as what figures are drawn of (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material
from readerstudy.analysis.reporting.figures.estimates import NOTHING, Estimate, Share

Result = Mapping[str, Any]
Item = TypeVar("Item")
CONTINUED = " (continued)"


def estimate_of(result: Result | None) -> Estimate:
    """Return an estimate with its interval; nothing where it is undefined."""
    if result is None or result["estimate"] is None:
        return NOTHING
    limits = result.get("interval") or {}
    return Estimate(value=result["estimate"], lower=limits.get("lower"), upper=limits.get("upper"))


def share_of(proportion: Result) -> Share:
    """Return a proportion as its counts."""
    return Share(numerator=proportion["numerator"], denominator=proportion["denominator"])


def model_name(material: Material) -> str:
    """Return what the model is called."""
    model = material.sources.get("model") or {}
    return str(model.get("name") or "Model")


def blocks(material: Material) -> Iterator[tuple[Result, str, Result]]:
    """Yield part, endpoint and block of every cohort, and of all together where several are."""
    for part in material.printed:
        for endpoint in material.endpoints:
            yield part, endpoint, part["endpoints"][endpoint]


def titled(material: Material, what: str, endpoint: str, part: Result | None = None) -> str:
    """Return for example ``ROC: ENE, Cohort A``; a single cohort is not named."""
    title = f"{what}: {ENDPOINT_TITLES[endpoint]}"
    return title if part is None else f"{title}{where(material, part)}"


def where(material: Material, part: Result) -> str:
    """Return the part's name after a comma; nothing where there is one part only."""
    return "" if len(material.printed) == 1 else f", {part['name']}"


def sheets(items: Sequence[Item], most: int) -> list[list[Item]]:
    """Return the items in runs that fit a page."""
    return [list(items[first : first + most]) for first in range(0, len(items), most)]


def numbered(key: str, title: str, sheet: int) -> tuple[str, str]:
    """Return key and title of the nth sheet (from 0) of a figure."""
    return (key, title) if sheet == 0 else (f"{key}-{sheet + 1}", f"{title}{CONTINUED}")
