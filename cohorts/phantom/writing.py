"""cohorts.phantom: write a phantom patient as DICOM CT files with a DICOM SEG or NIfTI mask."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pydicom
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from cohorts.phantom.neck import PhantomNeck, PhantomNode

CT_IMAGE = UID("1.2.840.10008.5.1.4.1.1.2")
INTERCEPT_HU = -1024
FIXED_DATE, FIXED_TIME = "20200101", "120000"
"""No phantom was ever scanned; a fixed date keeps files equal byte for byte."""


def phantom_uid(*words: object) -> UID:
    """Return a valid UID that depends on the words alone."""
    return generate_uid(entropy_srcs=["nodewise phantom", *(str(word) for word in words)])


def write_ct(neck: PhantomNeck, folder: Path, patient_id: str, uid_words: Sequence[object]) -> None:
    """Write one DICOM CT Image Storage file per slice.

    Parameters
    ----------
    neck : PhantomNeck
    folder : Path
        Existing folder.
    patient_id : str
    uid_words : sequence
        What the UIDs depend on.
    """
    base = _base_header(neck, patient_id, uid_words)
    stored = (neck.volume_zyx.astype(np.int32) - INTERCEPT_HU).astype("<u2")
    for index in range(len(stored)):
        image = _image(base, index, origin_lps_mm(neck, index), uid_words)
        image.PixelData = stored[index].tobytes()
        image["PixelData"].VR = "OW"
        image.save_as(folder / f"IM{index + 1:04d}.dcm", enforce_file_format=True)


def _base_header(neck: PhantomNeck, patient_id: str, uid_words: Sequence[object]) -> Dataset:
    """Return the attributes that all slices share."""
    _, rows, columns = neck.volume_zyx.shape
    spacing_z, spacing_y, spacing_x = neck.spacing_zyx_mm
    base = Dataset()
    base.SpecificCharacterSet = "ISO_IR 192"
    base.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    base.SOPClassUID = CT_IMAGE
    base.StudyDate, base.StudyTime = FIXED_DATE, FIXED_TIME
    base.ContentDate, base.ContentTime = FIXED_DATE, FIXED_TIME
    base.AccessionNumber = ""
    base.Modality = "CT"
    base.Manufacturer = "Nodewise phantom"
    base.ReferringPhysicianName = ""
    base.PatientName = f"{patient_id}^"
    base.PatientID = patient_id
    base.PatientBirthDate = ""
    base.PatientSex = ""
    base.KVP = "120"
    base.SliceThickness = f"{spacing_z:g}"
    base.PatientPosition = "HFS"
    base.StudyInstanceUID = phantom_uid("study", *uid_words)
    base.SeriesInstanceUID = phantom_uid("series", *uid_words)
    base.FrameOfReferenceUID = phantom_uid("frame", *uid_words)
    base.PositionReferenceIndicator = ""
    base.StudyID = ""
    base.SeriesNumber = 1
    base.AcquisitionNumber = 1
    base.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    base.SamplesPerPixel = 1
    base.PhotometricInterpretation = "MONOCHROME2"
    base.Rows, base.Columns = rows, columns
    base.PixelSpacing = [f"{spacing_y:g}", f"{spacing_x:g}"]
    base.BitsAllocated, base.BitsStored, base.HighBit = 16, 12, 11
    base.PixelRepresentation = 0
    base.WindowCenter, base.WindowWidth = "50", "400"
    base.RescaleIntercept, base.RescaleSlope, base.RescaleType = str(INTERCEPT_HU), "1", "HU"
    return base


def origin_lps_mm(neck: PhantomNeck, index: int) -> tuple[float, float, float]:
    """Return the centre of a slice's first voxel; the middle of the plane lies at x = y = 0."""
    _, rows, columns = neck.volume_zyx.shape
    spacing_z, spacing_y, spacing_x = neck.spacing_zyx_mm
    x, y = -(columns - 1) / 2 * spacing_x, -(rows - 1) / 2 * spacing_y
    return round(x, 4), round(y, 4), round(index * spacing_z - 100.0, 4)


