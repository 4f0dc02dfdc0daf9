"""API of the ground floor, mounted at /api/v1/cohorts/."""

from django.urls import path

from cohorts import api

app_name = "cohorts-api"
urlpatterns = [
    path("", api.MyCohorts.as_view(), name="cohorts"),
    path("<uuid:cohort_id>/", api.CohortDetail.as_view(), name="cohort"),
    path("<uuid:cohort_id>/uploads/", api.CohortUploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload_id>/", api.UploadDetail.as_view(), name="upload"),
    path("patients/<uuid:patient_id>/case/", api.PatientCase.as_view(), name="case"),
    path(
        "patients/<uuid:patient_id>/frames/<int:index>/", api.PatientFrame.as_view(), name="frame"
    ),
]
