"""What holds for every figure, whatever its data."""

import re
from xml.etree import ElementTree

import pytest

from readerstudy.analysis.reporting.figures.canvas import WIDTH, number, safe
from tests.readerstudy.analysis.reporting.figures.scenes import empty_scene, scene

SVG = "{http://www.w3.org/2000/svg}"
SCENES = {"plain": scene(ugly=False), "ugly": scene(ugly=True), "empty": empty_scene()}
FIGURES = [
    pytest.param(figure, id=f"{name}-{key}")
    for name, figures in SCENES.items()
    for key, figure in figures.items()
]
HEX = re.compile(r"#[0-9a-f]{6}")


def parsed(figure):
    return ElementTree.fromstring(figure.svg)


def places(element):
    """Absolute x and y of an element, as far as it has any."""
    got = element.attrib
    for x, y in (("x", "y"), ("cx", "cy")):
        if x in got:
            yield float(got[x]), float(got[y])
    if "width" in got and "x" in got:
        yield float(got["x"]) + float(got["width"]), float(got["y"]) + float(got["height"])
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", got.get("d", "")):
        yield float(x), float(y)


@pytest.mark.parametrize("figure", FIGURES)
def test_is_one_safe_element(figure):
    root = parsed(figure)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "path", "circle", "text"}
    assert "script" not in tags
    assert not re.search(r"\s(style|href|src|on\w+)=", figure.svg.replace("&quot;", ""))
    assert "<script" not in figure.svg
    assert root.get("role") == "img"


@pytest.mark.parametrize("figure", FIGURES)
def test_marks_stand_inside_the_view_box(figure):
    root = parsed(figure)
    _, _, width, height = (float(part) for part in root.get("viewBox").split())
    assert width <= WIDTH
    for element in root.iter():
        for x, y in places(element):
            assert -0.01 <= x <= width + 0.01, (element.attrib, width)
            assert -0.01 <= y <= height + 0.01, (element.attrib, height)


@pytest.mark.parametrize("figure", FIGURES)
def test_text_is_large_enough_and_within_the_width(figure):
    for element in parsed(figure).iter(f"{SVG}text"):
        size = float(element.get("font-size"))
        assert size >= 9
        words = "".join(element.itertext()) if element.find(f"{SVG}title") is None else ""
        if element.get("text-anchor") is None and words:
            assert float(element.get("x")) + len(words) * size * 0.4 <= WIDTH


@pytest.mark.parametrize("figure", FIGURES)
def test_data_rows_share_their_keys(figure):
    assert len({tuple(row) for row in figure.data}) <= 1
    assert figure.alt
    assert parsed(figure).find(f"{SVG}desc").text == safe_text(figure.alt)


def safe_text(words):
    return ElementTree.fromstring(f"<a>{safe(words)}</a>").text


@pytest.mark.parametrize("ugly", [False, True])
def test_same_input_gives_same_bytes(ugly):
    again = scene(ugly=ugly)
    for key, figure in SCENES["ugly" if ugly else "plain"].items():
        assert again[key] == figure


def test_identifiers_are_unique_on_one_page():
    for figures in (SCENES["plain"], SCENES["ugly"]):
        found = [n for figure in figures.values() for n in re.findall(r' id="([^"]+)"', figure.svg)]
        assert len(found) == len(set(found)) == 2 * len(figures)


@pytest.mark.parametrize("figure", SCENES["empty"].values(), ids=SCENES["empty"])
def test_empty_figures_say_so(figure):
    assert figure.data == ()
    assert re.search(r"(nothing|no |not|neither)", figure.svg.split("</desc>")[1], re.IGNORECASE)


@pytest.mark.parametrize("figure", FIGURES)
def test_no_yellow(figure):
    assert "#f0e442" not in figure.svg.lower()


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (-0.001, "0"), (-0.5, "-0.5"), (1.005, "1"), (100.0, "100")]
)
def test_coordinates_are_short(value, words):
    assert number(value) == words
