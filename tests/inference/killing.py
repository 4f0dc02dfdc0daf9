"""Kills real workers with SIGKILL and looks at what they leave; a program of its own.

    python -m tests.inference.killing --kills 24 --seed 2 [--unprotected]
    python -m tests.inference.killing --cut-a-store [--unprotected]
    python -m tests.inference.killing --deadly-node

Prints one JSON object. Used by test_kill.py and benchmarks/inference_kill.py. The environment
names an empty data folder and a database in it.

A round predicts a small cohort from the beginning. Each of its workers is a process of its own
(forked, so that it need not import everything anew) that runs ``manage.py run_worker --batch``, and
is killed at a random point of the life that is left: at a random time from outside, or at a random
database statement, inside transactions too. The round ends with the worker that nobody killed in
time; then its rows are compared with those of a worker that was spared.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace

import django

from tests.migrated import write_migrated

PATIENTS, NODES_EACH = 3, 4
IN_VAIN = 3
"""After so many kills in a row without progress, or two at the same node, a worker is spared until
it has stored that node: five in a row end the run, and three park the node, as they should."""

LOST = "UPDATE inference_predictionrun SET lease_until = '2000-01-01 00:00:00'"
ROWS = (
    "SELECT mask_digest, metastasis_score, ene_score, metastasis_probability, ene_probability"
    " FROM inference_prediction ORDER BY mask_digest, id"
)


@dataclass
class Report:
    """What the rounds left behind."""

    kills: int = 0
    timed: int = 0
    at_statement: int = 0
    rounds: int = 0
    nodes: int = 0
    missing: int = 0
    duplicated: int = 0
    different: int = 0
    unfinished: int = 0
    stored_at_kill: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Stage:
    """One database file, put back to its beginning before every round."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fresh = path.with_suffix(".fresh")

    def keep(self) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.path, self.fresh)

    def put_back(self) -> None:
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.fresh, self.path)

    def ask(self, question: str) -> list:
        with closing(sqlite3.connect(self.path, timeout=20)) as database:
            answer = database.execute(question).fetchall()
            database.commit()
            return answer


def prepare() -> None:
    from cohorts.models import Cohort, CohortMember
    from inference.deepene.untrained import write_untrained_members
    from inference.services import request_predictions
    from tests.cases import store_case
    from tests.inference.conftest import record_version
    from tests.people import person

    cohort, by = Cohort.objects.create(name="Killed"), person("coordinator")
    CohortMember.objects.create(cohort=cohort, user=by, role="coordinator")
    for number in range(PATIENTS):
        store_case(cohort, f"P{number:03}", nodes=NODES_EACH)
    folder = Path(os.environ["NODEWISE_DATA_DIR"]) / "members"
    version = record_version("Demo", write_untrained_members(folder, 7, [(0, 0), (0, 1)]))
    request_predictions(by=by, cohort=cohort, model_version=version)


def prepare_deadly() -> None:
    """Add a run of the toy model, at whose node 2 of patient P001 every worker dies."""
    from cohorts.models import Cohort
    from inference.models import PredictionItem, PredictionRun
    from inference.services import request_predictions
    from tests.inference import toy

    PredictionRun.objects.update(state="cancelled")
    deadly = PredictionItem.objects.get(node__patient__pseudonym="P001", node__number=2)
    version = toy.toy_version("Deadly", deadly_rows=[toy.row_of(deadly)])
    cohort = Cohort.objects.get(name="Killed")
    run = request_predictions(by=cohort.members.get().user, cohort=cohort, model_version=version)
    # Nodes of the same number lie at the same place in every patient: only one may be deadly.
    others = run.items.filter(node__number=2).exclude(node_id=deadly.node_id)
    others.update(mask=run.items.get(node__patient__pseudonym="P001", node__number=1).mask)


class FromStatement:
    """Looks at the worker's statements, and kills it at one of them."""

    def __init__(
        self,
        fatal: int | None = None,
        *,
        before: bool = False,
        after_text: str = "",
        told: Path | None = None,
    ) -> None:
        self.seen, self.fatal, self.before = 0, fatal, before
        self.after_text, self.told = after_text, told

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        if self.seen == self.fatal and self.before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(sql, params, many, context)
        meant = self.after_text and sql.startswith(self.after_text) and "done" in (params or ())
        if self.seen == self.fatal or meant:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def start_worker(stage: Stage, counter: FromStatement, *, protected: bool) -> int:
    from django.db import connections

    connections.close_all()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        from django.core.management import call_command
        from django.db import connection

        if not protected:
            from inference.pipeline import items

            items.transaction = SimpleNamespace(atomic=nullcontext)
        with connection.execute_wrapper(counter):
            call_command("run_worker", batch=True, interval=0.0)
        if counter.told:
            counter.told.write_text(str(counter.seen))
        status = 0
    finally:
        os._exit(status)


def has_ended(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] != 0


def spared_life(stage: Stage, told: Path) -> tuple[float, int]:
    """Let one worker finish; return its seconds and statements."""
    began = time.monotonic()
    process = start_worker(stage, FromStatement(told=told), protected=True)
    if os.waitpid(process, 0)[1]:
        raise SystemExit("the spared worker failed")
    return time.monotonic() - began, int(told.read_text())


