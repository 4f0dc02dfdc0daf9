"""Reads of the ground floor. Whatever depends on a person takes the person first."""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from numpy.typing import NDArray

from accounts.models import User
from cohorts import storage
from cohorts.dicom.frames import decode_frame
from cohorts.dicom.geometry import BoundingBox
from cohorts.dicom.runs import decode_mask
from cohorts.models import (
    ArrivingUpload,
    Cohort,
    CohortMember,
    CTSeries,
    IntakeUpload,
    Node,
    NodeMask,
    PastMember,
    Patient,
)
from cohorts.vocabulary import CohortRole
from jobs.leases import OPEN


def has_role(user: User, cohort: Cohort, *roles: CohortRole) -> bool:
    """Say whether the person holds one of the roles in this cohort."""
    return CohortMember.objects.filter(user=user, cohort=cohort, role__in=roles).exists()


def cohorts_sharing_ct(cohorts: Iterable[Cohort]) -> list[Cohort]:
    """Return the cohorts and every other one that holds a CT with the same voxels.

    The same patient may have been taken into two cohorts: whoever sees labels or scores in one
    has seen them for the other.
    """
    given = [cohort.pk for cohort in cohorts]
    voxels = CTSeries.objects.filter(patient__cohort__in=given).values("hu_sha256")
    sharing = CTSeries.objects.filter(hu_sha256__in=voxels).values("patient__cohort")
    return list(Cohort.objects.filter(Q(pk__in=given) | Q(pk__in=sharing)))


def role_ever_held(user: User, cohorts: Iterable[Cohort]) -> tuple[str, Cohort] | None:
    """Return a role the person holds or held in one of the cohorts, with the cohort, if any."""
    wanted = cohorts_sharing_ct(cohorts)
    for members in (CohortMember.objects, PastMember.objects):
        held = members.filter(user=user, cohort__in=wanted).select_related("cohort")
        if found := held.order_by("cohort__name", "role").first():
            return found.role, found.cohort
    return None


def cohorts_of(user: User, *roles: CohortRole) -> QuerySet[Cohort]:
    """Return the cohorts in which the person holds one of the roles."""
    members = CohortMember.objects.filter(user=user, role__in=roles)
    return Cohort.objects.filter(pk__in=members.values("cohort_id"))


def roles_of(user: User) -> set[CohortRole]:
    """Return every role the person holds in any cohort."""
    held = CohortMember.objects.filter(user=user).values_list("role", flat=True).distinct()
    return {CohortRole(role) for role in held}


def cohort_for(user: User, public_id: uuid.UUID, *roles: CohortRole) -> Cohort:
    """Return the cohort, or raise Http404 when it is absent or the person holds no such role."""
    cohort = cohorts_of(user, *roles).filter(public_id=public_id).first()
    if cohort is None:
        raise Http404
    return cohort


def patient_for(user: User, public_id: uuid.UUID, *roles: CohortRole) -> Patient:
    """Return the patient, or raise Http404 when absent or in no cohort of the person's roles."""
    patient = (
        Patient.objects.select_related("series", "cohort")
        .filter(public_id=public_id, cohort__in=cohorts_of(user, *roles))
        .first()
    )
    if patient is None:
        raise Http404
    return patient


def included_patients(cohort: Cohort) -> QuerySet[Patient]:
    """Return the cohort's patients that have a series and no exclusion code."""
    return cohort.patients.filter(exclusion_code="", series__isnull=False)


def nodes_in(cohort: Cohort) -> QuerySet[Node]:
    """Return the nodes of the cohort's included patients by pseudonym and number."""
    return (
        Node.objects.filter(patient__in=included_patients(cohort))
        .select_related("patient")
        .order_by("patient__pseudonym", "number")
    )


def current_masks(patient: Patient) -> QuerySet[NodeMask]:
    """Return the current mask of each node of the patient, by node number."""
    return (
        NodeMask.objects.filter(node__patient=patient, is_current=True)
        .select_related("node")
        .order_by("node__number")
    )


@dataclass(frozen=True, kw_only=True)
class NodeWithWarnings:
    """A node's current mask, and what intake found odd about the node, in words."""

    mask: NodeMask
    warnings: tuple[str, ...]


def nodes_with_warnings(patient: Patient) -> list[NodeWithWarnings]:
    """Return the patient's nodes by number, each with its warnings of the intake."""
    return [
        NodeWithWarnings(mask=mask, warnings=_warnings(patient, mask.node.number))
        for mask in current_masks(patient)
    ]


def case_warnings(patient: Patient) -> tuple[str, ...]:
    """Return the warnings of the intake that concern the whole case, in words."""
    return _warnings(patient, None)


def _warnings(patient: Patient, node: int | None) -> tuple[str, ...]:
    series = getattr(patient, "series", None)
    found = series.warnings if series is not None else []
    return tuple(str(one["message"]) for one in found if one["node"] == node)