def _image(
    base: Dataset, index: int, origin: tuple[float, float, float], uid_words: Sequence[object]
) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CT_IMAGE
    meta.MediaStorageSOPInstanceUID = phantom_uid("image", index, *uid_words)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", copy.copy(base), file_meta=meta, preamble=b"\0" * 128)
    image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    image.InstanceNumber = index + 1
    image.ImagePositionPatient = [f"{value:.4f}" for value in origin]
    return image


def write_label_map(
    neck: PhantomNeck, labelled: Sequence[tuple[int, PhantomNode]], path: Path
) -> None:
    """Write a NIfTI instance label map on the CT grid, affine in RAS.

    Parameters
    ----------
    neck : PhantomNeck
    labelled : sequence of (label, node)
    path : Path
        Ends in `.nii.gz`.
    """
    labels_zyx = np.zeros(neck.volume_zyx.shape, dtype=np.uint16)
    for label, node in labelled:
        labels_zyx[tuple(node.voxels_zyx.T)] = label
    x, y, z = origin_lps_mm(neck, 0)
    spacing_z, spacing_y, spacing_x = neck.spacing_zyx_mm
    affine = np.diag((-spacing_x, -spacing_y, spacing_z, 1.0))
    affine[:3, 3] = (-x, -y, z)
    image: Any = nibabel.Nifti1Image(labels_zyx.transpose(2, 1, 0), affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def write_segmentation(
    neck: PhantomNeck,
    labelled: Sequence[tuple[int, PhantomNode]],
    ct_folder: Path,
    path: Path,
    uid_words: Sequence[object],
) -> None:
    """Write a BINARY DICOM SEG whose segment numbers are the labels (1 to n).

    Parameters
    ----------
    neck : PhantomNeck
    labelled : sequence of (label, node)
    ct_folder : Path
        The CT files the segmentation refers to.
    path : Path
    uid_words : sequence
        What the UIDs depend on.
    """
    ordered = [node for _, node in sorted(labelled, key=lambda pair: pair[0])]
    slices = sorted({int(z) for node in ordered for z in np.unique(node.voxels_zyx[:, 0])})
    place = {z: number for number, z in enumerate(slices)}
    masks = np.zeros((len(slices), *neck.volume_zyx.shape[1:], len(ordered)), dtype=np.uint8)
    for number, node in enumerate(ordered):
        rows = np.array([place[int(z)] for z in node.voxels_zyx[:, 0]])
        masks[rows, node.voxels_zyx[:, 1], node.voxels_zyx[:, 2], number] = 1
    sources = [_source(ct_folder, z) for z in slices]
    segmentation = Segmentation(
        source_images=sources,
        pixel_array=masks,
        segmentation_type="BINARY",
        segment_descriptions=[_description(number + 1) for number in range(len(ordered))],
        series_instance_uid=phantom_uid("seg series", *uid_words),
        series_number=2,
        sop_instance_uid=phantom_uid("seg", *uid_words),
        instance_number=1,
        manufacturer="Nodewise phantom",
        manufacturer_model_name="phantom",
        software_versions="1",
        device_serial_number="1",
        content_label="NODES",
    )
    _fix_what_varies(segmentation, phantom_uid("dimensions", *uid_words))
    segmentation.save_as(path)


def _fix_what_varies(segmentation: Dataset, dimensions: UID) -> None:
    """Replace the times and random identifiers that the library puts in."""
    for event in ("Content", "Series", "InstanceCreation"):
        setattr(segmentation, f"{event}Date", FIXED_DATE)
        setattr(segmentation, f"{event}Time", FIXED_TIME)
    for element in segmentation.iterall():
        if element.keyword == "DimensionOrganizationUID":
            element.value = dimensions
        elif element.keyword == "ContributionDateTime":
            element.value = FIXED_DATE + FIXED_TIME


def _source(ct_folder: Path, index: int) -> Dataset:
    return pydicom.dcmread(ct_folder / f"IM{index + 1:04d}.dcm", stop_before_pixels=True)


def _description(number: int) -> SegmentDescription:
    return SegmentDescription(
        segment_number=number,
        segment_label=f"Node {number}",
        segmented_property_category=codes.SCT.BodyStructure,
        segmented_property_type=codes.SCT.LymphNode,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
