"""Database triggers that refuse UPDATE and DELETE on rows of judgement.

Django code can be walked around with ``queryset.update``; a trigger cannot. SQLite and PostgreSQL.
"""

from functools import partial

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps

MESSAGE = "rows of this table are append-only"


def _statements(vendor: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: {MESSAGE}'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE OR REPLACE FUNCTION nodewise_append_only() RETURNS trigger AS $$ BEGIN "
        f"RAISE EXCEPTION '%: {MESSAGE}', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$ LANGUAGE plpgsql",
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION nodewise_append_only()",
    ]


def install(connection: BaseDatabaseWrapper, table: str) -> None:
    """Create the triggers of one table; does nothing where they stand."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor, table):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper, table: str) -> None:
    """Drop the triggers of one table: before a rebuild, or to empty a test database."""
    names = (
        [f"DROP TRIGGER IF EXISTS {table}_no_update", f"DROP TRIGGER IF EXISTS {table}_no_delete"]
        if connection.vendor == "sqlite"
        else [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"]
    )
    with connection.cursor() as cursor:
        for statement in names:
            cursor.execute(statement)


def protect(*tables: str) -> RunPython:
    """Return the migration operation that makes ``tables`` append-only."""
    return RunPython(partial(_install_all, tables), partial(_remove_all, tables), elidable=False)


def unprotect(*tables: str) -> RunPython:
    """Return the operation that lifts the protection: ``protect`` again at the migration's end.

    SQLite changes a column by building the table anew, which loses its triggers. Undone, the
    migration leaves the tables protected as it found them.
    """
    return RunPython(partial(_remove_all, tables), partial(_install_all, tables), elidable=False)


def _install_all(
    tables: tuple[str, ...], apps: StateApps, schema_editor: BaseDatabaseSchemaEditor
) -> None:
    for table in tables:
        install(schema_editor.connection, table)


def _remove_all(
    tables: tuple[str, ...], apps: StateApps, schema_editor: BaseDatabaseSchemaEditor
) -> None:
    for table in tables:
        remove(schema_editor.connection, table)


APPEND_ONLY_TABLES = (
    "accounts_auditevent",
    "cohorts_candidate",
    "cohorts_candidatedecision",
    "cohorts_maskedit",
    "cohorts_maskeditnode",
    "cohorts_stationmask",
    "annotation_nodelabel",
    "annotation_labellingreopening",
    "annotation_findingreason",
    "annotation_adjudication",
    "annotation_discussionstatement",
    "annotation_referencestandard",
    "annotation_pathologyreport",
    "inference_prediction",
    "inference_trainingdataset",
    "inference_attributionmap",
    "reading_nodecall",
    "reading_readingevent",
    "reading_reopening",
    "reading_planamendment",
    "analysis_analysisdataset",
)
"""Every protected table, for the tests that prove it and the test runner that empties them."""
