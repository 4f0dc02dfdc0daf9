"""Training in this process, with its progress told: for the command line and the demonstration."""

import threading
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.db import close_old_connections, connection

from inference.selectors import training_run_named

LOOK_S = 1.0

Tell = Callable[[str], object]


def train_here(run: Any, tell: Tell) -> Any:
    """Work through the queue until nothing is left, telling each step of the run; return the run.

    A worker that is running beside takes its share; an interrupted training goes on with the next
    worker that is started.
    """
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(run.name, tell, over), daemon=True)
    watcher.start()
    try:
        call_command("run_worker", batch=True)
    finally:
        over.set()
        watcher.join()
    return training_run_named(run.name)


def _watch(name: str, tell: Tell, over: threading.Event) -> None:
    told = ""
    try:
        while not over.wait(LOOK_S):
            run = training_run_named(name)
            note = f"{run.percent:3} % {run.progress_note}" if run and run.progress_note else ""
            if note and note != told:
                told = note
                tell(note)
    finally:
        close_old_connections()
        connection.close()
