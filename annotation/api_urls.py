"""API of the annotation room."""

from django.urls import path

from annotation import agreement_api, api, discussion_api, pathology_api

app_name = "annotation_api"
urlpatterns = [
    path("labellings/<uuid:labelling>/", api.OwnLabelling.as_view(), name="labelling"),
    path("labellings/<uuid:labelling>/labels/", api.RecordLabel.as_view(), name="labels"),
    path("labellings/<uuid:labelling>/reasons/", api.GiveReason.as_view(), name="reasons"),
    path("labellings/<uuid:labelling>/submit/", api.SubmitLabelling.as_view(), name="submit"),
    path("labellings/<uuid:labelling>/reopen/", api.ReopenLabelling.as_view(), name="reopen"),
    path(
        "cohorts/<uuid:cohort>/discussions/",
        discussion_api.Discussions.as_view(),
        name="discussions",
    ),
    path("discussions/<uuid:node>/", discussion_api.Discuss.as_view(), name="discussion"),
    path("cohorts/<uuid:cohort>/disagreements/", api.Disagreements.as_view(), name="disagreements"),
    path(
        "cohorts/<uuid:cohort>/agreement/",
        agreement_api.Agreement.as_view(),
        name="agreement",
    ),
    path("adjudications/<uuid:node>/", api.Adjudicate.as_view(), name="adjudication"),
    path("cohorts/<uuid:cohort>/next-release/", api.NextRelease.as_view(), name="next-release"),
    path(
        "cohorts/<uuid:cohort>/reference-standards/",
        api.ReferenceStandards.as_view(),
        name="reference-standards",
    ),
    path(
        "cohorts/<uuid:cohort>/reference-standards/<int:version>/",
        api.ReferenceStandardVersion.as_view(),
        name="reference-standard",
    ),
    path(
        "cohorts/<uuid:cohort>/pathology/",
        pathology_api.CohortReports.as_view(),
        name="pathology-reports",
    ),
    path(
        "cohorts/<uuid:cohort>/pathology/import/",
        pathology_api.ImportReports.as_view(),
        name="pathology-import",
    ),
    path(
        "patients/<uuid:patient>/pathology/",
        pathology_api.PatientReport.as_view(),
        name="pathology",
    ),
    path(
        "patients/<uuid:patient>/pathology/preview/",
        pathology_api.ReportPreview.as_view(),
        name="pathology-preview",
    ),
    path(
        "patients/<uuid:patient>/pathology/check/",
        pathology_api.CheckReport.as_view(),
        name="pathology-check",
    ),
    path(
        "patients/<uuid:patient>/pathology/lock/",
        pathology_api.LockReport.as_view(),
        name="pathology-lock",
    ),
    path(
        "patients/<uuid:patient>/pathology/versions/",
        pathology_api.ReportVersions.as_view(),
        name="pathology-versions",
    ),
]
