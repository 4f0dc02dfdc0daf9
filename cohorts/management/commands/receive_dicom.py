"""Receive images by C-STORE."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from cohorts import selectors
from cohorts.channels.received_files import ReceivedFiles, ReceiverLimits
from cohorts.models import Cohort
from cohorts.services.deliveries import deliver

LOOK_SECONDS = 1.0
MIB = 1024**2


class Command(BaseCommand):
    help = (
        "Receive CT, SEG and RTSTRUCT by C-STORE; a study that has come to rest is taken in by the "
        "worker. Safe to kill at any time: what was acknowledged is on the disk."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="the cohort that is filled")
        parser.add_argument("--aet", default="NODEWISE", help="our AE title")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
        parser.add_argument("--port", type=int, default=11112)
        parser.add_argument(
            "--allow",
            action="append",
            default=[],
            metavar="AET@HOST",
            help="a peer that may send; may be repeated; needed unless --host is loopback",
        )
        parser.add_argument("--quiet-seconds", type=float, default=60.0)
        parser.add_argument("--instance-mib", type=int, default=1024, help="largest instance")
        parser.add_argument("--study-mib", type=int, default=16_384, help="largest study")
        parser.add_argument("--study-instances", type=int, default=20_000)
        parser.add_argument("--reserve-mib", type=int, default=1024, help="room left on the disk")
        parser.add_argument("--time-out", type=float, default=60.0, help="silence of a peer, s")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = selectors.cohort_named(options["cohort"])
        if cohort is None:
            raise CommandError(f"There is no cohort named '{options['cohort']}': create it first.")
        folder = Path(settings.RECEIVED_DIR) / cohort.public_id.hex
        files = ReceivedFiles(folder, _limits(options))
        receiver = _receiver(files, options)
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        try:
            receiver.start()
        except OSError as fault:
            raise CommandError(
                f"Cannot listen on {options['host']}:{options['port']}: {fault.strerror}."
            ) from fault
        self.stdout.write(f"Listening as {options['aet']} on {options['host']}:{options['port']}")
        self.stdout.flush()
        try:
            while not ended.wait(LOOK_SECONDS):
                self._hand_over(cohort, files, options["quiet_seconds"], receiver.busy)
        finally:
            receiver.stop()

    def _hand_over(
        self, cohort: Cohort, files: ReceivedFiles, quiet_s: float, busy: frozenset[str]
    ) -> None:
        close_old_connections()
        for key, folder in files.come_to_rest(quiet_s, busy):
            count = sum(1 for _ in folder.iterdir())
            name = f"{count} instances received"
            deliver(by=None, cohort=cohort, path=folder, key=key, shown_name=name)
            files.forget(key)
            self.stdout.write(f"Taken up: a study of {count} instances")
            self.stdout.flush()


def _limits(options: dict[str, Any]) -> ReceiverLimits:
    return ReceiverLimits(
        instance_bytes=options["instance_mib"] * MIB,
        study_bytes=options["study_mib"] * MIB,
        study_instances=options["study_instances"],
        reserve_bytes=options["reserve_mib"] * MIB,
    )


def _receiver(files: ReceivedFiles, options: dict[str, Any]) -> Any:
    try:
        from cohorts.channels.receiving import Receiver, is_loopback, parse_peer
    except ModuleNotFoundError as missing:
        raise CommandError(
            "The receiver needs the extra 'network': pip install 'nodewise[network]'."
        ) from missing
    try:
        peers = tuple(parse_peer(told) for told in options["allow"])
    except ValueError as refusal:
        raise CommandError(str(refusal)) from refusal
    if not peers and not is_loopback(options["host"]):
        raise CommandError(
            "Name each peer that may send with --allow AET@host: without it anybody in the "
            "network could fill the cohort."
        )
    return Receiver(
        files=files,
        ae_title=options["aet"],
        host=options["host"],
        port=options["port"],
        peers=peers,
        timeout_s=options["time_out"],
    )
