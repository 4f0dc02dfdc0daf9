"""Importing, and what importers may do with it: the success first, then every refusal."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.http import Http404

from accounts.models import AuditEvent
from cohorts.models import Cohort, CohortMember
from cohorts.vocabulary import CohortRole
from readerstudy.analysis import pipeline, selectors, services
from readerstudy.analysis.imported_help import EXAMPLE
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from tests.people import join, person


def bring(by, **more):
    given = {"title": "Elsewhere", "file_name": "calls.csv", "data": EXAMPLE.encode()} | more
    return services.import_dataset(by=by, **given)


@pytest.fixture
def second_statistician(cohort):
    second = person("second_statistician")
    join(cohort, second, CohortRole.STATISTICIAN)
    return second


def test_an_import_is_frozen_and_told(people):
    dataset = bring(people.statistician)
    assert (dataset.study, dataset.name, dataset.rows) == (None, "Elsewhere", 8)
    assert dataset.is_imported
    assert selectors.frozen_table_of(dataset).table.readers == ("R1", "R2")
    told = AuditEvent.objects.get(verb="import_dataset").new
    assert told["digest"] == dataset.digest
    assert told["file_sha256"] == dataset.sources["file_sha256"]


def test_the_same_file_freezes_to_the_same_digest_and_its_runs_count_together(people):
    first, second = bring(people.statistician), bring(people.statistician)
    assert first.digest == second.digest
    services.request_analysis(by=people.statistician, dataset=first)
    services.request_analysis(by=people.statistician, dataset=second)
    other = bring(people.statistician, title="Another")
    assert selectors.unblinded_runs_of(first) == 2
    assert selectors.unblinded_runs_of(other) == 0


def test_an_import_is_computed_like_any_other(people):
    run = services.request_analysis(by=people.statistician, dataset=bring(people.statistician))
    pipeline.run_analysis(run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.error
    assert pipeline.recomputed_digest_matches(run)


@pytest.mark.parametrize("who", ["coordinator", "annotator_one", "reader_one", "outsider"])
def test_only_statisticians_import(people, who):
    with pytest.raises(PermissionDenied):
        bring(getattr(people, who))
    with pytest.raises(Http404):
        selectors.imports_for(getattr(people, who))


def test_a_refused_file_stores_nothing(people):
    with pytest.raises(ValidationError, match=r"calls\.csv, line 1: column 'cohort'"):
        bring(people.statistician, data=b"a,b\n1,2\n")
    with pytest.raises(ValidationError, match="title"):
        bring(people.statistician, title="  ")
    assert not AnalysisDataset.objects.exists()


def test_another_statistician_of_the_same_cohort_neither_sees_nor_runs_it(
    people, second_statistician
):
    dataset = bring(people.statistician)
    run = services.request_analysis(by=people.statistician, dataset=dataset)
    for find, found in ((selectors.dataset_for, dataset), (selectors.run_for, run)):
        assert find(people.statistician, found.public_id) == found
        with pytest.raises(Http404):
            find(second_statistician, found.public_id)
    assert list(selectors.imports_for(second_statistician)) == []
    with pytest.raises(PermissionDenied):
        services.request_analysis(by=second_statistician, dataset=dataset)
    with pytest.raises(PermissionDenied):
        services.cancel_analysis(by=second_statistician, run=run)


def test_who_is_a_statistician_no_more_loses_sight_of_it(people):
    dataset = bring(people.statistician)
    CohortMember.objects.filter(user=people.statistician).delete()
    with pytest.raises(Http404):
        selectors.dataset_for(people.statistician, dataset.public_id)
    with pytest.raises(PermissionDenied):
        services.request_analysis(by=people.statistician, dataset=dataset)
    join(Cohort.objects.create(name="Another"), people.statistician, CohortRole.STATISTICIAN)
    assert selectors.dataset_for(people.statistician, dataset.public_id) == dataset


@pytest.mark.parametrize("statement", ["UPDATE {} SET title = 'x'", "DELETE FROM {}"])
def test_the_rebuilt_table_is_still_append_only(people, statement):
    bring(people.statistician)
    table = AnalysisDataset._meta.db_table
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert AnalysisDataset.objects.get().title == "Elsewhere"


def test_the_command_imports_and_computes(people, tmp_path, capsys):
    path = tmp_path / "calls.csv"
    path.write_text(EXAMPLE)
    call_command("import_study_csv", path, "--title=T", "--by=statistician", "--wait")
    assert "Imported 8 nodes" in capsys.readouterr().out
    assert AnalysisRun.objects.get().results_key


def test_the_command_says_what_is_wrong(people, tmp_path):
    for arguments, said in (
        ((tmp_path / "none.csv", "--by=statistician"), "cannot be read"),
        ((tmp_path / "none.csv", "--by=nobody"), "no active account"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("import_study_csv", *arguments, "--title=T")
    path = tmp_path / "calls.csv"
    path.write_text(EXAMPLE)
    with pytest.raises(CommandError, match="Only a statistician"):
        call_command("import_study_csv", path, "--title=T", "--by=outsider")
