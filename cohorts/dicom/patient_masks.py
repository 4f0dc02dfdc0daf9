"""cohorts.dicom: all masks of one patient -> nodes and stations on the grid of its CT."""

from dataclasses import dataclass, field, replace

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.headers import ObjectKind
from cohorts.dicom.label_map import open_nifti
from cohorts.dicom.label_table import STATION_NUMBERS, is_station_file, read_label_table
from cohorts.dicom.mask_files import MaskFile, StructureVoxels
from cohorts.dicom.masks import NodeMaskInput, merge_nodes
from cohorts.dicom.nrrd_map import open_nrrd
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import PatientInput
from cohorts.dicom.questions import Question, QuestionsOpen
from cohorts.dicom.references import ScanReference
from cohorts.dicom.rtstruct import open_structure_set
from cohorts.dicom.segmentation import open_segmentation
from cohorts.dicom.series import OrderedSeries
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import StructureChoice, choose_structures
from cohorts.dicom.warnings import IntakeWarning, WarningCode

NIFTI_ENDINGS = (".nii", ".nii.gz")


@dataclass
class PatientMasks:
    """The masks of one patient, on the grid of the series that was read.

    Attributes
    ----------
    nodes : list of NodeMaskInput
        In order of label; empty if the patient came without masks, or without nodes in them.
    stations : list of NodeMaskInput
        Levels of the neck, by the names in their files.
    notes : list of str
        For the person who imports: with names of files, without names of structures.
    warnings : list of IntakeWarning
    """

    nodes: list[NodeMaskInput] = field(default_factory=list)
    stations: list[NodeMaskInput] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[IntakeWarning] = field(default_factory=list)


def read_masks(
    patient: PatientInput, series: OrderedSeries, options: IntakeOptions
) -> PatientMasks:
    """Read all masks of a patient.

    Parameters
    ----------
    patient : PatientInput
    series : OrderedSeries
        The CT series that is read.
    options : IntakeOptions

    Raises
    ------
    IntakeError
        If a mask cannot be trusted, two masks use one label, or the masks hold nothing.
    QuestionsOpen
        With one question for each file in which names do not decide what is a node.
    """
    scan = ScanReference(
        frame_of_reference_uid=series.geometry.frame_of_reference_uid,
        series_uid=series.slices[0].series_uid,
    )
    files = open_masks(patient, series.geometry, scan)
    choices: list[StructureChoice] = []
    questions: list[Question] = []
    for mask_file in files:
        choice = choice_of(mask_file, options)
        if isinstance(choice, Question):
            questions.append(choice)
        else:
            choices.append(choice)
    if questions:
        raise QuestionsOpen(questions)
    masks = PatientMasks()
    sources = []
    for mask_file, choice in zip(files, choices, strict=True):
        sources.append((mask_file.file.name, _read_into(masks, mask_file, choice)))
    masks.nodes = merge_nodes(sources)
    if not files:
        masks.notes.append("no node mask was given; the case has no nodes")
    return masks


def open_masks(
    patient: PatientInput, geometry: SeriesGeometry, scan: ScanReference
) -> list[MaskFile]:
    """Open every mask file of a patient on the grid of its CT; voxels are read later.

    Parameters
    ----------
    patient : PatientInput
    geometry : SeriesGeometry
        That grid.
    scan : ScanReference
        What DICOM masks must refer to.

    Raises
    ------
    IntakeError
        If a file cannot be trusted.
    """
    files = [
        (open_structure_set if mask.kind is ObjectKind.STRUCTURE_SET else open_segmentation)(
            mask.file, geometry, scan
        )
        for mask in patient.segmentations
    ]
    tables = {(table.folder, table.stem): table for table in patient.label_tables}
    for label_map in patient.label_maps:
        table = tables.get((label_map.folder, label_map.stem))
        files.append(_opened_label_map(label_map, table, geometry))
    return files


def _opened_label_map(
    file: SourceFile, table: SourceFile | None, geometry: SeriesGeometry
) -> MaskFile:
    """Open a label map, as stations where its name says so."""
    names = read_label_table(table) if table is not None else None
    is_station = is_station_file(file)
    if is_station and names is None:
        names = STATION_NUMBERS
    is_nifti = file.name.casefold().endswith(NIFTI_ENDINGS)
    opened = (open_nifti if is_nifti else open_nrrd)(file, geometry, names)
    if not is_station:
        return opened
    unknown = [one.number for one in opened.structures if not one.name]
    if unknown:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"holds the value {unknown[0]}, which is no station by the numbering of stations (1 to "
            "9 right, 11 to 19 left); give a table of labels beside it",
            file.name,
        )
    return replace(opened, holds_stations=True)


def choice_of(mask_file: MaskFile, options: IntakeOptions) -> StructureChoice | Question:
    """Say which structures of a file are nodes and which stations, or ask.

    Parameters
    ----------
    mask_file : MaskFile
    options : IntakeOptions
    """
    if mask_file.holds_stations:
        numbers = frozenset(one.number for one in mask_file.structures)
        return StructureChoice(nodes=frozenset(), stations=numbers)
    return choose_structures(
        mask_file.file.name,
        mask_file.structures,
        options,
        names_expected=mask_file.names_expected,
    )


def _read_into(
    masks: PatientMasks, mask_file: MaskFile, choice: StructureChoice
) -> list[NodeMaskInput]:
    """Read the chosen structures of a file; return its nodes."""
    voxels = mask_file.read(choice.nodes | choice.stations)
    masks.notes += [*mask_file.notes, *voxels.notes, *_notes_on(mask_file, choice, voxels)]
    empty = [number for number in voxels.empty if number in choice.nodes]
    masks.warnings += [_empty_warning(number) for number in empty]
    masks.stations += [found for found in voxels.found if found.label in choice.stations]
    nodes = [found for found in voxels.found if found.label in choice.nodes]
    if choice.nodes and not nodes:
        raise IntakeError(
            RefusalCode.MASK_EMPTY,
            "holds no node (every chosen structure is empty); give the mask of this CT",
            mask_file.file.name,
        )
    return nodes


def _notes_on(mask_file: MaskFile, choice: StructureChoice, voxels: StructureVoxels) -> list[str]:
    name = mask_file.file.name
    notes = [f"{name}: structure {number} is empty and was left out" for number in voxels.empty]
    left_out = len(mask_file.structures) - len(choice.nodes | choice.stations)
    if left_out:
        notes.append(f"{name}: {left_out} structure(s) are neither nodes nor stations; left out")
    return notes


def _empty_warning(number: int) -> IntakeWarning:
    return IntakeWarning(
        code=WarningCode.EMPTY_STRUCTURE,
        message=f"structure {number} holds no voxel and was left out",
    )
