"""The worker: reconciles at start and every minute, and runs tasks in between."""

import logging
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker

from accounts.database_safety import refuse_unsafe_database
from jobs import reconcile
from jobs.leases import owner_name

logger = logging.getLogger("nodewise.worker")


class Command(BaseCommand):
    help = "Run background work; safe to kill at any time and to start in any number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="end when nothing is left to do")
        parser.add_argument("--interval", type=float, default=0.5, help="seconds between looks")
        parser.add_argument("--reconcile-every", type=float, default=60.0, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unsafe_database()
        reconcile.run_once()
        stop = threading.Event()
        if not options["batch"]:
            self._reconcile_in_background(options["reconcile_every"], stop)
        worker = Worker(
            queue_names=["default"],
            interval=options["interval"],
            batch=options["batch"],
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=owner_name(),
        )
        worker.configure_signals()
        try:
            worker.run()
            while options["batch"] and (due := reconcile.next_due()) is not None:
                time.sleep(max(0.0, (due - timezone.now()).total_seconds()) + 0.05)
                reconcile.run_once()
                worker.run()
        finally:
            stop.set()

    def _reconcile_in_background(self, every_s: float, stop: threading.Event) -> None:
        def loop() -> None:
            while not stop.wait(every_s):
                try:
                    reconcile.run_once()
                except Exception:
                    logger.exception("reconcile failed")
                finally:
                    close_old_connections()

        threading.Thread(target=loop, name="reconcile", daemon=True).start()
