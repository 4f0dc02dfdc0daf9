"""A document with everything that may break a rendering."""

from readerstudy.analysis.reporting.document import (
    Column,
    Document,
    Figure,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
)

HOSTILE = (
    "=cmd|' /C calc'!A0",
    '#eval("1")',
    "</w:t>",
    "]]>",
    "$x$",
    "\\\\",
    "@SUM(1)",
    "+1",
    "-2",
    "<b>",
)
SIGNS = "κ ≤ − – × ≥ α Δ x² p₁"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="0 0 400 300">'
    '<rect width="400" height="300" fill="#ffffff"/>'
    '<circle cx="200" cy="150" r="60" fill="#0072b2"/>'
    '<text x="20" y="30" font-family="sans-serif" font-size="14">Sensitivity κ</text></svg>'
)


def table(key: str, n_columns: int, n_rows: int) -> Table:
    columns = (
        Column(title="Reader"),
        *(Column(title=f"Value {i}", align="number") for i in range(1, n_columns)),
    )
    rows = [Row(cells=("Cohort 1",), heading=True)]
    rows += [
        Row(cells=(f"Reader {i}", *["0.80 (0.7–0.9)"] * (n_columns - 1))) for i in range(n_rows)
    ]
    return Table(
        key=key,
        title=f"Table {key}. Values",
        columns=columns,
        rows=tuple(rows),
        notes=("Long note. " * 40, SIGNS),
    )


def sample(n_tables: int = 1, n_figures: int = 1) -> Document:
    hostile = Table(
        key="hostile",
        title=f"Hostile {HOSTILE[1]}",
        columns=(Column(title="Text"), Column(title=SIGNS)),
        rows=tuple(Row(cells=(h, h)) for h in HOSTILE),
        notes=HOSTILE,
    )
    figures = tuple(
        Figure(
            key=f"f-{i}",
            title=f"Figure {i}. Circle",
            svg=SVG.replace("60", str(40 + i)),
            alt="A circle",
            caption="A caption.",
        )
        for i in range(n_figures)
    )
    tables = tuple(table(f"t-{i}", 5, 12) for i in range(n_tables))
    inner = Section(key="inner", title="Inner", blocks=(*figures, *tables))
    first = Section(
        key="first",
        title="First part",
        blocks=(
            Paragraph(text=SIGNS),
            *(Paragraph(text=h) for h in HOSTILE),
            Note(text="Few patients.", warning=True),
            hostile,
        ),
        sections=(inner,),
    )
    big = Section(
        key="big", title="Large tables", blocks=(table("wide", 14, 10), table("long", 4, 300))
    )
    return Document(
        title="Study #1 <&>",
        subtitle="Readers against a model",
        sections=(first, big),
        banners=("Interim.", "Exploratory."),
        colophon=(("Dataset", "a" * 64), ("Code", "1.0")),
    )
