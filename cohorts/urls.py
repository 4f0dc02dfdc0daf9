"""Pages of the ground floor, mounted at /cohorts/."""

from django.urls import path

from cohorts import (
    archive_views,
    candidate_views,
    mapping_views,
    mask_version_views,
    mask_views,
    metadata_views,
    uploads_views,
    views,
)
from cohorts.dicomweb.views import RevokeToken, ViewerAccess

app_name = "cohorts"
urlpatterns = [
    path("", views.CohortList.as_view(), name="home"),
    path("<uuid:cohort_id>/", views.CohortPage.as_view(), name="cohort"),
    path("<uuid:cohort_id>/metadata/", metadata_views.MetadataPage.as_view(), name="metadata"),
    path(
        "<uuid:cohort_id>/metadata/template/",
        metadata_views.MetadataTemplate.as_view(),
        name="metadata-template",
    ),
    path("<uuid:cohort_id>/who-is-who/", mapping_views.MappingPage.as_view(), name="mapping"),
    path("<uuid:cohort_id>/members/add/", views.AddMember.as_view(), name="add-member"),
    path("<uuid:cohort_id>/members/remove/", views.RemoveMember.as_view(), name="remove-member"),
    path("<uuid:cohort_id>/viewers/", ViewerAccess.as_view(), name="viewer-access"),
    path(
        "<uuid:cohort_id>/viewers/<uuid:token_id>/revoke/",
        RevokeToken.as_view(),
        name="revoke-token",
    ),
    path("<uuid:cohort_id>/uploads/", uploads_views.CohortUploads.as_view(), name="uploads"),
    path(
        "<uuid:cohort_id>/uploads/start/", uploads_views.StartIntake.as_view(), name="start-intake"
    ),
    path("uploads/<uuid:upload_id>/", uploads_views.UploadPage.as_view(), name="upload"),
    path(
        "uploads/<uuid:upload_id>/progress/",
        uploads_views.UploadProgress.as_view(),
        name="upload-progress",
    ),
    path(
        "uploads/<uuid:upload_id>/cancel/",
        uploads_views.CancelIntake.as_view(),
        name="cancel-intake",
    ),
    path(
        "uploads/<uuid:upload_id>/report.csv",
        uploads_views.UploadReport.as_view(),
        name="upload-report",
    ),
    path(
        "uploads/<uuid:upload_id>/questions/",
        uploads_views.AnswerQuestions.as_view(),
        name="questions",
    ),
    path(
        "uploads/<uuid:upload_id>/questions/give-up/",
        uploads_views.GiveUpQuestions.as_view(),
        name="give-up-questions",
    ),
    path(
        "arrivals/<uuid:arrival_id>/give-up/",
        uploads_views.GiveUpArrival.as_view(),
        name="give-up-arrival",
    ),
    path("<uuid:cohort_id>/archives/", archive_views.ArchivesPage.as_view(), name="archives"),
    path(
        "<uuid:cohort_id>/archives/work/",
        archive_views.ArchiveWork.as_view(),
        name="archive-work",
    ),
    path(
        "archive-searches/<uuid:search_id>/",
        archive_views.ArchiveSearchPage.as_view(),
        name="archive-search",
    ),
    path(
        "archive-searches/<uuid:search_id>/progress/",
        archive_views.ArchiveSearchProgress.as_view(),
        name="archive-search-progress",
    ),
    path(
        "archive-searches/<uuid:search_id>/cancel/",
        archive_views.CancelSearch.as_view(),
        name="cancel-search",
    ),
    path(
        "archive-pulls/<uuid:pull_id>/cancel/",
        archive_views.CancelPull.as_view(),
        name="cancel-pull",
    ),
    path(
        "archive-pulls/<uuid:pull_id>/resume/",
        archive_views.ResumePull.as_view(),
        name="resume-pull",
    ),
    path("patients/<uuid:patient_id>/", views.PatientPage.as_view(), name="patient"),
    path(
        "patients/<uuid:patient_id>/masks/versions/",
        mask_version_views.MaskVersions.as_view(),
        name="mask-versions",
    ),
    path("patients/<uuid:patient_id>/masks/", mask_views.MasksPage.as_view(), name="masks"),
    path(
        "patients/<uuid:patient_id>/candidates/",
        candidate_views.CandidatesPage.as_view(),
        name="candidates",
    ),
    path(
        "patients/<uuid:patient_id>/candidates/list/",
        candidate_views.CandidateList.as_view(),
        name="candidate-list",
    ),
    path(
        "candidate-runs/<uuid:run_id>/stop/",
        candidate_views.StopCandidates.as_view(),
        name="stop-candidates",
    ),
    path(
        "candidates/<uuid:candidate_id>/picture.png",
        candidate_views.CandidatePicture.as_view(),
        name="candidate-picture",
    ),
    path(
        "candidates/<uuid:candidate_id>/decide/",
        candidate_views.DecideCandidate.as_view(),
        name="decide-candidate",
    ),
    path("patients/<uuid:patient_id>/exclude/", views.ExcludePatient.as_view(), name="exclude"),
    path("patients/<uuid:patient_id>/include/", views.IncludePatient.as_view(), name="include"),
]
