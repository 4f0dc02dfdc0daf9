"""Content: from stored results to the report, in no format yet (pure)."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from readerstudy.analysis.reporting.content import (
    agreement,
    comparisons,
    identified,
    mean_reader,
    methods,
    missing,
    model_alone,
    plan,
    population,
    provenance,
    reading_times,
    reference_standard,
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
        As stored (schema 3 or 4): ``sources``, ``tables`` and digests.
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
    numbers = itertools.count(1)
    model = material.sources.get("model")
    subtitle = "Readers alone" if model is None else f"Readers against {model['name']}"
    return Document(
        title=str(material.sources.get("study") or "Reader study"),
        subtitle=subtitle,
        banners=summary.banners(material),
        sections=tuple(
            _numbered(section, numbers) for section in _with_the_rest(sections, material)
        ),
        colophon=provenance.colophon(material),
    )


def _sections(material: Material) -> tuple[Section, ...]:
    return (
        summary.section(material),
        population.section(material),
        reference_standard.section(material),
        identified.section(material),
        model_alone.section(material),
        comparisons.section(material),
        comparisons.confusion_section(material),
        agreement.section(material),
        subgroups.section(material),
        subgroups.patient_section(material),
        mean_reader.section(material),
        reading_times.section(material),
        missing.section(material),
        plan.section(material),
        methods.section(material),
        provenance.section(material),
    )


def _with_the_rest(sections: tuple[Section, ...], material: Material) -> tuple[Section, ...]:
    """Append figures that no section has asked for, so that none is lost."""
    placed = {
        block.key
        for section in walked(sections)
        for block in section.blocks
        if isinstance(block, Figure)
    }
    rest = tuple(figure for figure in material.figures.values() if figure.key not in placed)
    if not rest:
        return sections
    return (*sections, Section(key="figures", title="Further figures", blocks=rest))


def walked(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield sections and their own sections in the order of reading."""
    for section in sections:
        yield section
        yield from walked(section.sections)


def _numbered(section: Section, numbers: Iterator[int]) -> Section:
    """Return the section with its figures numbered in the order of reading."""
    return replace(
        section,
        blocks=tuple(
            replace(block, title=f"Figure {next(numbers)}. {block.title}")
            if isinstance(block, Figure)
            else block
            for block in section.blocks
        ),
        sections=tuple(_numbered(inner, numbers) for inner in section.sections),
    )
