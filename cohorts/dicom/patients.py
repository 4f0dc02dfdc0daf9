"""cohorts.dicom: group the files of an upload by patient, and say which mask belongs to whom."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.headers import DicomFile, ObjectKind, kind_name, read_dicom_file
from cohorts.dicom.mask_files import unreadable
from cohorts.dicom.primary_images import slices_among
from cohorts.dicom.references import referenced_frames, referenced_series
from cohorts.dicom.source_files import SourceFile, list_folder

CT_KINDS = frozenset({ObjectKind.CT, ObjectKind.ENHANCED_CT, ObjectKind.SECONDARY_CAPTURE})
MASK_KINDS = frozenset({ObjectKind.SEGMENTATION, ObjectKind.STRUCTURE_SET})


@dataclass
class PatientInput:
    """What one patient gave: CT files, masks, and what is already known to be wrong.

    Attributes
    ----------
    patient_id : str
        PatientID as found; for matching with pseudonyms only, never shown or served.
    folder : str
        Common folder of the CT files, relative to the upload.
    ct_files : list of DicomFile
        CT slices and multi-frame images, of one series or of several.
    segmentations : list of DicomFile
        Segmentations and structure sets.
    label_maps, label_tables : list of SourceFile
        NIfTI and NRRD files, and the tables with the names of their values.
    notes : list of str
        What was left out, and why.
    refusal : IntakeError or None
        A reason to refuse the patient whole, found while grouping.
    """

    patient_id: str
    folder: str
    ct_files: list[DicomFile] = field(default_factory=list)
    segmentations: list[DicomFile] = field(default_factory=list)
    label_maps: list[SourceFile] = field(default_factory=list)
    label_tables: list[SourceFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refusal: IntakeError | None = None

    def folders(self) -> set[str]:
        """Return the folders that hold CT files."""
        return {item.file.folder for item in self.ct_files}


@dataclass
class Upload:
    """A whole upload, grouped."""

    patients: list[PatientInput]
    notes: list[str]


@dataclass
class _Sorted:
    """The files of an upload by what they are."""

    images: list[DicomFile] = field(default_factory=list)
    segmentations: list[DicomFile] = field(default_factory=list)
    label_maps: list[SourceFile] = field(default_factory=list)
    label_tables: list[SourceFile] = field(default_factory=list)
    broken: list[tuple[SourceFile, IntakeError]] = field(default_factory=list)
    others: list[DicomFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan_folder(folder: Path) -> Upload:
    """Group the files below a folder by patient.

    Raises
    ------
    IntakeError
        If there is no CT image at all.
    """
    return group_files(list_folder(folder))


def masks_below(folder: Path) -> PatientInput:
    """Return the masks below a folder that holds those of one patient and need hold no CT.

    Raises
    ------
    IntakeError
        If a file that calls itself DICOM is broken.
    NotADirectoryError
        If `folder` is no folder.
    """
    found = _sort_files(list_folder(folder), None)
    if found.broken:
        raise found.broken[0][1]
    masks = PatientInput("", "", segmentations=found.segmentations, label_maps=found.label_maps)
    _attach_tables(found, [masks])
    masks.notes = found.notes + _notes_on_others(found.others)
    return masks


def group_files(
    files: Sequence[SourceFile], progress: Callable[[int, int], None] | None = None
) -> Upload:
    """Group files by patient; every header is read once.

    Parameters
    ----------
    files : sequence of SourceFile
    progress : callable, optional
        Called with (files read, files in all).

    Returns
    -------
    Upload
        Patients in order of folder. A patient that cannot be accepted carries its refusal; a
        mask that belongs to nobody stands as a refused patient of its own.

    Raises
    ------
    IntakeError
        If there is no CT image at all.
    """
    found = _sort_files(files, progress)
    found.notes += _notes_on_others(found.others)
    patients = _patients_of(found)
    if not patients:
        if found.broken:
            raise found.broken[0][1]
        raise IntakeError(
            RefusalCode.NO_CT,
            "no CT image was found; give DICOM CT files (Modality CT, CT Image Storage). "
            + " ".join(found.notes[:5]),
        )
    owners = _Owners(patients)
    _attach_broken(found, owners)
    unowned = _attach_masks(found, owners)
    ordered = sorted(patients, key=lambda patient: (patient.folder, patient.patient_id))
    return Upload(ordered + unowned, found.notes)


def _sort_files(
    files: Sequence[SourceFile], progress: Callable[[int, int], None] | None
) -> _Sorted:
    found = _Sorted()
    for number, file in enumerate(files, start=1):
        if file.is_label_map and not file.is_junk:
            found.label_maps.append(file)
        elif file.is_label_table and not file.is_junk:
            found.label_tables.append(file)
        elif not file.is_junk:
            _sort_one(file, found)
        if progress is not None:
            progress(number, len(files))
    return found


def _sort_one(file: SourceFile, found: _Sorted) -> None:
    try:
        dicom_file = read_dicom_file(file)
    except IntakeError as error:
        found.broken.append((file, error))
        return
    if dicom_file is None:
        what = "an archive; unpack it first" if file.is_archive else "not DICOM"
        found.notes.append(f"{file.name}: left out, {what}")
    elif dicom_file.kind in MASK_KINDS:
        _sort_mask(dicom_file, found)
    elif dicom_file.kind in CT_KINDS:
        found.images.append(dicom_file)
    elif dicom_file.kind is not ObjectKind.DIRECTORY:
        found.others.append(dicom_file)


def _sort_mask(mask: DicomFile, found: _Sorted) -> None:
    """Keep a mask whose references can be read: sequences are parsed only when asked for."""
    try:
        referenced_series(mask.header)
        referenced_frames(mask.header)
    except UNREADABLE_ERRORS:
        found.broken.append((mask.file, unreadable(mask.file, "a DICOM mask")))
    else:
        found.segmentations.append(mask)


def _notes_on_others(others: Sequence[DicomFile]) -> list[str]:
    """Name what is no CT; of many alike in one folder, the folder."""
    alike: dict[tuple[str, str], list[DicomFile]] = defaultdict(list)
    for other in others:
        alike[(other.file.folder, kind_name(other))].append(other)
    return [
        f"{files[0].name}: left out, {kind} is no CT image"
        if len(files) == 1
        else f"{folder or 'the upload'}: {len(files)} files left out, {kind} is no CT image"
        for (folder, kind), files in alike.items()
    ]


def _patients_of(found: _Sorted) -> list[PatientInput]:
    """Group images by PatientID (by folder where it is empty)."""
    groups: dict[tuple[str, str], list[DicomFile]] = defaultdict(list)
    for image in found.images:
        place = "" if image.patient_id else image.file.folder
        groups[(image.patient_id, place)].append(image)
    mixed = _series_of_several_patients(found.images)
    patients = []
    for (patient_id, _), images in groups.items():
        patient = PatientInput(patient_id, _common_folder(image.file.folder for image in images))
        patient.ct_files, patient.notes, refusal = slices_among(images)
        patient.refusal = _refusal_of(patient, images, mixed) or refusal
        patients.append(patient)
    return patients


def _common_folder(folders: Iterable[str]) -> str:
    parts = [PurePosixPath(folder).parts for folder in folders]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "/".join(common)


def _series_of_several_patients(images: Sequence[DicomFile]) -> dict[str, IntakeError]:
    """Return a refusal for each series whose files name more than one patient."""
    first: dict[str, DicomFile] = {}
    mixed: dict[str, IntakeError] = {}
    for image in images:
        other = first.setdefault(image.series_uid, image)
        same = other.patient_id == image.patient_id and (
            other.text("PatientName") == image.text("PatientName")
        )
        if image.series_uid and not same:
            mixed.setdefault(
                image.series_uid,
                IntakeError(
                    RefusalCode.TWO_PATIENTS,
                    f"PatientID or PatientName differs from {other.name} although both are of "
                    "one series; find out whose images these are and give them apart",
                    image.name,
                ),
            )
    return mixed


def _refusal_of(
    patient: PatientInput, images: Sequence[DicomFile], mixed: dict[str, IntakeError]
) -> IntakeError | None:
    """Return the first reason that is visible from headers alone."""
    for image in images:
        if image.series_uid in mixed:
            return mixed[image.series_uid]
    studies = {image.text("StudyInstanceUID"): image for image in reversed(patient.ct_files)}
    if not patient.patient_id and len(studies) > 1:
        return IntakeError(
            RefusalCode.TWO_SERIES,
            f"images of {len(studies)} studies without PatientID lie in one folder; nothing says "
            "that they are of one patient. Give each patient's images in a folder of its own",
            studies[max(studies)].name,
        )
    return None


class _Owners:
    """The patients of an upload by all that a mask may name; each file then looks its own up.

    A search through the patients for every file would cost a thousand patients as much as all else.
    """

    def __init__(self, patients: Sequence[PatientInput]) -> None:
        self.patients = patients
        self.by_series = _by(patients, lambda one: [file.series_uid for file in one.ct_files])
        self.by_frame = _by(
            patients, lambda one: [file.text("FrameOfReferenceUID") for file in one.ct_files]
        )
        self.by_id = _by(patients, lambda one: [one.patient_id])
        self.by_name = _by(patients, _names_of)
        self.by_level = _by(patients, lambda one: _levels_around(one.folders()))

    def of_segmentation(self, segmentation: DicomFile) -> PatientInput | None:
        """Decide by referenced series, frame of reference, PatientID, then folder."""
        header = segmentation.header
        patient_ids = {segmentation.patient_id} - {""}
        for index, keys in (
            (self.by_series, referenced_series(header)),
            (self.by_frame, referenced_frames(header)),
            (self.by_id, patient_ids),
        ):
            owners = {id(owner): owner for key in keys for owner in index.get(key, [])}
            if len(owners) == 1:
                return next(iter(owners.values()))
        return self.of_file(segmentation.file)

    def of_file(self, file: SourceFile) -> PatientInput | None:
        """Decide by the only patient, the file's name, then the nearest folder."""
        if len(self.patients) == 1:
            return self.patients[0]
        named = self.by_name.get(file.stem, [])
        if len(named) == 1:
            return named[0]
        near = self.near(file)
        return near[0] if len(near) == 1 else None

    def near(self, file: SourceFile) -> list[PatientInput]:
        """Return the patients below the innermost folder around a file that holds any CT."""
        levels = _levels_of(file.folder)
        return next((self.by_level[level] for level in levels if level in self.by_level), [])


