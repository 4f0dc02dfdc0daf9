"""cohorts.candidates: becomes the operator's program, so that it dies with the worker.

``python -m cohorts.candidates.program_start FOLDER COMMAND...``
"""

import os
import sys

from cohorts.dicom.patient_forks import die_with_parent

NOT_STARTED = 127


def main(folder: str, command: list[str]) -> None:
    """Go to a folder and become the command; say why where that cannot be."""
    die_with_parent()
    os.chdir(folder)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as fault:
        sys.stderr.write(f"{command[0]}: {fault.strerror}\n")
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
