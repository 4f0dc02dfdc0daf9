"""cohorts.candidates: what the child process of `reading` does.

``python -m cohorts.candidates.reading_main ORDER``
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from cohorts.candidates.interface import Proposal
from cohorts.candidates.mask_folder import read_proposals
from cohorts.dicom.errors import IntakeError
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patient_forks import die_with_parent
from cohorts.dicom.process_limits import READING_FAULTS, limit_process, refusal_of
from cohorts.dicom.references import ScanReference
from cohorts.dicom.runs import encode_mask


def main(order_path: Path) -> None:
    """Carry out the order in a JSON file, and write the answer that it names."""
    order = json.loads(order_path.read_text(encoding="utf-8"))
    die_with_parent()
    limit_process(order["limits"])
    # Parsers start no programs; what has taken one over shall not either (root still may).
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    answer: dict[str, Any] = {"refused": None, "found": [], "notes": []}
    try:
        answer |= _read(order)
    except IntakeError as refusal:
        answer["refused"] = refusal.as_dict()
    except READING_FAULTS as fault:
        answer["refused"] = refusal_of(fault, "").as_dict()
    Path(order["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def _read(order: dict[str, Any]) -> dict[str, Any]:
    geometry = SeriesGeometry.from_dict(order["geometry"])
    proposals = read_proposals(
        Path(order["folder"]),
        geometry,
        ScanReference(**order["scan"]),
        IntakeOptions.from_dict(order["options"]),
    )
    found = [_told(one, geometry) for one in proposals.found]
    return {"found": found, "notes": list(proposals.notes)}


def _told(one: Proposal, geometry: SeriesGeometry) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "station": [one.station.side, one.station.level] if one.station else None,
        "score": one.score,
        "runs": encode_mask(one.box, one.voxels, geometry.shape_zyx).decode("ascii"),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
