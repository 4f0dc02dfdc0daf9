"""Content: how far pathology settles which node, and what that means for every AUC (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    VIEW_WORDS,
    Material,
    counted,
    groups_of,
    listed,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Paragraph, Row, Section, Table

TITLE = "How far pathology settles which node"
KINDS = (
    ("forced", "Forced"),
    ("size_matched", "Size-matched"),
    ("ambiguous", "Ambiguous"),
    ("not_determinable", "Not dissected"),
)
FEW = 6
"""Digits of a number of labelings that is printed in full."""


def section(material: Material) -> Section:
    """Return Tables S2c and S2d; a sentence where no reference standard keeps what they need."""
    found = material.tables.get("identifiability") or {"groups": (), "without": ()}
    groups = groups_of(found["groups"])
    blocks: list[Block] = []
    if found["without"]:
        names = listed([str(name) for name in found["without"]])
        text = f"Nothing of this is kept with the reference standard of {names}."
        blocks.append(Paragraph(text=text))
    if groups:
        blocks += [_levels(groups), _areas(material, groups), *_doubts(groups[-1])]
    elif not found["without"]:
        blocks.append(Paragraph(text="Nothing of this is kept with the reference standard."))
    return Section(key="identifiability", title=TITLE, blocks=tuple(blocks))


def _levels(groups: tuple[Result, ...]) -> Table:
    rows = []
    for group in groups:
        rows.append(cells.heading(str(group["name"])))
        for question in ("metastasis", "ene"):
            counts = group["settled"][question]
            shown = (f"{counts[kind]['levels']} ({counts[kind]['nodes']})" for kind, _ in KINDS)
            rows.append(cells.row(ENDPOINT_TITLES[question], *shown))
    return Table(
        key="table-s2c",
        title=f"Table S2c. {TITLE}: levels (nodes)",
        columns=cells.columns("", *(title for _, title in KINDS)),
        rows=tuple(rows),
        notes=(
            "A pathology report counts positive nodes by level and does not say which they are. "
            "Forced: one assignment fits the counts. Size-matched: the number is settled and the "
            "largest nodes stand out by 2 mm or more of short axis. Ambiguous: neither.",
        ),
    )


def _areas(material: Material, groups: tuple[Result, ...]) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        for group in groups:
            rows.append(cells.heading(f"{ENDPOINT_TITLES[endpoint]} – {group['name']}"))
            rows += map(_area, group["endpoints"].get(endpoint, ()))
    return Table(
        key="table-s2d",
        title="Table S2d. AUC over all assignments that the pathology reports allow",
        columns=cells.columns(
            "",
            "Nodes (forced)",
            "AUC, all",
            "AUC, forced",
            "Lowest to highest",
            "Range is",
            "Assignments",
        ),
        rows=tuple(rows),
        notes=(
            "On the nodes of dissected levels of patients with a report that have a category and "
            "an answer; undetermined nodes and missing calls are left out. Bounds hold every "
            "attainable AUC; the range may be narrower. No interval: this is what pathology "
            "leaves open, not sampling error.",
        ),
    )


def _area(entry: Result) -> Row:
    who = str(entry["source"])
    name = "Model" if who == "model" else f"Reader {who}, {VIEW_WORDS[entry['view']]}"
    lowest, highest = entry["lowest"], entry["highest"]
    has_range = lowest is not None and highest is not None
    ends = f"{display.two_decimals(lowest)} to {display.two_decimals(highest)}"
    return cells.row(
        name,
        f"{entry['n_nodes']} ({entry['n_forced']})",
        display.two_decimals(entry["on_all"]),
        display.two_decimals(entry["on_forced"]),
        ends if has_range else UNDEFINED,
        ("exact" if entry["is_exact"] else "bounds") if has_range else UNDEFINED,
        _assignments(entry),
    )


def _assignments(entry: Result) -> str:
    digits, number = entry["log10_assignments"], entry["n_assignments"]
    if digits is None:
        return UNDEFINED
    return f"{number:,}" if digits < FEW and number is not None else f"about 10^{digits:.0f}"


def _doubts(whole: Result) -> Iterator[Paragraph]:
    """Say what the tables leave out or take for granted."""
    if whole["n_without_report"]:
        text = f"{counted(whole['n_without_report'], 'patient')} had no locked pathology report."
        yield Paragraph(text=text)
    if whole["n_unplaced"]:
        text = f"{counted(whole['n_unplaced'], 'node')} had no level and is in no table here."
        yield Paragraph(text=text.replace(" is in", " are in") if whole["n_unplaced"] > 1 else text)
    if whole["n_disputed"]:
        text = (
            f"{counted(whole['n_disputed'], 'node')} counted in different levels by the two "
            "annotators: the level stands of the one whose labels became final on more of the "
            "patient's nodes."
        )
        yield Paragraph(text=text)
    against = max(
        (entry["contradicting"] for block in whole["endpoints"].values() for entry in block),
        default=0,
    )
    if against:
        text = (
            f"In {counted(against, 'level')} the final labels are none of the assignments that the "
            "report allows, so an AUC of all nodes may lie outside its range."
        )
        yield Paragraph(text=text)
