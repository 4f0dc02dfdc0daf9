"""Content: calls against the reference standard, model and readers side by side (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.computing.endpoints import MODEL
from readerstudy.analysis.reporting.content.figures.reading import (
    Result,
    model_name,
    numbered,
    sheets,
    where,
)
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import confusion_figure
from readerstudy.analysis.reporting.figures.confusion import ConfusionMatrix

CATEGORIES = ("Benign", "Metastasis", "ENE")
MOST = 15


def confusions(material: Material) -> Iterator[Figure]:
    """Yield the matrices of every part, fifteen to a page."""
    for part in material.printed:
        counted = part["confusion"]
        matrices = [
            _matrix(model_name(material) if side == MODEL else side, counted["sides"][side])
            for side in (MODEL, *material.readers)
            if _is_counted(counted["sides"].get(side))
        ]
        title = f"Calls by reference standard{where(material, part)}"
        for sheet, shown in enumerate(sheets(matrices, MOST)):
            key, heading = numbered(f"confusion-{part['key']}", title, sheet)
            yield confusion_figure(
                key=key, title=heading, matrices=shown, caption=_caption(material, counted)
            )


def _is_counted(cells: list[list[int]] | None) -> bool:
    return cells is not None and any(count for row in cells for count in row)


def _matrix(name: str, cells: list[list[int]]) -> ConfusionMatrix:
    return ConfusionMatrix(
        name=name, categories=CATEGORIES, counts=tuple(tuple(row) for row in cells)
    )


def _caption(material: Material, counted: Result) -> str:
    parts = []
    if material.has_model and counted["sides"].get(MODEL) is None:
        parts.append("The model has no categories: its two thresholds were not both fixed.")
    if counted["undetermined"]:
        parts.append(f"Without a category in the reference standard: {counted['undetermined']}.")
    missing = [
        f"{model_name(material) if side == MODEL else side} {counted['missing'][side]}"
        for side in (MODEL, *material.readers)
        if counted["missing"].get(side)
    ]
    if missing:
        parts.append(f"Nodes without a call: {', '.join(missing)}.")
    return " ".join(parts)
