"""The database itself refuses to change or delete a row of judgement."""

import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from accounts.append_only import APPEND_ONLY_TABLES
from annotation import services as annotation
from annotation.models import Labelling, LabellingState
from cohorts.models import Patient
from cohorts.services import add_node
from readerstudy.reading import services as reading
from readerstudy.reading.models import Assignment, AssignmentState
from tests.access import scene
from tests.cases import box_runs, store_station

MODELS = {model._meta.db_table: model for model in apps.get_models()}


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with scene.standing(django_db_blocker) as built:
        # Kinds of judgement that the scene leaves out: what was reopened, and a mask.
        case = Assignment.objects.get(public_id=built.things["submitted_case"])
        assert case.state == AssignmentState.SUBMITTED
        reading.reopen_case(
            by=built.people["coordinator"], assignment=case, reason="Look once more."
        )
        annotation.reopen_labelling(
            by=built.people["coordinator"],
            labelling=Labelling.objects.filter(state=LabellingState.SUBMITTED).first(),
            reason="The mask was refined.",
        )
        fresh = Patient.objects.get(public_id=built.things["patient"])
        add_node(
            by=built.people["annotator"],
            patient=fresh,
            client_id=uuid.uuid4(),
            runs=box_runs((8, 30, 30), (10, 36, 36)),
        )
        store_station(fresh, "left", "III", (1, 1, 1), (2, 9, 9))
        yield built


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_each_table_holds_a_row_of_the_walked_study(db, stage, table):
    """A trigger that fires for each row proves nothing on an empty table."""
    assert MODELS[table]._default_manager.exists()


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_sql_is_refused(db, stage, table, statement):
    before = MODELS[table]._default_manager.count()
    with (
        pytest.raises(DatabaseError, match=f"{table}: rows of this table are append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert MODELS[table]._default_manager.count() == before


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_the_ways_around_a_models_save_are_refused(db, stage, table):
    rows = MODELS[table]._default_manager.all()
    row = rows.first()
    field = next(field.name for field in row._meta.fields if not field.primary_key)
    for change in (
        lambda: rows.update(**{field: getattr(row, row._meta.get_field(field).attname)}),
        lambda: rows.bulk_update([row], [field]),
        lambda: rows.filter(pk=row.pk)._raw_delete(rows.db),
        lambda: row.save(force_update=True),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_every_model_that_says_it_is_append_only_is_protected():
    said = {
        model._meta.db_table
        for model in apps.get_models()
        if "append-only" in (model.__doc__ or "").lower()
    }
    assert said == set(APPEND_ONLY_TABLES)