@dataclass(frozen=True, kw_only=True)
class NodeStation:
    """Side (left, right) and level (Ia to VI) of a node by the station masks; unknown is empty."""

    side: str
    level: str


def node_stations(cohort: Cohort) -> dict[int, NodeStation]:
    """Return the station of each node of the cohort's included patients by its key; one query."""
    told = nodes_in(cohort).values_list("pk", "auto_side", "auto_level")
    return {key: NodeStation(side=side, level=level) for key, side, level in told}


def current_masks_in(cohort: Cohort) -> QuerySet[NodeMask]:
    """Return the current mask of each node of the cohort's included patients."""
    return (
        NodeMask.objects.filter(node__in=nodes_in(cohort), is_current=True)
        .select_related("node__patient__series")
        .order_by("node__patient__pseudonym", "node__number")
    )


def cohort_counts(cohort: Cohort) -> dict[str, int]:
    """Return how many patients (all, included) and nodes the cohort holds."""
    return {
        "patients": cohort.patients.count(),
        "included": included_patients(cohort).count(),
        "nodes": nodes_in(cohort).count(),
    }


@dataclass(frozen=True, kw_only=True)
class PatientCovariates:
    """What a report says of a patient; unknown is None or empty."""

    pseudonym: str
    age_years: int | None
    sex: str
    primary_site: str
    pt: str
    pn: str
    staging_edition: str
    scanner: str
    slice_thickness_mm: float | None


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """Patients and nodes of a cohort under one exclusion code; empty code: included."""

    code: str
    patients: int
    nodes: int


NO_SERIES = "no CT series"


def covariates_in(cohort: Cohort) -> list[PatientCovariates]:
    """Return the covariates of the cohort's patients with a CT series, by pseudonym; one query.

    Patients excluded since they were read are among them. The scanner is its manufacturer, the only
    word of it that intake keeps. Slice thickness is the header's where it was stated, else the
    distance of the slices.
    """
    patients = cohort.patients.filter(series__isnull=False).select_related("series")
    return [_covariates(patient) for patient in patients.order_by("pseudonym")]


def _covariates(patient: Patient) -> PatientCovariates:
    attributes, geometry = patient.series.attributes, patient.series.geometry
    thickness = attributes.get("SliceThickness", geometry["spacing_zyx_mm"][0])
    return PatientCovariates(
        pseudonym=patient.pseudonym,
        age_years=patient.age_years,
        sex=patient.sex,
        primary_site=patient.primary_site,
        pt=patient.pt,
        pn=patient.pn,
        staging_edition=patient.staging_edition,
        scanner=str(attributes.get("Manufacturer", "")),
        slice_thickness_mm=float(thickness),
    )


def exclusions_in(cohort: Cohort) -> list[Exclusions]:
    """Return how many patients and nodes are included and excluded, by code; one query."""
    patients = cohort.patients.annotate(
        node_count=Count("nodes", filter=Q(nodes__removed_at__isnull=True)),
        has_series=Exists(CTSeries.objects.filter(patient=OuterRef("pk"))),
    )
    found: dict[str, tuple[int, int]] = {}
    for code, has_series, nodes in patients.values_list(
        "exclusion_code", "has_series", "node_count"
    ):
        name = code or ("" if has_series else NO_SERIES)
        before = found.get(name, (0, 0))
        found[name] = (before[0] + 1, before[1] + nodes)
    return [
        Exclusions(code=code, patients=counts[0], nodes=counts[1])
        for code, counts in sorted(found.items())
    ]


def patients_with_counts(cohort: Cohort) -> QuerySet[Patient]:
    """Return the cohort's patients with series, number of nodes and SAD range, one query."""
    current = Q(nodes__masks__is_current=True)  # none of a removed node is
    return cohort.patients.select_related("series").annotate(
        node_count=Count("nodes", filter=current),
        smallest_sad_mm=Min("nodes__masks__short_axis_mm", filter=current),
        largest_sad_mm=Max("nodes__masks__short_axis_mm", filter=current),
    )


def members_of(cohort: Cohort) -> QuerySet[CohortMember]:
    """Return the cohort's members by role and name."""
    return cohort.members.select_related("user").order_by("role", "user__username")


def cohorts_with_counts(user: User) -> QuerySet[Cohort]:
    """Return the cohorts the person coordinates, with numbers of patients and nodes, one query."""
    return cohorts_of(user, CohortRole.COORDINATOR).annotate(
        patient_count=Count("patients", distinct=True),
        node_count=Count(
            "patients__nodes",
            filter=Q(patients__nodes__removed_at__isnull=True),
            distinct=True,
        ),
    )


