"""Small enhanced multi-frame CT files, made from the single slices of `series_files`."""

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tests.cohorts.dicom.series_files import ct_slice

ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
OWN_PLACE = {
    "PlanePositionSequence": ["ImagePositionPatient"],
    "PixelValueTransformationSequence": ["RescaleSlope", "RescaleIntercept", "RescaleType"],
}
SHARED_PLACE = {
    "PlaneOrientationSequence": ["ImageOrientationPatient"],
    "PixelMeasuresSequence": ["PixelSpacing", "SliceThickness"],
}


def enhanced_ct(order, *, edit=None, edit_slice=None, syntax=None, **options) -> Dataset:
    """One multi-frame image whose frames are the slices with the indexes in `order`.

    `edit_slice(dataset, index)` changes a slice before it becomes a frame, `edit(dataset)` the
    whole; `syntax` compresses it.
    """
    slices = [ct_slice(index, **options) for index in order]
    for index, ds in zip(order, slices, strict=True):
        if edit_slice is not None:
            edit_slice(ds, index)
    whole = ct_slice(77, **options)
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = ENHANCED_CT
    whole.NumberOfFrames = len(slices)
    whole.PixelData = b"".join(ds.PixelData for ds in slices)
    whole["PixelData"].VR = "OW"
    whole.BitsStored, whole.HighBit = slices[0].BitsStored, slices[0].HighBit
    whole.PixelRepresentation = slices[0].PixelRepresentation
    whole.SharedFunctionalGroupsSequence = Sequence([_group(slices[0], SHARED_PLACE)])
    whole.PerFrameFunctionalGroupsSequence = Sequence([_group(ds, OWN_PLACE) for ds in slices])
    for keyword in [name for names in (OWN_PLACE | SHARED_PLACE).values() for name in names]:
        delattr(whole, keyword)
    if edit is not None:
        edit(whole)
    if syntax is not None:
        whole.compress(UID(syntax))
    return whole


def _group(ds: Dataset, place: dict[str, list[str]]) -> Dataset:
    group = Dataset()
    for name, keywords in place.items():
        item = Dataset()
        for keyword in keywords:
            setattr(item, keyword, ds[keyword].value)
        setattr(group, name, Sequence([item]))
    return group


def write_enhanced(folder: Path, order=(2, 0, 3, 1), name="mf.dcm", **options) -> Path:
    """Write one multi-frame image; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    enhanced_ct(list(order), **options).save_as(folder / name, enforce_file_format=True)
    return folder
