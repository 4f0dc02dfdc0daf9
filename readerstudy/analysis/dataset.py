"""Analysis room: the one place where truth, calls and predictions meet."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError

from annotation.selectors import (
    ReleasedTruth,
    annotator_pairs,
    not_determinable_nodes,
    released_truth,
)
from cohorts.models import Cohort
from cohorts.selectors import PatientCovariates, covariates_in, exclusions_in
from inference.selectors import (
    NO_CALL,
    AiEne,
    PredictionRow,
    count_ene,
    ene_call_of,
    model_version,
    patients_without_nodes,
    predictions_of,
)
from readerstudy.analysis.comparator import Role, notice_of
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import (
    CaseReading,
    FlowCount,
    FrozenTable,
    NodeLabels,
    PatientIdentifiability,
    PatientRow,
)
from readerstudy.reading.plan import document_of, plan_from
from readerstudy.reading.selectors import (
    AmendmentRow,
    CallRow,
    ReadingTime,
    amendments_of,
    calls_of,
    plan_of,
    reading_times_of,
)

NodeKey = tuple[str, str, int]
LISTED = 5


@dataclass(frozen=True)
class _Truth:
    """The newest released reference standard of each cohort."""

    released: Mapping[str, ReleasedTruth]
    labels: Mapping[NodeKey, tuple[int | None, str]]
    levels: Mapping[NodeKey, str]


def join(study: Any, model: Any | None, *, interim: bool, role: Role | None = None) -> FrozenTable:
    """Join the study's calls with released truth and one model's predictions.

    Every node assigned to a reader is a row. Raises ValidationError when a cohort has no released
    reference standard, when calls or truth rest on different masks of a node, or when there is no
    submitted case.
    """
    calls = calls_of(study)
    cohorts = list(study.cohorts.all())
    truth = _truth_of(cohorts)
    predictions = _predictions_of(cohorts, model)
    masks = _masks(calls)
    sizes = {_key(call): call.short_axis_mm for call in calls}
    _refuse_other_masks(masks, truth)
    readers = _reader_labels(calls)
    by_node: dict[NodeKey, dict[str, int | None]] = defaultdict(dict)
    for call in calls:
        by_node[_key(call)][f"R{call.reader_number}"] = call.category
    rows = [
        replace(
            _row(key, by_node[key], readers, truth, predictions.get((key[0], masks[key]))),
            short_axis_mm=sizes[key],
            level=truth.levels.get(key, ""),
        )
        for key in sorted(by_node)
    ]
    sources = _sources(study, truth, model, calls, interim=interim)
    return FrozenTable(
        sources=sources | _model_sources(model, role) | _out_of_fold(predictions),
        table=StudyTable(readers=readers, rows=tuple(rows)),
        mask_digests={
            (cohort, patient, str(node)): digest
            for (cohort, patient, node), digest in masks.items()
        },
        patients=_patients(cohorts, masks, predictions, model),
        readings=tuple(_reading(row) for row in reading_times_of(study)),
        labels=tuple(row for cohort in cohorts for row in _labels(cohort, masks)),
        flow=tuple(row for cohort in cohorts for row in _flow(cohort)),
        identifiability=tuple(_identifiability(truth, masks)),
    )


def _reading(row: ReadingTime) -> CaseReading:
    return CaseReading(
        reader=f"R{row.reader_number}",
        cohort=row.cohort_name,
        patient=row.patient_pseudonym,
        nodes=row.nodes,
        active_seconds=row.active_seconds,
        total_seconds=row.total_seconds,
        changed_calls=row.changed_calls,
    )


def _labels(cohort: Cohort, read: Collection[NodeKey]) -> list[NodeLabels]:
    """Return both annotators' labels of the nodes that were read."""
    return [
        NodeLabels(
            cohort=cohort.name,
            patient=pair.patient,
            node=str(pair.node),
            first=pair.first,
            second=pair.second,
        )
        for pair in annotator_pairs(cohort)
        if (cohort.name, pair.patient, pair.node) in read
    ]