def may_see_cohort_pages(user: User) -> bool:
    """Say whether the person coordinates a cohort or may create one."""
    coordinates = cohorts_of(user, CohortRole.COORDINATOR).exists()
    return user.may_create_cohorts or coordinates


def cohort_named(name: str) -> Cohort | None:
    """Return the cohort with this name, in any letter case (for the command line)."""
    return Cohort.objects.filter(name__iexact=name.strip()).first()


def upload_for(user: User, public_id: uuid.UUID) -> IntakeUpload:
    """Return the upload, or raise Http404 when absent or not of a cohort the person coordinates."""
    upload = (
        IntakeUpload.objects.select_related("cohort", "requested_by")
        .filter(public_id=public_id, cohort__in=cohorts_of(user, CohortRole.COORDINATOR))
        .first()
    )
    if upload is None:
        raise Http404
    return upload


def uploads_of(cohort: Cohort) -> QuerySet[IntakeUpload]:
    """Return the cohort's uploads, newest first."""
    return cohort.uploads.select_related("requested_by").order_by("-pk")


def refused_at_intake(cohort: Cohort) -> list[tuple[str, int]]:
    """Return how many patients stay refused at intake, by the exclusion code suggested.

    The last upload of a patient counts; one that is in the cohort by now is not refused. Patients
    without PatientID cannot be told apart and are not counted.
    """
    latest: dict[str, str | None] = {}
    for report in cohort.uploads.order_by("pk").values_list("report", flat=True):
        for entry in report.get("patients", []):
            if key := entry.get("source_key"):
                latest[key] = entry["exclusion_code"] if entry["outcome"] == "refused" else None
    stored = set(cohort.patients.values_list("source_key", flat=True))
    codes = [code for key, code in latest.items() if code is not None and key not in stored]
    return sorted(Counter(codes).items())


def has_open_upload(cohort: Cohort) -> bool:
    """Say whether an upload of the cohort is waiting or running."""
    return cohort.uploads.filter(state__in=OPEN).exists()


def arrivals_of(user: User, cohort: Cohort) -> QuerySet[ArrivingUpload]:
    """Return the person's uploads of the cohort that have not arrived whole, newest first."""
    return _arriving().filter(sender=user, cohort=cohort).order_by("-pk")


def arrival_for(user: User, public_id: uuid.UUID) -> ArrivingUpload:
    """Return the person's own upload on its way, or raise Http404.

    One that was handed over is still there, so that a lost answer can be asked for again.
    """
    arriving = (
        ArrivingUpload.objects.select_related("cohort", "intake")
        .filter(public_id=public_id, sender=user)
        .filter(cohort__in=cohorts_of(user, CohortRole.COORDINATOR))
        .first()
    )
    if arriving is None:
        raise Http404
    return arriving


def _arriving() -> QuerySet[ArrivingUpload]:
    horizon = timezone.now() - timedelta(days=settings.INTAKE_KEEP_DAYS)
    return ArrivingUpload.objects.filter(intake__isnull=True, last_piece_at__gte=horizon)


def drop_names_in_use() -> set[str]:
    """Return names in the drop folder, and stems of work folders, that uploads still need."""
    needed = Q(state__in=OPEN) | Q(kept_until__gt=timezone.now())
    uploads = IntakeUpload.objects.filter(needed).values_list("drop_name", "public_id")
    names = {name for name, _ in uploads} | {public_id.hex for _, public_id in uploads}
    return names | set(_arriving().values_list("drop_name", flat=True))


def mask_runs(mask: NodeMask) -> dict[str, Any]:
    """Return the mask as run-length JSON, ready for the browser (``cohorts.dicom.runs``)."""
    runs: dict[str, Any] = json.loads(storage.get(mask.runs_key))
    return runs


def mask_array(mask: NodeMask) -> tuple[BoundingBox, NDArray[np.bool_]]:
    """Return the mask's box on the CT grid and its voxels within it (z, y, x), digest checked."""
    return decode_mask(storage.get_checked(mask.runs_key))


def frame(series: CTSeries, index: int) -> bytes:
    """Return slice ``index`` (z ascending) as a JPEG-LS stream; Http404 outside the series."""
    if not 0 <= index < len(series.frames):
        raise Http404
    return storage.get(series.frames[index]["sha256"])


def volume_hu(series: CTSeries, first_slice: int, last_slice: int) -> NDArray[np.int16]:
    """Return slices ``first_slice`` to ``last_slice`` inclusive as HU (z, y, x), checked."""
    frames = series.frames[first_slice : last_slice + 1]
    return frames_hu([entry["sha256"] for entry in frames], series.hu_offset)


def frames_hu(keys: Sequence[str], offset_hu: int) -> NDArray[np.int16]:
    """Return the frames of these blobs as HU (z, y, x), checked."""
    return np.stack([decode_frame(storage.get_checked(key), offset_hu) for key in keys])
