"""Attribution maps in words and numbers for pages and programs."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.urls import reverse

from cohorts.models import NodeMask
from cohorts.serving import frames_payload, geometry_payload, node_payload
from inference.explanation.map_bytes import colour_limit, quantised
from inference.models import AttributionMap
from inference.selectors import explanations as selectors
from inference.selectors.explanations import ExplainedNode

SORTS: dict[str, tuple[str, Callable[[AttributionMap], float]]] = {
    "logit": ("ENE logit", lambda found: found.ene_score),
    "error": ("Completeness error", lambda found: found.completeness_error),
    "shell": ("In the shell", lambda found: found.shell_fraction),
    "expected": ("Expected", lambda found: found.shell_volume_fraction),
    "enrichment": ("Enrichment", selectors.enrichment_of),
}
"""Columns by which the list of maps can be sorted: heading, and the value of a map."""


def sorted_rows(rows: list[ExplainedNode], wanted: str) -> list[ExplainedNode]:
    """Sort by a column of `SORTS`, descending with "-" before it; nodes without a map come last.

    Anything else leaves the order by patient and node.
    """
    column = wanted.removeprefix("-")
    if column not in SORTS:
        return rows
    value = SORTS[column][1]
    with_map = [row for row in rows if row.map is not None]
    with_map.sort(key=lambda row: value(row.map), reverse=wanted.startswith("-"))  # type: ignore[arg-type]
    return with_map + [row for row in rows if row.map is None]


def headings(wanted: str) -> list[dict[str, str]]:
    """Return the sortable columns, each with what a click on it asks for and how it is sorted."""
    found = []
    for name, (label, _) in SORTS.items():
        is_down, is_up = wanted == f"-{name}", wanted == name
        aria = "descending" if is_down else "ascending" if is_up else "none"
        found.append({"label": label, "sort": name if is_down else f"-{name}", "aria": aria})
    return found


def percent(share: float) -> str:
    """Return a share as percent with one decimal."""
    return f"{100 * share:.1f}"


def listed(rows: list[ExplainedNode]) -> list[dict[str, Any]]:
    """Return rows as the list shows them."""
    return [
        vars(row)
        | (
            {
                "error": percent(row.map.completeness_error),
                "shell": percent(row.map.shell_fraction),
                "expected": percent(row.map.shell_volume_fraction),
                "enrichment": selectors.enrichment_of(row.map),
                "ene_probability": selectors.probability_of(row.map),
            }
            if row.map
            else {}
        )
        for row in rows
    ]


def facts_of(found: AttributionMap) -> dict[str, Any]:
    """Return what was measured on the map."""
    return {
        "ene_score": found.ene_score,
        "baseline_score": found.baseline_score,
        "attribution_sum": found.attribution_sum,
        "completeness_error": found.completeness_error,
        "steps": found.steps,
        "shell_mm": found.shell_mm,
        "shell_fraction": found.shell_fraction,
        "shell_volume_fraction": found.shell_volume_fraction,
        "enrichment": selectors.enrichment_of(found),
        "code_version": found.code_version,
        "created_at": found.created_at,
    }


def map_payload(found: AttributionMap, mask: NodeMask) -> dict[str, Any]:
    """Return the map and its case as the viewer wants them."""
    values = selectors.attribution_values(found)
    data, scale = quantised(values)
    node = mask.node
    first_frame = reverse("inference_api:attribution-frame", args=[found.public_id, 0])
    return facts_of(found) | {
        "id": found.public_id,
        "model": found.model_version.public_id,
        "node": node.public_id,
        "patient": node.patient.pseudonym,
        "number": node.number,
        "box": {"start_zyx": found.box[0], "shape_zyx": list(values.shape)},
        "values_url": reverse("inference_api:attribution-values", args=[found.public_id]),
        "values": {
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "scale": scale,
            "limit": colour_limit(values),
        },
        "frames_url": first_frame.removesuffix("0/"),
        "geometry": geometry_payload(node.patient.series),
        "frames": frames_payload(node.patient.series),
        "nodes": [node_payload(mask, node_id=str(node.public_id), number=node.number)],
    }