class Rounds:
    """Rounds of killed workers until there were enough kills."""

    def __init__(self, stage: Stage, *, seed: int, protected: bool) -> None:
        self.stage, self.protected = stage, protected
        self.told = stage.path.with_suffix(".statements")
        self.chance, self.report = random.Random(seed), Report()
        self.stage.put_back()
        self.life_s, self.statements = spared_life(stage, self.told)
        self.spared = stage.ask(ROWS)

    def run(self, kills: int) -> Report:
        began = time.monotonic()
        while self.report.kills < kills:
            self.stage.put_back()
            in_vain = 0
            while (
                progress := self._kill_one(patient=in_vain >= IN_VAIN or self._tried() >= 2)
            ) is not None:
                in_vain = 0 if progress else in_vain + 1
            self._compare()
        self.report.seconds = time.monotonic() - began
        return self.report

    def _kill_one(self, *, patient: bool) -> bool | None:
        """Start a worker and kill it; say whether it had stored a node, None if it was done."""
        before = self._stored()
        left = 1.0 - 0.7 * before / len(self.spared)
        timed = patient or self.chance.random() < 0.5
        after_s = self.chance.uniform(0.0, self.life_s * left)
        fatal = None if timed else self.chance.randint(1, max(2, int(self.statements * left)))
        counter = FromStatement(fatal, before=self.chance.random() < 0.5, told=self.told)
        process = start_worker(self.stage, counter, protected=self.protected)
        is_dead = self._wait(process, after_s if timed else 600.0, patient=patient, before=before)
        if not is_dead:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        stored = self._stored()
        if self._is_over():
            return None
        self.stage.ask(LOST)
        self.report.kills += 1
        self.report.timed += timed
        self.report.at_statement += not timed
        self.report.stored_at_kill.append(stored)
        return stored > before

    def _wait(self, process: int, seconds: float, *, patient: bool, before: int) -> bool:
        """Wait for the moment of the kill; say whether the worker had ended by itself."""
        began = time.monotonic()
        while time.monotonic() - began < seconds or (patient and not self._is_ahead(before)):
            if has_ended(process):
                return True
            time.sleep(0.002)
        return False

    def _is_ahead(self, before: int) -> bool:
        return self._stored() > before and self._tried() < 2

    def _stored(self) -> int:
        return self.stage.ask("SELECT COUNT(*) FROM inference_prediction")[0][0]

    def _tried(self) -> int:
        tries = "SELECT MAX(attempts) FROM inference_predictionitem WHERE state = 'waiting'"
        return self.stage.ask(tries)[0][0] or 0

    def _is_over(self) -> bool:
        state = self.stage.ask("SELECT state FROM inference_predictionrun")[0][0]
        return state in ("done", "failed", "cancelled")

    def _compare(self) -> None:
        rows, report = self.stage.ask(ROWS), self.report
        expected = {row[0]: row for row in self.spared}
        found = {row[0]: row for row in rows}
        report.rounds += 1
        report.nodes += len(expected)
        report.missing += len(expected.keys() - found.keys())
        report.duplicated += len(rows) - len(found)
        report.different += sum(row != expected.get(digest) for digest, row in found.items())
        unfinished = self.stage.ask(
            "SELECT item.state, item.error, run.state, run.error, run.attempts"
            " FROM inference_predictionitem AS item"
            " JOIN inference_predictionrun AS run ON run.id = run_id WHERE item.state != 'done'"
        )
        report.unfinished += len(unfinished)
        report.reasons += [" ".join(map(str, reason)) for reason in unfinished]


def cut_a_store(stage: Stage, *, protected: bool) -> dict:
    """Kill a worker right after it wrote that a node is done; let the next one finish."""
    stage.put_back()
    fatal = FromStatement(after_text='UPDATE "inference_predictionitem" SET "state"')
    for look in (fatal, FromStatement()):
        os.waitpid(start_worker(stage, look, protected=protected), 0)
        stage.ask(LOST)
    nodes = PATIENTS * NODES_EACH
    return {"missing": nodes - len(stage.ask(ROWS))}


def deadly_node(stage: Stage) -> dict:
    """Start workers until the run is over, one of whose nodes kills them."""
    from django.db import connections

    from tests.inference import toy

    stage.put_back()
    toy.make_known(dict.__setitem__)
    prepare_deadly()
    connections.close_all()
    latest, lost = "(SELECT MAX(id) FROM inference_predictionrun)", 0
    state = f"SELECT state FROM inference_predictionrun WHERE id = {latest}"
    while stage.ask(state)[0][0] in ("requested", "running") and lost < 9:
        status = os.waitpid(start_worker(stage, FromStatement(), protected=True), 0)[1]
        lost += os.WIFSIGNALED(status)
        stage.ask(LOST)
    parked = stage.ask(
        "SELECT pseudonym, number, item.error FROM inference_predictionitem AS item"
        " JOIN cohorts_node AS node ON node.id = item.node_id"
        " JOIN cohorts_patient AS patient ON patient.id = node.patient_id"
        f" WHERE state = 'parked' AND run_id = {latest}"
    )
    done = "SELECT COUNT(*) FROM inference_predictionitem WHERE state = 'done' AND run_id = "
    return {
        "lost": lost,
        "parked": parked,
        "predicted": stage.ask(done + latest)[0][0],
        "state": stage.ask(state)[0][0],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cut-a-store", action="store_true")
    parser.add_argument("--deadly-node", action="store_true")
    parser.add_argument("--unprotected", action="store_true")
    chosen = parser.parse_args()
    django.setup()
    from django.conf import settings

    stage = Stage(Path(settings.DATABASES["default"]["NAME"]))
    if not stage.fresh.exists():
        write_migrated(stage.path)
        prepare()
        stage.keep()
    # What a worker imports late: in the parent, so that no child needs the time.
    from inference.deepene import preparation, runner
    from inference.pipeline import predictions

    del preparation, runner, predictions
    protected = not chosen.unprotected
    if chosen.cut_a_store:
        report = cut_a_store(stage, protected=protected)
    elif chosen.deadly_node:
        report = deadly_node(stage)
    else:
        rounds = Rounds(stage, seed=chosen.seed, protected=protected)
        report = asdict(rounds.run(chosen.kills))
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
