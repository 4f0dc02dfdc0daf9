"""cohorts.deidentification: a DICOM object without identity: deny by default, by the table.

Every attribute at every depth: private ones go; those of Table E.1-1 are handled by their action
(with the options of `DeidentificationPolicy`); of the rest only `kept_attributes` stay, checked;
everything else goes. Geometry and stored pixel values stay as they are. Pixel data is not looked
into; `pixel_bytes` does that for files.
"""

from dataclasses import dataclass
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from cohorts.deidentification import values
from cohorts.deidentification.code_meanings import code_meaning
from cohorts.deidentification.confidentiality_table import Action, action_for
from cohorts.deidentification.kept_attributes import (
    CHARACTERISTICS,
    DUMMY_IF_ABSENT,
    EMPTY_IF_ABSENT,
    KEPT,
    SHIFTED_DATES,
    TERMS,
    Kind,
)
from cohorts.deidentification.policy import DeidentificationPolicy, code_item
from cohorts.deidentification.vocabulary import (
    kernel,
    manufacturer,
    structure_name,
)
from cohorts.dicom.errors import UNREADABLE_ERRORS

DEEPEST = 16
"""Sequences nested deeper than any CT, SEG or RTSTRUCT object has them are removed."""
IMPLEMENTATION_UID = "2.25.270612345988112309874523096112750011842"
IMPLEMENTATION_NAME = "NODEWISE"
LONGEST_MEANING = 64
BODY_STRUCTURE = ("123037004", "SCT", "Body structure")
NEEDED_CODES = ("SegmentedPropertyCategoryCodeSequence", "SegmentedPropertyTypeCodeSequence")
"""Code sequences of Type 1: where no code may stay, `BODY_STRUCTURE` stands in its place."""
DUMMIES: dict[str, Any] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "REMOVED"),
    **dict.fromkeys(("OB", "UN"), b"\0\0"),
    "AS": "000Y",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101",
    "IS": "0",
    "TM": "000000",
    "UR": "urn:removed",
    "US": 0,
}
"""VR -> what stands where the table asks for a dummy (PS3.15 E.1.1, action D)."""


def deidentify(dataset: Dataset, policy: DeidentificationPolicy) -> Dataset:
    """Return a new data set without identity.

    Parameters
    ----------
    dataset : pydicom Dataset
        A CT image, segmentation or structure set, or its header; it is not changed. What must be
        refused instead (`refusals.refuse_unfit`) is the caller's to refuse before.
    policy : DeidentificationPolicy

    Returns
    -------
    Dataset
        With new file meta information (Explicit VR Little Endian, PS3.10 7.1), an empty preamble,
        and the method written into it.

    References
    ----------
    DICOM PS3.15 Annex E (2026c).
    """
    modality = str(dataset.get("Modality") or "")
    patient = str(dataset.get("PatientID") or "") or str(dataset.get("StudyInstanceUID") or "")
    clean = _Cleaner(policy, modality, patient).cleaned(dataset, depth=0)
    _complete(clean, modality)
    policy.mark(clean)
    clean.SpecificCharacterSet = "ISO_IR 192"
    clean.file_meta = _file_meta(clean)
    clean.preamble = b"\0" * 128
    return clean


