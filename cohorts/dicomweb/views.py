"""The coordinator's page for DICOM viewers: the address, how to, and tokens."""

import uuid

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cohorts.dicomweb import selectors, services
from cohorts.dicomweb.forms import TokenForm
from cohorts.models import Cohort
from cohorts.views import REFUSED, CoordinatorView


class ViewerAccess(CoordinatorView):
    """How to open the cohort's cases in OHIF or 3D Slicer."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        return self.page(self.cohort(cohort_id), TokenForm())

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort, form = self.cohort(cohort_id), TokenForm(request.POST)
        made = self.attempt(
            form, lambda **told: services.create_token(by=request.user, cohort=cohort, **told)
        )
        if made is None:
            return self.page(cohort, form, status=REFUSED)
        # Shown in this answer and never again: only the digest is kept.
        return self.page(cohort, TokenForm(), secret=made[1])

    def page(
        self, cohort: Cohort, form: Form, *, status: int = 200, secret: str = ""
    ) -> HttpResponse:
        path = reverse("dicomweb_api:studies", args=[cohort.public_id]).removesuffix("/studies")
        context = {
            "cohort": cohort,
            "form": form,
            "secret": secret,
            "tokens": selectors.tokens_of(self.request.user, cohort),
            "address": self.request.build_absolute_uri(path),
        }
        response = render(self.request, "cohorts/viewer_access.html", context, status=status)
        response["Cache-Control"] = "no-store"
        return response


class RevokeToken(CoordinatorView):
    """Take a token back."""

    def post(self, request: HttpRequest, cohort_id: uuid.UUID, token_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        token = selectors.tokens_of(request.user, cohort).filter(public_id=token_id).first()
        if token is None:
            raise Http404
        services.revoke_token(by=request.user, token=token)
        messages.success(request, "The token is revoked: viewers that use it are shut out.")
        return redirect("cohorts:viewer-access", cohort.public_id)
