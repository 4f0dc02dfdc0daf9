"""What keeps complete labels from being submitted where the patient has a locked report."""

from collections.abc import Iterator

from django.core.exceptions import ValidationError

from annotation.models import Labelling
from annotation.selectors import ReportCheck, report_check


def refuse_open_findings(labelling: Labelling) -> None:
    """Raise ValidationError with one sentence for each thing that is still open."""
    check = report_check(labelling)
    if check is not None and (problems := list(_problems(check))):
        raise ValidationError(problems)


def _problems(check: ReportCheck) -> Iterator[ValidationError]:
    for label in check.incomplete:
        missing = " and ".join(label.missing)
        yield ValidationError(f"Node {label.number} has no {missing} yet.", code="incomplete")
    for one in check.findings:
        if not one.is_open:
            continue
        found = one.finding
        if found.code.is_block:
            yield ValidationError(f"{found.code}: {found.sentence}", code="blocked")
        else:
            sentence = f"{found.code}: {found.sentence} Write why it may stand."
            yield ValidationError(sentence, code="reason_missing")
