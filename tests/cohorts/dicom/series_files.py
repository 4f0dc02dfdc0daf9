"""Small synthetic CT series, written as real DICOM files for the tests of intake."""

from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from cohorts.dicom.errors import IntakeError
from cohorts.dicom.headers import DicomFile
from cohorts.dicom.patients import PatientInput, scan_folder
from cohorts.dicom.series import OrderedSeries, order_series

CT = "1.2.840.10008.5.1.4.1.1.2"
ROWS, COLUMNS = 6, 8
SPACING_MM = 2.5


def hu_of(index: int, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """A slice that differs from every other slice and is not symmetric."""
    grid = np.arange(rows * columns, dtype=np.int16).reshape(rows, columns)
    return grid + 100 * index - 500


def ct_slice(index: int, *, patient: str = "P1", words: str = "a", **changes) -> FileDataset:
    """One slice; changes set attributes by keyword, None deletes them."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CT
    ds = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = CT
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[patient, words, str(index)])
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[patient, words, "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, words, "series"])
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=[patient, words, "frame"])
    ds.PatientID, ds.PatientName = patient, f"{patient}^"
    ds.PatientBirthDate = ds.PatientSex = ds.StudyDate = ds.StudyTime = ""
    ds.AccessionNumber = ds.StudyID = ds.ReferringPhysicianName = ""
    ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.InstanceNumber = 999 - index
    ds.SliceThickness = "7.7"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.PixelSpacing = ["0.9", "0.7"]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-10, -20, index * SPACING_MM]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "-1024", "HU"
    ds.PixelData = (hu_of(index).astype(np.int32) + 1024).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def write_series(folder: Path, count: int = 4, *, edit=None, **options) -> Path:
    """Write a series with file names in no order; `edit(dataset, index)` may change a slice."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        ds = ct_slice(index, **options)
        if edit is not None:
            edit(ds, index)
        ds.save_as(folder / f"{(index * 7) % 11:02d}.dcm", enforce_file_format=True)
    return folder


def only_patient(folder: Path) -> PatientInput:
    (patient,) = scan_folder(folder).patients
    return patient


def ordered(folder: Path) -> OrderedSeries:
    patient = only_patient(folder)
    if patient.refusal is not None:
        raise patient.refusal
    return order_series(patient.ct_files)


def refusal_of(folder: Path) -> IntakeError:
    """The refusal of the one patient in a folder, found by grouping or by ordering."""
    try:
        ordered(folder)
    except IntakeError as error:
        return error
    raise AssertionError("the series was accepted")


def ras_affine() -> np.ndarray:
    """The affine of the synthetic series as NIfTI wants it."""
    affine = np.diag((-0.7, -0.9, SPACING_MM, 1.0))
    affine[:3, 3] = (10, 20, 0)
    return affine


def write_label_map(path: Path, labels_zyx: np.ndarray, affine: np.ndarray | None = None) -> Path:
    matrix = ras_affine() if affine is None else affine
    nibabel.save(nibabel.Nifti1Image(labels_zyx.transpose(2, 1, 0), matrix), path)
    return path


def write_seg(
    path: Path,
    ct_files: list[DicomFile],
    masks_zyxn: np.ndarray,
    kind: str = "BINARY",
    syntax: str = ExplicitVRLittleEndian,
) -> Path:
    """A SEG, a label map if its masks are disjoint; masks in the order of the given CT files."""
    sources = [pydicom.dcmread(item.file.path) for item in ct_files]
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number + 1,
            segment_label=f"secret name {number + 1}",
            segmented_property_category=codes.SCT.BodyStructure,
            segmented_property_type=codes.SCT.LymphNode,
            algorithm_type="MANUAL",
        )
        for number in range(masks_zyxn.shape[-1])
    ]
    highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=masks_zyxn.astype(np.uint8),
        segmentation_type=kind,
        transfer_syntax_uid=syntax,
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    ).save_as(path)
    return path
