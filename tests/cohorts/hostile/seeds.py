"""Small good inputs that the fuzzer damages: one folder per format, one file of it to change."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import openpyxl
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from tests.cohorts.dicom.series_files import (
    COLUMNS,
    ROWS,
    SPACING_MM,
    ct_slice,
    only_patient,
    ras_affine,
    write_seg,
    write_series,
)

SLICES = 3
CSV_ENDINGS = frozenset({".csv", ".xlsx"})
SYNTAXES = {
    "ct_implicit": ImplicitVRLittleEndian,
    "ct_big_endian": ExplicitVRBigEndian,
    "ct_deflated": DeflatedExplicitVRLittleEndian,
    "ct_rle": RLELossless,
    "ct_jpegls": JPEGLSLossless,
    "ct_j2k": JPEG2000Lossless,
}
COMPRESSED = frozenset({RLELossless, JPEGLSLossless, JPEG2000Lossless})
LEGACY_CT = "1.2.840.10008.5.1.4.1.1.2.2"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"


@dataclass(frozen=True)
class Seed:
    """`folder` is a good upload; `file` is the one that is damaged."""

    name: str
    folder: Path
    file: Path

    @property
    def data(self) -> bytes:
        return self.file.read_bytes()


def write_seeds(place: Path) -> list[Seed]:
    """Write every seed below a folder, in a fixed order."""
    seeds = [_single_frame(place, "ct_explicit", None)]
    seeds += [_single_frame(place, name, syntax) for name, syntax in SYNTAXES.items()]
    seeds.append(_enhanced(place / "ct_enhanced"))
    seeds += [
        _with_mask(place, name, ending, write)
        for name, ending, write in (
            ("seg", "dcm", _write_seg),
            ("seg_labelmap", "dcm", _write_labelmap),
            ("rtstruct", "dcm", _write_rtstruct),
            ("nifti", "nii", _write_nifti),
            ("nifti_gz", "nii.gz", _write_nifti),
            ("nrrd", "nrrd", _write_nrrd_raw),
            ("nrrd_gz", "nrrd", _write_nrrd_gzip),
        )
    ]
    seeds += [_table(place / "csv"), _workbook(place / "xlsx")]
    return [*seeds, _zip(place / "zip", seeds[0].folder)]


def labels() -> np.ndarray:
    """Two nodes, (z, y, x)."""
    found = np.zeros((SLICES, ROWS, COLUMNS), np.uint8)
    found[0:2, 1:3, 1:4] = 1
    found[1:3, 3:5, 5:7] = 2
    return found


def _series(folder: Path) -> Path:
    return write_series(folder, count=SLICES)


def _single_frame(place: Path, name: str, syntax: str | None) -> Seed:
    edit = _large if syntax == JPEG2000Lossless else None
    folder = write_series(place / name / "ct", count=SLICES, edit=edit)
    file = sorted(folder.iterdir())[0]
    if syntax is not None:
        _convert(file, syntax)
    return Seed(name, folder.parent, file)


def _large(dataset: Dataset, index: int) -> None:
    """Enough pixels for the wavelets of JPEG 2000."""
    dataset.Rows = dataset.Columns = 32
    dataset.PixelData = (np.arange(1024, dtype="<u2") + 500 + index).tobytes()


def _convert(file: Path, syntax: str) -> None:
    dataset = pydicom.dcmread(file)
    if syntax in COMPRESSED:
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(file, enforce_file_format=True)
        return
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    # A dataset without memory of how it was stored may be written in any way.
    fresh = Dataset()
    for element in dataset:
        fresh.add_new(element.tag, element.VR, element.value)
    fresh.file_meta, fresh.preamble = dataset.file_meta, b"\0" * 128
    fresh.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(file, fresh, enforce_file_format=True)


def _item(**attributes: object) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _one(**attributes: object) -> Sequence:
    return Sequence([_item(**attributes)])


def _enhanced(folder: Path) -> Seed:
    """Three frames, not in order of position, every functional group of its own."""
    (folder / "ct").mkdir(parents=True)
    base = ct_slice(0)
    base.SOPClassUID = base.file_meta.MediaStorageSOPClassUID = LEGACY_CT
    order = [2, 0, 1]
    planes = [ct_slice(index) for index in order]
    for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "PixelSpacing",
                    "ImagePositionPatient", "ImageOrientationPatient"):  # fmt: skip
        delattr(base, keyword)
    base.NumberOfFrames = len(order)
    base.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    base.VolumetricProperties = "VOLUME"
    base.SharedFunctionalGroupsSequence = Sequence(
        [
            _item(
                PixelMeasuresSequence=_one(PixelSpacing=["0.9", "0.7"], SliceThickness="2.5"),
                PlaneOrientationSequence=_one(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
                PixelValueTransformationSequence=_one(
                    RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU"
                ),
            )
        ]
    )
    base.PerFrameFunctionalGroupsSequence = Sequence(
        _item(
            PlanePositionSequence=_one(ImagePositionPatient=[-10, -20, index * SPACING_MM]),
            FrameContentSequence=_one(FrameAcquisitionNumber=index),
        )
        for index in order
    )
    base.PixelData = b"".join(plane.PixelData for plane in planes)
    file = folder / "ct" / "frames.dcm"
    base.save_as(file, enforce_file_format=True)
    return Seed("ct_enhanced", folder, file)


def _with_mask(place: Path, name: str, ending: str, write) -> Seed:
    folder = place / name
    _series(folder / "ct")
    file = folder / f"nodes.{ending}"
    write(file, folder / "ct")
    return Seed(name, folder, file)


def _ordered(folder: Path) -> list:
    patient = only_patient(folder)
    return sorted(patient.ct_files, key=lambda item: float(item.header.ImagePositionPatient[2]))


def _write_seg(file: Path, series: Path) -> None:
    masks = np.stack([labels() == 1, labels() == 2], axis=-1)
    write_seg(file, _ordered(series), masks)


def _write_labelmap(file: Path, series: Path) -> None:
    """The BINARY segmentation's frames, written as one label map."""
    _write_seg(file, series)
    dataset = pydicom.dcmread(file)
    heights = sorted({float(_height(group)) for group in dataset.PerFrameFunctionalGroupsSequence})
    groups = {}
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.SegmentIdentificationSequence
        groups[_height(group)] = group
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups[height] for height in heights)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    dataset.SegmentationType, dataset.NumberOfFrames = "LABELMAP", len(heights)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = labels().tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(file)


