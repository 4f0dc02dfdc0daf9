"""The final labels of a cohort with what the annotators said of places, by patient."""

from collections import defaultdict

from annotation.reference_identifiability import FinalNode
from annotation.selectors.standings import NodeStanding, standings
from cohorts.models import Cohort, NodeMask, Patient
from cohorts.selectors import current_masks_in
from cohorts.station_selectors import station_border


def final_nodes_in(cohort: Cohort) -> list[tuple[Patient, list[FinalNode]]]:
    """Return the nodes with a final label of each patient that has one, by pseudonym."""
    masks = {mask.node_id: mask for mask in current_masks_in(cohort)}
    nodes: dict[Patient, list[FinalNode]] = defaultdict(list)
    for standing in standings(cohort):
        if (found := _final(standing, masks[standing.node.pk])) is not None:
            nodes[standing.node.patient].append(found)
    return sorted(nodes.items(), key=lambda item: item[0].pseudonym)


def _final(standing: NodeStanding, mask: NodeMask) -> FinalNode | None:
    first, second, label = standing.first, standing.second, standing.consensus.label
    if first is None or second is None or label is None:
        return None
    return FinalNode(
        number=standing.node.number,
        label=label,
        short_axis_mm=mask.short_axis_mm,
        labels=(first.label, second.label),
        details=(first.details, second.details),
        border=station_border(mask, mask.node.patient.series),
    )
