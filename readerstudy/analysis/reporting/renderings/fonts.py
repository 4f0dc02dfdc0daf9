"""Analysis room: the one typeface of the renderings, from a package, never from the machine."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import font_source_sans_pro
import typst

FAMILY = "Source Sans Pro"
_FAMILY = re.compile(r"font-family=(\"[^\"]*\"|'[^']*')")


@lru_cache(maxsize=1)
def fonts() -> Any:
    """Return the fonts for typst, read once per process."""
    folder = Path(font_source_sans_pro.__file__).parent / "files"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder)])


def with_font(svg: str) -> str:
    """Name the packaged typeface wherever an SVG asks for a generic one."""
    return _FAMILY.sub(f'font-family="{FAMILY}"', svg)
