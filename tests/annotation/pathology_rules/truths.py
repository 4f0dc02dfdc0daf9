"""Consistent truths drawn by hypothesis: real nodes, what pathology reports, what CT shows."""

from dataclasses import dataclass

from hypothesis import strategies as st

from annotation.pathology_rules.labels import Basis, Border, LabelledNode, Labelling
from annotation.pathology_rules.places import ALL_PLACES
from annotation.pathology_rules.report import Counts, EneClass, Known, LevelRow
from cohorts.vocabulary import NOT_DETERMINABLE
from tests.annotation.pathology_rules.reports import report


@dataclass(frozen=True)
class Truth:
    report: object
    labelling: object


@st.composite
def truths(draw):
    """Categories of real nodes per place; some levels lumped, some not dissected, some matted."""
    places = draw(st.lists(st.sampled_from(ALL_PLACES), unique=True, min_size=1, max_size=6))
    categories = {
        place: draw(st.none() | st.lists(st.integers(0, 2), max_size=6)) for place in places
    }
    dissected = sorted((p for p in places if categories[p] is not None), key=lambda p: p.order)
    n_lumped = draw(st.sampled_from([0, 0, 2, 3]))
    lumped = dissected[:n_lumped] if len(dissected) >= n_lumped else []
    ene_is_stated = draw(st.booleans())
    rows = [
        _row(place, categories, lumped, ene_is_stated) for place in places if place not in lumped
    ]
    rows += [_row(place, categories, lumped, ene_is_stated) for place in lumped]
    any_ene = any(2 in (found or []) for found in categories.values())
    pathology = report(*rows, ene_class=EneClass.EXTENT_UNKNOWN if any_ene else EneClass.NONE)
    nodes = draw(_on_ct(categories))
    hidden = any_ene and not any(node.label == 2 for node in nodes)
    return Truth(pathology, Labelling(nodes=nodes, ene_not_visible=hidden))


def _row(place, categories, lumped, ene_is_stated):
    if categories[place] is None:
        return LevelRow(place=place, dissected=Known.NO)
    if place not in lumped:
        return LevelRow(
            place=place, dissected=Known.YES, counts=_counts(categories[place], ene_is_stated)
        )
    together = [category for one in lumped for category in categories[one]]
    counts = _counts(together, ene_is_stated) if place == lumped[0] else None
    return LevelRow(place=place, dissected=Known.YES, counts=counts, lumped_group="together")


def _counts(found, ene_is_stated):
    positive = sum(category > 0 for category in found)
    ene = found.count(2) if ene_is_stated or not positive else None
    return Counts(examined=len(found), positive=positive, ene_positive=ene)


@st.composite
def _on_ct(draw, categories):
    """Some real nodes are seen; neighbours of one level and category may be one matted lump."""
    nodes = []
    for place, found in categories.items():
        for category in found if found is not None else draw(st.lists(st.just(None), max_size=2)):
            if not draw(st.booleans()):
                continue
            label = NOT_DETERMINABLE if category is None else category
            matted = f"{place} {label}" if label in (1, 2) and draw(st.booleans()) else ""
            near = draw(st.none() | _borders(place))
            nodes.append((place, label, matted, draw(st.floats(3.0, 40.0)), near))
    order = draw(st.permutations(range(len(nodes))))
    return tuple(
        LabelledNode(
            number=number + 1,
            own=place,
            label=label,
            sad_mm=sad_mm,
            matted=matted,
            border=near,
            basis=Basis.MORPHOLOGY,
        )
        for number, (place, label, matted, sad_mm, near) in zip(order, nodes, strict=True)
    )


def _borders(place):
    """Borders of a place to one or two others, near and far."""
    others = st.sampled_from([one for one in ALL_PLACES if one != place])
    neighbours = st.lists(others, unique=True, min_size=1, max_size=2).map(tuple)
    return st.builds(Border, neighbours=neighbours, distance_mm=st.floats(0.0, 6.0))
