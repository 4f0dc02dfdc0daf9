"""cohorts.dicom: decide which of a patient's CT series is read, or ask; never put two together."""

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cohorts.dicom.deidentify import allowed_attributes
from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.headers import DicomFile
from cohorts.dicom.multiframe import planes_of
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patients import PatientInput
from cohorts.dicom.questions import Choice, Question, QuestionCode, QuestionsOpen, question_id
from cohorts.dicom.references import referenced_frames, referenced_series
from cohorts.dicom.warnings import IntakeWarning, WarningCode

FEWEST_SLICES = 3
"""A series with fewer is not offered beside one that has as many."""

LARGEST_SERIES_NUMBER = 10**6
Series = list[DicomFile]


def with_one_series(
    patient: PatientInput, options: IntakeOptions
) -> tuple[PatientInput, list[IntakeWarning]]:
    """Return a patient with the planes of the series that is read, and the masks made on it.

    A mask that was made on one of the series decides which it is; then an answer given before.

    Parameters
    ----------
    patient : PatientInput
        Not changed.
    options : IntakeOptions

    Returns
    -------
    patient : PatientInput
        With planes (single slices, or frames) as `ct_files`, and notes on what was left out.
    warnings : list of IntakeWarning

    Raises
    ------
    QuestionsOpen
        If several series are left and nothing decides.
    IntakeError
        If the functional groups of a multi-frame image cannot be read.
    """
    planes = [plane for file in patient.ct_files for plane in planes_of(file)]
    by_uid: dict[str, Series] = defaultdict(list)
    for plane in planes:
        by_uid[plane.series_uid].append(plane)
    if len(by_uid) == 1 or "" in by_uid:
        # Planes without a UID cannot be told apart: ordering them refuses with the file's name.
        return replace(patient, ct_files=planes), []
    chosen = _choice(by_uid, patient, options)
    kept, notes = _masks_on(by_uid, chosen, patient.segmentations)
    notes = [*patient.notes, *_notes(by_uid, chosen), *notes]
    one = replace(patient, ct_files=by_uid[chosen], segmentations=kept, notes=notes)
    return one, [_warning(by_uid, chosen)]


def _choice(by_uid: Mapping[str, Series], patient: PatientInput, options: IntakeOptions) -> str:
    """Return the UID of the series that is read."""
    offered = {uid: series for uid, series in by_uid.items() if len(series) >= FEWEST_SLICES}
    offered = offered or dict(by_uid)
    if len(offered) == 1:
        return next(iter(offered))
    return _named_by_masks(offered, patient.segmentations) or _asked(
        offered, options, patient.folder
    )


def _masks_on(
    by_uid: Mapping[str, Series], chosen: str, masks: Sequence[DicomFile]
) -> tuple[list[DicomFile], list[str]]:
    """Return the masks that were not made on another series, and notes on those that were."""
    kept, notes = [], []
    for mask in masks:
        series = referenced_series(mask.header) & by_uid.keys()
        if series and chosen not in series:
            notes.append(f"{mask.name}: left out, made on another series than the one that is read")
        else:
            kept.append(mask)
    return kept, notes


def _named_by_masks(offered: Mapping[str, Series], masks: Sequence[DicomFile]) -> str | None:
    """Return the series on which all masks were made, if that is one and the same."""
    found: set[str] = set()
    for mask in masks:
        frames = referenced_frames(mask.header)
        found |= (referenced_series(mask.header) & offered.keys()) or {
            uid
            for uid, series in offered.items()
            if series[0].text("FrameOfReferenceUID") in frames
        }
    return found.pop() if len(found) == 1 else None


def _asked(offered: Mapping[str, Series], options: IntakeOptions, place: str) -> str:
    values = {_value(uid, options.secret): uid for uid in sorted(offered)}
    name = question_id(QuestionCode.WHICH_SERIES, *sorted(values))
    answer = options.answers.get(name, "")
    if answer in values:
        return values[answer]
    labels = _labels(offered)
    choices = [Choice(value=value, label=labels[uid]) for value, uid in values.items()]
    question = Question(
        id=name,
        code=QuestionCode.WHICH_SERIES,
        sentence=f"{len(offered)} CT series of one patient were given, and one is read. Which one? "
        "Masks must have been made on it.",
        file=place,
        choices=tuple(sorted(choices, key=lambda choice: choice.label)),
    )
    raise QuestionsOpen([question])


def _value(series_uid: str, secret: str) -> str:
    """Return a name of a series that cannot be read back; UIDs may contain record numbers."""
    message = f"nodewise series {series_uid}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:16]


def _labels(offered: Mapping[str, Series]) -> dict[str, str]:
    """Describe each series; of those alike, say which files they are."""
    studies = sorted({series[0].text("StudyInstanceUID") for series in offered.values()})
    labels = {uid: _described(series, studies) for uid, series in offered.items()}
    count = Counter(labels.values())
    for uid, label in labels.items():
        if count[label] > 1:
            first = min(plane.file.name for plane in offered[uid])
            labels[uid] = f"{label}, first file {first}"
    return labels


def _described(series: Series, studies: Sequence[str]) -> str:
    """Describe a series without anything that identifies a person."""
    first = series[0]
    allowed = allowed_attributes(first.header)
    parts = [f"CT, {len(series)} slices", *_geometry_parts(series)]
    if "SliceThickness" in allowed:
        parts.append(f"{allowed['SliceThickness']:g} mm thick")
    if "ConvolutionKernel" in allowed:
        parts.append(f"kernel {allowed['ConvolutionKernel']}")
    parts.append("contrast agent stated" if allowed["ContrastAgentStated"] else "no agent stated")
    if len(studies) > 1:
        parts.append(f"examination {studies.index(first.text('StudyInstanceUID')) + 1}")
    number = first.text("SeriesNumber")
    if number.isdecimal() and int(number) < LARGEST_SERIES_NUMBER:
        parts.insert(0, f"series {int(number)}")
    return ", ".join(parts)


def _geometry_parts(series: Series) -> list[str]:
    """Return orientation, distance of slices and pixel spacing where headers hold them."""
    first = series[0]
    try:
        cosines = np.array(first.numbers("ImageOrientationPatient", 6, RefusalCode.NO_POSITION))
        normal = np.cross(cosines[:3], cosines[3:])
        positions = [p.numbers("ImagePositionPatient", 3, RefusalCode.NO_POSITION) for p in series]
        rows, columns = first.numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING)
    except IntakeError:
        return ["without positions"]
    plane = ("sagittal", "coronal", "axial")[int(np.abs(normal).argmax())]
    distance = np.median(np.diff(np.sort(np.array(positions) @ normal))) if len(series) > 1 else 0
    return [plane, f"{distance:.3g} mm apart", f"pixels {rows:.3g} x {columns:.3g} mm"]


def _notes(by_uid: Mapping[str, Series], chosen: str) -> list[str]:
    return [
        f"{series[0].file.name}: left out with the other {len(series)} slice(s) of its series, "
        "another series is read"
        for uid, series in by_uid.items()
        if uid != chosen
    ]


def _warning(by_uid: Mapping[str, Series], chosen: str) -> IntakeWarning:
    others = len(by_uid) - 1
    return IntakeWarning(
        code=WarningCode.OTHER_SERIES,
        message=f"{others} other CT series of this patient left out; "
        f"the one of {len(by_uid[chosen])} slices is read",
    )
