"""What the analysis room takes over: final calls as plain frozen rows."""

from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

from cohorts.models import Cohort
from readerstudy.reading.models import AssignmentNode, AssignmentState, NodeCall, Study


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One reader, one node: the final call of a submitted case, or None where there is none.

    ``node_number`` is the cohort's stable number, not the one readers see.
    """

    reader_number: int
    period: int
    cohort_name: str
    patient_pseudonym: str
    node_number: int
    mask_digest: str
    short_axis_mm: float
    category: int | None
    submitted: bool


def calls_of(study: Study) -> tuple[CallRow, ...]:
    """Return one row per reader, period and node, sorted; draft calls are not part of it."""
    final = NodeCall.objects.filter(node=OuterRef("pk"), superseded_by__isnull=True)
    rows = (
        AssignmentNode.objects.filter(assignment__reader__study=study)
        .annotate(category=Subquery(final.values("category")[:1]))
        .order_by(
            "assignment__reader__number",
            "assignment__period__number",
            "assignment__patient__cohort__name",
            "assignment__patient__pseudonym",
            "node__number",
        )
        .values_list(
            "assignment__reader__number",
            "assignment__period__number",
            "assignment__patient__cohort__name",
            "assignment__patient__pseudonym",
            "node__number",
            "mask__digest",
            "mask__short_axis_mm",
            "category",
            "assignment__state",
        )
    )
    return tuple(_row(*row) for row in rows.iterator())


def studies_on(cohort: Cohort) -> QuerySet[Study]:
    """Return the studies that read this cohort."""
    return Study.objects.filter(cohorts=cohort).order_by("title")


def studies_within(cohorts: QuerySet[Cohort]) -> QuerySet[Study]:
    """Return the studies that read at least one of these cohorts and no other."""
    links = Study.cohorts.through.objects
    inside = links.filter(cohort_id__in=cohorts.values("pk"))
    outside = links.exclude(cohort_id__in=cohorts.values("pk"))
    return (
        Study.objects.filter(pk__in=inside.values("study_id"))
        .exclude(pk__in=outside.values("study_id"))
        .prefetch_related("cohorts")
        .order_by("title")
    )


def _row(
    reader: int,
    period: int,
    cohort: str,
    patient: str,
    node: int,
    mask_digest: str,
    short_axis_mm: float,
    category: int | None,
    state: str,
) -> CallRow:
    submitted = state == AssignmentState.SUBMITTED
    return CallRow(
        reader_number=reader,
        period=period,
        cohort_name=cohort,
        patient_pseudonym=patient,
        node_number=node,
        mask_digest=mask_digest,
        short_axis_mm=short_axis_mm,
        category=category if submitted else None,
        submitted=submitted,
    )