def _by(
    patients: Sequence[PatientInput], keys_of: Callable[[PatientInput], Iterable[str]]
) -> dict[str, list[PatientInput]]:
    """Return the patients of each key, each once, in their order."""
    found: dict[str, list[PatientInput]] = defaultdict(list)
    for patient in patients:
        for key in set(keys_of(patient)):
            found[key].append(patient)
    return dict(found)


def _names_of(patient: PatientInput) -> set[str]:
    """Return what a mask of the patient may be called: PatientID, or a part of its folders."""
    parts = (PurePosixPath(folder).parts for folder in patient.folders())
    return {patient.patient_id}.union(*parts)


def _levels_around(folders: Iterable[str]) -> set[str]:
    return {level for folder in folders for level in _levels_of(folder)}


def _levels_of(folder: str) -> list[str]:
    """Return a folder and those around it, the innermost first; the upload itself is ``.``."""
    path = PurePosixPath(folder)
    return [str(level) for level in (path, *path.parents)]


def _attach_broken(found: _Sorted, owners: _Owners) -> None:
    """Refuse the patient among whose files a broken one lies."""
    for file, error in found.broken:
        for patient in owners.near(file) or owners.patients:
            patient.refusal = patient.refusal or error


def _attach_masks(found: _Sorted, owners: _Owners) -> list[PatientInput]:
    """Give each mask to its patient; return refusals for those that nobody owns."""
    unowned = []
    for segmentation in found.segmentations:
        owner = owners.of_segmentation(segmentation)
        if owner:
            owner.segmentations.append(segmentation)
        else:
            unowned.append(_unattributed(segmentation.file))
    for label_map in found.label_maps:
        owner = owners.of_file(label_map)
        if owner:
            owner.label_maps.append(label_map)
        else:
            unowned.append(_unattributed(label_map))
    _attach_tables(found, owners.patients)
    return unowned


def _attach_tables(found: _Sorted, patients: Sequence[PatientInput]) -> None:
    """Give each table of names to the patient with the label map of the same name."""
    owners: dict[tuple[str, str], PatientInput] = {}
    for patient in patients:
        for label_map in patient.label_maps:
            owners.setdefault((label_map.folder, label_map.stem), patient)
    for table in found.label_tables:
        owner = owners.get((table.folder, table.stem))
        if owner:
            owner.label_tables.append(table)
        else:
            found.notes.append(f"{table.name}: left out, no label map of this name lies beside it")


def _unattributed(file: SourceFile) -> PatientInput:
    refusal = IntakeError(
        RefusalCode.MASK_UNATTRIBUTED,
        "it is not clear which patient this mask belongs to; put it into the patient's folder "
        "or name it like that folder",
        file.name,
    )
    return PatientInput("", file.folder, refusal=refusal)
