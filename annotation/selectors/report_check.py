"""One annotator's own labels held against the patient's locked report, while they are made."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotation.models import FindingReason, Labelling, NodeLabel
from annotation.pathology_rules.borders import border_of
from annotation.pathology_rules.findings import Finding
from annotation.pathology_rules.labels import CERTAINTIES, Basis, LabelledNode
from annotation.pathology_rules.labels import Labelling as Labels
from annotation.pathology_rules.level_counts import LevelCount, level_counts
from annotation.pathology_rules.places import place_named
from annotation.pathology_rules.rules import check, warnings_of
from annotation.selectors.own_work import current_labels
from annotation.selectors.pathology import current_report
from cohorts.selectors import current_masks
from cohorts.station_selectors import station_border


@dataclass(frozen=True, kw_only=True)
class CheckedFinding:
    """A finding and the reason the annotator gave for it; empty where none is given."""

    finding: Finding
    reason: str

    @property
    def is_open(self) -> bool:
        """Whether it keeps the labelling from being submitted."""
        return not self.reason


@dataclass(frozen=True, kw_only=True)
class IncompleteLabel:
    """A labelled node that the rules cannot judge yet, and what is missing."""

    number: int
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportCheck:
    """How the labels made so far stand against the report."""

    levels: tuple[LevelCount, ...]
    findings: tuple[CheckedFinding, ...]
    incomplete: tuple[IncompleteLabel, ...]


def report_check(labelling: Labelling) -> ReportCheck | None:
    """Hold the labelling's current labels against the report; None without a locked report.

    Labels without a level are in no count and no finding: they are among the incomplete. What a
    report asks a reason for by itself (W7, W8) was settled when it was locked.
    """
    report = current_report(labelling.patient)
    if report is None:
        return None
    rows = list(current_labels(labelling))
    nodes = tuple(_labelled_nodes(labelling, rows))
    settled = set(warnings_of(report))
    found = [one for one in check(report, Labels(nodes=nodes)) if one not in settled]
    reasons = _reasons(labelling)
    return ReportCheck(
        levels=level_counts(report, nodes),
        findings=tuple(
            CheckedFinding(finding=one, reason=reasons.get((one.code, one.sentence), ""))
            for one in found
        ),
        incomplete=tuple(
            IncompleteLabel(number=row.node.number, missing=row.details.missing)
            for row in rows
            if row.details.missing
        ),
    )


def labelled_nodes_in(labelling: Labelling) -> Iterator[LabelledNode]:
    """Yield the labelling's current labels as the rules take them; those without a level not."""
    return _labelled_nodes(labelling, list(current_labels(labelling)))


def _labelled_nodes(labelling: Labelling, rows: list[NodeLabel]) -> Iterator[LabelledNode]:
    series = labelling.patient.series
    masks = {mask.node_id: mask for mask in current_masks(labelling.patient)}
    for row in rows:
        own = place_named(row.place)
        if own is None:
            continue
        yield LabelledNode(
            number=row.node.number,
            own=own,
            label=row.label,
            sad_mm=masks[row.node_id].short_axis_mm,
            # The rules look at neither; what is missing keeps the labelling from being submitted.
            basis=Basis(row.basis) if row.basis else Basis.GUESS,
            certainty=row.certainty or CERTAINTIES[0],
            matched=place_named(row.matched),
            matted=row.matted,
            border=border_of(own, station_border(masks[row.node_id], series)),
        )


def _reasons(labelling: Labelling) -> dict[tuple[str, str], str]:
    rows = FindingReason.objects.filter(labelling=labelling).order_by("pk")
    return {(row.code, row.sentence): row.reason for row in rows}


def report_check_state(labelling: Labelling) -> dict[str, Any] | None:
    """Return the check as the annotator's page needs it; None without a locked report."""
    found = report_check(labelling)
    if found is None:
        return None
    return {
        "levels": [_level(one) for one in found.levels],
        "findings": [_finding(one) for one in found.findings],
        "incomplete": [
            {"number": one.number, "missing": list(one.missing)} for one in found.incomplete
        ],
    }


def _level(one: LevelCount) -> dict[str, Any]:
    counts = one.group.counts
    return {
        "places": [str(place) for place in one.group.places],
        "is_dissected": one.group.is_dissected,
        "examined": counts.examined if counts else None,
        "positive": counts.positive if counts else None,
        "ene_positive": counts.ene_positive if counts else None,
        "labelled": one.labelled,
        "metastatic": one.metastatic,
        "with_ene": one.with_ene,
        "not_determinable": one.not_determinable,
    }


def _finding(one: CheckedFinding) -> dict[str, Any]:
    found = one.finding
    return {
        "code": found.code,
        "sentence": found.sentence,
        "places": [str(place) for place in found.places],
        "nodes": list(found.nodes),
        "is_block": found.code.is_block,
        "takes_reason": found.takes_reason,
        "reason": one.reason,
    }