def _flow(cohort: Cohort) -> list[FlowCount]:
    return [
        FlowCount(
            cohort=cohort.name,
            exclusion_code=entry.code,
            patients=entry.patients,
            nodes=entry.nodes,
        )
        for entry in exclusions_in(cohort)
    ]


def _key(call: CallRow) -> NodeKey:
    return (call.cohort_name, call.patient_pseudonym, call.node_number)


def _reader_labels(calls: Iterable[CallRow]) -> tuple[str, ...]:
    if {call.period for call in calls} - {1}:
        raise ValidationError(
            "This study has more than one period; only single-period studies can be analysed.",
            code="many_periods",
        )
    if not any(call.submitted for call in calls):
        raise ValidationError(
            "No reader has submitted a case yet, so there is nothing to freeze.", code="no_calls"
        )
    return tuple(f"R{number}" for number in sorted({call.reader_number for call in calls}))


def _masks(calls: Iterable[CallRow]) -> dict[NodeKey, str]:
    return {_key(call): call.mask_digest for call in calls}


def _truth_of(cohorts: Iterable[Cohort]) -> _Truth:
    released: dict[str, ReleasedTruth] = {}
    labels: dict[NodeKey, tuple[int | None, str]] = {}
    for cohort in cohorts:
        found = released_truth(cohort)
        if found is None:
            raise ValidationError(
                f"'{cohort.name}' has no released reference standard: its coordinator releases one "
                "under Reference standard.",
                code="no_reference_standard",
            )
        released[cohort.name] = found
        for row in found.rows:
            labels[(cohort.name, row.patient, row.node)] = (row.label, row.mask_digest)
        for row in not_determinable_nodes(cohort):
            labels[(cohort.name, row.patient, row.node)] = (None, row.mask_digest)
    return _Truth(released, labels, _levels(released))


def _levels(released: Mapping[str, ReleasedTruth]) -> dict[NodeKey, str]:
    """Return the level of each node as labelled, without its side: "IIa"."""
    return {
        (cohort, one["patient"], int(number)): place.split()[-1]
        for cohort, found in released.items()
        for one in found.identifiability or ()
        for number, place in one["levels"].items()
    }


def _identifiability(truth: _Truth, read: Collection[NodeKey]) -> Iterator[PatientIdentifiability]:
    """Yield what was released of each patient who was read."""
    patients = {key[:2] for key in read}
    for cohort, found in truth.released.items():
        for one in found.identifiability or ():
            if (cohort, one["patient"]) in patients:
                stored = {key: one[key] for key in one.keys() - {"patient", "levels"}}
                yield PatientIdentifiability(cohort=cohort, patient=one["patient"], stored=stored)


def _refuse_other_masks(masks: Mapping[NodeKey, str], truth: _Truth) -> None:
    other = [
        f"{patient} node {node}"
        for (cohort, patient, node), digest in sorted(masks.items())
        if truth.labels.get((cohort, patient, node), (None, digest))[1] != digest
    ]
    if other:
        shown = ", ".join(other[:LISTED]) + (" and others" if len(other) > LISTED else "")
        raise ValidationError(
            f"Readers and annotators saw different masks of {len(other)} nodes ({shown}): release "
            "a reference standard made on the masks that were read.",
            code="masks_differ",
        )


def _predictions_of(
    cohorts: Iterable[Cohort], model: Any | None
) -> dict[tuple[str, str], PredictionRow]:
    if model is None:
        return {}
    return {
        (cohort.name, row.mask_digest): row
        for cohort in cohorts
        for row in predictions_of(cohort, model)
    }


def _row(
    key: NodeKey,
    calls: Mapping[str, int | None],
    readers: Iterable[str],
    truth: _Truth,
    prediction: PredictionRow | None,
) -> NodeRow:
    cohort, patient, node = key
    return NodeRow(
        cohort=cohort,
        patient=patient,
        node=str(node),
        truth=truth.labels.get(key, (None, ""))[0],
        calls={reader: calls.get(reader) for reader in readers},
        score_metastasis=None if prediction is None else prediction.metastasis_score,
        score_ene=None if prediction is None else prediction.ene_score,
    )


