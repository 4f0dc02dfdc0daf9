"""How far a cohort's two annotators agreed, for those who release and decide; no names."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from accounts.models import User
from annotation.agreement_table import AgreementLine, agreement_lines
from annotation.annotator_agreement import annotator_agreement
from annotation.labelling_times import Save, TimedLabelling, TimePerNode, time_per_node
from annotation.models import Labelling, NodeLabel
from annotation.selectors.disagreements import anonymous_sides
from annotation.selectors.discussion import discussion_is_open, side_of
from annotation.selectors.standings import NodeStanding, annotators_of, standings_alone
from cohorts.models import Cohort
from cohorts.selectors import cohort_for
from cohorts.vocabulary import LABEL_CHOICES, CohortRole

LABEL_NAMES = dict(LABEL_CHOICES)


@dataclass(frozen=True, kw_only=True)
class SettledDisagreement:
    """A node that both labelled differently, in an order that does not tell who is who."""

    standing: NodeStanding
    label_a: NodeLabel
    label_b: NodeLabel
    state: dict[str, Any]

    @property
    def final_label(self) -> str:
        """The final label in words; empty while there is none."""
        label = self.standing.consensus.label
        return "" if label is None else LABEL_NAMES[label]


@dataclass(frozen=True, kw_only=True)
class AgreementReport:
    """The agreement of the annotators of one cohort, each alone, before anybody reconciled them.

    ``times`` are those of the first and of the second annotator, in the fixed order that the
    coordinator's progress table has too.
    """

    lines: list[AgreementLine]
    disagreements: list[SettledDisagreement]
    times: list[TimePerNode]

    @property
    def cautions(self) -> list[str]:
        """What is said of the measures' limits, each sentence once."""
        return list(dict.fromkeys(line.caution for line in self.lines if line.caution))


def cohort_of_agreement(person: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for its coordinators and adjudicators, or raise Http404."""
    return cohort_for(person, public_id, CohortRole.COORDINATOR, CohortRole.ADJUDICATOR)


def agreement_report(cohort: Cohort) -> AgreementReport | None:
    """Return the report; None until both annotators have submitted every patient.

    A patient that comes later closes it again: whoever else in the cohort may be an annotator
    must not learn how the other one labels.
    """
    if not discussion_is_open(cohort):
        return None
    nodes = standings_alone(cohort)
    pairs = [(one.first, one.second) for one in nodes if one.first and one.second]
    found = annotator_agreement(
        [(first.label, second.label) for first, second in pairs],
        [first.labelling.patient_id for first, _ in pairs],
    )
    differing = [one for one in nodes if one.first and one.second and _differ(one)]
    return AgreementReport(
        lines=agreement_lines(found),
        disagreements=[_settled(one) for one in differing],
        times=_times(cohort),
    )


def open_agreement_report(person: User, public_id: uuid.UUID) -> AgreementReport:
    """Return the report for those who may see it, or raise Http404 also while it is closed."""
    report = agreement_report(cohort_of_agreement(person, public_id))
    if report is None:
        raise Http404
    return report


def _differ(standing: NodeStanding) -> bool:
    first, second = standing.first, standing.second
    return first is not None and second is not None and first.label != second.label


def _settled(standing: NodeStanding) -> SettledDisagreement:
    (label_a, said_a), (label_b, said_b) = anonymous_sides(standing)
    decision = standing.decision
    state = {
        "patient": standing.node.patient.public_id,
        "pseudonym": standing.node.patient.pseudonym,
        "number": standing.node.number,
        "annotator_a": side_of(label_a, said_a),
        "annotator_b": side_of(label_b, said_b),
        "outcome": str(standing.consensus.outcome),
        "label": standing.consensus.label,
        "reason": decision.reason if decision else "",
    }
    return SettledDisagreement(standing=standing, label_a=label_a, label_b=label_b, state=state)


def _times(cohort: Cohort) -> list[TimePerNode]:
    """Return the time per node of the first and of the second annotator."""
    saves: dict[int, list[Save]] = defaultdict(list)
    rows = NodeLabel.objects.filter(labelling__patient__cohort=cohort).values_list(
        "labelling_id", "created_at", "node_id", "shown_slice"
    )
    for labelling, at, node, shown in rows:
        # The page says which slice was shown; a file has none.
        saves[labelling].append(Save(at, node, is_on_page=shown is not None))
    own: dict[int, list[TimedLabelling]] = defaultdict(list)
    started = Labelling.objects.filter(patient__cohort=cohort).values_list(
        "pk", "annotator_id", "created_at"
    )
    for labelling, annotator, at in started:
        own[annotator].append(TimedLabelling(at, saves[labelling]))
    return [time_per_node(own[annotator.pk]) for annotator in annotators_of(cohort)]


def agreement_state(report: AgreementReport) -> dict[str, Any]:
    """Return the report as the API answers it."""
    return {
        "agreement": report.lines,
        "disagreements": [one.state for one in report.disagreements],
        "seconds_per_node": report.times,
    }
