"""Options of commands that take cases in: what holds for all patients."""

from argparse import ArgumentParser
from typing import Any

from cohorts.dicom.options import MULTI_PART_CHOICES, IntakeOptions


def add_decisions(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--keep-patient-ids",
        action="store_true",
        help="PatientIDs are pseudonyms already; without it patients become P001, P002, ...",
    )
    parser.add_argument(
        "--multi-part",
        choices=MULTI_PART_CHOICES,
        default=MULTI_PART_CHOICES[0],
        help="what a structure of several parts without contact is",
    )
    for kind in ("node", "station"):
        parser.add_argument(
            f"--{kind}-structures",
            action="append",
            default=[],
            metavar="PATTERN",
            help=f"names of structures that are {kind}s, with * and ?; may be repeated",
        )
    parser.add_argument("--protect-faces", action="store_true", help="make faces unrecognisable")


def decisions_in(options: dict[str, Any], answers: dict[str, str] | None = None) -> IntakeOptions:
    """Return the decisions in the words of intake."""
    return IntakeOptions(
        node_structures=tuple(options["node_structures"]),
        station_structures=tuple(options["station_structures"]),
        multi_part=options["multi_part"],
        protect_faces=options["protect_faces"],
        answers=answers or {},
    )
