"""cohorts.candidates: the provider that runs a program of the operator's on the CT.

The program gets a folder with the CT and an empty one for its masks, and ends. It runs without a
shell and without the server's environment, dies with the worker, and is killed with its children
when the time is over or the run was stopped.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cohorts.candidates.child_process import end_group, ended_in_time
from cohorts.candidates.interface import CandidateCase, CandidateRequest, Proposals
from cohorts.candidates.reading import read_in_child
from cohorts.candidates.settings_reading import options_in, refuse_unknown, texts
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.nifti_writing import nifti_pieces

KEYS = frozenset(
    {"command", "input", "limit_s", "environment", "node_structures", "station_structures"}
)
INPUTS = ("nifti", "dicom")
CODE_ROOT = Path(__file__).resolve().parents[2]
LONGEST_WORDS = 300


class ProgramProvider:
    """Runs ``command``; in it ``{input}`` and ``{output}`` stand for the two folders.

    Parameters
    ----------
    settings : mapping
        ``command`` (list of texts, an absolute path first); optionally ``input`` ("nifti" or
        "dicom"), ``limit_s`` (default 1800), ``environment`` (names of variables that are passed
        on), ``node_structures`` and ``station_structures``.

    Raises
    ------
    ValueError, TypeError
        If the settings are none of its own.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, KEYS)
        self.command = texts(settings, "command")
        if not self.command or not Path(self.command[0]).is_absolute():
            raise ValueError("'command' must begin with the absolute path of a program")
        self.given_as = settings.get("input", "nifti")
        if self.given_as not in INPUTS:
            raise ValueError(f"'input' must be one of {', '.join(INPUTS)}")
        self.limit_s = float(settings.get("limit_s", 1800))
        if not 0 < self.limit_s < float("inf"):
            raise ValueError("'limit_s' must be a number of seconds above 0")
        self.passed_on = texts(settings, "environment")
        self.options = options_in(settings)

    def propose(self, request: CandidateRequest) -> Proposals:
        """Return what the program proposes."""
        given, answer = request.work_folder / "input", request.work_folder / "output"
        given.mkdir()
        answer.mkdir()
        request.go_on("Writing the CT")
        self._write(request.case, given)
        self._run(request, given, answer)
        return read_in_child(answer, request, self.options)

    def _write(self, case: CandidateCase, folder: Path) -> None:
        if self.given_as == "dicom":
            for name, pieces in case.dicom_files():
                _write_pieces(folder / name, pieces)
        else:
            planes = case.volume_hu()
            pieces = nifti_pieces(planes, case.geometry, np.dtype("<i2"), {"unit": "HU"})
            _write_pieces(folder / "ct.nii.gz", pieces)
        told = {
            "patient": case.pseudonym,
            "ct_series_uid": case.ct_series_uid,
            "geometry": case.geometry.to_dict(),
        }
        (folder / "case.json").write_text(json.dumps(told, indent=1), encoding="utf-8")

    def _run(self, request: CandidateRequest, given: Path, answer: Path) -> None:
        places = {"{input}": str(given), "{output}": str(answer)}
        command = [_filled_in(word, places) for word in self.command]
        words = request.work_folder / "words.txt"
        with words.open("wb") as out:
            program = subprocess.Popen(  # noqa: S603 - the operator's command, no shell
                [sys.executable, "-m", "cohorts.candidates.program_start", str(answer), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment(request.work_folder),
                cwd=CODE_ROOT,
                start_new_session=True,
                umask=0o077,
            )
            try:
                self._wait(program, request)
            finally:
                end_group(program)
        if program.returncode != 0:
            raise _failed(program.returncode, words)

    def _wait(self, program: "subprocess.Popen[bytes]", request: CandidateRequest) -> None:
        def go_on(seconds: float) -> None:
            request.go_on(f"The program runs since {seconds:.0f} s")

        if not ended_in_time(program, self.limit_s, go_on):
            raise IntakeError(
                RefusalCode.OUT_OF_TIME,
                f"the program took longer than {self.limit_s:g} s and was ended; ask the "
                "operator for a longer limit, or to look at the program",
            )

    def _environment(self, folder: Path) -> dict[str, str]:
        """Return an environment without the server's secrets, but for what the operator names."""
        told = {name: os.environ[name] for name in self.passed_on if name in os.environ}
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            **told,
        }


def _filled_in(word: str, places: Mapping[str, str]) -> str:
    for place, path in places.items():
        word = word.replace(place, path)
    return word


def _write_pieces(path: Path, pieces: Any) -> None:
    with path.open("wb") as out:
        for piece in pieces:
            out.write(piece)


def _failed(status: int, words: Path) -> IntakeError:
    ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    said = words.read_bytes()[-10 * LONGEST_WORDS :].decode("utf-8", "replace").split("\n")
    last: Sequence[str] = [line.strip() for line in said if line.strip()]
    told = f": {last[-1][-LONGEST_WORDS:]}" if last else ""
    return IntakeError(
        RefusalCode.PROGRAM_FAILED,
        f"the program {ended}{told}; ask the operator to look at it",
    )
