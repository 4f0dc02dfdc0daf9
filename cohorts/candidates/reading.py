"""cohorts.candidates: masks that a provider left are read in a child process, within limits.

A damaged or monstrous file ends the child, never the worker.
"""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cohorts.candidates.child_process import end_group, ended_in_time
from cohorts.candidates.interface import CandidateRequest, Proposal, ProposalKind, Proposals
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.reading_child import (
    CODE_ROOT,
    GIB,
    ReadingLimits,
    child_environment,
    death_of_reader,
)
from cohorts.dicom.runs import decode_mask
from cohorts.dicom.stations import Station

LIMITS = ReadingLimits(
    memory_bytes=4 * GIB, cpu_seconds=600, wall_seconds=900, output_bytes=GIB // 4
)


def read_in_child(folder: Path, request: CandidateRequest, options: IntakeOptions) -> Proposals:
    """Read every mask below a folder as `read_proposals` does, in a process of its own.

    Raises
    ------
    IntakeError
        As there, and where reading went beyond `LIMITS` or the process died.
    """
    work = request.work_folder / "reading"
    work.mkdir()
    order, answer = work / "order.json", work / "answer.json"
    case = request.case
    told = {
        "folder": str(folder),
        "geometry": case.geometry.to_dict(),
        "scan": {
            "frame_of_reference_uid": case.frame_of_reference_uid,
            "series_uid": case.ct_series_uid,
        },
        "options": options.to_dict(),
        "limits": asdict(LIMITS),
        "answer": str(answer),
    }
    order.write_text(json.dumps(told), encoding="utf-8")
    _run(order, request)
    return _proposals(json.loads(answer.read_text(encoding="utf-8")))


def _run(order: Path, request: CandidateRequest) -> None:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        [sys.executable, "-m", "cohorts.candidates.reading_main", str(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(order.parent),
        cwd=CODE_ROOT,
        start_new_session=True,
        umask=0o077,
    )
    try:
        in_time = ended_in_time(
            child, LIMITS.wall_seconds, lambda _: request.go_on("Reading the masks")
        )
    finally:
        end_group(child)
    if not in_time or child.returncode == -signal.SIGXCPU:
        raise death_of_reader(RefusalCode.OUT_OF_TIME, "")
    if child.returncode != 0:
        raise death_of_reader(RefusalCode.READER_DIED, "")


def _proposals(answer: dict[str, Any]) -> Proposals:
    if answer["refused"]:
        raise IntakeError.from_dict(answer["refused"])
    found = tuple(_proposal(**one) for one in answer["found"])
    return Proposals(found=found, notes=tuple(answer["notes"]))


def _proposal(*, kind: str, station: list[str] | None, score: float | None, runs: str) -> Proposal:
    box, voxels = decode_mask(runs.encode("ascii"))
    return Proposal(
        kind=ProposalKind(kind),
        box=box,
        voxels=voxels,
        station=Station(*station) if station else None,
        score=score,
    )
