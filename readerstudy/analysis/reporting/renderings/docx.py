"""Analysis room: the report as a Word file, with real headings and real tables."""

from io import BytesIO
from itertools import takewhile
from typing import Any

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from readerstudy.analysis.reporting.document import (
    Block,
    Document,
    Figure,
    Note,
    Section,
    Table,
)
from readerstudy.analysis.reporting.renderings.archives import printable, steady
from readerstudy.analysis.reporting.renderings.pictures import svg_to_png
from readerstudy.analysis.reporting.renderings.widths import Setting, setting_of

_FAMILY = "Arial"  # on every machine that has Word; a file cannot rely on ours
_STRETCH = 1.12  # Arial beside the typeface that widths are told in
_INK = RGBColor(0x1D, 0x2A, 0x30)
_DPI = 300
_UNBROKEN_ROWS = 26  # longer tables may go on over the page, under their heads again
_HIGHEST, _TALL = Mm(100), Mm(200)  # two of the usual plots fit on an upright page
_LONGEST_DESCRIPTION = 2000


def docx_bytes(document: Document) -> bytes:
    """Write a document as DOCX.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        Equal for equal documents.
    """
    word = docx.Document()
    _style(word)
    _page(word.sections[0], landscape=False)
    _furniture(word, document)
    word.core_properties.title = printable(document.title)[:255]
    word.core_properties.author = "Nodewise"
    word.core_properties.comments = ""
    word.add_paragraph(printable(document.title), style="Title")
    word.add_paragraph(printable(document.subtitle), style="Subtitle")
    for name, value in document.colophon:
        _small(word, f"{name}: {value}")
    for section in document.sections:
        _section(word, section, 1)
    out = BytesIO()
    word.save(out)
    return steady(out.getvalue())


def _style(word: Any) -> None:
    normal = word.styles["Normal"]
    normal.font.name, normal.font.size = _FAMILY, Pt(10)
    normal.paragraph_format.space_after = Pt(6)
    for name in ("Title", "Subtitle", "Caption", *(f"Heading {level}" for level in range(1, 5))):
        style = word.styles[name]
        style.font.name, style.font.color.rgb, style.font.italic = _FAMILY, _INK, False
        style.element.rPr.rFonts.attrib.pop(qn("w:asciiTheme"), None)
        style.element.rPr.rFonts.attrib.pop(qn("w:hAnsiTheme"), None)
    word.styles["Caption"].font.size = Pt(9)
    word.styles["Caption"].paragraph_format.space_before = Pt(8)
    word.styles["Caption"].paragraph_format.space_after = Pt(3)


def _page(section: Any, *, landscape: bool) -> None:
    short, long = Mm(210), Mm(297)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(24), Mm(20)


def _furniture(word: Any, document: Document) -> None:
    """Banners above and the first digest with page numbers below, on every page."""
    head = word.sections[0].header.paragraphs[0]
    for banner in document.banners:
        head.add_run(f"{printable(banner)}\n").bold = True
    head.add_run(printable(document.title))
    foot = word.sections[0].footer.paragraphs[0]
    if document.colophon:
        foot.add_run(printable(": ".join(document.colophon[0])) + "\n")
    _field(foot, "PAGE")
    foot.add_run(" of ")
    _field(foot, "NUMPAGES")
    for run in (*head.runs, *foot.runs):
        run.font.size = Pt(8)


