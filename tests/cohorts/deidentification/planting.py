"""Objects with canaries: a marked value, valid for its VR, in every attribute of the table."""

import itertools

import numpy as np
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from cohorts.deidentification.confidentiality_table import ROWS
from cohorts.deidentification.kept_attributes import KEPT, Kind

WORD = "QX77"
NUMBER = "7700"
SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
}
CARRIERS = {
    "CT": ["SharedFunctionalGroupsSequence", "FrameContentSequence", "PixelMeasuresSequence"],
    "SEG": ["PerFrameFunctionalGroupsSequence", "DerivationImageSequence", "SourceImageSequence"],
    "RTSTRUCT": ["ROIContourSequence", "ContourSequence", "ContourImageSequence"],
}
"""Sequences that stay, in which canaries are planted one below the other."""


class Canaries:
    """Hands out marked values and remembers them as the bytes to look for."""

    def __init__(self):
        self.counter = itertools.count(1)
        self.planted: dict[bytes, str] = {}

    def value(self, vr: str, where: str):
        number = next(self.counter)
        word, digits = f"{WORD}{number:06d}", f"{NUMBER}{number:06d}"
        if vr in ("DA", "DT", "TM"):
            # Valid dates and times are few: they are looked for by year or second, see the tests.
            return {"DA": "19370417", "DT": "19370417103759.771", "TM": "103759.771"}[vr]
        made = {
            "AS": "099Y",
            "IS": digits,
            "DS": f"{digits}.5",
            "UI": f"1.2.{digits}",
            "UR": f"http://{word}.example/",
            "PN": f"{word}^Anna",
            "OB": word.encode(),
            "UN": word.encode(),
            "US": 0,
        }
        value = made.get(vr, word)
        token = digits if vr in ("IS", "DS", "UI") else word
        if vr not in ("AS", "US"):
            self.planted[token.encode()] = f"{where} {vr}"
        return value


def tags_of_table():
    """Every tag of the table; repeating groups by two examples each."""
    for row in ROWS:
        if row.tag.startswith("(0000") or row.tag.startswith("(0002"):
            continue
        examples = [row.tag]
        if "X" in row.tag:
            examples = [
                row.tag.replace("XXXX", "0010").replace("XX", kind) for kind in ("00", "02")
            ]
        for text in examples:
            yield Tag(int(text[1:5] + text[6:10], 16))


def vr_of(tag) -> str:
    known = dictionary_VR(tag) if keyword_for_tag(tag) else "LO"
    return "OB" if " or " in known else known


def plant(dataset: Dataset, canaries: Canaries, where: str) -> None:
    """Plant every attribute of the table, private ones and unknown ones into one data set."""
    for tag in tags_of_table():
        vr = vr_of(tag)
        if vr == "SQ":
            item = Dataset()
            item.PatientName = canaries.value("PN", f"{where}{tag}>name")
            item.add_new(0x00080104, "LO", canaries.value("LO", f"{where}{tag}>meaning"))
            value = Sequence([item])
        else:
            value = canaries.value(vr, f"{where}{tag}")
        if keyword_for_tag(tag) not in CARRIERS["SEG"]:
            dataset[tag] = DataElement(tag, vr, value)
    dataset.add_new(0x00090010, "LO", canaries.value("LO", f"{where}private creator"))
    dataset.add_new(0x00091001, "UN", canaries.value("UN", f"{where}private"))
    dataset.add_new(0x00190010, "LO", "MAKER")
    dataset.add_new(0x00191002, "SQ", Sequence([_named(canaries, f"{where}private item")]))
    dataset.add_new(0x00081199, "LO", canaries.value("LO", f"{where}unknown"))
    dataset.add_new(0x00181271, "LT", canaries.value("LT", f"{where}in no list"))


def _named(canaries: Canaries, where: str) -> Dataset:
    item = Dataset()
    item.PatientName = canaries.value("PN", where)
    return item


def plant_texts_of_kept(dataset: Dataset, canaries: Canaries) -> None:
    """Put a marked text into every kept attribute that holds words."""
    for keyword, vr in (("Manufacturer", "LO"), ("ConvolutionKernel", "SH"), ("ImageType", "CS")):
        setattr(dataset, keyword, canaries.value(vr, keyword))
    dataset.SegmentLabel = canaries.value("LO", "SegmentLabel")
    for keyword in (keyword for keyword, kind in KEPT.items() if kind is Kind.CODES):
        item = Dataset()
        item.CodeValue = canaries.value("SH", f"{keyword} value")
        item.CodingSchemeDesignator = canaries.value("SH", f"{keyword} scheme")
        item.CodeMeaning = canaries.value("LO", f"{keyword} meaning")
        setattr(dataset, keyword, [item])


def planted_object(modality: str, canaries: Canaries, depths: int = 4) -> Dataset:
    """An object with canaries at every depth from 0 to ``depths``, in sequences that stay."""
    dataset = Dataset()
    plant(dataset, canaries, "0")
    plant_texts_of_kept(dataset, canaries)
    place, carriers = dataset, itertools.cycle(CARRIERS[modality])
    for depth in range(1, depths + 1):
        item = Dataset()
        plant(item, canaries, str(depth))
        plant_texts_of_kept(item, canaries)
        setattr(place, next(carriers), [item])
        place = item
    dataset.SOPClassUID, dataset.Modality = SOP_CLASSES[modality], modality
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.file_meta = _file_meta(canaries)
    dataset.preamble = canaries.value("LO", "preamble").encode().ljust(128, b"\0")
    _add_image(dataset)
    return dataset


def _file_meta(canaries: Canaries) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.3", "1.2.3.4"
    meta.SourceApplicationEntityTitle = canaries.value("AE", "meta AE")
    meta.SendingApplicationEntityTitle = canaries.value("AE", "meta sending AE")
    meta.ImplementationVersionName = canaries.value("SH", "meta implementation")
    meta.PrivateInformationCreatorUID = canaries.value("UI", "meta private creator")
    meta.PrivateInformation = canaries.value("OB", "meta private")
    return meta


GEOMETRY = {
    "Rows": 4,
    "Columns": 6,
    "PixelSpacing": ["0.9765625", "0.9765625"],
    "ImagePositionPatient": ["-249.51171875", "-460.51171875", "-1.5e1"],
    "ImageOrientationPatient": ["1", "0", "0", "0", "0.99999", "-0.00447"],
    "SliceThickness": "3.0",
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1.0",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 0,
    "SamplesPerPixel": 1,
    "InstanceNumber": 7,
}


def _add_image(dataset: Dataset) -> None:
    for keyword, value in GEOMETRY.items():
        setattr(dataset, keyword, value)
    dataset.PhotometricInterpretation = "MONOCHROME2"
    pixels = np.arange(24, dtype="<u2").tobytes()
    dataset["PixelData"] = DataElement(0x7FE00010, "OW", pixels)
