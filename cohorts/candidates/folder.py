"""cohorts.candidates: the provider that reads what another program has left in a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cohorts.candidates.interface import CandidateRequest, Proposals
from cohorts.candidates.reading import read_in_child
from cohorts.candidates.settings_reading import absolute_path, options_in, refuse_unknown
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.options import IntakeOptions

KEYS = frozenset({"path", "node_structures", "station_structures"})


class FolderProvider:
    """Reads the masks in ``path/COHORT/PSEUDONYM/``.

    Parameters
    ----------
    settings : mapping
        ``path`` (absolute), and optionally ``node_structures`` and ``station_structures``.

    Raises
    ------
    ValueError, TypeError
        If the settings are none of its own.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, KEYS)
        self.path: Path = absolute_path(settings, "path")
        self.options: IntakeOptions = options_in(settings)

    def propose(self, request: CandidateRequest) -> Proposals:
        """Return the proposals in the patient's folder."""
        folder = _below(_below(self.path, request.case.cohort), request.case.pseudonym)
        return read_in_child(folder, request, self.options)


def _below(parent: Path, name: str) -> Path:
    """Return the folder of this name, in any letter case; never one that is reached by a path."""
    entries = parent.iterdir() if parent.is_dir() else ()
    for entry in entries:
        if entry.name.casefold() == name.casefold() and entry.is_dir() and not entry.is_symlink():
            return entry
    raise IntakeError(
        RefusalCode.NO_MASKS,
        "there is no folder of this patient with masks; the operator says where masks are put "
        "(a folder for each cohort, in it one for each pseudonym)",
    )
