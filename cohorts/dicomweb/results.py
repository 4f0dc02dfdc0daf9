"""Results of a search in the DICOM JSON model: studies, series, instances (PS3.18 10.6.3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from cohorts.dicom.ct_images import CT_IMAGE_STORAGE
from cohorts.dicom.node_segmentation import SEGMENTATION_STORAGE
from cohorts.dicomweb.cases import ServedCase
from cohorts.dicomweb.search import ALWAYS_EMPTY, Search


@dataclass(frozen=True, kw_only=True)
class FoundSeries:
    """One series of a case: its CT, or its Segmentation."""

    case: ServedCase
    modality: str
    uid: str
    number: int
    instances: int

    @property
    def facts(self) -> dict[str, list[str]]:
        """What it is searched by."""
        uid, number = [self.uid], [str(self.number)]
        return {"Modality": [self.modality], "SeriesInstanceUID": uid, "SeriesNumber": number}

    @property
    def sop_class(self) -> str:
        """SOP Class UID of its instances."""
        return CT_IMAGE_STORAGE if self.modality == "CT" else SEGMENTATION_STORAGE


def study_results(cases: list[ServedCase], search: Search, root: str) -> Iterator[dict[str, Any]]:
    """Yield each study that is wanted, for itself and for one of its series."""
    for case in cases:
        series = _series_of(case)
        if _wanted(case, series, search):
            yield _study(case, series, root).to_json_dict()


def series_results(cases: list[ServedCase], search: Search, root: str) -> Iterator[dict[str, Any]]:
    """Yield each series that is wanted, with its study."""
    for case in cases:
        series = _series_of(case)
        for one in _wanted(case, series, search):
            yield _series(_study(case, series, root), one, root).to_json_dict()


def instance_results(
    cases: list[ServedCase], search: Search, root: str
) -> Iterator[dict[str, Any]]:
    """Yield each instance that is wanted, with its study and series."""
    for case in cases:
        series = _series_of(case)
        for one in _wanted(case, series, search):
            shared = _series(_study(case, series, root), one, root).to_json_dict()
            for number, uid in _instances_of(one, search):
                own = _instance(one, number, uid, root).to_json_dict()
                yield dict(sorted((shared | own).items()))


def _wanted(case: ServedCase, series: list[FoundSeries], search: Search) -> list[FoundSeries]:
    """Return the series that are wanted; none where the study is not."""
    facts = {keyword: [""] for keyword in ALWAYS_EMPTY} | {
        "StudyDate": [case.listed.study_date],
        "ModalitiesInStudy": [one.modality for one in series],
    }
    if not search.matches_all(facts):
        return []
    return [one for one in series if search.matches_all(one.facts)]


def _series_of(case: ServedCase) -> list[FoundSeries]:
    names = case.names
    ct = FoundSeries(
        case=case,
        modality="CT",
        uid=names.ct_series_uid,
        number=case.listed.series_number,
        instances=case.slices,
    )
    nodes = FoundSeries(
        case=case, modality="SEG", uid=names.segmentation_series_uid, number=100, instances=1
    )
    return [ct, nodes] if case.masks else [ct]


def _instances_of(one: FoundSeries, search: Search) -> Iterator[tuple[int, str]]:
    """Yield number and UID of each instance that is wanted."""
    uids = one.case.images.uids() if one.modality == "CT" else [one.case.segmentation_uid]
    for number, uid in enumerate(uids, start=1):
        facts = {"InstanceNumber": [str(number)], "SOPInstanceUID": [uid]}
        if search.matches_all(facts | {"SOPClassUID": [one.sop_class]}):
            yield number, uid


def _study(case: ServedCase, series: list[FoundSeries], root: str) -> Dataset:
    study = Dataset()
    study.PatientID = study.PatientName = case.names.pseudonym
    study.PatientBirthDate = study.PatientSex = study.StudyID = study.AccessionNumber = None
    study.StudyTime = study.ReferringPhysicianName = None
    study.StudyDate = case.listed.study_date or None
    study.StudyInstanceUID = case.names.study_uid
    study.ModalitiesInStudy = [one.modality for one in series]
    study.NumberOfStudyRelatedSeries = len(series)
    study.NumberOfStudyRelatedInstances = sum(one.instances for one in series)
    study.InstanceAvailability = "ONLINE"
    study.RetrieveURL = f"{root}/studies/{case.names.study_uid}"
    return study


def _series(study: Dataset, one: FoundSeries, root: str) -> Dataset:
    study.Modality, study.SeriesInstanceUID = one.modality, one.uid
    study.SeriesNumber, study.NumberOfSeriesRelatedInstances = one.number, one.instances
    study.SeriesDescription = "Lymph nodes" if one.modality == "SEG" else None
    study.RetrieveURL = _series_url(one, root)
    return study


def _instance(one: FoundSeries, number: int, uid: str, root: str) -> Dataset:
    instance = Dataset()
    is_ct = one.modality == "CT"
    instance.SOPClassUID = one.sop_class
    instance.SOPInstanceUID, instance.InstanceNumber = uid, number
    _, instance.Rows, instance.Columns = one.case.geometry.shape_zyx
    instance.BitsAllocated = 16 if is_ct else 1
    if not is_ct:
        instance.NumberOfFrames = sum(
            stop - start for start, stop in (mask.bounding_box[0] for mask in one.case.masks)
        )
    instance.RetrieveURL = f"{_series_url(one, root)}/instances/{uid}"
    return instance


def _series_url(one: FoundSeries, root: str) -> str:
    return f"{root}/studies/{one.case.names.study_uid}/series/{one.uid}"
