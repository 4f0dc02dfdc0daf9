"""cohorts.deidentification: a folder of files -> a new folder of clean files with neutral names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nrrd.errors import NRRDError
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from cohorts.deidentification.engine import deidentify
from cohorts.deidentification.pixel_bytes import clean_pixels
from cohorts.deidentification.policy import DeidentificationPolicy
from cohorts.deidentification.refusals import refuse_unfit
from cohorts.deidentification.volume_files import clean_nifti, clean_nrrd
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.source_files import SourceFile, list_folder

NIFTI_ENDINGS = (".nii.gz", ".nii")
NRRD_ENDING = ".nrrd"
FOREIGN_ERRORS = (*UNREADABLE_ERRORS, ImageFileError, HeaderDataError, NRRDError)


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its new name, or the reason why it was left out."""

    source: str
    target: str = ""
    refusal: IntakeError | None = None


class FolderCleaner:
    """Cleans files one by one into a folder; the same patient has the same number throughout.

    Parameters
    ----------
    target : Path
        An existing folder. Files are written to ``P001/CT-00001.dcm``, label maps, which name no
        patient, to ``masks/00001.nii.gz``.
    policy : DeidentificationPolicy
    """

    def __init__(self, target: Path, policy: DeidentificationPolicy) -> None:
        self.target, self.policy = target, policy
        self.patients: dict[str, str] = {}
        self.count: Counter[str] = Counter()

    def clean_all(self, source: Path) -> Iterator[Outcome]:
        """Clean every regular file below a folder, in order of name."""
        for file in list_folder(source):
            try:
                yield Outcome(file.name, self._clean(file))
            except IntakeError as refusal:
                yield Outcome(file.name, refusal=refusal)
            except MemoryError:
                sentence = "needs more memory than allowed; left out"
                yield Outcome(
                    file.name, refusal=IntakeError(RefusalCode.OUT_OF_MEMORY, sentence, file.name)
                )
            except FOREIGN_ERRORS as error:
                sentence = f"cannot be read ({type(error).__name__}); left out"
                yield Outcome(
                    file.name, refusal=IntakeError(RefusalCode.UNREADABLE, sentence, file.name)
                )

    def _clean(self, file: SourceFile) -> str:
        lowered = file.name.casefold()
        for ending in NIFTI_ENDINGS:
            if lowered.endswith(ending):
                return self._volume(file, ending)
        if lowered.endswith(NRRD_ENDING):
            return self._volume(file, NRRD_ENDING)
        return self._object(file)

    def _volume(self, file: SourceFile, ending: str) -> str:
        name = self._next("masks", "", ending)
        write = clean_nrrd if ending == NRRD_ENDING else clean_nifti
        try:
            write(file.path, self.target / name)
        except BaseException:
            (self.target / name).unlink(missing_ok=True)  # a half-written file is not clean
            raise
        return name

    def _object(self, file: SourceFile) -> str:
        try:
            dataset = pydicom.dcmread(file.path)
        except InvalidDicomError as error:
            raise IntakeError(RefusalCode.NOT_DICOM, "is not DICOM; left out", file.name) from error
        refuse_unfit(dataset, file.name)
        clean_pixels(dataset, file.name)
        clean = deidentify(dataset, self.policy)
        pseudonym = self._pseudonym(dataset)
        clean.PatientID = clean.PatientName = pseudonym
        name = self._next(pseudonym, f"{clean.Modality}-", ".dcm")
        clean.save_as(self.target / name, enforce_file_format=True)
        return name

    def _pseudonym(self, dataset: Dataset) -> str:
        patient = str(dataset.get("PatientID") or "") or str(dataset.get("StudyInstanceUID") or "")
        return self.patients.setdefault(patient, f"P{len(self.patients) + 1:03d}")

    def _next(self, folder: str, prefix: str, ending: str) -> str:
        (self.target / folder).mkdir(exist_ok=True)
        self.count[folder] += 1
        return f"{folder}/{prefix}{self.count[folder]:05d}{ending}"
