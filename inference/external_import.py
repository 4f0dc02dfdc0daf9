"""Takes in scores that another model computed elsewhere: all rows of a file, or none."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.models import Cohort, NodeMask
from cohorts.selectors import current_masks_in
from inference import selectors
from inference.external_csv import Problem, ScoreFile, ScoreRow, read_scores
from inference.models import ModelVersion, Prediction, Provenance
from inference.services import EXTERNAL_ARCHITECTURE, refuse_unless_coordinator
from jobs.code_version import code_version

NodeKey = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class ExternalImport:
    """What an import did, or would do."""

    rows: int
    nodes: int
    without_row: tuple[NodeKey, ...]
    problems: tuple[Problem, ...]
    model_version: ModelVersion | None = None


@transaction.atomic
def import_external_predictions(
    *, by: User, cohort: Cohort, name: str, csv: str, dry_run: bool = False
) -> ExternalImport:
    """Store the scores of ``csv`` under the external model ``name``.

    A dry run returns the problems; otherwise any problem is a ValidationError that lists all. The
    same name takes in one file per cohort, so that one model can be compared over several.
    """
    refuse_unless_coordinator(by, cohort)
    version = _version_to_extend(name, cohort)
    scores = read_scores(csv)
    masks = {
        (mask.node.patient.pseudonym, mask.node.number): mask for mask in current_masks_in(cohort)
    }
    problems = (*scores.problems, *_unmatched(scores.rows, masks, cohort))
    if problems and not dry_run:
        raise ValidationError([str(problem) for problem in problems], code="csv")
    given = {(row.patient, row.node) for row in scores.rows}
    stored = None if dry_run else _store(by, cohort, name, version, scores, masks)
    return ExternalImport(
        rows=len(scores.rows),
        nodes=len(masks),
        without_row=tuple(key for key in masks if key not in given),
        problems=problems,
        model_version=stored,
    )


def _version_to_extend(name: str, cohort: Cohort) -> ModelVersion | None:
    """Return the external model of this name; refuse a name that stands for something else."""
    if not name.strip():
        raise ValidationError("Give the model a name.", code="name")
    version = selectors.model_named(name)
    if version is None:
        return None
    if version.architecture != EXTERNAL_ARCHITECTURE:
        raise ValidationError(
            f"'{name}' is a registered model, not an imported one: choose another name.",
            code="name_taken",
        )
    if selectors.predictions_of(cohort, version):
        raise ValidationError(
            f"Scores of '{name}' for '{cohort.name}' were imported before and cannot be changed: "
            "import the new scores under another name.",
            code="imported_already",
        )
    return version


def _unmatched(
    rows: Sequence[ScoreRow], masks: dict[NodeKey, NodeMask], cohort: Cohort
) -> list[Problem]:
    """Name rows whose patient or node is not among the cohort's current nodes."""
    patients = {patient for patient, _ in masks}
    row_of_mask: dict[str, int] = {}
    problems = []
    for row in rows:
        mask = masks.get((row.patient, row.node))
        if row.patient not in patients:
            sentence = f"'{row.patient[:40]}' is no patient with nodes in '{cohort.name}'."
            problems.append(Problem(row=row.row, column="patient", sentence=sentence))
        elif mask is None:
            sentence = f"patient '{row.patient}' has no node {row.node}."
            problems.append(Problem(row=row.row, column="node", sentence=sentence))
        elif row_of_mask.setdefault(mask.digest, row.row) != row.row:
            sentence = (
                f"this node has the same CT and mask as the one of row {row_of_mask[mask.digest]}: "
                "leave one of them out, or exclude the doubled patient."
            )
            problems.append(Problem(row=row.row, column="node", sentence=sentence))
    return problems


def _store(
    by: User,
    cohort: Cohort,
    name: str,
    version: ModelVersion | None,
    scores: ScoreFile,
    masks: dict[NodeKey, NodeMask],
) -> ModelVersion:
    old = version.digest if version else None
    version = version or ModelVersion(
        name=name,
        architecture=EXTERNAL_ARCHITECTURE,
        provenance=Provenance.EXTERNAL,
        parameters={"imports": []},
        expected_members=0,
        registered_by=by,
    )
    content = scores.content_sha256()
    version.parameters["imports"].append(
        {"cohort": str(cohort.public_id), "sha256": content, "rows": len(scores.rows)}
    )
    version.digest = _digest(version)
    version.full_clean()
    version.save()
    Prediction.objects.bulk_create(
        [_prediction(version, row, masks[row.patient, row.node]) for row in scores.rows],
        batch_size=500,
    )
    audit.record(
        by=by,
        verb="import_external_predictions",
        target=version,
        old={"digest": old} if old else None,
        new={
            "name": name,
            "cohort": cohort.name,
            "rows": len(scores.rows),
            "sha256": content,
            "digest": version.digest,
        },
    )
    return version


def _digest(version: ModelVersion) -> str:
    """Return the digest over the name and the content of all files taken in under it."""
    imports = sorted(version.parameters["imports"], key=lambda entry: str(entry["cohort"]))
    content = [version.architecture, version.name, imports]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _prediction(version: ModelVersion, row: ScoreRow, mask: NodeMask) -> Prediction:
    return Prediction(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        metastasis_score=row.metastasis,
        ene_score=row.ene,
        code_version=code_version(),
    )
