"""What stands before a release: everything missing, and the warnings it would keep."""

from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import User
from annotation.consensus import Outcome
from annotation.models import Labelling, LabellingState
from annotation.selectors.final_check import (
    FinalFinding,
    final_findings,
    unplaced_nodes,
)
from annotation.selectors.pathology import locked_reports_in
from annotation.selectors.standings import (
    ANNOTATORS,
    NodeStanding,
    annotators_of,
    labelled_patients,
    standings,
)
from cohorts.models import Cohort, Patient

LISTED = 10
"""Patients named in one sentence; the rest is counted."""

NOT_LABELLED = "there is no label, although their patient was submitted"
NOT_DISCUSSED = "the annotators differ and have not both spoken in the discussion"
NOT_DECIDED = "the annotators disagree and no adjudicator has decided"
OTHER_MASK = "the label was given on an earlier version of the mask (reopen the labelling)"
NOT_PLACED = (
    "no annotator gave a level, so that the locked report cannot be held against them (reopen a "
    "labelling)"
)


def missing_for_release(cohort: Cohort) -> list[ValidationError]:
    """Return one sentence for each thing that keeps the reference standard from its release."""
    annotators = annotators_of(cohort)
    patients = list(labelled_patients(cohort))
    if not patients:
        sentence = f"'{cohort.name}' has no included patient with a node: import cases first."
        return [ValidationError(sentence, code="no_patients")]
    if len(annotators) != ANNOTATORS:
        return [_wrong_number(cohort, annotators)]
    waiting = _not_submitted(patients, annotators)
    return [*waiting, *_not_final(cohort, is_waiting=bool(waiting)), *_blocked(cohort)]


def _not_final(cohort: Cohort, *, is_waiting: bool) -> list[ValidationError]:
    """Return one sentence for each reason why nodes cannot be released yet."""
    nodes, unplaced = standings(cohort), set(unplaced_nodes(cohort))
    outcomes = [
        (Outcome.TO_DISCUSS, NOT_DISCUSSED, "not_discussed"),
        (Outcome.TO_ADJUDICATE, NOT_DECIDED, "not_adjudicated"),
    ]
    if not is_waiting:
        outcomes.insert(0, (Outcome.WAITING, NOT_LABELLED, "not_labelled"))
    found = [
        (what, code, [one for one in nodes if one.consensus.outcome == outcome])
        for outcome, what, code in outcomes
    ]
    found += [
        (OTHER_MASK, "mask_changed", [one for one in nodes if not one.rests_on_current_mask]),
        (NOT_PLACED, "not_placed", [one for one in nodes if _name(one) in unplaced]),
    ]
    return [_counted(nodes, concerned, what, code) for what, code, concerned in found if concerned]


def _name(standing: NodeStanding) -> tuple[str, int]:
    return standing.node.patient.pseudonym, standing.node.number


def _blocked(cohort: Cohort) -> list[ValidationError]:
    return [
        ValidationError(
            f"{one.patient}: {one.finding.code}: {one.finding.sentence} Let the board look again, "
            "or reopen the labelling.",
            code="blocked",
        )
        for one in final_findings(cohort)
        if not one.finding.takes_reason
    ]


def _wrong_number(cohort: Cohort, annotators: list[User]) -> ValidationError:
    names = ", ".join(person.get_username() for person in annotators) or "nobody"
    return ValidationError(
        f"'{cohort.name}' has {len(annotators)} annotators ({names}), but a reference standard "
        f"rests on exactly two: give or take the role on the cohort's page.",
        code="not_two_annotators",
    )


def _not_submitted(patients: list[Patient], annotators: list[User]) -> list[ValidationError]:
    done = set(
        Labelling.objects.filter(
            annotator__in=annotators, patient__in=patients, state=LabellingState.SUBMITTED
        ).values_list("annotator_id", "patient_id")
    )
    found = []
    for person in annotators:
        names = [p.pseudonym for p in patients if (person.pk, p.pk) not in done]
        if names:
            sentence = (
                f"{person.get_username()} has not submitted {len(names)} of {len(patients)} "
                f"patients: {listed(names)}."
            )
            found.append(ValidationError(sentence, code="not_submitted"))
    return found


def _counted(
    nodes: list[NodeStanding], concerned: list[NodeStanding], what: str, code: str
) -> ValidationError:
    names = list(dict.fromkeys(standing.node.patient.pseudonym for standing in concerned))
    sentence = f"For {len(concerned)} of {len(nodes)} nodes {what}: {listed(names)}."
    return ValidationError(sentence, code=code)


def listed(names: list[str]) -> str:
    """Return the first names and how many there are beside them."""
    shown = ", ".join(names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def warnings_to_release(cohort: Cohort) -> list[FinalFinding]:
    """Return the warnings that the release keeps, each with a reason."""
    return [one for one in final_findings(cohort) if one.finding.takes_reason]


def release_outlook(cohort: Cohort) -> dict[str, Any]:
    """Return what keeps the cohort from its release, and the warnings it would keep."""
    missing = [sentence for one in missing_for_release(cohort) for sentence in one.messages]
    return {"missing": missing, "warnings": warnings_to_release(cohort)}


def patients_without_report(cohort: Cohort) -> list[str]:
    """Return the pseudonyms of those whose labels no locked report was held against."""
    reports = locked_reports_in(cohort)
    return [p.pseudonym for p in labelled_patients(cohort) if p.pk not in reports]
