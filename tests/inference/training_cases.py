"""A small development cohort with frozen labels, and settings that train it in seconds."""

import json
from typing import Any

from cohorts.models import Cohort, NodeMask
from inference.models import TrainingDataset
from inference.services import keep_training_dataset
from tests.cases import store_case
from tests.people import People

PATIENTS, NODES = 8, 3
TINY: dict[str, Any] = {
    "runs": 1,
    "folds": 2,
    "inner_folds": 2,
    "epochs": 2,
    "evaluate_every": 1,
    "batch_size": 4,
    "threads": 1,
}


def store_development(cohort: Cohort, *, patients: int = PATIENTS, nodes: int = NODES) -> Cohort:
    """Make it a development cohort with patients whose nodes are of all three categories."""
    Cohort.objects.filter(pk=cohort.pk).update(kind="development")
    cohort.refresh_from_db()
    for number in range(1, patients + 1):
        store_case(cohort, f"D{number:03}", nodes=nodes)
    return cohort


def table_of(cohort: Cohort, *, flipped: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the table as upstairs freezes it; the labels of ``flipped`` patients are others."""
    rows = []
    masks = NodeMask.objects.filter(node__patient__cohort=cohort, is_current=True)
    for mask in masks.select_related("node__patient").order_by(
        "node__patient__pseudonym", "node__number"
    ):
        patient = mask.node.patient.pseudonym
        category = (mask.node.number + (patient in flipped)) % 3
        rows.append(
            {
                "patient": patient,
                "node": mask.node.number,
                "id": str(mask.node.public_id),
                "mask": mask.digest,
                "metastasis": int(category >= 1),
                "ene": int(category == 2),
            }
        )
    return {
        "schema": "nodewise-training-data-1",
        "cohort": {"id": str(cohort.public_id), "name": cohort.name},
        "reference_standard": {"version": 1, "digest": "d" * 64},
        "nodes": rows,
        "left_out": [],
    }


def freeze(people: People, cohort: Cohort, **changes: Any) -> TrainingDataset:
    """Keep the cohort's table as training data."""
    table = json.dumps(table_of(cohort, **changes), sort_keys=True).encode()
    return keep_training_dataset(by=people.statistician, cohort=cohort, table=table)
