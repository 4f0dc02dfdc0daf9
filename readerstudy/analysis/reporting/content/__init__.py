"""Content: from stored results to the report, in no format yet (pure)."""

from collections.abc import Mapping
from typing import Any

from readerstudy.analysis.reporting.content import (
    agreement,
    comparisons,
    mean_reader,
    methods,
    missing,
    model_alone,
    plan,
    provenance,
    subgroups,
    summary,
)
from readerstudy.analysis.reporting.content.facts import Facts
from readerstudy.analysis.reporting.content.material import Material, material_of
from readerstudy.analysis.reporting.document import Document, Figure, Section

__all__ = ["Facts", "report_document"]


def report_document(
    results: Mapping[str, Any], facts: Facts, figures: Mapping[str, Figure] | None = None
) -> Document:
    """Return the whole report.

    Parameters
    ----------
    results : mapping
        As stored (schema 3): ``sources``, ``tables`` and digests.
    facts : Facts
        What the results do not say.
    figures : mapping of str to Figure, optional
        Figures by key; each is set where it belongs, those of no known place at the end.

    Returns
    -------
    Document
        The same results give the same document.
    """
    material = material_of(results, facts, figures)
    sections = tuple(one for one in _sections(material) if one.blocks or one.sections)
    model = material.sources.get("model")
    against = "no model" if model is None else str(model["name"])
    document = Document(
        title=str(material.sources.get("study") or "Reader study"),
        subtitle=f"Readers against {against}",
        banners=summary.banners(material),
        sections=sections,
        colophon=provenance.colophon(material),
    )
    return _with_the_rest(document, material)


def _sections(material: Material) -> tuple[Section, ...]:
    return (
        summary.section(material),
        model_alone.section(material),
        comparisons.section(material),
        comparisons.confusion_section(material),
        agreement.section(material),
        subgroups.section(material),
        subgroups.patient_section(material),
        mean_reader.section(material),
        missing.section(material),
        plan.section(material),
        methods.section(material),
        provenance.section(material),
    )


def _with_the_rest(document: Document, material: Material) -> Document:
    """Append figures that no section has asked for, so that none is lost."""
    placed = {figure.key for figure in document.figures}
    rest = tuple(figure for key, figure in material.figures.items() if figure.key not in placed)
    if not rest:
        return document
    extra = Section(key="figures", title="Further figures", blocks=rest)
    return Document(
        title=document.title,
        subtitle=document.subtitle,
        banners=document.banners,
        sections=(*document.sections, extra),
        colophon=document.colophon,
    )
