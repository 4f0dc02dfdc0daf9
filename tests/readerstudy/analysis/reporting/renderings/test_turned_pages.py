"""Wide tables turn their section; no page is left nearly empty, figures go back upright."""

import io
import re

import docx
import pytest
from docx.enum.section import WD_ORIENT

from readerstudy.analysis.reporting.document import Block, Document, Figure, Note, Section
from readerstudy.analysis.reporting.renderings.docx import docx_bytes
from readerstudy.analysis.reporting.renderings.pdf import pdf_bytes
from tests.readerstudy.analysis.reporting.renderings.samples import SVG, table

pytestmark = pytest.mark.no_database
UPRIGHT, TURNED = WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE


def document(*blocks: Block, before: tuple[Block, ...] = ()) -> Document:
    inner = Section(key="inner", title="Inner", blocks=blocks)
    outer = Section(key="outer", title="Outer", blocks=before, sections=(inner,))
    return Document(title="D", subtitle="", sections=(outer,))


def figures(count: int) -> tuple[Figure, ...]:
    return tuple(Figure(key=f"f{n}", title=f"Figure {n}", svg=SVG, alt="A") for n in range(count))


def orientations(written: Document) -> list[WD_ORIENT]:
    read = docx.Document(io.BytesIO(docx_bytes(written)))
    return [section.orientation for section in read.sections]


def pages(written: Document) -> tuple[int, int]:
    """Count upright and turned pages behind the first, which has the contents."""
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf_bytes(written))
    turned = sum(float(width) > float(height) for width, height in boxes)
    return len(boxes) - turned - 1, turned


WIDE = table("wide", 14, 3)
NOTE = Note(text="Few patients.")


def test_notes_stay_with_a_wide_table_and_figures_go_upright():
    written = document(WIDE, NOTE, *figures(2))
    assert orientations(written) == [UPRIGHT, TURNED, UPRIGHT]
    assert pages(written) == (1, 1)


def test_a_single_figure_does_not_get_a_page_of_its_own():
    written = document(WIDE, *figures(1), WIDE)
    assert orientations(written) == [UPRIGHT, TURNED]
    assert pages(written) == (0, 2)


def test_narrow_tables_turn_nothing():
    written = document(table("narrow", 3, 3), NOTE, *figures(2), before=(NOTE,))
    assert orientations(written) == [UPRIGHT]
    assert pages(written) == (1, 0)


def test_short_tables_are_not_parted_in_word():
    read = docx.Document(io.BytesIO(docx_bytes(document(table("short", 3, 5)))))
    rows = read.tables[0].rows
    held = [row.cells[0].paragraphs[0].paragraph_format.keep_with_next for row in rows]
    assert all(held[:-1])
    assert not held[-1]
    long = docx.Document(io.BytesIO(docx_bytes(document(table("long", 3, 60)))))
    rows = long.tables[0].rows
    assert not rows[5].cells[0].paragraphs[0].paragraph_format.keep_with_next
