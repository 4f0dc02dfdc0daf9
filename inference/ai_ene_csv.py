"""AI-ENE counts as CSV; whose they are stands on every line."""

import csv
import io
from collections.abc import Iterable

from cohorts.spreadsheet import harmless
from inference.models import ModelVersion
from inference.selectors import AiEne, EneCall, members_of

COLUMNS = (
    "cohort",
    "patient",
    "nodes",
    "nodes_predicted",
    "ai_ene",
    "note",
    "rule",
    "model",
    "provenance",
    "members",
)


def to_csv(cohort: str, version: ModelVersion, call: EneCall, rows: Iterable[AiEne]) -> str:
    """Return one line per patient; ``ai_ene`` is empty where there is no count."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    members = f"{members_of(version)} of {version.expected_members}"
    whose = [call.sentence, harmless(version.name), version.provenance]
    whose.append("" if version.is_external else members)
    for row in rows:
        count = "" if row.ene_nodes is None else str(row.ene_nodes)
        names = [harmless(cohort), harmless(row.patient)]
        writer.writerow([*names, row.nodes, row.predicted, count, row.note, *whose])
    return out.getvalue()
