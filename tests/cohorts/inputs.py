"""Small inputs of intake: DICOM CT files and a NIfTI label map per patient, and a zip of them."""

import zipfile
from pathlib import Path

import nibabel
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SLICES, SIZE = 5, 48
SPACING_Z, SPACING = 3.0, 1.0


def write_patient(
    folder: Path, patient_id: str, *, seed: int = 1, nodes: int = 2, mask_shift: int = 0
) -> Path:
    """Write one patient's CT and label map below ``folder``; equal arguments, equal voxels."""
    place = folder / (patient_id or "nameless")
    (place / "ct").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    volume = rng.integers(-100, 150, (SLICES, SIZE, SIZE)).astype(np.int16)
    volume[:, 0, 0] = -1024
    uids = [generate_uid(entropy_srcs=[patient_id, str(seed), word]) for word in ("s", "e", "f")]
    for index, plane in enumerate(volume):
        _image(plane, index, patient_id, uids).save_as(
            place / "ct" / f"IM{index:03d}.dcm", enforce_file_format=True
        )
    if nodes:
        _write_label_map(place / "nodes.nii.gz", nodes, mask_shift)
    return place


def _image(plane: np.ndarray, index: int, patient_id: str, uids: list[str]) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = CT_IMAGE
    sop = generate_uid(entropy_srcs=[uids[1], str(index)])
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = sop
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = uids
    image.Modality, image.PatientID, image.PatientName = "CT", patient_id, "Nobody^Real"
    image.Rows = image.Columns = SIZE
    image.PixelSpacing = [SPACING, SPACING]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, SPACING_Z * index]
    image.SliceThickness, image.InstanceNumber = SPACING_Z, index + 1
    image.RescaleSlope, image.RescaleIntercept, image.RescaleType = 1, -1024, "HU"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
    image.PixelRepresentation = 0
    image.PixelData = (plane.astype(np.int32) + 1024).astype("<u2").tobytes()
    return image


def _write_label_map(path: Path, nodes: int, shift: int) -> None:
    labels = np.zeros((SLICES, SIZE, SIZE), np.uint8)
    for number in range(1, nodes + 1):
        start = 4 + 8 * number + shift
        labels[1:4, 20:26, start : start + 6] = number
    # NIfTI is (x, y, z) in RAS; DICOM is LPS, hence the two negative axes.
    affine = np.diag([-SPACING, -SPACING, SPACING_Z, 1.0])
    nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine), path)


def break_patient(place: Path) -> None:
    """Take a slice out of the middle: the series is no longer evenly spaced."""
    (place / "ct" / "IM002.dcm").unlink()


def zip_of(folder: Path, archive: Path) -> Path:
    """Pack a folder."""
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                opened.write(path, path.relative_to(folder))
    return archive
