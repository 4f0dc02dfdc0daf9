"""Keeping what upstairs froze for training."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts import storage
from cohorts.models import Cohort
from cohorts.selectors import has_role
from cohorts.vocabulary import CohortRole
from inference.models import TrainingDataset

FIELDS = {"patient": str, "node": int, "id": str, "mask": str, "metastasis": int}


def keep_training_dataset(*, by: User, cohort: Cohort, table: bytes) -> TrainingDataset:
    """Keep a table of labelled node masks under its digest; the same table is kept once.

    The truth comes down as data: this room cannot read where it is made.
    """
    if not has_role(by, cohort, CohortRole.STATISTICIAN):
        raise PermissionDenied(
            f"Only a statistician of '{cohort.name}' may hand its truth to training."
        )
    content = json.loads(table)
    _refuse_malformed(content)
    key = storage.put(table)
    with transaction.atomic():
        kept = TrainingDataset.objects.filter(table_key=key).first()
        if kept is not None:
            return kept
        dataset = TrainingDataset(
            cohort=cohort,
            reference_digest=content["reference_standard"]["digest"],
            table_key=key,
            patients=len({row["patient"] for row in content["nodes"]}),
            nodes=len(content["nodes"]),
            frozen_by=by,
        )
        dataset.full_clean()
        dataset.save()
        audit.record(
            by=by,
            verb="freeze_training_dataset",
            target=dataset,
            new={"cohort": cohort.name, "digest": key, "nodes": dataset.nodes},
        )
    return dataset


def _refuse_malformed(content: Mapping[str, Any]) -> None:
    for position, row in enumerate(content["nodes"]):
        for name, kind in FIELDS.items():
            if not isinstance(row.get(name), kind):
                raise ValidationError(
                    f"Row {position} of the training data: '{name}' must be {kind.__name__}, "
                    f"not {row.get(name)!r}.",
                    code="training_data",
                )
        if row["metastasis"] not in (0, 1) or row["ene"] not in (0, 1, None):
            raise ValidationError(
                f"Row {position} of the training data: labels must be 0 or 1 (ENE: or unknown).",
                code="training_data",
            )
