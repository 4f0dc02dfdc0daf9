"""Analysis room: a report without a format; HTML, PDF, DOCX and XLSX are written from it (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table; numbers are set flush right."""

    title: str
    align: Literal["text", "number"] = "text"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table; a ``heading`` has one cell, set over all columns."""

    cells: tuple[str, ...]
    heading: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as printed.

    Attributes
    ----------
    key : str
        Stable name, for example ``table-4``: anchor in HTML, sheet in XLSX.
    title : str
        With its number, for example ``Table 4. ENE: readers and model``.
    columns : tuple of Column
    rows : tuple of Row
    notes : tuple of str
        Printed under the table: abbreviations, methods, what was left out.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lines that do not fit the columns."""
        for row in self.rows:
            if len(row.cells) != (1 if row.heading else len(self.columns)):
                raise ValueError(
                    f"{self.key}: {row.cells} does not fit {len(self.columns)} columns"
                )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure with the numbers that it shows.

    Attributes
    ----------
    key : str
        Stable name, for example ``roc-cohort-1-ene``: anchor and file name.
    title : str
        With its number.
    svg : str
        A self-contained SVG element on a white ground; marks carry ``<title>`` with value,
        interval and n.
    alt : str
        What a person who cannot see it needs to know.
    caption : str
    data : tuple of dict
        One dictionary per mark, same keys throughout; unrounded values.
    """

    key: str
    title: str
    svg: str
    alt: str
    caption: str = ""
    data: tuple[dict[str, str | int | float | None], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence that must not be missed: methods disagree, patients are few, and the like."""

    text: str
    warning: bool = False


Block = Table | Figure | Paragraph | Note


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report: its blocks, then its own sections."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report.

    Attributes
    ----------
    title, subtitle : str
    banners : tuple of str
        Stand on every page: interim, exploratory.
    sections : tuple of Section
    colophon : tuple of (str, str)
        Digests and versions, name and value.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    banners: tuple[str, ...] = ()
    colophon: tuple[tuple[str, str], ...] = field(default=())

    def blocks(self) -> Iterator[Block]:
        """Yield every block in the order of reading."""
        for section in self.sections:
            yield from _blocks(section)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table in the order of reading."""
        return tuple(block for block in self.blocks() if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure in the order of reading."""
        return tuple(block for block in self.blocks() if isinstance(block, Figure))


def _blocks(section: Section) -> Iterator[Block]:
    yield from section.blocks
    for inner in section.sections:
        yield from _blocks(inner)