def _height(group: Dataset) -> float:
    return float(group.PlanePositionSequence[0].ImagePositionPatient[2])


def _write_rtstruct(file: Path, series: Path) -> None:
    first = pydicom.dcmread(_ordered(series)[0].file.path, stop_before_pixels=True)
    dataset = ct_slice(0)
    for keyword in ("PixelData", "Rows", "Columns", "PixelSpacing", "RescaleSlope"):
        delattr(dataset, keyword)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = RTSTRUCT
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["structures"])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["structures series"])
    dataset.Modality, dataset.StructureSetLabel = "RTSTRUCT", "nodes"
    dataset.ReferencedFrameOfReferenceSequence = _one(
        FrameOfReferenceUID=first.FrameOfReferenceUID,
        RTReferencedStudySequence=_one(
            ReferencedSOPInstanceUID=first.StudyInstanceUID,
            RTReferencedSeriesSequence=_one(SeriesInstanceUID=first.SeriesInstanceUID),
        ),
    )
    dataset.StructureSetROISequence = Sequence(
        _item(
            ROINumber=number,
            ROIName=f"LN_{number}",
            ReferencedFrameOfReferenceUID=first.FrameOfReferenceUID,
        )
        for number in (1, 2)
    )
    dataset.ROIContourSequence = Sequence(
        _item(ReferencedROINumber=number, ContourSequence=_contours(number)) for number in (1, 2)
    )
    dataset.save_as(file, enforce_file_format=True)


def _contours(number: int) -> Sequence:
    """Squares round the voxels of a label, in the patient's millimetres."""
    contours = []
    for z in range(SLICES):
        rows, columns = np.nonzero(labels()[z] == number)
        if len(rows):
            y0, y1 = rows.min() - 0.5, rows.max() + 0.5
            x0, x1 = columns.min() - 0.5, columns.max() + 0.5
            corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
            points = [(-10 + x * 0.7, -20 + y * 0.9, z * SPACING_MM) for x, y in corners]
            data = [f"{value:.2f}" for point in points for value in point]
            contours.append(
                _item(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    ContourData=data,
                )
            )
    return Sequence(contours)


def _write_nifti(file: Path, series: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(labels().transpose(2, 1, 0), ras_affine()), file)


def _nrrd(file: Path, encoding: str) -> None:
    header = {
        "space": "left-posterior-superior",
        "space directions": np.diag((0.7, 0.9, SPACING_MM)),
        "space origin": np.array((-10.0, -20.0, 0.0)),
        "encoding": encoding,
    }
    nrrd.write(str(file), labels().transpose(2, 1, 0), header)


def _write_nrrd_raw(file: Path, series: Path) -> None:
    _nrrd(file, "raw")


def _write_nrrd_gzip(file: Path, series: Path) -> None:
    _nrrd(file, "gzip")


TABLE = (
    ("patient", "age_years", "sex"),
    ("P001", "61", "f"),
    ("P002", "58", "m"),
)


def _table(folder: Path) -> Seed:
    folder.mkdir()
    file = folder / "patients.csv"
    file.write_text("\n".join(",".join(row) for row in TABLE) + "\n", encoding="utf-8")
    return Seed("csv", folder, file)


def _workbook(folder: Path) -> Seed:
    folder.mkdir()
    workbook = openpyxl.Workbook()
    for row in TABLE:
        workbook.active.append(row)
    file = folder / "patients.xlsx"
    workbook.save(file)
    return Seed("xlsx", folder, file)


def _zip(folder: Path, source: Path) -> Seed:
    folder.mkdir()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                opened.write(path, path.relative_to(source))
    file = folder / "upload.zip"
    file.write_bytes(content.getvalue())
    return Seed("zip", folder, file)
