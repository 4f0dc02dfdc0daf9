"""Read a damaged file by the real parsers: alone, among neighbours that were read once, or whole.

Reading a whole upload again for each mutant would spend most of the time on files that are good.
So most mutants are read by what parses their own kind of file, and some as whole uploads.
"""

from collections.abc import Callable
from pathlib import Path

from cohorts.dicom.archive import ArchiveLimits, unpack_archive
from cohorts.dicom.case_nodes import write_nodes
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError
from cohorts.dicom.headers import read_dicom_file
from cohorts.dicom.intake import prepare_patient
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.parts import resolve_parts
from cohorts.dicom.patient_masks import read_masks
from cohorts.dicom.patients import CT_KINDS, MASK_KINDS, PatientInput, group_files
from cohorts.dicom.primary_images import slices_among
from cohorts.dicom.questions import QuestionsOpen
from cohorts.dicom.series import order_series
from cohorts.dicom.source_files import SourceFile, list_folder
from cohorts.dicom.volumes import stack_series
from cohorts.patient_table import read_patients
from cohorts.tables.cells import TableError
from cohorts.tables.parsing import parse_table
from tests.cohorts.hostile.seeds import CSV_ENDINGS, Seed

OPTIONS = IntakeOptions(node_structures=("*",), multi_part="one")
LIMITS = ArchiveLimits(total_bytes=64 * 1024**2)
PATIENTS = {"P001": "P001", "P002": "P002"}
LEFT_OUT = "left out"
Reader = Callable[[Path], str]
"""Reads the file as it is now, writes below a folder, returns the outcome."""


def quick_reader(seed: Seed) -> Reader:
    """Return what reads the seed's file alone, or among neighbours that are read here."""
    if seed.name == "zip" or seed.file.suffix in CSV_ENDINGS:
        return whole_reader(seed)
    (patient,) = group_files(list_folder(seed.folder)).patients
    file = next(one for one in list_folder(seed.folder) if one.path == seed.file)
    return _ct_reader(file, patient) if seed.name.startswith("ct") else _mask_reader(file, patient)


def whole_reader(seed: Seed) -> Reader:
    """Return what reads the seed's folder as an upload."""
    if seed.name == "zip":
        return lambda out: _read_zip(seed.file, out)
    if seed.file.suffix in CSV_ENDINGS:
        return lambda out: _read_table(seed.file)
    return lambda out: _read_upload(list_folder(seed.folder), out)


def _outcome(action: Callable[[], object]) -> str:
    """Return what the reading child would answer; whatever it does not expect is raised."""
    try:
        return str(action() or "accepted")
    except IntakeError as error:
        return str(error.code)
    except QuestionsOpen:
        return "asked"
    except UNREADABLE_ERRORS as error:
        # The child answers for a patient what nothing more special did.
        return f"unreadable by {type(error).__name__}"


def _read_upload(files: list[SourceFile], out: Path) -> str:
    outcomes = set()
    for index, patient in enumerate(group_files(files).patients):
        target = out / f"patient-{index}"
        target.mkdir()
        outcomes.add(
            _outcome(lambda one=patient, at=target: prepare_patient(one, at, OPTIONS) and "")
        )
    return ", ".join(sorted(outcomes))


def _read_zip(archive: Path, out: Path) -> str:
    unpacked = out / "unpacked"
    unpacked.mkdir()
    return _read_upload(unpack_archive(archive, unpacked, LIMITS), out)


def _read_table(file: Path) -> str:
    """Read a table as patients' covariates."""
    try:
        _, errors = read_patients(parse_table(file.read_bytes()), PATIENTS)
    except TableError:
        return "table_error"
    return "cell_errors" if errors else "accepted"


def _ct_reader(file: SourceFile, patient: PatientInput) -> Reader:
    others = [image for image in patient.ct_files if image.file.path != file.path]

    def read(out: Path) -> str:
        image = read_dicom_file(file)
        if image is None or image.kind not in CT_KINDS:
            return LEFT_OUT
        images, notes, refusal = slices_among([image, *others])
        given = PatientInput("A", "", ct_files=images, notes=notes, refusal=refusal)
        return _outcome(lambda: prepare_patient(given, out, OPTIONS) and "")

    return read


def _mask_reader(file: SourceFile, patient: PatientInput) -> Reader:
    series = order_series(patient.ct_files)
    volume_zyx, _ = stack_series(series, lambda done, total: None)

    def read_nodes(given: PatientInput, out: Path) -> None:
        masks = read_masks(given, series, OPTIONS)
        nodes = resolve_parts(masks.nodes, file.name, series.geometry, OPTIONS)
        write_nodes(nodes, masks.stations, volume_zyx, series.geometry, out, file.name)

    def read(out: Path) -> str:
        given = PatientInput("A", "", ct_files=patient.ct_files)
        if file.is_label_map:
            given.label_maps.append(file)
        else:
            mask = read_dicom_file(file)
            if mask is None or mask.kind not in MASK_KINDS:
                return LEFT_OUT
            given.segmentations.append(mask)
        return _outcome(lambda: read_nodes(given, out))

    return read
