"""What the labelling page offers to choose from, and how it words the report (pure: no Django)."""

from typing import Any

from annotation.consensus import LABELS
from annotation.pathology_rules.details import CERTAINTY_LABELS
from annotation.pathology_rules.labels import Basis
from annotation.pathology_rules.places import ALL_PLACES
from annotation.pathology_rules.report import Edition, PathologyReport
from annotation.pathology_rules.report_fields import REPORT_FIELDS, texts_of

LABEL_CHOICES_SHOWN: dict[str, Any] = {
    "places": ALL_PLACES,
    "bases": [
        {
            "value": basis.value,
            "name": basis.label,
            "labels": " ".join(str(label) for label in sorted(LABELS) if basis.allows(label)),
        }
        for basis in Basis
    ],
    "certainties": list(CERTAINTY_LABELS.items()),
}


def report_facts(report: PathologyReport | None) -> dict[str, Any]:
    """Return what the report says beside its levels: pairs of name and text, and one line.

    Empty without a report. Fields that the report leaves empty are left out.
    """
    if report is None:
        return {}
    texts = texts_of(report)
    facts = [
        (field.label, texts[field.name].replace("_", " "))
        for field in REPORT_FIELDS
        if texts[field.name]
    ]
    edition = "" if report.edition is Edition.UNKNOWN else report.edition.upper()
    staged = (report.pt, report.pn, edition)
    summary = ", ".join(part for part in staged if part) or "no category stated"
    return {"facts": facts, "summary": summary}
