"""Content: how far the readers agree, per cohort and coding (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.figures.reading import (
    Result,
    numbered,
    sheets,
)
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import agreement_figure
from readerstudy.analysis.reporting.figures.agreement import KappaPoint
from readerstudy.analysis.reporting.figures.estimates import NOTHING, Estimate

THREE = "Three categories"
MOST_COHORTS = 7
ALL_NODES = "metastasis", "ene"


def agreement(material: Material) -> Iterator[Figure]:
    """Yield Fleiss' kappa of the three categories and of every endpoint, per part."""
    points = [points for part in material.printed if (points := _points(material, part))]
    for sheet, shown in enumerate(sheets(points, MOST_COHORTS)):
        key, title = numbered("agreement", "Agreement between the readers", sheet)
        yield agreement_figure(
            key=key,
            title=title,
            points=[point for found in shown for point in found],
            caption=(
                f"Fleiss' kappa with {material.ci} (Gwet, t), on the nodes that every reader "
                "called, whatever the reference standard."
            ),
        )


def _points(material: Material, part: Result) -> list[KappaPoint]:
    coded: list[tuple[str, Result | None]] = []
    for endpoint in material.endpoints:
        found = part["endpoints"][endpoint]["agreement"]
        if endpoint in ALL_NODES and not coded:
            coded.append((THREE, found["three_categories"]))
        coded.append((ENDPOINT_TITLES[endpoint], found["binary"]))
    return [
        KappaPoint(
            cohort=part["name"],
            endpoint=name,
            kappa=_kappa(fleiss),
            n=fleiss["n_complete"],
            readers=fleiss["n_readers"],
        )
        for name, fleiss in coded
        if fleiss is not None and fleiss["n_readers"] > 1
    ]


def _kappa(fleiss: Result) -> Estimate:
    if fleiss["kappa"] is None:
        return NOTHING
    limits = (fleiss["gwet"] or {}).get("interval") or {}
    return Estimate(value=fleiss["kappa"], lower=limits.get("lower"), upper=limits.get("upper"))
