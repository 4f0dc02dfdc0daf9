"""An annotator's own work on one patient as the page is sent it; nothing of anybody else."""

from dataclasses import asdict
from typing import Any

from annotation.models import FindingReason, Labelling, NodeLabel
from annotation.pathology_rules.details import NOT_RECORDED
from annotation.selectors.own_work import current_labels
from annotation.selectors.report_check import report_check_state
from cohorts.mask_selectors import descents_in
from cohorts.selectors import current_masks, nodes_in
from cohorts.vocabulary import NOT_DETERMINABLE


def given_in(row: NodeLabel) -> dict[str, Any]:
    """Return what the annotator said of a node: the label and what stands beside it."""
    return {"label": row.label, "comment": row.comment, **asdict(row.details)}


NOTHING_GIVEN = {"label": None, "comment": "", **asdict(NOT_RECORDED)}


def labelling_state(labelling: Labelling) -> dict[str, Any]:
    """Return the labelling as its annotator's page needs it: own labels only, nothing else."""
    labels = {row.node_id: given_in(row) for row in current_labels(labelling)}
    former = _former_labels(labelling)
    nodes = [
        {
            "node": mask.node.public_id,
            "number": mask.node.number,
            "automatic": f"{mask.node.auto_side} {mask.node.auto_level}".strip(),
            "short_axis_mm": round(mask.short_axis_mm, 1),
            "formerly": [
                {"number": row.node.number, **given_in(row)} for row in former.get(mask.node_id, [])
            ],
            **labels.get(mask.node_id, NOTHING_GIVEN | _carried(former.get(mask.node_id, []))),
        }
        for mask in current_masks(labelling.patient)
    ]
    return {
        "labelling": labelling.public_id,
        "patient": labelling.patient.public_id,
        "state": labelling.state,
        "version": labelling.version,
        "nodes": nodes,
        "report": report_check_state(labelling),
        "elsewhere": _elsewhere(labelling),
    }


def _former_labels(labelling: Labelling) -> dict[int, list[NodeLabel]]:
    """Return the own labels of the ended nodes that each node came from by a split or a merger."""
    rows = labelling.labels.filter(superseded_by__isnull=True, node__removed_at__isnull=False)
    ended = {row.node_id: row for row in rows.select_related("node")}
    found: dict[int, list[NodeLabel]] = {}
    for descent in descents_in(labelling.patient) if ended else []:
        before = [
            row
            for parent in descent.parents
            for row in ([ended[parent]] if parent in ended else found.get(parent, []))
        ]
        found |= dict.fromkeys(descent.children, before)
    return found


def _carried(former: list[NodeLabel]) -> dict[str, Any]:
    """Return the place, for a node without a label of its own, where its former labels agree."""
    kept = [{"place": row.place, "matched": row.matched, "matted": row.matted} for row in former]
    return kept[0] if kept and all(one == kept[0] for one in kept) else {}


def _elsewhere(labelling: Labelling) -> dict[str, int]:
    """Count the nodes of the cohort's other patients, and the own labels that take one out."""
    cohort = labelling.patient.cohort
    others = nodes_in(cohort).exclude(patient=labelling.patient_id)
    left_out = NodeLabel.objects.filter(
        labelling__annotator=labelling.annotator_id,
        node__in=others,
        label=NOT_DETERMINABLE,
        superseded_by__isnull=True,
    )
    return {"nodes": others.count(), "not_determinable": left_out.count()}


def saved_label(row: NodeLabel) -> dict[str, Any]:
    """Return one of the person's own saved labels as the API answers it."""
    return {
        "client_id": row.client_id,
        "node": row.node.public_id,
        "version": row.version,
        **given_in(row),
        "report": report_check_state(row.labelling),
    }


def saved_reason(row: FindingReason) -> dict[str, Any]:
    """Return one of the person's own reasons as the API answers it."""
    return {
        "client_id": row.client_id,
        "code": row.code,
        "sentence": row.sentence,
        "reason": row.reason,
        "report": report_check_state(row.labelling),
    }
