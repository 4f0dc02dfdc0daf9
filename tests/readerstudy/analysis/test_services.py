"""Freezing and requesting: the success first, then every refusal."""

import io
from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command

from accounts.models import AuditEvent
from cohorts import storage
from cohorts.models import NodeMask
from jobs import leases
from jobs.models import JobState
from readerstudy.analysis import pipeline, selectors, services
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.reading import services as reading
from tests import walk
from tests.cases import store_case


def refusal(call, code):
    with pytest.raises(ValidationError) as caught:
        call()
    assert caught.value.error_list[0].code == code
    return caught.value.messages[0]


def freeze(people, study, **more):
    return services.freeze_dataset(by=people.statistician, study=study, **more)


def test_a_frozen_dataset_joins_truth_calls_and_predictions(people, closed, model):
    dataset = freeze(people, closed, model=model)
    frozen = selectors.frozen_table_of(dataset)
    assert dataset.rows == 20
    assert frozen.table.readers == ("R1", "R2")
    assert frozen.sources["model"]["provenance"] == "external"
    assert frozen.sources["reference_standards"][0]["version"] == 1
    row = next(row for row in frozen.table.rows if row.key == ("External test 1", "P002", "4"))
    assert row.truth == 1
    assert row.calls == {"R1": 2, "R2": 1}
    assert row.score_metastasis == pytest.approx(1 + (8 * 37 % 11) / 11)
    told = AuditEvent.objects.get(verb="freeze_dataset").new
    assert told == {"digest": dataset.digest, "role": "primary"}


def test_the_same_data_freeze_to_the_same_digest(people, closed, model):
    assert freeze(people, closed, model=model).digest == freeze(people, closed, model=model).digest


def test_a_node_without_a_category_stays_in_the_table_without_truth(people, cohort, cases):
    walk.release_truth(people, cohort, undetermined=2)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    reading.close_study(by=people.coordinator, study=study)
    rows = selectors.frozen_table_of(freeze(people, study)).table.rows
    assert {row.truth for row in rows if row.node == "2"} == {None}
    assert len(rows) == 20


def test_an_open_study_is_refused_unless_interim_is_said(people, study):
    assert "interim" in refusal(lambda: freeze(people, study), "study_open")
    assert freeze(people, study, interim=True).interim


def test_a_closed_study_is_not_interim_whatever_is_ticked(people, closed):
    assert not freeze(people, closed, interim=True).interim


def test_interim_data_count_submitted_cases_only(people, cohort, cases):
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    walk.read_as(people.reader_one, study, cases=2)
    frozen = selectors.frozen_table_of(freeze(people, study, interim=True))
    assert frozen.sources["cases_submitted"] == 2
    assert frozen.sources["cases_not_submitted"] == 6
    assert sum(row.calls["R1"] is not None for row in frozen.table.rows) == 10
    assert all(row.calls["R2"] is None for row in frozen.table.rows)


def test_a_draft_study_is_refused(people, cohort, cases):
    study = reading.create_study(by=people.coordinator, title="Draft", cohorts=[cohort])
    refusal(lambda: freeze(people, study, interim=True), "study_draft")


def test_a_study_nobody_has_read_is_refused(people, cohort, cases):
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    refusal(lambda: freeze(people, study, interim=True), "no_calls")


def test_a_cohort_without_released_truth_is_refused_by_name(people, cohort, cases):
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    sentence = refusal(lambda: freeze(people, study, interim=True), "no_reference_standard")
    assert "External test 1" in sentence


def test_truth_on_another_mask_than_was_read_is_refused(people, cohort, cases):
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    mask = NodeMask.objects.get(node__patient=cases[0], node__number=3)
    NodeMask.objects.filter(pk=mask.pk).update(is_current=False)
    mask.pk, mask.version, mask.digest = None, 2, "f" * 64
    mask.save()
    walk.release_truth(people, cohort)
    reading.close_study(by=people.coordinator, study=study)
    assert "P001 node 3" in refusal(lambda: freeze(people, study), "masks_differ")