def _sources(
    study: Any, truth: _Truth, model: Any | None, calls: tuple[CallRow, ...], *, interim: bool
) -> dict[str, Any]:
    cases = {(c.reader_number, c.cohort_name, c.patient_pseudonym): c.submitted for c in calls}
    states = Counter(cases.values())
    return {
        "study": study.title,
        "protocol_digest": study.protocol_digest,
        "opened_at": study.opened_at.isoformat(timespec="seconds"),
        "plan": document_of(plan_from(plan_of(study))),
        "amendments": [_amendment(row) for row in amendments_of(study)],
        "interim": interim,
        "reference_standards": [
            {"cohort": name, "version": found.version, "digest": found.digest}
            for name, found in sorted(truth.released.items())
        ],
        "cases_submitted": states[True],
        "cases_not_submitted": states[False],
    }


def _amendment(row: AmendmentRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "reason": row.reason,
        "at": row.at.isoformat(timespec="seconds"),
        "by": row.by,
        "digest": row.digest,
    }


def _model_sources(model: Any | None, role: Role | None) -> dict[str, Any]:
    """Return the model, its role, and what must be said wherever its numbers stand.

    ``model.thresholds`` maps ``metastasis`` and ``ene`` to the thresholds fixed with the version.
    """
    if model is None or role is None:
        return {"model": None}
    told: dict[str, Any] = {"model": _model(model), "role": role.value}
    return told | {"notice": notice_of(told), "ene_rule": ene_call_of(model).sentence}


def _out_of_fold(predictions: Mapping[tuple[str, str], PredictionRow]) -> dict[str, Any]:
    """Say how many scores come from members that did not train on the patient, if any do."""
    count = sum(row.is_out_of_fold for row in predictions.values())
    return {"out_of_fold_nodes": count} if count else {}


def _model(model: Any) -> dict[str, Any]:
    described: Any = model_version(model.public_id)  # carries the annotated member_count
    return {
        "name": described.name,
        "digest": described.digest,
        "provenance": described.provenance,
        "provenance_label": described.get_provenance_display(),
        "architecture": described.architecture,
        "members": described.member_count,
        "expected_members": described.expected_members,
        "thresholds": described.thresholds,
        "registered_at": described.registered_at.isoformat(timespec="seconds"),
    }


def _patients(
    cohorts: Iterable[Cohort],
    masks: Mapping[NodeKey, str],
    predictions: Mapping[tuple[str, str], PredictionRow],
    model: Any | None,
) -> tuple[PatientRow, ...]:
    """Count the model's ENE nodes of each patient who was read, and list those without nodes."""
    rows: list[PatientRow] = []
    for cohort in cohorts:
        read = {key: digest for key, digest in masks.items() if key[0] == cohort.name}
        nodes = dict.fromkeys(patients_without_nodes(cohort), 0)
        nodes |= Counter(patient for _, patient, _ in read)
        scores = [predictions.get((cohort.name, digest)) for digest in read.values()]
        found = [score for score in scores if score is not None]
        known = {one.pseudonym: one for one in covariates_in(cohort)}
        rows += [
            _patient(cohort.name, entry, model, known.get(entry.patient))
            for entry in _counts(nodes, found, model)
        ]
    return tuple(rows)


def _counts(
    nodes: Mapping[str, int], scores: Iterable[PredictionRow], model: Any | None
) -> list[AiEne]:
    return count_ene(nodes, scores, NO_CALL if model is None else ene_call_of(model))


def _patient(
    cohort: str, entry: AiEne, model: Any | None, known: PatientCovariates | None
) -> PatientRow:
    without_model = entry.note if not entry.nodes else ""
    row = PatientRow(
        cohort=cohort,
        patient=entry.patient,
        model_ene=entry.ene_nodes,
        note=without_model if model is None else entry.note,
    )
    if known is None:
        return row
    described = {key: value for key, value in asdict(known).items() if key != "pseudonym"}
    return replace(row, **described)
