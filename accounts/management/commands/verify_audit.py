"""Check the audit trail for edits, deletions, reorders and truncation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from accounts.models import AuditHead


class Command(BaseCommand):
    help = "Verify the audit trail; write the printed head down outside the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", default="", help="a head digest printed earlier")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(audit.verify(anchor=options["anchor"]))
        for finding in findings:
            self.stderr.write(f"event {finding.sequence}: {finding.sentence}")
        if findings:
            raise CommandError(f"The audit trail does not verify: {len(findings)} findings.")
        head = AuditHead.objects.filter(id=1).first() or AuditHead()
        self.stdout.write(f"{head.count} events verify. Head: {head.digest}")
