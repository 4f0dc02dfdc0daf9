"""Analysis room: SVG figures as PNG, for the formats that hold no vectors."""

import typst

from readerstudy.analysis.reporting.renderings.fonts import fonts, with_font

_PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def svg_to_png(svg: str, dpi: float = 220) -> bytes:
    """Draw an SVG at its own size.

    Parameters
    ----------
    svg : str
        A self-contained SVG element.
    dpi : float
        Dots per inch.
    """
    picture = typst.compile(
        _PAGE.encode(),
        format="png",
        ppi=dpi,
        font_paths=fonts(),
        sys_inputs={"svg": with_font(svg)},
    )
    return bytes(picture)