def _field(paragraph: Any, code: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _turn(word: Any, *, landscape: bool) -> None:
    """Go on to a page of the other orientation, only where it differs: no blank pages."""
    if (word.sections[-1].orientation == WD_ORIENT.LANDSCAPE) != landscape:
        _page(word.add_section(), landscape=landscape)


def _section(word: Any, section: Section, level: int) -> None:
    """Write a section; one table too wide for an upright page turns the whole of it.

    Only figures at its end go back upright, where two of them fit on a page.
    """
    if section.blocks:
        _turn(word, landscape=_is_wide(section))
    elif section.sections:
        # Alone on its page otherwise, where what follows is turned.
        _turn(word, landscape=_is_wide(section.sections[0]))
    word.add_heading(printable(section.title), min(level, 9))
    upright = _figures_at_the_end(section)
    for index, block in enumerate(section.blocks):
        if upright > 1 and index == len(section.blocks) - upright:
            _turn(word, landscape=False)
        _block(word, block)
    for inner in section.sections:
        _section(word, inner, level + 1)


def _figures_at_the_end(section: Section) -> int:
    trail = takewhile(lambda block: isinstance(block, Figure), reversed(section.blocks))
    return len(list(trail))


def _is_wide(section: Section) -> bool:
    tables = [block for block in section.blocks if isinstance(block, Table)]
    return any(setting_of(table, stretch=_STRETCH).landscape for table in tables)


def _block(word: Any, block: Block) -> None:
    if isinstance(block, Table):
        _table(word, block)
    elif isinstance(block, Figure):
        _figure(word, block)
    elif isinstance(block, Note):
        run = word.add_paragraph().add_run(printable(block.text))
        run.bold, run.italic = block.warning, not block.warning
    else:
        word.add_paragraph(printable(block.text))


def _figure(word: Any, figure: Figure) -> None:
    caption = word.add_paragraph(printable(figure.title), style="Caption")
    caption.paragraph_format.keep_with_next = True
    shape = word.add_picture(BytesIO(svg_to_png(figure.svg, _DPI)))
    word.paragraphs[-1].paragraph_format.keep_with_next = bool(figure.caption)
    highest = _TALL if shape.height > shape.width else _HIGHEST
    part = min(1.0, Mm(165) / shape.width, highest / shape.height)
    shape.width, shape.height = int(shape.width * part), int(shape.height * part)
    properties = shape._inline.docPr
    properties.set("descr", printable(figure.alt)[:_LONGEST_DESCRIPTION])
    if figure.caption:
        _small(word, figure.caption)


def _table(word: Any, table: Table) -> None:
    setting = setting_of(table, stretch=_STRETCH)
    caption = word.add_paragraph(printable(table.title), style="Caption")
    caption.paragraph_format.keep_with_next = True
    _grid(word, table, setting)
    for note in table.notes:
        _small(word, note)
    word.add_paragraph().paragraph_format.space_after = Pt(0)


def _grid(word: Any, table: Table, setting: Setting) -> None:
    size, widths = setting.size, setting.widths
    grid = word.add_table(rows=1, cols=len(table.columns))
    grid.autofit = False
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Pt(width)
    head = grid.rows[0]._tr
    numbers = [column.align == "number" for column in table.columns]
    titles = [column.title for column in table.columns]
    _fill(head, titles, numbers, widths, size, bold=True)
    head.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _hold(head)
    for row in table.rows:
        line = OxmlElement("w:tr")
        line.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        grid._tbl.append(line)
        if row.heading:
            _fill(line, row.cells, [False], (sum(widths),), size, bold=True, span=len(widths))
        else:
            _fill(line, row.cells, numbers, widths, size)
    if len(table.rows) <= _UNBROKEN_ROWS:
        for line in grid._tbl.tr_lst[:-1]:
            _hold(line)
    for cell in head.tc_lst:
        _rule(cell.get_or_add_tcPr(), "w:tcBorders", {"bottom": 4})
    _rule(grid._tbl.tblPr, "w:tblBorders", {"top": 8, "bottom": 8})
    margins = OxmlElement("w:tblCellMar")
    margins.extend(_with(f"w:{side}", w="60", type="dxa") for side in ("left", "right"))
    grid._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)


def _hold(line: Any) -> None:
    """Keep a line on the page of the next one."""
    for shape in line.iter(qn("w:pPr")):
        if shape.find(qn("w:keepNext")) is None:
            shape.insert(0, OxmlElement("w:keepNext"))


def _fill(
    line: Any,
    texts: Any,
    numbers: list[bool],
    widths: tuple[float, ...],
    size: float,
    *,
    bold: bool = False,
    span: int = 1,
) -> None:
    """Write the cells of one line as XML: python-docx's own cells take seconds per table."""
    for cell in list(line.findall(qn("w:tc"))):
        line.remove(cell)
    for text, number, width in zip(texts, numbers, widths, strict=True):
        line.append(_cell(text, size, (width, span), bold=bold, number=number))


def _cell(text: str, size: float, place: tuple[float, int], *, bold: bool, number: bool) -> Any:
    cell = OxmlElement("w:tc")
    properties = cell.get_or_add_tcPr()
    properties.append(_with("w:tcW", w=str(round(place[0] * 20)), type="dxa"))
    if place[1] > 1:
        properties.append(_with("w:gridSpan", val=str(place[1])))
    paragraph, shape = OxmlElement("w:p"), OxmlElement("w:pPr")
    shape.append(_with("w:spacing", before="20", after="20"))
    shape.append(_with("w:jc", val="right" if number else "left"))
    # The size of the line's end: it alone decides how high an empty cell is.
    shape.append(OxmlElement("w:rPr"))
    shape[-1].append(_with("w:sz", val=str(round(size * 2))))
    run, looks, content = OxmlElement("w:r"), OxmlElement("w:rPr"), OxmlElement("w:t")
    if bold:
        looks.append(OxmlElement("w:b"))
    looks.append(_with("w:sz", val=str(round(size * 2))))
    content.text = printable(text)
    content.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.extend((looks, content))
    paragraph.extend((shape, run))
    cell.append(paragraph)
    return cell


def _with(tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _rule(properties: Any, tag: str, sides: dict[str, int]) -> None:
    """Set horizontal rules, in eighths of a point, where the schema wants them."""
    borders = OxmlElement(tag)
    for side, width in sides.items():
        borders.append(_with(f"w:{side}", val="single", sz=str(width), space="0", color="000000"))
    after = ("w:tblLayout", "w:tblCellMar", "w:tblLook") if tag == "w:tblBorders" else ()
    for child in properties:
        if child.tag in {qn(name) for name in after}:
            child.addprevious(borders)
            return
    properties.append(borders)


def _small(word: Any, text: str) -> None:
    paragraph = word.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
    paragraph.paragraph_format.space_after = Pt(2)
    paragraph.add_run(printable(text)).font.size = Pt(8)
