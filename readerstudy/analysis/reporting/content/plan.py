"""Content: the analysis plan in words, and how it was amended (pure)."""

from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Block, Column, Paragraph, Row, Section, Table
from readerstudy.reading.plan_words import summary_of


def section(material: Material) -> Section:
    """Return the plan in force and its amendments."""
    blocks: list[Block] = [
        Table(
            key="table-plan",
            title="The plan in force",
            columns=(Column(title="What"), Column(title="Planned")),
            rows=tuple(Row(cells=(line.heading, line.text)) for line in summary_of(material.plan)),
        )
    ]
    amendments = material.sources.get("amendments") or ()
    if amendments:
        blocks.append(_amendments(material))
    else:
        blocks.append(Paragraph(text="The plan was not amended."))
    return Section(key="plan", title="Analysis plan", blocks=tuple(blocks))


def _amendments(material: Material) -> Table:
    before = material.facts.unblinded_before_amendment
    return Table(
        key="table-amendments",
        title="Amendments",
        columns=(
            Column(title="Number"),
            Column(title="When"),
            Column(title="By"),
            Column(title="Reason"),
            Column(title="Unblinded runs before", align="number"),
            Column(title="Digest of the plan"),
        ),
        rows=tuple(
            Row(
                cells=(
                    str(entry["number"]),
                    str(entry["at"]),
                    str(entry["by"]),
                    str(entry["reason"]),
                    str(before.get(entry["number"], 0)),
                    str(entry["digest"]),
                )
            )
            for entry in material.sources["amendments"]
        ),
    )