@pytest.mark.parametrize("who", ["coordinator", "annotator_one", "reader_one", "outsider"])
def test_only_a_statistician_freezes_and_runs(people, closed, who):
    stranger = getattr(people, who)
    with pytest.raises(PermissionDenied):
        services.freeze_dataset(by=stranger, study=closed)
    dataset = freeze(people, closed)
    with pytest.raises(PermissionDenied):
        services.request_analysis(by=stranger, dataset=dataset)


def test_a_statistician_of_only_one_of_two_cohorts_is_refused(people, closed, cohort):
    from cohorts.models import Cohort

    closed.cohorts.add(Cohort.objects.create(name="Foreign"))
    with pytest.raises(PermissionDenied):
        freeze(people, closed)


def run_of(people, closed, model):
    dataset = freeze(people, closed, model=model)
    return services.request_analysis(by=people.statistician, dataset=dataset)


def test_a_run_computes_and_recomputes_to_identical_bytes(people, closed, model):
    run = run_of(people, closed, model)
    pipeline.run_analysis(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.DONE
    assert run.results_digest == run.results_key
    assert pipeline.recomputed_digest_matches(run)
    again = services.request_analysis(by=people.statistician, dataset=run.dataset)
    pipeline.run_analysis(again.pk)
    again.refresh_from_db()
    assert again.results_digest == run.results_digest
    assert selectors.unblinded_runs(closed) == 2
    earlier = run_of_an_earlier_version(run)
    told = verified()
    for one in (run, again):
        assert f"run {one.public_id}  {one.results_digest[:16]}  identical\n" in told
    assert (
        f"run {earlier.public_id}  {earlier.results_digest[:16]}  computed by an earlier version "
        "(schema 2, code 0.2.0): cannot be recomputed here\n"
    ) in told


def run_of_an_earlier_version(run):
    """Results as an earlier version stored them, of the same dataset."""
    key = storage.put(b'{"schema_version":2,"tables":{}}')
    return AnalysisRun.objects.create(
        dataset=run.dataset,
        code_version="0.2.0",
        requested_by=run.requested_by,
        state=JobState.DONE,
        results_key=key,
        results_digest=key,
    )


def verified():
    told = io.StringIO()
    call_command("verify_analysis", stdout=told)
    return told.getvalue()


def test_nothing_is_verified_where_nothing_is_stored(db):
    assert verified() == ""


def test_a_finished_run_is_not_computed_twice(people, closed, model):
    run = run_of(people, closed, model)
    pipeline.run_analysis(run.pk)
    pipeline.run_analysis(run.pk)
    assert AnalysisRun.objects.get(pk=run.pk).attempts == 1


def test_a_run_held_by_another_worker_is_left_alone(people, closed, model):
    run = run_of(people, closed, model)
    leases.claim(AnalysisRun, run.pk, owner="another worker")
    pipeline.run_analysis(run.pk)
    assert AnalysisRun.objects.get(pk=run.pk).results_key == ""


def test_a_cancelled_run_is_not_computed(people, closed, model):
    run = run_of(people, closed, model)
    services.cancel_analysis(by=people.statistician, run=run)
    pipeline.run_analysis(run.pk)
    run.refresh_from_db()
    assert (run.state, run.results_key) == (JobState.CANCELLED, "")
    refusal(lambda: services.cancel_analysis(by=people.statistician, run=run), "run_over")


def test_a_frozen_dataset_cannot_be_edited(people, closed):
    from django.db import DatabaseError, transaction

    dataset = freeze(people, closed)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AnalysisDataset.objects.filter(pk=dataset.pk).update(rows=1)


def test_a_case_added_to_the_cohort_later_does_not_enter(people, closed, cohort, model):
    before = selectors.frozen_table_of(freeze(people, closed, model=model))
    store_case(cohort, "P099", nodes=2)
    after = selectors.frozen_table_of(freeze(people, closed, model=model))
    # Counted as a patient of the cohort, and no more than that.
    assert [(one.patients, one.nodes) for one in before.flow] == [(4, 20)]
    assert [(one.patients, one.nodes) for one in after.flow] == [(5, 22)]
    assert replace(after, flow=before.flow) == before
