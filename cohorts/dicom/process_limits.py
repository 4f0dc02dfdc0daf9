"""cohorts.dicom: the limits of a process that reads foreign files, and what its faults mean."""

import errno
import resource
from collections.abc import Mapping
from typing import Any

from cohorts.dicom.archive import DISK_FULL
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.reading_child import death_of_reader

GRACE_CPU_SECONDS = 5
"""Between the signal that ends the process and the one that cannot be caught."""
MOST_OPEN_FILES = 256
READING_FAULTS: tuple[type[Exception], ...] = (MemoryError, *UNREADABLE_ERRORS)


def limit_process(limits: Mapping[str, Any]) -> None:
    """Limit this process for good: `memory_bytes`, `cpu_seconds` and `output_bytes` (one file)."""
    memory, cpu = int(limits["memory_bytes"]), int(limits["cpu_seconds"])
    output = int(limits["output_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + GRACE_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_OPEN_FILES, MOST_OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refusal_of(error: BaseException, place: str) -> IntakeError:
    """Return the refusal for what a parser raised, or a full disk or memory under it."""
    if isinstance(error, MemoryError):
        return IntakeError(
            RefusalCode.OUT_OF_MEMORY,
            "reading needs more memory than allowed; give a smaller series",
            place,
        )
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EFBIG:
        return death_of_reader(RefusalCode.OUTPUT_SIZE, place)
    if number in DISK_FULL:
        return IntakeError(
            RefusalCode.DISK_FULL,
            "the server's disk is full; tell the operator, then import again",
            place,
        )
    return IntakeError(
        RefusalCode.UNREADABLE,
        f"a file cannot be read ({type(error).__name__}); export it again",
        place,
    )
