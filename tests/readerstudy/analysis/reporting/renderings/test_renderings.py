import io

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from PIL import Image, ImageFont

from readerstudy.analysis.reporting.document import Column, Document, Row, Section, Table
from readerstudy.analysis.reporting.renderings import docx as word
from readerstudy.analysis.reporting.renderings import fonts, pdf, pictures, widths, xlsx
from tests.readerstudy.analysis.reporting.renderings.samples import (
    HOSTILE,
    SVG,
    sample,
    table,
)

pytestmark = pytest.mark.no_database


@pytest.mark.parametrize("write", [pdf.pdf_bytes, word.docx_bytes, xlsx.xlsx_bytes])
def test_equal_documents_are_equal_bytes(write):
    assert write(sample()) == write(sample())


def test_pdf_is_tagged_and_claims_ua_1():
    written = pdf.pdf_bytes(sample())
    assert written.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in written
    assert b"pdfuaid:part" in written


@pytest.mark.parametrize(
    "text", ['#panic("run")', '#eval("1")', "$ x", "\\", "]", "*", "\\u0000", "\x00"]
)
def test_pdf_never_evaluates_text(text):
    cells = Table(
        key="t",
        title=text,
        columns=(Column(title=text),),
        rows=(Row(cells=(text,)),),
        notes=(text,),
    )
    section = Section(key="s", title=text, blocks=(cells,))
    document = Document(
        title=text, subtitle=text, sections=(section,), banners=(text,), colophon=((text, text),)
    )
    assert pdf.pdf_bytes(document).startswith(b"%PDF-")


def test_word_holds_every_hostile_text_unchanged():
    read = docx.Document(io.BytesIO(word.docx_bytes(sample())))
    cells = [cell.text for row in read.tables[0].rows for cell in row.cells]
    assert set(HOSTILE) <= set(cells)
    assert {p.style.name for p in read.paragraphs} >= {"Heading 1", "Heading 2", "Caption"}


def test_word_repeats_heads_describes_pictures_and_shows_banners():
    read = docx.Document(io.BytesIO(word.docx_bytes(sample())))
    for printed in read.tables:
        assert printed.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [shape._inline.docPr.get("descr") for shape in read.inline_shapes] == ["A circle"]
    for section in read.sections:
        assert "Interim." in section.header.paragraphs[0].text
    assert len({section.orientation for section in read.sections}) == 2


def test_workbook_has_no_formula_and_keeps_displayed_numbers():
    book = openpyxl.load_workbook(io.BytesIO(xlsx.xlsx_bytes(sample())))
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert set(HOSTILE) <= {cell.value for cell in cells}
    assert all(sheet.freeze_panes == "A3" for sheet in book.worksheets[1:])


def test_workbook_stores_exact_values_as_numbers_but_text_as_text():
    sheets = {"Exact/values": (("name", "auc"), (("=1+1", 0.1234567890123),))}
    book = openpyxl.load_workbook(io.BytesIO(xlsx.xlsx_bytes(sample(), sheets)))
    name, value = book["Exact-values"][2]
    assert (name.value, name.data_type) == ("=1+1", "s")
    assert (value.value, value.data_type) == (0.1234567890123, "n")


def test_picture_has_the_asked_resolution():
    small, large = (Image.open(io.BytesIO(pictures.svg_to_png(SVG, dpi))) for dpi in (100, 300))
    assert large.width == pytest.approx(3 * small.width, abs=3)


def test_wide_tables_turn_the_page_and_fit():
    wide = widths.setting_of(table("wide", 14, 3))
    assert wide.landscape
    assert sum(wide.widths) <= widths.LANDSCAPE + 1e-6
    assert not widths.setting_of(table("narrow", 4, 3)).landscape


@pytest.mark.parametrize("sign", list("κ≤≥−–×αΔ²³₁…"))
def test_typeface_has_the_sign(sign):
    folder = fonts.Path(fonts.font_source_sans_pro.__file__).parent / "files"
    face = ImageFont.truetype(str(folder / "SourceSansPro-Regular.otf"), 40)
    assert bytes(face.getmask(sign)) != bytes(face.getmask("\U0010fffd"))


def test_signs_that_the_typeface_lacks_do_not_stop_the_report():
    document = Document(title="日本 \x00 \ud800", subtitle="😀", sections=())
    assert b"/StructTreeRoot" in pdf.pdf_bytes(document)
