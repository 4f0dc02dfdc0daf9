"""Small NRRD and RTSTRUCT files on the grid of the synthetic series."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def nrrd_bytes(labels, *, data=None, **fields) -> bytes:
    """An NRRD file; `labels` in the order of its own axes, fastest first (x, y, z)."""
    header = {
        "type": {"u1": "uint8", "i2": "int16", "f4": "float"}[labels.dtype.str[1:]],
        "dimension": str(labels.ndim),
        "space": "left-posterior-superior",
        "sizes": " ".join(str(size) for size in labels.shape),
        "space directions": "(0.7,0,0) (0,0.9,0) (0,0,2.5)",
        "endian": "little",
        "encoding": "raw",
        "space origin": "(-10,-20,0)",
    }
    header |= {key.replace("_", " "): value for key, value in fields.items()}
    lines = [f"{key}: {value}" for key, value in header.items() if value is not None]
    voxels = labels.tobytes(order="F") if data is None else data
    return "\n".join(["NRRD0005", *lines, "", ""]).encode() + voxels


def with_segments(content: bytes, *segments: dict[str, str]) -> bytes:
    """Add what 3D Slicer says of its segments to the header of an NRRD file."""
    lines = [
        f"Segment{number}_{key}:={value}"
        for number, segment in enumerate(segments)
        for key, value in segment.items()
    ]
    header, voxels = content.split(b"\n\n", 1)
    return b"\n".join([header, *(line.encode() for line in lines)]) + b"\n\n" + voxels


def write_structure_set(path: Path, ct: Dataset, structures: dict, **changes) -> Path:
    """A structure set; structures map (number, name) to (type, points in LPS mm) contours."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = STRUCTURE_SET
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.Modality, ds.PatientID = "RTSTRUCT", ct.PatientID
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    for (number, name), contours in structures.items():
        roi, item = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ReferencedFrameOfReferenceUID = ct.FrameOfReferenceUID
        item.ReferencedROINumber, item.ContourSequence = number, []
        for kind, points in contours:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{value:.6g}" for value in np.ravel(points)]
            item.ContourSequence.append(contour)
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(item)
    for keyword, value in changes.items():
        for roi in ds.StructureSetROISequence:
            setattr(roi, keyword, value)
    ds.save_as(path, enforce_file_format=True)
    return path
