"""Pages of the annotation room."""

from django.urls import path

from annotation import agreement_views, discussion_views, pathology_views, views

app_name = "annotation"
urlpatterns = [
    path("", views.Queue.as_view(), name="home"),
    path("patients/<uuid:patient>/", views.LabellingPage.as_view(), name="labelling"),
    path("patients/<uuid:patient>/start/", views.StartLabelling.as_view(), name="start"),
    path("labellings/<uuid:labelling>/reopen/", views.Reopen.as_view(), name="reopen"),
    path("cohorts/<uuid:cohort>/import/", views.ImportLabels.as_view(), name="import"),
    path("cohorts/<uuid:cohort>/labels.csv", views.ExportLabels.as_view(), name="export"),
    path("discussion/", discussion_views.Discussions.as_view(), name="discussion"),
    path("discussion/<uuid:node>/", discussion_views.Discuss.as_view(), name="discuss"),
    path("adjudication/", views.Disagreements.as_view(), name="adjudication"),
    path("adjudication/<uuid:node>/", views.Adjudicate.as_view(), name="decide"),
    path(
        "cohorts/<uuid:cohort>/agreement/",
        agreement_views.Agreement.as_view(),
        name="agreement",
    ),
    path(
        "cohorts/<uuid:cohort>/agreement.csv",
        agreement_views.AgreementCsv.as_view(),
        name="agreement-csv",
    ),
    path(
        "cohorts/<uuid:cohort>/disagreements.csv",
        agreement_views.DisagreementsCsv.as_view(),
        name="disagreements-csv",
    ),
    path("release/", views.Releases.as_view(), name="releases"),
    path("cohorts/<uuid:cohort>/release/", views.Release.as_view(), name="release"),
    path(
        "cohorts/<uuid:cohort>/reference-standard/<int:version>.json",
        views.ReferenceStandardJson.as_view(),
        name="reference-standard-json",
    ),
    path(
        "cohorts/<uuid:cohort>/reference-standard/<int:version>.csv",
        views.ReferenceStandardCsv.as_view(),
        name="reference-standard-csv",
    ),
    path(
        "cohorts/<uuid:cohort>/pathology/",
        pathology_views.Reports.as_view(),
        name="pathology-reports",
    ),
    path(
        "cohorts/<uuid:cohort>/pathology/import/",
        pathology_views.ImportReports.as_view(),
        name="pathology-import",
    ),
    path(
        "cohorts/<uuid:cohort>/pathology/template.csv",
        pathology_views.ReportsTemplate.as_view(),
        name="pathology-template",
    ),
    path(
        "patients/<uuid:patient>/pathology/",
        pathology_views.ReportPage.as_view(),
        name="pathology",
    ),
    path(
        "patients/<uuid:patient>/pathology/check/",
        pathology_views.CheckReport.as_view(),
        name="pathology-check",
    ),
    path(
        "patients/<uuid:patient>/pathology/lock/",
        pathology_views.LockReport.as_view(),
        name="pathology-lock",
    ),
]