def _file_meta(clean: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = clean.get("SOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = clean.get("SOPInstanceUID", "")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    return meta


def _complete(clean: Dataset, modality: str) -> None:
    """Add what the object's definition asks for (Types 1 and 2)."""
    for keyword, dummy in DUMMY_IF_ABSENT.get(modality, {}).items():
        if not clean.get(keyword):
            setattr(clean, keyword, dummy)
    for keyword in EMPTY_IF_ABSENT.get(modality, "").split():
        if keyword not in clean:
            setattr(clean, keyword, None)


@dataclass(frozen=True)
class _Cleaner:
    """Goes through one object."""

    policy: DeidentificationPolicy
    modality: str
    patient: str

    def cleaned(self, dataset: Dataset, depth: int) -> Dataset:
        clean = Dataset()
        for tag in list(dataset.keys()):
            if tag.is_private or tag.group <= 0x0002 or tag.element == 0:
                continue
            try:
                element = self._element(dataset[tag], dataset, depth)
            except UNREADABLE_ERRORS:
                continue  # what cannot be read cannot be known to be harmless
            if element is not None:
                clean.add(element)
        return clean

    def _element(self, element: DataElement, dataset: Dataset, depth: int) -> DataElement | None:
        """Return what stands for one attribute; None where it goes."""
        keyword = keyword_for_tag(element.tag)
        action = action_for(element.tag)
        if action is not None:
            return self._by_table(action, element, keyword, dataset, depth)
        if keyword in TERMS:
            return _filled(element, values.terms(element, TERMS[keyword]))
        kind = KEPT.get(keyword)
        return self._by_kind(kind, element, dataset, depth) if kind else None

    def _by_table(
        self, action: Action, element: DataElement, keyword: str, dataset: Dataset, depth: int
    ) -> DataElement | None:
        optional = self._by_option(element, keyword)
        if optional is not None:
            return optional
        resolved = _resolved(action, keyword, self.modality, depth)
        if resolved is Action.REMOVE:
            return None
        if resolved is Action.EMPTY and keyword != "ROIName":
            return _filled(element, [], even_if_empty=True)
        if resolved is Action.UID:
            return self._replaced(element, depth)
        return DataElement(element.tag, _vr(element), self._dummy(element, keyword, dataset))

    def _by_option(self, element: DataElement, keyword: str) -> DataElement | None:
        """Apply the options that keep an attribute in another form."""
        if keyword in SHIFTED_DATES:
            return _filled(element, [self._moved(element)])
        if keyword in CHARACTERISTICS and self.policy.keep_patient_characteristics:
            return _filled(element, _characteristic(element, keyword))
        return None

    def _moved(self, element: DataElement) -> str:
        replacements, text = self.policy.replacements, str(element.value or "")
        move = replacements.date if element.VR == "DA" else replacements.date_time
        return move(text, self.patient)

    def _replaced(self, element: DataElement, depth: int) -> DataElement | None:
        if element.VR == "SQ":
            return self._items(element, depth)
        replaced = [self.policy.replacements.uid(str(uid)) for uid in values.values_of(element)]
        return _filled(element, replaced) if element.VR == "UI" else None

    def _dummy(self, element: DataElement, keyword: str, dataset: Dataset) -> Any:
        if keyword == "ROIName":
            return _named(element, f"ROI {_number(dataset, 'ROINumber')}")
        if keyword == "StructureSetLabel":
            return "STRUCTURES"
        vr = _vr(element)
        return Sequence([Dataset()]) if vr == "SQ" else DUMMIES.get(vr, "REMOVED")

    def _by_kind(
        self, kind: Kind, element: DataElement, dataset: Dataset, depth: int
    ) -> DataElement | None:
        if kind is Kind.SEQUENCE:
            return self._items(element, depth)
        if kind is Kind.PIXELS:
            return DataElement(element.tag, element.VR, element.value) if depth == 0 else None
        if kind is Kind.STRUCTURE_NAME:
            name = _named(element, f"Segment {_number(dataset, 'SegmentNumber')}")
            return _filled(element, [name])
        return _filled(element, _CHECKS[kind](element))

    def _items(self, element: DataElement, depth: int) -> DataElement | None:
        if element.VR != "SQ" or depth >= DEEPEST:
            return None
        items = [self.cleaned(item, depth + 1) for item in element.value]
        return DataElement(element.tag, "SQ", Sequence(items))


def _resolved(action: Action, keyword: str, modality: str, depth: int) -> Action:
    """Choose among the actions of a combination by the attribute's Type; unknown: the strictest.

    References
    ----------
    DICOM PS3.15 E.1.1: X/Z, X/D, Z/D, X/Z/D, X/Z/U*.
    """
    if action is Action.REMOVE_OR_EMPTY_OR_UIDS:
        # The sources of a segmentation are what ties it to its CT.
        return Action.UID if modality == "SEG" and depth > 0 else Action.REMOVE
    if "/" not in action:
        return action
    choices = [Action(choice) for choice in action.split("/")]
    needed = _type_of(keyword, modality) if depth == 0 else None
    if needed == 1 and Action.DUMMY in choices:
        return Action.DUMMY
    if needed is not None and Action.EMPTY in choices:
        return Action.EMPTY
    return choices[0]


def _type_of(keyword: str, modality: str) -> int | None:
    if keyword in DUMMY_IF_ABSENT.get(modality, {}):
        return 1
    return 2 if keyword in EMPTY_IF_ABSENT.get(modality, "").split() else None


def _vr(element: DataElement) -> str:
    """Return the dictionary's VR; what a source claims may be anything."""
    known = dictionary_VR(element.tag) if keyword_for_tag(element.tag) else element.VR
    return str(element.VR if " or " in known else known)


def _filled(
    element: DataElement, filling: list[Any], *, even_if_empty: bool = False
) -> DataElement | None:
    """Return the element with these values; None if there are none, unless wanted so."""
    filling = [value for value in filling if value != ""]
    if not filling and not even_if_empty:
        return None
    vr = _vr(element)
    if vr == "SQ":
        return DataElement(element.tag, vr, Sequence(filling))
    value = filling[0] if len(filling) == 1 else filling or None
    return DataElement(element.tag, vr, value)


def _characteristic(element: DataElement, keyword: str) -> list[Any]:
    if keyword == "PatientAge":
        return [values.capped_age(str(element.value))]
    if keyword == "PatientSex":
        return values.terms(element, frozenset({"F", "M", "O"}))
    return values.numbers(element)


def _number(dataset: Dataset, keyword: str) -> int:
    """Return the number of a structure; 0 if it has none that can be read."""
    tag = tag_for_keyword(keyword)
    element = dataset[tag] if tag is not None and tag in dataset else None
    found = values.counts(element) if element is not None else []
    return int(found[0]) if found else 0


def _named(element: DataElement, neutral: str) -> str:
    return structure_name(str(element.value or ""), neutral)


def _codes(element: DataElement) -> list[Dataset]:
    """Return the items of a code sequence that the standard's dictionary knows, in its words."""
    kept = []
    for item in element.value:
        scheme, value = str(item.get("CodingSchemeDesignator")), str(item.get("CodeValue"))
        meaning = code_meaning(scheme, value)
        if meaning:
            kept.append(code_item(value, scheme, meaning[:LONGEST_MEANING]))
    needed = keyword_for_tag(element.tag) in NEEDED_CODES
    return kept or ([code_item(*BODY_STRUCTURE)] if needed else [])


_CHECKS: dict[Kind, Any] = {
    Kind.NUMBERS: values.numbers,
    Kind.COUNT: values.counts,
    Kind.STANDARD_UID: values.standard_uids,
    Kind.POINTER: values.pointers,
    Kind.CODES: _codes,
    Kind.MANUFACTURER: lambda element: [manufacturer(str(element.value or ""))],
    Kind.KERNEL: lambda element: [kernel(str(text)) for text in values.values_of(element)[:1]],
}
