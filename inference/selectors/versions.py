"""Model versions: who may see them. Whatever depends on a person takes the person first."""

import uuid

from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from inference.models import (
    ModelVersion,
    Provenance,
)

SEE_RUNS = (CohortRole.COORDINATOR, CohortRole.STATISTICIAN)


def model_versions() -> QuerySet[ModelVersion]:
    """Return all model versions with ``member_count``, newest first."""
    return (
        ModelVersion.objects.select_related("registered_by")
        .annotate(member_count=Count("members"))
        .order_by("-pk")
    )


def model_version(public_id: uuid.UUID) -> ModelVersion:
    """Return the model version with its ``member_count``, or raise Http404."""
    found = model_versions().filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def model_named(name: str) -> ModelVersion | None:
    """Return the model version of this name, if there is one."""
    return ModelVersion.objects.filter(name=name).first()


def model_with_digest(digest: str) -> ModelVersion | None:
    """Return the model version of this digest, if there is one."""
    return ModelVersion.objects.filter(digest=digest).first()


def models_for(user: User) -> QuerySet[ModelVersion]:
    """Return the model versions; raise Http404 for whoever runs no cohort."""
    if not (user.may_create_cohorts or cohorts_of(user, *SEE_RUNS).exists()):
        raise Http404
    return model_versions()


def model_version_for(user: User, public_id: uuid.UUID) -> ModelVersion:
    """Return the model version; raise Http404 when absent or the person runs no cohort."""
    found = models_for(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def members_of(version: ModelVersion) -> int:
    """Return how many members the version has, whether or not it came with its count."""
    counted = getattr(version, "member_count", None)
    return version.members.count() if counted is None else int(counted)


def shortcoming_of(version: ModelVersion) -> str:
    """Return why no conclusion may rest on the version's scores; empty where one may."""
    if version.is_untrained:
        return "untrained model"
    members = members_of(version)
    if members < version.expected_members:
        return f"incomplete ensemble, {members} of {version.expected_members} members"
    return ""


def registered_models_for(user: User) -> QuerySet[ModelVersion]:
    """Return the model versions that can be run here (not the imported ones)."""
    return models_for(user).exclude(provenance=Provenance.EXTERNAL)


def coordinates(user: User) -> bool:
    """Say whether the person coordinates a cohort or may create one."""
    return user.may_create_cohorts or cohorts_of(user, CohortRole.COORDINATOR).exists()
