"""Analysis room: released truth, frozen for training and handed down as data.

Training needs the truth, which the prediction room may not read. So a statistician, who may know
the truth, freezes it here; coordinators start training from the frozen table and see no label.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import User
from annotation.selectors import ReleasedTruth, TruthRow, not_determinable_nodes, released_truth
from cohorts.models import Cohort, CTSeries, NodeMask
from cohorts.selectors import (
    cohort_for,
    cohorts_of,
    current_masks_in,
    has_role,
    included_patients,
)
from cohorts.vocabulary import CohortKind, CohortRole, NodeCategory
from inference.selectors import training_datasets_of
from inference.services import keep_training_dataset

SCHEMA = "nodewise-training-data-1"
LISTED = 5

NodeKey = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class CohortToFreeze:
    """A cohort of the statistician with what stands in the way, and what was frozen before."""

    cohort: Cohort
    problem: str
    datasets: tuple[Any, ...]


def cohort_to_freeze(user: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort; Http404 unless the person is its statistician."""
    return cohort_for(user, public_id, CohortRole.STATISTICIAN)


def cohorts_to_freeze(user: User) -> list[CohortToFreeze]:
    """Return the statistician's cohorts, development cohorts first."""
    cohorts = sorted(
        cohorts_of(user, CohortRole.STATISTICIAN),
        key=lambda cohort: (cohort.kind != CohortKind.DEVELOPMENT, cohort.name),
    )
    return [
        CohortToFreeze(
            cohort=cohort,
            problem=_problem(cohort),
            datasets=tuple(training_datasets_of(cohort)),
        )
        for cohort in cohorts
    ]


def _problem(cohort: Cohort) -> str:
    try:
        training_table(cohort)
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    return ""


def freeze_training_dataset(*, by: User, cohort: Cohort) -> Any:
    """Freeze the cohort's newest reference standard with its masks; the same data give one dataset.

    Only a statistician of the cohort may: the one role besides the annotators' that knows the truth
    node by node. Refused unless the cohort was declared a development cohort, has a released
    reference standard for every current mask, and shares no CT with another cohort.
    """
    if not has_role(by, cohort, CohortRole.STATISTICIAN):
        raise PermissionDenied(
            f"Only a statistician of '{cohort.name}' may freeze its reference standard for "
            "training: ask one of them."
        )
    return keep_training_dataset(by=by, cohort=cohort, table=canonical(training_table(cohort)))


def data_to_train_on(*, by: User, cohort: Cohort) -> Any:
    """Return what a person may train on: freshly frozen by statisticians, else frozen last."""
    if has_role(by, cohort, CohortRole.STATISTICIAN):
        return freeze_training_dataset(by=by, cohort=cohort)
    last = training_datasets_of(cohort).first()
    if last is None:
        raise ValidationError(
            f"No training data are frozen of '{cohort.name}': a statistician of it freezes them.",
            code="no_training_data",
        )
    return last


def training_table(cohort: Cohort) -> dict[str, Any]:
    """Return the table of the cohort's nodes with their labels; ValidationError if it may not be.

    ``metastasis`` is 0 or 1; ``ene`` is 0 or 1, or None where it is not known. Nodes without a
    category are listed with the reason and take no part.
    """
    _refuse_other_kinds(cohort)
    truth = _released(cohort)
    masks = {_key(mask): mask for mask in current_masks_in(cohort)}
    undetermined = {(row.patient, row.node): row for row in not_determinable_nodes(cohort)}
    labels = {(row.patient, row.node): row for row in truth.rows}
    _refuse_other_masks(cohort, masks, labels | undetermined)
    _refuse_shared_ct(cohort)
    rows = [_row(masks[key], labels[key]) for key in sorted(masks) if key in labels]
    if not rows:
        raise ValidationError(
            f"No node of '{cohort.name}' has a category in its reference standard.",
            code="no_labelled_nodes",
        )
    return {
        "schema": SCHEMA,
        "cohort": {"id": str(cohort.public_id), "name": cohort.name},
        "reference_standard": {"version": truth.version, "digest": truth.digest},
        "nodes": rows,
        "left_out": [
            {"patient": patient, "node": node, "reason": "not determinable"}
            for patient, node in sorted(undetermined)
            if (patient, node) in masks
        ],
    }


