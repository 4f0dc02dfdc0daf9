"""The final labels of a cohort held against the locked reports, before they are released."""

import hashlib
from dataclasses import dataclass
from typing import Any

from annotation.models import FindingReason
from annotation.pathology_rules.findings import Finding
from annotation.pathology_rules.labels import Labelling as Labels
from annotation.pathology_rules.report import PathologyReport
from annotation.pathology_rules.rules import check, warnings_of
from annotation.reference_identifiability import FinalNode, labelled_nodes
from annotation.selectors.final_nodes import final_nodes_in
from annotation.selectors.pathology import locked_reports_in
from annotation.selectors.standings import node_counts
from cohorts.models import Cohort

ANNOTATOR, COORDINATOR = "annotator", "coordinator"


@dataclass(frozen=True, kw_only=True)
class FinalFinding:
    """What a rule finds in one patient's final labels.

    ``reason`` is what an annotator wrote for the very same finding; empty where nobody did.
    """

    patient: str
    finding: Finding
    reason: str

    @property
    def key(self) -> str:
        """Name of the finding in a form."""
        said = "\0".join((self.patient, self.finding.code, self.finding.sentence))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def row(self, reason: str) -> dict[str, Any]:
        """Return the finding as a released version keeps it."""
        return {
            "patient": self.patient,
            "code": str(self.finding.code),
            "sentence": self.finding.sentence,
            "nodes": list(self.finding.nodes),
            "reason": self.reason or reason,
            "given_by": ANNOTATOR if self.reason else COORDINATOR,
        }


def final_findings(cohort: Cohort) -> list[FinalFinding]:
    """Return what the rules find in the final labels, by pseudonym.

    Only patients with a locked report whose nodes all have a final label and a place are judged.
    What a report asks a reason for by itself was settled when it was locked.
    """
    reports, reasons = locked_reports_in(cohort), _reasons(cohort)
    totals = node_counts(cohort)
    return [
        FinalFinding(
            patient=patient.pseudonym,
            finding=one,
            reason=reasons.get((patient.pk, one.code, one.sentence), ""),
        )
        for patient, nodes in final_nodes_in(cohort)
        if patient.pk in reports
        for one in _findings(reports[patient.pk][0], nodes, totals[patient.pk])
    ]


def unplaced_nodes(cohort: Cohort) -> list[tuple[str, int]]:
    """Return patient and number of the nodes that a locked report cannot be held against."""
    reports = locked_reports_in(cohort)
    return [
        (patient.pseudonym, node.number)
        for patient, nodes in final_nodes_in(cohort)
        if patient.pk in reports
        for node in nodes
        if not node.placed_by(0).place
    ]


def _findings(report: PathologyReport, nodes: list[FinalNode], total: int) -> list[Finding]:
    placed = tuple(labelled_nodes(nodes))
    if len(placed) < total:
        return []
    settled = set(warnings_of(report))
    return [one for one in check(report, Labels(nodes=placed)) if one not in settled]


def _reasons(cohort: Cohort) -> dict[tuple[int, str, str], str]:
    """Return what annotators wrote for findings; where both did, the first one's words."""
    rows = FindingReason.objects.filter(labelling__patient__cohort=cohort).select_related(
        "labelling"
    )
    return {
        (row.labelling.patient_id, row.code, row.sentence): row.reason
        for row in rows.order_by("-pk")
    }
