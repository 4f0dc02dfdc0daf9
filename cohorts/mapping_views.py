"""The coordinators' page that tells who is who, in an encrypted file."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cohorts import services
from cohorts.mapping_forms import MappingForm
from cohorts.models import Cohort
from cohorts.views import REFUSED, CoordinatorView


def encrypted_file(cohort: Cohort, document: bytes) -> HttpResponse:
    """Return the mapping as a download that no cache keeps."""
    response = HttpResponse(document, content_type="application/octet-stream")
    name = f"who-is-who-{str(cohort.public_id)[:8]}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


class MappingPage(CoordinatorView):
    """Bring PatientIDs and a passphrase, get the file; nothing of either is kept."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        return self.page(self.cohort(cohort_id), MappingForm())

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort, form = self.cohort(cohort_id), MappingForm(request.POST, request.FILES)
        document = self.attempt(
            form, lambda **told: services.make_mapping(by=request.user, cohort=cohort, **told)
        )
        if document is None:
            return self.page(cohort, form, status=REFUSED)
        return encrypted_file(cohort, document)

    def page(self, cohort: Cohort, form: MappingForm, *, status: int = 200) -> HttpResponse:
        context = {"cohort": cohort, "form": form, "possible": services.may_make_mappings()}
        response = render(self.request, "cohorts/mapping.html", context, status=status)
        # It may repeat PatientIDs.
        response["Cache-Control"] = "no-store"
        return response