def canonical(table: Mapping[str, Any]) -> bytes:
    """Return the table's bytes: the same table gives the same bytes, and so the same digest."""
    return json.dumps(
        table, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def _key(mask: NodeMask) -> NodeKey:
    return (mask.node.patient.pseudonym, mask.node.number)


def _row(mask: NodeMask, truth: TruthRow) -> dict[str, Any]:
    category = NodeCategory(truth.label)
    return {
        "patient": truth.patient,
        "node": truth.node,
        "id": str(mask.node.public_id),
        "mask": mask.digest,
        "metastasis": int(category >= NodeCategory.METASTASIS),
        "ene": int(category == NodeCategory.METASTASIS_ENE),
    }


def _refuse_other_kinds(cohort: Cohort) -> None:
    if cohort.kind != CohortKind.DEVELOPMENT:
        raise ValidationError(
            f"'{cohort.name}' is declared as {cohort.get_kind_display().lower()}. Results on it "
            "would say nothing about a model that learned from it: train on a development cohort.",
            code="not_a_development_cohort",
        )


def _released(cohort: Cohort) -> ReleasedTruth:
    truth = released_truth(cohort)
    if truth is None:
        raise ValidationError(
            f"'{cohort.name}' has no released reference standard: its coordinator releases one "
            "under Reference standard.",
            code="no_reference_standard",
        )
    return truth


def _refuse_other_masks(
    cohort: Cohort, masks: Mapping[NodeKey, NodeMask], truth: Mapping[NodeKey, TruthRow]
) -> None:
    """Refuse nodes whose mask is not the one that was labelled, and nodes that came later."""
    changed = [
        key for key, mask in masks.items() if key in truth and truth[key].mask_digest != mask.digest
    ]
    if changed:
        raise ValidationError(
            f"The masks of {len(changed)} nodes of '{cohort.name}' changed since its reference "
            f"standard was released ({_listed(changed)}): release one made on the present masks.",
            code="masks_differ",
        )
    unlabelled = [key for key in masks if key not in truth]
    if unlabelled:
        raise ValidationError(
            f"{len(unlabelled)} nodes of '{cohort.name}' are not in its reference standard "
            f"({_listed(unlabelled)}): label them and release again, or exclude their patients.",
            code="nodes_without_truth",
        )


def _listed(keys: Sequence[NodeKey]) -> str:
    shown = ", ".join(f"{patient} node {node}" for patient, node in sorted(keys)[:LISTED])
    return shown + (" and others" if len(keys) > LISTED else "")


def _refuse_shared_ct(cohort: Cohort) -> None:
    """Refuse a patient who is there twice: both sides of a split, or of a study, would hold them.

    Grouping by patient helps only as far as patients are told apart: look for equal voxels.
    """
    patients = included_patients(cohort).select_related("series")
    by_ct: dict[str, list[str]] = defaultdict(list)
    for patient in patients:
        by_ct[patient.series.hu_sha256].append(patient.pseudonym)
    if twice := [names for names in by_ct.values() if len(names) > 1]:
        raise ValidationError(
            f"{_and(twice[0])} of '{cohort.name}' hold the same CT, so that one patient could "
            "be on both sides of a split: exclude all but one.",
            code="same_ct_twice",
        )
    _refuse_tested_ct(cohort, by_ct)


def _refuse_tested_ct(cohort: Cohort, by_ct: Mapping[str, list[str]]) -> None:
    tested = (
        CTSeries.objects.filter(hu_sha256__in=list(by_ct), patient__exclusion_code="")
        .exclude(patient__cohort__kind=CohortKind.DEVELOPMENT)
        .select_related("patient__cohort")
        .order_by("patient__cohort__name", "patient__pseudonym")
        .first()
    )
    if tested is not None:
        raise ValidationError(
            f"{by_ct[tested.hu_sha256][0]} of '{cohort.name}' holds the same CT as "
            f"{tested.patient.pseudonym} of '{tested.patient.cohort.name}', which is a test "
            "cohort. A model must not train on patients it is tested on: exclude one of them.",
            code="shares_ct_with_test_cohort",
        )


def _and(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} and {last}" if first else last
