"""Importing another model's scores: all rows or none."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent
from cohorts.models import Cohort, CohortMember, NodeMask
from cohorts.vocabulary import CohortRole
from inference import selectors
from inference.external_import import import_external_predictions
from inference.models import ModelVersion, Prediction
from tests.cases import store_case

HEADER = "patient,node,score_metastasis,score_ene\n"
GOOD = HEADER + "P001,1,0.5,-1\nP001,2,7,8\nP002,1,1e-3,0\n"


@pytest.fixture
def stored(cohort):
    store_case(cohort, "P001", nodes=2)
    store_case(cohort, "P002", nodes=2)


def take_in(people, cohort, csv, *, name="Other AI", dry_run=False, by=None):
    return import_external_predictions(
        by=by or people.coordinator, cohort=cohort, name=name, csv=csv, dry_run=dry_run
    )


def test_scores_are_stored_under_a_model_of_their_own(people, cohort, stored):
    result = take_in(people, cohort, GOOD)
    version = result.model_version
    assert (version.architecture, version.provenance) == ("external", "external")
    assert (result.rows, result.nodes, result.without_row) == (3, 4, (("P002", 2),))
    rows = selectors.predictions_of(cohort, version)
    assert [(r.patient, r.node, r.metastasis_score, r.ene_score) for r in rows] == [
        ("P001", 1, 0.5, -1.0),
        ("P001", 2, 7.0, 8.0),
        ("P002", 1, 0.001, 0.0),
    ]
    assert rows[0].metastasis_probability is None
    event = AuditEvent.objects.get(verb="import_external_predictions")
    assert event.new["digest"] == version.digest


def test_the_digest_is_that_of_the_content(people, cohort, stored):
    first = take_in(people, cohort, GOOD).model_version
    lines = GOOD.strip().splitlines()
    shuffled = "\n".join([lines[0], *reversed(lines[1:])])
    imports = first.parameters["imports"][0]
    second = take_in(people, cohort, shuffled, name="Same scores").model_version
    assert second.parameters["imports"][0] == imports
    assert second.digest != first.digest


def test_a_dry_run_stores_nothing(people, cohort, stored):
    result = take_in(people, cohort, GOOD, dry_run=True)
    assert (result.rows, result.problems, result.model_version) == (3, (), None)
    assert not ModelVersion.objects.exists()
    assert not AuditEvent.objects.filter(verb="import_external_predictions").exists()


BAD = HEADER + "P001,1,0.5,-1\nP009,1,1,1\nP001,7,1,1\nP002,1,zero,1\n"


def test_every_problem_is_listed_and_nothing_is_stored(people, cohort, stored):
    checked = take_in(people, cohort, BAD, dry_run=True)
    found = sorted((problem.row, problem.column) for problem in checked.problems)
    assert found == [(3, "patient"), (4, "node"), (5, "score_metastasis")]
    with pytest.raises(ValidationError) as caught:
        take_in(people, cohort, BAD)
    assert len(caught.value.messages) == 3
    assert not Prediction.objects.exists()
    assert not ModelVersion.objects.exists()


def test_a_patient_of_another_cohort_is_unknown_here(people, cohort, stored):
    store_case(Cohort.objects.create(name="Another"), "X001", nodes=1)
    checked = take_in(people, cohort, HEADER + "X001,1,1,1\n", dry_run=True)
    assert [problem.column for problem in checked.problems] == ["patient"]


def test_two_rows_of_one_and_the_same_mask_are_refused(people, cohort, stored):
    masks = NodeMask.objects.filter(node__patient__cohort=cohort).order_by("pk")
    masks.filter(pk=masks[1].pk).update(digest=masks[0].digest)
    checked = take_in(people, cohort, GOOD, dry_run=True)
    assert [(problem.row, problem.column) for problem in checked.problems] == [(3, "node")]


def test_one_model_takes_in_one_file_per_cohort(people, cohort, stored):
    other = Cohort.objects.create(name="Another")
    CohortMember.objects.create(cohort=other, user=people.coordinator, role=CohortRole.COORDINATOR)
    store_case(other, "X001", nodes=1)
    first = take_in(people, cohort, GOOD).model_version
    second = take_in(people, other, HEADER + "X001,1,1,1\n").model_version
    assert second.pk == first.pk
    assert second.digest != first.digest
    assert len(second.parameters["imports"]) == 2
    assert list(selectors.models_with_predictions([cohort])) == [second]
    with pytest.raises(ValidationError) as caught:
        take_in(people, cohort, GOOD)
    assert caught.value.code == "imported_already"


def test_a_registered_models_name_is_not_reused(people, cohort, stored, version):
    with pytest.raises(ValidationError) as caught:
        take_in(people, cohort, GOOD, name=version.name)
    assert caught.value.code == "name_taken"


def test_a_name_is_needed(people, cohort, stored):
    with pytest.raises(ValidationError) as caught:
        take_in(people, cohort, GOOD, name="  ")
    assert caught.value.code == "name"


@pytest.mark.parametrize("person", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_the_cohorts_coordinator_imports(people, cohort, stored, person):
    with pytest.raises(PermissionDenied):
        take_in(people, cohort, GOOD, by=getattr(people, person))
